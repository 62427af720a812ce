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
