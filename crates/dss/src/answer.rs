//! Answers to changes, and how the DSS shows what it holds: an OVN to its manager only (rule 4).

use skypact_f3548::wire::{
    ChangeConstraintReferenceResponse, ChangeOperationalIntentReferenceResponse, ConstraintReference,
    DeleteSubscriptionResponse, ErrorReport, OperationalIntentReference, PutSubscriptionResponse,
    UssAvailabilityStatusResponse,
};
use skypact_f3548::{Ovn, SubscriptionId, Time, UssId, wire};

use crate::entity::{Availability, Constraint, OperationalIntent, Subscription, window};
use crate::ovn::OvnValue;
use crate::state::Dss;

/// The answer to a change that was carried out.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// An operational intent reference was created, updated or deleted.
    OperationalIntent(Box<ChangeOperationalIntentReferenceResponse>),
    /// A constraint reference was.
    Constraint(Box<ChangeConstraintReferenceResponse>),
    /// A subscription was created or updated.
    Subscription(Box<PutSubscriptionResponse>),
    /// A subscription was deleted.
    DeletedSubscription(Box<DeleteSubscriptionResponse>),
    /// An availability was set.
    Availability(UssAvailabilityStatusResponse),
    /// A report was archived.
    Report(Box<ErrorReport>),
}

impl Answer {
    /// The OVN or version that the change gave, for the record.
    pub fn given(&self) -> Option<String> {
        match self {
            Self::OperationalIntent(answer) => answer.operational_intent_reference.ovn.as_ref().map(Ovn::to_string),
            Self::Constraint(answer) => answer.constraint_reference.ovn.as_ref().map(Ovn::to_string),
            Self::Subscription(answer) => Some(answer.subscription.version.clone()),
            Self::DeletedSubscription(_) => None,
            Self::Availability(answer) => Some(answer.version.clone()),
            Self::Report(report) => report.report_id.as_ref().map(|id| id.as_str().to_owned()),
        }
    }
}

impl Subscription {
    /// The version as clients see it.
    pub fn version_text(&self) -> String {
        OvnValue::Random(self.version).to_string()
    }
}

impl Availability {
    /// The version as clients see it.
    pub fn version_text(&self) -> String {
        OvnValue::Random(self.version).to_string()
    }
}

impl Dss {
    /// An operational intent reference as `viewer` may see it.
    pub(crate) fn show_intent(&self, intent: &OperationalIntent, viewer: &str) -> OperationalIntentReference {
        let window = window(&intent.extents);
        OperationalIntentReference {
            id: intent.id,
            manager: intent.manager.clone(),
            uss_availability: self.availability(intent.manager.as_str()),
            version: intent.version,
            state: intent.state,
            ovn: Some(shown_ovn(intent.ovn, &intent.manager, viewer)),
            time_start: Time(window.start()),
            time_end: Time(window.end()),
            uss_base_url: intent.uss_base_url.clone(),
            subscription_id: intent.subscription.unwrap_or(SubscriptionId::NIL),
        }
    }

    /// A constraint reference as `viewer` may see it.
    pub(crate) fn show_constraint(&self, constraint: &Constraint, viewer: &str) -> ConstraintReference {
        let window = window(&constraint.extents);
        ConstraintReference {
            id: constraint.id,
            manager: constraint.manager.clone(),
            uss_availability: self.availability(constraint.manager.as_str()),
            version: constraint.version,
            ovn: Some(shown_ovn(constraint.ovn, &constraint.manager, viewer)),
            time_start: Time(window.start()),
            time_end: Time(window.end()),
            uss_base_url: constraint.uss_base_url.clone(),
        }
    }

    /// A subscription; only its manager sees it.
    pub(crate) fn show_subscription(held: &Subscription) -> wire::Subscription {
        let window = window(&held.extents);
        wire::Subscription {
            id: held.id,
            version: held.version_text(),
            notification_index: held.notification_index,
            time_start: Some(Time(window.start())),
            time_end: Some(Time(window.end())),
            uss_base_url: held.uss_base_url.clone(),
            notify_for_operational_intents: held.notify_for_operational_intents,
            notify_for_constraints: held.notify_for_constraints,
            implicit_subscription: held.implicit,
            dependent_operational_intents: held.dependents.clone(),
        }
    }

    /// A subscription with what is in its volume now, for each trigger that it has.
    pub(crate) fn show_put_subscription(&self, held: &Subscription, viewer: &str) -> PutSubscriptionResponse {
        let intents = held.notify_for_operational_intents.then(|| self.intents_in(&held.extents, viewer));
        let constraints = held.notify_for_constraints.then(|| self.constraints_in(&held.extents, viewer));
        PutSubscriptionResponse {
            subscription: Self::show_subscription(held),
            operational_intent_references: intents,
            constraint_references: constraints,
        }
    }
}

fn shown_ovn(ovn: OvnValue, manager: &UssId, viewer: &str) -> Ovn {
    let shown = if manager.as_str() == viewer { &*ovn.to_string() } else { Ovn::AVAILABLE_FROM_USS };
    shown.parse().expect("both have the length of an OVN")
}
