//! Changes of the keys that sign acts (docs/record-format.md, section 17), and the history of the keys of a log, rotations included. Each
//! log carries the history of its own keys, so whether an act or a head was signed by a key that might sign it is a matter of the log
//! that holds it.

use crate::act::LogClass;
use crate::cbor::{self, DecodeError, Reader};
use crate::genesis::{Genesis, PartyKey};
use crate::hash::Hash;
use crate::key::{Algorithm, KeyError, KeyId, KeyRole, PublicKey, Signature, Signer, SignerError};
use crate::key_rotation::{KeyRotation, RotatedKey};
use crate::leaf::Seen;
use crate::name::{Origin, PartyName};
use crate::note::{SignatureType, VerifierKey};

/// A key that may sign from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedKey {
    /// The key: of a node or an officer, Ed25519.
    pub key: PartyKey,
    /// Signature by the key itself: whoever adds it holds it.
    pub possession: Vec<u8>,
}

/// A key that may sign no more.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RevokedKey {
    /// The key.
    pub id: KeyId,
    /// Sizes of the author's routine and urgent log up to which the author vouches for what it signed.
    pub trusted: [u64; 2],
}

/// Body of an entry of kind [`crate::Act::KEY_CHANGE`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChange {
    /// Keys that may sign from now on; at most 16.
    pub added: Vec<AddedKey>,
    /// Keys that may not; at most 16.
    pub revoked: Vec<RevokedKey>,
}

/// Why a key change changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyChangeError {
    /// The new key did not sign.
    #[error("key {id}: its possession is not shown: {error}")]
    NotPossessed {
        /// The key.
        id: KeyId,
        /// What is wrong.
        error: KeyError,
    },
    /// A key is never added twice.
    #[error("key {id} was named before; a key is added once, and never after it was revoked")]
    KnownKey {
        /// The key.
        id: KeyId,
    },
    /// Only keys that may sign are revoked.
    #[error("key {id} is no node's or officer's key of this party that may sign")]
    NoSuchKey {
        /// The key.
        id: KeyId,
    },
    /// Somebody has to run the node, and somebody has to act.
    #[error("no key of this role would be left: {role}")]
    LastKey {
        /// The role.
        role: KeyRole,
    },
    /// Too many keys.
    #[error("more than {} keys were added to this log", KeyHistory::ADDED_MAX)]
    TooMany,
    /// Too many rotations.
    #[error("more than {} keys of this log took the place of others", KeyHistory::ROTATED_MAX)]
    TooManyRotations,
    /// A key of an algorithm that the pact does not use.
    #[error("key {id} is of ML-DSA-44, and the pact is not post-quantum: there is no such key that it could replace")]
    NotPostQuantum {
        /// The key.
        id: KeyId,
    },
}

impl KeyChangeError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotPossessed { .. } => "key-not-possessed",
            Self::KnownKey { .. } => "key-known",
            Self::NoSuchKey { .. } => "key-unknown",
            Self::LastKey { .. } => "key-last",
            Self::TooMany | Self::TooManyRotations => "keys-too-many",
            Self::NotPostQuantum { .. } => "key-not-post-quantum",
        }
    }
}

impl AddedKey {
    /// Adds the key of `signer`, which shows that it is held.
    pub fn new(key: PartyKey, channel: Hash, signer: &dyn Signer) -> Result<Self, SignerError> {
        let possession = Signature::sign(signer, &Self::message_to_sign(channel, &key.key))?.bytes;
        Ok(Self { key, possession })
    }

    fn message_to_sign(channel: Hash, key: &PublicKey) -> Vec<u8> {
        [b"skypact/v1/possession\n", &channel.0[..], key.as_bytes()].concat()
    }
}

impl KeyChange {
    const EACH_MAX: u64 = 16;
    /// Longest body, in bytes.
    pub const BYTES_MAX: usize = 8_192;

    /// The body's deterministic bytes. Fails when it changes nothing or too much.
    pub fn encode(&self) -> Result<Vec<u8>, DecodeError> {
        self.check().map_err(|reason| DecodeError::unwritable("key change", "added", reason))?;
        Ok(self.write())
    }

    /// Reads a body; the inverse of `encode`. Whether it may be made is asked of a [`KeyHistory`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        cbor::decode("key change", Self::BYTES_MAX, bytes, Self::read, Self::write)
    }

    fn check(&self) -> Result<(), &'static str> {
        let lengths = [self.added.len(), self.revoked.len()];
        if lengths.iter().any(|length| *length as u64 > Self::EACH_MAX) {
            return Err("has more than 16 keys");
        }
        if lengths == [0, 0] {
            return Err("is empty, and so is revoked: nothing would change");
        }
        let acts = |key: &AddedKey| matches!(key.key.role, KeyRole::Node | KeyRole::Officer);
        let is_ed25519 = |key: &AddedKey| key.key.key.algorithm() == Algorithm::Ed25519 && key.possession.len() == 64;
        if self.added.iter().all(|key| acts(key) && is_ed25519(key)) {
            return Ok(());
        }
        Err("has a key that is not Ed25519 of a node or an officer, or a possession that is not 64 bytes")
    }

    fn write(&self) -> Vec<u8> {
        cbor::encode(|w| {
            w.map(3)?.u8(0)?.u64(crate::FORMAT_VERSION)?;
            w.u8(1)?.array(self.added.len() as u64)?;
            for AddedKey { key, possession } in &self.added {
                w.array(5)?.u8(key.role.number())?.str(key.label.as_str())?;
                w.u8(key.key.algorithm().number())?.bytes(key.key.as_bytes())?.bytes(possession)?;
            }
            w.u8(2)?.array(self.revoked.len() as u64)?;
            for RevokedKey { id, trusted: [routine, urgent] } in &self.revoked {
                w.array(3)?.bytes(&id.0.0)?.u64(*routine)?.u64(*urgent)?;
            }
            Ok(())
        })
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.map(3)?;
        r.version()?;
        r.key(1, "added")?;
        let added = r.list(Self::EACH_MAX, |r| {
            r.tuple(5)?;
            let role = KeyRole::from_number(r.u64()?).ok_or_else(|| r.error("names no role"))?;
            let label = r.name()?;
            let algorithm = Algorithm::from_number(r.u64()?).ok_or_else(|| r.error("names no algorithm"))?;
            let key = PublicKey::new(algorithm, r.bytes()?);
            let key = key.map_err(|_| r.error("is not a valid key of its algorithm"))?;
            Ok(AddedKey { key: PartyKey { role, label, key }, possession: r.bytes()?.to_vec() })
        })?;
        r.key(2, "revoked")?;
        let revoked = r.list(Self::EACH_MAX, |r| {
            r.tuple(3)?;
            Ok(RevokedKey { id: KeyId(r.hash()?), trusted: [r.u64()?, r.u64()?] })
        })?;
        let change = Self { added, revoked };
        change.check().map_err(|reason| r.error(reason))?;
        Ok(change)
    }
}

/// The note key that `key` is under the checkpoints of a log.
pub(crate) fn checkpoint_verifier(origin: &Origin, key: &PublicKey) -> VerifierKey {
    match key.algorithm() {
        Algorithm::MlDsa44 => VerifierKey::cosigner(origin.clone(), key.clone()),
        _ => VerifierKey::new(origin.clone(), SignatureType::Ed25519, key.clone()),
    }
}

/// The rotation that took a key's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Replacement {
    /// Its index in the log.
    pub index: u64,
    /// Sizes of the author's routine and urgent log up to which the author vouches for what the replaced key signed.
    pub trusted: [u64; 2],
    /// Sizes of the counterpart's routine and urgent log that its leaf has seen: up to there the author holds them.
    pub seen: [u64; 2],
}

/// Who may sign acts in one log, at each index, and heads of it, at each size: the genesis, and what the log tells of keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct KeyHistory {
    added: Vec<(u64, PartyKey)>,
    revoked: Vec<(u64, RevokedKey)>,
    rotated: Vec<(u64, RotatedKey)>,
    /// Roots that took the place of others, with the label of the first.
    roots: Vec<(u64, PartyKey)>,
    /// What each rotation says besides keys, ascending by index.
    replacements: Vec<Replacement>,
}

impl KeyHistory {
    /// Most keys that are added in a log.
    pub const ADDED_MAX: usize = 1_024;
    /// Most keys that take the place of others in a log.
    pub const ROTATED_MAX: usize = 64;

    /// The key of that id, if `party` has it for acts at `index` of this log.
    pub fn act_key<'a>(
        &'a self,
        genesis: &'a Genesis,
        party: &PartyName,
        id: KeyId,
        index: u64,
    ) -> Option<&'a PartyKey> {
        let of_genesis = genesis.party(party)?.keys.iter().find(|key| key.key.id() == id);
        let key = of_genesis.or_else(|| self.later_key(id, index))?;
        (key.role.signs_acts() && !self.has_ended(key, index)).then_some(key)
    }

    /// The key of that id that was added, or became the root, before `index`.
    pub fn later_key(&self, id: KeyId, index: u64) -> Option<&PartyKey> {
        let all = self.added.iter().chain(&self.roots);
        all.clone().find(|(at, key)| *at < index && key.key.id() == id).map(|(_, key)| key)
    }

    /// Whether a key that signed acts was revoked before `index`, or another one was the root by then.
    pub fn has_ended(&self, key: &PartyKey, index: u64) -> bool {
        if key.role == KeyRole::Root {
            let newest = self.roots.iter().rfind(|(at, _)| *at < index);
            return newest.is_some_and(|(_, newest)| newest.key != key.key);
        }
        self.is_revoked(key.key.id(), index)
    }

    fn is_revoked(&self, id: KeyId, index: u64) -> bool {
        self.revoked.iter().any(|(at, revoked)| *at < index && revoked.id == id)
    }

    /// Keys that were added, with the index of the change.
    pub fn added(&self) -> impl Iterator<Item = &(u64, PartyKey)> {
        self.added.iter()
    }

    /// Keys that were revoked, with the index of the change.
    pub fn revoked(&self) -> impl Iterator<Item = &(u64, RevokedKey)> {
        self.revoked.iter()
    }

    /// Keys that took the place of others, with the index of the rotation.
    pub fn rotated(&self) -> impl Iterator<Item = &(u64, RotatedKey)> {
        self.rotated.iter()
    }

    /// The key that heads of `size` are under, where a rotation has named one.
    pub fn rotated_key(&self, role: KeyRole, algorithm: Algorithm, size: u64) -> Option<&PublicKey> {
        let is_of = |key: &RotatedKey| key.role == role && key.key.algorithm() == algorithm;
        let before = self.rotated.iter().filter(|(at, key)| *at < size && is_of(key));
        before.map(|(_, key)| &key.key).next_back()
    }

    /// The note key of that algorithm that heads of `size` of the log `origin`, whose history this is, are under.
    pub fn checkpoint_key(
        &self,
        genesis: &Genesis,
        origin: &Origin,
        algorithm: Algorithm,
        size: u64,
    ) -> Option<VerifierKey> {
        match (self.rotated_key(KeyRole::Checkpoint, algorithm, size), algorithm) {
            (Some(key), _) => Some(checkpoint_verifier(origin, key)),
            (None, Algorithm::Ed25519) => genesis.checkpoint_key(origin),
            (None, Algorithm::MlDsa44) => genesis.checkpoint_key_ml_dsa_44(origin),
            (None, Algorithm::WebauthnEs256) => None,
        }
    }

    /// The rotation that ended the time of the key of that id as a key of its role; none while it is in force.
    pub fn replaced(&self, genesis: &Genesis, party: &PartyName, id: KeyId) -> Option<Replacement> {
        let of_genesis = genesis.party(party)?.keys.iter().find(|key| key.key.id() == id);
        let of_genesis = of_genesis.map(|key| (None, key.role, key.key.algorithm()));
        let rotated = self.rotated.iter().find(|(_, key)| key.key.id() == id);
        let rotated = rotated.map(|(at, key)| (Some(*at), key.role, key.key.algorithm()));
        let (since, role, algorithm) = of_genesis.or(rotated)?;
        let follows = |(at, key): &&(u64, RotatedKey)| {
            since.is_none_or(|since| *at > since) && key.role == role && key.key.algorithm() == algorithm
        };
        let (at, _) = self.rotated.iter().find(follows)?;
        self.replacements.iter().find(|replacement| replacement.index == *at).copied()
    }

    /// Every key of a role and algorithm that `party` has had by this log, oldest first, with what took its place.
    pub fn keys_of(
        &self,
        genesis: &Genesis,
        party: &PartyName,
        role: KeyRole,
        algorithm: Algorithm,
    ) -> Vec<(PublicKey, Option<Replacement>)> {
        let of_genesis = genesis.party(party).and_then(|party| party.key_with(role, algorithm));
        let is_of = |key: &&RotatedKey| key.role == role && key.key.algorithm() == algorithm;
        let later = self.rotated.iter().map(|(_, key)| key).filter(is_of).map(|key| &key.key);
        let all = of_genesis.into_iter().chain(later);
        all.map(|key| (key.clone(), self.replaced(genesis, party, key.id()))).collect()
    }

    /// The history as the first `size` entries of the log tell it.
    #[must_use]
    pub fn until(&self, size: u64) -> Self {
        let mut history = self.clone();
        history.added.retain(|(at, _)| *at < size);
        history.revoked.retain(|(at, _)| *at < size);
        history.rotated.retain(|(at, _)| *at < size);
        history.roots.retain(|(at, _)| *at < size);
        history.replacements.retain(|replacement| replacement.index < size);
        history
    }

    /// Whether the genesis or the log has named a key, in any role and of anybody.
    fn names(&self, genesis: &Genesis, id: KeyId) -> bool {
        genesis.witnesses.iter().any(|witness| witness.key.id() == id)
            || genesis.key(id).is_some()
            || self.added.iter().any(|(_, known)| known.key.id() == id)
            || self.rotated.iter().any(|(_, known)| known.key.id() == id)
    }

    /// The role of a key of a party, revoked or not.
    fn role_of(&self, genesis: &Genesis, party: &PartyName, id: KeyId) -> Option<KeyRole> {
        let of_genesis = genesis.party(party)?.keys.iter();
        let mut all = of_genesis.chain(self.added.iter().map(|(_, key)| key));
        all.find(|key| key.key.id() == id).map(|key| key.role)
    }

    /// Takes in the change at `index` of a log of `party`, which its root signed, as a whole or not at all.
    pub fn apply(
        &mut self,
        genesis: &Genesis,
        party: &PartyName,
        index: u64,
        change: &KeyChange,
    ) -> Result<(), KeyChangeError> {
        let channel = genesis.channel();
        let mut next = self.clone();
        for AddedKey { key, possession } in &change.added {
            let id = key.key.id();
            if next.names(genesis, id) {
                return Err(KeyChangeError::KnownKey { id });
            }
            let held = key.key.verify(&AddedKey::message_to_sign(channel, &key.key), possession);
            held.map_err(|error| KeyChangeError::NotPossessed { id, error })?;
            if next.added.len() == Self::ADDED_MAX {
                return Err(KeyChangeError::TooMany);
            }
            next.added.push((index, key.clone()));
        }
        for revoked in &change.revoked {
            let id = revoked.id;
            // Of the keys before this change, and each once.
            let key = self.act_key(genesis, party, id, index + 1).filter(|key| key.role != KeyRole::Root);
            key.filter(|_| !next.is_revoked(id, index + 1)).ok_or(KeyChangeError::NoSuchKey { id })?;
            next.revoked.push((index, revoked.clone()));
        }
        let of_genesis = genesis.party(party).into_iter().flat_map(|party| &party.keys);
        let all = of_genesis.chain(next.added.iter().map(|(_, key)| key));
        let left: Vec<KeyRole> =
            all.filter(|key| !next.is_revoked(key.key.id(), index + 1)).map(|key| key.role).collect();
        for role in change.revoked.iter().filter_map(|revoked| self.role_of(genesis, party, revoked.id)) {
            if !left.contains(&role) {
                return Err(KeyChangeError::LastKey { role });
            }
        }
        *self = next;
        Ok(())
    }

    /// Takes in the rotation at `index` of a log of `party`, which its root signed, as a whole or not at all. `seen` is what its leaf cites.
    pub fn rotate(
        &mut self,
        genesis: &Genesis,
        party: &PartyName,
        (index, seen): (u64, &[Seen]),
        rotation: &KeyRotation,
    ) -> Result<(), KeyChangeError> {
        let mut next = self.clone();
        for key in &rotation.keys {
            let id = key.key.id();
            if next.names(genesis, id) {
                return Err(KeyChangeError::KnownKey { id });
            }
            if key.key.algorithm() == Algorithm::MlDsa44 && !genesis.is_post_quantum() {
                return Err(KeyChangeError::NotPostQuantum { id });
            }
            let held = key.verify(genesis.channel(), party);
            held.map_err(|error| KeyChangeError::NotPossessed { id, error })?;
            if next.rotated.len() == Self::ROTATED_MAX {
                return Err(KeyChangeError::TooManyRotations);
            }
            next.rotated.push((index, key.clone()));
            let root = genesis.party(party).and_then(|party| party.keys.iter().find(|key| key.role == KeyRole::Root));
            next.roots.extend(root.filter(|_| key.role == KeyRole::Root).map(|root| {
                (index, PartyKey { role: KeyRole::Root, label: root.label.clone(), key: key.key.clone() })
            }));
        }
        let counterpart = genesis.counterpart(party).map(|party| &party.name);
        let seen = LogClass::ALL.map(|class| {
            let origin = counterpart.and_then(|name| genesis.origin(name, class));
            seen.iter().find(|head| Some(&head.origin) == origin.as_ref()).map_or(0, |head| head.size)
        });
        next.replacements.push(Replacement { index, trusted: rotation.trusted, seen });
        *self = next;
        Ok(())
    }
}
