//! What an officer erases is gone from the files of both nodes, and what both say of the rest is what they said.

use skypact_channel::{Erased, Kind, NoticeState};
use skypact_record::verify::{Expectation, StatementKind, verify};

use skypact::storage::Store as _;

use super::*;
use crate::command_ground::free_addresses;

const SECRET: &str = "KOBALT 9731";

/// Files of a directory that hold the call sign.
fn traces(dir: &Path) -> Vec<std::path::PathBuf> {
    let files = std::fs::read_dir(dir).expect("a directory").map(|file| file.expect("a file").path());
    let holds = |file: &std::path::PathBuf| {
        let bytes = std::fs::read(file).unwrap_or_default();
        bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes())
    };
    files.filter(holds).collect()
}

fn is_gone(channel: &Channel) -> bool {
    channel.erasures().count() == 2
        && channel.pending_erasures().is_empty()
        && channel.board().notices().all(NoticeState::is_erased)
}

fn text(channel: &Channel) -> String {
    let said = channel.board().notices().map(|state| (state.id(), &state.versions, channel.timeliness(state)));
    let (said, anomalies): (Vec<_>, Vec<_>) = (said.collect(), channel.anomalies().collect());
    format!("{said:?} {anomalies:?}")
}

async fn said(node: &RunningNode) -> String {
    node.handle.query(|channels| text(channels.get(CHANNEL).expect("it is"))).await.expect("it runs")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_notice_is_gone_from_the_files_of_both_nodes_and_its_leaves_prove_as_before() {
    let ground = Ground::new("erasure").await;
    let addresses: [String; 2] = free_addresses();
    let [blue_at, red_at] = addresses.each_ref().map(String::as_str);
    let blue = ground.start("BLUE", blue_at, red_at).await;
    let red = ground.start("RED", red_at, blue_at).await;
    // A fold of more than one piece.
    let calls = (0..300).map(|_| ground.act("RED", &Message::TestCall)).collect();
    red.handle.submit(CHANNEL, calls).await.expect("recorded");
    let filed = red.handle.submit(CHANNEL, vec![ground.act("RED", &notice(SECRET, 180, 240))]).await.expect("recorded");
    let Message::Notice(ended) = notice(SECRET, 180, 240) else { unreachable!("a notice") };
    let ended = Message::Notice(Notice { act: NoticeAct::Ended, previous: Some(filed[0].leaf), ..ended });
    let early = Erased { bodies: [(filed[0].leaf, None)].into() };
    let early = red.handle.submit(CHANNEL, vec![ground.act("RED", &Message::Erased(early))]).await;
    assert_eq!(early.expect_err("it stands").code(), "erasure-not-over");
    red.handle.submit(CHANNEL, vec![ground.act("RED", &ended)]).await.expect("recorded");
    until(&red, "RED is settled", settled).await;
    for party in ["red", "blue"] {
        assert!(!traces(&ground.dir.join(party)).is_empty(), "{party} holds it");
    }
    // From now on a snapshot of each holds it too.
    red.stop().await.expect("a clean stop");
    blue.stop().await.expect("a clean stop");
    let blue = ground.start("BLUE", blue_at, red_at).await;
    let red = ground.start("RED", red_at, blue_at).await;
    for party in ["red", "blue"] {
        let store = SqliteStore::open_read_only(ground.dir.join(party)).expect("a store");
        let kept = store.snapshot().expect("it reads").expect("a snapshot").bytes;
        assert!(kept.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()), "{party}");
    }
    until(&red, "RED is settled", settled).await;
    until(&blue, "BLUE is settled", settled).await;
    let erasable = |channels: &skypact::node::Channels| {
        let channel = channels.get(CHANNEL).expect("it is");
        channel.erasable(channel.me()).into_iter().map(|body| (body.leaf, body.residue)).collect()
    };
    let bodies = red.handle.query(erasable).await.expect("it runs");
    let erased = Message::Erased(Erased { bodies });
    assert_eq!(erased.kind(), Kind::Erased);
    red.handle.submit(CHANNEL, vec![ground.act("RED", &erased)]).await.expect("recorded");
    until(&red, "it is gone at RED", is_gone).await;
    until(&blue, "it is gone at BLUE", is_gone).await;
    for party in ["red", "blue"] {
        assert!(traces(&ground.dir.join(party)).is_empty(), "while {party} runs");
    }
    until(&red, "RED is settled", |channel| {
        settled(channel) && LogRef::ALL.iter().all(|log| is_quiet(channel.log(*log)))
    })
    .await;
    let bundle = std::fs::File::create(ground.dir.join("blue.bundle")).expect("a file");
    blue.handle.bundle(CHANNEL, BundleOptions::default(), bundle).await.expect("a bundle");
    let bundle = std::fs::read(ground.dir.join("blue.bundle")).expect("a bundle");
    let report = verify(&bundle[..], &Expectation { channel: Some(ground.pact.channel()) }, 2);
    assert!(report.faults.is_empty(), "{:#?}", report.faults);
    let bodies: Vec<_> = report.statements.iter().filter(|at| at.what == StatementKind::Bodies).collect();
    assert!(bodies.iter().any(|at| at.detail.ends_with("2 erased, 0 withheld")), "{bodies:#?}");
    assert_eq!((report.erasures.len(), report.erasures[0].signer.as_str()), (1, "Duty officer"));

    let before = [said(&blue).await, said(&red).await];
    blue.stop().await.expect("a clean stop");
    red.stop().await.expect("a clean stop");
    let blue = ground.start("BLUE", blue_at, red_at).await;
    let red = ground.start("RED", red_at, blue_at).await;
    assert_eq!([said(&blue).await, said(&red).await], before, "a start comes to the same");
    until(&red, "nothing is left to say", settled).await;
    assert!(before.iter().all(|text| text.ends_with(" []")), "no anomaly: {before:?}");
    blue.stop().await.expect("a clean stop");
    red.stop().await.expect("a clean stop");
    std::fs::remove_dir_all(&ground.dir).expect("cleaned up");
}
