//! Kinds of entries: which logs hold them and whose key signs them (docs/channel-protocol.md, section 1).

use skypact_record::{KeyRole, LogClass};

/// Kind of an entry, as the act in its leaf states it. The discriminant is the value on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Entry 0 of every log: the genesis with the signatures of both roots.
    Genesis = 0,
    /// Notice of activity.
    Notice = 1,
    /// A named officer read a notice back.
    ReadBack = 2,
    /// A node found two notices in conflict.
    Conflict = 3,
    /// A way out of a conflict.
    Proposal = 4,
    /// Agreement to a proposal, on its exact content.
    Acceptance = 5,
    /// Safety-of-flight call: stop what endangers something.
    Stop = 6,
    /// An answer to a STOP: heard, passed to a unit, ceased, unable, refused.
    StopRung = 7,
    /// The caller of a STOP lifts it.
    StopLifted = 8,
    /// An officer suspends the channel.
    Suspend = 9,
    /// An officer is ready to resume it.
    Resume = 10,
    /// A node has compared the logs after both resumed, and opens the next epoch.
    Reconciled = 11,
    /// A node puts the signed head of a counterpart's log into its own.
    Anchor = 12,
    /// A node states when witnesses had seen one of its own logs.
    Witnessed = 13,
    /// A node states that the counterpart has not read a notice back in time.
    Overdue = 14,
    /// A party's root adds or revokes keys that sign acts.
    KeyChange = 15,
    /// An officer takes the watch, hands it over or leaves it.
    Watch = 16,
    /// A call to see whether somebody answers.
    TestCall = 17,
    /// The answer to it.
    TestAnswer = 18,
    /// What a unit has received or applied.
    Propagation = 19,
    /// A protected site or movement.
    Protected = 20,
    /// The position of a notice in other forms.
    PositionForms = 21,
    /// Who is to have the watch, from when to when.
    WatchBill = 22,
    /// A list of what the counterpart has protected was received.
    ListReceipt = 23,
    /// An officer erases bodies of entries of the own party.
    Erased = 24,
    /// A party's root puts another key in the place of one that signs heads or receipts, of the transport key, or of itself.
    KeyRotation = 25,
    /// A node closes a period of its log and opens the next.
    Period = 26,
    /// A flight crossed the deconfliction line.
    Crossing = 31,
    /// A crossing is disputed, or maintained, or disputed no more.
    CrossingDispute = 32,
    /// What a party is to do, by when.
    Commitment = 33,
    /// Whether a commitment was kept, as one side finds.
    CommitmentFinding = 34,
    /// Who said what, when.
    Statement = 35,
    /// That nothing of a party will be or was in a scope.
    Assurance = 36,
    /// An incident is reported, which opens a joint case.
    Case = 27,
    /// Something is added to a case.
    CaseEntry = 28,
    /// Something is put on the agenda of the working group.
    AgendaItem = 29,
    /// A position on an item of the agenda, or a decision.
    AgendaEntry = 30,
    /// What one officer says to another.
    Hotline = 37,
}

impl Kind {
    const ALL: [Self; 38] = [
        Self::Genesis,
        Self::Notice,
        Self::ReadBack,
        Self::Conflict,
        Self::Proposal,
        Self::Acceptance,
        Self::Stop,
        Self::StopRung,
        Self::StopLifted,
        Self::Suspend,
        Self::Resume,
        Self::Reconciled,
        Self::Anchor,
        Self::Witnessed,
        Self::Overdue,
        Self::KeyChange,
        Self::Watch,
        Self::TestCall,
        Self::TestAnswer,
        Self::Propagation,
        Self::Protected,
        Self::PositionForms,
        Self::WatchBill,
        Self::ListReceipt,
        Self::Erased,
        Self::KeyRotation,
        Self::Period,
        Self::Crossing,
        Self::CrossingDispute,
        Self::Commitment,
        Self::CommitmentFinding,
        Self::Statement,
        Self::Assurance,
        Self::Case,
        Self::CaseEntry,
        Self::AgendaItem,
        Self::AgendaEntry,
        Self::Hotline,
    ];

    /// Value in the act.
    pub fn wire(self) -> u16 {
        self as u16
    }

    /// Kind of a value in an act; `None` for kinds that a later version may add.
    pub fn from_wire(value: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.wire() == value)
    }

    /// Name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Genesis => "genesis",
            Self::Notice => "notice",
            Self::ReadBack => "read-back",
            Self::Conflict => "conflict",
            Self::Proposal => "proposal",
            Self::Acceptance => "acceptance",
            Self::Stop => "STOP",
            Self::StopRung => "STOP rung",
            Self::StopLifted => "STOP lifted",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::Reconciled => "reconciled",
            Self::Anchor => "anchor",
            Self::Witnessed => "witnessed",
            Self::Overdue => "overdue",
            Self::KeyChange => "key change",
            Self::Watch => "watch",
            Self::TestCall => "test call",
            Self::TestAnswer => "test answer",
            Self::Propagation => "propagation",
            Self::Protected => "protected",
            Self::PositionForms => "position forms",
            Self::WatchBill => "watch bill",
            Self::ListReceipt => "list receipt",
            Self::Erased => "erased",
            Self::KeyRotation => "key rotation",
            Self::Period => "period",
            Self::Crossing => "crossing",
            Self::CrossingDispute => "crossing dispute",
            Self::Commitment => "commitment",
            Self::CommitmentFinding => "commitment finding",
            Self::Statement => "statement",
            Self::Assurance => "assurance",
            Self::Case => "case",
            Self::CaseEntry => "case entry",
            Self::AgendaItem => "agenda item",
            Self::AgendaEntry => "agenda entry",
            Self::Hotline => "hotline",
        }
    }

    /// The log that holds such entries; none for what stands in both.
    pub fn log_class(self) -> Option<LogClass> {
        match self {
            Self::Genesis | Self::Reconciled | Self::KeyChange | Self::KeyRotation | Self::Period => None,
            Self::Stop
            | Self::StopRung
            | Self::StopLifted
            | Self::Suspend
            | Self::Resume
            | Self::TestCall
            | Self::TestAnswer => Some(LogClass::Urgent),
            Self::Notice
            | Self::ReadBack
            | Self::Conflict
            | Self::Proposal
            | Self::Acceptance
            | Self::Anchor
            | Self::Witnessed
            | Self::Overdue
            | Self::Watch
            | Self::Propagation
            | Self::Protected
            | Self::PositionForms
            | Self::WatchBill
            | Self::Hotline
            | Self::ListReceipt
            | Self::Erased
            | Self::Crossing
            | Self::CrossingDispute
            | Self::Commitment
            | Self::CommitmentFinding
            | Self::Statement
            | Self::Assurance
            | Self::Case
            | Self::CaseEntry
            | Self::AgendaItem
            | Self::AgendaEntry => Some(LogClass::Routine),
        }
    }

    /// Whether a log of `class` may hold such entries.
    pub fn belongs_in(self, class: LogClass) -> bool {
        self.log_class().is_none_or(|own| own == class)
    }

    /// Whose key signs it: people commit their party, machines report what they found.
    pub fn signer(self) -> KeyRole {
        match self {
            Self::Genesis
            | Self::Conflict
            | Self::Reconciled
            | Self::Anchor
            | Self::Witnessed
            | Self::Overdue
            | Self::Period => KeyRole::Node,
            Self::KeyChange | Self::KeyRotation => KeyRole::Root,
            _ => KeyRole::Officer,
        }
    }

    /// Whether it is a version of a notice.
    pub fn is_notice(self) -> bool {
        matches!(self, Self::Notice | Self::Protected)
    }

    /// Whether it tells keys of its author: then it needs its body.
    pub fn tells_keys(self) -> bool {
        matches!(self, Self::KeyChange | Self::KeyRotation)
    }

    /// Whether it speaks of heads of logs alone: nobody has to anchor such an entry or state when it was witnessed, or
    /// two nodes would keep each other busy for ever.
    pub fn is_of_heads(self) -> bool {
        matches!(self, Self::Anchor | Self::Witnessed)
    }

    /// Whether its leaf cites the head of the author's other log too, so that it cuts all four logs.
    pub fn cuts(self) -> bool {
        matches!(self, Self::Suspend | Self::Resume | Self::Reconciled)
    }
}
