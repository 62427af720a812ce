//! The state of the DSS: a fold over recorded changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;

use skypact_airspace::{UtcNanos, Volume4d};
use skypact_f3548::{EntityId, SubscriptionId, UssAvailabilityState, UssBaseUrl, UssId};

use crate::entity::{Availability, Constraint, OperationalIntent, Subscription};
use crate::register::Register;

/// What the DSS holds.
#[derive(Clone, Debug)]
pub struct Dss {
    pub(crate) operational_intents: Register<OperationalIntent>,
    pub(crate) constraints: Register<Constraint>,
    pub(crate) subscriptions: Register<Subscription>,
    pub(crate) availabilities: BTreeMap<String, Availability>,
    /// When subscriptions end, so that those that are gone can be removed.
    pub(crate) ends: BTreeSet<(UtcNanos, SubscriptionId)>,
    /// OVN suffixes that managers requested, while one of the same could be requested again: version 7 UUIDs order by time.
    pub(crate) used_suffixes: BTreeSet<(u128, EntityId)>,
    /// Who manages something, each name held once.
    pub(crate) managers: Names<UssId>,
    /// Where somebody answers, each URL held once.
    pub(crate) base_urls: Names<UssBaseUrl>,
    /// When the newest change was made.
    pub(crate) now: UtcNanos,
}

/// How many things the DSS holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Operational intent references.
    pub operational_intents: usize,
    /// Constraint references.
    pub constraints: usize,
    /// Subscriptions, those that are over and not yet removed included.
    pub subscriptions: usize,
    /// USSs whose availability was set.
    pub availabilities: usize,
}

impl Default for Dss {
    fn default() -> Self {
        Self::new()
    }
}

impl Dss {
    /// A DSS that holds nothing.
    pub fn new() -> Self {
        Self {
            operational_intents: Register::new(),
            constraints: Register::new(),
            subscriptions: Register::new(),
            availabilities: BTreeMap::new(),
            ends: BTreeSet::new(),
            used_suffixes: BTreeSet::new(),
            managers: Names::default(),
            base_urls: Names::default(),
            now: UtcNanos(i64::MIN),
        }
    }

    /// When the newest change was made; the least instant when there was none.
    pub fn newest_change(&self) -> UtcNanos {
        self.now
    }

    /// How much it holds.
    pub fn sizes(&self) -> Sizes {
        Sizes {
            operational_intents: self.operational_intents.len(),
            constraints: self.constraints.len(),
            subscriptions: self.subscriptions.len(),
            availabilities: self.availabilities.len(),
        }
    }

    /// The state of a USS; `Unknown` when nobody said.
    pub fn availability(&self, uss: &str) -> UssAvailabilityState {
        self.availabilities.get(uss).map_or(UssAvailabilityState::Unknown, |availability| availability.state)
    }

    /// A subscription that shows: it is not over, or something depends on it.
    pub(crate) fn subscription(&self, id: SubscriptionId, now: UtcNanos) -> Option<&Subscription> {
        self.subscriptions.get(id.into()).filter(|subscription| !subscription.is_gone(now))
    }

    /// Ids of the subscriptions to notify of a change in these volumes, ascending.
    pub(crate) fn subscribers(
        &self,
        volumes: &[Volume4d],
        wants: impl Fn(&Subscription) -> bool,
        now: UtcNanos,
    ) -> Vec<SubscriptionId> {
        let meeting = self.subscriptions.meeting(volumes, |found| wants(found) && !found.is_expired(now));
        meeting.into_iter().map(|found| found.id).collect()
    }
}

/// Names that many things bear, of which one copy is held, and how many bear each.
#[derive(Clone, Debug)]
pub(crate) struct Names<T> {
    borne: HashMap<T, usize>,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self { borne: HashMap::new() }
    }
}

impl<T: Clone + Eq + Hash> Names<T> {
    /// The one copy of a name, for one more that bears it.
    pub(crate) fn bear(&mut self, name: &T) -> T {
        let (held, count) = match self.borne.get_key_value(name) {
            Some((held, count)) => (held.clone(), *count),
            None => (name.clone(), 0),
        };
        self.borne.insert(held.clone(), count + 1);
        held
    }

    /// One that bore a name is gone.
    pub(crate) fn shed(&mut self, name: &T) {
        match self.borne.get_mut(name) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.borne.remove(name)),
        }
    }
}
