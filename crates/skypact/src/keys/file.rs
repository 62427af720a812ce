//! Key files: their line format, and writing and reading them without ever widening who can see the secret.

use super::{KeyError, KeyRole, error::KeyLineDefect};
use crate::entropy;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::VerifyingKey;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};
use zeroize::Zeroizing;

/// Which algorithm a key file is of. Each holds 64 bytes: a seed, and what belongs to it alone.
#[derive(Clone, Copy)]
pub(super) enum SecretKind {
    /// The seed and the public key.
    Ed25519,
    /// The seed and SHA-256 of the public key.
    MlDsa44,
}

pub(super) use SecretKind::MlDsa44;

impl SecretKind {
    /// First word of the line.
    fn word(self) -> &'static str {
        match self {
            Self::Ed25519 => "skypact-ed25519-secret",
            Self::MlDsa44 => "skypact-ml-dsa-44-secret",
        }
    }
}

const PUBLIC: &str = "skypact-ed25519-public";
const LINE_BYTES_MAX: usize = 256;
const LABEL_BYTES_MAX: usize = 64;

/// The public half of a key, with the role and label that its owner gives it: what parties exchange before a pact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKeyLine {
    /// What the key signs.
    pub role: KeyRole,
    /// The owner's name for it: 1 to 64 printable ASCII characters without a colon.
    pub label: String,
    /// The Ed25519 public key (RFC 8032 section 5.1.5).
    pub key: [u8; 32],
}

impl PublicKeyLine {
    /// Reads a public key line; surrounding white space is ignored. Points of small order are refused.
    pub fn parse(line: &str) -> Result<Self, KeyError> {
        let read = || {
            let (role, label, bytes) = split_line::<32>(line.trim().as_bytes(), PUBLIC)?;
            match VerifyingKey::from_bytes(&bytes) {
                Ok(point) if !point.is_weak() => Ok(Self { role, label, key: *bytes }),
                _ => Err(KeyLineDefect::Point),
            }
        };
        read().map_err(|defect| KeyError::PublicLine { defect })
    }
}

impl std::fmt::Display for PublicKeyLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{PUBLIC}:{}:{}:{}", self.role, self.label, STANDARD.encode(self.key))
    }
}

/// A label is printed in the line, so it must not break it.
pub(super) fn check_label(label: &str) -> Result<(), KeyError> {
    if label_is_sound(label) { Ok(()) } else { Err(KeyError::BadLabel { label: label.to_owned() }) }
}

/// Writes a new key file: refused when anything is already at `path`, mode 0600 from the first moment, on disk (file and
/// directory) before it returns. It comes under its name whole or not at all, so that a crash leaves no half key in the way.
pub(super) fn write_new(
    path: &Path,
    kind: SecretKind,
    role: KeyRole,
    label: &str,
    secret: &[u8; 64],
) -> Result<(), KeyError> {
    check_label(label)?;
    write_new_line(path, &secret_line(kind, role, label, secret))
}

/// The same for any line.
pub(super) fn write_new_line(path: &Path, line: &[u8]) -> Result<(), KeyError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => KeyError::AlreadyExists { path: path.to_owned() },
        _ => KeyError::Io { path: path.to_owned(), source },
    };
    // Its own name for each process: two that start at once must not take each other's.
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".new.{}", std::process::id()));
    let beside = Path::new(&beside);
    match fs::remove_file(beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(beside).map_err(failed)?;
    // A link, for it takes no place that is taken, as a renaming would.
    let placed = file.write_all(line).and_then(|()| file.sync_all()).and_then(|()| fs::hard_link(beside, path));
    // A secret is not left lying about, whatever came of it.
    placed.and(fs::remove_file(beside)).map_err(failed)?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed)
}

/// Reads a key file.
pub(super) fn read(path: &Path, kind: SecretKind) -> Result<Fields<64>, KeyError> {
    let malformed = |defect| KeyError::Malformed { path: path.to_owned(), defect };
    split_line::<64>(&read_line(path)?, kind.word()).map_err(malformed)
}

/// The one line of a file of secrets, without its end. Permissions are those of the opened file, so it cannot be exchanged
/// between check and use.
pub(super) fn read_line(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => KeyError::Missing { path: path.to_owned() },
        _ => KeyError::Io { path: path.to_owned(), source },
    };
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(KeyError::NotAFile { path: path.to_owned() });
    }
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyError::TooOpen { path: path.to_owned(), mode });
    }
    let mut line = Zeroizing::new(Vec::with_capacity(LINE_BYTES_MAX + 2));
    file.take(LINE_BYTES_MAX as u64 + 2).read_to_end(&mut line).map_err(failed)?;
    if line.pop() != Some(b'\n') {
        return Err(KeyError::Malformed { path: path.to_owned(), defect: KeyLineDefect::NotOneLine });
    }
    Ok(line)
}

/// Opens a file of 32 secret bytes under a prefix, or makes it when there is none.
pub(super) fn open_or_create_secret(path: &Path, prefix: &'static str) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    match open_secret(path, prefix) {
        Err(KeyError::Missing { .. }) => {
            let made: Zeroizing<[u8; 32]> = Zeroizing::new(entropy::random());
            let encoded = Zeroizing::new(STANDARD.encode(made.as_slice()));
            let line = Zeroizing::new(format!("{prefix}{}\n", encoded.as_str()));
            write_new_line(path, line.as_bytes())?;
            Ok(made)
        }
        opened => opened,
    }
}

fn open_secret(path: &Path, prefix: &'static str) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let malformed = |defect| KeyError::Malformed { path: path.to_owned(), defect };
    let line = read_line(path)?;
    let encoded = line.strip_prefix(prefix.as_bytes());
    let encoded = encoded.ok_or_else(|| malformed(KeyLineDefect::Prefix { expected: prefix }))?;
    let wrong = || malformed(KeyLineDefect::Encoding { expected_bytes: 32 });
    let decoded = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| wrong())?);
    decoded.as_slice().try_into().map(Zeroizing::new).map_err(|_| wrong())
}

fn secret_line(kind: SecretKind, role: KeyRole, label: &str, secret: &[u8; 64]) -> Zeroizing<Vec<u8>> {
    let encoded = Zeroizing::new(STANDARD.encode(secret));
    let mut line = Zeroizing::new(Vec::with_capacity(LINE_BYTES_MAX + 1));
    for piece in [kind.word(), ":", role.as_str(), ":", label, ":", encoded.as_str(), "\n"] {
        line.extend_from_slice(piece.as_bytes());
    }
    line
}

/// Role, label and key of a line.
pub(super) type Fields<const KEY_BYTES: usize> = (KeyRole, String, Zeroizing<[u8; KEY_BYTES]>);

fn split_line<const KEY_BYTES: usize>(line: &[u8], prefix: &'static str) -> Result<Fields<KEY_BYTES>, KeyLineDefect> {
    if line.len() > LINE_BYTES_MAX || !line.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        return Err(KeyLineDefect::NotOneLine);
    }
    let text = std::str::from_utf8(line).map_err(|_| KeyLineDefect::NotOneLine)?;
    let mut fields = text.split(':');
    if fields.next() != Some(prefix) {
        return Err(KeyLineDefect::Prefix { expected: prefix });
    }
    let (Some(role), Some(label), Some(encoded), None) = (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(KeyLineDefect::Fields);
    };
    let role = KeyRole::from_word(role).ok_or(KeyLineDefect::Role)?;
    if !label_is_sound(label) {
        return Err(KeyLineDefect::Label);
    }
    let wrong_encoding = KeyLineDefect::Encoding { expected_bytes: KEY_BYTES };
    let decoded = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| wrong_encoding)?);
    let bytes = <[u8; KEY_BYTES]>::try_from(decoded.as_slice()).map_err(|_| wrong_encoding)?;
    Ok((role, label.to_owned(), Zeroizing::new(bytes)))
}

fn label_is_sound(label: &str) -> bool {
    (1..=LABEL_BYTES_MAX).contains(&label.len())
        && label.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b':')
}
