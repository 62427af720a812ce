//! The scenarios of the mission: `skypact demo --scenario N` plays each with real processes, and ends with an error when a
//! fact is missing.

use crate::command_ground::{refuse, skypact};

fn holds(number: &str) {
    let output = skypact(&["demo", "--scenario", number, "--json"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let played: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(played[0]["facts"].as_array().unwrap().len() >= 5, "{text}");
}

#[test]
fn scenario_1_routine_day_holds() {
    holds("1");
}

#[test]
fn scenario_2_nine_kilometres_holds() {
    holds("2");
}

#[test]
fn scenario_3_empty_chair_holds() {
    holds("3");
}

#[test]
fn scenario_4_fifty_seconds_holds() {
    holds("4");
}

#[test]
fn scenario_5_convoy_holds() {
    holds("5");
}

#[test]
fn scenario_6_line_day_holds() {
    holds("6");
}

#[test]
fn scenario_7_incident_holds() {
    holds("7");
}

#[test]
fn scenario_8_suspension_holds() {
    holds("8");
}

#[test]
fn a_scenario_that_does_not_exist_is_named_with_those_that_do() {
    assert!(refuse(&["demo", "--scenario", "99"], 2, "field-invalid").contains("1 (Routine day)"));
}
