//! A change as the record keeps it (docs/dss.md, section "The log"): the accepted request's bytes, and all that decided its
//! outcome. What follows from it (indices, subscribers, versions) is not stored; replay gives it again.

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};
use skypact_airspace::UtcNanos;
use skypact_f3548::{ParseOptions, RequestError, UssId};

use crate::change::{Change, Operation, Stamp, Target};

/// Version of the format.
const VERSION: u8 = 1;
const FIELDS: u64 = 10;

/// A change that was allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// What was done.
    pub operation: Operation,
    /// Who, when, and the randomness used.
    pub stamp: Stamp,
    /// `jti` of the token, if it had one.
    pub token_id: Option<String>,
    /// What the request's path named.
    pub target: Target,
    /// The request's body as received.
    pub body: Vec<u8>,
    /// The OVN, version or report id that was given.
    pub given: Option<String>,
}

/// Why bytes are no recorded change.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RecordedError {
    /// They are not of the format.
    #[error("dss entry field {field}: {reason}")]
    Malformed {
        /// The field.
        field: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The request in it cannot be parsed, though it once was accepted.
    #[error("dss entry request: {0}")]
    Request(#[from] RequestError),
}

impl RecordedError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        "dss-entry-malformed"
    }
}

impl Recorded {
    /// The bytes: deterministic CBOR.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(256 + self.body.len());
        self.write(&mut Encoder::new(&mut bytes)).expect("a Vec takes every byte");
        bytes
    }

    fn write(&self, w: &mut Encoder<&mut Vec<u8>>) -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
        w.map(FIELDS)?.u8(0)?.u8(VERSION)?.u8(1)?.u8(self.operation.number())?;
        w.u8(2)?.str(self.stamp.manager.as_str())?;
        optional(w.u8(3)?, self.token_id.as_deref())?;
        w.u8(4)?.i64(self.stamp.now.0)?;
        let mut random = [0; 48];
        for (bytes, number) in random.chunks_exact_mut(16).zip(self.stamp.random) {
            bytes.copy_from_slice(&number.to_be_bytes());
        }
        w.u8(5)?.bytes(&random)?;
        w.u8(6)?.str(&self.target.id)?;
        optional(w.u8(7)?, self.target.version.as_deref())?;
        w.u8(8)?.bytes(&self.body)?;
        optional(w.u8(9)?, self.given.as_deref())
    }

    /// Reads what [`Recorded::encode`] wrote, and nothing else.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordedError> {
        let mut reader = Reader { decoder: Decoder::new(bytes), field: "(whole)" };
        let fields = reader.take("(whole)", Decoder::map)?;
        if fields != Some(FIELDS) {
            return Err(reader.wrong("is no map of ten fields"));
        }
        if reader.numbered(0, "version", Decoder::u8)? != VERSION {
            return Err(reader.wrong("is none that this program knows; use a newer one"));
        }
        let operation = reader.numbered(1, "operation", Decoder::u64)?;
        let operation = Operation::from_number(operation).ok_or_else(|| reader.wrong("has no such number"))?;
        let manager = reader.numbered(2, "sub", |d| d.str().map(UssId::from))?;
        let token_id = reader.optional_text(3, "jti")?;
        let now = UtcNanos(reader.numbered(4, "time", Decoder::i64)?);
        let bits = reader.numbered(5, "random", |d| d.bytes().map(<[u8]>::to_vec))?;
        let bits: [u8; 48] = bits.try_into().map_err(|_| reader.wrong("has not 48 bytes"))?;
        let number = |place: usize| {
            u128::from_be_bytes(bits[place * 16..place * 16 + 16].try_into().expect("sixteen of 48 bytes"))
        };
        let stamp = Stamp { manager, now, random: [number(0), number(1), number(2)] };
        let id = reader.numbered(6, "id", |d| d.str().map(str::to_owned))?;
        let version = reader.optional_text(7, "path version")?;
        let body = reader.numbered(8, "body", |d| d.bytes().map(<[u8]>::to_vec))?;
        let given = reader.optional_text(9, "given")?;
        let recorded = Self { operation, stamp, token_id, target: Target { id, version }, body, given };
        if recorded.encode() == bytes { Ok(recorded) } else { Err(reader.wrong("is not in its one form")) }
    }

    /// The change in it. What was accepted once is parsed with every option that was ever allowed.
    pub fn change(&self) -> Result<Change, RecordedError> {
        Ok(Change::parse(self.operation, &self.target, &self.body, &ParseOptions { allow_http_base_urls: true })?)
    }
}

fn optional(
    w: &mut Encoder<&mut Vec<u8>>,
    text: Option<&str>,
) -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
    match text {
        Some(text) => w.str(text)?,
        None => w.null()?,
    };
    Ok(())
}

struct Reader<'b> {
    decoder: Decoder<'b>,
    field: &'static str,
}

impl<'b> Reader<'b> {
    fn wrong(&self, reason: &str) -> RecordedError {
        RecordedError::Malformed { field: self.field, reason: reason.to_owned() }
    }

    fn take<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&mut Decoder<'b>) -> Result<T, minicbor::decode::Error>,
    ) -> Result<T, RecordedError> {
        self.field = field;
        read(&mut self.decoder).map_err(|error| self.wrong(&error.to_string()))
    }

    fn numbered<T>(
        &mut self,
        number: u8,
        field: &'static str,
        read: impl FnOnce(&mut Decoder<'b>) -> Result<T, minicbor::decode::Error>,
    ) -> Result<T, RecordedError> {
        if self.take(field, Decoder::u8)? != number {
            return Err(self.wrong("is not where it belongs"));
        }
        self.take(field, read)
    }

    fn optional_text(&mut self, number: u8, field: &'static str) -> Result<Option<String>, RecordedError> {
        self.numbered(number, field, |d| match d.datatype()? {
            Type::Null => d.null().map(|()| None),
            _ => d.str().map(|text| Some(text.to_owned())),
        })
    }
}
