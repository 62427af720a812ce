//! Out of a conflict by the command line, over two real nodes. The officers of these tests do what the screen says.

use crate::command_ground::{Ground, Node, pact, refuse, screen, skypact, succeed, until};

const OFFICER: [&str; 2] = ["--officer", "Duty officer"];

fn file(dir: &str, call_sign: &str, circle: &str, from: &str, until: &str) -> String {
    let who = [&["notice", "file", "--dir", dir][..], &OFFICER, &["--call-sign", call_sign]].concat();
    let what = ["--circle", circle, "--lower", "FL180", "--upper", "FL240", "--from", from, "--until", until];
    succeed(&[&who[..], &what].concat())[0]["leaf"].as_str().unwrap().to_owned()
}

/// Exit code of `skypact conflicts`: 0 clear, 10 conflict, 11 unknown.
fn state(dir: &str) -> Option<i32> {
    skypact(&["conflicts", "--dir", dir]).status.code()
}

fn act(dir: &str, arguments: &[&str]) -> String {
    screen(&[&["conflicts"], arguments, &["--dir", dir], &OFFICER].concat())
}

/// Waits until the inbox of a node tells its officer to run a command, and runs it.
fn do_as_told(dir: &str, command: &str) -> String {
    let told = || {
        let inbox = screen(&["inbox", "--dir", dir]);
        inbox.split_once(command).map(|(_, rest)| rest.lines().next().unwrap().trim().to_owned())
    };
    until(command, || told().is_some());
    let words = format!("{command}{}", told().unwrap());
    let words: Vec<&str> = words.split(' ').skip(2).collect();
    act(dir, &words)
}

#[test]
fn a_retimed_and_a_rerouted_notice_are_proposed_accepted_filed_and_clear() {
    let ground = Ground::new("remedy");
    pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    let (_red, counterpart) = (Node::start(&red), Node::start(&blue));
    let (noon, one, two, three) =
        ("2099-04-07T12:00:00Z", "2099-04-07T13:00:00Z", "2099-04-07T14:00:00Z", "2099-04-07T15:00:00Z");
    let kobalt = file(&red, "KOBALT 21", "35.2854,40.1760,20NM", noon, two);
    let husky = file(&blue, "HUSKY 61", "35.2854,40.1760,20NM", one, three);
    until("both see the conflict", || state(&red) == Some(10) && state(&blue) == Some(10));

    let screen = act(&blue, &["retime", &husky[..8], "--shift", "90min"]);
    assert!(screen.contains("2099-04-07T14:30:00Z to 2099-04-07T16:30:00Z"), "{screen}");
    assert!(screen.contains("RED accepts with 'skypact conflicts accept"), "{screen}");
    let proposal = screen.split_once("proposed ").unwrap().1.split_once(':').unwrap().0.to_owned();
    let early = ["conflicts", "apply", &proposal, "--dir", &blue, "--officer", "Duty officer"];
    refuse(&early, 2, "not-accepted");
    let screen = do_as_told(&red, "skypact conflicts accept ");
    assert!(screen.contains("BLUE files the changed notice"), "{screen}");
    assert_eq!(state(&red), Some(10), "agreed is not yet announced");
    let foreign = ["conflicts", "apply", &proposal, "--dir", &red, "--officer", "Duty officer"];
    refuse(&foreign, 2, "wrong-party");
    do_as_told(&blue, "skypact conflicts apply ");
    until("both are clear", || state(&red) == Some(0) && state(&blue) == Some(0));
    refuse(&early, 2, "citation-replaced");
    let listed = succeed(&["notice", "list", "--dir", &red]);
    let listed = listed.as_array().unwrap().iter().find(|notice| notice["id"] == husky.as_str()).unwrap();
    assert_eq!((&listed["act"], &listed["start_ns"]), (&"changed".into(), &4_079_255_400_000_000_000_i64.into()));

    let mule = file(&blue, "MULE 7", "35.30,40.20,5NM", noon, one);
    until("both see the second conflict", || state(&red) == Some(10) && state(&blue) == Some(10));
    let reroute = ["reroute", &kobalt[..8], "--circle", "35.2854,41.5,10NM"];
    let screen = act(&blue, &reroute);
    assert!(!screen.contains("still be in conflict"), "{screen}");
    assert!(screen.contains("then it files the change"), "the notice is RED's: {screen}");
    let screen = do_as_told(&red, "skypact conflicts accept ");
    assert!(screen.contains("file the change of your notice with 'skypact conflicts apply"), "{screen}");
    do_as_told(&red, "skypact conflicts apply ");
    until("both are clear again", || state(&red) == Some(0) && state(&blue) == Some(0));
    let gone =
        [&["conflicts", "--dir", &blue][..], &OFFICER, &["reroute", &mule[..8], "--circle", "35,41,1NM"]].concat();
    refuse(&gone, 2, "no-conflict");
    assert_eq!(screen_of_inbox(&red), screen_of_inbox(&blue), "nobody has to act, but for what is unread");
    drop(counterpart);
    until("RED does not claim to be clear without BLUE", || state(&red) == Some(11));
}

#[test]
fn a_proposal_is_countered_and_the_counter_proposal_accepted() {
    let ground = Ground::new("counter");
    pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    let _nodes = [Node::start(&red), Node::start(&blue)];
    let (noon, two) = ("2099-04-07T12:00:00Z", "2099-04-07T14:00:00Z");
    let kobalt = file(&red, "KOBALT 21", "35.2854,40.1760,20NM", noon, two);
    let husky = file(&blue, "HUSKY 61", "35.2854,40.1760,20NM", noon, two);
    until("both see the conflict", || state(&red) == Some(10) && state(&blue) == Some(10));
    let id = |screen: &str| screen.split_once("proposed ").unwrap().1.split_once(':').unwrap().0.to_owned();
    let said = act(&blue, &["retime", &kobalt[..8], "--shift", "90min"]);
    assert!(said.contains("like that it would still be in conflict with 1 notice of BLUE\n"), "{said}");
    let first = id(&said);
    until("RED has to answer", || screen(&["inbox", "--dir", &red]).contains(&format!("accept {first}")));
    let own = ["conflicts", "retime", &kobalt[..8], "--shift", "4h", "--counter", &first, "--dir", &blue];
    refuse(&[&own[..], &OFFICER].concat(), 2, "wrong-party");
    let said = act(&red, &["level", &husky[..8], "--lower", "FL260", "--upper", "FL280", "--counter", &first]);
    assert!(said.contains(&format!("level HUSKY 61, a counter-proposal to {first}")), "{said}");
    let second = id(&said);
    assert!(!screen(&["inbox", "--dir", &red]).contains(&first), "it is answered");
    let shown = |dir: &str| String::from_utf8(skypact(&["conflicts", "--dir", dir]).stdout).unwrap();
    for dir in [&red, &blue] {
        until("both show what answers what", || shown(dir).contains(&format!("a counter-proposal to {first}")));
        let shown = shown(dir);
        assert!(shown.contains(&format!("answered by the counter-proposal {second}")), "{shown}");
        assert!(shown.contains(&format!("BLUE runs 'skypact conflicts accept {second}'")), "{shown}");
    }
    do_as_told(&blue, "skypact conflicts accept ");
    let again = [&["conflicts", "accept", &second, "--dir", &blue][..], &OFFICER].concat();
    assert!(refuse(&again, 3, "signed-already").contains("Duty officer has accepted it"));
    do_as_told(&blue, "skypact conflicts apply ");
    until("both are clear", || state(&red) == Some(0) && state(&blue) == Some(0));
}

/// The inbox without notices to be read back.
fn screen_of_inbox(dir: &str) -> Vec<String> {
    let inbox = screen(&["inbox", "--dir", dir]);
    let is_unread = |line: &&str| line.starts_with("read back") || line.starts_with("  until");
    inbox.lines().filter(|line| !is_unread(line)).map(str::to_owned).collect()
}

#[test]
fn a_proposal_that_cannot_be_meant_is_refused_before_it_is_signed() {
    let ground = Ground::new("remedy-refused");
    pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    let _nodes = [Node::start(&red), Node::start(&blue)];
    let legs = ground.path("legs.json");
    std::fs::write(
        &legs,
        r#"{"class": "manned", "call_sign": "KOBALT 21", "volumes": [
            {"circle": "35.2,40.1,5km", "lower": "FL180", "from": "2099-04-07T12:00:00Z", "until": "2099-04-07T13:00:00Z"},
            {"circle": "35.3,40.2,5km", "lower": "FL180", "from": "2099-04-07T13:00:00Z", "until": "2099-04-07T14:00:00Z"}]}"#,
    )
    .unwrap();
    let filed = succeed(&[&["notice", "file", "--dir", &red, "--file", &legs][..], &OFFICER].concat());
    let id = &filed[0]["leaf"].as_str().unwrap()[..8];
    file(&blue, "HUSKY 61", "35.2854,40.1760,20NM", "2099-04-07T12:00:00Z", "2099-04-07T15:00:00Z");
    until("RED sees the conflict", || state(&red) == Some(10));
    let try_to = |arguments: &[&str]| [&["conflicts"], arguments, &["--dir", &red], &OFFICER].concat().join("\n");
    for (arguments, code, reason) in [
        (
            &["retime", id, "--from", "2099-04-07T18:00:00Z", "--until", "2099-04-07T19:00:00Z"][..],
            "field-invalid",
            "--shift",
        ),
        (&["retime", id], "field-missing", "--until"),
        (&["retime", id, "--from", "2099-04-07T18:00:00Z"], "field-missing", "--until"),
        (&["retime", id, "--shift", "soon"], "field-invalid", "20min"),
        (&["retime", id, "--shift", "0min"], "nothing-changes", "already"),
        (&["retime", id, "--shift", "2000000h"], "field-invalid", "beyond"),
        (&["reroute", id, "--circle", "35,40"], "field-invalid", "circle"),
        (&["reroute", id], "field-invalid", "exactly one"),
        (&["reroute", id, "--file", &legs], "nothing-changes", "already"),
        (&["retime", "ffffffff", "--shift", "1h"], "id-unknown", "ffffffff"),
    ] {
        let words = try_to(arguments);
        let message = refuse(&words.split('\n').collect::<Vec<_>>(), 2, code);
        assert!(message.contains(reason), "{message}");
    }
    let screen = act(&red, &["retime", id, "--shift", "-10min"]);
    assert!(screen.contains("still be in conflict with 1 notice of BLUE"), "{screen}");
    assert!(screen.contains("2099-04-07T12:50:00Z to 2099-04-07T13:50:00Z"), "each volume moves: {screen}");
}
