//! The request to create or to change a constraint reference.

use skypact_airspace::Volume4d;

use super::volume::{Altitudes, volumes};
use super::{ParseOptions, Request, RequestError, Unwritable, check_base_url};
use crate::value::UssBaseUrl;
use crate::wire::{PutConstraintReferenceParameters, Volume4D};

/// Most vertices of one constraint, as the standard has it.
pub const VERTICES_PER_CONSTRAINT_MAX: usize = 1_000;

/// A constraint reference as its manager wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutConstraintReference {
    /// Its volumes, 1 to 1,000 with at most 1,000 vertices in all. Each is bounded in time, since the reference
    /// shows a start and an end; the contract does not ask for altitudes, and those not given are unbounded.
    pub extents: Vec<Volume4d>,
    /// Where its details will be.
    pub uss_base_url: UssBaseUrl,
}

impl Request for PutConstraintReference {
    type Wire = PutConstraintReferenceParameters;

    fn from_wire(wire: Self::Wire, options: &ParseOptions) -> Result<Self, RequestError> {
        check_base_url(&wire.uss_base_url, *options)?;
        let extents = volumes(wire.extents, Altitudes::Optional, VERTICES_PER_CONSTRAINT_MAX)?;
        Ok(Self { extents, uss_base_url: wire.uss_base_url })
    }

    fn to_wire(&self) -> Result<Self::Wire, Unwritable> {
        Ok(Self::Wire {
            extents: self.extents.iter().map(Volume4D::try_from).collect::<Result<_, _>>()?,
            uss_base_url: self.uss_base_url.clone(),
        })
    }
}
