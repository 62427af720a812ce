//! Views of keys: those that sign acts, and those of which a party has one for each role.

use serde::{Deserialize, Serialize};
use skypact_channel::{Channel, LogRef};
use skypact_record::{Algorithm, KeyRole, LogClass, PublicKey, SignatureType, VerifierKey};
use utoipa::ToSchema;

use crate::directory::base64;

/// A key that signs acts.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct KeyView {
    /// Key id.
    pub id: String,
    /// Party.
    pub party: String,
    /// node, officer or root.
    pub role: String,
    /// Name of the officer or machine.
    pub label: String,
    /// Index in the party's routine log of the change that added it; none for a key of the pact.
    pub added_at: Option<u64>,
    /// Index of the change that revoked it.
    pub revoked_at: Option<u64>,
    /// Sizes of the party's routine and urgent log up to which it vouches for what a revoked key signed.
    pub trusted: Option<[u64; 2]>,
}

/// A key of which a party has one for each role, or that took the place of one: for heads, receipts, connections, or the root.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HeadKeyView {
    /// Key id.
    pub id: String,
    /// Party whose key it is.
    pub party: String,
    /// checkpoint, mirror, transport or root.
    pub role: String,
    /// Origin of the log whose heads are under it. Of the other roles: of the party's routine log, which tells it.
    pub log: String,
    /// ed25519 or ml-dsa-44.
    pub algorithm: String,
    /// The key as tools for transparency logs take it (C2SP signed-note): name, id, key. Of a transport or root key the key alone, in base64.
    pub verifier_key: String,
    /// Smallest size of heads under it; of the other roles the size of the log since which it is there.
    pub from: u64,
    /// Largest size of heads under it; of the other roles the size of the log when another took its place. None while it is in force.
    pub until: Option<u64>,
    /// Sizes of the party's routine and urgent log up to which it vouches for what a key signed that was replaced.
    pub trusted: Option<[u64; 2]>,
    /// Of a mirror key that was replaced: sizes of the counterpart's routine and urgent log that the party says it held then.
    pub held: Option<[u64; 2]>,
}

/// Keys that sign acts, by the routine log of each party.
pub fn keys(channel: &Channel) -> Vec<KeyView> {
    let mut views = Vec::new();
    for party in [0, 1] {
        let history = channel.keys().history(LogRef { party, class: LogClass::Routine });
        let genesis = channel.pact().genesis();
        let of_pact = genesis.parties[party].keys.iter().filter(|key| key.role.signs_acts());
        let of_pact = of_pact.filter(|key| key.role != KeyRole::Root);
        for key in keys_of(channel, party, KeyRole::Root) {
            let root = genesis.parties[party].keys.iter().find(|key| key.role == KeyRole::Root);
            views.push(KeyView {
                id: key.id,
                party: key.party,
                role: key.role,
                label: root.map(|root| root.label.to_string()).unwrap_or_default(),
                added_at: key.from.checked_sub(1),
                revoked_at: key.until,
                trusted: key.trusted,
            });
        }
        let added = history.added().map(|(index, key)| (Some(*index), key));
        for (added_at, key) in of_pact.map(|key| (None, key)).chain(added) {
            let revoked = history.revoked().find(|(_, revoked)| revoked.id == key.key.id());
            views.push(KeyView {
                id: key.key.id().to_string(),
                party: channel.pact().party_name(party).to_owned(),
                role: key.role.to_string(),
                label: key.label.to_string(),
                added_at,
                revoked_at: revoked.map(|(index, _)| *index),
                trusted: revoked.map(|(_, revoked)| revoked.trusted),
            });
        }
    }
    views
}

/// Keys of heads, by log and algorithm, oldest first; then those of the other roles, by party.
pub fn head_keys(channel: &Channel) -> Vec<HeadKeyView> {
    let (pact, mut views) = (channel.pact(), Vec::new());
    for log in LogRef::ALL {
        let history = channel.keys().history(log);
        let party = &pact.genesis().parties[log.party].name;
        for of_pact in pact.log_keys(log).author() {
            let mut from = 0;
            for (key, replaced) in
                history.keys_of(pact.genesis(), party, KeyRole::Checkpoint, of_pact.key().algorithm())
            {
                let note_key = match key.algorithm() {
                    Algorithm::MlDsa44 => VerifierKey::cosigner(of_pact.name().clone(), key.clone()),
                    _ => VerifierKey::new(of_pact.name().clone(), SignatureType::Ed25519, key.clone()),
                };
                let view = view(pact.party_name(log.party), KeyRole::Checkpoint, of_pact.name().as_str(), &key);
                let until = replaced.map(|by| by.index);
                let verifier_key = note_key.to_string();
                views.push(HeadKeyView { verifier_key, from, until, trusted: replaced.map(|by| by.trusted), ..view });
                from = until.map_or(from, |until| until + 1);
            }
        }
    }
    for party in [0, 1] {
        for role in [KeyRole::Mirror, KeyRole::Transport, KeyRole::Root] {
            views.extend(keys_of(channel, party, role));
        }
    }
    views
}

/// The keys of a role but checkpoint, as the routine log tells them, oldest first of each algorithm.
fn keys_of(channel: &Channel, party: usize, role: KeyRole) -> Vec<HeadKeyView> {
    let (pact, log) = (channel.pact(), LogRef { party, class: LogClass::Routine });
    let (genesis, mut views) = (pact.genesis(), Vec::new());
    let (of, origin) = (&genesis.parties[party], pact.log_keys(log).origin.as_str());
    for algorithm in [Algorithm::Ed25519, Algorithm::MlDsa44] {
        let mut from = 0;
        for (key, replaced) in channel.keys().history(log).keys_of(genesis, &of.name, role, algorithm) {
            let mut view = view(of.name.as_str(), role, origin, &key);
            if role == KeyRole::Mirror {
                view.verifier_key = VerifierKey::cosigner(of.mirror_name(), key).to_string();
                view.held = replaced.map(|by| by.seen);
            }
            let until = replaced.map(|by| by.index);
            views.push(HeadKeyView { from, until, trusted: replaced.map(|by| by.trusted), ..view });
            from = until.map_or(from, |until| until + 1);
        }
    }
    views
}

/// A key that is in force from the beginning on.
fn view(party: &str, role: KeyRole, log: &str, key: &PublicKey) -> HeadKeyView {
    HeadKeyView {
        id: key.id().to_string(),
        party: party.to_owned(),
        role: role.to_string(),
        log: log.to_owned(),
        algorithm: key.algorithm().to_string(),
        verifier_key: base64(key.as_bytes()),
        from: 0,
        until: None,
        trusted: None,
        held: None,
    }
}
