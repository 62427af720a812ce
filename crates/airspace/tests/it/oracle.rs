//! Agreement with S2 and geographiclib on the vectors in `vectors/` (see `make.py` there): no disagreement is allowed.

use skypact_airspace::{Circle, Corridor, Footprint, LatLng, Polygon};

fn positions(field: &str) -> Vec<LatLng> {
    let numbers: Vec<i64> = field.split(' ').map(|n| n.parse().expect("an integer")).collect();
    numbers.chunks(2).map(|pair| LatLng::new(pair[0], pair[1]).expect("in range")).collect()
}

fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().map(|line| line.split(';').collect())
}

fn disc(centre: LatLng, radius_mm: i64) -> Footprint {
    Circle::new(centre, radius_mm).expect("in range").into()
}

/// Within at the distance and a little more, not within at a little less.
fn assert_distance(a: &Footprint, b: &Footprint, already_mm: i64, distance_mm: f64, row: &[&str]) {
    for more_mm in [10, 1_000] {
        let nearest = distance_mm.floor() as i64 - already_mm;
        if nearest - more_mm >= 0 {
            assert!(!a.within(b, nearest - more_mm), "within {more_mm} mm less than {row:?}");
            assert!(!b.within(a, nearest - more_mm), "within {more_mm} mm less than {row:?}, exchanged");
        }
        if nearest + 1 + more_mm >= 0 {
            assert!(a.within(b, nearest + 1 + more_mm), "not within {more_mm} mm more than {row:?}");
            assert!(b.within(a, nearest + 1 + more_mm), "not within {more_mm} mm more than {row:?}, exchanged");
        }
    }
}

#[test]
fn polygons_intersect_exactly_when_the_reference_says_so() {
    let mut wrong = Vec::new();
    for row in rows(include_str!("../../vectors/polygons.csv")) {
        let made = |field| Polygon::new(positions(field)).map_or_else(|e| panic!("{e} {row:?}"), Footprint::from);
        let (a, b) = (made(row[1]), made(row[2]));
        if a.intersects(&b) != (row[3] == "1") || b.intersects(&a) != (row[3] == "1") {
            wrong.push(row);
        }
    }
    assert!(wrong.is_empty(), "{} differ: {:?}", wrong.len(), &wrong[..wrong.len().min(5)]);
}

#[test]
fn points_and_discs_are_apart_by_the_geodesic_within_a_centimetre() {
    for row in rows(include_str!("../../vectors/distances.csv")) {
        let (a, b) = (positions(row[0])[0], positions(row[1])[0]);
        let distance_mm: f64 = row[2].parse().expect("a number");
        assert_distance(&disc(a, 0), &disc(b, 0), 0, distance_mm, &row);
        let (ra, rb) = ((distance_mm * 0.3) as i64, (distance_mm * 0.5) as i64);
        assert_distance(&disc(a, ra), &disc(b, rb), ra + rb, distance_mm, &row);
    }
}

#[test]
fn points_and_edges_are_apart_by_the_geodesic_within_a_centimetre() {
    for row in rows(include_str!("../../vectors/edges.csv")) {
        let (point, edge) = (positions(row[0])[0], positions(row[1]));
        let distance_mm: f64 = row[2].parse().expect("a number");
        let half_width_mm = (distance_mm * 0.4) as i64;
        let corridor = Corridor::new(edge, half_width_mm).expect("a corridor").into();
        assert_distance(&disc(point, 0), &corridor, half_width_mm, distance_mm, &row);
    }
}
