//! Bytes sealed for one party, so that they can pass through a third party's hands (HPKE, RFC 9180; docs/record-format.md,
//! section 14), and the signed announcement of the key that they are sealed to. The sender's randomness is an argument: who is shown
//! it later can make the same bytes again, and so sees what was sealed.

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{Infallible, TryCryptoRng, TryRng};
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use zeroize::Zeroizing;

use crate::cbor::{self, DecodeError, Reader};
use crate::hash::Hash;
use crate::key::{KeyError, KeyId, PublicKey, Signature, Signer, SignerError};
use crate::name::PartyName;

const INFO_PREFIX: &[u8] = b"skypact/v1/drop\n";
const ANNOUNCEMENT_PREFIX: &[u8] = b"skypact/v1/sealing\n";

/// A public key of X25519 that bytes are sealed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealingKey(pub [u8; 32]);

/// Why bytes could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The key is a point of small order, to which nothing can be sealed.
    #[error("sealing key: leads to no shared secret; ask its owner for another")]
    Key,
    /// The sealed bytes are shorter than the least that sealing gives.
    #[error("sealed bytes: are cut off")]
    TooShort,
    /// They were not sealed to this key for this channel and party, or were changed.
    #[error("sealed bytes: do not open with this key; they are for another, or were changed")]
    NotOpened,
}

impl SealError {
    /// Stable code of this kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Key => "sealing-key-invalid",
            Self::TooShort => "sealed-too-short",
            Self::NotOpened => "sealed-not-opened",
        }
    }
}

/// Bytes that sealing adds: the sender's key and the tag.
pub const SEALED_OVERHEAD: usize = 32 + 16;

/// Seals `bytes` to `key` for `recipient` in `channel`. `ephemeral` is random, used once, and secret until its owner wants
/// to show what was sealed.
pub fn seal(
    key: SealingKey,
    channel: Hash,
    recipient: &PartyName,
    ephemeral: &[u8; 32],
    bytes: &[u8],
) -> Result<Vec<u8>, SealError> {
    type PublicKey = <X25519HkdfSha256 as Kem>::PublicKey;
    let public = PublicKey::from_bytes(&key.0).map_err(|_| SealError::Key)?;
    let info = info(channel, recipient);
    let sealed = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeS::Base,
        &public,
        &info,
        bytes,
        &[],
        &mut Once(Some(Zeroizing::new(*ephemeral))),
    );
    let (encapsulated, ciphertext) = sealed.map_err(|_| SealError::Key)?;
    Ok([&encapsulated.to_bytes()[..], &ciphertext].concat())
}

/// Opens what was sealed to the key of this secret.
pub fn open(secret: &[u8; 32], channel: Hash, recipient: &PartyName, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
    type PrivateKey = <X25519HkdfSha256 as Kem>::PrivateKey;
    type EncappedKey = <X25519HkdfSha256 as Kem>::EncappedKey;
    if sealed.len() < SEALED_OVERHEAD {
        return Err(SealError::TooShort);
    }
    let (encapsulated, ciphertext) = sealed.split_at(32);
    let secret = PrivateKey::from_bytes(secret).map_err(|_| SealError::Key)?;
    let encapsulated = EncappedKey::from_bytes(encapsulated).map_err(|_| SealError::NotOpened)?;
    hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeR::Base,
        &secret,
        &encapsulated,
        &info(channel, recipient),
        ciphertext,
        &[],
    )
    .map_err(|_| SealError::NotOpened)
}

/// The public key of a secret.
pub fn sealing_key(secret: &[u8; 32]) -> SealingKey {
    type PrivateKey = <X25519HkdfSha256 as Kem>::PrivateKey;
    let secret = PrivateKey::from_bytes(secret).expect("every 32 bytes are a secret of X25519");
    SealingKey(X25519HkdfSha256::sk_to_pk(&secret).to_bytes().into())
}

fn info(channel: Hash, recipient: &PartyName) -> Vec<u8> {
    [INFO_PREFIX, &channel.0, recipient.as_str().as_bytes()].concat()
}

/// Gives its 32 bytes, and panics when asked for more: sealing takes them once, to derive its key pair from.
struct Once(Option<Zeroizing<[u8; 32]>>);

impl TryRng for Once {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        unreachable!("sealing asks for bytes alone")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        unreachable!("sealing asks for bytes alone")
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        let bytes = self.0.take().expect("sealing asks once");
        out.copy_from_slice(&bytes[..]);
        Ok(())
    }
}

impl TryCryptoRng for Once {}

/// What a party's node says about the key that bytes for it are sealed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealingAnnouncement {
    /// The channel.
    pub channel: Hash,
    /// The party.
    pub party: PartyName,
    /// The key.
    pub key: SealingKey,
    /// When it was said, by the node's clock, ns since the Unix epoch, UTC. A later one takes the place of an earlier one.
    pub claimed_ns: i64,
}

/// An announcement with the signature of one of the party's node keys. It decodes whether or not that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedSealing {
    announcement: SealingAnnouncement,
    signature: Signature,
}

impl SealingAnnouncement {
    /// Longest announcement, in bytes.
    pub const BYTES_MAX: usize = 256;

    /// The announcement's deterministic bytes.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(|w| {
            w.map(5)?.u8(0)?.u64(crate::FORMAT_VERSION)?;
            w.u8(1)?.bytes(&self.channel.0)?.u8(2)?.str(self.party.as_str())?;
            w.u8(3)?.bytes(&self.key.0)?.u8(4)?.i64(self.claimed_ns)?.ok()
        })
    }

    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        cbor::decode("sealing announcement", Self::BYTES_MAX, bytes, Self::read, Self::encode)
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.map(5)?;
        r.version()?;
        r.key(1, "channel")?;
        let channel = r.hash()?;
        r.key(2, "party")?;
        let party = r.name()?;
        r.key(3, "key")?;
        let key = SealingKey(r.hash()?.0);
        r.key(4, "claimed time")?;
        Ok(Self { channel, party, key, claimed_ns: r.i64()? })
    }

    /// Has a node key of the party sign.
    pub fn sign(self, signer: &dyn Signer) -> Result<SignedSealing, SignerError> {
        let signature = Signature::sign(signer, &message(&self))?;
        Ok(SignedSealing { announcement: self, signature })
    }
}

impl SignedSealing {
    /// Longest, in bytes.
    pub const BYTES_MAX: usize = 8192;

    /// Its deterministic bytes.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(|w| {
            w.array(2)?.bytes(&self.announcement.encode())?;
            self.signature.write(w)
        })
    }

    /// Reads an announcement with its signature; the inverse of `encode`.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        cbor::decode("sealing announcement", Self::BYTES_MAX, bytes, Self::read, Self::encode)
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.tuple(2)?;
        let announcement = SealingAnnouncement::decode(r.bytes()?)?;
        Ok(Self { announcement, signature: Signature::read(r)? })
    }

    /// What is announced.
    pub fn announcement(&self) -> &SealingAnnouncement {
        &self.announcement
    }

    /// Which key signed.
    pub fn signer(&self) -> KeyId {
        self.signature.key_id
    }

    /// Checks the signature. That `key` is a node key of the party is for the caller to have found in the genesis.
    pub fn verify(&self, key: &PublicKey) -> Result<(), KeyError> {
        self.signature.verify(key, &message(&self.announcement))
    }
}

fn message(announcement: &SealingAnnouncement) -> Vec<u8> {
    [ANNOUNCEMENT_PREFIX, &announcement.encode()].concat()
}
