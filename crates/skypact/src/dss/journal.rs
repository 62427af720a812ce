//! The journal of a DSS: recorded changes as entries with salted commitments under a Merkle tree, of which only the right edge
//! is in memory (docs/dss.md, "The log").

use skypact_dss::Recorded;
use skypact_record::tree::leaf_hash;
use skypact_record::{Act, Checkpoint, Frontier, JournalLeaf, Origin, Part, PublicKey, SignedCheckpoint};

use super::error::{DssError, EntryFault};
use crate::entropy;
use crate::node::RecordSigner;
use crate::storage::{HeadKind, Store, StoredEntry, StoredPart};

/// What an entry holds besides the request's body, at most: names, identifiers and CBOR around them.
const AROUND_BODY_BYTES: usize = 32_768;
/// Longest request body that an entry can hold.
pub const BODY_BYTES_MAX: usize = Act::COMMITMENTS_MAX * Part::CONTENT_MAX - AROUND_BODY_BYTES;

/// The end of a journal: where the next entry goes.
#[derive(Clone, Debug)]
pub struct Journal {
    origin: Origin,
    frontier: Frontier,
}

impl Journal {
    /// A journal without entries, of the machine that signs with this key.
    pub fn new(key: &PublicKey) -> Self {
        let id = key.id().to_string();
        let origin = Origin::new(format!("skypact-dss/{}/dss", &id[..16]));
        Self { origin: origin.expect("hex digits and slashes form an origin"), frontier: Frontier::new() }
    }

    /// The same journal at another size.
    pub(super) fn at(&self, frontier: Frontier) -> Self {
        Self { origin: self.origin.clone(), frontier }
    }

    /// The right edge of its tree.
    pub(super) fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// Its origin.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Entries in it.
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Puts a change at the end, and gives the entry to store.
    pub fn append(&mut self, recorded: &Recorded) -> StoredEntry {
        let body = recorded.encode();
        let mut commitments = Vec::with_capacity(1);
        let parts = body.chunks(Part::CONTENT_MAX).map(|bytes| {
            let part = Part { salt: entropy::salt(), bytes: bytes.to_vec() };
            commitments.push(part.commitment());
            Some(StoredPart { salt: part.salt, bytes: part.bytes })
        });
        let parts = parts.collect();
        let leaf = JournalLeaf {
            origin: self.origin.clone(),
            index: self.frontier.size(),
            claimed_time: recorded.stamp.now.0,
            commitments,
        };
        let leaf = leaf.encode().expect("a body of checked length has few parts");
        self.frontier.push(leaf_hash(&leaf));
        StoredEntry { leaf, parts }
    }

    /// Reads the entry that was stored next, and moves on behind it.
    pub fn read(&mut self, stored: &StoredEntry) -> Result<Recorded, DssError> {
        let recorded =
            self.check(stored).map_err(|fault| DssError::differs(self.origin.as_str(), self.size(), &fault))?;
        self.frontier.push(leaf_hash(&stored.leaf));
        Ok(recorded)
    }

    fn check(&self, stored: &StoredEntry) -> Result<Recorded, EntryFault> {
        let leaf = JournalLeaf::decode(&stored.leaf)?;
        if leaf.origin != self.origin || leaf.index != self.size() {
            return Err(EntryFault::Other("is not the next entry of this journal"));
        }
        if leaf.commitments.len() != stored.parts.len() {
            return Err(EntryFault::Other("has another number of parts than commitments"));
        }
        let mut body = Vec::new();
        for (part, commitment) in stored.parts.iter().zip(&leaf.commitments) {
            let part = part.as_ref().ok_or(EntryFault::Other("lacks a part of its body"))?;
            let part = Part { salt: part.salt, bytes: part.bytes.clone() };
            if part.commitment() != *commitment {
                return Err(EntryFault::Other("has a part that does not match its commitment"));
            }
            body.extend(part.bytes);
        }
        Ok(Recorded::decode(&body)?)
    }

    /// The signed head.
    pub fn checkpoint(&self, signer: &RecordSigner) -> SignedCheckpoint {
        let head = Checkpoint { origin: self.origin.clone(), size: self.size(), root: self.frontier.root() };
        SignedCheckpoint::sign(head, signer).expect("a key in memory signs")
    }

    /// The newest signed head that is stored, as a note; none before the first entry.
    pub(super) fn stored_head(&self, store: &dyn Store) -> Result<Option<Vec<u8>>, DssError> {
        let heads = store.heads(self.origin.as_str())?;
        Ok(heads.into_iter().find(|head| head.kind == HeadKind::Checkpoint).map(|head| head.bytes))
    }

    /// Holds the journal to a stored checkpoint of the same size.
    pub fn hold_to(&self, note: &[u8]) -> Result<(), DssError> {
        let fault = |fault: EntryFault| DssError::differs(self.origin.as_str(), self.size(), &fault);
        let signed = SignedCheckpoint::parse(note).map_err(|error| fault(error.into()))?;
        let head = signed.checkpoint();
        if head.size == self.size() && head.root != self.frontier.root() {
            return Err(fault(EntryFault::Other("the root is not the one that was signed")));
        }
        if head.size > self.size() {
            return Err(fault(EntryFault::Other("entries that were signed for are missing")));
        }
        Ok(())
    }
}
