//! How message bodies and terms become bytes: deterministic CBOR maps with small integer keys (docs/record-format.md).
//! A reader takes nothing for granted: unknown, missing, repeated or out-of-order fields are errors that name the
//! field, and bytes that do not re-encode to themselves are refused.

use std::convert::Infallible;

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};
use skypact_record::counted;

/// Why bytes are not the message that they claim to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} field {field}: {reason}")]
pub struct CodecError {
    /// Which message or part of it was read, such as `notice`.
    pub message: &'static str,
    /// Name of the field as docs/channel-protocol.md spells it.
    pub field: &'static str,
    /// What is wrong with it and what was expected.
    pub reason: String,
}

impl CodecError {
    /// Stable code of this kind of error.
    pub fn code(&self) -> &'static str {
        "message-malformed"
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

/// Reads one message out of `bytes` and holds it to its own encoding.
pub(crate) fn decode_exact<T>(
    message: &'static str,
    bytes: &[u8],
    read: impl FnOnce(&mut Reader<'_>) -> Result<T, CodecError>,
    encode_again: impl FnOnce(&T) -> Vec<u8>,
) -> Result<T, CodecError> {
    let mut reader = Reader { message, field: "(whole)", decoder: Decoder::new(bytes) };
    let value = read(&mut reader)?;
    if encode_again(&value) != bytes {
        return Err(reader.error("bytes are not in deterministic form, or bytes follow the message"));
    }
    Ok(value)
}

/// A CBOR decoder that knows which message and field it reads, for its errors.
pub(crate) struct Reader<'b> {
    message: &'static str,
    field: &'static str,
    decoder: Decoder<'b>,
}

impl<'b> Reader<'b> {
    pub(crate) fn error(&self, reason: impl Into<String>) -> CodecError {
        CodecError { message: self.message, field: self.field, reason: reason.into() }
    }

    fn expect<T>(&self, what: &str, result: Result<T, minicbor::decode::Error>) -> Result<T, CodecError> {
        result.map_err(|_| self.error(format!("expected {what}")))
    }

    /// Opens a map and gives the number of its fields.
    pub(crate) fn map(&mut self) -> Result<u64, CodecError> {
        let length = self.decoder.map();
        self.expect("a map", length)?.ok_or_else(|| self.error("expected a map of stated length"))
    }

    /// Opens an array of at most `limit` items.
    pub(crate) fn array(&mut self, limit: u64) -> Result<u64, CodecError> {
        let length = self.decoder.array();
        let length = self.expect("an array", length)?;
        let length = length.ok_or_else(|| self.error("expected an array of stated length"))?;
        if length > limit {
            return Err(self.error(format!("has {}, at most {limit} are allowed", counted(length, "item"))));
        }
        Ok(length)
    }

    /// Opens an array that must have exactly `items` items.
    pub(crate) fn tuple(&mut self, items: u64) -> Result<(), CodecError> {
        let length = self.array(items)?;
        if length == items {
            Ok(())
        } else {
            Err(self.error(format!("has {}, expected {items}", counted(length, "item"))))
        }
    }

    /// Reads the next key, which must be `key`, and names the field for the errors that follow.
    pub(crate) fn key(&mut self, key: u8, field: &'static str) -> Result<(), CodecError> {
        self.field = field;
        let found = self.decoder.u8();
        let found = self.expect("an integer key", found)?;
        if found == key { Ok(()) } else { Err(self.error(format!("expected key {key}, found key {found}"))) }
    }

    /// Whether the next item is null; if so it is consumed.
    pub(crate) fn null(&mut self) -> Result<bool, CodecError> {
        let kind = self.decoder.datatype();
        if self.expect("a value", kind)? == Type::Null {
            let null = self.decoder.null();
            self.expect("null", null)?;
            return Ok(true);
        }
        Ok(false)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, CodecError> {
        let value = self.decoder.u64();
        self.expect("an unsigned integer", value)
    }

    pub(crate) fn i64(&mut self) -> Result<i64, CodecError> {
        let value = self.decoder.i64();
        self.expect("an integer of 64 bits", value)
    }

    pub(crate) fn bytes(&mut self, limit: usize) -> Result<&'b [u8], CodecError> {
        let value = self.decoder.bytes();
        let value = self.expect("a byte string", value)?;
        if value.len() > limit {
            return Err(self.error(format!("has {} bytes, at most {limit} are allowed", value.len())));
        }
        Ok(value)
    }

    pub(crate) fn hash(&mut self) -> Result<skypact_record::Hash, CodecError> {
        let bytes = self.bytes(32)?;
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| self.error("expected a hash of 32 bytes"))?;
        Ok(skypact_record::Hash(bytes))
    }

    pub(crate) fn text(&mut self, limit: usize) -> Result<String, CodecError> {
        let value = self.decoder.str();
        let value = self.expect("a text", value)?;
        if value.len() > limit {
            return Err(self.error(format!("has {} bytes of text, at most {limit} are allowed", value.len())));
        }
        if value.chars().any(|c| c.is_control() && c != '\n') {
            return Err(self.error("has control characters"));
        }
        Ok(value.to_owned())
    }

    /// One of a list by its place on the wire.
    pub(crate) fn choice<T: Copy>(&mut self, choices: &[T]) -> Result<T, CodecError> {
        let value = self.u64()?;
        let choice = usize::try_from(value).ok().and_then(|place| choices.get(place));
        choice.copied().ok_or_else(|| self.error(format!("is {value}, expected 0 to {}", choices.len() - 1)))
    }

    /// Opens a map that must have exactly `fields` fields.
    pub(crate) fn fields(&mut self, fields: u64) -> Result<(), CodecError> {
        let found = self.map()?;
        if found == fields {
            Ok(())
        } else {
            Err(self.error(format!("has {}, expected {fields}", counted(found, "field"))))
        }
    }

    /// At most `limit` hashes.
    pub(crate) fn hashes(&mut self, limit: u64) -> Result<Vec<skypact_record::Hash>, CodecError> {
        let count = self.array(limit)?;
        (0..count).map(|_| self.hash()).collect()
    }

    /// Text that is not blank.
    pub(crate) fn words(&mut self, limit: usize) -> Result<String, CodecError> {
        let text = self.text(limit)?;
        if text.trim().is_empty() { Err(self.error("is empty; write it out")) } else { Ok(text) }
    }

    /// A party by its place in the genesis, or null for none.
    pub(crate) fn party(&mut self) -> Result<Option<usize>, CodecError> {
        if self.null()? { Ok(None) } else { self.choice(&[0, 1]).map(Some) }
    }

    /// A hash, or null for none.
    pub(crate) fn optional_hash(&mut self) -> Result<Option<skypact_record::Hash>, CodecError> {
        if self.null()? { Ok(None) } else { self.hash().map(Some) }
    }

    /// Text, or null for none.
    pub(crate) fn optional_text(&mut self, limit: usize) -> Result<Option<String>, CodecError> {
        if self.null()? { Ok(None) } else { self.text(limit).map(Some) }
    }
}

/// Writes text, or null for none.
pub(crate) fn write_optional_text(writer: &mut Writer<'_>, text: Option<&str>) -> Written {
    match text {
        Some(text) => writer.str(text)?.ok(),
        None => writer.null()?.ok(),
    }
}

/// Writes the place of a party in the genesis, or null for none.
pub(crate) fn write_party(writer: &mut Writer<'_>, party: Option<usize>) -> Written {
    match party {
        Some(party) => writer.u64(party as u64)?.ok(),
        None => writer.null()?.ok(),
    }
}

/// Writes a hash, or null for none.
pub(crate) fn write_optional_hash(writer: &mut Writer<'_>, hash: Option<skypact_record::Hash>) -> Written {
    match hash {
        Some(hash) => writer.bytes(&hash.0)?.ok(),
        None => writer.null()?.ok(),
    }
}

/// Writes an array of hashes.
pub(crate) fn write_hashes(writer: &mut Writer<'_>, hashes: &[skypact_record::Hash]) -> Written {
    writer.array(hashes.len() as u64)?;
    hashes.iter().try_for_each(|hash| writer.bytes(&hash.0)?.ok())
}
