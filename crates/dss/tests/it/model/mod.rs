//! A naive model of the DSS: the rules of docs/dss.md (their numbers in names and comments) over flat lists, everything compared with
//! everything, nothing kept that could be looked up. Of the crate under test it takes the questions alone; geometry is airspace's.
//!
//! [`judgement`] says what is refused and why, `effects` what a change does, `view` what a client sees.

mod effects;
mod judgement;
mod view;

use serde_json::Value;
use skypact_airspace::{UtcNanos, Volume4d, meet};
use skypact_dss::{Caller, Change};
use skypact_f3548::OperationalIntentState as State;
use skypact_f3548::UssAvailabilityState as Availability;

use crate::machine::Refusal;

/// An operational intent reference.
#[derive(Clone, Debug)]
pub(crate) struct Intent {
    pub(crate) id: String,
    pub(crate) manager: String,
    pub(crate) version: i32,
    pub(crate) ovn: String,
    pub(crate) state: State,
    pub(crate) url: String,
    pub(crate) subscription: Option<String>,
    pub(crate) extents: Vec<Volume4d>,
}

/// A constraint reference.
#[derive(Clone, Debug)]
pub(crate) struct Constraint {
    pub(crate) id: String,
    pub(crate) manager: String,
    pub(crate) version: i32,
    pub(crate) ovn: String,
    pub(crate) url: String,
    pub(crate) extents: Vec<Volume4d>,
}

/// A subscription. An implicit one has no volume of its own.
#[derive(Clone, Debug)]
pub(crate) struct Subscription {
    pub(crate) id: String,
    pub(crate) manager: String,
    pub(crate) version: String,
    pub(crate) notification_index: i32,
    pub(crate) url: String,
    pub(crate) for_intents: bool,
    pub(crate) for_constraints: bool,
    pub(crate) volume: Option<Volume4d>,
}

/// What an arbitrator said of a USS.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) uss: String,
    pub(crate) state: Availability,
    pub(crate) version: String,
}

/// All that the DSS knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) intents: Vec<Intent>,
    pub(crate) constraints: Vec<Constraint>,
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) said: Vec<Said>,
    /// Every OVN of an operational intent that was ever given.
    pub(crate) ovns_given: Vec<String>,
}

impl Model {
    /// The answer of a change, or why it is refused.
    pub(crate) fn change(
        &mut self,
        caller: &Caller<'_>,
        change: &Change,
        now: UtcNanos,
        random: [u128; 3],
    ) -> Result<Value, Refusal> {
        self.judge(caller, change, now)?;
        Ok(self.carry_out(caller.manager, change, now, random))
    }

    /// Rule 14: nobody said, then `Unknown`.
    fn availability(&self, uss: &str) -> Availability {
        self.said.iter().find(|said| said.uss == uss).map_or(Availability::Unknown, |said| said.state)
    }

    fn intent(&self, id: &str) -> Option<&Intent> {
        self.intents.iter().find(|intent| intent.id == id)
    }

    fn constraint(&self, id: &str) -> Option<&Constraint> {
        self.constraints.iter().find(|constraint| constraint.id == id)
    }

    /// Rule 10: a subscription that is over does not show. While operational intents depend on it, it can still be renewed.
    fn subscription(&self, id: &str, now: UtcNanos) -> Option<&Subscription> {
        let found = self.subscriptions.iter().find(|subscription| subscription.id == id)?;
        (!self.is_over(found, now) || !self.dependents(found).is_empty()).then_some(found)
    }

    fn dependents(&self, subscription: &Subscription) -> Vec<&Intent> {
        let mut dependents: Vec<_> = self.intents.iter().collect();
        dependents.retain(|intent| intent.subscription.as_ref() == Some(&subscription.id));
        dependents.sort_by_key(|intent| intent.id.clone());
        dependents
    }

    /// Rule 9: an implicit subscription covers the extents of all that depends on it.
    fn covered(&self, subscription: &Subscription) -> Vec<Volume4d> {
        match &subscription.volume {
            Some(volume) => vec![volume.clone()],
            None => self.dependents(subscription).iter().flat_map(|intent| intent.extents.clone()).collect(),
        }
    }

    fn is_over(&self, subscription: &Subscription, now: UtcNanos) -> bool {
        self.covered(subscription).iter().all(|volume| volume.window.end() < now)
    }
}

/// Rule 19: every volume counts.
fn any_meet(some: &[Volume4d], others: &[Volume4d]) -> bool {
    some.iter().any(|one| others.iter().any(|other| meet(one, other)))
}

fn start(extents: &[Volume4d]) -> UtcNanos {
    extents.iter().map(|extent| extent.window.start()).min().expect("something is somewhere")
}

fn end(extents: &[Volume4d]) -> UtcNanos {
    extents.iter().map(|extent| extent.window.end()).max().expect("something is somewhere")
}

/// Rule 10: start and end that are not given are those of the subscription that changes, else now and 24 hours later.
fn window_asked(
    given: (Option<UtcNanos>, Option<UtcNanos>),
    held: Option<&[Volume4d]>,
    now: UtcNanos,
) -> (UtcNanos, UtcNanos) {
    let starts = given.0.or(held.map(start)).unwrap_or(now);
    let ends = given.1.or(held.map(end)).unwrap_or(UtcNanos(starts.0 + DAY_NS));
    (starts, ends)
}

const MINUTE_NS: i64 = 60_000_000_000;
const DAY_NS: i64 = 24 * 60 * MINUTE_NS;
