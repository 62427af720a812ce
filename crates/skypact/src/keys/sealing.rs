//! The secret to which others seal bytes for this node (X25519), in a file of its own: it signs nothing, and no genesis names it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use skypact_record::{Hash, PartyName, SealError, SealingKey, open, sealing_key};
use zeroize::Zeroizing;

use super::KeyError;
use super::file;
use crate::entropy;

const PREFIX: &str = "skypact-x25519-secret:";

/// A node's sealing secret. Clones share it; it is wiped when the last one is dropped, and has no debug form.
#[derive(Clone)]
pub struct SealingSecret(Arc<Zeroizing<[u8; 32]>>);

impl SealingSecret {
    /// Where it lives in a node directory.
    pub fn path_of(dir: &Path) -> PathBuf {
        dir.join("keys").join("sealing.key")
    }

    /// A new secret that is in no file.
    pub fn ephemeral() -> Self {
        Self(Arc::new(Zeroizing::new(entropy::random())))
    }

    /// Opens the file at `path`, or makes it when there is none: nodes of before have none.
    pub fn open_or_create(path: &Path) -> Result<Self, KeyError> {
        file::open_or_create_secret(path, PREFIX).map(|secret| Self(Arc::new(secret)))
    }

    /// The public key, to announce.
    pub fn key(&self) -> SealingKey {
        sealing_key(&self.0)
    }

    /// Opens what was sealed to it for `party` in `channel`.
    pub fn unseal(&self, channel: Hash, party: &PartyName, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        open(&self.0, channel, party, sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_once_kept_private_and_read_strictly() {
        let dir = std::env::temp_dir().join(format!("skypact-sealing-{}", std::process::id()));
        // Leftovers of a run that was killed.
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(dir.join("keys")).unwrap();
        let path = SealingSecret::path_of(&dir);
        let key = SealingSecret::open_or_create(&path).unwrap().key();
        assert_eq!(SealingSecret::open_or_create(&path).unwrap().key(), key, "it is made once");
        let text = std::fs::read_to_string(&path).unwrap();
        for damaged in [text.trim_end().to_owned(), text.replace("x25519", "ed25519"), text.replacen(':', ":A", 1)] {
            std::fs::write(&path, damaged).unwrap();
            assert_eq!(SealingSecret::open_or_create(&path).err().unwrap().code(), "key-malformed");
        }
        std::fs::write(&path, text).unwrap();
        let open = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o644);
        std::fs::set_permissions(&path, open).unwrap();
        assert_eq!(SealingSecret::open_or_create(&path).err().unwrap().code(), "key-file-too-open");
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
