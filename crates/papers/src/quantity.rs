//! Quantities as people write them, in both directions and exactly. Nothing is guessed: a length without unit, an altitude
//! without datum and a time without zone are errors that say what to write.

use skypact_airspace::{Altitude, Datum, LatLng};

use crate::decimal::{Decimal, decimal_text};
use crate::fault::shown;

/// Millimetres of a nautical mile.
pub(crate) const NM_MM: i64 = 1_852_000;
/// Millimetres of a thousandth of one: the finest that is written in NM.
const MILLI_NM_MM: i64 = 1_852;
/// Highest flight level that is one, and not feet: 99,900 ft.
pub(crate) const FLIGHT_LEVEL_MAX: u16 = 999;
/// Millimetres between flight levels: a hundred feet.
pub(crate) const LEVEL_MM: i64 = 30_480;
/// Longest length, in millimetres.
const LENGTH_MM_MAX: i64 = 1_000_000_000_000;
/// No limit, as ICAO writes it.
const UNLIMITED: &str = "UNL";

/// Why a quantity cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// It is no number, or one with more digits than anybody measures.
    #[error("'{text}' does not begin with a number, such as 20NM")]
    Number {
        /// What was written.
        text: String,
    },
    /// The unit is missing or unknown.
    #[error("'{text}' needs a unit: NM, km, m or ft, such as 20NM")]
    Unit {
        /// What was written.
        text: String,
    },
    /// The number is too large, or negative where that means nothing.
    #[error("'{text}' is out of range")]
    Range {
        /// What was written.
        text: String,
    },
    /// The number is finer than what is stored.
    #[error("'{text}' is finer than a millimetre; write fewer decimals")]
    Finer {
        /// What was written.
        text: String,
    },
    /// A flight level is no number, or none that there is.
    #[error("'{text}': write a flight level in hundreds of feet, with three digits: FL180")]
    Level {
        /// What was written.
        text: String,
    },
    /// The datum is missing or unknown.
    #[error("'{text}' needs a datum: write FL180, \"5000ft AMSL\", \"1500m W84\" or unlimited")]
    Datum {
        /// What was written.
        text: String,
    },
    /// Nothing says where a limit is, or that there is none.
    #[error("is missing; write FL180, 5000ft AMSL, 1500m W84, or UNL where there is no limit")]
    LimitMissing,
    /// It is no time in UTC.
    #[error("'{text}' is no time in UTC: write 2017-04-07T09:00:00Z")]
    Time {
        /// What was written.
        text: String,
    },
    /// It is no position.
    #[error("'{text}' is no LAT,LNG in decimal degrees, such as 35.2854,40.1760")]
    Position {
        /// What was written.
        text: String,
    },
    /// It is beyond a pole or the antimeridian.
    #[error("'{text}': {reason}")]
    Place {
        /// What was written.
        text: String,
        /// Which of the two, and its range.
        reason: String,
    },
}

impl QuantityError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Number { .. } => "number-malformed",
            Self::Unit { .. } => "unit-missing",
            Self::Range { .. } => "out-of-range",
            Self::Finer { .. } => "too-fine",
            Self::Level { .. } | Self::Datum { .. } | Self::LimitMissing => "altitude-datum",
            Self::Time { .. } => "time-zone",
            Self::Position { .. } => "position-malformed",
            Self::Place { .. } => "position-out-of-range",
        }
    }
}

/// A length with its unit: `20NM`, `5km`, `300m`, `500ft`. Millimetres; feet are rounded to the nearest.
pub fn length_mm(text: &str) -> Result<i64, QuantityError> {
    let text = text.trim();
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = (text[..unit_at].trim(), &text[unit_at..]);
    let (times, over) = match unit {
        "NM" | "nm" => (NM_MM, 1),
        "km" => (1_000_000, 1),
        "m" => (1_000, 1),
        "ft" => (3_048, 10),
        _ => return Err(QuantityError::Unit { text: shown(text) }),
    };
    let number = Decimal::read(number).ok_or_else(|| QuantityError::Number { text: shown(text) })?;
    let range = || QuantityError::Range { text: shown(text) };
    let mm = number.scaled(times, over).ok_or_else(range)?;
    if !(0..=LENGTH_MM_MAX).contains(&mm.nearest) {
        return Err(range());
    }
    if !mm.is_exact && unit != "ft" {
        return Err(QuantityError::Finer { text: shown(text) });
    }
    Ok(mm.nearest)
}

/// A length that [`length_mm`] reads as the same: in NM where three decimals state it, else in metres.
pub fn length_text(mm: i64) -> String {
    if mm > 0 && mm % MILLI_NM_MM == 0 {
        return decimal_text(mm / MILLI_NM_MM, 3) + "NM";
    }
    decimal_text(mm, 3) + "m"
}

/// An altitude with its datum: `FL180`, `5000ft AMSL`, `1500m W84`, and `5000ft STD` for a pressure altitude that is no flight
/// level.
pub fn altitude(text: &str) -> Result<Altitude, QuantityError> {
    let text = text.trim();
    if let Some(level) = text.strip_prefix("FL") {
        let sound = !level.is_empty() && level.bytes().all(|byte| byte.is_ascii_digit());
        let level = level.parse().ok().filter(|level: &u16| sound && *level <= FLIGHT_LEVEL_MAX);
        return level.map(Altitude::flight_level).ok_or_else(|| QuantityError::Level { text: shown(text) });
    }
    let (length, datum) = match text.rsplit_once(' ') {
        Some((length, "AMSL")) => (length, Datum::Amsl),
        Some((length, "W84")) => (length, Datum::W84),
        Some((length, "STD")) => (length, Datum::FlightLevel),
        _ => return Err(QuantityError::Datum { text: shown(text) }),
    };
    // Some land lies below the sea.
    let (sign, length) = length.strip_prefix('-').map_or((1, length), |length| (-1, length));
    Ok(Altitude { mm: sign * length_mm(length)?, datum })
}

/// An altitude that [`altitude`] reads as the same.
pub fn altitude_text(altitude: Altitude) -> String {
    let datum = match altitude.datum {
        Datum::W84 => "W84",
        Datum::Amsl => "AMSL",
        Datum::FlightLevel => {
            let level = altitude.mm / LEVEL_MM;
            if altitude.mm >= 0 && altitude.mm % LEVEL_MM == 0 && level <= i64::from(FLIGHT_LEVEL_MAX) {
                return format!("FL{level:03}");
            }
            "STD"
        }
    };
    // To the nearest foot, and only where that is the same millimetre again.
    let feet = (i128::from(altitude.mm.unsigned_abs()) * 10 + 1_524) / 3_048;
    let is_feet = altitude.datum != Datum::W84 && (feet * 3_048 + 5) / 10 == i128::from(altitude.mm.unsigned_abs());
    let sign = if altitude.mm < 0 { "-" } else { "" };
    if is_feet {
        return format!("{sign}{feet}ft {datum}");
    }
    format!("{}m {datum}", decimal_text(altitude.mm, 3))
}

/// A limit of a band: an altitude, or `UNL` or `unlimited` for none.
pub fn limit(text: &str) -> Result<Option<Altitude>, QuantityError> {
    match text.trim() {
        "" => Err(QuantityError::LimitMissing),
        text if text == UNLIMITED || text.eq_ignore_ascii_case("unlimited") => Ok(None),
        text => altitude(text).map(Some),
    }
}

/// A limit that [`limit`] reads as the same.
pub fn limit_text(limit: Option<Altitude>) -> String {
    limit.map_or_else(|| UNLIMITED.to_owned(), altitude_text)
}

/// An instant in UTC, RFC 3339 with `Z`: `2017-04-07T09:00Z`. Nanoseconds since the Unix epoch.
pub fn time_ns(text: &str) -> Result<i64, QuantityError> {
    let text = text.trim();
    let wrong = || QuantityError::Time { text: shown(text) };
    if !text.ends_with('Z') {
        return Err(wrong());
    }
    let instant: jiff::Timestamp = text.parse().map_err(|_| wrong())?;
    i64::try_from(instant.as_nanosecond()).map_err(|_| wrong())
}

/// An instant that [`time_ns`] reads as the same.
pub fn time_text(ns: i64) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(ns)).map_or_else(|_| ns.to_string(), |instant| instant.to_string())
}

/// `LAT,LNG` in decimal degrees, south and west negative; finer than 1e-9 degree (0.1 mm) it is rounded to the nearest.
pub fn position(text: &str) -> Result<LatLng, QuantityError> {
    let (lat, lng) = text.split_once(',').ok_or_else(|| QuantityError::Position { text: shown(text) })?;
    coordinates(lat.trim(), lng.trim())
}

/// The same from two texts.
pub(crate) fn coordinates(lat: &str, lng: &str) -> Result<LatLng, QuantityError> {
    let both = || shown(&format!("{lat},{lng}"));
    let e9 = |text: &str| {
        let degrees = Decimal::read(text).and_then(|degrees| degrees.scaled(1_000_000_000, 1));
        degrees.map(|whole| whole.nearest).ok_or_else(|| QuantityError::Position { text: both() })
    };
    LatLng::new(e9(lat)?, e9(lng)?).map_err(|error| QuantityError::Place { text: both(), reason: error.to_string() })
}

/// Latitude and longitude that are read as the same.
pub(crate) fn coordinate_texts(at: LatLng) -> (String, String) {
    (decimal_text(at.lat_e9(), 9), decimal_text(at.lng_e9(), 9))
}

/// A position that [`position`] reads as the same.
pub fn position_text(at: LatLng) -> String {
    let (lat, lng) = coordinate_texts(at);
    format!("{lat},{lng}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_that_is_left_open_is_guessed() {
        for (text, code) in [("5000ft", "altitude-datum"), ("", "altitude-datum"), ("FL+80", "altitude-datum")] {
            assert_eq!(limit(text).map_err(|error| error.code()), Err(code), "{text}");
        }
        assert!(altitude("5000ft").expect_err("no datum").to_string().contains("5000ft AMSL"));
        assert_eq!(limit("UNL"), Ok(None));
        assert_eq!(length_mm("5").map_err(|error| error.code()), Err("unit-missing"));
        assert_eq!(length_mm("0.0001m").map_err(|error| error.code()), Err("too-fine"));
        assert_eq!(time_ns("2017-04-07T09:00").map_err(|error| error.code()), Err("time-zone"));
        assert_eq!(time_ns("2017-04-07T09:00:00+02:00").map_err(|error| error.code()), Err("time-zone"));
        assert_eq!(position("95,40").map_err(|error| error.code()), Err("position-out-of-range"));
    }

    #[test]
    fn what_is_written_is_what_is_meant() {
        assert_eq!(altitude("FL180").map(|level| level.mm), Ok(5_486_400));
        assert_eq!(altitude("-400m AMSL").map(|level| level.mm), Ok(-400_000));
        assert_eq!(length_mm("20NM"), Ok(37_040_000));
        assert_eq!(length_mm("0.1NM"), Ok(185_200));
        assert_eq!(position("35.2854,40.1760").map(LatLng::lat_e9), Ok(35_285_400_000));
        assert_eq!(position_text(position("35.2854,-40.1760").expect("a position")), "35.2854,-40.176");
    }

    proptest! {
        #[test]
        fn every_quantity_comes_back_from_its_text(
            mm in -1_000_000_000_000_i64..1_000_000_000_000,
            level in 0_u16..1_000,
            feet in -2_000_i32..100_000,
            ns: i64,
            lat_e9 in -90_000_000_000_i64..=90_000_000_000,
            lng_e9 in -180_000_000_000_i64..=180_000_000_000,
        ) {
            for datum in [Datum::W84, Datum::Amsl, Datum::FlightLevel] {
                for stated in [Altitude { mm, datum }, Altitude::feet(feet, datum)] {
                    prop_assert_eq!(altitude(&altitude_text(stated)), Ok(stated));
                }
            }
            prop_assert_eq!(altitude_text(Altitude::flight_level(level)), format!("FL{level:03}"));
            prop_assert_eq!(length_mm(&length_text(mm.abs())), Ok(mm.abs()));
            prop_assert_eq!(time_ns(&time_text(ns)), Ok(ns));
            let at = LatLng::new(lat_e9, lng_e9).expect("a position");
            prop_assert_eq!(position(&position_text(at)), Ok(at));
        }
    }
}
