//! The contract's `Time`: an RFC 3339 text beside the name of its format.

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, SerializeStruct, Serializer};
use skypact_airspace::UtcNanos;

use super::text::from_text;
use super::{Rfc3339, Rounding, ValueError, parse_utc};

/// A time in UTC. Reading it rounds what is finer than a nanosecond down, except where a field is the end of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Time(pub UtcNanos);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut parts = serializer.serialize_struct("Time", 2)?;
        parts.serialize_field("value", Rfc3339::of(self.0).as_str())?;
        parts.serialize_field("format", "RFC3339")?;
        parts.end()
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Parts::<false>::deserialize(deserializer).map(Parts::time)
    }
}

/// Reads an optional time that is the end of something: what is finer than a nanosecond rounds up.
pub(crate) fn rounded_up<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Time>, D::Error> {
    Option::<Parts<true>>::deserialize(deserializer).map(|parts| parts.map(Parts::time))
}

#[derive(serde::Deserialize)]
struct Parts<const UP: bool> {
    value: Value<UP>,
    #[serde(rename = "format")]
    _format: Format,
}

impl<const UP: bool> Parts<UP> {
    fn time(self) -> Time {
        Time(self.value.0)
    }
}

#[derive(serde::Deserialize)]
enum Format {
    #[serde(rename = "RFC3339")]
    Rfc3339,
}

struct Value<const UP: bool>(UtcNanos);

impl<const UP: bool> std::str::FromStr for Value<UP> {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        parse_utc(text, if UP { Rounding::Up } else { Rounding::Down }).map(Self)
    }
}

impl<'de, const UP: bool> Deserialize<'de> for Value<UP> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "an RFC 3339 time")
    }
}
