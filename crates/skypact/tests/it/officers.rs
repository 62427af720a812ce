//! Officers come and go, by the command line over two real nodes, and the evidence says who might sign when.

use crate::command_ground::{Ground, Node, WHERE, pact, proven, refuse, screen, skypact, succeed, until};

fn file<'a>(dir: &'a str, officer: &'a str) -> Vec<&'a str> {
    let when = ["--from", "2099-04-07T12:00:00Z", "--until", "2099-04-07T13:00:00Z"];
    [&["notice", "file", "--dir", dir, "--officer", officer][..], &WHERE, &when].concat()
}

fn notices(dir: &str) -> usize {
    succeed(&["notice", "list", "--dir", dir]).as_array().unwrap().len()
}

#[test]
fn an_officer_is_added_acts_and_is_revoked_and_the_bundle_holds() {
    let ground = Ground::new("officers");
    pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    let (node, _blue) = (Node::start(&red), Node::start(&blue));
    refuse(&["officer", "add", "R. Two", "--dir", &red, "--root-key", &ground.path("none")], 2, "key-missing");
    let told = screen(&["officer", "add", "R. Two", "--dir", &red]);
    assert!(told.contains("R. Two may sign"), "{told}");
    refuse(&["officer", "add", "R. Two", "--dir", &red], 3, "key-known");
    succeed(&file(&red, "R. Two"));
    until("BLUE holds the notice of the new officer", || notices(&blue) == 1);

    let keys = succeed(&["officer", "--dir", &blue]);
    let of = |label: &str| {
        let mut keys = keys.as_array().unwrap().iter();
        keys.find(|key| key["party"] == "RED" && key["label"] == label).cloned().unwrap()
    };
    assert!(of("R. Two")["added_at"].is_u64() && of("Duty officer")["added_at"].is_null());
    let old = of("Duty officer")["id"].as_str().unwrap().to_owned();
    succeed(&file(&red, "Duty officer"));
    let told = screen(&["officer", "revoke", &old[..8], "--trusted-routine", "0", "--dir", &red]);
    assert!(told.contains("what was signed before stays valid"), "{told}");
    refuse(&file(&red, "Duty officer"), 3, "not-an-officer");
    refuse(&["officer", "revoke", &old[..8], "--dir", &red], 2, "id-unknown");
    until("BLUE holds what the old officer signed before", || notices(&blue) == 2);

    // A start knows who may sign.
    node.terminate();
    drop(node);
    let _node = Node::start(&red);
    refuse(&file(&red, "Duty officer"), 3, "not-an-officer");
    succeed(&file(&red, "R. Two"));
    until("BLUE holds all three", || notices(&blue) == 3);
    for (dir, out) in [(&red, ground.path("red.bundle")), (&blue, ground.path("blue.bundle"))] {
        proven(dir, &out);
        let listed = std::process::Command::new("tar").args(["tf", &out]).output().unwrap();
        let files = String::from_utf8(listed.stdout).unwrap();
        assert_eq!(files.lines().filter(|name| name.starts_with("keys/RED/")).count(), 4, "{files}");
    }
    what_is_withheld_stays_withheld(&blue, &ground.path("redacted.bundle"));
}

/// A bundle of one notice of the new officer's, and one without bodies: both hold, and say no more than they were to.
fn what_is_withheld_stays_withheld(dir: &str, out: &str) {
    let listed = succeed(&["notice", "list", "--dir", dir]);
    let notice = listed.as_array().unwrap().iter().find(|notice| notice["officer"] == "R. Two").unwrap();
    let id = notice["id"].as_str().unwrap();
    let verify = |more: &[&str]| {
        succeed(&[&["export-bundle", "--dir", dir, "--out", out], more].concat());
        let report = skypact(&["verify", out, "--json"]);
        let report: serde_json::Value = serde_json::from_slice(&report.stdout).unwrap();
        assert_eq!(report["faults"], serde_json::json!([]), "{report}");
        let bytes = std::fs::read(out).unwrap();
        std::fs::remove_file(out).unwrap();
        bytes
    };
    let holds = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    let chosen = verify(&["--only", &id[..10]]);
    assert!(holds(&chosen, "logs/RED/routine/proof/") && !holds(&chosen, "/entries/"));
    assert!(holds(&chosen, "parts/RED/routine/") && !holds(&chosen, "parts/BLUE/"));
    let bare = verify(&["--withhold-bodies"]);
    assert!(holds(&bare, "/entries/") && !holds(&bare, "parts/"));
    refuse(&["export-bundle", "--dir", dir, "--out", out, "--only", "00000000000000"], 2, "id-unknown");
}
