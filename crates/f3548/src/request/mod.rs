//! Requests to a DSS: bytes become a checked value once, or an error that names the field.
//!
//! Everything here is decided by the body alone. Work is bounded by the length of the body, and before any geometry by the limits
//! below. Nesting is limited by the JSON reader.

mod availability;
mod constraint;
mod error;
mod json;
mod operational_intent;
mod query;
mod report;
mod subscription;
mod volume;

use crate::value::UssBaseUrl;

pub use availability::SetUssAvailability;
pub use constraint::{PutConstraintReference, VERTICES_PER_CONSTRAINT_MAX};
pub use error::{Reason, RequestError};
pub use json::decode;
pub use operational_intent::{KEY_OVNS_MAX, PutOperationalIntentReference, SubscriptionChoice};
pub use query::Query;
pub use report::ErrorReport;
pub use subscription::PutSubscription;
pub use volume::{Extent, OUTLINES_KM_MAX, Unwritable};

/// What a deployment decides about reading requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ParseOptions {
    /// Accept base URLs without TLS, as test environments have them.
    pub allow_http_base_urls: bool,
}

/// A request that a DSS answers.
pub trait Request: Sized {
    /// Its schema in the contract.
    type Wire: serde::de::DeserializeOwned + serde::Serialize;

    /// Checks what its schema cannot say.
    fn from_wire(wire: Self::Wire, options: &ParseOptions) -> Result<Self, RequestError>;

    /// The body that says this. Fails for volumes that the contract has no form for, which no parsed request has.
    fn to_wire(&self) -> Result<Self::Wire, Unwritable>;

    /// Reads a body.
    fn parse(body: &[u8], options: &ParseOptions) -> Result<Self, RequestError> {
        Self::from_wire(decode(body)?, options)
    }
}

fn check_base_url(url: &UssBaseUrl, options: ParseOptions) -> Result<(), RequestError> {
    if url.is_https() || options.allow_http_base_urls {
        Ok(())
    } else {
        Err(RequestError::at("uss_base_url", Reason::BaseUrlWithoutTls))
    }
}
