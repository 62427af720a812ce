//! Limits of a draft: levels in the Q line, items F and G, and words with the datum that was stated. All rounded outwards.

use skypact_airspace::altitude::{DatumRelation, Undulation};
use skypact_airspace::{Altitude, AltitudeMargins, Datum, Volume4d};

use crate::quantity::{FLIGHT_LEVEL_MAX, LEVEL_MM};

const LEVEL_MAX: i128 = FLIGHT_LEVEL_MAX as i128;
/// What there is above this in feet is without a limit in a NOTAM.
const FEET_MAX: i128 = 100 * LEVEL_MAX;
/// A foot is 3,048 tenths of a millimetre.
const FOOT: (i128, i128) = (10, 3_048);

/// Limits as a draft says them.
pub(super) struct Limits {
    /// Lower and upper limit of the Q line, in hundreds of feet.
    pub(super) levels: (i128, i128),
    /// Item F.
    pub(super) lower: String,
    /// Item G.
    pub(super) upper: String,
    /// Both in words.
    pub(super) words: String,
}

/// Which way is outwards.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Lower,
    Upper,
}

impl Side {
    /// Whole units of `over / times` millimetres.
    fn outwards(self, mm: i64, (times, over): (i128, i128)) -> i128 {
        let parts = i128::from(mm) * times;
        if self == Self::Lower { parts.div_euclid(over) } else { -(-parts).div_euclid(over) }
    }

    /// What stands for no limit.
    const fn none(self) -> &'static str {
        if matches!(self, Self::Lower) { "SFC" } else { "UNL" }
    }

    /// In another datum, as far outwards as the two may differ.
    fn converted(self, relation: &DatumRelation, limit: Altitude, to: Datum) -> i64 {
        let converted = relation.convert(limit, to);
        if self == Self::Lower { converted.least_mm } else { converted.most_mm }
    }

    fn level(self, relation: &DatumRelation, limit: Option<Altitude>) -> i128 {
        let Some(limit) = limit else { return if self == Self::Lower { 0 } else { LEVEL_MAX } };
        let mm = self.converted(relation, limit, Datum::FlightLevel);
        self.outwards(mm, (1, i128::from(LEVEL_MM))).clamp(0, LEVEL_MAX)
    }

    /// Item F or G. The surface is below whatever begins at or below zero.
    fn item(self, relation: &DatumRelation, limit: Option<Altitude>) -> String {
        let Some(limit) = limit else { return self.none().to_owned() };
        let is_level = limit.datum == Datum::FlightLevel;
        let (value, most) = if is_level {
            (self.outwards(limit.mm, (1, i128::from(LEVEL_MM))), LEVEL_MAX)
        } else {
            (self.outwards(self.converted(relation, limit, Datum::Amsl), FOOT), FEET_MAX)
        };
        if (self == Self::Lower && value <= 0) || (self == Self::Upper && value > most) {
            return self.none().to_owned();
        }
        let value = value.clamp(0, most);
        if is_level { format!("FL{value:03}") } else { format!("{value}FT AMSL") }
    }

    /// A limit as it was stated, with its datum.
    fn words(self, limit: Option<Altitude>) -> String {
        let Some(limit) = limit else { return self.none().to_owned() };
        let level = i128::from(limit.mm / LEVEL_MM);
        let feet = self.outwards(limit.mm, FOOT);
        match limit.datum {
            Datum::FlightLevel if limit.mm % LEVEL_MM == 0 && (0..=LEVEL_MAX).contains(&level) => {
                format!("FL{level:03}")
            }
            Datum::FlightLevel => format!("{feet}FT PRESSURE ALTITUDE"),
            Datum::Amsl => format!("{feet}FT AMSL"),
            Datum::W84 => format!("{}M ABOVE THE WGS84 ELLIPSOID", self.outwards(limit.mm, (1, 1_000))),
        }
    }
}

impl Limits {
    /// Those of a volume.
    pub(super) fn of(volume: &Volume4d, margins: &AltitudeMargins) -> Self {
        let relation = DatumRelation::new(Undulation::of(&volume.footprint), margins);
        let (lower, upper) = (volume.band.lower(), volume.band.upper());
        Self {
            levels: (Side::Lower.level(&relation, lower), Side::Upper.level(&relation, upper)),
            lower: Side::Lower.item(&relation, lower),
            upper: Side::Upper.item(&relation, upper),
            words: format!("FROM {} TO {}", Side::Lower.words(lower), Side::Upper.words(upper)),
        }
    }
}
