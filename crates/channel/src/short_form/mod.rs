//! The short form: one entry and the signed head behind it, or the answer to it, without anything that the other side can
//! derive from what it holds (docs/channel-protocol.md, section 14). For links of a few hundred bits a second, and for
//! dictation. What comes out is the same frame or answer, to the byte, and is checked as one: nothing here is believed.

mod answer;
mod bytes;
mod entry;
mod head;

use skypact_record::{Entry, LogClass};

pub use self::answer::ShortAnswer;
use self::bytes::Reader;
use crate::channel::Channel;
use crate::frame::Frame;
use crate::log::LogRef;

/// Longest short form, in bytes.
pub const SHORT_FORM_MAX_BYTES: usize = 4_096;

/// The flag of the urgent log.
const URGENT: u8 = 1;

/// What a short form is, as its first byte says.
#[derive(Debug, Clone, Copy)]
enum ShortFormType {
    /// An entry of the sender's and its head.
    Entry = 1,
    /// What the sender holds of a log of the receiver's.
    Answer = 2,
    /// A head of the sender's alone.
    Head = 3,
}

/// What the counterpart said in short form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShortForm {
    /// An entry of this log of its own, with the head behind it.
    Entry(LogRef, Frame),
    /// What it holds of one of this node's.
    Answer(ShortAnswer),
}

/// Why bytes are no short form, or none that can be completed here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShortFormError {
    /// Bytes that are no short form.
    #[error("short form: {field} at byte {offset}: {reason}")]
    Malformed {
        /// Name of the field as docs/channel-protocol.md spells it.
        field: &'static str,
        /// Where it begins.
        offset: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// It is of another channel.
    #[error("short form: channel: is of another channel; name the one that it is for")]
    WrongChannel,
    /// Entries before it are not held here.
    #[error(
        "short form: index: entry {index} came, and the next one here is entry {held}; have entry {held} sent first"
    )]
    Gap {
        /// Its index.
        index: u64,
        /// What is held of that log.
        held: u64,
    },
    /// It is one that this node wrote.
    #[error(
        "short form: is one of this node's own; the counterpart writes it down, and what the counterpart dictates is written down here"
    )]
    Own,
    /// It leaves out something that is not held here.
    #[error("short form: {field}: refers to what is not held here; have the frame sent in full")]
    NotHeld {
        /// Name of the field.
        field: &'static str,
    },
}

impl ShortFormError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "short-form-malformed",
            Self::WrongChannel => "frames-wrong-channel",
            Self::Gap { .. } => "frame-gap",
            Self::Own => "short-form-own",
            Self::NotHeld { .. } => "short-form-not-held",
        }
    }
}

impl Channel {
    /// What the counterpart said in short form, of whichever type. Nothing of it is checked yet but its form.
    pub fn read_short(&self, bytes: &[u8]) -> Result<ShortForm, ShortFormError> {
        if self.is_own_answer(bytes) || self.is_own_entry(bytes) {
            return Err(ShortFormError::Own);
        }
        if bytes.first() == Some(&(ShortFormType::Answer as u8)) {
            return self.read_answer(bytes).map(ShortForm::Answer);
        }
        let frame = self.complete_entry(1 - self.me(), bytes)?;
        let log = self.pact().log(&frame.origin).expect("a frame of a log of the pact");
        Ok(ShortForm::Entry(log, frame))
    }

    /// Whether it is of an entry that this node wrote.
    fn is_own_entry(&self, bytes: &[u8]) -> bool {
        let Ok(frame) = self.complete_entry(self.me(), bytes) else { return false };
        let own = self.pact().log(&frame.origin).and_then(|log| self.log(log).tree.leaf(frame.start));
        let entry = frame.entries.first().and_then(|entry| Entry::decode(entry).ok());
        own.is_some() && own == entry.map(|entry| entry.leaf.hash())
    }

    /// How a short form begins: its type, the channel, flags.
    fn begin_short(&self, of: ShortFormType, class: LogClass, flags: u8) -> Vec<u8> {
        let urgent = if class == LogClass::Urgent { URGENT } else { 0 };
        [&[of as u8][..], &self.short_name(), &[urgent | flags]].concat()
    }

    /// Reads what [`Channel::begin_short`] wrote: the log, and all flags, of which only those in `known` may be set.
    fn read_begin(&self, r: &mut Reader<'_>, of: ShortFormType, known: u8) -> Result<(LogClass, u8), ShortFormError> {
        if r.field("type").fixed()? != [of as u8] {
            return Err(r.error(match of {
                ShortFormType::Entry => "is not that of an entry",
                ShortFormType::Answer => "is not that of an answer",
                ShortFormType::Head => "is not that of a head",
            }));
        }
        if r.field("channel").fixed()? != self.short_name() {
            return Err(ShortFormError::WrongChannel);
        }
        let [flags] = r.field("flags").fixed()?;
        if flags & !(URGENT | known) != 0 {
            return Err(r.error("has bits of a later version"));
        }
        Ok((if flags & URGENT == 0 { LogClass::Routine } else { LogClass::Urgent }, flags))
    }

    /// How a short form names this channel: the first 4 bytes of its hash.
    fn short_name(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = self.pact().channel().0;
        [a, b, c, d]
    }
}
