//! Self-contained inclusion proofs (C2SP tlog-proof), which tools that know nothing of skypact can check.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::checkpoint::{SignedCheckpoint, parse_decimal, parse_hash};
use crate::hash::Hash;
use crate::note::{Note, NoteError, malformed};
use crate::tree::{PROOF_HASHES_MAX, ProofError, verify_inclusion};

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1\n";

/// Proof that a leaf is in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// Extra data; the record puts the leaf bytes here.
    pub extra: Vec<u8>,
    /// Index of the leaf.
    pub index: u64,
    /// Inclusion proof, from the leaf's sibling upwards.
    pub proof: Vec<Hash>,
    /// Checkpoint that the proof leads to.
    pub checkpoint: SignedCheckpoint,
}

impl TlogProof {
    /// Longest proof, in bytes.
    pub const BYTES_MAX: usize = Note::BYTES_MAX + 16_384;

    /// The proof's text.
    pub fn encode(&self) -> Vec<u8> {
        let extra = BASE64.encode(&self.extra);
        let hashes: String = self.proof.iter().map(|hash| BASE64.encode(hash.0) + "\n").collect();
        let mut bytes = format!("{FIRST_LINE}extra {extra}\nindex {}\n{hashes}\n", self.index).into_bytes();
        bytes.extend(self.checkpoint.encode());
        bytes
    }

    /// Reads a proof with extra data; the inverse of `encode`.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > Self::BYTES_MAX {
            return Err(malformed("proof", Self::BYTES_MAX, "is too long"));
        }
        let text =
            std::str::from_utf8(bytes).map_err(|error| malformed("proof", error.valid_up_to(), "is not UTF-8"))?;
        let text =
            text.strip_prefix(FIRST_LINE).ok_or_else(|| malformed("first line", 0, "is not that of tlog-proof v1"))?;
        let (head, note) = text.split_once("\n\n").ok_or_else(|| malformed("proof", 0, "has no empty line"))?;
        let mut lines = head.split('\n');
        let extra = lines.next().and_then(|line| BASE64.decode(line.strip_prefix("extra ")?).ok());
        let extra = extra.ok_or_else(|| malformed("extra", FIRST_LINE.len(), "is not `extra` and base64"))?;
        let index = lines.next().and_then(|line| parse_decimal(line.strip_prefix("index ")?));
        let index = index.ok_or_else(|| malformed("index", FIRST_LINE.len(), "is not `index` and a decimal"))?;
        let hashes = lines.take(PROOF_HASHES_MAX + 1).map(parse_hash).collect::<Option<Vec<_>>>();
        let proof = hashes.filter(|hashes| hashes.len() <= PROOF_HASHES_MAX);
        let proof =
            proof.ok_or_else(|| malformed("inclusion proof", FIRST_LINE.len(), "has a line that is no hash"))?;
        Ok(Self { extra, index, proof, checkpoint: SignedCheckpoint::parse(note.as_bytes())? })
    }

    /// Checks that a leaf with this hash is where the proof says. The checkpoint's signatures are not checked here.
    pub fn verify_inclusion(&self, leaf_hash: &Hash) -> Result<(), ProofError> {
        let head = self.checkpoint.checkpoint();
        verify_inclusion(leaf_hash, self.index, head.size, &self.proof, &head.root)
    }
}
