//! What the verifier says: statements with what stands behind them, and faults with where they are.

use std::fmt;

use crate::act::LogClass;
use crate::hash::Hash;
use crate::name::{Origin, PartyName};

/// What the caller knows from elsewhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expectation {
    /// The channel that the bundle should be of. Without it nobody says that this pact is the right one.
    pub channel: Option<Hash>,
}

/// What stands behind a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Signatures of the one it binds, or of a witness.
    Proven,
    /// The word of the party that benefits.
    Claimed,
    /// Nothing.
    Unproven,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Proven => "proven",
            Self::Claimed => "claimed",
            Self::Unproven => "unproven",
        })
    }
}

/// What is stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementKind {
    /// Both parties signed this pact, and it is the one that was expected.
    Pact,
    /// Every leaf of the log is there, as its author signed it.
    Log,
    /// The author signed this head of a log of which only chosen leaves are given, or none.
    Head,
    /// The chosen leaf of this index is in its log, as its author signed it.
    Entry(u64),
    /// Enough witnesses saw the whole log.
    Witnessed,
    /// The counterpart signed that it holds the whole log.
    Delivered,
    /// What the counterpart signed nothing for lay with a witness where it could fetch it.
    Offered,
    /// The newest head carries the ML-DSA-44 lines of author, mirror and quorum too.
    PostQuantum,
    /// Each part given matches its commitment.
    Bodies,
}

impl fmt::Display for StatementKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pact => f.write_str("pact"),
            Self::Log => f.write_str("log"),
            Self::Head => f.write_str("head"),
            Self::Entry(index) => write!(f, "entry {index}"),
            Self::Witnessed => f.write_str("witnessed"),
            Self::Delivered => f.write_str("delivered"),
            Self::Offered => f.write_str("offered"),
            Self::PostQuantum => f.write_str("post-quantum"),
            Self::Bodies => f.write_str("bodies"),
        }
    }
}

/// One statement about the bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What is stated.
    pub what: StatementKind,
    /// Of which log; none when it is about the whole bundle.
    pub log: Option<Origin>,
    /// What stands behind it.
    pub status: Status,
    /// In words: counts, names, and what is missing.
    pub detail: String,
    /// The entry (of a log: its last one) was not placed before this time, s since the Unix epoch, UTC, by the witness's clock.
    pub not_before_s: Option<i64>,
    /// And not after this one.
    pub not_after_s: Option<i64>,
}

/// Something that makes the bundle false, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Stable code.
    pub code: &'static str,
    /// File of the bundle; `bundle` when the fault is in no file.
    pub file: String,
    /// Byte in the tar.
    pub offset: Option<u64>,
    /// Origin of the log.
    pub log: Option<String>,
    /// Index of the leaf.
    pub index: Option<u64>,
    /// What is wrong.
    pub message: String,
}

impl Fault {
    pub(crate) fn new(code: &'static str, file: &str, message: impl Into<String>) -> Self {
        // A name out of a damaged header may hold anything, and is going to be printed.
        let file = file.escape_debug().to_string();
        Self { code, file, offset: None, log: None, index: None, message: message.into() }
    }

    pub(crate) fn at(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }

    pub(crate) fn in_log(mut self, origin: &Origin) -> Self {
        self.log = Some(origin.to_string());
        self
    }

    pub(crate) fn of_leaf(mut self, index: u64) -> Self {
        self.index = Some(index);
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(offset) = self.offset {
            write!(f, " at byte {offset}")?;
        }
        if let Some(index) = self.index {
            write!(f, ", leaf {index}")?;
        }
        write!(f, ": {} [{}]", self.message, self.code)
    }
}

/// How much of a log is in a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogMode {
    /// Every leaf up to the head.
    Whole,
    /// Chosen leaves with proofs, or none.
    Chosen,
}

impl fmt::Display for LogMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Whole => "whole",
            Self::Chosen => "chosen",
        })
    }
}

/// One log of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogReport {
    /// Its origin.
    pub origin: Origin,
    /// Its author.
    pub party: PartyName,
    /// Its class.
    pub class: LogClass,
    /// Size of its largest checkpoint, in leaves.
    pub size: u64,
    /// Root of its largest checkpoint.
    pub root: Hash,
    /// How much of it is given.
    pub mode: LogMode,
}

/// An entry that erases bodies of its author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureReport {
    /// Its log.
    pub origin: Origin,
    /// Its index there.
    pub index: u64,
    /// Label of the key that signed it.
    pub signer: String,
    /// When, as its author claims, ns since the Unix epoch, UTC.
    pub claimed_time: i64,
    /// Entries of its log that it names and of which parts are missing in the bundle, ascending.
    pub entries: Vec<u64>,
}

/// What the verifier says of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The channel, when the genesis could be read.
    pub channel: Option<Hash>,
    /// Name of the channel; empty when the genesis could not be read.
    pub channel_name: String,
    /// Names of the parties.
    pub parties: Vec<String>,
    /// Logs in the bundle, ascending by party, routine before urgent.
    pub logs: Vec<LogReport>,
    /// What can be said, and what stands behind it.
    pub statements: Vec<Statement>,
    /// What the maker of the bundle says, and nobody has proved.
    pub claims: Vec<String>,
    /// Which missing bodies their author erased, by log and index of the entry that says so.
    pub erasures: Vec<ErasureReport>,
    /// What is wrong; at most `Report::FAULTS_MAX` and one that says that there are more.
    pub faults: Vec<Fault>,
    /// Leaves that were read.
    pub entries: u64,
    /// Signatures that were checked.
    pub signatures_checked: u64,
}

impl Report {
    /// Faults after which the verifier reads no further.
    pub const FAULTS_MAX: usize = 1000;

    /// Whether the bundle proves what it states: no fault, and every statement proven; only the pact may be claimed, and only because no
    /// channel was expected (`channel_to_compare`).
    pub fn holds(&self) -> bool {
        let stands = |statement: &Statement| match statement.status {
            Status::Proven => true,
            Status::Claimed => statement.what == StatementKind::Pact,
            Status::Unproven => false,
        };
        self.faults.is_empty() && self.statements.iter().all(stands)
    }

    /// The channel hash that the reader must still compare with what the parties say elsewhere: present when no channel was expected and
    /// both root keys signed.
    pub fn channel_to_compare(&self) -> Option<Hash> {
        let claimed = |s: &Statement| s.what == StatementKind::Pact && s.status == Status::Claimed;
        self.channel.filter(|_| self.statements.iter().any(claimed))
    }
}

/// Faults as they are found, up to a number that a reader can use.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    list: Vec<Fault>,
    more: bool,
}

impl Faults {
    pub(crate) fn push(&mut self, fault: Fault) {
        if self.list.len() < Report::FAULTS_MAX {
            self.list.push(fault);
        } else {
            self.more = true;
        }
    }

    pub(crate) fn are_full(&self) -> bool {
        self.list.len() == Report::FAULTS_MAX
    }

    /// Whether a log has a fault in the files under `directory`.
    pub(super) fn touch(&self, origin: &Origin, directory: &str) -> bool {
        self.list.iter().any(|f| f.log.as_deref() == Some(origin.as_str()) && f.file.starts_with(directory))
    }

    pub(crate) fn into_list(mut self) -> Vec<Fault> {
        if self.more || self.are_full() {
            self.list.push(Fault::new("faults-too-many", "bundle", "has more faults than are listed; reading stopped"));
        }
        self.list
    }
}
