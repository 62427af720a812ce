//! The rules of conflict: closed comparisons, minima with the tolerance of agreement, datums, and their symmetries.

use proptest::prelude::*;
use skypact_airspace::{
    AGREEMENT_TOLERANCE_MM, Altitude, AltitudeBand, AltitudeMargins, Circle, Datum, Footprint, LatLng, Minima, Polygon,
    TimeWindow, UtcNanos, Volume4d, conflict,
};

const MARGINS: AltitudeMargins = AltitudeMargins { pressure_mm: 300_000, geoid_mm: 110_000 };

fn band(low: Altitude, high: Altitude) -> AltitudeBand {
    AltitudeBand::new(Some(low), Some(high)).expect("in order")
}

fn volume(lat_e9: i64, radius_mm: i64, band: AltitudeBand, start_ns: i64, end_ns: i64) -> Volume4d {
    let centre = LatLng::new(lat_e9, 40_000_000_000).expect("in range");
    let disc = Circle::new(centre, radius_mm).expect("in range");
    let window = TimeWindow::new(UtcNanos(start_ns), UtcNanos(end_ns)).expect("in order");
    Volume4d::new(disc.into(), band, window)
}

#[test]
fn a_flight_level_is_pressure_altitude_in_hundreds_of_feet() {
    assert_eq!(Altitude::flight_level(180).mm, 5_486_400);
    assert_eq!(Altitude::flight_level(180), Altitude::feet(18_000, Datum::FlightLevel));
    assert_eq!(Altitude::metres(-3, Datum::W84).mm, -3_000);
}

#[test]
fn windows_that_touch_conflict_and_the_time_minimum_reaches_across_a_gap() {
    let levels = band(Altitude::flight_level(180), Altitude::flight_level(240));
    let first = volume(0, 1_000, levels, 0, 100);
    let at = |start: i64, time_ns: i64| {
        let later = volume(0, 1_000, levels, start, 500);
        conflict(&first, &later, &Minima { time_ns, ..Minima::default() }, &MARGINS)
    };
    assert!(at(100, 0).is_some());
    assert!(at(101, 0).is_none());
    let gap = at(130, 30).expect("exactly the minimum apart").window;
    assert_eq!((gap.start(), gap.end()), (UtcNanos(100), UtcNanos(130)));
    assert!(at(131, 30).is_none());
}

#[test]
fn pairs_within_a_metre_of_a_minimum_conflict_and_beyond_it_do_not() {
    let feet = |ft| Altitude::feet(ft, Datum::Amsl);
    let low = volume(0, 0, band(feet(0), feet(1_000)), 0, 1);
    let minima = Minima { vertical_mm: 304_800, ..Minima::default() };
    for (above_mm, expected) in [(0, true), (304_800, true), (304_800 + AGREEMENT_TOLERANCE_MM, true), (305_801, false)]
    {
        let base = Altitude { mm: 304_800 + above_mm, datum: Datum::Amsl };
        let high = volume(0, 0, band(base, feet(9_000)), 0, 1);
        assert_eq!(conflict(&low, &high, &minima, &MARGINS).is_some(), expected, "{above_mm} mm above");
    }
    // On this meridian a degree of latitude at the equator is 110.574 km, so 1e-9 degree is 0.1106 mm.
    for (north_e9, expected) in [(9_000, true), (9_100, false)] {
        let beside = volume(north_e9, 0, band(feet(0), feet(1_000)), 0, 1);
        assert_eq!(conflict(&low, &beside, &Minima::default(), &MARGINS).is_some(), expected, "{north_e9}");
    }
}

#[test]
fn mixed_datums_grow_by_the_margins_and_equal_ones_do_not() {
    use Datum::{Amsl, FlightLevel, W84};
    let gap = |a, b| {
        let low = band(Altitude { mm: 0, datum: a }, Altitude { mm: 1_000_000, datum: a });
        let high = band(Altitude { mm: 2_000_000, datum: b }, Altitude { mm: 3_000_000, datum: b });
        assert_eq!(low.gap_mm(high, &MARGINS), high.gap_mm(low, &MARGINS));
        low.gap_mm(high, &MARGINS)
    };
    assert_eq!(gap(Amsl, Amsl), 1_000_000);
    assert_eq!(gap(Amsl, W84), 890_000);
    assert_eq!(gap(Amsl, FlightLevel), 700_000);
    assert_eq!(gap(W84, FlightLevel), 590_000);
}

#[test]
fn an_unbounded_band_meets_every_band() {
    let open = AltitudeBand::new(None, None).expect("unbounded");
    let high = band(Altitude::flight_level(600), Altitude::flight_level(660));
    assert_eq!(open.gap_mm(high, &MARGINS), 0);
    assert_eq!(open.meet(high), Some(high));
}

/// The corners of a star-shaped polygon of up to 12 vertices and 30 km around a place.
fn star() -> impl Strategy<Value = Vec<LatLng>> {
    let spokes = prop::collection::vec((0.1..1.0f64, 0.0..0.9f64), 3..12);
    (spokes, -0.3..0.3f64, -0.3..0.3f64).prop_map(|(spokes, north, east)| {
        let count = spokes.len() as f64;
        let corner = |(i, (radius, turn)): (usize, &(f64, f64))| {
            let angle = (i as f64 + turn) / count * std::f64::consts::TAU;
            let lat = 35.0 + north + 0.3 * radius * angle.cos();
            let lng = 40.0 + east + 0.3 * radius * angle.sin();
            LatLng::new((lat * 1e9) as i64, (lng * 1e9) as i64).expect("in range")
        };
        spokes.iter().enumerate().map(corner).collect()
    })
}

fn made(vertices: Vec<LatLng>) -> Option<Footprint> {
    Polygon::new(vertices).ok().map(Footprint::from)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_answer_is_the_same_exchanged_rotated_and_reversed(
        a in star(), b in star(), turn in 0..12usize, lateral_mm in 0..40_000_000i64,
    ) {
        let (Some(first), Some(second)) = (made(a.clone()), made(b)) else { return Ok(()) };
        let mut turned = a;
        let by = turn % turned.len();
        turned.rotate_left(by);
        let rotated = made(turned.clone()).expect("simple as before");
        turned.reverse();
        let reversed = made(turned).expect("simple as before");
        for reach_mm in [0, lateral_mm] {
            let answer = first.within(&second, reach_mm);
            prop_assert_eq!(second.within(&first, reach_mm), answer);
            prop_assert_eq!(rotated.within(&second, reach_mm), answer);
            prop_assert_eq!(second.within(&reversed, reach_mm), answer);
        }
    }

    #[test]
    fn more_reach_or_radius_never_separates(
        a in star(), lat_e9 in 34_000_000_000..36_000_000_000i64, reach_mm in 0..60_000_000i64, more_mm in 0..5_000i64,
    ) {
        let Some(area) = made(a) else { return Ok(()) };
        let disc = |radius_mm| Footprint::from(
            Circle::new(LatLng::new(lat_e9, 40_500_000_000).expect("in range"), radius_mm).expect("in range"),
        );
        if area.within(&disc(0), reach_mm) {
            prop_assert!(area.within(&disc(0), reach_mm + more_mm));
            prop_assert!(area.intersects(&disc(reach_mm + more_mm)));
        }
        prop_assert_eq!(area.within(&disc(0), reach_mm), area.intersects(&disc(reach_mm)));
    }

    #[test]
    fn longitude_does_not_matter(a in star(), b in star(), lateral_mm in 0..40_000_000i64) {
        // Not bit for bit: 1 cm of reach either way must hold the answer at the antimeridian between.
        let shift = |vertices: &[LatLng]| {
            let east = |v: &LatLng| (v.lng_e9() + 140_000_000_000 + 180_000_000_000).rem_euclid(360_000_000_000) - 180_000_000_000;
            vertices.iter().map(|v| LatLng::new(v.lat_e9(), east(v)).expect("in range")).collect::<Vec<_>>()
        };
        let (Some(first), Some(second)) = (made(a.clone()), made(b.clone())) else { return Ok(()) };
        let (Some(first_180), Some(second_180)) = (made(shift(&a)), made(shift(&b))) else { return Ok(()) };
        if first.within(&second, lateral_mm) {
            prop_assert!(first_180.within(&second_180, lateral_mm + 10));
        } else {
            prop_assert!(!first_180.within(&second_180, (lateral_mm - 10).max(0)));
        }
    }
}
