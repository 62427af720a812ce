//! From bytes to a schema of the contract, with the path of the field that is wrong.
//!
//! Serde's derived readers take a list for an object and an object for a code. The contract has neither, and what a list
//! would mean hangs on the order of our fields, so [`Strict`] refuses both. An error leaves its way out on a trail. A field
//! given twice is refused when its second key is read, whatever stands behind it.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::error::Category;

use super::{Reason, RequestError};
use crate::value::excerpt;

/// Bytes that an error shows at most of a key or of what the JSON reader says; both may quote foreign text.
const SHOWN_MAX: usize = 400;

/// Reads one JSON value of a schema in [`wire`](crate::wire), and nothing after it.
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, RequestError> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let mut trail = Trail(Vec::new());
    let value = T::deserialize(Strict { inner: &mut json, trail: &mut trail });
    value.and_then(|value| json.end().map(|()| value)).map_err(|error| refusal(&trail, &error))
}

fn refusal(trail: &Trail, error: &serde_json::Error) -> RequestError {
    let (line, column) = (error.line(), error.column());
    let shown = error.to_string();
    let problem = shown.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&shown);
    let missing = problem.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
    let (field, reason) = match (error.classify(), missing) {
        (Category::Data, Some(name)) => (name, Reason::Missing),
        // The trail ends at the key that was read and has no value: that is where serde refuses it.
        (Category::Data, None) if problem.starts_with("duplicate field `") => {
            ("", Reason::Value { problem: "is given twice; give it once".to_owned() })
        }
        (Category::Data, None) => ("", Reason::Value { problem: excerpt(problem, SHOWN_MAX) }),
        _ => ("", Reason::Json { problem: excerpt(problem, SHOWN_MAX), line, column }),
    };
    RequestError::at(field, reason).under(trail.path())
}

/// The steps from where an error is up to the body: `.key`, and `[place]` in a list.
struct Trail(Vec<String>);

impl Trail {
    fn path(&self) -> String {
        let path: String = self.0.iter().rev().map(String::as_str).collect();
        excerpt(path.strip_prefix('.').unwrap_or(&path), SHOWN_MAX)
    }
}

/// Whatever reads or is read, on its way through the value.
struct Strict<'t, T> {
    inner: T,
    trail: &'t mut Trail,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_any(Strict { inner: visitor, trail: self.trail })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_option(Strict { inner: visitor, trail: self.trail })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_map(Strict { inner: visitor, trail: self.trail })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_str(Code(visitor))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_ignored_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier
    }
}

/// Forwards what holds no further values.
macro_rules! visit_scalars {
    ($($visit:ident($scalar:ty))+) => {
        $(fn $visit<E: Error>(self, scalar: $scalar) -> Result<V::Value, E> {
            self.inner.$visit(scalar)
        })+
    };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Strict<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    visit_scalars! {
        visit_bool(bool) visit_i64(i64) visit_u64(u64) visit_f64(f64) visit_str(&str) visit_borrowed_str(&'de str)
        visit_string(String)
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.inner.visit_some(Strict { inner: deserializer, trail: self.trail })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<V::Value, A::Error> {
        self.inner.visit_seq(Elements { inner: elements, place: 0, trail: self.trail })
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        let mut members = Members { inner: members, key: Cow::Borrowed(""), is_open: false, trail: self.trail };
        let value = self.inner.visit_map(&mut members);
        if value.is_err() && members.is_open {
            members.leave_key();
        }
        value
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Strict<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Strict { inner: deserializer, trail: self.trail })
    }
}

/// The elements of a list.
struct Elements<'t, A> {
    inner: A,
    place: usize,
    trail: &'t mut Trail,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Elements<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let element = self.inner.next_element_seed(Strict { inner: seed, trail: self.trail });
        if element.is_err() {
            self.trail.0.push(format!("[{}]", self.place));
        }
        self.place += 1;
        element
    }
}

/// The members of an object.
struct Members<'t, 'de, A> {
    inner: A,
    key: Cow<'de, str>,
    /// Whether the key was read and its value was not asked for: an error then is about the key.
    is_open: bool,
    trail: &'t mut Trail,
}

impl<A> Members<'_, '_, A> {
    fn leave_key(&mut self) {
        self.trail.0.push(format!(".{}", self.key));
    }
}

#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Members<'_, 'de, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let Some(Key(key)) = self.inner.next_key()? else { return Ok(None) };
        self.key = key;
        self.is_open = true;
        seed.deserialize(StrDeserializer::new(&self.key)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.is_open = false;
        let value = self.inner.next_value_seed(Strict { inner: seed, trail: self.trail });
        if value.is_err() {
            self.leave_key();
        }
        value
    }
}

/// Reads a code of the contract, which is a text.
struct Code<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Code<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_str<E: Error>(self, code: &str) -> Result<V::Value, E> {
        self.0.visit_enum(StrDeserializer::new(code))
    }
}
