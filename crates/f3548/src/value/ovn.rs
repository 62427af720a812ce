//! Opaque version numbers (contract: `EntityOVN`), and the suffix that a client may request for one.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::id::{as_text, hyphenated, parse};
use super::text::check_length;
use super::{EntityId, ValueError, given, text_serde};

/// Proof of having read one version of an entity: 16 to 128 characters without meaning.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ovn(Arc<str>);

impl Ovn {
    /// What deployed systems show instead of an OVN to those who do not manage the entity.
    pub const AVAILABLE_FROM_USS: &str = "Available from USS";

    /// The OVN of a version whose manager requested the suffix: `{entity}_{suffix}`, an extension of the InterUSS DSS.
    pub fn requested(entity: EntityId, suffix: OvnSuffix) -> Self {
        Self(format!("{entity}_{suffix}").into())
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Ovn {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        check_length(text, 16, 128)?;
        Ok(Self(text.into()))
    }
}

impl fmt::Display for Ovn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

text_serde!(Ovn, "an OVN of 16 to 128 characters", |ovn| ovn.as_str());

/// A suffix requested for an OVN: a UUID of version 7 (RFC 9562), whose first 48 bits are a time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OvnSuffix(u128);

impl OvnSuffix {
    /// The UUID, which must be of version 7 and of the variant of RFC 9562.
    pub fn new(digits: u128) -> Result<Self, ValueError> {
        if digits >> 76 & 0xf == 7 && digits >> 62 & 0b11 == 0b10 {
            Ok(Self(digits))
        } else {
            Err(ValueError::OvnSuffix { given: as_text(&hyphenated(digits)).to_owned() })
        }
    }

    /// The UUID.
    pub const fn digits(self) -> u128 {
        self.0
    }

    /// When the suffix was made, by its maker's clock: milliseconds since the Unix epoch, UTC, at most 2^48 - 1.
    pub const fn unix_ms(self) -> u64 {
        (self.0 >> 80) as u64
    }
}

impl FromStr for OvnSuffix {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        parse(text).map_err(|_| ValueError::OvnSuffix { given: given(text) }).and_then(Self::new)
    }
}

impl fmt::Display for OvnSuffix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(as_text(&hyphenated(self.0)))
    }
}

impl fmt::Debug for OvnSuffix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OvnSuffix({self})")
    }
}

text_serde!(OvnSuffix, "a UUID of version 7", |suffix| as_text(&hyphenated(suffix.0)));
