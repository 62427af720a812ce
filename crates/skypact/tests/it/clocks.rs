//! Clocks that are off: two real nodes on exercise clocks, what is shown, rung and said to be clear.

use std::path::Path;
use std::time::Duration;

use crate::command_ground::{Ground, Node, WHERE, bell, pact, screen, skypact, succeed, until};

const OFFICER: [&str; 2] = ["--officer", "Duty officer"];

fn exit(arguments: &[&str]) -> Option<i32> {
    skypact(arguments).status.code()
}

/// The counterpart's clock as a node shows it.
fn counterpart(dir: &str) -> serde_json::Value {
    succeed(&["channel", "--dir", dir])["clocks"][0].clone()
}

fn until_it_is(dir: &str, state: &str) {
    until(&format!("{dir} finds that the counterpart's clock {state}"), || counterpart(dir)["state"] == state);
}

#[test]
fn nothing_is_clear_with_a_clock_that_is_off_and_it_is_when_the_clock_is_right_again() {
    let ground = Ground::new("clock-off");
    pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    bell(&red, "command = [\"cat\"]");
    let rang = || {
        let log = std::fs::read_to_string(Path::new(&red).join("alarms.log")).unwrap_or_default();
        log.lines().filter(|line| line.contains("\"clock-off\"") && line.contains("at least")).count()
    };
    let alone = Node::start_at(&red, "2099-04-07T00:00:00Z");
    assert_eq!(counterpart(&red)["state"], "not-measured");
    assert!(screen(&["channel", "--dir", &red]).contains("clock of BLUE: not measured"));
    drop(alone);
    let _red = Node::start_at(&red, "2099-04-07T00:00:00Z");
    let late = Node::start_at(&blue, "2099-04-06T23:59:51Z");
    until_it_is(&red, "off");
    until_it_is(&blue, "off");
    let (least, most) =
        (counterpart(&red)["least_ns"].as_i64().unwrap(), counterpart(&red)["most_ns"].as_i64().unwrap());
    assert!(least <= most && most < -5_000_000_000, "BLUE is behind: {least} to {most}");
    assert!(counterpart(&blue)["least_ns"].as_i64().unwrap() > 5_000_000_000, "RED is ahead of BLUE");

    until("BLUE answers, and it is unknown for the clock alone", || {
        let output = skypact(&["--json", "conflicts", "--dir", &red]);
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((output.status.code(), &said["state"]), (Some(11), &"UNKNOWN".into()));
        let codes: Vec<_> = said["unknown"].as_array().unwrap().iter().map(|reason| reason["code"].clone()).collect();
        codes == ["clock-off"]
    });
    let shown = String::from_utf8(skypact(&["conflicts", "--dir", &red]).stdout).unwrap();
    assert!(shown.contains("OFF: clock of BLUE") && shown.contains("run NTP"), "{shown}");
    assert_eq!(exit(&["conflicts", "--dir", &blue]), Some(11));
    assert_eq!(exit(&["plan", "check", "--dir", &red]), Some(11));
    let checked = skypact(&["--json", "plan", "check", "--dir", &red]).stdout;
    let checked: serde_json::Value = serde_json::from_slice(&checked).unwrap();
    assert_eq!((&checked["unknown"][0]["code"], &checked["plans"]), (&"clock-off".into(), &serde_json::json!([])));
    assert_eq!(exit(&["doctor", "--dir", &red]), Some(1));
    assert!(screen(&["inbox", "--dir", &red]).contains("clock of BLUE"));
    let when = ["--from", "2099-04-07T13:00:00Z", "--until", "2099-04-07T14:00:00Z"];
    let filed = screen(&[&["notice", "file", "--dir", &red][..], &OFFICER, &WHERE, &when].concat());
    assert!(filed.contains("filed") && filed.contains("UNKNOWN") && filed.contains("run NTP"), "{filed}");
    let filed = succeed(&[&["notice", "file", "--dir", &red][..], &OFFICER, &WHERE, &when].concat());
    assert!(filed[0]["leaf"].is_string() && filed[0]["unknown"][0]["code"] == "clock-off", "{filed}");
    until("the bell rings", || rang() == 1);

    drop(late);
    let shown = String::from_utf8(skypact(&["channel", "--dir", &red]).stdout).unwrap();
    let now = shown_time(&succeed(&["channel", "--dir", &red])["now_ns"]);
    assert!(shown.contains("clock of BLUE"), "{shown}");
    let _blue = Node::start_at(&blue, &now);
    until("it is clear again", || exit(&["conflicts", "--dir", &red]) == Some(0));
    until_it_is(&red, "within");
    take_the_watch(&red);
    assert_eq!(exit(&["doctor", "--dir", &red]), Some(0));
    assert_eq!(rang(), 1);
}

#[test]
fn a_clock_that_is_a_little_off_warns_and_leaves_clear_what_is_clear() {
    let ground = Ground::new("clock-warns");
    pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    let _red = Node::start_at(&red, "2099-04-07T00:00:00Z");
    let _blue = Node::start_at(&blue, "2099-04-07T00:00:03Z");
    until_it_is(&red, "warns");
    assert!(screen(&["channel", "--dir", &red]).contains("WARNING: clock of BLUE: at least"));
    until("it is clear", || exit(&["conflicts", "--dir", &red]) == Some(0));
    take_the_watch(&red);
    assert_eq!(exit(&["doctor", "--dir", &red]), Some(0));
}

/// An empty chair is a finding too.
fn take_the_watch(dir: &str) {
    succeed(&[&["watch", "take", "--dir", dir][..], &OFFICER].concat());
}

/// A time of the API as the command line takes it, to the second.
fn shown_time(ns: &serde_json::Value) -> String {
    let since_midnight_s = ns.as_i64().unwrap() / 1_000_000_000 % 86_400;
    let (minutes, seconds) = (since_midnight_s / 60, since_midnight_s % 60);
    format!("2099-04-07T{:02}:{:02}:{seconds:02}Z", minutes / 60, minutes % 60)
}

#[test]
fn a_witness_with_two_keys_in_the_pact_has_one_clock() {
    let ground = Ground::new("clock-names");
    pact(&ground);
    let (red, blue, witness) = (ground.path("red"), ground.path("blue"), ground.path("witness"));
    succeed(&["init", "--dir", &witness, "--witness", "witness.example"]);
    std::fs::remove_file(ground.path("red/pacts/east-river.pact")).unwrap();
    let (cards, out) =
        (["blue", "witness"].map(|name| ground.path(&format!("{name}/party.card"))), ground.path("two.toml"));
    let who = ["pact", "propose", "--dir", &red, "--with", &cards[0], "--name", "two-keys"];
    succeed(&[&who[..], &["--witness", &cards[1], "--out", &out]].concat());
    succeed(&["pact", "sign", "--dir", &blue, &out]);
    succeed(&["pact", "sign", "--dir", &red, &out]);
    let _red = Node::start(&red);
    let clocks = succeed(&["channel", "--dir", &red])["clocks"].clone();
    let names: Vec<_> = clocks.as_array().unwrap().iter().map(|clock| clock["name"].clone()).collect();
    assert_eq!(names, ["BLUE", "witness.example"]);
}

#[test]
fn what_a_node_measured_of_the_link_outlives_its_stops_and_is_apart_from_the_record() {
    let ground = Ground::new("link-health");
    pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    let measured = || {
        let health = succeed(&["health", "--dir", &red]);
        assert!(health["record"].is_array(), "{health}");
        health["measured"].as_array().unwrap().last().cloned().unwrap_or_default()
    };
    let count = |field: &str| measured()[field].as_i64().unwrap_or_default();
    let node = Node::start(&red);
    let other = Node::start(&blue);
    // BLUE may have been late: that is an outage, and counted below.
    until("BLUE answers", || count("up_ns") > 0);
    until("its clock is measured", || measured()["clocks"][0]["name"] == "BLUE");
    let outages = count("outages");
    drop(other);
    until("an outage of a second or more", || {
        count("longest_outage_ns") >= 1_000_000_000 && count("outages") > outages
    });
    let other = Node::start(&blue);
    let up_ns = count("up_ns");
    until("BLUE answers again", || count("up_ns") > up_ns);
    drop(other);
    until("a second outage", || count("outages") == outages + 2);
    assert!(screen(&["health", "--dir", &red]).contains("measured by the node of RED alone"));

    let before = measured();
    node.terminate();
    assert_eq!(node.ended().0, Some(0));
    std::thread::sleep(Duration::from_secs(1));
    let node = Node::start(&red);
    until("the new run is counted", || count("ran_ns") > before["ran_ns"].as_i64().unwrap());
    let after = measured();
    for field in ["up_ns", "longest_outage_ns", "outages", "absent_ns"] {
        assert!(after[field].as_i64() >= before[field].as_i64(), "{field}: {before} {after}");
    }
    assert!(
        after["absent_ns"].as_i64() > before["absent_ns"].as_i64(),
        "the second between the runs: {before} {after}"
    );

    // Killed: what was kept in the last minute is there.
    drop(node);
    let _node = Node::start(&red);
    assert!(count("outages") >= outages + 2 && count("up_ns") >= up_ns);
}
