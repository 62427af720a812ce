//! Operational intent references, and the implicit subscriptions that come and go with them (rule 9).

use std::sync::Arc;

use skypact_airspace::Volume4d;
use skypact_f3548::wire::ChangeOperationalIntentReferenceResponse;
use skypact_f3548::{EntityId, PutOperationalIntentReference, SubscriptionChoice, SubscriptionId, UssBaseUrl};

use crate::change::Stamp;
use crate::entity::{OperationalIntent, Subscription};
use crate::ovn::OvnValue;
use crate::state::Dss;

const WANTS: fn(&Subscription) -> bool = |held| held.notify_for_operational_intents;

impl Dss {
    pub(super) fn put_operational_intent(
        &mut self,
        id: EntityId,
        request: &PutOperationalIntentReference,
        stamp: &Stamp,
    ) -> ChangeOperationalIntentReferenceResponse {
        let extents: Arc<[Volume4d]> = request.extents.as_slice().into();
        let subscription = match &request.subscription {
            SubscriptionChoice::None => None,
            SubscriptionChoice::Existing(id) => Some(*id),
            SubscriptionChoice::Implicit { uss_base_url, notify_for_constraints } => {
                Some(self.add_implicit(uss_base_url, *notify_for_constraints, extents.clone(), stamp))
            }
        };
        let ovn = request.requested_ovn_suffix.map_or(OvnValue::Random(stamp.fresh_id(0)), |suffix| {
            self.used_suffixes.insert((suffix.digits(), id));
            OvnValue::Requested { entity: id, suffix: suffix.digits() }
        });
        let intent = OperationalIntent {
            id,
            manager: self.managers.bear(&stamp.manager),
            version: self.operational_intents.get(id).map_or(1, |held| held.version + 1),
            ovn,
            state: request.state,
            uss_base_url: self.base_urls.bear(&request.uss_base_url),
            subscription,
            extents,
        };
        let operational_intent_reference = self.show_intent(&intent, stamp.manager.as_str());
        let extents = intent.extents.clone();
        let old = self.operational_intents.put(intent);
        if let Some(replaced) = old.as_ref().and_then(|old| old.subscription).filter(|old| Some(*old) != subscription) {
            self.detach(replaced, id);
        }
        if let Some(subscription) = subscription {
            self.attach(subscription, id);
        }
        let mut subscribers = self.subscribers(&extents, WANTS, stamp.now);
        if let Some(old) = old {
            subscribers.extend(self.subscribers(&old.extents, WANTS, stamp.now));
            subscribers.sort_unstable();
            subscribers.dedup();
            self.shed(&old.manager, &old.uss_base_url);
        }
        let subscribers = self.notify(&subscribers);
        ChangeOperationalIntentReferenceResponse { subscribers, operational_intent_reference }
    }

    pub(super) fn delete_operational_intent(
        &mut self,
        id: EntityId,
        stamp: &Stamp,
    ) -> ChangeOperationalIntentReferenceResponse {
        let old = self.operational_intents.take(id).expect("decided: it exists");
        let operational_intent_reference = self.show_intent(&old, stamp.manager.as_str());
        let subscribers = self.subscribers(&old.extents, WANTS, stamp.now);
        let subscribers = self.notify(&subscribers);
        if let Some(subscription) = old.subscription {
            self.detach(subscription, id);
        }
        self.shed(&old.manager, &old.uss_base_url);
        ChangeOperationalIntentReferenceResponse { subscribers, operational_intent_reference }
    }

    fn add_implicit(
        &mut self,
        uss_base_url: &UssBaseUrl,
        notify_for_constraints: bool,
        extents: Arc<[Volume4d]>,
        stamp: &Stamp,
    ) -> SubscriptionId {
        let id = SubscriptionId(stamp.fresh_id(1));
        let subscription = Subscription {
            id,
            manager: self.managers.bear(&stamp.manager),
            version: stamp.fresh_id(2),
            notification_index: 0,
            uss_base_url: self.base_urls.bear(uss_base_url),
            notify_for_operational_intents: true,
            notify_for_constraints,
            implicit: true,
            extents,
            dependents: Vec::new(),
        };
        self.put_in(subscription);
        id
    }

    /// Makes an operational intent depend on a subscription; an implicit one grows to cover it.
    fn attach(&mut self, subscription: SubscriptionId, intent: EntityId) {
        self.subscriptions.change(subscription.into(), |held| {
            if let Err(place) = held.dependents.binary_search(&intent) {
                held.dependents.insert(place, intent);
            }
        });
        self.cover_dependents(subscription);
    }

    /// The last one to leave takes an implicit subscription with it.
    fn detach(&mut self, subscription: SubscriptionId, intent: EntityId) {
        self.subscriptions.change(subscription.into(), |held| held.dependents.retain(|other| *other != intent));
        let Some(held) = self.subscriptions.get(subscription.into()) else { return };
        if held.dependents.is_empty() && (held.implicit || held.is_gone(self.now)) {
            self.drop_subscription(subscription);
        } else {
            self.cover_dependents(subscription);
        }
    }

    /// An implicit subscription covers the extents of all that depend on it, and shares them when there is just one.
    fn cover_dependents(&mut self, id: SubscriptionId) {
        let Some(held) = self.subscriptions.get(id.into()).filter(|held| held.implicit) else { return };
        let mut covered = held.dependents.iter().filter_map(|intent| self.operational_intents.get(*intent));
        let extents: Arc<[Volume4d]> = match (covered.next(), &held.dependents[..]) {
            (Some(only), [_]) => only.extents.clone(),
            (Some(first), _) => {
                first.extents.iter().chain(covered.flat_map(|intent| intent.extents.iter())).cloned().collect()
            }
            (None, _) => return,
        };
        if Arc::ptr_eq(&extents, &held.extents) || extents == held.extents {
            return;
        }
        let moved = Subscription { extents, ..held.clone() };
        self.put_in(moved);
    }
}
