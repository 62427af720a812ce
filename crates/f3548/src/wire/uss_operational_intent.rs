//! Operational intents with their details, as USSs exchange them.

use serde::{Deserialize, Serialize};

use super::leniency::{limited, null_as_default};
use super::{OperationalIntentReference, SubscriptionState, Volume4D};
use crate::value::EntityId;

/// Rank among operational intents: a greater value goes before a lesser one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Priority(pub i64);

/// What only the managing USS knows of an operational intent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OperationalIntentDetails {
    /// Where the aircraft will be while it conforms. None in state Contingent.
    #[serde(default, deserialize_with = "null_as_default")]
    pub volumes: Vec<Volume4D>,
    /// Where the aircraft may be while it does not conform. None in states Accepted and Activated.
    #[serde(default, deserialize_with = "null_as_default")]
    pub off_nominal_volumes: Vec<Volume4D>,
    /// Its rank.
    #[serde(default, deserialize_with = "null_as_default")]
    pub priority: Priority,
}

/// An operational intent in full.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperationalIntent {
    /// What the DSS knows.
    pub reference: OperationalIntentReference,
    /// What only the managing USS knows.
    pub details: OperationalIntentDetails,
}

/// Notification that an operational intent of another USS has changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PutOperationalIntentDetailsParameters {
    /// Which has changed.
    pub operational_intent_id: EntityId,
    /// As it is now, with its OVN; absent when it was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operational_intent: Option<OperationalIntent>,
    /// Because of which subscriptions, at least one.
    #[serde(deserialize_with = "limited::<_, _, 1, { usize::MAX }>")]
    pub subscriptions: Vec<SubscriptionState>,
}

/// One operational intent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GetOperationalIntentDetailsResponse {
    /// It.
    pub operational_intent: OperationalIntent,
}
