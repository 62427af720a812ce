//! Questions that change nothing.

use skypact_airspace::{TimeWindow, UtcNanos, Volume4d};
use skypact_f3548::wire::{
    ConstraintReference, GetConstraintReferenceResponse, GetOperationalIntentReferenceResponse,
    GetSubscriptionResponse, OperationalIntentReference, QueryConstraintReferencesResponse,
    QueryOperationalIntentReferenceResponse, QuerySubscriptionsResponse, UssAvailabilityStatus,
    UssAvailabilityStatusResponse,
};
use skypact_f3548::{EntityId, Extent, SubscriptionId};

use crate::decide::{AREA_M2_MAX, check_area};
use crate::entity::{Availability, Subscription};
use crate::rejection::{Kind, Rejection};
use crate::scope::{Caller, Endpoint};
use crate::state::Dss;

/// A question.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// One operational intent reference.
    OperationalIntent(EntityId),
    /// Those that meet an area of interest.
    OperationalIntents(Box<Extent>),
    /// One constraint reference.
    Constraint(EntityId),
    /// Those that meet an area of interest.
    Constraints(Box<Extent>),
    /// One subscription of the caller.
    Subscription(SubscriptionId),
    /// Those of the caller that meet an area of interest.
    Subscriptions(Box<Extent>),
    /// The availability of a USS.
    UssAvailability(String),
}

impl Query {
    /// The endpoint that it belongs to.
    pub fn endpoint(&self) -> Endpoint {
        match self {
            Self::OperationalIntent(_) => Endpoint::GetOperationalIntentReference,
            Self::OperationalIntents(_) => Endpoint::QueryOperationalIntentReferences,
            Self::Constraint(_) => Endpoint::GetConstraintReference,
            Self::Constraints(_) => Endpoint::QueryConstraintReferences,
            Self::Subscription(_) => Endpoint::GetSubscription,
            Self::Subscriptions(_) => Endpoint::QuerySubscriptions,
            Self::UssAvailability(_) => Endpoint::GetUssAvailability,
        }
    }
}

/// Its answer.
#[derive(Clone, Debug, PartialEq)]
pub enum QueryAnswer {
    /// One operational intent reference.
    OperationalIntent(Box<GetOperationalIntentReferenceResponse>),
    /// Several, ascending by id.
    OperationalIntents(QueryOperationalIntentReferenceResponse),
    /// One constraint reference.
    Constraint(Box<GetConstraintReferenceResponse>),
    /// Several, ascending by id.
    Constraints(QueryConstraintReferencesResponse),
    /// One subscription.
    Subscription(Box<GetSubscriptionResponse>),
    /// Several, ascending by id.
    Subscriptions(QuerySubscriptionsResponse),
    /// The availability of a USS.
    UssAvailability(UssAvailabilityStatusResponse),
}

impl Dss {
    /// Answers a question. The scope of the endpoint was checked before.
    pub fn query(&self, caller: &Caller<'_>, query: &Query, now: UtcNanos) -> Result<QueryAnswer, Rejection> {
        let viewer = caller.manager;
        Ok(match query {
            Query::OperationalIntent(id) => {
                let missing = Rejection::NotFound { kind: Kind::OperationalIntent, id: *id };
                let held = self.operational_intents.get(*id).ok_or(missing)?;
                let operational_intent_reference = self.show_intent(held, viewer);
                QueryAnswer::OperationalIntent(Box::new(GetOperationalIntentReferenceResponse {
                    operational_intent_reference,
                }))
            }
            Query::OperationalIntents(area) => {
                let found = self.intents_in(&[volume_of(area)?], viewer);
                QueryAnswer::OperationalIntents(QueryOperationalIntentReferenceResponse {
                    operational_intent_references: found,
                })
            }
            Query::Constraint(id) => {
                let missing = Rejection::NotFound { kind: Kind::Constraint, id: *id };
                let held = self.constraints.get(*id).ok_or(missing)?;
                let constraint_reference = self.show_constraint(held, viewer);
                QueryAnswer::Constraint(Box::new(GetConstraintReferenceResponse { constraint_reference }))
            }
            Query::Constraints(area) => {
                let constraint_references = self.constraints_in(&[volume_of(area)?], viewer);
                QueryAnswer::Constraints(QueryConstraintReferencesResponse { constraint_references })
            }
            Query::Subscription(id) => {
                let (kind, entity) = (Kind::Subscription, (*id).into());
                let held = self.subscription(*id, now).ok_or(Rejection::NotFound { kind, id: entity })?;
                if held.manager.as_str() != viewer {
                    return Err(Rejection::OtherManager { kind, id: entity });
                }
                let subscription = Self::show_subscription(held);
                QueryAnswer::Subscription(Box::new(GetSubscriptionResponse { subscription }))
            }
            Query::Subscriptions(area) => {
                let volumes = [volume_of(area)?];
                let is_shown = |held: &Subscription| held.manager.as_str() == viewer && !held.is_expired(now);
                let meeting = self.subscriptions.meeting(&volumes, is_shown);
                let subscriptions = meeting.into_iter().map(Self::show_subscription).collect();
                QueryAnswer::Subscriptions(QuerySubscriptionsResponse { subscriptions })
            }
            Query::UssAvailability(uss) => {
                let version = self.availabilities.get(uss).map(Availability::version_text).unwrap_or_default();
                let status = UssAvailabilityStatus { uss: uss.as_str().into(), availability: self.availability(uss) };
                QueryAnswer::UssAvailability(UssAvailabilityStatusResponse { version, status })
            }
        })
    }

    /// The operational intents that meet some volumes, ascending by id; none is left out.
    pub(crate) fn intents_in(&self, volumes: &[Volume4d], viewer: &str) -> Vec<OperationalIntentReference> {
        let meeting = self.operational_intents.meeting(volumes, |_| true);
        meeting.into_iter().map(|intent| self.show_intent(intent, viewer)).collect()
    }

    /// The constraints that meet some volumes, ascending by id; none is left out.
    pub(crate) fn constraints_in(&self, volumes: &[Volume4d], viewer: &str) -> Vec<ConstraintReference> {
        let meeting = self.constraints.meeting(volumes, |_| true);
        meeting.into_iter().map(|constraint| self.show_constraint(constraint, viewer)).collect()
    }
}

/// An area of interest as a volume: without a limit it is unbounded.
fn volume_of(area: &Extent) -> Result<Volume4d, Rejection> {
    check_area("area_of_interest.volume", &area.footprint, AREA_M2_MAX)?;
    let (start, end) = (area.start.unwrap_or(UtcNanos(i64::MIN)), area.end.unwrap_or(UtcNanos(i64::MAX)));
    let window = TimeWindow::new(start, end);
    let window = window
        .map_err(|error| Rejection::field("area_of_interest.time_end", "time-end-before-start", error.to_string()))?;
    Ok(Volume4d::new(area.footprint.clone(), area.band, window))
}
