//! The keys that this node accepts, and the party that each belongs to. Pins change while the node runs, when a pact is
//! installed or a key is rotated; a removed pin takes effect with the next request, even on an open connection.

use super::TransportError;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::VerifyingKey;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError, RwLock},
};

/// A valid Ed25519 public key that authenticates a node's TLS connections. It is printed as in public key lines.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransportKey([u8; 32]);

impl TransportKey {
    /// Takes the 32 bytes of RFC 8032 section 5.1.5; points of small order, which anybody can sign for, are refused.
    pub fn new(bytes: [u8; 32]) -> Result<Self, TransportError> {
        match VerifyingKey::from_bytes(&bytes) {
            Ok(point) if !point.is_weak() => Ok(Self(bytes)),
            _ => Err(TransportError::InvalidKey),
        }
    }

    /// The key's bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Display for TransportKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl std::fmt::Debug for TransportKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TransportKey({self})")
    }
}

/// Pinned keys with the name of the party that each belongs to. Clones share one table.
#[derive(Clone, Debug, Default)]
pub struct Pins {
    table: Arc<RwLock<BTreeMap<TransportKey, String>>>,
    /// Pinned keys whose possession a handshake has shown.
    met: Arc<RwLock<BTreeSet<TransportKey>>>,
}

/// Who a server has to be.
#[derive(Clone, Debug)]
pub enum Expected {
    /// The holder of this key.
    Key(TransportKey),
    /// The holder of any key that is pinned for this party.
    Party(Pins, String),
}

impl From<TransportKey> for Expected {
    fn from(key: TransportKey) -> Self {
        Self::Key(key)
    }
}

impl Expected {
    /// Whether the holder of `key` is expected by now.
    pub(super) fn is(&self, key: &TransportKey) -> bool {
        match self {
            Self::Key(expected) => expected == key,
            Self::Party(pins, party) => pins.party_of(key).as_ref() == Some(party),
        }
    }

    /// A handshake has shown that the server holds `key`.
    pub(super) fn meet(&self, key: TransportKey) {
        if let Self::Party(pins, _) = self {
            pins.meet(key);
        }
    }

    /// In words, for errors.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Key(key) => key.to_string(),
            Self::Party(pins, party) => {
                let table = pins.table.read().unwrap_or_else(PoisonError::into_inner);
                let keys: Vec<String> =
                    table.iter().filter(|(_, of)| *of == party).map(|(key, _)| key.to_string()).collect();
                keys.join(" or ")
            }
        }
    }
}

impl Pins {
    /// An empty table: nobody is accepted.
    pub fn new() -> Self {
        Self::default()
    }

    /// Accepts `key` as `party`. A party may have several keys (several nodes, or a rotation under way).
    pub fn pin(&self, key: TransportKey, party: &str) {
        self.table.write().unwrap_or_else(PoisonError::into_inner).insert(key, party.to_owned());
    }

    /// No longer accepts `key`; true if it was pinned.
    pub fn unpin(&self, key: &TransportKey) -> bool {
        self.table.write().unwrap_or_else(PoisonError::into_inner).remove(key).is_some()
    }

    /// Puts a whole new table in place of the old one, in one step.
    pub fn replace(&self, pins: impl IntoIterator<Item = (TransportKey, String)>) {
        let table = pins.into_iter().collect();
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = table;
    }

    /// Notes that a handshake has shown possession of `key`, if it is pinned.
    pub(super) fn meet(&self, key: TransportKey) {
        if self.party_of(&key).is_some() {
            self.met.write().unwrap_or_else(PoisonError::into_inner).insert(key);
        }
    }

    /// Whether a handshake has shown possession of `key`, pinned then, since the table was made.
    pub fn has_met(&self, key: &TransportKey) -> bool {
        self.met.read().unwrap_or_else(PoisonError::into_inner).contains(key)
    }

    /// The party that `key` is pinned for.
    pub fn party_of(&self, key: &TransportKey) -> Option<String> {
        self.table.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }
}
