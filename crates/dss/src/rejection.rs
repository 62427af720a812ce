//! Why a change or a query is refused. What a refusal means on the wire is the shell's; here it has a class.

use skypact_f3548::EntityId;
use skypact_f3548::wire::AirspaceConflictResponse;

use crate::scope::Scope;

/// What kind of refusal it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectionClass {
    /// The request is wrong in itself.
    BadRequest,
    /// The caller may not do it.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// It does not fit what the DSS holds now.
    Conflict,
    /// The caller's USS is marked as Down.
    PreconditionFailed,
}

/// Which kind of thing a refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Operational intent reference.
    OperationalIntent,
    /// Constraint reference.
    Constraint,
    /// Subscription.
    Subscription,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::OperationalIntent => "operational intent reference",
            Self::Constraint => "constraint reference",
            Self::Subscription => "subscription",
        }
    }

    const fn version(self) -> &'static str {
        if matches!(self, Self::Subscription) { "version" } else { "ovn" }
    }
}

/// Why it is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Rejection {
    /// The token holds no scope that opens the endpoint.
    #[error("scope: the access token has none of {}; ask the authority for one of them", names(needed))]
    ScopeMissing {
        /// The scopes of which one is needed.
        needed: &'static [Scope],
    },
    /// A field of the request needs a scope that the token does not hold.
    #[error("{field}: needs the scope {scope} in the access token", scope = scope.as_str())]
    FieldScopeMissing {
        /// The field.
        field: &'static str,
        /// The scope.
        scope: Scope,
    },
    /// It belongs to another manager.
    #[error("{}: {id} is managed by another client", kind.as_str())]
    OtherManager {
        /// Kind of entity.
        kind: Kind,
        /// Which.
        id: EntityId,
    },
    /// There is none.
    #[error("{}: there is none with the id {id}", kind.as_str())]
    NotFound {
        /// Kind of entity.
        kind: Kind,
        /// Which.
        id: EntityId,
    },
    /// An operational intent that is to be updated does not exist.
    #[error("ovn: there is no operational intent reference {id} to update; create it by a PUT without an ovn")]
    NothingToUpdate {
        /// Which.
        id: EntityId,
    },
    /// It exists already.
    #[error("{}: {id} exists already; give its {} in the path to change it", kind.as_str(), kind.version())]
    Exists {
        /// Kind of entity.
        kind: Kind,
        /// Which.
        id: EntityId,
    },
    /// The OVN or version in the path is not the current one.
    #[error("{}: not that of the current version of {} {id}; read it again", kind.version(), kind.as_str())]
    VersionMismatch {
        /// Kind of entity.
        kind: Kind,
        /// Which.
        id: EntityId,
    },
    /// The version of an availability is not the current one.
    #[error("old_version: not the current version of this USS's availability; read it again")]
    AvailabilityVersion,
    /// A field is wrong by the clock or by the rules between fields.
    #[error("{field}: {reason}")]
    Field {
        /// The field.
        field: String,
        /// Stable code.
        code: &'static str,
        /// What is wrong and what to do.
        reason: String,
    },
    /// The key does not prove knowledge of all that is relevant.
    #[error(
        "key: lacks the current OVNs of {} operational intents and {} constraints; get them from their managers",
        missing.missing_operational_intents.len(), missing.missing_constraints.len()
    )]
    MissingOvns {
        /// What is missing.
        missing: Box<AirspaceConflictResponse>,
    },
    /// The requested OVN was given before.
    #[error("requested_ovn_suffix: this OVN was given before and never returns; request a fresh UUIDv7")]
    OvnUsed,
    /// The caller's USS is marked as Down.
    #[error("uss_availability: {manager} is marked Down in the DSS; have the arbitrator mark it Normal first")]
    UssDown {
        /// `sub` of the caller.
        manager: String,
    },
}

fn names(scopes: &[Scope]) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ")
}

impl Rejection {
    /// A wrong field.
    pub(crate) fn field(field: impl Into<String>, code: &'static str, reason: impl Into<String>) -> Self {
        Self::Field { field: field.into(), code, reason: reason.into() }
    }

    /// What kind of refusal it is.
    pub fn class(&self) -> RejectionClass {
        match self {
            Self::ScopeMissing { .. } | Self::FieldScopeMissing { .. } | Self::OtherManager { .. } => {
                RejectionClass::Forbidden
            }
            Self::NotFound { .. } => RejectionClass::NotFound,
            Self::NothingToUpdate { .. } | Self::Field { .. } => RejectionClass::BadRequest,
            Self::Exists { .. }
            | Self::VersionMismatch { .. }
            | Self::AvailabilityVersion
            | Self::MissingOvns { .. }
            | Self::OvnUsed => RejectionClass::Conflict,
            Self::UssDown { .. } => RejectionClass::PreconditionFailed,
        }
    }

    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ScopeMissing { .. } => "scope-missing",
            Self::FieldScopeMissing { .. } => "field-scope-missing",
            Self::OtherManager { .. } => "other-manager",
            Self::NotFound { .. } => "not-found",
            Self::NothingToUpdate { .. } => "nothing-to-update",
            Self::Exists { .. } => "exists",
            Self::VersionMismatch { .. } => "version-mismatch",
            Self::AvailabilityVersion => "availability-version-mismatch",
            Self::Field { code, .. } => code,
            Self::MissingOvns { .. } => "missing-ovns",
            Self::OvnUsed => "ovn-used",
            Self::UssDown { .. } => "uss-down",
        }
    }
}
