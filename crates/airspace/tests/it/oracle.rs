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

fn polygon(field: &str) -> Footprint {
    Polygon::new(positions(field)).map_or_else(|e| panic!("{e} {field}"), Footprint::from)
}

/// Every pair intersects, either way round, if its last field is 1.
fn assert_intersects<'a>(rows: impl Iterator<Item = (Footprint, Footprint, Vec<&'a str>)>) {
    let verdict = |row: &[&str]| row[row.len() - 1] == "1";
    let differs = |(a, b, row): &(Footprint, Footprint, Vec<&str>)| {
        a.intersects(b) != verdict(row) || b.intersects(a) != verdict(row)
    };
    let wrong: Vec<_> = rows.filter(differs).map(|(_, _, row)| row).collect();
    assert!(wrong.is_empty(), "{} differ: {:?}", wrong.len(), &wrong[..wrong.len().min(5)]);
}

#[test]
fn polygons_intersect_exactly_when_the_reference_says_so() {
    let all = rows(include_str!("../../vectors/polygons.csv")).chain(rows(include_str!("../../vectors/close.csv")));
    assert_intersects(all.map(|row| (polygon(row[1]), polygon(row[2]), row)));
}

/// The corners of `gear` in `make.py`.
fn gear(field: &str) -> Footprint {
    let numbers: Vec<i64> = field.split(' ').map(|n| n.parse().expect("an integer")).collect();
    let [count, lat_e9, lng_e9, radius_e9] = numbers[..] else { panic!("four numbers: {field}") };
    let corner = |i: i64| {
        let angle = std::f64::consts::TAU * i as f64 / count as f64;
        let radius = if i % 2 == 0 { 1.0 } else { 0.999 } * radius_e9 as f64;
        let (lat, lng) = (lat_e9 as f64 + radius * angle.cos(), lng_e9 as f64 + radius * angle.sin());
        LatLng::new(lat.round_ties_even() as i64, lng.round_ties_even() as i64).expect("in range")
    };
    Polygon::new((0..count).map(corner).collect()).map_or_else(|e| panic!("{e} {field}"), Footprint::from)
}

#[test]
fn polygons_of_ten_thousand_corners_intersect_exactly_when_the_reference_says_so() {
    assert_intersects(rows(include_str!("../../vectors/gears.csv")).map(|row| (gear(row[0]), gear(row[1]), row)));
}

#[test]
fn polygons_cover_what_the_reference_says_they_contain() {
    for row in rows(include_str!("../../vectors/covers.csv")) {
        assert_eq!(polygon(row[0]).covers(&polygon(row[1])), row[2] == "1", "{row:?}");
    }
}

#[test]
fn polygons_and_discs_are_apart_by_the_geodesic_within_a_centimetre() {
    for row in rows(include_str!("../../vectors/discs.csv")) {
        let (area, centre) = (polygon(row[0]), positions(row[1])[0]);
        let distance_mm: f64 = row[2].parse().expect("a number");
        let radius_mm = (distance_mm * 0.4) as i64;
        assert_distance(&area, &disc(centre, 0), 0, distance_mm, &row);
        assert_distance(&area, &disc(centre, radius_mm), radius_mm, distance_mm, &row);
    }
}

#[test]
fn corridors_are_apart_by_the_geodesic_within_a_centimetre() {
    for row in rows(include_str!("../../vectors/routes.csv")) {
        let distance_mm: f64 = row[2].parse().expect("a number");
        let (first_mm, second_mm) = ((distance_mm * 0.3) as i64, (distance_mm * 0.4) as i64);
        let corridor = |field, half_width_mm| -> Footprint {
            Corridor::new(positions(field), half_width_mm).expect("a corridor").into()
        };
        assert_distance(&corridor(row[0], 0), &corridor(row[1], 0), 0, distance_mm, &row);
        let (a, b) = (corridor(row[0], first_mm), corridor(row[1], second_mm));
        assert_distance(&a, &b, first_mm + second_mm, distance_mm, &row);
    }
}

#[test]
fn areas_are_those_of_the_reference() {
    for row in rows(include_str!("../../vectors/areas.csv")) {
        let area_m2: f64 = row[1].parse().expect("a number");
        assert!((polygon(row[0]).area_m2() - area_m2).abs() <= 1.0 + 1e-9 * area_m2, "{row:?}");
    }
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
