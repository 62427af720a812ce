//! Bearing and distance from a named point (ICAO Doc 4444, Appendix 2: bearing in three figures, then distance), written
//! `OSDZ 047/12.5NM`. The bearing is true, at the point; the way is the geodesic. It denotes the disc around the sector
//! that the written digits leave open, as wide as the point itself is uncertain.

use geographiclib_rs::{DirectGeodesic, InverseGeodesic};

use super::aerodromes::{AERODROME_MM, Aerodrome, find};
use super::area::{PositionArea, at_degrees};
use super::error::FormError;
use crate::geodesy::WGS84;
use crate::units::LatLng;

const DISTANCE_M_MAX: f64 = 1_000_000.0;
const NAUTICAL_MILE_M: f64 = 1_852.0;

/// Reads `NAME BBB/DDunit`, in capitals. Says which aerodrome it counts from.
pub(super) fn read(text: &str) -> Result<(PositionArea, String), FormError> {
    let (before, distance) = text.split_once('/').ok_or(FormError::PlaceMissing)?;
    let (name, bearing) = before.trim_end().rsplit_once(' ').ok_or(FormError::PlaceMissing)?;
    let (bearing_deg, half_bearing_deg) = read_bearing(bearing)?;
    let (distance_m, half_distance_m) = read_distance(distance.trim())?;
    let aerodrome = find(name.trim())?.aerodrome;
    let from = aerodrome.at;
    let (lat, lng): (f64, f64) = WGS84.direct(from.lat_deg(), from.lng_deg(), bearing_deg, distance_m);
    // Geodesics spread no faster than straight lines where the earth is curved like a sphere.
    let open_m = half_distance_m + (distance_m + half_distance_m) * half_bearing_deg.to_radians();
    let radius_mm = AERODROME_MM + (open_m * 1e3).ceil() as i64;
    Ok((PositionArea::disc(at_degrees(lat, lng), radius_mm), format!("from {}", aerodrome.title())))
}

/// A bearing and half the unit of its last digit, in degrees.
fn read_bearing(text: &str) -> Result<(f64, f64), FormError> {
    let wrong = || FormError::Bearing { text: text.to_owned() };
    let figures = text.trim_end_matches("TRUE").trim_end_matches('T').trim_end_matches('°');
    if text.ends_with('M') || text.ends_with("MAG") {
        return Err(FormError::Magnetic { text: text.to_owned() });
    }
    let whole = figures.bytes().take_while(u8::is_ascii_digit).count();
    let (degrees, half) = number(figures).ok_or_else(wrong)?;
    if whole == 3 && degrees <= 360.0 { Ok((degrees, half)) } else { Err(wrong()) }
}

/// A distance and half the unit of its last digit, in metres.
fn read_distance(text: &str) -> Result<(f64, f64), FormError> {
    let wrong = || FormError::Distance { text: text.to_owned() };
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?;
    let unit_m = match &text[unit_at..] {
        "NM" => NAUTICAL_MILE_M,
        "KM" => 1_000.0,
        "M" => 1.0,
        _ => return Err(wrong()),
    };
    let (value, half) = number(text[..unit_at].trim_end()).ok_or_else(wrong)?;
    let (distance_m, half_m) = (value * unit_m, half * unit_m);
    if distance_m <= DISTANCE_M_MAX { Ok((distance_m, half_m)) } else { Err(wrong()) }
}

/// Digits with at most six decimals, and half the unit of the last.
fn number(text: &str) -> Option<(f64, f64)> {
    let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let digits =
        text.bytes().all(|b| b.is_ascii_digit() || b == b'.') && text.starts_with(|c: char| c.is_ascii_digit());
    let value: f64 = text.parse().ok().filter(|_| digits && decimals <= 6)?;
    Some((value, 0.5 / 10_f64.powi(decimals as i32)))
}

/// Bearing and distance of a position from the nearest aerodrome, to a degree and a tenth of a nautical mile.
pub fn name(to: LatLng) -> String {
    let aerodrome = Aerodrome::nearest(to);
    let from = aerodrome.at;
    let (distance_m, azimuth_deg, _, _): (f64, f64, f64, f64) =
        WGS84.inverse(from.lat_deg(), from.lng_deg(), to.lat_deg(), to.lng_deg());
    let bearing = (azimuth_deg.rem_euclid(360.0).round() as i64) % 360;
    format!("{} {bearing:03}/{:.1}NM", aerodrome.indicator, distance_m / NAUTICAL_MILE_M)
}
