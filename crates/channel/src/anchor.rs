//! Heads of logs that a node puts into its own log (docs/channel-protocol.md, sections 2.9 and 2.10): the counterpart's, signed,
//! so that neither side can fork its log without the other's log showing it; and its own, cosigned by witnesses, so that
//! when something was said is part of the record.

use skypact_record::{Hash, LogClass};

use crate::codec::{CodecError, Reader, Writer, Written, write_hashes};

/// Longest note, in bytes: signatures of the log's author and of witnesses of the pact.
const NOTE_MAX_BYTES: usize = 16 << 10;
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

/// An own head as witnesses cosigned it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witnessed {
    /// Which of the author's logs.
    pub class: LogClass,
    /// Its checkpoint, with the signature of its author and of witnesses of the pact.
    pub note: Vec<u8>,
}

impl Witnessed {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Written {
        writer.map(2)?.u8(0)?.u8(self.class.number())?.u8(1)?.bytes(&self.note)?.ok()
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        reader.key(0, "log class")?;
        let class = reader.choice(&LogClass::ALL)?;
        reader.key(1, "note")?;
        Ok(Self { class, note: reader.bytes(NOTE_MAX_BYTES)?.to_vec() })
    }
}
