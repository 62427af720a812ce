//! A witness's stamp: "at this time I stored these bytes where this party can fetch them" (docs/record-format.md, section 13).
//! It has the form of a cosigned note and a text that is no checkpoint: its second line is no size.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::checkpoint::{parse_decimal, parse_hash};
use crate::cosignature::{cosign_text, verify_text};
use crate::hash::Hash;
use crate::key::Signer;
use crate::name::{Origin, PartyName};
use crate::note::{Note, NoteError, VerifierKey, malformed};

/// First line of the text; no log may have it for an origin.
const FIRST_LINE: &str = "skypact.witness-stamp/v1";

/// What a witness states about bytes that were left with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// Name of the witness.
    pub witness: Origin,
    /// The channel.
    pub channel: Hash,
    /// Whom the bytes are for.
    pub recipient: PartyName,
    /// SHA-256 of the bytes.
    pub dropped: Hash,
    /// Their number, at most `Stamp::LENGTH_MAX`.
    pub length: u64,
}

/// A stamp and its signature. It parses whether or not that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedStamp {
    stamp: Stamp,
    note: Note,
}

impl Stamp {
    /// Most bytes that are stamped.
    pub const LENGTH_MAX: u64 = 1 << 20;

    /// The note text, last newline included.
    pub fn text(&self) -> String {
        let Self { witness, channel, recipient, dropped, length } = self;
        let (channel, dropped) = (BASE64.encode(channel.0), BASE64.encode(dropped.0));
        format!("{FIRST_LINE}\nwitness {witness}\nchannel {channel}\nto {recipient}\nbytes {length} {dropped}\n")
    }

    /// Reads a note text; the inverse of `text`.
    pub fn parse_text(text: &str) -> Result<Self, NoteError> {
        let lines: Vec<&str> = text.split('\n').take(7).collect();
        let [FIRST_LINE, witness, channel, recipient, bytes, ""] = lines[..] else {
            return Err(malformed("stamp", 0, "is not the five lines of a stamp"));
        };
        let wrong = |field, reason| malformed(field, 0, reason);
        let witness = witness.strip_prefix("witness ").and_then(|name| Origin::new(name).ok());
        let channel = channel.strip_prefix("channel ").and_then(parse_hash);
        let recipient = recipient.strip_prefix("to ").and_then(|name| PartyName::new(name).ok());
        let bytes = bytes.strip_prefix("bytes ").and_then(|rest| rest.split_once(' '));
        let length = bytes.and_then(|(length, _)| parse_decimal(length)).filter(|length| *length <= Self::LENGTH_MAX);
        Ok(Self {
            witness: witness.ok_or_else(|| wrong("witness", "is not `witness` and a name"))?,
            channel: channel.ok_or_else(|| wrong("channel", "is not `channel` and base64 of 32 bytes"))?,
            recipient: recipient.ok_or_else(|| wrong("recipient", "is not `to` and a party name"))?,
            dropped: bytes
                .and_then(|(_, hash)| parse_hash(hash))
                .ok_or_else(|| wrong("bytes", "is not `bytes`, a length and base64 of 32 bytes"))?,
            length: length.ok_or_else(|| wrong("length", "is not a decimal up to 1048576"))?,
        })
    }
}

impl SignedStamp {
    /// Longest stamp, in bytes.
    pub const BYTES_MAX: usize = 1024;

    /// Has the witness's key sign at `time_s` (s since the Unix epoch, UTC). The bytes must be stored before.
    pub fn sign(stamp: Stamp, time_s: u64, signer: &dyn Signer) -> Result<Self, NoteError> {
        let text = stamp.text();
        let line = cosign_text(&text, time_s, &stamp.witness, signer)?;
        Ok(Self { note: Note { text, signatures: vec![line] }, stamp })
    }

    /// Reads a stamp; the inverse of `encode`. It has exactly one signature line.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > Self::BYTES_MAX {
            return Err(malformed("stamp", Self::BYTES_MAX, "is longer than 1024 bytes"));
        }
        let note = Note::parse(bytes)?;
        if note.signatures.len() != 1 {
            return Err(malformed("stamp", note.text.len(), "has not exactly one signature"));
        }
        Ok(Self { stamp: Stamp::parse_text(&note.text)?, note })
    }

    /// The note's bytes.
    pub fn encode(&self) -> Vec<u8> {
        self.note.encode()
    }

    /// What is stamped.
    pub fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    /// Checks that the witness of this key made it; the time by its clock, s since the Unix epoch, UTC.
    pub fn verify(&self, key: &VerifierKey) -> Result<u64, NoteError> {
        match self.note.signatures.first() {
            Some(line) if self.stamp.witness == *key.name() => verify_text(key, &self.note.text, line),
            _ => Err(NoteError::NotSigned { name: key.name().clone() }),
        }
    }
}
