//! Commitments, statements, assurances and the line by the command line, over two real nodes.

use std::path::Path;

use crate::command_ground::{Ground, Node, WHERE, bell, pact, refuse, screen, skypact, succeed, until};

const OFFICER: [&str; 2] = ["--officer", "Duty officer"];

/// Four positions of an aircraft that flies eastward over 40 E at 35.2 N, FL240, from 0300 on 7 April 2099.
const TRACK: &str = "4079214000,8d150001587d837778e38e652677\n4079214010,8d150001587d8713aeab59dfb6cc\n\
                     4079214020,8d150001587d837826e4f3d41348\n4079214030,8d150001587d87145aacb7ece166\n";

/// What a command shows, and its exit code.
fn shown(arguments: &[&str]) -> (Option<i32>, String) {
    let output = skypact(arguments);
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

/// An officer of the party in `dir` acts.
fn acts(dir: &str, arguments: &[&str]) -> String {
    let placed = succeed(&[arguments, &["--dir", dir], &OFFICER].concat());
    placed[0]["leaf"].as_str().unwrap_or_default().to_owned()
}

/// Whether an alarm rang.
fn rang(dir: &str, event: &str) -> bool {
    std::fs::read_to_string(Path::new(dir).join("alarms.log")).is_ok_and(|log| log.contains(event))
}

fn pair(ground: &Ground) -> [String; 2] {
    pact(ground);
    let dirs = ["red", "blue"].map(|name| ground.path(name));
    for dir in &dirs {
        bell(dir, "command = [\"cat\"]");
    }
    dirs
}

fn start(dirs: &[String; 2], time: &str) -> [Node; 2] {
    dirs.each_ref().map(|dir| Node::start_at(dir, time))
}

#[test]
fn a_commitment_is_overdue_by_itself_at_both_sides_and_both_findings_stand() {
    let ground = Ground::new("commitment");
    let dirs = pair(&ground);
    let [red, blue] = &dirs;
    let nodes = start(&dirs, "2099-04-07T00:00:00Z");
    let paper = ground.path("letter.txt");
    std::fs::write(&paper, "we will").unwrap();
    let make = ["commitment", "make", "Remove the stocks from the depot", "--due", "2099-04-08T00:00:00Z"];
    let id = acts(red, &[&make[..], &["--of", "BLUE", "--evidence", &paper]].concat());
    let list = |dir: &str| shown(&["commitment", "--dir", dir]);
    until("BLUE has it", || list(blue).1.contains("OPEN  BLUE, due 2099-04-08T00:00:00Z"));
    assert_eq!(list(blue).0, Some(0));
    refuse(&[&make[..], &["--of", "GREEN", "--dir", red], &OFFICER].concat(), 2, "field-invalid");
    let find = |dir: &str, finding: &str| acts(dir, &["commitment", "find", &id[..10], finding, "--text", "seen"]);
    refuse(&[&["commitment", "find", &id[..10], "maybe", "--dir", red][..], &OFFICER].concat(), 2, "field-invalid");
    assert!(!rang(red, "commitment-overdue"));
    drop(nodes);

    let _nodes = start(&dirs, "2099-04-08T00:00:01Z");
    for dir in [red, blue] {
        until("it rings", || rang(dir, "commitment-overdue"));
        let (code, text) = list(dir);
        assert!(code == Some(1) && text.contains("OVERDUE"), "{text}");
        let inbox = screen(&["inbox", "--dir", dir]);
        let line = format!(
            "\nOVERDUE    commitment of BLUE, due 2099-04-08T00:00:00Z\n  say what you find: skypact commitment find {} ",
            &id[..10]
        );
        assert!(inbox.contains(&line), "{inbox}");
    }
    find(blue, "kept");
    until("both see the finding", || [red, blue].iter().all(|dir| list(dir).1.contains("BLUE finds: kept, by Duty")));
    assert_eq!((list(blue).0, list(red).0), (Some(0), Some(1)), "RED has found nothing yet");
    find(red, "not-kept");
    for dir in [red, blue] {
        until("they differ", || list(dir).1.contains("DISPUTED") && list(dir).0 == Some(0));
    }
    find(red, "kept");
    until("they agree", || list(blue).1.contains("KEPT  BLUE") && !list(blue).1.contains("not kept"));
    assert!(screen(&["commitment", "list", "--all", "--dir", blue]).contains("RED finds: not kept (earlier)"));
    assert!([red, blue].iter().all(|dir| !screen(&["inbox", "--dir", dir]).contains("OVERDUE")));

    let find = |id: &str| unforced(&[&["commitment", "find", &id[..10], "kept", "--dir", red][..], &OFFICER].concat());
    assert!(
        find(&id).contains("error[signed-already]: finding: Duty officer of RED has found so already"),
        "{}",
        find(&id)
    );
    let newest = acts(red, &[&make[..], &["--of", "BLUE", "--change", &id[..10]]].concat());
    let told = format!("error[commitment-superseded]: commitment: {} took the place of {}", &newest[..10], &id[..10]);
    assert!(find(&id).contains(&told), "{}", find(&id));
    assert!(!find(&newest).contains("error"), "{}", find(&newest));
}

/// What an officer who forces nothing is told.
fn unforced(arguments: &[&str]) -> String {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_skypact"));
    let output = command.args(arguments).env_remove("SKYPACT_FORCE_AGAIN").output().unwrap();
    String::from_utf8([output.stderr, output.stdout].concat()).unwrap()
}

#[test]
fn a_crossing_that_the_counterpart_disputes_is_in_the_inbox_until_this_party_says_something() {
    let ground = Ground::new("crossing-inbox");
    let dirs = pair(&ground);
    let [red, blue] = &dirs;
    let (second, card) = (ground.path("second.toml"), ground.path("blue/party.card"));
    let propose = ["pact", "propose", "--dir", red, "--with", &card, "--name", "west-river", "--out", &second];
    succeed(&[&propose[..], &["--line", "34,40.025 36,40.025"]].concat());
    succeed(&["pact", "sign", "--dir", blue, &second]);
    succeed(&["pact", "sign", "--dir", red, &second]);
    let _nodes = start(&dirs, "2099-04-08T00:00:00Z");
    let (tracks, flights) = (ground.path("tracks.csv"), ground.path("flights.json"));
    std::fs::write(&tracks, TRACK).unwrap();
    std::fs::write(&flights, r#"[{"address": "150001", "flight": "KOBALT 21", "party": "RED"}]"#).unwrap();
    let west = ["--channel", "west-river"];
    acts(red, &[&["line", "count", "--tracks", &tracks, "--flights", &flights, "--file"][..], &west].concat());
    let line = |dir: &str| {
        let output = skypact(&[&["--json", "line", "--dir", dir][..], &west].concat());
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let report = |dir: &str| line(dir)["crossings"][0]["reports"][0]["id"].as_str().map(str::to_owned);
    until("BLUE has the report", || report(blue).is_some());
    let id = report(blue).unwrap();
    let inbox = || screen(&["inbox", "--dir", red]);
    assert!(!inbox().contains("crossing"), "{}", inbox());
    acts(blue, &[&["line", "dispute", &id[..10], "--reason", "identity"][..], &west].concat());
    until("RED is told", || inbox().contains("answer     1 crossing that BLUE disputes: skypact line"));
    acts(red, &[&["line", "maintain", &id[..10]][..], &west].concat());
    assert!(!inbox().contains("crossing"), "{}", inbox());
}

#[test]
fn who_held_what_at_a_time_is_shown_at_both_sides_and_a_changed_position_erases_nothing() {
    let ground = Ground::new("statement");
    let dirs = pair(&ground);
    let [red, blue] = &dirs;
    let nodes = start(&dirs, "2099-04-07T00:00:00Z");
    let enter = |quote: &str, more: &[&str]| {
        let what = ["statement", quote, "--subject", "Strike of 6 April", "--speaker", "BLUE", "--role", "Minister"];
        acts(red, &[&what[..], &["--said", "2099-04-06T22:00:00Z"], more].concat())
    };
    let first = enter("We were not told.", &[]);
    drop(nodes);
    let _nodes = start(&dirs, "2099-04-07T02:00:00Z");
    enter("We were told an hour before.", &["--supersedes", &first[..10], "--source", "press conference"]);
    let held = |dir: &str, more: &[&str]| screen(&[&["statements", "--dir", dir], more].concat());
    for dir in [red, blue] {
        until("it has both", || held(dir, &[]).contains("[en] \"We were told an hour before.\"\n    press conference"));
        assert!(!held(dir, &[]).contains("not told"), "the earlier one is held no more");
        let then = held(dir, &["--at", "2099-04-07T01:00:00Z"]);
        assert!(then.contains("We were not told.") && !then.contains("an hour"), "{then}");
        assert!(then.contains("claimed, not proven: on the record since 2099-04-07T00:00"), "no witness: {then}");
        assert!(held(dir, &["--all"]).contains("EARLIER: BLUE, Minister, said 2099-04-06T22:00:00Z"));
        assert!(held(dir, &["--at", "2099-04-06T23:00:00Z"]).contains("no statement was on the record"));
        assert!(held(dir, &["--subject", "another"]).contains("no statement"));
    }
    let theirs = ["statement", "No.", "--subject", "s", "--speaker", "RED", "--said", "2099-04-06T22:00:00Z"];
    let theirs = [&theirs[..], &["--supersedes", &first[..10], "--dir", blue], &OFFICER].concat();
    refuse(&theirs, 3, "wrong-party");
    let early = ["statement", "No.", "--subject", "s", "--speaker", "RED", "--said", "2099-04-07T22:00:00Z"];
    let told = refuse(&[&early[..], &["--dir", red], &OFFICER].concat(), 3, "time-to-come");
    assert!(told.contains("said: 2099-04-07T22:00:00Z is still to come, it is 2099-04-07T02:00"), "{told}");
    refuse(&["statements", "--at", "2099-04-07T22:00:00Z", "--dir", red], 3, "time-to-come");
    let wrong = ["statement", "No.", "--subject", "s", "--speaker", "RED", "--said", "2099-04-06T22:00:00Z"];
    refuse(&[&wrong[..], &["--language", "e n", "--dir", red], &OFFICER].concat(), 2, "message-malformed");
}

#[test]
fn a_notice_contradicts_an_assurance_at_both_sides_and_a_track_at_its_own_alone() {
    let ground = Ground::new("assurance");
    let dirs = pair(&ground);
    let [red, blue] = &dirs;
    let nodes = start(&dirs, "2099-04-07T02:00:00Z");
    let when = ["--from", "2099-04-07T02:30:00Z", "--until", "2099-04-07T05:00:00Z"];
    let give =
        |words: &str, circle: &str| acts(red, &[&["assurance", "give", words, "--circle", circle][..], &when].concat());
    let quiet = give("no flights north of the river", "35.2854,40.1760,5NM");
    give("no flights at the crossing", "35.2040,40.0200,3km");
    let list = |dir: &str, more: &[&str]| shown(&[&["assurance", "list", "--dir", dir], more].concat());
    until("BLUE has both", || list(blue, &[]).1.matches("RED assures:").count() == 2);
    assert_eq!((list(red, &[]).0, list(blue, &[]).0), (Some(0), Some(0)));
    let filed = acts(red, &[&["notice", "file"][..], &WHERE, &when].concat());
    for dir in [red, blue] {
        let expected = format!("CONTRADICTED by notice {} of RED", &filed[..10]);
        until("it is contradicted", || list(dir, &[]).1.contains(&expected) && list(dir, &[]).0 == Some(1));
        assert_eq!(list(dir, &[]).1.matches("CONTRADICTED").count(), 2, "the wide notice lies in both scopes");
        until("it rings", || rang(dir, "assurance-contradicted"));
    }
    assert!(list(red, &[]).1.contains(&quiet[..10]));

    let denial = ["assurance", "deny", "none of ours was at the crossing", "--class", "unmanned"];
    let scope =
        ["--circle", "35.2040,40.0200,3km", "--from", "2099-04-07T02:00:00Z", "--until", "2099-04-07T04:00:00Z"];
    let early = [&denial[..], &scope, &["--dir", red], &OFFICER].concat();
    assert!(refuse(&early, 3, "time-to-come").contains("until: 2099-04-07T04:00:00Z is still to come"));
    drop(nodes);
    let _nodes = start(&dirs, "2099-04-07T04:30:00Z");
    let denied = acts(red, &[&denial[..], &scope].concat());
    let (tracks, flights) = (ground.path("tracks.csv"), ground.path("flights.json"));
    std::fs::write(&tracks, TRACK).unwrap();
    std::fs::write(&flights, r#"[{"address": "150001", "flight": "KOBALT 21", "party": "RED"}]"#).unwrap();
    // Lines end where eighty columns do.
    let seen = list(red, &["--tracks", &tracks, "--flights", &flights]).1;
    let seen = seen.split_whitespace().collect::<Vec<_>>().join(" ");
    let local = "CONTRADICTED by a track, known here alone: KOBALT 21 at 2099-04-07T03:00:10Z";
    assert!(seen.contains(&denied[..10]) && seen.matches(local).count() == 2, "{seen}");
    until("BLUE has the denial", || list(blue, &[]).1.contains(&denied[..10]));
    assert_eq!(list(blue, &[]).1.matches("CONTRADICTED").count(), 2, "another class, and no track");
    refuse(&["line", "count", "--tracks", &tracks, "--dir", red], 3, "no-line");
    refuse(&["assurance", "list", "--tracks", &tracks, "--dir", red], 2, "arguments-invalid");
}
