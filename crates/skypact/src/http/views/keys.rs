//! Views of keys: those that sign acts, and those that heads of logs are under.

use serde::{Deserialize, Serialize};
use skypact_channel::{Channel, LogRef};
use skypact_record::LogClass;
use utoipa::ToSchema;

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

/// A key that heads of a log are or were under.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HeadKeyView {
    /// Key id.
    pub id: String,
    /// Party whose log it is.
    pub party: String,
    /// Origin of the log.
    pub log: String,
    /// ed25519 or ml-dsa-44.
    pub algorithm: String,
    /// The key as tools for transparency logs take it (C2SP signed-note): name, id, key.
    pub verifier_key: String,
    /// Smallest size of heads under it.
    pub from: u64,
    /// Largest size of heads under it; none while it is in force.
    pub until: Option<u64>,
    /// Sizes of the party's routine and urgent log up to which it vouches for heads under a key that was replaced.
    pub trusted: Option<[u64; 2]>,
}

/// Keys that sign acts, by the routine log of each party.
pub fn keys(channel: &Channel) -> Vec<KeyView> {
    let mut views = Vec::new();
    for party in [0, 1] {
        let history = channel.keys().history(LogRef { party, class: LogClass::Routine });
        let of_pact = channel.pact().genesis().parties[party].keys.iter().filter(|key| key.role.signs_acts());
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

/// Keys of heads, by log and algorithm, oldest first.
pub fn head_keys(channel: &Channel) -> Vec<HeadKeyView> {
    let (pact, mut views) = (channel.pact(), Vec::new());
    for log in LogRef::ALL {
        let history = channel.keys().history(log);
        let party = &pact.genesis().parties[log.party].name;
        for of_pact in pact.log_keys(log).author() {
            let algorithm = of_pact.key().algorithm();
            let rotated = history.rotated().filter(|(_, key)| key.key.algorithm() == algorithm);
            let begins = [0].into_iter().chain(rotated.map(|(index, _)| index + 1));
            for from in begins {
                let key = history.checkpoint_key(pact.genesis(), of_pact.name(), algorithm, from);
                let Some(key) = key else { continue };
                let replaced = history.replaced(pact.genesis(), party, key.key().id());
                views.push(HeadKeyView {
                    id: key.key().id().to_string(),
                    party: party.to_string(),
                    log: of_pact.name().to_string(),
                    algorithm: algorithm.to_string(),
                    verifier_key: key.to_string(),
                    from,
                    until: replaced.map(|(index, _)| index),
                    trusted: replaced.map(|(_, trusted)| trusted),
                });
            }
        }
    }
    views
}
