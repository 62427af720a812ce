//! The Military Grid Reference System (NGA.STND.0037, The Universal Grids, 2.0.0, 2014, section on MGRS): UTM between 80S
//! and 84N, UPS at the poles. The digits are cut off, not rounded, so a reference denotes the square to its north-east.
//!
//! Zone, band and square say the same thing twice, which finds many errors: a square outside its zone or band is refused.

use super::area::{PositionArea, at_degrees};
use super::error::FormError;
use super::grid::{Pole, UTM_FALSE_NORTHING_M, from_ups, from_utm, ups, utm};
use crate::units::LatLng;

const BANDS: &[u8] = b"CDEFGHJKLMNPQRSTUVWX";
/// Columns of 100 km from 100 km east, by zone modulo 3.
const COLUMNS: [&[u8]; 3] = [b"STUVWXYZ", b"ABCDEFGH", b"JKLMNPQR"];
/// Rows of 100 km from the equator, in odd zones; those of even zones are five ahead.
const ROWS: &[u8] = b"ABCDEFGHJKLMNPQRSTUV";
/// Columns of the polar zones: west of 2,000 km ending there, and east of it beginning there.
const POLAR_COLUMNS: (&[u8], &[u8]) = (b"JKLPQRSTUXYZ", b"ABCFGHJKLPQR");
/// Rows of the polar zones; the north begins at 1,300 km, the south at 800 km.
const POLAR_ROWS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
const SQUARE_M: f64 = 100_000.0;
/// A reference on the very edge of a zone or band may be in either: 1e-5 degree, about a metre.
const EDGE_DEG: f64 = 1e-5;

/// Zone and band as they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Zone {
    Utm { zone: u8, band: u8 },
    Polar { letter: u8 },
}

/// Whether a text without blanks has the shape of a reference: one or two digits and three letters, or a polar letter with
/// two more and digits.
pub(super) fn looks_like(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let letters = text[digits..].bytes().take_while(u8::is_ascii_uppercase).count();
    let rest = &text[digits + letters..];
    let ends = rest.bytes().all(|b| b.is_ascii_digit());
    // Without zone, two letters and digits are a reference as people abbreviate it in the field.
    ends && match digits {
        0 => (letters == 3 || letters == 2) && !rest.is_empty(),
        1 | 2 => letters == 3,
        _ => false,
    }
}

/// Reads a reference without blanks that [`looks_like`] one.
pub(super) fn read(text: &str) -> Result<PositionArea, FormError> {
    let zone_digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let letters = text[zone_digits..].bytes().take_while(u8::is_ascii_uppercase).count();
    let (head, digits) = text.split_at(zone_digits + letters);
    if zone_digits == 0 && letters == 2 {
        return Err(FormError::ZoneMissing { square: head.to_owned() });
    }
    let (zone_text, square) = head.split_at(head.len() - 2);
    let zone = zone_of(zone_text)?;
    if digits.is_empty() || digits.len() % 2 == 1 || digits.len() > 10 {
        return Err(FormError::GridDigits { digits: digits.len() });
    }
    let half = digits.len() / 2;
    let size_m = SQUARE_M / 10_f64.powi(half as i32);
    let within = |digits: &str| digits.bytes().fold(0.0, |sum, b| sum * 10.0 + f64::from(b - b'0')) * size_m;
    let unknown = || FormError::Square { square: square.to_owned(), zone: zone_text.to_owned() };
    let (west_m, south_m) = corner(zone, square.as_bytes()).ok_or_else(unknown)?;
    let (west_m, south_m) = (west_m + within(&digits[..half]), south_m + within(&digits[half..]));
    let inverse = |east: f64, north: f64| zone.inverse((west_m + east * size_m, south_m + north * size_m));
    let corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)].map(|(east, north)| inverse(east, north));
    let middle = inverse(0.5, 0.5);
    if !zone.meets(&corners, middle) {
        let there = name(at_degrees(middle.0, middle.1), half);
        return Err(FormError::OutsideZone { zone: zone_text.to_owned(), there });
    }
    let place = |(lat_deg, lng_deg)| at_degrees(lat_deg, lng_deg);
    Ok(PositionArea::outlined(corners.map(place).to_vec(), place(middle)))
}

/// The reference of a position with so many digits (1 to 5) of easting and of northing: 10 km to 1 m.
pub fn name(at: LatLng, digits: usize) -> String {
    let digits = digits.clamp(1, 5);
    let (lat_deg, lng_deg) = (at.lat_deg(), at.lng_deg());
    let zone = Zone::at(lat_deg, lng_deg);
    let (easting_m, northing_m) = zone.forward((lat_deg, lng_deg));
    let (column, row) = ((easting_m / SQUARE_M).floor(), (northing_m / SQUARE_M).floor());
    let cut =
        |metres: f64, squares: f64| ((metres - squares * SQUARE_M) as u32).min(99_999) / 10_u32.pow(5 - digits as u32);
    let figures = format!("{:0digits$}{:0digits$}", cut(easting_m, column), cut(northing_m, row));
    let (column, row) = (column as i64, row as i64);
    let letter = |letters: &[u8], place: i64| char::from(letters[place.clamp(0, letters.len() as i64 - 1) as usize]);
    match zone {
        Zone::Utm { zone, band } => {
            let ahead = if zone % 2 == 0 { 5 } else { 0 };
            let square =
                (letter(COLUMNS[usize::from(zone % 3)], column - 1), letter(ROWS, (row + ahead).rem_euclid(20)));
            format!("{zone:02}{}{}{}{figures}", char::from(band), square.0, square.1)
        }
        Zone::Polar { .. } => {
            let pole = if lat_deg > 0.0 { Pole::North } else { Pole::South };
            let (zone, columns, first) = match (pole, column < 20) {
                (Pole::North, true) => ('Y', POLAR_COLUMNS.0, 8),
                (Pole::North, false) => ('Z', POLAR_COLUMNS.1, 20),
                (Pole::South, true) => ('A', POLAR_COLUMNS.0, 8),
                (Pole::South, false) => ('B', POLAR_COLUMNS.1, 20),
            };
            format!("{zone}{}{}{figures}", letter(columns, column - first), letter(POLAR_ROWS, row - first_row(pole)))
        }
    }
}

fn first_row(pole: Pole) -> i64 {
    if pole == Pole::North { 13 } else { 8 }
}

/// Zone and band of their text: `37S`, `7Q`, `A`.
fn zone_of(text: &str) -> Result<Zone, FormError> {
    let wrong = || FormError::Zone { zone: text.to_owned() };
    let (&letter, digits) = text.as_bytes().split_last().ok_or_else(wrong)?;
    if digits.is_empty() {
        return if b"ABYZ".contains(&letter) { Ok(Zone::Polar { letter }) } else { Err(wrong()) };
    }
    let zone = digits.iter().fold(0, |sum, b| sum * 10 + (b - b'0'));
    let known =
        (1..=60).contains(&zone) && BANDS.contains(&letter) && !(letter == b'X' && matches!(zone, 32 | 34 | 36));
    if known { Ok(Zone::Utm { zone, band: letter }) } else { Err(wrong()) }
}

/// South-west corner of a square of 100 km: easting and northing in metres, the latter negative south of the equator.
fn corner(zone: Zone, square: &[u8]) -> Option<(f64, f64)> {
    let place =
        |letters: &[u8], letter: u8| letters.iter().position(|&known| known == letter).map(|place| place as i64);
    let metres = |squares: i64| squares as f64 * SQUARE_M;
    match zone {
        Zone::Utm { zone: number, .. } => {
            let column = place(COLUMNS[usize::from(number % 3)], square[0])? + 1;
            let ahead = if number % 2 == 0 { 5 } else { 0 };
            let row = (place(ROWS, square[1])? - ahead).rem_euclid(20);
            // Rows come again after 2,000 km; the band has one of them, or none. From 10,000 km south to 10,000 km north.
            (-5..5).map(|turn| (metres(column), metres(row + 20 * turn))).find(|&(west_m, south_m)| {
                let lat =
                    |east: f64, north: f64| zone.inverse((west_m + east * SQUARE_M, south_m + north * SQUARE_M)).0;
                let lats = [lat(0.0, 0.0), lat(1.0, 0.0), lat(1.0, 1.0), lat(0.0, 1.0)];
                let (least, most) = zone.latitudes();
                lats.iter().any(|&lat| lat > least) && lats.iter().any(|&lat| lat < most)
            })
        }
        Zone::Polar { letter } => {
            let (columns, first) =
                if matches!(letter, b'A' | b'Y') { (POLAR_COLUMNS.0, 8) } else { (POLAR_COLUMNS.1, 20) };
            let pole = pole(letter);
            let (column, row) = (place(columns, square[0])? + first, place(POLAR_ROWS, square[1])? + first_row(pole));
            // The north is a disc of 7 squares around 2,000 km, the south one of 12.
            let reach = if pole == Pole::North { 7 } else { 12 };
            let known = |square: i64| (20 - reach..20 + reach).contains(&square);
            (known(column) && known(row)).then(|| (metres(column), metres(row)))
        }
    }
}

fn pole(letter: u8) -> Pole {
    if matches!(letter, b'Y' | b'Z') { Pole::North } else { Pole::South }
}

impl Zone {
    /// The zone that a position belongs to, with the exceptions of Norway and Svalbard.
    fn at(lat_deg: f64, lng_deg: f64) -> Self {
        if lat_deg >= 84.0 {
            return Self::Polar { letter: if lng_deg < 0.0 { b'Y' } else { b'Z' } };
        }
        if lat_deg < -80.0 {
            return Self::Polar { letter: if lng_deg < 0.0 { b'A' } else { b'B' } };
        }
        let band = BANDS[(((lat_deg + 80.0) / 8.0) as usize).min(BANDS.len() - 1)];
        let lng_deg = if lng_deg >= 180.0 { lng_deg - 360.0 } else { lng_deg };
        let zone = match (band, lng_deg) {
            (b'V', 3.0..12.0) => 32,
            (b'X', 0.0..9.0) => 31,
            (b'X', 9.0..21.0) => 33,
            (b'X', 21.0..33.0) => 35,
            (b'X', 33.0..42.0) => 37,
            _ => ((lng_deg + 180.0) / 6.0) as u8 + 1,
        };
        Self::Utm { zone, band }
    }

    fn forward(self, at_deg: (f64, f64)) -> (f64, f64) {
        match self {
            Self::Utm { zone, .. } => utm(at_deg, zone),
            Self::Polar { letter } => ups(at_deg, pole(letter)),
        }
    }

    fn inverse(self, at_m: (f64, f64)) -> (f64, f64) {
        match self {
            Self::Utm { zone, .. } => from_utm(at_m, zone),
            Self::Polar { letter } => from_ups(at_m, pole(letter)),
        }
    }

    /// Its least and greatest latitude in degrees.
    fn latitudes(self) -> (f64, f64) {
        match self {
            Self::Utm { band, .. } => {
                let place = BANDS.iter().position(|&known| known == band).unwrap_or(0) as f64;
                (place * 8.0 - 80.0, if band == b'X' { 84.0 } else { place * 8.0 - 72.0 })
            }
            Self::Polar { letter } if pole(letter) == Pole::North => (84.0, 90.0),
            Self::Polar { .. } => (-90.0, -80.0),
        }
    }

    /// Whether a small square with these corners, in degrees, has a part in this zone and band.
    fn meets(self, corners: &[(f64, f64); 4], middle: (f64, f64)) -> bool {
        let (least, most) = self.latitudes();
        let lats = || corners.iter().map(|corner| corner.0);
        if !lats().any(|lat| lat > least - EDGE_DEG) || !lats().any(|lat| lat < most + EDGE_DEG) {
            return false;
        }
        let inside = |&(lat, lng): &(f64, f64)| {
            let nudged = |by: f64| {
                let lng = (lng + by + 180.0).rem_euclid(360.0) - 180.0;
                Self::at(lat.clamp(least, most - EDGE_DEG), lng)
            };
            [-EDGE_DEG, 0.0, EDGE_DEG].into_iter().any(|by| match (nudged(by), self) {
                (Self::Utm { zone: there, .. }, Self::Utm { zone, .. }) => there == zone,
                // East and west of the poles part at 2,000 km, which the columns have told already.
                (Self::Polar { .. }, Self::Polar { .. }) => true,
                _ => false,
            })
        };
        corners.iter().chain([&middle]).any(inside)
    }
}

/// Easting and northing of a position in a zone of UTM, in millimetres, as maps show them: south of the equator with the
/// false northing of 10,000 km.
pub fn utm_mm(at: LatLng, zone: u8) -> (i64, i64) {
    let (easting_m, northing_m) = utm((at.lat_deg(), at.lng_deg()), zone);
    let northing_m = if at.lat_e9() < 0 { northing_m + UTM_FALSE_NORTHING_M } else { northing_m };
    ((easting_m * 1e3).round() as i64, (northing_m * 1e3).round() as i64)
}
