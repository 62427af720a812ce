//! References to operational intents, as a DSS keeps them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::leniency::{EXTENTS_MAX, empty_as_none, limited, limited_or_null, null_as_default};
use super::{AreaOfInterest, ConstraintReference, SubscriberToNotify, UssAvailabilityState, Volume4D};
use crate::request::KEY_OVNS_MAX;
use crate::value::{EntityId, Ovn, OvnSuffix, SubscriptionId, Time, UssBaseUrl, UssId};

/// State of an operational intent. Ended is none: ending is deleting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OperationalIntentState {
    /// Planned and shared.
    Accepted,
    /// In use.
    Activated,
    /// The aircraft is outside its volumes and expected to return.
    Nonconforming,
    /// The aircraft will not return to its volumes; only ending follows.
    Contingent,
}

impl fmt::Display for OperationalIntentState {
    /// The word of the contract.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// What a DSS tells of an operational intent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperationalIntentReference {
    /// Which.
    pub id: EntityId,
    /// Who created it and alone may change it.
    pub manager: UssId,
    /// Whether the manager answers.
    pub uss_availability: UssAvailabilityState,
    /// Grows with each change.
    pub version: i32,
    /// Its state.
    pub state: OperationalIntentState,
    /// Proof of this version, for its manager alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ovn: Option<Ovn>,
    /// When its first volume starts.
    pub time_start: Time,
    /// When its last volume ends.
    pub time_end: Time,
    /// Where its details are.
    pub uss_base_url: UssBaseUrl,
    /// What keeps its manager informed; [`SubscriptionId::NIL`] when nothing does.
    pub subscription_id: SubscriptionId,
}

/// Request to create or to change an operational intent reference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PutOperationalIntentReferenceParameters {
    /// Volumes that hold it, 1 to [`EXTENTS_MAX`].
    #[serde(deserialize_with = "limited::<_, _, 1, EXTENTS_MAX>")]
    pub extents: Vec<Volume4D>,
    /// OVNs of everything relevant in the airspace, at most [`KEY_OVNS_MAX`].
    #[serde(default, deserialize_with = "limited_or_null::<_, _, KEY_OVNS_MAX>")]
    pub key: Vec<Ovn>,
    /// The state it will have.
    pub state: OperationalIntentState,
    /// Where its details will be.
    pub uss_base_url: UssBaseUrl,
    /// An existing subscription to attach; an empty text is read as absent.
    #[serde(default, deserialize_with = "empty_as_none", skip_serializing_if = "Option::is_none")]
    pub subscription_id: Option<SubscriptionId>,
    /// A subscription to make and attach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_subscription: Option<ImplicitSubscriptionParameters>,
    /// End of the OVN that it shall get; an extension of the InterUSS DSS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_ovn_suffix: Option<OvnSuffix>,
}

/// A subscription that lives and dies with one operational intent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImplicitSubscriptionParameters {
    /// Where notifications go.
    pub uss_base_url: UssBaseUrl,
    /// Whether changes of constraints are told as well.
    #[serde(default, deserialize_with = "null_as_default")]
    pub notify_for_constraints: bool,
}

/// One reference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GetOperationalIntentReferenceResponse {
    /// It.
    pub operational_intent_reference: OperationalIntentReference,
}

/// Answer to a change: the reference, and whom its manager now has to notify.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeOperationalIntentReferenceResponse {
    /// Whom to notify, the caller included.
    pub subscribers: Vec<SubscriberToNotify>,
    /// The reference as it is now; after a deletion, as it was.
    pub operational_intent_reference: OperationalIntentReference,
}

/// Request for references in an area.
pub type QueryOperationalIntentReferenceParameters = AreaOfInterest;

/// The references in an area.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QueryOperationalIntentReferenceResponse {
    /// They.
    pub operational_intent_references: Vec<OperationalIntentReference>,
}

/// Answer 409: what the key did not prove knowledge of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AirspaceConflictResponse {
    /// What is wrong, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Operational intents whose OVN is missing from the key.
    #[serde(default, deserialize_with = "null_as_default")]
    pub missing_operational_intents: Vec<OperationalIntentReference>,
    /// Constraints whose OVN is missing from the key.
    #[serde(default, deserialize_with = "null_as_default")]
    pub missing_constraints: Vec<ConstraintReference>,
}
