//! What an author keeps of bytes that it left with a witness for a silent counterpart: enough, with the log, to make the sealed bytes
//! again and so to show what the witness's stamp is on (docs/record-format.md, section 15).

use crate::cbor::{self, DecodeError, Reader};
use crate::checkpoint::SignedCheckpoint;
use crate::note::Note;
use crate::sealing::{SealError, SignedSealing, seal};
use crate::stamp::SignedStamp;

/// A frame of an own log that was sealed, left with a witness and stamped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The witness's stamp on the sealed bytes.
    pub stamp: SignedStamp,
    /// The ephemeral seed that they were sealed with.
    pub seed: [u8; 32],
    /// Whose key they were sealed to.
    pub sealing: SignedSealing,
    /// Index of the first entry in the frame.
    pub start: u64,
    /// Entries in it.
    pub count: u64,
    /// The checkpoint in it, which covers them.
    pub note: SignedCheckpoint,
}

impl Offer {
    /// Longest, in bytes.
    pub const BYTES_MAX: usize = Note::BYTES_MAX + 16_384;

    /// The deterministic bytes.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(|w| {
            w.map(7)?.u8(0)?.u64(crate::FORMAT_VERSION)?;
            w.u8(1)?.bytes(&self.stamp.encode())?.u8(2)?.bytes(&self.seed)?;
            w.u8(3)?.bytes(&self.sealing.encode())?;
            w.u8(4)?.u64(self.start)?.u8(5)?.u64(self.count)?;
            w.u8(6)?.bytes(&self.note.encode())?.ok()
        })
    }

    /// Reads an offer; the inverse of `encode`. Whether anything in it holds is not looked at.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        cbor::decode("offer", Self::BYTES_MAX, bytes, Self::read, Self::encode)
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.map(7)?;
        r.version()?;
        r.key(1, "stamp")?;
        let stamp = SignedStamp::parse(r.bytes()?).map_err(|_| r.error("is no stamp"))?;
        r.key(2, "seed")?;
        let seed = r.fixed()?;
        r.key(3, "sealing announcement")?;
        let sealing = SignedSealing::decode(r.bytes()?).map_err(|_| r.error("is no sealing announcement"))?;
        r.key(4, "start")?;
        let start = r.u64()?;
        r.key(5, "count")?;
        let count = r.u64()?;
        r.key(6, "note")?;
        let note = SignedCheckpoint::parse(r.bytes()?).map_err(|_| r.error("is no checkpoint note"))?;
        Ok(Self { stamp, seed, sealing, start, count, note })
    }

    /// The sealed bytes of a frame, as they were left with the witness.
    pub fn reseal(&self, frame: &[u8]) -> Result<Vec<u8>, SealError> {
        let announced = self.sealing.announcement();
        seal(announced.key, announced.channel, &announced.party, &self.seed, frame)
    }
}
