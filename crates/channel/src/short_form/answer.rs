//! The answer to an entry in short form: how much is held, and the mirror's signature over the head that came with it.

use skypact_record::{Checkpoint, Cosignature, Hash, LogClass, NoteSignature, SignedCheckpoint, VerifierKey};

use super::bytes::{Reader, put_number};
use super::{ShortFormError, ShortFormType};
use crate::channel::Channel;
use crate::frame::FrameAnswer;
use crate::log::LogRef;
use crate::pact::LogKeys;

/// A cosignature: time, s (8 bytes), and Ed25519 (64).
const COSIGNATURE_BYTES: usize = 72;

/// An answer in short form. The author of the log has the head that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShortAnswer {
    /// Which of the author's logs.
    pub class: LogClass,
    /// Size of the head that is signed.
    pub size: u64,
    /// Size of all that is held.
    pub held: u64,
    /// Root of it.
    pub root: Hash,
    /// Time and signature of the mirror's cosignature.
    pub cosignature: [u8; COSIGNATURE_BYTES],
}

impl Channel {
    /// The short form of an answer about a log of the counterpart's; none when it has no line of this node's mirror key.
    pub fn shorten_answer(&self, class: LogClass, answer: &FrameAnswer) -> Option<Vec<u8>> {
        let log = LogRef { party: 1 - self.me(), class };
        let signed = SignedCheckpoint::parse(&answer.note).ok()?;
        let keys = self.log_keys(log, signed.checkpoint().size);
        let line = signed.signatures().iter().find(|line| keys.mirrors().any(|key| key.is_named_by(line)))?;
        let mut out = self.begin_short(ShortFormType::Answer, class, 0);
        put_number(&mut out, signed.checkpoint().size);
        put_number(&mut out, answer.held);
        out.extend(answer.root.0);
        out.extend(<[u8; COSIGNATURE_BYTES]>::try_from(line.bytes.as_slice()).ok()?);
        Some(out)
    }

    /// Reads an answer about a log of this node's. Its signature is checked with the note that [`ShortAnswer::complete`] makes.
    pub fn read_answer(&self, bytes: &[u8]) -> Result<ShortAnswer, ShortFormError> {
        let answer = self.parse_answer(bytes)?;
        if answer.size > self.log(LogRef { party: self.me(), class: answer.class }).size() {
            return Err(ShortFormError::NotHeld { field: "size" });
        }
        Ok(answer)
    }

    /// Whether it is an answer that this node gave.
    pub(super) fn is_own_answer(&self, bytes: &[u8]) -> bool {
        let Ok(answer) = self.parse_answer(bytes) else { return false };
        let log = LogRef { party: 1 - self.me(), class: answer.class };
        let keys = self.log_keys(log, answer.size);
        let Ok(root) = self.log(log).tree.root_at(answer.size) else { return false };
        let head = Checkpoint { origin: keys.origin.clone(), size: answer.size, root };
        answer.signer(&head, &keys).is_some()
    }

    fn parse_answer(&self, bytes: &[u8]) -> Result<ShortAnswer, ShortFormError> {
        let mut r = Reader::new(bytes)?;
        let (class, _) = self.read_begin(&mut r, ShortFormType::Answer, 0)?;
        let size = r.field("size").number()?;
        let held = r.field("held").number()?;
        let root = Hash(r.field("root").fixed()?);
        let cosignature = r.field("cosignature").fixed()?;
        r.end()?;
        Ok(ShortAnswer { class, size, held, root, cosignature })
    }
}

impl ShortAnswer {
    /// The answer in full: `head` is the checkpoint of its size, `keys` are those that count for it.
    pub fn complete(&self, mut head: SignedCheckpoint, keys: &LogKeys) -> FrameAnswer {
        let mirror = self.signer(head.checkpoint(), keys).unwrap_or(&keys.mirror);
        head.add(self.line(mirror));
        FrameAnswer { held: self.held, note: head.encode(), root: self.root }
    }

    /// The mirror key whose signature it is: the answer does not name it.
    fn signer<'a>(&self, head: &Checkpoint, keys: &'a LogKeys) -> Option<&'a VerifierKey> {
        keys.mirrors().find(|mirror| Cosignature::verify(mirror, head, &self.line(mirror)).is_ok())
    }

    fn line(&self, mirror: &VerifierKey) -> NoteSignature {
        let (name, key_id) = (mirror.name().to_string(), mirror.key_id());
        NoteSignature { name, key_id, bytes: self.cosignature.to_vec() }
    }
}
