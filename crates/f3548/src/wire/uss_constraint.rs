//! Constraints with their details, as USSs exchange them.

use serde::{Deserialize, Serialize};

use super::leniency::limited;
use super::{ConstraintReference, GeoZone, SubscriptionState, Volume4D};
use crate::value::EntityId;

/// What only the managing USS knows of a constraint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConstraintDetails {
    /// Where and when it applies, at least one.
    #[serde(deserialize_with = "limited::<_, _, 1, { usize::MAX }>")]
    pub volumes: Vec<Volume4D>,
    /// Kind of airspace feature, such as `com.example.non_utm_aircraft_operations`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its geographical zone after ED-269, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geozone: Option<GeoZone>,
}

/// A constraint in full.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Constraint {
    /// What the DSS knows.
    pub reference: ConstraintReference,
    /// What only the managing USS knows.
    pub details: ConstraintDetails,
}

/// Notification that a constraint of another USS has changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PutConstraintDetailsParameters {
    /// Which has changed.
    pub constraint_id: EntityId,
    /// As it is now, with its OVN; absent when it was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraint: Option<Constraint>,
    /// Because of which subscriptions, at least one.
    #[serde(deserialize_with = "limited::<_, _, 1, { usize::MAX }>")]
    pub subscriptions: Vec<SubscriptionState>,
}

/// One constraint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GetConstraintDetailsResponse {
    /// It.
    pub constraint: Constraint,
}
