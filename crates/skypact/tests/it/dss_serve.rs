//! `skypact serve` with a DSS beside the channel: the table `[dss]` of `node.toml`.

use std::path::Path;

use serde_json::Value;

use crate::command_ground::{Ground, Node, free_addresses, pact, refuse, succeed, until};
use crate::dss_http::{ALL, call_at, intent, intent_path, token};
use crate::dss_issuer::{PemFile, TRUSTED};

/// A party's directory whose `node.toml` has this table.
fn with_dss(ground: &Ground, table: &str) -> String {
    pact(ground);
    let dir = ground.path("red");
    let file = Path::new(&dir).join("node.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(file, format!("{text}\n[dss]\n{table}\n")).unwrap();
    dir
}

#[test]
fn a_node_runs_a_dss_beside_its_channel_in_a_directory_of_its_own() {
    let ground = Ground::new("dss-serve");
    let (keys, [address]) = (PemFile::new("PUBLIC KEY", TRUSTED.public_spki()), free_addresses());
    let table = format!("listen = \"{address}\"\npublic_key_files = [{:?}]\naccess_log = \"access.log\"", keys.path());
    let dir = with_dss(&ground, &table);
    let node = Node::start(&dir);
    let ready = || call_at(&address, "GET", "/ready", None, &Value::Null).0 == 200;
    until("the DSS is ready", ready);
    let uss = token("uss1", ALL);
    let (status, made) = call_at(&address, "PUT", &intent_path(1), Some(&uss), &intent(1, &[]));
    assert_eq!(status, 201, "{made}");
    assert!(Path::new(&dir).join("dss/store.sqlite").exists(), "below the node's directory");
    assert!(Path::new(&dir).join("access.log").exists(), "and so are other paths");
    succeed(&["notice", "list", "--dir", &dir]);
    node.terminate();
    assert_eq!(node.ended().0, Some(0), "both have stopped");

    let _node = Node::start(&dir);
    until("the DSS is ready again", ready);
    assert_eq!(call_at(&address, "GET", &intent_path(1), Some(&uss), &Value::Null).0, 200, "what was acknowledged");
}

#[test]
fn a_table_that_cannot_be_used_is_told_before_the_node_runs() {
    let ground = Ground::new("dss-serve-wrong");
    let dir = with_dss(&ground, "listen = \"127.0.0.1:0\"");
    let said = refuse(&["serve", "--dir", &dir], 2, "public-keys-missing");
    assert!(said.contains("name PEM files or the JWKS URL"), "{said}");

    let file = Path::new(&dir).join("node.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("listen = \"127.0.0.1:0\"", "lisden = \"127.0.0.1:0\"")).unwrap();
    let said = refuse(&["serve", "--dir", &dir], 2, "file-unusable");
    assert!(said.contains("lisden") && said.contains("line "), "{said}");
}
