//! The act: what a role signs, on its own device if need be (docs/record-format.md, section 4).
//! Its place in a log comes later, from the node, and is bound by the log's checkpoint.

use std::fmt;
use std::sync::OnceLock;

use crate::cbor::{self, DecodeError, Reader};
use crate::hash::Hash;
use crate::key::{KeyError, KeyId, PublicKey, Signature, Signer, SignerError};
use crate::name::PartyName;

/// Which of a party's two logs of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum LogClass {
    /// Everything that can wait for what is urgent. Number 0.
    Routine,
    /// STOP and its rungs, test calls, suspension. Number 1.
    Urgent,
}

impl LogClass {
    /// Both classes, in the order of logs.
    pub const ALL: [Self; 2] = [Self::Routine, Self::Urgent];

    /// Number in the formats.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The class of a number, if there is one.
    pub fn from_number(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|class| u64::from(class.number()) == number)
    }

    /// Last element of the log's origin.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Routine => "routine",
            Self::Urgent => "urgent",
        }
    }
}

impl fmt::Display for LogClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Identifies a message for good; a second act of one author with the same id is a replay.
pub type MessageId = [u8; 16];

/// What a role signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// SHA-256 of the genesis bytes of the channel.
    pub channel: Hash,
    /// Epoch of the channel, counted up by each resumption.
    pub epoch: u64,
    /// Party on whose behalf it is signed.
    pub author: PartyName,
    /// Log that it belongs to.
    pub log_class: LogClass,
    /// Kind of message: `Act::GENESIS`, `Act::KEY_CHANGE`, `Act::ERASED`, `Act::KEY_ROTATION`, or as docs/channel-protocol.md numbers them.
    pub kind: u16,
    /// Id of the message.
    pub message_id: MessageId,
    /// Leaf hashes of entries that it cites; at most `Act::REFERENCES_MAX`.
    pub references: Vec<Hash>,
    /// Time the author claims, ns since the Unix epoch, UTC. Proof of time comes from witnesses, never from here.
    pub claimed_time: i64,
    /// Commitments to its body parts; at most `Act::COMMITMENTS_MAX`.
    pub commitments: Vec<Hash>,
}

impl Act {
    /// Kind of entry 0 of every log of a channel, and of no other entry.
    pub const GENESIS: u16 = 0;
    /// Kind of a change of the keys that sign acts, signed by the author's root.
    pub const KEY_CHANGE: u16 = 15;
    /// Kind of an entry that erases bodies of its author, signed by an officer.
    pub const ERASED: u16 = 24;
    /// Kind of a rotation of the keys that sign notes, signed by the author's root.
    pub const KEY_ROTATION: u16 = 25;
    /// Most references of one act.
    pub const REFERENCES_MAX: usize = 64;
    /// Most body parts of one act.
    pub const COMMITMENTS_MAX: usize = 16;
    /// Longest act, in bytes.
    pub const BYTES_MAX: usize = 4096;

    /// Whether it is one that tells keys, and has the one part that says which.
    pub fn tells_keys(&self) -> bool {
        matches!(self.kind, Self::KEY_CHANGE | Self::KEY_ROTATION) && self.commitments.len() == 1
    }

    /// The act's deterministic bytes. Fails when it has too many references or commitments.
    pub fn encode(&self) -> Result<Vec<u8>, DecodeError> {
        if self.references.len() > Self::REFERENCES_MAX {
            return Err(DecodeError::unwritable("act", "references", "has more items than allowed"));
        }
        if self.commitments.len() > Self::COMMITMENTS_MAX {
            return Err(DecodeError::unwritable("act", "commitments", "has more items than allowed"));
        }
        Ok(self.write())
    }

    /// Reads an act; the inverse of `encode`.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        cbor::decode("act", Self::BYTES_MAX, bytes, Self::read, Self::write)
    }

    /// What is signed over the act's bytes.
    pub fn message_to_sign(act_bytes: &[u8]) -> Vec<u8> {
        [b"skypact/v1/act\n", act_bytes].concat()
    }

    fn write(&self) -> Vec<u8> {
        cbor::encode(|w| {
            w.map(10)?.u8(0)?.u64(crate::FORMAT_VERSION)?;
            w.u8(1)?.bytes(&self.channel.0)?;
            w.u8(2)?.u64(self.epoch)?;
            w.u8(3)?.str(self.author.as_str())?;
            w.u8(4)?.u8(self.log_class.number())?;
            w.u8(5)?.u16(self.kind)?;
            w.u8(6)?.bytes(&self.message_id)?;
            w.u8(7)?;
            cbor::write_hashes(w, &self.references)?;
            w.u8(8)?.i64(self.claimed_time)?;
            w.u8(9)?;
            cbor::write_hashes(w, &self.commitments)
        })
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.map(10)?;
        r.version()?;
        r.key(1, "channel")?;
        let channel = r.hash()?;
        r.key(2, "epoch")?;
        let epoch = r.u64()?;
        r.key(3, "author")?;
        let author = r.name()?;
        r.key(4, "log class")?;
        let log_class = LogClass::from_number(r.u64()?).ok_or_else(|| r.error("names no log class"))?;
        r.key(5, "kind")?;
        let kind = u16::try_from(r.u64()?).map_err(|_| r.error("is more than 65535"))?;
        r.key(6, "message id")?;
        let message_id = r.fixed()?;
        r.key(7, "references")?;
        let references = r.list(Self::REFERENCES_MAX as u64, Reader::hash)?;
        r.key(8, "claimed time")?;
        let claimed_time = r.i64()?;
        r.key(9, "commitments")?;
        let commitments = r.list(Self::COMMITMENTS_MAX as u64, Reader::hash)?;
        Ok(Self { channel, epoch, author, log_class, kind, message_id, references, claimed_time, commitments })
    }
}

/// An act, its exact bytes and a signature by one key over them. Whether the signature holds is asked with `verify`.
#[derive(Debug, Clone)]
pub struct SignedAct {
    bytes: Vec<u8>,
    act: Act,
    signature: Signature,
    /// The key under which the signature was found to hold. Nothing of the act changes after it was made, so that once is
    /// enough: who asks many at once finds out beside the thread that decides.
    holds_under: OnceLock<KeyId>,
}

impl PartialEq for SignedAct {
    fn eq(&self, other: &Self) -> bool {
        (&self.bytes, &self.signature) == (&other.bytes, &other.signature)
    }
}

impl Eq for SignedAct {}

impl SignedAct {
    /// Encodes `act` and has `signer` sign it.
    pub fn sign(act: Act, signer: &dyn Signer) -> Result<Self, SignActError> {
        let bytes = act.encode()?;
        let signature = Signature::sign(signer, &Act::message_to_sign(&bytes))?;
        Ok(Self { bytes, act, signature, holds_under: OnceLock::new() })
    }

    /// Puts together act bytes and a signature that was made elsewhere, such as on an officer's device.
    pub fn assemble(act_bytes: Vec<u8>, signature: Signature) -> Result<Self, DecodeError> {
        let act = Act::decode(&act_bytes)?;
        if !signature.has_its_length() {
            return Err(DecodeError::unwritable("act", "signature", "is a signature of the wrong length"));
        }
        Ok(Self { bytes: act_bytes, act, signature, holds_under: OnceLock::new() })
    }

    /// The act.
    pub fn act(&self) -> &Act {
        &self.act
    }

    /// The act's exact bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The signature over them.
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Checks the signature. That `key` belongs to the author, with a role that signs acts, is for `Genesis::act_key`.
    pub fn verify(&self, key: &PublicKey) -> Result<(), KeyError> {
        if self.holds_under.get() == Some(&key.id()) {
            return Ok(());
        }
        self.signature.verify(key, &Act::message_to_sign(&self.bytes))?;
        // Two that find out at the same time find out the same.
        let _ = self.holds_under.set(key.id());
        Ok(())
    }
}

/// An act could not be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignActError {
    /// The act itself cannot be written.
    #[error(transparent)]
    Act(#[from] DecodeError),
    /// The signer refused.
    #[error(transparent)]
    Signer(#[from] SignerError),
}

impl SignActError {
    /// Stable code of this kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Act(error) => error.code(),
            Self::Signer(error) => error.code(),
        }
    }
}
