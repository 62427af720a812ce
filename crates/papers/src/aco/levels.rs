//! The vertical dimension of an ACM (EFFLEVEL): `FLFL:FL180-FL240`, `RARA:070AMSL-210AMSL`, `BRFL:GL-FL240` and the like, in
//! hundreds of feet. Heights above ground are refused: a notice has none, and nobody knows the ground for all of an area.

use skypact_airspace::altitude::{DatumRelation, Undulation};
use skypact_airspace::{Altitude, AltitudeBand, AltitudeMargins, Datum, Volume4d};

use super::forms::Unread;
use crate::fault::shown;
use crate::quantity::{FLIGHT_LEVEL_MAX, LEVEL_MM};

/// How a limit is given: what two letters of the qualifier say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Base reference: the ground (GL) or mean sea level (MSL).
    Base,
    /// Relative altitude: above mean sea level (AMSL) or ground (AGL).
    Relative,
    Level,
}

/// The qualifiers that are known. A level below an altitude has none.
const QUALIFIERS: [(&str, Way, Way); 5] = [
    ("BRRA", Way::Base, Way::Relative),
    ("BRFL", Way::Base, Way::Level),
    ("RARA", Way::Relative, Way::Relative),
    ("RAFL", Way::Relative, Way::Level),
    ("FLFL", Way::Level, Way::Level),
];

/// Reads a vertical dimension.
pub(super) fn band(text: &str) -> Result<AltitudeBand, Unread> {
    let unread = || {
        let reason = format!(
            "'{}' is no vertical dimension that is known: write FLFL:FL180-FL240, RARA:070AMSL-210AMSL, RAFL, BRRA or BRFL",
            shown(text)
        );
        ("altitude-datum", reason)
    };
    let (name, limits) = text.split_once(':').ok_or_else(unread)?;
    let (_, below, above) = QUALIFIERS.into_iter().find(|(known, ..)| *known == name).ok_or_else(unread)?;
    let (lower, upper) = limits.split_once('-').ok_or_else(unread)?;
    let band = AltitudeBand::new(limit(lower, below)?, limit(upper, above)?);
    band.map_err(|error| (error.code(), error.to_string()))
}

/// A limit. The ground has whatever flies above it, so that it is no lower limit.
fn limit(text: &str, way: Way) -> Result<Option<Altitude>, Unread> {
    let unread = || {
        let form = match way {
            Way::Base => "GL or MSL",
            Way::Relative => "an altitude in hundreds of feet with three digits, such as 070AMSL",
            Way::Level => "a flight level with three digits, such as FL180",
        };
        ("altitude-datum", format!("'{}' is not what its qualifier says: {form}", shown(text)))
    };
    let hundreds = |digits: &str| {
        let sound = digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<u16>().ok().filter(|_| sound).ok_or_else(unread)
    };
    let at = |hundreds: u16, datum| Some(Altitude { mm: i64::from(hundreds) * LEVEL_MM, datum });
    match way {
        Way::Base if text == "GL" => Ok(None),
        Way::Base if text == "MSL" => Ok(at(0, Datum::Amsl)),
        Way::Base => Err(unread()),
        Way::Relative if text.ends_with("AGL") => {
            let reason =
                format!("'{}' is above ground, which no notice is; write it as AMSL, or as GL below", shown(text));
            Err(("altitude-datum", reason))
        }
        Way::Relative => hundreds(text.strip_suffix("AMSL").ok_or_else(unread)?).map(|level| at(level, Datum::Amsl)),
        Way::Level => hundreds(text.strip_prefix("FL").ok_or_else(unread)?).map(|level| at(level, Datum::FlightLevel)),
    }
}

/// Why a band has no vertical dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unstated {
    /// It has no upper limit.
    NoUpper,
    /// Its upper limit is above 99,900 ft, or its lower one.
    TooHigh,
    /// Its lower limit is a level and its upper one none, or they change their order.
    Mixed,
}

/// A vertical dimension that holds all of a volume's band.
pub(super) struct Stated {
    pub(super) text: String,
    /// Whether a limit was rounded.
    pub(super) is_rounded: bool,
    /// Whether a limit over the ellipsoid became one over mean sea level.
    pub(super) is_converted: bool,
}

impl Stated {
    pub(super) fn of(volume: &Volume4d, margins: &AltitudeMargins) -> Result<Self, Unstated> {
        let upper = volume.band.upper().ok_or(Unstated::NoUpper)?;
        let mut stated = Self { text: String::new(), is_rounded: false, is_converted: false };
        let mut to_order = |limit: Altitude, is_lower: bool| {
            if limit.datum != Datum::W84 {
                return limit;
            }
            stated.is_converted = true;
            let relation = DatumRelation::new(Undulation::of(&volume.footprint), margins);
            let converted = relation.convert(limit, Datum::Amsl);
            Altitude { mm: if is_lower { converted.least_mm } else { converted.most_mm }, datum: Datum::Amsl }
        };
        let lower = volume.band.lower().map(|lower| to_order(lower, true));
        let upper = to_order(upper, false);
        if AltitudeBand::new(lower, Some(upper)).is_err() {
            return Err(Unstated::Mixed);
        }
        // What begins below zero begins at the ground: that is never higher for an aircraft.
        let lower_level = lower.map(|lower| (lower.mm.div_euclid(LEVEL_MM), lower)).filter(|(level, _)| *level >= 0);
        let upper_level = (-(-upper.mm).div_euclid(LEVEL_MM)).max(0);
        if upper_level.max(lower_level.map_or(0, |(level, _)| level)) > i64::from(FLIGHT_LEVEL_MAX) {
            return Err(Unstated::TooHigh);
        }
        stated.is_rounded = upper_level * LEVEL_MM != upper.mm
            || lower.is_some_and(|lower| lower_level.is_none_or(|(level, _)| level * LEVEL_MM != lower.mm));
        let (below, lower_text) =
            lower_level.map_or((Way::Base, "GL".to_owned()), |(level, lower)| one(level, lower.datum));
        let (above, upper_text) = one(upper_level, upper.datum);
        let name = QUALIFIERS.into_iter().find(|(_, low, high)| (*low, *high) == (below, above));
        let (name, ..) = name.ok_or(Unstated::Mixed)?;
        stated.text = format!("{name}:{lower_text}-{upper_text}");
        Ok(stated)
    }
}

fn one(level: i64, datum: Datum) -> (Way, String) {
    match datum {
        Datum::FlightLevel => (Way::Level, format!("FL{level:03}")),
        _ => (Way::Relative, format!("{level:03}AMSL")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_with_their_datum_and_nothing_is_guessed() {
        let amsl = |ft| Some(Altitude::feet(ft, Datum::Amsl));
        let level = |level| Some(Altitude::flight_level(level));
        for (text, lower, upper) in [
            ("FLFL:FL180-FL240", level(180), level(240)),
            ("RARA:070AMSL-210AMSL", amsl(7_000), amsl(21_000)),
            ("RAFL:070AMSL-FL280", amsl(7_000), level(280)),
            ("BRRA:GL-220AMSL", None, amsl(22_000)),
            ("BRRA:MSL-210AMSL", amsl(0), amsl(21_000)),
            ("BRFL:GL-FL240", None, level(240)),
        ] {
            let read = band(text).expect(text);
            assert_eq!((read.lower(), read.upper()), (lower, upper), "{text}");
        }
        for text in [
            "",
            "FL180-FL240",
            "FLFL:180-240",
            "RARA:7000AMSL-21000AMSL",
            "RARA:FL070-210AMSL",
            "BRRA:GL-005AGL",
            "RAFL:100AGL-FL600",
            "FLRA:FL100-210AMSL",
            "BRFL:SFC-FL240",
            "FLFL:FL180-UNL",
            "FLFL:FL18-FL240",
            "FLFL:FL180",
            "RARA:+70AMSL-210AMSL",
            "RARA:070-210",
        ] {
            assert_eq!(band(text).map_err(|(code, _)| code), Err("altitude-datum"), "{text}");
        }
        assert_eq!(band("FLFL:FL240-FL180").map_err(|(code, _)| code), Err("altitude-upper-below-lower"));
    }
}
