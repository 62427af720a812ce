//! Ids of entities and subscriptions: UUIDs held as integers, written in lower case with hyphens (RFC 9562).
//!
//! The contract asks for version 4. Deployed tools send other versions, and one sends the digits without hyphens; an id
//! is an opaque name, so any version and both forms are read, and the digits alone decide equality.

use std::fmt;
use std::str::FromStr;

use super::{ValueError, given, text_serde};

/// Length with hyphens.
const HYPHENATED_LEN: usize = 36;
/// Where the hyphens are.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// A type of id of its own over the same digits.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u128);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(as_text(&hyphenated(self.0)))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = ValueError;

            fn from_str(text: &str) -> Result<Self, ValueError> {
                parse(text).map(Self)
            }
        }

        text_serde!($name, "a UUID", |id| as_text(&hyphenated(id.0)));
    };
}

id! {
    /// Name of an operational intent or of a constraint (contract: `EntityID`), chosen by its manager.
    EntityId
}

id! {
    /// Name of a subscription (contract: `SubscriptionID`), chosen by its manager, or by the DSS for an implicit one.
    SubscriptionId
}

impl From<SubscriptionId> for EntityId {
    fn from(id: SubscriptionId) -> Self {
        Self(id.0)
    }
}

impl SubscriptionId {
    /// What a reference shows when no subscription is attached: `00000000-0000-4000-8000-000000000000`.
    pub const NIL: Self = Self(0x0000_0000_0000_4000_8000_0000_0000_0000);
}

/// The digits of a UUID with hyphens, or without any; either case.
pub(super) fn parse(text: &str) -> Result<u128, ValueError> {
    let refused = || ValueError::Uuid { given: given(text) };
    let with_hyphens = match text.len() {
        HYPHENATED_LEN => true,
        32 => false,
        _ => return Err(refused()),
    };
    let mut digits = 0_u128;
    for (place, byte) in text.bytes().enumerate() {
        if with_hyphens && HYPHENS.contains(&place) {
            if byte != b'-' {
                return Err(refused());
            }
        } else {
            let digit = char::from(byte).to_digit(16).ok_or_else(refused)?;
            digits = digits << 4 | u128::from(digit);
        }
    }
    Ok(digits)
}

/// Lower-case digits with hyphens.
pub(super) fn hyphenated(digits: u128) -> [u8; HYPHENATED_LEN] {
    let (mut text, mut place) = ([b'-'; HYPHENATED_LEN], 0);
    for byte in digits.to_be_bytes() {
        if HYPHENS.contains(&place) {
            place += 1;
        }
        text[place] = b"0123456789abcdef"[usize::from(byte >> 4)];
        text[place + 1] = b"0123456789abcdef"[usize::from(byte & 15)];
        place += 2;
    }
    text
}

/// The text of [`hyphenated`].
pub(super) fn as_text(hyphenated: &[u8; HYPHENATED_LEN]) -> &str {
    std::str::from_utf8(hyphenated).expect("digits and hyphens are ASCII")
}
