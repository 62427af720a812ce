//! Bodies of the channel's messages: what a leaf's first part says. Formats are in docs/channel-protocol.md.
//! Every body is one deterministic CBOR map; what an officer reads back is the SHA-256 of exactly these bytes.

use skypact_airspace::{TimeWindow, UtcNanos, Volume4d};
use skypact_record::{DecodeError, Hash, KeyChange, KeyRotation};

use crate::agenda::{AgendaEntry, AgendaItem};
use crate::anchor::{Anchor, Witnessed};
use crate::assurance::Assurance;
use crate::case::{CaseEntry, CaseReport};
use crate::codec::{self, CodecError, Reader, Writer, Written, write_hashes};
use crate::commitment::{Commitment, CommitmentFinding};
use crate::erasure::Erased;
use crate::hotline::Hotline;
use crate::kind::Kind;
use crate::line::{CrossingDispute, CrossingReport};
use crate::notice::Notice;
use crate::period::Period;
use crate::propagation::Propagation;
use crate::protected::Protected;
use crate::protected_list::ListReceipt;
use crate::statement::Statement;
use crate::stop::{Stop, StopRung};
use crate::suspension::Reconciled;
use crate::volume_codec::{read_volumes, write_volumes};
use crate::watch::Watch;
use crate::watch_bill::WatchBill;

/// Most forms of one position, and longest form, in bytes.
const FORMS_MAX: u64 = 7;
const FORM_MAX: usize = 200;
/// Longest reason of a suspension, in bytes.
const REASON_MAX: usize = 500;

/// How a proposal takes two notices apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Remedy {
    /// Other places.
    Reroute,
    /// Other times.
    Retime,
    /// Other altitudes.
    Level,
}

impl Remedy {
    /// Every remedy, in the order of its wire value.
    pub const ALL: [Self; 3] = [Self::Reroute, Self::Retime, Self::Level];

    /// Name for people and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reroute => "reroute",
            Self::Retime => "retime",
            Self::Level => "level",
        }
    }

    /// Remedy of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|remedy| remedy.name() == name)
    }
}

/// Two versions of notices, one of each party, by leaf hash, the smaller hash first: the same on both sides,
/// whoever filed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct ConflictKey(Hash, Hash);

impl ConflictKey {
    /// Key of an unordered pair.
    pub fn new(a: Hash, b: Hash) -> Self {
        if a <= b { Self(a, b) } else { Self(b, a) }
    }

    /// Both leaf hashes, the smaller first.
    pub fn versions(&self) -> [Hash; 2] {
        [self.0, self.1]
    }
}

/// Body of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// Notice of activity.
    Notice(Notice),
    /// The signing officer has read `notice` and states the hash of its body.
    ReadBack {
        /// Leaf hash of the version that was read.
        notice: Hash,
        /// SHA-256 of that version's body bytes.
        content: Hash,
    },
    /// The node found a conflict.
    Conflict {
        /// The two versions.
        key: ConflictKey,
        /// From the first instant to the last at which some pair of volumes is in conflict.
        window: TimeWindow,
        /// How many pairs of volumes are.
        volume_pairs: u64,
    },
    /// A way out of a conflict: the notice that would change, and its volumes then.
    Proposal {
        /// The conflict.
        key: ConflictKey,
        /// Which of its two versions would change.
        notice: Hash,
        /// In which respect.
        remedy: Remedy,
        /// Its volumes then.
        volumes: Vec<Volume4d>,
    },
    /// Agreement to a proposal.
    Acceptance {
        /// Leaf hash of the proposal.
        proposal: Hash,
        /// SHA-256 of the proposal's body bytes.
        content: Hash,
    },
    /// Safety-of-flight call.
    Stop(Stop),
    /// Answer to a STOP.
    StopRung(StopRung),
    /// The caller lifts a STOP.
    StopLifted {
        /// Leaf hash of the STOP.
        stop: Hash,
    },
    /// An officer suspends the channel.
    Suspend {
        /// Why; 1 to 500 bytes.
        reason: String,
    },
    /// An officer is ready to resume.
    Resume {
        /// Leaf hashes of the newest suspension of each party that has one, ascending.
        suspends: Vec<Hash>,
    },
    /// The node has compared the logs and opens the next epoch.
    Reconciled(Reconciled),
    /// The counterpart's signed head.
    Anchor(Anchor),
    /// An own head that witnesses cosigned.
    Witnessed(Witnessed),
    /// The counterpart has not read a notice back in time.
    Overdue {
        /// Leaf hash of the version.
        notice: Hash,
    },
    /// Keys that may sign acts from now on, and keys that may not.
    KeyChange(KeyChange),
    /// The author's root puts other keys in the place of those that sign heads.
    KeyRotation(KeyRotation),
    /// A change of the watch.
    Watch(Watch),
    /// A test call.
    TestCall,
    /// Answer to a test call.
    TestAnswer {
        /// Leaf hash of the call.
        call: Hash,
    },
    /// What a unit has received or applied.
    Propagation(Propagation),
    /// A protected site or movement.
    Protected(Protected),
    /// The position of a notice in other forms, as its officer had them.
    PositionForms {
        /// Leaf hash of the version.
        notice: Hash,
        /// 1 to 7 forms of 1 to 200 bytes, such as MGRS or a bearing and distance.
        forms: Vec<String>,
    },
    /// Who is to have the watch.
    WatchBill(WatchBill),
    /// What one officer says to another.
    Hotline(Hotline),
    /// A list of what the counterpart has protected was received.
    ListReceipt(ListReceipt),
    /// A period of the log is closed, and the next one opened.
    Period(Period),
    /// A flight crossed the deconfliction line.
    Crossing(CrossingReport),
    /// A crossing is disputed, or maintained, or disputed no more.
    CrossingDispute(CrossingDispute),
    /// What a party is to do, by when.
    Commitment(Commitment),
    /// Whether a commitment was kept, as one side finds.
    CommitmentFinding(CommitmentFinding),
    /// Who said what, when.
    Statement(Statement),
    /// That nothing of a party will be or was in a scope.
    Assurance(Assurance),
    /// An incident is reported, which opens a joint case.
    Case(CaseReport),
    /// Something is added to a case.
    CaseEntry(CaseEntry),
    /// Something is put on the agenda of the working group.
    AgendaItem(AgendaItem),
    /// A position on an item of the agenda, or a decision.
    AgendaEntry(AgendaEntry),
    /// Bodies of the own party are gone for good.
    Erased(Erased),
}

impl Message {
    /// Kind of the entry that carries this body.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Notice(_) => Kind::Notice,
            Self::ReadBack { .. } => Kind::ReadBack,
            Self::Conflict { .. } => Kind::Conflict,
            Self::Proposal { .. } => Kind::Proposal,
            Self::Acceptance { .. } => Kind::Acceptance,
            Self::Stop(_) => Kind::Stop,
            Self::StopRung(_) => Kind::StopRung,
            Self::StopLifted { .. } => Kind::StopLifted,
            Self::Suspend { .. } => Kind::Suspend,
            Self::Resume { .. } => Kind::Resume,
            Self::Reconciled(_) => Kind::Reconciled,
            Self::Anchor(_) => Kind::Anchor,
            Self::Witnessed(_) => Kind::Witnessed,
            Self::Overdue { .. } => Kind::Overdue,
            Self::KeyChange(_) => Kind::KeyChange,
            Self::KeyRotation(_) => Kind::KeyRotation,
            Self::Watch(_) => Kind::Watch,
            Self::TestCall => Kind::TestCall,
            Self::TestAnswer { .. } => Kind::TestAnswer,
            Self::Propagation(_) => Kind::Propagation,
            Self::Protected(_) => Kind::Protected,
            Self::PositionForms { .. } => Kind::PositionForms,
            Self::WatchBill(_) => Kind::WatchBill,
            Self::Hotline(_) => Kind::Hotline,
            Self::ListReceipt(_) => Kind::ListReceipt,
            Self::Period(_) => Kind::Period,
            Self::Crossing(_) => Kind::Crossing,
            Self::CrossingDispute(_) => Kind::CrossingDispute,
            Self::Commitment(_) => Kind::Commitment,
            Self::CommitmentFinding(_) => Kind::CommitmentFinding,
            Self::Statement(_) => Kind::Statement,
            Self::Assurance(_) => Kind::Assurance,
            Self::Case(_) => Kind::Case,
            Self::CaseEntry(_) => Kind::CaseEntry,
            Self::AgendaItem(_) => Kind::AgendaItem,
            Self::AgendaEntry(_) => Kind::AgendaEntry,
            Self::Erased(_) => Kind::Erased,
        }
    }

    /// Bytes of the body.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::KeyChange(change) => change.encode().expect("a key change that was read or made within its bounds"),
            Self::KeyRotation(rotation) => {
                rotation.encode().expect("a key rotation that was read or made within its bounds")
            }
            Self::Erased(erased) => erased.encode(),
            _ => codec::encode(|writer| self.write(writer)),
        }
    }

    /// Body of an entry of `kind`; errors name the field. `Kind::Genesis` has its own form, see [`crate::Pact`].
    pub fn decode(kind: Kind, bytes: &[u8]) -> Result<Self, CodecError> {
        if kind.tells_keys() {
            // Their form belongs to the record: a verifier of bundles reads them too.
            let message = match kind {
                Kind::KeyRotation => KeyRotation::decode(bytes).map(Self::KeyRotation),
                _ => KeyChange::decode(bytes).map(Self::KeyChange),
            };
            let field = if kind == Kind::KeyRotation { "key_rotation" } else { "key_change" };
            let error = |error: DecodeError| CodecError { message: kind.name(), field, reason: error.to_string() };
            return message.map_err(error);
        }
        if kind == Kind::Erased {
            return Erased::decode(bytes).map(Self::Erased);
        }
        codec::decode_exact(kind.name(), bytes, |reader| Self::read(kind, reader), Self::encode)
    }

    fn write(&self, writer: &mut Writer<'_>) -> Written {
        match self {
            Self::Notice(notice) => notice.write(writer),
            Self::ReadBack { notice, content } => {
                writer.map(2)?.u8(0)?.bytes(&notice.0)?.u8(1)?.bytes(&content.0)?.ok()
            }
            Self::Conflict { key, window, volume_pairs } => {
                writer.map(3)?.u8(0)?;
                write_key(writer, key)?;
                writer.u8(1)?.array(2)?.i64(window.start().0)?.i64(window.end().0)?;
                writer.u8(2)?.u64(*volume_pairs)?.ok()
            }
            Self::Proposal { key, notice, remedy, volumes } => {
                writer.map(4)?.u8(0)?;
                write_key(writer, key)?;
                writer.u8(1)?.bytes(&notice.0)?.u8(2)?.u8(*remedy as u8)?.u8(3)?;
                write_volumes(writer, volumes)
            }
            Self::Acceptance { proposal, content } => {
                writer.map(2)?.u8(0)?.bytes(&proposal.0)?.u8(1)?.bytes(&content.0)?.ok()
            }
            Self::Stop(stop) => stop.write(writer),
            Self::StopRung(rung) => rung.write(writer),
            Self::StopLifted { stop } => writer.map(1)?.u8(0)?.bytes(&stop.0)?.ok(),
            Self::Suspend { reason } => writer.map(1)?.u8(0)?.str(reason)?.ok(),
            Self::Resume { suspends } => {
                writer.map(1)?.u8(0)?;
                write_hashes(writer, suspends)
            }
            Self::Reconciled(reconciled) => reconciled.write(writer),
            Self::Anchor(anchor) => anchor.write(writer),
            Self::Witnessed(witnessed) => witnessed.write(writer),
            Self::Overdue { notice } => writer.map(1)?.u8(0)?.bytes(&notice.0)?.ok(),
            Self::Watch(watch) => watch.write(writer),
            Self::TestCall => writer.map(0)?.ok(),
            Self::TestAnswer { call } => writer.map(1)?.u8(0)?.bytes(&call.0)?.ok(),
            Self::Propagation(propagation) => propagation.write(writer),
            Self::Protected(protected) => protected.write(writer),
            Self::PositionForms { notice, forms } => {
                writer.map(2)?.u8(0)?.bytes(&notice.0)?.u8(1)?.array(forms.len() as u64)?;
                forms.iter().try_for_each(|form| writer.str(form)?.ok())
            }
            Self::WatchBill(bill) => bill.write(writer),
            Self::Hotline(said) => said.write(writer),
            Self::ListReceipt(receipt) => receipt.write(writer),
            Self::Period(period) => period.write(writer),
            Self::Crossing(body) => body.write(writer),
            Self::CrossingDispute(body) => body.write(writer),
            Self::Commitment(body) => body.write(writer),
            Self::CommitmentFinding(body) => body.write(writer),
            Self::Statement(body) => body.write(writer),
            Self::Assurance(body) => body.write(writer),
            Self::Case(report) => report.write(writer),
            Self::CaseEntry(entry) => entry.write(writer),
            Self::AgendaItem(item) => item.write(writer),
            Self::AgendaEntry(entry) => entry.write(writer),
            Self::KeyChange(_) | Self::KeyRotation(_) | Self::Erased(_) => unreachable!("the record writes it"),
        }
    }

    fn read(kind: Kind, reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let count = field_count(kind);
        reader
            .fields(count.ok_or_else(|| reader.error("is no message of the channel protocol; the record reads it"))?)?;
        match kind {
            Kind::Genesis | Kind::KeyChange | Kind::KeyRotation | Kind::Erased | Kind::Notice => {
                Notice::read(reader).map(Self::Notice)
            }
            Kind::ReadBack => {
                let (notice, content) = read_cited(reader, "notice")?;
                Ok(Self::ReadBack { notice, content })
            }
            Kind::Conflict => read_conflict(reader),
            Kind::Proposal => read_proposal(reader),
            Kind::Acceptance => {
                let (proposal, content) = read_cited(reader, "proposal")?;
                Ok(Self::Acceptance { proposal, content })
            }
            Kind::Stop => Stop::read(reader).map(Self::Stop),
            Kind::StopRung => StopRung::read(reader).map(Self::StopRung),
            Kind::StopLifted => {
                reader.key(0, "stop")?;
                Ok(Self::StopLifted { stop: reader.hash()? })
            }
            Kind::Suspend => {
                reader.key(0, "reason")?;
                let reason = reader.text(REASON_MAX)?;
                if reason.trim().is_empty() {
                    return Err(reader.error("is empty; the counterpart has a right to know why"));
                }
                Ok(Self::Suspend { reason })
            }
            Kind::Resume => {
                reader.key(0, "suspends")?;
                let suspends = reader.hashes(2)?;
                if suspends.is_empty() || !suspends.is_sorted_by(|a, b| a < b) {
                    return Err(reader.error("is not one or two leaf hashes, ascending"));
                }
                Ok(Self::Resume { suspends })
            }
            Kind::Reconciled => Reconciled::read(reader).map(Self::Reconciled),
            Kind::Anchor => Anchor::read(reader).map(Self::Anchor),
            Kind::Witnessed => Witnessed::read(reader).map(Self::Witnessed),
            Kind::Overdue => {
                reader.key(0, "notice")?;
                Ok(Self::Overdue { notice: reader.hash()? })
            }
            Kind::Watch => Watch::read(reader).map(Self::Watch),
            Kind::TestCall => Ok(Self::TestCall),
            Kind::TestAnswer => {
                reader.key(0, "call")?;
                Ok(Self::TestAnswer { call: reader.hash()? })
            }
            Kind::Propagation => Propagation::read(reader).map(Self::Propagation),
            Kind::Protected => Protected::read(reader).map(Self::Protected),
            Kind::PositionForms => read_forms(reader),
            Kind::ListReceipt => ListReceipt::read(reader).map(Self::ListReceipt),
            Kind::WatchBill => WatchBill::read(reader).map(Self::WatchBill),
            Kind::Period => Period::read(reader).map(Self::Period),
            Kind::Crossing => CrossingReport::read(reader).map(Self::Crossing),
            Kind::CrossingDispute => CrossingDispute::read(reader).map(Self::CrossingDispute),
            Kind::Commitment => Commitment::read(reader).map(Self::Commitment),
            Kind::CommitmentFinding => CommitmentFinding::read(reader).map(Self::CommitmentFinding),
            Kind::Statement => Statement::read(reader).map(Self::Statement),
            Kind::Assurance => Assurance::read(reader).map(Self::Assurance),
            Kind::Case => CaseReport::read(reader).map(Self::Case),
            Kind::CaseEntry => CaseEntry::read(reader).map(Self::CaseEntry),
            Kind::AgendaItem => AgendaItem::read(reader).map(Self::AgendaItem),
            Kind::AgendaEntry => AgendaEntry::read(reader).map(Self::AgendaEntry),
            Kind::Hotline => Hotline::read(reader).map(Self::Hotline),
        }
    }
}

/// Fields of a body of that kind; none of one whose form belongs to the record.
fn field_count(kind: Kind) -> Option<u64> {
    match kind {
        Kind::Genesis | Kind::KeyChange | Kind::KeyRotation | Kind::Erased => None,
        Kind::Statement => Some(8),
        Kind::Notice | Kind::Crossing => Some(6),
        Kind::Stop | Kind::Protected | Kind::Commitment => Some(5),
        Kind::Proposal
        | Kind::Anchor
        | Kind::Propagation
        | Kind::CrossingDispute
        | Kind::CommitmentFinding
        | Kind::Assurance
        | Kind::Case => Some(4),
        Kind::Conflict | Kind::StopRung | Kind::Watch | Kind::Period | Kind::CaseEntry | Kind::AgendaEntry => Some(3),
        Kind::ReadBack
        | Kind::Acceptance
        | Kind::Reconciled
        | Kind::Witnessed
        | Kind::PositionForms
        | Kind::ListReceipt
        | Kind::AgendaItem => Some(2),
        Kind::StopLifted
        | Kind::Suspend
        | Kind::Resume
        | Kind::Overdue
        | Kind::TestAnswer
        | Kind::WatchBill
        | Kind::Hotline => Some(1),
        Kind::TestCall => Some(0),
    }
}

/// A leaf hash under the key 0 and the hash of its content under the key 1.
fn read_cited(reader: &mut Reader<'_>, field: &'static str) -> Result<(Hash, Hash), CodecError> {
    reader.key(0, field)?;
    let cited = reader.hash()?;
    reader.key(1, "content")?;
    Ok((cited, reader.hash()?))
}

fn read_forms(reader: &mut Reader<'_>) -> Result<Message, CodecError> {
    reader.key(0, "notice")?;
    let notice = reader.hash()?;
    reader.key(1, "forms")?;
    let count = reader.array(FORMS_MAX)?;
    let forms = (0..count).map(|_| reader.text(FORM_MAX)).collect::<Result<Vec<_>, _>>()?;
    if forms.is_empty() || forms.iter().any(|form| form.trim().is_empty()) {
        return Err(reader.error("is no form, or one that is empty"));
    }
    Ok(Message::PositionForms { notice, forms })
}

fn read_conflict(reader: &mut Reader<'_>) -> Result<Message, CodecError> {
    let key = read_key(reader)?;
    reader.key(1, "window")?;
    reader.tuple(2)?;
    let window = TimeWindow::new(UtcNanos(reader.i64()?), UtcNanos(reader.i64()?))
        .map_err(|error| reader.error(error.to_string()))?;
    reader.key(2, "volume_pairs")?;
    Ok(Message::Conflict { key, window, volume_pairs: reader.u64()? })
}

fn read_proposal(reader: &mut Reader<'_>) -> Result<Message, CodecError> {
    let key = read_key(reader)?;
    reader.key(1, "notice")?;
    let notice = reader.hash()?;
    reader.key(2, "remedy")?;
    let remedy = reader.choice(&Remedy::ALL)?;
    reader.key(3, "volumes")?;
    Ok(Message::Proposal { key, notice, remedy, volumes: read_volumes(reader)? })
}

fn write_key(writer: &mut Writer<'_>, key: &ConflictKey) -> Written {
    writer.array(2)?.bytes(&key.0.0)?.bytes(&key.1.0)?.ok()
}

fn read_key(reader: &mut Reader<'_>) -> Result<ConflictKey, CodecError> {
    reader.key(0, "versions")?;
    reader.tuple(2)?;
    Ok(ConflictKey::new(reader.hash()?, reader.hash()?))
}
