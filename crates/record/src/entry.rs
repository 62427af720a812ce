//! An entry: a leaf together with those of its body parts that are at hand (docs/record-format.md, section 6).

use crate::act::Act;
use crate::cbor::{self, DecodeError, Reader, Writer, Written};
use crate::counted;
use crate::leaf::Leaf;
use crate::part::Part;

/// A leaf and its body parts. `None` is a part that is withheld or erased.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(into = "Vec<u8>", try_from = "Vec<u8>")]
pub struct Entry {
    /// The leaf.
    pub leaf: Leaf,
    /// One item for each commitment of the act.
    pub parts: Vec<Option<Part>>,
}

/// Why an entry is not what its leaf commits to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The number of parts is not the number of commitments.
    #[error("entry has {} for {}; a withheld part is given as none", counted(*parts, "part"), counted(*commitments, "commitment"))]
    PartCount {
        /// Parts given, withheld ones included.
        parts: usize,
        /// Commitments of the act.
        commitments: usize,
    },
    /// A part is not the one that was committed to.
    #[error("part {part} does not match its commitment")]
    PartDiffers {
        /// Place of the part, from 0.
        part: usize,
    },
}

impl EntryError {
    /// Stable code of this kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::PartCount { .. } => "part-count",
            Self::PartDiffers { .. } => "part-differs",
        }
    }
}

impl Entry {
    /// Longest entry, in bytes.
    pub const BYTES_MAX: usize = Leaf::BYTES_MAX + Act::COMMITMENTS_MAX * (Part::CONTENT_MAX + 64) + 64;

    /// Holds the parts to the act's commitments.
    pub fn check(&self) -> Result<(), EntryError> {
        check_parts(&self.leaf.act.act().commitments, &self.parts)
    }

    /// The entry's deterministic bytes. Fails when the leaf, a part or the number of parts is beyond its bounds.
    pub fn encode(&self) -> Result<Vec<u8>, DecodeError> {
        self.leaf.encode()?;
        if self.parts.len() > Act::COMMITMENTS_MAX {
            return Err(DecodeError::unwritable("entry", "parts", "has more items than allowed"));
        }
        self.parts.iter().flatten().try_for_each(Part::check)?;
        Ok(self.write())
    }

    /// Reads an entry; the inverse of `encode`. Whether the parts are the right ones is asked with `check`.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        cbor::decode("entry", Self::BYTES_MAX, bytes, Self::read, Self::write)
    }

    fn write(&self) -> Vec<u8> {
        let leaf = self.leaf.encode().expect("a leaf that was checked or read can be written");
        cbor::encode(|w| {
            w.map(2)?.u8(0)?.bytes(&leaf)?.u8(1)?;
            write_parts(w, &self.parts)
        })
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.map(2)?;
        r.key(0, "leaf")?;
        let leaf = Leaf::decode(r.bytes()?)?;
        r.key(1, "parts")?;
        Ok(Self { leaf, parts: read_parts(r)? })
    }
}

impl From<Entry> for Vec<u8> {
    fn from(entry: Entry) -> Self {
        entry.write()
    }
}

impl TryFrom<Vec<u8>> for Entry {
    type Error = DecodeError;

    fn try_from(bytes: Vec<u8>) -> Result<Self, DecodeError> {
        Self::decode(&bytes)
    }
}

pub(crate) fn check_parts(commitments: &[crate::Hash], parts: &[Option<Part>]) -> Result<(), EntryError> {
    if parts.len() != commitments.len() {
        return Err(EntryError::PartCount { parts: parts.len(), commitments: commitments.len() });
    }
    let differs = |(part, commitment): (&Option<Part>, &crate::Hash)| {
        part.as_ref().is_some_and(|p| p.commitment() != *commitment)
    };
    match parts.iter().zip(commitments).position(differs) {
        Some(part) => Err(EntryError::PartDiffers { part }),
        None => Ok(()),
    }
}

pub(crate) fn write_parts(w: &mut Writer<'_>, parts: &[Option<Part>]) -> Written {
    w.array(parts.len() as u64)?;
    for part in parts {
        match part {
            Some(part) => part.write(w)?,
            None => w.null().map(drop)?,
        }
    }
    Ok(())
}

pub(crate) fn read_parts(r: &mut Reader<'_>) -> Result<Vec<Option<Part>>, DecodeError> {
    r.list(Act::COMMITMENTS_MAX as u64, |r| r.nullable(Part::read))
}
