//! Where an aircraft is and how it moves, as USSs tell each other when it does not conform.

use serde::{Deserialize, Serialize};

use super::Altitude;
use super::leniency::null_as_default;
use crate::value::{EntityId, Time};

/// Telemetry of an operational intent that does not conform.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GetOperationalIntentTelemetryResponse {
    /// Which operational intent the aircraft flies.
    pub operational_intent_id: EntityId,
    /// The newest telemetry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub telemetry: Option<VehicleTelemetry>,
    /// Before this it is of no use to ask again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_telemetry_opportunity: Option<Time>,
}

/// Position and velocity of an aircraft at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VehicleTelemetry {
    /// When it was measured.
    pub time_measured: Time,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// How fast and which way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub velocity: Option<Velocity>,
}

/// Position of an aircraft.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Longitude in degrees east, -180 to 180.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longitude: Option<f64>,
    /// Latitude in degrees north, -90 to 90.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latitude: Option<f64>,
    /// Horizontal error that is likely; required when extrapolated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy_h: Option<PositionAccuracyHorizontal>,
    /// Vertical error that is likely; required when extrapolated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy_v: Option<PositionAccuracyVertical>,
    /// Whether it is computed rather than measured.
    #[serde(default, deserialize_with = "null_as_default")]
    pub extrapolated: bool,
    /// Altitude.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub altitude: Option<Altitude>,
}

/// Velocity over the ground.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Velocity {
    /// Metres per second.
    pub speed: f64,
    /// Metres per second is all there is.
    pub units_speed: SpeedUnits,
    /// Degrees east of true north; 360 is unknown.
    #[serde(default, deserialize_with = "null_as_default")]
    pub track: f64,
}

/// Units of speeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SpeedUnits {
    /// Metres per second.
    MetersPerSecond,
}

/// Vertical error that is likely: the GVA of ADS-B and finer values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PositionAccuracyVertical {
    /// Unknown.
    #[serde(rename = "VAUnknown")]
    Unknown,
    /// Over 150 m.
    #[serde(rename = "VA150mPlus")]
    M150Plus,
    /// Up to 150 m.
    #[serde(rename = "VA150m")]
    M150,
    /// Up to 45 m.
    #[serde(rename = "VA45m")]
    M45,
    /// Up to 25 m.
    #[serde(rename = "VA25m")]
    M25,
    /// Up to 10 m.
    #[serde(rename = "VA10m")]
    M10,
    /// Up to 3 m.
    #[serde(rename = "VA3m")]
    M3,
    /// Up to 1 m.
    #[serde(rename = "VA1m")]
    M1,
}

/// Horizontal error that is likely: the `NACp` of ADS-B and 1 m.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PositionAccuracyHorizontal {
    /// Unknown.
    #[serde(rename = "HAUnknown")]
    Unknown,
    /// Over 10 NM.
    #[serde(rename = "HA10NMPlus")]
    Nm10Plus,
    /// Up to 10 NM.
    #[serde(rename = "HA10NM")]
    Nm10,
    /// Up to 4 NM.
    #[serde(rename = "HA4NM")]
    Nm4,
    /// Up to 2 NM.
    #[serde(rename = "HA2NM")]
    Nm2,
    /// Up to 1 NM.
    #[serde(rename = "HA1NM")]
    Nm1,
    /// Up to 0.5 NM.
    #[serde(rename = "HA05NM")]
    Nm05,
    /// Up to 0.3 NM.
    #[serde(rename = "HA03NM")]
    Nm03,
    /// Up to 0.1 NM.
    #[serde(rename = "HA01NM")]
    Nm01,
    /// Up to 0.05 NM.
    #[serde(rename = "HA005NM")]
    Nm005,
    /// Up to 30 m.
    #[serde(rename = "HA30m")]
    M30,
    /// Up to 10 m.
    #[serde(rename = "HA10m")]
    M10,
    /// Up to 3 m.
    #[serde(rename = "HA3m")]
    M3,
    /// Up to 1 m.
    #[serde(rename = "HA1m")]
    M1,
}
