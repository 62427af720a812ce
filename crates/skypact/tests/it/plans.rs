//! Plans that are not notified: checked here, rung for here, and in nothing that leaves.

use crate::command_ground::{Ground, Node, WHERE, bell, pact, refuse, skypact, succeed, until};

const OFFICER: [&str; 2] = ["--officer", "Duty officer"];
const WHEN: [&str; 4] = ["--from", "2099-04-07T12:00:00Z", "--until", "2099-04-07T13:00:00Z"];

fn check(dir: &str) -> Option<i32> {
    skypact(&["plan", "check", "--dir", dir]).status.code()
}

/// Sizes of the four logs as a node shows them.
fn sizes(dir: &str) -> Vec<u64> {
    let channel = succeed(&["channel", "--dir", dir]);
    channel["logs"].as_array().unwrap().iter().map(|log| log["size"].as_u64().unwrap()).collect()
}

#[test]
fn a_hit_on_a_plan_rings_here_and_leaves_no_trace_in_any_log() {
    let ground = Ground::new("plans");
    pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    bell(&red, "command = [\"cat\"]");
    let (_red, _blue) = (Node::start(&red), Node::start(&blue));
    succeed(&[&["plan", "keep", "IL 20", "--dir", &red][..], &WHERE, &WHEN].concat());
    until("RED hears BLUE", || check(&red) == Some(0));
    let probe = [&["notice", "file", "--dir", &blue][..], &OFFICER, &WHERE, &WHEN].concat();
    succeed(&probe);
    until("RED's plan is hit", || check(&red) == Some(10));
    let rung = || std::fs::read_to_string(std::path::Path::new(&red).join("alarms.log")).unwrap_or_default();
    until("a bell rings", || rung().contains("plan-conflict"));

    // The same probe against a RED that has no plan: what BLUE sees is the same.
    let before = (sizes(&blue), succeed(&["notice", "list", "--dir", &blue]).as_array().unwrap().len());
    assert_eq!(skypact(&["conflicts", "--dir", &blue]).status.code(), Some(0), "BLUE learns of no conflict");
    succeed(&["plan", "drop", "IL 20", "--dir", &red]);
    assert_eq!(check(&red), Some(0));
    succeed(&probe);
    until("RED holds the second notice", || succeed(&["notice", "list", "--dir", &red]).as_array().unwrap().len() == 2);
    until("BLUE sees as many entries of RED for the second as for the first", || {
        sizes(&blue).iter().sum::<u64>() >= before.0.iter().sum::<u64>() + 2
    });
    assert_eq!(skypact(&["conflicts", "--dir", &blue]).status.code(), Some(0));
    let over = ["--from", "2017-04-07T12:00:00Z", "--until", "2017-04-07T13:00:00Z"];
    let told = refuse(&[&["plan", "keep", "x", "--dir", &red][..], &WHERE, &over].concat(), 3, "window-in-the-past");
    assert!(told.contains("until: 2017-04-07T13:00:00Z is over"), "{told}");
    refuse(&[&["plan", "keep", "../x", "--dir", &red][..], &WHERE, &WHEN].concat(), 2, "field-invalid");
    refuse(&[&["plan", "keep", "x", "--dir", &red][..], &WHERE].concat(), 2, "field-missing");
}
