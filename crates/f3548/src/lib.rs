//! The messages of ASTM F3548-21 (the standard for UTM interoperability), between a USS and a DSS and between USSs.
//!
//! [`wire`] has every schema of the contract under its own name, for reading and for writing. A request to a DSS is
//! parsed once into a checked type with volumes of the `airspace` room, by its [`Request::parse`]. What needs the time or the state
//! (an end in the past, areas, horizons, ownership) is judged elsewhere. Pure: no clock, files or sockets.

mod request;
mod value;
pub mod wire;

pub use request::{
    ErrorReport, Extent, KEY_OVNS_MAX, OUTLINES_KM_MAX, ParseOptions, PutConstraintReference,
    PutOperationalIntentReference, PutSubscription, Query, Reason, Request, RequestError, SetUssAvailability,
    SubscriptionChoice, Unwritable, VERTICES_PER_CONSTRAINT_MAX, decode,
};
pub use value::{
    EntityId, Ovn, OvnSuffix, Rfc3339, Rounding, SubscriptionId, Text, Time, UssBaseUrl, UssId, ValueError, parse_utc,
};
pub use wire::{EXTENTS_MAX, OperationalIntentState, UssAvailabilityState};
