//! Positions: WGS84 geodetic latitude and longitude as integers of 1e-9 degree (0.11 mm on the ground).
//!
//! Integers are what is stored and signed; floats appear only inside the predicates.

use std::fmt;

/// One degree in the unit of [`LatLng`], 1e-9 degree.
pub const DEGREE_E9: i64 = 1_000_000_000;

/// A position on the WGS84 ellipsoid: geodetic latitude and longitude in 1e-9 degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct LatLng {
    lat_e9: i64,
    lng_e9: i64,
}

impl LatLng {
    /// Latitude within -90..=90 degrees (north positive), longitude within -180..=180 degrees (east positive).
    /// Both -180 and 180 are accepted and are the same meridian.
    pub const fn new(lat_e9: i64, lng_e9: i64) -> Result<Self, PositionError> {
        if lat_e9 < -90 * DEGREE_E9 || lat_e9 > 90 * DEGREE_E9 {
            return Err(PositionError::Latitude { lat_e9 });
        }
        if lng_e9 < -180 * DEGREE_E9 || lng_e9 > 180 * DEGREE_E9 {
            return Err(PositionError::Longitude { lng_e9 });
        }
        Ok(Self { lat_e9, lng_e9 })
    }

    /// Geodetic latitude in 1e-9 degree, north positive.
    pub const fn lat_e9(self) -> i64 {
        self.lat_e9
    }

    /// Longitude in 1e-9 degree, east positive.
    pub const fn lng_e9(self) -> i64 {
        self.lng_e9
    }

    /// Geodetic latitude in degrees, for display and for geodesic routines.
    pub fn lat_deg(self) -> f64 {
        self.lat_e9 as f64 / DEGREE_E9 as f64
    }

    /// Longitude in degrees, for display and for geodesic routines.
    pub fn lng_deg(self) -> f64 {
        self.lng_e9 as f64 / DEGREE_E9 as f64
    }
}

impl fmt::Display for LatLng {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ns, ew) = (if self.lat_e9 < 0 { 'S' } else { 'N' }, if self.lng_e9 < 0 { 'W' } else { 'E' });
        write!(f, "{:.6}{ns} {:.6}{ew}", self.lat_deg().abs(), self.lng_deg().abs())
    }
}

/// A coordinate out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PositionError {
    /// The latitude is beyond a pole.
    #[error("lat_e9 {lat_e9} is outside -90..=90 degrees; give the latitude in 1e-9 degree")]
    Latitude {
        /// What was given, 1e-9 degree.
        lat_e9: i64,
    },
    /// The longitude is beyond the antimeridian.
    #[error("lng_e9 {lng_e9} is outside -180..=180 degrees; give the longitude in 1e-9 degree")]
    Longitude {
        /// What was given, 1e-9 degree.
        lng_e9: i64,
    },
}

impl PositionError {
    /// Stable code for users and for other programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Latitude { .. } => "latitude-out-of-range",
            Self::Longitude { .. } => "longitude-out-of-range",
        }
    }
}
