//! Names of parties, channels, logs and keys (docs/record-format.md, section 2). A checked name has its own type.

use std::fmt;
use std::str::FromStr;

/// A text is not the name it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is not {form}")]
pub struct NameError {
    /// Which name was read.
    pub what: &'static str,
    /// The form that it should have.
    pub form: &'static str,
}

impl NameError {
    /// Stable code of this kind of error.
    pub fn code(&self) -> &'static str {
        "name-malformed"
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $form:literal, $holds:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub struct $name(String);

        impl $name {
            /// Checks the form of `text`.
            pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
                let text = text.into();
                let holds: fn(&str) -> bool = $holds;
                if holds(&text) { Ok(Self(text)) } else { Err(NameError { what: $what, form: $form }) }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(
    /// Name of a party, such as `RED`.
    PartyName,
    "party name",
    "1 to 32 of A-Z, 0-9 and hyphen",
    |text| consists_of(text, 32, |byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'-'))
);

name!(
    /// Name of a channel, such as `east-river`.
    ChannelName,
    "channel name",
    "1 to 48 of a-z, 0-9 and hyphen",
    |text| consists_of(text, 48, |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
);

name!(
    /// Origin of a log (C2SP tlog-checkpoint) or name of a note key (C2SP signed-note), such as `red.example/east-river/urgent`.
    Origin,
    "origin",
    "1 to 128 of A-Z, a-z, 0-9, dot, underscore, hyphen and inner slash",
    |text| {
        !text.starts_with('/')
            && !text.ends_with('/')
            && consists_of(text, 128, |byte| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte))
    }
);

name!(
    /// What a party calls one of its keys: the name of an officer or of a machine.
    Label,
    "label",
    "1 to 64 bytes of text without control characters and outer spaces",
    |text| {
        !text.is_empty()
            && text.len() <= 64
            && !text.starts_with(' ')
            && !text.ends_with(' ')
            && !text.chars().any(char::is_control)
    }
);

fn consists_of(text: &str, length_max: usize, allowed: fn(u8) -> bool) -> bool {
    !text.is_empty() && text.len() <= length_max && text.bytes().all(allowed)
}
