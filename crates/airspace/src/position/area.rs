//! The area that a form of a position denotes: a cell of a grid, the cell that the written digits round to, a disc, or a
//! point. Two forms say the same when their areas are near each other, and an area is never smaller than what was written.

use geographiclib_rs::InverseGeodesic;

use crate::footprint::{Circle, Footprint, Polygon};
use crate::geodesy::WGS84;
use crate::units::{DEGREE_E9, LatLng};

/// Cells wider than this, in 1e-9 degree, get points along their parallels, which are no geodesics: the sagitta of a
/// cell of one degree at 80 degrees falls from 0.7 km to 11 m, of one of half a degree to 3 m.
const PLAIN_EDGE_E9: i64 = DEGREE_E9 / 100;
const PIECES: i64 = 8;

/// An area on the ground that holds a stated position.
#[derive(Clone, Debug, PartialEq)]
pub struct PositionArea {
    middle: LatLng,
    footprint: Footprint,
    across_mm: i64,
}

impl PositionArea {
    /// Exactly this point.
    pub fn point(at: LatLng) -> Self {
        Self::disc(at, 0)
    }

    /// The disc around a centre; a radius out of the range of circles becomes the nearest in it.
    pub(super) fn disc(centre: LatLng, radius_mm: i64) -> Self {
        let radius_mm = radius_mm.clamp(0, crate::footprint::RADIUS_MM_MAX);
        let circle = Circle::new(centre, radius_mm).expect("the radius was put in range");
        Self { middle: centre, footprint: circle.into(), across_mm: 2 * radius_mm }
    }

    /// Between two parallels and two meridians, 1e-9 degree. Parallels beyond a pole end there; meridians may lie beyond
    /// the antimeridian, `west_e9 <= east_e9`.
    pub(super) fn cell((south_e9, north_e9): (i64, i64), (west_e9, east_e9): (i64, i64)) -> Self {
        let pole = 90 * DEGREE_E9;
        let (south_e9, north_e9) = (south_e9.clamp(-pole, pole), north_e9.clamp(-pole, pole));
        let pieces = if east_e9 - west_e9 > PLAIN_EDGE_E9 { PIECES } else { 1 };
        let along = |lat_e9: i64, backwards: bool| {
            // At a pole all longitudes are one point.
            let count = if lat_e9.abs() == pole { 0 } else { pieces };
            (0..=count).map(move |i| {
                let i = if backwards { count - i } else { i };
                at(lat_e9, west_e9 + (east_e9 - west_e9) * i / pieces)
            })
        };
        let outline: Vec<LatLng> = along(south_e9, false).chain(along(north_e9, true)).collect();
        Self::outlined(outline, at(i64::midpoint(south_e9, north_e9), i64::midpoint(west_e9, east_e9)))
    }

    /// Within an outline around a middle. One too small for a polygon becomes the disc around it.
    pub(super) fn outlined(outline: Vec<LatLng>, middle: LatLng) -> Self {
        let from_middle_mm = outline.iter().map(|&corner| geodesic_mm(middle, corner)).max().unwrap_or(0);
        match Polygon::new(outline) {
            Ok(polygon) => Self { middle, footprint: polygon.into(), across_mm: 2 * from_middle_mm },
            Err(_) => Self::disc(middle, from_middle_mm + 1),
        }
    }

    /// The same area, stated as the surroundings of a point of it: at a pole the point is no longer the middle.
    pub(super) fn around(self, point: LatLng) -> Self {
        Self { middle: point, ..self }
    }

    /// Its middle, which lies in it.
    pub const fn middle(&self) -> LatLng {
        self.middle
    }

    /// The area itself.
    pub const fn footprint(&self) -> &Footprint {
        &self.footprint
    }

    /// Its greatest width in millimetres; an error smaller than this may escape a comparison with it.
    pub const fn across_mm(&self) -> i64 {
        self.across_mm
    }
}

/// How far apart two stated positions are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Separation {
    /// The least distance between the areas in millimetres, zero where they meet. This decides.
    pub apart_mm: i64,
    /// The geodesic distance between the middles of the areas in millimetres.
    pub middles_mm: i64,
}

/// The distance between two areas: within a millimetre and the precision of [`Footprint::within`], and short by up to
/// 0.4 % beyond 1,000 km.
pub fn separation(a: &PositionArea, b: &PositionArea) -> Separation {
    let middles_mm = geodesic_mm(a.middle, b.middle);
    if a.footprint.within(&b.footprint, 0) {
        return Separation { apart_mm: 0, middles_mm };
    }
    // The middles lie in the areas, so the areas are no farther apart than they; half the circumference is 2^35 mm.
    let (mut not_within_mm, mut within_mm) = (0, middles_mm + 1);
    while within_mm - not_within_mm > 1 {
        let half_mm = i64::midpoint(not_within_mm, within_mm);
        if a.footprint.within(&b.footprint, half_mm) {
            within_mm = half_mm;
        } else {
            not_within_mm = half_mm;
        }
    }
    Separation { apart_mm: within_mm, middles_mm }
}

/// Geodesic distance on the WGS84 ellipsoid in millimetres, rounded up.
pub fn geodesic_mm(a: LatLng, b: LatLng) -> i64 {
    let metres: f64 = WGS84.inverse(a.lat_deg(), a.lng_deg(), b.lat_deg(), b.lng_deg());
    (metres * 1_000.0).ceil() as i64
}

/// A position whose longitude may be a turn too far either way, and whose latitude rounding may have put beyond a pole.
pub(super) fn at(lat_e9: i64, lng_e9: i64) -> LatLng {
    let (pole, half) = (90 * DEGREE_E9, 180 * DEGREE_E9);
    let lng_e9 = if (-half..=half).contains(&lng_e9) { lng_e9 } else { (lng_e9 + half).rem_euclid(2 * half) - half };
    LatLng::new(lat_e9.clamp(-pole, pole), lng_e9).expect("both were put in range")
}

/// A position of degrees in floating point, rounded to the unit of [`LatLng`].
pub(super) fn at_degrees(lat_deg: f64, lng_deg: f64) -> LatLng {
    at((lat_deg * DEGREE_E9 as f64).round() as i64, (lng_deg * DEGREE_E9 as f64).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_at_a_pole_or_over_the_antimeridian_is_an_area() {
        let degree = DEGREE_E9;
        let polar = PositionArea::cell((89 * degree, 91 * degree), (179 * degree, 181 * degree));
        assert!(matches!(polar.footprint(), Footprint::Polygon(_)));
        assert!(polar.footprint().within(PositionArea::point(at(90 * degree, 0)).footprint(), 0));
        let dateline = PositionArea::cell((0, degree), (179 * degree, 181 * degree));
        assert_eq!(dateline.middle().lng_e9(), 180 * degree);
        assert!(dateline.footprint().within(PositionArea::point(at(degree / 2, -179 * degree - 1)).footprint(), 0));
    }

    #[test]
    fn a_cell_of_one_unit_is_a_small_disc_or_polygon_and_holds_its_corners() {
        let cell = PositionArea::cell((10, 11), (20, 21));
        assert!(cell.across_mm() <= 3);
        assert_eq!(separation(&cell, &PositionArea::point(at(10, 21))).apart_mm, 0);
    }

    #[test]
    fn the_distance_between_points_is_the_geodesic() {
        // Quarter of a meridian of WGS84: 10,001,965.729 m.
        let apart = separation(&PositionArea::point(at(0, 0)), &PositionArea::point(at(90 * DEGREE_E9, 0)));
        assert!((apart.middles_mm - 10_001_965_729).abs() <= 1, "{apart:?}");
        assert!((apart.apart_mm - apart.middles_mm).abs() <= 1, "{apart:?}");
    }
}
