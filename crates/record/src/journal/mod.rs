//! The journal: a log that one machine writes by itself (docs/record-format.md, section 11). Its entries carry no signature of
//! their own; the checkpoint that is signed with each batch covers them. It proves what the machine recorded, not that
//! anybody asked for it.

mod bundle;
mod verify;

pub use bundle::JournalWriter;
pub use verify::{EntryFault, JournalReport, is_journal_bundle, verify_journal};

use crate::act::Act;
use crate::cbor::{self, DecodeError, Reader};
use crate::hash::Hash;
use crate::name::Origin;
use crate::tree;

/// One entry of a journal as its tree knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalLeaf {
    /// Origin of the journal.
    pub origin: Origin,
    /// Place in it, from 0.
    pub index: u64,
    /// Time the machine claims, ns since the Unix epoch, UTC.
    pub claimed_time: i64,
    /// Commitments to the body parts; at most `Act::COMMITMENTS_MAX`.
    pub commitments: Vec<Hash>,
}

impl JournalLeaf {
    /// Longest leaf, in bytes.
    pub const BYTES_MAX: usize = 1024;

    /// The leaf's deterministic bytes. Fails when there are too many commitments.
    pub fn encode(&self) -> Result<Vec<u8>, DecodeError> {
        if self.commitments.len() > Act::COMMITMENTS_MAX {
            return Err(DecodeError::unwritable("journal leaf", "commitments", "has more items than allowed"));
        }
        Ok(self.write())
    }

    /// Reads a leaf; the inverse of `encode`.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        cbor::decode("journal leaf", Self::BYTES_MAX, bytes, Self::read, Self::write)
    }

    /// The leaf's hash in the tree (RFC 9162, 2.1.1).
    pub fn hash(&self) -> Hash {
        tree::leaf_hash(&self.write())
    }

    fn write(&self) -> Vec<u8> {
        cbor::encode(|w| {
            w.map(5)?.u8(0)?.u64(crate::FORMAT_VERSION)?;
            w.u8(1)?.str(self.origin.as_str())?;
            w.u8(2)?.u64(self.index)?;
            w.u8(3)?.i64(self.claimed_time)?;
            w.u8(4)?;
            cbor::write_hashes(w, &self.commitments)
        })
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.map(5)?;
        r.version()?;
        r.key(1, "origin")?;
        let origin = r.name()?;
        r.key(2, "index")?;
        let index = r.u64()?;
        r.key(3, "claimed time")?;
        let claimed_time = r.i64()?;
        r.key(4, "commitments")?;
        let commitments = r.list(Act::COMMITMENTS_MAX as u64, Reader::hash)?;
        Ok(Self { origin, index, claimed_time, commitments })
    }
}
