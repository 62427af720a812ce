//! What a monitor is shown, what nobody else is, and what a monitor says about nodes that show two histories.

use skypact::monitor::{Monitor, Seen, Source};
use skypact::node::{FRAMES_PATH, MonitorAccess};
use skypact::transport::{
    ClientAuth, Peer, PeerAnswer, PeerClient, PeerHandler, PeerServer, Pins, TrafficClass, TransportKey,
};
use skypact_record::tree::{hashes_of, leaf_hash};
use skypact_record::{
    Checkpoint, Cosignature, Hash, SignedCheckpoint, TileResource, TileSpan, Tree, entry_bundle, leaves_of,
};

use super::*;
use crate::transport::identity;

const RED_ROUTINE: LogRef = LogRef { party: 1, class: LogClass::Routine };

fn access(name: &str, key: TransportKey, channels: &[&str]) -> MonitorAccess {
    let channels = channels.iter().map(ToString::to_string).collect();
    MonitorAccess { name: name.to_owned(), key: *key.as_bytes(), channels }
}

fn client(node: &RunningNode, keys: &Keys, identity: &Identity) -> PeerClient {
    let key = TransportKey::new(keys.ring.transport.public_key_bytes()).unwrap();
    PeerClient::new(&node.address.to_string(), key, identity, TrafficClass::Routine)
}

fn source(party: &str, address: &str, keys: &Keys, identity: &Identity) -> Source {
    Source::new(party, address, TransportKey::new(keys.ring.transport.public_key_bytes()).unwrap(), identity)
}

/// BLUE with these monitors and RED with three notices, everything delivered and witnessed.
async fn settled_pair(ground: &Ground, monitors: Vec<MonitorAccess>) -> (RunningNode, RunningNode) {
    let options = NodeOptions { monitors, ..ground.options("BLUE", "127.0.0.1:0", "127.0.0.1:1") };
    let blue = start(options).await.expect("the node starts");
    let red = ground.start("RED", "127.0.0.1:0", &blue.address.to_string()).await;
    for call_sign in ["KOBALT 21", "KOBALT 22", "KOBALT 23"] {
        red.handle.submit(CHANNEL, vec![ground.act("RED", &notice(call_sign, 180, 240))]).await.expect("recorded");
    }
    let told = |channel: &Channel| channel.board().notices().count() == 3 && is_quiet(channel.log(RED_ROUTINE));
    until(&blue, "BLUE has RED's notices and knows of the cosignature", told).await;
    (blue, red)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_monitor_reads_leaves_and_hashes_under_a_note_with_every_signature_and_no_body() {
    let ground = Ground::new("tiles").await;
    let (watcher, key) = identity();
    let (blue, red) = settled_pair(&ground, vec![access("press-office", key, &[CHANNEL])]).await;
    let client = client(&blue, &ground.blue, &watcher);
    let keys = ground.pact.log_keys(RED_ROUTINE);
    let get = async |resource: &str| client.get(&format!("/log/{}/{resource}", keys.origin)).await.expect("an answer");

    let note = SignedCheckpoint::parse(&get("checkpoint").await.body).expect("a note");
    note.verify(&keys.checkpoint).expect("RED signed");
    let head = note.checkpoint().clone();
    let size = u16::try_from(head.size).expect("a short log");
    assert!(size >= 4);
    for key in keys.witnesses.iter().chain([&keys.mirror]) {
        let line = note.signatures().iter().find(|line| key.is_named_by(line)).expect("every signature known");
        Cosignature::verify(key, &head, line).expect("it holds");
    }
    // The naive reader: hash what is served and build the tree.
    let span = TileSpan::new(0, size).unwrap();
    let bundle = get(&format!("tile/entries/000.p/{size}")).await;
    let leaves = leaves_of(&bundle.body, span).expect("leaves");
    let hashes: Vec<Hash> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
    assert_eq!(hashes.iter().copied().collect::<Tree>().root(), head.root);
    assert_eq!(hashes_of(&get(&format!("tile/0/000.p/{size}")).await.body, span).expect("hashes"), hashes);
    assert_eq!(leaves_of(&get("tile/entries/000.p/2").await.body, TileSpan::new(0, 2).unwrap()).unwrap(), leaves[..2]);
    assert!(!bundle.body.windows(6).any(|bytes| bytes == b"KOBALT"), "a body is served");

    let nothing = get(&format!("tile/entries/000.p/{}", size + 1)).await;
    assert_eq!(nothing.status, 404);
    for beyond in
        ["tile/0/000.p/99", "tile/0/000", "tile/1/000.p/1", "tile/entries/001.p/1", "tile/0/000.p/04", "tile", ""]
    {
        assert_eq!(get(beyond).await, nothing, "{beyond}");
    }
    red.stop().await.expect("a clean stop");
    blue.stop().await.expect("a clean stop");
    std::fs::remove_dir_all(&ground.dir).expect("cleaned up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_may_not_read_cannot_tell_what_exists_and_a_flood_is_slowed() {
    let ground = Ground::new("no-tiles").await;
    let ((watcher, key), (blind, blind_key), (stranger, _)) = (identity(), identity(), identity());
    let monitors = vec![access("press-office", key, &[CHANNEL]), access("blind", blind_key, &[])];
    let (blue, red) = settled_pair(&ground, monitors).await;
    let origin = &ground.pact.log_keys(RED_ROUTINE).origin;
    let there = format!("/log/{origin}/checkpoint");
    let blind = client(&blue, &ground.blue, &blind);
    let party = client(&blue, &ground.blue, &Identity::new(&ground.red.ring.transport).unwrap());
    let nothing = blind.get("/log/nowhere.example/x/routine/checkpoint").await.expect("an answer");
    assert_eq!(nothing.status, 404);
    for (who, reader) in [("a monitor of no channel", &blind), ("a party", &party)] {
        for path in [&there, &format!("/log/{origin}/tile/entries/000.p/4"), "/log/", "/", FRAMES_PATH] {
            assert_eq!(reader.get(path).await.expect("an answer"), nothing, "{who} at {path}");
        }
    }
    let error = client(&blue, &ground.blue, &stranger).get(&there).await.expect_err("an unknown key");
    // The server may have closed before its alert is read.
    assert!(matches!(error.code(), "key-refused" | "unreachable"), "{error}");
    let watcher = client(&blue, &ground.blue, &watcher);
    assert_eq!(watcher.post(FRAMES_PATH, vec![0xa0]).await.expect("an answer").status, 403, "a monitor is no party");

    let mut slowed = 0;
    for _ in 0..600 {
        slowed += usize::from(watcher.get(&there).await.expect("an answer").status == 429);
    }
    assert!(slowed > 0, "600 requests at once were all answered");
    assert_eq!(blind.get(&there).await.expect("an answer").status, 404, "one monitor's flood is not another's");
    red.handle.submit(CHANNEL, vec![ground.act("RED", &notice("KOBALT 24", 180, 240))]).await.expect("recorded");
    until(&blue, "the channel goes on", |channel| channel.board().notices().count() == 4).await;

    // What a party alone has signed is not shown: nobody has taken it from this node yet.
    red.stop().await.expect("a clean stop");
    blue.stop().await.expect("a clean stop");
    let (watcher, key) = identity();
    let lonely = Ground::new("unpublished").await;
    let monitors = vec![access("press-office", key, &[CHANNEL])];
    let alone =
        NodeOptions { monitors, witnesses: BTreeMap::new(), ..lonely.options("RED", "127.0.0.1:0", "127.0.0.1:1") };
    let red = start(alone).await.expect("the node starts");
    let shown = client(&red, &lonely.red, &watcher).get(&there).await.expect("an answer");
    assert_eq!(shown, nothing, "a head that its author alone has signed");
    red.stop().await.expect("a clean stop");
    std::fs::remove_dir_all(&ground.dir).expect("cleaned up");
    std::fs::remove_dir_all(&lonely.dir).expect("cleaned up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_monitor_that_cannot_be_let_in_stops_the_start_and_is_named() {
    let ground = Ground::new("bad-monitor").await;
    let ((_, key), (_, other)) = (identity(), identity());
    let counterpart = TransportKey::new(ground.red.ring.transport.public_key_bytes()).unwrap();
    let nine = (0..9).map(|n| access(&format!("m{n}"), identity().1, &[])).collect();
    for (monitors, field) in [
        (vec![access("Press", key, &[])], "name"),
        (vec![access("a", key, &["west-river"])], "channels"),
        (vec![access("a", counterpart, &[CHANNEL])], "transport"),
        (vec![access("a", key, &[]), access("b", other, &[]), access("c", key, &[])], "transport"),
        (nine, "name"),
    ] {
        let options = NodeOptions { monitors, ..ground.options("BLUE", "127.0.0.1:0", "127.0.0.1:1") };
        let error = start(options).await.err().expect("it cannot be let in");
        assert_eq!((error.code(), error.field()), ("monitor-invalid", Some(field)), "{error}");
    }
    std::fs::remove_dir_all(&ground.dir).expect("cleaned up");
}

/// A node that shows one log as it was told to.
#[derive(Clone)]
struct Shown {
    origin: String,
    note: Vec<u8>,
    tree: Tree,
    leaves: Vec<Vec<u8>>,
}

impl Shown {
    /// A log of these leaves, signed by RED.
    fn of(ground: &Ground, leaves: &[Vec<u8>]) -> Self {
        let origin = ground.pact.log_keys(RED_ROUTINE).origin.clone();
        let tree: Tree = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
        let head = Checkpoint { origin: origin.clone(), size: tree.size(), root: tree.root() };
        let signed = SignedCheckpoint::sign(head, &RecordSigner::new(ground.red.ring.checkpoint.clone())).unwrap();
        Self { origin: origin.to_string(), note: signed.encode(), tree, leaves: leaves.to_vec() }
    }
}

impl PeerHandler for Shown {
    async fn handle(&self, _from: Peer, _path: String, _body: hyper::body::Bytes) -> PeerAnswer {
        PeerAnswer::new(404, "")
    }

    async fn get(&self, _from: Peer, path: String) -> PeerAnswer {
        let path = path.strip_prefix("/log/").and_then(|path| path.strip_prefix(&self.origin));
        let found = match path.and_then(|path| path.strip_prefix('/')?.parse().ok()) {
            Some(TileResource::Checkpoint) => Some(self.note.clone()),
            Some(TileResource::Hashes { level, span }) => self.tree.tile(u64::MAX, level, span),
            Some(TileResource::Entries(span)) => {
                let leaves = self.leaves.get(span.start() as usize..span.end() as usize);
                leaves.map(|leaves| entry_bundle(leaves.iter().map(Vec::as_slice)).unwrap())
            }
            None => None,
        };
        found.map_or_else(|| PeerAnswer::new(404, ""), |bytes| PeerAnswer::new(200, bytes))
    }
}

/// Lets a monitor with a copy at `dir` look at what BLUE is made to show.
async fn look(ground: &Ground, dir: &Path, shown: Shown) -> Result<Seen, skypact::monitor::MonitorError> {
    let (watcher, _) = identity();
    let own = Identity::new(&ground.blue.ring.transport).unwrap();
    let any = "127.0.0.1:0".parse().unwrap();
    let server = PeerServer::bind(any, &own, Pins::new(), ClientAuth::Any, shown).await.unwrap();
    let source = source("BLUE", &server.local_addr().to_string(), &ground.blue, &watcher);
    let (_stop, stopping) = tokio::sync::watch::channel(false);
    tokio::spawn(server.serve(stopping));
    let mut store = SqliteStore::open(dir).unwrap();
    Monitor::open(&ground.pact, &mut store, &[]).unwrap().look(&source, RED_ROUTINE).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_monitor_follows_a_log_and_proves_each_kind_of_second_history() {
    let ground = Ground::new("monitor").await;
    let dir = ground.dir.join("copy");
    let leaves = |range: std::ops::Range<u32>, word: &str| -> Vec<Vec<u8>> {
        range.map(|n| format!("{word} {n}").into_bytes()).collect()
    };
    let grew = |seen: Result<Seen, skypact::monitor::MonitorError>| match seen {
        Ok(Seen::Consistent { grew_by, head, .. }) => (grew_by, head.size),
        other => panic!("{other:?}"),
    };
    let one = leaves(0..700, "leaf");
    assert_eq!(grew(look(&ground, &dir, Shown::of(&ground, &one[..3])).await), (3, 3));
    assert_eq!(grew(look(&ground, &dir, Shown::of(&ground, &one[..600])).await), (597, 600));
    assert_eq!(grew(look(&ground, &dir, Shown::of(&ground, &one[..600])).await), (0, 600));
    assert_eq!(grew(look(&ground, &dir, Shown::of(&ground, &one[..257])).await), (0, 257), "an older head of the same");
    let other = [&one[..255], &leaves(255..700, "other")[..]].concat();
    let key = &ground.pact.log_keys(RED_ROUTINE).checkpoint;
    for size in [256, 600, 650] {
        let seen = look(&ground, &dir, Shown::of(&ground, &other[..size])).await;
        let Ok(Seen::Forked { proof: Some(proof), .. }) = seen else { panic!("{seen:?}") };
        proof.verify(std::slice::from_ref(key)).expect("a proof that anybody can check");
    }
    let document = format!("fork/{}", key.name());
    assert!(SqliteStore::open_read_only(&dir).unwrap().document(&document).unwrap().is_some(), "it is kept");
    // What leads nowhere proves nothing against the author.
    let torn = Shown { tree: Shown::of(&ground, &other).tree, ..Shown::of(&ground, &one) };
    assert_eq!(look(&ground, &dir, torn).await.expect_err("other hashes").code(), "monitor-tiles-differ");
    let swapped = Shown { leaves: other.clone(), ..Shown::of(&ground, &one) };
    assert_eq!(look(&ground, &dir, swapped).await.expect_err("other leaves").code(), "monitor-leaf-differs");
    let short = Shown { leaves: one[..650].to_vec(), ..Shown::of(&ground, &one) };
    assert_eq!(look(&ground, &dir, short).await.expect_err("leaves are missing").code(), "monitor-answer");
    let mut unsigned = Shown::of(&ground, &one);
    unsigned.note = String::from_utf8(unsigned.note).unwrap().replace("\n700\n", "\n701\n").into_bytes();
    assert_eq!(look(&ground, &dir, unsigned).await.expect_err("nobody signed it").code(), "signature-invalid");
    assert_eq!(grew(look(&ground, &dir, Shown::of(&ground, &one)).await), (100, 700), "nothing of that was believed");
    std::fs::remove_dir_all(&ground.dir).expect("cleaned up");
}
