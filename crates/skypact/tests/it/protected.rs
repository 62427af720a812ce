//! Protected sites by the command line, over two real nodes: the list, and who signed for which version of it.

use crate::command_ground::{Ground, Node, pact, refuse, screen, skypact, succeed, until};

const OFFICER: [&str; 2] = ["--officer", "Duty officer"];

/// Files a protected site, and says its id.
fn protect(dir: &str, name: &str, lng: &str) -> String {
    let circle = format!("35.2854,{lng},500m");
    let what = ["protect", name, "--circle", &circle, "--verification", "visited", "--dir", dir];
    let when = ["--from", "2099-04-07T00:00:00Z", "--until", "2099-05-07T00:00:00Z"];
    succeed(&[&what[..], &when, &OFFICER].concat())[0]["leaf"].as_str().unwrap().to_owned()
}

/// What `skypact protect list` shows, and its exit code.
fn listed(dir: &str) -> (Option<i32>, String) {
    let output = skypact(&["protect", "list", "--dir", dir]);
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

/// The version of BLUE's list, as a node has it.
fn version(dir: &str) -> String {
    let output = skypact(&["--json", "protect", "list", "--version", "--dir", dir]);
    let lists: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    lists.as_array().unwrap().iter().find(|list| list["party"] == "BLUE").unwrap()["version"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_list_is_signed_for_by_its_version_and_a_change_outdates_the_receipt_at_both_sides() {
    let ground = Ground::new("protected-list");
    pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    let _nodes = [Node::start(&red), Node::start(&blue)];
    assert_eq!(listed(&red).0, Some(0), "nobody signs for an empty list");
    let hospital = protect(&blue, "St Anne hospital", "40.1760");
    protect(&blue, "camp 4", "41.1760");
    until("RED has the list", || version(&red) == version(&blue) && listed(&red).1.contains("camp 4"));
    let (code, text) = listed(&red);
    assert!(code == Some(1) && text.contains("BLUE: 2 items, version "), "{text}");
    let item =
        format!("{}  St Anne hospital: visited, until 2099-05-07T00:00:00Z, to RED alone, unread", &hospital[..10]);
    assert!(text.contains(&item) && text.contains("RED has signed for no list"), "{text}");
    let told = format!("skypact protect receipt {}", &version(&red)[..10]);
    assert!(text.contains(&told) && screen(&["inbox", "--dir", &red]).contains(&told), "{text}");

    let old = version(&red);
    let signs = ["protect", "receipt", &old[..10], "--dir", &red, OFFICER[0], OFFICER[1]];
    refuse(&["protect", "receipt", "000000", "--dir", &red, OFFICER[0], OFFICER[1]], 2, "id-unknown");
    screen(&signs);
    assert!(!screen(&["inbox", "--dir", &red]).contains("protect receipt"));
    let held = format!("Duty officer of RED held version {}, 2 items, at ", &old[..10]);
    for dir in [&red, &blue] {
        until("both show the receipt", || listed(dir).1.contains(&held) && listed(dir).0 == Some(0));
        assert!(!listed(dir).1.contains("OUTDATED"));
    }

    succeed(&[&["notice", "end", &hospital[..10], "--dir", &blue][..], &OFFICER].concat());
    for dir in [&red, &blue] {
        until("both show that it is outdated", || {
            listed(dir).1.contains(&format!("OUTDATED: the list changed since. {held}")) && version(dir) != old
        });
    }
    assert_eq!((listed(&red).0, listed(&blue).0), (Some(1), Some(0)), "RED has to sign anew");
    refuse(&signs, 2, "id-unknown");
}
