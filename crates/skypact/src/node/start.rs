//! Starting a node: fold what is stored into the channels ([`super::restore`]), then
//! listen and let the couriers go.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use std::time::Duration;

use skypact_channel::{LogRef, MlDsa44Signers, Pact, PeriodSpan, Signers};
use skypact_record::{KeyRole, Signer};
use tokio::sync::watch;

use super::announce::Announcements;
use super::beacon::Beacons;
use super::clocks::ClockDoor;
use super::core::Core;
use super::erasure::Refolds;
use super::outbound::Outbound;
use super::peer::{PeerDoor, SlowLines};
use super::recovery::HeldDoor;
use super::restore::restore;
use super::rounds::Rounds;
use super::signer::RecordSigner;
use super::tiles::{MonitorAccess, TileDoor};
use super::transport_keys::TransportKeys;
use super::{NodeError, NodeHandle};
use crate::clock::NodeClock;
use crate::keys::{FileSigner, KeyRing, SealingSecret};
use crate::storage::Store;
use crate::transport::{ClientAuth, Identity, PeerServer, Pins, ServerLimits, SlowLine, TransportKey};

/// Requests that may wait for the core.
const WAITING_MAX: usize = 1_024;
/// How often the links are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Least time between two entries about heads where the link to the counterpart is slow: each takes some 10 s of 300 bit/s.
pub(super) const HEADS_PAUSE_SLOW: Duration = Duration::from_mins(30);

/// Everything that a node needs to run.
pub struct NodeOptions {
    /// Name of its party.
    pub party: String,
    /// Directory for files on their way out; it exists.
    pub scratch: PathBuf,
    /// Its keys.
    pub keys: KeyRing,
    /// What others seal bytes to, that they leave for it.
    pub sealing: SealingSecret,
    /// The pacts in force, by channel name.
    pub pacts: Vec<(String, Pact)>,
    /// Its storage.
    pub store: Box<dyn Store>,
    /// Where it listens for counterparts.
    pub listen: SocketAddr,
    /// Addresses of counterparts, by party name. Without one the counterpart has to connect.
    pub counterparts: BTreeMap<String, String>,
    /// Rates of links to counterparts that are slow, bit/s, by party name.
    pub slow_links: BTreeMap<String, u32>,
    /// How long the periods of its own logs are; none is closed without it.
    pub period: Option<PeriodSpan>,
    /// Addresses and transport keys of witnesses, by witness name.
    pub witnesses: BTreeMap<String, (String, [u8; 32])>,
    /// Who may read the logs of which channels.
    pub monitors: Vec<MonitorAccess>,
    /// How many entries a start may fold until the state is kept, for the next one to go on from.
    pub snapshot_after: u64,
    /// Whether its store comes out of a backup: nothing of its own logs leaves before a quorum of witnesses has said what it knows of them.
    pub is_out_of_backup: bool,
    /// Its clock.
    pub clock: NodeClock,
}

/// A node that runs.
pub struct RunningNode {
    /// The way to its core.
    pub handle: NodeHandle,
    /// Where it listens.
    pub address: SocketAddr,
    core: JoinHandle<Result<(), NodeError>>,
    tasks: tokio::task::JoinSet<()>,
    stop: watch::Sender<bool>,
}

impl RunningNode {
    /// Whether the core has ended, which it does by itself only when storage failed.
    pub fn has_ended(&self) -> bool {
        self.core.is_finished()
    }

    /// Stops: no new requests, what is in hand is committed, connections are closed.
    pub async fn stop(mut self) -> Result<(), NodeError> {
        // Nobody listening means that the server is gone already.
        let _ = self.stop.send(true);
        self.handle.stop().await;
        let core = tokio::task::spawn_blocking(move || self.core.join());
        let ended = core.await.map_err(|_| NodeError::Stopped)?;
        while self.tasks.join_next().await.is_some() {}
        ended.map_err(|_| NodeError::Stopped)?
    }
}

/// Starts a node. When it returns, entry 0 of each log is durable and the node listens.
pub async fn start(mut options: NodeOptions) -> Result<RunningNode, NodeError> {
    let channels = restore(&mut options)?;
    let pins = Pins::new();
    let transport_keys = TransportKeys::open(&channels, &*options.store, &options.keys, &pins)?;
    let identity = transport_keys.identity().clone();
    let (revision, news) = watch::channel(0);
    let (requests, waiting) = sync_channel(WAITING_MAX);
    let clock = options.clock.clone();
    let scratch = Arc::new(options.scratch.clone());
    let failure = Arc::default();
    let pacts = Arc::new(places(&options)?);
    let handle =
        NodeHandle { requests, revision: news, clock: clock.clone(), scratch, failure: Arc::clone(&failure), pacts };
    let (ring, store, beacons, refolds) = (options.keys.clone(), options.store, Beacons::default(), Refolds::new());
    let archive_rests_until = i64::MIN;
    let mut core = Core { channels, ring, store, clock, revision, beacons, refolds, archive_rests_until, failure };
    core.open()?;

    let agreed = agreed(&options.pacts, &options.party)?;
    let lines = slow_lines(&options.slow_links, &agreed)?;
    let limits = limits(&lines);
    let logs = agreed
        .iter()
        .flat_map(|(name, pact, _)| LogRef::ALL.map(|log| (name.clone(), log, pact.log_keys(log).origin.to_string())));
    let tiles = TileDoor::open(handle.clone(), logs.collect(), &options.monitors, &pins)?;
    let announcements = Announcements::sign(
        agreed.iter().map(|(_, pact, counterpart)| (pact, counterpart.as_str())),
        options.sealing.key(),
        &RecordSigner::new(options.keys.node.clone()),
        options.clock.now_utc_ns(),
    )?;
    let clock = ClockDoor::open(options.clock.clone(), agreed.iter().map(|(.., counterpart)| counterpart.as_str()));
    let door = PeerDoor {
        node: handle.clone(),
        pacts: agreed.clone(),
        tiles,
        announcements,
        clock,
        held: HeldDoor::open(),
        lines: lines.clone(),
    };
    let server =
        PeerServer::bind_with_limits(options.listen, &identity, pins.clone(), ClientAuth::Pinned, limits, door).await?;
    let address = server.local_addr();
    let (stop, stopping) = watch::channel(false);
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(server.serve(stopping));
    let thread = std::thread::Builder::new().name("node-core".to_owned()).spawn(move || core.run(&waiting));
    let core = thread.map_err(|error| NodeError::File { path: "thread".to_owned(), reason: error.to_string() })?;

    tasks.spawn(look(handle.clone()));
    tasks.spawn(transport_keys.run(handle.clone()));
    // Witnesses know this node by the key of the pact alone.
    let of_pact = Identity::new(&options.keys.transport)?;
    let outbound = Outbound {
        node: &handle,
        party: &options.party,
        counterparts: &options.counterparts,
        lines: &lines,
        witnesses: &options.witnesses,
        sealing: &options.sealing,
        identity: &identity,
        pins: &pins,
        of_pact: &of_pact,
        is_out_of_backup: options.is_out_of_backup,
    };
    for (name, pact, counterpart) in &agreed {
        outbound.start(name, pact, counterpart, &mut tasks)?;
    }
    Ok(RunningNode { handle, address, core, tasks, stop })
}

/// The pacts by the names of their channels, each with the place of the own party.
fn places(options: &NodeOptions) -> Result<BTreeMap<String, (Pact, usize)>, NodeError> {
    let place = |(name, pact): &(String, Pact)| Ok((name.clone(), (pact.clone(), pact.party(&options.party)?)));
    options.pacts.iter().map(place).collect()
}

/// The slow lines, each to a counterpart.
fn slow_lines(rates: &BTreeMap<String, u32>, agreed: &[(String, Pact, String)]) -> Result<SlowLines, NodeError> {
    if let Some(party) = rates.keys().find(|party| agreed.iter().all(|(.., known)| known != *party)) {
        let reason = "is no counterpart in a pact that is installed; name the party as 'skypact pact show' does, or take the table out";
        return Err(NodeError::File { path: format!("node.toml, links.{party}"), reason: reason.to_owned() });
    }
    Ok(rates.iter().map(|(party, rate)| (party.clone(), Arc::new(SlowLine::new(*rate)))).collect())
}

/// The pacts with the names of the counterparts. A pact without a transport key of the counterpart is refused.
fn agreed(pacts: &[(String, Pact)], party: &str) -> Result<Vec<(String, Pact, String)>, NodeError> {
    let mut agreed = Vec::new();
    for (name, pact) in pacts {
        let counterpart = pact.party_name(1 - pact.party(party)?).to_owned();
        transport_key(pact, &counterpart)?;
        agreed.push((name.clone(), pact.clone(), counterpart));
    }
    Ok(agreed)
}

/// The bounds for counterparts, those that come over a slow line among them.
fn limits(lines: &SlowLines) -> ServerLimits {
    let limits = ServerLimits {
        body_bytes_max: skypact_channel::FRAME_MAX_BYTES,
        ..ServerLimits::for_clients(ClientAuth::Pinned)
    };
    match lines.values().max_by_key(|line| line.time_of(0)) {
        Some(slowest) => limits.on_line(slowest),
        None => limits,
    }
}

/// Looks at the links once a second, for as long as the node runs.
async fn look(node: NodeHandle) {
    let mut rounds = Rounds::of(&node);
    while rounds.wait(node.look().await.map(|()| LOOK_EVERY), LOOK_EVERY, |_| {}).await {}
}

/// The transport key of a party in a pact.
pub(crate) fn transport_key(pact: &Pact, party: &str) -> Result<TransportKey, NodeError> {
    let held = &pact.genesis().parties[pact.party(party)?];
    let unusable = |reason: &str| NodeError::File {
        path: format!("pact, party {party}, transport key"),
        reason: reason.to_owned(),
    };
    let key = held.key_of(KeyRole::Transport).ok_or_else(|| unusable("is missing"))?;
    let bytes = key.as_bytes().try_into().map_err(|_| unusable("is no Ed25519 key"))?;
    Ok(TransportKey::new(bytes)?)
}

/// What a station signs with. A pact that names ML-DSA-44 keys needs them here: without them its heads could never be proven.
pub(super) fn signers(keys: &KeyRing, pact: &Pact, party: &str) -> Result<Signers, NodeError> {
    let signer = |key: &FileSigner| Box::new(RecordSigner::new(key.clone()));
    pact.party(party)?;
    // Which keys it needs, and whether they are here, is known when the record is.
    let held = keys.ml_dsa_44.as_ref().filter(|_| pact.genesis().is_post_quantum());
    if pact.genesis().is_post_quantum() && held.is_none() {
        let reason = "the pact is post-quantum, and there are no ML-DSA-44 keys here; restore checkpoint-ml-dsa-44.key and \
                      mirror-ml-dsa-44.key from their backup";
        return Err(NodeError::File { path: "keys".to_owned(), reason: reason.to_owned() });
    }
    let ml_dsa_44 = held.map(|ring| MlDsa44Signers {
        checkpoint: Box::new(ring.checkpoint.clone()),
        mirror: Box::new(ring.mirror.clone()),
    });
    let (node, checkpoint, mirror) = (signer(&keys.node), signer(&keys.checkpoint), signer(&keys.mirror));
    Ok(Signers { node, checkpoint, mirror, ml_dsa_44, rotated: rotated(keys)? })
}

/// The keys that take the place of those for heads and receipts.
pub(super) fn rotated(keys: &KeyRing) -> Result<Vec<Box<dyn Signer + Send + Sync>>, NodeError> {
    let (plain, ml_dsa_44) = keys.rotated()?;
    let plain = plain.into_iter().map(|key| Box::new(RecordSigner::new(key)) as Box<dyn Signer + Send + Sync>);
    Ok(plain.chain(ml_dsa_44.into_iter().map(|key| Box::new(key) as Box<dyn Signer + Send + Sync>)).collect())
}
