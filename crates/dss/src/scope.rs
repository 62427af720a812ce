//! Who calls, with which scopes, and which scopes open which endpoint (the `security` rows of the F3548-21 contract).

use crate::rejection::Rejection;

/// A scope of F3548-21.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// `utm.strategic_coordination`.
    StrategicCoordination,
    /// `utm.constraint_management`.
    ConstraintManagement,
    /// `utm.constraint_processing`.
    ConstraintProcessing,
    /// `utm.conformance_monitoring_sa`.
    ConformanceMonitoringSa,
    /// `utm.availability_arbitration`.
    AvailabilityArbitration,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 5] = [
        Self::StrategicCoordination,
        Self::ConstraintManagement,
        Self::ConstraintProcessing,
        Self::ConformanceMonitoringSa,
        Self::AvailabilityArbitration,
    ];

    /// The scope as tokens write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StrategicCoordination => "utm.strategic_coordination",
            Self::ConstraintManagement => "utm.constraint_management",
            Self::ConstraintProcessing => "utm.constraint_processing",
            Self::ConformanceMonitoringSa => "utm.conformance_monitoring_sa",
            Self::AvailabilityArbitration => "utm.availability_arbitration",
        }
    }
}

/// The scopes of a token, as far as F3548-21 knows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// The scopes in a token's space-separated `scope`; what is not of F3548-21 is passed over.
    pub fn parse(text: &str) -> Self {
        let known = |word: &str| Scope::ALL.into_iter().find(|scope| scope.as_str() == word);
        text.split(' ').filter_map(known).fold(Self::default(), Self::with)
    }

    /// These and one more.
    #[must_use]
    pub const fn with(self, scope: Scope) -> Self {
        Self(self.0 | 1 << scope as u8)
    }

    /// Whether the scope is among them.
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & 1 << scope as u8 != 0
    }
}

/// Whoever holds a verified token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller<'a> {
    /// `sub` of the token: the manager of what it creates.
    pub manager: &'a str,
    /// The scopes granted.
    pub scopes: Scopes,
}

/// What can be asked of the DSS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Endpoint {
    /// `POST /dss/v1/operational_intent_references/query`.
    QueryOperationalIntentReferences,
    /// `GET /dss/v1/operational_intent_references/{entityid}`.
    GetOperationalIntentReference,
    /// `PUT /dss/v1/operational_intent_references/{entityid}[/{ovn}]`.
    PutOperationalIntentReference,
    /// `DELETE /dss/v1/operational_intent_references/{entityid}/{ovn}`.
    DeleteOperationalIntentReference,
    /// `POST /dss/v1/constraint_references/query`.
    QueryConstraintReferences,
    /// `GET /dss/v1/constraint_references/{entityid}`.
    GetConstraintReference,
    /// `PUT /dss/v1/constraint_references/{entityid}[/{ovn}]`.
    PutConstraintReference,
    /// `DELETE /dss/v1/constraint_references/{entityid}/{ovn}`.
    DeleteConstraintReference,
    /// `POST /dss/v1/subscriptions/query`.
    QuerySubscriptions,
    /// `GET /dss/v1/subscriptions/{subscriptionid}`.
    GetSubscription,
    /// `PUT /dss/v1/subscriptions/{subscriptionid}[/{version}]`.
    PutSubscription,
    /// `DELETE /dss/v1/subscriptions/{subscriptionid}/{version}`.
    DeleteSubscription,
    /// `GET /dss/v1/uss_availability/{uss_id}`.
    GetUssAvailability,
    /// `PUT /dss/v1/uss_availability/{uss_id}`.
    SetUssAvailability,
    /// `POST /dss/v1/reports`.
    MakeDssReport,
}

impl Endpoint {
    /// The scopes of which one opens the endpoint.
    pub const fn scopes(self) -> &'static [Scope] {
        use Scope::{
            AvailabilityArbitration, ConformanceMonitoringSa, ConstraintManagement, ConstraintProcessing,
            StrategicCoordination,
        };
        match self {
            Self::QueryOperationalIntentReferences
            | Self::GetOperationalIntentReference
            | Self::PutOperationalIntentReference
            | Self::DeleteOperationalIntentReference => &[StrategicCoordination, ConformanceMonitoringSa],
            Self::QueryConstraintReferences | Self::GetConstraintReference => {
                &[ConstraintManagement, ConstraintProcessing]
            }
            Self::PutConstraintReference | Self::DeleteConstraintReference => &[ConstraintManagement],
            Self::QuerySubscriptions | Self::GetSubscription | Self::PutSubscription | Self::DeleteSubscription => {
                &[StrategicCoordination, ConstraintProcessing]
            }
            Self::GetUssAvailability => &[AvailabilityArbitration, StrategicCoordination, ConformanceMonitoringSa],
            Self::SetUssAvailability => &[AvailabilityArbitration],
            Self::MakeDssReport => &Scope::ALL,
        }
    }

    /// Refuses a caller who holds none of the endpoint's scopes.
    pub fn authorize(self, held: Scopes) -> Result<(), Rejection> {
        let needed = self.scopes();
        if needed.iter().any(|scope| held.contains(*scope)) { Ok(()) } else { Err(Rejection::ScopeMissing { needed }) }
    }
}
