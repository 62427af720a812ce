//! An Ed25519 signer whose secret came from a key file and stays inside this process.

use super::{KeyError, KeyLineDefect, KeyRole, PublicKeyLine, file};
use crate::entropy;
use ed25519_dalek::{Signer as _, SigningKey};
use std::{path::Path, sync::Arc};
use zeroize::Zeroizing;

/// One secret key with its role and label. Clones share one secret, which is wiped when the last of them is dropped.
#[derive(Clone)]
pub struct FileSigner {
    role: KeyRole,
    label: String,
    secret: Arc<SigningKey>,
}

impl FileSigner {
    /// Makes a key and writes it to a new file at `path`.
    pub fn create(path: &Path, role: KeyRole, label: &str) -> Result<Self, KeyError> {
        let signer = Self::ephemeral(role, label)?;
        signer.write(path)?;
        Ok(signer)
    }

    /// Writes the key to a new file at `path`.
    pub(super) fn write(&self, path: &Path) -> Result<(), KeyError> {
        let keypair = Zeroizing::new(self.secret.to_keypair_bytes());
        file::write_new(path, file::SecretKind::Ed25519, self.role, &self.label, &keypair)
    }

    /// Reads the key file at `path`, which must hold a key of `role`.
    pub fn open(path: &Path, role: KeyRole) -> Result<Self, KeyError> {
        let (found, label, keypair) = file::read(path, file::SecretKind::Ed25519)?;
        let damaged = |_| KeyError::Malformed { path: path.to_owned(), defect: KeyLineDefect::Halves };
        let secret = SigningKey::from_keypair_bytes(&keypair).map_err(damaged)?;
        if found != role {
            return Err(KeyError::WrongRole { path: path.to_owned(), expected: role, found });
        }
        Ok(Self { role, label, secret: Arc::new(secret) })
    }

    /// A fresh key that is written nowhere: demonstrations and drills end with the process.
    pub fn ephemeral(role: KeyRole, label: &str) -> Result<Self, KeyError> {
        file::check_label(label)?;
        let mut seed = Zeroizing::new([0; 32]);
        entropy::fill(seed.as_mut_slice());
        Ok(Self { role, label: label.to_owned(), secret: Arc::new(SigningKey::from_bytes(&seed)) })
    }

    /// What this key signs.
    pub fn role(&self) -> KeyRole {
        self.role
    }

    /// The owner's name for it.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The Ed25519 public key (RFC 8032 section 5.1.5).
    pub fn public_key_bytes(&self) -> [u8; 32] {
        self.secret.verifying_key().to_bytes()
    }

    /// The public half, as parties exchange it.
    pub fn public_line(&self) -> PublicKeyLine {
        PublicKeyLine { role: self.role, label: self.label.clone(), key: self.public_key_bytes() }
    }

    /// The Ed25519 signature of `message` (RFC 8032 section 5.1.6).
    pub fn sign_bytes(&self, message: &[u8]) -> [u8; 64] {
        self.secret.sign(message).to_bytes()
    }
}

impl std::fmt::Debug for FileSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("FileSigner").field(&self.public_line().to_string()).finish()
    }
}
