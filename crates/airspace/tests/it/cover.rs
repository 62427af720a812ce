//! Which footprint covers which, and areas.

use proptest::prelude::*;
use skypact_airspace::{Circle, Corridor, Footprint, LatLng, Polygon};

fn at(lat_deg: f64, lng_deg: f64) -> LatLng {
    let lng_deg = (lng_deg + 540.0).rem_euclid(360.0) - 180.0;
    LatLng::new((lat_deg * 1e9).round() as i64, (lng_deg * 1e9).round() as i64).expect("in range")
}

fn polygon(corners: &[(f64, f64)]) -> Footprint {
    Polygon::new(corners.iter().map(|&(lat, lng)| at(lat, lng)).collect()).expect("a polygon").into()
}

fn disc(centre: LatLng, radius_mm: i64) -> Footprint {
    Circle::new(centre, radius_mm).expect("a disc").into()
}

/// A star around a place: for each spoke its length from 0.1 to 1 and its turn within its sector.
#[derive(Clone, Debug)]
struct Star {
    lat_deg: f64,
    lng_deg: f64,
    radius_deg: f64,
    spokes: Vec<(f64, f64)>,
}

impl Star {
    fn corners(&self, scale: f64) -> Vec<LatLng> {
        let count = self.spokes.len() as f64;
        let corner = |(i, &(length, turn)): (usize, &(f64, f64))| {
            let angle = (i as f64 + turn) / count * std::f64::consts::TAU;
            let reach = self.radius_deg * length * scale;
            let lng = self.lng_deg + reach * angle.sin() / self.lat_deg.to_radians().cos();
            at(self.lat_deg + reach * angle.cos(), lng)
        };
        self.spokes.iter().enumerate().map(corner).collect()
    }

    /// The star, if its middle is well inside.
    fn footprint(&self) -> Option<Footprint> {
        let star = Footprint::from(Polygon::new(self.corners(1.0)).ok()?);
        let middle_mm = (self.radius_deg * 1_000_000.0) as i64;
        star.covers(&disc(at(self.lat_deg, self.lng_deg), middle_mm)).then_some(star)
    }
}

fn star() -> impl Strategy<Value = Star> {
    let place = prop_oneof![Just((0.0, 180.0)), Just((84.0, 0.0)), Just((-60.0, -179.99)), Just((35.0, 40.0))];
    (place, -3.0..-0.5f64, prop::collection::vec((0.1..1.0f64, 0.0..0.9f64), 4..20)).prop_map(
        |((lat_deg, lng_deg), radius, spokes)| Star { lat_deg, lng_deg, radius_deg: 10.0_f64.powf(radius), spokes },
    )
}

/// Points on the edges of a polygon, as great circles of the sphere put them.
fn between(corners: &[LatLng]) -> Vec<LatLng> {
    let mid = |(a, b): (LatLng, LatLng), t: f64| {
        at(a.lat_deg() + t * (b.lat_deg() - a.lat_deg()), a.lng_deg() + t * (b.lng_deg() - a.lng_deg()))
    };
    let edges = corners.iter().copied().zip(corners.iter().copied().cycle().skip(1));
    edges.filter(|(a, b)| (a.lng_e9() - b.lng_e9()).abs() < 1_000_000_000).map(|edge| mid(edge, 0.37)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_polygon_covers_itself_however_it_is_written(star in star(), turn in 0..20usize) {
        let Ok(first) = Polygon::new(star.corners(1.0)) else { return Ok(()) };
        let mut corners = star.corners(1.0);
        let by = turn % corners.len();
        corners.rotate_left(by);
        corners.reverse();
        let (first, again) = (Footprint::from(first), Footprint::from(Polygon::new(corners).expect("as before")));
        prop_assert!(first.covers(&first.clone()));
        prop_assert!(first.covers(&again) && again.covers(&first));
        prop_assert!((first.area_m2() - again.area_m2()).abs() <= 1.0 + 1e-9 * first.area_m2());
    }

    #[test]
    fn a_smaller_copy_is_covered_and_a_larger_one_is_not(star in star()) {
        let Some(whole) = star.footprint() else { return Ok(()) };
        let scaled = |scale| Polygon::new(star.corners(scale)).map(Footprint::from);
        let (Ok(smaller), Ok(larger)) = (scaled(0.9), scaled(1.1)) else { return Ok(()) };
        prop_assert!(whole.covers(&smaller) && larger.covers(&whole));
        prop_assert!(!whole.covers(&larger) && !smaller.covers(&whole));
        prop_assert!(smaller.area_m2() < whole.area_m2() && whole.area_m2() < larger.area_m2());
    }

    #[test]
    fn what_covers_holds_every_point_of_what_it_covers(
        star in star(), mut other in star(), north in -0.5..0.5f64, size in 0.05..0.6f64,
    ) {
        (other.lat_deg, other.lng_deg) = (star.lat_deg + north * star.radius_deg, star.lng_deg);
        other.radius_deg = star.radius_deg * size;
        let (Some(whole), Some(part)) = (star.footprint(), other.footprint()) else { return Ok(()) };
        let corners = other.corners(1.0);
        let hub = at(other.lat_deg, other.lng_deg);
        let inside = between(&corners).into_iter().filter(|&p| part.intersects(&disc(p, 0)));
        let points: Vec<_> = corners.iter().copied().chain([hub]).chain(inside).collect();
        if whole.covers(&part) {
            for point in points {
                prop_assert!(whole.within(&disc(point, 0), 11), "{point:?}");
            }
            prop_assert!(whole.intersects(&part));
        } else {
            // Then an edge of the part leaves the whole, so that the two outlines meet, or the part is elsewhere.
            let outline = |mut corners: Vec<LatLng>| {
                corners.push(corners[0]);
                Footprint::from(Corridor::new(corners, 0).expect("an outline"))
            };
            let crossing = outline(star.corners(1.0)).intersects(&outline(corners));
            prop_assert!(crossing || !whole.intersects(&part) || part.covers(&whole));
        }
    }

    #[test]
    fn a_polygon_covers_a_disc_that_its_outline_is_no_nearer_than(
        star in star(), north in -0.5..0.5f64, share in 0.01..1.0f64,
    ) {
        let Some(whole) = star.footprint() else { return Ok(()) };
        let centre = at(star.lat_deg + north * star.radius_deg, star.lng_deg);
        let radius_mm = (share * star.radius_deg * 100_000_000.0) as i64 + 11;
        let mut corners = star.corners(1.0);
        corners.push(corners[0]);
        let outline = Footprint::from(Corridor::new(corners, 0).expect("an outline"));
        let inside = whole.intersects(&disc(centre, 0));
        let covers = whole.covers(&disc(centre, radius_mm));
        if inside && !outline.within(&disc(centre, 0), radius_mm) {
            prop_assert!(covers);
        }
        if !inside || outline.within(&disc(centre, 0), radius_mm - 11) {
            prop_assert!(!covers);
        }
    }

    #[test]
    fn a_disc_covers_a_polygon_whose_points_it_holds(star in star(), radius in 0.1..1.2f64) {
        let Some(part) = star.footprint() else { return Ok(()) };
        let whole = disc(at(star.lat_deg, star.lng_deg), (radius * star.radius_deg * 111_000_000.0) as i64);
        let corners = star.corners(1.0);
        let holds = |point: &LatLng| whole.intersects(&disc(*point, 0));
        if whole.covers(&part) {
            prop_assert!(corners.iter().all(|&p| whole.within(&disc(p, 0), 11)));
            prop_assert!(between(&corners).iter().all(|p| !part.intersects(&disc(*p, 0)) || holds(p)));
        } else {
            prop_assert!(!corners.iter().all(holds));
        }
    }
}

#[test]
fn an_edge_across_a_notch_is_not_covered_though_its_ends_are() {
    let notched = polygon(&[(50.0, 5.0), (50.0, 5.01), (50.01, 5.01), (50.005, 5.005), (50.01, 5.0)]);
    let bar = |south: f64| polygon(&[(south, 5.001), (south, 5.009), (south - 0.002, 5.009), (south - 0.002, 5.001)]);
    assert!(notched.covers(&bar(50.0049)));
    assert!(!notched.covers(&bar(50.0051)));
    // 1e-7 degree is 11 mm: the bar's edge passes the tip of the notch.
    assert!(notched.covers(&bar(50.005_000_05)));
    assert!(!notched.covers(&bar(50.005_000_3)));
}

#[test]
fn corners_amid_the_edges_of_another_change_nothing() {
    let plain = polygon(&[(10.0, 20.0), (10.0, 20.3), (10.3, 20.3), (10.3, 20.0)]);
    let studded =
        polygon(&[(10.0, 20.0), (10.0, 20.3), (10.1, 20.3), (10.25, 20.3), (10.3, 20.3), (10.3, 20.0), (10.07, 20.0)]);
    assert!(plain.covers(&studded) && studded.covers(&plain));
    assert!(plain.intersects(&studded));
}

#[test]
fn a_centimetre_decides() {
    let square = polygon(&[(0.0, 0.0), (0.0, 0.01), (0.01, 0.01), (0.01, 0.0)]);
    // 1e-9 degree of longitude on the equator is 0.1113 mm.
    let wider = |by_e9: f64| polygon(&[(0.0, 0.0), (0.0, 0.01 + by_e9 * 1e-9), (0.01, 0.01), (0.01, 0.0)]);
    assert!(square.covers(&wider(85.0)));
    assert!(!square.covers(&wider(95.0)));
    let centre = at(0.0, 0.0);
    assert!(disc(centre, 5_000).covers(&disc(centre, 5_010)));
    assert!(!disc(centre, 5_000).covers(&disc(centre, 5_011)));
}

#[test]
fn a_corridor_covers_its_equals_and_discs_on_its_way() {
    let route = |half_width_mm| Corridor::new(vec![at(60.0, 10.0), at(60.2, 10.4)], half_width_mm).expect("a corridor");
    let corridor = Footprint::from(route(500_000));
    assert!(corridor.covers(&route(500_000).into()));
    assert!(corridor.covers(&disc(at(60.0, 10.0), 500_000)));
    assert!(!corridor.covers(&disc(at(60.0, 10.0), 500_020)));
    let around = polygon(&[(59.9, 9.8), (59.9, 10.6), (60.3, 10.6), (60.3, 9.8)]);
    assert!(around.covers(&corridor));
    assert!(!around.covers(&route(12_000_000).into()));
    let leaving = Corridor::new(vec![at(60.1, 10.2), at(60.1, 11.0), at(60.1, 10.2)], 10_000).expect("a corridor");
    assert!(!around.covers(&leaving.into()));
    assert!(disc(at(60.1, 10.2), 17_000_000).covers(&corridor));
    assert!(!disc(at(60.1, 10.2), 15_000_000).covers(&corridor));
}

/// The area of WGS84 is that of a sphere of its authalic radius, 6,371,007.1809 m.
#[test]
fn an_eighth_of_the_earth_is_an_octant() {
    let octant = polygon(&[(0.0, 0.0), (0.0, 90.0), (90.0, 0.0)]);
    let eighth_m2 = std::f64::consts::PI / 2.0 * 6_371_007.180_9_f64.powi(2);
    assert!((octant.area_m2() / eighth_m2 - 1.0).abs() < 1e-9);
}

#[test]
fn the_area_of_a_disc_is_that_of_a_polygon_of_many_corners() {
    use geographiclib_rs::{DirectGeodesic, Geodesic};
    for (lat, radius_m) in [(0.0, 100.0), (45.0, 28_000.0), (80.0, 28_000.0), (45.0, 400_000.0), (20.0, 1_000_000.0)] {
        let corner = |i: i32| {
            let (lat, lng): (f64, f64) = Geodesic::wgs84().direct(lat, 179.9, f64::from(i) * 0.1, radius_m);
            at(lat, lng)
        };
        let inscribed = Footprint::from(Polygon::new((0..3_600).map(corner).collect()).expect("a polygon"));
        // A regular polygon of n corners lacks (2 pi / n)^2 / 6 of its circle.
        let lacking = (std::f64::consts::TAU / 3_600.0).powi(2) / 6.0;
        let expected_m2 = inscribed.area_m2() / (1.0 - lacking);
        let area_m2 = disc(at(lat, 179.9), (radius_m * 1e3) as i64).area_m2();
        assert!((area_m2 - expected_m2).abs() <= 1.0 + 1e-6 * area_m2, "{lat} {radius_m}: {area_m2} {expected_m2}");
    }
}

#[test]
fn a_straight_corridor_is_a_strip_with_round_ends() {
    let strip = Corridor::new(vec![at(0.0, 5.0), at(0.0, 6.0)], 1_000_000).expect("a corridor");
    let degree_m = 6_378_137.0 * std::f64::consts::PI / 180.0;
    let area_m2 = Footprint::from(strip).area_m2();
    assert!((area_m2 - (2_000.0 * degree_m + std::f64::consts::PI * 1e6)).abs() < 1.0, "{area_m2}");
}
