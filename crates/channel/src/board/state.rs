//! What stands on the board: notices, conflicts, proposals, and why a message does not fit them.

use skypact_airspace::{TimeWindow, UtcNanos};
use skypact_record::{Hash, KeyId};

use crate::message::{ConflictKey, Message, Remedy};
use crate::notice::{Notice, NoticeAct};
use crate::propagation::Units;
use crate::protected::Protection;

/// Where a message stands in the record, and who acted.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Origin {
    /// Index of the party in the genesis, 0 or 1.
    pub party: usize,
    /// Label of the key that signed the act, such as an officer's name.
    pub signer: String,
    /// Id of that key.
    pub key: KeyId,
    /// Hash of the leaf.
    pub leaf: Hash,
    /// Index of that leaf in its log.
    pub index: u64,
    /// Epoch that the act states.
    pub epoch: u64,
    /// How many entries of the other party's urgent log the author's node held.
    pub seen_urgent: u64,
    /// How many of its routine log.
    pub seen_routine: u64,
    /// Leaf hashes that the act cites.
    pub references: Vec<Hash>,
    /// SHA-256 of the body bytes; of no bytes where the body is erased.
    pub content: Hash,
    /// Time that the act claims.
    pub claimed_time: UtcNanos,
}

/// One read-back of one version of a notice, or the statement that it is overdue.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ReadBack {
    /// The version, by leaf hash.
    pub version: Hash,
    /// Who read it or said so, when, and in which leaf.
    pub origin: Origin,
}

/// One version of a notice.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Version {
    /// What it does.
    pub act: NoticeAct,
    /// When its activity takes effect: the earliest start of its volumes.
    pub start: UtcNanos,
    /// The latest end of its volumes.
    pub end: UtcNanos,
    /// Whether it states itself what makes it protected, so that this is in its body.
    pub is_protected: bool,
    /// Whether its body is gone: of its places, altitudes and words nothing is known.
    pub is_erased: bool,
    /// Its place in the record.
    pub origin: Origin,
}

/// An announced activity: its newest version and what led to it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct NoticeState {
    /// Newest version. Where its body is erased it has no volumes and no words.
    pub notice: Notice,
    /// Its place in the record; `origin.leaf` is what others cite.
    pub origin: Origin,
    /// Every version, oldest first; the first one's leaf is the identity of the notice.
    pub versions: Vec<Version>,
    /// Read-backs by the counterpart, oldest first.
    pub read_backs: Vec<ReadBack>,
    /// What makes it protected, as its newest version states; none for an ordinary activity.
    pub protection: Option<Protection>,
    /// Units of each party, in the order of the parties, that have to have it.
    pub units: [Units; 2],
    /// The position of a version in other forms, as its author gave them: version, forms, and where that stands.
    pub forms: Vec<(Hash, Vec<String>, Origin)>,
    /// Entries of its author's node that say that a version was not read back in time, oldest first.
    pub overdue: Vec<ReadBack>,
}

impl NoticeState {
    /// Identity: the leaf hash of its `New` version.
    pub fn id(&self) -> Hash {
        self.versions[0].origin.leaf
    }

    /// Bytes of the newest version's body, whose hash is read back; none where it is erased.
    pub fn body(&self) -> Vec<u8> {
        if self.is_erased() {
            return Vec::new();
        }
        let notice = self.notice.clone();
        match &self.protection {
            Some(protection) if self.versions.last().is_some_and(|newest| newest.is_protected) => {
                Message::Protected(protection.clone().of(notice)).encode()
            }
            _ => Message::Notice(notice).encode(),
        }
    }

    /// Whether the body of the newest version is erased.
    pub fn is_erased(&self) -> bool {
        self.versions.last().is_some_and(|newest| newest.is_erased)
    }

    /// From the earliest start to the latest end of the newest version's volumes; known also when they are erased.
    pub fn window(&self) -> TimeWindow {
        let newest = self.versions.last().expect("a notice has a version");
        TimeWindow::new(newest.start, newest.end).expect("no window ends before it starts")
    }

    /// Whether it still stands: neither ended nor cancelled.
    pub fn stands(&self) -> bool {
        self.notice.act.stands()
    }

    /// The newest version among the first `size` entries of its author's log, if it stands and is protected.
    pub(super) fn protected_at(&self, size: u64) -> Option<Hash> {
        let held = self.versions.partition_point(|version| version.origin.index < size);
        let held = &self.versions[..held];
        let newest = held.last().filter(|newest| newest.act.stands())?;
        held.iter().any(|version| version.is_protected).then_some(newest.origin.leaf)
    }

    /// That the newest version was not read back in time, if its author's node has said so. A read-back may still come.
    pub fn overdue(&self) -> Option<&ReadBack> {
        self.overdue.iter().find(|overdue| overdue.version == self.origin.leaf)
    }

    /// Read-back of the newest version, if there is one.
    pub fn read_back(&self) -> Option<&ReadBack> {
        self.read_backs.iter().find(|read_back| read_back.version == self.origin.leaf)
    }
}

/// A proposal to resolve a conflict.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct ProposalState {
    /// Its place in the record.
    pub origin: Origin,
    /// The conflict.
    pub key: ConflictKey,
    /// Version that would change.
    pub notice: Hash,
    /// In which respect.
    pub remedy: Remedy,
    /// Volumes of the notice if the proposal is accepted.
    pub volumes: Vec<skypact_airspace::Volume4d>,
    /// The proposal of the other party about the same conflict that it cites: it is a counter-proposal to that one.
    pub counters: Option<Hash>,
    /// Counter-proposals to it, by leaf hash, oldest first.
    pub countered_by: Vec<Hash>,
    /// Acceptance by the other party, if it came.
    pub acceptance: Option<Origin>,
}

/// A conflict between two versions of notices of different parties.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct ConflictState {
    /// The notices, by identity, in the order of the parties in the genesis.
    pub notices: [Hash; 2],
    /// From the first instant to the last in which a pair of volumes is in conflict.
    pub window: TimeWindow,
    /// How many pairs of volumes are.
    pub volume_pairs: u64,
    /// Whether both versions are the newest and stand.
    pub open: bool,
    /// UNSEEN OVERLAP, in the order of the parties: its node held the other version when it placed its own, and its
    /// officer's act does not cite it. Nobody can say that they knew, or that they did not.
    pub unseen: [bool; 2],
    /// The leaf in which each party's node recorded that it found this conflict.
    pub filed: [Option<Hash>; 2],
    /// Proposals, by leaf hash, oldest first.
    pub proposals: Vec<Hash>,
}

/// Why a message does not fit what is on the board.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// The cited version is not known.
    #[error("{field} {hash} is not on the board; list the notices and cite one that is")]
    Unknown {
        /// Which citation.
        field: &'static str,
        /// What it cites.
        hash: Hash,
    },
    /// The cited version was replaced.
    #[error("{field} {hash} was replaced by {newest}; read the newest version first")]
    Replaced {
        /// Which citation.
        field: &'static str,
        /// What it cites.
        hash: Hash,
        /// What it should cite.
        newest: Hash,
    },
    /// Only the author of a notice changes it, only the counterpart reads it back or accepts.
    #[error("{field}: {reason}")]
    WrongParty {
        /// Which citation.
        field: &'static str,
        /// Whose act it would have to be.
        reason: &'static str,
    },
    /// The notice has ended or was cancelled.
    #[error("the notice {hash} is over: it was {act}; file a new one")]
    Over {
        /// Newest version.
        hash: Hash,
        /// How it ended.
        act: &'static str,
    },
    /// The class of an activity does not change.
    #[error("class: an activity keeps its class; cancel the notice and file a new one")]
    ClassChanged,
    /// The content that was read back or accepted is not the content of what is cited.
    #[error("content: the hash {stated} is not that of the cited content {actual}; read it again before you sign")]
    ContentDiffers {
        /// Hash in the message.
        stated: Hash,
        /// Hash of the body.
        actual: Hash,
    },
    /// The STOP is lifted already.
    #[error("stop {hash} is lifted already")]
    Lifted {
        /// The STOP.
        hash: Hash,
    },
    /// The versions are not in conflict under the pact's minima.
    #[error("versions: these notices are not in conflict under the pact's minima")]
    NoConflict,
    /// A crossing was reported, and the pact has no line that can be counted by.
    #[error("crossing: the pact has no deconfliction line; agree on one in a new pact")]
    NoLine,
    /// A finding is not signed by the key that it names, over this file, for this case.
    #[error("finding: its signature does not hold for this case and this file; have the neutral sign it again")]
    FindingInvalid,
}

impl Misfit {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "citation-unknown",
            Self::Replaced { .. } => "citation-replaced",
            Self::WrongParty { .. } => "wrong-party",
            Self::Over { .. } => "notice-over",
            Self::ClassChanged => "class-changed",
            Self::ContentDiffers { .. } => "content-differs",
            Self::Lifted { .. } => "stop-lifted",
            Self::NoConflict => "no-conflict",
            Self::NoLine => "no-line",
            Self::FindingInvalid => "finding-invalid",
        }
    }
}
