//! Officers' tokens for the API on loopback: `DIR/tokens/ID.toml`, of mode 0600. Only a token's SHA-256 is stored: whoever
//! reads the folder cannot speak for an officer. It is read anew for each request, so that revoking works at once.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use skypact_record::Hash;
use zeroize::Zeroizing;

use crate::directory::{ConfigError, file_error, read_toml};
use crate::system::in_words;
use crate::{clock, entropy};

/// Says to people and to scanners for leaked secrets what the digits after it are.
const PREFIX: &str = "skypact-";
/// Most tokens of a node: each request compares with all of them.
const TOKENS_MAX: usize = 256;
/// Hex digits of the hash that name a token.
const ID_DIGITS: usize = 12;

/// The tokens of one node.
#[derive(Clone, Debug)]
pub struct Tokens {
    dir: PathBuf,
}

/// A token as it is stored: nothing in it lets anybody in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredToken {
    /// The officer who may act with it, by the label of the officer's key.
    pub officer: String,
    /// SHA-256 of the token's text, hex.
    pub sha256: String,
    /// When it was made, nanoseconds UTC by the machine's clock.
    pub created_ns: i64,
}

impl StoredToken {
    /// What it is called when it is listed or revoked.
    pub fn id(&self) -> &str {
        self.sha256.get(..ID_DIGITS).unwrap_or(&self.sha256)
    }
}

impl Tokens {
    /// The tokens in the folder `dir`, which need not exist yet.
    pub fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// Makes a token for an officer: 256 random bits. Its text is shown once and kept nowhere.
    pub fn create(&self, officer: &str) -> Result<(Zeroizing<String>, StoredToken), ConfigError> {
        if self.list()?.len() >= TOKENS_MAX {
            let reason = format!("has {TOKENS_MAX} tokens already; revoke some with 'skypact token revoke'");
            return Err(file_error(&self.dir, &reason));
        }
        let secret = Zeroizing::new(entropy::random::<32>());
        let text = Zeroizing::new(format!("{PREFIX}{}", Hash(*secret)));
        let sha256 = Hash::of(text.as_bytes()).to_string();
        let stored = StoredToken { officer: officer.to_owned(), sha256, created_ns: clock::now_utc_ns() };
        let path = self.path(stored.id());
        self.write(&path, &stored).map_err(|error| file_error(&path, &in_words(&error)))?;
        Ok((text, stored))
    }

    /// All tokens, by id.
    pub fn list(&self) -> Result<Vec<StoredToken>, ConfigError> {
        let failed = |error: &io::Error| file_error(&self.dir, &in_words(error));
        let files = match fs::read_dir(&self.dir) {
            Ok(files) => files,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(&error)),
        };
        let mut paths = Vec::new();
        for file in files {
            let path = file.map_err(|error| failed(&error))?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                paths.push(path);
            }
        }
        paths.sort();
        // One that is revoked in this moment is no error, and no token any more.
        let read = paths.iter().map(|path| read(path)).filter_map(Result::transpose);
        read.collect()
    }

    /// Revokes the token of this id; requests that come later are refused.
    pub fn revoke(&self, id: &str) -> Result<StoredToken, ConfigError> {
        let unknown = || file_error(&self.dir, &format!("there is no token {id}; see 'skypact token list'"));
        let stored = self.list()?.into_iter().find(|stored| stored.id() == id).ok_or_else(unknown)?;
        let path = self.path(stored.id());
        let removed = fs::remove_file(&path).and_then(|()| fs::File::open(&self.dir)?.sync_all());
        removed.map_err(|error| file_error(&path, &in_words(&error)))?;
        Ok(stored)
    }

    /// The officer whose token this is.
    pub fn officer_of(&self, text: &str) -> Result<Option<String>, ConfigError> {
        let presented = Hash::of(text.as_bytes());
        let mut officer = None;
        // All are compared, and each to its last byte: time tells nothing about what is stored.
        for stored in self.list()? {
            let same = stored.sha256.parse().is_ok_and(|hash: Hash| same_bytes(&hash.0, &presented.0));
            officer = if same { Some(stored.officer) } else { officer };
        }
        Ok(officer)
    }

    fn path(&self, id: &str) -> PathBuf {
        self.dir.join(format!("{id}.toml"))
    }

    fn write(&self, path: &Path, stored: &StoredToken) -> io::Result<()> {
        match DirBuilder::new().mode(0o700).create(&self.dir) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let text = toml::to_string(stored).map_err(io::Error::other)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::File::open(&self.dir)?.sync_all()
    }
}

/// Reads one token; none when it is gone. One that others could have written lets nobody in.
fn read(path: &Path) -> Result<Option<StoredToken>, ConfigError> {
    let (owner, mode) = match fs::metadata(path) {
        Ok(held) => (held.uid(), held.mode() & 0o7777),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(file_error(path, &in_words(&error))),
    };
    if mode & 0o077 != 0 {
        return Err(file_error(path, &format!("mode {mode:04o} lets others in; chmod 600 it, or revoke the token")));
    }
    let own = rustix::process::geteuid().as_raw();
    if owner != own {
        return Err(file_error(
            path,
            &format!("belongs to user {owner} and not to {own}; make tokens as the node's user"),
        ));
    }
    match read_toml(path, "revoke the token and make a new one") {
        Err(_) if !path.exists() => Ok(None),
        read => read.map(Some),
    }
}

/// Whether two hashes are the same, in a time that does not depend on where they differ.
fn same_bytes(a: &[u8; 32], b: &[u8; 32]) -> bool {
    std::hint::black_box(a.iter().zip(b).fold(0, |differing, (a, b)| differing | (a ^ b))) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_flipped_bit_anywhere_is_another_hash() {
        let hash = Hash::of(b"token").0;
        assert!(same_bytes(&hash, &hash));
        for bit in 0..256 {
            let mut other = hash;
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(!same_bytes(&hash, &other), "bit {bit}");
        }
    }
}
