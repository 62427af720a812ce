//! Areas on the WGS84 ellipsoid, in square metres.

use std::f64::consts::{PI, TAU};

use geographiclib_rs::{InverseGeodesic, PolygonArea, Winding};

use crate::geodesy::{EQUATORIAL_M, FLATTENING, WGS84};
use crate::units::LatLng;

/// The whole surface of WGS84.
const EARTH_M2: f64 = 510_065_621_724_088.4;

/// The smaller area that the geodesics between the vertices enclose.
pub(super) fn polygon_m2(vertices: &[LatLng]) -> f64 {
    let mut outline = PolygonArea::new(&WGS84, Winding::CounterClockwise);
    for vertex in vertices {
        outline.add_point(vertex.lat_deg(), vertex.lng_deg());
    }
    let (_, to_the_left_m2, _) = outline.compute(false);
    to_the_left_m2.min(EARTH_M2 - to_the_left_m2)
}

/// The cap of that radius on the sphere with the curvature of the ellipsoid at the centre.
pub(super) fn disc_m2(centre: LatLng, radius_mm: i64) -> f64 {
    let eccentricity_squared = FLATTENING * (2.0 - FLATTENING);
    let flattening = 1.0 - eccentricity_squared * centre.lat_deg().to_radians().sin().powi(2);
    let sphere_m = EQUATORIAL_M * (1.0 - eccentricity_squared).sqrt() / flattening;
    let half_angle = radius_mm as f64 / 1000.0 / sphere_m / 2.0;
    2.0 * TAU * (sphere_m * half_angle.sin()).powi(2)
}

/// A strip along the whole route with a disc around its end. Where the earth is curved, strips hold no more than in
/// the plane.
pub(super) fn corridor_m2(points: &[LatLng], half_width_mm: i64) -> f64 {
    let leg_m = |leg: &[LatLng]| -> f64 {
        WGS84.inverse(leg[0].lat_deg(), leg[0].lng_deg(), leg[1].lat_deg(), leg[1].lng_deg())
    };
    let half_width_m = half_width_mm as f64 / 1000.0;
    let length_m: f64 = points.windows(2).map(leg_m).sum();
    (2.0 * half_width_m * length_m + PI * half_width_m.powi(2)).min(EARTH_M2)
}
