//! What one node sends to the other: a run of entries of one log with a checkpoint that ends at them, and the receipt
//! that comes back. A frame is idempotent: it may come twice, late, or overlap what is already held.

use skypact_record::{
    Checkpoint, Cosignature, DecodeError, Entry, EntryError, Hash, KeyError, KeyRole, NoteError, NoteSignature,
    PartyKey, SignedCheckpoint, VerifierKey,
};

use crate::act_keys::ActKeys;
use crate::codec::{self, CodecError};
use crate::kind::Kind;
use crate::log::{LogRef, PostQuantum};
use crate::pact::{LogKeys, Pact};

/// Most entries of one frame.
pub const ENTRIES_MAX: usize = 1_024;
/// Most bytes of one frame.
pub const FRAME_MAX_BYTES: usize = 8 << 20;
const ENTRY_MAX_BYTES: usize = 2 << 20;
const NOTE_MAX_BYTES: usize = 128 << 10;

/// A frame as it travels, nothing of it believed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Identity of the channel.
    pub channel: Hash,
    /// Origin of the log.
    pub origin: String,
    /// Index of the first entry.
    pub start: u64,
    /// Encoded entries.
    pub entries: Vec<Vec<u8>>,
    /// Checkpoint note whose size is the end of this run, or of an earlier one when there are no entries.
    pub note: Vec<u8>,
}

/// Why a frame is refused. Nothing of a refused frame is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Bytes that are no frame.
    #[error("frame: {0}")]
    Malformed(#[from] CodecError),
    /// It speaks of another channel or of a log that its sender does not write.
    #[error("frame: log {origin} is not one that {party} writes in this channel")]
    WrongLog {
        /// The log that it names.
        origin: String,
        /// Who sent it.
        party: String,
    },
    /// An entry that is not what it claims.
    #[error("frame: entry {index} of {origin}: {error}")]
    Entry {
        /// Log.
        origin: String,
        /// Index of the entry.
        index: u64,
        /// What is wrong.
        error: EntryFault,
    },
    /// An act of another channel or author, or signed by a key without the right.
    #[error("frame: entry {index} of {origin}: {reason}")]
    Act {
        /// Log.
        origin: String,
        /// Index of the entry.
        index: u64,
        /// What is wrong.
        reason: &'static str,
    },
    /// A checkpoint or receipt whose signature does not hold or that belongs elsewhere.
    #[error("note of {origin}: {error}")]
    Note {
        /// Log.
        origin: String,
        /// What is wrong.
        error: NoteError,
    },
}

/// What is wrong with an entry by itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// It cannot be read.
    #[error(transparent)]
    Form(#[from] DecodeError),
    /// A part is not the one that was committed to.
    #[error(transparent)]
    Parts(#[from] EntryError),
    /// The signature of the act does not hold.
    #[error(transparent)]
    Signature(#[from] KeyError),
}

impl EntryFault {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Form(error) => error.code(),
            Self::Parts(error) => error.code(),
            Self::Signature(error) => error.code(),
        }
    }
}

impl FrameError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "frame-malformed",
            Self::WrongLog { .. } => "frame-wrong-log",
            Self::Entry { error, .. } => error.code(),
            Self::Note { error, .. } => error.code(),
            Self::Act { .. } => "act-not-permitted",
        }
    }
}

/// An entry whose form, commitments, act and signature hold.
#[derive(Debug, Clone)]
pub struct VerifiedEntry {
    /// Hash of the leaf.
    pub hash: Hash,
    /// Label of the key that signed the act.
    pub signer: String,
    /// The leaf with its parts.
    pub entry: Entry,
}

/// A frame of which every entry and the checkpoint's signature hold. Whether it continues the log is for the
/// channel to decide.
#[derive(Debug, Clone)]
pub struct VerifiedFrame {
    /// The log.
    pub log: LogRef,
    /// Index of the first entry.
    pub start: u64,
    /// The entries.
    pub entries: Vec<VerifiedEntry>,
    /// The checkpoint, signed by the log's author.
    pub checkpoint: Checkpoint,
    /// Key that signed it: in force at its size by the frame's own entries or by what was held before them.
    pub signer: VerifierKey,
    /// The note of the checkpoint with the signatures that count.
    pub note: Vec<u8>,
    /// Cosignatures by witnesses of the pact that it carries.
    pub cosignatures: Vec<WitnessLine>,
    /// Which of them it carries under ML-DSA-44 too.
    pub post_quantum: PostQuantum,
}

/// A note in which the counterpart signs that it holds a log of ours, or a witness that it has seen it.
#[derive(Debug, Clone)]
pub struct VerifiedReceipt {
    /// The log.
    pub log: LogRef,
    /// The checkpoint that was signed.
    pub checkpoint: Checkpoint,
    /// The note with the signatures that count, one of each key: whoever sends others cannot make what is kept grow, or a bundle false.
    pub note: Vec<u8>,
    /// Whether the counterpart of the log's author signed it with its mirror key.
    pub mirrored: bool,
    /// Cosignatures by witnesses of the pact.
    pub cosignatures: Vec<WitnessLine>,
    /// Whose ML-DSA-44 lines it carries.
    pub post_quantum: PostQuantum,
}

/// A cosignature of a witness that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessLine {
    /// Name of the witness.
    pub witness: String,
    /// Time by its clock, s since the Unix epoch, UTC.
    pub time_s: u64,
    /// Hash of its signature line.
    pub hash: Hash,
}

/// What the counterpart answers to a frame that it took: what it holds now, and its receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameAnswer {
    /// Size of the log as it is held now.
    pub held: u64,
    /// The frame's note with the mirror cosignature added.
    pub note: Vec<u8>,
    /// Root of what is held, so that the author knows whether it is the beginning of its log.
    pub root: Hash,
}

impl FrameAnswer {
    /// Bytes for the wire.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(|writer| {
            writer.map(3)?.u8(0)?.u64(self.held)?.u8(1)?.bytes(&self.note)?.u8(2)?.bytes(&self.root.0)?.ok()
        })
    }

    /// Reads the counterpart's answer.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        let answer = codec::decode_exact(
            "answer",
            bytes,
            |reader| {
                if reader.map()? != 3 {
                    return Err(reader.error("expected 3 fields"));
                }
                reader.key(0, "held")?;
                let held = reader.u64()?;
                reader.key(1, "note")?;
                let note = reader.bytes(NOTE_MAX_BYTES)?.to_vec();
                reader.key(2, "root")?;
                Ok(Self { held, note, root: reader.hash()? })
            },
            Self::encode,
        )?;
        Ok(answer)
    }
}

impl Frame {
    /// Bytes for the wire.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(|writer| {
            writer.map(5)?.u8(0)?.bytes(&self.channel.0)?.u8(1)?.str(&self.origin)?.u8(2)?.u64(self.start)?;
            writer.u8(3)?.array(self.entries.len() as u64)?;
            for entry in &self.entries {
                writer.bytes(entry)?;
            }
            writer.u8(4)?.bytes(&self.note)?.ok()
        })
    }

    /// Reads bytes from the wire, at most [`FRAME_MAX_BYTES`] of them.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        let frame = codec::decode_exact(
            "frame",
            bytes,
            |reader| {
                if bytes.len() > FRAME_MAX_BYTES {
                    return Err(reader.error(format!("is over {FRAME_MAX_BYTES} bytes")));
                }
                if reader.map()? != 5 {
                    return Err(reader.error("expected 5 fields"));
                }
                reader.key(0, "channel")?;
                let channel = reader.hash()?;
                reader.key(1, "origin")?;
                let origin = reader.text(200)?;
                reader.key(2, "start")?;
                let start = reader.u64()?;
                reader.key(3, "entries")?;
                let entries = (0..reader.array(ENTRIES_MAX as u64)?)
                    .map(|_| reader.bytes(ENTRY_MAX_BYTES).map(<[u8]>::to_vec))
                    .collect::<Result<_, _>>()?;
                reader.key(4, "note")?;
                let note = reader.bytes(NOTE_MAX_BYTES)?.to_vec();
                Ok(Self { channel, origin, start, entries, note })
            },
            Self::encode,
        )?;
        Ok(frame)
    }

    /// Checks everything that needs no state but the keys of the log up to `start`: form, commitments, authorship,
    /// signatures. The costly part of receiving, so it is done before the writer is asked.
    pub fn verify(&self, pact: &Pact, keys: &ActKeys, sender: usize) -> Result<VerifiedFrame, FrameError> {
        if self.start.checked_add(self.entries.len() as u64).is_none() {
            let reason = "its entries would end beyond 64 bits".to_owned();
            return Err(CodecError { message: "frame", field: "start", reason }.into());
        }
        let log = pact.log(&self.origin).filter(|log| log.party == sender && self.channel == pact.channel());
        let log = log.ok_or_else(|| FrameError::WrongLog {
            origin: self.origin.clone(),
            party: pact.party_name(sender).to_owned(),
        })?;
        let held = keys;
        // Another history may have begun at `start`: what the own one tells of keys from there on is not part of it.
        let mut keys = keys.until(log, self.start);
        let mut entries = Vec::with_capacity(self.entries.len());
        for (bytes, index) in self.entries.iter().zip(self.start..) {
            let entry = self.verify_entry(pact, &keys, log, index, bytes)?;
            // What breaks a rule changes nothing.
            let _ = keys.take(pact, log, index, &entry.entry);
            entries.push(entry);
        }
        let (signer, receipt) = self.verify_note(pact, log, &keys, held)?;
        Ok(VerifiedFrame {
            log,
            start: self.start,
            entries,
            checkpoint: receipt.checkpoint,
            signer,
            note: receipt.note,
            cosignatures: receipt.cosignatures,
            post_quantum: receipt.post_quantum,
        })
    }

    /// Checks the note against the keys that the frame's own history tells, or, where it shows less than is held, those that are held.
    fn verify_note(
        &self,
        pact: &Pact,
        log: LogRef,
        told: &ActKeys,
        held: &ActKeys,
    ) -> Result<(VerifierKey, VerifiedReceipt), FrameError> {
        let checked = |keys: &ActKeys| {
            let keys = keys.log_keys(pact, log, size_of(&self.note));
            verify_note(&keys, log, &self.note).map(|receipt| (keys.checkpoint.clone(), receipt))
        };
        match checked(told) {
            Err(FrameError::Note { error: NoteError::NotSigned { .. }, .. }) => checked(held),
            checked => checked,
        }
    }

    fn verify_entry(
        &self,
        pact: &Pact,
        keys: &ActKeys,
        log: LogRef,
        index: u64,
        bytes: &[u8],
    ) -> Result<VerifiedEntry, FrameError> {
        let entry = Entry::decode(bytes);
        let broken = |error: DecodeError| FrameError::Entry { origin: self.origin.clone(), index, error: error.into() };
        let entry = verify_entry(pact, keys, log, index, entry.map_err(broken)?)?;
        let tells_keys = entry.entry.leaf.act.act().tells_keys();
        if tells_keys && entry.entry.parts.iter().any(Option::is_none) {
            // Without it a bundle of this log could not be proven, and its keys would be other ones for each reader.
            let reason = "it changes keys and comes without its body";
            return Err(FrameError::Act { origin: self.origin.clone(), index, reason });
        }
        Ok(entry)
    }
}

/// Size of the head that a note is of; 0 where it cannot be read, which is told when it is checked.
fn size_of(note: &[u8]) -> u64 {
    SignedCheckpoint::parse(note).map_or(0, |signed| signed.checkpoint().size)
}

/// Checks one entry of a log against the pact and the log's keys: commitments, place, authorship and signature.
pub(crate) fn verify_entry(
    pact: &Pact,
    keys: &ActKeys,
    log: LogRef,
    index: u64,
    entry: Entry,
) -> Result<VerifiedEntry, FrameError> {
    let key = check_entry(pact, keys, log, index, &entry)?;
    let broken = |error: KeyError| FrameError::Entry {
        origin: pact.log_keys(log).origin.to_string(),
        index,
        error: EntryFault::from(error),
    };
    entry.leaf.act.verify(&key.key).map_err(broken)?;
    Ok(VerifiedEntry { hash: entry.leaf.hash(), signer: key.label.to_string(), entry })
}

/// An entry out of this node's own storage, checked but for its signature, which was verified before it was stored. Whether it is that entry still, a
/// signed head over it shows.
pub(crate) fn stored_entry(
    pact: &Pact,
    keys: &ActKeys,
    log: LogRef,
    index: u64,
    entry: Entry,
) -> Result<VerifiedEntry, FrameError> {
    let key = check_entry(pact, keys, log, index, &entry)?;
    Ok(VerifiedEntry { hash: entry.leaf.hash(), signer: key.label.to_string(), entry })
}

/// Checks everything of an entry but its signature; the key that has to have made that.
fn check_entry<'a>(
    pact: &'a Pact,
    keys: &'a ActKeys,
    log: LogRef,
    index: u64,
    entry: &Entry,
) -> Result<&'a PartyKey, FrameError> {
    let origin = &pact.log_keys(log).origin;
    let refused = |reason| FrameError::Act { origin: origin.to_string(), index, reason };
    let broken = |error: EntryFault| FrameError::Entry { origin: origin.to_string(), index, error };
    entry.check().map_err(|error| broken(error.into()))?;
    let (leaf, signed) = (&entry.leaf, &entry.leaf.act);
    let act = signed.act();
    if leaf.origin != *origin || leaf.index != index {
        return Err(refused("the leaf belongs to another place"));
    }
    if act.channel != pact.channel() || act.log_class != log.class || act.author.as_str() != pact.party_name(log.party)
    {
        return Err(refused("the act belongs to another channel, log or author"));
    }
    if (index == 0) != (act.kind == Kind::Genesis.wire()) {
        return Err(refused("entry 0, and no other, holds the genesis"));
    }
    let key = keys.key(pact, log, signed.signature().key_id, index);
    let key =
        key.ok_or_else(|| refused("the key is not one of the author's, by the pact and the log's key changes"))?;
    if !permitted(act.kind, key.role) {
        return Err(refused("the role of the key may not act so"));
    }
    Ok(key)
}

/// Which role may do what. Kinds of later versions are for later versions to judge.
fn permitted(kind: u16, role: KeyRole) -> bool {
    Kind::from_wire(kind).map_or(role.signs_acts(), |kind| kind.signer() == role)
}

/// Whose key signs a line of a note.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Signatory {
    Author,
    Mirror,
    Witness,
}

/// Every key whose lines count under a log, and whether it is one of ML-DSA-44.
fn signatories(keys: &LogKeys) -> impl Iterator<Item = (Signatory, bool, &VerifierKey)> {
    let ed25519 = [(Signatory::Author, false, &keys.checkpoint)];
    let ed25519 = ed25519.into_iter().chain(keys.mirrors().map(|key| (Signatory::Mirror, false, key)));
    let witnesses = keys.witnesses.iter().map(|key| (Signatory::Witness, false, key));
    let ml_dsa_44 = keys.ml_dsa_44.iter().flat_map(|keys| {
        let own = [(Signatory::Author, true, &keys.checkpoint), (Signatory::Mirror, true, &keys.mirror)];
        let before = keys.mirrors_before.iter().map(|key| (Signatory::Mirror, true, key));
        own.into_iter().chain(before).chain(keys.witnesses.iter().map(|key| (Signatory::Witness, true, key)))
    });
    ed25519.chain(witnesses).chain(ml_dsa_44)
}

/// The log that a note is of.
fn log_of(note: &[u8], pact: &Pact) -> Result<LogRef, FrameError> {
    let signed = SignedCheckpoint::parse(note);
    let signed = signed.map_err(|error| FrameError::Note { origin: "(unread)".to_owned(), error })?;
    let origin = signed.checkpoint().origin.as_str();
    let unknown = || FrameError::WrongLog { origin: origin.to_owned(), party: "either party".to_owned() };
    pact.log(origin).ok_or_else(unknown)
}

/// Checks a note of a log against the keys in force at its size: the author's signature, and which of the others on it count.
pub(crate) fn verify_note(keys: &LogKeys, log: LogRef, note: &[u8]) -> Result<VerifiedReceipt, FrameError> {
    let broken = |error| FrameError::Note { origin: keys.origin.to_string(), error };
    let mut signed = SignedCheckpoint::parse(note).map_err(broken)?;
    signed.verify(&keys.checkpoint).map_err(broken)?;
    let checkpoint = signed.checkpoint().clone();
    let (mut mirrored, mut cosignatures, mut post_quantum) = (false, Vec::new(), PostQuantum::default());
    let mut kept: Vec<(&VerifierKey, NoteSignature)> = Vec::new();
    for line in signed.signatures() {
        let by = signatories(keys).find(|(_, _, key)| key.is_named_by(line));
        let Some((signatory, is_ml_dsa_44, key)) = by else { continue };
        let is_plain = signatory == Signatory::Author && !is_ml_dsa_44;
        // The author's plain line is verified above.
        let time_s = if is_plain { 0 } else { Cosignature::verify(key, &checkpoint, line).map_err(broken)?.time_s };
        if kept.iter().any(|(known, _)| *known == key) {
            continue;
        }
        kept.push((key, line.clone()));
        let witness = || key.name().to_string();
        match (signatory, is_ml_dsa_44) {
            (Signatory::Author, _) => {}
            (Signatory::Mirror, false) => mirrored = true,
            (Signatory::Mirror, true) => post_quantum.mirrored = true,
            (Signatory::Witness, false) => {
                cosignatures.push(WitnessLine { witness: witness(), time_s, hash: line.hash() });
            }
            (Signatory::Witness, true) => drop(post_quantum.cosigned.insert(witness())),
        }
    }
    let kept: Vec<NoteSignature> = kept.into_iter().map(|(_, line)| line).collect();
    let mut unmet = kept.iter().peekable();
    signed.retain(|line| unmet.next_if(|next| *next == line).is_some());
    Ok(VerifiedReceipt { log, checkpoint, note: signed.encode(), mirrored, cosignatures, post_quantum })
}

impl VerifiedReceipt {
    /// Checks a note of one of the logs of `pact` that comes now: a receipt of the counterpart, or a cosignature that a witness gave.
    pub fn verify(note: &[u8], pact: &Pact, keys: &ActKeys) -> Result<Self, FrameError> {
        let log = log_of(note, pact)?;
        verify_note(&keys.log_keys_now(pact, log, size_of(note)), log, note)
    }

    /// The same of a note that was taken in before: its receipt may be under a key that was replaced since, whatever its holder then said that it held.
    pub fn verify_stored(note: &[u8], pact: &Pact, keys: &ActKeys) -> Result<Self, FrameError> {
        let log = log_of(note, pact)?;
        verify_note(&keys.log_keys(pact, log, size_of(note)), log, note)
    }

    /// The same for who does not hold the log: under the checkpoint key of the pact or one of `known`, which the reader trusts for the log; and
    /// under mirror keys so.
    pub fn verify_apart(note: &[u8], pact: &Pact, known: &[VerifierKey]) -> Result<Self, FrameError> {
        let log = log_of(note, pact)?;
        let known = [&[pact.log_keys(log).checkpoint.clone()], known].concat();
        let mut keys = pact.log_keys(log).signed_by(&known, note).into_owned();
        keys.mirrors_before.extend(known.into_iter().filter(|key| key.name() == keys.mirror.name()));
        verify_note(&keys, log, note)
    }

    /// Reads what a witness answered to a request about the checkpoint `asked`: signature lines. None unless its own
    /// cosignature is among them.
    pub fn of_witness(
        pact: &Pact,
        keys: &ActKeys,
        mut asked: SignedCheckpoint,
        witness: &str,
        lines: &str,
    ) -> Result<Option<Self>, FrameError> {
        for line in lines.lines().map(str::parse::<NoteSignature>) {
            let Ok(line) = line else { return Ok(None) };
            asked.add(line);
        }
        let receipt = Self::verify(&asked.encode(), pact, keys)?;
        Ok(receipt.cosignatures.iter().any(|line| line.witness == witness).then_some(receipt))
    }
}
