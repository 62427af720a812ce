//! Subscriptions: who wants to hear of changes where.

use serde::{Deserialize, Serialize};

use super::leniency::{limited, null_as_default};
use super::{AreaOfInterest, ConstraintReference, OperationalIntentReference, Volume4D};
use crate::value::{EntityId, SubscriptionId, Time, UssBaseUrl, rounded_up};

/// A subscription that a change concerns, and the number of this notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SubscriptionState {
    /// Which.
    pub subscription_id: SubscriptionId,
    /// Notifications so far, this one included; the subscriber sees gaps by it.
    pub notification_index: i32,
}

/// A USS that has to be notified of a change by the one who made it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SubscriberToNotify {
    /// Its subscriptions that the change concerns, at least one.
    #[serde(deserialize_with = "limited::<_, _, 1, { usize::MAX }>")]
    pub subscriptions: Vec<SubscriptionState>,
    /// Where the notification goes.
    pub uss_base_url: UssBaseUrl,
}

/// A subscription as its owner sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subscription {
    /// Which.
    pub id: SubscriptionId,
    /// Opaque; changes with each change by its owner.
    pub version: String,
    /// Notifications so far.
    pub notification_index: i32,
    /// Changes entirely before this are not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_start: Option<Time>,
    /// Changes entirely after this are not told.
    #[serde(default, deserialize_with = "rounded_up", skip_serializing_if = "Option::is_none")]
    pub time_end: Option<Time>,
    /// Where notifications go.
    pub uss_base_url: UssBaseUrl,
    /// Whether changes of operational intents are told.
    #[serde(default, deserialize_with = "null_as_default")]
    pub notify_for_operational_intents: bool,
    /// Whether changes of constraints are told.
    #[serde(default, deserialize_with = "null_as_default")]
    pub notify_for_constraints: bool,
    /// Whether it was made for one operational intent and goes with it.
    #[serde(default, deserialize_with = "null_as_default")]
    pub implicit_subscription: bool,
    /// Operational intents that it is attached to.
    #[serde(default, deserialize_with = "null_as_default")]
    pub dependent_operational_intents: Vec<EntityId>,
}

/// Request to create or to change a subscription.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PutSubscriptionParameters {
    /// Where and when, one volume in spite of the name.
    pub extents: Volume4D,
    /// Where notifications go.
    pub uss_base_url: UssBaseUrl,
    /// Whether changes of operational intents are told.
    #[serde(default, deserialize_with = "null_as_default")]
    pub notify_for_operational_intents: bool,
    /// Whether changes of constraints are told.
    #[serde(default, deserialize_with = "null_as_default")]
    pub notify_for_constraints: bool,
}

/// Answer to a change: the subscription, and what it concerns now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PutSubscriptionResponse {
    /// The subscription as it is now.
    pub subscription: Subscription,
    /// Operational intents in its area, if it is told of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operational_intent_references: Option<Vec<OperationalIntentReference>>,
    /// Constraints in its area, if it is told of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraint_references: Option<Vec<ConstraintReference>>,
}

/// One subscription.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GetSubscriptionResponse {
    /// It.
    pub subscription: Subscription,
}

/// The subscription that was deleted.
pub type DeleteSubscriptionResponse = GetSubscriptionResponse;

/// Request for one's own subscriptions in an area.
pub type QuerySubscriptionParameters = AreaOfInterest;

/// The subscriptions in an area.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QuerySubscriptionsResponse {
    /// They.
    pub subscriptions: Vec<Subscription>,
}
