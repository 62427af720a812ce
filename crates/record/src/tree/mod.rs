//! The Merkle tree of a log (RFC 9162, section 2.1; the same as RFC 6962).
//! `Tree` keeps every complete node and so proves anything at any size; `Frontier` keeps only what the next root needs.

mod frontier;
mod proof;
mod tile;

pub use frontier::Frontier;
pub use proof::{ProofError, verify_consistency, verify_inclusion};
pub use tile::hashes_of;

use crate::hash::Hash;

/// Longest inclusion or consistency proof, in hashes, of a tree of up to 2^63 leaves.
pub const PROOF_HASHES_MAX: usize = 64;

/// Hash of a leaf: SHA-256(0x00 || bytes).
pub fn leaf_hash(leaf_bytes: &[u8]) -> Hash {
    Hash::of_parts(&[&[0x00], leaf_bytes])
}

/// Hash of an inner node: SHA-256(0x01 || left || right).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash::of_parts(&[&[0x01], &left.0, &right.0])
}

/// Root of the tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    Hash::of(&[])
}

/// A tree that keeps the hash of every complete subtree: about 64 bytes for each leaf.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(from = "Vec<Hash>")]
pub struct Tree {
    /// `levels[k][i]` is the hash of the leaves [i * 2^k, (i + 1) * 2^k).
    levels: Vec<Vec<Hash>>,
}

/// Its leaves alone: what is above them is made again.
impl serde::Serialize for Tree {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.levels.first().map_or(&[][..], Vec::as_slice).serialize(serializer)
    }
}

impl From<Vec<Hash>> for Tree {
    fn from(leaves: Vec<Hash>) -> Self {
        leaves.into_iter().collect()
    }
}

impl Tree {
    /// A tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// Adds the hash of the next leaf (`leaf_hash`).
    pub fn push(&mut self, leaf_hash: Hash) {
        let mut hash = leaf_hash;
        for level in 0.. {
            if level == self.levels.len() {
                self.levels.push(Vec::new());
            }
            let nodes = &mut self.levels[level];
            nodes.push(hash);
            let [.., left, right] = nodes.as_slice() else { return };
            if nodes.len() % 2 == 1 {
                return;
            }
            hash = node_hash(left, right);
        }
    }

    /// Hash of leaf `index`.
    pub fn leaf(&self, index: u64) -> Option<Hash> {
        self.levels.first()?.get(usize::try_from(index).ok()?).copied()
    }

    /// Root over all leaves.
    pub fn root(&self) -> Hash {
        self.range(0, self.size())
    }

    /// Root over the first `size` leaves. Fails when there are fewer.
    pub fn root_at(&self, size: u64) -> Result<Hash, ProofError> {
        self.within(size)?;
        Ok(self.range(0, size))
    }

    /// What the next root needs: the peaks of the tree, to go on from without changing it.
    pub fn frontier(&self) -> Frontier {
        self.frontier_at(self.size()).expect("the size of the tree is within it")
    }

    /// The same for the first `size` leaves. Fails when there are fewer.
    pub fn frontier_at(&self, size: u64) -> Result<Frontier, ProofError> {
        self.within(size)?;
        let mut start = 0;
        let mut peaks = Vec::new();
        for level in (0..u64::BITS).rev().filter(|level| size & (1 << level) != 0) {
            peaks.push(self.range(start, start + (1 << level)));
            start += 1 << level;
        }
        Ok(Frontier::from_peaks(size, peaks).expect("one peak for each bit of the size"))
    }

    /// Inclusion proof of leaf `index` in the tree of the first `size` leaves (RFC 9162, 2.1.3.1).
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, ProofError> {
        self.within(size)?;
        if index >= size {
            return Err(ProofError::OutOfRange { wanted: index, size });
        }
        let (mut start, mut end, mut proof) = (0, size, Vec::new());
        while end - start > 1 {
            let middle = start + split(end - start);
            if index < middle {
                proof.push(self.range(middle, end));
                end = middle;
            } else {
                proof.push(self.range(start, middle));
                start = middle;
            }
        }
        proof.reverse();
        Ok(proof)
    }

    /// Consistency proof from the first `old` leaves to the first `new` ones (RFC 9162, 2.1.4.1). Empty from 0 and between equal sizes.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, ProofError> {
        self.within(new)?;
        if old > new {
            return Err(ProofError::OutOfRange { wanted: old, size: new });
        }
        let mut proof = Vec::new();
        if old == 0 {
            return Ok(proof);
        }
        let (mut start, mut end) = (0, new);
        // The verifier knows the old root, so the old tree's own hash is left out as long as it starts at leaf 0.
        while old != end {
            let middle = start + split(end - start);
            if old <= middle {
                proof.push(self.range(middle, end));
                end = middle;
            } else {
                proof.push(self.range(start, middle));
                start = middle;
            }
        }
        if start > 0 {
            proof.push(self.range(start, end));
        }
        proof.reverse();
        Ok(proof)
    }

    fn within(&self, size: u64) -> Result<(), ProofError> {
        if size > self.size() { Err(ProofError::OutOfRange { wanted: size, size: self.size() }) } else { Ok(()) }
    }

    /// Hash over the leaves [start, end), where `start` is a multiple of the smallest power of two that is not below the length.
    fn range(&self, start: u64, end: u64) -> Hash {
        let length = end - start;
        if length == 0 {
            return empty_root();
        }
        if length.is_power_of_two() {
            return self.levels[length.trailing_zeros() as usize][(start / length) as usize];
        }
        let middle = start + split(length);
        node_hash(&self.range(start, middle), &self.range(middle, end))
    }
}

impl FromIterator<Hash> for Tree {
    fn from_iter<I: IntoIterator<Item = Hash>>(leaf_hashes: I) -> Self {
        let mut tree = Self::new();
        leaf_hashes.into_iter().for_each(|hash| tree.push(hash));
        tree
    }
}

/// The largest power of two below `length`, which is at least 2.
fn split(length: u64) -> u64 {
    1 << (u64::BITS - 1 - (length - 1).leading_zeros())
}
