//! Suspension, STOP and a link that goes down, by the command line over two real nodes.

use crate::command_ground::{Ground, Node, pact, refuse, screen, skypact, succeed, until};

const OFFICER: [&str; 2] = ["--officer", "Duty officer"];

fn act(dir: &str, arguments: &[&str]) -> String {
    screen(&[arguments, &["--dir", dir], &OFFICER].concat())
}

fn file(dir: &str, call_sign: &str) -> String {
    let what = ["--circle", "35.2854,40.1760,20NM", "--lower", "FL180", "--upper", "FL240"];
    let when = ["--from", "2099-04-07T12:00:00Z", "--until", "2099-04-07T13:00:00Z"];
    let who = [&["notice", "file", "--dir", dir, "--call-sign", call_sign][..], &OFFICER].concat();
    succeed(&[&who[..], &what, &when].concat())[0]["leaf"].as_str().unwrap().to_owned()
}

fn channel(dir: &str) -> serde_json::Value {
    succeed(&["channel", "--dir", dir])
}

/// The STOPs that a node knows, and the exit code of `skypact stop`.
fn stops(dir: &str) -> (Option<i32>, serde_json::Value) {
    let output = skypact(&["stop", "--dir", dir, "--json"]);
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn a_stop_passes_while_suspended_and_a_silent_link_is_no_suspension() {
    let ground = Ground::new("suspended");
    pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    let (_red, counterpart) = (Node::start(&red), Node::start(&blue));
    let before = file(&red, "KOBALT 21");
    let told = act(&red, &["channel", "suspend", "--reason", "strike of 6 April"]);
    assert!(told.contains("STOP, notices and read-backs go on"), "{told}");
    let again = [&["channel", "suspend", "--reason", "x", "--dir", &red][..], &OFFICER].concat();
    refuse(&again, 3, "suspended-already");
    until("BLUE has heard of the suspension", || !channel(&blue)["suspension"].is_null());
    let inbox = screen(&["inbox", "--dir", &blue]);
    assert!(inbox.contains("strike of 6 April") && inbox.contains("an officer of"), "{inbox}");

    let after = file(&blue, "HUSKY 61");
    let call = act(&blue, &["stop", "call", "KOBALT 21", "--notice", &before[..10], "--area", "35.28,40.17,3km"]);
    assert!(call.contains("on its way"), "{call}");
    until("RED has heard the STOP", || stops(&red).0 == Some(1));
    let id = stops(&red).1[0]["id"].as_str().unwrap().to_owned();
    let inbox = screen(&["inbox", "--dir", &red]);
    assert!(inbox.starts_with("STOP ") && inbox.contains("RED has to answer"), "STOP stands first: {inbox}");
    refuse(&[&["stop", "lift", &id, "--dir", &red][..], &OFFICER].concat(), 2, "id-unknown");
    act(&red, &["stop", "passed-to", &id[..8], "PATROL 2"]);
    assert_eq!(stops(&red).0, Some(1), "passed to a unit is not yet ceased");
    act(&red, &["stop", "ceased", &id[..8]]);
    until("BLUE has the answer", || stops(&blue).0 == Some(0));
    let rungs: Vec<_> =
        stops(&blue).1[0]["rungs"].as_array().unwrap().iter().map(|rung| rung["rung"].clone()).collect();
    assert_eq!(rungs, ["passed-to", "ceased"]);

    // BLUE's machine is away; RED is ready to resume, and its officers still call.
    counterpart.terminate();
    drop(counterpart);
    act(&red, &["channel", "resume"]);
    until("RED says that BLUE does not answer", || channel(&red)["connected"] == false);
    let call = act(&red, &["stop", "call", "fire at the convoy"]);
    assert!(call.contains("DOES NOT ANSWER"), "{call}");
    let status = screen(&["channel", "--dir", &red]);
    assert!(status.contains("LINK DOWN") && status.contains("waits for an officer of BLUE to resume"), "{status}");

    let _blue = Node::start(&blue);
    until("the STOP arrives when the link is back", || stops(&blue).0 == Some(1));
    until("BLUE has RED's RESUME", || channel(&blue)["suspension"]["resumed"] == serde_json::json!(["RED"]));
    act(&blue, &["channel", "resume"]);
    until("both are in the next epoch", || {
        [&red, &blue].iter().all(|dir| channel(dir)["epoch"] == 2 && channel(dir)["suspension"].is_null())
    });
    refuse(&[&["channel", "resume", "--dir", &red][..], &OFFICER].concat(), 3, "not-suspended");
    for dir in [&red, &blue] {
        let notices = succeed(&["notice", "list", "--dir", dir]);
        let marks = |id: &str| {
            let notice = notices.as_array().unwrap().iter().find(|notice| notice["id"] == id).unwrap();
            notice["in_suspension"].as_bool().unwrap()
        };
        assert_eq!((marks(&before), marks(&after)), (false, true));
        assert_eq!(channel(dir)["anomalies"], serde_json::json!([]));
    }
    until("each log is anchored in the other's", || {
        channel(&red)["logs"].as_array().unwrap().iter().all(|log| log["anchored"].as_u64() > Some(1))
    });
}
