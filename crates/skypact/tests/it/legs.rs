//! Legs of the real recording and of drawn tracks: everything flown is inside a piece, nothing parked is announced.

use std::collections::BTreeMap;
use std::path::Path;

use skypact::demo::legs::{Leg, LegRules, Legs, Piece, Side, cut};
use skypact::feeds::recording::{
    AircraftAddress, AircraftCategory, AircraftSeen, AltitudeDatum, Cleaning, Fix, Recording, RecordingFormat,
    locate_default, read,
};

const SECOND_NS: i64 = 1_000_000_000;

fn real() -> Recording {
    read(&locate_default().expect("the workspace depends on rs1090")).unwrap()
}

fn fix(aircraft: u32, time_s: i64, north_m: f64, altitude_m: i64) -> Fix {
    Fix {
        aircraft: AircraftAddress(aircraft),
        time_ns: time_s * SECOND_NS,
        lat_e9: 43_000_000_000 + (north_m * 9_000.0) as i64,
        lng_e9: 5_000_000_000,
        altitude_mm: altitude_m * 1000,
        altitude_datum: AltitudeDatum::W84,
    }
}

fn recording(fixes: Vec<Fix>) -> Recording {
    let mut aircraft: Vec<AircraftSeen> = Vec::new();
    for fix in &fixes {
        if aircraft.iter().all(|seen| seen.address != fix.aircraft) {
            aircraft.push(AircraftSeen { address: fix.aircraft, category: AircraftCategory::Glider, positions: 0 });
        }
    }
    let format = RecordingFormat::FlarmCsv;
    let cleaning = Cleaning::default();
    Recording { format, fixes, aircraft, frames_read: 0, frames_decoded: 0, skipped: Vec::new(), cleaning }
}

fn cut_drawn(fixes: Vec<Fix>) -> Legs {
    cut(&recording(fixes), &LegRules::default())
}

/// Distance of a point from the line of a piece in the plane of its latitude, metres; right to 1 m over a glider's minute.
fn off_line_m(piece: &Piece, lat_e9: f64, lng_e9: f64) -> f64 {
    let east = (lat_e9 / 1e9).to_radians().cos() * 0.111_32e-3 * 1.001;
    let plane = |(lat, lng): (i64, i64)| ((lng as f64 - lng_e9) * east, (lat as f64 - lat_e9) * 0.111_1e-3);
    piece
        .points
        .windows(2)
        .map(|edge| {
            let ((ax, ay), (bx, by)) = (plane(edge[0]), plane(edge[1]));
            let (dx, dy) = (bx - ax, by - ay);
            let share = (-(ax * dx + ay * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
            (ax + share * dx).hypot(ay + share * dy)
        })
        .fold(f64::INFINITY, f64::min)
}

fn assert_flown_path_is_inside(fixes: &[Fix], leg: &Leg, rules: &LegRules) {
    for pair in fixes[leg.fixes.clone()].windows(2) {
        for tenth in 0..=10 {
            let share = f64::from(tenth) / 10.0;
            let between = |from: i64, to: i64| from as f64 + share * (to - from) as f64;
            let time_ns = between(pair[0].time_ns, pair[1].time_ns);
            let lat_e9 = between(pair[0].lat_e9, pair[1].lat_e9);
            let lng_e9 = between(pair[0].lng_e9, pair[1].lng_e9);
            let altitude_mm = between(pair[0].altitude_mm, pair[1].altitude_mm);
            let spare_mm = (rules.lateral_margin_mm - 1_500, rules.vertical_margin_mm);
            let holds = |piece: &&Piece| {
                (piece.start_ns as f64..=piece.end_ns as f64).contains(&time_ns)
                    && altitude_mm >= (piece.lower_mm + spare_mm.1) as f64
                    && altitude_mm <= (piece.upper_mm - spare_mm.1) as f64
                    && off_line_m(piece, lat_e9, lng_e9) * 1e3 <= (piece.half_width_mm - spare_mm.0) as f64
            };
            assert!(leg.pieces.iter().any(|piece| holds(&piece)), "{pair:?} at {share}");
        }
    }
}

#[test]
fn everything_flown_in_the_real_recording_is_inside_a_piece_with_the_margins_to_spare() {
    let (recording, rules) = (real(), LegRules::default());
    let cut = cut(&recording, &rules);
    for leg in &cut.legs {
        assert_flown_path_is_inside(&recording.fixes, leg, &rules);
    }
}

#[test]
fn legs_of_the_real_recording_keep_the_rules_and_account_for_every_fix() {
    let (recording, rules) = (real(), LegRules::default());
    let cut = cut(&recording, &rules);
    let mut in_legs = vec![false; recording.fixes.len()];
    for leg in &cut.legs {
        let fixes = &recording.fixes[leg.fixes.clone()];
        in_legs[leg.fixes.clone()].fill(true);
        assert!(fixes.len() >= 2 && fixes.iter().all(|fix| fix.aircraft == leg.aircraft));
        assert_eq!(leg.side, cut.sides[&leg.aircraft]);
        assert!(fixes.windows(2).all(|pair| pair[1].time_ns - pair[0].time_ns <= rules.gap_ns_max));
        assert!(fixes[fixes.len() - 1].time_ns - fixes[0].time_ns <= rules.leg_ns_max);
        assert_eq!(leg.pieces[0].start_ns, fixes[0].time_ns);
        assert_eq!(leg.pieces[leg.pieces.len() - 1].end_ns, fixes[fixes.len() - 1].time_ns);
        assert!(leg.pieces.windows(2).all(|pair| pair[0].end_ns == pair[1].start_ns));
        for piece in &leg.pieces {
            assert!((2..=rules.points_max).contains(&piece.points.len()));
            assert!(piece.points.windows(2).all(|edge| edge[0] != edge[1]));
            assert!(piece.start_ns < piece.end_ns && piece.end_ns - piece.start_ns <= rules.piece_ns_max);
            assert!(piece.lower_mm < piece.upper_mm && piece.half_width_mm >= rules.lateral_margin_mm);
        }
    }
    let announced = in_legs.iter().filter(|&&announced| announced).count();
    assert_eq!(announced + cut.parked_fixes + cut.lone_fixes, recording.fixes.len());
    assert!((105_000..125_000).contains(&cut.ground_mm.unwrap()), "{:?}", cut.ground_mm);
}

#[test]
fn the_sides_of_the_real_recording_fly_about_as_much_and_the_deal_repeats() {
    let recording = real();
    let cut_once = cut(&recording, &LegRules::default());
    assert_eq!(cut_once, cut(&recording, &LegRules::default()));
    assert_eq!(cut_once.sides.len(), 17);
    let mut fixes: BTreeMap<Side, usize> = BTreeMap::new();
    for leg in &cut_once.legs {
        *fixes.entry(leg.side).or_default() += leg.fixes.len();
    }
    let (blue, red) = (fixes[&Side::Blue], fixes[&Side::Red]);
    assert!(blue.min(red) * 3 > blue.max(red) * 2, "{blue} {red}");
}

#[test]
fn a_gap_cuts_and_a_long_flight_is_cut_without_a_hole() {
    let mut fixes: Vec<Fix> = (0..1_300).map(|second| fix(1, second, second as f64 * 30.0, 500)).collect();
    fixes.retain(|fix| !(100..131).contains(&(fix.time_ns / SECOND_NS)));
    let cut = cut_drawn(fixes.clone());
    let windows: Vec<(i64, i64)> = cut
        .legs
        .iter()
        .map(|leg| (leg.pieces[0].start_ns / SECOND_NS, leg.pieces[leg.pieces.len() - 1].end_ns / SECOND_NS))
        .collect();
    assert_eq!(windows, [(0, 99), (131, 731), (731, 1299)]);
    let piece_ends: Vec<i64> = cut.legs[0].pieces.iter().map(|piece| piece.end_ns / SECOND_NS).collect();
    assert_eq!(piece_ends, [60, 99]);
    assert_eq!(cut.legs[0].pieces[0].points.len(), 2, "a straight line needs no more");
    fixes.retain(|fix| !(70..100).contains(&(fix.time_ns / SECOND_NS)) || fix.time_ns == 99 * SECOND_NS);
    assert_eq!(cut_drawn(fixes).legs[0].fixes.len(), 71, "30 s without a fix is no gap");
}

#[test]
fn a_parked_aircraft_is_no_activity_but_one_that_hangs_in_the_wind_is() {
    let parked = (0..600).map(|second| fix(1, second, 0.0, 110));
    let hanging = (0..600).map(|second| fix(2, second, 0.0, 900));
    let cut = cut_drawn(parked.chain(hanging.take(400)).collect());
    assert_eq!((cut.ground_mm, cut.parked_fixes), (Some(110_000), 600));
    assert!(cut.legs.iter().all(|leg| leg.aircraft == AircraftAddress(2)) && !cut.legs.is_empty());
    assert!(cut.legs[0].pieces[0].points[0] != cut.legs[0].pieces[0].points[1]);
}

#[test]
fn a_stop_on_the_runway_of_less_than_half_a_minute_stays_in_the_leg() {
    let parked = (0..200).map(|second| fix(1, second, 0.0, 110));
    let rolling = (0..50).map(|second| fix(2, second, 30.0 * second as f64, 110));
    let stop = (50..75).map(|second| fix(2, second, 30.0 * 49.0, 110));
    let again = (75..120).map(|second| fix(2, second, 30.0 * (second - 25) as f64, 110));
    let cut = cut_drawn(parked.chain(rolling).chain(stop).chain(again).collect());
    assert_eq!((cut.legs.len(), cut.parked_fixes), (1, 200));
    assert_eq!(cut.legs[0].fixes.len(), 120);
}

#[test]
fn a_circling_path_is_inside_even_when_the_points_do_not_suffice() {
    let circle = |second: i64| {
        let angle = second as f64 * std::f64::consts::TAU / 15.0;
        let lng_e9 = 5_000_000_000 + (angle.cos() * 120.0 * 12_300.0) as i64;
        Fix { lng_e9, ..fix(1, second, angle.sin() * 120.0, 900 + second) }
    };
    let recording = recording((0..300).map(circle).collect());
    let rules = LegRules { points_max: 8, ..LegRules::default() };
    let cut = cut(&recording, &rules);
    assert!(cut.legs[0].pieces.iter().all(|piece| piece.points.len() == 8));
    assert!(cut.legs[0].pieces.iter().all(|piece| piece.half_width_mm > rules.lateral_margin_mm + 20_000));
    assert_flown_path_is_inside(&recording.fixes, &cut.legs[0], &rules);
}

#[test]
fn the_real_airliner_flies_in_pressure_altitude() {
    let path = locate_default().unwrap();
    let recording = read(&Path::new(&path).with_file_name("long_flight.csv")).unwrap();
    let rules = LegRules::default();
    let cut = cut(&recording, &rules);
    assert_eq!(cut.ground_mm, None);
    assert!(cut.legs.iter().flat_map(|leg| &leg.pieces).all(|piece| piece.datum == AltitudeDatum::FlightLevel));
    assert!(cut.legs.len() > 5);
}
