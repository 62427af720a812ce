//! Who may sign in each of the four logs: the keys of the pact, and the key changes and rotations of each log (docs/record-format.md,
//! sections 17 and 18). Cheap to clone: a frame is verified against the keys as they were, and goes on from there.

use std::borrow::Cow;
use std::sync::Arc;

use skypact_record::{
    Algorithm, Entry, KeyChange, KeyChangeError, KeyHistory, KeyId, KeyRole, KeyRotation, LogClass, PartyKey,
    RotatedKey, VerifierKey,
};

use crate::kind::Kind;
use crate::log::LogRef;
use crate::pact::{LogKeys, Pact};

/// The key histories of a channel's logs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActKeys {
    /// In the order of [`LogRef::ALL`].
    histories: [Arc<KeyHistory>; 4],
}

impl ActKeys {
    /// Key changes of a log.
    pub fn history(&self, log: LogRef) -> &KeyHistory {
        &self.histories[log.place()]
    }

    /// The key of that id, if it may sign acts at `index` of `log`.
    pub fn key<'a>(&'a self, pact: &'a Pact, log: LogRef, id: KeyId, index: u64) -> Option<&'a PartyKey> {
        let history = self.history(log);
        let key = pact.key(log.party, id).or_else(|| history.added_key(id, index))?;
        (!history.is_revoked(id, index)).then_some(key)
    }

    /// The note keys that count for heads of `size` of `log`.
    pub fn log_keys<'a>(&self, pact: &'a Pact, log: LogRef, size: u64) -> Cow<'a, LogKeys> {
        let mut keys = Cow::Borrowed(pact.log_keys(log));
        if self.history(log).rotated().all(|(at, _)| *at >= size) {
            return keys;
        }
        let key = |algorithm| {
            let history = self.history(log);
            history.checkpoint_key(pact.genesis(), &pact.log_keys(log).origin, algorithm, size)
        };
        let in_force = keys.to_mut();
        if let Some(key) = key(Algorithm::Ed25519) {
            in_force.checkpoint = key;
        }
        for (keys, key) in in_force.ml_dsa_44.iter_mut().zip(key(Algorithm::MlDsa44)) {
            keys.checkpoint = key;
        }
        keys
    }

    /// Every Ed25519 checkpoint key that the author of `log` has had by either of its logs as they are held, that of the pact first.
    pub fn checkpoint_keys(&self, pact: &Pact, log: LogRef) -> Vec<VerifierKey> {
        let mut keys = vec![pact.log_keys(log).checkpoint.clone()];
        for class in LogClass::ALL {
            let history = self.history(LogRef { class, ..log });
            let is_plain =
                |key: &RotatedKey| key.role == KeyRole::Checkpoint && key.key.algorithm() == Algorithm::Ed25519;
            let sizes = history.rotated().filter(|(_, key)| is_plain(key)).map(|(at, _)| at.saturating_add(1));
            for size in sizes {
                let origin = &pact.log_keys(log).origin;
                let key = history.checkpoint_key(pact.genesis(), origin, Algorithm::Ed25519, size);
                keys.extend(key.filter(|key| !keys.contains(key)));
            }
        }
        keys
    }

    /// The note keys that count for a note of `log` that stands apart from it, in an entry of another log: of checkpoint keys the
    /// one that signed it, whichever the author has had. The logs travel apart, so that the size does not tell it here.
    pub(crate) fn log_keys_apart<'a>(&self, pact: &'a Pact, log: LogRef, note: &[u8]) -> Cow<'a, LogKeys> {
        pact.log_keys(log).signed_by(&self.checkpoint_keys(pact, log), note)
    }

    /// The keys as the first `size` entries of `log` tell them.
    pub(crate) fn until(&self, log: LogRef, size: u64) -> Self {
        let mut keys = self.clone();
        let history = &mut keys.histories[log.place()];
        let last = [history.added().last().map(|(at, _)| *at), history.revoked().last().map(|(at, _)| *at)];
        let last = last.into_iter().chain([history.rotated().last().map(|(at, _)| *at)]).flatten().max();
        if last.is_some_and(|last| last >= size) {
            *history = Arc::new(history.until(size));
        }
        keys
    }

    /// Takes in what an entry of `log` tells of keys, whatever else is true of it: a verifier of bundles knows neither epochs nor which message
    /// ids were used, and each log has one history of its keys for everybody.
    pub(crate) fn take(&mut self, pact: &Pact, log: LogRef, index: u64, entry: &Entry) -> Result<(), KeyChangeError> {
        let act = entry.leaf.act.act();
        let [Some(part)] = &entry.parts[..] else { return Ok(()) };
        if act.kind == Kind::KeyChange.wire() {
            let change = KeyChange::decode(&part.bytes);
            return change.map_or(Ok(()), |change| self.apply(pact, log, index, &change));
        }
        if act.kind == Kind::KeyRotation.wire() {
            let rotation = KeyRotation::decode(&part.bytes);
            return rotation.map_or(Ok(()), |rotation| self.rotate(pact, log, index, &rotation));
        }
        Ok(())
    }

    /// Takes in the rotation at `index` of `log`.
    pub(crate) fn rotate(
        &mut self,
        pact: &Pact,
        log: LogRef,
        index: u64,
        rotation: &KeyRotation,
    ) -> Result<(), KeyChangeError> {
        let party = &pact.genesis().parties[log.party].name;
        Arc::make_mut(&mut self.histories[log.place()]).rotate(pact.genesis(), party, index, rotation)
    }

    /// Takes in the key change at `index` of `log`.
    pub(crate) fn apply(
        &mut self,
        pact: &Pact,
        log: LogRef,
        index: u64,
        change: &KeyChange,
    ) -> Result<(), KeyChangeError> {
        let party = &pact.genesis().parties[log.party].name;
        Arc::make_mut(&mut self.histories[log.place()]).apply(pact.genesis(), party, index, change)
    }
}
