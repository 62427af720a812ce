//! What was folded in, as bytes from which a start goes on (docs/decisions/0012-snapshots.md). No format: the program that wrote
//! them reads them, and no other; whoever stores them sees to that. The pact is not among them, nor what is heard since a start.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::BuildHasher;

use serde::{Serialize as _, Serializer};
use skypact_record::counted;

use super::{Channel, Pact, PactError};

/// Why bytes are no snapshot of a channel.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// They are no state as this program writes it.
    #[error("its bytes are no state of a channel: {0}")]
    Unreadable(#[from] postcard::Error),
    /// There is more behind the state.
    #[error("{} after the state of a channel", counted(*bytes, "byte"))]
    TooLong {
        /// How many.
        bytes: usize,
    },
    /// The party is none of the pact.
    #[error(transparent)]
    Pact(#[from] PactError),
}

impl Channel {
    /// The state as bytes: the same for the same state.
    pub fn snapshot(&self) -> Vec<u8> {
        // Every field by its name, so that one that is added has to be kept here, or left out on purpose.
        #[rustfmt::skip]
        let Self {
            pact: _, me: _, beacon: _,
            logs, cited, entries, messages, board, keys, key_changes, rotations, suspensions, erasures, anomalies,
        } = self;
        let entries: BTreeMap<_, _> = entries.iter().collect();
        let messages: BTreeSet<_> = messages.iter().collect();
        let folded = (logs, cited, entries, messages, board, keys);
        let state = (folded, key_changes, rotations, suspensions, erasures, anomalies);
        postcard::to_stdvec(&state).expect("lists and maps of known length, into memory")
    }

    /// The channel of [`Channel::snapshot`], under the same pact and at the same party's node. The bytes are trusted: whether they are
    /// what was written is not asked here.
    pub fn from_snapshot(pact: Pact, me: &str, bytes: &[u8]) -> Result<Self, SnapshotError> {
        let me = pact.party(me)?;
        let (state, rest) = postcard::take_from_bytes(bytes)?;
        if !rest.is_empty() {
            return Err(SnapshotError::TooLong { bytes: rest.len() });
        }
        let (folded, key_changes, rotations, suspensions, erasures, anomalies) = state;
        let (logs, cited, entries, messages, board, keys) = folded;
        #[rustfmt::skip]
        let channel = Self {
            pact, me, beacon: None,
            logs, cited, entries, messages, board, keys, key_changes, rotations, suspensions, erasures, anomalies,
        };
        Ok(channel)
    }
}

/// Writes a map in the order of its keys.
pub(crate) fn sorted_map<K: Ord + serde::Serialize, V: serde::Serialize, H: BuildHasher, S: Serializer>(
    map: &HashMap<K, V, H>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    map.iter().collect::<BTreeMap<_, _>>().serialize(serializer)
}

/// Writes a set in its order.
pub(crate) fn sorted_set<K: Ord + serde::Serialize, H: BuildHasher, S: Serializer>(
    set: &HashSet<K, H>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    set.iter().collect::<BTreeSet<_>>().serialize(serializer)
}

/// An array that is longer than those that the derive knows.
pub(crate) mod halves {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8; 64], serializer: S) -> Result<S::Ok, S::Error> {
        let (first, second) = bytes.split_at(32);
        <[&[u8; 32]; 2]>::serialize(&[first, second].map(|half| half.try_into().expect("half of 64")), serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 64], D::Error> {
        let halves = <[[u8; 32]; 2]>::deserialize(deserializer)?;
        Ok(std::array::from_fn(|at| halves[at / 32][at % 32]))
    }
}
