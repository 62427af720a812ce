//! Anchors: the signed head of a counterpart's log, put into the own log (docs/channel-protocol.md, section 2.9). From then
//! on neither side can fork its log without the other's log showing it, witnesses or not.

use skypact_record::{Hash, LogClass};

use crate::codec::{CodecError, Reader, Writer, Written, write_hashes};

/// Longest note of an anchor, in bytes: the signatures of the log's author alone.
const NOTE_MAX_BYTES: usize = 8 << 10;
/// Most hashes of a consistency proof.
const PROOF_MAX: u64 = 64;

/// A counterpart's signed head, and that it continues the one that was anchored before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// Which of the counterpart's logs.
    pub class: LogClass,
    /// Its checkpoint, with the signature of its author.
    pub note: Vec<u8>,
    /// Size that was anchored before, 0 for none.
    pub previous: u64,
    /// Consistency proof from there (RFC 9162, section 2.1.4).
    pub proof: Vec<Hash>,
}

impl Anchor {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Written {
        writer.map(4)?.u8(0)?.u8(self.class.number())?.u8(1)?.bytes(&self.note)?.u8(2)?.u64(self.previous)?;
        writer.u8(3)?;
        write_hashes(writer, &self.proof)
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        reader.key(0, "log class")?;
        let class = reader.choice(&LogClass::ALL)?;
        reader.key(1, "note")?;
        let note = reader.bytes(NOTE_MAX_BYTES)?.to_vec();
        reader.key(2, "previous")?;
        let previous = reader.u64()?;
        reader.key(3, "proof")?;
        Ok(Self { class, note, previous, proof: reader.hashes(PROOF_MAX)? })
    }
}
