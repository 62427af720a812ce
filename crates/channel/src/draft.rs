//! How a message becomes an entry. Whoever acts, an officer's device or the node itself, drafts an act over the
//! message, signs it, and hands in a [`Submission`]; the writer gives it its place in the log.

use skypact_airspace::UtcNanos;
use skypact_record::{
    Act, DecodeError, Hash, LogClass, MessageId, Part, PartyName, SignActError, Signature, SignedAct, Signer,
};

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
    /// Epochs of the acting party's logs, in the order of [`LogClass::ALL`]. They differ where the entry that opened the next one came back to an
    /// old store in one of them alone.
    pub epochs: [u64; 2],
    /// The acting party.
    pub author: PartyName,
}

impl Facts {
    /// The epoch that an act in a log has to state.
    pub fn epoch(&self, class: LogClass) -> u64 {
        self.epochs[usize::from(class == LogClass::Urgent)]
    }
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
        let log_class = kind.log_class().unwrap_or(LogClass::Routine);
        let salt = entropy.salt();
        // What is urgent may have to pass a link on which 32 bytes take a second.
        let drawn = if log_class == LogClass::Urgent { seeded(salt, now) } else { (salt, entropy.message_id(now)) };
        let draft = Self::over_bytes(facts, kind.wire(), message.encode(), references, now, drawn);
        draft.in_log(facts, log_class)
    }

    /// The same for the other log: what stands in both is drafted for each.
    #[must_use]
    pub fn in_log(mut self, facts: &Facts, class: LogClass) -> Self {
        (self.act.log_class, self.act.epoch) = (class, facts.epoch(class));
        self
    }

    /// Drafts an act of the routine log over body bytes, with this salt and message id: [`Draft::new`] for messages, and entry
    /// 0 for the genesis.
    pub(crate) fn over_bytes(
        facts: &Facts,
        kind: u16,
        bytes: Vec<u8>,
        references: Vec<Hash>,
        now: UtcNanos,
        (salt, message_id): ([u8; 32], MessageId),
    ) -> Self {
        let part = Part { salt, bytes };
        let act = Act {
            channel: facts.channel,
            epoch: facts.epoch(LogClass::Routine),
            author: facts.author.clone(),
            log_class: LogClass::Routine,
            kind,
            message_id,
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

/// Salt and message id of an act that is drawn from a seed, the first 16 bytes of `salt`: the others are zero, and the id is
/// a version 7 UUID (RFC 9562, section 5.7) for `now` over a hash of the salt, which does not tell the salt.
pub(crate) fn seeded(mut salt: [u8; 32], now: UtcNanos) -> ([u8; 32], MessageId) {
    salt[16..].fill(0);
    let hash = Hash::of_parts(&[b"skypact/v1/message-id\n", &salt]);
    (salt, uuid_v7(*hash.0.first_chunk().expect("a hash has 32 bytes"), now))
}

/// The layout of a version 7 UUID (RFC 9562, section 5.7): 48 bits of Unix milliseconds taken from `now` (0 before 1970), then
/// 74 of the bits of `random`.
pub fn uuid_v7(random: [u8; 16], now: UtcNanos) -> MessageId {
    let mut id = random;
    let unix_ms = u64::try_from(now.0 / 1_000_000).unwrap_or(0);
    id[..6].copy_from_slice(&unix_ms.to_be_bytes()[2..]);
    id[6] = 0x70 | (id[6] & 0x0f);
    id[8] = 0x80 | (id[8] & 0x3f);
    id
}

impl Submission {
    /// Reads what a device handed in. The signature is checked when the channel decides, against the pact's keys.
    pub fn assemble(act: Vec<u8>, signature: Signature, part: Part) -> Result<Self, DecodeError> {
        Ok(Self { act: SignedAct::assemble(act, signature)?, part })
    }
}
