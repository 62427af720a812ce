//! A node on an old copy of its store: it gets back what it lost, and never signs a second history.

use skypact::node::ExportOptions;
use skypact_channel::{ExportFrom, OwnLogs};

use super::*;
use crate::command_ground::free_addresses;

const DEAD: &str = "127.0.0.1:1";

/// Both nodes have written, RED's store was copied in between while RED was stopped; RED is stopped again, and runs
/// on the copy from here on. What RED's board and logs were before.
struct Lost {
    ground: Ground,
    blue: RunningNode,
    addresses: [String; 2],
    before: Picture,
}

type Picture = (Vec<String>, usize, Vec<Vec<skypact_record::Hash>>);

async fn picture(node: &RunningNode) -> Picture {
    let look = |channels: &skypact::node::Channels| {
        let channel = channels.get(CHANNEL).expect("it is");
        let (board, own) = (channel.board(), LogRef::ALL.into_iter().filter(|log| log.party == channel.me()));
        let mut signs: Vec<String> = board.notices().filter_map(|state| state.notice.call_sign.clone()).collect();
        signs.sort();
        let leaves = own.map(|log| {
            let tree = &channel.log(log).tree;
            (0..tree.size()).filter_map(|index| tree.leaf(index)).collect()
        });
        (signs, board.conflicts().filter(|(_, conflict)| conflict.open).count(), leaves.collect())
    };
    node.handle.query(look).await.expect("it runs")
}

async fn lose(name: &str) -> Lost {
    let ground = Ground::new(name).await;
    let addresses: [String; 2] = free_addresses();
    let [blue_at, red_at] = addresses.each_ref().map(String::as_str);
    let blue = ground.start("BLUE", blue_at, red_at).await;
    let red = ground.start("RED", red_at, blue_at).await;
    red.handle.submit(CHANNEL, vec![ground.act("RED", &notice("KOBALT 21", 180, 240))]).await.expect("recorded");
    until(&red, "RED's notice is everywhere", settled).await;
    red.stop().await.expect("a clean stop");
    copy_store(&ground.dir.join("red"), &ground.dir.join("backup"));

    let red = ground.start("RED", red_at, blue_at).await;
    red.handle.submit(CHANNEL, vec![ground.act("RED", &notice("KOBALT 22", 300, 340))]).await.expect("recorded");
    blue.handle.submit(CHANNEL, vec![ground.act("BLUE", &notice("AZURE 5", 200, 220))]).await.expect("recorded");
    let conflicts = |channel: &Channel| channel.board().conflicts().count() == 1;
    until(&red, "the conflict is found", conflicts).await;
    red.handle.submit(CHANNEL, vec![ground.act("RED", &notice("KOBALT 23", 400, 420))]).await.expect("recorded");
    let all = |channel: &Channel| channel.board().notices().count() == 4 && settled(channel);
    until(&red, "everything is everywhere", all).await;
    until(&blue, "everything is everywhere", all).await;
    let before = picture(&red).await;
    red.stop().await.expect("a clean stop");
    std::fs::rename(ground.dir.join("red"), ground.dir.join("newest")).expect("moved away");
    copy_store(&ground.dir.join("backup"), &ground.dir.join("red"));
    Lost { ground, blue, addresses, before }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_backup_gets_back_what_it_lost_and_its_officers_go_on() {
    let Lost { ground, blue, addresses: [blue_at, red_at], before } = lose("restored").await;
    // Without a link nobody tells the old store what it lacks, and its officers go on.
    let red = ground.start("RED", &red_at, DEAD).await;
    let placed = red.handle.submit(CHANNEL, vec![ground.act("RED", &notice("KOBALT 24", 100, 120))]).await;
    let Message::Notice(new) = notice("KOBALT 24", 100, 130) else { panic!("a notice") };
    let previous = Some(placed.expect("recorded")[0].leaf);
    let changed = Message::Notice(Notice { act: NoticeAct::Changed, previous, ..new });
    red.handle.submit(CHANNEL, vec![ground.act("RED", &changed)]).await.expect("recorded");
    assert_eq!(picture(&red).await.0, ["KOBALT 21", "KOBALT 24"]);
    red.stop().await.expect("a clean stop");

    let red = ground.start("RED", &red_at, &blue_at).await;
    let all = |channel: &Channel| channel.board().notices().count() == 5 && settled(channel);
    until(&red, "what was lost is back, what was said since stands behind it", all).await;
    until(&blue, "BLUE has all of it", all).await;
    let (signs, conflicts, logs) = picture(&red).await;
    assert_eq!(signs, ["AZURE 5", "KOBALT 21", "KOBALT 22", "KOBALT 23", "KOBALT 24"]);
    assert_eq!(conflicts, before.1);
    for (now, then) in logs.iter().zip(&before.2) {
        assert_eq!(now[..then.len()], then[..], "what was signed once stays where it was");
    }
    assert_eq!(red.handle.query(|channels| channels.link(CHANNEL).last_error).await.expect("it runs"), None);
    // The change named the notice by the id that it had on the old store: it is told, and never dropped silently.
    let left_out = red.handle.left_out(CHANNEL).await.expect("it runs");
    assert_eq!((left_out.len(), &left_out[0].body), (1, &changed.encode()));
    let about = left_out[0].about.as_ref().expect("what it was");
    assert_eq!((about.kind, about.code.as_str(), about.signer.as_str()), (1, "citation-unknown", "Duty officer"));
    red.handle.submit(CHANNEL, vec![ground.act("RED", &notice("KOBALT 25", 500, 520))]).await.expect("recorded");
    let more = |channel: &Channel| channel.board().notices().count() == 6 && settled(channel);
    until(&red, "officers go on", more).await;
    until(&blue, "officers go on", more).await;
    let anomalies = |channels: &skypact::node::Channels| channels.get(CHANNEL).expect("it is").anomalies().count();
    assert_eq!(
        blue.handle.query(anomalies).await.expect("it runs"),
        0,
        "nothing twice, and no head that contradicts another"
    );
    // What is on the disk is what is in memory.
    let now = picture(&red).await;
    red.stop().await.expect("a clean stop");
    let red = ground.start("RED", &red_at, &blue_at).await;
    assert_eq!(picture(&red).await.0, now.0);
    until(&red, "nothing is left to say", more).await;
    red.stop().await.expect("a clean stop");
    blue.stop().await.expect("a clean stop");
    std::fs::remove_dir_all(&ground.dir).expect("cleaned up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_backup_whose_head_was_given_away_sends_nothing_that_contradicts_what_was_sent() {
    let Lost { ground, blue, addresses: [blue_at, red_at], .. } = lose("given-away").await;
    // Where a witness answers, it is found out before (see below).
    let alone = NodeOptions { witnesses: BTreeMap::new(), ..ground.options("RED", &red_at, DEAD) };
    let red = start(alone).await.expect("the node starts");
    red.handle.submit(CHANNEL, vec![ground.act("RED", &notice("KOBALT 24", 100, 120))]).await.expect("recorded");
    // An officer answers, wrongly, for this store being the newest one.
    let out = std::fs::File::create(ground.dir.join("frames")).expect("a file");
    let options = ExportOptions { from: ExportFrom::Start, own: OwnLogs::Trusted, bytes_max: 1 << 20 };
    red.handle.export_frames(CHANNEL, options, out).await.expect("exported");
    red.stop().await.expect("a clean stop");

    let held = picture(&blue).await;
    let red = ground.start("RED", &red_at, &blue_at).await;
    let mut error = None;
    for _ in 0..1_000 {
        error = red.handle.query(|channels| channels.link(CHANNEL).last_error).await.expect("it runs");
        if error.as_ref().is_some_and(|error| error.contains("two histories")) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // The witness, which was given heads that this store does not have, speaks before it.
    let error = error.expect("the counterpart holds what this store does not");
    assert!(error.contains("two histories"), "{error}");
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(picture(&blue).await.0, held.0);
    assert!(picture(&red).await.0.contains(&"KOBALT 24".to_owned()));
    red.stop().await.expect("a clean stop");
    blue.stop().await.expect("a clean stop");
    std::fs::remove_dir_all(&ground.dir).expect("cleaned up");
}

/// Both nodes on stores from before RED's KOBALT 22, which the witness knows of. The newest stores are moved away.
async fn both_out_of_backups(name: &str) -> (Ground, [String; 2]) {
    let ground = Ground::new(name).await;
    let addresses: [String; 2] = free_addresses();
    let [blue_at, red_at] = addresses.each_ref().map(String::as_str);
    let stores = ["blue", "red"].map(|party| ground.dir.join(party));
    for (call_sign, lower, copy_to) in [("KOBALT 21", 180, "backup"), ("KOBALT 22", 300, "newest")] {
        let blue = ground.start("BLUE", blue_at, red_at).await;
        let red = ground.start("RED", red_at, blue_at).await;
        red.handle
            .submit(CHANNEL, vec![ground.act("RED", &notice(call_sign, lower, lower + 40))])
            .await
            .expect("recorded");
        until(&red, "RED's notice is everywhere", settled).await;
        until(&blue, "RED's notice is everywhere", settled).await;
        red.stop().await.expect("a clean stop");
        blue.stop().await.expect("a clean stop");
        for store in &stores {
            copy_store(store, &store.with_extension(copy_to));
        }
    }
    for store in &stores {
        std::fs::remove_dir_all(store).expect("moved away");
        copy_store(&store.with_extension("backup"), store);
    }
    (ground, addresses)
}

async fn link_error(node: &RunningNode) -> String {
    for _ in 0..1_000 {
        let error = node.handle.query(|channels| channels.link(CHANNEL).last_error).await.expect("it runs");
        if let Some(error) = error.filter(|error| error.contains("old one")) {
            return error;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nothing was said of an old store within 10 s");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_only_a_witness_remembers_stops_old_stores_of_both_until_it_comes_back() {
    let (ground, [blue_at, red_at]) = both_out_of_backups("both-old").await;
    let blue = ground.start("BLUE", &blue_at, &red_at).await;
    let red = ground.start("RED", &red_at, &blue_at).await;
    let recorded = red.handle.submit(CHANNEL, vec![ground.act("RED", &notice("KOBALT 24", 100, 120))]).await;
    recorded.expect("an officer may act at once");
    let error = link_error(&red).await;
    assert!(
        error.contains("red.example") && error.contains("witness witness.example was given its head of"),
        "{error}"
    );
    // Time in which what is not held back would be there.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(picture(&blue).await.0, ["KOBALT 21"], "nothing of the second history left");
    let out = std::fs::File::create(ground.dir.join("frames")).expect("a file");
    let options = ExportOptions { from: ExportFrom::Start, own: OwnLogs::Trusted, bytes_max: 1 << 20 };
    let exported = red.handle.export_frames(CHANNEL, options, out).await;
    assert_eq!(
        exported.expect_err("nobody can answer for a store that a head contradicts").code(),
        "recovery-witness-ahead"
    );

    // BLUE finds its newest store, and RED gets back what it lost without another start.
    blue.stop().await.expect("a clean stop");
    std::fs::remove_dir_all(ground.dir.join("blue")).expect("moved away");
    copy_store(&ground.dir.join("blue.newest"), &ground.dir.join("blue"));
    let blue = ground.start("BLUE", &blue_at, &red_at).await;
    let all = |channel: &Channel| channel.board().notices().count() == 3 && settled(channel);
    until(&red, "what was lost is back, what was said since stands behind it", all).await;
    until(&blue, "BLUE has all of it", all).await;
    assert_eq!(picture(&red).await.0, ["KOBALT 21", "KOBALT 22", "KOBALT 24"]);
    red.stop().await.expect("a clean stop");
    blue.stop().await.expect("a clean stop");
    std::fs::remove_dir_all(&ground.dir).expect("cleaned up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_witness_that_is_away_stops_nothing_but_a_store_that_is_said_to_be_out_of_a_backup() {
    let ground = Ground::new("no-witness").await;
    let addresses: [String; 2] = free_addresses();
    let [blue_at, red_at] = addresses.each_ref().map(String::as_str);
    let away = || BTreeMap::from([("witness.example".to_owned(), (DEAD.to_owned(), ground.witness_transport))]);
    let blue = ground.start("BLUE", blue_at, red_at).await;
    let strict = NodeOptions { witnesses: away(), is_out_of_backup: true, ..ground.options("RED", red_at, blue_at) };
    let red = start(strict).await.expect("the node starts");
    red.handle.submit(CHANNEL, vec![ground.act("RED", &notice("KOBALT 21", 180, 240))]).await.expect("recorded");
    let mut error = None;
    for _ in 0..1_000 {
        error = red.handle.query(|channels| channels.link(CHANNEL).last_error).await.expect("it runs");
        if error.as_ref().is_some_and(|error| error.contains("0 of 1 witness said")) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(error.is_some_and(|error| error.contains("0 of 1 witness said")), "it says what it waits for");
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert!(picture(&blue).await.0.is_empty(), "nothing left, though the wait of a usual start would be over");
    red.stop().await.expect("a clean stop");

    let usual = NodeOptions { witnesses: away(), ..ground.options("RED", red_at, blue_at) };
    let red = start(usual).await.expect("the node starts");
    until(&blue, "a usual start goes on without the witness", |channel| channel.board().notices().count() == 1).await;
    red.stop().await.expect("a clean stop");
    blue.stop().await.expect("a clean stop");
    std::fs::remove_dir_all(&ground.dir).expect("cleaned up");
}
