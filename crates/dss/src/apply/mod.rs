//! Folds a change that was allowed into the state, and answers it. Total: what [`Dss::decide`] passed cannot fail here, and the
//! same changes in the same order give the same state and answers, on every machine and at every later time.

mod availability;
mod constraint;
mod operational_intent;
mod subscription;

use std::collections::BTreeMap;

use skypact_airspace::UtcNanos;
use skypact_f3548::wire::{SubscriberToNotify, SubscriptionState};
use skypact_f3548::{SubscriptionId, UssBaseUrl, UssId};

use crate::answer::Answer;
use crate::change::{Change, Stamp};
use crate::decide::SKEW_NS;
use crate::state::Dss;

/// Most subscriptions that are removed after their end with one change, so that none takes long.
const REMOVALS_MAX: usize = 64;

impl Dss {
    /// Carries out a change that was allowed.
    pub fn apply(&mut self, change: &Change, stamp: &Stamp) -> Answer {
        self.now = self.now.max(stamp.now);
        self.remove_what_is_over(stamp.now);
        match change {
            Change::PutOperationalIntent { id, request, .. } => {
                Answer::OperationalIntent(Box::new(self.put_operational_intent(*id, request, stamp)))
            }
            Change::DeleteOperationalIntent { id, .. } => {
                Answer::OperationalIntent(Box::new(self.delete_operational_intent(*id, stamp)))
            }
            Change::PutConstraint { id, request, .. } => {
                Answer::Constraint(Box::new(self.put_constraint(*id, request, stamp)))
            }
            Change::DeleteConstraint { id, .. } => Answer::Constraint(Box::new(self.delete_constraint(*id, stamp))),
            Change::PutSubscription { id, request, .. } => {
                Answer::Subscription(Box::new(self.put_subscription(*id, request, stamp)))
            }
            Change::DeleteSubscription { id, .. } => {
                Answer::DeletedSubscription(Box::new(self.delete_subscription(*id)))
            }
            Change::SetUssAvailability { uss_id, request } => {
                Answer::Availability(self.set_availability(uss_id, request, stamp))
            }
            Change::MakeDssReport { request } => Answer::Report(Box::new(Self::report(request, stamp))),
        }
    }

    /// Drops subscriptions that are over, and suffixes too old to be requested again.
    fn remove_what_is_over(&mut self, now: UtcNanos) {
        for _ in 0..REMOVALS_MAX {
            let Some(&(end, id)) = self.ends.first().filter(|(end, _)| *end < now) else { break };
            self.ends.remove(&(end, id));
            // One that is still depended on goes when its last dependent does.
            if self.subscriptions.get(id.into()).is_some_and(|held| held.is_gone(now)) {
                self.drop_subscription(id);
            }
        }
        // A UUIDv7 begins with 48 bits of Unix milliseconds; twice the skew, so that no clock argues about the edge.
        let oldest_ms = now.0.saturating_sub(2 * SKEW_NS) / 1_000_000;
        let oldest = u128::try_from(oldest_ms).unwrap_or(0) << 80;
        while self.used_suffixes.first().is_some_and(|(suffix, _)| *suffix < oldest) {
            self.used_suffixes.pop_first();
        }
    }

    /// Something that bore these names is gone.
    fn shed(&mut self, manager: &UssId, uss_base_url: &UssBaseUrl) {
        self.managers.shed(manager);
        self.base_urls.shed(uss_base_url);
    }

    /// Counts a notification for each, and says whom to notify: by URL, ascending.
    fn notify(&mut self, subscribers: &[SubscriptionId]) -> Vec<SubscriberToNotify> {
        let mut by_url: BTreeMap<UssBaseUrl, Vec<SubscriptionState>> = BTreeMap::new();
        for id in subscribers {
            self.subscriptions.change((*id).into(), |held| {
                // After two thousand million notifications the count begins again; the contract gives it 32 bits.
                held.notification_index = held.notification_index.checked_add(1).unwrap_or(0);
                let state = SubscriptionState { subscription_id: *id, notification_index: held.notification_index };
                by_url.entry(held.uss_base_url.clone()).or_default().push(state);
            });
        }
        let each = by_url.into_iter();
        each.map(|(uss_base_url, subscriptions)| SubscriberToNotify { subscriptions, uss_base_url }).collect()
    }
}
