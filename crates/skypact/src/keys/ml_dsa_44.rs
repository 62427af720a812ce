//! An ML-DSA-44 signer (FIPS 204) whose seed came from a key file and stays inside this process. aws-lc signs, hedged and in constant time;
//! what it signs is verified by another implementation in the record.

use super::{KeyError, KeyLineDefect, KeyRole, file};
use crate::entropy;
use aws_lc_rs::signature::{KeyPair as _, ML_DSA_44_SIGNING, PqdsaKeyPair};
use skypact_record::{Algorithm, Hash, PublicKey, Signer, SignerError};
use std::{path::Path, sync::Arc};
use zeroize::Zeroizing;

/// Length of a signature, in bytes.
const SIGNATURE_BYTES: usize = 2420;

/// One secret key with its role and label. Clones share one secret, which aws-lc wipes when the last of them is dropped.
#[derive(Clone)]
pub struct MlDsa44Signer {
    role: KeyRole,
    label: String,
    pair: Arc<PqdsaKeyPair>,
    public_key: PublicKey,
}

impl MlDsa44Signer {
    /// Makes a key and writes it to a new file at `path`.
    pub fn create(path: &Path, role: KeyRole, label: &str) -> Result<Self, KeyError> {
        let mut seed = Zeroizing::new([0; 32]);
        entropy::fill(seed.as_mut_slice());
        let signer = Self::of_seed(seed.as_slice(), role, label).map_err(|defect| malformed(path, defect))?;
        let mut secret = Zeroizing::new([0; 64]);
        secret[..32].copy_from_slice(seed.as_slice());
        secret[32..].copy_from_slice(&signer.check());
        file::write_new(path, file::MlDsa44, role, label, &secret)?;
        Ok(signer)
    }

    /// Reads the key file at `path`, which must hold a key of `role`.
    pub fn open(path: &Path, role: KeyRole) -> Result<Self, KeyError> {
        let (found, label, secret) = file::read(path, file::MlDsa44)?;
        if found != role {
            return Err(KeyError::WrongRole { path: path.to_owned(), expected: role, found });
        }
        let (seed, check) = secret.split_at(32);
        let signer = Self::of_seed(seed, role, &label).map_err(|defect| malformed(path, defect))?;
        if signer.check() == *check { Ok(signer) } else { Err(malformed(path, KeyLineDefect::Halves)) }
    }

    fn of_seed(seed: &[u8], role: KeyRole, label: &str) -> Result<Self, KeyLineDefect> {
        let pair = PqdsaKeyPair::from_seed(&ML_DSA_44_SIGNING, seed).map_err(|_| KeyLineDefect::Halves)?;
        let public_key = PublicKey::new(Algorithm::MlDsa44, pair.public_key().as_ref());
        let public_key = public_key.map_err(|_| KeyLineDefect::Halves)?;
        Ok(Self { role, label: label.to_owned(), pair: Arc::new(pair), public_key })
    }

    /// What stands beside the seed, so that a damaged one is found: SHA-256 of the public key.
    fn check(&self) -> [u8; 32] {
        Hash::of(self.public_key.as_bytes()).0
    }

    /// What this key signs.
    pub fn role(&self) -> KeyRole {
        self.role
    }

    /// The owner's name for it.
    pub fn label(&self) -> &str {
        &self.label
    }
}

fn malformed(path: &Path, defect: KeyLineDefect) -> KeyError {
    KeyError::Malformed { path: path.to_owned(), defect }
}

impl Signer for MlDsa44Signer {
    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        let mut signature = vec![0; SIGNATURE_BYTES];
        let refused = || SignerError { key_id: self.public_key.id(), reason: "aws-lc did not sign".to_owned() };
        let length = self.pair.sign(message, &mut signature).map_err(|_| refused())?;
        if length == SIGNATURE_BYTES { Ok(signature) } else { Err(refused()) }
    }
}

impl std::fmt::Debug for MlDsa44Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("MlDsa44Signer").field(&self.role).field(&self.public_key).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    use super::*;

    fn path(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("skypact-ml-dsa-44-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir(&dir).expect("a directory");
        dir.join("mirror.key")
    }

    #[test]
    fn what_a_key_file_signs_the_record_verifies() {
        let path = path("signs");
        let made = MlDsa44Signer::create(&path, KeyRole::Mirror, "RED").expect("a key");
        let mode = fs::metadata(&path).expect("a file").permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
        let read = MlDsa44Signer::open(&path, KeyRole::Mirror).expect("the same key");
        assert_eq!((read.label(), read.public_key()), ("RED", made.public_key()));
        for signer in [&made, &read] {
            let signature = signer.sign(b"message").expect("a signature");
            made.public_key().verify(b"message", &signature).expect("it holds");
            made.public_key().verify(b"massage", &signature).expect_err("for nothing else");
        }
        assert_eq!(MlDsa44Signer::open(&path, KeyRole::Checkpoint).expect_err("a mirror's").code(), "key-wrong-role");
        assert_eq!(
            MlDsa44Signer::create(&path, KeyRole::Mirror, "RED").expect_err("taken").code(),
            "key-already-exists"
        );
        assert!(!format!("{made:?}").contains("seed"));
    }

    #[test]
    fn a_damaged_seed_is_found_and_another_kind_of_key_is_refused() {
        let path = path("damaged");
        MlDsa44Signer::create(&path, KeyRole::Mirror, "RED").expect("a key");
        let line = fs::read_to_string(&path).expect("a line");
        assert!(line.starts_with("skypact-ml-dsa-44-secret:mirror:RED:"), "{line}");
        let at = line.rfind(':').expect("four fields") + 5;
        let digit = if &line[at..=at] == "A" { "B" } else { "A" };
        fs::write(&path, format!("{}{digit}{}", &line[..at], &line[at + 1..])).expect("the file is ours");
        let error = MlDsa44Signer::open(&path, KeyRole::Mirror).expect_err("another seed");
        assert!(error.to_string().contains("two halves"), "{error}");
        fs::write(&path, line.replace("ml-dsa-44", "ed25519")).expect("the file is ours");
        assert_eq!(MlDsa44Signer::open(&path, KeyRole::Mirror).expect_err("no such key").code(), "key-malformed");
        fs::write(&path, &line).expect("the file is ours");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("the file is ours");
        assert_eq!(
            MlDsa44Signer::open(&path, KeyRole::Mirror).expect_err("open to others").code(),
            "key-file-too-open"
        );
    }
}
