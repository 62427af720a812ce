//! Constraint references: rules 4, 6, 7, 12 and 19.

use skypact_airspace::UtcNanos;
use skypact_f3548::{EntityId, PutConstraintReference};

use super::{CONSTRAINT_AREA_M2_MAX, check_extents};
use crate::entity::Constraint;
use crate::ovn::OvnValue;
use crate::rejection::{Kind, Rejection};
use crate::scope::Caller;
use crate::state::Dss;

const KIND: Kind = Kind::Constraint;

impl Dss {
    pub(super) fn decide_put_constraint(
        &self,
        caller: &Caller<'_>,
        id: EntityId,
        ovn: Option<&str>,
        request: &PutConstraintReference,
        now: UtcNanos,
    ) -> Result<(), Rejection> {
        check_extents(&request.extents, CONSTRAINT_AREA_M2_MAX, now)?;
        match (self.constraints.get(id), ovn) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(Rejection::VersionMismatch { kind: KIND, id }),
            (Some(held), ovn) => check_held(caller, held, ovn),
        }
    }

    pub(super) fn decide_delete_constraint(
        &self,
        caller: &Caller<'_>,
        id: EntityId,
        ovn: &str,
    ) -> Result<(), Rejection> {
        let held = self.constraints.get(id).ok_or(Rejection::NotFound { kind: KIND, id })?;
        check_held(caller, held, Some(ovn))
    }
}

/// The manager first, then the OVN (rule 6).
fn check_held(caller: &Caller<'_>, held: &Constraint, ovn: Option<&str>) -> Result<(), Rejection> {
    let id = held.id;
    if held.manager.as_str() != caller.manager {
        return Err(Rejection::OtherManager { kind: KIND, id });
    }
    match ovn {
        None => Err(Rejection::Exists { kind: KIND, id }),
        Some(ovn) if OvnValue::parse(ovn) == Some(held.ovn) => Ok(()),
        Some(_) => Err(Rejection::VersionMismatch { kind: KIND, id }),
    }
}
