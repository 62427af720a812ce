//! Checking inclusion and consistency proofs (RFC 9162, 2.1.3.2 and 2.1.4.2). Work is bounded by the number of bits of a size.

use super::{empty_root, node_hash};
use crate::counted;
use crate::hash::Hash;

/// Why a proof cannot be made or does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The tree is smaller than what was asked for.
    #[error("{wanted} is out of range of a tree of {}", counted(*size, "leaf"))]
    OutOfRange {
        /// Index or size that was asked for.
        wanted: u64,
        /// Size of the tree, in leaves.
        size: u64,
    },
    /// The proof has the wrong number of hashes.
    #[error("proof has {}, which does not fit the sizes", counted(*length, "hash"))]
    Length {
        /// Hashes in the proof.
        length: usize,
    },
    /// The proof leads to another root.
    #[error("proof leads to another root")]
    Root,
}

impl ProofError {
    /// Stable code of this kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OutOfRange { .. } => "proof-out-of-range",
            Self::Length { .. } => "proof-length",
            Self::Root => "proof-root",
        }
    }
}

/// Checks that leaf `index` has `leaf_hash` in the tree of `size` leaves with this root.
pub fn verify_inclusion(
    leaf_hash: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::OutOfRange { wanted: index, size });
    }
    let length = ProofError::Length { length: proof.len() };
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf_hash);
    for sibling in proof {
        if last == 0 {
            return Err(length);
        }
        if node % 2 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            // A node without right neighbours rises until it has a left one.
            while node.is_multiple_of(2) && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    if last != 0 {
        return Err(length);
    }
    if hash == *root { Ok(()) } else { Err(ProofError::Root) }
}

/// Checks that the tree of `new` leaves with `new_root` begins with the tree of `old` leaves with `old_root`.
pub fn verify_consistency(
    old: u64,
    old_root: &Hash,
    new: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::OutOfRange { wanted: old, size: new });
    }
    let length = ProofError::Length { length: proof.len() };
    if old == 0 || old == new {
        let expected = if old == 0 { empty_root() } else { *new_root };
        return match (proof.is_empty(), *old_root == expected) {
            (false, _) => Err(length),
            (true, false) => Err(ProofError::Root),
            (true, true) => Ok(()),
        };
    }
    let shift = (old - 1).trailing_ones();
    let (mut node, mut last) = ((old - 1) >> shift, (new - 1) >> shift);
    let (mut old_hash, rest) = match proof.split_first() {
        // A complete old tree is itself a node of the new one, and the proof leaves it out.
        _ if old.is_power_of_two() => (*old_root, proof),
        Some((first, rest)) => (*first, rest),
        None => return Err(length),
    };
    let mut new_hash = old_hash;
    for sibling in rest {
        if last == 0 {
            return Err(length);
        }
        if node % 2 == 1 || node == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            while node.is_multiple_of(2) && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    if last != 0 {
        return Err(length);
    }
    if old_hash == *old_root && new_hash == *new_root { Ok(()) } else { Err(ProofError::Root) }
}
