//! Every schema of the contract, under its own name and with its own field names, for reading and for writing.
//!
//! Reading ignores fields that the contract does not know, takes `null` for absent, and refuses what is missing.
//! Writing omits absent fields, and always writes lists and flags. Ids, times, OVNs and texts are checked as they are read; volumes
//! become geometry in the requests of this crate.

mod availability;
mod constraint;
mod geozone;
mod leniency;
mod log_set;
mod operational_intent;
mod report;
mod subscription;
mod telemetry;
mod uss_constraint;
mod uss_operational_intent;
mod volume;

pub use availability::{
    SetUssAvailabilityStatusParameters, UnknownAvailability, UssAvailabilityState, UssAvailabilityStatus,
    UssAvailabilityStatusResponse,
};
pub use constraint::{
    ChangeConstraintReferenceResponse, ConstraintReference, GetConstraintReferenceResponse,
    PutConstraintReferenceParameters, QueryConstraintReferenceParameters, QueryConstraintReferencesResponse,
};
pub use geozone::{
    Authority, CodeAuthorityRole, CodeYesNoType, CodeZoneReasonType, CodeZoneType, GeoZone, TextShortType,
};
pub use leniency::EXTENTS_MAX;
pub use log_set::{
    ConstraintProviderAssociation, InputTriggeringEvent, NotificationTriggeringEvent, OperationalIntentPositions,
    OperatorAssociation, PlanningRecord, PositionRecord, UserInputRecord, UserNotificationRecord, UssLogSet,
};
pub use operational_intent::{
    AirspaceConflictResponse, ChangeOperationalIntentReferenceResponse, GetOperationalIntentReferenceResponse,
    ImplicitSubscriptionParameters, OperationalIntentReference, OperationalIntentState,
    PutOperationalIntentReferenceParameters, QueryOperationalIntentReferenceParameters,
    QueryOperationalIntentReferenceResponse,
};
pub use report::{ErrorReport, ErrorResponse, ExchangeRecord, RecorderRole};
pub use subscription::{
    DeleteSubscriptionResponse, GetSubscriptionResponse, PutSubscriptionParameters, PutSubscriptionResponse,
    QuerySubscriptionParameters, QuerySubscriptionsResponse, SubscriberToNotify, Subscription, SubscriptionState,
};
pub use telemetry::{
    GetOperationalIntentTelemetryResponse, Position, PositionAccuracyHorizontal, PositionAccuracyVertical, SpeedUnits,
    VehicleTelemetry, Velocity,
};
pub use uss_constraint::{Constraint, ConstraintDetails, GetConstraintDetailsResponse, PutConstraintDetailsParameters};
pub use uss_operational_intent::{
    GetOperationalIntentDetailsResponse, OperationalIntent, OperationalIntentDetails, Priority,
    PutOperationalIntentDetailsParameters,
};
pub use volume::{
    Altitude, AltitudeReference, AreaOfInterest, Circle, LatLngPoint, LengthUnits, Polygon, Radius, Volume3D, Volume4D,
};
