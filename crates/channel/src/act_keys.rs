//! Who may sign in each of the four logs, and for them: the keys of the pact, and the key changes and rotations of each log (docs/record-format.md,
//! sections 17 and 18). Cheap to clone: a frame is verified against the keys as they were, and goes on from there.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use skypact_record::{
    Algorithm, Entry, KeyChange, KeyChangeError, KeyHistory, KeyId, KeyRole, KeyRotation, LogClass, MirrorKey,
    PartyKey, PublicKey, ReceiptWorth, RotatedKey, Seen, VerifierKey,
};

use crate::kind::Kind;
use crate::log::LogRef;
use crate::pact::{LogKeys, Pact};

/// The key histories of a channel's logs.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ActKeys {
    /// In the order of [`LogRef::ALL`].
    histories: [Arc<KeyHistory>; 4],
    /// First index of a log whose leaf has seen a rotation of the counterpart's mirror key, by the places of the two logs and the rotation's index.
    heard: Arc<BTreeMap<(usize, usize, u64), u64>>,
}

impl ActKeys {
    /// Key changes of a log.
    pub fn history(&self, log: LogRef) -> &KeyHistory {
        &self.histories[log.place()]
    }

    /// The key of that id, if it may sign acts at `index` of `log`.
    pub fn key<'a>(&'a self, pact: &'a Pact, log: LogRef, id: KeyId, index: u64) -> Option<&'a PartyKey> {
        let history = self.history(log);
        let key = pact.key(log.party, id).or_else(|| history.later_key(id, index))?;
        (!history.has_ended(key, index)).then_some(key)
    }

    /// The note keys that count for heads of `size` of `log`, and for receipts over it that came at any time.
    pub fn log_keys<'a>(&self, pact: &'a Pact, log: LogRef, size: u64) -> Cow<'a, LogKeys> {
        self.note_keys(pact, log, size, ReceiptWorth::Claimed)
    }

    /// The same for a receipt that comes now: of a mirror key that was replaced up to what its holder says that it held then, and no further.
    pub(crate) fn log_keys_now<'a>(&self, pact: &'a Pact, log: LogRef, size: u64) -> Cow<'a, LogKeys> {
        self.note_keys(pact, log, size, ReceiptWorth::Full)
    }

    fn note_keys<'a>(&self, pact: &'a Pact, log: LogRef, size: u64, worth: ReceiptWorth) -> Cow<'a, LogKeys> {
        let mut keys = Cow::Borrowed(pact.log_keys(log));
        if let Some([plain, ml_dsa_44]) = self.mirror_keys(pact, log) {
            let in_force = keys.to_mut();
            let counts = |mut known: Vec<MirrorKey>| {
                let now = known.iter().rposition(MirrorKey::is_in_force).map(|newest| known.remove(newest).key);
                let before = known.into_iter().filter(|key| key.worth(size) >= worth).map(|key| key.key);
                (now, before.collect::<Vec<_>>())
            };
            let (mirror, before) = counts(plain);
            in_force.mirror = mirror.unwrap_or_else(|| in_force.mirror.clone());
            in_force.mirrors_before = before;
            if let Some(keys) = &mut in_force.ml_dsa_44 {
                let (mirror, before) = counts(ml_dsa_44);
                keys.mirror = mirror.unwrap_or_else(|| keys.mirror.clone());
                keys.mirrors_before = before;
            }
        }
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

    /// The mirror keys for a log, of Ed25519 and ML-DSA-44; none where they are those of the pact.
    fn mirror_keys(&self, pact: &Pact, log: LogRef) -> Option<[Vec<MirrorKey>; 2]> {
        let of = LogClass::ALL.map(|class| LogRef { party: 1 - log.party, class });
        let rotates = |log: &LogRef| self.history(*log).rotated().any(|(_, key)| key.role == KeyRole::Mirror);
        if !of.iter().any(rotates) {
            return None;
        }
        let histories = of.map(|log| self.history(log));
        let mirror = &pact.genesis().parties[1 - log.party].name;
        let heard = |class, index| {
            let told_in = LogRef { party: 1 - log.party, class };
            self.heard.get(&(log.place(), told_in.place(), index)).copied()
        };
        let all = |algorithm| MirrorKey::all(pact.genesis(), mirror, log.class, algorithm, histories, heard);
        Some([Algorithm::Ed25519, Algorithm::MlDsa44].map(all))
    }

    /// The transport keys that a party has had, oldest first, each with the entries that named it: none for that of the pact.
    pub fn transport_keys(&self, pact: &Pact, party: usize) -> Vec<(PublicKey, Vec<(LogRef, u64)>)> {
        let of_pact = pact.genesis().parties[party].key_of(KeyRole::Transport);
        let mut keys: Vec<(PublicKey, Vec<(LogRef, u64)>)> =
            of_pact.into_iter().map(|key| (key.clone(), Vec::new())).collect();
        for log in LogClass::ALL.map(|class| LogRef { party, class }) {
            for (at, key) in self.history(log).rotated().filter(|(_, key)| key.role == KeyRole::Transport) {
                match keys.iter_mut().find(|(known, _)| *known == key.key) {
                    Some((_, named)) => named.push((log, *at)),
                    None => keys.push((key.key.clone(), vec![(log, *at)])),
                }
            }
        }
        keys
    }

    /// Indices of a log whose leaves were the first to have seen a rotation of the counterpart's mirror key.
    pub fn heard(&self, log: LogRef) -> impl Iterator<Item = u64> {
        self.heard.range((log.place(), 0, 0)..(log.place() + 1, 0, 0)).map(|(_, index)| *index)
    }

    /// Notes which rotations of the counterpart's mirror key the leaf at `index` of `log` is the first to have seen.
    pub(crate) fn hear(&mut self, pact: &Pact, log: LogRef, index: u64, seen: &[Seen]) {
        for told_in in LogClass::ALL.map(|class| LogRef { party: 1 - log.party, class }) {
            let rotated = self.histories[told_in.place()].rotated().filter(|(_, key)| key.role == KeyRole::Mirror);
            let mut news = rotated.map(|(at, _)| (log.place(), told_in.place(), *at)).peekable();
            if news.peek().is_none() {
                continue;
            }
            let origin = &pact.log_keys(told_in).origin;
            let size = seen.iter().find(|head| head.origin == *origin).map_or(0, |head| head.size);
            let news: Vec<_> = news.filter(|place| place.2 < size && !self.heard.contains_key(place)).collect();
            if !news.is_empty() {
                Arc::make_mut(&mut self.heard).extend(news.into_iter().map(|place| (place, index)));
            }
        }
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
            return rotation.map_or(Ok(()), |rotation| self.rotate(pact, log, (index, &entry.leaf.seen), &rotation));
        }
        Ok(())
    }

    /// Takes in the rotation at `index` of `log`, whose leaf has seen these heads.
    pub(crate) fn rotate(
        &mut self,
        pact: &Pact,
        log: LogRef,
        at: (u64, &[Seen]),
        rotation: &KeyRotation,
    ) -> Result<(), KeyChangeError> {
        let party = &pact.genesis().parties[log.party].name;
        Arc::make_mut(&mut self.histories[log.place()]).rotate(pact.genesis(), party, at, rotation)
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
