//! ML-DSA-44 keys on the command line: who gets them, which pacts name them, that a node without them does not run such a pact,
//! and a whole post-quantum channel with a witness, its drop-box and its beacons.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use serde_json::Value;
use skypact::http::views::LogView;

use crate::carriage::view;
use crate::command::file;
use crate::command_ground::{Ground, Node, free_addresses, pact, proven, skypact, succeed, until};

/// Keys of a pact or proposal under ML-DSA-44: those of parties, and those of witnesses.
fn named(shown: &Value) -> [usize; 2] {
    ["keys", "witnesses"]
        .map(|list| shown[list].as_array().unwrap().iter().filter(|key| key["algorithm"] == "ml-dsa-44").count())
}

/// The card as a version that knew no ML-DSA-44 would have made it.
fn forget_ml_dsa_44(card: &str) {
    let mut table: toml::Table = std::fs::read_to_string(card).unwrap().parse().unwrap();
    table["keys"].as_array_mut().unwrap().retain(|key| key.get("ml_dsa_44").is_none());
    std::fs::write(card, table.to_string()).unwrap();
}

#[test]
fn a_pact_is_post_quantum_when_both_cards_have_the_keys() {
    let ground = Ground::new("post-quantum");
    pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue/party.card"));
    for key in ["checkpoint", "mirror"] {
        let file = std::fs::metadata(ground.path(&format!("red/keys/{key}-ml-dsa-44.key"))).unwrap();
        assert_eq!(file.permissions().mode() & 0o7777, 0o600);
    }
    let shown = succeed(&["pact", "show", &ground.path("red/pacts/east-river.pact")]);
    assert_eq!((&shown["post_quantum"], named(&shown)), (&true.into(), [4, 0]));

    let witnesses = ["w1", "w2"].map(|name| ground.path(name));
    for (dir, name) in witnesses.iter().zip(["w1.example", "w2.example"]) {
        succeed(&["init", "--dir", dir, "--witness", name]);
    }
    let cards = witnesses.each_ref().map(|dir| format!("{dir}/party.card"));
    let propose = |out: &str, quorum: &str| {
        let out = ground.path(out);
        let who = ["pact", "propose", "--dir", &red, "--with", &blue, "--name", "east-river", "--out", &out];
        let witnesses = ["--witness", &cards[0], "--witness", &cards[1], "--quorum", quorum];
        succeed(&[&who[..], &witnesses].concat());
        succeed(&["pact", "show", &out])
    };
    assert_eq!(named(&propose("all.toml", "2")), [4, 2]);
    forget_ml_dsa_44(&cards[1]);
    assert_eq!(named(&propose("enough.toml", "1")), [4, 1]);
    assert_eq!(named(&propose("too-few.toml", "2")), [4, 0]);
    forget_ml_dsa_44(&blue);
    let shown = propose("one-side.toml", "1");
    assert_eq!((&shown["post_quantum"], named(&shown)), (&false.into(), [0, 0]));
}

#[test]
fn a_node_without_the_keys_that_its_pact_names_does_not_start() {
    let ground = Ground::new("post-quantum-keys");
    pact(&ground);
    let red = ground.path("red");
    assert_eq!(succeed(&["doctor", "--dir", &red])["sound"], true);
    for key in ["mirror", "checkpoint"] {
        std::fs::remove_file(ground.path(&format!("red/keys/{key}-ml-dsa-44.key"))).unwrap();
        let output = skypact(&["serve", "--dir", &red]);
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("ml-dsa-44.key"), "{said}");
    }
}

/// A channel of two parties with a witness, all three with keys of both algorithms; none of them runs yet.
pub(crate) fn witnessed_pact(ground: &Ground) -> Vec<String> {
    pact(ground);
    let (red, blue, w1, proposal) =
        (ground.path("red"), ground.path("blue"), ground.path("w1"), ground.path("witnessed.toml"));
    succeed(&["init", "--dir", &w1, "--witness", "w1.example"]);
    let (blue_card, w1_card) = (format!("{blue}/party.card"), format!("{w1}/party.card"));
    let propose = ["pact", "propose", "--dir", &red, "--with", &blue_card, "--name", "east-river"];
    succeed(&[&propose[..], &["--witness", &w1_card, "--out", &proposal]].concat());
    let [address] = free_addresses();
    let card: toml::Table = std::fs::read_to_string(&w1_card).unwrap().parse().unwrap();
    let keys = card["keys"].as_array().unwrap().iter();
    let transport = keys.filter(|key| key["role"].as_str() == Some("transport")).find_map(|key| key.get("ed25519"));
    let transport = transport.unwrap().as_str().unwrap();
    for dir in [&red, &blue] {
        std::fs::remove_file(format!("{dir}/pacts/east-river.pact")).unwrap();
        let file = format!("{dir}/node.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let known = format!("[witnesses.\"w1.example\"]\naddress = \"{address}\"\ntransport = \"{transport}\"\n");
        std::fs::write(&file, text.replace("[witnesses]\n", &known)).unwrap();
    }
    succeed(&["pact", "sign", "--dir", &blue, &proposal]);
    succeed(&["pact", "sign", "--dir", &red, &proposal]);
    std::fs::copy(format!("{red}/pacts/east-river.pact"), format!("{w1}/pacts/east-river.pact")).unwrap();
    ["witness", "--dir", &w1, "--listen", &address].map(str::to_owned).to_vec()
}

/// What the second verifier says of a bundle, where this machine has what it needs.
fn python_says(bundle: &str) -> Option<Value> {
    let home = concat!(env!("CARGO_MANIFEST_DIR"), "/../../interop/python");
    let own = concat!(env!("CARGO_TARGET_TMPDIR"), "/../python/bin/python3");
    let arguments = ["-m", "skypact_verify", "--json", bundle];
    let output = std::process::Command::new(own).args(arguments).current_dir(home).output().ok()?;
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn a_post_quantum_channel_with_a_silent_end_is_proven_by_both_verifiers() {
    let ground = Ground::new("post-quantum-whole");
    let witness = witnessed_pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    let witness = std::process::Command::new(env!("CARGO_BIN_EXE_skypact"))
        .args(witness)
        .stdout(std::process::Stdio::null())
        .stderr(std::fs::File::create(ground.path("w1.log")).unwrap())
        .spawn();
    let _witness = Node::of(witness.unwrap(), ground.path("w1.log").into());
    let (red_node, blue_node) = (Node::start(&red), Node::start(&blue));
    until("BLUE signs for all that RED wrote, and the witness for it", || {
        let logs = view(&red).logs;
        let own = |log: &&LogView| log.origin.starts_with("red.example");
        logs.iter().filter(own).all(|log| log.delivered == Some(log.size) && log.witnessed == log.size)
    });
    // RED started first, and asks for BLUE's sealing key again after 5 s.
    std::thread::sleep(Duration::from_secs(6));

    // BLUE falls silent: what RED files then is left with the witness, and cites its beacon.
    drop(blue_node);
    let (from, until_time) = ("2099-04-07T09:00:00Z", "2099-04-07T11:00:00Z");
    succeed(&file(&red, "FL180", from, until_time));
    let (silent, whole) = (ground.path("silent.bundle"), ground.path("whole.bundle"));
    let statements = |bundle: &str| -> Vec<Value> {
        let _ = std::fs::remove_file(bundle);
        succeed(&["export-bundle", "--dir", &red, "--out", bundle]);
        let report: Value = serde_json::from_slice(&skypact(&["--json", "verify", bundle]).stdout).unwrap();
        assert_eq!(report["faults"], serde_json::json!([]));
        report["statements"].as_array().unwrap().clone()
    };
    let is = |statement: &Value, what: &str| statement["what"] == what && statement["status"] == "proven";
    until("the witness has what BLUE does not fetch", || statements(&silent).iter().any(|s| is(s, "offered")));
    std::thread::sleep(Duration::from_secs(12));
    succeed(&file(&red, "FL190", from, until_time));

    let blue_node = Node::start(&blue);
    proven(&red, &whole);
    let said = statements(&whole);
    assert_eq!(said.iter().filter(|s| is(s, "post-quantum")).count(), 4, "{said:?}");
    let bytes = std::fs::read(&whole).unwrap();
    assert!(bytes.windows(13).any(|name| name == b"heard/beacons"), "a leaf of the quiet log cites a beacon");
    for bundle in [&silent, &whole] {
        let ours: Value = serde_json::from_slice(&skypact(&["--json", "verify", bundle]).stdout).unwrap();
        let theirs = python_says(bundle).unwrap_or_else(|| ours.clone());
        for what in ["channel", "entries", "holds", "faults"] {
            assert_eq!(theirs[what], ours[what], "{what} of {bundle}");
        }
        // The words are each verifier's own.
        let facts = |report: &Value| -> Vec<[Value; 5]> {
            let names = ["what", "log", "status", "not_before_s", "not_after_s"];
            let statements = report["statements"].as_array().unwrap().iter();
            statements.map(|statement| names.map(|name| statement[name].clone())).collect()
        };
        assert_eq!(facts(&theirs), facts(&ours), "{bundle}");
    }
    drop((red_node, blue_node));
}
