//! Opaque version numbers (OVNs) as the DSS gives them: 128 random bits in the form of a UUID, or the entity's id and the
//! suffix that its manager requested. Kept as numbers, so that a million of them are small and quick to compare.

use std::fmt;

use skypact_f3548::EntityId;

/// The OVN of one version of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OvnValue {
    /// Given by the DSS: 128 random bits.
    Random(u128),
    /// `{entity id}_{suffix}`: the manager's suffix, a version 7 UUID.
    Requested {
        /// The entity.
        entity: EntityId,
        /// The suffix.
        suffix: u128,
    },
}

impl OvnValue {
    /// The value of a text; none when it cannot be an OVN that this DSS gave.
    pub fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| (text.len() == 36).then(|| text.parse::<EntityId>().ok()).flatten();
        match text.split_once('_') {
            None => Some(Self::Random(number(text)?.0)),
            Some((entity, suffix)) => Some(Self::Requested { entity: number(entity)?, suffix: number(suffix)?.0 }),
        }
    }
}

impl fmt::Display for OvnValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Random(bits) => EntityId(*bits).fmt(f),
            Self::Requested { entity, suffix } => write!(f, "{entity}_{}", EntityId(*suffix)),
        }
    }
}
