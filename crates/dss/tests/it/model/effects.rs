//! What a change that is allowed does, and its answer.

use serde_json::{Value, json};
use skypact_airspace::{TimeWindow, UtcNanos, Volume4d};
use skypact_dss::Change;
use skypact_f3548::{PutConstraintReference, PutOperationalIntentReference, PutSubscription, SubscriptionChoice};

use super::{Constraint, Intent, Model, Said, Subscription, any_meet, window_asked};

/// Random bits as a version 4 UUID: digit 13 is the version, the two highest bits of digit 17 are the variant.
fn uuid4(random: u128) -> String {
    let mut digits = format!("{random:032x}");
    digits.replace_range(12..13, "4");
    let variant = ["8", "9", "a", "b"][usize::from_str_radix(&digits[16..17], 16).expect("a digit") % 4];
    digits.replace_range(16..17, variant);
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

impl Model {
    pub(crate) fn carry_out(&mut self, manager: &str, change: &Change, now: UtcNanos, random: [u128; 3]) -> Value {
        match change {
            Change::PutOperationalIntent { id, request, .. } => {
                self.put_intent(manager, &id.to_string(), request, now, random)
            }
            Change::DeleteOperationalIntent { id, .. } => self.delete_intent(manager, &id.to_string(), now),
            Change::PutConstraint { id, request, .. } => {
                self.put_constraint(manager, &id.to_string(), request, now, random)
            }
            Change::DeleteConstraint { id, .. } => self.delete_constraint(manager, &id.to_string(), now),
            Change::PutSubscription { id, request, .. } => {
                self.put_subscription(manager, &id.to_string(), request, now, random)
            }
            Change::DeleteSubscription { id, .. } => {
                let held = self.subscription(&id.to_string(), now).expect("judged");
                let shown = self.show_subscription(held);
                self.subscriptions.retain(|held| held.id != id.to_string());
                json!({ "subscription": shown })
            }
            Change::SetUssAvailability { uss_id, request } => {
                self.said.retain(|said| said.uss != *uss_id);
                let said = Said { uss: uss_id.clone(), state: request.availability, version: uuid4(random[0]) };
                self.said.push(said);
                self.show_availability(uss_id)
            }
            Change::MakeDssReport { request } => {
                json!({ "report_id": uuid4(random[0]), "exchange": request.exchange })
            }
        }
    }

    fn put_intent(
        &mut self,
        manager: &str,
        id: &str,
        request: &PutOperationalIntentReference,
        now: UtcNanos,
        random: [u128; 3],
    ) -> Value {
        let old = self.intent(id).cloned();
        let subscription = match &request.subscription {
            SubscriptionChoice::None => None,
            SubscriptionChoice::Existing(id) => Some(id.to_string()),
            SubscriptionChoice::Implicit { uss_base_url, notify_for_constraints } => {
                self.subscriptions.push(Subscription {
                    id: uuid4(random[1]),
                    manager: manager.to_owned(),
                    version: uuid4(random[2]),
                    notification_index: 0,
                    url: uss_base_url.to_string(),
                    for_intents: true,
                    for_constraints: *notify_for_constraints,
                    volume: None,
                });
                Some(uuid4(random[1]))
            }
        };
        // Rule 15: the OVN requested.
        let ovn = request.requested_ovn_suffix.map_or(uuid4(random[0]), |suffix| format!("{id}_{suffix}"));
        self.ovns_given.push(ovn.clone());
        self.intents.retain(|intent| intent.id != id);
        self.intents.push(Intent {
            id: id.to_owned(),
            manager: manager.to_owned(),
            version: old.as_ref().map_or(1, |old| old.version + 1),
            ovn,
            state: request.state,
            url: request.uss_base_url.to_string(),
            subscription,
            extents: request.extents.clone(),
        });
        self.rule_9_implicit_subscriptions_go_with_their_last_dependent();
        // Rule 13: old and new area count.
        let mut area = request.extents.clone();
        area.extend(old.into_iter().flat_map(|old| old.extents));
        let subscribers = self.rule_13_notify(&area, |subscription| subscription.for_intents, now);
        let shown = self.show_intent(self.intent(id).expect("it was put in"), manager);
        json!({ "subscribers": subscribers, "operational_intent_reference": shown })
    }

    fn delete_intent(&mut self, manager: &str, id: &str, now: UtcNanos) -> Value {
        let old = self.intent(id).cloned().expect("judged");
        let subscribers = self.rule_13_notify(&old.extents, |subscription| subscription.for_intents, now);
        self.intents.retain(|intent| intent.id != id);
        self.rule_9_implicit_subscriptions_go_with_their_last_dependent();
        json!({ "subscribers": subscribers, "operational_intent_reference": self.show_intent(&old, manager) })
    }

    fn rule_9_implicit_subscriptions_go_with_their_last_dependent(&mut self) {
        let needed: Vec<_> = self.intents.iter().filter_map(|intent| intent.subscription.clone()).collect();
        self.subscriptions.retain(|held| held.volume.is_some() || needed.contains(&held.id));
    }

    fn put_constraint(
        &mut self,
        manager: &str,
        id: &str,
        request: &PutConstraintReference,
        now: UtcNanos,
        random: [u128; 3],
    ) -> Value {
        let old = self.constraint(id).cloned();
        self.constraints.retain(|constraint| constraint.id != id);
        self.constraints.push(Constraint {
            id: id.to_owned(),
            manager: manager.to_owned(),
            version: old.as_ref().map_or(1, |old| old.version + 1),
            ovn: uuid4(random[0]),
            url: request.uss_base_url.to_string(),
            extents: request.extents.clone(),
        });
        // Rule 13: old and new area count.
        let mut area = request.extents.clone();
        area.extend(old.into_iter().flat_map(|old| old.extents));
        let subscribers = self.rule_13_notify(&area, |subscription| subscription.for_constraints, now);
        let shown = self.show_constraint(self.constraint(id).expect("it was put in"), manager);
        json!({ "subscribers": subscribers, "constraint_reference": shown })
    }

    fn delete_constraint(&mut self, manager: &str, id: &str, now: UtcNanos) -> Value {
        let old = self.constraint(id).cloned().expect("judged");
        let subscribers = self.rule_13_notify(&old.extents, |subscription| subscription.for_constraints, now);
        self.constraints.retain(|constraint| constraint.id != id);
        json!({ "subscribers": subscribers, "constraint_reference": self.show_constraint(&old, manager) })
    }

    /// Rule 9: a PUT makes an implicit subscription the client's own.
    fn put_subscription(
        &mut self,
        manager: &str,
        id: &str,
        request: &PutSubscription,
        now: UtcNanos,
        random: [u128; 3],
    ) -> Value {
        let held = self.subscription(id, now);
        let extent = &request.extent;
        let covered = held.map(|held| self.covered(held));
        let (starts, ends) = window_asked((extent.start, extent.end), covered.as_deref(), now);
        let window = TimeWindow::new(starts, ends).expect("judged");
        let subscription = Subscription {
            id: id.to_owned(),
            manager: manager.to_owned(),
            version: uuid4(random[0]),
            notification_index: held.map_or(0, |held| held.notification_index),
            url: request.uss_base_url.to_string(),
            for_intents: request.notify_for_operational_intents,
            for_constraints: request.notify_for_constraints,
            volume: Some(Volume4d::new(extent.footprint.clone(), extent.band, window)),
        };
        self.subscriptions.retain(|held| held.id != id);
        self.subscriptions.push(subscription.clone());
        let mut answer = json!({ "subscription": self.show_subscription(&subscription) });
        let area = self.covered(&subscription);
        if subscription.for_intents {
            let intents = self.show_intents(&self.intents_meeting(&area), manager);
            answer["operational_intent_references"] = json!(intents);
        }
        if subscription.for_constraints {
            let constraints = self.show_constraints(&self.constraints_meeting(&area), manager);
            answer["constraint_references"] = json!(constraints);
        }
        answer
    }

    /// Each subscription in the area counts one more, whosever it is; the answer has the value after it. By URL, then by id.
    fn rule_13_notify(&mut self, area: &[Volume4d], wants: fn(&Subscription) -> bool, now: UtcNanos) -> Vec<Value> {
        let concerns =
            |held: &Subscription| wants(held) && !self.is_over(held, now) && any_meet(&self.covered(held), area);
        let concerned: Vec<String> =
            self.subscriptions.iter().filter(|held| concerns(held)).map(|held| held.id.clone()).collect();
        let mut told: Vec<&mut Subscription> = self.subscriptions.iter_mut().collect();
        told.retain(|held| concerned.contains(&held.id));
        told.sort_by_key(|held| (held.url.clone(), held.id.clone()));
        let mut subscribers: Vec<Value> = Vec::new();
        for held in told {
            held.notification_index += 1;
            let state = json!({ "subscription_id": held.id, "notification_index": held.notification_index });
            match subscribers.last_mut() {
                Some(last) if last["uss_base_url"] == json!(held.url) => {
                    last["subscriptions"].as_array_mut().expect("a list").push(state);
                }
                _ => subscribers.push(json!({ "subscriptions": [state], "uss_base_url": held.url })),
            }
        }
        subscribers
    }
}
