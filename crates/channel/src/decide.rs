//! What a node does about a command: pure decisions over the committed state. A decision lists entries to place and
//! entries to mirror; a rejection names what is wrong and changes nothing.

use skypact_airspace::UtcNanos;
use skypact_record::{Hash, KeyChangeError, KeyError, KeyRole, Label, LogClass, counted};

use crate::assurance::AssuranceAct;
use crate::board::Misfit;
use crate::channel::Channel;
use crate::codec::CodecError;
use crate::draft::{Draft, Entropy, Facts, Submission};
use crate::erasure::ErasureError;
use crate::frame::{VerifiedEntry, VerifiedFrame, VerifiedReceipt};
use crate::hotline::Hotline;
use crate::kind::Kind;
use crate::log::LogRef;
use crate::message::Message;
use crate::notice::{Notice, NoticeAct};
use crate::phrasebook;
use crate::propagation::Propagation;
use crate::protected::Protected;

/// What may be asked of a channel.
#[derive(Debug)]
pub enum Command {
    /// Begin: entry 0, the genesis, in each own log that has none.
    Open,
    /// Record an officer's act.
    Submit(Box<Submission>),
    /// Take in entries of the counterpart.
    Receive(Box<VerifiedFrame>),
    /// Take in the counterpart's receipt, or a witness's cosignature, over one of the logs.
    Receipt(Box<VerifiedReceipt>),
}

/// What comes in from the edge with a command.
pub struct Context<'a> {
    /// Now, by the node's clock.
    pub now: UtcNanos,
    /// Ids and salts for what the node itself says.
    pub entropy: &'a mut dyn Entropy,
}

/// What follows from a command.
#[derive(Debug)]
pub enum Decision {
    /// Acts of the node itself, to be signed with its key and placed.
    Say(Vec<Draft>),
    /// An officer's act, to be placed.
    Place(Box<Submission>),
    /// Entries of the counterpart to be stored behind those that are held, `skip` of the frame's being held already,
    /// and a receipt to be given for its checkpoint.
    Mirror {
        /// The frame.
        frame: Box<VerifiedFrame>,
        /// How many of its first entries are held already.
        skip: usize,
    },
    /// A receipt to be kept.
    Keep(Box<VerifiedReceipt>),
}

/// Why a command is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The act is of another channel, party, epoch or log.
    #[error("{field}: is not this channel's; fetch the channel's facts and sign again")]
    WrongFacts {
        /// Which field of the act.
        field: &'static str,
    },
    /// The act is signed by a key that may not sign such an act of this party now.
    #[error(
        "signature: key {key} is no {role} key of this party that may sign here, by the pact and the key changes since; sign with one that may"
    )]
    MayNotSign {
        /// Key id of the signature.
        key: String,
        /// Whose key it would have to be.
        role: KeyRole,
    },
    /// The watch bill names somebody who is no officer of this party.
    #[error(
        "turns: {officer} has no officer's key of this party that may sign; correct the name, or add the officer first"
    )]
    NoSuchOfficer {
        /// Who is named.
        officer: String,
    },
    /// A unit of that name is known, but for case or spacing.
    #[error("unit: '{unit}' is not named for this notice, but '{likely}' is; write it like that if it is meant")]
    UnitAlike {
        /// What the act names.
        unit: String,
        /// What was named before.
        likely: String,
    },
    /// The phrase book of this release has no such phrase: what nobody can read is not said.
    #[error("code: {code} is no phrase of this edition; see 'skypact hotline phrases', or say it in free text")]
    PhraseUnknown {
        /// What was given.
        code: u16,
    },
    /// The parameters are not those of the phrase.
    #[error("parameters: phrase {code} has {wanted}; give these, in this order")]
    PhraseUnlike {
        /// Code of the phrase.
        code: u16,
        /// What its parameters are.
        wanted: String,
    },
    /// The key change breaks a rule.
    #[error(transparent)]
    Keys(#[from] KeyChangeError),
    /// What is to be erased may not go.
    #[error(transparent)]
    Erasure(#[from] ErasureError),
    /// The signature or a commitment does not hold.
    #[error("act: {reason}")]
    Invalid {
        /// What is wrong.
        reason: String,
    },
    /// The message id was used before: the act is recorded already, or an id was repeated.
    #[error("message_id: was used before; the act is recorded already, or draw a new id")]
    MessageRepeated,
    /// This kind of message is not filed by officers.
    #[error("kind: {kind} is no act of an officer")]
    WrongKind {
        /// What the act says.
        kind: u16,
    },
    /// The body cannot be read.
    #[error(transparent)]
    Unreadable(#[from] CodecError),
    /// The message does not fit the board.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// The activity would be over before it is announced.
    #[error("volumes: the last window ended {ended_ns} ns after the epoch, before now ({now_ns}); correct the times")]
    InThePast {
        /// End of the last window.
        ended_ns: i64,
        /// Now.
        now_ns: i64,
    },
    /// What an officer wants to do needs a channel that is not suspended.
    #[error("the channel is suspended: {kind} would bind the parties; wait for the resumption")]
    Suspended {
        /// What it is.
        kind: &'static str,
    },
    /// This party has suspended the channel already.
    #[error("the channel is suspended by this party already, and not resumed; there is nothing to add")]
    SuspendedAlready,
    /// There is nothing to resume.
    #[error("the channel is not suspended; there is nothing to resume")]
    NotSuspended,
    /// A RESUME has to answer all suspensions that stand.
    #[error("suspends: another suspension has come in the meantime; read its reason, and answer all that stand")]
    OtherSuspension,
    /// It cites both own logs, and after a start nobody but the counterpart can say whether they are whole.
    #[error(
        "NOT RECORDED, log {origin}: the counterpart has not said since this node's start what it holds of it, and a {kind} cites both own logs; do it again when the link answers, or when a file of the counterpart's that answers to one of this run is imported. STOP waits for nothing"
    )]
    Unconfirmed {
        /// The log.
        origin: String,
        /// What was to be done.
        kind: &'static str,
    },
    /// More entries in a time than the pact allows. Nothing is lost: they are taken later.
    #[error("quota: more entries in an hour than the {per_hour} of the pact; send the same again in {wait_s} s")]
    QuotaExceeded {
        /// What the pact allows.
        per_hour: u64,
        /// When they will be taken, s.
        wait_s: u64,
    },
    /// Entries are missing between what is held and what came.
    #[error("frame: begins at {start}, after the {} held here; send from {held}", counted(*held, "entry"))]
    Gap {
        /// Where the frame begins.
        start: u64,
        /// Size of what is held.
        held: u64,
    },
    /// The entries do not give the root that the checkpoint signs, or a signed checkpoint contradicts what is held.
    #[error(
        "log {origin}: the signed checkpoint of size {size} has root {stated}, the entries give {computed}; unless it was damaged on its way, the log was forked: see the proof"
    )]
    RootDiffers {
        /// The log.
        origin: String,
        /// Size of the checkpoint.
        size: u64,
        /// Root that it signs.
        stated: Hash,
        /// Root of the entries.
        computed: Hash,
    },
    /// The checkpoint is right, and under a key that another one has taken the place of, or that is not in force yet.
    #[error(
        "log {origin}: the checkpoint of size {size} is not under the key that is in force at that size; sign it with that one"
    )]
    CheckpointKey {
        /// The log.
        origin: String,
        /// Size of the checkpoint.
        size: u64,
    },
    /// A rotation names a key that this node cannot sign with: it could sign no head from there on.
    #[error("key {key} is named by the rotation, and its file is not in this node's keys/; put it there first")]
    KeyNotHeld {
        /// Id of the key.
        key: String,
    },
    /// The checkpoint speaks of entries that did not come with it.
    #[error("log {origin}: a checkpoint of size {size} came with entries up to {end} only")]
    SizeDiffers {
        /// The log.
        origin: String,
        /// Size of the checkpoint.
        size: u64,
        /// Where the entries end.
        end: u64,
    },
}

impl Rejection {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::WrongFacts { .. } => "wrong-channel-facts",
            // The code is as old as the format: most who may not sign are no officers.
            Self::MayNotSign { .. } => "not-an-officer",
            Self::NoSuchOfficer { .. } => "officer-unknown",
            Self::PhraseUnknown { .. } => "phrase-unknown",
            Self::PhraseUnlike { .. } => "phrase-unlike",
            Self::UnitAlike { .. } => "unit-alike",
            Self::Keys(error) => error.code(),
            Self::Erasure(error) => error.code(),
            Self::Invalid { .. } => "act-invalid",
            Self::MessageRepeated => "message-repeated",
            Self::WrongKind { .. } => "wrong-kind",
            Self::Unreadable(error) => error.code(),
            Self::Misfit(misfit) => misfit.code(),
            Self::InThePast { .. } => "window-in-the-past",
            Self::Suspended { .. } => "channel-suspended",
            Self::SuspendedAlready => "suspended-already",
            Self::NotSuspended => "not-suspended",
            Self::OtherSuspension => "suspension-replaced",
            Self::Unconfirmed { .. } => "logs-unconfirmed",
            Self::QuotaExceeded { .. } => "quota-exceeded",
            Self::Gap { .. } => "frame-gap",
            Self::RootDiffers { .. } => "root-differs",
            Self::CheckpointKey { .. } => "checkpoint-key",
            Self::KeyNotHeld { .. } => "key-not-held",
            Self::SizeDiffers { .. } => "checkpoint-size-differs",
        }
    }

    /// The field that is at fault, where there is one.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::WrongFacts { field } => Some(field),
            Self::MayNotSign { .. } => Some("signature"),
            Self::NoSuchOfficer { .. } => Some("turns"),
            Self::PhraseUnknown { .. } => Some("code"),
            Self::PhraseUnlike { .. } => Some("parameters"),
            Self::UnitAlike { .. } => Some("unit"),
            Self::Keys(_) | Self::KeyNotHeld { .. } => Some("key_change"),
            Self::Erasure(_) => Some("bodies"),
            Self::Invalid { .. } => Some("act"),
            Self::MessageRepeated => Some("message_id"),
            Self::WrongKind { .. } => Some("kind"),
            Self::Unreadable(error) => Some(error.field),
            Self::InThePast { .. } => Some("volumes"),
            Self::OtherSuspension => Some("suspends"),
            _ => None,
        }
    }
}

impl Channel {
    /// Decides about a command. Changes nothing.
    pub fn decide(&self, command: Command, context: &mut Context<'_>) -> Result<Decision, Rejection> {
        match command {
            Command::Open => Ok(Decision::Say(self.opening(context))),
            Command::Submit(submission) => {
                self.check_submission(&submission, context.now)?;
                Ok(Decision::Place(submission))
            }
            Command::Receive(frame) => {
                let skip = self.check_frame(&frame)?;
                Ok(Decision::Mirror { frame, skip })
            }
            Command::Receipt(receipt) => {
                let size = receipt.checkpoint.size;
                let held = self.log(receipt.log).size();
                if size > held {
                    return Err(Rejection::SizeDiffers { origin: self.origin(receipt.log), size, end: held });
                }
                self.check_root(receipt.log, size, receipt.checkpoint.root)?;
                Ok(Decision::Keep(receipt))
            }
        }
    }

    /// The next thing that this node has to say of its own accord: that the logs agree after a resumption, in each of its
    /// logs, where it may cite them (`may_cut`); else a conflict that it found and has not recorded.
    pub fn finding(&self, may_cut: bool, context: &mut Context<'_>) -> Option<Draft> {
        if let Some(draft) = may_cut.then(|| self.opening_of_epoch(context)).flatten() {
            return Some(draft);
        }
        let (key, conflict) = self.board().unfiled(self.me())?;
        let message = Message::Conflict { key, window: conflict.window, volume_pairs: conflict.volume_pairs };
        Some(Draft::new(&self.facts(), &message, key.versions().to_vec(), context.now, context.entropy))
    }

    fn opening_of_epoch(&self, context: &mut Context<'_>) -> Option<Draft> {
        let reconciled = self.reconciliation()?;
        let facts = self.facts();
        let log_class = LogClass::ALL.into_iter().find(|class| facts.epoch(*class) == self.epoch())?;
        let references = reconciled.resumes.to_vec();
        let draft = Draft::new(&facts, &Message::Reconciled(reconciled), references, context.now, context.entropy);
        let mut draft = draft.in_log(&facts, log_class);
        draft.act.epoch += 1;
        Some(draft)
    }

    fn opening(&self, context: &mut Context<'_>) -> Vec<Draft> {
        let facts = Facts { epochs: [0; 2], ..self.facts() };
        let empty = [LogClass::Routine, LogClass::Urgent]
            .into_iter()
            .filter(|class| self.log(LogRef { party: self.me(), class: *class }).size() == 0);
        empty
            .map(|class| {
                let body = self.pact().encode();
                let drawn = (context.entropy.salt(), context.entropy.message_id(context.now));
                Draft::over_bytes(&facts, Kind::Genesis.wire(), body, Vec::new(), context.now, drawn)
                    .in_log(&facts, class)
            })
            .collect()
    }

    fn check_submission(&self, submission: &Submission, now: UtcNanos) -> Result<(), Rejection> {
        let act = submission.act.act();
        let facts = self.facts();
        let fields = [
            ("channel", act.channel == facts.channel),
            ("epoch", act.epoch == facts.epoch(act.log_class)),
            ("author", act.author == facts.author),
            ("log_class", Kind::from_wire(act.kind).is_none_or(|kind| kind.belongs_in(act.log_class))),
        ];
        if let Some((field, _)) = fields.into_iter().find(|(_, holds)| !holds) {
            return Err(Rejection::WrongFacts { field });
        }
        let kind = Kind::from_wire(act.kind).filter(|kind| !matches!(kind.signer(), KeyRole::Node));
        let kind = kind.ok_or(Rejection::WrongKind { kind: act.kind })?;
        let key_id = submission.act.signature().key_id;
        let log = LogRef { party: self.me(), class: act.log_class };
        let signer = self.key(log, key_id).filter(|key| key.role == kind.signer());
        let signer = signer.ok_or_else(|| Rejection::MayNotSign { key: key_id.to_string(), role: kind.signer() })?;
        let invalid = |error: KeyError| Rejection::Invalid { reason: error.to_string() };
        submission.act.verify(&signer.key).map_err(invalid)?;
        if act.commitments != [submission.part.commitment()] {
            return Err(Rejection::Invalid { reason: "the body does not match its commitment; sign again".to_owned() });
        }
        if self.knows_message(self.me(), act.message_id) {
            return Err(Rejection::MessageRepeated);
        }
        let message = Message::decode(kind, &submission.part.bytes)?;
        match &message {
            Message::Notice(notice) | Message::Protected(Protected { notice, .. }) => check_times(notice, now)?,
            Message::Assurance(given) if given.act == AssuranceAct::Assures && given.end() < now => {
                return Err(Rejection::InThePast { ended_ns: given.end().0, now_ns: now.0 });
            }
            _ => {}
        }
        if let Message::WatchBill(bill) = &message {
            let mut officers = bill.turns.iter().map(|turn| &turn.officer);
            if let Some(officer) = officers.find(|officer| !self.has_officer(log, officer)) {
                return Err(Rejection::NoSuchOfficer { officer: officer.to_string() });
            }
        }
        if let Message::Hotline(said) = &message {
            check_phrase(said)?;
        }
        if let Message::Propagation(Propagation { notice, unit, .. }) = &message {
            let known = self.board().notice_of(notice).map(|state| &state.units[self.me()]);
            if let Some(likely) = known.and_then(|units| units.alike(unit)) {
                return Err(Rejection::UnitAlike { unit: unit.clone(), likely: likely.to_owned() });
            }
        }
        match &message {
            Message::CaseEntry(entry) => self.board().check_subject("case", &entry.case)?,
            Message::AgendaEntry(entry) => self.board().check_subject("item", &entry.item)?,
            _ => {}
        }
        if let Message::ListReceipt(receipt) = &message {
            receipt.check(&self.board().protected_list(1 - self.me()))?;
        }
        if let Message::KeyChange(change) = &message {
            self.keys().clone().apply(self.pact(), log, self.log(log).size(), change)?;
        }
        if let Message::KeyRotation(rotation) = &message {
            self.keys().clone().rotate(self.pact(), log, (self.log(log).size(), &[]), rotation)?;
        }
        if let Message::Erased(erased) = &message {
            self.check_erasing(erased)?;
        }
        self.check_suspension(&message)?;
        Ok(self.board().check(self.me(), &message)?)
    }

    /// Whether an officer of that name may sign the next act of a log.
    fn has_officer(&self, log: LogRef, officer: &Label) -> bool {
        let of_pact = self.pact().genesis().parties[log.party].keys.iter();
        let added = self.keys().history(log).added().map(|(_, key)| key);
        let mut named = of_pact.chain(added).filter(|key| key.role == KeyRole::Officer && key.label == *officer);
        named.any(|key| self.key(log, key.key.id()).is_some())
    }

    /// While a channel is suspended nothing new binds the parties; all that keeps people safe goes on.
    fn check_suspension(&self, message: &Message) -> Result<(), Rejection> {
        let suspension = self.suspensions().epoch(self.epoch());
        match message {
            Message::Acceptance { .. } if self.suspension().is_some() => {
                Err(Rejection::Suspended { kind: message.kind().name() })
            }
            Message::Suspend { .. } if suspension.is_suspended_by(self.me()) => Err(Rejection::SuspendedAlready),
            Message::Resume { .. } if !suspension.is_suspended() => Err(Rejection::NotSuspended),
            Message::Resume { suspends } if *suspends != suspension.newest() => Err(Rejection::OtherSuspension),
            _ => Ok(()),
        }
    }

    /// How many entries of the frame are held already; all that is signed must agree with what is held.
    fn check_frame(&self, frame: &VerifiedFrame) -> Result<usize, Rejection> {
        let log = self.log(frame.log);
        let (held, size) = (log.size(), frame.checkpoint.size);
        if frame.start > held {
            return Err(Rejection::Gap { start: frame.start, held });
        }
        let end = frame.start + frame.entries.len() as u64;
        let skip = (held - frame.start).min(frame.entries.len() as u64) as usize;
        for (index, entry) in (frame.start..).zip(&frame.entries[..skip]) {
            if log.tree.leaf(index) != Some(entry.hash) {
                return self
                    .check_root(frame.log, size.min(held), frame.checkpoint.root)
                    .and(Err(Rejection::SizeDiffers { origin: self.origin(frame.log), size, end }));
            }
        }
        if size <= held {
            self.check_root(frame.log, size, frame.checkpoint.root)?;
            self.check_signer(frame, &[])?;
            return if end <= held { Ok(skip) } else { Err(self.size_differs(frame, end)) };
        }
        if size != end {
            return Err(self.size_differs(frame, end));
        }
        let mut frontier = log.tree.frontier();
        for entry in &frame.entries[skip..] {
            frontier.push(entry.hash);
        }
        self.same_root(frame.log, size, frame.checkpoint.root, frontier.root())?;
        self.check_signer(frame, &frame.entries[skip..])?;
        Ok(skip)
    }

    /// The head is the log's; it has to be under the key that the log, with these new entries, has at that size: a note that is kept with
    /// another line would make every bundle of the log false.
    fn check_signer(&self, frame: &VerifiedFrame, new: &[VerifiedEntry]) -> Result<(), Rejection> {
        let mut keys = self.keys().clone();
        for entry in new {
            // What breaks a rule changes nothing.
            let _ = keys.take(self.pact(), frame.log, entry.entry.leaf.index, &entry.entry);
        }
        let size = frame.checkpoint.size;
        if keys.log_keys(self.pact(), frame.log, size).checkpoint == frame.signer {
            return Ok(());
        }
        Err(Rejection::CheckpointKey { origin: self.origin(frame.log), size })
    }

    fn origin(&self, log: LogRef) -> String {
        self.pact().log_keys(log).origin.to_string()
    }

    fn size_differs(&self, frame: &VerifiedFrame, end: u64) -> Rejection {
        Rejection::SizeDiffers { origin: self.origin(frame.log), size: frame.checkpoint.size, end }
    }

    fn check_root(&self, log: LogRef, size: u64, stated: Hash) -> Result<(), Rejection> {
        let computed = self.log(log).tree.root_at(size).expect("sizes up to that of the tree have roots");
        self.same_root(log, size, stated, computed)
    }

    fn same_root(&self, log: LogRef, size: u64, stated: Hash, computed: Hash) -> Result<(), Rejection> {
        if stated == computed {
            return Ok(());
        }
        Err(Rejection::RootDiffers { origin: self.origin(log), size, stated, computed })
    }
}

/// What is announced or changed must not be over already; ending and cancelling may come late.
/// What the own officers say is in the book; what the counterpart's say may be of a later edition.
fn check_phrase(said: &Hotline) -> Result<(), Rejection> {
    let Hotline::Phrase { code, parameters, .. } = said else { return Ok(()) };
    let phrase = phrasebook::phrase(*code).ok_or(Rejection::PhraseUnknown { code: *code })?;
    if phrase.fits(parameters) {
        return Ok(());
    }
    Err(Rejection::PhraseUnlike { code: *code, wanted: phrase.wanted() })
}

fn check_times(notice: &Notice, now: UtcNanos) -> Result<(), Rejection> {
    let ended = notice.window().end();
    if matches!(notice.act, NoticeAct::New | NoticeAct::Changed) && ended < now {
        return Err(Rejection::InThePast { ended_ns: ended.0, now_ns: now.0 });
    }
    Ok(())
}
