//! A quiet log has a fresh time to cite, and both nodes' bundles prove it.

use skypact::transport::{PeerClient, TrafficClass, TransportKey};
use skypact_record::verify::{Expectation, StatementKind, verify};
use skypact_record::{Beacon, Leaf};

use super::*;
use crate::transport::identity;

const RED_ROUTINE: LogRef = LogRef { party: 1, class: LogClass::Routine };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leaf_of_a_quiet_log_cites_a_beacon_that_the_bundles_of_both_nodes_carry() {
    let ground = Ground::new("beacon").await;
    let key = TransportKey::new(ground.witness_transport).unwrap();
    let anybody = PeerClient::new(&ground.witness_address, key, &identity().0, TrafficClass::Routine);
    let witness = &ground.pact.log_keys(RED_ROUTINE).witnesses[0];
    let heard = async || anybody.get("/beacon").await.expect("an answer").body;
    let first = Beacon::parse(&heard().await, witness).expect("a beacon");

    let blue = ground.start("BLUE", "127.0.0.1:0", "127.0.0.1:1").await;
    let red = ground.start("RED", "127.0.0.1:0", &blue.address.to_string()).await;
    until(&red, "RED's entry 0 is witnessed", |channel| channel.log(RED_ROUTINE).witnessed(1) > 0).await;
    // One period on, and the time between two questions.
    tokio::time::sleep(Duration::from_secs(21)).await;
    let second = Beacon::parse(&heard().await, witness).expect("a beacon");
    assert!(second.time_s() > first.time_s(), "a new period has a new beacon");
    red.handle.submit(CHANNEL, vec![ground.act("RED", &notice("KOBALT 21", 180, 240))]).await.expect("recorded");
    let index = |channel: &Channel| channel.board().notices().next().map(|state| state.origin.index);
    let is_witnessed =
        move |channel: &Channel| index(channel).is_some_and(|at| channel.log(RED_ROUTINE).witnessed(1) > at);
    until(&red, "RED's notice is witnessed", is_witnessed).await;
    until(&blue, "BLUE knows that it is", is_witnessed).await;
    let notice = blue.handle.query(move |channels| index(channels.get(CHANNEL).expect("it is"))).await;
    let notice = notice.expect("it runs").expect("it was seen above");

    let expectation = Expectation { channel: Some(ground.pact.channel()) };
    for (name, node) in [("red", &red), ("blue", &blue)] {
        let path = ground.dir.join(format!("{name}.bundle"));
        node.handle
            .bundle(CHANNEL, BundleOptions::default(), std::fs::File::create(&path).unwrap())
            .await
            .expect("a bundle");
        let report = verify(std::fs::File::open(&path).unwrap(), &expectation, 1);
        assert_eq!(report.faults, [], "{name}");
        let origin = &ground.pact.log_keys(RED_ROUTINE).origin;
        let is_log =
            |s: &&skypact_record::verify::Statement| s.what == StatementKind::Log && s.log.as_ref() == Some(origin);
        let log = report.statements.iter().find(is_log).expect("a statement about the log");
        let not_before_s = log.not_before_s.expect("a time");
        assert!(not_before_s > first.time_s() as i64 + 8, "{name}: {not_before_s}, first heard {}", first.time_s());
        assert!(not_before_s < log.not_after_s.expect("it is witnessed"), "{name}");
    }
    let store = SqliteStore::open_read_only(ground.dir.join("blue")).unwrap();
    let leaf = store.leaves(ground.pact.log_keys(RED_ROUTINE).origin.as_str(), notice, 1).unwrap().remove(0);
    let cited = Leaf::decode(&leaf).unwrap().cosignature.expect("it cites");
    let kept = store.document(&format!("beacon/{cited}")).unwrap().expect("BLUE heard it too");
    let kept = Beacon::verify(String::from_utf8(kept).unwrap().parse().unwrap(), witness).expect("it holds");
    let not_before = |channel: &Channel| channel.existence(&channel.board().notices().next()?.origin).not_before;
    let expected = Some(UtcNanos((kept.time_s() as i64 - 1) * 1_000_000_000));
    for node in [&red, &blue] {
        until(node, "the node knows when the notice was not placed before", move |channel| {
            not_before(channel) == expected
        })
        .await;
    }
    red.stop().await.expect("a clean stop");
    blue.stop().await.expect("a clean stop");
    drop(store);
    let alone = NodeOptions {
        counterparts: BTreeMap::new(),
        witnesses: BTreeMap::new(),
        ..ground.options("BLUE", "127.0.0.1:0", "")
    };
    let blue = start(alone).await.expect("the node starts");
    until(&blue, "it knows without asking anybody", move |channel| not_before(channel) == expected).await;
    blue.stop().await.expect("a clean stop");
    std::fs::remove_dir_all(&ground.dir).expect("cleaned up");
}
