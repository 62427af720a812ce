//! The request to set the availability of a USS.

use super::{ParseOptions, Request, RequestError, Unwritable};
use crate::wire::{SetUssAvailabilityStatusParameters, UssAvailabilityState};

/// The availability of a USS as an arbitrator finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetUssAvailability {
    /// What it shall be.
    pub availability: UssAvailabilityState,
    /// The version that this change is based on; empty when none was set before.
    pub old_version: String,
}

impl Request for SetUssAvailability {
    type Wire = SetUssAvailabilityStatusParameters;

    fn from_wire(wire: Self::Wire, _options: &ParseOptions) -> Result<Self, RequestError> {
        Ok(Self { availability: wire.availability, old_version: wire.old_version })
    }

    fn to_wire(&self) -> Result<Self::Wire, Unwritable> {
        Ok(Self::Wire { old_version: self.old_version.clone(), availability: self.availability })
    }
}
