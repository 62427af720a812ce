//! What can be wrong with a key file. Every message names the file and the remedy, and none carries key material.

use super::KeyRole;
use crate::system::in_words;
use std::{io, path::PathBuf};

/// Why a key could not be made, read or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file is not there.
    #[error("{}: there is no such key file; give its path, or bring it back from where it is kept", path.display())]
    Missing {
        /// The file looked for.
        path: PathBuf,
    },
    /// A key file is never overwritten.
    #[error("{}: a file is already there and a key is never overwritten; move it away first", path.display())]
    AlreadyExists {
        /// The file in the way.
        path: PathBuf,
    },
    /// Others than the owner may read or write the file.
    #[error("{}: mode {mode:04o} lets others reach this secret key; run `chmod 600 {}` and consider the key exposed", path.display(), path.display())]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The path is a directory, pipe or device.
    #[error("{}: is not a regular file; give the path of a key file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The content is not a key line.
    #[error("{}: line 1: {defect}; restore this file from its backup", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with the line.
        defect: KeyLineDefect,
    },
    /// A key of one role was given where another is needed.
    #[error("{}: line 1: this is the key of role `{found}`, `{expected}` is needed here; give the file of the {expected} key", path.display())]
    WrongRole {
        /// The file.
        path: PathBuf,
        /// The role needed.
        expected: KeyRole,
        /// The role that the file names.
        found: KeyRole,
    },
    /// A label that would not survive the line format.
    #[error("label {label:?}: must be 1 to 64 printable ASCII characters without a colon; choose another label")]
    BadLabel {
        /// The label as given.
        label: String,
    },
    /// A public key line that cannot be read.
    #[error("public key line: {defect}; copy the whole line again")]
    PublicLine {
        /// What is wrong with the line.
        defect: KeyLineDefect,
    },
    /// The operating system refused.
    #[error("{}: {}", path.display(), in_words(source))]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
}

impl KeyError {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "key-missing",
            Self::AlreadyExists { .. } => "key-already-exists",
            Self::TooOpen { .. } => "key-file-too-open",
            Self::NotAFile { .. } => "key-not-a-file",
            Self::Malformed { .. } | Self::PublicLine { .. } => "key-malformed",
            Self::WrongRole { .. } => "key-wrong-role",
            Self::BadLabel { .. } => "key-bad-label",
            Self::Io { .. } => "key-io",
        }
    }
}

/// What is wrong with a key line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyLineDefect {
    /// Longer than any key line, or not text.
    #[error("not a single line of ASCII text of at most 256 bytes")]
    NotOneLine,
    /// The first field is not ours.
    #[error("does not begin with `{expected}:`")]
    Prefix {
        /// The word the line must begin with.
        expected: &'static str,
    },
    /// There are not four fields.
    #[error("has not the four fields prefix:role:label:base64")]
    Fields,
    /// The role is unknown.
    #[error("names an unknown role")]
    Role,
    /// The label is malformed.
    #[error("has a label that is not 1 to 64 printable ASCII characters")]
    Label,
    /// The last field is not base64 of the right length.
    #[error("the key is not canonical base64 of {expected_bytes} bytes")]
    Encoding {
        /// The length needed.
        expected_bytes: usize,
    },
    /// The stored public key is not the one of the stored seed.
    #[error("the key is damaged: its two halves do not belong together")]
    Halves,
    /// Not a usable Ed25519 point.
    #[error("the key is not a valid Ed25519 public key")]
    Point,
}
