//! ML-DSA-44 keys on the command line: who gets them, which pacts name them, and that a node without them does not run such a pact.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::command_ground::{Ground, pact, skypact, succeed};

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
