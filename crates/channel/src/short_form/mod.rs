//! The short form: one entry and the signed head behind it, or the answer to it, without anything that the other side can
//! derive from what it holds (docs/channel-protocol.md, section 14). For links of a few hundred bits a second, and for
//! dictation. What comes out is the same frame or answer, to the byte, and is checked as one: nothing here is believed.

mod answer;
mod bytes;
mod entry;

pub use self::answer::ShortAnswer;
use crate::channel::Channel;

/// Longest short form, in bytes.
pub const SHORT_FORM_MAX_BYTES: usize = 4_096;

/// What a short form is, as its first byte says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShortFormType {
    /// An entry of the sender's and its head. Number 1.
    Entry,
    /// What the sender holds of a log of the receiver's. Number 2.
    Answer,
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
    #[error("short form: index: entry {index} came, but only {held} entries are held; have entry {held} sent first")]
    Gap {
        /// Its index.
        index: u64,
        /// What is held of that log.
        held: u64,
    },
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
            Self::NotHeld { .. } => "short-form-not-held",
        }
    }
}

impl ShortFormType {
    /// What `bytes` say that they are.
    pub fn of(bytes: &[u8]) -> Result<Self, ShortFormError> {
        match bytes.first() {
            Some(1) => Ok(Self::Entry),
            Some(2) => Ok(Self::Answer),
            _ => Err(ShortFormError::Malformed { field: "type", offset: 0, reason: "is neither 1 nor 2" }),
        }
    }
}

impl Channel {
    /// How a short form names this channel.
    fn short_name(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = self.pact().channel().0;
        [a, b, c, d]
    }
}
