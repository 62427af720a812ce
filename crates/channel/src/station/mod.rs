//! One end of a channel: the state machine together with the keys that its node signs with. Whatever comes in, an
//! officer's act, a frame, a receipt, becomes [`Changes`]; they have to be durable, all in one transaction, before an
//! answer leaves. What goes out, frames and requests to witnesses, is derived from the state alone, so that a crash loses
//! nothing: it is derived again. The shell and the simulator drive the same station.

mod clerk;
mod guard;

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use skypact_airspace::UtcNanos;
use skypact_record::{
    AddCheckpoint, Checkpoint, Entry, ForkProof, Hash, KeyId, KeyRole, KeyRotation, LogClass, PublicKey, RotatedKey,
    SignedCheckpoint, Signer, Tree, cosign,
};

use self::clerk::Clerk;
use self::guard::Guard;
pub use self::guard::Shown;
use crate::channel::Channel;
use crate::decide::{Command, Context, Decision, Rejection};
use crate::draft::{Draft, Submission};
use crate::frame::{Frame, FrameAnswer, FrameError, VerifiedEntry, VerifiedFrame, VerifiedReceipt};
use crate::kind::Kind;
use crate::log::{LogRef, PostQuantum};
use crate::period::PeriodSpan;
use crate::quota::Quota;

/// Keys that a running node signs with.
pub struct Signers {
    /// Signs what the node itself says.
    pub node: Box<dyn Signer + Send + Sync>,
    /// Signs the heads of its own logs.
    pub checkpoint: Box<dyn Signer + Send + Sync>,
    /// Signs that it holds the counterpart's.
    pub mirror: Box<dyn Signer + Send + Sync>,
    /// Signs both under ML-DSA-44 too, in a post-quantum pact.
    pub ml_dsa_44: Option<MlDsa44Signers>,
    /// Further keys for heads and receipts, of both algorithms: those that took the place of the ones above, or will. The record says which is in force.
    pub rotated: Vec<Box<dyn Signer + Send + Sync>>,
}

/// ML-DSA-44 keys that a running node signs with.
pub struct MlDsa44Signers {
    /// Signs the heads of its own logs.
    pub checkpoint: Box<dyn Signer + Send + Sync>,
    /// Signs that it holds the counterpart's.
    pub mirror: Box<dyn Signer + Send + Sync>,
}

/// What has to be durable before any answer of the same round leaves.
#[derive(Debug, Default)]
pub struct Changes {
    /// New entries in the order in which they were folded in, each log's contiguous and from its old end on.
    pub entries: Vec<(LogRef, VerifiedEntry)>,
    /// Notes, each in place of the last one of its log and kind.
    pub notes: Vec<KeptNote>,
    /// Proofs that the counterpart signed two histories of one of its logs.
    pub forks: Vec<(LogRef, ForkProof)>,
}

impl Changes {
    /// Whether there is nothing to store.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.notes.is_empty() && self.forks.is_empty()
    }
}

/// A note that is kept with a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptNote {
    /// The log.
    pub log: LogRef,
    /// What it is kept as.
    pub kind: NoteKind,
    /// The signed note.
    pub note: Vec<u8>,
}

/// What a note is kept as.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoteKind {
    /// The newest checkpoint that the log's author signed.
    Checkpoint,
    /// The newest one that its mirror signed.
    Receipt,
    /// The newest one that this witness signed.
    Cosignature(String),
}

/// Where an act was placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Hash of its leaf: what others cite.
    pub leaf: Hash,
    /// Origin of its log.
    pub origin: String,
    /// Index in that log.
    pub index: u64,
}

/// What a log has for the counterpart next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing that it has not signed for.
    Nothing,
    /// Entries from here on.
    Entries {
        /// First entry that it does not hold.
        start: u64,
    },
    /// The note of this size, which a witness has cosigned.
    Cosigned {
        /// Size of the checkpoint.
        size: u64,
    },
    /// The newest checkpoint again, to ask whether the counterpart is there.
    Checkpoint,
    /// The checkpoint of the empty log, which is always in order, to hear what the counterpart holds. Nothing newer before
    /// that is known to be a beginning of what is held here: a node out of an old backup would sign a second history.
    Confirm,
}

/// Why what is in storage is not what was signed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RestoreError {
    /// A stored note does not hold.
    #[error(transparent)]
    Note(#[from] FrameError),
    /// A stored note speaks of other entries than those that are stored.
    #[error("the entries up to {size} do not have the root {stated} that was signed; restore the whole store")]
    RootDiffers {
        /// Size of the checkpoint.
        size: u64,
        /// Root that it signs.
        stated: Hash,
    },
}

/// One end of a channel.
pub struct Station {
    channel: Channel,
    signers: Signers,
    changes: Changes,
    /// The newest head of each log that its author signed and that is held in full, in the order of [`LogRef::ALL`].
    heads: [Option<SignedCheckpoint>; 4],
    /// Size of each log that a stored note covered at the start.
    sealed: [u64; 4],
    /// Logs of which a fork was proven since the start: one proof is enough, and making it costs work.
    forked: [bool; 4],
    /// What is said when its time comes.
    clerk: Clerk,
    /// When bodies last went.
    pub(crate) erased_at: Option<UtcNanos>,
    /// What each party may still add to each log, in the order of [`LogRef::ALL`].
    quotas: [Quota; 4],
    /// Own logs of which the counterpart has to say what it holds before they are cited ([`Station::hold_cuts`]).
    unconfirmed: Vec<LogRef>,
    /// What keeps the own logs from leaving, in the order of [`LogRef::ALL`].
    guards: [Guard; 4],
}

impl Station {
    /// A station whose channel holds nothing yet, or what [`Station::replay`] gives it.
    pub fn new(channel: Channel, signers: Signers) -> Self {
        let (changes, heads) = (Changes::default(), Default::default());
        let per_hour = channel.pact().terms().entries_per_hour_max;
        // The counterpart may make up for a day without link; the own officers are told at once.
        let saved_hours = |log: LogRef| if log.party == channel.me() { 1 } else { 24 };
        let quotas = LogRef::ALL.map(|log| Quota::new(per_hour, saved_hours(log)));
        let (sealed, forked, unconfirmed) = ([0; 4], [false; 4], Vec::new());
        let (clerk, erased_at, guards) = (Clerk::default(), None, Default::default());
        Self { channel, signers, changes, heads, sealed, forked, clerk, erased_at, quotas, unconfirmed, guards }
    }

    /// The state, changes that are not durable yet among it.
    pub fn channel(&self) -> &Channel {
        &self.channel
    }

    /// Has the heads of the counterpart, and what witnesses say of the own ones, put into the log at most this often: where
    /// the link is slow they would fill it.
    pub fn rest_heads(&mut self, pause: Duration) {
        self.clerk.rest_heads(i64::try_from(pause.as_nanos()).unwrap_or(i64::MAX));
    }

    /// Has a period of each own log closed when it is over by the time of a round.
    pub fn cut_periods(&mut self, span: PeriodSpan) {
        self.clerk.cut_periods(span);
    }

    /// Holds back what cites own logs ([`Kind::cuts`]) until the counterpart has said of both that it holds a beginning of them: on
    /// an old store it would state a head that never comes. For nodes that have a way to ask it.
    pub fn hold_cuts(&mut self) {
        self.unconfirmed = LogRef::ALL.into_iter().filter(|log| log.party == self.channel.me()).collect();
    }

    /// Learns that the counterpart holds a beginning of an own log.
    pub fn confirm(&mut self, log: LogRef) {
        self.unconfirmed.retain(|held_back| *held_back != log);
    }

    /// Folds in an entry out of the node's own storage, in the order in which they were committed ([`Channel::replay`]).
    pub fn replay(&mut self, log: LogRef, index: u64, entry: Entry) -> Result<(), FrameError> {
        self.channel.replay(log, index, entry)
    }

    /// Holds the replayed entries against a stored note, and takes in what it proves.
    pub fn replay_note(&mut self, kind: &NoteKind, note: &[u8]) -> Result<(), RestoreError> {
        let mut receipt = VerifiedReceipt::verify_stored(note, self.channel.pact(), self.channel.keys())?;
        let Checkpoint { size, root, .. } = receipt.checkpoint;
        if self.channel.log(receipt.log).tree.root_at(size).ok() != Some(root) {
            return Err(RestoreError::RootDiffers { size, stated: root });
        }
        let sealed = &mut self.sealed[receipt.log.place()];
        *sealed = size.max(*sealed);
        // A note counts as what it was kept as, and not for the other lines that it may carry.
        match kind {
            NoteKind::Checkpoint => {
                self.heads[receipt.log.place()] = SignedCheckpoint::parse(note).ok();
                return Ok(());
            }
            NoteKind::Receipt => receipt.cosignatures.clear(),
            NoteKind::Cosignature(witness) => {
                receipt.mirrored = false;
                receipt.cosignatures.retain(|line| line.witness == *witness);
            }
        }
        self.clerk.note(&receipt);
        self.channel.apply_receipt(&receipt);
        Ok(())
    }

    /// The replayed entries of a log that no stored head covers: their signatures are to be verified with
    /// [`Channel::verify_stored`]. Heads are stored with what they cover, so there are none in a store that is whole.
    pub fn unsealed(&self, log: LogRef) -> Range<u64> {
        self.sealed[log.place()]..self.channel.log(log).size()
    }

    /// Forgets everything but the keys, and begins again with a channel of which `entries` are not stored yet.
    pub(crate) fn start_over(&mut self, channel: Channel, entries: Vec<(LogRef, VerifiedEntry)>) {
        self.channel = channel;
        self.clerk = self.clerk.anew();
        for log in LogRef::ALL.into_iter().filter(|log| log.party == self.channel.me()) {
            self.heads[log.place()] = None;
        }
        // It is what the counterpart holds.
        self.unconfirmed.clear();
        self.guard_anew();
        self.changes = Changes { entries, ..Changes::default() };
    }

    /// Takes a channel that was folded anew over the same entries.
    pub(crate) fn fold_in(&mut self, channel: Channel) {
        self.channel = channel;
    }

    /// Keeps a note about an own log.
    pub(crate) fn note_kept(&mut self, note: KeptNote) {
        self.changes.notes.push(note);
    }

    /// Ends the replay: says what each own log begins with, where it has not begun.
    pub fn open(&mut self, context: &mut Context<'_>) {
        if let Err(rejection) = self.decide(Command::Open, context) {
            unreachable!("opening a channel needs nobody's consent: {rejection}");
        }
    }

    /// Hears the time of a witness ([`Channel::hear`]).
    pub fn hear(&mut self, time_s: u64, line: Hash) {
        self.channel.hear(time_s, line);
    }

    /// Learns the time of a beacon that a leaf cites ([`Channel::learn_cited`]).
    pub fn learn_cited(&mut self, line: Hash, time_s: u64) {
        self.channel.learn_cited(line, time_s);
    }

    /// Records an officer's act.
    pub fn submit(&mut self, act: Submission, context: &mut Context<'_>) -> Result<Placed, Rejection> {
        let log = LogRef { party: self.channel.me(), class: act.act.act().log_class };
        let cuts = Kind::from_wire(act.act.act().kind).filter(|kind| kind.cuts());
        if let (Some(kind), Some(unconfirmed)) = (cuts, self.unconfirmed.first()) {
            let origin = self.channel.pact().log_keys(*unconfirmed).origin.to_string();
            return Err(Rejection::Unconfirmed { origin, kind: kind.name() });
        }
        if log.class == LogClass::Routine {
            self.take_quota(log, 1, context.now)?;
        }
        self.check_held(&act)?;
        let placed = self.decide(Command::Submit(Box::new(act)), context)?;
        Ok(placed.into_iter().next().expect("an act that is not refused is placed"))
    }

    /// Takes in entries of the counterpart, and signs for them. Where a refused frame and what is held prove that the
    /// counterpart signed two histories, the proof is kept.
    pub fn receive(&mut self, frame: VerifiedFrame, context: &mut Context<'_>) -> Result<FrameAnswer, Rejection> {
        let (log, checkpoint, note) = (frame.log, frame.checkpoint.clone(), frame.note.clone());
        let new = (frame.start + frame.entries.len() as u64).saturating_sub(self.channel.log(log).size());
        self.take_quota(log, new, context.now)?;
        let (start, entries) = (frame.start, frame.entries.clone());
        if let Err(rejection) = self.decide(Command::Receive(Box::new(frame)), context) {
            if !self.forked[log.place()] {
                let signed = SignedCheckpoint::parse(&note).expect("verified before");
                let proof = self.fork(log, signed, start, &entries);
                self.forked[log.place()] = proof.is_some();
                self.changes.forks.extend(proof.map(|proof| (log, proof)));
            }
            return Err(rejection);
        }
        let note = self.sign_for(log, &checkpoint, &note, context.now);
        let held = &self.channel.log(log).tree;
        Ok(FrameAnswer { held: held.size(), note, root: held.root() })
    }

    /// Takes a key for heads or receipts in hand, before a rotation names it.
    pub fn hold(&mut self, signer: Box<dyn Signer + Send + Sync>) {
        if self.signer(signer.public_key()).is_none() {
            self.signers.rotated.push(signer);
        }
    }

    /// A key that is not in hand and that this node has to sign with: of the own logs' heads, of now or before, or of its receipts.
    pub fn missing_key(&self) -> Option<KeyId> {
        self.missing_key_of(&self.channel)
    }

    pub(crate) fn missing_key_of(&self, channel: &Channel) -> Option<KeyId> {
        let mut named = LogRef::ALL.into_iter().flat_map(|log| {
            let keys = channel.log_keys(log, channel.log(log).size());
            if log.party != channel.me() {
                let ml_dsa_44 = keys.ml_dsa_44.as_ref().map(|keys| &keys.mirror);
                return [&keys.mirror].into_iter().chain(ml_dsa_44).map(|key| key.key().clone()).collect::<Vec<_>>();
            }
            let of_pact = channel.pact().log_keys(log).author().into_iter().map(|key| key.key().clone());
            let rotated = channel.keys().history(log).rotated().filter(|(_, key)| key.role == KeyRole::Checkpoint);
            of_pact.chain(rotated.map(|(_, key)| key.key.clone())).collect()
        });
        named.find(|key| self.signer(key).is_none()).map(|key| key.id())
    }

    fn check_held(&self, act: &Submission) -> Result<(), Rejection> {
        if act.act.act().kind != Kind::KeyRotation.wire() {
            return Ok(());
        }
        // What cannot be read is refused by the decision, with its reason.
        let Ok(rotation) = KeyRotation::decode(&act.part.bytes) else { return Ok(()) };
        let signs_here = |key: &&RotatedKey| matches!(key.role, KeyRole::Checkpoint | KeyRole::Mirror);
        match rotation.keys.iter().filter(signs_here).find(|key| self.signer(&key.key).is_none()) {
            Some(missing) => Err(Rejection::KeyNotHeld { key: missing.key.id().to_string() }),
            None => Ok(()),
        }
    }

    /// What signs notes with that key.
    fn signer(&self, key: &PublicKey) -> Option<&(dyn Signer + Send + Sync)> {
        let ml_dsa_44 = self.signers.ml_dsa_44.iter().flat_map(|signers| [&signers.checkpoint, &signers.mirror]);
        let plain = [&self.signers.checkpoint, &self.signers.mirror];
        let all = plain.into_iter().chain(ml_dsa_44).chain(&self.signers.rotated);
        all.map(|signer| &**signer).find(|signer| signer.public_key() == key)
    }

    fn take_quota(&mut self, log: LogRef, entries: u64, now: UtcNanos) -> Result<(), Rejection> {
        let per_hour = self.channel.pact().terms().entries_per_hour_max;
        self.quotas[log.place()].take(entries, now).map_err(|wait_s| Rejection::QuotaExceeded { per_hour, wait_s })
    }

    /// Keeps the counterpart's receipt, or a witness's cosignature.
    pub fn keep(&mut self, receipt: VerifiedReceipt, context: &mut Context<'_>) -> Result<(), Rejection> {
        self.decide(Command::Receipt(Box::new(receipt)), context).map(drop)
    }

    /// Ends a round: adds what the node itself has to say, signs the heads of the own logs that grew, and gives all that
    /// has to be stored.
    pub fn finish(&mut self, context: &mut Context<'_>) -> Changes {
        while let Some(draft) = self.channel.finding(self.unconfirmed.is_empty(), context) {
            let said = self.say(draft);
            // What changed nothing would be found again without end.
            if self.channel.anomalies().next_back().is_some_and(|anomaly| anomaly.leaf == said.leaf) {
                break;
            }
        }
        self.say_what_is_due(context);
        let grown: BTreeSet<usize> = self.changes.entries.iter().map(|(log, _)| log.place()).collect();
        for log in LogRef::ALL.into_iter().filter(|log| log.party == self.channel.me()) {
            if grown.contains(&log.place()) {
                let note = self.checkpoint(log, self.channel.log(log).size()).encode();
                self.changes.notes.push(KeptNote { log, kind: NoteKind::Checkpoint, note });
            }
        }
        std::mem::take(&mut self.changes)
    }

    /// The signed checkpoint of an own log at a size that it has or had.
    pub fn checkpoint(&self, log: LogRef, size: u64) -> SignedCheckpoint {
        let root = self.channel.log(log).tree.root_at(size).expect("a size that the log has reached");
        let keys = self.channel.log_keys(log, size);
        let checkpoint = Checkpoint { origin: keys.origin.clone(), size, root };
        // A rotation to a key that is not in hand is refused, and a start without one: see `check_held` and `missing_key`.
        let signer = self.signer(keys.checkpoint.key()).expect("every key of the own heads is in hand");
        let mut signed = SignedCheckpoint::sign(checkpoint, signer).expect("a key in memory signs");
        let ml_dsa_44 = keys.ml_dsa_44.as_ref().map(|keys| &keys.checkpoint);
        if let Some((key, signer)) = ml_dsa_44.and_then(|key| Some((key, self.signer(key.key())?))) {
            // Time 0: it does not say that this is the largest head.
            let line = cosign(signed.checkpoint(), 0, key.name(), signer);
            signed.add(line.expect("a key in memory signs"));
        }
        signed
    }

    /// Whether what the counterpart says it holds is the beginning of an own log.
    pub fn begins_with(&self, log: LogRef, answer: &FrameAnswer) -> bool {
        self.channel.log(log).tree.root_at(answer.held) == Ok(answer.root)
    }

    /// What comes next for the counterpart, which has said that it holds `held` entries: those that it does not hold, else a
    /// cosigned checkpoint above `cosigned_told` (size); if it is to be asked in any case, the newest checkpoint alone.
    pub fn next(&self, log: LogRef, held: Option<u64>, cosigned_told: u64, ask: bool) -> Next {
        let state = self.channel.log(log);
        match held {
            None => return Next::Confirm,
            Some(_) if self.held_back(log).is_some() => return if ask { Next::Confirm } else { Next::Nothing },
            Some(start) if start < state.size() => return Next::Entries { start },
            // It holds them and has signed for fewer: the receipt was lost.
            Some(_) if state.delivered < state.size() => return Next::Checkpoint,
            Some(_) => {}
        }
        match state.cosigned.values().copied().max() {
            Some(size) if size > cosigned_told => Next::Cosigned { size },
            _ if ask => Next::Checkpoint,
            _ => Next::Nothing,
        }
    }

    /// The frame of encoded `entries` of an own log from `start` on, with the checkpoint at their end.
    pub fn frame(&self, log: LogRef, start: u64, entries: Vec<Vec<u8>>) -> Frame {
        let note = self.checkpoint(log, start + entries.len() as u64).encode();
        Frame { entries, ..self.note_frame(log, start, note) }
    }

    /// The frame of a note alone, over entries that the counterpart holds.
    pub fn note_frame(&self, log: LogRef, start: u64, note: Vec<u8>) -> Frame {
        let pact = self.channel.pact();
        let origin = pact.log_keys(log).origin.to_string();
        Frame { channel: pact.channel(), origin, start, entries: Vec::new(), note }
    }

    /// What to ask a witness about an own log; `held` is the size that the witness said it holds. None when it has
    /// cosigned all there is, or the log is held back. To be asked only when the counterpart has said what it holds ([`Next::Confirm`]).
    pub fn witness_request(&self, log: LogRef, witness: &str, held: Option<u64>) -> Option<AddCheckpoint> {
        let state = self.channel.log(log);
        let cosigned = state.cosigned.get(witness).copied().unwrap_or(0);
        let old_size = held.unwrap_or(cosigned);
        if state.size() <= cosigned || old_size > state.size() || self.held_back(log).is_some() {
            return None;
        }
        let proof = state.tree.consistency(old_size, state.size()).ok()?;
        Some(AddCheckpoint { old_size, proof, checkpoint: self.checkpoint(log, state.size()) })
    }

    /// Decides, applies, and notes what has to be stored.
    fn decide(&mut self, command: Command, context: &mut Context<'_>) -> Result<Vec<Placed>, Rejection> {
        match self.channel.decide(command, context)? {
            Decision::Say(drafts) => Ok(drafts.into_iter().map(|draft| self.say(draft)).collect()),
            Decision::Place(act) => Ok(vec![self.place(*act)]),
            Decision::Mirror { frame, skip } => {
                for entry in frame.entries.into_iter().skip(skip) {
                    self.append(frame.log, entry);
                }
                let receipt = VerifiedReceipt {
                    log: frame.log,
                    checkpoint: frame.checkpoint,
                    note: frame.note,
                    mirrored: false,
                    cosignatures: frame.cosignatures,
                    post_quantum: frame.post_quantum,
                };
                self.take_receipt(&receipt);
                Ok(Vec::new())
            }
            Decision::Keep(receipt) => {
                self.take_receipt(&receipt);
                Ok(Vec::new())
            }
        }
    }

    /// Signs and places an act of the node itself.
    fn say(&mut self, draft: Draft) -> Placed {
        let act = draft.sign(&*self.signers.node);
        self.place(act.expect("an act over a message of bounded size, signed by a key in memory"))
    }

    /// Places an act at the end of its log.
    fn place(&mut self, act: Submission) -> Placed {
        let log = LogRef { party: self.channel.me(), class: act.act.act().log_class };
        let signer = self.channel.key(log, act.act.signature().key_id).map(|key| key.label.to_string());
        let leaf = self.channel.place(act.act);
        let placed = Placed { leaf: leaf.hash(), origin: leaf.origin.to_string(), index: leaf.index };
        let entry = Entry { leaf, parts: vec![Some(act.part)] };
        let signer = signer.expect("decided: the key is in the pact");
        self.append(log, VerifiedEntry { hash: placed.leaf, signer, entry });
        placed
    }

    fn append(&mut self, log: LogRef, entry: VerifiedEntry) {
        self.channel.apply(log, &entry);
        self.changes.entries.push((log, entry));
    }

    /// Takes in a receipt, and keeps its note where it is the newest of its kind.
    fn take_receipt(&mut self, receipt: &VerifiedReceipt) {
        let known = self.channel.log(receipt.log);
        let is_news = |witness: &&String| known.is_news_of_witness(receipt, witness);
        let witnesses = receipt.cosignatures.iter().map(|line| &line.witness).filter(is_news);
        let mut kinds: Vec<NoteKind> = witnesses.cloned().map(NoteKind::Cosignature).collect();
        if known.is_news_of_mirror(receipt) {
            kinds.push(NoteKind::Receipt);
        }
        self.clerk.note(receipt);
        let kept = kinds.into_iter().map(|kind| KeptNote { log: receipt.log, kind, note: receipt.note.clone() });
        self.changes.notes.extend(kept);
        self.channel.apply_receipt(receipt);
    }

    /// Signs a receipt for a counterpart's checkpoint, and keeps it with the checkpoint when it covers all that is held.
    fn sign_for(&mut self, log: LogRef, checkpoint: &Checkpoint, note: &[u8], now: UtcNanos) -> Vec<u8> {
        let keys = self.channel.log_keys(log, checkpoint.size);
        let now_s = u64::try_from(now.0 / 1_000_000_000).unwrap_or(0);
        let mut signed = SignedCheckpoint::parse(note).expect("verified before");
        // A note of the same head that comes without its ML-DSA-44 line does not take it away.
        let held = self.heads[log.place()].as_ref().filter(|held| held.checkpoint() == checkpoint);
        let known = held.zip(keys.ml_dsa_44.as_ref());
        for line in known
            .iter()
            .flat_map(|(held, keys)| held.signatures().iter().filter(|line| keys.checkpoint.is_named_by(line)))
        {
            signed.add(line.clone());
        }
        let head = signed.clone();
        let name = keys.mirror.name();
        // By the key of now, whatever the size is: a receipt under an older one is given again.
        let mirror = self.signer(keys.mirror.key()).expect("the key of the own receipts is in hand");
        signed.add(cosign(checkpoint, now_s, name, mirror).expect("a key in memory signs"));
        let ml_dsa_44 = keys.ml_dsa_44.as_ref().and_then(|keys| self.signer(keys.mirror.key()));
        if let Some(mirror) = ml_dsa_44 {
            signed.add(cosign(checkpoint, now_s, name, mirror).expect("a key in memory signs"));
        }
        let post_quantum = PostQuantum { mirrored: ml_dsa_44.is_some(), ..PostQuantum::default() };
        let receipt = signed.encode();
        if checkpoint.size == self.channel.log(log).size() && checkpoint.size > 0 {
            let note = head.encode();
            self.heads[log.place()] = Some(head);
            self.changes.notes.push(KeptNote { log, kind: NoteKind::Checkpoint, note });
            self.changes.notes.push(KeptNote { log, kind: NoteKind::Receipt, note: receipt.clone() });
            // As a start finds it in storage: live and replayed state are the same.
            let (checkpoint, note) = (checkpoint.clone(), receipt.clone());
            let own = VerifiedReceipt { log, checkpoint, note, mirrored: true, cosignatures: Vec::new(), post_quantum };
            self.channel.apply_receipt(&own);
        }
        receipt
    }

    /// The proof that a signed head forks the log that is held, if one can be made: out of the tree that is held, when
    /// the head is no longer than it; otherwise out of the head's own tree, when it is what is held up to `start` and
    /// these leaves.
    fn fork(&self, log: LogRef, signed: SignedCheckpoint, start: u64, entries: &[VerifiedEntry]) -> Option<ForkProof> {
        let held = self.heads[log.place()].clone()?;
        let tree = &self.channel.log(log).tree;
        let (size, held_size) = (signed.checkpoint().size, held.checkpoint().size);
        let other: Tree;
        let (older, newer, tree) = if size <= held_size {
            (signed, held, tree)
        } else {
            // Asked of the peaks first: whoever sends what leads nowhere must not make this node hash a whole log.
            let mut frontier = tree.frontier_at(start).ok()?;
            for entry in entries {
                frontier.push(entry.hash);
            }
            if frontier.size() != size || frontier.root() != signed.checkpoint().root {
                return None;
            }
            let before = (0..start).map(|index| tree.leaf(index).expect("a leaf below the size that was asked"));
            other = before.chain(entries.iter().map(|entry| entry.hash)).collect();
            (held, signed, &other)
        };
        let (old_size, new_size) = (older.checkpoint().size, newer.checkpoint().size);
        let prefix_root = tree.root_at(old_size).ok()?;
        let proof = tree.consistency(old_size, new_size).ok()?;
        let genesis = self.channel.pact().genesis();
        let told = self.channel.rotations(log).iter().chain(entries.iter().map(|entry| &entry.entry));
        let fork = ForkProof { older, newer, prefix_root, proof, rotations: Vec::new() }.naming_keys(genesis, told);
        fork.verify(&fork.log_keys(genesis)).is_ok().then_some(fork)
    }
}
