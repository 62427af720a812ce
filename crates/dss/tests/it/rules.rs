//! The rules of docs/dss.md, one after the other, by example.

use serde_json::{Value, json};
use skypact_airspace::UtcNanos;
use skypact_dss::Query;

use crate::desk::{
    ARBITER, BLUE, CITY, Desk, Party, RED, attached, between, block, everywhere, ovn, planned, refusal, subscribed,
    text, version,
};
use crate::requests::{
    Attach, Ground, IntentBody, Place, about, delete_constraint, delete_intent, delete_subscription, id, minute,
    put_constraint, put_intent, put_subscription, report, set_availability, time, uuid7,
};

const URL: &str = "https://uss.example.com";
const NIL_SUBSCRIPTION: &str = "00000000-0000-4000-8000-000000000000";

fn intent(number: u128) -> Query {
    Query::OperationalIntent(id(number).parse().expect("an id"))
}

fn subscription(text: &str) -> Query {
    Query::Subscription(text.parse().expect("an id"))
}

#[test]
fn rule_1_a_new_intent_is_accepted_and_states_lead_only_where_they_may() {
    let states = ["Accepted", "Activated", "Nonconforming", "Contingent"];
    for state in &states[1..] {
        let new = put_intent(&id(1), None, &subscribed(&[block(0, 0)]).in_state(state));
        assert_eq!(Desk::default().refused(RED, &new), refusal(400, "state-not-initial"), "{state}");
    }
    let leads_to = [&states[..], &states[1..], &states[1..], &states[3..]];
    for (from, allowed) in states.into_iter().zip(leads_to) {
        for to in states {
            let mut desk = Desk::default();
            let first = ovn(&desk.done(RED, &put_intent(&id(1), None, &subscribed(&[block(0, 0)]))));
            let body = subscribed(&[block(0, 0)]).in_state(from);
            let then = ovn(&desk.done(RED, &put_intent(&id(1), Some(&first), &body)));
            let answer = desk.ask(RED, &put_intent(&id(1), Some(&then), &body.in_state(to)));
            assert_eq!(answer.is_ok(), allowed.contains(&to), "{from} to {to}");
        }
    }
}

#[test]
fn rule_1_states_off_the_plan_need_the_scope_of_conformance_monitoring() {
    for (state, code) in [("Activated", None), ("Nonconforming", Some(403)), ("Contingent", Some(403))] {
        let mut desk = Desk::default();
        let planner = RED.with_scopes("utm.strategic_coordination");
        let first = ovn(&desk.done(planner, &put_intent(&id(1), None, &subscribed(&[block(0, 0)]))));
        let off = put_intent(&id(1), Some(&first), &subscribed(&[block(0, 0)]).in_state(state));
        match code {
            None => drop(desk.done(planner, &off)),
            Some(status) => assert_eq!(desk.refused(planner, &off), refusal(status, "field-scope-missing"), "{state}"),
        }
        desk.done(RED, &delete_intent(&id(1), &current_ovn(&desk, RED, 1)));
    }
}

fn current_ovn(desk: &Desk, party: Party, number: u128) -> String {
    ovn(&desk.look(party, &intent(number)).expect("it is there"))
}

#[test]
fn rule_2_the_callers_own_intents_count_and_more_ovns_do_no_harm() {
    let mut desk = Desk::default();
    let first = ovn(&desk.done(RED, &put_intent(&id(1), None, &planned(&[block(0, 0)]))));
    let second = planned(&[block(0, 0)]);
    assert_eq!(desk.refused(RED, &put_intent(&id(2), None, &second)), refusal(409, "missing-ovns"));
    let elsewhere = ovn(&desk.done(BLUE, &put_intent(&id(3), None, &planned(&[block(8, 8)]))));
    desk.done(RED, &put_intent(&id(2), None, &second.knowing(&[&elsewhere, "never-an-ovn-of-ours", &first])));
    // An intent does not stand in its own way, and what is off the plan needs no key.
    let known = planned(&[block(0, 0)]).knowing(&[&current_ovn(&desk, RED, 2)]);
    let updated = ovn(&desk.done(RED, &put_intent(&id(1), Some(&first), &known)));
    desk.done(RED, &put_intent(&id(1), Some(&updated), &subscribed(&[block(0, 0)]).in_state("Nonconforming")));
}

#[test]
fn rule_2_the_ovn_of_an_earlier_version_is_not_enough() {
    let mut desk = Desk::default();
    let first = ovn(&desk.done(RED, &put_intent(&id(1), None, &planned(&[block(0, 0)]))));
    let moved = ovn(&desk.done(RED, &put_intent(&id(1), Some(&first), &planned(&[block(0, 0)]))));
    let other = planned(&[block(0, 0)]);
    let stale = put_intent(&id(2), None, &other.clone().knowing(&[&first]));
    assert_eq!(desk.refused(BLUE, &stale), refusal(409, "missing-ovns"));
    desk.done(BLUE, &put_intent(&id(2), None, &other.knowing(&[&moved])));
}

#[test]
fn rule_2_what_a_uss_that_is_down_only_planned_may_be_planned_over() {
    let mut desk = Desk::default();
    desk.done(RED, &put_intent(&id(1), None, &planned(&[block(0, 0)])));
    let other = ovn(&desk.done(RED, &put_intent(&id(2), None, &subscribed(&[block(4, 4)]))));
    desk.done(RED, &put_intent(&id(2), Some(&other), &subscribed(&[block(4, 4)]).in_state("Activated")));
    desk.done(ARBITER, &set_availability("red", "Down", ""));
    desk.done(BLUE, &put_intent(&id(3), None, &planned(&[block(0, 0)])));
    let over_active = put_intent(&id(4), None, &planned(&[block(4, 4)]));
    assert_eq!(desk.refused(BLUE, &over_active), refusal(409, "missing-ovns"));
}

#[test]
fn rule_3_constraints_are_needed_if_and_only_if_the_subscription_notifies_of_them() {
    for (notify_for_constraints, needed) in [(false, false), (true, true)] {
        let mut desk = Desk::default();
        let constraint = ovn(&desk.done(CITY, &put_constraint(&id(9), None, &[block(0, 0)], URL)));
        desk.done(RED, &put_subscription(&id(21), None, &everywhere(), URL, [true, notify_for_constraints]));
        let implicit = IntentBody { attach: Attach::Implicit { notify_for_constraints }, ..planned(&[block(0, 0)]) };
        let explicit = planned(&[block(0, 0)]).attached_to(&id(21));
        for body in [implicit, explicit] {
            let unknowing = put_intent(&id(1), None, &body);
            if needed {
                assert_eq!(desk.refused(RED, &unknowing), refusal(409, "missing-ovns"));
            }
            let known = if needed { body.knowing(&[&constraint]) } else { body };
            let given = ovn(&desk.done(RED, &put_intent(&id(1), None, &known)));
            desk.done(RED, &delete_intent(&id(1), &given));
        }
    }
}

#[test]
fn rule_4_a_conflict_lists_what_is_missing_and_shows_ovns_to_their_managers_alone() {
    let mut desk = Desk::default();
    let own = ovn(&desk.done(RED, &put_intent(&id(1), None, &planned(&[block(0, 0)]))));
    let known = planned(&[block(0, 0)]).knowing(&[&own]);
    let others = ovn(&desk.done(BLUE, &put_intent(&id(2), None, &known)));
    desk.done(CITY, &put_constraint(&id(9), None, &[block(0, 0)], URL));
    let body = IntentBody { attach: Attach::Implicit { notify_for_constraints: true }, ..planned(&[block(0, 0)]) };
    let refused = desk.ask(RED, &put_intent(&id(3), None, &body)).expect_err("nothing is known");
    let missing = refused.missing.expect("a conflict of keys");
    let shown = |list: &str| -> Vec<(String, String)> {
        let list = missing[list].as_array().expect("a list");
        list.iter().map(|reference| (text(&reference["id"]), text(&reference["ovn"]))).collect()
    };
    let hidden = "Available from USS".to_owned();
    assert_eq!(shown("missing_operational_intents"), [(id(1), own), (id(2), hidden.clone())]);
    assert_eq!(shown("missing_constraints"), [(id(9), hidden.clone())]);
    assert_eq!(current_ovn(&desk, BLUE, 2), others);
    assert_eq!(current_ovn(&desk, RED, 2), hidden);
}

#[test]
fn rule_5_priority_is_not_the_dss_s() {
    let mut desk = Desk::default();
    desk.done(RED, &put_intent(&id(1), None, &planned(&[block(0, 0)])));
    let urgent = put_intent(&id(2), None, &planned(&[block(0, 0)])).with("priority", json!(100));
    assert_eq!(desk.refused(BLUE, &urgent), refusal(409, "missing-ovns"));
    assert_eq!(desk.look(RED, &intent(1)).expect("there")["operational_intent_reference"].get("priority"), None);
}

#[test]
fn rule_6_the_manager_before_the_ovn_but_the_version_before_the_manager() {
    let (mut desk, wrong) = (Desk::default(), id(77));
    let first = ovn(&desk.done(RED, &put_intent(&id(1), None, &planned(&[block(0, 0)]))));
    let constraint = ovn(&desk.done(CITY, &put_constraint(&id(9), None, &[block(0, 0)], URL)));
    let held = version(&desk.done(RED, &put_subscription(&id(21), None, &everywhere(), URL, [true, false])));
    let village = Party { name: "village", ..CITY };
    for given in [&wrong, &first] {
        assert_eq!(desk.refused(BLUE, &delete_intent(&id(1), given)), refusal(403, "other-manager"));
        let put = put_intent(&id(1), Some(given), &planned(&[block(0, 0)]));
        assert_eq!(desk.refused(BLUE, &put), refusal(403, "other-manager"));
    }
    for given in [&wrong, &constraint] {
        assert_eq!(desk.refused(village, &delete_constraint(&id(9), given)), refusal(403, "other-manager"));
    }
    assert_eq!(desk.refused(RED, &delete_intent(&id(1), &wrong)), refusal(409, "version-mismatch"));
    assert_eq!(desk.refused(CITY, &delete_constraint(&id(9), &wrong)), refusal(409, "version-mismatch"));
    for (given, expected) in [(&wrong, refusal(409, "version-mismatch")), (&held, refusal(403, "other-manager"))] {
        assert_eq!(desk.refused(BLUE, &delete_subscription(&id(21), given)), expected);
        let put = put_subscription(&id(21), Some(given), &everywhere(), URL, [true, false]);
        assert_eq!(desk.refused(BLUE, &put), expected);
    }
}

#[test]
fn rule_7_what_exists_is_not_created_and_what_does_not_exist_is_not_changed() {
    let (mut desk, wrong) = (Desk::default(), id(77));
    let puts = |version: Option<&str>| {
        [
            (RED, put_intent(&id(1), version, &planned(&[block(0, 0)]))),
            (CITY, put_constraint(&id(9), version, &[block(0, 0)], URL)),
            (RED, put_subscription(&id(21), version, &everywhere(), URL, [true, false])),
        ]
    };
    let missing = [(400, "nothing-to-update"), (409, "version-mismatch"), (409, "version-mismatch")];
    for ((party, update), (status, code)) in puts(Some(&wrong)).into_iter().zip(missing) {
        assert_eq!(desk.refused(party, &update), refusal(status, code));
    }
    let deletes = [
        (RED, delete_intent(&id(1), &wrong)),
        (CITY, delete_constraint(&id(9), &wrong)),
        (RED, delete_subscription(&id(21), &wrong)),
    ];
    for (party, delete) in deletes {
        assert_eq!(desk.refused(party, &delete), refusal(404, "not-found"));
    }
    for (party, create) in puts(None) {
        desk.done(party, &create);
        assert_eq!(desk.refused(party, &create), refusal(409, "exists"));
    }
}

#[test]
fn rule_8_a_subscription_is_one_that_exists_or_a_new_one_or_for_accepted_none() {
    let mut desk = Desk::default();
    let both = put_intent(&id(1), None, &subscribed(&[block(0, 0)])).with("subscription_id", json!(id(21)));
    assert_eq!(both.parse(), Err("two-subscriptions"));
    let unknown = put_intent(&id(1), None, &planned(&[block(0, 0)]).attached_to(&id(21)));
    assert_eq!(desk.refused(RED, &unknown), refusal(400, "subscription-unknown"));
    let answer = desk.done(RED, &put_intent(&id(1), None, &planned(&[block(0, 0)])));
    assert_eq!(attached(&answer), NIL_SUBSCRIPTION);
    for state in ["Activated", "Nonconforming", "Contingent"] {
        let without = put_intent(&id(1), Some(&ovn(&answer)), &planned(&[block(0, 0)]).in_state(state));
        assert_eq!(desk.refused(RED, &without), refusal(400, "subscription-required"), "{state}");
    }
}

#[test]
fn rule_9_an_implicit_subscription_covers_its_dependents_and_goes_with_the_last() {
    let mut desk = Desk::default();
    let long = between(block(0, 0), 60, 60 + 48 * 60);
    let first = desk.done(RED, &put_intent(&id(1), None, &subscribed(&[long])));
    let implicit = attached(&first);
    let later = between(block(4, 4), 30, 4_000);
    let second = desk.done(RED, &put_intent(&id(2), None, &planned(&[later]).attached_to(&implicit)));
    let seen = desk.look(RED, &subscription(&implicit)).expect("it is there");
    let held = &seen["subscription"];
    assert_eq!(held["implicit_subscription"], json!(true));
    assert_eq!([&held["time_start"], &held["time_end"]], [&time(minute(30)), &time(minute(4_000))]);
    assert_eq!(held["dependent_operational_intents"], json!([id(1), id(2)]));
    desk.done(RED, &delete_intent(&id(2), &ovn(&second)));
    let seen = desk.look(RED, &subscription(&implicit)).expect("one still depends on it");
    assert_eq!(seen["subscription"]["time_end"], time(minute(60 + 48 * 60)));
    desk.done(RED, &delete_intent(&id(1), &ovn(&first)));
    assert_eq!(desk.look(RED, &subscription(&implicit)), Err(refusal(404, "not-found")));
}

#[test]
fn rule_9_a_put_makes_an_implicit_subscription_the_clients_own() {
    let mut desk = Desk::default();
    let first = desk.done(RED, &put_intent(&id(1), None, &subscribed(&[block(0, 0)])));
    let implicit = attached(&first);
    let held = version(&desk.look(RED, &subscription(&implicit)).expect("it is there"));
    let own = desk.done(RED, &put_subscription(&implicit, Some(&held), &everywhere(), URL, [true, false]));
    assert_eq!(own["subscription"]["implicit_subscription"], json!(false));
    desk.done(RED, &delete_intent(&id(1), &ovn(&first)));
    desk.look(RED, &subscription(&implicit)).expect("it stays");
}

#[test]
fn rule_9_an_explicit_subscription_must_cover_the_intent_when_it_is_attached() {
    let wide = Place { lower_m: Some(0), upper_m: Some(100), ..between(everywhere(), 60, 120) };
    let cases = [
        (Place { ground: Ground::Block { north: 24, east: 0, size: 3 }, ..block(0, 0) }, false),
        (Place { upper_m: Some(101), ..block(0, 0) }, false),
        (between(block(0, 0), 59, 120), false),
        (between(block(0, 0), 60, 121), false),
        (block(0, 0), true),
    ];
    for (place, covered) in cases {
        let mut desk = Desk::default();
        desk.done(RED, &put_subscription(&id(21), None, &wide, URL, [true, false]));
        // One of two extents is enough to be refused.
        let put = put_intent(&id(1), None, &planned(&[block(2, 2), place]).attached_to(&id(21)));
        let refused = desk.ask(RED, &put).err().map(|refusal| refusal.code);
        assert_eq!(refused.as_deref(), (!covered).then_some("subscription-coverage"), "{place:?}");
    }
}

#[test]
fn rule_10_explicit_subscriptions_last_a_day_at_most_and_start_about_now() {
    let day = 24 * 60;
    let put = |place: &Place| put_subscription(&id(21), None, place, URL, [true, false]);
    let mut desk = Desk::default();
    let answer = desk.done(RED, &put(&everywhere()));
    let held = &answer["subscription"];
    assert_eq!([&held["time_start"], &held["time_end"]], [&time(minute(0)), &time(minute(day))]);
    let after = |minutes, ns| Some(UtcNanos(minute(minutes).0 + ns));
    for (start, end, code) in [
        (after(-5, 0), after(day - 5, 0), None),
        (after(-5, -1), after(60, 0), Some("time-start-in-past")),
        (after(0, 1), after(day, 1), None),
        (after(0, 0), after(day, 1), Some("subscription-too-long")),
        (after(-4, 0), after(0, 0), None),
        (after(-4, 0), after(0, -1), Some("time-end-in-past")),
    ] {
        let refused = Desk::default().ask(RED, &put(&Place { start, end, ..everywhere() })).err();
        assert_eq!(refused.map(|refusal| refusal.code).as_deref(), code, "{start:?} {end:?}");
    }
    let no_trigger = put_subscription(&id(21), None, &everywhere(), URL, [false, false]);
    assert_eq!(no_trigger.parse(), Err("no-notification-trigger"));
}

#[test]
fn rule_10_what_depends_on_a_subscription_stays_covered_and_keeps_it() {
    let mut desk = Desk::default();
    let held = version(&desk.done(RED, &put_subscription(&id(21), None, &everywhere(), URL, [true, false])));
    let intent = desk.done(RED, &put_intent(&id(1), None, &planned(&[block(0, 0)]).attached_to(&id(21))));
    let smaller = Place { ground: Ground::Block { north: 1, east: 1, size: 20 }, ..everywhere() };
    let lower = Place { upper_m: Some(99), ..everywhere() };
    let shorter = Place { end: Some(minute(119)), ..everywhere() };
    for place in [smaller, lower, shorter] {
        let shrunk = put_subscription(&id(21), Some(&held), &place, URL, [true, false]);
        assert_eq!(desk.refused(RED, &shrunk), refusal(400, "subscription-coverage"), "{place:?}");
    }
    assert_eq!(desk.refused(RED, &delete_subscription(&id(21), &held)), refusal(400, "subscription-dependents"));
    assert_eq!(desk.refused(RED, &delete_subscription(&id(21), "")), refusal(400, "version-missing"));
    let later = between(everywhere(), 62, 200);
    let later = put_subscription(&id(21), Some(&held), &later, URL, [true, false]);
    assert_eq!(desk.refused(RED, &later), refusal(400, "subscription-coverage"), "it leaves out a minute and more");
    // What is past need not be covered: no subscription starts in the past.
    desk.minutes = 90;
    let renewed = Place { start: Some(minute(90)), end: Some(minute(200)), ..everywhere() };
    let renewed = desk.done(RED, &put_subscription(&id(21), Some(&held), &renewed, URL, [true, false]));
    desk.done(RED, &delete_intent(&id(1), &ovn(&intent)));
    desk.done(RED, &delete_subscription(&id(21), &version(&renewed)));
}

#[test]
fn rule_10_a_subscription_that_is_over_does_not_show_and_its_id_is_free() {
    let mut desk = Desk::default();
    let short = between(everywhere(), 0, 60);
    let held = version(&desk.done(RED, &put_subscription(&id(21), None, &short, URL, [true, false])));
    desk.minutes = 60;
    desk.look(RED, &subscription(&id(21))).expect("its last instant belongs to it");
    desk.minutes = 61;
    assert_eq!(desk.look(RED, &subscription(&id(21))), Err(refusal(404, "not-found")));
    let found = desk.look(RED, &about(Query::Subscriptions, &everywhere())).expect("an answer");
    assert_eq!(found, json!({ "subscriptions": [] }));
    assert_eq!(desk.refused(RED, &delete_subscription(&id(21), &held)), refusal(404, "not-found"));
    desk.done(BLUE, &put_subscription(&id(21), None, &everywhere(), URL, [true, false]));
}

#[test]
fn rule_11_extents_are_bounded_and_not_over_but_the_past_can_be_asked_about() {
    for field in ["altitude_lower", "altitude_upper"] {
        let open = Place {
            lower_m: Some(0).filter(|_| field != "altitude_lower"),
            upper_m: Some(100).filter(|_| field != "altitude_upper"),
            ..block(0, 0)
        };
        assert_eq!(put_intent(&id(1), None, &planned(&[open])).parse(), Err("field-missing"), "{field}");
    }
    let endless = Place { end: None, ..block(0, 0) };
    assert_eq!(put_intent(&id(1), None, &planned(&[endless])).parse(), Err("field-missing"));
    let mut desk = Desk::default();
    desk.done(RED, &put_intent(&id(1), None, &planned(&[block(0, 0)])));
    desk.minutes = 120;
    desk.done(RED, &put_intent(&id(2), None, &planned(&[block(4, 4)])));
    desk.minutes = 121;
    let over = put_intent(&id(3), None, &planned(&[block(8, 8)]));
    assert_eq!(desk.refused(RED, &over), refusal(400, "time-end-in-past"));
    // A part of a flight that is over may stay in its operational intent.
    let later = between(block(12, 12), 121, 180);
    desk.done(RED, &put_intent(&id(4), None, &planned(&[block(8, 8), later])));
    // Operational intents do not expire.
    let found = desk.look(RED, &about(Query::OperationalIntents, &between(everywhere(), 60, 61))).expect("an answer");
    assert_eq!(found["operational_intent_references"].as_array().map(Vec::len), Some(3));
}

#[test]
fn rule_12_an_extent_over_2500_km2_is_refused_and_a_constraint_has_10000() {
    // On a sphere of the Earth's size these have 2,110, 3,420, 9,420 and 13,500 km2.
    let of = |size| Place { ground: Ground::Block { north: 0, east: 0, size }, ..block(0, 0) };
    let (fits, too_large) = (of(50 - 2), of(64));
    let (fits_constraint, too_large_constraint) = (of(105), of(130));
    let mut desk = Desk::default();
    let large = refusal(400, "area-too-large");
    assert_eq!(desk.refused(RED, &put_intent(&id(1), None, &planned(&[block(0, 0), too_large]))), large);
    let put = |place: &Place| put_subscription(&id(21), None, &Place { start: None, ..*place }, URL, [true, false]);
    assert_eq!(desk.refused(RED, &put(&too_large)), large);
    assert_eq!(desk.look(RED, &about(Query::OperationalIntents, &too_large)), Err(large.clone()));
    assert_eq!(desk.refused(CITY, &put_constraint(&id(9), None, &[too_large_constraint], URL)), large);
    desk.done(RED, &put(&fits));
    desk.done(CITY, &put_constraint(&id(9), None, &[fits_constraint], URL));
    desk.done(RED, &put_intent(&id(1), None, &planned(&[fits])));
}

/// Subscription ids and indices of those to notify, as the answer has them.
fn notified(answer: &Value) -> Vec<(String, i64)> {
    let subscribers = answer["subscribers"].as_array().expect("a list");
    let states = subscribers.iter().flat_map(|subscriber| subscriber["subscriptions"].as_array().expect("a list"));
    states
        .map(|state| (text(&state["subscription_id"]), state["notification_index"].as_i64().expect("a number")))
        .collect()
}

#[test]
fn rule_13_the_index_is_the_one_after_and_old_and_new_area_and_own_subscriptions_count() {
    let mut desk = Desk::default();
    let open = |north, east| Place { start: None, ..block(north, east) };
    let put = |number, place: &Place, triggers| put_subscription(&id(number), None, place, URL, triggers);
    let first = desk.done(RED, &put(21, &open(0, 0), [true, false]));
    assert_eq!(first["subscription"]["notification_index"], json!(0));
    desk.done(BLUE, &put(22, &open(4, 4), [true, true]));
    desk.done(BLUE, &put(23, &open(0, 0), [false, true]));
    let new = desk.done(RED, &put_intent(&id(1), None, &planned(&[block(0, 0)])));
    assert_eq!(notified(&new), [(id(21), 1)]);
    let moved = desk.done(RED, &put_intent(&id(1), Some(&ovn(&new)), &planned(&[block(4, 4)])));
    assert_eq!(notified(&moved), [(id(21), 2), (id(22), 1)]);
    let constraint = desk.done(CITY, &put_constraint(&id(9), None, &[block(0, 0), block(4, 4)], URL));
    assert_eq!(notified(&constraint), [(id(22), 2), (id(23), 1)]);
    let ended = desk.done(RED, &delete_intent(&id(1), &ovn(&moved)));
    assert_eq!(notified(&ended), [(id(22), 3)]);
    let gone = desk.done(CITY, &delete_constraint(&id(9), &ovn(&constraint)));
    assert_eq!(notified(&gone), [(id(22), 4), (id(23), 2)]);
}

#[test]
fn rule_14_availability_is_unknown_until_said_and_changes_from_the_current_version() {
    let mut desk = Desk::default();
    let look = |desk: &Desk| desk.look(RED, &Query::UssAvailability("blue".to_owned())).expect("an answer");
    assert_eq!(look(&desk), json!({ "version": "", "status": { "uss": "blue", "availability": "Unknown" } }));
    let mismatch = refusal(409, "availability-version-mismatch");
    assert_eq!(desk.refused(ARBITER, &set_availability("blue", "Down", "1")), mismatch);
    let said = desk.done(ARBITER, &set_availability("blue", "down", ""));
    assert_eq!(said["status"]["availability"], json!("Down"));
    assert_eq!(desk.refused(ARBITER, &set_availability("blue", "Normal", "")), mismatch);
    let another = Party { name: "another arbiter", ..ARBITER };
    let again = desk.done(another, &set_availability("blue", "Normal", &text(&said["version"])));
    assert_eq!(look(&desk), again);
}

#[test]
fn rule_14_a_uss_that_is_down_neither_plans_nor_deletes() {
    let mut desk = Desk::default();
    let first = ovn(&desk.done(BLUE, &put_intent(&id(1), None, &subscribed(&[block(0, 0)]))));
    desk.done(ARBITER, &set_availability("blue", "Down", ""));
    let down = refusal(412, "uss-down");
    assert_eq!(desk.refused(BLUE, &put_intent(&id(2), None, &planned(&[block(4, 4)]))), down);
    let put = |state| put_intent(&id(1), Some(&first), &subscribed(&[block(0, 0)]).in_state(state));
    assert_eq!(desk.refused(BLUE, &put("Accepted")), down);
    assert_eq!(desk.refused(BLUE, &put("Activated")), down);
    assert_eq!(desk.refused(BLUE, &delete_intent(&id(1), &first)), down);
    desk.done(BLUE, &put("Contingent"));
    desk.done(RED, &put_intent(&id(3), None, &planned(&[block(8, 8)])));
}

#[test]
fn rule_15_a_requested_ovn_is_fresh_and_never_given_twice() {
    let mut desk = Desk::default();
    let body = |suffix: &str| IntentBody { ovn_suffix: Some(suffix.to_owned()), ..planned(&[block(0, 0)]) };
    for (minutes, ms, fits) in [(-5, 0, true), (5, 0, true), (-5, -1, false), (5, 1, false)] {
        let made = UtcNanos(minute(minutes).0 + ms * 1_000_000);
        let put = put_intent(&id(1), None, &body(&uuid7(made, 1)));
        let refused = Desk::default().ask(RED, &put).err().map(|refusal| refusal.code);
        assert_eq!(refused.as_deref(), (!fits).then_some("ovn-suffix-time"), "{made:?}");
    }
    let no_version_7 = put_intent(&id(1), None, &body(&id(5)));
    assert_eq!(no_version_7.parse(), Err("field-invalid"));
    let suffix = uuid7(desk.now(), 1);
    let first = ovn(&desk.done(RED, &put_intent(&id(1), None, &body(&suffix))));
    assert_eq!(first, format!("{}_{suffix}", id(1)));
    assert_eq!(desk.refused(RED, &put_intent(&id(1), Some(&first), &body(&suffix))), refusal(409, "ovn-used"));
    desk.done(RED, &delete_intent(&id(1), &first));
    desk.minutes = 5;
    assert_eq!(desk.refused(BLUE, &put_intent(&id(1), None, &body(&suffix))), refusal(409, "ovn-used"));
    // The same suffix makes another OVN for another intent.
    desk.done(RED, &put_intent(&id(2), None, &body(&suffix)));
}

#[test]
fn rule_17_each_endpoint_and_each_trigger_needs_its_scope() {
    const STRATEGIC: &str = "utm.strategic_coordination";
    const CONFORMANCE: &str = "utm.conformance_monitoring_sa";
    const PROCESSING: &str = "utm.constraint_processing";
    const MANAGEMENT: &str = "utm.constraint_management";
    const ARBITRATION: &str = "utm.availability_arbitration";
    let subscribe = |triggers| put_subscription(&id(21), None, &everywhere(), URL, triggers);
    let none = || refusal(403, "scope-missing");
    let trigger = || refusal(403, "field-scope-missing");
    let implicit = IntentBody { attach: Attach::Implicit { notify_for_constraints: true }, ..planned(&[block(0, 0)]) };
    let cases = [
        (put_intent(&id(1), None, &planned(&[block(0, 0)])), [None, None, Some(none()), Some(none()), Some(none())]),
        (
            put_intent(&id(1), None, &implicit),
            [Some(trigger()), Some(trigger()), Some(none()), Some(none()), Some(none())],
        ),
        (
            put_constraint(&id(9), None, &[block(0, 0)], URL),
            [Some(none()), Some(none()), Some(none()), None, Some(none())],
        ),
        (subscribe([true, false]), [None, Some(none()), Some(trigger()), Some(none()), Some(none())]),
        (subscribe([false, true]), [Some(trigger()), Some(none()), None, Some(none()), Some(none())]),
        (set_availability("red", "Down", ""), [Some(none()), Some(none()), Some(none()), Some(none()), None]),
        (report(URL), [None, None, None, None, None]),
    ];
    for (asked, refusals) in cases {
        for (scope, refused) in [STRATEGIC, CONFORMANCE, PROCESSING, MANAGEMENT, ARBITRATION].into_iter().zip(refusals)
        {
            let mut desk = Desk::default();
            match refused {
                None => drop(desk.done(RED.with_scopes(scope), &asked)),
                Some(refused) => {
                    assert_eq!(desk.refused(RED.with_scopes(scope), &asked), refused, "{scope}: {asked:?}");
                }
            }
            assert_eq!(desk.refused_without_scopes(&asked), refusal(403, "scope-missing"));
        }
    }
}

#[test]
fn rule_19_touching_counts_and_what_lies_between_two_volumes_does_not() {
    let held = [block(0, 0), Place { lower_m: Some(200), upper_m: Some(300), ..between(block(4, 4), 180, 240) }];
    let cases = [
        (block(0, 1), true),
        (block(1, 1), true),
        (Place { lower_m: Some(100), upper_m: Some(150), ..block(0, 0) }, true),
        (between(block(0, 0), 120, 130), true),
        // In the box around both, in the altitudes and the times of both, and yet in neither.
        (between(block(2, 2), 60, 240), false),
        (Place { lower_m: Some(101), upper_m: Some(199), ..block(0, 0) }, false),
        (between(block(0, 0), 121, 179), false),
        (between(block(4, 4), 60, 120), false),
    ];
    for (place, meets) in cases {
        let mut desk = Desk::default();
        desk.done(RED, &put_intent(&id(1), None, &planned(&held)));
        let put = put_intent(&id(2), None, &planned(std::slice::from_ref(&place)));
        assert_eq!(desk.ask(BLUE, &put).is_err(), meets, "{place:?}");
    }
}

#[test]
fn rule_19_dates_far_ahead_and_long_constraints_are_taken() {
    let years = 40 * 365 * 24 * 60;
    let mut desk = Desk::default();
    desk.done(RED, &put_intent(&id(1), None, &planned(&[between(block(0, 0), years, years + 60)])));
    desk.done(CITY, &put_constraint(&id(9), None, &[between(block(0, 0), 0, years)], URL));
}

#[test]
fn rule_20_times_keep_their_nanoseconds() {
    let (start, end) = (UtcNanos(minute(60).0 + 1), UtcNanos(minute(61).0 + 2));
    let place = Place { start: Some(start), end: Some(end), ..block(0, 0) };
    let mut desk = Desk::default();
    let answer = desk.done(RED, &put_intent(&id(1), None, &planned(&[place])));
    let reference = &answer["operational_intent_reference"];
    assert_eq!(reference["time_start"]["value"], json!("2026-03-01T13:00:00.000000001Z"));
    assert_eq!(reference["time_end"]["value"], json!("2026-03-01T13:01:00.000000002Z"));
    let just_after = between(block(0, 0), 61, 70);
    let just_after = Place { start: Some(UtcNanos(end.0 + 1)), ..just_after };
    desk.done(BLUE, &put_intent(&id(2), None, &planned(&[just_after])));
    let still = between(block(0, 0), 61, 70);
    assert_eq!(desk.refused(BLUE, &put_intent(&id(3), None, &planned(&[still]))), refusal(409, "missing-ovns"));
}
