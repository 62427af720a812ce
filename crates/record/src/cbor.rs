//! Deterministic CBOR of the record (RFC 8949, 4.2.1; docs/record-format.md, section 1).
//! One object has one encoding: a reader refuses bytes that do not re-encode to themselves, and reserves nothing on the word of a length.

use std::convert::Infallible;

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};

use crate::hash::Hash;

/// Why bytes are not the object that they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes are longer than such an object may be.
    #[error("{object} has {length} bytes, more than {length_max}")]
    TooLong {
        /// Object that was read.
        object: &'static str,
        /// Its length in bytes.
        length: usize,
        /// Longest allowed, in bytes.
        length_max: usize,
    },
    /// A field has a form or a value that it may not have.
    #[error("{object} field {field} at byte {offset}: {reason}")]
    Field {
        /// Object that was read.
        object: &'static str,
        /// Field, as docs/record-format.md spells it.
        field: &'static str,
        /// Byte in the object at which the reader stood.
        offset: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// The object reads well but its bytes are not its deterministic form.
    #[error("{object} is not in deterministic form from byte {offset} on")]
    NotDeterministic {
        /// Object that was read.
        object: &'static str,
        /// First byte that differs from the deterministic form.
        offset: usize,
    },
}

impl DecodeError {
    /// Stable code of this kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "object-too-long",
            Self::Field { .. } => "object-malformed",
            Self::NotDeterministic { .. } => "object-not-deterministic",
        }
    }

    /// Byte in the object at which the fault was found.
    pub fn offset(&self) -> usize {
        match self {
            Self::TooLong { length_max, .. } => *length_max,
            Self::Field { offset, .. } | Self::NotDeterministic { offset, .. } => *offset,
        }
    }

    /// A field whose value cannot be written.
    pub(crate) fn unwritable(object: &'static str, field: &'static str, reason: &'static str) -> Self {
        Self::Field { object, field, offset: 0, reason }
    }
}

pub(crate) type Writer<'a> = Encoder<&'a mut Vec<u8>>;
pub(crate) type Written = Result<(), minicbor::encode::Error<Infallible>>;

/// Runs `write` over an empty buffer. Writing to memory cannot fail.
pub(crate) fn encode(write: impl FnOnce(&mut Writer<'_>) -> Written) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut Encoder::new(&mut bytes)).expect("a Vec takes every byte");
    bytes
}

/// Writes an array of byte strings.
pub(crate) fn write_hashes(w: &mut Writer<'_>, hashes: &[Hash]) -> Written {
    w.array(hashes.len() as u64)?;
    hashes.iter().try_for_each(|hash| w.bytes(&hash.0).map(drop))
}

/// Length of the item at the beginning of `bytes`, where items of an object follow each other.
pub(crate) fn first_item_length(object: &'static str, bytes: &[u8]) -> Result<usize, DecodeError> {
    let mut decoder = Decoder::new(bytes);
    decoder.skip().map_err(|_| DecodeError::unwritable(object, "item", "is no CBOR item that is all there"))?;
    Ok(decoder.position())
}

/// Reads one object out of `bytes` and holds it to its own encoding.
pub(crate) fn decode<'b, T>(
    object: &'static str,
    length_max: usize,
    bytes: &'b [u8],
    read: impl FnOnce(&mut Reader<'b>) -> Result<T, DecodeError>,
    encode_again: impl FnOnce(&T) -> Vec<u8>,
) -> Result<T, DecodeError> {
    if bytes.len() > length_max {
        return Err(DecodeError::TooLong { object, length: bytes.len(), length_max });
    }
    let mut reader = Reader::new(object, bytes);
    let value = read(&mut reader)?;
    let again = encode_again(&value);
    if again == bytes {
        return Ok(value);
    }
    let same = again.iter().zip(bytes).take_while(|(a, b)| a == b).count();
    Err(DecodeError::NotDeterministic { object, offset: same })
}

/// A decoder that knows which object and field it reads, for its errors.
pub(crate) struct Reader<'b> {
    object: &'static str,
    field: &'static str,
    decoder: Decoder<'b>,
}

impl<'b> Reader<'b> {
    pub(crate) fn new(object: &'static str, bytes: &'b [u8]) -> Self {
        Self { object, field: "whole", decoder: Decoder::new(bytes) }
    }

    pub(crate) fn error(&self, reason: &'static str) -> DecodeError {
        DecodeError::Field { object: self.object, field: self.field, offset: self.decoder.position(), reason }
    }

    /// Opens a map that must have exactly `length` entries.
    pub(crate) fn map(&mut self, length: u64) -> Result<(), DecodeError> {
        match self.decoder.map() {
            Ok(Some(found)) if found == length => Ok(()),
            _ => Err(self.error("is not a map with the fields of this version")),
        }
    }

    /// Reads the beginning of a map with one of these numbers of fields, and says which.
    pub(crate) fn map_of(&mut self, lengths: &[u64]) -> Result<u64, DecodeError> {
        match self.decoder.map() {
            Ok(Some(found)) if lengths.contains(&found) => Ok(found),
            _ => Err(self.error("is not a map with the fields of a known version")),
        }
    }

    /// Reads the key of the next field, which must be `key`.
    pub(crate) fn key(&mut self, key: u64, field: &'static str) -> Result<(), DecodeError> {
        self.field = field;
        if self.decoder.u64().ok() == Some(key) { Ok(()) } else { Err(self.error("is not the next field")) }
    }

    /// Opens an array that must have exactly `length` items.
    pub(crate) fn tuple(&mut self, length: u64) -> Result<(), DecodeError> {
        match self.decoder.array() {
            Ok(Some(found)) if found == length => Ok(()),
            _ => Err(self.error("is not an array of the right length")),
        }
    }

    /// Reads an array of at most `length_max` items.
    pub(crate) fn list<T>(
        &mut self,
        length_max: u64,
        mut item: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let length = match self.decoder.array() {
            Ok(Some(length)) if length <= length_max => length,
            Ok(Some(_)) => return Err(self.error("has more items than allowed")),
            _ => return Err(self.error("is not an array of definite length")),
        };
        (0..length).map(|_| item(self)).collect()
    }

    pub(crate) fn version(&mut self) -> Result<(), DecodeError> {
        self.key(0, "format version")?;
        if self.u64()? == crate::FORMAT_VERSION {
            Ok(())
        } else {
            Err(self.error("is not 1; a newer program may read it"))
        }
    }

    pub(crate) fn u64(&mut self) -> Result<u64, DecodeError> {
        self.decoder.u64().map_err(|_| self.error("is not an unsigned integer of 64 bits"))
    }

    pub(crate) fn i64(&mut self) -> Result<i64, DecodeError> {
        self.decoder.i64().map_err(|_| self.error("is not an integer of 64 bits"))
    }

    pub(crate) fn bytes(&mut self) -> Result<&'b [u8], DecodeError> {
        self.decoder.bytes().map_err(|_| self.error("is not a byte string that is all there"))
    }

    pub(crate) fn fixed<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        self.bytes()?.try_into().map_err(|_| self.error("is not a byte string of the right length"))
    }

    pub(crate) fn hash(&mut self) -> Result<Hash, DecodeError> {
        self.fixed().map(Hash)
    }

    pub(crate) fn text(&mut self) -> Result<&'b str, DecodeError> {
        self.decoder.str().map_err(|_| self.error("is not a text string that is all there"))
    }

    /// Reads a text and parses it.
    pub(crate) fn name<T: std::str::FromStr<Err = crate::NameError>>(&mut self) -> Result<T, DecodeError> {
        let text = self.text()?;
        text.parse().map_err(|error: crate::NameError| DecodeError::Field {
            object: self.object,
            field: self.field,
            offset: self.decoder.position(),
            reason: error.form,
        })
    }

    /// Reads null as `None` and all else with `read`.
    pub(crate) fn nullable<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        if matches!(self.decoder.datatype(), Ok(Type::Null)) {
            self.decoder.null().map_err(|_| self.error("is not null"))?;
            return Ok(None);
        }
        read(self).map(Some)
    }
}
