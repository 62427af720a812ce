//! Crossings of a line: the rule case by case, and against a model in floating point that shares nothing with it.

use std::fmt::Write as _;

use proptest::prelude::*;
use skypact_airspace::line::{Crossing, REPORTS_APART_NS_MAX, Report, TOUCH_NS_MAX};
use skypact_airspace::{DeconflictionLine, Direction, LatLng, LineError, UtcNanos};

const SECOND: i64 = 1_000_000_000;
const TURN: i64 = 360_000_000_000;

/// A place in hundredths of a degree.
fn at((lat, lng): (i64, i64)) -> LatLng {
    LatLng::new(lat * 10_000_000, lng * 10_000_000).expect("in range")
}

fn line(points: &[(i64, i64)]) -> DeconflictionLine {
    DeconflictionLine::new(&points.iter().copied().map(at).collect::<Vec<_>>()).expect("a line")
}

/// A track with a report each minute.
fn track(points: &[(i64, i64)]) -> Vec<Report> {
    let report = |(minute, &point): (i64, &(i64, i64))| Report { time: UtcNanos(minute * 60 * SECOND), at: at(point) };
    (0..).zip(points).map(report).collect()
}

fn directions(line: &DeconflictionLine, points: &[(i64, i64)]) -> Vec<Direction> {
    line.crossings(&track(points)).crossings.iter().map(|crossing| crossing.direction).collect()
}

use Direction::{LeftToRight, RightToLeft};

/// From south to north along 40 E, with a bend.
const NORTHWARD: [(i64, i64); 3] = [(3_400, 4_000), (3_500, 4_000), (3_600, 4_010)];

#[test]
fn a_crossing_has_its_place_its_time_and_its_direction() {
    let line = line(&NORTHWARD);
    let found = line.crossings(&track(&[(3_450, 3_990), (3_450, 4_020)])).crossings;
    let crossing = Crossing { time: UtcNanos(20 * SECOND), at: at((3_450, 4_000)), direction: LeftToRight };
    assert_eq!(found, [crossing]);
    assert_eq!(directions(&line, &[(3_450, 4_020), (3_450, 3_990)]), [RightToLeft]);
    assert_eq!(directions(&line, &[(3_300, 3_990), (3_300, 4_020)]), [], "beyond the end of the line");
}

#[test]
fn who_touches_the_line_or_flies_along_it_and_returns_has_not_crossed() {
    let line = line(&NORTHWARD);
    for returns in [
        &[(3_450, 3_990), (3_450, 4_000), (3_450, 3_990)][..],
        &[(3_450, 3_990), (3_450, 4_000), (3_480, 4_000), (3_480, 3_990)],
        // Through the bend of the line, and over its ends in line with it.
        &[(3_490, 3_990), (3_500, 4_000), (3_510, 3_990)],
        &[(3_300, 4_000), (3_350, 4_000)],
        &[(3_300, 4_000), (3_450, 4_000), (3_450, 3_990)],
    ] {
        assert_eq!(directions(&line, returns), [], "{returns:?}");
    }
    // The same and then away on the other side.
    assert_eq!(directions(&line, &[(3_450, 3_990), (3_450, 4_000), (3_480, 4_000), (3_480, 4_020)]), [LeftToRight]);
    assert_eq!(directions(&line, &[(3_450, 4_000), (3_450, 4_020)]), [], "it came from no side");
    // Over the bend itself, without a report there: once.
    assert_eq!(directions(&line, &[(3_500, 3_990), (3_500, 4_010)]), [LeftToRight]);
}

#[test]
fn over_and_back_within_half_a_minute_is_a_touch_and_later_it_is_two() {
    let line = line(&NORTHWARD);
    let back_after = |ns: i64| {
        let report = |time: i64, lng: i64| Report { time: UtcNanos(time), at: at((3_450, lng)) };
        // Over at 10 s; back half way through the last step.
        let track = [
            report(0, 3_999),
            report(20 * SECOND, 4_001),
            report(ns - 10 * SECOND, 4_001),
            report(ns + 30 * SECOND, 3_999),
        ];
        line.crossings(&track).crossings.len()
    };
    assert_eq!(back_after(30 * SECOND), 0, "20 s later");
    assert_eq!(back_after(TOUCH_NS_MAX), 0);
    assert_eq!(back_after(TOUCH_NS_MAX + 2 * SECOND), 2);
}

#[test]
fn what_nobody_saw_for_five_minutes_is_told_and_not_counted() {
    let line = line(&NORTHWARD);
    let over = |ns: i64| {
        line.crossings(&[
            Report { time: UtcNanos(0), at: at((3_450, 3_990)) },
            Report { time: UtcNanos(ns), at: at((3_450, 4_020)) },
        ])
    };
    assert_eq!(over(REPORTS_APART_NS_MAX).crossings.len(), 1);
    let unseen = over(REPORTS_APART_NS_MAX + 1);
    assert_eq!(unseen.crossings, []);
    assert_eq!(unseen.gaps, [(UtcNanos(0), UtcNanos(REPORTS_APART_NS_MAX + 1))]);
}

#[test]
fn the_antimeridian_is_a_meridian_like_any_other() {
    let along = line(&[(-1_000, 18_000), (1_000, 18_000)]);
    assert_eq!(directions(&along, &[(0, 17_990), (0, -17_990)]), [LeftToRight]);
    let over = line(&[(0, 17_900), (0, -17_900)]);
    let found = over.crossings(&track(&[(-10, -17_950), (10, -17_950)])).crossings;
    assert_eq!(found.iter().map(|crossing| crossing.at).collect::<Vec<_>>(), [at((0, -17_950))]);
    // A long line, and a way that comes to it from behind.
    let long = line(&[(0, 0), (0, 8_500), (0, 17_000)]);
    assert_eq!(directions(&long, &[(-100, -17_900), (100, 15_100)]), [RightToLeft]);
}

#[test]
fn an_area_is_entered_and_left_whichever_way_its_corners_run() {
    let corners = [(3_400, 4_000), (3_400, 4_100), (3_500, 4_100), (3_500, 4_000), (3_400, 4_000)];
    let reversed: Vec<_> = corners.into_iter().rev().collect();
    for corners in [&corners[..], &reversed] {
        let area = line(corners);
        let found = directions(&area, &[(3_450, 3_950), (3_450, 4_050), (3_450, 4_150)]);
        let inward = area.inward().expect("an area");
        assert_eq!(found, [inward, inward.reversed()]);
    }
}

#[test]
fn points_that_are_no_line_are_refused() {
    let refusal = |points: &[(i64, i64)]| {
        DeconflictionLine::new(&points.iter().copied().map(at).collect::<Vec<_>>()).expect_err("no line")
    };
    assert_eq!(refusal(&[(0, 0), (0, 0)]), LineError::TooFewPoints { given: 1 });
    assert_eq!(refusal(&[(0, 0), (0, 10), (0, 0)]), LineError::TooFewPoints { given: 3 });
    assert_eq!(refusal(&[(0, 0), (0, 17_000), (0, -2_000), (100, 100)]), LineError::TooLong);
    assert_eq!(refusal(&[(0, 0), (0, 10), (0, 20), (0, 0)]), LineError::NoArea);
}

/// The crossings of each step in floating point, after the line was moved a little to the left of the step; and whether two were in one
/// place, where the rule takes opposite ones away.
fn model(line: &[(i64, i64)], track: &[(i64, i64)]) -> (Vec<Direction>, bool) {
    let (mut found, mut tied) = (Vec::new(), false);
    for step in track.windows(2) {
        let [(py, px), (qy, qx)] = [step[0], step[1]].map(|(lat, lng)| (lat as f64, lng as f64));
        let (left_x, left_y) = (-(qy - py) * 1e-7, (qx - px) * 1e-7);
        let mut here: Vec<(f64, Direction)> = Vec::new();
        for edge in line.windows(2) {
            let [(ay, ax), (by, bx)] = [edge[0], edge[1]].map(|(lat, lng)| (lat as f64 + left_y, lng as f64 + left_x));
            let parallel = (bx - ax) * (qy - py) - (by - ay) * (qx - px);
            if parallel == 0.0 {
                continue;
            }
            // Cramer's rule for p + t (q - p) = a + u (b - a).
            let t = ((bx - ax) * (ay - py) - (by - ay) * (ax - px)) / parallel;
            let u = ((qx - px) * (ay - py) - (qy - py) * (ax - px)) / parallel;
            if (0.0..=1.0).contains(&t) && (0.0..=1.0).contains(&u) {
                here.push((t, if parallel > 0.0 { RightToLeft } else { LeftToRight }));
            }
        }
        here.sort_by(|a, b| a.0.total_cmp(&b.0));
        tied |= here.windows(2).any(|pair| pair[1].0 - pair[0].0 < 1e-5);
        found.extend(here.into_iter().map(|(_, direction)| direction));
    }
    (found, tied)
}

/// Whether a place is on the line, in floating point.
fn is_on(line: &[(i64, i64)], (y, x): (i64, i64)) -> bool {
    line.windows(2).any(|edge| {
        let ((ay, ax), (by, bx)) = (edge[0], edge[1]);
        let length = |dy: i64, dx: i64| ((dy * dy + dx * dx) as f64).sqrt();
        length(ay - y, ax - x) + length(by - y, bx - x) - length(by - ay, bx - ax) < 1e-9
    })
}

/// Places of a coarse grid, so that reports, bends and ends meet often.
fn grid(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<(i64, i64)>> {
    proptest::collection::vec((-4_i64..=4, -4_i64..=4), count)
}

fn as_line(points: &[(i64, i64)]) -> Option<DeconflictionLine> {
    DeconflictionLine::new(&points.iter().copied().map(at).collect::<Vec<_>>()).ok()
}

/// The crossings without times, each as often as it is.
fn of_route(line: &DeconflictionLine, track: &[(i64, i64)]) -> Vec<Direction> {
    let places: Vec<LatLng> = track.iter().copied().map(at).collect();
    line.crossings_of_route(&places).into_iter().map(|(_, _, direction)| direction).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn crossings_are_those_of_a_model_in_floating_point(points in grid(2..6), track in grid(2..8)) {
        let Some(line) = as_line(&points) else { return Ok(()) };
        let beside: Vec<(i64, i64)> = track.iter().copied().filter(|&place| !is_on(&points, place)).collect();
        let (ours, (models, tied)) = (of_route(&line, &track), model(&points, &beside));
        if !tied {
            prop_assert_eq!(ours, models);
            return Ok(());
        }
        let net = |found: &[Direction]| {
            let right = found.iter().filter(|direction| **direction == LeftToRight).count() as i64;
            2 * right - found.len() as i64
        };
        prop_assert_eq!(net(&ours), net(&models));
    }

    #[test]
    fn a_line_that_is_read_backwards_has_the_same_crossings_the_other_way(points in grid(2..6), track_points in grid(2..8)) {
        let backwards: Vec<(i64, i64)> = points.iter().copied().rev().collect();
        let (Some(line), Some(reversed)) = (as_line(&points), as_line(&backwards)) else { return Ok(()) };
        let track = track(&track_points);
        let there = line.crossings(&track).crossings.into_iter();
        let there: Vec<Crossing> = there.map(|found| Crossing { direction: found.direction.reversed(), ..found }).collect();
        prop_assert_eq!(there, reversed.crossings(&track).crossings);
    }

    #[test]
    fn nothing_depends_on_where_longitudes_begin(
        points in grid(2..6), track_points in grid(2..8), shift_e9 in -179_999_999_999_i64..=180_000_000_000,
    ) {
        let wrap = |lng: i64| (lng + TURN / 2).rem_euclid(TURN) - TURN / 2;
        let moved = |place: LatLng| LatLng::new(place.lat_e9(), wrap(place.lng_e9() + shift_e9)).expect("wrapped");
        let places: Vec<LatLng> = points.iter().copied().map(at).collect();
        let Ok(line) = DeconflictionLine::new(&places) else { return Ok(()) };
        let shifted = DeconflictionLine::new(&places.into_iter().map(moved).collect::<Vec<_>>()).expect("the same line");
        let track = track(&track_points);
        let shifted_track: Vec<Report> = track.iter().map(|report| Report { at: moved(report.at), ..*report }).collect();
        let expected = line.crossings(&track).crossings.into_iter();
        let expected: Vec<Crossing> = expected.map(|found| Crossing { at: moved(found.at), ..found }).collect();
        prop_assert_eq!(expected, shifted.crossings(&shifted_track).crossings);
    }
}

/// Numbers that look like chance, and are the same everywhere.
struct Numbers(u64);

impl Numbers {
    /// From `low` to `high`.
    fn between(&mut self, low: i64, high: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        low + ((self.0 >> 33) as i64).rem_euclid(high - low + 1)
    }
}

/// Lines and tracks, a third on a coarse grid, a third at the antimeridian, with the crossings that the rule gives: what an implementation
/// in another language is held against.
fn golden() -> String {
    let mut numbers = Numbers(6);
    let mut text = String::new();
    for case in 0..300 {
        let (unit, middle) = [(1_000_000_000, 0), (1, 180 * 1_000_000_000), (1, 40 * 1_000_000_000)][case % 3];
        let reach = 4_000_000_000 / unit;
        let place = |numbers: &mut Numbers| {
            let (lat, lng) = (numbers.between(-reach, reach) * unit, middle + numbers.between(-reach, reach) * unit);
            LatLng::new(lat, (lng + TURN / 2).rem_euclid(TURN) - TURN / 2).expect("in range")
        };
        let count = numbers.between(2, 5);
        let mut points: Vec<LatLng> = (0..count).map(|_| place(&mut numbers)).collect();
        if case % 5 == 0 {
            points.push(points[0]);
        }
        let mut time = numbers.between(0, 1_000_000_000_000);
        let reports: Vec<Report> = (0..numbers.between(2, 12))
            .map(|_| {
                time += numbers.between(0, 60) * numbers.between(0, 6_000_000_000);
                Report { time: UtcNanos(time), at: place(&mut numbers) }
            })
            .collect();
        let pair = |at: &LatLng| format!("{},{}", at.lat_e9(), at.lng_e9());
        let join = |items: Vec<String>| items.join(" ");
        writeln!(text, "line {}", join(points.iter().map(pair).collect())).expect("memory");
        let report = |report: &Report| format!("{},{}", report.time.0, pair(&report.at));
        writeln!(text, "track {}", join(reports.iter().map(report).collect())).expect("memory");
        match DeconflictionLine::new(&points) {
            Err(_) => text += "none\n",
            Ok(line) => {
                let found = line.crossings(&reports);
                for Crossing { time, at, direction } in found.crossings {
                    writeln!(text, "crossing {},{},{}", time.0, pair(&at), direction as u8).expect("memory");
                }
                for (from, until) in found.gaps {
                    writeln!(text, "gap {},{}", from.0, until.0).expect("memory");
                }
            }
        }
    }
    text
}

fn golden_path() -> std::path::PathBuf {
    std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors").join("crossings")
}

#[test]
fn the_golden_crossings_are_those_of_the_rule() {
    assert_eq!(std::fs::read_to_string(golden_path()).expect("vectors/crossings"), golden());
}

#[test]
#[ignore = "writes the golden file anew after a deliberate change of the rule"]
fn write_golden_crossings() {
    std::fs::create_dir_all(golden_path().parent().expect("a folder")).expect("a folder");
    std::fs::write(golden_path(), golden()).expect("a file");
}
