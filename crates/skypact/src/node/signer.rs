//! A key file as the record's signer.

use skypact_record::{PublicKey, Signer, SignerError};

use crate::keys::FileSigner;

/// Signs what the record asks for with a key of a file.
#[derive(Clone)]
pub struct RecordSigner {
    signer: FileSigner,
    public_key: PublicKey,
}

impl RecordSigner {
    /// Wraps the signer of a key file.
    pub fn new(signer: FileSigner) -> Self {
        let public_key = PublicKey::ed25519(&signer.public_key_bytes());
        Self { signer, public_key: public_key.expect("a key made from a secret is canonical and of full order") }
    }

    /// Label of the key.
    pub fn label(&self) -> &str {
        self.signer.label()
    }
}

impl Signer for RecordSigner {
    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.signer.sign_bytes(message).to_vec())
    }
}
