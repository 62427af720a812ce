//! Closed periods go into plain files, at both ends, and nobody notices: not a start, not a bundle, not a counterpart that has lost
//! everything and asks for it again.

use skypact_channel::PeriodSpan;

use super::*;
use crate::command_ground::free_addresses;

pub(super) const RED_ROUTINE: LogRef = LogRef { party: 1, class: LogClass::Routine };
pub(super) const DAY_NS: i64 = 86_400 * 1_000_000_000;

pub(super) async fn start_on_day(ground: &Ground, party: &str, [own, other]: [&str; 2], day: i64) -> RunningNode {
    let clock = NodeClock::exercise(NOW_NS + day * DAY_NS, 1);
    let options = NodeOptions { clock, period: Some(PeriodSpan::Day), ..ground.options(party, own, other) };
    start(options).await.expect("the node starts")
}

/// Roots of all logs, and how many notices stand on the board.
pub(super) async fn picture(node: &RunningNode) -> (Vec<skypact_record::Hash>, usize) {
    let look = |channels: &skypact::node::Channels| {
        let channel = channels.get(CHANNEL).expect("it is");
        let roots = LogRef::ALL.map(|log| channel.log(log).tree.root()).to_vec();
        assert_eq!(channel.anomalies().count(), 0);
        (roots, channel.board().notices().count())
    };
    node.handle.query(look).await.expect("it runs")
}

pub(super) async fn until_archived(node: &RunningNode, entries: u64) {
    for _ in 0..2_000 {
        let archived = node.handle.query(|channels| channels.archived(CHANNEL, RED_ROUTINE)).await;
        if archived.expect("it runs") == entries {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{entries} entries of RED's routine log were not archived within 20 s");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closed_periods_are_archived_and_still_start_a_node_and_fill_an_empty_counterpart() {
    let ground = Ground::new("archive").await;
    let addresses: [String; 2] = free_addresses();
    let [blue_at, red_at] = addresses.each_ref().map(String::as_str);
    let blue = start_on_day(&ground, "BLUE", [blue_at, red_at], 0).await;
    let red = start_on_day(&ground, "RED", [red_at, blue_at], 0).await;
    let acts = (0..300).map(|number| ground.act("RED", &notice(&format!("KOBALT {number}"), 180, 240)));
    red.handle.submit(CHANNEL, acts.collect()).await.expect("recorded");
    until(&blue, "BLUE has all", |channel| channel.board().notices().count() == 300).await;
    until(&red, "RED is settled", settled).await;
    until_archived(&red, 0).await;
    red.stop().await.expect("a clean stop");
    blue.stop().await.expect("a clean stop");

    let blue = start_on_day(&ground, "BLUE", [blue_at, red_at], 1).await;
    let red = start_on_day(&ground, "RED", [red_at, blue_at], 1).await;
    until_archived(&red, 256).await;
    until_archived(&blue, 256).await;
    until(&red, "RED is settled", settled).await;
    until(&blue, "BLUE is settled", settled).await;
    let before = picture(&red).await;
    assert_eq!(before, picture(&blue).await);
    assert_eq!(before.1, 300);
    for party in ["red", "blue"] {
        let log = std::fs::read_dir(ground.dir.join(party).join("archive")).expect("an archive").count();
        assert_eq!(log, 1, "one log of {party} had a full tile");
    }
    red.stop().await.expect("a clean stop");
    let red = start_on_day(&ground, "RED", [red_at, blue_at], 1).await;
    assert_eq!(picture(&red).await, before, "a start folds in both");

    // BLUE loses its disk, and gets everything from RED: RED's entries out of RED's archive, its own out of RED's mirror.
    blue.stop().await.expect("a clean stop");
    std::fs::remove_dir_all(ground.dir.join("blue/archive")).expect("an archive");
    for name in ["store.sqlite", "store.sqlite-wal", "store.sqlite-shm"] {
        let _ = std::fs::remove_file(ground.dir.join("blue").join(name));
    }
    let blue = start_on_day(&ground, "BLUE", [blue_at, red_at], 1).await;
    until(&blue, "BLUE has all again", |channel| channel.board().notices().count() == 300).await;
    until(&blue, "BLUE is settled", settled).await;
    until(&red, "RED is settled", settled).await;
    assert_eq!(picture(&blue).await, picture(&red).await);
    until_archived(&blue, 256).await;
    red.stop().await.expect("a clean stop");
    blue.stop().await.expect("a clean stop");
    std::fs::remove_dir_all(&ground.dir).expect("cleaned up");
}
