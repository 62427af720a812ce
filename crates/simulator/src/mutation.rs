//! Bugs planted on purpose, to see that the checkers find them. They live in the simulated shell around the stations;
//! what ships has none of them.

use std::fmt;
use std::str::FromStr;

/// One planted bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// A node answers although its commit did not reach the disk.
    AnswersBeforeCommit,
    /// A commit leaves out its last entry.
    CommitDropsLastEntry,
    /// A commit is split: notes reach the disk, the entries they speak of do not.
    CommitsNotesAlone,
    /// Each start leaves the newest entry of the disk behind.
    StartForgetsNewest,
    /// Each start replays one log after the other, not in the order of the commits.
    StartReplaysLogByLog,
    /// Each start folds the newest entry in twice.
    StoresTwice,
    /// A node that got no answer never sends again.
    CourierGivesUp,
    /// A node sends before anybody has said how much of its log they hold.
    CourierAsksNobody,
    /// A node on an old disk gets back what it lacks, and loses what its officers said since.
    RecoveryDropsActs,
    /// It writes what came back, and leaves on the disk what that replaces.
    RecoveryKeepsOldEntries,
    /// A node gives its logs away in a file though its counterpart has said nothing since the start.
    FileAsksNobody,
    /// It believes what a file says of now, whatever the file answers to.
    FileBelievedUnasked,
    /// It writes the receipt for what came in a file before the entries.
    FileReceiptBeforeEntries,
    /// A node takes erased bodies from its disk, and goes on with what it had made of them.
    ErasesAndKeepsInMemory,
    /// The snapshot of a node stays when bodies that are folded into it are erased.
    SnapshotOutlivesErasure,
    /// It stays when entries that are folded into it are replaced by what came back.
    SnapshotOutlivesRecovery,
    /// A start from a snapshot leaves out the entry behind it.
    SnapshotStartSkipsEntry,
    /// A witness answers before its disk holds the head.
    WitnessForgets,
    /// A witness cosigns whatever its log signed.
    WitnessTrusts,
    /// It shows the first head that it ever cosigned of a log as the newest one.
    WitnessShowsOld,
    /// A node out of a backup asks no witness what it knows.
    StartAsksNoWitness,
}

impl Mutation {
    /// Every planted bug.
    pub const ALL: [Self; 21] = [
        Self::AnswersBeforeCommit,
        Self::CommitDropsLastEntry,
        Self::CommitsNotesAlone,
        Self::StartForgetsNewest,
        Self::StartReplaysLogByLog,
        Self::StoresTwice,
        Self::CourierGivesUp,
        Self::CourierAsksNobody,
        Self::RecoveryDropsActs,
        Self::RecoveryKeepsOldEntries,
        Self::FileAsksNobody,
        Self::FileBelievedUnasked,
        Self::FileReceiptBeforeEntries,
        Self::ErasesAndKeepsInMemory,
        Self::SnapshotOutlivesErasure,
        Self::SnapshotOutlivesRecovery,
        Self::SnapshotStartSkipsEntry,
        Self::WitnessForgets,
        Self::WitnessTrusts,
        Self::WitnessShowsOld,
        Self::StartAsksNoWitness,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::AnswersBeforeCommit => "answers-before-commit",
            Self::CommitDropsLastEntry => "commit-drops-last-entry",
            Self::CommitsNotesAlone => "commits-notes-alone",
            Self::StartForgetsNewest => "start-forgets-newest",
            Self::StartReplaysLogByLog => "start-replays-log-by-log",
            Self::StoresTwice => "stores-twice",
            Self::CourierGivesUp => "courier-gives-up",
            Self::CourierAsksNobody => "courier-asks-nobody",
            Self::RecoveryDropsActs => "recovery-drops-acts",
            Self::RecoveryKeepsOldEntries => "recovery-keeps-old-entries",
            Self::FileAsksNobody => "file-asks-nobody",
            Self::FileBelievedUnasked => "file-believed-unasked",
            Self::FileReceiptBeforeEntries => "file-receipt-before-entries",
            Self::ErasesAndKeepsInMemory => "erases-and-keeps-in-memory",
            Self::SnapshotOutlivesErasure => "snapshot-outlives-erasure",
            Self::SnapshotOutlivesRecovery => "snapshot-outlives-recovery",
            Self::SnapshotStartSkipsEntry => "snapshot-start-skips-entry",
            Self::WitnessForgets => "witness-forgets",
            Self::WitnessTrusts => "witness-trusts",
            Self::WitnessShowsOld => "witness-shows-old",
            Self::StartAsksNoWitness => "start-asks-no-witness",
        }
    }
}

impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Mutation {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::name).join(", ");
        let found = Self::ALL.into_iter().find(|mutation| mutation.name() == name);
        found.ok_or_else(|| format!("{name} is no planted bug; there are {}", names()))
    }
}
