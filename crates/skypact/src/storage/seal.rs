//! The hashes that are stored beside the data, so that a byte that flipped on the disk is found and located.
//!
//! They defend against accidents, not against forgers: against those stand the signatures in the record.
//! A leaf's hash is that of RFC 9162 section 2.1.1, so that a tree can be rebuilt from it.

use sha2::{Digest as _, Sha256};

use super::{HeadKind, StoredPart};

pub(super) type Seal = [u8; 32];

pub(super) fn leaf(bytes: &[u8]) -> Seal {
    Sha256::new().chain_update([0]).chain_update(bytes).finalize().into()
}

pub(super) fn part(part: &StoredPart) -> Seal {
    Sha256::new().chain_update(part.salt).chain_update(&part.bytes).finalize().into()
}

pub(super) fn log(origin: &str, term: u64, size: u64) -> Seal {
    Sha256::new()
        .chain_update(term.to_be_bytes())
        .chain_update(size.to_be_bytes())
        .chain_update(origin)
        .finalize()
        .into()
}

pub(super) fn head(log: &str, kind: &HeadKind, bytes: &[u8]) -> Seal {
    let (code, witness) = kind.code();
    let names = Sha256::new().chain_update(framed(log)).chain_update([code]).chain_update(framed(witness));
    names.chain_update(bytes).finalize().into()
}

pub(super) fn document(name: &str, bytes: &[u8]) -> Seal {
    Sha256::new().chain_update(framed(name)).chain_update(bytes).finalize().into()
}

/// A name after its length, so that no two pairs of names give the same bytes.
fn framed(name: &str) -> Vec<u8> {
    [&(name.len() as u64).to_be_bytes()[..], name.as_bytes()].concat()
}

impl HeadKind {
    /// The stored form of a kind: a number, and the witness's name where there is one.
    pub(super) fn code(&self) -> (u8, &str) {
        match self {
            Self::Checkpoint => (1, ""),
            Self::Receipt => (2, ""),
            Self::Cosignature(witness) => (3, witness),
        }
    }

    /// The kind with this stored form.
    pub(super) fn from_code(code: u8, witness: String) -> Option<Self> {
        match code {
            1 => Some(Self::Checkpoint),
            2 => Some(Self::Receipt),
            3 => Some(Self::Cosignature(witness)),
            _ => None,
        }
    }
}
