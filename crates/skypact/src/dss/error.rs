//! What can go wrong when something is asked of a DSS.

use skypact_dss::{RecordedError, Rejection};
use skypact_record::{DecodeError, NoteError};

use crate::keys::KeyError;
use crate::storage::{CommitError, StoreError};

/// Why a DSS did not do what was asked, or cannot run.
#[derive(Debug, thiserror::Error)]
pub enum DssError {
    /// The rules of F3548-21 refuse it.
    #[error("{0}")]
    Refused(Box<Rejection>),
    /// Too many requests wait.
    #[error("the DSS has more requests than it can take; try again in a second")]
    Overloaded,
    /// The DSS is stopping, or no writer is there yet.
    #[error("the DSS is stopping or has no writer yet; try again in a second")]
    Stopped,
    /// The writer ended with the request in hand.
    #[error(
        "the writer ended before it answered, so it is unknown whether this was recorded; read it before you try again"
    )]
    OutcomeUnknown,
    /// The batch was not written; the process stops and starts again from storage.
    #[error("nothing was recorded: {reason}; the DSS stops now, start it again when that is mended")]
    NotRecorded {
        /// Stable code of the reason.
        code: &'static str,
        /// The reason.
        reason: String,
    },
    /// The machine's clock is behind what was recorded.
    #[error(
        "the clock of this machine is {behind_s} s behind the newest entry of the log; set it right, nothing is recorded until then"
    )]
    ClockBehind {
        /// How far, in seconds.
        behind_s: i64,
    },
    /// The body is longer than an entry can hold.
    #[error("body: has {bytes} bytes, more than {bytes_max}; send fewer vertices or OVNs")]
    BodyTooLong {
        /// Its length.
        bytes: usize,
        /// The longest that is taken.
        bytes_max: usize,
    },
    /// What is stored is not what was signed, or cannot be read.
    #[error("stored log {origin}, entry {index}: {reason}; run 'skypact doctor', or restore the file")]
    StoreDiffers {
        /// The journal.
        origin: String,
        /// The entry.
        index: u64,
        /// What differs.
        reason: String,
    },
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key file failed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A file or a thread failed.
    #[error("{what}: {reason}")]
    Machine {
        /// What failed.
        what: String,
        /// Why.
        reason: String,
    },
}

impl DssError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(rejection) => rejection.code(),
            Self::Overloaded => "overloaded",
            Self::Stopped => "dss-stopped",
            Self::OutcomeUnknown => "outcome-unknown",
            Self::NotRecorded { code, .. } => code,
            Self::ClockBehind { .. } => "clock-behind",
            Self::BodyTooLong { .. } => "body-too-long",
            Self::StoreDiffers { .. } => "store-differs",
            Self::Store(error) => error.code(),
            Self::Key(error) => error.code(),
            Self::Machine { .. } => "machine",
        }
    }

    /// What is stored is not what it should be.
    pub(super) fn differs(origin: &str, index: u64, reason: &dyn ToString) -> Self {
        Self::StoreDiffers { origin: origin.to_owned(), index, reason: reason.to_string() }
    }
}

impl From<Rejection> for DssError {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(Box::new(rejection))
    }
}

impl From<&CommitError> for DssError {
    fn from(error: &CommitError) -> Self {
        Self::NotRecorded { code: error.code(), reason: error.to_string() }
    }
}

/// Why stored bytes are no entry, before its place is known.
#[derive(Debug, thiserror::Error)]
pub(super) enum EntryFault {
    #[error(transparent)]
    Leaf(#[from] DecodeError),
    #[error(transparent)]
    Body(#[from] RecordedError),
    #[error(transparent)]
    Note(#[from] NoteError),
    #[error("{0}")]
    Other(&'static str),
}
