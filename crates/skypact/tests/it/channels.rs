//! A node with two channels: what needs an act is shown of both at once, and nothing is done in one that was not named.

use crate::command_ground::{Ground, Node, WHERE, pact, refuse, screen, second_pact, skypact, succeed, until};

const OFFICER: [&str; 2] = ["--officer", "Duty officer"];

#[test]
fn the_inbox_and_the_stops_of_all_channels_are_shown_at_once() {
    let ground = Ground::new("channels");
    pact(&ground);
    second_pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    let _nodes = [Node::start(&red), Node::start(&blue)];
    for (channel, what) in [("east-river", "KOBALT 21"), ("west-river", "battery 4")] {
        succeed(&[&["stop", "call", what, "--dir", &blue, "--channel", channel][..], &OFFICER].concat());
    }
    let stops = |more: &[&str]| {
        let output = skypact(&[&["stop", "--dir", &red], more].concat());
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    until("RED sees both", || stops(&[]).1.contains("KOBALT 21") && stops(&[]).1.contains("battery 4"));
    let (code, text) = stops(&[]);
    assert!(code == Some(1) && text.contains("east-river:\nSTOP ") && text.contains("west-river:\nSTOP "), "{text}");
    let inbox = screen(&["inbox", "--dir", &red]);
    assert!(inbox.contains("east-river:\nSTOP ") && inbox.contains("west-river:\nSTOP "), "{inbox}");
    let both = succeed(&["inbox", "--dir", &red]);
    assert_eq!(both["west-river"]["stops"][0]["what"], "battery 4");

    let (code, text) = stops(&["--channel", "west-river"]);
    assert!(code == Some(1) && text.starts_with("STOP ") && !text.contains("KOBALT 21"), "{text}");
    assert_eq!(succeed(&["inbox", "--dir", &red, "--channel", "west-river"])["stops"][0]["what"], "battery 4");
    let told = refuse(&["inbox", "--dir", &red, "--channel", "north"], 2, "channel-unknown");
    assert!(told.contains("east-river, west-river"), "{told}");
    let nowhere = [&["stop", "call", "all", "--dir", &red][..], &OFFICER].concat();
    refuse(&nowhere, 2, "channel-unknown");
    let id = both["west-river"]["stops"][0]["id"].as_str().unwrap();
    succeed(&[&["stop", "ceased", &id[..10], "--dir", &red][..], &OFFICER].concat());
    assert_eq!(stops(&[]).0, Some(1), "the other one escalates");
    let lift = [&["stop", "lift", "--dir", &blue][..], &OFFICER].concat();
    let first = both["east-river"]["stops"][0]["id"].as_str().unwrap();
    refuse(&[&lift[..], &["000000"]].concat(), 2, "id-unknown");
    refuse(&[&lift[..], &[&first[..10], "--channel", "west-river"]].concat(), 2, "id-unknown");
    succeed(&[&lift[..], &[&first[..10]]].concat());
    until("nothing escalates in either", || stops(&[]).0 == Some(0));
}

#[test]
fn an_id_finds_its_channel_and_lists_show_every_channel() {
    let ground = Ground::new("channels-by-id");
    pact(&ground);
    second_pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    let _nodes = [Node::start(&red), Node::start(&blue)];
    let officer = |dir: &str, args: &[&str]| succeed(&[args, &["--dir", dir], &OFFICER].concat());
    let when = ["--from", "2099-04-07T12:00:00Z", "--until", "2099-04-07T13:00:00Z"];
    let file = |dir: &str, channel: &str, name: &str| {
        let what = [&["notice", "file", "--channel", channel, "--call-sign", name][..], &WHERE, &when].concat();
        officer(dir, &what)[0]["leaf"].as_str().unwrap().to_owned()
    };
    let (own, theirs) = (file(&red, "west-river", "KOBALT 21"), file(&blue, "west-river", "MIRA 4"));
    file(&red, "east-river", "KOBALT 40");
    until("RED has the conflict", || skypact(&["conflicts", "--dir", &red]).status.code() == Some(10));

    let proposed = officer(&red, &["conflicts", "retime", &own[..10], "--shift", "4h"]);
    let proposal = proposed[0]["leaf"].as_str().unwrap();
    until("BLUE has the proposal", || screen(&["inbox", "--dir", &blue]).contains(&proposal[..10]));
    officer(&blue, &["conflicts", "accept", &proposal[..10]]);
    until("RED has the acceptance", || screen(&["inbox", "--dir", &red]).contains("conflicts apply"));
    officer(&red, &["conflicts", "apply", &proposal[..10]]);
    officer(&red, &["ack", &theirs[..10]]);
    officer(&red, &["unit", "name", &own[..10], "TOWER"]);
    officer(&red, &["stop", "call", "MIRA 4", "--notice", &theirs[..10]]);
    officer(&red, &["notice", "activate", &own[..10]]);
    officer(&red, &["test-call", "call", "--channel", "west-river"]);
    let calls = || -> serde_json::Value {
        serde_json::from_slice(&skypact(&["--json", "test-call", "--dir", &blue]).stdout).unwrap()
    };
    until("BLUE has the call", || calls()["west-river"][0]["id"].is_string());
    officer(&blue, &["test-call", "answer", &calls()["west-river"][0]["id"].as_str().unwrap()[..10]]);

    assert_eq!(succeed(&["notice", "list", "--dir", &red])["east-river"].as_array().unwrap().len(), 1);
    for list in ["conflicts", "watch", "unit", "health", "channel", "officer", "key", "test-call"] {
        let output = skypact(&[list, "--dir", &red]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.starts_with("east-river:\n") && text.contains("\nwest-river:\n"), "{list}: {text}");
    }
    // The same key signs in both channels: nobody is revoked in one of them by chance.
    let keys = succeed(&["officer", "--dir", &red]);
    let is_own = |key: &&serde_json::Value| key["party"] == "RED" && key["label"] == "Night officer";
    let key = keys["east-river"].as_array().unwrap().iter().find(is_own).unwrap()["id"].as_str().unwrap().to_owned();
    let told = refuse(&["officer", "revoke", &key[..10], "--dir", &red], 2, "channel-ambiguous");
    assert!(told.contains("east-river, west-river") && told.contains("--channel"), "{told}");
}
