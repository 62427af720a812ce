//! Carriage of a channel's frames by file, for parties without a link: which frames and answers go into a file, and what
//! an answer means that came in one. Nothing of an own log is given away before the counterpart said, to a question
//! asked since the start, that it holds a beginning of it: a node out of an old backup would sign a second history.

use skypact_record::{Hash, LogClass, SignedCheckpoint, counted};

use crate::act_keys::ActKeys;
use crate::decide::{Context, Rejection};
use crate::frame::{FrameAnswer, FrameError, VerifiedReceipt};
use crate::frames_file::FramesHead;
use crate::log::LogRef;
use crate::pact::Pact;
use crate::recovery::RecoveryError;
use crate::station::Station;

/// What a node knows since its start of what its counterpart holds. All of it is forgotten with the process, on purpose:
/// what was true before a start may have been said to another store.
#[derive(Debug)]
pub struct Carriage {
    question: [u8; 16],
    asked: Option<[u8; 16]>,
    heard: [Heard; 4],
    /// Of which logs the counterpart said, since the start, that it holds a beginning.
    confirmed: [bool; 4],
}

/// What the counterpart said since the start that it holds of an own log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Heard {
    /// Nothing yet.
    #[default]
    Nothing,
    /// This many entries, and they are the beginning of the log.
    Holds(u64),
    /// This many entries, and they are not.
    Contradicts(u64),
}

/// From where on the own logs are exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFrom {
    /// From what the counterpart is known to hold.
    Known,
    /// The routine log from this size on, the urgent one from what is known.
    Size(u64),
    /// From the beginning.
    Start,
}

/// What of the own logs goes into a file. Answers go in any case: they say what is held, and nothing new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnLogs {
    /// All that is asked for, if the counterpart said since the start what it holds; otherwise it is refused.
    IfHeard,
    /// Nothing of them: the question in the head alone.
    Withheld,
    /// All that is asked for: a person answers for this store being the newest one.
    Trusted,
}

/// A run of one own log for a file: entries, then the checkpoint at their end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The log.
    pub log: LogRef,
    /// First entry.
    pub start: u64,
    /// Behind the last entry.
    pub end: u64,
}

/// Why something cannot be carried by file.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CarriageError {
    /// The file is of another channel.
    #[error(
        "file: belongs to channel {stated}, this is {channel}; name the channel that it is for, or ask for the right file"
    )]
    WrongChannel {
        /// Channel of the file.
        stated: Hash,
        /// This one.
        channel: Hash,
    },
    /// The file was not written by the counterpart.
    #[error("file: was written by {sender}, and is not for {party}; import files of {counterpart} here")]
    NotForThisParty {
        /// Who wrote it.
        sender: String,
        /// This node's party.
        party: String,
        /// The other one.
        counterpart: String,
    },
    /// The counterpart said nothing about a log since the start.
    #[error(
        "log {origin}: the counterpart has not said since this node's start what it holds; export with --answers-only, and import the file that comes back. If this store is the newest one and not out of a backup, say so with --store-is-newest"
    )]
    Unheard {
        /// The log.
        origin: String,
    },
    /// A size beyond the end of the log.
    #[error("from: log {origin} has {}; give that or less", counted(*size, "entry"))]
    BeyondLog {
        /// The log.
        origin: String,
        /// Its size.
        size: u64,
    },
    /// An answer about a log that this node does not write, or without the counterpart's receipt over what it says.
    #[error("answer: {reason}")]
    NotAnAnswer {
        /// What is wrong.
        reason: &'static str,
    },
    /// What the counterpart holds is not the beginning of an own log.
    #[error(
        "log {origin}: the counterpart holds {}, not the beginning of this log; nothing of it leaves this node. If this store came out of a backup, put the newest one back; otherwise compare the logs with the counterpart",
        counted(*held, "entry")
    )]
    Behind {
        /// The log.
        origin: String,
        /// Entries that the counterpart says it holds.
        held: u64,
    },
    /// A note does not hold.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// This store is an old one, or it is not known yet whether it is.
    #[error(transparent)]
    HeldBack(#[from] RecoveryError),
    /// The channel's rules refuse it.
    #[error(transparent)]
    Refused(#[from] Rejection),
}

impl CarriageError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::WrongChannel { .. } => "frames-wrong-channel",
            Self::NotForThisParty { .. } => "frames-not-for-this-party",
            Self::Unheard { .. } => "counterpart-unheard",
            Self::BeyondLog { .. } => "field-invalid",
            Self::NotAnAnswer { .. } => "answer-malformed",
            Self::Behind { .. } => "store-behind",
            Self::Frame(error) => error.code(),
            Self::HeldBack(error) => error.code(),
            Self::Refused(rejection) => rejection.code(),
        }
    }
}

/// An answer whose receipt holds and covers what the answer says.
#[derive(Debug, Clone)]
pub struct VerifiedAnswer {
    answer: FrameAnswer,
    receipt: VerifiedReceipt,
}

impl VerifiedAnswer {
    /// Checks what needs no state but the keys of the logs. In a file nobody but the mirror's key speaks for the counterpart, so that what the
    /// answer says has to be what that key signed.
    pub fn verify(answer: FrameAnswer, pact: &Pact, keys: &ActKeys) -> Result<Self, CarriageError> {
        let receipt = VerifiedReceipt::verify(&answer.note, pact, keys)?;
        if !receipt.mirrored {
            return Err(CarriageError::NotAnAnswer { reason: "is not signed by the counterpart's mirror key" });
        }
        if (receipt.checkpoint.size, receipt.checkpoint.root) != (answer.held, answer.root) {
            return Err(CarriageError::NotAnAnswer { reason: "says something else than its receipt" });
        }
        Ok(Self { answer, receipt })
    }
}

impl Carriage {
    /// What a node knows at its start; `question` is drawn at random then.
    pub fn new(question: [u8; 16]) -> Self {
        Self { question, asked: None, heard: [Heard::default(); 4], confirmed: [false; 4] }
    }

    /// Takes in what the counterpart says now of an own log.
    pub fn heard_by_link(&mut self, log: LogRef, heard: Heard) {
        self.confirmed[log.place()] |= matches!(heard, Heard::Holds(_));
        self.heard[log.place()] = heard;
    }

    /// Whether the counterpart said at any time since the start that it holds a beginning of a log.
    pub fn was_confirmed(&self, log: LogRef) -> bool {
        self.confirmed[log.place()]
    }

    /// Whether what the counterpart said last of a log is not a beginning of it.
    pub fn is_contradicted(&self, log: LogRef) -> bool {
        matches!(self.heard[log.place()], Heard::Contradicts(_))
    }

    /// The head of a file of this node.
    pub fn head(&self, station: &Station) -> FramesHead {
        let channel = station.channel();
        let (pact, me) = (channel.pact(), channel.me());
        let sender = pact.party_name(me).to_owned();
        FramesHead { channel: pact.channel(), sender, question: self.question, reply: self.asked }
    }

    /// Whether a file may be imported here, and whether it answers to what was asked since the start.
    pub fn open(&mut self, station: &Station, head: &FramesHead) -> Result<bool, CarriageError> {
        let (pact, me) = (station.channel().pact(), station.channel().me());
        if head.channel != pact.channel() {
            return Err(CarriageError::WrongChannel { stated: head.channel, channel: pact.channel() });
        }
        let (party, counterpart) = (pact.party_name(me).to_owned(), pact.party_name(1 - me).to_owned());
        if head.sender != counterpart {
            return Err(CarriageError::NotForThisParty { sender: head.sender.clone(), party, counterpart });
        }
        self.asked = Some(head.question);
        Ok(head.reply == Some(self.question))
    }

    /// Keeps the receipt of an answer. If the file was `fresh`, what it says is what the counterpart holds now; what an
    /// older one says stays true as a receipt, and says nothing of what the counterpart took since.
    pub fn hear(
        &mut self,
        station: &mut Station,
        said: VerifiedAnswer,
        fresh: bool,
        context: &mut Context<'_>,
    ) -> Result<(), CarriageError> {
        let VerifiedAnswer { answer, receipt } = said;
        let log = receipt.log;
        if log.party != station.channel().me() {
            return Err(CarriageError::NotAnAnswer { reason: "is about a log that this node does not write" });
        }
        if !station.begins_with(log, &answer) {
            self.heard[log.place()] = Heard::Contradicts(answer.held);
            return Err(behind(station, log, answer.held));
        }
        station.keep(receipt, context)?;
        if fresh {
            station.confirm(log);
            self.heard_by_link(log, Heard::Holds(answer.held));
        }
        Ok(())
    }

    /// What of the own logs goes into a file.
    pub fn runs(&self, station: &Station, from: ExportFrom, own: OwnLogs) -> Result<Vec<Run>, CarriageError> {
        if own == OwnLogs::Withheld {
            return Ok(Vec::new());
        }
        let (channel, mut runs) = (station.channel(), Vec::new());
        for log in LogRef::ALL.into_iter().filter(|log| log.party == channel.me()) {
            let state = channel.log(log);
            let known = self.known(station, log, own == OwnLogs::Trusted)?;
            let start = match from {
                ExportFrom::Start => 0,
                ExportFrom::Size(size) if log.class == LogClass::Routine => size,
                ExportFrom::Known | ExportFrom::Size(_) => known,
            };
            if start > state.size() {
                return Err(CarriageError::BeyondLog { origin: origin(station, log), size: state.size() });
            }
            runs.push(Run { log, start, end: state.size() });
        }
        Ok(runs)
    }

    /// How much of an own log the counterpart is known to hold; an error when nothing of it may leave. `is_trusted`: a person
    /// answers for this store being the newest one.
    pub fn known(&self, station: &Station, log: LogRef, is_trusted: bool) -> Result<u64, CarriageError> {
        match station.held_back(log) {
            // Whoever answers for the store does not know of the wait; no answer makes up for a head that is missing.
            Some(RecoveryError::WitnessesUnheard { .. }) if is_trusted => {}
            Some(held_back) => return Err(held_back.into()),
            None => {}
        }
        match self.heard[log.place()] {
            Heard::Holds(size) => Ok(size),
            Heard::Contradicts(held) => Err(behind(station, log, held)),
            Heard::Nothing if is_trusted => Ok(station.channel().log(log).delivered),
            Heard::Nothing => Err(CarriageError::Unheard { origin: origin(station, log) }),
        }
    }

    /// The answer about a log of the counterpart out of the newest receipt, which is kept with the log and covers all that
    /// is held of it. While nothing is held there is none: no note can say so.
    pub fn answer(station: &Station, log: LogRef, receipt: Vec<u8>) -> Option<FrameAnswer> {
        let held = SignedCheckpoint::parse(&receipt).ok()?.checkpoint().size;
        let root = station.channel().log(log).tree.root_at(held).ok()?;
        Some(FrameAnswer { held, note: receipt, root })
    }
}

fn origin(station: &Station, log: LogRef) -> String {
    station.channel().pact().log_keys(log).origin.to_string()
}

fn behind(station: &Station, log: LogRef, held: u64) -> CarriageError {
    CarriageError::Behind { origin: origin(station, log), held }
}
