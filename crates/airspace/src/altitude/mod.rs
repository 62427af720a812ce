//! Altitudes with their datum, in millimetres, and closed bands of them.
//!
//! Altitudes of different datums are compared conservatively: each comparison grows by the greatest difference
//! that the pact assumes between the two datums, so a band only ever grows.

mod conversion;
mod geoid;

pub use conversion::{ConvertedAltitude, DatumRelation, altitude_text, datum_text};
pub use geoid::{MODEL_ERROR_MM, Undulation};

/// One international foot in micrometres (exact by definition).
const FOOT_UM: i64 = 304_800;

/// What an altitude is measured from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Datum {
    /// Height above the WGS84 ellipsoid (the W84 of ASTM F3548).
    W84,
    /// Above mean sea level, which is the geoid (EGM).
    Amsl,
    /// Pressure altitude: the height in the standard atmosphere over 1013.25 hPa (ICAO flight levels).
    FlightLevel,
}

/// An altitude: millimetres above its datum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Altitude {
    /// Millimetres above the datum.
    pub mm: i64,
    /// What it is measured from.
    pub datum: Datum,
}

impl Altitude {
    /// A flight level in hundreds of feet of pressure altitude: `flight_level(180)` is 18,000 ft.
    pub const fn flight_level(level: u16) -> Self {
        Self { mm: level as i64 * 100 * FOOT_UM / 1000, datum: Datum::FlightLevel }
    }

    /// Whole feet above the datum, rounded down to a millimetre.
    pub const fn feet(ft: i32, datum: Datum) -> Self {
        Self { mm: (ft as i64 * FOOT_UM).div_euclid(1000), datum }
    }

    /// Whole metres above the datum.
    pub const fn metres(m: i32, datum: Datum) -> Self {
        Self { mm: m as i64 * 1000, datum }
    }
}

/// The greatest differences between datums that the pact assumes. A negative margin counts as zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct AltitudeMargins {
    /// Between pressure altitude and altitude above mean sea level, in millimetres.
    pub pressure_mm: i64,
    /// Between the geoid (mean sea level) and the W84 ellipsoid, in millimetres.
    pub geoid_mm: i64,
}

impl AltitudeMargins {
    /// The margin between two datums in millimetres: zero for the same datum.
    pub fn between_mm(&self, a: Datum, b: Datum) -> i64 {
        use Datum::{Amsl, FlightLevel, W84};
        let (pressure, geoid) = (self.pressure_mm.max(0), self.geoid_mm.max(0));
        match (a, b) {
            (W84, W84) | (Amsl, Amsl) | (FlightLevel, FlightLevel) => 0,
            (W84, Amsl) | (Amsl, W84) => geoid,
            (Amsl, FlightLevel) | (FlightLevel, Amsl) => pressure,
            (W84, FlightLevel) | (FlightLevel, W84) => pressure.saturating_add(geoid),
        }
    }
}

/// A closed band of altitudes; an absent limit is unbounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct AltitudeBand {
    lower: Option<Altitude>,
    upper: Option<Altitude>,
}

/// A band whose upper limit is below its lower limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("upper altitude {upper_mm} mm is below lower altitude {lower_mm} mm; exchange them or correct one")]
pub struct AltitudeBandError {
    /// The lower limit given, in millimetres.
    pub lower_mm: i64,
    /// The upper limit given, in millimetres.
    pub upper_mm: i64,
}

impl AltitudeBandError {
    /// Stable code for users and for other programs.
    pub const fn code(&self) -> &'static str {
        "altitude-upper-below-lower"
    }
}

impl AltitudeBand {
    /// From `lower` to `upper`, both included. The order is checked when the datums are the same;
    /// across datums it cannot be, and the comparison below stays conservative.
    pub fn new(lower: Option<Altitude>, upper: Option<Altitude>) -> Result<Self, AltitudeBandError> {
        if let (Some(low), Some(high)) = (lower, upper)
            && low.datum == high.datum
            && high.mm < low.mm
        {
            return Err(AltitudeBandError { lower_mm: low.mm, upper_mm: high.mm });
        }
        Ok(Self { lower, upper })
    }

    /// Lower limit; `None` is unbounded.
    pub const fn lower(self) -> Option<Altitude> {
        self.lower
    }

    /// Upper limit; `None` is unbounded.
    pub const fn upper(self) -> Option<Altitude> {
        self.upper
    }

    /// The least vertical distance between the bands in millimetres that the margins allow for; zero when they
    /// overlap, touch or may do so. Saturates.
    pub fn gap_mm(self, other: Self, margins: &AltitudeMargins) -> i64 {
        let above = |upper: Option<Altitude>, lower: Option<Altitude>| match (upper, lower) {
            (Some(up), Some(low)) => {
                low.mm.saturating_sub(up.mm).saturating_sub(margins.between_mm(up.datum, low.datum))
            }
            _ => 0,
        };
        above(self.upper, other.lower).max(above(other.upper, self.lower)).max(0)
    }

    /// Whether every altitude of the other band is in this one. Limits of different datums are never certain to cover.
    pub fn covers(self, other: Self) -> bool {
        let holds = |outer: Option<Altitude>, inner: Option<Altitude>, sign: i64| match (outer, inner) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(outer), Some(inner)) => outer.datum == inner.datum && sign * outer.mm <= sign * inner.mm,
        };
        holds(self.lower, other.lower, 1) && holds(self.upper, other.upper, -1)
    }

    /// The altitudes in both bands, when all limits given share one datum and the bands overlap or touch.
    pub fn meet(self, other: Self) -> Option<Self> {
        let mut limits = [self.lower, self.upper, other.lower, other.upper].into_iter().flatten();
        let one_datum = limits.next().is_none_or(|first| limits.all(|limit| limit.datum == first.datum));
        if !one_datum {
            return None;
        }
        let pick = |a: Option<Altitude>, b: Option<Altitude>, higher: bool| match (a, b) {
            (Some(a), Some(b)) => Some(if (a.mm > b.mm) == higher { a } else { b }),
            (one, None) | (None, one) => one,
        };
        Self::new(pick(self.lower, other.lower, true), pick(self.upper, other.upper, false)).ok()
    }
}
