//! The circle of the Q line: a centre in whole minutes and a radius in whole nautical miles, which holds all of an area.

use skypact_airspace::position::geodesic_mm;
use skypact_airspace::units::DEGREE_E9;
use skypact_airspace::{Footprint, LatLng};

use crate::fields::points;
use crate::quantity::NM_MM;

/// Largest radius that three digits say; far below a quarter of the way round the earth, within which discs are convex.
const RADIUS_NM_MAX: i64 = 999;
const TURN_E9: i64 = 360 * DEGREE_E9;

/// A circle that holds an area.
pub(super) struct Cover {
    lat_min: i64,
    lng_min: i64,
    radius_nm: i64,
}

impl Cover {
    /// A circle around a footprint, none where it would have to be larger than a NOTAM can say.
    ///
    /// A disc is convex: where the corners of a line or of a ring are in it, so are its edges and its inside.
    pub(super) fn of(footprint: &Footprint) -> Option<Self> {
        let points = points(footprint);
        let beyond_mm = match footprint {
            Footprint::Circle(circle) => circle.radius_mm(),
            Footprint::Corridor(corridor) => corridor.half_width_mm(),
            Footprint::Polygon(_) => 0,
        };
        let (lat_e9, lng_e9) = middle(&points);
        let minutes = |angle_e9: i64| (angle_e9 * 60 + DEGREE_E9 / 2).div_euclid(DEGREE_E9);
        let (lat_min, lng_min) = (minutes(lat_e9), minutes(lng_e9));
        let e9 = |minutes: i64| minutes * DEGREE_E9 / 60;
        let centre = LatLng::new(e9(lat_min), e9(lng_min)).ok()?;
        let farthest_mm = points.iter().map(|&point| geodesic_mm(centre, point)).max().unwrap_or(0);
        // The millimetre is for the centre, of which a minute is no whole number of units.
        let radius_mm = farthest_mm + beyond_mm + 1;
        let radius_nm = (radius_mm + NM_MM - 1) / NM_MM;
        (radius_nm <= RADIUS_NM_MAX).then_some(Self { lat_min, lng_min, radius_nm })
    }

    /// `3517N04011E021`.
    pub(super) fn text(&self) -> String {
        let (ns, ew) = (if self.lat_min < 0 { 'S' } else { 'N' }, if self.lng_min < 0 { 'W' } else { 'E' });
        let (lat, lng) = (self.lat_min.abs(), self.lng_min.abs());
        format!("{:02}{:02}{ns}{:03}{:02}{ew}{:03}", lat / 60, lat % 60, lng / 60, lng % 60, self.radius_nm)
    }
}

/// The middle of the box around points, 1e-9 degree; the box may lie over the antimeridian.
fn middle(points: &[LatLng]) -> (i64, i64) {
    let first = points[0].lng_e9();
    let near = |lng_e9: i64| first + (lng_e9 - first + TURN_E9 / 2).rem_euclid(TURN_E9) - TURN_E9 / 2;
    let half = |angles: &dyn Fn(&LatLng) -> i64| {
        let least = points.iter().map(angles).min().unwrap_or(0);
        i64::midpoint(least, points.iter().map(angles).max().unwrap_or(0))
    };
    let lng_e9 = half(&|point| near(point.lng_e9()));
    let in_range = (lng_e9 + TURN_E9 / 2).rem_euclid(TURN_E9) - TURN_E9 / 2;
    (half(&|point| point.lat_e9()), in_range)
}
