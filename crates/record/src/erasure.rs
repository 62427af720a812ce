//! Body of an entry that erases bodies of its author (docs/record-format.md, section 19). Leaves and proofs stay as they are; what stays of
//! a body beside its leaf is the channel protocol's, and bytes here.

use crate::cbor::{self, DecodeError, Reader};
use crate::hash::Hash;

/// Body of an entry of kind [`crate::Act::ERASED`]: which bodies are gone for good, by their leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// Leaf hashes of entries before it in its own log, 1 to 256, ascending, and the residue of each: at most 128 bytes, in the channel
    /// protocol's form; none where nothing stays.
    pub bodies: Vec<(Hash, Option<Vec<u8>>)>,
}

impl Erasure {
    /// Most bodies in one entry.
    pub const BODIES_MAX: u64 = 256;
    /// Longest residue, in bytes.
    pub const RESIDUE_MAX: usize = 128;
    /// Longest body, in bytes.
    pub const BYTES_MAX: usize = 49_152;

    /// The body's deterministic bytes. Fails when it names no body, too many, or one twice.
    pub fn encode(&self) -> Result<Vec<u8>, DecodeError> {
        self.check().map_err(|reason| DecodeError::unwritable("erasure", "bodies", reason))?;
        Ok(self.write())
    }

    /// Reads a body; the inverse of `encode`.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        cbor::decode("erasure", Self::BYTES_MAX, bytes, Self::read, Self::write)
    }

    fn check(&self) -> Result<(), &'static str> {
        let count = self.bodies.len() as u64;
        if count == 0 || count > Self::BODIES_MAX {
            return Err("is not 1 to 256 leaf hashes");
        }
        if !self.bodies.is_sorted_by(|(a, _), (b, _)| a < b) {
            return Err("does not ascend by leaf hash, each once");
        }
        let is_short = |residue: &Vec<u8>| residue.len() <= Self::RESIDUE_MAX;
        if self.bodies.iter().all(|(_, residue)| residue.as_ref().is_none_or(is_short)) {
            return Ok(());
        }
        Err("has a residue of more than 128 bytes")
    }

    fn write(&self) -> Vec<u8> {
        cbor::encode(|w| {
            w.map(2)?.u8(0)?.u64(crate::FORMAT_VERSION)?;
            w.u8(1)?.array(self.bodies.len() as u64)?;
            for (leaf, residue) in &self.bodies {
                w.array(2)?.bytes(&leaf.0)?;
                match residue {
                    Some(residue) => w.bytes(residue)?,
                    None => w.null()?,
                };
            }
            Ok(())
        })
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.map(2)?;
        r.version()?;
        r.key(1, "bodies")?;
        let bodies = r.list(Self::BODIES_MAX, |r| {
            r.tuple(2)?;
            Ok((r.hash()?, r.nullable(|r| Ok(r.bytes()?.to_vec()))?))
        })?;
        let erasure = Self { bodies };
        erasure.check().map_err(|reason| r.error(reason))?;
        Ok(erasure)
    }
}
