//! Texts with a length that the contract limits, and how any value is read from text.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::{Serialize, Serializer};

use super::{ValueError, text_serde};

/// Free text of `LEAST` to `MOST` characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Text<const LEAST: usize, const MOST: usize>(Box<str>);

impl<const LEAST: usize, const MOST: usize> Text<LEAST, MOST> {
    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const LEAST: usize, const MOST: usize> FromStr for Text<LEAST, MOST> {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        check_length(text, LEAST, MOST)?;
        Ok(Self(text.into()))
    }
}

impl<const LEAST: usize, const MOST: usize> Serialize for Text<LEAST, MOST> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de, const LEAST: usize, const MOST: usize> Deserialize<'de> for Text<LEAST, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "a text")
    }
}

/// Who a USS is: the `sub` of its access tokens, which is also the manager of what it creates. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UssId(Arc<str>);

impl UssId {
    /// The name as the token has it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for UssId {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl FromStr for UssId {
    type Err = std::convert::Infallible;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Ok(name.into())
    }
}

impl fmt::Display for UssId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

text_serde!(UssId, "the name of a USS", |uss| uss.as_str());

/// Characters within a range; a text so long in bytes that it cannot fit is not counted through.
pub(super) fn check_length(text: &str, least: usize, most: usize) -> Result<(), ValueError> {
    let chars = text.chars().take(most + 1).count();
    if (least..=most).contains(&chars) {
        Ok(())
    } else {
        Err(ValueError::Length { chars: text.chars().count(), least, most })
    }
}

/// Reads a JSON string and parses it in place.
pub(crate) fn from_text<'de, D, T>(deserializer: D, expecting: &'static str) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    deserializer.deserialize_str(TextVisitor { expecting, parsed: PhantomData })
}

struct TextVisitor<T> {
    expecting: &'static str,
    parsed: PhantomData<T>,
}

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expecting)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}
