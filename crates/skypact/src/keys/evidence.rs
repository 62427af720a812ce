//! The secret under which evidence lies on this machine (ChaCha20-Poly1305, RFC 8439), in a file of its own that its owner alone
//! reads. It leaves the machine in no message; whoever loses it loses the evidence.

use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use super::{KeyError, file};
use crate::entropy;

const PREFIX: &str = "skypact-evidence-secret:";

/// A secret that seals and opens files. It has no debug form.
pub struct EvidenceKey(LessSafeKey);

impl EvidenceKey {
    /// Where it lives in a node directory.
    pub fn path_of(dir: &Path) -> PathBuf {
        dir.join("keys").join("evidence.key")
    }

    /// Opens the file at `path`, or makes it when there is none.
    pub fn open_or_create(path: &Path) -> Result<Self, KeyError> {
        let secret = file::open_or_create_secret(path, PREFIX)?;
        let key = UnboundKey::new(&CHACHA20_POLY1305, secret.as_slice()).expect("32 bytes are a key");
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Seals bytes under a random nonce, which comes first; `context` is bound and not hidden.
    pub fn seal(&self, context: &[u8], mut bytes: Vec<u8>) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = entropy::random();
        let sealed =
            self.0.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut bytes);
        sealed.expect("a file is shorter than the cipher's bound");
        [&nonce[..], &bytes].concat()
    }

    /// Opens what was sealed in this context; none when it was changed, or sealed under another key or in another context.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut bytes = sealed.to_vec();
        let length = self.0.open_in_place(nonce, Aad::from(context), &mut bytes).ok()?.len();
        bytes.truncate(length);
        Some(bytes)
    }
}
