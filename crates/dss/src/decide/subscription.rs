//! Subscriptions: rules 6, 9, 10 and 17.

use skypact_airspace::{TimeWindow, UtcNanos, Volume4d};
use skypact_f3548::{Extent, PutSubscription, SubscriptionId};

use super::{AREA_M2_MAX, SKEW_NS, check_area};
use crate::entity::{Subscription, window};
use crate::rejection::{Kind, Rejection};
use crate::scope::{Caller, Scope};
use crate::state::Dss;

const KIND: Kind = Kind::Subscription;
/// How much later than what depends on it, or than now, a changed subscription may start: clients take the time anew for each request.
const START_TOLERANCE_NS: i64 = 60_000_000_000;
/// Longest window of an explicit subscription: 24 hours.
const WINDOW_NS_MAX: i64 = 86_400_000_000_000;

impl Dss {
    pub(super) fn decide_put_subscription(
        &self,
        caller: &Caller<'_>,
        id: SubscriptionId,
        version: Option<&str>,
        request: &PutSubscription,
        now: UtcNanos,
    ) -> Result<(), Rejection> {
        let flags = [
            (request.notify_for_operational_intents, "notify_for_operational_intents", Scope::StrategicCoordination),
            (request.notify_for_constraints, "notify_for_constraints", Scope::ConstraintProcessing),
        ];
        for (set, field, scope) in flags {
            if set && !caller.scopes.contains(scope) {
                return Err(Rejection::FieldScopeMissing { field, scope });
            }
        }
        check_area("extents.volume", &request.extent.footprint, AREA_M2_MAX)?;
        let held = self.subscription(id, now);
        check_window(&request.extent, held, now)?;
        match (held, version) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(Rejection::VersionMismatch { kind: KIND, id: id.into() }),
            (Some(_), None) => Err(Rejection::Exists { kind: KIND, id: id.into() }),
            (Some(held), Some(version)) => {
                check_held(caller, held, version)?;
                self.check_dependents(held, &covered(&request.extent, Some(held), now), now)
            }
        }
    }

    pub(super) fn decide_delete_subscription(
        &self,
        caller: &Caller<'_>,
        id: SubscriptionId,
        version: &str,
        now: UtcNanos,
    ) -> Result<(), Rejection> {
        if version.is_empty() {
            let reason = "is missing in the path; give the version of the subscription";
            return Err(Rejection::field("version", "version-missing", reason));
        }
        let held = self.subscription(id, now).ok_or(Rejection::NotFound { kind: KIND, id: id.into() })?;
        check_held(caller, held, version)?;
        if held.dependents.is_empty() {
            return Ok(());
        }
        let reason = format!("{} operational intents depend on it; delete or detach them first", held.dependents.len());
        Err(Rejection::field("subscriptionid", "subscription-dependents", reason))
    }

    /// What depends on a subscription must stay covered from now on.
    fn check_dependents(&self, held: &Subscription, covering: &Volume4d, now: UtcNanos) -> Result<(), Rejection> {
        for id in &held.dependents {
            let Some(dependent) = self.operational_intents.get(*id) else { continue };
            for extent in dependent.extents.iter() {
                let latest = extent.window.start().max(now).0.saturating_add(START_TOLERANCE_NS);
                if covering.window.start().0 > latest {
                    let reason = format!("would leave out the beginning of the dependent operational intent {id}");
                    return Err(Rejection::field("extents.time_start", "subscription-coverage", reason));
                }
                check_covers(covering, extent).map_err(|what| {
                    let reason = format!("would no longer cover the {what} of the dependent operational intent {id}");
                    Rejection::field("extents", "subscription-coverage", reason)
                })?;
            }
        }
        Ok(())
    }
}

/// The version first, then the manager (rule 6).
fn check_held(caller: &Caller<'_>, held: &Subscription, version: &str) -> Result<(), Rejection> {
    let id = held.id.into();
    if version != held.version_text() {
        return Err(Rejection::VersionMismatch { kind: KIND, id });
    }
    if held.manager.as_str() == caller.manager { Ok(()) } else { Err(Rejection::OtherManager { kind: KIND, id }) }
}

/// Refuses a window that starts too far in the past, is over, or is too long.
fn check_window(extent: &Extent, held: Option<&Subscription>, now: UtcNanos) -> Result<(), Rejection> {
    let (start, end) = resolved(extent, held, now);
    if extent.start.is_some_and(|start| start.0 < now.0.saturating_sub(SKEW_NS)) {
        let reason = "is more than 5 minutes in the past; leave it out to start now";
        return Err(Rejection::field("extents.time_start", "time-start-in-past", reason));
    }
    if end < start {
        let reason = "is before the start of the subscription; exchange them or correct one";
        return Err(Rejection::field("extents.time_end", "time-end-before-start", reason));
    }
    if end < now {
        let reason = "is in the past; give a time that is still to come";
        return Err(Rejection::field("extents.time_end", "time-end-in-past", reason));
    }
    if end.0.saturating_sub(start.0) > WINDOW_NS_MAX {
        let reason = "makes the subscription longer than 24 hours; shorten it, and renew it in time";
        return Err(Rejection::field("extents.time_end", "subscription-too-long", reason));
    }
    Ok(())
}

/// Start and end with their defaults: those of the subscription that changes, else now and 24 hours later.
fn resolved(extent: &Extent, held: Option<&Subscription>, now: UtcNanos) -> (UtcNanos, UtcNanos) {
    let held = held.map(|held| window(&held.extents));
    let start = extent.start.or(held.map(TimeWindow::start)).unwrap_or(now);
    let end = extent.end.or(held.map(TimeWindow::end));
    (start, end.unwrap_or(UtcNanos(start.0.saturating_add(WINDOW_NS_MAX))))
}

/// The volume that a subscription covers by a request that was allowed.
pub(crate) fn covered(extent: &Extent, held: Option<&Subscription>, now: UtcNanos) -> Volume4d {
    let (start, end) = resolved(extent, held, now);
    let window = TimeWindow::new(start, end).expect("checked by check_window");
    Volume4d::new(extent.footprint.clone(), extent.band, window)
}

/// Whether a subscription's volume covers an extent in all but its start; else what it does not cover.
pub(super) fn check_covers(covering: &Volume4d, extent: &Volume4d) -> Result<(), &'static str> {
    if covering.window.end() < extent.window.end() {
        return Err("time");
    }
    if !covering.band.covers(extent.band) {
        return Err("altitude");
    }
    if covering.footprint.covers(&extent.footprint) { Ok(()) } else { Err("area") }
}
