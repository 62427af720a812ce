//! Operational intent references: rules 1 to 4, 6 to 9, 11, 12, 14 and 15.

use skypact_airspace::UtcNanos;
use skypact_f3548::wire::AirspaceConflictResponse;
use skypact_f3548::{
    EntityId, OperationalIntentState, OvnSuffix, PutOperationalIntentReference, SubscriptionChoice,
    UssAvailabilityState,
};

use super::subscription::check_covers;
use super::{AREA_M2_MAX, SKEW_NS, check_extents};
use crate::entity::{OperationalIntent, Subscription};
use crate::ovn::OvnValue;
use crate::rejection::{Kind, Rejection};
use crate::scope::{Caller, Scope};
use crate::state::Dss;

const KIND: Kind = Kind::OperationalIntent;

impl Dss {
    pub(super) fn decide_put_operational_intent(
        &self,
        caller: &Caller<'_>,
        id: EntityId,
        ovn: Option<&str>,
        request: &PutOperationalIntentReference,
        now: UtcNanos,
    ) -> Result<(), Rejection> {
        check_request(caller, ovn.is_none(), request, now)?;
        let held = self.operational_intents.get(id);
        match (held, ovn) {
            (None, None) => {}
            (None, Some(_)) => return Err(Rejection::NothingToUpdate { id }),
            (Some(held), ovn) => {
                check_held(caller, held, ovn)?;
                check_transition(held.state, request.state)?;
            }
        }
        if needs_key(request.state) {
            self.check_not_down(caller)?;
        }
        if let Some(suffix) = request.requested_ovn_suffix
            && self.used_suffixes.contains(&(suffix.digits(), id))
        {
            return Err(Rejection::OvnUsed);
        }
        let notify_for_constraints = self.check_subscription(caller, request, now)?;
        if needs_key(request.state) {
            self.check_key(caller, id, request, notify_for_constraints)?;
        }
        Ok(())
    }

    pub(super) fn decide_delete_operational_intent(
        &self,
        caller: &Caller<'_>,
        id: EntityId,
        ovn: &str,
    ) -> Result<(), Rejection> {
        let held = self.operational_intents.get(id).ok_or(Rejection::NotFound { kind: KIND, id })?;
        check_held(caller, held, Some(ovn))?;
        self.check_not_down(caller)
    }

    fn check_not_down(&self, caller: &Caller<'_>) -> Result<(), Rejection> {
        if self.availability(caller.manager) == UssAvailabilityState::Down {
            return Err(Rejection::UssDown { manager: caller.manager.to_owned() });
        }
        Ok(())
    }

    /// The subscription to attach must be the caller's, notify of operational intents and cover the extents. Gives whether it
    /// notifies of constraints.
    fn check_subscription(
        &self,
        caller: &Caller<'_>,
        request: &PutOperationalIntentReference,
        now: UtcNanos,
    ) -> Result<bool, Rejection> {
        let id = match &request.subscription {
            SubscriptionChoice::None => return Ok(false),
            SubscriptionChoice::Implicit { notify_for_constraints, .. } => {
                if *notify_for_constraints && !caller.scopes.contains(Scope::ConstraintProcessing) {
                    let field = "new_subscription.notify_for_constraints";
                    return Err(Rejection::FieldScopeMissing { field, scope: Scope::ConstraintProcessing });
                }
                return Ok(*notify_for_constraints);
            }
            SubscriptionChoice::Existing(id) => *id,
        };
        let wrong = |code, reason: &str| Rejection::field("subscription_id", code, reason);
        let held = self.subscription(id, now);
        let held =
            held.ok_or_else(|| wrong("subscription-unknown", "there is no such subscription; create it first"))?;
        if held.manager.as_str() != caller.manager {
            return Err(Rejection::OtherManager { kind: Kind::Subscription, id: id.into() });
        }
        if !held.notify_for_operational_intents {
            return Err(wrong("subscription-trigger", "does not notify of operational intents; set that trigger"));
        }
        // An implicit one grows with what depends on it.
        if !held.implicit {
            check_all_covered(held, request)?;
        }
        Ok(held.notify_for_constraints)
    }

    /// The key must hold the OVN of everything that meets the extents (rules 2 to 4).
    fn check_key(
        &self,
        caller: &Caller<'_>,
        id: EntityId,
        request: &PutOperationalIntentReference,
        with_constraints: bool,
    ) -> Result<(), Rejection> {
        let mut key: Vec<OvnValue> = request.key.iter().filter_map(|ovn| OvnValue::parse(ovn.as_str())).collect();
        key.sort_unstable();
        let known = |ovn: OvnValue| key.binary_search(&ovn).is_ok();
        let is_needed = |other: &OperationalIntent| other.id != id && !known(other.ovn) && !self.is_exempt(other);
        let intents = self.operational_intents.meeting(&request.extents, is_needed);
        let mut constraints = Vec::new();
        if with_constraints {
            constraints = self.constraints.meeting(&request.extents, |other| !known(other.ovn));
        }
        if intents.is_empty() && constraints.is_empty() {
            return Ok(());
        }
        let mut missing = AirspaceConflictResponse {
            message: None,
            missing_operational_intents: intents.iter().map(|o| self.show_intent(o, caller.manager)).collect(),
            missing_constraints: constraints.iter().map(|c| self.show_constraint(c, caller.manager)).collect(),
        };
        let rejection = Rejection::MissingOvns { missing: Box::new(missing.clone()) };
        missing.message = Some(rejection.to_string());
        Err(Rejection::MissingOvns { missing: Box::new(missing) })
    }

    /// Nobody can ask a USS that is Down for its OVNs, and what it only planned may be planned over (rule 2).
    fn is_exempt(&self, other: &OperationalIntent) -> bool {
        other.state == OperationalIntentState::Accepted
            && self.availability(other.manager.as_str()) == UssAvailabilityState::Down
    }
}

fn needs_key(state: OperationalIntentState) -> bool {
    matches!(state, OperationalIntentState::Accepted | OperationalIntentState::Activated)
}

/// What can be said without looking at what the DSS holds.
fn check_request(
    caller: &Caller<'_>,
    is_new: bool,
    request: &PutOperationalIntentReference,
    now: UtcNanos,
) -> Result<(), Rejection> {
    if is_new && request.state != OperationalIntentState::Accepted {
        let reason = "a new operational intent is Accepted; update it for the other states";
        return Err(Rejection::field("state", "state-not-initial", reason));
    }
    check_extents(&request.extents, AREA_M2_MAX, now)?;
    if let Some(suffix) = request.requested_ovn_suffix {
        check_suffix(suffix, now)?;
    }
    if request.state != OperationalIntentState::Accepted && request.subscription == SubscriptionChoice::None {
        let reason = "is required in this state: give an existing subscription, or new_subscription";
        return Err(Rejection::field("subscription_id", "subscription-required", reason));
    }
    if !needs_key(request.state) && !caller.scopes.contains(Scope::ConformanceMonitoringSa) {
        return Err(Rejection::FieldScopeMissing { field: "state", scope: Scope::ConformanceMonitoringSa });
    }
    Ok(())
}

fn check_suffix(suffix: OvnSuffix, now: UtcNanos) -> Result<(), Rejection> {
    let stated_ns = i128::from(suffix.unix_ms()) * 1_000_000;
    if (stated_ns - i128::from(now.0)).abs() <= i128::from(SKEW_NS) {
        return Ok(());
    }
    let reason = "its time is more than 5 minutes off the clock of the DSS; make a fresh UUIDv7";
    Err(Rejection::field("requested_ovn_suffix", "ovn-suffix-time", reason))
}

/// The manager first, then the OVN (rule 6).
fn check_held(caller: &Caller<'_>, held: &OperationalIntent, ovn: Option<&str>) -> Result<(), Rejection> {
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

/// Accepted leads everywhere, Activated and Nonconforming to all but Accepted, Contingent nowhere else (rule 1).
fn check_transition(from: OperationalIntentState, to: OperationalIntentState) -> Result<(), Rejection> {
    use OperationalIntentState::{Accepted, Activated, Contingent, Nonconforming};
    let allowed = match from {
        Accepted => true,
        Activated | Nonconforming => matches!(to, Activated | Nonconforming | Contingent),
        Contingent => to == Contingent,
    };
    if allowed {
        return Ok(());
    }
    let reason = format!("an operational intent does not go from {from} to {to}; end it by DELETE, or keep its state");
    Err(Rejection::field("state", "state-transition", reason))
}

fn check_all_covered(held: &Subscription, request: &PutOperationalIntentReference) -> Result<(), Rejection> {
    let [covering] = &held.extents[..] else { return Ok(()) };
    request.extents.iter().enumerate().try_for_each(|(place, extent)| {
        if covering.window.start() > extent.window.start() {
            let reason = format!("starts after extents[{place}]; the subscription must cover the whole intent");
            return Err(Rejection::field("subscription_id", "subscription-coverage", reason));
        }
        check_covers(covering, extent).map_err(|what| {
            let reason = format!("does not cover the {what} of extents[{place}]; widen the subscription");
            Rejection::field("subscription_id", "subscription-coverage", reason)
        })
    })
}
