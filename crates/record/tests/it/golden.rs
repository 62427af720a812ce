//! Golden files of every object (crates/record/golden), and the pact of fixed keys from which they are made.
//! Keys: the seed of the Ed25519 key `label` is SHA-256("skypact golden key " || label); salts likewise with "salt".

use ed25519_dalek::{Signer as _, SigningKey};
use skypact_record::{Hash, PublicKey, Signer, SignerError};

/// A signer with a fixed key, for tests only.
pub(crate) struct TestSigner {
    pub(crate) key: PublicKey,
    secret: SigningKey,
}

impl TestSigner {
    pub(crate) fn new(label: &str) -> Self {
        let secret = SigningKey::from_bytes(&fixed("key", label));
        let key = PublicKey::ed25519(secret.verifying_key().as_bytes()).expect("an honest key");
        Self { key, secret }
    }
}

impl Signer for TestSigner {
    fn public_key(&self) -> &PublicKey {
        &self.key
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.secret.sign(message).to_vec())
    }
}

pub(crate) fn fixed(what: &str, label: &str) -> [u8; 32] {
    Hash::of(format!("skypact golden {what} {label}").as_bytes()).0
}

/// Leaves a test out on a machine that lacks something; in CI nothing may be lacking.
pub(crate) fn skip(reason: &str) {
    assert!(std::env::var_os("CI").is_none_or(|value| value != "true"), "CI runs every test, but {reason}");
    eprintln!("skipped: {reason}");
}

pub(crate) fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks_exact(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}
