//! What can go wrong at the storage port, and what to do about it.
//!
//! The line that matters runs between "definitely not written", after which the node goes on, and "outcome unknown",
//! after which it must not.

use std::fmt;
use std::path::PathBuf;

use skypact_record::counted;
use thiserror::Error;

use super::HeadKind;
use crate::system::in_words;

/// A commit that did not return `Ok`.
#[derive(Debug, Error)]
pub enum CommitError {
    /// Nothing was written, for certain. The node can go on.
    #[error(transparent)]
    NotWritten(NotWritten),
    /// It may or may not be on the disk. Fatal: the node stops and starts again from storage.
    #[error(
        "it is unknown whether a commit reached the disk ({reason}): stop this node, check the disk, start it again from storage"
    )]
    Unknown {
        /// The first failure; later calls repeat it.
        reason: String,
    },
}

/// Why nothing was written.
#[derive(Debug, Error)]
pub enum NotWritten {
    /// The log is longer or shorter than the writer believes.
    #[error("log {log} has {} and the writer expected {expected}: read the log again", counted(*actual, "entry"))]
    SizeMismatch {
        /// The origin of the log.
        log: String,
        /// Entries that the writer expected.
        expected: u64,
        /// Entries in the log.
        actual: u64,
    },
    /// Another writer claimed the log since.
    #[error(
        "log {log} is written in term {current} and this writer holds term {term}: another writer took over, so this one must stop"
    )]
    Fenced {
        /// The origin of the log.
        log: String,
        /// The writer's term.
        term: u64,
        /// The newest claimed term.
        current: u64,
    },
    /// A log would lose entries, and nothing in the batch says in which term.
    #[error("log {log} would lose entries without its writer: name it in the batch")]
    Unfenced {
        /// The origin of the log.
        log: String,
    },
    /// The disk, or the quota on it, is full.
    #[error("the disk of the store is full: free space, then try again")]
    Full,
    /// The disk cannot be written.
    #[error("the disk of the store is read-only: mount it writable, then start the node again")]
    ReadOnly,
    /// No such log; it is created by a claim.
    #[error("log {log} does not exist: claim it first")]
    UnknownLog {
        /// The origin asked for.
        log: String,
    },
    /// An entry with more parts than a store keeps.
    #[error("an entry for log {log} has {parts} parts: at most {} are stored", super::PARTS_MAX)]
    TooManyParts {
        /// The origin of the log.
        log: String,
        /// The parts of the entry.
        parts: usize,
    },
    /// Another failure before anything was written.
    #[error(transparent)]
    Other(StoreError),
}

/// A store that could not be opened, read or claimed.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Another process, or another part of this one, has the directory open.
    #[error("{} is in use by process {holder}: stop that one, or give this node a directory of its own", directory.display())]
    Locked {
        /// The directory of the store.
        directory: PathBuf,
        /// The process id written in the lock file, `unknown` when there is none.
        holder: String,
    },
    /// A reader found the database busy for longer than it waits.
    #[error("the store is busy with {action}: try again")]
    Busy {
        /// What was tried.
        action: &'static str,
    },
    /// The file is a database of something else, or no database.
    #[error("{} is not a skypact store: name another directory, or restore the file from a backup", file.display())]
    Foreign {
        /// The database file.
        file: PathBuf,
    },
    /// There is no store in the directory.
    #[error("there is no store in {}: check the path", directory.display())]
    Absent {
        /// The directory of the store.
        directory: PathBuf,
    },
    /// The store was written by another version.
    #[error(
        "the store has schema version {found} and this skypact reads {supported}: use the version that wrote it, or migrate it"
    )]
    SchemaVersion {
        /// The version in the file.
        found: u32,
        /// The version that this build reads.
        supported: u32,
    },
    /// Bytes on the disk are not those that were written.
    #[error("{0}: take the store out of service and restore it from a backup or from the counterpart's mirror")]
    Damaged(Damage),
    /// No such log.
    #[error("log {log} does not exist")]
    UnknownLog {
        /// The origin asked for.
        log: String,
    },
    /// A file of archived entries was moved away.
    #[error(
        "entry {index} of log {log} is archived, and {} is not there: bring the file back from where it was moved",
        file.display()
    )]
    MovedAway {
        /// The origin of the log.
        log: String,
        /// The first entry of the file.
        index: u64,
        /// The file.
        file: PathBuf,
    },
    /// No such part.
    #[error("entry {index} of log {log} has no part {part}")]
    UnknownPart {
        /// The origin of the log.
        log: String,
        /// The index of the entry.
        index: u64,
        /// The part asked for, counted from 0.
        part: usize,
    },
    /// The disk is full.
    #[error("the disk of the store is full: free space, then try again")]
    Full,
    /// The disk cannot be written.
    #[error("the disk of the store is read-only: mount it writable, then start the node again")]
    ReadOnly,
    /// The outcome of a write is unknown. Fatal, as [`CommitError::Unknown`].
    #[error(
        "it is unknown whether a write reached the disk ({reason}): stop this node, check the disk, start it again from storage"
    )]
    Unknown {
        /// The first failure.
        reason: String,
    },
    /// A file or directory could not be used.
    #[error("{action} {} failed: {}", path.display(), in_words(source))]
    File {
        /// What was tried.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The database engine failed in another way.
    #[error("{action} failed in the database: {source}")]
    Database {
        /// What was tried.
        action: &'static str,
        /// The engine's reason.
        source: rusqlite::Error,
    },
}

/// The first place where a store is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The origin of the log, where it is known.
    pub log: Option<String>,
    /// The index of the entry, where it is known.
    pub index: Option<u64>,
    /// What is damaged there.
    pub field: Field,
}

/// What is damaged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// Origin, term or size of the log.
    State,
    /// The entry is missing or out of its place.
    Position,
    /// The leaf or its hash.
    Leaf,
    /// The body part with this number, counted from 0.
    Part(usize),
    /// A head of this kind.
    Head(Option<HeadKind>),
    /// The document with this name.
    Document(String),
    /// A file of archived entries.
    Archive(PathBuf),
    /// The structure of the database file, in the engine's words.
    File(String),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Field::State => write!(f, "the state row is damaged")?,
            Field::Position => write!(f, "an entry is missing or out of place")?,
            Field::Leaf => write!(f, "the leaf is damaged")?,
            Field::Part(part) => write!(f, "part {part} is damaged")?,
            Field::Head(Some(kind)) => write!(f, "the {kind:?} head is damaged")?,
            Field::Head(None) => write!(f, "a head is damaged")?,
            Field::Document(name) => write!(f, "the document {name:?} is damaged")?,
            Field::Archive(file) => write!(f, "the archived file {} is damaged", file.display())?,
            Field::File(detail) => write!(f, "the database file is damaged ({detail})")?,
        }
        if let Some(index) = self.index {
            write!(f, " at entry {index}")?;
        }
        self.log.as_ref().map_or(Ok(()), |log| write!(f, " of log {log:?}"))
    }
}

impl CommitError {
    /// A stable code for users and for exit statuses.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotWritten(reason) => reason.code(),
            Self::Unknown { .. } => UNKNOWN,
        }
    }
}

impl NotWritten {
    /// A stable code for users and for exit statuses.
    pub fn code(&self) -> &'static str {
        match self {
            Self::SizeMismatch { .. } => "store-size-mismatch",
            Self::Fenced { .. } => "store-fenced",
            Self::Unfenced { .. } => "store-unfenced",
            Self::Full => FULL,
            Self::ReadOnly => READ_ONLY,
            Self::UnknownLog { .. } => UNKNOWN_LOG,
            Self::TooManyParts { .. } => "store-too-many-parts",
            Self::Other(error) => error.code(),
        }
    }
}

impl StoreError {
    /// A stable code for users and for exit statuses.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "store-locked",
            Self::Busy { .. } => "store-busy",
            Self::Foreign { .. } => "store-foreign",
            Self::Absent { .. } => "store-absent",
            Self::SchemaVersion { .. } => "store-schema-version",
            Self::Damaged(_) => "store-damaged",
            Self::UnknownLog { .. } => UNKNOWN_LOG,
            Self::MovedAway { .. } => "store-moved-away",
            Self::UnknownPart { .. } => "store-unknown-part",
            Self::Full => FULL,
            Self::ReadOnly => READ_ONLY,
            Self::Unknown { .. } => UNKNOWN,
            Self::File { .. } => "store-file",
            Self::Database { .. } => "store-database",
        }
    }
}

// One failure has one code, whichever call met it.
const FULL: &str = "store-full";
const READ_ONLY: &str = "store-read-only";
const UNKNOWN: &str = "store-outcome-unknown";
const UNKNOWN_LOG: &str = "store-unknown-log";

impl From<NotWritten> for CommitError {
    fn from(reason: NotWritten) -> Self {
        Self::NotWritten(reason)
    }
}

impl From<StoreError> for CommitError {
    fn from(error: StoreError) -> Self {
        Self::NotWritten(match error {
            StoreError::Unknown { reason } => return Self::Unknown { reason },
            StoreError::Full => NotWritten::Full,
            StoreError::ReadOnly => NotWritten::ReadOnly,
            StoreError::UnknownLog { log } => NotWritten::UnknownLog { log },
            other => NotWritten::Other(other),
        })
    }
}

impl From<Damage> for StoreError {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage)
    }
}
