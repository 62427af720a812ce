//! Subscriptions that a client manages itself. A PUT to an implicit one makes it the client's own.

use skypact_f3548::wire::{DeleteSubscriptionResponse, PutSubscriptionResponse};
use skypact_f3548::{PutSubscription, SubscriptionId};

use crate::change::Stamp;
use crate::decide::covered;
use crate::entity::{Subscription, window};
use crate::state::Dss;

impl Dss {
    pub(super) fn put_subscription(
        &mut self,
        id: SubscriptionId,
        request: &PutSubscription,
        stamp: &Stamp,
    ) -> PutSubscriptionResponse {
        let held = self.subscription(id, stamp.now);
        let volume = covered(&request.extent, held, stamp.now);
        let (notification_index, dependents) =
            held.map_or((0, Vec::new()), |held| (held.notification_index, held.dependents.clone()));
        let subscription = Subscription {
            id,
            manager: self.managers.bear(&stamp.manager),
            version: stamp.fresh_id(0),
            notification_index,
            uss_base_url: self.base_urls.bear(&request.uss_base_url),
            notify_for_operational_intents: request.notify_for_operational_intents,
            notify_for_constraints: request.notify_for_constraints,
            implicit: false,
            extents: [volume].into(),
            dependents,
        };
        let response = self.show_put_subscription(&subscription, stamp.manager.as_str());
        self.put_in(subscription);
        response
    }

    pub(super) fn delete_subscription(&mut self, id: SubscriptionId) -> DeleteSubscriptionResponse {
        let held = self.drop_subscription(id).expect("decided: it exists");
        DeleteSubscriptionResponse { subscription: Self::show_subscription(&held) }
    }

    /// Puts a subscription in, in place of one with the same id, and notes when it ends.
    pub(super) fn put_in(&mut self, subscription: Subscription) {
        let (id, end) = (subscription.id, window(&subscription.extents).end());
        if let Some(old) = self.subscriptions.put(subscription) {
            self.let_go(&old);
        }
        self.ends.insert((end, id));
    }

    /// Takes a subscription out.
    pub(super) fn drop_subscription(&mut self, id: SubscriptionId) -> Option<Subscription> {
        let old = self.subscriptions.take(id.into())?;
        self.let_go(&old);
        Some(old)
    }

    fn let_go(&mut self, old: &Subscription) {
        self.ends.remove(&(window(&old.extents).end(), old.id));
        self.shed(&old.manager, &old.uss_base_url);
    }
}
