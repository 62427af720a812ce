//! What a client sees, as the contract's JSON.

use serde_json::{Value, json};
use skypact_airspace::{TimeWindow, UtcNanos, Volume4d};
use skypact_dss::{Caller, Query, RejectionClass};
use skypact_f3548::Extent;

use super::{Constraint, Intent, Model, Subscription, any_meet, end, start};
use crate::machine::Refusal;
use crate::requests::time;

impl Model {
    pub(crate) fn query(&self, caller: &Caller<'_>, query: &Query, now: UtcNanos) -> Result<Value, Refusal> {
        Self::judge_query(caller, query)?;
        let viewer = caller.manager;
        let refused = |class, code: &str| Refusal { class, code: code.to_owned(), missing: None };
        let not_found = || refused(RejectionClass::NotFound, "not-found");
        Ok(match query {
            Query::OperationalIntent(id) => {
                let held = self.intent(&id.to_string()).ok_or_else(not_found)?;
                json!({ "operational_intent_reference": self.show_intent(held, viewer) })
            }
            Query::OperationalIntents(area) => {
                let found = self.intents_meeting(&[volume(area)]);
                json!({ "operational_intent_references": self.show_intents(&found, viewer) })
            }
            Query::Constraint(id) => {
                let held = self.constraint(&id.to_string()).ok_or_else(not_found)?;
                json!({ "constraint_reference": self.show_constraint(held, viewer) })
            }
            Query::Constraints(area) => {
                let found = self.constraints_meeting(&[volume(area)]);
                json!({ "constraint_references": self.show_constraints(&found, viewer) })
            }
            Query::Subscription(id) => {
                let held = self.subscription(&id.to_string(), now).ok_or_else(not_found)?;
                if held.manager != viewer {
                    return Err(refused(RejectionClass::Forbidden, "other-manager"));
                }
                json!({ "subscription": self.show_subscription(held) })
            }
            Query::Subscriptions(area) => {
                let mut found: Vec<_> = self.subscriptions.iter().collect();
                // Rule 10: one that is over does not show.
                found.retain(|held| held.manager == viewer && !self.is_over(held, now));
                found.retain(|held| any_meet(&self.covered(held), &[volume(area)]));
                found.sort_by_key(|held| held.id.clone());
                let shown: Vec<_> = found.into_iter().map(|held| self.show_subscription(held)).collect();
                json!({ "subscriptions": shown })
            }
            Query::UssAvailability(uss) => self.show_availability(uss),
        })
    }

    pub(crate) fn intents_meeting(&self, area: &[Volume4d]) -> Vec<&Intent> {
        let mut found: Vec<_> = self.intents.iter().filter(|intent| any_meet(&intent.extents, area)).collect();
        found.sort_by_key(|intent| intent.id.clone());
        found
    }

    pub(crate) fn constraints_meeting(&self, area: &[Volume4d]) -> Vec<&Constraint> {
        let mut found: Vec<_> = self.constraints.iter().filter(|held| any_meet(&held.extents, area)).collect();
        found.sort_by_key(|held| held.id.clone());
        found
    }

    pub(crate) fn show_intents(&self, intents: &[&Intent], viewer: &str) -> Vec<Value> {
        intents.iter().map(|intent| self.show_intent(intent, viewer)).collect()
    }

    pub(crate) fn show_constraints(&self, constraints: &[&Constraint], viewer: &str) -> Vec<Value> {
        constraints.iter().map(|constraint| self.show_constraint(constraint, viewer)).collect()
    }

    pub(crate) fn show_intent(&self, intent: &Intent, viewer: &str) -> Value {
        json!({
            "id": intent.id,
            "manager": intent.manager,
            "uss_availability": self.availability(&intent.manager),
            "version": intent.version,
            "state": intent.state,
            "ovn": rule_4_shown_ovn(&intent.ovn, &intent.manager, viewer),
            "time_start": time(start(&intent.extents)),
            "time_end": time(end(&intent.extents)),
            "uss_base_url": intent.url,
            // Rule 8: what shows without a subscription.
            "subscription_id": intent.subscription.as_deref().unwrap_or("00000000-0000-4000-8000-000000000000"),
        })
    }

    pub(crate) fn show_constraint(&self, constraint: &Constraint, viewer: &str) -> Value {
        json!({
            "id": constraint.id,
            "manager": constraint.manager,
            "uss_availability": self.availability(&constraint.manager),
            "version": constraint.version,
            "ovn": rule_4_shown_ovn(&constraint.ovn, &constraint.manager, viewer),
            "time_start": time(start(&constraint.extents)),
            "time_end": time(end(&constraint.extents)),
            "uss_base_url": constraint.url,
        })
    }

    pub(crate) fn show_subscription(&self, held: &Subscription) -> Value {
        let covered = self.covered(held);
        let dependents: Vec<_> = self.dependents(held).iter().map(|intent| &intent.id).collect();
        json!({
            "id": held.id,
            "version": held.version,
            "notification_index": held.notification_index,
            "time_start": time(start(&covered)),
            "time_end": time(end(&covered)),
            "uss_base_url": held.url,
            "notify_for_operational_intents": held.for_intents,
            "notify_for_constraints": held.for_constraints,
            "implicit_subscription": held.volume.is_none(),
            "dependent_operational_intents": dependents,
        })
    }

    /// Rule 14: nobody said, then the version is empty.
    pub(crate) fn show_availability(&self, uss: &str) -> Value {
        let version = self.said.iter().find(|said| said.uss == uss).map_or("", |said| &said.version);
        json!({ "version": version, "status": { "uss": uss, "availability": self.availability(uss) } })
    }
}

fn rule_4_shown_ovn<'a>(ovn: &'a str, manager: &str, viewer: &str) -> &'a str {
    if manager == viewer { ovn } else { "Available from USS" }
}

/// What is not given is unbounded.
fn volume(area: &Extent) -> Volume4d {
    let (from, until) = (area.start.unwrap_or(UtcNanos(i64::MIN)), area.end.unwrap_or(UtcNanos(i64::MAX)));
    Volume4d::new(area.footprint.clone(), area.band, TimeWindow::new(from, until).expect("in order"))
}
