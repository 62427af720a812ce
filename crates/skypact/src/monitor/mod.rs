//! A monitor: follows the tiles of logs at the nodes that let it in, and keeps a copy of every leaf, so that any head of any
//! size that anybody shows it later is held against one history (docs/channel-protocol.md, section 11). It holds no key
//! that signs anything, and believes nothing that does not lead to a signed root.

mod error;
mod source;

pub use error::MonitorError;
pub use source::Source;

use skypact_channel::{LogRef, Pact, VerifiedReceipt};
use skypact_record::{Checkpoint, ForkProof, Frontier, Hash, SignedCheckpoint, TileSpan, Tree, VerifierKey};

use crate::node::fork_document;
use crate::storage::{Append, Batch, Head, HeadKind, Store, StoredEntry, each_entry};

/// Most leaves that a log may have grown by between two looks; their hashes are held in memory.
pub const GROWTH_MAX: u64 = 1 << 22;
/// Full bundles of leaves that become durable together.
const BUNDLES_AT_ONCE: usize = 16;

/// What one look at one log has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The node shows no head of this log yet.
    Nothing,
    /// A head that fits the copy: by so many leaves longer than it, which were added; none for one that it held already.
    Consistent {
        /// The head.
        head: Checkpoint,
        /// Leaves that are new.
        grew_by: u64,
        /// Whether the mirror of the log has signed it.
        mirrored: bool,
        /// Names of the witnesses that have.
        witnesses: Vec<String>,
    },
    /// The log's author signed a head that contradicts the copy.
    Forked {
        /// The head.
        head: Checkpoint,
        /// What anybody can check, when the node served enough to make it; it is kept as well.
        proof: Option<Box<ForkProof>>,
    },
}

/// One log as it is known here.
struct Copied {
    term: u64,
    tree: Tree,
    /// The newest head over the whole copy.
    head: Option<SignedCheckpoint>,
}

/// A monitor of one channel.
pub struct Monitor<'a> {
    pact: &'a Pact,
    store: &'a mut dyn Store,
    logs: Vec<Copied>,
    /// Keys of heads besides those of the pact.
    known: Vec<VerifierKey>,
}

impl<'a> Monitor<'a> {
    /// Reads the copies of the logs of `pact` out of `store`. Heads may be under `known` keys too: tiles show that a log changed its key, and not to
    /// which.
    pub fn open(pact: &'a Pact, store: &'a mut dyn Store, known: &[VerifierKey]) -> Result<Self, MonitorError> {
        let mut logs = Vec::new();
        for log in LogRef::ALL {
            let keys = pact.log_keys(log);
            let origin = keys.origin.as_str();
            let claim = store.claim(origin)?;
            let mut tree = Tree::new();
            each_entry(&*store, origin, 0..claim.size, |_, entry| {
                tree.push(skypact_record::tree::leaf_hash(&entry.leaf));
                Ok::<_, MonitorError>(())
            })?;
            let mut head = None;
            for kept in store.heads(origin)? {
                let signed =
                    SignedCheckpoint::parse(&kept.bytes).map_err(|error| differs(origin, &error.to_string()))?;
                signed
                    .signer([&keys.checkpoint].into_iter().chain(known))
                    .map_err(|error| differs(origin, &error.to_string()))?;
                if tree.root_at(signed.checkpoint().size).ok() != Some(signed.checkpoint().root) {
                    return Err(differs(origin, "does not have the root of its own head"));
                }
                head = Some(signed);
            }
            logs.push(Copied { term: claim.term, tree, head });
        }
        Ok(Self { pact, store, logs, known: known.to_vec() })
    }

    /// Leaves in the copy of a log.
    pub fn size(&self, log: LogRef) -> u64 {
        self.logs[log.place()].tree.size()
    }

    /// Looks at one log at one node, and takes in what is new.
    pub async fn look(&mut self, source: &Source, log: LogRef) -> Result<Seen, MonitorError> {
        let origin = self.pact.log_keys(log).origin.clone();
        let Some(note) = source.checkpoint(&origin).await? else { return Ok(Seen::Nothing) };
        let receipt = VerifiedReceipt::verify_apart(&note, self.pact, &self.known)?;
        let head = receipt.checkpoint.clone();
        if receipt.log != log {
            return Err(MonitorError::OtherLog { origin: origin.to_string(), found: head.origin.to_string() });
        }
        let signed = SignedCheckpoint::parse(&note).expect("verified before");
        let held = &self.logs[log.place()];
        let held_size = held.tree.size();
        if head.size <= held_size {
            if held.tree.root_at(head.size).ok() != Some(head.root) {
                let proof = self.fork_below(log, signed);
                return self.forked(&origin, head, proof);
            }
        } else {
            let hashes = source.leaf_hashes(&origin, held_size, head.size, GROWTH_MAX).await?;
            let mut frontier: Frontier = held.tree.frontier();
            for hash in &hashes {
                frontier.push(*hash);
            }
            if frontier.root() != head.root {
                let whole = source.leaf_hashes(&origin, 0, head.size, GROWTH_MAX).await?;
                let other: Tree = whole.into_iter().collect();
                if other.root() != head.root {
                    return Err(MonitorError::TilesDiffer { origin: origin.to_string(), size: head.size });
                }
                let proof = self.fork_above(log, signed, &other);
                return self.forked(&origin, head, proof);
            }
            self.take_in(source, log, &hashes, &signed).await?;
        }
        let witnesses = receipt.cosignatures.into_iter().map(|line| line.witness).collect();
        Ok(Seen::Consistent {
            grew_by: head.size.saturating_sub(held_size),
            head,
            mirrored: receipt.mirrored,
            witnesses,
        })
    }

    /// Fetches the leaves of these hashes, which follow the copy and lead to a signed head, and adds them.
    async fn take_in(
        &mut self,
        source: &Source,
        log: LogRef,
        hashes: &[Hash],
        signed: &SignedCheckpoint,
    ) -> Result<(), MonitorError> {
        let origin = self.pact.log_keys(log).origin.clone();
        let Copied { term, tree, head } = &mut self.logs[log.place()];
        let (from, size) = (tree.size(), signed.checkpoint().size);
        let tiles: Vec<TileSpan> = TileSpan::covering(from, size).collect();
        for tiles in tiles.chunks(BUNDLES_AT_ONCE) {
            let expected_size = tree.size();
            let mut entries = Vec::new();
            for tile in tiles {
                let leaves = source.leaves(&origin, *tile).await?;
                for (index, leaf) in (tile.start()..).zip(leaves).filter(|(index, _)| *index >= expected_size) {
                    let known = usize::try_from(index - from).ok().and_then(|place| hashes.get(place));
                    if known != Some(&skypact_record::tree::leaf_hash(&leaf)) {
                        return Err(MonitorError::LeafDiffers { origin: origin.to_string(), index });
                    }
                    entries.push(StoredEntry { leaf, parts: Vec::new() });
                }
            }
            let added = entries.len();
            let whole = expected_size + added as u64 == size;
            let note = Head { log: origin.to_string(), kind: HeadKind::Checkpoint, bytes: signed.encode() };
            let heads = if whole { vec![note] } else { Vec::new() };
            let append = Append { log: origin.to_string(), term: *term, expected_size, entries };
            self.store.commit(&Batch { appends: vec![append], heads })?;
            let place = usize::try_from(expected_size - from).unwrap_or(usize::MAX);
            for hash in hashes.iter().skip(place).take(added) {
                tree.push(*hash);
            }
        }
        *head = Some(signed.clone());
        Ok(())
    }

    /// The proof that a head of at most the copy's size is of another history.
    fn fork_below(&self, log: LogRef, older: SignedCheckpoint) -> Option<ForkProof> {
        let Copied { tree, head, .. } = &self.logs[log.place()];
        let newer = head.clone()?;
        proof_of_fork(older, newer, tree)
    }

    /// The same of a longer one, whose own tree this is.
    fn fork_above(&self, log: LogRef, newer: SignedCheckpoint, other: &Tree) -> Option<ForkProof> {
        let older = self.logs[log.place()].head.clone()?;
        proof_of_fork(older, newer, other)
    }

    /// Keeps the first proof for each log.
    fn forked(
        &mut self,
        origin: &skypact_record::Origin,
        head: Checkpoint,
        proof: Option<ForkProof>,
    ) -> Result<Seen, MonitorError> {
        let document = fork_document(origin.as_str());
        if let Some(proof) = &proof
            && self.store.document(&document)?.is_none()
        {
            self.store.put_documents(&[(document, proof.encode())])?;
        }
        Ok(Seen::Forked { head, proof: proof.map(Box::new) })
    }
}

/// The proof that two heads fork, out of the tree of the newer one.
fn proof_of_fork(older: SignedCheckpoint, newer: SignedCheckpoint, tree: &Tree) -> Option<ForkProof> {
    let (old_size, new_size) = (older.checkpoint().size, newer.checkpoint().size);
    let prefix_root = tree.root_at(old_size).ok()?;
    let proof = tree.consistency(old_size, new_size).ok()?;
    (prefix_root != older.checkpoint().root).then_some(ForkProof {
        older,
        newer,
        prefix_root,
        proof,
        rotations: Vec::new(),
    })
}

fn differs(origin: &str, reason: &str) -> MonitorError {
    MonitorError::Copy { origin: origin.to_owned(), reason: reason.to_owned() }
}
