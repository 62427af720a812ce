//! What is refused, and why: one function for each rule, asked one after the other.

use skypact_airspace::{TimeWindow, UtcNanos, Volume4d};
use skypact_dss::{Caller, Change, Query, RejectionClass, Scope};
use skypact_f3548::OperationalIntentState::{Accepted, Activated, Contingent, Nonconforming};
use skypact_f3548::UssAvailabilityState::Down;
use skypact_f3548::{
    OperationalIntentState, OvnSuffix, PutConstraintReference, PutOperationalIntentReference, PutSubscription,
    SubscriptionChoice,
};

use super::{DAY_NS, Intent, MINUTE_NS, Model, Subscription, end, window_asked};
use crate::machine::Refusal;

type Verdict = Result<(), Refusal>;

/// Largest area of a footprint, and of one of a constraint (rule 12).
const AREA_M2_MAX: f64 = 2_500.0 * 1e6;
const CONSTRAINT_AREA_M2_MAX: f64 = 10_000.0 * 1e6;

fn refused(class: RejectionClass, code: &str) -> Refusal {
    Refusal { class, code: code.to_owned(), missing: None }
}

fn bad_request(code: &str) -> Refusal {
    refused(RejectionClass::BadRequest, code)
}

fn forbidden(code: &str) -> Refusal {
    refused(RejectionClass::Forbidden, code)
}

fn conflict(code: &str) -> Refusal {
    refused(RejectionClass::Conflict, code)
}

fn not_found() -> Refusal {
    refused(RejectionClass::NotFound, "not-found")
}

/// Refuses unless something holds.
fn require(holds: bool, refusal: Refusal) -> Verdict {
    if holds { Ok(()) } else { Err(refusal) }
}

impl Model {
    pub(crate) fn judge(&self, caller: &Caller<'_>, change: &Change, now: UtcNanos) -> Verdict {
        use Scope::{
            AvailabilityArbitration, ConformanceMonitoringSa, ConstraintManagement, ConstraintProcessing,
            StrategicCoordination,
        };
        let scopes: &[Scope] = match change {
            Change::PutOperationalIntent { .. } | Change::DeleteOperationalIntent { .. } => {
                &[StrategicCoordination, ConformanceMonitoringSa]
            }
            Change::PutConstraint { .. } | Change::DeleteConstraint { .. } => &[ConstraintManagement],
            Change::PutSubscription { .. } | Change::DeleteSubscription { .. } => {
                &[StrategicCoordination, ConstraintProcessing]
            }
            Change::SetUssAvailability { .. } => &[AvailabilityArbitration],
            Change::MakeDssReport { .. } => &Scope::ALL,
        };
        rule_17_one_of(scopes, caller)?;
        match change {
            Change::PutOperationalIntent { id, ovn, request } => {
                self.judge_put_intent(caller, &id.to_string(), ovn.as_deref(), request, now)
            }
            Change::DeleteOperationalIntent { id, ovn } => {
                let held = self.intent(&id.to_string()).ok_or_else(not_found)?;
                rules_6_and_7_manager_then_ovn(caller, &held.manager, &held.ovn, Some(ovn))?;
                self.rule_14_not_down(caller)
            }
            Change::PutConstraint { id, ovn, request } => {
                self.judge_put_constraint(caller, &id.to_string(), ovn.as_deref(), request, now)
            }
            Change::DeleteConstraint { id, ovn } => {
                let held = self.constraint(&id.to_string()).ok_or_else(not_found)?;
                rules_6_and_7_manager_then_ovn(caller, &held.manager, &held.ovn, Some(ovn))
            }
            Change::PutSubscription { id, version, request } => {
                self.judge_put_subscription(caller, &id.to_string(), version.as_deref(), request, now)
            }
            Change::DeleteSubscription { id, version } => {
                require(!version.is_empty(), bad_request("version-missing"))?;
                let held = self.subscription(&id.to_string(), now).ok_or_else(not_found)?;
                rule_6_version_then_manager(caller, held, version)?;
                // Rule 10: with dependents it cannot be deleted.
                require(self.dependents(held).is_empty(), bad_request("subscription-dependents"))
            }
            Change::SetUssAvailability { uss_id, request } => {
                require((1..=256).contains(&uss_id.len()), bad_request("uss-id-length"))?;
                let current = self.said.iter().find(|said| said.uss == *uss_id).map_or("", |said| &said.version);
                require(request.old_version == current, conflict("availability-version-mismatch"))
            }
            Change::MakeDssReport { .. } => Ok(()),
        }
    }

    /// The scope of a question, and the area that it asks about.
    pub(crate) fn judge_query(caller: &Caller<'_>, query: &Query) -> Verdict {
        use Scope::{
            AvailabilityArbitration, ConformanceMonitoringSa, ConstraintManagement, ConstraintProcessing,
            StrategicCoordination,
        };
        let scopes: &[Scope] = match query {
            Query::OperationalIntent(_) | Query::OperationalIntents(_) => {
                &[StrategicCoordination, ConformanceMonitoringSa]
            }
            Query::Constraint(_) | Query::Constraints(_) => &[ConstraintManagement, ConstraintProcessing],
            Query::Subscription(_) | Query::Subscriptions(_) => &[StrategicCoordination, ConstraintProcessing],
            Query::UssAvailability(_) => &[AvailabilityArbitration, StrategicCoordination, ConformanceMonitoringSa],
        };
        rule_17_one_of(scopes, caller)?;
        match query {
            Query::OperationalIntents(area) | Query::Constraints(area) | Query::Subscriptions(area) => {
                require(area.footprint.area_m2() <= AREA_M2_MAX, bad_request("area-too-large"))
            }
            _ => Ok(()),
        }
    }

    fn judge_put_intent(
        &self,
        caller: &Caller<'_>,
        id: &str,
        ovn: Option<&str>,
        request: &PutOperationalIntentReference,
        now: UtcNanos,
    ) -> Verdict {
        let needs_key = matches!(request.state, Accepted | Activated);
        // Rule 1: a new one is Accepted.
        require(ovn.is_some() || request.state == Accepted, bad_request("state-not-initial"))?;
        rules_11_and_12_extents(&request.extents, AREA_M2_MAX, now)?;
        // Rule 7: before it is asked what exists.
        rule_15_suffix_is_fresh(request.requested_ovn_suffix, now)?;
        let attaches = request.subscription != SubscriptionChoice::None;
        // Rule 8: a state other than Accepted without a subscription.
        require(attaches || request.state == Accepted, bad_request("subscription-required"))?;
        // Rule 1: the scope of the states off the plan.
        require(needs_key || caller.scopes.contains(Scope::ConformanceMonitoringSa), forbidden("field-scope-missing"))?;
        match (self.intent(id), ovn) {
            // Rule 7: updating what does not exist.
            (None, Some(_)) => return Err(bad_request("nothing-to-update")),
            (None, None) => {}
            (Some(held), ovn) => {
                rules_6_and_7_manager_then_ovn(caller, &held.manager, &held.ovn, ovn)?;
                rule_1_may_follow(held.state, request.state)?;
            }
        }
        if needs_key {
            self.rule_14_not_down(caller)?;
        }
        if let Some(suffix) = request.requested_ovn_suffix {
            // Rule 15: never given twice.
            require(!self.ovns_given.contains(&format!("{id}_{suffix}")), conflict("ovn-used"))?;
        }
        let notifies_of_constraints = self.rules_8_and_9_subscription(caller, request, now)?;
        if needs_key {
            self.rules_2_to_4_key(caller, id, request, notifies_of_constraints)?;
        }
        Ok(())
    }

    /// Gives whether the subscription attached notifies of constraints.
    fn rules_8_and_9_subscription(
        &self,
        caller: &Caller<'_>,
        request: &PutOperationalIntentReference,
        now: UtcNanos,
    ) -> Result<bool, Refusal> {
        match &request.subscription {
            SubscriptionChoice::None => Ok(false),
            SubscriptionChoice::Implicit { notify_for_constraints, .. } => {
                rule_17_trigger(*notify_for_constraints, Scope::ConstraintProcessing, caller)?;
                Ok(*notify_for_constraints)
            }
            SubscriptionChoice::Existing(id) => {
                let unknown = || bad_request("subscription-unknown");
                let held = self.subscription(&id.to_string(), now).ok_or_else(unknown)?;
                require(held.manager == caller.manager, forbidden("other-manager"))?;
                require(held.for_intents, bad_request("subscription-trigger"))?;
                if let Some(volume) = &held.volume {
                    let covers = |extent: &Volume4d| {
                        volume.window.start() <= extent.window.start() && rule_10_covers_but_for_start(volume, extent)
                    };
                    require(request.extents.iter().all(covers), bad_request("subscription-coverage"))?;
                }
                Ok(held.for_constraints)
            }
        }
    }

    fn rules_2_to_4_key(
        &self,
        caller: &Caller<'_>,
        id: &str,
        request: &PutOperationalIntentReference,
        notifies_of_constraints: bool,
    ) -> Verdict {
        let in_key = |ovn: &str| request.key.iter().any(|known| known.as_str() == ovn);
        // Rule 2: all others, the caller's own included; an Accepted one of a USS that is Down is not needed.
        let exempt = |other: &Intent| other.state == Accepted && self.availability(&other.manager) == Down;
        let mut intents = self.intents_meeting(&request.extents);
        intents.retain(|other| other.id != id && !in_key(&other.ovn) && !exempt(other));
        // Rule 3: if and only if the subscription attached notifies of constraints.
        let mut constraints = self.constraints_meeting(&request.extents);
        constraints.retain(|other| notifies_of_constraints && !in_key(&other.ovn));
        if intents.is_empty() && constraints.is_empty() {
            return Ok(());
        }
        // Rule 4: what is missing is listed.
        let missing = serde_json::json!({
            "missing_operational_intents": self.show_intents(&intents, caller.manager),
            "missing_constraints": self.show_constraints(&constraints, caller.manager),
        });
        Err(Refusal { missing: Some(missing), ..conflict("missing-ovns") })
    }

    fn rule_14_not_down(&self, caller: &Caller<'_>) -> Verdict {
        require(self.availability(caller.manager) != Down, refused(RejectionClass::PreconditionFailed, "uss-down"))
    }

    fn judge_put_constraint(
        &self,
        caller: &Caller<'_>,
        id: &str,
        ovn: Option<&str>,
        request: &PutConstraintReference,
        now: UtcNanos,
    ) -> Verdict {
        rules_11_and_12_extents(&request.extents, CONSTRAINT_AREA_M2_MAX, now)?;
        match (self.constraint(id), ovn) {
            (None, None) => Ok(()),
            // Rule 7: updating what does not exist.
            (None, Some(_)) => Err(conflict("version-mismatch")),
            (Some(held), ovn) => rules_6_and_7_manager_then_ovn(caller, &held.manager, &held.ovn, ovn),
        }
    }

    fn judge_put_subscription(
        &self,
        caller: &Caller<'_>,
        id: &str,
        version: Option<&str>,
        request: &PutSubscription,
        now: UtcNanos,
    ) -> Verdict {
        rule_17_trigger(request.notify_for_operational_intents, Scope::StrategicCoordination, caller)?;
        rule_17_trigger(request.notify_for_constraints, Scope::ConstraintProcessing, caller)?;
        let extent = &request.extent;
        require(extent.footprint.area_m2() <= AREA_M2_MAX, bad_request("area-too-large"))?;
        let held = self.subscription(id, now);
        let (starts, ends) =
            window_asked((extent.start, extent.end), held.map(|held| self.covered(held)).as_deref(), now);
        rule_10_window(extent.start.is_some(), starts, ends, now)?;
        match (held, version) {
            (None, None) => Ok(()),
            // Rule 7.
            (None, Some(_)) => Err(conflict("version-mismatch")),
            (Some(_), None) => Err(conflict("exists")),
            (Some(held), Some(version)) => {
                rule_6_version_then_manager(caller, held, version)?;
                let window = TimeWindow::new(starts, ends).expect("in order");
                let volume = Volume4d::new(extent.footprint.clone(), extent.band, window);
                let mut dependents = self.dependents(held).into_iter().flat_map(|intent| &intent.extents);
                let covers = |dependent: &Volume4d| {
                    let latest = dependent.window.start().max(now).0 + MINUTE_NS;
                    volume.window.start().0 <= latest && rule_10_covers_but_for_start(&volume, dependent)
                };
                require(dependents.all(covers), bad_request("subscription-coverage"))
            }
        }
    }
}

fn rule_1_may_follow(from: OperationalIntentState, to: OperationalIntentState) -> Verdict {
    let leads_to: &[_] = match from {
        Accepted => &[Accepted, Activated, Nonconforming, Contingent],
        Activated | Nonconforming => &[Activated, Nonconforming, Contingent],
        Contingent => &[Contingent],
    };
    require(leads_to.contains(&to), bad_request("state-transition"))
}

/// The manager before the OVN; without an OVN it was to be created, and exists.
fn rules_6_and_7_manager_then_ovn(caller: &Caller<'_>, manager: &str, current: &str, ovn: Option<&str>) -> Verdict {
    require(manager == caller.manager, forbidden("other-manager"))?;
    let ovn = ovn.ok_or_else(|| conflict("exists"))?;
    require(ovn == current, conflict("version-mismatch"))
}

fn rule_6_version_then_manager(caller: &Caller<'_>, held: &Subscription, version: &str) -> Verdict {
    require(version == held.version, conflict("version-mismatch"))?;
    require(held.manager == caller.manager, forbidden("other-manager"))
}

/// At most 24 hours, starting at most 5 minutes in the past.
fn rule_10_window(start_is_given: bool, starts: UtcNanos, ends: UtcNanos, now: UtcNanos) -> Verdict {
    let early = start_is_given && starts.0 < now.0 - 5 * MINUTE_NS;
    require(!early, bad_request("time-start-in-past"))?;
    require(starts <= ends, bad_request("time-end-before-start"))?;
    require(ends >= now, bad_request("time-end-in-past"))?;
    require(ends.0 - starts.0 <= DAY_NS, bad_request("subscription-too-long"))
}

/// Covers in area, altitude and end.
fn rule_10_covers_but_for_start(volume: &Volume4d, extent: &Volume4d) -> bool {
    extent.window.end() <= volume.window.end()
        && volume.band.covers(extent.band)
        && volume.footprint.covers(&extent.footprint)
}

/// Not all extents end in the past, and none is too large.
fn rules_11_and_12_extents(extents: &[Volume4d], area_m2_max: f64, now: UtcNanos) -> Verdict {
    require(end(extents) >= now, bad_request("time-end-in-past"))?;
    for extent in extents {
        require(extent.footprint.area_m2() <= area_m2_max, bad_request("area-too-large"))?;
    }
    Ok(())
}

/// Made within 5 minutes of the clock.
fn rule_15_suffix_is_fresh(suffix: Option<OvnSuffix>, now: UtcNanos) -> Verdict {
    let Some(suffix) = suffix else { return Ok(()) };
    let off_ns = i128::from(suffix.unix_ms()) * 1_000_000 - i128::from(now.0);
    require(off_ns.abs() <= i128::from(5 * MINUTE_NS), bad_request("ovn-suffix-time"))
}

fn rule_17_one_of(scopes: &[Scope], caller: &Caller<'_>) -> Verdict {
    require(scopes.iter().any(|scope| caller.scopes.contains(*scope)), forbidden("scope-missing"))
}

fn rule_17_trigger(set: bool, scope: Scope, caller: &Caller<'_>) -> Verdict {
    require(!set || caller.scopes.contains(scope), forbidden("field-scope-missing"))
}
