//! How a message becomes an entry. Whoever acts, an officer's device or the node itself, drafts an act over the
//! message, signs it, and hands in a [`Submission`]; the writer gives it its place in the log.

use skypact_airspace::UtcNanos;
use skypact_record::{Act, DecodeError, Hash, LogClass, Part, PartyName, SignActError, Signature, SignedAct, Signer};

use crate::message::Message;

/// Where ids and salts come from: the operating system in the shell, a seed in tests.
pub trait Entropy {
    /// A message id that its author never used before: `UUIDv7` layout for `now`.
    fn message_id(&mut self, now: UtcNanos) -> [u8; 16];
    /// A salt that nobody can guess.
    fn salt(&mut self) -> [u8; 32];
}

/// What an act says besides its message: which channel, in which epoch, whose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Identity of the channel.
    pub channel: Hash,
    /// Epoch of the channel.
    pub epoch: u64,
    /// The acting party.
    pub author: PartyName,
}

/// An act before it is signed, with the part that it commits to.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What will be signed.
    pub act: Act,
    /// The body.
    pub part: Part,
}

/// A signed act with its body, ready for the writer.
#[derive(Debug, Clone)]
pub struct Submission {
    /// What was signed, and the signature.
    pub act: SignedAct,
    /// The body.
    pub part: Part,
}

impl Draft {
    /// Drafts an act over `message` for the log of its kind, citing `references` (leaf hashes). What stands in both logs is
    /// drafted for the routine one.
    pub fn new(
        facts: &Facts,
        message: &Message,
        references: Vec<Hash>,
        now: UtcNanos,
        entropy: &mut dyn Entropy,
    ) -> Self {
        let kind = message.kind();
        let mut draft = Self::over_bytes(facts, kind.wire(), message.encode(), references, now, entropy);
        draft.act.log_class = kind.log_class().unwrap_or(LogClass::Routine);
        draft
    }

    /// Drafts an act over body bytes: [`Draft::new`] for messages, and entry 0 for the genesis.
    pub(crate) fn over_bytes(
        facts: &Facts,
        kind: u16,
        bytes: Vec<u8>,
        references: Vec<Hash>,
        now: UtcNanos,
        entropy: &mut dyn Entropy,
    ) -> Self {
        let part = Part { salt: entropy.salt(), bytes };
        let act = Act {
            channel: facts.channel,
            epoch: facts.epoch,
            author: facts.author.clone(),
            log_class: LogClass::Routine,
            kind,
            message_id: entropy.message_id(now),
            references,
            claimed_time: now.0,
            commitments: vec![part.commitment()],
        };
        Self { act, part }
    }

    /// Signs with the key of an officer or of the node.
    pub fn sign(self, signer: &dyn Signer) -> Result<Submission, SignActError> {
        Ok(Submission { act: SignedAct::sign(self.act, signer)?, part: self.part })
    }
}

impl Submission {
    /// Reads what a device handed in. The signature is checked when the channel decides, against the pact's keys.
    pub fn assemble(act: Vec<u8>, signature: Signature, part: Part) -> Result<Self, DecodeError> {
        Ok(Self { act: SignedAct::assemble(act, signature)?, part })
    }
}
