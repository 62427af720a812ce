//! Positions and lengths as an order has them, in both directions.

use skypact_airspace::LatLng;
use skypact_airspace::units::DEGREE_E9;

use crate::decimal::decimal_text;
use crate::fault::shown;
use crate::quantity::{NM_MM, length_mm};

/// Seconds of a degree.
pub(super) const SECONDS: i64 = 3_600;
/// Ten-thousandths of a minute of a degree.
const FINE_MINUTES: i64 = 600_000;
/// Most characters of the number of a length.
const LENGTH_CHARS_MAX: usize = 5;
/// Millimetres of a thousandth of a nautical mile, and of a kilometre.
const MILLI_NM_MM: i64 = NM_MM / 1_000;
const METRE_MM: i64 = 1_000;

/// Why a form cannot be read: a stable code, and what to do.
pub(super) type Unread = (&'static str, String);

/// A position: `LATS:351707N0401034E` to the second, `LATM:3517N04010E` to the minute, `DMPIT:3517.1240N04010.5600E` to the
/// ten-thousandth of a minute; the first two also without their qualifiers.
pub(super) fn position(text: &str) -> Result<LatLng, Unread> {
    let unread = || {
        let reason = format!("'{}' is no LATS:351707N0401034E or LATM:3517N04010E; write one of the two", shown(text));
        ("position-malformed", reason)
    };
    let (form, digits) = text.split_once(':').unwrap_or(("", text));
    let (lat, rest) = digits.split_once(['N', 'S']).ok_or_else(unread)?;
    let lng = rest.strip_suffix(['E', 'W']).ok_or_else(unread)?;
    let (south, west) = (digits.as_bytes()[lat.len()] == b'S', rest.ends_with('W'));
    let read: fn(&str, usize) -> Option<i64> = match (form, lat.len()) {
        ("LATS" | "", 6) => seconds,
        ("LATM" | "", 4) => minutes,
        ("DMPIT", 9) => fine_minutes,
        _ => return Err(unread()),
    };
    let sign = |is_negative: bool| if is_negative { -1 } else { 1 };
    let lat_e9 = sign(south) * read(lat, 2).ok_or_else(unread)?;
    let lng_e9 = sign(west) * read(lng, 3).ok_or_else(unread)?;
    LatLng::new(lat_e9, lng_e9).map_err(|error| ("position-out-of-range", format!("'{}': {error}", shown(text))))
}

/// Digits, and nothing else, as a number below `limit`.
fn number(text: &str, limit: i64) -> Option<i64> {
    let sound = !text.is_empty() && text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| sound && *number < limit)
}

/// Degrees of `width` digits and a rest, if there are that many.
fn degrees(text: &str, width: usize) -> Option<(i64, &str)> {
    let (degrees, rest) = text.split_at_checked(width)?;
    Some((number(degrees, 181)?, rest))
}

fn seconds(text: &str, width: usize) -> Option<i64> {
    let (degrees, rest) = degrees(text, width)?;
    let (minutes, seconds) = rest.split_at_checked(2).filter(|_| rest.len() == 4)?;
    Some(e9((degrees * 60 + number(minutes, 60)?) * 60 + number(seconds, 60)?, SECONDS))
}

fn minutes(text: &str, width: usize) -> Option<i64> {
    let (degrees, rest) = degrees(text, width)?;
    Some(e9(degrees * 60 + number(rest, 60).filter(|_| rest.len() == 2)?, 60))
}

fn fine_minutes(text: &str, width: usize) -> Option<i64> {
    let (degrees, rest) = degrees(text, width)?;
    let (minutes, after) = rest.split_once('.').filter(|(minutes, after)| minutes.len() == 2 && after.len() == 4)?;
    Some(e9((degrees * 60 + number(minutes, 60)?) * 10_000 + number(after, 10_000)?, FINE_MINUTES))
}

/// Parts of a degree as 1e-9 degree, to the nearest.
fn e9(parts: i64, per_degree: i64) -> i64 {
    let magnitude = (parts.abs() * DEGREE_E9 + per_degree / 2) / per_degree;
    if parts < 0 { -magnitude } else { magnitude }
}

/// A position in whole seconds: of latitude and of longitude.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seconds {
    pub(super) lat: i64,
    pub(super) lng: i64,
}

impl Seconds {
    /// The nearest to a position.
    pub(super) fn nearest(at: LatLng) -> Self {
        let nearest = |angle_e9: i64| (angle_e9 * SECONDS + DEGREE_E9 / 2).div_euclid(DEGREE_E9);
        Self { lat: nearest(at.lat_e9()), lng: nearest(at.lng_e9()) }
    }

    /// What [`position`] reads of its text; none beyond a pole or the antimeridian.
    pub(super) fn position(self) -> Option<LatLng> {
        LatLng::new(e9(self.lat, SECONDS), e9(self.lng, SECONDS)).ok()
    }

    /// `LATS:351707N0401034E`.
    pub(super) fn text(self) -> String {
        let text = |seconds: i64, width: usize| {
            let seconds = seconds.abs();
            format!("{:0width$}{:02}{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
        };
        let (ns, ew) = (if self.lat < 0 { 'S' } else { 'N' }, if self.lng < 0 { 'W' } else { 'E' });
        format!("LATS:{}{ns}{}{ew}", text(self.lat, 2), text(self.lng, 3))
    }
}

/// A length: `15NM` or `7.5KM`. Millimetres.
pub(super) fn length(text: &str) -> Result<i64, Unread> {
    let unit = text.len().saturating_sub(2);
    let known = match text.get(unit..) {
        Some("NM") => Some("NM"),
        Some("KM") => Some("km"),
        _ => None,
    };
    let Some(unit_text) = known else {
        return Err(("unit-missing", format!("'{}' needs a unit: NM or KM, such as 15NM", shown(text))));
    };
    length_mm(&format!("{}{unit_text}", &text[..unit])).map_err(|error| (error.code(), error.to_string()))
}

/// The shortest length of at least as many millimetres that an order can state, and its millimetres.
pub(super) fn length_text(mm: i64) -> (String, i64) {
    let fits = |number: &str| number.len() <= LENGTH_CHARS_MAX;
    let in_nm = decimal_text(mm / MILLI_NM_MM, 3);
    if mm % MILLI_NM_MM == 0 && fits(&in_nm) {
        return (in_nm + "NM", mm);
    }
    let mut unit_mm = METRE_MM;
    let mut decimals = 3;
    loop {
        let units = (mm + unit_mm - 1) / unit_mm;
        let number = decimal_text(units, decimals);
        if fits(&number) || decimals == 0 {
            return (number + "KM", units * unit_mm);
        }
        (unit_mm, decimals) = (unit_mm * 10, decimals - 1);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_form_of_a_position_is_read_and_no_other() {
        for (text, lat_e9, lng_e9) in [
            ("LATS:351707N0401034E", 35_285_277_778, 40_176_111_111),
            ("351707S0401034W", -35_285_277_778, -40_176_111_111),
            ("LATM:3517N04010E", 35_283_333_333, 40_166_666_667),
            ("3517N04010E", 35_283_333_333, 40_166_666_667),
            ("DMPIT:3517.1240N04010.5600E", 35_285_400_000, 40_176_000_000),
            ("LATS:900000N1800000W", 90_000_000_000, -180_000_000_000),
        ] {
            let read = position(text).expect(text);
            assert_eq!((read.lat_e9(), read.lng_e9()), (lat_e9, lng_e9), "{text}");
        }
        for text in [
            "",
            "LATS:",
            "LATS:3517N04010E",
            "LATM:351707N0401034E",
            "LATS:356007N0401034E",
            "LATS:351760N0401034E",
            "LATS:351707N401034E",
            "MGRS:37SDV123456",
            "35 17N04010E",
            "LATS:351707N0401034EE",
            "LATS:+51707N0401034E",
            "DMPIT:3517.124N04010.560E",
            "LATS:3517\n07N0401034E",
        ] {
            assert_eq!(position(text).map_err(|(code, _)| code), Err("position-malformed"), "{text}");
        }
        assert_eq!(position("LATS:900001N0000000E").map_err(|(code, _)| code), Err("position-out-of-range"));
    }

    #[test]
    fn a_length_needs_its_unit() {
        assert_eq!(length("15NM"), Ok(27_780_000));
        assert_eq!(length("7.5KM"), Ok(7_500_000));
        for text in ["15", "15M", "15SM", "", "M", "é"] {
            assert_eq!(length(text).map_err(|(code, _)| code), Err("unit-missing"), "{text}");
        }
        assert_eq!(length("-1KM").map_err(|(code, _)| code), Err("out-of-range"));
    }

    proptest! {
        #[test]
        fn a_position_in_seconds_comes_back(lat in -324_000_i64..=324_000, lng in -648_000_i64..=648_000) {
            let stated = Seconds { lat, lng };
            let read = position(&stated.text()).expect("a position");
            prop_assert_eq!(Some(read), stated.position());
            prop_assert_eq!(Seconds::nearest(read), stated);
        }

        #[test]
        fn a_length_never_shrinks_and_stays_what_it_is_where_it_fits(mm in 0_i64..=2_000_000_000, nm in 0_i64..1_000) {
            let (text, stated) = length_text(mm);
            prop_assert_eq!(length(&text), Ok(stated), "{}", text);
            prop_assert!(stated >= mm && stated - mm < 1_000_000 && text.len() <= 7, "{}", text);
            prop_assert_eq!(length_text(nm * NM_MM), (format!("{nm}NM"), nm * NM_MM));
        }
    }
}
