//! Whether a USS answers, as an arbitrator has found.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::leniency::null_as_default;
use crate::value::{UssId, from_text};

/// Whether a USS answers. Read in any case of letters, since deployed clients write "down".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub enum UssAvailabilityState {
    /// Nobody has said.
    #[default]
    Unknown,
    /// It answers.
    Normal,
    /// It does not.
    Down,
}

/// A text that is no availability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no availability; give Unknown, Normal or Down")]
pub struct UnknownAvailability;

impl FromStr for UssAvailabilityState {
    type Err = UnknownAvailability;

    fn from_str(text: &str) -> Result<Self, UnknownAvailability> {
        [(Self::Unknown, "Unknown"), (Self::Normal, "Normal"), (Self::Down, "Down")]
            .into_iter()
            .find_map(|(state, name)| text.eq_ignore_ascii_case(name).then_some(state))
            .ok_or(UnknownAvailability)
    }
}

impl<'de> Deserialize<'de> for UssAvailabilityState {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "an availability")
    }
}

/// The availability of one USS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UssAvailabilityStatus {
    /// Which USS.
    pub uss: UssId,
    /// Whether it answers.
    pub availability: UssAvailabilityState,
}

/// Request to set the availability of a USS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetUssAvailabilityStatusParameters {
    /// The version that this change is based on; empty when none was set before.
    #[serde(default, deserialize_with = "null_as_default")]
    pub old_version: String,
    /// What it shall be.
    pub availability: UssAvailabilityState,
}

/// The availability of a USS and its version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UssAvailabilityStatusResponse {
    /// Opaque; empty when none was ever set.
    pub version: String,
    /// The availability.
    pub status: UssAvailabilityStatus,
}
