//! Volumes and what they are made of. Numbers are as given; their ranges are checked when they become geometry.

use serde::{Deserialize, Serialize};

use crate::value::{Time, rounded_up};

/// Contiguous block of space and time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Volume4D {
    /// Where.
    pub volume: Volume3D,
    /// From when; absent is unbounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_start: Option<Time>,
    /// Until when, after `time_start`; absent is unbounded.
    #[serde(default, deserialize_with = "rounded_up", skip_serializing_if = "Option::is_none")]
    pub time_end: Option<Time>,
}

/// An outline on the ground, exactly one, from one altitude to another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Volume3D {
    /// The outline when it is a circle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outline_circle: Option<Circle>,
    /// The outline when it is a polygon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outline_polygon: Option<Polygon>,
    /// Lowest altitude; absent is unbounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub altitude_lower: Option<Altitude>,
    /// Highest altitude; absent is unbounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub altitude_upper: Option<Altitude>,
}

/// Everything within a distance of a point. The contract requires neither field, though no circle is without.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Circle {
    /// The middle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub center: Option<LatLngPoint>,
    /// Distance from the middle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub radius: Option<Radius>,
}

/// An area whose edges are the shortest paths between its vertices; its inside is the smaller area.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Polygon {
    /// At least three, all different.
    pub vertices: Vec<LatLngPoint>,
}

/// A position on the WGS84 ellipsoid.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LatLngPoint {
    /// Longitude in degrees east, -180 to 180.
    pub lng: f64,
    /// Latitude in degrees north, -90 to 90.
    pub lat: f64,
}

/// A distance along the ellipsoid.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Radius {
    /// Metres, above zero.
    pub value: f64,
    /// Metres is all there is.
    pub units: LengthUnits,
}

/// An altitude over the WGS84 ellipsoid.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Altitude {
    /// Metres, -8,000 to 100,000.
    pub value: f64,
    /// The ellipsoid is all there is.
    pub reference: AltitudeReference,
    /// Metres is all there is.
    pub units: LengthUnits,
}

/// What altitudes are measured from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AltitudeReference {
    /// The WGS84 ellipsoid.
    W84,
}

/// Units of lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LengthUnits {
    /// Metres.
    M,
}

/// Where and when a query asks about. Each kind of query has this schema under a name of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AreaOfInterest {
    /// The area; a DSS needs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area_of_interest: Option<Volume4D>,
}
