//! The time of witnesses, for quiet logs: a node asks for each witness's beacon, and its next leaf cites the newest one where that is
//! newer than any cosignature it knows (docs/record-format.md, section 16). What a leaf cites is kept before the leaf is.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use skypact_channel::{Changes, Pact, Span, Station};
use skypact_record::{Beacon, Genesis, Hash, Leaf, NoteSignature, VerifierKey};
use tracing::warn;

use super::clocks::{ClockNews, Whose};
use super::rounds::Rounds;
use super::{NodeError, NodeHandle};
use crate::storage::{CommitError, Store, StoreError};
use crate::transport::PeerClient;

/// How often a witness is asked, and one that has no beacon. Not as often as there is a new one: asked at every second of the period
/// in turn, the witness's clock shows where it is within it.
const EVERY: Duration = Duration::from_secs(7);
const WITHOUT_BEACON: Duration = Duration::from_mins(1);
/// A beacon that is further from this node's clock than this, in seconds, is not cited: a leaf would say what cannot be.
const APART_S: u64 = 60;
/// Beacons that are remembered, so that those that the counterpart cites can be kept: half a day of one witness.
const REMEMBERED_MAX: usize = 4_096;

/// Most beacons in a bundle: their file stays below its bound.
const CITED_MAX: usize = 65_536;
const LEAVES_AT_ONCE: usize = 1_024;

/// Beacons that were heard of late, by hash.
#[derive(Default)]
pub(super) struct Beacons {
    by_hash: BTreeMap<Hash, Beacon>,
    by_time: BTreeSet<(u64, Hash)>,
}

impl Beacons {
    /// Remembers one, and forgets the oldest when there are too many.
    pub(super) fn remember(&mut self, beacon: Beacon) {
        let place = (beacon.time_s(), beacon.hash());
        self.by_time.insert(place);
        self.by_hash.insert(place.1, beacon);
        if self.by_time.len() > REMEMBERED_MAX
            && let Some((_, hash)) = self.by_time.pop_first()
        {
            self.by_hash.remove(&hash);
        }
    }

    /// Keeps the beacons that new entries cite, those of the counterpart too, and tells the station their times.
    pub(super) fn keep_cited(
        &self,
        changes: &Changes,
        station: &mut Station,
        store: &mut dyn Store,
    ) -> Result<(), CommitError> {
        for (_, entry) in &changes.entries {
            let Some(beacon) = entry.entry.leaf.cosignature.and_then(|hash| self.by_hash.get(&hash)) else { continue };
            station.learn_cited(beacon.hash(), beacon.time_s());
            if store.document(&document(beacon.hash()))?.is_none() {
                store.put_documents(&[(document(beacon.hash()), beacon.line().to_string().into_bytes())])?;
            }
        }
        Ok(())
    }
}

/// Name of the document in which a beacon that was cited is kept.
fn document(hash: Hash) -> String {
    format!("beacon/{hash}")
}

/// The kept beacons, by witnesses of this pact, that leaves of these logs cite: the newest ones, where there are too many.
pub(super) fn cited(store: &dyn Store, origins: &[&str], genesis: &Genesis) -> Result<Vec<NoteSignature>, StoreError> {
    let keys = genesis.witness_keys_ed25519();
    let mut hashes = BTreeSet::new();
    for origin in origins {
        let mut from = 0;
        loop {
            let leaves = store.leaves(origin, from, LEAVES_AT_ONCE)?;
            if leaves.is_empty() {
                break;
            }
            from += leaves.len() as u64;
            hashes.extend(leaves.iter().filter_map(|leaf| Leaf::decode(leaf).ok()?.cosignature));
        }
    }
    let mut beacons: Vec<Beacon> = Vec::new();
    for hash in hashes {
        beacons.extend(kept(store, hash, &keys)?);
    }
    beacons.sort_by_key(Beacon::time_s);
    let newest = beacons.len().saturating_sub(CITED_MAX);
    Ok(beacons[newest..].iter().map(|beacon| beacon.line().clone()).collect())
}

/// The beacon with this hash, if it is kept and by the witness of one of these keys.
fn kept(store: &dyn Store, hash: Hash, keys: &[VerifierKey]) -> Result<Option<Beacon>, StoreError> {
    let kept = store.document(&document(hash))?;
    let line = kept.and_then(|kept| std::str::from_utf8(&kept).ok()?.parse::<NoteSignature>().ok());
    Ok(line.and_then(|line| keys.iter().find_map(|key| Beacon::verify(line.clone(), key).ok())))
}

/// Tells a station that was replayed the times of the kept beacons that its leaves cite.
pub(super) fn replay_cited(station: &mut Station, store: &dyn Store) -> Result<(), StoreError> {
    let keys = station.channel().pact().genesis().witness_keys_ed25519();
    for line in station.channel().cited_unknown() {
        if let Some(beacon) = kept(store, line, &keys)? {
            station.learn_cited(line, beacon.time_s());
        }
    }
    Ok(())
}

/// Asks one witness of a channel, for as long as the node runs.
pub(super) async fn listen(node: NodeHandle, channel: String, pact: Pact, witness: String, client: PeerClient) {
    let mut rounds = Rounds::of(&node);
    let report = |error: &NodeError| {
        warn!(channel, witness, code = error.code(), %error, "the witness's time is not known; trying again");
    };
    let every = |has_beacon| if has_beacon { EVERY } else { WITHOUT_BEACON };
    while rounds.wait(ask(&node, &channel, &pact, &witness, &client).await.map(every), EVERY, report).await {}
}

/// One question; false when the witness has no beacon.
async fn ask(
    node: &NodeHandle,
    channel: &str,
    pact: &Pact,
    witness: &str,
    client: &PeerClient,
) -> Result<bool, NodeError> {
    let unusable = |reason: String| NodeError::of_service(witness, "beacon", &reason);
    let (answer, between) = node.timed(client.get("/beacon")).await;
    let answer = answer?;
    let whose = Whose::Witness(witness.to_owned());
    match answer.status {
        200 => {}
        404 | 405 => {
            node.compare(channel.to_owned(), ClockNews { whose, shown: None, between }).await?;
            return Ok(false);
        }
        status => return Err(unusable(format!("answered {status}"))),
    }
    let keys = pact.genesis().witness_keys_ed25519();
    let key = keys.iter().find(|key| key.name().as_str() == witness);
    let key = key.ok_or_else(|| unusable("is by no witness of the pact".to_owned()))?;
    let beacon = Beacon::parse(&answer.body, key).map_err(|error| unusable(error.to_string()))?;
    // Also one that is too far away to be cited.
    let shown = Some(Span::of_beacon(beacon.time_s()));
    node.compare(channel.to_owned(), ClockNews { whose, shown, between }).await?;
    let now_s = u64::try_from(node.now_ns() / 1_000_000_000).unwrap_or(0);
    if beacon.time_s().abs_diff(now_s) > APART_S {
        return Err(unusable(format!("says {} s, which is over a minute from the clock here", beacon.time_s())));
    }
    node.hear(channel.to_owned(), beacon).await?;
    Ok(true)
}
