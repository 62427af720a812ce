//! Changes of the keys that sign acts (docs/record-format.md, section 17). Each log carries the history of its own keys, so
//! whether an act was signed by a key that might sign it is a matter of the log that holds it.

use crate::cbor::{self, DecodeError, Reader};
use crate::genesis::{Genesis, PartyKey};
use crate::hash::Hash;
use crate::key::{Algorithm, KeyError, KeyId, KeyRole, PublicKey, Signature, Signer, SignerError};
use crate::name::PartyName;

/// A key that may sign from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedKey {
    /// The key: of a node or an officer, Ed25519.
    pub key: PartyKey,
    /// Signature by the key itself: whoever adds it holds it.
    pub possession: Vec<u8>,
}

/// A key that may sign no more.
#[derive(Debug, Clone, PartialEq, Eq)]
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
}

impl KeyChangeError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotPossessed { .. } => "key-not-possessed",
            Self::KnownKey { .. } => "key-known",
            Self::NoSuchKey { .. } => "key-unknown",
            Self::LastKey { .. } => "key-last",
            Self::TooMany => "keys-too-many",
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

/// Who may sign acts in one log, at each index: the genesis, and the key changes of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyHistory {
    added: Vec<(u64, PartyKey)>,
    revoked: Vec<(u64, RevokedKey)>,
}

impl KeyHistory {
    /// Most keys that are added in a log.
    pub const ADDED_MAX: usize = 1_024;

    /// The key of that id, if `party` has it for acts at `index` of this log.
    pub fn act_key<'a>(
        &'a self,
        genesis: &'a Genesis,
        party: &PartyName,
        id: KeyId,
        index: u64,
    ) -> Option<&'a PartyKey> {
        let of_genesis = genesis.party(party)?.keys.iter().find(|key| key.key.id() == id);
        let key = of_genesis.or_else(|| self.added_key(id, index))?;
        (key.role.signs_acts() && !self.is_revoked(id, index)).then_some(key)
    }

    /// The key of that id that was added before `index`.
    pub fn added_key(&self, id: KeyId, index: u64) -> Option<&PartyKey> {
        self.added.iter().find(|(at, key)| *at < index && key.key.id() == id).map(|(_, key)| key)
    }

    /// Whether the key of that id was revoked before `index`.
    pub fn is_revoked(&self, id: KeyId, index: u64) -> bool {
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
            let witness = genesis.witnesses.iter().any(|witness| witness.key.id() == id);
            if witness || genesis.key(id).is_some() || next.added.iter().any(|(_, known)| known.key.id() == id) {
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
}
