//! Altitudes and bands in another datum, for display, for entering and for cross-checks. The rule of conflict does not use
//! this: it compares limits as they were stated, with the margins of the pact ([`AltitudeBand::gap_mm`]).
//!
//! A band only ever grows: each limit moves outwards by what the difference of the datums may be at most.

use super::{Altitude, AltitudeBand, AltitudeBandError, AltitudeMargins, Datum, Undulation};

/// What relates the datums at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatumRelation {
    /// Bounds of the geoid there.
    pub undulation: Undulation,
    /// Greatest difference of pressure altitude and altitude above mean sea level that the pact assumes, in millimetres.
    pub pressure_mm: i64,
}

/// A limit in another datum: it lies between the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvertedAltitude {
    /// What was converted.
    pub from: Altitude,
    /// The lowest that it can be, in millimetres above the new datum.
    pub least_mm: i64,
    /// The highest that it can be.
    pub most_mm: i64,
    /// The new datum.
    pub datum: Datum,
}

impl DatumRelation {
    /// The relation at a place under the margins of a pact. A negative margin counts as zero.
    pub fn new(undulation: Undulation, margins: &AltitudeMargins) -> Self {
        Self { undulation, pressure_mm: margins.pressure_mm.max(0) }
    }

    /// An altitude in another datum. Saturates.
    pub fn convert(&self, from: Altitude, to: Datum) -> ConvertedAltitude {
        let (least, most) = self.difference_mm(from.datum, to);
        ConvertedAltitude {
            from,
            least_mm: from.mm.saturating_add(least),
            most_mm: from.mm.saturating_add(most),
            datum: to,
        }
    }

    /// A band in another datum, which holds every altitude that the given one may hold. The error is that of a band whose
    /// limits of different datums are found to be exchanged.
    pub fn convert_band(&self, band: AltitudeBand, to: Datum) -> Result<AltitudeBand, AltitudeBandError> {
        let limit = |mm| Altitude { mm, datum: to };
        let lower = band.lower().map(|lower| limit(self.convert(lower, to).least_mm));
        let upper = band.upper().map(|upper| limit(self.convert(upper, to).most_mm));
        AltitudeBand::new(lower, upper)
    }

    /// How a band was converted, a line for each limit.
    pub fn explain_band(&self, band: AltitudeBand, to: Datum) -> String {
        let line = |name: &str, limit: Option<Altitude>, lower: bool| match limit {
            None => format!("{name}: unlimited in any datum"),
            Some(limit) => {
                let converted = self.convert(limit, to);
                let kept = if lower { converted.least_mm } else { converted.most_mm };
                format!(
                    "{name}: {}, taken as {}",
                    self.explain(limit, to),
                    altitude_text(Altitude { mm: kept, datum: to })
                )
            }
        };
        format!("{}\n{}", line("lower", band.lower(), true), line("upper", band.upper(), false))
    }

    /// How an altitude was converted: `FL180 is 4486 to 6486 m AMSL (pressure margin of the pact: 1000 m)`.
    pub fn explain(&self, from: Altitude, to: Datum) -> String {
        let converted = self.convert(from, to);
        if from.datum == to {
            return format!("{} as stated", altitude_text(from));
        }
        let mut reasons = Vec::new();
        if from.datum == Datum::FlightLevel || to == Datum::FlightLevel {
            reasons.push(format!("pressure margin of the pact: {} m", self.pressure_mm / 1_000));
        }
        if from.datum == Datum::W84 || to == Datum::W84 {
            let Undulation { least_mm, most_mm } = self.undulation;
            let metres = (least_mm.div_euclid(1_000), -(-most_mm).div_euclid(1_000));
            let error_m = super::geoid::MODEL_ERROR_MM / 1_000;
            reasons.push(format!(
                "geoid {} to {} m over the ellipsoid: EGM96 and {error_m} m for its error",
                metres.0, metres.1
            ));
        }
        // Rounded outwards, so that what is shown holds what is meant.
        let (least_m, most_m) =
            (converted.least_mm.div_euclid(1_000), converted.most_mm.saturating_add(999).div_euclid(1_000));
        format!("{} is {least_m} to {most_m} m {} ({})", altitude_text(from), datum_text(to), reasons.join("; "))
    }

    /// Bounds of (altitude above `to`) - (altitude above `from`) of one point, in millimetres.
    fn difference_mm(&self, from: Datum, to: Datum) -> (i64, i64) {
        use Datum::{Amsl, FlightLevel, W84};
        let Undulation { least_mm: geoid_least, most_mm: geoid_most } = self.undulation;
        let pressure = self.pressure_mm;
        match (from, to) {
            (Amsl, Amsl) | (W84, W84) | (FlightLevel, FlightLevel) => (0, 0),
            (Amsl, W84) => (geoid_least, geoid_most),
            (W84, Amsl) => (-geoid_most, -geoid_least),
            (FlightLevel, Amsl) | (Amsl, FlightLevel) => (-pressure, pressure),
            (FlightLevel, W84) => (geoid_least.saturating_sub(pressure), geoid_most.saturating_add(pressure)),
            (W84, FlightLevel) => ((-geoid_most).saturating_sub(pressure), (-geoid_least).saturating_add(pressure)),
        }
    }
}

/// An altitude for people: `FL180`, `5000 ft AMSL (1524 m)`, `1500 m W84`. Feet and metres are rounded to the nearest.
pub fn altitude_text(altitude: Altitude) -> String {
    let metres = (altitude.mm.saturating_add(500)).div_euclid(1_000);
    let feet = (i128::from(altitude.mm) * 10 + 1_524).div_euclid(3_048);
    match altitude.datum {
        Datum::FlightLevel if altitude.mm >= 0 && altitude.mm % 30_480 == 0 => format!("FL{:03}", altitude.mm / 30_480),
        Datum::FlightLevel => format!("{feet} ft pressure altitude"),
        Datum::Amsl => format!("{feet} ft AMSL ({metres} m)"),
        Datum::W84 => format!("{metres} m W84"),
    }
}

/// Name of a datum for people.
pub const fn datum_text(datum: Datum) -> &'static str {
    match datum {
        Datum::W84 => "W84",
        Datum::Amsl => "AMSL",
        Datum::FlightLevel => "pressure altitude",
    }
}
