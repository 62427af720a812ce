//! The storage port: what the node needs from durable storage, and nothing more.
//!
//! It is byte-oriented and knows nothing about channels. A log is a contiguous run of entries with one fenced writer;
//! a [`Batch`] of appends and heads becomes durable in one transaction or not at all. A commit whose outcome is unknown
//! is fatal: the store refuses everything after it, the node stops and starts again from storage.
//! Every implementation passes the contract suite in `tests/it/storage.rs`.

mod archive;
mod batches;
mod error;
mod lock;
mod memory;
mod seal;
mod sqlite;

pub(crate) use archive::TILE_ENTRIES;
pub use batches::each_entry;
pub use error::{CommitError, Damage, Field, NotWritten, StoreError};
pub use memory::MemoryStore;
pub use sqlite::{SqliteStore, Walk};

/// The most parts that one entry can have; a store refuses more with [`NotWritten::TooManyParts`].
pub const PARTS_MAX: usize = 255;

/// What the names of documents begin with that hold the acts which a recovery left out: the channel, `/`, and the message id follow.
pub const LEFT_OUT: &str = "left-out/";

/// The salt and the bytes of one body part, kept apart from the leaf so that it can be withheld or erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPart {
    /// The salt of the commitment in the leaf.
    pub salt: [u8; 32],
    /// The body; empty is a body too, and differs from a withheld one.
    pub bytes: Vec<u8>,
}

/// One entry as it is stored: the leaf, and its body parts in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredEntry {
    /// The bytes that the Merkle tree hashes.
    pub leaf: Vec<u8>,
    /// The parts that the leaf commits to; `None` is withheld or erased. At most [`PARTS_MAX`].
    pub parts: Vec<Option<StoredPart>>,
}

impl StoredEntry {
    /// Bytes of leaf, salts and bodies: what `bytes_max` of [`Store::read`] counts.
    pub fn size_bytes(&self) -> usize {
        let parts = self.parts.iter().flatten();
        self.leaf.len() + parts.map(|part| part.salt.len() + part.bytes.len()).sum::<usize>()
    }
}

/// Entries for the end of one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// The origin of the log.
    pub log: String,
    /// The term that [`Store::claim`] gave to this writer.
    pub term: u64,
    /// The size of the log that the writer has seen, in entries: the index of the first of `entries`.
    pub expected_size: u64,
    /// The entries in order. None at all is allowed: it checks term and size, and so fences a batch of heads alone.
    pub entries: Vec<StoredEntry>,
}

/// What a head states. A log has one of each, and one for each witness.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HeadKind {
    /// The author's signed checkpoint.
    Checkpoint,
    /// The counterpart's signature over a checkpoint: its cumulative receipt.
    Receipt,
    /// The cosignature of the witness with this name.
    Cosignature(String),
}

/// A statement about the newest state of a log; a newer one of the same kind takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The origin of the log, which must exist.
    pub log: String,
    /// What it states.
    pub kind: HeadKind,
    /// The statement, opaque to storage.
    pub bytes: Vec<u8>,
}

/// Everything that must become durable together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Appends, applied in order; one log may occur more than once.
    pub appends: Vec<Append>,
    /// Heads, applied in order after the appends.
    pub heads: Vec<Head>,
}

impl Batch {
    /// Refuses that a log loses entries for which the batch states no writer's term.
    fn fences(&self, log: &str) -> Result<(), NotWritten> {
        if self.appends.iter().any(|append| append.log == log) {
            return Ok(());
        }
        Err(NotWritten::Unfenced { log: log.to_owned() })
    }
}

/// The right to write a log, until somebody else claims it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The writer's term, counted from 1.
    pub term: u64,
    /// Entries in the log at the time of the claim.
    pub size: u64,
}

/// The state of one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogState {
    /// The origin of the log.
    pub log: String,
    /// Entries in the log.
    pub size: u64,
    /// The newest term that was claimed.
    pub term: u64,
}

/// One entry on its way back into memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// Its place in the order of commits over all logs, counted from 1 without gaps.
    pub sequence: u64,
    /// The origin of its log.
    pub log: String,
    /// Its index in that log.
    pub index: u64,
    /// The entry, with the parts that are left.
    pub entry: StoredEntry,
}

/// A state that was folded out of the entries up to a sequence, opaque to storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Place of the last of them in the order of commits.
    pub sequence: u64,
    /// The state.
    pub bytes: Vec<u8>,
}

/// Durable storage of logs, heads and small documents, with one writer.
///
/// Whatever returned `Ok` from a `&mut self` method is durable: it survives loss of power at any later moment.
pub trait Store: Send {
    /// Become the one fenced writer of a log: its term + 1. The log is created when absent, with size 0.
    fn claim(&mut self, log: &str) -> Result<Claim, StoreError>;

    /// Make a batch durable in one transaction. Size and term of each log are compared inside it; on any error but
    /// [`CommitError::Unknown`] nothing at all was written.
    fn commit(&mut self, batch: &Batch) -> Result<(), CommitError>;

    /// Make a batch and documents durable **in place of** every entry, of all logs, that was committed after `after_sequence`
    /// (0 is the start), in one transaction: after it either all of the old ones are there or all of the new ones. Each log
    /// that loses entries needs an append in the batch, which fences it; its size is compared as it is without them.
    /// The one way in which a log is rewritten: only a recovery does it, of what this node alone has seen.
    fn replace(
        &mut self,
        after_sequence: u64,
        batch: &Batch,
        documents: &[(String, Vec<u8>)],
    ) -> Result<(), CommitError>;

    /// Moves the next 256 entries of a log, if all of them are below `upto`, out of the database into plain files, durably; how many
    /// entries of it are moved by now. Every other call is as before. Only a store that has files moves anything, and never the
    /// newest entry of all.
    fn archive(&mut self, log: &str, upto: u64) -> Result<u64, CommitError>;

    /// Entries of one log from index `from`: at most `entries_max`, and at most `bytes_max` bytes by
    /// [`StoredEntry::size_bytes`], except that the first is always given. Empty at the end of the log and beyond.
    fn read(&self, log: &str, from: u64, entries_max: usize, bytes_max: usize) -> Result<Vec<StoredEntry>, StoreError>;

    /// Leaves of one log from index `from`, at most `leaves_max`, without reading any body. Empty at the end of the log and beyond.
    fn leaves(&self, log: &str, from: u64, leaves_max: usize) -> Result<Vec<Vec<u8>>, StoreError>;

    /// Entries of all logs in the order in which they were committed, those after `after_sequence` (0 is the start).
    fn replay(&self, after_sequence: u64, entries_max: usize) -> Result<Vec<Replayed>, StoreError>;

    /// All logs, ordered by origin.
    fn logs(&self) -> Result<Vec<LogState>, StoreError>;

    /// The newest heads of one log, ordered by kind and witness.
    fn heads(&self, log: &str) -> Result<Vec<Head>, StoreError>;

    /// Erase the body and salt of one part for good; the leaf stays. Erasing it again is no error, so that replaying
    /// the entry that ordered it does no harm.
    fn erase(&mut self, log: &str, index: u64, part: usize) -> Result<(), StoreError>;

    /// The same of several parts, each by log, index and part; in one transaction where the store has them.
    fn erase_all(&mut self, parts: &[(String, u64, usize)]) -> Result<(), StoreError> {
        parts.iter().try_for_each(|(log, index, part)| self.erase(log, *index, *part))
    }

    /// Keep a snapshot in place of the last one. It goes before a part is erased, for it may hold what the part said, and in the transaction
    /// that replaces an entry out of which it was folded. As long as archived files are not there that a fold
    /// without it would need, both are refused as [`StoreError::MovedAway`].
    fn put_snapshot(&mut self, snapshot: &Snapshot) -> Result<(), CommitError>;

    /// The newest snapshot that stands.
    fn snapshot(&self) -> Result<Option<Snapshot>, StoreError>;

    /// Keep small documents, each by its name in place of the last one with that name, in one transaction: after it either all
    /// of the old ones are there or all of the new ones. None at all are no transaction.
    fn put_documents(&mut self, documents: &[(String, Vec<u8>)]) -> Result<(), CommitError>;

    /// The document with this name.
    fn document(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// The documents whose names begin so, by name.
    fn documents(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError>;
}
