//! Signed notes and their keys (C2SP signed-note). Parsing is strict: a note that parses re-encodes to the same bytes.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::hash::Hash;
use crate::key::{Algorithm, KeyError, PublicKey, SignerError};
use crate::name::Origin;

/// How a note signature is made: the signature type identifier byte of C2SP signed-note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignatureType {
    /// Ed25519 over the note text. Byte 0x01.
    Ed25519,
    /// Timestamped Ed25519 cosignature (C2SP tlog-cosignature). Byte 0x04.
    Cosignature,
    /// Timestamped ML-DSA-44 cosignature (C2SP tlog-cosignature). Byte 0x06.
    CosignatureMlDsa44,
}

impl SignatureType {
    /// Every type, ascending by number.
    pub const ALL: [Self; 3] = [Self::Ed25519, Self::Cosignature, Self::CosignatureMlDsa44];

    /// The identifier byte.
    pub fn number(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::Cosignature => 0x04,
            Self::CosignatureMlDsa44 => 0x06,
        }
    }

    /// Bytes of a signature after its key id, the time of a cosignature among them.
    pub fn signature_length(self) -> usize {
        match self {
            Self::Ed25519 => 64,
            Self::Cosignature => 8 + 64,
            Self::CosignatureMlDsa44 => 8 + 2420,
        }
    }

    /// The algorithm of its keys; a key of another one never verifies under this type.
    pub fn algorithm(self) -> Algorithm {
        match self {
            Self::Ed25519 | Self::Cosignature => Algorithm::Ed25519,
            Self::CosignatureMlDsa44 => Algorithm::MlDsa44,
        }
    }

    /// The type of cosignatures by keys of an algorithm.
    pub fn of_cosigner(algorithm: Algorithm) -> Self {
        if algorithm == Algorithm::MlDsa44 { Self::CosignatureMlDsa44 } else { Self::Cosignature }
    }
}

/// Why a note, or a signature or key of one, was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The bytes are not a note.
    #[error("note {field} at byte {offset}: {reason}")]
    Malformed {
        /// Part of the note, as its specification calls it.
        field: &'static str,
        /// Byte at which the reader stood.
        offset: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// The note has no signature by the key that it needs.
    #[error("note has no signature by {name}")]
    NotSigned {
        /// Name of the key.
        name: Origin,
    },
    /// A signature by a known key does not hold, or cannot be checked.
    #[error("note signature by {name}: {reason}")]
    Signature {
        /// Name of the key.
        name: Origin,
        /// Why.
        reason: KeyError,
    },
    /// The signer refused.
    #[error(transparent)]
    Signer(#[from] SignerError),
}

impl NoteError {
    /// Stable code of this kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "note-malformed",
            Self::NotSigned { .. } => "note-not-signed",
            Self::Signature { reason, .. } => reason.code(),
            Self::Signer(error) => error.code(),
        }
    }
}

pub(crate) fn malformed(field: &'static str, offset: usize, reason: &'static str) -> NoteError {
    NoteError::Malformed { field, offset, reason }
}

/// One signature line of a note, by whatever key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// Name of the key.
    pub name: String,
    /// Short id of the key; a hint, never proof.
    pub key_id: u32,
    /// The signature in the form of its type.
    pub bytes: Vec<u8>,
}

impl NoteSignature {
    /// Hash of the signature line, newline included. `Leaf::cosignature` cites it.
    pub fn hash(&self) -> Hash {
        Hash::of(self.to_string().as_bytes())
    }

    /// Whether two lines, both of which hold, say the same: they are equal, or cosignatures of one key with one time, of which hedged
    /// signing (FIPS 204) makes as many as one likes. In a plain signature the bytes compared here tell the signature from all others.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        let of_one_key =
            self.name == other.name && self.key_id == other.key_id && self.bytes.len() == other.bytes.len();
        let time = self.bytes.first_chunk::<8>();
        self == other || (of_one_key && time.is_some() && time == other.bytes.first_chunk())
    }

    /// Reads one line without its newline; `offset` is where it stands, for errors.
    pub(crate) fn parse(line: &str, offset: usize) -> Result<Self, NoteError> {
        let rest = line
            .strip_prefix("\u{2014} ")
            .ok_or_else(|| malformed("signature line", offset, "does not begin with an em dash and a space"))?;
        let (name, signature) =
            rest.split_once(' ').ok_or_else(|| malformed("signature line", offset, "has no signature"))?;
        if name.is_empty() || name.chars().any(char::is_whitespace) || name.contains('+') {
            return Err(malformed("key name", offset, "is empty or has a space or plus"));
        }
        let bytes = BASE64.decode(signature).map_err(|_| malformed("signature", offset, "is not canonical base64"))?;
        match bytes.split_first_chunk::<4>() {
            Some((id, rest)) if !rest.is_empty() => {
                Ok(Self { name: name.to_owned(), key_id: u32::from_be_bytes(*id), bytes: rest.to_vec() })
            }
            _ => Err(malformed("signature", offset, "is too short")),
        }
    }
}

impl FromStr for NoteSignature {
    type Err = NoteError;

    /// Reads a signature line, with or without its newline.
    fn from_str(line: &str) -> Result<Self, NoteError> {
        Self::parse(line.strip_suffix('\n').unwrap_or(line), 0)
    }
}

impl fmt::Display for NoteSignature {
    /// The signature line, newline included.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.key_id.to_be_bytes()[..], &self.bytes].concat();
        writeln!(f, "\u{2014} {} {}", self.name, BASE64.encode(bytes))
    }
}

/// A text and the signatures under it. Which of them hold is asked with a `VerifierKey`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The text, its last newline included.
    pub text: String,
    /// The signature lines, in order.
    pub signatures: Vec<NoteSignature>,
}

impl Note {
    /// Longest note, in bytes.
    pub const BYTES_MAX: usize = 131_072;
    /// Most signatures that a note may have.
    pub const SIGNATURES_MAX: usize = 64;

    /// Reads a note; the inverse of `encode`.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > Self::BYTES_MAX {
            return Err(malformed("length", Self::BYTES_MAX, "is more than 131072 bytes"));
        }
        let note =
            std::str::from_utf8(bytes).map_err(|error| malformed("text", error.valid_up_to(), "is not UTF-8"))?;
        if let Some(offset) = note.bytes().position(|byte| byte < 0x20 && byte != b'\n') {
            return Err(malformed("text", offset, "has a control character"));
        }
        let split = note.rfind("\n\n").ok_or_else(|| malformed("text", 0, "has no signatures"))?;
        let (text, lines) = (&note[..=split], &note[split + 2..]);
        let lines = lines
            .strip_suffix('\n')
            .ok_or_else(|| malformed("signature line", bytes.len(), "does not end with a newline"))?;
        if lines.split('\n').count() > Self::SIGNATURES_MAX {
            return Err(malformed("signatures", split + 2, "are more than 64"));
        }
        let mut offset = split + 2;
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            signatures.push(NoteSignature::parse(line, offset)?);
            offset += line.len() + 1;
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// The note's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let lines: String = self.signatures.iter().map(ToString::to_string).collect();
        format!("{}\n{lines}", self.text).into_bytes()
    }
}

/// A key as notes know it: with a name and for one type of signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: Origin,
    signature_type: SignatureType,
    key: PublicKey,
    key_id: u32,
}

impl VerifierKey {
    /// Gives a key its name and type in notes.
    pub fn new(name: Origin, signature_type: SignatureType, key: PublicKey) -> Self {
        let hash = Hash::of_parts(&[name.as_str().as_bytes(), b"\n", &[signature_type.number()], key.as_bytes()]);
        let [a, b, c, d, ..] = hash.0;
        Self { name, signature_type, key, key_id: u32::from_be_bytes([a, b, c, d]) }
    }

    /// Gives a key its name as a cosigner; the type is that of its algorithm.
    pub fn cosigner(name: Origin, key: PublicKey) -> Self {
        Self::new(name, SignatureType::of_cosigner(key.algorithm()), key)
    }

    /// The key's name.
    pub fn name(&self) -> &Origin {
        &self.name
    }

    /// What it signs.
    pub fn signature_type(&self) -> SignatureType {
        self.signature_type
    }

    /// The key itself.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Its short id in signature lines.
    pub fn key_id(&self) -> u32 {
        self.key_id
    }

    /// Checks raw signature bytes over what its type has signed.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), NoteError> {
        let algorithm = self.key.algorithm();
        let verified = if algorithm == self.signature_type.algorithm() {
            self.key.verify(message, signature)
        } else {
            Err(KeyError::Unsupported { algorithm })
        };
        verified.map_err(|reason| NoteError::Signature { name: self.name.clone(), reason })
    }

    /// Whether a signature line says that it is by this key.
    pub fn is_named_by(&self, signature: &NoteSignature) -> bool {
        signature.name == self.name.as_str() && signature.key_id == self.key_id
    }
}

impl fmt::Display for VerifierKey {
    /// The vkey: `name+id+base64(type || key)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[self.signature_type.number()], self.key.as_bytes()].concat();
        write!(f, "{}+{:08x}+{}", self.name, self.key_id, BASE64.encode(bytes))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(vkey: &str) -> Result<Self, NoteError> {
        let refused = |reason| malformed("vkey", 0, reason);
        let mut fields = vkey.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (fields.next(), fields.next(), fields.next()) else {
            return Err(refused("is not name+id+key"));
        };
        let name = Origin::new(name).map_err(|error| refused(error.form))?;
        let bytes = BASE64.decode(key).map_err(|_| refused("has a key that is not canonical base64"))?;
        let (number, key) = bytes.split_first().ok_or_else(|| refused("has no key"))?;
        let signature_type = SignatureType::ALL
            .into_iter()
            .find(|kind| kind.number() == *number)
            .ok_or_else(|| refused("has a signature type other than 1, 4 and 6"))?;
        let key = PublicKey::new(signature_type.algorithm(), key)
            .map_err(|_| refused("has a key that is not valid for its signature type"))?;
        let verifier = Self::new(name, signature_type, key);
        if format!("{:08x}", verifier.key_id) == id { Ok(verifier) } else { Err(refused("has an id of another key")) }
    }
}
