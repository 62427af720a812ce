//! What can go wrong when something is asked of a node.

use skypact_channel::{
    CarriageError, DictationError, FrameError, FramesFileError, PactError, RecoveryError, Rejection, ShortFormError,
};
use skypact_record::counted;

use crate::keys::KeyError;
use crate::storage::{CommitError, StoreError};
use crate::transport::TransportError;

/// Most characters of a witness's own words in an error.
const WITNESS_CHARS_MAX: usize = 300;

/// Why a node did not do what was asked, or cannot run.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The channel's rules refuse it.
    #[error("{rejection}")]
    Refused {
        /// Place of the refused item in the request, from 0.
        position: usize,
        /// Why.
        rejection: Box<Rejection>,
    },
    /// A frame or note does not hold.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// There is no such channel here.
    #[error("channel {channel}: there is no pact of this name here; install it with 'skypact pact sign'")]
    UnknownChannel {
        /// What was asked for.
        channel: String,
    },
    /// No entry, or more than one, has such an id.
    #[error(
        "{field}: no {what}, or more than one, has an id that begins with {id}; give 6 or more digits, as the lists of notices, conflicts, STOPs and cases show them"
    )]
    UnknownEntry {
        /// The field that names it.
        field: &'static str,
        /// Which entries it was looked for among.
        what: &'static str,
        /// What was asked for.
        id: String,
    },
    /// The node is stopping or has stopped.
    #[error("the node is stopping; ask again when it is back")]
    Stopped,
    /// The batch was not written; the node stops and starts again from storage.
    #[error("nothing was recorded: {reason}; the node stops now, start it again when that is mended")]
    NotRecorded {
        /// Stable code of the reason.
        code: &'static str,
        /// The reason.
        reason: String,
    },
    /// What is stored is not what was signed.
    #[error(
        "stored log {origin}: {reason}; run 'skypact doctor', restore the file or ask the counterpart for its copy"
    )]
    StoreDiffers {
        /// The log.
        origin: String,
        /// What differs.
        reason: String,
    },
    /// What the counterpart holds of an own log is not a beginning of it.
    #[error(
        "log {origin}: the counterpart says that it holds {}, not the beginning of this log; nothing of it leaves this node. If this store came out of a backup, put the newest one back; otherwise compare the logs with the counterpart",
        counted(*held, "entry")
    )]
    Behind {
        /// The log.
        origin: String,
        /// Entries that the counterpart says it holds.
        held: u64,
    },
    /// Something cannot be carried by file.
    #[error(transparent)]
    Carriage(#[from] CarriageError),
    /// A file of frames cannot be read.
    #[error(transparent)]
    FramesFile(#[from] FramesFileError),
    /// The counterpart has signed for all.
    #[error("the counterpart has signed for all that this node wrote; name an entry by its id to dictate it once more")]
    NothingToDictate,
    /// An entry that nobody could dictate.
    #[error("entry {index} of {origin} is too long to dictate; carry it by file ('skypact channel export-frames')")]
    TooLongToDictate {
        /// The log.
        origin: String,
        /// Index of the entry.
        index: u64,
    },
    /// A line that was written down is none.
    #[error("{error}")]
    Dictation {
        /// Place of the line in the request, from 0.
        position: usize,
        /// What is wrong.
        error: DictationError,
    },
    /// What was written down cannot be completed.
    #[error(transparent)]
    ShortForm(#[from] ShortFormError),
    /// What the counterpart holds of an own log cannot be taken over.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key file failed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The record names a key that is not here.
    #[error("{file}: pact or record name the key {key} for {what}, and its file is not here; {remedy}")]
    KeyMissing {
        /// The file, or the directory that it belongs into.
        file: String,
        /// Id of the key.
        key: String,
        /// What it is for.
        what: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// A pact cannot be used.
    #[error(transparent)]
    Pact(#[from] PactError),
    /// The network failed.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// A witness refused what it was asked, or answered what does not hold.
    #[error("witness {witness}: {reason}; {remedy}")]
    Witness {
        /// Its name.
        witness: String,
        /// What it answered, and to what.
        reason: String,
        /// Who has to do what.
        remedy: &'static str,
    },
    /// A file failed.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// A monitor of `node.toml` cannot be let in.
    #[error("monitor {name}: {field} {reason}; mend node.toml, table [monitors.{name}]")]
    Monitor {
        /// Name of the monitor.
        name: String,
        /// The field at fault.
        field: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The bundle could not be written.
    #[error("bundle: {reason}")]
    Bundle {
        /// Stable code of the reason.
        code: &'static str,
        /// Why.
        reason: String,
    },
}

impl NodeError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused { rejection, .. } => rejection.code(),
            Self::Frame(error) => error.code(),
            Self::UnknownChannel { .. } => "channel-unknown",
            Self::UnknownEntry { .. } => "id-unknown",
            Self::Stopped => "node-stopped",
            Self::NotRecorded { code, .. } | Self::Bundle { code, .. } => code,
            Self::StoreDiffers { .. } => "store-differs",
            Self::Behind { .. } => "store-behind",
            Self::Carriage(error) => error.code(),
            Self::FramesFile(error) => error.code(),
            Self::NothingToDictate => "nothing-to-dictate",
            Self::TooLongToDictate { .. } => "too-long-to-dictate",
            Self::Dictation { error, .. } => error.code(),
            Self::ShortForm(error) => error.code(),
            Self::Recovery(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Key(error) => error.code(),
            Self::KeyMissing { .. } => "key-missing",
            Self::Pact(error) => error.code(),
            Self::Transport(error) => error.code(),
            Self::Witness { .. } => "witness-refused",
            Self::File { .. } => "file-unusable",
            Self::Monitor { .. } => "monitor-invalid",
        }
    }

    /// The field at fault, where there is one.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::Refused { rejection, .. } => rejection.field(),
            Self::UnknownChannel { .. } => Some("channel"),
            Self::UnknownEntry { field, .. } | Self::Monitor { field, .. } => Some(field),
            Self::Dictation { .. } | Self::ShortForm(_) => Some("lines"),
            Self::Carriage(CarriageError::BeyondLog { .. }) => Some("from"),
            Self::FramesFile(_) => Some("file"),
            _ => None,
        }
    }

    /// Place of the refused item in the request.
    pub fn position(&self) -> Option<usize> {
        match self {
            Self::Refused { position, .. } | Self::Dictation { position, .. } => Some(*position),
            _ => None,
        }
    }
}

impl NodeError {
    /// What a witness answered to a head of an own log, where that is no cosignature and no head.
    pub(super) fn of_head(witness: &str, status: u16, said: &str) -> Self {
        let said: String = said.trim().chars().take(WITNESS_CHARS_MAX).collect();
        let colon = if said.is_empty() { "" } else { ": " };
        let remedy = match status {
            200 => "its operator has to look; it is asked again",
            403 => {
                "it was not told of the key that signs now: give its operator the lines of log.keys-CHANNEL in this node's directory, for its file log.keys"
            }
            404 => "it does not know this log: give its operator the pact, for its folder pacts/",
            422 => {
                "it holds another history of this log: run 'skypact doctor' here, and compare with the head that its operator has"
            }
            500.. => "its operator has to look at its store; it is asked again",
            _ => "ask its operator which version it runs; it is asked again",
        };
        let reason = format!("answered {status} to a head of this party's log{colon}{said}");
        Self::Witness { witness: witness.to_owned(), reason, remedy }
    }

    /// What is wrong with the beacon or the drop-box of a witness.
    pub(super) fn of_service(witness: &str, service: &str, reason: &str) -> Self {
        let reason = format!("its {service} {reason}");
        Self::Witness { witness: witness.to_owned(), reason, remedy: "tell its operator" }
    }
}

impl From<&CommitError> for NodeError {
    fn from(error: &CommitError) -> Self {
        Self::NotRecorded { code: error.code(), reason: error.to_string() }
    }
}
