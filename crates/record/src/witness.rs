//! The rules of a witness (C2SP tlog-witness, add-checkpoint) without its network and its storage.
//! The caller holds the last head it cosigned, and must store the new one before the cosignature leaves, atomically with this decision.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::checkpoint::{Checkpoint, SignedCheckpoint, parse_decimal, parse_hash};
use crate::hash::Hash;
use crate::note::{Note, NoteError, SignatureType, VerifierKey, malformed};
use crate::tree::{ProofError, verify_consistency};

/// Body of an add-checkpoint request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// Size of the last head that the witness cosigned, as far as the log knows.
    pub old_size: u64,
    /// Consistency proof from there to the checkpoint; at most `AddCheckpoint::PROOF_MAX`.
    pub proof: Vec<Hash>,
    /// The new checkpoint.
    pub checkpoint: SignedCheckpoint,
}

/// Why a witness does not cosign. The HTTP status of each is in C2SP tlog-witness.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WitnessRefusal {
    /// The witness does not know the log. 404.
    #[error("origin is unknown to this witness")]
    UnknownOrigin,
    /// No signature by the log's key holds, or one by a key of the log does not. 403.
    #[error("checkpoint is not signed by its log: {0}")]
    NotSigned(NoteError),
    /// The old size is above the new one. 400.
    #[error("old size {old_size} is above the checkpoint's size {size}")]
    OldSizeAbove {
        /// Old size of the request.
        old_size: u64,
        /// Size of the checkpoint.
        size: u64,
    },
    /// The old size is not the size that the witness cosigned last. 409, with that size as the body.
    #[error("last cosigned size is {size}; prove consistency from there")]
    Stale {
        /// Size that the witness cosigned last.
        size: u64,
    },
    /// Same size, different roots: the log signed two histories. 409. Keep the request: it is evidence.
    #[error("log signed another root for size {size}")]
    Fork {
        /// The size.
        size: u64,
    },
    /// The consistency proof does not hold. 422.
    #[error("consistency proof does not hold: {0}")]
    Inconsistent(ProofError),
}

impl WitnessRefusal {
    /// Stable code of this kind of refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownOrigin => "witness-unknown-origin",
            Self::NotSigned(_) => "witness-not-signed",
            Self::OldSizeAbove { .. } => "witness-old-size-above",
            Self::Stale { .. } => "witness-stale",
            Self::Fork { .. } => "witness-fork",
            Self::Inconsistent(_) => "witness-inconsistent",
        }
    }
}

impl AddCheckpoint {
    /// Most hashes of the proof.
    pub const PROOF_MAX: usize = 63;
    /// Longest request, in bytes.
    pub const BYTES_MAX: usize = Note::BYTES_MAX + 4096;

    /// Reads a request body; the inverse of `encode`. An error is answered with 400.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > Self::BYTES_MAX {
            return Err(malformed("request", Self::BYTES_MAX, "is too long"));
        }
        let text =
            std::str::from_utf8(bytes).map_err(|error| malformed("request", error.valid_up_to(), "is not UTF-8"))?;
        let (head, note) = text.split_once("\n\n").ok_or_else(|| malformed("request", 0, "has no empty line"))?;
        let mut lines = head.split('\n');
        let old_size = lines.next().and_then(|line| parse_decimal(line.strip_prefix("old ")?));
        let old_size = old_size.ok_or_else(|| malformed("old size", 0, "is not `old` and a decimal"))?;
        let mut proof = Vec::new();
        for line in lines {
            if proof.len() == Self::PROOF_MAX {
                return Err(malformed("consistency proof", 0, "has more than 63 hashes"));
            }
            proof
                .push(parse_hash(line).ok_or_else(|| malformed("consistency proof", 0, "has a line that is no hash"))?);
        }
        Ok(Self { old_size, proof, checkpoint: SignedCheckpoint::parse(note.as_bytes())? })
    }

    /// The request body.
    pub fn encode(&self) -> Vec<u8> {
        let hashes: String = self.proof.iter().map(|hash| BASE64.encode(hash.0) + "\n").collect();
        let mut bytes = format!("old {}\n{hashes}\n", self.old_size).into_bytes();
        bytes.extend(self.checkpoint.encode());
        bytes
    }

    /// Decides. `log_keys` are those the witness trusts for the checkpoint's origin, of both algorithms, two of one while a log changes its key; none
    /// when the origin is unknown. One Ed25519 line has to hold, and every line that says it is by one of the keys. `last` are the size and root that it cosigned last for it.
    /// An accepted checkpoint is returned: store its head, then cosign.
    pub fn decide(&self, log_keys: &[VerifierKey], last: Option<(u64, Hash)>) -> Result<&Checkpoint, WitnessRefusal> {
        let is_ed25519 = |key: &&VerifierKey| key.signature_type() == SignatureType::Ed25519;
        let ed25519: Vec<&VerifierKey> = log_keys.iter().filter(is_ed25519).collect();
        if ed25519.is_empty() {
            return Err(WitnessRefusal::UnknownOrigin);
        }
        self.checkpoint.signer(ed25519).map_err(WitnessRefusal::NotSigned)?;
        for key in log_keys.iter().filter(|key| !is_ed25519(key)) {
            self.checkpoint.is_cosigned_by(key).map_err(WitnessRefusal::NotSigned)?;
        }
        let new = self.checkpoint.checkpoint();
        if self.old_size > new.size {
            return Err(WitnessRefusal::OldSizeAbove { old_size: self.old_size, size: new.size });
        }
        let (size, root) = last.unwrap_or_else(|| (0, crate::tree::empty_root()));
        if self.old_size != size {
            return Err(WitnessRefusal::Stale { size });
        }
        if size == new.size && root != new.root {
            return Err(WitnessRefusal::Fork { size });
        }
        verify_consistency(size, &root, new.size, &new.root, &self.proof).map_err(WitnessRefusal::Inconsistent)?;
        Ok(new)
    }
}
