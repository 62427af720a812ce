//! Clocks between two nodes and a witness: whose is wrong, and how often a party may ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::body::Bytes;
use skypact::clock::NodeClock;
use skypact::http::views;
use skypact::transport::{
    ClientAuth, Peer, PeerAnswer, PeerClient, PeerHandler, PeerServer, Pins, TrafficClass, TransportKey,
};
use skypact_channel::{ClockState, Clocks, Suspect};

use super::*;

async fn until_clocks(node: &RunningNode, what: &str, holds: impl Fn(&Clocks) -> bool) -> Clocks {
    for _ in 0..2_000 {
        let clocks = node.handle.query(|channels| channels.clocks(CHANNEL).expect("it is")).await.expect("it runs");
        if holds(&clocks) {
            return clocks;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("did not come about within 20 s: {what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_agree_show_whose_clock_is_wrong_at_every_node() {
    let ground = Ground::new("clocks").await;
    let blue = ground.start("BLUE", "127.0.0.1:0", "127.0.0.1:1").await;
    let blue_address = blue.address.to_string();
    let wrong = NodeClock::exercise(NOW_NS + 40_000_000_000, 1);
    let wrong = NodeOptions { clock: wrong, ..ground.options("RED", "127.0.0.1:0", &blue_address) };
    let red = start(wrong).await.expect("the node starts");
    let red_address = red.address.to_string();
    blue.stop().await.expect("a clean stop");
    let blue = ground.start("BLUE", &blue_address, &red_address).await;

    let at_red = until_clocks(&red, "RED's own clock is the suspect", |clocks| {
        clocks.suspect() == Some(Suspect::Own) && clocks.are_off()
    })
    .await;
    assert_eq!(at_red.state(at_red.witnesses[0].1), ClockState::Off);
    let at_blue = until_clocks(&blue, "RED's clock is the suspect", |clocks| {
        clocks.suspect() == Some(Suspect::Counterpart) && clocks.are_off()
    })
    .await;
    assert_eq!(at_blue.state(at_blue.witnesses[0].1), ClockState::Within);
    red.stop().await.expect("a clean stop");
    blue.stop().await.expect("a clean stop");
    std::fs::remove_dir_all(&ground.dir).expect("cleaned up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_party_is_shown_the_time_and_no_more_often_than_it_needs_it() {
    let ground = Ground::new("clock-door").await;
    let red = ground.start("RED", "127.0.0.1:0", "127.0.0.1:1").await;
    let key = TransportKey::new(ground.red.ring.transport.public_key_bytes()).expect("a key");
    let identity = Identity::new(&ground.blue.ring.transport).expect("an identity");
    let blue = PeerClient::new(&red.address.to_string(), key, &identity, TrafficClass::Routine);
    let before_ns = red.handle.now_ns();
    let answer = blue.get("/channel/v1/clock").await.expect("an answer");
    let shown_ns = i64::from_be_bytes(answer.body[..].try_into().expect("8 bytes"));
    assert_eq!(answer.status, 200);
    assert!((before_ns..=red.handle.now_ns()).contains(&shown_ns));
    let mut refused = None;
    for _ in 0..2_000 {
        let answer = blue.get("/channel/v1/clock").await.expect("an answer");
        if answer.status != 200 {
            refused = Some((answer.status, String::from_utf8(answer.body.to_vec()).expect("text")));
            break;
        }
    }
    let (status, body) = refused.expect("it asked too often");
    assert!(status == 429 && body.contains("clock-too-fast"), "{status} {body}");
    red.stop().await.expect("a clean stop");
    std::fs::remove_dir_all(&ground.dir).expect("cleaned up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_that_claims_another_time_than_is_proven_is_marked_at_both_nodes() {
    let ground = Ground::new("clock-entries").await;
    let blue = ground.start("BLUE", "127.0.0.1:0", "127.0.0.1:1").await;
    let red = ground.start("RED", "127.0.0.1:0", &blue.address.to_string()).await;
    let facts =
        Facts { channel: ground.pact.channel(), epochs: [1; 2], author: PartyName::new("RED").expect("a name") };
    let now = UtcNanos(red.handle.now_ns());
    let claimed = UtcNanos(now.0 + 600_000_000_000);
    let acts = [claimed, now].map(|claims| {
        let draft = Draft::new(&facts, &notice("KOBALT 21", 180, 240), Vec::new(), claims, &mut SystemEntropy);
        draft.sign(&ground.red.officer).expect("signed")
    });
    red.handle.submit(CHANNEL, acts.to_vec()).await.expect("recorded");
    let is_marked = move |channel: &Channel| {
        let mut notices: Vec<_> = channel.board().notices().collect();
        notices.sort_by_key(|state| state.origin.index);
        let times: Vec<_> = notices.into_iter().map(|state| views::notice(channel, state).time).collect();
        let is_proven = times.len() == 2 && times.iter().all(|time| time.not_after_ns.is_some());
        is_proven && times[0].clock_off && times[0].claimed_ns == claimed.0 && !times[1].clock_off
    };
    until(&red, "RED shows which of its entries claims another time", is_marked).await;
    until(&blue, "and so does BLUE", is_marked).await;
    red.stop().await.expect("a clean stop");
    blue.stop().await.expect("a clean stop");
    std::fs::remove_dir_all(&ground.dir).expect("cleaned up");
}

/// A counterpart of an earlier version: it takes no frame now, and has no clock to show.
struct Earlier(Arc<AtomicUsize>);

impl PeerHandler for Earlier {
    async fn handle(&self, _: Peer, _: String, _: Bytes) -> PeerAnswer {
        PeerAnswer::new(503, "{}")
    }

    async fn get(&self, _: Peer, path: String) -> PeerAnswer {
        self.0.fetch_add(usize::from(path == "/channel/v1/clock"), Ordering::SeqCst);
        PeerAnswer::new(404, "{}")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_counterpart_without_the_path_is_not_measured_and_not_asked_again_at_once() {
    let ground = Ground::new("clock-earlier").await;
    let pins = Pins::new();
    pins.pin(TransportKey::new(ground.red.ring.transport.public_key_bytes()).expect("a key"), "RED");
    let asked = Arc::new(AtomicUsize::new(0));
    let identity = Identity::new(&ground.blue.ring.transport).expect("an identity");
    let listen = "127.0.0.1:0".parse().expect("an address");
    let server = PeerServer::bind(listen, &identity, pins, ClientAuth::Pinned, Earlier(asked.clone())).await;
    let server = server.expect("it listens");
    let address = server.local_addr().to_string();
    let (_stop, stopping) = tokio::sync::watch::channel(false);
    tokio::spawn(server.serve(stopping));
    let red = ground.start("RED", "127.0.0.1:0", &address).await;
    until_clocks(&red, "RED has asked", |_| asked.load(Ordering::SeqCst) > 0).await;
    // Longer than the pause after a failure.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let clocks = until_clocks(&red, "the witness is measured", |clocks| clocks.witnesses[0].1.is_some()).await;
    assert_eq!((clocks.counterpart, clocks.are_off(), clocks.suspect()), (None, false, None));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    red.stop().await.expect("a clean stop");
    std::fs::remove_dir_all(&ground.dir).expect("cleaned up");
}
