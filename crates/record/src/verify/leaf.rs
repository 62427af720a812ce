//! What every leaf must be, whatever its kind: of its log and place, and signed by a key that may sign it. Checked on several threads.

use std::collections::BTreeMap;

use crate::act::Act;
use crate::genesis::{Genesis, LogName, PartyKey};
use crate::hash::Hash;
use crate::key::{KeyId, KeyRole};
use crate::key_change::KeyHistory;
use crate::leaf::Leaf;
use crate::name::PartyName;
use crate::signed_genesis::SignedGenesis;
use crate::tree::leaf_hash;

/// A pact that both roots signed, ready for many checks.
pub(super) struct Pact {
    pub(super) genesis: Genesis,
    pub(super) channel: Hash,
    /// SHA-256 of the signed genesis, which is the body of entry 0 of each log.
    pub(super) signed_hash: Hash,
    act_keys: BTreeMap<KeyId, (PartyName, PartyKey)>,
}

impl Pact {
    pub(super) fn new(signed: &SignedGenesis) -> Self {
        let genesis = signed.genesis().clone();
        let keys = genesis.parties.iter().flat_map(|party| {
            let signing = party.keys.iter().filter(|key| key.role.signs_acts());
            signing.map(|key| (key.key.id(), (party.name.clone(), key.clone())))
        });
        let act_keys = keys.collect();
        Self { channel: signed.channel(), signed_hash: Hash::of(&signed.encode()), act_keys, genesis }
    }

    /// The key of that id, if it may sign acts of `author` at `index` of a log with this history; the same answer as
    /// `KeyHistory::act_key`.
    pub(super) fn act_key<'a>(
        &'a self,
        keys: &'a KeyHistory,
        id: KeyId,
        author: &PartyName,
        index: u64,
    ) -> Option<&'a PartyKey> {
        let of_genesis = self.act_keys.get(&id).filter(|(party, _)| party == author).map(|(_, key)| key);
        let key = of_genesis.or_else(|| keys.later_key(id, index))?;
        (!keys.has_ended(key, index)).then_some(key)
    }
}

/// A leaf as it stands in a file.
#[derive(Clone, Copy)]
pub(super) struct GivenLeaf<'a> {
    pub(super) index: u64,
    /// Byte in the tar.
    pub(super) offset: u64,
    pub(super) bytes: &'a [u8],
}

/// What the check of a leaf found.
pub(super) struct CheckedLeaf {
    pub(super) index: u64,
    pub(super) offset: u64,
    pub(super) hash: Hash,
    /// The leaf, if it can be read.
    pub(super) leaf: Option<Leaf>,
    pub(super) refusal: Option<LeafRefusal>,
}

/// Why a leaf is refused.
pub(super) struct LeafRefusal {
    pub(super) code: &'static str,
    pub(super) message: String,
    /// Byte in the leaf, if known.
    pub(super) offset: u64,
}

/// Checks leaves on up to `threads` threads; the answers are in the order of the leaves.
pub(super) fn check_leaves(
    pact: &Pact,
    keys: &KeyHistory,
    log: &LogName,
    leaves: &[GivenLeaf<'_>],
    threads: usize,
) -> Vec<CheckedLeaf> {
    let share = leaves.len().div_ceil(threads.max(1)).max(1);
    let check = |given: &GivenLeaf<'_>| check_leaf(pact, keys, log, *given);
    std::thread::scope(|scope| {
        let mut shares = leaves.chunks(share);
        let own = shares.next().unwrap_or_default();
        let others: Vec<_> =
            shares.map(|leaves| scope.spawn(move || leaves.iter().map(check).collect::<Vec<_>>())).collect();
        let mut checked: Vec<CheckedLeaf> = own.iter().map(check).collect();
        for other in others {
            checked.extend(other.join().expect("checking a leaf does not panic"));
        }
        checked
    })
}

fn check_leaf(pact: &Pact, keys: &KeyHistory, log: &LogName, given: GivenLeaf<'_>) -> CheckedLeaf {
    let (leaf, refusal) = match Leaf::decode(given.bytes) {
        Ok(leaf) => {
            let refused = refusal(pact, keys, log, given.index, &leaf);
            (Some(leaf), refused.map(|(code, message)| LeafRefusal { code, message, offset: 0 }))
        }
        Err(error) => {
            let offset = error.offset() as u64;
            (None, Some(LeafRefusal { code: error.code(), message: error.to_string(), offset }))
        }
    };
    CheckedLeaf { index: given.index, offset: given.offset, hash: leaf_hash(given.bytes), leaf, refusal }
}

/// The first rule that a leaf breaks.
pub(super) fn refusal(
    pact: &Pact,
    keys: &KeyHistory,
    log: &LogName,
    index: u64,
    leaf: &Leaf,
) -> Option<(&'static str, String)> {
    let act = leaf.act.act();
    if leaf.origin != log.origin {
        return Some(("leaf-origin", format!("leaf is of the log {}", leaf.origin)));
    }
    if leaf.index != index {
        return Some(("leaf-index", format!("leaf says that its index is {}", leaf.index)));
    }
    if act.channel != pact.channel {
        return Some(("leaf-channel", format!("act is of the channel {}", act.channel)));
    }
    if act.author != log.party {
        return Some(("leaf-author", format!("act is by {}, and the log is of {}", act.author, log.party)));
    }
    if act.log_class != log.class {
        return Some(("leaf-class", format!("act is {}, and the log is {}", act.log_class, log.class)));
    }
    if (act.kind == Act::GENESIS) != (index == 0) {
        return Some(("leaf-kind", "the kind GENESIS is not exactly that of entry 0".to_owned()));
    }
    if index == 0 && (act.epoch != 0 || !act.references.is_empty() || act.commitments.len() != 1) {
        let message = "entry 0 has an epoch, a reference, or not exactly the genesis as its part";
        return Some(("leaf-genesis", message.to_owned()));
    }
    let key_id = leaf.act.signature().key_id;
    let Some(key) = pact.act_key(keys, key_id, &act.author, index) else {
        return Some(("leaf-key", format!("key {key_id} may not sign acts of {}", act.author)));
    };
    if matches!(act.kind, Act::KEY_CHANGE | Act::KEY_ROTATION) && key.role != KeyRole::Root {
        return Some(("leaf-key", "a change of keys is not signed by the root".to_owned()));
    }
    leaf.act.verify(&key.key).err().map(|error| (error.code(), format!("act: {error}")))
}
