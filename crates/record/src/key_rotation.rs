//! Rotations of the keys of which a party has one for each role: checkpoint, mirror, transport, root (docs/record-format.md, section 18). A
//! rotation stands in both logs of its author, and each log carries the history of its own keys.

use crate::cbor::{self, DecodeError, Reader};
use crate::hash::Hash;
use crate::key::{Algorithm, KeyError, KeyRole, PublicKey, Signer, SignerError};
use crate::name::PartyName;

/// A key that takes the place of the one of its role and algorithm.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RotatedKey {
    /// What it is for: checkpoints, receipts, connections, or what the root signs.
    pub role: KeyRole,
    /// The key: Ed25519; of ML-DSA-44 for checkpoints and receipts alone.
    pub key: PublicKey,
    /// Signature by the key itself: whoever names it holds it.
    pub possession: Vec<u8>,
}

/// Body of an entry of kind [`crate::Act::KEY_ROTATION`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRotation {
    /// The new keys, ascending by role and algorithm; 1 or 2.
    pub keys: Vec<RotatedKey>,
    /// Sizes of the author's routine and urgent log up to which the author vouches for what the replaced keys signed.
    pub trusted: [u64; 2],
}

impl RotatedKey {
    /// Names the key of `signer`, which shows that it is held.
    pub fn new(role: KeyRole, channel: Hash, author: &PartyName, signer: &dyn Signer) -> Result<Self, SignerError> {
        let key = signer.public_key().clone();
        let possession = signer.sign(&message_to_sign(channel, role, &key, author))?;
        Ok(Self { role, key, possession })
    }

    /// Whether the key itself signed that it is named so.
    pub fn verify(&self, channel: Hash, author: &PartyName) -> Result<(), KeyError> {
        self.key.verify(&message_to_sign(channel, self.role, &self.key, author), &self.possession)
    }

    fn place(&self) -> (u8, u8) {
        (self.role.number(), self.key.algorithm().number())
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.tuple(4)?;
        let role = KeyRole::from_number(r.u64()?).ok_or_else(|| r.error("names no role"))?;
        let algorithm = Algorithm::from_number(r.u64()?).ok_or_else(|| r.error("names no algorithm"))?;
        let key = PublicKey::new(algorithm, r.bytes()?);
        let key = key.map_err(|_| r.error("is not a valid key of its algorithm"))?;
        Ok(Self { role, key, possession: r.bytes()?.to_vec() })
    }
}

fn message_to_sign(channel: Hash, role: KeyRole, key: &PublicKey, author: &PartyName) -> Vec<u8> {
    [b"skypact/v1/rotation\n", &channel.0[..], &[role.number()], key.as_bytes(), author.as_str().as_bytes()].concat()
}

impl KeyRotation {
    const KEYS_MAX: u64 = 2;
    /// Longest body, in bytes.
    pub const BYTES_MAX: usize = 16_384;

    /// The body's deterministic bytes. Fails when it names no key, or one that does not rotate.
    pub fn encode(&self) -> Result<Vec<u8>, DecodeError> {
        self.check().map_err(|reason| DecodeError::unwritable("key rotation", "keys", reason))?;
        Ok(self.write())
    }

    /// Reads a body; the inverse of `encode`. Whether it may be made is asked of a [`crate::KeyHistory`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        cbor::decode("key rotation", Self::BYTES_MAX, bytes, Self::read, Self::write)
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.keys.is_empty() || self.keys.len() as u64 > Self::KEYS_MAX {
            return Err("does not have 1 or 2 keys");
        }
        if !self.keys.is_sorted_by(|a, b| a.place() < b.place()) {
            return Err("is not ascending by role and algorithm, each pair once");
        }
        let rotates = |key: &RotatedKey| {
            let algorithm = key.key.algorithm();
            let fits = match key.role {
                KeyRole::Checkpoint | KeyRole::Mirror => {
                    matches!(algorithm, Algorithm::Ed25519 | Algorithm::MlDsa44)
                }
                KeyRole::Transport | KeyRole::Root => algorithm == Algorithm::Ed25519,
                KeyRole::Node | KeyRole::Officer | KeyRole::Witness => false,
            };
            fits && algorithm.allows_signature_length(key.possession.len())
        };
        if self.keys.iter().all(rotates) {
            return Ok(());
        }
        Err(
            "has a key that is not for checkpoints, receipts, connections or the root, of an algorithm that signs none, or with a possession of another length than its signatures",
        )
    }

    fn write(&self) -> Vec<u8> {
        cbor::encode(|w| {
            w.map(3)?.u8(0)?.u64(crate::FORMAT_VERSION)?;
            w.u8(1)?.array(self.keys.len() as u64)?;
            for RotatedKey { role, key, possession } in &self.keys {
                w.array(4)?.u8(role.number())?.u8(key.algorithm().number())?;
                w.bytes(key.as_bytes())?.bytes(possession)?;
            }
            w.u8(2)?.array(2)?.u64(self.trusted[0])?.u64(self.trusted[1])?;
            Ok(())
        })
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.map(3)?;
        r.version()?;
        r.key(1, "keys")?;
        let keys = r.list(Self::KEYS_MAX, RotatedKey::read)?;
        r.key(2, "trusted")?;
        r.tuple(2)?;
        let rotation = Self { keys, trusted: [r.u64()?, r.u64()?] };
        rotation.check().map_err(|reason| r.error(reason))?;
        Ok(rotation)
    }
}
