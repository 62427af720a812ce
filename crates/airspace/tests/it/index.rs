//! The index and the pruned pairing find what brute force finds.

use std::collections::BTreeMap;

use proptest::prelude::*;
use skypact_airspace::{
    Altitude, AltitudeBand, AltitudeMargins, Asked, Circle, Corridor, Datum, Footprint, LatLng, Minima, Polygon,
    TimeWindow, UtcNanos, Volume4d, VolumeIndex, conflict, conflicts, meet,
};

const MARGINS: AltitudeMargins = AltitudeMargins { pressure_mm: 300_000, geoid_mm: 110_000 };
const HOUR_NS: i64 = 3_600_000_000_000;

/// Volumes crowded around places where longitude fails and one plain place, and some anywhere; some without bounds.
fn volume() -> impl Strategy<Value = Volume4d> {
    let anywhere = (-90.0..90.0f64, -180.0..180.0f64);
    let place = prop_oneof![Just((0.0, 180.0)), Just((89.99, 0.0)), Just((-90.0, 0.0)), Just((35.0, 40.0)), anywhere];
    let offset = (-1.0..1.0f64, -1.0..1.0f64, 0..3u8);
    let size_mm = prop_oneof![8 => 1..30_000_000i64, 1 => 30_000_000..1_000_000_000i64];
    (place, offset, size_mm, window(), band()).prop_map(|((lat, lng), (north, east, kind), size_mm, window, band)| {
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
        Volume4d::new(footprint, band, window)
    })
}

fn window() -> impl Strategy<Value = TimeWindow> {
    let new = |start: i64, end: i64| TimeWindow::new(UtcNanos(start), UtcNanos(end)).expect("in order");
    let flight = (0..24i64, 0..3i64).prop_map(move |(start, hours)| new(start * HOUR_NS, (start + hours) * HOUR_NS));
    let month = (0..24i64).prop_map(move |start| new(start * HOUR_NS, (start + 720) * HOUR_NS));
    let open = prop_oneof![Just((i64::MIN, 0)), Just((HOUR_NS, i64::MAX)), Just((i64::MIN, i64::MAX))];
    prop_oneof![8 => flight, 1 => month, 1 => open.prop_map(move |(start, end)| new(start, end))]
}

fn band() -> impl Strategy<Value = AltitudeBand> {
    let datum = prop_oneof![4 => Just(Datum::W84), 1 => Just(Datum::Amsl)];
    let limit = (0..30i64, 0..4i64, [datum.clone(), datum], [prop::bool::weighted(0.9), prop::bool::weighted(0.9)]);
    limit.prop_map(|(step, height, datums, bounded)| {
        let altitude = |step: i64, end: usize| Altitude { mm: step * 50_000, datum: datums[end] };
        let lower = bounded[0].then(|| altitude(step, 0));
        AltitudeBand::new(lower, bounded[1].then(|| altitude(step + height, 1))).expect("in order")
    })
}

fn minima() -> impl Strategy<Value = Minima> {
    (0..20_000_000i64, 0..300_000i64, 0..2i64).prop_map(|(lateral_mm, vertical_mm, hours)| Minima {
        lateral_mm,
        vertical_mm,
        time_ns: hours * HOUR_NS,
    })
}

/// What happens to an index: a volume comes (over an older one, perhaps), goes, or is asked about.
#[derive(Clone, Debug)]
enum Step {
    Put(u32, Volume4d),
    Drop(u32),
    Ask(Volume4d, Minima),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = || 0..600u32;
    let step = prop_oneof![
        8 => (key(), volume()).prop_map(|(key, volume)| Step::Put(key, volume)),
        6 => key().prop_map(Step::Drop),
        1 => (volume(), minima()).prop_map(|(volume, minima)| Step::Ask(volume, minima)),
    ];
    prop::collection::vec(step, 1..600)
}

/// What the index and brute force find.
fn both(
    index: &VolumeIndex<u32>,
    held: &BTreeMap<u32, Volume4d>,
    copies: u32,
    volume: &Volume4d,
    minima: &Minima,
) -> [Vec<u32>; 2] {
    let conflicts = |key: u32| conflict(volume, &held[&(key / copies)], minima, &MARGINS).is_some();
    let brute = held.keys().flat_map(|key| key * copies..(key + 1) * copies).filter(|key| conflicts(*key)).collect();
    let mut found = Vec::new();
    index.for_each_candidate(volume, minima, |key| found.extend(conflicts(key).then_some(key)));
    found.sort_unstable();
    [found, brute]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_index_finds_what_brute_force_finds_while_volumes_come_and_go(
        first in prop::collection::vec(volume(), 1..400), steps in steps(), copies in 1..12u32,
    ) {
        let (mut index, mut held) = (VolumeIndex::new(), BTreeMap::new());
        let puts = (0..).zip(first).map(|(key, volume)| Step::Put(key, volume));
        for step in puts.chain(steps) {
            let (key, volume) = match step {
                Step::Put(key, volume) => (key, Some(volume)),
                Step::Drop(key) => (key, None),
                Step::Ask(volume, minima) => {
                    let [found, brute] = both(&index, &held, copies, &volume, &minima);
                    prop_assert_eq!(found, brute);
                    continue;
                }
            };
            if let Some(old) = held.remove(&key) {
                for copy in key * copies..(key + 1) * copies {
                    prop_assert!(index.remove(copy, &old));
                    prop_assert!(!index.remove(copy, &old));
                }
            }
            if let Some(volume) = volume {
                (key * copies..(key + 1) * copies).for_each(|copy| index.insert(copy, &volume));
                held.insert(key, volume);
            }
            prop_assert_eq!(index.len(), held.len() * copies as usize);
        }
        for (key, volume) in &held {
            let [found, brute] = both(&index, &held, copies, volume, &Minima::default());
            prop_assert_eq!(found, brute);
            (key * copies..(key + 1) * copies).for_each(|copy| assert!(index.remove(copy, volume)));
            (key * copies..(key + 1) * copies).for_each(|copy| index.insert(copy, volume));
        }
        for (key, volume) in &held {
            (key * copies..(key + 1) * copies).for_each(|copy| assert!(index.remove(copy, volume)));
        }
        prop_assert!(index.is_empty());
    }

    #[test]
    fn what_meets_exactly_is_a_candidate_and_conflicts(volumes in prop::collection::vec(volume(), 2..60)) {
        let mut index = VolumeIndex::new();
        (0..).zip(&volumes).for_each(|(key, volume)| index.insert(key, volume));
        let unknown = AltitudeMargins { pressure_mm: i64::MAX, geoid_mm: i64::MAX };
        for volume in &volumes {
            let mut candidates = vec![false; volumes.len()];
            index.for_each_candidate(volume, &Minima::default(), |key: usize| candidates[key] = true);
            for (other, candidate) in volumes.iter().zip(candidates) {
                prop_assert_eq!(meet(volume, other), meet(other, volume));
                prop_assert!(!meet(volume, other) || candidate);
                prop_assert!(!meet(volume, other) || conflict(volume, other, &Minima::default(), &unknown).is_some());
            }
        }
    }

    #[test]
    fn many_volumes_are_asked_about_at_once_as_one_by_one(
        held in prop::collection::vec(volume(), 1..300), volumes in prop::collection::vec(volume(), 0..100),
        minima in minima(),
    ) {
        let mut index = VolumeIndex::new();
        (0..).zip(&held).for_each(|(key, volume)| index.insert(key, volume));
        let mut near = vec![vec![false; volumes.len()]; held.len()];
        for (place, volume) in volumes.iter().enumerate() {
            index.for_each_candidate(volume, &minima, |key: usize| near[key][place] = true);
        }
        let asked = Asked::about(&volumes, &minima);
        let mut visits = vec![0; held.len()];
        index.for_each_candidate_of(&asked, |key: usize| visits[key] += 1);
        for (key, volume) in held.iter().enumerate() {
            let mut found = vec![false; volumes.len()];
            let accepted = asked.any_near(volume, |place| {
                found[place] = true;
                false
            });
            prop_assert!(!accepted);
            prop_assert_eq!(&found, &near[key]);
            let is_candidate = found.contains(&true);
            prop_assert_eq!(visits[key], usize::from(is_candidate), "once, and only then");
            for (other, found) in volumes.iter().zip(found) {
                prop_assert!(!meet(volume, other) || found);
            }
            let mut looked_at = 0;
            prop_assert_eq!(asked.any_near(volume, |_| { looked_at += 1; true }), is_candidate);
            prop_assert_eq!(looked_at, visits[key], "the first that is accepted is the last");
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

fn disc_for_an_hour(lat_e9: i64, hour: i64) -> Volume4d {
    let disc = Circle::new(LatLng::new(lat_e9, 0).expect("in range"), 100_000).expect("a disc");
    let window = TimeWindow::new(UtcNanos(hour * HOUR_NS), UtcNanos((hour + 1) * HOUR_NS)).expect("in order");
    Volume4d::new(disc.into(), AltitudeBand::new(None, None).expect("unbounded"), window)
}

#[test]
fn what_is_within_the_tolerance_of_agreement_is_a_candidate_for_many_as_for_one() {
    let between = |lower_mm, upper_mm| {
        let altitude = |mm| Some(Altitude { mm, datum: Datum::W84 });
        let band = AltitudeBand::new(altitude(lower_mm), altitude(upper_mm)).expect("in order");
        Volume4d { band, ..disc_for_an_hour(0, 0) }
    };
    let mut index = VolumeIndex::new();
    index.insert(7, &between(0, 100_000));
    for (lower_mm, is_near) in [(100_500, true), (102_000, false)] {
        let volume = between(lower_mm, 200_000);
        let mut found = [false; 2];
        index.for_each_candidate(&volume, &Minima::default(), |_| found[0] = true);
        let asked = Asked::about(&[volume], &Minima::default());
        index.for_each_candidate_of(&asked, |_| found[1] = true);
        assert_eq!(found, [is_near; 2], "{lower_mm} mm");
        assert_eq!(asked.any_near(&between(0, 100_000), |_| true), is_near);
    }
}

#[test]
fn ten_thousand_volumes_at_one_spot_are_found_and_removed_one_by_one() {
    let spot = disc_for_an_hour(0, 0);
    let mut index = VolumeIndex::new();
    (0..10_000).for_each(|key| index.insert(key, &spot));
    let count = |index: &VolumeIndex<i32>| {
        let mut count = 0;
        index.for_each_candidate(&spot, &Minima::default(), |_| count += 1);
        count
    };
    assert_eq!(count(&index), 10_000);
    assert!((0..10_000).rev().step_by(2).all(|key| index.remove(key, &spot)));
    assert_eq!(count(&index), 5_000);
    assert!(!index.remove(9_999, &spot));
}

#[test]
fn one_key_holds_many_copies_of_a_volume() {
    let spot = disc_for_an_hour(0, 0);
    let mut index = VolumeIndex::new();
    (0..1_000).for_each(|_| index.insert(7, &spot));
    (0..100).for_each(|key| index.insert(key, &disc_for_an_hour(i64::from(key) * 1_000_000, 0)));
    assert!((0..1_000).all(|_| index.remove(7, &spot)));
    assert!(!index.remove(7, &spot));
    assert_eq!(index.len(), 100);
}

#[test]
fn memory_follows_what_is_held_while_time_moves_on() {
    let mut index = VolumeIndex::new();
    let at = |hour: i64, key: i64| disc_for_an_hour(key * 7_000_003 % 80_000_000_000, hour);
    let mut most = 0;
    for hour in 0..60 {
        (0..500).for_each(|key| index.insert((hour, key), &at(hour, key)));
        if hour >= 10 {
            assert!((0..500).all(|key| index.remove((hour - 10, key), &at(hour - 10, key))));
        } else {
            most = index.heap_bytes();
        }
    }
    assert_eq!(index.len(), 5_000);
    assert!(index.heap_bytes() < most + most / 2, "{} bytes, {most} at first", index.heap_bytes());
}
