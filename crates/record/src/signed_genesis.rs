//! A genesis with the root signatures of both parties: what becomes entry 0 of each log (docs/record-format.md, section 7).

use crate::cbor::{self, DecodeError, Reader};
use crate::genesis::Genesis;
use crate::hash::Hash;
use crate::key::{KeyError, KeyRole, Signature};

/// A genesis and the root signatures of both parties. Whether they hold is asked with `verify`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedGenesis {
    bytes: Vec<u8>,
    genesis: Genesis,
    signatures: [Signature; 2],
}

impl SignedGenesis {
    /// Longest signed genesis, in bytes: it must fit a part.
    pub const BYTES_MAX: usize = crate::Part::CONTENT_MAX;

    /// Puts genesis bytes and both signatures together, in the order of the parties. Fails when the whole does not fit a part.
    pub fn assemble(genesis_bytes: Vec<u8>, signatures: [Signature; 2]) -> Result<Self, DecodeError> {
        let genesis = Genesis::decode(&genesis_bytes)?;
        if !signatures.iter().all(Signature::has_its_length) {
            return Err(DecodeError::unwritable("signed genesis", "signatures", "hold one of the wrong length"));
        }
        let signed = Self { bytes: genesis_bytes, genesis, signatures };
        let length = signed.encode().len();
        if length > Self::BYTES_MAX {
            return Err(DecodeError::TooLong { object: "signed genesis", length, length_max: Self::BYTES_MAX });
        }
        Ok(signed)
    }

    /// The genesis.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The genesis's exact bytes.
    pub fn genesis_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Root signatures in the order of the parties.
    pub fn signatures(&self) -> &[Signature; 2] {
        &self.signatures
    }

    /// The channel: SHA-256 of the genesis bytes.
    pub fn channel(&self) -> Hash {
        Hash::of(&self.bytes)
    }

    /// Checks that the root key of each party signed these bytes.
    pub fn verify(&self) -> Result<(), KeyError> {
        let message = Genesis::message_to_sign(&self.bytes);
        self.genesis.parties.iter().zip(&self.signatures).try_for_each(|(party, signature)| {
            let root = party.key_of(KeyRole::Root).expect("a genesis that decodes has root keys");
            signature.verify(root, &message)
        })
    }

    /// Deterministic bytes: the body of entry 0 of each log.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(|w| {
            w.map(2)?.u8(0)?.bytes(&self.bytes)?.u8(1)?.array(2)?;
            self.signatures.iter().try_for_each(|signature| signature.write(w))
        })
    }

    /// Reads a signed genesis; the inverse of `encode`.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        cbor::decode("signed genesis", Self::BYTES_MAX, bytes, Self::read, Self::encode)
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.map(2)?;
        r.key(0, "genesis")?;
        let genesis_bytes = r.bytes()?.to_vec();
        r.key(1, "signatures")?;
        r.tuple(2)?;
        Self::assemble(genesis_bytes, [Signature::read(r)?, Signature::read(r)?])
    }
}
