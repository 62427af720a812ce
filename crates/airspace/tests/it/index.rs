//! The index and the pruned pairing find what brute force finds.

use proptest::prelude::*;
use skypact_airspace::{
    AltitudeBand, AltitudeMargins, Circle, Corridor, Footprint, LatLng, Minima, Polygon, TimeWindow, UtcNanos,
    Volume4d, VolumeIndex, conflict, conflicts,
};

const MARGINS: AltitudeMargins = AltitudeMargins { pressure_mm: 0, geoid_mm: 0 };
const HOUR_NS: i64 = 3_600_000_000_000;

/// Volumes crowded around places where longitude fails: the antimeridian, both poles, and one plain place.
fn volume() -> impl Strategy<Value = Volume4d> {
    let place = prop_oneof![Just((0.0, 180.0)), Just((89.99, 0.0)), Just((-90.0, 0.0)), Just((35.0, 40.0))];
    let offset = (-1.0..1.0f64, -1.0..1.0f64, 0..3u8, 1..30_000_000i64);
    (place, offset, 0..24i64, 0..3i64).prop_map(|((lat, lng), (north, east, kind, size_mm), start, hours)| {
        let lat: f64 = (lat + north * 0.3_f64).clamp(-90.0, 90.0);
        let lng: f64 = if lat.abs() > 89.0 { east * 180.0 } else { lng + east * 0.3 };
        let at = |lat: f64, lng: f64| {
            let lng = (lng + 540.0).rem_euclid(360.0) - 180.0;
            LatLng::new((lat.clamp(-90.0, 90.0) * 1e9) as i64, (lng * 1e9) as i64).expect("in range")
        };
        let footprint: Footprint = match kind {
            0 => Circle::new(at(lat, lng), size_mm).expect("a circle").into(),
            1 => Corridor::new(vec![at(lat, lng), at(lat - 0.1, lng + 0.1)], size_mm / 10).expect("a corridor").into(),
            _ => Polygon::new(vec![at(lat, lng), at(lat - 0.1, lng), at(lat - 0.1, lng + 0.1)])
                .map_or_else(|_| Circle::new(at(lat, lng), size_mm).expect("a circle").into(), Into::into),
        };
        let window = TimeWindow::new(UtcNanos(start * HOUR_NS), UtcNanos((start + hours) * HOUR_NS)).expect("in order");
        Volume4d::new(footprint, AltitudeBand::new(None, None).expect("unbounded"), window)
    })
}

fn minima() -> impl Strategy<Value = Minima> {
    (0..20_000_000i64, 0..2i64).prop_map(|(lateral_mm, hours)| Minima {
        lateral_mm,
        vertical_mm: 0,
        time_ns: hours * HOUR_NS,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_index_finds_what_brute_force_finds(
        volumes in prop::collection::vec(volume(), 300..900),
        queries in prop::collection::vec(volume(), 8),
        minima in minima(),
        removed_every in 2..9usize,
    ) {
        let mut index = VolumeIndex::new();
        for (i, volume) in volumes.iter().enumerate() {
            index.insert(i, volume);
        }
        for (i, volume) in volumes.iter().enumerate().step_by(removed_every) {
            prop_assert!(index.remove(i, volume));
            prop_assert!(!index.remove(i, volume));
        }
        for query in &queries {
            let meets = |i: usize| conflict(query, &volumes[i], &minima, &MARGINS).is_some();
            let brute: Vec<usize> = (0..volumes.len()).filter(|i| i % removed_every != 0 && meets(*i)).collect();
            let mut found = Vec::new();
            index.for_each_candidate(query, &minima, |i| found.extend(meets(i).then_some(i)));
            found.sort_unstable();
            prop_assert_eq!(brute, found);
        }
    }

    #[test]
    fn lists_conflict_as_their_pairs_do_and_either_way_round(
        a in prop::collection::vec(volume(), 0..25),
        b in prop::collection::vec(volume(), 0..25),
        minima in minima(),
    ) {
        let found = conflicts(&a, &b, &minima, &MARGINS);
        let pair = |i: usize, j: usize| conflict(&a[i], &b[j], &minima, &MARGINS).map(|overlap| (i, j, overlap));
        let brute: Vec<_> = (0..a.len()).flat_map(|i| (0..b.len()).map(move |j| (i, j))).filter_map(|(i, j)| pair(i, j)).collect();
        prop_assert_eq!(&brute, &found.iter().map(|c| (c.a, c.b, c.overlap)).collect::<Vec<_>>());
        let mut back: Vec<_> = conflicts(&b, &a, &minima, &MARGINS).iter().map(|c| (c.b, c.a, c.overlap)).collect();
        back.sort_by_key(|(i, j, _)| (*i, *j));
        prop_assert_eq!(brute, back);
    }
}
