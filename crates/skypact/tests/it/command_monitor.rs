//! `skypact monitor` as a person uses it: a directory, a card, a table in `node.toml`, and a look at running nodes.

use std::io::Write as _;
use std::path::Path;

use crate::command_ground::{Ground, Node, pact, refuse, skypact, succeed, until};

/// The address that a node's `node.toml` says it listens at.
fn listens(dir: &str) -> String {
    let text = std::fs::read_to_string(Path::new(dir).join("node.toml")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("listen = ")).unwrap();
    line.trim_matches('"').to_owned()
}

#[test]
fn a_monitor_that_is_let_in_says_what_both_nodes_show_and_a_removed_one_says_nothing() {
    let ground = Ground::new("monitor");
    pact(&ground);
    let (red, blue, watcher) = (ground.path("red"), ground.path("blue"), ground.path("watcher"));
    let card = succeed(&["init", "--dir", &watcher, "--monitor", "press-office"]);
    let key = card["keys"][0]["ed25519"].as_str().unwrap();
    assert_eq!(card["keys"].as_array().unwrap().len(), 1, "a monitor signs nothing");
    let at = |party: &str, dir: &str| format!("{party}={}", listens(dir));
    let (at_red, at_blue) = (at("RED", &red), at("BLUE", &blue));
    let look = ["monitor", "--dir", &watcher, "--node", &at_red, "--node", &at_blue, "--once"];
    refuse(&look, 2, "pact-missing");
    std::fs::create_dir_all(Path::new(&watcher).join("pacts")).unwrap();
    let agreed = Path::new(&red).join("pacts/east-river.pact");
    std::fs::copy(agreed, Path::new(&watcher).join("pacts/east-river.pact")).unwrap();
    for dir in [&red, &blue] {
        let file = Path::new(dir).join("node.toml");
        let mut file = std::fs::OpenOptions::new().append(true).open(file).unwrap();
        writeln!(file, "\n[monitors.press-office]\ntransport = \"{key}\"\nchannels = [\"east-river\"]").unwrap();
    }
    let nodes = (Node::start(&red), Node::start(&blue));
    until("all four logs are shown by both nodes", || {
        let looked = skypact(&[&["--json"], &look[..]].concat());
        let looked: serde_json::Value = serde_json::from_slice(&looked.stdout).unwrap_or_default();
        let logs = looked["logs"].as_array().cloned().unwrap_or_default();
        logs.len() == 8 && logs.iter().all(|log| log["state"] == "consistent" && log["mirrored"] == true)
    });
    drop(nodes);
    refuse(&look, 5, "unreachable");
    refuse(&["monitor", "--dir", &watcher, "--node", "BLUE", "--once"], 2, "field-invalid");
    refuse(&["monitor", "--dir", &watcher, "--node", "GREEN=127.0.0.1:1", "--once"], 2, "field-invalid");
    refuse(&["monitor", "--dir", &watcher, "--node", &at_red, "--every", "1ms"], 2, "field-invalid");
}
