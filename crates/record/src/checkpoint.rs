//! Checkpoints: the signed head of a log (C2SP tlog-checkpoint), without extension lines.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::cosignature::Cosignature;
use crate::hash::Hash;
use crate::key::Signer;
use crate::name::Origin;
use crate::note::{Note, NoteError, NoteSignature, SignatureType, VerifierKey, malformed};

/// The head of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Origin of the log.
    pub origin: Origin,
    /// Number of its entries; at most `Checkpoint::SIZE_MAX`.
    pub size: u64,
    /// Root over them (RFC 9162).
    pub root: Hash,
}

impl Checkpoint {
    /// Largest size of a log, 2^63 - 1: tools that count entries in a signed integer, such as Go's `tlog`, read no larger one.
    pub const SIZE_MAX: u64 = i64::MAX as u64;

    /// The note text, last newline included.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(self.root.0))
    }

    /// Reads a note text; the inverse of `text`.
    pub fn parse_text(text: &str) -> Result<Self, NoteError> {
        let lines: Vec<&str> = text.split('\n').take(5).collect();
        let [origin, size, root, ""] = lines[..] else {
            return Err(malformed("checkpoint", 0, "is not three lines; extension lines are refused"));
        };
        let size_at = origin.len() + 1;
        let root_at = size_at + size.len() + 1;
        let origin = Origin::new(origin).map_err(|error| malformed("origin", 0, error.form))?;
        let size = parse_decimal(size)
            .ok_or_else(|| malformed("tree size", size_at, "is not a decimal without leading zeros"))?;
        check_size(size, size_at)?;
        let root = parse_hash(root).ok_or_else(|| malformed("root hash", root_at, "is not base64 of 32 bytes"))?;
        Ok(Self { origin, size, root })
    }
}

/// A checkpoint and the signatures under it. It parses whether or not they hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

impl SignedCheckpoint {
    /// Has the log's checkpoint key sign; a size above `Checkpoint::SIZE_MAX` is refused. The key's name in the note is the origin.
    pub fn sign(checkpoint: Checkpoint, signer: &dyn Signer) -> Result<Self, NoteError> {
        check_size(checkpoint.size, checkpoint.origin.as_str().len() + 1)?;
        let name = checkpoint.origin.clone();
        let key = VerifierKey::new(name, SignatureType::Ed25519, signer.public_key().clone());
        let text = checkpoint.text();
        let bytes = signer.sign(text.as_bytes())?;
        let signature = NoteSignature { name: key.name().to_string(), key_id: key.key_id(), bytes };
        Ok(Self { checkpoint, note: Note { text, signatures: vec![signature] } })
    }

    /// Puts a head and a signature line together again that came apart from each other. Whether it holds is asked with `verify`.
    pub fn with(checkpoint: Checkpoint, signature: NoteSignature) -> Self {
        let note = Note { text: checkpoint.text(), signatures: vec![signature] };
        Self { checkpoint, note }
    }

    /// Reads a checkpoint note; the inverse of `encode`.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        let note = Note::parse(bytes)?;
        Ok(Self { checkpoint: Checkpoint::parse_text(&note.text)?, note })
    }

    /// The note's bytes.
    pub fn encode(&self) -> Vec<u8> {
        self.note.encode()
    }

    /// The head that is signed.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The signature lines, in order.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.note.signatures
    }

    /// The same head with the lines by `key` alone.
    #[must_use]
    pub fn only_by(&self, key: &VerifierKey) -> Self {
        let mut note = self.note.clone();
        note.signatures.retain(|signature| key.is_named_by(signature));
        Self { checkpoint: self.checkpoint.clone(), note }
    }

    /// Adds a signature line, such as a cosignature, unless it or one that says the same is there already, or the note is full.
    /// Answers whether what it says is in the note now.
    pub fn add(&mut self, signature: NoteSignature) -> bool {
        if self.note.signatures.iter().any(|known| known.says_the_same(&signature)) {
            return true;
        }
        let room = self.note.signatures.len() < Note::SIGNATURES_MAX;
        if room {
            self.note.signatures.push(signature);
        }
        room
    }

    /// Takes out the signature lines that are not to be kept.
    pub fn retain(&mut self, keep: impl FnMut(&NoteSignature) -> bool) {
        self.note.signatures.retain(keep);
    }

    /// Checks that the log's own Ed25519 key signed. `key` is from `Genesis::checkpoint_key` or the witness's list of logs.
    pub fn verify(&self, key: &VerifierKey) -> Result<(), NoteError> {
        if key.name() != &self.checkpoint.origin || key.signature_type() != SignatureType::Ed25519 {
            return Err(NoteError::NotSigned { name: key.name().clone() });
        }
        let mut signed = false;
        for signature in self.note.signatures.iter().filter(|signature| key.is_named_by(signature)) {
            key.verify(self.note.text.as_bytes(), &signature.bytes)?;
            signed = true;
        }
        if signed { Ok(()) } else { Err(NoteError::NotSigned { name: key.name().clone() }) }
    }

    /// The first of the log's Ed25519 keys that signed. Where none did, the error is that of the first key, or of one whose line does not hold.
    pub fn signer<'a>(&self, keys: impl IntoIterator<Item = &'a VerifierKey>) -> Result<&'a VerifierKey, NoteError> {
        let mut refused = None;
        for key in keys {
            match self.verify(key) {
                Ok(()) => return Ok(key),
                Err(error @ NoteError::NotSigned { .. }) => drop(refused.get_or_insert(error)),
                Err(error) => refused = Some(error),
            }
        }
        Err(refused.unwrap_or_else(|| NoteError::NotSigned { name: self.checkpoint.origin.clone() }))
    }

    /// Whether there is a cosignature by `key`, a cosigner's or the log's own of ML-DSA-44. Each line that says it is by the key has to hold.
    pub fn is_cosigned_by(&self, key: &VerifierKey) -> Result<bool, NoteError> {
        let mut cosigned = false;
        for line in self.note.signatures.iter().filter(|line| key.is_named_by(line)) {
            Cosignature::verify(key, &self.checkpoint, line)?;
            cosigned = true;
        }
        Ok(cosigned)
    }
}

/// Refuses a size that other tools cannot read; `offset` is its place in the note.
fn check_size(size: u64, offset: usize) -> Result<(), NoteError> {
    if size > Checkpoint::SIZE_MAX {
        return Err(malformed(
            "tree size",
            offset,
            "is above 2^63-1, the largest that other readers of checkpoints take",
        ));
    }
    Ok(())
}

/// A decimal without leading zeros.
pub(crate) fn parse_decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// A hash in canonical base64.
pub(crate) fn parse_hash(text: &str) -> Option<Hash> {
    BASE64.decode(text).ok()?.try_into().ok().map(Hash)
}
