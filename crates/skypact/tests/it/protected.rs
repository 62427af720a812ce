//! Protected sites by the command line, over two real nodes: the list, and who signed for which version of it.

use skypact::storage::{SqliteStore, Store as _};
use skypact_channel::Kind;
use skypact_record::{Leaf, Part};

use crate::command_ground::{Ground, Node, pact, refuse, screen, second_pact, skypact, succeed, until};

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
    assert!(code == Some(1) && text.contains("BLUE: 2 items\n  version "), "{text}");
    let item =
        format!("{}  St Anne hospital\n    visited, until 2099-05-07T00:00:00Z, to RED alone, unread", &hospital[..10]);
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
            listed(dir).1.contains(&format!("OUTDATED: the list changed since\n  {held}")) && version(dir) != old
        });
    }
    assert_eq!((listed(&red).0, listed(&blue).0), (Some(1), Some(0)), "RED has to sign anew");
    refuse(&signs, 2, "id-unknown");
}

/// The salt and body of the site that a node mirrors in a channel.
fn mirrored(dir: &str, channel: &str) -> Part {
    let store = SqliteStore::open_read_only(dir).unwrap();
    // What BLUE's node says of heads may stand before it.
    let entries = store.read(&format!("blue.example/{channel}/routine"), 0, 100, 1 << 20).unwrap();
    let is_site = |leaf: &[u8]| Leaf::decode(leaf).unwrap().act.act().kind == Kind::Protected.wire();
    let site = entries.iter().find(|entry| is_site(&entry.leaf)).unwrap();
    let part = site.parts[0].clone().unwrap();
    Part { salt: part.salt, bytes: part.bytes }
}

#[test]
fn a_leaked_copy_is_traced_to_its_channel_by_the_salt_and_not_without_it() {
    let ground = Ground::new("protected-trace");
    pact(&ground);
    second_pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    let _nodes = [Node::start(&red), Node::start(&blue)];
    let site = ["protect", "camp 4", "--circle", "35.2854,40.1760,500m", "--dir", &blue, OFFICER[0], OFFICER[1]];
    let when = ["--from", "2099-04-07T00:00:00Z", "--until", "2099-05-07T00:00:00Z"];
    for channel in ["east-river", "west-river"] {
        succeed(&[&site[..], &when, &["--channel", channel]].concat());
        let listed = || succeed(&["notice", "list", "--dir", &red, "--channel", channel]);
        until("RED has it", || listed().as_array().unwrap().len() == 1);
    }
    let (east, west) = (mirrored(&red, "east-river"), mirrored(&red, "west-river"));
    assert!(east.bytes == west.bytes && east.salt != west.salt, "one body, two salts");

    let (leaked, body) = (ground.path("leaked.part"), ground.path("leaked.body"));
    std::fs::write(&leaked, west.encode().unwrap()).unwrap();
    std::fs::write(&body, &west.bytes).unwrap();
    let told = screen(&["protect", "trace", &leaked, "--dir", &blue]);
    assert!(told.contains("the copy that BLUE gave to RED") && told.contains("in west-river"), "{told}");
    assert!(told.contains("not proven"), "{told}");
    let salt = skypact_record::Hash(east.salt).to_string();
    assert!(screen(&["protect", "trace", &body, "--salt", &salt, "--dir", &blue]).contains("in east-river"));
    let unsalted = skypact(&["protect", "trace", &body, "--salt", &"0".repeat(64), "--dir", &blue]);
    let told = String::from_utf8(unsalted.stdout).unwrap();
    assert_eq!(unsalted.status.code(), Some(1));
    assert!(told.contains("cannot be told") && told.contains("east-river") && told.contains("west-river"), "{told}");
    refuse(&["protect", "trace", &body, "--salt", "00", "--dir", &blue], 2, "field-invalid");
    std::fs::write(&body, b"something else").unwrap();
    let other = skypact(&["protect", "trace", &body, "--salt", &salt, "--dir", &blue]);
    assert_eq!(
        (other.status.code(), String::from_utf8(other.stdout).unwrap().trim()),
        (Some(1), "no entry of this node has this body")
    );
}
