//! Suspension, STOP and a link that goes down, by the command line over two real nodes.

use crate::command_ground::{Ground, Node, WHERE, pact, refuse, screen, skypact, succeed, until};

const OFFICER: [&str; 2] = ["--officer", "Duty officer"];

fn act(dir: &str, arguments: &[&str]) -> String {
    screen(&[arguments, &["--dir", dir], &OFFICER].concat())
}

fn file(dir: &str, call_sign: &str) -> String {
    let when = ["--from", "2099-04-07T12:00:00Z", "--until", "2099-04-07T13:00:00Z"];
    let who = [&["notice", "file", "--dir", dir, "--call-sign", call_sign][..], &OFFICER].concat();
    succeed(&[&who[..], &WHERE, &when].concat())[0]["leaf"].as_str().unwrap().to_owned()
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

    // It comes by the other log.
    until("BLUE has the notice", || {
        let notices = succeed(&["notice", "list", "--dir", &blue]);
        notices.as_array().unwrap().iter().any(|notice| notice["id"] == before)
    });
    let after = file(&blue, "HUSKY 61");
    let call = act(&blue, &["stop", "call", "KOBALT 21", "--notice", &before[..10], "--area", "35.28,40.17,3km"]);
    assert!(call.contains("on its way"), "{call}");
    until("RED has heard the STOP", || stops(&red).0 == Some(1));
    let id = stops(&red).1[0]["id"].as_str().unwrap().to_owned();
    let inbox = screen(&["inbox", "--dir", &red]);
    assert!(inbox.starts_with("STOP ") && inbox.contains("RED has to answer"), "STOP stands first: {inbox}");
    refuse(&[&["stop", "lift", &id, "--dir", &red][..], &OFFICER].concat(), 2, "wrong-party");
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

#[test]
fn what_the_counterpart_writes_draws_no_line_and_a_read_back_shows_all_that_it_signs() {
    let ground = Ground::new("hostile-words");
    pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    let (_red, _blue) = (Node::start(&red), Node::start(&blue));
    file(&red, "Z\nCLEAR over these logs:");
    act(&red, &["stop", "call", "X\nno STOP was called"]);
    act(&red, &["watch", "take", "--remarks", "quiet\nBLUE: somebody has the watch"]);
    let corridor = [
        "notice",
        "file",
        "--call-sign",
        "MULE 7",
        "--corridor",
        "35.1,40.1 35.2,40.2 35.3,40.1",
        "--width",
        "1km",
        "--upper",
        "unlimited",
    ];
    let when = ["--from", "2099-04-07T12:00:00Z", "--until", "2099-04-07T13:00:00Z", "--contact", "130.000 MHz"];
    act(&red, &[&corridor[..], &when].concat());
    until("BLUE has it all", || {
        succeed(&["notice", "list", "--dir", &blue]).as_array().unwrap().len() == 2 && stops(&blue).0 == Some(1)
    });
    for command in ["inbox", "conflicts", "stop", "watch"] {
        let output = skypact(&[command, "--dir", &blue]);
        let text = String::from_utf8(output.stdout).unwrap();
        let own = ["CLEAR over these logs:"].into_iter().filter(|_| command == "conflicts").count();
        let drawn =
            |line: &&str| line.starts_with("CLEAR") || line.starts_with("no STOP") || line.starts_with("BLUE: some");
        assert_eq!(text.lines().filter(drawn).count(), own, "{command}: {text}");
    }
    let signed = act(&blue, &["ack", "--all"]);
    for shown in ["35.1000,40.1000", "35.2000,40.2000", "35.3000,40.1000", "130.000 MHz", "class manned"] {
        assert!(signed.contains(shown), "{shown} is signed and not shown: {signed}");
    }
}

#[test]
fn any_id_that_was_printed_is_taken_back() {
    let ground = Ground::new("ids");
    pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    let (_red, _blue) = (Node::start(&red), Node::start(&blue));
    let first = file(&red, "KOBALT 21");
    let change = ["--call-sign", "KOBALT 21", "--circle", "35.4,40.2,20NM", "--lower", "FL180", "--upper", "FL240"];
    let when = ["--from", "2099-04-07T12:00:00Z", "--until", "2099-04-07T13:00:00Z"];
    let who = [&["notice", "file", "--dir", &red, "--change", &first[..8]][..], &OFFICER].concat();
    let second = succeed(&[&who[..], &change, &when].concat())[0]["leaf"].as_str().unwrap().to_owned();
    act(&red, &["notice", "activate", &second[..8]]);
    let call = || {
        let call = [&["stop", "call", "FIRE", "MISSION", "--dir", &red][..], &OFFICER].concat();
        succeed(&call)[0]["leaf"].as_str().unwrap().to_owned()
    };
    let (_, repeated) = (call(), call());
    until("BLUE has both calls", || stops(&blue).1[0]["calls"] == 2);
    act(&blue, &["stop", "ceased", &repeated[..8]]);
    until("RED has the answer", || stops(&red).0 == Some(0));
    act(&red, &["stop", "lift", &repeated[..8]]);
    refuse(&[&["watch", "leave", "--dir", &red][..], &OFFICER].concat(), 3, "not-on-watch");
    refuse(&["officer", "add", "../x", "--dir", &red], 2, "field-invalid");
    let keys = succeed(&["officer", "--dir", &red]);
    let own = keys.as_array().unwrap().iter().filter(|key| key["party"] == "RED" && key["role"] == "officer");
    let [first, second] = own.map(|key| &key["id"].as_str().unwrap()[..8]).collect::<Vec<_>>()[..] else { panic!() };
    refuse(&["officer", "revoke", first, "--trusted-routine", "999999", "--dir", &red], 2, "field-invalid");
    succeed(&["officer", "revoke", first, "--dir", &red]);
    refuse(&["officer", "revoke", second, "--dir", &red], 3, "key-last");
}
