//! A channel's entries and receipts by voice (docs/channel-protocol.md, section 14): what is dictated to the counterpart, and
//! what was written down of what it dictated, which is taken in as if it had come over the link.

use skypact_channel::{
    Carriage, Channel, Dictation, DictationError, EntryRef, Frame, FrameAnswer, LogRef, ShortForm, VerifiedAnswer,
    dictate,
};
use skypact_record::{Hash, LogClass};

use super::bundle::entry_named;
use super::core::{CarriedItem, Member};
use super::courier::entry_of;
use super::peer::take_frame;
use super::round::origin;
use super::{NodeError, NodeHandle};
use crate::storage::{HeadKind, Store};

/// An own entry as lines to read out.
#[derive(Debug, Clone)]
pub struct Dictated {
    /// The lines.
    pub lines: Vec<String>,
    /// Which entry.
    pub entry: Spoken,
    /// First entry of its log that the counterpart has not signed for.
    pub delivered: u64,
    /// Entries of its log.
    pub size: u64,
}

/// An entry by its place.
#[derive(Debug, Clone)]
pub struct Spoken {
    /// Hash of its leaf.
    pub leaf: Hash,
    /// Origin of its log.
    pub origin: String,
    /// Index in that log.
    pub index: u64,
    /// Kind of its act.
    pub kind: u16,
}

/// What was written down. All of it is durable.
#[derive(Debug, Clone)]
pub enum WrittenDown {
    /// An entry of the counterpart's.
    Entry {
        /// Which entry.
        entry: Spoken,
        /// Whether it was not held before.
        is_new: bool,
        /// The receipt for all that is held of its log, as lines to read back.
        answer: Vec<String>,
    },
    /// The counterpart's receipt for one of this node's logs.
    Answer {
        /// Origin of the log.
        origin: String,
        /// How much of it the counterpart has signed for by now.
        delivered: u64,
        /// Entries of it.
        size: u64,
    },
}

/// What came, on its way to the core.
enum Heard {
    Entry { log: LogRef, frame: Frame, is_new: bool },
    Answer { log: LogRef, answer: FrameAnswer },
}

impl NodeHandle {
    /// The own entry that is named by its leaf hash or its first digits; without a name the next one that the counterpart has
    /// not signed for, of the urgent log first. `is_trusted`: a person answers for this store being the newest one.
    pub async fn dictate(&self, channel: &str, id: Option<String>, is_trusted: bool) -> Result<Dictated, NodeError> {
        let next = move |member: &Member, store: &dyn Store| spoken(member, store, id.as_deref(), is_trusted);
        let (log, size, dictated) = self.with_member(channel, next).await?;
        self.leave(channel.to_owned(), log, size).await?;
        Ok(dictated)
    }

    /// Takes in what the counterpart dictated, an entry or a receipt.
    pub async fn write_down(&self, channel: &str, lines: &[String]) -> Result<WrittenDown, NodeError> {
        let bytes = bytes_of(lines).map_err(|(position, error)| NodeError::Dictation { position, error })?;
        let unknown = || NodeError::UnknownChannel { channel: channel.to_owned() };
        let (pact, me) = self.pacts.get(channel).ok_or_else(unknown)?;
        match self.with_member(channel, move |member, _| hear(member, &bytes)).await? {
            Heard::Entry { log, frame, is_new } => {
                take_frame(self, channel, pact, 1 - me, &frame).await?;
                let receipt = move |member: &Member, store: &dyn Store| taken(member, store, log, frame.start, is_new);
                self.with_member(channel, receipt).await
            }
            Heard::Answer { log, answer } => {
                let keys = self.keys(channel).await?;
                let said = tokio::task::block_in_place(|| VerifiedAnswer::verify(answer, pact, &keys))?;
                // A receipt, and no more: it answers to no question of this run.
                self.carry(channel, CarriedItem::Answer(said, false)).await?;
                let stands = move |member: &Member, _: &dyn Store| {
                    let channel = member.station.channel();
                    let (origin, state) = (origin(channel, log).to_string(), channel.log(log));
                    Ok(WrittenDown::Answer { origin, delivered: state.delivered, size: state.size() })
                };
                self.with_member(channel, stands).await
            }
        }
    }
}

/// What lines say; what is wrong with the first bad one, or with the end.
fn bytes_of(lines: &[String]) -> Result<Vec<u8>, (usize, DictationError)> {
    let mut dictation = Dictation::default();
    for (position, line) in lines.iter().enumerate() {
        dictation.line(line).map_err(|error| (position, error))?;
    }
    dictation.finish().map_err(|error| (lines.len(), error))
}

/// The entry, with its log and the size of the head that is read out with it.
fn spoken(
    member: &Member,
    store: &dyn Store,
    id: Option<&str>,
    is_trusted: bool,
) -> Result<(LogRef, u64, Dictated), NodeError> {
    let (station, channel) = (&member.station, member.station.channel());
    let is_own = |at: &EntryRef| at.log.party == channel.me();
    let (log, index) = match id {
        Some(id) => entry_named(channel, "id", "entry of this party", id, is_own)?,
        None => next(channel).ok_or(NodeError::NothingToDictate)?,
    };
    member.carriage.known(station, log, is_trusted)?;
    let name = origin(channel, log).as_str();
    let stored = store.read(name, index, 1, usize::MAX)?.into_iter().next();
    let stored = stored.ok_or_else(|| differs(channel, log, format!("has no entry {index}")))?;
    let short = channel.shorten(&entry_of(name, stored)?, &station.checkpoint(log, index + 1));
    let lines = short.and_then(|bytes| dictate(&bytes));
    let lines = lines.ok_or_else(|| NodeError::TooLongToDictate { origin: name.to_owned(), index })?;
    let state = channel.log(log);
    let entry = place(channel, log, index)?;
    Ok((log, index + 1, Dictated { lines, entry, delivered: state.delivered, size: state.size() }))
}

/// The first own entry that the counterpart has not signed for, the urgent log before the routine one.
fn next(channel: &Channel) -> Option<(LogRef, u64)> {
    let mut logs = [LogClass::Urgent, LogClass::Routine].into_iter().map(|class| LogRef { party: channel.me(), class });
    let log = logs.find(|log| channel.log(*log).delivered < channel.log(*log).size())?;
    Some((log, channel.log(log).delivered))
}

fn hear(member: &Member, bytes: &[u8]) -> Result<Heard, NodeError> {
    let channel = member.station.channel();
    match channel.read_short(bytes)? {
        ShortForm::Entry(log, frame) => Ok(Heard::Entry { log, is_new: frame.start >= channel.log(log).size(), frame }),
        ShortForm::Answer(said) => {
            let log = LogRef { party: channel.me(), class: said.class };
            let head = member.station.checkpoint(log, said.size);
            Ok(Heard::Answer { log, answer: said.complete(head, &channel.log_keys(log, said.size)) })
        }
    }
}

/// What is said of an entry that is held by now.
fn taken(member: &Member, store: &dyn Store, log: LogRef, index: u64, is_new: bool) -> Result<WrittenDown, NodeError> {
    let channel = member.station.channel();
    let heads = store.heads(origin(channel, log).as_str())?;
    let receipt = heads.into_iter().find(|head| head.kind == HeadKind::Receipt);
    let answer = receipt.and_then(|receipt| Carriage::answer(&member.station, log, receipt.bytes));
    let short = answer.and_then(|answer| channel.shorten_answer(log.class, &answer));
    let answer = short.and_then(|bytes| dictate(&bytes));
    let answer = answer.ok_or_else(|| differs(channel, log, "has no receipt".to_owned()))?;
    Ok(WrittenDown::Entry { entry: place(channel, log, index)?, is_new, answer })
}

fn place(channel: &Channel, log: LogRef, index: u64) -> Result<Spoken, NodeError> {
    let leaf = channel.log(log).tree.leaf(index);
    let at = leaf.and_then(|leaf| Some((leaf, channel.entry(&leaf)?.kind)));
    let (leaf, kind) = at.ok_or_else(|| differs(channel, log, format!("has no entry {index}")))?;
    Ok(Spoken { leaf, origin: origin(channel, log).to_string(), index, kind })
}

fn differs(channel: &Channel, log: LogRef, reason: String) -> NodeError {
    NodeError::StoreDiffers { origin: origin(channel, log).to_string(), reason }
}
