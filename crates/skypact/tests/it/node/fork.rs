//! A counterpart that signs two histories, over a real connection with its real keys.

use std::process::Command;

use skypact::node::FRAMES_PATH;
use skypact::transport::{PeerClient, TrafficClass, TransportKey};
use skypact_channel::Frame;
use skypact_record::{Checkpoint, Entry, Leaf, Part, SignedCheckpoint, Tree};

use super::*;

/// The frame of another second entry than the one that RED's store has.
fn second_history(ground: &Ground, log: LogRef) -> Frame {
    let store = SqliteStore::open_read_only(ground.dir.join("red")).expect("a store");
    let keys = ground.pact.log_keys(log);
    let stored = store.read(keys.origin.as_str(), 0, 1, 1 << 20).expect("entry 0").remove(0);
    let parts = stored.parts.into_iter().map(|part| part.map(|part| Part { salt: part.salt, bytes: part.bytes }));
    let first = Entry { leaf: Leaf::decode(&stored.leaf).expect("a leaf"), parts: parts.collect() };
    let act = ground.act("RED", &notice("KOBALT 99", 180, 240));
    let leaf = Leaf { origin: keys.origin.clone(), index: 1, seen: Vec::new(), cosignature: None, act: act.act };
    let tree: Tree = [first.leaf.hash(), leaf.hash()].into_iter().collect();
    let head = Checkpoint { origin: keys.origin.clone(), size: 2, root: tree.root() };
    let head = SignedCheckpoint::sign(head, &RecordSigner::new(ground.red.ring.checkpoint.clone())).expect("signed");
    let second = Entry { leaf, parts: vec![Some(act.part)] };
    let entries = [first, second].map(|entry| entry.encode().expect("an entry"));
    Frame {
        channel: ground.pact.channel(),
        origin: keys.origin.to_string(),
        start: 0,
        entries: entries.to_vec(),
        note: head.encode(),
    }
}

fn skypact(arguments: &[&str]) -> (Option<i32>, serde_json::Value) {
    let output = Command::new(env!("CARGO_BIN_EXE_skypact")).args(arguments).arg("--json").output().expect("it runs");
    let text = if output.stdout.is_empty() { &output.stderr } else { &output.stdout };
    (output.status.code(), serde_json::from_slice(text).expect("JSON"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_history_is_refused_and_leaves_a_proof_that_anybody_can_check() {
    let ground = Ground::new("fork").await;
    let blue = ground.start("BLUE", "127.0.0.1:0", "127.0.0.1:1").await;
    let red = ground.start("RED", "127.0.0.1:0", &blue.address.to_string()).await;
    red.handle.submit(CHANNEL, vec![ground.act("RED", &notice("KOBALT 21", 180, 240))]).await.expect("recorded");
    let log = LogRef { party: 1, class: LogClass::Routine };
    until(&blue, "BLUE holds RED's notice", move |channel| channel.log(log).size() >= 2).await;
    red.stop().await.expect("a clean stop");
    let root = move |channels: &skypact::node::Channels| channels.get(CHANNEL).expect("it is").log(log).tree.root();
    let held = blue.handle.query(root).await.expect("it runs");

    let dir = ground.dir.join("blue");
    let path = |file: &str| ground.dir.join(file).to_str().expect("a path of the test").to_owned();
    std::fs::create_dir(dir.join("pacts")).expect("a directory");
    std::fs::write(dir.join("pacts/east-river.pact"), ground.pact.encode()).expect("a file");
    let (code, none) = skypact(&["fork", "list", "--dir", &path("blue")]);
    assert_eq!((code, none["forks"].as_array().map(Vec::len)), (Some(0), Some(0)), "{none}");

    let identity = Identity::new(&ground.red.ring.transport).expect("an identity");
    let key = TransportKey::new(ground.blue.ring.transport.public_key_bytes()).expect("a key");
    let client = PeerClient::new(&blue.address.to_string(), key, &identity, TrafficClass::Routine);
    let frame = second_history(&ground, log);
    for _ in 0..2 {
        let answer = client.post(FRAMES_PATH, frame.encode()).await.expect("an answer");
        assert_eq!(answer.status, 422);
        assert!(String::from_utf8_lossy(&answer.body).contains("root-differs"));
    }
    assert_eq!(blue.handle.query(root).await.expect("it runs"), held, "BLUE still holds the first history");

    let (code, list) = skypact(&["fork", "list", "--dir", &path("blue"), "--out", &path("")]);
    assert_eq!((code, list["forks"].as_array().map(Vec::len)), (Some(1), Some(1)), "{list}");
    let (proof, pact) = (path("east-river-RED-routine.fork"), path("blue/pacts/east-river.pact"));
    let (code, proven) = skypact(&["fork", "verify", &proof, "--pact", &pact]);
    assert_eq!((code, &proven["proven"]), (Some(0), &true.into()), "{proven}");
    let mut damaged = std::fs::read(&proof).expect("the proof");
    let last = damaged.len() - 2;
    damaged[last] ^= 1;
    std::fs::write(path("damaged"), damaged).expect("a file");
    let (code, unproven) = skypact(&["fork", "verify", &path("damaged"), "--pact", &pact]);
    assert!(code != Some(0) && unproven["proven"] != true, "{unproven}");
    blue.stop().await.expect("a clean stop");
    std::fs::remove_dir_all(&ground.dir).expect("cleaned up");
}
