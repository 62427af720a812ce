//! What the screens of the duty desk put first, and that those of an exercise say so.

use std::path::Path;

use crate::command_ground::{Ground, Node, bell, pact, skypact, succeed, until};

const OFFICER: [&str; 2] = ["--officer", "Duty officer"];
const NOW: &str = "2099-04-07T08:00:00Z";
const WHEN: [&str; 4] = ["--from", "2099-04-07T09:00:00Z", "--until", "2099-04-07T11:00:00Z"];

/// What a command shows, whatever its exit code.
fn shown(arguments: &[&str]) -> String {
    String::from_utf8(skypact(arguments).stdout).unwrap()
}

fn acts(dir: &str, arguments: &[&str]) -> String {
    succeed(&[arguments, &["--dir", dir], &OFFICER].concat())[0]["leaf"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn every_screen_of_an_exercise_says_so_at_its_top_and_so_do_its_bells() {
    let ground = Ground::new("exercise");
    pact(&ground);
    let red = ground.path("red");
    bell(&red, "command = [\"cat\"]");
    let screens = |dir: &str| {
        let act = shown(&[&["test-call", "call", "--dir", dir][..], &OFFICER].concat());
        let lists = ["inbox", "doctor", "stop", "conflicts", "watch", "case", "channel", "commitment", "hotline|read"];
        let lists = lists.map(|list| shown(&[&list.split('|').collect::<Vec<_>>()[..], &["--dir", dir]].concat()));
        [&[act][..], &lists].concat()
    };
    let heading = "EXERCISE: the node's clock was set, nothing here is service\n";
    let node = Node::start(&red);
    assert!(screens(&red).iter().all(|screen| !screen.contains("EXERCISE")));
    assert_eq!(succeed(&["channel", "--dir", &red])["exercise"], false);
    drop(node);

    let _node = Node::start_at(&red, "2099-04-07T20:00:00Z");
    let told = screens(&red);
    assert!(
        told.iter().all(|screen| screen.starts_with(heading) && screen.matches("EXERCISE").count() == 1),
        "{told:?}"
    );
    assert_eq!(succeed(&["channel", "--dir", &red])["exercise"], true);
    let log = || std::fs::read_to_string(Path::new(&red).join("alarms.log")).unwrap_or_default();
    until("an alarm of the exercise rings", || log().contains("\"text\":\"EXERCISE: "));
}

#[test]
fn what_is_protected_and_what_nobody_ended_stands_first_and_the_hotline_is_in_the_inbox() {
    let ground = Ground::new("duty-desk");
    pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    let _nodes = [Node::start_at(&red, NOW), Node::start_at(&blue, NOW)];
    let inbox = |dir: &str| shown(&["inbox", "--dir", dir]);
    let file = |dir: &str, name: &str, circle: &str| {
        let what = ["notice", "file", "--call-sign", name, "--circle", circle, "--lower", "18000ft AMSL"];
        acts(dir, &[&what[..], &["--upper", "unlimited"], &WHEN].concat())
    };
    for (name, circle) in [("KOBALT 21", "35,40,5NM"), ("KOBALT 22", "36,41,5NM"), ("KOBALT 23", "37,42,5NM")] {
        file(&red, name, circle);
        file(&blue, &name.replace("KOBALT", "HUSKY"), circle);
    }
    acts(&blue, &[&["protect", "camp 4", "--circle", "35.2854,40.1760,500m"][..], &WHEN].concat());
    file(&red, "KOBALT 24", "35.2854,40.1760,20NM");
    until("RED has all", || inbox(&red).contains("\nPROTECTED  ") && inbox(&red).matches("\nconflict   ").count() >= 3);
    let told = inbox(&red);
    let first = told.lines().nth(1).unwrap();
    assert!(first.starts_with("PROTECTED  ") && first.contains("KOBALT 24"), "{told}");
    assert!(told.contains("18000ft AMSL to unlimited"), "as it was filed: {told}");
    let mut lines = told.lines().filter(|line| !line.starts_with("UNKNOWN"));
    assert!(lines.all(|line| line.chars().count() <= 80), "{told}");

    assert!(!told.contains("hotline"));
    for _ in 0..2 {
        acts(&blue, &["hotline", "say", "302", "HUSKY 61"]);
    }
    until("RED hears it", || inbox(&red).contains("hotline    2 messages of BLUE: skypact hotline read"));
    acts(&red, &["hotline", "say", "--text", "understood", "--language", "en"]);
    assert!(!inbox(&red).contains("hotline"), "RED has answered");

    let [first, second, third] = ["A", "B", "C"].map(|what| acts(&blue, &["stop", "call", what]));
    until("RED has all STOPs", || shown(&["stop", "--dir", &red]).matches("STOP ").count() == 3);
    acts(&red, &["stop", "ceased", &first[..10]]);
    let fourth = acts(&blue, &["stop", "call", "D"]);
    acts(&blue, &["stop", "lift", &fourth[..10]]);
    acts(&red, &["stop", "refused", &third[..10], "no"]);
    let order = || {
        let text = shown(&["stop", "--dir", &red]);
        let lines = text.lines().filter_map(|line| line.strip_prefix("STOP "));
        lines.map(|line| line[..10].to_owned()).collect::<Vec<_>>()
    };
    let expected = [&second, &third, &fourth, &first].map(|id| id[..10].to_owned());
    until("RED has what BLUE lifted", || shown(&["stop", "--dir", &red]).contains("lifted"));
    assert_eq!(order(), expected, "escalating, refused, and the newest of what is over");
}
