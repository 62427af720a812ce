//! Why a monitor could not look at a log, or does not believe what it was shown.

use skypact_channel::FrameError;
use skypact_record::TileError;

use crate::storage::{CommitError, StoreError};
use crate::transport::TransportError;

/// Why a look at a log failed. None of these proves that a log was forked.
#[derive(Debug, thiserror::Error)]
pub enum MonitorError {
    /// The node cannot be reached, or is another one.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The node answered something else than what was asked for.
    #[error("{path}: the node answered {status}: {reason}; check that node.toml there lets this monitor in")]
    Answer {
        /// What was asked for.
        path: String,
        /// HTTP status.
        status: u16,
        /// Beginning of the answer.
        reason: String,
    },
    /// The head is not signed as it should be.
    #[error(transparent)]
    Note(#[from] FrameError),
    /// The head is of another log than the one that was asked for.
    #[error("log {origin}: the node shows a head of {found}; tell its operator")]
    OtherLog {
        /// The log that was asked for.
        origin: String,
        /// The log that the head is of.
        found: String,
    },
    /// A tile has another form than was asked for.
    #[error("{path}: {error}; tell the node's operator")]
    Tile {
        /// What was asked for.
        path: String,
        /// What is wrong.
        error: TileError,
    },
    /// The hashes served do not lead to the head that the same node shows.
    #[error("log {origin}: the hashes that the node serves do not lead to its head of size {size}; tell its operator")]
    TilesDiffer {
        /// The log.
        origin: String,
        /// Size of the head.
        size: u64,
    },
    /// A leaf is not the one that its hash in the tree is of.
    #[error("log {origin}: leaf {index} is not the one that the head covers; tell the node's operator")]
    LeafDiffers {
        /// The log.
        origin: String,
        /// Its index.
        index: u64,
    },
    /// The log grew by more than is taken in at once.
    #[error(
        "log {origin}: grew by {grown} leaves since the last look, and at most {grown_max} are taken in at once; look more often"
    )]
    Growth {
        /// The log.
        origin: String,
        /// Leaves that are new.
        grown: u64,
        /// Most that are taken in.
        grown_max: u64,
    },
    /// The copy here is not what was once verified.
    #[error("copy of {origin}: {reason}; put the newest backup of this directory back, or begin with an empty one")]
    Copy {
        /// The log.
        origin: String,
        /// What is wrong.
        reason: String,
    },
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is new was not stored.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl MonitorError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Transport(error) => error.code(),
            Self::Answer { .. } => "monitor-answer",
            Self::Note(error) => error.code(),
            Self::OtherLog { .. } => "monitor-other-log",
            Self::Tile { error, .. } => error.code(),
            Self::TilesDiffer { .. } => "monitor-tiles-differ",
            Self::LeafDiffers { .. } => "monitor-leaf-differs",
            Self::Growth { .. } => "monitor-growth",
            Self::Copy { .. } => "monitor-copy-differs",
            Self::Store(error) => error.code(),
            Self::Commit(error) => error.code(),
        }
    }

    /// Whether the node was reached and showed what cannot be right.
    pub fn is_finding(&self) -> bool {
        matches!(
            self,
            Self::Note(_)
                | Self::OtherLog { .. }
                | Self::Tile { .. }
                | Self::TilesDiffer { .. }
                | Self::LeafDiffers { .. }
        )
    }
}
