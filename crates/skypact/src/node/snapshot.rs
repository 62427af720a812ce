//! The state of all channels at one place in the order of commits, from which a start goes on (docs/record-format.md, section 21). It is for the
//! program that wrote it at the node that signed it, and counts for nothing as soon as anything about it is not as it was: then a start folds
//! everything, which is what it would have done without.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use skypact_channel::{Channel, LogRef, Pact, SnapshotError};
use skypact_record::{Hash, KeyError, Signature, Signer as _, counted};

use super::NodeError;
use super::core::Member;
use super::round::origin;
use super::signer::RecordSigner;
use crate::storage::{LogState, Snapshot, StoreError};

const MAGIC: &[u8] = b"skypact-snapshot 1\n";
/// Which program folds entries into state (build.rs).
const FOLD: &str = env!("SKYPACT_FOLD");
const SIGNATURE_BYTES: usize = 64;
/// Entries that a start folds in a few seconds.
pub const SNAPSHOT_AFTER_ENTRIES: u64 = 16_384;

/// Why a snapshot counts for nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Void {
    #[error("another version of skypact wrote it")]
    OtherProgram,
    #[error("it is not as this node signed it: {0}")]
    NotSigned(#[from] KeyError),
    #[error("it is no snapshot, or cut short")]
    Unreadable,
    #[error("it is of party {0}")]
    OtherParty(String),
    #[error("it holds {} of log {log}, and the store {stored}", counted(*folded, "entry"))]
    Beyond { log: String, folded: u64, stored: u64 },
    #[error("it is of {}, and its logs have {sum}", counted(*sequence, "entry"))]
    Sequence { sequence: u64, sum: u64 },
    #[error("channel {channel}: the pact is another one")]
    OtherPact { channel: String },
    #[error("channel {channel}: its entries before the snapshot are not in it")]
    NotInIt { channel: String },
    #[error("log {log}: the state has another size or root than it says")]
    OtherLog { log: String },
    #[error("channel {channel}: {error}")]
    Channel { channel: String, error: SnapshotError },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was kept.
#[derive(Serialize, Deserialize)]
pub(super) struct Contents<'a> {
    party: String,
    /// The last entry that was folded.
    sequence: u64,
    /// Every log of the store, by its origin.
    logs: BTreeMap<String, KeptLog>,
    #[serde(borrow)]
    channels: BTreeMap<String, KeptChannel<'a>>,
}

#[derive(Serialize, Deserialize)]
struct KeptLog {
    size: u64,
    /// None of a log whose pact was taken away: it is not folded.
    root: Option<Hash>,
}

#[derive(Serialize, Deserialize)]
struct KeptChannel<'a> {
    pact: Hash,
    state: &'a [u8],
}

/// The state of these channels when all entries up to `sequence` are folded, of which each log has so many.
pub(super) fn take(
    party: &str,
    members: &BTreeMap<String, Member>,
    sequence: u64,
    sizes: &BTreeMap<String, u64>,
    signer: &RecordSigner,
) -> Result<Snapshot, NodeError> {
    let mut logs: BTreeMap<_, _> =
        sizes.iter().map(|(log, size)| (log.clone(), KeptLog { size: *size, root: None })).collect();
    let mut states = Vec::new();
    for (name, member) in members {
        let channel = member.station.channel();
        for log in LogRef::ALL {
            let tree = &channel.log(log).tree;
            logs.insert(origin(channel, log).to_string(), KeptLog { size: tree.size(), root: Some(tree.root()) });
        }
        states.push((name.clone(), channel.pact().channel(), channel.snapshot()));
    }
    let channels =
        states.iter().map(|(name, pact, state)| (name.clone(), KeptChannel { pact: *pact, state })).collect();
    let contents = Contents { party: party.to_owned(), sequence, logs, channels };
    let contents = postcard::to_stdvec(&contents).expect("lists and maps of known length, into memory");
    let unusable = |reason: String| NodeError::File { path: "keys".to_owned(), reason };
    let signed = Signature::sign(signer, &message_to_sign(&contents)).map_err(|error| unusable(error.to_string()))?;
    let bytes = [MAGIC, FOLD.as_bytes(), &signed.bytes, &contents].concat();
    Ok(Snapshot { sequence, bytes })
}

/// What the node signs: no act, note or other thing begins so.
fn message_to_sign(contents: &[u8]) -> Vec<u8> {
    [b"skypact/v1/snapshot\n", FOLD.as_bytes(), &Hash::of(contents).0[..]].concat()
}

impl<'a> Contents<'a> {
    /// Reads a snapshot, and holds it against its signature and what the store has.
    pub(super) fn read(
        snapshot: &'a Snapshot,
        party: &str,
        signer: &RecordSigner,
        stored: &[LogState],
    ) -> Result<Self, Void> {
        let rest = snapshot.bytes.strip_prefix(MAGIC).ok_or(Void::Unreadable)?;
        let (fold, rest) = rest.split_at_checked(FOLD.len()).ok_or(Void::Unreadable)?;
        if fold != FOLD.as_bytes() {
            return Err(Void::OtherProgram);
        }
        let (signature, contents) = rest.split_at_checked(SIGNATURE_BYTES).ok_or(Void::Unreadable)?;
        signer.public_key().verify(&message_to_sign(contents), signature)?;
        let (kept, rest) = postcard::take_from_bytes::<Self>(contents).map_err(|_| Void::Unreadable)?;
        if !rest.is_empty() || kept.sequence != snapshot.sequence {
            return Err(Void::Unreadable);
        }
        if kept.party != party {
            return Err(Void::OtherParty(kept.party));
        }
        kept.check_sizes(stored)?;
        Ok(kept)
    }

    /// Sequences have no gaps, so the logs together have as many entries as were folded, and a store that holds less is another one.
    fn check_sizes(&self, stored: &[LogState]) -> Result<(), Void> {
        let sum = self.logs.values().map(|log| log.size).sum();
        if sum != self.sequence {
            return Err(Void::Sequence { sequence: self.sequence, sum });
        }
        for (log, kept) in &self.logs {
            let stored = stored.iter().find(|state| state.log == *log).map_or(0, |state| state.size);
            if stored < kept.size {
                return Err(Void::Beyond { log: log.clone(), folded: kept.size, stored });
            }
        }
        Ok(())
    }

    /// Entries of each log that are in it.
    pub(super) fn sizes(&self) -> BTreeMap<String, u64> {
        self.logs.iter().map(|(log, kept)| (log.clone(), kept.size)).collect()
    }

    /// The state of a channel. One that is new since begins empty.
    pub(super) fn channel(&self, name: &str, pact: &Pact) -> Result<Channel, Void> {
        let told = |error| Void::Channel { channel: name.to_owned(), error };
        let Some(kept) = self.channels.get(name) else {
            let channel = Channel::new(pact.clone(), &self.party).map_err(|error| told(error.into()))?;
            let is_new = LogRef::ALL
                .into_iter()
                .all(|log| self.logs.get(origin(&channel, log).as_str()).is_none_or(|kept| kept.size == 0));
            return if is_new { Ok(channel) } else { Err(Void::NotInIt { channel: name.to_owned() }) };
        };
        if kept.pact != pact.channel() {
            return Err(Void::OtherPact { channel: name.to_owned() });
        }
        let channel = Channel::from_snapshot(pact.clone(), &self.party, kept.state).map_err(told)?;
        for log in LogRef::ALL {
            let (name, tree) = (origin(&channel, log).to_string(), &channel.log(log).tree);
            let stated =
                self.logs.get(&name).is_some_and(|kept| (kept.size, kept.root) == (tree.size(), Some(tree.root())));
            if !stated {
                return Err(Void::OtherLog { log: name });
            }
        }
        Ok(channel)
    }
}
