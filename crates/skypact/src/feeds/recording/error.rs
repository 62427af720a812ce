//! Why a recording cannot be read, and why single frames of it give no position.

use std::fmt;
use std::io;
use std::path::PathBuf;

use skypact_record::counted;
use thiserror::Error;

use crate::system::cause;

/// Why a recording cannot be read.
#[derive(Debug, Error)]
pub enum RecordingError {
    /// The file cannot be opened.
    #[error(
        "recording {path:?} cannot be opened ({}); give the path of a readable file with --recording FILE",
        cause(source)
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file cannot be read to its end.
    #[error("recording {path:?} cannot be read to its end ({}); copy it to a local disk and try again", cause(source))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file has no line with a frame on it.
    #[error("recording {path:?} has no frames; give a file that has some with --recording FILE")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The first line is neither header nor data of a known format.
    #[error(
        "recording {path:?}, line {line}: format not recognised; expected a FLARM CSV with the header \
         \"rawmessage,timeatplane,sensorlatitude,sensorlongitude,...\" or Mode S lines \"seconds since 1970,hexadecimal frame\""
    )]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
    },
    /// The header lacks a column that is needed.
    #[error("recording {path:?}, line {line}: column {column:?} is missing in the header; add it, in any order")]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The column that is missing.
        column: &'static str,
    },
    /// No frame gave a position.
    #[error(
        "recording {path:?}: none of {} gave a position; most often, first in line {line}: {reason}; \
         check that the file is a recording of positions",
        counted(*frames, "frame")
    )]
    NothingDecoded {
        /// The file.
        path: PathBuf,
        /// Frames read.
        frames: u64,
        /// Line of the first frame with the most frequent reason, from 1.
        line: u64,
        /// The most frequent reason.
        reason: SkipReason,
    },
    /// The default recording cannot be found.
    #[error(
        "default recording not found: {reason}; run in the source tree of skypact, where cargo knows the package rs1090 0.7, \
         or give a file with --recording FILE"
    )]
    NoDefault {
        /// Which step failed.
        reason: &'static str,
    },
}

impl RecordingError {
    /// Stable code for scripts and support.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Open { .. } => "recording-not-opened",
            Self::Read { .. } => "recording-not-readable",
            Self::Empty { .. } => "recording-empty",
            Self::UnknownFormat { .. } => "recording-format-unknown",
            Self::MissingColumn { .. } => "recording-column-missing",
            Self::NothingDecoded { .. } => "recording-nothing-decoded",
            Self::NoDefault { .. } => "recording-default-not-found",
        }
    }
}

/// Why a frame gave no position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SkipReason {
    /// The line is longer than 1,024 bytes.
    LineTooLong,
    /// The line is not UTF-8.
    NotText,
    /// The line has fewer fields than needed.
    FieldMissing,
    /// The time is not a decimal number of seconds since 1970.
    TimeMalformed,
    /// The frame is not hexadecimal of the length of the format.
    FrameMalformed,
    /// Latitude or longitude of the receiver is not a number of degrees in range.
    ReceiverMalformed,
    /// The receiver's check sum was wrong.
    ChecksumWrong,
    /// The decoder does not take the frame: another kind of message, or damaged.
    Refused,
    /// Decoded, and carries no airborne position.
    NoPosition,
    /// Decoded, and the device asks not to be tracked.
    TrackingRefused,
    /// Decoded, and the position is on the ground.
    OnGround,
    /// Decoded, and the position cannot be told from one message alone (compact position reporting needs two).
    PositionAmbiguous,
    /// Decoded, and no altitude was available to the transmitter.
    NoAltitude,
    /// Decoded, and the position is not on Earth.
    PositionOutOfRange,
    /// Decoded, and more aircraft than the bound were seen before.
    TooManyAircraft,
    /// Decoded, and more positions than the bound were seen before.
    TooManyPositions,
}

impl SkipReason {
    /// Whether the decoder had accepted the frame.
    pub const fn was_decoded(self) -> bool {
        matches!(
            self,
            Self::NoPosition
                | Self::TrackingRefused
                | Self::OnGround
                | Self::PositionAmbiguous
                | Self::NoAltitude
                | Self::PositionOutOfRange
                | Self::TooManyAircraft
                | Self::TooManyPositions
        )
    }

    /// Stable code for scripts and support.
    pub const fn code(self) -> &'static str {
        match self {
            Self::LineTooLong => "line-too-long",
            Self::NotText => "line-not-utf8",
            Self::FieldMissing => "field-missing",
            Self::TimeMalformed => "time-malformed",
            Self::FrameMalformed => "frame-malformed",
            Self::ReceiverMalformed => "receiver-malformed",
            Self::ChecksumWrong => "checksum-wrong",
            Self::Refused => "frame-refused",
            Self::NoPosition => "no-position",
            Self::TrackingRefused => "tracking-refused",
            Self::OnGround => "on-ground",
            Self::PositionAmbiguous => "position-ambiguous",
            Self::NoAltitude => "no-altitude",
            Self::PositionOutOfRange => "position-out-of-range",
            Self::TooManyAircraft => "too-many-aircraft",
            Self::TooManyPositions => "too-many-positions",
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LineTooLong => "line is longer than 1,024 bytes",
            Self::NotText => "line is not UTF-8",
            Self::FieldMissing => "line has too few fields",
            Self::TimeMalformed => "time is not a number of seconds since 1970",
            Self::FrameMalformed => "frame is not hexadecimal of the right length",
            Self::ReceiverMalformed => "position of the receiver is not in degrees",
            Self::ChecksumWrong => "check sum is wrong",
            Self::Refused => "frame is of another kind, or damaged",
            Self::NoPosition => "frame carries no airborne position",
            Self::TrackingRefused => "device asks not to be tracked",
            Self::OnGround => "position is on the ground",
            Self::PositionAmbiguous => "position needs a second frame",
            Self::NoAltitude => "altitude is not available",
            Self::PositionOutOfRange => "position is not on Earth",
            Self::TooManyAircraft => "too many aircraft",
            Self::TooManyPositions => "too many positions",
        })
    }
}
