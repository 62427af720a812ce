//! Two nodes and a witness, each with its own directory and keys, over real mutual TLS on loopback.

mod archive;
mod beacon;
mod clocks;
mod drop_box;
mod erasure;
mod fork;
mod recovery;
mod short;
mod snapshot;
mod tiles;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use skypact::clock::NodeClock;
use skypact::entropy::SystemEntropy;
use skypact::keys::{FileSigner, KeyRing, KeyRole as FileRole, SealingSecret};
use skypact::node::{BundleOptions, NodeOptions, RecordSigner, RunningNode, start};
use skypact::storage::{Append, Batch, SqliteStore, Store as _, StoredEntry};
use skypact::transport::Identity;
use skypact::witness::Witness;
use skypact_airspace::{Altitude, AltitudeBand, Circle, LatLng, TimeWindow, UtcNanos, Volume4d};
use skypact_channel::{
    ActivityClass, Channel, Draft, Facts, LogRef, Message, Notice, NoticeAct, Pact, Submission, Terms,
};
use skypact_record::{
    ChannelName, Genesis, KeyRole, Label, Leaf, LogClass, Origin, Party, PartyKey, PartyName, PublicKey, SignedGenesis,
    Signer as _, VerifierKey, WitnessKey,
};

const CHANNEL: &str = "east-river";
const NOW_NS: i64 = 1_500_000_000_000_000_000;

/// The keys of a party, its officer's among them.
struct Keys {
    ring: KeyRing,
    root: FileSigner,
    officer: RecordSigner,
}

fn keys(dir: &Path, party: &str) -> Keys {
    std::fs::create_dir_all(dir).expect("a directory of the test");
    let (ring, root) = KeyRing::create(dir, party).expect("fresh keys");
    let officer = FileSigner::create(&dir.join("officer.key"), FileRole::Officer, "Duty officer").expect("a key");
    Keys { ring, root, officer: RecordSigner::new(officer) }
}

fn party(name: &str, prefix: &str, keys: &Keys) -> Party {
    let public = |signer: &FileSigner| PublicKey::ed25519(&signer.public_key_bytes()).expect("a sound key");
    let key = |role, label: &str, key| PartyKey { role, label: Label::new(label).expect("a label"), key };
    let held = vec![
        key(KeyRole::Root, name, public(&keys.root)),
        key(KeyRole::Node, name, public(&keys.ring.node)),
        key(KeyRole::Officer, "Duty officer", keys.officer.public_key().clone()),
        key(KeyRole::Transport, name, public(&keys.ring.transport)),
        key(KeyRole::Checkpoint, name, public(&keys.ring.checkpoint)),
        key(KeyRole::Mirror, name, public(&keys.ring.mirror)),
    ];
    Party { name: PartyName::new(name).expect("a name"), prefix: Origin::new(prefix).expect("a prefix"), keys: held }
}

fn pact(blue: &Keys, red: &Keys, witness: &VerifierKey) -> Pact {
    let genesis = Genesis {
        channel_name: ChannelName::new(CHANNEL).expect("a name"),
        parties: [party("BLUE", "blue.example", blue), party("RED", "red.example", red)],
        witnesses: vec![WitnessKey { name: witness.name().clone(), key: witness.key().clone() }],
        quorum: 1,
        terms: Terms::template().encode(),
    };
    let bytes = genesis.encode().expect("a sound genesis");
    let sign = |root: &FileSigner| Genesis::sign(&bytes, &RecordSigner::new(root.clone())).expect("signed");
    let signatures = [sign(&blue.root), sign(&red.root)];
    let signed = SignedGenesis::assemble(bytes, signatures).expect("assembled");
    Pact::decode(&signed.encode()).expect("a pact in force")
}

struct Ground {
    dir: std::path::PathBuf,
    blue: Keys,
    red: Keys,
    pact: Pact,
    witness_address: String,
    witness_transport: [u8; 32],
    _stop: tokio::sync::watch::Sender<bool>,
}

impl Ground {
    async fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("skypact-node-{name}-{}", std::process::id()));
        // Leftovers of a run that was killed.
        let _ = std::fs::remove_dir_all(&dir);
        let (blue, red) = (keys(&dir.join("blue"), "BLUE"), keys(&dir.join("red"), "RED"));
        let witness_dir = dir.join("witness");
        std::fs::create_dir_all(&witness_dir).expect("a directory");
        let signer = FileSigner::create(&witness_dir.join("witness.key"), FileRole::Witness, "w").expect("a key");
        let transport =
            FileSigner::create(&witness_dir.join("transport.key"), FileRole::Transport, "w").expect("a key");
        let witness_name = Origin::new("witness.example").expect("a name");
        let public = PublicKey::ed25519(&signer.public_key_bytes()).expect("a key");
        let vkey = VerifierKey::new(witness_name.clone(), skypact_record::SignatureType::Cosignature, public);
        let pact = pact(&blue, &red, &vkey);
        let logs = LogRef::ALL.map(|log| pact.log_keys(log).checkpoint.clone()).to_vec();
        let store = Box::new(SqliteStore::open(&witness_dir).expect("a store"));
        let clock = NodeClock::exercise(NOW_NS, 1);
        let witness = Witness::new(witness_name, RecordSigner::new(signer), logs, store, clock);
        let witness = witness.with_boxes([&pact]).expect("boxes for both parties");
        let (stop, stopping) = tokio::sync::watch::channel(false);
        let (told, address) = tokio::sync::oneshot::channel();
        let identity = Identity::new(&transport).expect("an identity");
        tokio::spawn(async move {
            let listening = |address| told.send(address).expect("the test waits for it");
            witness.serve("127.0.0.1:0".parse().expect("an address"), &identity, stopping, listening).await
        });
        let witness_address = address.await.expect("the witness listens").to_string();
        let witness_transport = transport.public_key_bytes();
        Self { dir, blue, red, pact, witness_address, witness_transport, _stop: stop }
    }

    async fn start(&self, party: &str, listen: &str, counterpart: &str) -> RunningNode {
        start(self.options(party, listen, counterpart)).await.expect("the node starts")
    }

    fn options(&self, party: &str, listen: &str, counterpart: &str) -> NodeOptions {
        let (keys, other) = if party == "BLUE" { (&self.blue, "RED") } else { (&self.red, "BLUE") };
        let dir = self.dir.join(party.to_lowercase());
        NodeOptions {
            party: party.to_owned(),
            scratch: dir.clone(),
            keys: keys.ring.clone(),
            sealing: SealingSecret::open_or_create(&dir.join("sealing.key")).expect("a sealing secret"),
            pacts: vec![(CHANNEL.to_owned(), self.pact.clone())],
            store: Box::new(SqliteStore::open(&dir).expect("a store")),
            listen: listen.parse().expect("an address"),
            counterparts: BTreeMap::from([(other.to_owned(), counterpart.to_owned())]),
            slow_links: BTreeMap::new(),
            period: None,
            // Every start but the first goes on from a snapshot.
            snapshot_after: 0,
            witnesses: BTreeMap::from([(
                "witness.example".to_owned(),
                (self.witness_address.clone(), self.witness_transport),
            )]),
            monitors: Vec::new(),
            is_out_of_backup: false,
            clock: NodeClock::exercise(NOW_NS, 1),
        }
    }

    fn act(&self, party: &str, message: &Message) -> Submission {
        let keys = if party == "BLUE" { &self.blue } else { &self.red };
        let author = PartyName::new(party).expect("a name");
        let facts = Facts { channel: self.pact.channel(), epochs: [1; 2], author };
        let draft = Draft::new(&facts, message, Vec::new(), UtcNanos(NOW_NS), &mut SystemEntropy);
        draft.sign(&keys.officer).expect("signed")
    }
}

fn notice(call_sign: &str, lower_fl: u16, upper_fl: u16) -> Message {
    let centre = LatLng::new(35_285_400_000, 40_176_000_000).expect("a position");
    let band = AltitudeBand::new(Some(Altitude::flight_level(lower_fl)), Some(Altitude::flight_level(upper_fl)));
    let hour_ns = 3_600_000_000_000;
    let window = TimeWindow::new(UtcNanos(NOW_NS + hour_ns), UtcNanos(NOW_NS + 3 * hour_ns)).expect("a window");
    let circle = Circle::new(centre, 37_040_000).expect("a circle");
    Message::Notice(Notice {
        act: NoticeAct::New,
        previous: None,
        class: ActivityClass::Manned,
        call_sign: Some(call_sign.to_owned()),
        contact: None,
        volumes: vec![Volume4d::new(circle.into(), band.expect("a band"), window)],
    })
}

/// Waits until the state of a node's channel is as wanted; the test's own time-out is the bound.
async fn until(node: &RunningNode, what: &str, holds: impl Fn(&Channel) -> bool + Clone + Send + 'static) {
    for _ in 0..2_000 {
        let holds = holds.clone();
        if node.handle.query(move |channels| holds(channels.get(CHANNEL).expect("it is"))).await.expect("it runs") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("did not come about within 20 s: {what}");
}

/// Whether the witness has cosigned a log, and its author has said so: nothing more comes by itself.
fn is_quiet(log: &skypact_channel::Log) -> bool {
    log.size() > 0 && log.witnessed(1) == log.size() && log.substance <= log.times.size("witness.example")
}

fn settled(channel: &Channel) -> bool {
    let quorum = 1;
    LogRef::ALL.into_iter().all(|log| {
        let state = channel.log(log);
        let delivered = log.party != channel.me() || state.delivered == state.size();
        let anchored = state.substance <= state.anchored;
        state.size() > 0 && delivered && anchored && state.witnessed(quorum) == state.size()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_find_the_same_conflict_and_keep_it_over_a_restart() {
    let ground = Ground::new("conflict").await;
    // Both must know where the other listens: BLUE takes a free port, RED is told it, and BLUE is started again with RED's.
    let blue = ground.start("BLUE", "127.0.0.1:0", "127.0.0.1:1").await;
    let blue_address = blue.address.to_string();
    let red = ground.start("RED", "127.0.0.1:0", &blue_address).await;
    let red_address = red.address.to_string();
    blue.stop().await.expect("a clean stop");
    let blue = ground.start("BLUE", &blue_address, &red_address).await;

    let placed = red.handle.submit(CHANNEL, vec![ground.act("RED", &notice("KOBALT 21", 180, 240))]).await;
    let kobalt = placed.expect("recorded")[0].leaf;
    blue.handle.submit(CHANNEL, vec![ground.act("BLUE", &notice("HUSKY 61", 200, 260))]).await.expect("recorded");
    let found = |channel: &Channel| {
        channel.board().conflicts().any(|(_, conflict)| conflict.open && conflict.filed.iter().all(Option::is_some))
    };
    until(&red, "RED knows of both findings", found).await;
    until(&blue, "BLUE knows of both findings", found).await;
    until(&red, "RED is settled", settled).await;
    until(&blue, "BLUE is settled", settled).await;

    let read = blue.handle.query(move |channels| {
        let channel = channels.get(CHANNEL).expect("it is");
        let state = channel.board().notice_of(&kobalt).expect("it was delivered");
        Message::ReadBack { notice: kobalt, content: state.origin.content }
    });
    let read_back = ground.act("BLUE", &read.await.expect("it runs"));
    blue.handle.submit(CHANNEL, vec![read_back]).await.expect("recorded");
    until(&red, "RED has the read-back", move |channel| {
        channel.board().notice_of(&kobalt).is_some_and(|state| state.read_back().is_some())
    })
    .await;

    let keys = |channels: &skypact::node::Channels| -> Vec<_> {
        channels.get(CHANNEL).expect("it is").board().conflicts().map(|(key, _)| *key).collect()
    };
    let before = red.handle.query(keys).await.expect("it runs");
    assert_eq!(before.len(), 1);
    assert_eq!(before, blue.handle.query(keys).await.expect("it runs"));
    let known = |channels: &skypact::node::Channels| {
        let channel = channels.get(CHANNEL).expect("it is");
        let log = channel.log(LogRef { party: channel.me(), class: LogClass::Routine });
        (log.size(), log.delivered, log.witnessed(1))
    };
    until(&red, "RED is settled", settled).await;
    let settled_at = red.handle.query(known).await.expect("it runs");
    red.stop().await.expect("a clean stop");
    let alone = NodeOptions {
        counterparts: BTreeMap::new(),
        witnesses: BTreeMap::new(),
        ..ground.options("RED", "127.0.0.1:0", "")
    };
    let red = start(alone).await.expect("the node starts");
    assert_eq!(red.handle.query(known).await.expect("it runs"), settled_at, "it knows before it hears of anybody");
    red.stop().await.expect("a clean stop");
    let red = ground.start("RED", "127.0.0.1:0", &blue_address).await;
    assert_eq!(red.handle.query(keys).await.expect("it runs"), before);
    until(&red, "RED is settled again", settled).await;
    let bundle = std::fs::File::create(ground.dir.join("red.bundle")).expect("a file");
    let length = red
        .handle
        .bundle(CHANNEL, BundleOptions::default(), bundle.try_clone().expect("a handle"))
        .await
        .expect("a bundle");
    assert!(length > 10_000);
    assert_eq!(bundle.metadata().expect("it is there").len(), length);
    red.stop().await.expect("a clean stop");
    blue.stop().await.expect("a clean stop");
    std::fs::remove_dir_all(&ground.dir).expect("cleaned up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_act_by_a_stranger_is_refused_and_leaves_no_trace() {
    let ground = Ground::new("stranger").await;
    let red = ground.start("RED", "127.0.0.1:0", "127.0.0.1:1").await;
    let mut foreign = ground.act("RED", &notice("KOBALT 21", 180, 240));
    foreign.act = ground.act("BLUE", &notice("KOBALT 21", 180, 240)).act;
    let error = red.handle.submit(CHANNEL, vec![foreign]).await.expect_err("BLUE's officer at RED's node");
    assert_eq!(error.code(), "wrong-channel-facts");
    let size = red.handle.query(|channels| {
        let channel = channels.get(CHANNEL).expect("it is");
        channel.log(LogRef { party: channel.me(), class: LogClass::Routine }).size()
    });
    assert_eq!(size.await.expect("it runs"), 1, "entry 0 and nothing else");
    red.stop().await.expect("a clean stop");
    std::fs::remove_dir_all(&ground.dir).expect("cleaned up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_request_those_before_the_refused_act_are_recorded_and_nothing_after_it() {
    let ground = Ground::new("request").await;
    let red = ground.start("RED", "127.0.0.1:0", "127.0.0.1:1").await;
    let first = ground.act("RED", &notice("KOBALT 21", 180, 240));
    let acts = vec![first.clone(), first, ground.act("RED", &notice("KOBALT 22", 180, 240))];
    let error = red.handle.submit(CHANNEL, acts).await.expect_err("the second repeats the first");
    assert_eq!((error.code(), error.position()), ("message-repeated", Some(1)));
    let call_signs = red.handle.query(|channels| {
        let board = channels.get(CHANNEL).expect("it is").board();
        board.notices().filter_map(|state| state.notice.call_sign.clone()).collect::<Vec<_>>()
    });
    assert_eq!(call_signs.await.expect("it runs"), ["KOBALT 21"]);
    red.stop().await.expect("a clean stop");
    std::fs::remove_dir_all(&ground.dir).expect("cleaned up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_without_the_newest_entry_that_was_signed_is_not_run_on() {
    let ground = Ground::new("lost-entry").await;
    let red = ground.start("RED", "127.0.0.1:0", "127.0.0.1:1").await;
    red.handle.submit(CHANNEL, vec![ground.act("RED", &notice("KOBALT 21", 180, 240))]).await.expect("recorded");
    red.stop().await.expect("a clean stop");
    // Another store with all but the last entry, and with every signed head.
    let lost = ground.dir.join("lost");
    std::fs::create_dir(&lost).expect("a directory");
    let whole = SqliteStore::open_read_only(ground.dir.join("red")).expect("a store");
    let mut store = SqliteStore::open(&lost).expect("a store");
    let entries = whole.replay(0, 100).expect("entries");
    for log in whole.logs().expect("logs") {
        let term = store.claim(&log.log).expect("a claim").term;
        let of_log = entries[..entries.len() - 1].iter().filter(|entry| entry.log == log.log);
        let entries = of_log.map(|entry| entry.entry.clone()).collect();
        let append = Append { log: log.log.clone(), term, expected_size: 0, entries };
        let heads = whole.heads(&log.log).expect("heads");
        store.commit(&Batch { appends: vec![append], heads }).expect("committed");
    }
    let options = NodeOptions { store: Box::new(store), ..ground.options("RED", "127.0.0.1:0", "127.0.0.1:1") };
    let error = start(options).await.err().expect("the signed checkpoint is of a longer log");
    assert_eq!(error.code(), "store-differs", "{error}");
    std::fs::remove_dir_all(&ground.dir).expect("cleaned up");
}

/// Copies a store that nobody has open, with the keys beside it, into a new directory.
fn copy_store(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("a directory");
    for file in std::fs::read_dir(from).expect("a directory").map(|file| file.expect("a file")) {
        let (kind, copy) = (file.file_type().expect("it is there"), to.join(file.file_name()));
        if kind.is_dir() {
            copy_store(&file.path(), &copy);
        } else if kind.is_file() {
            std::fs::copy(file.path(), copy).expect("a copy");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_that_no_signed_head_covers_has_to_be_signed_itself() {
    let ground = Ground::new("unsealed").await;
    let red = ground.start("RED", "127.0.0.1:0", "127.0.0.1:1").await;
    red.handle.submit(CHANNEL, vec![ground.act("RED", &notice("KOBALT 21", 180, 240))]).await.expect("recorded");
    red.stop().await.expect("a clean stop");
    let altered = ground.dir.join("altered");
    copy_store(&ground.dir.join("red"), &altered);
    let mut store = SqliteStore::open(&altered).expect("a store");
    let last = store.replay(0, 100).expect("entries").pop().expect("the notice");
    let signature = Leaf::decode(&last.entry.leaf).expect("it was stored").act.signature().bytes.clone();
    let leaf = Leaf { index: last.index + 1, ..Leaf::decode(&last.entry.leaf).expect("it was stored") };
    let mut bytes = leaf.encode().expect("a leaf");
    let place = bytes.windows(signature.len()).position(|bytes| bytes == signature).expect("its signature");
    bytes[place] ^= 1;
    let entries = vec![StoredEntry { leaf: bytes, ..last.entry }];
    let term = store.claim(&last.log).expect("a claim").term;
    let append = Append { log: last.log.clone(), term, expected_size: last.index + 1, entries };
    store.commit(&Batch { appends: vec![append], heads: Vec::new() }).expect("committed");
    let options = NodeOptions { store: Box::new(store), ..ground.options("RED", "127.0.0.1:0", "127.0.0.1:1") };
    let error = start(options).await.err().expect("nobody signed its last entry");
    assert!(error.to_string().contains("signature"), "{error}");
    std::fs::remove_dir_all(&ground.dir).expect("cleaned up");
}

/// The engine of the store meets a limit of pages, as it would meet the end of a disk.
#[cfg(debug_assertions)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_comes_after_the_commit_that_failed_is_told_why_the_node_stopped() {
    let ground = Ground::new("why").await;
    let limited = ground.dir.join("limited");
    std::fs::create_dir(&limited).expect("a directory");
    let store = SqliteStore::open_weakened(&limited, "PRAGMA max_page_count = 100").expect("a store");
    let options = NodeOptions { store: Box::new(store), ..ground.options("RED", "127.0.0.1:0", "127.0.0.1:1") };
    let red = start(options).await.expect("the node starts");
    for _ in 0..1_000 {
        if red.handle.submit(CHANNEL, vec![ground.act("RED", &notice("KOBALT 21", 180, 240))]).await.is_err() {
            break;
        }
    }
    let error = red.handle.submit(CHANNEL, vec![ground.act("RED", &notice("KOBALT 21", 180, 240))]).await;
    assert_eq!(error.expect_err("the node has stopped").code(), "store-full");
    assert_eq!(red.handle.query(|_| ()).await.expect_err("the node has stopped").code(), "store-full");
    assert_eq!(red.stop().await.expect_err("it did not stop because it was asked to").code(), "store-full");
    std::fs::remove_dir_all(&ground.dir).expect("cleaned up");
}
