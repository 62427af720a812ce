//! The request for what lies in an area: of operational intents, constraints and subscriptions alike.

use super::{Extent, ParseOptions, Reason, Request, RequestError, Unwritable};
use crate::wire::AreaOfInterest;

/// A question about an area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Where and when. The contract's schema lets it be absent; there is no answer without.
    pub area_of_interest: Extent,
}

impl Request for Query {
    type Wire = AreaOfInterest;

    fn from_wire(wire: Self::Wire, _options: &ParseOptions) -> Result<Self, RequestError> {
        let area = wire.area_of_interest.ok_or_else(|| RequestError::at("area_of_interest", Reason::Missing))?;
        let area_of_interest = Extent::from_wire(area).map_err(|error| error.under("area_of_interest"))?;
        Ok(Self { area_of_interest })
    }

    fn to_wire(&self) -> Result<Self::Wire, Unwritable> {
        Ok(AreaOfInterest { area_of_interest: Some(self.area_of_interest.to_wire()?) })
    }
}
