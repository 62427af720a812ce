//! Constraint references.

use skypact_f3548::wire::ChangeConstraintReferenceResponse;
use skypact_f3548::{EntityId, PutConstraintReference};

use crate::change::Stamp;
use crate::entity::{Constraint, Subscription};
use crate::ovn::OvnValue;
use crate::state::Dss;

const WANTS: fn(&Subscription) -> bool = |held| held.notify_for_constraints;

impl Dss {
    pub(super) fn put_constraint(
        &mut self,
        id: EntityId,
        request: &PutConstraintReference,
        stamp: &Stamp,
    ) -> ChangeConstraintReferenceResponse {
        let manager = self.managers.bear(&stamp.manager);
        let uss_base_url = self.base_urls.bear(&request.uss_base_url);
        let extents = request.extents.as_slice().into();
        let ovn = OvnValue::Random(stamp.fresh_id(0));
        let version = self.constraints.get(id).map_or(1, |held| held.version + 1);
        let constraint = Constraint { id, manager, version, ovn, uss_base_url, extents };
        let reference = self.show_constraint(&constraint, stamp.manager.as_str());
        let mut subscribers = self.subscribers(&constraint.extents, WANTS, stamp.now);
        if let Some(old) = self.constraints.put(constraint) {
            subscribers.extend(self.subscribers(&old.extents, WANTS, stamp.now));
            subscribers.sort_unstable();
            subscribers.dedup();
            self.shed(&old.manager, &old.uss_base_url);
        }
        let subscribers = self.notify(&subscribers);
        ChangeConstraintReferenceResponse { subscribers, constraint_reference: reference }
    }

    pub(super) fn delete_constraint(&mut self, id: EntityId, stamp: &Stamp) -> ChangeConstraintReferenceResponse {
        let old = self.constraints.take(id).expect("decided: it exists");
        let constraint_reference = self.show_constraint(&old, stamp.manager.as_str());
        let subscribers = self.subscribers(&old.extents, WANTS, stamp.now);
        let subscribers = self.notify(&subscribers);
        self.shed(&old.manager, &old.uss_base_url);
        ChangeConstraintReferenceResponse { subscribers, constraint_reference }
    }
}
