//! Proof of a fork: two heads that one key signed for one log and of which no history has both (docs/record-format.md,
//! section 12). A consistency proof that fails shows nothing by itself; here the newer head's own tree shows what its beginning is.

use crate::cbor::{self, DecodeError, Reader};
use crate::checkpoint::SignedCheckpoint;
use crate::hash::Hash;
use crate::note::{Note, NoteError, VerifierKey};
use crate::tree::{PROOF_HASHES_MAX, ProofError, verify_consistency};

/// Two signed heads of one log, and what shows that the newer one does not continue the older one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForkProof {
    /// The head of the smaller size, or either of two of equal size.
    pub older: SignedCheckpoint,
    /// The other head.
    pub newer: SignedCheckpoint,
    /// Root of the first `older.size` leaves of the newer head's tree.
    pub prefix_root: Hash,
    /// Consistency proof from there to the newer head; at most 64 hashes.
    pub proof: Vec<Hash>,
}

/// Why a proof of a fork proves none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForkProofError {
    /// A head is not signed by the log's key.
    #[error("{head} head: {error}")]
    NotSigned {
        /// Which one.
        head: &'static str,
        /// What is wrong.
        error: NoteError,
    },
    /// The newer head's tree is not shown to begin with the prefix root.
    #[error("prefix root: {0}")]
    Prefix(#[from] ProofError),
    /// The newer head continues the older one.
    #[error("prefix root is the older head's root: the log was continued, not forked")]
    NoFork,
}

impl ForkProofError {
    /// Stable code of this kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotSigned { error, .. } => error.code(),
            Self::Prefix(error) => error.code(),
            Self::NoFork => "no-fork",
        }
    }
}

impl ForkProof {
    /// Longest proof, in bytes.
    pub const BYTES_MAX: usize = 2 * Note::BYTES_MAX + 4096;

    /// The proof's deterministic bytes.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(|w| {
            w.map(5)?.u8(0)?.u64(crate::FORMAT_VERSION)?;
            w.u8(1)?.bytes(&self.older.encode())?;
            w.u8(2)?.bytes(&self.newer.encode())?;
            w.u8(3)?.bytes(&self.prefix_root.0)?;
            w.u8(4)?;
            cbor::write_hashes(w, &self.proof)
        })
    }

    /// Reads a proof; the inverse of `encode`.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        cbor::decode("fork proof", Self::BYTES_MAX, bytes, Self::read, Self::encode)
    }

    /// Whether it proves that the holder of `log_key` signed two histories.
    pub fn verify(&self, log_key: &VerifierKey) -> Result<(), ForkProofError> {
        for (head, signed) in [("older", &self.older), ("newer", &self.newer)] {
            signed.verify(log_key).map_err(|error| ForkProofError::NotSigned { head, error })?;
        }
        let (older, newer) = (self.older.checkpoint(), self.newer.checkpoint());
        verify_consistency(older.size, &self.prefix_root, newer.size, &newer.root, &self.proof)?;
        if self.prefix_root == older.root { Err(ForkProofError::NoFork) } else { Ok(()) }
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.map(5)?;
        r.version()?;
        r.key(1, "older head")?;
        let older = Self::read_note(r)?;
        r.key(2, "newer head")?;
        let newer = Self::read_note(r)?;
        r.key(3, "prefix root")?;
        let prefix_root = r.hash()?;
        r.key(4, "proof")?;
        let proof = r.list(PROOF_HASHES_MAX as u64, Reader::hash)?;
        Ok(Self { older, newer, prefix_root, proof })
    }

    fn read_note(r: &mut Reader<'_>) -> Result<SignedCheckpoint, DecodeError> {
        let bytes = r.bytes()?;
        SignedCheckpoint::parse(bytes).map_err(|_| r.error("is no checkpoint note"))
    }
}
