//! A start goes on from a snapshot, comes to the state of a fold of everything, and needs nothing of what lies behind it. A snapshot that is not what was
//! kept counts for nothing.

use skypact::node::NodeError;
use skypact::storage::{Snapshot, Store as _};

use super::archive::{DAY_NS, RED_ROUTINE, picture, start_on_day, until_archived};
use super::*;
use crate::command_ground::free_addresses;

/// The state of a node's channel, all of it.
async fn state(node: &RunningNode) -> Vec<u8> {
    node.handle.query(|channels| channels.get(CHANNEL).expect("it is").snapshot()).await.expect("it runs")
}

async fn folded(node: &RunningNode) -> u64 {
    node.handle.query(|channels| channels.folded(CHANNEL, RED_ROUTINE)).await.expect("it runs")
}

fn numbered(ground: &Ground, party: &str, numbers: std::ops::Range<u32>) -> Vec<Submission> {
    let in_two_days = |mut message: Message| {
        let Message::Notice(notice) = &mut message else { unreachable!("a notice") };
        for volume in &mut notice.volumes {
            let [start, end] = [volume.window.start(), volume.window.end()].map(|at| UtcNanos(at.0 + 2 * DAY_NS));
            volume.window = TimeWindow::new(start, end).expect("both move alike");
        }
        message
    };
    numbers.map(|number| ground.act(party, &in_two_days(notice(&format!("KOBALT {number}"), 180, 240)))).collect()
}

fn store(ground: &Ground) -> SqliteStore {
    SqliteStore::open(ground.dir.join("red")).expect("a store")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_starts_and_goes_on_without_the_archived_files_behind_its_snapshot() {
    let ground = Ground::new("snapshot").await;
    let addresses: [String; 2] = free_addresses();
    let [blue_at, red_at] = addresses.each_ref().map(String::as_str);
    let blue = start_on_day(&ground, "BLUE", [blue_at, red_at], 0).await;
    let red = start_on_day(&ground, "RED", [red_at, blue_at], 0).await;
    assert_eq!(folded(&red).await, 0, "there was nothing to fold");
    red.handle.submit(CHANNEL, numbered(&ground, "RED", 0..300)).await.expect("recorded");
    until(&blue, "BLUE has all", |channel| channel.board().notices().count() == 300).await;
    until(&red, "RED is settled", settled).await;
    red.stop().await.expect("a clean stop");
    blue.stop().await.expect("a clean stop");

    let blue = start_on_day(&ground, "BLUE", [blue_at, red_at], 1).await;
    let red = start_on_day(&ground, "RED", [red_at, blue_at], 1).await;
    until_archived(&red, 256).await;
    until(&red, "RED is settled", settled).await;
    until(&blue, "BLUE is settled", settled).await;
    let before = picture(&red).await;
    assert!(folded(&red).await >= 300);
    red.stop().await.expect("a clean stop");
    let (archive, away) = (ground.dir.join("red/archive"), ground.dir.join("away"));
    std::fs::rename(&archive, &away).expect("moved");
    let red = start_on_day(&ground, "RED", [red_at, blue_at], 1).await;
    assert_eq!(picture(&red).await, before);
    // Both go on, and the conflicts with what is behind the snapshot are found.
    red.handle.submit(CHANNEL, numbered(&ground, "RED", 300..302)).await.expect("recorded");
    blue.handle.submit(CHANNEL, numbered(&ground, "BLUE", 0..1)).await.expect("recorded");
    until(&red, "RED is settled", settled).await;
    until(&blue, "BLUE is settled", settled).await;
    let conflicts = |channel: &Channel| channel.board().conflicts().filter(|(_, at)| at.open).count() == 302;
    until(&red, "conflicts with all", conflicts).await;
    until(&blue, "conflicts with all", conflicts).await;
    assert_eq!(picture(&red).await, picture(&blue).await);
    // What needs the files says which one is missing.
    let bundle = std::fs::File::create(ground.dir.join("red.bundle")).expect("a file");
    let error = red.handle.bundle(CHANNEL, BundleOptions::default(), bundle).await.expect_err("leaves are away");
    assert!(error.code() == "store-moved-away" && error.to_string().contains("/archive/"), "{error}");
    red.stop().await.expect("a clean stop");

    // From the snapshot and from the first entry it is the same state. The receipts of both are those that are stored.
    let on = start_on_day(&ground, "RED", [red_at, "127.0.0.1:1"], 1).await;
    let from_snapshot = state(&on).await;
    on.stop().await.expect("a clean stop");
    std::fs::rename(&away, &archive).expect("moved back");
    let kept = store(&ground).snapshot().expect("it reads").expect("a snapshot");
    store(&ground).put_snapshot(&Snapshot { bytes: Vec::new(), ..kept }).expect("spoilt");
    let all = start_on_day(&ground, "RED", [red_at, "127.0.0.1:1"], 1).await;
    assert!(state(&all).await == from_snapshot, "a fold of everything comes to another state");
    all.stop().await.expect("a clean stop");
    blue.stop().await.expect("a clean stop");
    std::fs::remove_dir_all(&ground.dir).expect("cleaned up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_that_is_not_what_was_kept_counts_for_nothing() {
    let ground = Ground::new("snapshot-void").await;
    let addresses: [String; 2] = free_addresses();
    let [red_at, nobody] = addresses.each_ref().map(String::as_str);
    let red = ground.start("RED", red_at, nobody).await;
    red.handle.submit(CHANNEL, numbered(&ground, "RED", 0..5)).await.expect("recorded");
    red.stop().await.expect("a clean stop");
    // Now one is kept, and what comes then is behind it.
    let red = ground.start("RED", red_at, nobody).await;
    red.handle.submit(CHANNEL, numbered(&ground, "RED", 5..8)).await.expect("recorded");
    let expected = picture(&red).await;
    red.stop().await.expect("a clean stop");
    let sound = store(&ground).snapshot().expect("it reads").expect("a snapshot");
    let flipped = |at: usize| {
        let mut bytes = sound.bytes.clone();
        bytes[at] ^= 1;
        Snapshot { bytes, ..sound }
    };
    // Magic, program, signature, contents; cut short, longer, and said to be of another place.
    let length = sound.bytes.len();
    let mut altered: Vec<_> = [0, 30, 100, 200, length / 2, length - 1].map(flipped).into();
    altered.push(Snapshot { bytes: sound.bytes[..length - 9].to_vec(), ..sound });
    altered.push(Snapshot { bytes: [&sound.bytes[..], &[0]].concat(), ..sound });
    altered.push(Snapshot { sequence: sound.sequence + 1, bytes: sound.bytes.clone() });
    for (number, altered) in altered.into_iter().enumerate() {
        store(&ground).put_snapshot(&altered).expect("stored");
        let red = ground.start("RED", red_at, nobody).await;
        assert_eq!(picture(&red).await, expected, "{number}");
        red.stop().await.expect("a clean stop");
        let kept = store(&ground).snapshot().expect("it reads").expect("a snapshot");
        assert!(kept != altered && kept.sequence > sound.sequence, "a sound one took its place: {number}");
    }
    // Another party's, and a genuine one over a store that holds less.
    let mut other = ground.options("RED", red_at, nobody);
    other.keys = ground.blue.ring.clone();
    let other: Result<RunningNode, NodeError> = start(other).await;
    assert!(other.is_err(), "its keys are not those of the pact");
    let genuine = store(&ground).snapshot().expect("it reads").expect("a snapshot");
    for name in ["store.sqlite", "store.sqlite-wal", "store.sqlite-shm"] {
        let _ = std::fs::remove_file(ground.dir.join("red").join(name));
    }
    store(&ground).put_snapshot(&genuine).expect("stored");
    let red = ground.start("RED", red_at, nobody).await;
    assert_eq!(picture(&red).await.1, 0, "the store is empty");
    red.stop().await.expect("a clean stop");
    std::fs::remove_dir_all(&ground.dir).expect("cleaned up");
}
