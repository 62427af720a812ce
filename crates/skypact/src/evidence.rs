//! Evidence on this machine: files in DIR/evidence, named by the SHA-256 of what is in them and sealed under DIR/keys/evidence.key. The
//! record has the hash alone; the file goes to nobody by itself.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use skypact_record::Hash;

use crate::directory::NodeDir;
use crate::keys::{EvidenceKey, KeyError};
use crate::system::in_words;

/// Largest file of evidence, bytes.
pub const EVIDENCE_MAX_BYTES: u64 = 268_435_456;

/// A sealed file begins with this.
const MAGIC: &[u8] = b"skypact-evidence/1\n";

/// Why evidence could not be kept or given.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// A file could not be read or written.
    #[error("{path}: {reason}")]
    File {
        /// Which.
        path: String,
        /// Why not.
        reason: String,
    },
    /// The file is longer than [`EVIDENCE_MAX_BYTES`].
    #[error("file: {path} has more than {EVIDENCE_MAX_BYTES} bytes; cut out what matters, or give several files")]
    TooLarge {
        /// Which.
        path: String,
    },
    /// No file of this hash is kept here.
    #[error("no file of SHA-256 {sha256} is kept here; ask the party whose evidence it is")]
    NotKept {
        /// The hash.
        sha256: Hash,
    },
    /// What is kept does not open, or has other bytes than its name says.
    #[error("{path}: does not open under keys/evidence.key; it was changed, or the key is another")]
    Damaged {
        /// The sealed file.
        path: String,
    },
    /// The key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl EvidenceError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "file-unusable",
            Self::TooLarge { .. } => "evidence-too-large",
            Self::NotKept { .. } => "evidence-not-kept",
            Self::Damaged { .. } => "evidence-damaged",
            Self::Key(error) => error.code(),
        }
    }
}

/// Reads a file that is meant to be evidence.
pub fn read(path: &Path) -> Result<Vec<u8>, EvidenceError> {
    let failed = |error: std::io::Error| unusable(path, &error);
    let file = fs::File::open(path).map_err(failed)?;
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(EvidenceError::File { path: path.display().to_string(), reason: "is no file".to_owned() });
    }
    let mut bytes = Vec::new();
    file.take(EVIDENCE_MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > EVIDENCE_MAX_BYTES {
        return Err(EvidenceError::TooLarge { path: path.display().to_string() });
    }
    Ok(bytes)
}

/// Keeps bytes under their hash; what is kept already stays as it is.
pub fn keep(dir: &NodeDir, bytes: Vec<u8>) -> Result<Hash, EvidenceError> {
    let sha256 = Hash::of(&bytes);
    let path = place(dir, &sha256);
    if path.exists() {
        return Ok(sha256);
    }
    let key = EvidenceKey::open_or_create(&EvidenceKey::path_of(&dir.0))?;
    let sealed = key.seal(&context(&sha256), bytes);
    let write = || {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir.evidence())?;
        let beside = path.with_extension(format!("new.{}", std::process::id()));
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(MAGIC)?;
        file.write_all(&sealed)?;
        file.sync_all()?;
        fs::rename(beside, &path)?;
        fs::File::open(dir.evidence())?.sync_all()
    };
    write().map_err(|error| unusable(&path, &error))?;
    Ok(sha256)
}

/// The bytes of this hash, if they are kept here.
pub fn open(dir: &NodeDir, sha256: &Hash) -> Result<Vec<u8>, EvidenceError> {
    let path = place(dir, sha256);
    let stored = match fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(EvidenceError::NotKept { sha256: *sha256 });
        }
        read => read.map_err(|error| unusable(&path, &error))?,
    };
    let key = EvidenceKey::open_or_create(&EvidenceKey::path_of(&dir.0))?;
    let opened = stored.strip_prefix(MAGIC).and_then(|sealed| key.open(&context(sha256), sealed));
    let opened = opened.filter(|bytes| Hash::of(bytes) == *sha256);
    opened.ok_or_else(|| EvidenceError::Damaged { path: path.display().to_string() })
}

/// Whether a file of this hash is kept here.
pub fn is_kept(dir: &NodeDir, sha256: &Hash) -> bool {
    place(dir, sha256).exists()
}

fn place(dir: &NodeDir, sha256: &Hash) -> PathBuf {
    dir.evidence().join(format!("{sha256}.sealed"))
}

fn context(sha256: &Hash) -> Vec<u8> {
    [MAGIC, &sha256.0].concat()
}

fn unusable(path: &Path, error: &std::io::Error) -> EvidenceError {
    EvidenceError::File { path: path.display().to_string(), reason: in_words(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_lies_sealed_and_opens_under_its_own_key_and_name_alone() {
        let root = std::env::temp_dir().join(format!("skypact-evidence-{}", std::process::id()));
        // Leftovers of a run that was killed.
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("keys")).unwrap();
        let dir = NodeDir(root.clone());
        let said = b"tower: climb to 220, climb to 220".to_vec();
        let (sha256, other) = (keep(&dir, said.clone()).unwrap(), keep(&dir, b"another".to_vec()).unwrap());
        assert_eq!(open(&dir, &sha256).unwrap(), said);
        let stored = fs::read(place(&dir, &sha256)).unwrap();
        assert!(!stored.windows(5).any(|window| window == b"tower"), "it is sealed at rest");
        for path in [place(&dir, &sha256), EvidenceKey::path_of(&root)] {
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(keep(&dir, said).unwrap(), sha256);
        assert_eq!(fs::read(place(&dir, &sha256)).unwrap(), stored, "what is kept stays");
        fs::copy(place(&dir, &other), place(&dir, &sha256)).unwrap();
        assert_eq!(open(&dir, &sha256).unwrap_err().code(), "evidence-damaged", "under the name of another");
        let mut changed = stored.clone();
        changed[40] ^= 1;
        for bytes in [changed, stored[..20].to_vec(), Vec::new()] {
            fs::write(place(&dir, &sha256), bytes).unwrap();
            assert_eq!(open(&dir, &sha256).unwrap_err().code(), "evidence-damaged");
        }
        fs::write(place(&dir, &sha256), stored).unwrap();
        fs::remove_file(EvidenceKey::path_of(&root)).unwrap();
        assert_eq!(open(&dir, &sha256).unwrap_err().code(), "evidence-damaged", "another key");
        assert_eq!(open(&dir, &Hash([1; 32])).unwrap_err().code(), "evidence-not-kept");
        fs::remove_dir_all(&root).unwrap();
    }
}
