//! Why the text of a single value is refused. What was given is shown shortened, since anybody may send anything.

use super::base_url::CHARS_MAX as URL_CHARS_MAX;

/// A text that is not the value it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// Not a UUID (contract: `UUIDv4Format`).
    #[error("\"{given}\" is not a UUID; write 32 hexadecimal digits, with hyphens after the 8th, 12th, 16th and 20th")]
    Uuid {
        /// What was given, shortened.
        given: String,
    },
    /// An OVN suffix that is a UUID of another version than 7.
    #[error("\"{given}\" is not a UUID of version 7; make the suffix from the time as RFC 9562 says")]
    OvnSuffix {
        /// What was given, shortened.
        given: String,
    },
    /// A text shorter or longer than the contract allows.
    #[error("has {chars} characters; give {least} to {most}")]
    Length {
        /// Characters given.
        chars: usize,
        /// The least number accepted.
        least: usize,
        /// The greatest number accepted.
        most: usize,
    },
    /// Not the form of a time at all.
    #[error("\"{given}\" is not a time; write it like 2026-01-31T12:00:00.5Z")]
    Time {
        /// What was given, shortened.
        given: String,
    },
    /// Something else than `T` between date and time of day.
    #[error("\"{given}\" has no T between date and time; write it like 2026-01-31T12:00:00.5Z")]
    TimeSeparator {
        /// What was given, shortened.
        given: String,
    },
    /// Another zone than `Z`, or none.
    #[error("\"{given}\" does not end in Z; convert the time to UTC and write Z for the zone")]
    TimeZone {
        /// What was given, shortened.
        given: String,
    },
    /// A leap second, which Unix time has no number for.
    #[error("\"{given}\" is a leap second; give second 59 or the minute after")]
    LeapSecond {
        /// What was given, shortened.
        given: String,
    },
    /// A month, day, hour, minute or second that does not exist.
    #[error("\"{given}\" has no such {part}; give a time that the calendar has")]
    TimePart {
        /// What was given, shortened.
        given: String,
        /// Which part is wrong.
        part: &'static str,
    },
    /// A time that nanoseconds in 64 bits cannot hold.
    #[error("\"{given}\" is too far away; give a time from 1678 to 2261")]
    TimeRange {
        /// What was given, shortened.
        given: String,
    },
    /// A base URL of another scheme than https or http.
    #[error("\"{given}\" is no https URL; give one like https://uss.example.com/utm")]
    UrlScheme {
        /// What was given, shortened.
        given: String,
    },
    /// A base URL whose host or port is missing or malformed, or that carries a user name.
    #[error("\"{given}\" has no valid host and port; give a host name or address without a user name")]
    UrlHost {
        /// What was given, shortened.
        given: String,
    },
    /// A base URL with something that paths cannot be appended to.
    #[error("\"{given}\" must end before any '/', '?', '#' or space; remove what follows the base path")]
    UrlPath {
        /// What was given, shortened.
        given: String,
    },
    /// A base URL that is too long.
    #[error("has {chars} characters; give a base URL of at most {URL_CHARS_MAX}")]
    UrlLength {
        /// Characters given.
        chars: usize,
    },
}

impl ValueError {
    /// Stable code for users and for other programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Uuid { .. } => "uuid-malformed",
            Self::OvnSuffix { .. } => "ovn-suffix-not-version-7",
            Self::Length { .. } => "text-length",
            Self::Time { .. } => "time-malformed",
            Self::TimeSeparator { .. } => "time-separator-not-t",
            Self::TimeZone { .. } => "time-zone-not-z",
            Self::LeapSecond { .. } => "time-leap-second",
            Self::TimePart { .. } => "time-not-in-calendar",
            Self::TimeRange { .. } => "time-out-of-range",
            Self::UrlScheme { .. } => "base-url-scheme",
            Self::UrlHost { .. } => "base-url-host",
            Self::UrlPath { .. } => "base-url-path",
            Self::UrlLength { .. } => "base-url-length",
        }
    }
}

/// Bytes of a refused value that its message shows at most.
const GIVEN_MAX: usize = 48;

/// A refused value, short enough for a message.
pub(super) fn given(text: &str) -> String {
    excerpt(text, GIVEN_MAX)
}

/// The start of a foreign text.
pub(crate) fn excerpt(text: &str, bytes_max: usize) -> String {
    let shown = &text[..text.floor_char_boundary(bytes_max)];
    if shown.len() < text.len() { format!("{shown}...") } else { shown.to_owned() }
}
