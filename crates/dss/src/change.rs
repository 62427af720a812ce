//! Changes that clients ask for: parsed once from the request, with all that decides their outcome besides the state.

use skypact_airspace::UtcNanos;
use skypact_f3548::{
    EntityId, ErrorReport, ParseOptions, PutConstraintReference, PutOperationalIntentReference, PutSubscription,
    Reason, Request as _, RequestError, SetUssAvailability, SubscriptionId, UssId,
};

use crate::scope::Endpoint;

/// The kinds of change. The numbers are part of the record and never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// Create or update an operational intent reference. Number 1.
    PutOperationalIntentReference,
    /// Delete one. Number 2.
    DeleteOperationalIntentReference,
    /// Create or update a constraint reference. Number 3.
    PutConstraintReference,
    /// Delete one. Number 4.
    DeleteConstraintReference,
    /// Create or update a subscription. Number 5.
    PutSubscription,
    /// Delete one. Number 6.
    DeleteSubscription,
    /// Set the availability of a USS. Number 7.
    SetUssAvailability,
    /// Report an error to the DSS. Number 8.
    MakeDssReport,
}

impl Operation {
    const ALL: [Self; 8] = [
        Self::PutOperationalIntentReference,
        Self::DeleteOperationalIntentReference,
        Self::PutConstraintReference,
        Self::DeleteConstraintReference,
        Self::PutSubscription,
        Self::DeleteSubscription,
        Self::SetUssAvailability,
        Self::MakeDssReport,
    ];

    /// Number in the record.
    pub fn number(self) -> u8 {
        self as u8 + 1
    }

    /// The operation of a number, if there is one.
    pub fn from_number(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| u64::from(operation.number()) == number)
    }

    /// Name in the record's listings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PutOperationalIntentReference => "put-operational-intent-reference",
            Self::DeleteOperationalIntentReference => "delete-operational-intent-reference",
            Self::PutConstraintReference => "put-constraint-reference",
            Self::DeleteConstraintReference => "delete-constraint-reference",
            Self::PutSubscription => "put-subscription",
            Self::DeleteSubscription => "delete-subscription",
            Self::SetUssAvailability => "set-uss-availability",
            Self::MakeDssReport => "make-dss-report",
        }
    }

    /// The endpoint that it belongs to.
    pub fn endpoint(self) -> Endpoint {
        match self {
            Self::PutOperationalIntentReference => Endpoint::PutOperationalIntentReference,
            Self::DeleteOperationalIntentReference => Endpoint::DeleteOperationalIntentReference,
            Self::PutConstraintReference => Endpoint::PutConstraintReference,
            Self::DeleteConstraintReference => Endpoint::DeleteConstraintReference,
            Self::PutSubscription => Endpoint::PutSubscription,
            Self::DeleteSubscription => Endpoint::DeleteSubscription,
            Self::SetUssAvailability => Endpoint::SetUssAvailability,
            Self::MakeDssReport => Endpoint::MakeDssReport,
        }
    }
}

/// What a request's path names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// `entityid`, `subscriptionid` or `uss_id`; empty for a report.
    pub id: String,
    /// `ovn` or `version`, where the path has one.
    pub version: Option<String>,
}

/// A change, parsed.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Create (no `ovn`) or update an operational intent reference.
    PutOperationalIntent {
        /// Which.
        id: EntityId,
        /// OVN of the version that changes.
        ovn: Option<String>,
        /// The request.
        request: Box<PutOperationalIntentReference>,
    },
    /// Delete an operational intent reference.
    DeleteOperationalIntent {
        /// Which.
        id: EntityId,
        /// OVN of its version.
        ovn: String,
    },
    /// Create (no `ovn`) or update a constraint reference.
    PutConstraint {
        /// Which.
        id: EntityId,
        /// OVN of the version that changes.
        ovn: Option<String>,
        /// The request.
        request: Box<PutConstraintReference>,
    },
    /// Delete a constraint reference.
    DeleteConstraint {
        /// Which.
        id: EntityId,
        /// OVN of its version.
        ovn: String,
    },
    /// Create (no `version`) or update a subscription.
    PutSubscription {
        /// Which.
        id: SubscriptionId,
        /// The version that changes.
        version: Option<String>,
        /// The request.
        request: Box<PutSubscription>,
    },
    /// Delete a subscription.
    DeleteSubscription {
        /// Which.
        id: SubscriptionId,
        /// Its version.
        version: String,
    },
    /// Say whether a USS is available.
    SetUssAvailability {
        /// Which USS.
        uss_id: String,
        /// The request.
        request: SetUssAvailability,
    },
    /// Report an error.
    MakeDssReport {
        /// The request.
        request: Box<ErrorReport>,
    },
}

impl Change {
    /// Parses a request: the path's parts and the body.
    pub fn parse(
        operation: Operation,
        target: &Target,
        body: &[u8],
        options: &ParseOptions,
    ) -> Result<Self, RequestError> {
        let entity = || path_id("entityid", &target.id);
        let subscription = || path_id("subscriptionid", &target.id);
        let version = || target.version.clone();
        Ok(match operation {
            Operation::PutOperationalIntentReference => {
                let request = Box::new(PutOperationalIntentReference::parse(body, options)?);
                Self::PutOperationalIntent { id: entity()?, ovn: version(), request }
            }
            Operation::DeleteOperationalIntentReference => {
                Self::DeleteOperationalIntent { id: entity()?, ovn: version().unwrap_or_default() }
            }
            Operation::PutConstraintReference => {
                let request = Box::new(PutConstraintReference::parse(body, options)?);
                Self::PutConstraint { id: entity()?, ovn: version(), request }
            }
            Operation::DeleteConstraintReference => {
                Self::DeleteConstraint { id: entity()?, ovn: version().unwrap_or_default() }
            }
            Operation::PutSubscription => {
                let request = Box::new(PutSubscription::parse(body, options)?);
                Self::PutSubscription { id: subscription()?, version: version(), request }
            }
            Operation::DeleteSubscription => {
                Self::DeleteSubscription { id: subscription()?, version: version().unwrap_or_default() }
            }
            Operation::SetUssAvailability => Self::SetUssAvailability {
                uss_id: target.id.clone(),
                request: SetUssAvailability::parse(body, options)?,
            },
            Operation::MakeDssReport => Self::MakeDssReport { request: Box::new(ErrorReport::parse(body, options)?) },
        })
    }
}

/// The id in a request's path.
pub fn path_id<T: std::str::FromStr<Err: std::fmt::Display>>(field: &str, text: &str) -> Result<T, RequestError> {
    text.parse().map_err(|error: T::Err| RequestError {
        field: field.to_owned(),
        reason: Reason::Value { problem: error.to_string() },
    })
}

/// What comes from outside with a change that was allowed: who asked, when, and fresh randomness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// `sub` of the token.
    pub manager: UssId,
    /// When, by the node's clock; never before the stamp of an earlier change.
    pub now: UtcNanos,
    /// Random bits: of the OVN or version given; of the id and of the version of an implicit subscription.
    pub random: [u128; 3],
}

impl Stamp {
    /// The random bits as an id: a version 4 UUID (RFC 9562).
    pub(crate) fn fresh_id(&self, place: usize) -> u128 {
        self.random[place] & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62
    }
}
