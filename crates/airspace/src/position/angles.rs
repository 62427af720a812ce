//! Latitude and longitude in degrees, minutes and seconds, with a letter (ICAO Annex 15 and Doc 8126: `351707N0401034E`,
//! `35 17 07.4N 040 10 33.6E`) or explicit signs (ISO 6709: `+35.2854+040.1760/`). Exact in integers: an angle is counted
//! in 1e-9 second of arc, and denotes the cell that rounds to the digits that were written.

use super::area::{PositionArea, at};
use super::error::FormError;
use crate::units::{DEGREE_E9, LatLng};

/// Decimals of a number: those of 1e-9 degree.
const DECIMALS_MAX: usize = 9;

/// What may stand between latitude and longitude.
const SEPARATORS: [char; 4] = [' ', ',', ';', '/'];

/// One of the two coordinates.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Axis {
    field: &'static str,
    degrees_most: u32,
    /// Digits that degrees have where minutes follow without a blank.
    degree_digits: usize,
    example: &'static str,
}

const LATITUDE: Axis =
    Axis { field: "latitude", degrees_most: 90, degree_digits: 2, example: "35.2854N, 35 17 07.4N or 351707N" };
const LONGITUDE: Axis =
    Axis { field: "longitude", degrees_most: 180, degree_digits: 3, example: "040.1760E, 040 10 33.6E or 0401034E" };

/// Reads a pair of coordinates. The text is in capitals, with `°`, `'` and `"` for the signs of minutes and seconds.
pub(super) fn read(text: &str) -> Result<PositionArea, FormError> {
    let (latitude, longitude) = match split_at_letters(text)? {
        Some(pair) => pair,
        None => split_at_signs(text)?,
    };
    let (lat_e9, half_lat_e9) = latitude.angle(LATITUDE)?;
    let (lng_e9, half_lng_e9) = longitude.angle(LONGITUDE)?;
    Ok(PositionArea::cell((lat_e9 - half_lat_e9, lat_e9 + half_lat_e9), (lng_e9 - half_lng_e9, lng_e9 + half_lng_e9))
        .around(at(lat_e9, lng_e9)))
}

/// One coordinate as it is written, without its hemisphere.
struct Written<'a> {
    body: &'a str,
    negative: bool,
}

/// The two coordinates of `35N 40E` or `N35 E40`; none where there is no letter at all.
fn split_at_letters(text: &str) -> Result<Option<(Written<'_>, Written<'_>)>, FormError> {
    let letters: Vec<(usize, char)> = text.char_indices().filter(|(_, c)| c.is_ascii_alphabetic()).collect();
    let is_latitude = |letter: char| matches!(letter, 'N' | 'S');
    let [(first_at, first), (second_at, second)] = letters[..] else {
        return match letters[..] {
            [] => Ok(None),
            [(_, one)] => {
                Err(FormError::HemisphereMissing { field: if is_latitude(one) { "longitude" } else { "latitude" } })
            }
            _ => Err(FormError::Hemispheres),
        };
    };
    match (is_latitude(first), is_latitude(second)) {
        (true, false) => {}
        (false, true) => return Err(FormError::LongitudeFirst),
        _ => return Err(FormError::Hemispheres),
    }
    let (latitude, longitude) = if first_at == 0 {
        (&text[1..second_at], &text[second_at + 1..])
    } else if second_at + 1 == text.len() {
        (&text[..first_at], &text[first_at + 1..second_at])
    } else {
        return Err(FormError::Hemispheres);
    };
    Ok(Some((
        Written { body: latitude.trim_matches(SEPARATORS), negative: first == 'S' },
        Written { body: longitude.trim_matches(SEPARATORS), negative: second == 'W' },
    )))
}

/// The two coordinates of `+35.2854+040.1760/`: without letters, both signs are needed.
fn split_at_signs(text: &str) -> Result<(Written<'_>, Written<'_>), FormError> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let missing = |field| FormError::HemisphereMissing { field };
    let signed = text.strip_prefix(['+', '-']).ok_or(missing("latitude"))?;
    let second = signed.find(['+', '-']).ok_or(missing("longitude"))?;
    let negative = |from: &str| from.starts_with('-');
    let latitude = Written { body: signed[..second].trim_end_matches([' ', ',']), negative: negative(text) };
    Ok((latitude, Written { body: &signed[second + 1..], negative: negative(&signed[second..]) }))
}

impl Written<'_> {
    /// The angle and half the unit of its last digit, in 1e-9 degree, the latter rounded up.
    fn angle(&self, axis: Axis) -> Result<(i64, i64), FormError> {
        let numbers = self.numbers(axis)?;
        let mut arc = 0_i64;
        let mut half_arc = 0_i64;
        let parts = [("degrees", 3_600_i64), ("minutes", 60), ("seconds", 1)];
        for (number, (part, seconds)) in numbers.iter().zip(parts) {
            if part != "degrees" && number.whole >= 60 {
                return Err(FormError::Sexagesimal { field: axis.field, part, value: number.whole });
            }
            if number.whole > 360 {
                return Err(FormError::Range { field: axis.field, most: axis.degrees_most });
            }
            arc += number.e9() * seconds;
            half_arc = number.unit_e9() * seconds;
        }
        if arc > i64::from(axis.degrees_most) * 3_600 * DEGREE_E9 {
            return Err(FormError::Range { field: axis.field, most: axis.degrees_most });
        }
        let angle_e9 = (arc + 1_800) / 3_600;
        // Twice 3,600, since it is half the unit; one more for the rounding of the angle itself.
        Ok((if self.negative { -angle_e9 } else { angle_e9 }, (half_arc + 7_199) / 7_200 + 1))
    }

    /// Degrees, and minutes and seconds where they are written.
    fn numbers(&self, axis: Axis) -> Result<Vec<Number>, FormError> {
        let wrong = || FormError::Number { field: axis.field, text: self.body.to_owned(), example: axis.example };
        let mut numbers: Vec<Number> = Vec::new();
        let mut rest = self.body;
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            if end == 0 || numbers.len() == 3 {
                return Err(wrong());
            }
            numbers.push(Number::read(&rest[..end]).ok_or_else(wrong)?);
            let after = rest[end..].trim_start_matches([' ', '-', ':']);
            let sign = ['°', '\'', '"'].into_iter().position(|sign| after.starts_with(sign));
            if sign.is_some_and(|sign| sign + 1 != numbers.len()) {
                return Err(wrong());
            }
            let skipped = if sign.is_some() { after.chars().next().map_or(0, char::len_utf8) } else { 0 };
            rest = after[skipped..].trim_start_matches([' ', '-', ':']);
        }
        let (last, before) = numbers.split_last().ok_or_else(wrong)?;
        if before.iter().any(|number| number.decimals.is_some()) {
            return Err(wrong());
        }
        if last.decimals.is_some_and(|(_, count)| count > DECIMALS_MAX) {
            return Err(FormError::Decimals { field: axis.field, most: DECIMALS_MAX });
        }
        match numbers[..] {
            [compact] if compact.digits > axis.degree_digits && !self.body.contains('°') => compact.split(axis),
            [first, ..] if first.digits > axis.degree_digits => Err(wrong()),
            [_, ref others @ ..] if others.iter().any(|number| number.digits > 2) => Err(wrong()),
            _ => Ok(numbers),
        }
    }
}

/// A number without sign: digits, and decimals with their count.
#[derive(Clone, Copy)]
struct Number {
    whole: u64,
    digits: usize,
    decimals: Option<(u64, usize)>,
}

impl Number {
    fn read(text: &str) -> Option<Self> {
        let (whole, decimals) = text.split_once('.').map_or((text, None), |(whole, decimals)| (whole, Some(decimals)));
        let value = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
        // Decimals past the limit are counted, so that the refusal can say so, and not read.
        let decimals = match decimals {
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                Some((value(&digits[..digits.len().min(DECIMALS_MAX)])?, digits.len()))
            }
            Some(_) => return None,
            None => None,
        };
        Some(Self { whole: value(whole)?, digits: whole.len(), decimals })
    }

    /// Its value in 1e-9, for one within 360.
    fn e9(self) -> i64 {
        let decimals =
            self.decimals.map_or(0, |(value, count)| value as i64 * 10_i64.pow((DECIMALS_MAX - count) as u32));
        self.whole as i64 * DEGREE_E9 + decimals
    }

    /// The unit of its last digit in 1e-9.
    fn unit_e9(self) -> i64 {
        10_i64.pow((DECIMALS_MAX - self.decimals.map_or(0, |(_, count)| count)) as u32)
    }

    /// Degrees, minutes and seconds written without blanks: `351707.4`, `0401034`.
    fn split(self, axis: Axis) -> Result<Vec<Self>, FormError> {
        let part = |value, digits| Self { whole: value, digits, decimals: None };
        let last = |value| Self { whole: value, digits: 2, decimals: self.decimals };
        match self.digits.checked_sub(axis.degree_digits) {
            Some(2) => Ok(vec![part(self.whole / 100, axis.degree_digits), last(self.whole % 100)]),
            Some(4) => Ok(vec![
                part(self.whole / 10_000, axis.degree_digits),
                part(self.whole / 100 % 100, 2),
                last(self.whole % 100),
            ]),
            _ => Err(FormError::Digits {
                field: axis.field,
                digits: self.digits,
                degrees: axis.degree_digits,
                example: axis.example,
            }),
        }
    }
}

/// Decimal degrees with six decimals (0.1 m): `35.285400N 040.176000E`.
pub fn decimal_degrees(at: LatLng) -> String {
    let text = |angle_e9: i64, width: usize| {
        let e6 = (angle_e9.abs() + 500) / 1_000;
        format!("{:0width$}.{:06}", e6 / 1_000_000, e6 % 1_000_000)
    };
    with_letters(at, &text)
}

/// Degrees, minutes and seconds with one decimal (3 m): `35 17 07.4N 040 10 33.6E`.
pub fn degrees_minutes_seconds(at: LatLng) -> String {
    let text = |angle_e9: i64, width: usize| {
        let tenths = (angle_e9.abs() * 9 + DEGREE_E9 / 8_000) / (DEGREE_E9 / 4_000);
        let (seconds, degrees) = (tenths % 600, tenths / 36_000);
        format!("{degrees:0width$} {:02} {:02}.{}", tenths / 600 % 60, seconds / 10, seconds % 10)
    };
    with_letters(at, &text)
}

fn with_letters(at: LatLng, text: &dyn Fn(i64, usize) -> String) -> String {
    let (ns, ew) = (if at.lat_e9() < 0 { 'S' } else { 'N' }, if at.lng_e9() < 0 { 'W' } else { 'E' });
    format!("{}{ns} {}{ew}", text(at.lat_e9(), 2), text(at.lng_e9(), 3))
}
