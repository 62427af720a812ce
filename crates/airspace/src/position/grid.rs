//! The two projections of the military grids, in metres: universal transverse Mercator (UTM) by the series of Krüger as
//! Karney gives it (Transverse Mercator with an accuracy of a few nanometers, J. Geodesy 85, 2011, equations 7 to 36, here
//! to the fourth order, good for a micrometre within a zone), and universal polar stereographic (UPS) in closed form.
//! Scale and false origins are those of NGA.STND.0037 (The Universal Grids, 2.0.0, 2014).

use crate::geodesy::{EQUATORIAL_M, FLATTENING};

/// Third flattening of WGS84.
const N: f64 = FLATTENING / (2.0 - FLATTENING);
/// Radius of the sphere with the meridians of WGS84.
const RECTIFYING_M: f64 = EQUATORIAL_M / (1.0 + N) * (1.0 + N * N / 4.0 + N * N * N * N / 64.0);
const UTM_SCALE: f64 = 0.9996;
const UTM_FALSE_EASTING_M: f64 = 500_000.0;
/// Added south of the equator.
pub(super) const UTM_FALSE_NORTHING_M: f64 = 10_000_000.0;
const UPS_SCALE: f64 = 0.994;
/// Of both axes, at either pole.
const UPS_FALSE_ORIGIN_M: f64 = 2_000_000.0;

/// From the sphere to the ellipsoid (equation 35).
const FORWARD: [f64; 4] = [
    N / 2.0 - N * N * 2.0 / 3.0 + N * N * N * 5.0 / 16.0 + N * N * N * N * 41.0 / 180.0,
    N * N * 13.0 / 48.0 - N * N * N * 3.0 / 5.0 + N * N * N * N * 557.0 / 1440.0,
    N * N * N * 61.0 / 240.0 - N * N * N * N * 103.0 / 140.0,
    N * N * N * N * 49_561.0 / 161_280.0,
];
/// And back (equation 36).
const BACKWARD: [f64; 4] = [
    N / 2.0 - N * N * 2.0 / 3.0 + N * N * N * 37.0 / 96.0 - N * N * N * N / 360.0,
    N * N / 48.0 + N * N * N / 15.0 - N * N * N * N * 437.0 / 1440.0,
    N * N * N * 17.0 / 480.0 - N * N * N * N * 37.0 / 840.0,
    N * N * N * N * 4397.0 / 161_280.0,
];

/// The pole of a polar projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pole {
    North,
    South,
}

/// First eccentricity of WGS84.
fn eccentricity() -> f64 {
    (FLATTENING * (2.0 - FLATTENING)).sqrt()
}

/// Longitude of the central meridian of a UTM zone, 1 to 60, in degrees.
fn central_meridian_deg(zone: u8) -> f64 {
    f64::from(zone) * 6.0 - 183.0
}

/// Easting and northing in a zone; the northing is negative south of the equator.
pub(super) fn utm((lat_deg, lng_deg): (f64, f64), zone: u8) -> (f64, f64) {
    let tangent = conformal(lat_deg.to_radians().tan());
    let (sin, cos) = (lng_deg - central_meridian_deg(zone)).to_radians().sin_cos();
    let (xi0, eta0) = (tangent.atan2(cos), (sin / tangent.hypot(cos)).asinh());
    let (mut xi, mut eta) = (xi0, eta0);
    for (order, coefficient) in (1..).zip(FORWARD) {
        let twice = 2.0 * f64::from(order);
        xi += coefficient * (twice * xi0).sin() * (twice * eta0).cosh();
        eta += coefficient * (twice * xi0).cos() * (twice * eta0).sinh();
    }
    (UTM_FALSE_EASTING_M + UTM_SCALE * RECTIFYING_M * eta, UTM_SCALE * RECTIFYING_M * xi)
}

/// Latitude and longitude in degrees of easting and northing, which is negative south of the equator. The longitude may
/// lie beyond the antimeridian.
pub(super) fn from_utm((easting_m, northing_m): (f64, f64), zone: u8) -> (f64, f64) {
    let (xi, eta) =
        (northing_m / (UTM_SCALE * RECTIFYING_M), (easting_m - UTM_FALSE_EASTING_M) / (UTM_SCALE * RECTIFYING_M));
    let (mut xi0, mut eta0) = (xi, eta);
    for (order, coefficient) in (1..).zip(BACKWARD) {
        let twice = 2.0 * f64::from(order);
        xi0 -= coefficient * (twice * xi).sin() * (twice * eta).cosh();
        eta0 -= coefficient * (twice * xi).cos() * (twice * eta).sinh();
    }
    let tangent = xi0.sin() / eta0.sinh().hypot(xi0.cos());
    let lng_deg = central_meridian_deg(zone) + eta0.sinh().atan2(xi0.cos()).to_degrees();
    (geodetic(tangent).atan().to_degrees(), lng_deg)
}

/// Easting and northing about a pole.
pub(super) fn ups((lat_deg, lng_deg): (f64, f64), pole: Pole) -> (f64, f64) {
    let towards = if pole == Pole::North { lat_deg } else { -lat_deg };
    let tangent = conformal(towards.to_radians().tan());
    let radius_m = polar_scale_m() / (tangent.hypot(1.0) + tangent);
    let (sin, cos) = lng_deg.to_radians().sin_cos();
    let northward = if pole == Pole::North { -radius_m * cos } else { radius_m * cos };
    (UPS_FALSE_ORIGIN_M + radius_m * sin, UPS_FALSE_ORIGIN_M + northward)
}

/// Latitude and longitude in degrees of easting and northing about a pole.
pub(super) fn from_ups((easting_m, northing_m): (f64, f64), pole: Pole) -> (f64, f64) {
    let (x, y) = (easting_m - UPS_FALSE_ORIGIN_M, northing_m - UPS_FALSE_ORIGIN_M);
    let y = if pole == Pole::North { -y } else { y };
    // Never zero, so that the pole itself has a tangent, which is as good as infinite.
    let ratio = (x.hypot(y) / polar_scale_m()).max(1e-12);
    let lat_deg = geodetic((1.0 / ratio - ratio) / 2.0).atan().to_degrees();
    (if pole == Pole::North { lat_deg } else { -lat_deg }, x.atan2(y).to_degrees())
}

/// Radius of the projected equator.
fn polar_scale_m() -> f64 {
    let e = eccentricity();
    2.0 * EQUATORIAL_M * UPS_SCALE / ((1.0 + e).powf(1.0 + e) * (1.0 - e).powf(1.0 - e)).sqrt()
}

/// Tangent of the conformal latitude of the tangent of the geodetic one (equations 7 to 9).
fn conformal(tangent: f64) -> f64 {
    let e = eccentricity();
    let sigma = (e * (e * tangent / tangent.hypot(1.0)).atanh()).sinh();
    tangent * sigma.hypot(1.0) - sigma * tangent.hypot(1.0)
}

/// Its inverse by Newton's method (equations 19 to 21): the error is squared four times, from 1e-2 at most.
fn geodetic(conformal_tangent: f64) -> f64 {
    let e_squared = eccentricity().powi(2);
    let mut tangent = conformal_tangent / (1.0 - e_squared);
    for _ in 0..4 {
        let now = conformal(tangent);
        tangent += (conformal_tangent - now) / now.hypot(1.0) * (1.0 + (1.0 - e_squared) * tangent * tangent)
            / ((1.0 - e_squared) * tangent.hypot(1.0));
    }
    tangent
}
