//! The leaf: one entry of a log as its Merkle tree knows it (docs/record-format.md, section 5).

use crate::act::SignedAct;
use crate::cbor::{self, DecodeError, Reader};
use crate::hash::Hash;
use crate::key::Signature;
use crate::name::Origin;
use crate::tree;

/// The head of another log, as the author's node had last verified it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Seen {
    /// Origin of that log.
    pub origin: Origin,
    /// Its size, in entries.
    pub size: u64,
    /// Its root at that size.
    pub root: Hash,
}

/// One entry of a log: a signed act, and the place that the author's node gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Origin of the log that holds it.
    pub origin: Origin,
    /// Place in that log, from 0.
    pub index: u64,
    /// Heads of other logs; ascending by origin, each once, at most `Leaf::SEEN_MAX`.
    pub seen: Vec<Seen>,
    /// Hash of the newest witness cosignature known (`NoteSignature::hash`): it was not placed before that one was made.
    pub cosignature: Option<Hash>,
    /// What was signed.
    pub act: SignedAct,
}

impl Leaf {
    /// Most heads of other logs in one leaf.
    pub const SEEN_MAX: usize = 16;
    /// Longest leaf, in bytes.
    pub const BYTES_MAX: usize = 8192;

    /// The leaf's deterministic bytes. Fails when `seen` is too long or out of order, or the leaf is too long.
    pub fn encode(&self) -> Result<Vec<u8>, DecodeError> {
        if self.seen.len() > Self::SEEN_MAX {
            return Err(DecodeError::unwritable("leaf", "seen", "has more items than allowed"));
        }
        if !ascending(&self.seen) {
            return Err(DecodeError::unwritable("leaf", "seen", OUT_OF_ORDER));
        }
        let bytes = self.write();
        if bytes.len() > Self::BYTES_MAX {
            return Err(DecodeError::TooLong { object: "leaf", length: bytes.len(), length_max: Self::BYTES_MAX });
        }
        Ok(bytes)
    }

    /// Reads a leaf; the inverse of `encode`.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        cbor::decode("leaf", Self::BYTES_MAX, bytes, Self::read, Self::write)
    }

    /// The leaf's hash in the tree (RFC 9162, 2.1.1). References cite it.
    pub fn hash(&self) -> Hash {
        tree::leaf_hash(&self.write())
    }

    fn write(&self) -> Vec<u8> {
        cbor::encode(|w| {
            w.map(7)?.u8(0)?.u64(crate::FORMAT_VERSION)?;
            w.u8(1)?.str(self.origin.as_str())?;
            w.u8(2)?.u64(self.index)?;
            w.u8(3)?.array(self.seen.len() as u64)?;
            for seen in &self.seen {
                w.array(3)?.str(seen.origin.as_str())?.u64(seen.size)?.bytes(&seen.root.0)?;
            }
            w.u8(4)?;
            match &self.cosignature {
                Some(hash) => w.bytes(&hash.0)?,
                None => w.null()?,
            };
            w.u8(5)?.bytes(self.act.bytes())?;
            w.u8(6)?;
            self.act.signature().write(w)
        })
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.map(7)?;
        r.version()?;
        r.key(1, "origin")?;
        let origin = r.name()?;
        r.key(2, "index")?;
        let index = r.u64()?;
        r.key(3, "seen")?;
        let seen = r.list(Self::SEEN_MAX as u64, |r| {
            r.tuple(3)?;
            Ok(Seen { origin: r.name()?, size: r.u64()?, root: r.hash()? })
        })?;
        if !ascending(&seen) {
            return Err(r.error(OUT_OF_ORDER));
        }
        r.key(4, "cosignature")?;
        let cosignature = r.nullable(Reader::hash)?;
        r.key(5, "act")?;
        let act_bytes = r.bytes()?.to_vec();
        r.key(6, "signature")?;
        let act = SignedAct::assemble(act_bytes, Signature::read(r)?)?;
        Ok(Self { origin, index, seen, cosignature, act })
    }
}

const OUT_OF_ORDER: &str = "is not ascending by origin, each once";

fn ascending(seen: &[Seen]) -> bool {
    seen.windows(2).all(|pair| pair[0].origin < pair[1].origin)
}
