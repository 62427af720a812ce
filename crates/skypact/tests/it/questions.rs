//! Slips that nobody takes back: each is asked about before it is signed, with what to write, and with what files it all the same. And
//! what the officer of the other side sees of what was filed.

use std::process::{Command, Stdio};

use crate::command_ground::{Ground, Node, WHERE, pact, refuse, screen, skypact, succeed, until};

const OFFICER: [&str; 2] = ["--officer", "Duty officer"];
const NOW: &str = "2099-04-07T08:00:00Z";
const WHEN: [&str; 4] = ["--from", "2099-04-07T09:00:00Z", "--until", "2099-04-07T11:00:00Z"];

/// Arguments that file a notice with a call sign.
fn notice<'a>(dir: &'a str, call_sign: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["notice", "file", "--dir", dir, "--call-sign", call_sign][..], &OFFICER, more].concat()
}

fn leaf(filed: &serde_json::Value) -> String {
    filed[0]["leaf"].as_str().unwrap().to_owned()
}

#[test]
fn a_notice_that_looks_like_a_slip_is_asked_about_before_it_is_signed() {
    let ground = Ground::new("questions");
    pact(&ground);
    let red = ground.path("red");
    let _node = Node::start_at(&red, NOW);
    let circle = &WHERE[..2];
    let told = refuse(&notice(&red, "KOBALT 21", &[circle, &WHEN].concat()), 2, "limits-missing");
    assert!(told.contains("from the ground to the sky") && told.contains("unlimited"), "{told}");
    let file = ground.path("notice.json");
    let window = r#""from": "2099-04-07T09:00:00Z", "until": "2099-04-07T11:00:00Z""#;
    let of_file = [&["notice", "file", "--dir", &red, "--file", &file][..], &OFFICER].concat();
    let unlimited = format!(r#"[{{"class": "manned", "volumes": [{{"circle": "35.2854,40.1760,20NM", {window}}}]}}]"#);
    std::fs::write(&file, &unlimited).unwrap();
    refuse(&of_file, 2, "limits-missing");
    let said = unlimited.replace("20NM\"", r#"20NM", "upper": "unlimited""#);
    std::fs::write(&file, said.replace("}]}]", &format!("}}]}}, {}", &said[1..]))).unwrap();
    assert!(asked(&of_file, "notice-repeated").contains("twice"));
    std::fs::write(&file, said).unwrap();
    succeed(&of_file);

    let stated = [&WHERE[..], &WHEN].concat();
    let first = leaf(&succeed(&notice(&red, "KOBALT 21", &stated)));
    let told = asked(&notice(&red, "KOBALT 21", &stated), "notice-repeated");
    assert!(told.contains(&format!("{} says the same and stands", &first[..10])), "{told}");
    assert!(told.contains("--change") && told.contains("--force-again"), "{told}");
    let same = notice(&red, "KOBALT 21", &[&stated[..], &["--change", &first[..10]]].concat());
    assert!(asked(&same, "notice-repeated").contains("is like that already"));
    succeed(&notice(&red, "KOBALT 21", &[&stated[..], &["--force-again"]].concat()));
    succeed(&notice(&red, "KOBALT 22", &stated));

    let over = ["--from", "2099-04-06T09:00:00Z", "--until", "2099-04-06T11:00:00Z"];
    let told = refuse(&notice(&red, "KOBALT 23", &[&WHERE[..], &over].concat()), 3, "window-in-the-past");
    assert!(told.contains("until: 2099-04-06T11:00:00Z is over, it is 2099-04-07T08:0"), "{told}");
    let yesterday = ["stop", "call", "MIRA 4", "--until", over[3], "--dir", &red, OFFICER[0], OFFICER[1]];
    assert!(refuse(&yesterday, 3, "window-in-the-past").contains("until: "));
    let century = ["--from", "2199-04-07T09:00:00Z", "--until", "2199-04-07T11:00:00Z"];
    let far = notice(&red, "KOBALT 24", &[&WHERE[..], &century].concat());
    let told = asked(&far, "window-far-ahead");
    assert!(told.contains("until: 2199-04-07") && told.contains("--force-time"), "{told}");
    assert!(unforced(&[&far[..], &["--force-time"]].concat()).status.success());
    let site = ["protect", "camp 4", "--circle", "35.2854,40.1760,500m", "--dir", &red, OFFICER[0], OFFICER[1]];
    asked(&[&site[..], &century].concat(), "window-far-ahead");
}

/// Runs a command as an officer does, who forces nothing.
fn unforced(arguments: &[&str]) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_skypact"));
    for forced in ["SKYPACT_FORCE_TIME", "SKYPACT_FORCE_AGAIN"] {
        command.env_remove(forced);
    }
    command.args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// What an officer who forces nothing is told, with exit code 3 and this code.
fn asked(arguments: &[&str], code: &str) -> String {
    let output = unforced(arguments);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{told}");
    told.strip_prefix(&format!("error[{code}]: ")).unwrap_or_else(|| panic!("{told}")).to_owned()
}

#[test]
fn what_is_read_back_was_shown_before_and_what_the_other_side_ended_is_shown() {
    let ground = Ground::new("shown-before");
    pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    let _nodes = [Node::start_at(&red, NOW), Node::start_at(&blue, NOW)];
    let stated = [&WHERE[..], &WHEN].concat();
    assert!(screen(&["ack", "--dir", &blue]).ends_with("\nnothing is unread\n"));
    let ids = ["KOBALT 21", "KOBALT 22", "KOBALT 23"].map(|name| leaf(&succeed(&notice(&red, name, &stated))));
    until("BLUE has all", || screen(&["ack", "--dir", &blue]).matches("circle 35.2854,40.1760").count() == 3);
    let shown = screen(&["ack", "--dir", &blue]);
    let next = shown.lines().find_map(|line| line.strip_prefix("next: skypact ")).unwrap().to_owned();
    assert!(ids.iter().all(|id| next.contains(&id[..10])), "{shown}");
    assert!(shown.contains("2099-04-07T09:00:00Z to 2099-04-07T11:00:00Z"), "{shown}");
    let inbox = screen(&["inbox", "--dir", &blue]);
    assert_eq!(inbox.matches("\n  until 2099-04-07T11:00:00Z, circle 35.2854,40.1760 37.0 km").count(), 3, "{inbox}");

    // It came after what was shown: what the officer signs is without it.
    let late = leaf(&succeed(&notice(&red, "KOBALT 24", &stated)));
    until("BLUE has it too", || screen(&["ack", "--dir", &blue]).contains("KOBALT 24"));
    let words: Vec<&str> = next.split(' ').collect();
    let signed = succeed(&[&words[..], &["--dir", &blue], &OFFICER].concat());
    assert_eq!(signed.as_array().unwrap().len(), 3);
    let left = screen(&["ack", "--dir", &blue]);
    assert!(left.contains(&format!("next: skypact ack {}\n", &late[..10])), "{left}");
    refuse(&[&words[..], &["--dir", &blue], &OFFICER].concat(), 2, "id-unknown");

    for (step, id) in [("end", &ids[0]), ("cancel", &ids[1]), ("activate", &ids[2])] {
        succeed(&[&["notice", step, &id[..10], "--dir", &red][..], &OFFICER].concat());
    }
    let inbox = || screen(&["inbox", "--dir", &blue]);
    until("BLUE is told", || {
        let told = inbox();
        let over = |what: &str, id: &str, name: &str| {
            told.contains(&format!("{what:<11}{}  RED {name}\n  by Duty officer at 2099-04-07T08:0", &id[..10]))
        };
        let activated = format!("read back  {}  RED   KOBALT 23  activated", &ids[2][..10]);
        over("ENDED", &ids[0], "KOBALT 21") && over("CANCELLED", &ids[1], "KOBALT 22") && told.contains(&activated)
    });
    let output = skypact(&["--json", "inbox", "--dir", &blue]);
    let inbox: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(inbox["over"].as_array().unwrap().len(), 2);
}

#[test]
fn a_unit_that_is_almost_one_that_was_named_is_asked_about() {
    let ground = Ground::new("unit-nearest");
    pact(&ground);
    let red = ground.path("red");
    let _node = Node::start_at(&red, NOW);
    let id = leaf(&succeed(&notice(&red, "KOBALT 21", &[&WHERE[..], &WHEN].concat())));
    let end = [&["--dir", &red][..], &OFFICER].concat();
    succeed(&[&["unit", "name", &id[..10], "BTY 4", "BTY 5"], &end[..]].concat());
    let applied = [&["unit", "applied", &id[..10], "BTY 6", "--person", "Sgt A"], &end[..]].concat();
    let told = refuse(&applied, 3, "unit-alike");
    assert!(told.contains("'BTY 4' is named; write that, or --new"), "{told}");
    succeed(&[&applied[..], &["--new"]].concat());
    let received = [&["unit", "received", &id[..10], "RADAR", "--person", "Sgt A"], &end[..]].concat();
    assert!(screen(&received).contains("NEW: nobody had named 'RADAR'"));
}

#[test]
fn a_pact_without_officer_or_witness_is_warned_of_and_an_address_of_nobody_is_refused() {
    let ground = Ground::new("pact-warnings");
    let (red, blue, out) = (ground.path("red"), ground.path("blue"), ground.path("pact.toml"));
    succeed(&["init", "--dir", &red, "--party", "RED", "--prefix", "red.example", "--officer", "Duty officer"]);
    succeed(&["init", "--dir", &blue, "--party", "BLUE", "--prefix", "blue.example"]);
    let card = ground.path("blue/party.card");
    let told = screen(&["pact", "propose", "--dir", &red, "--with", &card, "--name", "east-river", "--out", &out]);
    let warnings = ["BLUE has no officer in it: nobody can act for it", "no witness: nobody else sees when"];
    assert!(warnings.iter().all(|warning| told.contains(&format!("WARNING: {warning}"))), "{told}");
    assert!(!told.contains("RED has no officer"), "{told}");
    let shown = screen(&["pact", "show", &out]);
    assert!(warnings.iter().all(|warning| shown.contains(&format!("WARNING  {warning}"))), "{shown}");

    for dir in [&blue, &red] {
        succeed(&["pact", "sign", "--dir", dir, &out]);
    }
    let file = format!("{red}/node.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("[counterparts]\n", "[counterparts]\nBLEU = \"127.0.0.1:7002\"\n")).unwrap();
    let told = refuse(&["serve", "--dir", &red], 2, "counterpart-unknown");
    assert!(told.contains("'BLEU', who is in no pact here (BLUE)"), "{told}");
    let doctor = String::from_utf8(skypact(&["doctor", "--dir", &red]).stdout).unwrap();
    assert!(doctor.contains("WRONG  pacts: counterparts: node.toml has an address of 'BLEU'"), "{doctor}");
}

#[test]
fn a_proposal_into_the_past_is_refused() {
    let ground = Ground::new("past-proposal");
    pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    let _nodes = [Node::start_at(&red, NOW), Node::start_at(&blue, NOW)];
    let stated = [&WHERE[..], &WHEN].concat();
    let own = leaf(&succeed(&notice(&red, "KOBALT 21", &stated)));
    succeed(&notice(&blue, "MIRA 4", &stated));
    until("RED sees the conflict", || skypact(&["conflicts", "--dir", &red]).status.code() == Some(10));
    let retime = [&["conflicts", "retime", &own[..10], "--dir", &red][..], &OFFICER, &["--shift"]].concat();
    let told = refuse(&[&retime[..], &["-4h"]].concat(), 3, "window-in-the-past");
    assert!(told.contains("2099-04-07T07:00:00Z is over"), "{told}");
    succeed(&[&retime[..], &["4h"]].concat());
}
