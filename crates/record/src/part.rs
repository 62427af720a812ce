//! Body parts, kept apart from the leaf and bound to it by a salted commitment (docs/record-format.md, section 6).
//! Without the salt a commitment tells nothing about a body that could be guessed.

use crate::cbor::{self, DecodeError, Reader, Writer, Written};
use crate::hash::Hash;

/// One part of an entry's body. It goes to its audience only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// 32 random bytes, fresh for each part.
    pub salt: [u8; 32],
    /// The content; at most `Part::CONTENT_MAX` bytes.
    pub bytes: Vec<u8>,
}

impl Part {
    /// Longest content, in bytes.
    pub const CONTENT_MAX: usize = 65_536;

    /// The commitment that the act carries.
    pub fn commitment(&self) -> Hash {
        Hash::of_parts(&[b"skypact/v1/part\n", &self.salt, &self.bytes])
    }

    /// The part's deterministic bytes. Fails when the content is too long.
    pub fn encode(&self) -> Result<Vec<u8>, DecodeError> {
        self.check()?;
        Ok(cbor::encode(|w| self.write(w)))
    }

    /// Reads a part; the inverse of `encode`.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        cbor::decode("part", Self::CONTENT_MAX + 64, bytes, Self::read, |part| cbor::encode(|w| part.write(w)))
    }

    pub(crate) fn check(&self) -> Result<(), DecodeError> {
        if self.bytes.len() > Self::CONTENT_MAX {
            return Err(DecodeError::TooLong {
                object: "part",
                length: self.bytes.len(),
                length_max: Self::CONTENT_MAX,
            });
        }
        Ok(())
    }

    pub(crate) fn write(&self, w: &mut Writer<'_>) -> Written {
        w.array(2)?.bytes(&self.salt)?.bytes(&self.bytes)?;
        Ok(())
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.tuple(2)?;
        let part = Self { salt: r.fixed()?, bytes: r.bytes()?.to_vec() };
        part.check()?;
        Ok(part)
    }
}
