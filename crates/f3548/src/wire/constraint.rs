//! References to constraints, as a DSS keeps them.

use serde::{Deserialize, Serialize};

use super::leniency::{EXTENTS_MAX, limited};
use super::{AreaOfInterest, SubscriberToNotify, UssAvailabilityState, Volume4D};
use crate::value::{EntityId, Ovn, Time, UssBaseUrl, UssId};

/// What a DSS tells of a constraint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConstraintReference {
    /// Which.
    pub id: EntityId,
    /// Who created it and alone may change it.
    pub manager: UssId,
    /// Whether the manager answers.
    pub uss_availability: UssAvailabilityState,
    /// Grows with each change.
    pub version: i32,
    /// Proof of this version, for its manager alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ovn: Option<Ovn>,
    /// When its first volume starts.
    pub time_start: Time,
    /// When its last volume ends.
    pub time_end: Time,
    /// Where its details are.
    pub uss_base_url: UssBaseUrl,
}

/// Request to create or to change a constraint reference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PutConstraintReferenceParameters {
    /// Volumes that hold it, 1 to [`EXTENTS_MAX`].
    #[serde(deserialize_with = "limited::<_, _, 1, EXTENTS_MAX>")]
    pub extents: Vec<Volume4D>,
    /// Where its details will be.
    pub uss_base_url: UssBaseUrl,
}

/// One reference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GetConstraintReferenceResponse {
    /// It.
    pub constraint_reference: ConstraintReference,
}

/// Answer to a change: the reference, and whom its manager now has to notify.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeConstraintReferenceResponse {
    /// Whom to notify, the caller included.
    pub subscribers: Vec<SubscriberToNotify>,
    /// The reference as it is now; after a deletion, as it was.
    pub constraint_reference: ConstraintReference,
}

/// Request for references in an area.
pub type QueryConstraintReferenceParameters = AreaOfInterest;

/// The references in an area.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QueryConstraintReferencesResponse {
    /// They.
    pub constraint_references: Vec<ConstraintReference>,
}
