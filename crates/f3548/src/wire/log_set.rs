//! What a USS has to log and hand over to an investigation.

use serde::{Deserialize, Serialize};

use super::leniency::null_as_default;
use super::{ExchangeRecord, VehicleTelemetry};
use crate::value::{EntityId, Ovn, Time};

/// All logs of a USS that the standard asks for (contract: `USSLogSet`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UssLogSet {
    /// Exchanges with other USSs and the DSS, unanswered ones included.
    #[serde(deserialize_with = "null_as_default")]
    pub messages: Vec<ExchangeRecord>,
    /// What operators were told.
    #[serde(deserialize_with = "null_as_default")]
    pub operator_notifications: Vec<UserNotificationRecord>,
    /// What operators entered.
    #[serde(deserialize_with = "null_as_default")]
    pub operator_inputs: Vec<UserInputRecord>,
    /// Whose operational intents became Accepted.
    #[serde(deserialize_with = "null_as_default")]
    pub operator_associations: Vec<OperatorAssociation>,
    /// Attempts at planning that conflicts prevented.
    #[serde(deserialize_with = "null_as_default")]
    pub planning_attempts: Vec<PlanningRecord>,
    /// Positions used for conformance monitoring.
    #[serde(deserialize_with = "null_as_default")]
    pub operational_intent_positions: Vec<OperationalIntentPositions>,
    /// Whose constraints became valid.
    #[serde(deserialize_with = "null_as_default")]
    pub constraint_provider_associations: Vec<ConstraintProviderAssociation>,
}

/// Telemetry and when it arrived.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PositionRecord {
    /// When this USS received it.
    pub time_received: Time,
    /// What it received.
    pub telemetry: VehicleTelemetry,
}

/// Positions during one operational intent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperationalIntentPositions {
    /// They.
    #[serde(default, deserialize_with = "null_as_default")]
    pub positions: Vec<PositionRecord>,
    /// Which operational intent.
    pub operational_intent_id: EntityId,
}

/// One attempt to create or to change an operational intent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanningRecord {
    /// When.
    pub time: Time,
    /// OVNs that the planning USS knew.
    pub ovns: Vec<Ovn>,
    /// Operational intents that the DSS found missing.
    #[serde(default, deserialize_with = "null_as_default")]
    pub missing_operational_intents: Vec<EntityId>,
    /// Constraints that the DSS found missing.
    #[serde(default, deserialize_with = "null_as_default")]
    pub missing_constraints: Vec<EntityId>,
    /// What was planned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operational_intent_id: Option<EntityId>,
    /// What went wrong, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Something that a user was told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserNotificationRecord {
    /// When the cause happened.
    pub triggering_event_time: Time,
    /// When the user was told.
    pub notification_time: Time,
    /// What the user was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notification_details: Option<String>,
    /// Which requirement asked for it.
    pub notification_triggering_event: NotificationTriggeringEvent,
}

/// Something that a user entered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserInputRecord {
    /// When.
    pub triggering_event_time: Time,
    /// About which operational intent.
    pub operational_intent_id: EntityId,
    /// Which requirement it concerns.
    pub input_triggering_event: InputTriggeringEvent,
    /// What the user entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_details: Option<String>,
}

/// Whose operational intent it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorAssociation {
    /// Which operational intent.
    pub operational_intent_id: EntityId,
    /// Its operator.
    pub operator_id: String,
}

/// Whose constraint it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConstraintProviderAssociation {
    /// Which constraint.
    pub constraint_id: EntityId,
    /// Its provider.
    pub constraint_provider_id: String,
}

/// Variants named as the requirements of the standard that they stand for.
macro_rules! requirements {
    ($(#[$doc:meta])* $name:ident { $($requirement:ident)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "UPPERCASE")]
        pub enum $name {
            $(#[doc = concat!("Requirement ", stringify!($requirement), " of ASTM F3548-21.")] $requirement,)+
        }
    };
}

requirements! {
    /// Requirement that made a USS notify a user.
    NotificationTriggeringEvent {
        Gen0400 Gen0405 Scd0090 Scd0095 Acm0010 Cmsa0115 Cmsa0300 Cstp0005 Cstp0010 Cstp0020 Cstp0025 Cstp0030 Csto0035
    }
}

requirements! {
    /// Requirement that a user's input concerns.
    InputTriggeringEvent {
        Opin0040 Cmsa0010 Cmsa0025 Cmsa0100 Cmsa0105 Cmsa0110 Cmsa0200 Cmsa0205 Cmsa0210 Cmsa0215
    }
}
