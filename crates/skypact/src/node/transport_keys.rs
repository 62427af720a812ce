//! Transport keys that others take the place of while the node runs (docs/record-format.md, section 18; docs/channel-protocol.md, section 5). The record
//! says which keys there are. The counterpart's new key is accepted beside the old one until a handshake has shown it, and from then on the old
//! one is not; the own new key is shown when each counterpart has signed for the entry that names it. Nothing of it goes by a clock.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use skypact_channel::Channel;
use skypact_record::PublicKey;
use tracing::{info, warn};

use super::core::Channels;
use super::rounds::Rounds;
use super::{NodeError, NodeHandle};
use crate::keys::{FileSigner, KeyRing, KeyRole};
use crate::storage::Store;
use crate::transport::{Identity, Pins, TransportKey};

/// How often the record is looked at.
const EVERY: Duration = Duration::from_secs(1);

/// What the record of one channel says of transport keys.
struct Told {
    channel: String,
    counterpart: String,
    /// The counterpart's, oldest first.
    theirs: Vec<TransportKey>,
    /// The own ones, oldest first, and whether the counterpart has signed for an entry that names it.
    ours: Vec<(TransportKey, bool)>,
}

/// Keeps pins and the key that is shown in step with the record.
pub(super) struct TransportKeys {
    pins: Pins,
    identity: Identity,
    ring: KeyRing,
    /// The newest key of the counterpart that a handshake has shown, by channel; kept as documents.
    met: BTreeMap<String, TransportKey>,
}

impl TransportKeys {
    /// Pins what the record says at a start, and chooses the key to show.
    pub(super) fn open(channels: &Channels, store: &dyn Store, ring: &KeyRing, pins: &Pins) -> Result<Self, NodeError> {
        let told = told(channels);
        let mut met = BTreeMap::new();
        for channel in &told {
            let kept = store.document(&document(&channel.channel))?;
            let key = kept.and_then(|kept| TransportKey::new(kept.try_into().ok()?).ok());
            met.extend(key.map(|key| (channel.channel.clone(), key)));
        }
        let identity = Identity::new(&choose(&told, ring)?)?;
        let keys = Self { pins: pins.clone(), identity, ring: ring.clone(), met };
        keys.pin(&told);
        Ok(keys)
    }

    /// What this node shows.
    pub(super) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Runs for as long as the node does.
    pub(super) async fn run(mut self, node: NodeHandle) {
        let mut rounds = Rounds::of(&node);
        let report = |error: &NodeError| warn!(code = error.code(), %error, "transport keys stay as they are");
        while rounds.wait(self.step(&node).await.map(|()| EVERY), EVERY, report).await {}
    }

    async fn step(&mut self, node: &NodeHandle) -> Result<(), NodeError> {
        let told = node.query(told).await?;
        for channel in &told {
            let newest = channel.theirs.iter().rev().find(|key| self.pins.has_met(key));
            // That of the pact needs no document.
            let Some(newest) = newest.filter(|newest| Some(*newest) != channel.theirs.first()) else { continue };
            if self.place_of_met(channel) < channel.theirs.iter().position(|key| key == newest) {
                node.put_document(document(&channel.channel), newest.as_bytes().to_vec()).await?;
                self.met.insert(channel.channel.clone(), *newest);
                info!(channel = channel.channel, key = %newest, "the counterpart shows its new transport key; no older one is accepted");
            }
        }
        self.pin(&told);
        let before = self.identity.key();
        self.identity.show(&choose(&told, &self.ring)?)?;
        if self.identity.key() != before {
            info!(key = %self.identity.key(), "this node shows its new transport key");
        }
        Ok(())
    }

    fn place_of_met(&self, channel: &Told) -> Option<usize> {
        let met = self.met.get(&channel.channel)?;
        channel.theirs.iter().position(|key| key == met)
    }

    /// Pins what any channel accepts of its counterpart, and no other key that a channel names.
    fn pin(&self, told: &[Told]) {
        let mut accepted = BTreeSet::new();
        for channel in told {
            for key in &channel.theirs[self.place_of_met(channel).unwrap_or(0)..] {
                accepted.insert(*key);
                // Whoever holds another's key and names it as his own becomes him to nobody.
                if self.pins.party_of(key).is_none() {
                    self.pins.pin(*key, &channel.counterpart);
                }
            }
        }
        for channel in told {
            for key in channel.theirs.iter().filter(|key| !accepted.contains(key)) {
                if self.pins.party_of(key).as_ref() == Some(&channel.counterpart) {
                    self.pins.unpin(key);
                }
            }
        }
    }
}

/// Name of the document that tells the newest transport key of the counterpart that was met.
fn document(channel: &str) -> String {
    format!("transport/{channel}")
}

fn told(channels: &Channels) -> Vec<Told> {
    let of = |name: &str| {
        let channel = channels.get(name)?;
        let (pact, me) = (channel.pact(), channel.me());
        let keys = |party| channel.keys().transport_keys(pact, party);
        let theirs = keys(1 - me).iter().filter_map(|(key, _)| transport(key)).collect();
        let ours =
            keys(me).iter().filter_map(|(key, named)| Some((transport(key)?, is_known(channel, named)))).collect();
        Some(Told { channel: name.to_owned(), counterpart: pact.party_name(1 - me).to_owned(), theirs, ours })
    };
    channels.names().filter_map(of).collect()
}

fn transport(key: &PublicKey) -> Option<TransportKey> {
    TransportKey::new(key.as_bytes().try_into().ok()?).ok()
}

/// Whether the counterpart has signed that it holds one of the entries; or there is none, and the pact names the key.
fn is_known(channel: &Channel, named: &[(skypact_channel::LogRef, u64)]) -> bool {
    named.is_empty() || named.iter().any(|(log, index)| channel.log(*log).delivered > *index)
}

/// The key to show: the newest that every counterpart accepts by now. Where that is not in hand, the newest that any channel names, whose
/// counterpart learns of it by file. What the record names newest has to be here, or what takes its place: a node that showed an older one would be
/// refused for ever, and say nothing of a lost file.
fn choose(told: &[Told], ring: &KeyRing) -> Result<FileSigner, NodeError> {
    let held = ring.transports()?;
    let in_hand = |key: &TransportKey| held.iter().find(|held| held.public_key_bytes() == *key.as_bytes());
    let newest_lost = |channel: &&Told| channel.ours.last().is_some_and(|(key, _)| in_hand(key).is_none());
    if let Some(channel) = told.iter().find(newest_lost) {
        let is_named =
            |held: &&FileSigner| channel.ours.iter().any(|(key, _)| held.public_key_bytes() == *key.as_bytes());
        let made = held.iter().find(|held| !is_named(held));
        return made.cloned().map_or_else(|| Err(lost(channel, ring)), Ok);
    }
    let newest_first = || told.iter().flat_map(|channel| channel.ours.iter().rev()).map(|(key, _)| key);
    let is_accepted = |key: &&TransportKey| told.iter().all(|channel| channel.ours.contains(&(**key, true)));
    let accepted = newest_first().find(is_accepted).and_then(in_hand);
    let chosen = accepted.or_else(|| newest_first().find_map(in_hand)).unwrap_or(&ring.transport);
    Ok(chosen.clone())
}

/// That the file of the key that a channel names newest is not here.
fn lost(channel: &Told, ring: &KeyRing) -> NodeError {
    let public = channel.ours.last().and_then(|(key, _)| PublicKey::ed25519(key.as_bytes()).ok());
    let key = public.as_ref().map(|key| key.id().to_string()).unwrap_or_default();
    let of_pact = |dir: &PathBuf| Some(KeyRing::path_of(dir, KeyRole::Transport)).filter(|path| !path.exists());
    let file = ring.dir.as_ref().zip(public).map(|(dir, key)| {
        let first = Some(dir).filter(|_| channel.ours.len() == 1).and_then(of_pact);
        first.unwrap_or_else(|| KeyRing::path_beside(dir, KeyRole::Transport, &key))
    });
    let file = file.map_or_else(|| "keys".to_owned(), |path| path.display().to_string());
    let remedy = "restore it from its backup, or make another one with 'skypact key make --role transport' and name that with 'skypact key rotate'";
    NodeError::KeyMissing { file, key, what: "connections", remedy }
}
