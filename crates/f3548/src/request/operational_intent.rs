//! The request to create or to change an operational intent reference.

use skypact_airspace::Volume4d;
use skypact_airspace::footprint::VERTICES_MAX;

use super::volume::{Altitudes, volumes};
use super::{ParseOptions, Reason, Request, RequestError, Unwritable, check_base_url};
use crate::value::{Ovn, OvnSuffix, SubscriptionId, UssBaseUrl};
use crate::wire::{
    ImplicitSubscriptionParameters, OperationalIntentState, PutOperationalIntentReferenceParameters, Volume4D,
};

/// Most OVNs in a key; the contract has no limit.
pub const KEY_OVNS_MAX: usize = 100_000;

/// An operational intent reference as its manager wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutOperationalIntentReference {
    /// Its volumes, 1 to 1,000 with at most 10,000 vertices in all, each bounded in altitude and time.
    pub extents: Vec<Volume4d>,
    /// OVNs that its manager knows, in the order given.
    pub key: Vec<Ovn>,
    /// The state it will have.
    pub state: OperationalIntentState,
    /// Where its details will be.
    pub uss_base_url: UssBaseUrl,
    /// What will keep its manager informed.
    pub subscription: SubscriptionChoice,
    /// End of the OVN that it shall get, if its manager asks for one.
    pub requested_ovn_suffix: Option<OvnSuffix>,
}

/// What keeps the manager of an operational intent informed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubscriptionChoice {
    /// Nothing.
    None,
    /// A subscription that exists.
    Existing(SubscriptionId),
    /// A subscription that the DSS makes for this operational intent.
    Implicit {
        /// Where notifications go.
        uss_base_url: UssBaseUrl,
        /// Whether changes of constraints are told as well.
        notify_for_constraints: bool,
    },
}

impl Request for PutOperationalIntentReference {
    type Wire = PutOperationalIntentReferenceParameters;

    fn from_wire(wire: Self::Wire, options: &ParseOptions) -> Result<Self, RequestError> {
        check_base_url(&wire.uss_base_url, *options)?;
        let subscription = match (wire.subscription_id, wire.new_subscription) {
            (None, None) => SubscriptionChoice::None,
            (Some(id), None) => SubscriptionChoice::Existing(id),
            (None, Some(new)) => {
                check_base_url(&new.uss_base_url, *options).map_err(|error| error.under("new_subscription"))?;
                SubscriptionChoice::Implicit {
                    uss_base_url: new.uss_base_url,
                    notify_for_constraints: new.notify_for_constraints,
                }
            }
            (Some(_), Some(_)) => return Err(RequestError::at("subscription_id", Reason::TwoSubscriptions)),
        };
        Ok(Self {
            extents: volumes(wire.extents, Altitudes::Required, VERTICES_MAX)?,
            key: wire.key,
            state: wire.state,
            uss_base_url: wire.uss_base_url,
            subscription,
            requested_ovn_suffix: wire.requested_ovn_suffix,
        })
    }

    fn to_wire(&self) -> Result<Self::Wire, Unwritable> {
        let (subscription_id, new_subscription) = match &self.subscription {
            SubscriptionChoice::None => (None, None),
            SubscriptionChoice::Existing(id) => (Some(*id), None),
            SubscriptionChoice::Implicit { uss_base_url, notify_for_constraints } => {
                let new = ImplicitSubscriptionParameters {
                    uss_base_url: uss_base_url.clone(),
                    notify_for_constraints: *notify_for_constraints,
                };
                (None, Some(new))
            }
        };
        Ok(Self::Wire {
            extents: self.extents.iter().map(Volume4D::try_from).collect::<Result<_, _>>()?,
            key: self.key.clone(),
            state: self.state,
            uss_base_url: self.uss_base_url.clone(),
            subscription_id,
            new_subscription,
            requested_ovn_suffix: self.requested_ovn_suffix,
        })
    }
}
