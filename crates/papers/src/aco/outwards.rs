//! The corners of a polygon in whole seconds, each moved outwards, so that the area holds what it held.
//!
//! Which grid points come into question is found in the plane; whether the area they make holds the other is then decided by the
//! exact predicate, and where it does not hold it there is none.

use skypact_airspace::units::DEGREE_E9;
use skypact_airspace::{Footprint, LatLng, Polygon};

use super::forms::Seconds;

/// How far from a corner grid points are looked at, in seconds: some 200 m, and 750 m where a corner is so sharp that none lies outside
/// both its edges nearer than that.
const REACHES: [i64; 2] = [6, 24];
/// By how much a corner shall be outside both its edges, 1e-9 degree: nothing, then what long edges bend.
const MARGINS_E9: [i64; 4] = [0, 30_000, 150_000, 400_000];
const TURN_S: i64 = 360 * 3_600;
const TURN_E9: i64 = 360 * DEGREE_E9;

/// Corners in seconds whose polygon holds `polygon`.
pub(super) fn corners(polygon: &Polygon) -> Option<Vec<Seconds>> {
    let given = polygon.vertices();
    let nearest: Vec<Seconds> = given.iter().map(|&at| Seconds::nearest(at)).collect();
    if nearest.iter().zip(given).all(|(seconds, at)| seconds.position() == Some(*at)) {
        return Some(nearest);
    }
    let held = Footprint::from(polygon.clone());
    // Corners far apart on a small polygon only fit with a larger margin; which one, the predicate says.
    MARGINS_E9.into_iter().find_map(|margin_e9| {
        let moved = moved(given, margin_e9)?;
        let positions: Option<Vec<LatLng>> = moved.iter().map(|corner| corner.position()).collect();
        let holds = Footprint::from(Polygon::new(positions?).ok()?).covers(&held);
        holds.then_some(moved)
    })
}

fn moved(given: &[LatLng], margin_e9: i64) -> Option<Vec<Seconds>> {
    let count = given.len();
    // Twice the area in the plane around the first corner; its sign says on which side of the edges the inside is.
    let around = |at: LatLng| difference(given[0], at);
    let area: i128 = (0..count).map(|place| cross(around(given[place]), around(given[(place + 1) % count]))).sum();
    let inwards = area.signum();
    (0..count)
        .map(|place| {
            let (before, at, after) = (given[(place + count - 1) % count], given[place], given[(place + 1) % count]);
            let edges = [difference(before, at), difference(at, after)];
            outside(at, &edges, inwards, margin_e9)
        })
        .collect()
}

/// The nearest grid point that is outside both edges of a corner by a margin.
fn outside(at: LatLng, edges: &[(i64, i64); 2], inwards: i128, margin_e9: i64) -> Option<Seconds> {
    let nearest = Seconds::nearest(at);
    let around = |reach: i64| {
        let steps = move |middle: i64| middle - reach..=middle + reach;
        // Over the antimeridian it goes on from the other side.
        let around = |lng: i64| (lng + TURN_S / 2).rem_euclid(TURN_S) - TURN_S / 2;
        steps(nearest.lat).flat_map(move |lat| steps(nearest.lng).map(move |lng| Seconds { lat, lng: around(lng) }))
    };
    let square = |(lng, lat): (i64, i64)| i128::from(lng) * i128::from(lng) + i128::from(lat) * i128::from(lat);
    let is_outside = |by: (i64, i64)| {
        edges.iter().all(|&edge| {
            let length = square(edge).unsigned_abs().isqrt() as i128;
            // To the one side of an edge the product is positive, and grows with the distance from it.
            -inwards * cross(edge, by) >= i128::from(margin_e9) * length
        })
    };
    REACHES.into_iter().find_map(|reach| {
        let displaced = around(reach).filter_map(|corner| Some((corner, difference(at, corner.position()?))));
        displaced.filter(|&(_, by)| is_outside(by)).min_by_key(|&(_, by)| square(by)).map(|(corner, _)| corner)
    })
}

/// From one position to another, longitude and latitude, the short way round.
fn difference(from: LatLng, to: LatLng) -> (i64, i64) {
    let lng = (to.lng_e9() - from.lng_e9() + TURN_E9 / 2).rem_euclid(TURN_E9) - TURN_E9 / 2;
    (lng, to.lat_e9() - from.lat_e9())
}

fn cross(a: (i64, i64), b: (i64, i64)) -> i128 {
    i128::from(a.0) * i128::from(b.1) - i128::from(a.1) * i128::from(b.0)
}
