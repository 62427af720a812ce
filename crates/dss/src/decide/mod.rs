//! Whether a change is allowed, by the rules of F3548-21 (docs/dss.md numbers them) and the state as it is. Nothing here changes
//! the state, and what passes here, [`Dss::apply`] carries out without a further question.

mod availability;
mod constraint;
mod operational_intent;
mod subscription;

use skypact_airspace::{Footprint, UtcNanos, Volume4d};

pub(crate) use subscription::covered;

use crate::change::Change;
use crate::entity::window;
use crate::rejection::Rejection;
use crate::scope::Caller;
use crate::state::Dss;

/// Largest area of an operational intent's extent, of a subscription and of a query, in square metres: 2,500 km2 (rule 12).
pub(crate) const AREA_M2_MAX: f64 = 2.5e9;
/// Largest area of a constraint's extent: 10,000 km2 (rule 19).
pub(crate) const CONSTRAINT_AREA_M2_MAX: f64 = 1e10;
/// How far a subscription may start in the past and a requested OVN be off the clock: 5 minutes (rules 10 and 15).
pub(crate) const SKEW_NS: i64 = 300_000_000_000;

impl Dss {
    /// Whether the caller may make this change at this time. The scope of the endpoint was checked before
    /// ([`crate::Endpoint::authorize`]).
    pub fn decide(&self, caller: &Caller<'_>, change: &Change, now: UtcNanos) -> Result<(), Rejection> {
        match change {
            Change::PutOperationalIntent { id, ovn, request } => {
                self.decide_put_operational_intent(caller, *id, ovn.as_deref(), request, now)
            }
            Change::DeleteOperationalIntent { id, ovn } => self.decide_delete_operational_intent(caller, *id, ovn),
            Change::PutConstraint { id, ovn, request } => {
                self.decide_put_constraint(caller, *id, ovn.as_deref(), request, now)
            }
            Change::DeleteConstraint { id, ovn } => self.decide_delete_constraint(caller, *id, ovn),
            Change::PutSubscription { id, version, request } => {
                self.decide_put_subscription(caller, *id, version.as_deref(), request, now)
            }
            Change::DeleteSubscription { id, version } => self.decide_delete_subscription(caller, *id, version, now),
            Change::SetUssAvailability { uss_id, request } => self.decide_set_availability(uss_id, request),
            Change::MakeDssReport { .. } => Ok(()),
        }
    }
}

/// Refuses extents that are over, all of them, or of which one is too large. A part of a flight that is over may stay in its
/// operational intent.
fn check_extents(extents: &[Volume4d], area_m2_max: f64, now: UtcNanos) -> Result<(), Rejection> {
    if window(extents).end() < now {
        let reason = "is in the past for all of them; give one that is still to come";
        return Err(Rejection::field("extents.time_end", "time-end-in-past", reason));
    }
    extents
        .iter()
        .enumerate()
        .try_for_each(|(place, extent)| check_area(&format!("extents[{place}].volume"), &extent.footprint, area_m2_max))
}

/// Refuses a footprint that is too large. The contract names 413 for this; deployed suites expect a bad request.
pub(crate) fn check_area(field: &str, footprint: &Footprint, area_m2_max: f64) -> Result<(), Rejection> {
    let area_m2 = footprint.area_m2();
    if area_m2 <= area_m2_max {
        return Ok(());
    }
    let reason = format!(
        "its area of {:.0} km2 is too large: at most {:.0} km2; split it (the contract names status 413 for this, deployed \
         clients expect 400)",
        area_m2 / 1e6,
        area_m2_max / 1e6
    );
    Err(Rejection::field(field, "area-too-large", reason))
}
