//! Meaning of single footprints: what is refused, what is inside.

use skypact_airspace::{Circle, Corridor, Footprint, GeometryError, LatLng, Polygon};

fn at(lat_deg: f64, lng_deg: f64) -> LatLng {
    LatLng::new((lat_deg * 1e9).round() as i64, (lng_deg * 1e9).round() as i64).expect("in range")
}

fn polygon(corners: &[(f64, f64)]) -> Result<Footprint, GeometryError> {
    Polygon::new(corners.iter().map(|&(lat, lng)| at(lat, lng)).collect()).map(Footprint::from)
}

fn point(lat_deg: f64, lng_deg: f64) -> Footprint {
    Circle::new(at(lat_deg, lng_deg), 0).expect("a radius in range").into()
}

#[test]
fn the_inside_is_the_smaller_area_whichever_way_the_vertices_wind() {
    let corners = [(35.0, 40.0), (35.0, 41.0), (36.0, 41.0), (36.0, 40.0)];
    let mut reversed = corners;
    reversed.reverse();
    for square in [polygon(&corners).unwrap(), polygon(&reversed).unwrap()] {
        assert!(square.intersects(&point(35.5, 40.5)));
        assert!(!square.intersects(&point(35.5, 41.5)));
        assert!(!square.intersects(&point(-35.5, -140.5)));
    }
}

#[test]
fn a_pole_can_be_inside() {
    let ring = polygon(&[(80.0, 0.0), (80.0, 120.0), (80.0, -120.0)]).unwrap();
    assert!(ring.intersects(&point(90.0, 0.0)));
    assert!(ring.intersects(&point(90.0, 77.0)));
    assert!(ring.intersects(&point(85.0, -170.0)));
    assert!(!ring.intersects(&point(70.0, 10.0)));
    assert!(!ring.intersects(&point(-90.0, 0.0)));
}

#[test]
fn the_antimeridian_is_no_border() {
    let box_180 = polygon(&[(-1.0, 179.0), (-1.0, -179.0), (1.0, -179.0), (1.0, 179.0)]).unwrap();
    assert!(box_180.intersects(&point(0.0, 180.0)));
    assert!(box_180.intersects(&point(0.0, -180.0)));
    assert!(box_180.intersects(&point(0.5, -179.5)));
    assert!(!box_180.intersects(&point(0.0, 178.5)));
}

#[test]
fn a_corridor_that_hovers_is_a_disc() {
    let hover = Corridor::new(vec![at(35.0, 40.0); 5], 1_000_000).unwrap();
    let disc: Footprint = Circle::new(at(35.0, 40.0), 1_000_000).expect("a radius in range").into();
    let hover = Footprint::from(hover);
    for lateral_mm in [0, 100_000_000, 108_000_000, 110_000_000] {
        let other = point(36.0, 40.0);
        assert_eq!(hover.within(&other, lateral_mm), disc.within(&other, lateral_mm));
    }
    assert!(hover.within(&point(36.0, 40.0), 110_000_000));
    assert!(!hover.within(&point(36.0, 40.0), 108_000_000));
}

/// A ring of many vertices whose radius alternates, 20 km across.
fn gear(count: usize, lat_deg: f64) -> Result<Footprint, GeometryError> {
    let corner = |i: usize| {
        let angle = i as f64 / count as f64 * std::f64::consts::TAU;
        let radius_deg = if i.is_multiple_of(2) { 0.09 } else { 0.0899 };
        (lat_deg + radius_deg * angle.cos(), 40.0 + radius_deg * angle.sin())
    };
    polygon(&(0..count).map(corner).collect::<Vec<_>>())
}

#[test]
fn figures_without_a_meaning_are_refused_with_the_place_to_look_at() {
    let code = |corners: &[(f64, f64)]| polygon(corners).expect_err("refused").code();
    assert_eq!(code(&[(0.0, 0.0), (0.0, 1.0)]), "too-few-vertices");
    assert_eq!(code(&[(0.0, 0.0), (0.0, 1.0), (0.0, 0.0)]), "too-few-vertices");
    assert_eq!(code(&[(0.0, 0.0), (0.0, 1.0), (0.0, 1.0), (1.0, 0.0)]), "duplicate-vertex");
    assert_eq!(code(&[(0.0, 180.0), (1.0, 179.0), (0.0, -180.0), (1.0, -179.0)]), "duplicate-vertex");
    assert_eq!(code(&[(0.0, 0.0), (0.0, 1.0), (0.0, 2.0)]), "polygon-crosses-itself");
    assert_eq!(code(&[(0.0, 0.0), (0.0, 0.02), (0.0, 0.01), (1.0, 0.0)]), "polygon-crosses-itself");
    assert_eq!(code(&[(0.0, 0.0), (0.0, 90.0), (0.0, 180.0), (50.0, -90.0)]), "footprint-too-wide");
    let bow_tie = polygon(&[(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)]);
    assert_eq!(bow_tie.expect_err("refused"), GeometryError::CrossingEdges { edge: 2, other: 0 });
    assert_eq!(gear(10_001, 35.0).expect_err("refused").code(), "too-many-vertices");
}

#[test]
fn a_closing_vertex_is_dropped_and_what_was_given_comes_back() {
    let open = vec![at(0.0, 0.0), at(0.0, 1.0), at(1.0, 0.0)];
    let closed = [open.clone(), vec![open[0]]].concat();
    let (open, closed) = (Polygon::new(open).expect("a triangle"), Polygon::new(closed).expect("a triangle"));
    assert_eq!(open, closed);
    assert_eq!(closed.vertices().len(), 3);
    let route = vec![at(0.0, 0.0), at(0.0, 0.0), at(0.0, 1.0)];
    assert_eq!(Corridor::new(route.clone(), 5).expect("a route").points(), route);
}

#[test]
fn ten_thousand_vertices_meet_ten_thousand() {
    let (first, beside, nested) =
        (gear(10_000, 35.0).expect("simple"), gear(10_000, 35.2).expect("simple"), gear(9_998, 35.01).expect("simple"));
    assert!(!first.intersects(&beside));
    assert!(first.intersects(&nested));
    assert!(first.within(&beside, 2_300_000));
    assert!(!first.within(&beside, 2_000_000));
}

#[test]
fn a_figure_inside_another_meets_it_without_crossing_edges() {
    let outer = gear(100, 35.0).expect("simple");
    let inner = polygon(&[(35.0, 40.0), (35.01, 40.0), (35.0, 40.01)]).expect("simple");
    assert!(outer.intersects(&inner));
    assert!(inner.intersects(&outer));
}

#[test]
fn a_comb_that_would_cost_all_pairs_is_refused_in_bounded_time() {
    let tooth = |i: usize| {
        let x = i as f64 * 4e-6;
        [(x, 0.0), (x, 0.05), (x + 2e-6, 0.05), (x + 2e-6, 0.0)].map(|(u, w)| (35.0 + u + w, 40.0 - u + w))
    };
    let corners: Vec<_> = (0..2_499).flat_map(tooth).chain([(34.9, 40.0), (34.9, 39.999)]).collect();
    assert_eq!(polygon(&corners).expect_err("refused").code(), "polygon-too-entangled");
}
