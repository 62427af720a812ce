//! Shapes and lists of extents that were made to take long: what they cost is bounded, and they alone pay for it.

use serde_json::{Value, json};
use skypact_airspace::UtcNanos;

use crate::desk::{BLUE, Desk, Party, RED, block, ovn, planned};
use crate::requests::{Asked, IntentBody, Place, id, minute, put_intent};

/// Teeth of a comb: two combs take most of what a pair of footprints may take.
const TEETH: i32 = 120;
/// From tooth to tooth, in degrees: the free places are 2 m wide, which the bulge of an edge 7 km long leaves free.
const STEP: f64 = 1e-4;
/// More than one question may compare a comb with.
const COMBS: u128 = 8;

/// An intent with this outline, in degrees east and north of one place, turned by 45 degrees so that all boxes of its long edges meet.
fn outlined(number: u128, body: &IntentBody, corners: &[(f64, f64)]) -> Asked {
    let mut asked = put_intent(&id(number), None, body);
    let mut request: Value = serde_json::from_slice(&asked.body).expect("JSON");
    let turned = corners.iter().map(|(east, north)| json!({ "lat": 35.0 + north - east, "lng": 40.0 + north + east }));
    request["extents"][0]["volume"]["outline_polygon"] = json!({ "vertices": turned.collect::<Vec<_>>() });
    asked.body = serde_json::to_vec(&request).expect("JSON");
    asked
}

/// Teeth from a back at `back` to `tip`, in the places that a comb from the other side leaves free.
fn comb(east: f64, back: f64, tip: f64) -> Vec<(f64, f64)> {
    let tooth = |k: i32| {
        let left = east + f64::from(k) * STEP;
        let right = left + STEP / 4.0;
        [(left, back), (left, tip), (right, tip), (right, back)]
    };
    let behind = back - (tip - back) / 50.0;
    (0..TEETH).flat_map(tooth).chain([(east + f64::from(TEETH) * STEP, behind), (east, behind)]).collect()
}

/// A desk at which RED holds combs whose teeth point down, and one plain block that their boxes hold and that meets none.
fn desk_with_combs(combs: u128) -> Desk {
    let mut desk = Desk::default();
    let mut own: Vec<String> = Vec::new();
    for number in (1..=combs).rev() {
        let known: Vec<&str> = own.iter().map(String::as_str).collect();
        let down = outlined(number, &planned(&[block(0, 0)]).knowing(&known), &comb(STEP / 2.0, 0.06, 0.01));
        own.push(ovn(&desk.done(RED, &down)));
    }
    let beside = outlined(100, &planned(&[block(0, 0)]), &[(0.015, 0.02), (0.015, 0.03), (0.016, 0.03)]);
    desk.done(RED, &beside);
    desk
}

fn missing(desk: &mut Desk, party: Party, asked: &Asked) -> Vec<String> {
    let Err(refusal) = desk.ask(party, asked) else { return Vec::new() };
    let missing = refusal.missing.expect("OVNs are missing");
    let intents = missing["missing_operational_intents"].as_array().expect("a list").iter();
    intents.map(|intent| intent["id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn combs_that_do_not_meet_are_told_apart_exactly_while_they_are_few() {
    let up = outlined(200, &planned(&[block(0, 0)]), &comb(0.0, 0.0, 0.05));
    assert_eq!(missing(&mut desk_with_combs(4), BLUE, &up), [""; 0]);
}

#[test]
fn too_many_combs_count_as_meeting_and_what_is_simple_beside_them_is_exact_still() {
    let up = outlined(200, &planned(&[block(0, 0)]), &comb(0.0, 0.0, 0.05));
    let found = missing(&mut desk_with_combs(COMBS), BLUE, &up);
    // Of equally many edges the lowest ids come first.
    assert!((1..=4).contains(&found.len()), "{found:?}");
    assert_eq!(found, (COMBS + 1 - found.len() as u128..=COMBS).map(id).collect::<Vec<_>>());

    // In a gap between two teeth, as only an exact answer knows.
    let gap = outlined(201, &planned(&[block(0, 0)]), &[(3.5e-5, 0.02), (3.5e-5, 0.021), (4e-5, 0.021), (4e-5, 0.02)]);
    assert_eq!(missing(&mut desk_with_combs(COMBS), BLUE, &gap), [""; 0]);
}

/// An intent of a thousand extents, and one of one extent.
fn just_before(desk: &mut Desk, intents: u128) {
    let mut own: Vec<String> = Vec::new();
    for (number, extents) in (1..=intents).map(|number| (number, 1_000)).chain([(100, 1)]) {
        let known: Vec<&str> = own.iter().map(String::as_str).collect();
        let body = planned(&vec![block(0, 0); extents]).knowing(&known);
        own.push(ovn(&desk.done(RED, &put_intent(&id(number), None, &body))));
    }
}

#[test]
fn a_thousand_extents_that_just_miss_a_thousand_others_are_told_apart_while_they_are_few() {
    let behind = Place { start: Some(UtcNanos(minute(120).0 + 1)), end: Some(minute(180)), ..block(0, 0) };
    let ask = put_intent(&id(200), None, &planned(&vec![behind; 1_000]));
    let mut desk = Desk::default();
    just_before(&mut desk, 2);
    assert_eq!(missing(&mut desk, BLUE, &ask), [""; 0]);
    let mut desk = Desk::default();
    just_before(&mut desk, 5);
    // What is simple is exact still, and of equals the lowest ids are.
    assert_eq!(missing(&mut desk, BLUE, &ask), [id(4), id(5)]);
}

#[test]
fn what_counts_as_meeting_is_the_same_after_a_restart_and_a_replay() {
    let up = outlined(200, &planned(&[block(0, 0)]), &comb(0.0, 0.0, 0.05));
    let mut desk = desk_with_combs(COMBS);
    let before = missing(&mut desk, BLUE, &up);
    desk.machine = desk.machine.replayed();
    assert_eq!(missing(&mut desk, BLUE, &up), before);
    desk.machine.restart();
    assert_eq!(missing(&mut desk, BLUE, &up), before);
}
