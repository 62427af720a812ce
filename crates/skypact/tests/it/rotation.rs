//! Keys are rotated by the command line while the channel runs over two real nodes: the link comes back, receipts go on, and the evidence of before and
//! after holds.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;
use skypact::log_keys::LogKeyLines;

use crate::carriage::view;
use crate::command_ground::{Ground, Node, WHERE, pact, proven, refuse, skypact, succeed, until};
use crate::command_post_quantum::witnessed_pact;

/// RED and BLUE with a pact, and both nodes run.
fn running(name: &str) -> (Ground, [String; 2], [Node; 2]) {
    let ground = Ground::new(name);
    pact(&ground);
    let dirs = ["red", "blue"].map(|party| ground.path(party));
    let nodes = dirs.each_ref().map(|dir| Node::start(dir));
    (ground, dirs, nodes)
}

fn file(dir: &str) {
    let when = ["--from", "2099-04-07T12:00:00Z", "--until", "2099-04-07T13:00:00Z"];
    succeed(&[&["notice", "file", "--dir", dir, "--officer", "Duty officer"][..], &WHERE, &when].concat());
}

fn notices(dir: &str) -> usize {
    succeed(&["notice", "list", "--dir", dir]).as_array().unwrap().len()
}

/// The keys of heads.
fn keys(dir: &str) -> Vec<Value> {
    keys_of(dir, "checkpoint")
}

fn keys_of(dir: &str, role: &str) -> Vec<Value> {
    let all = succeed(&["key", "list", "--dir", dir]).as_array().unwrap().clone();
    all.into_iter().filter(|key| key["role"] == role).collect()
}

fn rotate(dir: &str, more: &[&str]) -> Value {
    rotate_of(dir, "checkpoint", more)
}

fn rotate_of(dir: &str, role: &str, more: &[&str]) -> Value {
    succeed(&[&["key", "rotate", "--role", role, "--dir", dir], more].concat())
}

/// Both nodes file a notice, which the other holds, and the bundles of both hold in both verifiers.
fn goes_on(ground: &Ground, known: usize) {
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    file(&red);
    file(&blue);
    until("both hold what the other filed", || notices(&blue) == known + 2 && notices(&red) == known + 2);
    for (dir, out) in [(&red, ground.path("red.bundle")), (&blue, ground.path("blue.bundle"))] {
        proven(dir, &out);
        python_agrees(&out);
    }
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
    let (ground, [red, blue], [node, _blue]) = running("rotation");
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
    until("both tell the same keys", || keys(&blue) == keys(&red));
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

#[test]
fn a_mirror_key_is_rotated_while_the_channel_runs_and_what_was_received_stays_received() {
    let (ground, [red, blue], [node, _blue]) = running("rotation-mirror");
    goes_on(&ground, 0);
    let told = rotate_of(&red, "mirror", &[]);
    assert_eq!(LogKeyLines::parse(told["log_keys"].as_str().unwrap()).unwrap().used.len(), 2, "{told}");
    goes_on(&ground, 2);
    until("both tell the same keys", || keys_of(&blue, "mirror") == keys_of(&red, "mirror"));
    let all = keys_of(&blue, "mirror");
    assert_eq!(all.len(), 6, "two algorithms for each party, and two new ones");
    let old = all.iter().find(|key| key["party"] == "RED" && key["until"].is_u64()).unwrap();
    assert!(old["held"][0].as_u64().unwrap() > 0, "{old}");
    // The file of the old key is needed no more, that of the new one is.
    node.terminate();
    drop(node);
    std::fs::remove_file(ground.path("red/keys/mirror.key")).unwrap();
    let _node = Node::start(&red);
    rotate_of(&red, "mirror", &[]);
    goes_on(&ground, 4);
}

#[test]
fn a_transport_key_is_rotated_and_the_old_one_is_refused_from_the_first_connection_under_the_new_one_on() {
    let (ground, [red, blue], [node, other]) = running("rotation-transport");
    goes_on(&ground, 0);
    // A thief takes all that RED has, while its node is stopped.
    node.terminate();
    drop(node);
    let stolen = ground.path("stolen");
    copy(Path::new(&red), Path::new(&stolen));
    let node = Node::start(&red);
    rotate_of(&red, "transport", &[]);
    goes_on(&ground, 2);
    until("BLUE has met the new key", || other.log().contains("shows its new transport key; no older one is accepted"));
    assert_eq!(keys_of(&blue, "transport"), keys_of(&red, "transport"));
    // Both start again, with nothing but the record and what BLUE kept; the old key's file is gone.
    node.terminate();
    other.terminate();
    drop((node, other));
    std::fs::rename(ground.path("red/keys/transport.key"), ground.path("old.key")).unwrap();
    let (node, _other) = (Node::start(&red), Node::start(&blue));
    goes_on(&ground, 4);
    // The thief has the old key, and a store that knows of no other: nobody speaks with him.
    node.terminate();
    drop(node);
    let thief = Node::start(&stolen);
    until("the old key is refused", || thief.log().contains("does not accept our key"));
}

/// Copies a directory; what is no file or directory stays behind.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for item in std::fs::read_dir(from).unwrap().map(|item| item.unwrap()) {
        match item.file_type().unwrap() {
            kind if kind.is_dir() => copy(&item.path(), &to.join(item.file_name())),
            kind if kind.is_file() => drop(std::fs::copy(item.path(), to.join(item.file_name())).unwrap()),
            _ => {}
        }
    }
}

#[test]
fn a_node_that_lost_its_newest_transport_key_does_not_start_with_an_earlier_one_and_another_takes_its_place() {
    let (ground, [red, blue], [node, other]) = running("rotation-newest-lost");
    rotate_of(&red, "transport", &[]);
    until("BLUE has met the new key", || other.log().contains("shows its new transport key; no older one is accepted"));
    goes_on(&ground, 0);
    node.terminate();
    drop(node);
    let lost = key_files(&red, "transport-").into_iter().next().unwrap();
    std::fs::remove_file(&lost).unwrap();
    let (code, error) = Node::spawn(&red).ended();
    assert!(code != Some(0) && error["code"] == "key-missing", "{error}");
    assert!(error["message"].as_str().unwrap().contains(&lost), "it names the file: {error}");

    let _node = replaced_by_file(&ground, &red, &blue);
    goes_on(&ground, 2);
}

/// RED's node with a new transport key, of which BLUE learns by file: it lets no connection under it in before.
fn replaced_by_file(ground: &Ground, red: &str, blue: &str) -> Node {
    succeed(&["key", "make", "--dir", red, "--role", "transport"]);
    let node = Node::start(red);
    rotate_of(red, "transport", &[]);
    let frames = ground.path("frames");
    succeed(&["channel", "export-frames", "--dir", red, "--out", &frames, "--store-is-newest"]);
    succeed(&["channel", "import-frames", "--dir", blue, &frames]);
    node
}

/// Key files of a directory whose names begin so.
fn key_files(dir: &str, begin: &str) -> Vec<String> {
    let files = std::fs::read_dir(Path::new(dir).join("keys")).unwrap().map(|file| file.unwrap());
    let named = files.filter(|file| file.file_name().to_string_lossy().starts_with(begin));
    let mut paths: Vec<String> = named.map(|file| file.path().display().to_string()).collect();
    paths.sort();
    paths
}

#[test]
fn a_transport_key_that_is_lost_is_replaced_by_file() {
    let (ground, [red, blue], [node, _blue]) = running("rotation-lost");
    goes_on(&ground, 0);
    node.terminate();
    drop(node);
    std::fs::remove_file(ground.path("red/keys/transport.key")).unwrap();
    let (code, error) = Node::spawn(&red).ended();
    assert!(code != Some(0) && error["code"] == "key-missing", "{error}");
    let _node = replaced_by_file(&ground, &red, &blue);
    goes_on(&ground, 2);
}

#[test]
fn a_root_is_rotated_and_the_new_one_alone_changes_keys() {
    let (ground, [red, blue], [_red, _blue]) = running("rotation-root");
    let new = ground.path("new-root.key");
    refuse(&["key", "rotate", "--role", "root", "--dir", &red], 2, "field-invalid");
    rotate_of(&red, "root", &["--new-root-key", &new]);
    // What is refused leaves no key behind.
    let (before, third) = (key_files(&red, ""), ground.path("third-root.key"));
    refuse(&["key", "rotate", "--role", "checkpoint", "--dir", &red], 3, "not-an-officer");
    let of_root = ["key", "rotate", "--role", "root", "--dir", &red, "--new-root-key", &third];
    refuse(&of_root, 3, "not-an-officer");
    assert_eq!(key_files(&red, ""), before);
    assert!(!Path::new(&third).exists());
    rotate(&red, &["--root-key", &new]);
    goes_on(&ground, 0);
    let roots = keys_of(&blue, "root");
    assert_eq!(roots.iter().filter(|key| key["party"] == "RED").count(), 2);
    assert!(roots.iter().any(|key| key["until"].is_u64()), "{roots:?}");
}

#[test]
fn a_witness_cosigns_again_when_its_operator_has_added_the_line_for_the_new_key() {
    let ground = Ground::new("rotation-witness");
    let witness = witnessed_pact(&ground);
    let start = || {
        let log = ground.path("w1.log");
        let said = std::fs::File::create(&log).unwrap();
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_skypact"));
        let child = child.args(&witness);
        Node::of(child.stdout(std::process::Stdio::null()).stderr(said).spawn().unwrap(), log.into())
    };
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    let running = start();
    let (node, _blue) = (Node::start(&red), Node::start(&blue));
    let own = || view(&red).logs.into_iter().filter(|log| log.origin.starts_with("red.example"));
    let all_is_witnessed = || own().all(|log| log.size > 0 && log.witnessed == log.size);
    until("the witness cosigns what RED wrote", all_is_witnessed);

    let told = rotate(&red, &[]);
    until("the witness refuses heads under a key that it was not told of", || node.log().contains("answered 403"));
    let told_of = node.log().lines().find(|line| line.contains("answered 403")).unwrap().to_owned();
    for said in ["witness-refused", "not signed by its log", "log.keys-CHANNEL in this node's directory"] {
        assert!(told_of.contains(said), "{said}: {told_of}");
    }
    assert!(own().all(|log| log.witnessed < log.size), "the rotation is in both logs");
    drop(running);
    let lines = std::fs::read_to_string(told["file"].as_str().unwrap()).unwrap();
    std::fs::write(ground.path("w1/log.keys"), &lines).unwrap();
    let running = start();
    until("one cosignature covers all of it", all_is_witnessed);

    // The operator ends the old key, and nothing is missing.
    drop(running);
    let old = keys(&red).into_iter().filter(|key| key["party"] == "RED" && key["until"].is_u64());
    let ended: Vec<String> = old.map(|key| format!("end {}\n", key["verifier_key"].as_str().unwrap())).collect();
    std::fs::write(ground.path("w1/log.keys"), lines + &ended.concat()).unwrap();
    let _running = start();
    file(&red);
    until("it goes on under the new key alone", || notices(&blue) == 1 && all_is_witnessed());
}
