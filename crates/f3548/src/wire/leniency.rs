//! Where reading is more lenient than the types say, and where it is stricter: `null` for absent, an empty id for
//! absent, and lists with limits, which are refused at the first element too many.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

/// Most extents of one entity; the contract has no limit.
pub const EXTENTS_MAX: usize = 1_000;

/// `null` is the same as absence: the default.
pub(super) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// An empty text is the same as absence: deployed clients write it for no subscription.
pub(super) fn empty_as_none<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: std::str::FromStr<Err: fmt::Display>,
{
    let text = Option::<std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
    text.filter(|text| !text.is_empty()).map(|text| text.parse().map_err(D::Error::custom)).transpose()
}

/// A list of `LEAST` to `MOST` elements.
pub(super) fn limited<'de, D, T, const LEAST: usize, const MOST: usize>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_seq(Limited::<T, LEAST, MOST>(PhantomData))
}

/// As [`limited`], and `null` is an empty list.
pub(super) fn limited_or_null<'de, D, T, const MOST: usize>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_option(Limited::<T, 0, MOST>(PhantomData))
}

struct Limited<T, const LEAST: usize, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const LEAST: usize, const MOST: usize> Visitor<'de> for Limited<T, LEAST, MOST> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_none<E: Error>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<T>, D::Error> {
        deserializer.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element()? {
            if list.len() == MOST {
                return Err(A::Error::custom(format_args!("has too many elements; give at most {MOST}")));
            }
            list.push(element);
        }
        if list.len() < LEAST {
            return Err(A::Error::custom(format_args!("has too few elements; give at least {LEAST}")));
        }
        Ok(list)
    }
}
