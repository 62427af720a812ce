//! The keys that this node accepts, and the party that each belongs to. Pins change while the node runs, when a pact is
//! installed or a key is rotated; a removed pin takes effect with the next request, even on an open connection.

use super::TransportError;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::VerifyingKey;
use std::{
    collections::BTreeMap,
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

    /// The party that `key` is pinned for.
    pub fn party_of(&self, key: &TransportKey) -> Option<String> {
        self.table.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }
}
