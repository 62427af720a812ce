//! A node with two channels: what needs an act is shown of both at once, and nothing is done in one that was not named.

use crate::command_ground::{Ground, Node, pact, refuse, screen, second_pact, skypact, succeed, until};

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
    let ceased = ["stop", "ceased", &id[..10], "--dir", &red, "--channel", "west-river"];
    succeed(&[&ceased[..], &OFFICER].concat());
    assert_eq!(stops(&[]).0, Some(1), "the other one escalates");
    let east = [&["stop", "lift", "--dir", &blue, "--channel", "east-river"][..], &OFFICER].concat();
    let first = both["east-river"]["stops"][0]["id"].as_str().unwrap();
    succeed(&[&east[..], &[&first[..10]]].concat());
    until("nothing escalates in either", || stops(&[]).0 == Some(0));
}
