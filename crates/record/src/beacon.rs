//! A witness's time, for logs that are quiet: its cosignature over the empty checkpoint of an origin that is its own
//! (docs/record-format.md, section 16). A leaf that cites the line is not older than the time in it.

use crate::checkpoint::Checkpoint;
use crate::cosignature::{cosign_text, verify_text};
use crate::hash::Hash;
use crate::key::Signer;
use crate::name::Origin;
use crate::note::{Note, NoteError, NoteSignature, VerifierKey, malformed};
use crate::tree::empty_root;

/// A beacon that holds: the signature line is all there is to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beacon {
    line: NoteSignature,
    time_s: u64,
}

/// What the witness of this name signs; none when its name is too long to have a beacon.
fn text(witness: &str) -> Option<String> {
    let origin = Origin::new(format!("{witness}/beacon")).ok()?;
    Some(Checkpoint { origin, size: 0, root: empty_root() }.text())
}

impl Beacon {
    /// Longest signature line of a beacon, in bytes.
    pub const LINE_BYTES_MAX: usize = 512;
    /// How often a witness has a new one, s. All who ask in between get the same one.
    pub const PERIOD_S: u64 = 10;

    /// The note that a witness publishes, signed at `time_s` (s since the Unix epoch, UTC).
    pub fn sign(witness: &Origin, time_s: u64, signer: &dyn Signer) -> Result<Vec<u8>, NoteError> {
        let text = text(witness.as_str()).ok_or_else(|| malformed("witness", 0, "has too long a name for a beacon"))?;
        let line = cosign_text(&text, time_s, witness, signer)?;
        Ok(Note { text, signatures: vec![line] }.encode())
    }

    /// Reads a published note and checks that the witness of `key` signed it.
    pub fn parse(note: &[u8], key: &VerifierKey) -> Result<Self, NoteError> {
        if note.len() > 2 * Self::LINE_BYTES_MAX {
            return Err(malformed("beacon", 2 * Self::LINE_BYTES_MAX, "is longer than 1024 bytes"));
        }
        let note = Note::parse(note)?;
        let [line] = &note.signatures[..] else {
            return Err(malformed("beacon", note.text.len(), "has not exactly one signature"));
        };
        if Some(note.text) != text(key.name().as_str()) {
            return Err(malformed("beacon", 0, "is not the empty checkpoint of the witness's beacon"));
        }
        Self::verify(line.clone(), key)
    }

    /// Checks that a signature line is a beacon by the witness of `key`.
    pub fn verify(line: NoteSignature, key: &VerifierKey) -> Result<Self, NoteError> {
        let text = text(key.name().as_str()).ok_or_else(|| NoteError::NotSigned { name: key.name().clone() })?;
        let time_s = verify_text(key, &text, &line)?;
        Ok(Self { line, time_s })
    }

    /// The signature line.
    pub fn line(&self) -> &NoteSignature {
        &self.line
    }

    /// Hash of the line; `Leaf::cosignature` cites it.
    pub fn hash(&self) -> Hash {
        self.line.hash()
    }

    /// Time by the witness's clock, s since the Unix epoch, UTC.
    pub fn time_s(&self) -> u64 {
        self.time_s
    }
}
