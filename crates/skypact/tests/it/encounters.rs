//! The brute force over recorded fixes: closed forms, dense sampling of random tracks, and the real recording.

use std::ops::Range;

use proptest::prelude::*;
use skypact::demo::encounters::{Minima, closest_approach, encounters, encounters_at_fixes};
use skypact::demo::legs::{Leg, LegRules, Side, cut};
use skypact::feeds::recording::{AircraftAddress, AltitudeDatum, Fix, locate_default, read};

const SECOND_NS: i64 = 1_000_000_000;
/// On the equator: 1e-9 degree of longitude is 6,378,137,000 mm * pi / 180e9.
const EQUATOR_MM_PER_E9: f64 = 0.111_319_490_793;
const PACT: Minima = Minima { lateral_mm: 463_000, vertical_mm: 152_400, time_ns: 0 };

fn fix(aircraft: u32, time_ns: i64, east_mm: f64, north_mm: f64, altitude_mm: i64) -> Fix {
    Fix {
        aircraft: AircraftAddress(aircraft),
        time_ns,
        // Radius of curvature of the meridian at the equator: a (1 - e^2).
        lat_e9: (north_mm / (EQUATOR_MM_PER_E9 * 0.993_305_620_009_859)).round() as i64,
        lng_e9: (east_mm / EQUATOR_MM_PER_E9).round() as i64,
        altitude_mm,
        altitude_datum: AltitudeDatum::W84,
    }
}

fn leg(aircraft: u32, fixes: Range<usize>) -> Leg {
    let side = if aircraft == 0 { Side::Blue } else { Side::Red };
    Leg { side, aircraft: AircraftAddress(aircraft), fixes, pieces: Vec::new() }
}

/// Two aircraft with straight tracks of two fixes each.
fn pair(a: [Fix; 2], b: [Fix; 2]) -> (Vec<Fix>, Vec<Leg>) {
    ([a, b].concat(), vec![leg(0, 0..2), leg(1, 2..4)])
}

fn near(value: i64, expected: i64, tolerance: i64) -> bool {
    (value - expected).abs() <= tolerance
}

#[test]
fn head_on_aircraft_meet_when_their_speeds_say() {
    // 4 km apart, 30 m/s against 50 m/s: they meet after 50 s, 1.5 km from the first one's start.
    let (fixes, legs) = pair(
        [fix(0, 0, 0.0, 0.0, 0), fix(0, 100 * SECOND_NS, 3_000e3, 0.0, 0)],
        [fix(1, 0, 4_000e3, 0.0, 90_000), fix(1, 100 * SECOND_NS, -1_000e3, 0.0, 90_000)],
    );
    let found = encounters(&fixes, &legs, &PACT);
    assert_eq!((found.len(), found[0].leg_a, found[0].leg_b), (1, 0, 1));
    let closest = found[0].closest;
    assert!(near(closest.time_ns, 50 * SECOND_NS, 100_000), "{closest:?}");
    // Not 0: the middle of a chord of 5 km lies 0.3 m deeper than the place on one of 3 km above it.
    assert!(closest.lateral_mm <= 400, "{closest:?}");
    assert_eq!(closest.vertical_mm, 90_000);
}

#[test]
fn parallel_tracks_are_as_far_apart_as_they_are_and_the_minimum_itself_counts() {
    for (apart_mm, found) in [(462_990.0, 1), (463_010.0, 0)] {
        let (fixes, legs) = pair(
            [fix(0, 0, 0.0, 0.0, 0), fix(0, 60 * SECOND_NS, 2_000e3, 0.0, 0)],
            [fix(1, 0, 0.0, apart_mm, 0), fix(1, 60 * SECOND_NS, 2_000e3, apart_mm, 0)],
        );
        assert_eq!(encounters(&fixes, &legs, &PACT).len(), found, "{apart_mm}");
        let approach = closest_approach(&fixes, &legs[0], &legs[1]).unwrap();
        assert!(near(approach.lateral_mm, apart_mm as i64, 2), "{approach:?}");
    }
    for (above_mm, found) in [(152_400, 1), (152_401, 0)] {
        let (fixes, legs) = pair(
            [fix(0, 0, 0.0, 0.0, 0), fix(0, 60 * SECOND_NS, 2_000e3, 0.0, 0)],
            [fix(1, 0, 0.0, 100e3, above_mm), fix(1, 60 * SECOND_NS, 2_000e3, 100e3, above_mm)],
        );
        assert_eq!(encounters(&fixes, &legs, &PACT).len(), found, "{above_mm}");
    }
}

/// One flies east, one north, each at 50 m/s, the second reaches the crossing `late` seconds after the first.
fn crossing(late_s: i64) -> (Vec<Fix>, Vec<Leg>) {
    let reach = 5_000e3;
    pair(
        [fix(0, 0, -reach, 0.0, 0), fix(0, 200 * SECOND_NS, reach, 0.0, 0)],
        [fix(1, late_s * SECOND_NS, 0.0, -reach, 0), fix(1, (200 + late_s) * SECOND_NS, 0.0, reach, 0)],
    )
}

#[test]
fn crossing_aircraft_pass_at_half_the_time_offset() {
    // At equal speed v and offset d, the distance is least d / 2 after the first crosses: v d / sqrt 2.
    let (fixes, legs) = crossing(10);
    let approach = closest_approach(&fixes, &legs[0], &legs[1]).unwrap();
    assert!(near(approach.time_ns, 105 * SECOND_NS, 1_000_000), "{approach:?}");
    assert!(near(approach.lateral_mm, 353_553, 20), "{approach:?}");
    assert_eq!(encounters(&fixes, &legs, &PACT).len(), 1);
    assert_eq!(encounters_at_fixes(&fixes, &legs, &PACT).len(), 0, "all of it happens between fixes");
    let (fixes, legs) = crossing(14);
    assert_eq!(encounters(&fixes, &legs, &PACT).len(), 0, "495 m");
}

#[test]
fn a_time_minimum_also_finds_who_crosses_behind() {
    let (fixes, legs) = crossing(60);
    // The least distance is 50 m/s * 60 s / sqrt 2 = 2.1 km; with a shift s it is 50 (60 - s) / sqrt 2, 463 m at 46.9 s.
    for (time_s, found) in [(0, 0), (46, 0), (47, 1), (60, 1), (300, 1)] {
        let minima = Minima { time_ns: time_s * SECOND_NS, ..PACT };
        assert_eq!(encounters(&fixes, &legs, &minima).len(), found, "{time_s} s");
    }
}

#[test]
fn aircraft_that_are_below_each_minimum_but_never_below_both_do_not_meet() {
    // Passing overhead at 1,000 m, and level with it only when 3 km away.
    let (fixes, legs) = pair(
        [fix(0, 0, 0.0, 0.0, 0), fix(0, 60 * SECOND_NS, 1.0, 0.0, 0)],
        [fix(1, 0, 0.0, 0.0, 1_000_000), fix(1, 60 * SECOND_NS, 3_000e3, 0.0, 0)],
    );
    assert_eq!(encounters(&fixes, &legs, &PACT).len(), 0);
}

#[test]
fn altitudes_of_different_datums_never_separate() {
    let (mut fixes, legs) = pair(
        [fix(0, 0, 0.0, 0.0, 0), fix(0, 60 * SECOND_NS, 2_000e3, 0.0, 0)],
        [fix(1, 0, 0.0, 100e3, 9_000_000), fix(1, 60 * SECOND_NS, 2_000e3, 100e3, 9_000_000)],
    );
    assert_eq!(encounters(&fixes, &legs, &PACT).len(), 0);
    for fix in &mut fixes[2..] {
        fix.altitude_datum = AltitudeDatum::FlightLevel;
    }
    assert_eq!(encounters(&fixes, &legs, &PACT).len(), 1);
    assert_eq!(encounters_at_fixes(&fixes, &legs, &PACT).len(), 1);
}

#[test]
fn legs_of_one_side_and_legs_of_other_times_are_not_compared() {
    let (fixes, mut legs) = crossing(0);
    assert_eq!(encounters(&fixes, &legs, &PACT).len(), 1);
    legs[1].side = Side::Blue;
    assert_eq!(encounters(&fixes, &legs, &PACT).len(), 0);
    let (fixes, legs) = crossing(201);
    assert_eq!(closest_approach(&fixes, &legs[0], &legs[1]), None);
}

#[test]
fn tracks_over_the_antimeridian_are_neighbours() {
    let west = |aircraft, time_s: i64, lng_e9, lat_e9| Fix {
        lat_e9,
        lng_e9,
        ..fix(aircraft, time_s * SECOND_NS, 0.0, 0.0, 0)
    };
    let (fixes, legs) = pair(
        [west(0, 0, 179_999_000_000, 0), west(0, 60, -179_999_000_000, 0)],
        [west(1, 0, -179_999_000_000, 1_000_000), west(1, 60, 179_999_000_000, 1_000_000)],
    );
    let closest = encounters(&fixes, &legs, &PACT)[0].closest;
    assert!(near(closest.time_ns, 30 * SECOND_NS, 1_000_000) && near(closest.lateral_mm, 110_574, 100), "{closest:?}");
    assert_eq!(encounters_at_fixes(&fixes, &legs, &PACT).len(), 1);
}

/// A track as a walk: seconds to the next fix, east and north speed in m/s, climb in m/s.
fn walk() -> impl Strategy<Value = Vec<(i64, i64, i64, i64)>> {
    prop::collection::vec((1_i64..=20, -60_i64..=60, -60_i64..=60, -5_i64..=5), 2..12)
}

fn fly(aircraft: u32, steps: &[(i64, i64, i64, i64)], start: (i64, i64, i64, i64)) -> Vec<Fix> {
    let (mut time_s, mut east, mut north, mut up) = start;
    let mut fixes = vec![fix(aircraft, time_s * SECOND_NS, east as f64 * 1e3, north as f64 * 1e3, up * 1000)];
    for &(seconds, east_m_s, north_m_s, climb_m_s) in steps {
        time_s += seconds;
        east += east_m_s * seconds;
        north += north_m_s * seconds;
        up += climb_m_s * seconds;
        fixes.push(fix(aircraft, time_s * SECOND_NS, east as f64 * 1e3, north as f64 * 1e3, up * 1000));
    }
    fixes
}

/// Where a track is, in plain metres on the plane that `fix` was drawn on.
fn at(fixes: &[Fix], time_ns: i64) -> Option<(f64, f64, f64)> {
    let pair = fixes.windows(2).find(|pair| (pair[0].time_ns..=pair[1].time_ns).contains(&time_ns))?;
    let share = (time_ns - pair[0].time_ns) as f64 / (pair[1].time_ns - pair[0].time_ns) as f64;
    let between = |of: fn(&Fix) -> i64| of(&pair[0]) as f64 + share * (of(&pair[1]) - of(&pair[0])) as f64;
    let metres = EQUATOR_MM_PER_E9 / 1e3;
    Some((
        between(|fix| fix.lng_e9) * metres,
        between(|fix| fix.lat_e9) * metres * 0.993_305_620_009_859,
        between(|fix| fix.altitude_mm) / 1e3,
    ))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Samples every 0.1 s on the plane can miss an encounter or a deeper approach, never find one that is not there.
    #[test]
    fn the_closed_form_is_never_beaten_by_sampling(
        a in walk(), b in walk(), start in (-100_i64..100, -1500_i64..1500, -1500_i64..1500, -200_i64..200),
    ) {
        let (a, b) = (fly(0, &a, (0, 0, 0, 0)), fly(1, &b, start));
        let legs = [leg(0, 0..a.len()), leg(1, a.len()..a.len() + b.len())];
        let fixes = [a.clone(), b.clone()].concat();
        let (mut least_slant_m, mut least_below_m) = (f64::INFINITY, f64::INFINITY);
        let mut time_ns = 0;
        while time_ns <= a[a.len() - 1].time_ns {
            if let (Some(a), Some(b)) = (at(&a, time_ns), at(&b, time_ns)) {
                let (lateral, vertical) = ((a.0 - b.0).hypot(a.1 - b.1), (a.2 - b.2).abs());
                least_slant_m = least_slant_m.min(lateral.hypot(vertical));
                if lateral <= 463.0 && vertical <= 152.4 {
                    least_below_m = least_below_m.min(lateral.hypot(vertical));
                }
            }
            time_ns += SECOND_NS / 10;
        }
        // Between samples 0.1 s apart, two aircraft at 85 m/s each come at most 8.5 m closer; 0.1 m is for the plane.
        let (closer, plane) = (8.7, 0.1);
        let approach = closest_approach(&fixes, &legs[0], &legs[1]);
        prop_assert_eq!(approach.is_some(), least_slant_m.is_finite());
        if let Some(approach) = approach {
            let slant_m = approach.slant_mm as f64 / 1e3;
            prop_assert!(slant_m <= least_slant_m + plane && slant_m >= least_slant_m - closer,
                "{slant_m} {least_slant_m}");
        }
        let found = encounters(&fixes, &legs, &PACT);
        if least_below_m.is_finite() && least_below_m < 480.0 {
            let near_edge = Minima { lateral_mm: PACT.lateral_mm + 100, vertical_mm: PACT.vertical_mm + 100, ..PACT };
            let found = encounters(&fixes, &legs, &near_edge);
            prop_assert_eq!(found.len(), 1, "sampling found {} m", least_below_m);
            prop_assert!(found[0].closest.slant_mm as f64 / 1e3 <= least_below_m + plane);
        }
        for encounter in &found {
            let instant = encounter.closest.time_ns;
            let (Some(a), Some(b)) = (at(&a, instant), at(&b, instant)) else { panic!("both fly at {instant}") };
            let lateral = (a.0 - b.0).hypot(a.1 - b.1);
            prop_assert!((lateral - encounter.closest.lateral_mm as f64 / 1e3).abs() < 0.1, "{lateral} {encounter:?}");
            prop_assert!(((a.2 - b.2).abs() - encounter.closest.vertical_mm as f64 / 1e3).abs() < 0.1);
        }
    }

    /// Every pair of sampled instants within the time minimum that is below the other two must be found.
    #[test]
    fn a_time_minimum_misses_no_pair_of_sampled_instants(
        a in walk(), b in walk(), start in (-30_i64..30, -900_i64..900, -900_i64..900, -100_i64..100), time_s in 1_i64..40,
    ) {
        let (a, b) = (fly(0, &a, (0, 0, 0, 0)), fly(1, &b, start));
        let legs = [leg(0, 0..a.len()), leg(1, a.len()..a.len() + b.len())];
        let fixes = [a.clone(), b.clone()].concat();
        let samples = |fixes: &[Fix]| -> Vec<_> {
            (fixes[0].time_ns / SECOND_NS..=fixes[fixes.len() - 1].time_ns / SECOND_NS)
                .filter_map(|time_s| Some((time_s, at(fixes, time_s * SECOND_NS)?)))
                .collect()
        };
        let small = Minima { lateral_mm: 50_000, vertical_mm: 20_000, time_ns: time_s * SECOND_NS };
        let (a, b) = (samples(&a), samples(&b));
        let below = |by_mm: i64| a.iter().any(|(time_a, a)| b.iter().any(|(time_b, b)| {
            (time_a - time_b).abs() <= time_s
                && (a.0 - b.0).hypot(a.1 - b.1) <= (small.lateral_mm - by_mm) as f64 / 1e3
                && (a.2 - b.2).abs() <= (small.vertical_mm - by_mm) as f64 / 1e3
        }));
        if below(100) {
            prop_assert_eq!(encounters(&fixes, &legs, &small).len(), 1);
        }
        // Two aircraft come 170 m closer in a second at most: what is found must be near a pair of samples.
        if encounters(&fixes, &legs, &small).len() == 1 {
            prop_assert!(below(-200_000));
        }
    }
}

#[test]
fn on_the_real_recording_the_plainer_check_finds_nothing_that_the_closed_form_misses() {
    let recording = read(&locate_default().unwrap()).unwrap();
    let legs = cut(&recording, &LegRules::default()).legs;
    let exact = encounters(&recording.fixes, &legs, &PACT);
    let plain = encounters_at_fixes(&recording.fixes, &legs, &PACT);
    assert!(exact.len() > 20, "{}", exact.len());
    for encounter in &plain {
        let same = exact.iter().find(|other| (other.leg_a, other.leg_b) == (encounter.leg_a, encounter.leg_b));
        // Straight in latitude and longitude is not straight in space: up to 0.4 m between fixes 30 s apart.
        let same = same.unwrap_or_else(|| panic!("{encounter:?} is missed"));
        assert!(same.closest.slant_mm <= encounter.closest.slant_mm + 1_000, "{same:?} {encounter:?}");
    }
    assert!(plain.len() * 10 >= exact.len() * 9, "fixes come every second: {} of {}", plain.len(), exact.len());
}
