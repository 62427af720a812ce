//! The request to create or to change a subscription.

use super::{Extent, ParseOptions, Reason, Request, RequestError, Unwritable, check_base_url};
use crate::value::UssBaseUrl;
use crate::wire::PutSubscriptionParameters;

/// A subscription as its owner wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutSubscription {
    /// Where and when.
    pub extent: Extent,
    /// Where notifications go.
    pub uss_base_url: UssBaseUrl,
    /// Whether changes of operational intents are told; one of the two flags is set.
    pub notify_for_operational_intents: bool,
    /// Whether changes of constraints are told.
    pub notify_for_constraints: bool,
}

impl Request for PutSubscription {
    type Wire = PutSubscriptionParameters;

    fn from_wire(wire: Self::Wire, options: &ParseOptions) -> Result<Self, RequestError> {
        check_base_url(&wire.uss_base_url, *options)?;
        if !wire.notify_for_operational_intents && !wire.notify_for_constraints {
            return Err(RequestError::at("notify_for_operational_intents", Reason::NoTrigger));
        }
        Ok(Self {
            extent: Extent::from_wire(wire.extents).map_err(|error| error.under("extents"))?,
            uss_base_url: wire.uss_base_url,
            notify_for_operational_intents: wire.notify_for_operational_intents,
            notify_for_constraints: wire.notify_for_constraints,
        })
    }

    fn to_wire(&self) -> Result<Self::Wire, Unwritable> {
        Ok(Self::Wire {
            extents: self.extent.to_wire()?,
            uss_base_url: self.uss_base_url.clone(),
            notify_for_operational_intents: self.notify_for_operational_intents,
            notify_for_constraints: self.notify_for_constraints,
        })
    }
}
