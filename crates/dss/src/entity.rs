//! What the DSS holds: operational intent references, constraint references, subscriptions, availabilities.

use std::sync::Arc;

use skypact_airspace::{TimeWindow, UtcNanos, Volume4d};
use skypact_f3548::{EntityId, OperationalIntentState, SubscriptionId, UssAvailabilityState, UssBaseUrl, UssId};

use crate::ovn::OvnValue;

/// An operational intent reference.
#[derive(Clone, Debug, PartialEq)]
pub struct OperationalIntent {
    /// Its id.
    pub id: EntityId,
    /// `sub` of who created it.
    pub manager: UssId,
    /// Counts its changes from 1.
    pub version: i32,
    /// The OVN of this version.
    pub ovn: OvnValue,
    /// Its state.
    pub state: OperationalIntentState,
    /// Where its manager answers.
    pub uss_base_url: UssBaseUrl,
    /// The subscription attached, if one is.
    pub subscription: Option<SubscriptionId>,
    /// Its extents.
    pub extents: Arc<[Volume4d]>,
}

/// A constraint reference.
#[derive(Clone, Debug, PartialEq)]
pub struct Constraint {
    /// Its id.
    pub id: EntityId,
    /// `sub` of who created it.
    pub manager: UssId,
    /// Counts its changes from 1.
    pub version: i32,
    /// The OVN of this version.
    pub ovn: OvnValue,
    /// Where its manager answers.
    pub uss_base_url: UssBaseUrl,
    /// Its extents.
    pub extents: Arc<[Volume4d]>,
}

/// A subscription.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscription {
    /// Its id.
    pub id: SubscriptionId,
    /// `sub` of who created it, or whose operational intent did.
    pub manager: UssId,
    /// Changes with every change that is not a notification.
    pub version: u128,
    /// Notifications so far.
    pub notification_index: i32,
    /// Where notifications go.
    pub uss_base_url: UssBaseUrl,
    /// Whether changed operational intents notify it.
    pub notify_for_operational_intents: bool,
    /// Whether changed constraints notify it.
    pub notify_for_constraints: bool,
    /// Whether the DSS made it for an operational intent, and removes it with the last one that depends on it.
    pub implicit: bool,
    /// What it covers: one volume, or for an implicit one the extents of all operational intents that depend on it.
    pub extents: Arc<[Volume4d]>,
    /// The operational intents attached to it, ascending.
    pub dependents: Vec<EntityId>,
}

impl Subscription {
    /// Whether it is over and nothing holds it: it does not show any more, and is removed when there is time.
    pub fn is_gone(&self, now: UtcNanos) -> bool {
        self.dependents.is_empty() && window(&self.extents).end() < now
    }

    /// Whether it is over, so that nothing notifies it.
    pub fn is_expired(&self, now: UtcNanos) -> bool {
        window(&self.extents).end() < now
    }
}

/// What an arbitrator said of a USS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Availability {
    /// The state.
    pub state: UssAvailabilityState,
    /// Changes with every change.
    pub version: u128,
}

/// From the first start to the last end of some extents, which are never empty.
pub fn window(extents: &[Volume4d]) -> TimeWindow {
    let start = extents.iter().map(|extent| extent.window.start()).min();
    let end = extents.iter().map(|extent| extent.window.end()).max();
    let window = TimeWindow::new(start.unwrap_or(UtcNanos(0)), end.unwrap_or(UtcNanos(0)));
    window.expect("the last end is not before the first start")
}
