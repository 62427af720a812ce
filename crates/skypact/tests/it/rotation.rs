//! A checkpoint key is rotated by the command line while the channel runs over two real nodes, and the evidence of before and after holds.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;
use skypact::log_keys::LogKeyLines;

use crate::command_ground::{Ground, Node, WHERE, pact, proven, refuse, skypact, succeed, until};

fn file(dir: &str) {
    let when = ["--from", "2099-04-07T12:00:00Z", "--until", "2099-04-07T13:00:00Z"];
    succeed(&[&["notice", "file", "--dir", dir, "--officer", "Duty officer"][..], &WHERE, &when].concat());
}

fn notices(dir: &str) -> usize {
    succeed(&["notice", "list", "--dir", dir]).as_array().unwrap().len()
}

fn keys(dir: &str) -> Vec<Value> {
    succeed(&["key", "list", "--dir", dir]).as_array().unwrap().clone()
}

fn rotate(dir: &str, more: &[&str]) -> Value {
    succeed(&[&["key", "rotate", "--role", "checkpoint", "--dir", dir], more].concat())
}

/// What the second verifier says, where Python has what it needs.
fn python_agrees(bundle: &str) {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../interop/python");
    let has_all = "import cryptography, sys; sys.exit(int(cryptography.__version__.split('.')[0]) < 47)";
    let python = |arguments: &[&str]| std::process::Command::new("python3").args(arguments).current_dir(&home).output();
    if !python(&["-c", has_all]).is_ok_and(|asked| asked.status.success()) {
        return;
    }
    let said = python(&["-m", "skypact_verify", bundle]).unwrap();
    assert!(
        said.status.success(),
        "{}{}",
        String::from_utf8_lossy(&said.stdout),
        String::from_utf8_lossy(&said.stderr)
    );
}

#[test]
fn a_checkpoint_key_is_rotated_twice_while_the_channel_runs_and_the_bundles_hold() {
    let ground = Ground::new("rotation");
    pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    let (node, _blue) = (Node::start(&red), Node::start(&blue));
    file(&red);
    until("BLUE holds the first notice", || notices(&blue) == 1);
    let card = std::fs::read_to_string(ground.path("red/party.card")).unwrap();
    refuse(
        &["key", "rotate", "--role", "checkpoint", "--dir", &red, "--root-key", &ground.path("none")],
        2,
        "key-missing",
    );
    let too_much = ["key", "rotate", "--role", "checkpoint", "--dir", &red, "--trusted-routine", "99"];
    refuse(&too_much, 2, "field-invalid");
    assert_eq!(keys(&red).len(), 8, "of the pact, both algorithms for each of four logs: nothing has changed");

    let told = rotate(&red, &["--trusted-routine", "1", "--trusted-urgent", "0"]);
    let lines = LogKeyLines::parse(told["log_keys"].as_str().unwrap()).unwrap();
    assert_eq!(lines.used.len(), 4, "both algorithms for each of two logs: {told}");
    let made: Vec<_> = std::fs::read_dir(ground.path("red/keys")).unwrap().map(|file| file.unwrap()).collect();
    let next = made.iter().filter(|file| file.file_name().to_string_lossy().starts_with("checkpoint-"));
    let next: Vec<_> = next.filter(|file| file.file_name() != "checkpoint-ml-dsa-44.key").collect();
    assert_eq!(next.len(), 2, "{next:?}");
    assert!(next.iter().all(|file| file.metadata().unwrap().permissions().mode() & 0o7777 == 0o600));
    assert_ne!(std::fs::read_to_string(ground.path("red/party.card")).unwrap(), card, "later pacts name the new key");
    file(&red);
    until("BLUE holds a notice under the new key", || notices(&blue) == 2);
    assert_eq!(keys(&blue), keys(&red));
    let old = keys(&blue).into_iter().find(|key| key["log"] == "red.example/east-river/routine").unwrap();
    assert!(old["until"].is_u64() && old["trusted"] == serde_json::json!([1, 0]), "{old}");

    // A start finds the key that is in force by the record, and does not go on without it.
    node.terminate();
    drop(node);
    let hidden = ground.path("hidden.key");
    std::fs::rename(next[0].path(), &hidden).unwrap();
    let (code, error) = Node::spawn(&red).ended();
    assert!(code != Some(0) && error.to_string().contains("restore it from its backup"), "{error}");
    std::fs::rename(&hidden, next[0].path()).unwrap();
    let _node = Node::start(&red);
    rotate(&red, &[]);
    file(&red);
    file(&blue);
    until("both hold all four", || notices(&blue) == 4 && notices(&red) == 4);
    for (dir, out) in [(&red, ground.path("red.bundle")), (&blue, ground.path("blue.bundle"))] {
        proven(dir, &out);
        python_agrees(&out);
        let report = skypact(&["verify", &out]);
        assert!(
            String::from_utf8_lossy(&report.stdout).contains("proven    post-quantum"),
            "ML-DSA-44 changed with it"
        );
    }
    let id = succeed(&["notice", "list", "--dir", &blue])[3]["id"].as_str().unwrap().to_owned();
    let chosen = ground.path("chosen.bundle");
    succeed(&["export-bundle", "--dir", &blue, "--out", &chosen, "--only", &id]);
    let report = skypact(&["verify", &chosen, "--json"]);
    let report: Value = serde_json::from_slice(&report.stdout).unwrap();
    assert_eq!(report["faults"], serde_json::json!([]), "{report}");
}
