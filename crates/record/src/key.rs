//! Public keys, signatures and the one rule for each algorithm (RFC 8032, FIPS 204; docs/record-format.md, section 3).
//! Private keys never come here: whoever holds one implements `Signer` elsewhere.

use std::fmt;
use std::sync::Arc;

use crate::cbor::{DecodeError, Reader, Writer, Written};
use crate::ed25519::Ed25519Key;
use crate::hash::Hash;
use crate::ml_dsa_44::MlDsa44Key;

/// How a signature is made. In version 1 acts and the genesis verify under Ed25519 alone, notes under ML-DSA-44 too; ES256 has its number so that a
/// pact can name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Algorithm {
    /// Ed25519 (RFC 8032), strict rule. Number 1.
    Ed25519,
    /// ML-DSA-44 (FIPS 204) with an empty context. Number 2.
    MlDsa44,
    /// ES256 by a passkey whose challenge is the SHA-256 of the message (`WebAuthn` Level 3). Number 3.
    WebauthnEs256,
}

impl Algorithm {
    /// Number in the formats.
    pub fn number(self) -> u8 {
        match self {
            Self::Ed25519 => 1,
            Self::MlDsa44 => 2,
            Self::WebauthnEs256 => 3,
        }
    }

    /// The algorithm of a number, if there is one.
    pub fn from_number(number: u64) -> Option<Self> {
        [Self::Ed25519, Self::MlDsa44, Self::WebauthnEs256].into_iter().find(|a| u64::from(a.number()) == number)
    }

    /// Length of a public key, in bytes.
    pub fn key_length(self) -> usize {
        match self {
            Self::Ed25519 => 32,
            Self::MlDsa44 => 1312,
            Self::WebauthnEs256 => 65,
        }
    }

    /// Whether a signature may have `length` bytes.
    pub(crate) fn allows_signature_length(self, length: usize) -> bool {
        match self {
            Self::Ed25519 => length == 64,
            Self::MlDsa44 => length == 2420,
            Self::WebauthnEs256 => (1..=4096).contains(&length),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ed25519 => "ed25519",
            Self::MlDsa44 => "ml-dsa-44",
            Self::WebauthnEs256 => "webauthn-es256",
        })
    }
}

/// What a key is for. One key has one role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum KeyRole {
    /// Signs the genesis; kept offline. Number 1.
    Root,
    /// Signs the machine's acts. Number 2.
    Node,
    /// Signs a person's acts, on that person's device. Number 3.
    Officer,
    /// Authenticates connections; signs nothing in the record. Number 4.
    Transport,
    /// Signs the checkpoints of the party's logs. Number 5.
    Checkpoint,
    /// Signs receipts for the counterpart's logs. Number 6.
    Mirror,
    /// Cosigns checkpoints of others. Number 7.
    Witness,
}

impl KeyRole {
    /// Every role, ascending by number.
    pub const ALL: [Self; 7] =
        [Self::Root, Self::Node, Self::Officer, Self::Transport, Self::Checkpoint, Self::Mirror, Self::Witness];

    /// Number in the formats.
    pub fn number(self) -> u8 {
        self as u8 + 1
    }

    /// The role of a number, if there is one.
    pub fn from_number(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|role| u64::from(role.number()) == number)
    }

    /// The word for it in text files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Node => "node",
            Self::Officer => "officer",
            Self::Transport => "transport",
            Self::Checkpoint => "checkpoint",
            Self::Mirror => "mirror",
            Self::Witness => "witness",
        }
    }

    /// The role of a word, if there is one.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// Whether such a key may sign an act.
    pub fn signs_acts(self) -> bool {
        matches!(self, Self::Root | Self::Node | Self::Officer)
    }
}

impl fmt::Display for KeyRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a key or a signature was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The bytes are no public key of the algorithm, or one of small order.
    #[error("public key is not a valid {algorithm} key")]
    InvalidKey {
        /// Algorithm the key was given for.
        algorithm: Algorithm,
    },
    /// The signature does not hold over the message.
    #[error("signature does not hold over the message")]
    InvalidSignature,
    /// The signature names another key or algorithm than the one it is checked against.
    #[error("signature is by another key than {expected}")]
    OtherKey {
        /// Key it was checked against.
        expected: KeyId,
    },
    /// The algorithm has a number in the format, but version 1 does not verify such signatures in this place.
    #[error("signatures of {algorithm} are unsupported here in version 1")]
    Unsupported {
        /// The algorithm.
        algorithm: Algorithm,
    },
}

impl KeyError {
    /// Stable code of this kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidKey { .. } => "key-invalid",
            Self::InvalidSignature => "signature-invalid",
            Self::OtherKey { .. } => "signature-other-key",
            Self::Unsupported { .. } => "algorithm-unsupported",
        }
    }
}

/// Identifies a public key: SHA-256 over a prefix, its algorithm and its bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct KeyId(pub Hash);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A public key that was checked when it was read.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
#[serde(into = "(Algorithm, Vec<u8>)", try_from = "(Algorithm, Vec<u8>)")]
pub struct PublicKey {
    algorithm: Algorithm,
    bytes: Vec<u8>,
    id: KeyId,
    decoded: Decoded,
}

/// What checks signatures: decoded once for a hundred thousand checks, and shared by the clones.
#[derive(Clone)]
enum Decoded {
    Ed25519(Arc<Ed25519Key>),
    MlDsa44(Arc<MlDsa44Key>),
    /// Has its number and no verifier in version 1.
    WebauthnEs256,
}

impl PublicKey {
    /// Signatures that an Ed25519 key checks before it gets a table of its multiples, which makes every later check about twice as fast.
    /// A table is 215 KiB; clones share it.
    pub const CHECKS_BEFORE_TABLE: u32 = Ed25519Key::CHECKS_BEFORE_TABLE;

    /// Checks `bytes` as a key of `algorithm`: the length, and for Ed25519 that it is a canonical point that is not of small order.
    pub fn new(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, KeyError> {
        let invalid = KeyError::InvalidKey { algorithm };
        if bytes.len() != algorithm.key_length() {
            return Err(invalid);
        }
        let decoded = match algorithm {
            Algorithm::Ed25519 => Decoded::Ed25519(Arc::new(Ed25519Key::decode(bytes).ok_or(invalid)?)),
            Algorithm::MlDsa44 => Decoded::MlDsa44(Arc::new(MlDsa44Key::decode(bytes).ok_or(invalid)?)),
            Algorithm::WebauthnEs256 => Decoded::WebauthnEs256,
        };
        let id = KeyId(Hash::of_parts(&[b"skypact/v1/key\n", &[algorithm.number()], bytes]));
        Ok(Self { algorithm, bytes: bytes.to_vec(), id, decoded })
    }

    /// An Ed25519 key of its 32 bytes.
    pub fn ed25519(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        Self::new(Algorithm::Ed25519, bytes)
    }

    /// The key's algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key's bytes, in the form of its algorithm.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The key's id.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Checks raw signature bytes over `message`, by the strict rule of the algorithm (docs/record-format.md, section 3).
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), KeyError> {
        let holds = match &self.decoded {
            Decoded::Ed25519(key) => {
                ed25519_dalek::Signature::from_slice(signature).is_ok_and(|signature| key.holds(message, &signature))
            }
            Decoded::MlDsa44(key) => key.holds(message, signature),
            Decoded::WebauthnEs256 => return Err(KeyError::Unsupported { algorithm: self.algorithm }),
        };
        if holds { Ok(()) } else { Err(KeyError::InvalidSignature) }
    }
}

impl From<PublicKey> for (Algorithm, Vec<u8>) {
    fn from(key: PublicKey) -> Self {
        (key.algorithm, key.bytes)
    }
}

impl TryFrom<(Algorithm, Vec<u8>)> for PublicKey {
    type Error = KeyError;

    fn try_from((algorithm, bytes): (Algorithm, Vec<u8>)) -> Result<Self, KeyError> {
        Self::new(algorithm, &bytes)
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm && self.bytes == other.bytes
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm, self.id)
    }
}

/// A signature of an act or a genesis, as the record keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// How it was made.
    pub algorithm: Algorithm,
    /// By which key.
    pub key_id: KeyId,
    /// The raw signature, in the form of the algorithm.
    pub bytes: Vec<u8>,
}

impl Signature {
    /// Has `signer` sign the exact bytes of `message`.
    pub fn sign(signer: &dyn Signer, message: &[u8]) -> Result<Self, SignerError> {
        let key = signer.public_key();
        let signature = Self { algorithm: key.algorithm(), key_id: key.id(), bytes: signer.sign(message)? };
        if signature.has_its_length() {
            return Ok(signature);
        }
        let reason = format!("its signature is not as long as one of {}", key.algorithm());
        Err(SignerError { key_id: key.id(), reason })
    }

    /// Whether the raw signature has a length that its algorithm allows; no other can be written and read again.
    pub(crate) fn has_its_length(&self) -> bool {
        self.algorithm.allows_signature_length(self.bytes.len())
    }

    /// Checks that this signature is by `key` and holds over `message`. Version 1 verifies Ed25519 alone here.
    pub fn verify(&self, key: &PublicKey, message: &[u8]) -> Result<(), KeyError> {
        if self.key_id != key.id() || self.algorithm != key.algorithm() {
            return Err(KeyError::OtherKey { expected: key.id() });
        }
        if self.algorithm != Algorithm::Ed25519 {
            return Err(KeyError::Unsupported { algorithm: self.algorithm });
        }
        key.verify(message, &self.bytes)
    }

    pub(crate) fn write(&self, w: &mut Writer<'_>) -> Written {
        w.array(3)?.u8(self.algorithm.number())?.bytes(&self.key_id.0.0)?.bytes(&self.bytes)?;
        Ok(())
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.tuple(3)?;
        let algorithm = Algorithm::from_number(r.u64()?).ok_or_else(|| r.error("names no algorithm"))?;
        let key_id = KeyId(r.hash()?);
        let signature = Self { algorithm, key_id, bytes: r.bytes()?.to_vec() };
        if signature.has_its_length() { Ok(signature) } else { Err(r.error("is a signature of the wrong length")) }
    }
}

/// Whoever holds a private key. Implementations live in the shell and in the simulator.
pub trait Signer {
    /// The key that signatures will verify with.
    fn public_key(&self) -> &PublicKey;

    /// Signs exactly `message`, and returns the raw signature in the form of the key's algorithm.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError>;
}

/// A signer did not sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("key {key_id} cannot sign: {reason}")]
pub struct SignerError {
    /// Key that was asked for.
    pub key_id: KeyId,
    /// Why not, and what to do.
    pub reason: String,
}

impl SignerError {
    /// Stable code of this kind of error.
    pub fn code(&self) -> &'static str {
        "signer-unavailable"
    }
}
