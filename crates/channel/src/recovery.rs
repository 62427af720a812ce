//! A node out of an old backup gets its own entries back from its mirror, the counterpart (docs/channel-protocol.md, section 15).
//! What the mirror gives counts only as far as this node once signed it: every act by its author's key, the whole by the
//! node's own checkpoint key. What this node said since the backup goes behind what came back, or is said anew.

use std::collections::VecDeque;

use skypact_record::{Checkpoint, Entry, Hash, KeyId, KeyRole, LogClass, Seen, SignedCheckpoint, Tree, counted};

use crate::channel::Channel;
use crate::decide::{Context, Rejection};
use crate::draft::Submission;
use crate::erasure::{Erased, Residue};
use crate::frame::{Frame, FrameError, VerifiedEntry, VerifiedReceipt, verify_entry};
use crate::kind::Kind;
use crate::log::LogRef;
use crate::pact::{Pact, PactError};
use crate::station::{Changes, KeptNote, NoteKind, Station};

/// Most bytes of encoded entries that are taken from a mirror for one own log.
pub const RECOVERY_MAX_BYTES: usize = 256 << 20;

/// Why what the counterpart holds cannot be taken over.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RecoveryError {
    /// What the counterpart gave does not hold.
    #[error(
        "log {origin}: this store is an old one, and what the counterpart gives of the newer entries cannot be taken over: {reason}. Nothing was changed; put the newest store back, or ask the counterpart"
    )]
    Refused {
        /// The log.
        origin: String,
        /// What is wrong.
        reason: String,
    },
    /// The counterpart has nothing of the own logs that is not here.
    #[error(
        "log {origin}: the counterpart gives nothing of it that is not here; compare the logs with the counterpart"
    )]
    Nothing {
        /// The log.
        origin: String,
    },
    /// More than is taken over a link.
    #[error(
        "log {origin}: this store is an old one, and more than {RECOVERY_MAX_BYTES} bytes are missing; put a newer store back"
    )]
    TooLarge {
        /// The log.
        origin: String,
    },
    /// The own entries cite entries of the counterpart that have not come yet.
    #[error(
        "log {origin}: this store is an old one; the counterpart has to send its own entries before what it holds of this log can be taken over. It is tried again by itself"
    )]
    TooEarly {
        /// The log.
        origin: String,
    },
    /// Something that this store said since the backup was given to others.
    #[error(
        "log {origin}: this store is an old one, and its head of {}, which the counterpart's copy contradicts, was given to a witness or into a file; taking the copy over would make two histories that this node signed. Put the newest store back, or end this pact and agree on a new one",
        counted(*size, "entry")
    )]
    WouldFork {
        /// The log.
        origin: String,
        /// Size of the head.
        size: u64,
    },
    /// A witness shows a head of an own log that is not in this store.
    #[error(
        "log {origin}: this store is an old one: witness {witness} was given its head of {}, and this store, which has {held}, is not what was signed then. Nothing of it leaves this node before what is missing came back from the counterpart. Put the newest store back, or have the counterpart look for its newest one; until then telephone",
        counted(*size, "entry")
    )]
    WitnessAhead {
        /// The log.
        origin: String,
        /// Who shows it.
        witness: String,
        /// Size of the head.
        size: u64,
        /// Entries that are here.
        held: u64,
    },
    /// Witnesses have not said yet what they know of an own log.
    #[error(
        "log {origin}: since the start {heard} of {} said what is known there of it; nothing of it leaves this node before. See to the link to them; if they cannot be reached, start without --out-of-backup",
        counted(*needed, "witness")
    )]
    WitnessesUnheard {
        /// The log.
        origin: String,
        /// How many have.
        heard: usize,
        /// How many have to.
        needed: usize,
    },
    /// What came back names a key for heads or receipts that is not in hand.
    #[error(
        "this store is an old one, and what the counterpart gives of the newer entries names the key {key} for heads or receipts, which is not here; put its file back from the backup, and start again"
    )]
    KeyNotHeld {
        /// The key.
        key: KeyId,
    },
    /// A frame or a note does not hold.
    #[error("this store is an old one, and what the counterpart gives of the newer entries does not hold: {0}")]
    Frame(#[from] FrameError),
    /// The pact is not this party's.
    #[error(transparent)]
    Pact(#[from] PactError),
}

impl RecoveryError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } | Self::Pact(_) => "recovery-refused",
            Self::Nothing { .. } => "recovery-nothing",
            Self::TooLarge { .. } => "recovery-too-large",
            Self::TooEarly { .. } => "recovery-too-early",
            Self::WouldFork { .. } => "recovery-would-fork",
            Self::WitnessAhead { .. } => "recovery-witness-ahead",
            Self::WitnessesUnheard { .. } => "recovery-witnesses-unheard",
            Self::KeyNotHeld { .. } => "key-not-held",
            Self::Frame(error) => error.code(),
        }
    }
}

/// One own log as the mirror gives it: everything behind what it is known to hold, up to its newest receipt.
#[derive(Debug, Clone)]
pub struct MirrorRun {
    log: LogRef,
    start: u64,
    entries: VecDeque<Entry>,
    /// The newest receipt. Under which of this node's keys it has to be, the entries up to it tell.
    receipt: Option<SignedCheckpoint>,
    bytes: usize,
}

impl MirrorRun {
    /// A run of which nothing has come.
    pub fn new(channel: &Channel, log: LogRef) -> Self {
        Self { log, start: channel.log(log).delivered, entries: VecDeque::new(), receipt: None, bytes: 0 }
    }

    /// The index from which on the mirror is to be asked; none when the run is whole.
    pub fn next(&self) -> Option<u64> {
        let next = self.start + self.entries.len() as u64;
        self.receipt.as_ref().is_none_or(|receipt| next < receipt.checkpoint().size).then_some(next)
    }

    /// Takes in one answer. What can be told without the channel's state is; the rest when the run is whole.
    pub fn take(&mut self, pact: &Pact, frame: &Frame) -> Result<(), RecoveryError> {
        let origin = pact.log_keys(self.log).origin.to_string();
        let refused = |reason: &str| RecoveryError::Refused { origin: origin.clone(), reason: reason.to_owned() };
        let Some(next) = self.next() else { return Err(refused("it goes on behind its end")) };
        if frame.channel != pact.channel() || frame.origin != origin || frame.start != next {
            return Err(refused("it is an answer to something else"));
        }
        let receipt = SignedCheckpoint::parse(&frame.note).map_err(|error| refused(&error.to_string()))?;
        if receipt.checkpoint().origin.as_str() != origin {
            return Err(refused("its note is of another log"));
        }
        if self.receipt.as_ref().is_some_and(|known| known.checkpoint() != receipt.checkpoint()) {
            return Err(refused("its head changed in between"));
        }
        let Checkpoint { size, .. } = *receipt.checkpoint();
        let end = next.saturating_add(frame.entries.len() as u64);
        if size < next || end > size || (end == next && size > next) {
            return Err(refused("its head is not the end of its entries"));
        }
        for (bytes, index) in frame.entries.iter().zip(next..) {
            self.bytes = self.bytes.saturating_add(bytes.len());
            if self.bytes > RECOVERY_MAX_BYTES {
                return Err(RecoveryError::TooLarge { origin });
            }
            let entry = Entry::decode(bytes).map_err(|error| refused(&error.to_string()))?;
            if (entry.leaf.origin.as_str(), entry.leaf.index) != (origin.as_str(), index) {
                return Err(refused("an entry belongs to another place"));
            }
            self.entries.push_back(entry);
        }
        self.receipt = Some(receipt);
        Ok(())
    }
}

impl MirrorRun {
    /// What stays of the bodies that entries of this run erase.
    fn residues(&self) -> impl Iterator<Item = (Hash, Option<Residue>)> + '_ {
        let erasing = self.entries.iter().filter(|entry| entry.leaf.act.act().kind == Kind::Erased.wire());
        let parts = erasing.filter_map(|entry| entry.parts.first()?.as_ref());
        parts.filter_map(|part| Erased::decode(&part.bytes).ok()).flat_map(|erased| erased.bodies)
    }

    /// Whether a body is missing that nothing erases.
    fn withholds(&self, channel: &Channel) -> bool {
        let absent = self.entries.iter().filter(|entry| entry.parts.iter().any(Option::is_none));
        absent.map(|entry| entry.leaf.hash()).any(|leaf| !channel.foresees(&leaf))
    }
}

/// What of an own log is kept, and what comes behind it.
struct Own {
    log: LogRef,
    /// What both histories begin with; everything, in a log that the counterpart has confirmed since the start.
    common: u64,
    /// Entries before `common` that were stored behind the place where the histories part.
    stored: VecDeque<Entry>,
    /// Entries from `common` on, as the mirror has them.
    fetched: VecDeque<Entry>,
    /// The log when all is folded in.
    whole: Tree,
    /// None of a confirmed log, of which nothing is replaced.
    receipt: Option<SignedCheckpoint>,
}

/// A channel that is folded anew, out of what is stored and what came back.
pub struct Rebuild {
    channel: Channel,
    own: [Own; 2],
    has_parted: bool,
    theirs: VecDeque<(LogRef, Entry)>,
    acts: Vec<Submission>,
}

/// A channel that was folded anew.
pub struct Rebuilt {
    channel: Channel,
    entries: Vec<(LogRef, VerifiedEntry)>,
    acts: Vec<Submission>,
    notes: Vec<(NoteKind, Vec<u8>)>,
    receipts: Vec<VerifiedReceipt>,
    recovered: u64,
}

/// What a recovery did.
#[derive(Debug, Default)]
pub struct Recovered {
    /// What takes the place of all stored entries of the channel behind the kept ones, and of the notes of their kind.
    pub changes: Changes,
    /// How many own entries came back.
    pub recovered: u64,
    /// How many acts of officers, recorded since the backup, stand behind them.
    pub placed: u64,
    /// Acts that what came back no longer permits, and why.
    pub left_out: Vec<(Submission, Rejection)>,
}

impl Rebuild {
    /// Begins: `now` is the channel as it is. Of the own logs, in the order of [`LogClass::ALL`]: what the mirror gives, the
    /// size up to which a head left this node without the counterpart's word, and whether the counterpart has said since
    /// the start that it holds a beginning of it.
    pub fn new(
        now: &Channel,
        runs: [MirrorRun; 2],
        left: [u64; 2],
        confirmed: [bool; 2],
    ) -> Result<Self, RecoveryError> {
        let mut channel = Channel::new(now.pact().clone(), now.pact().party_name(now.me()))?;
        // What was erased is known before it is folded in: by this store, or by what comes back with it.
        channel.foresee(now.residues());
        for run in &runs {
            channel.foresee(run.residues());
        }
        if let Some(run) = runs.iter().find(|run| run.withholds(&channel)) {
            let origin = now.pact().log_keys(run.log).origin.to_string();
            return Err(RecoveryError::Refused { origin, reason: "a body is withheld".to_owned() });
        }
        let mut own = Vec::with_capacity(2);
        for ((run, left), confirmed) in runs.into_iter().zip(left).zip(confirmed) {
            own.push(Own::new(now, run, left, confirmed)?);
        }
        let own: [Own; 2] = own.try_into().unwrap_or_else(|_| unreachable!("two logs"));
        if own.iter().all(|own| own.fetched.is_empty()) {
            let origin = now.pact().log_keys(own[0].log).origin.to_string();
            return Err(RecoveryError::Nothing { origin });
        }
        Ok(Self { channel, own, has_parted: false, theirs: VecDeque::new(), acts: Vec::new() })
    }

    /// Takes in a stored entry, in the order in which they were committed; whether it stays where it is.
    pub fn stored(&mut self, log: LogRef, entry: Entry) -> Result<bool, RecoveryError> {
        self.has_parted = self.has_parted || self.parts_at(log, &entry);
        if !self.has_parted {
            let index = self.channel.log(log).size();
            self.channel.replay(log, index, entry)?;
            return Ok(true);
        }
        match self.own.iter_mut().find(|own| own.log == log) {
            None => self.theirs.push_back((log, entry)),
            Some(own) if entry.leaf.index < own.common => own.stored.push_back(entry),
            // What the node itself said it says anew, as far as there is reason.
            Some(_) if is_of_node(&entry) => {}
            Some(_) => {
                let part = entry.parts.into_iter().next().flatten();
                self.acts.extend(part.map(|part| Submission { act: entry.leaf.act, part }));
            }
        }
        Ok(false)
    }

    /// Whether what came back has to be folded in before this entry.
    fn parts_at(&self, log: LogRef, entry: &Entry) -> bool {
        let missing = self.own.iter().filter(|own| !own.fetched.is_empty());
        missing.clone().any(|own| self.is_next(own, |entry| self.is_ready(entry)))
            || self.own.iter().any(|own| own.log == log && entry.leaf.index >= own.common)
            || missing.clone().any(|own| {
                let origin = &self.channel.pact().log_keys(own.log).origin;
                let end = own.common + own.fetched.len() as u64;
                entry.leaf.seen.iter().any(|seen| seen.origin == *origin && (own.common + 1..=end).contains(&seen.size))
            })
    }

    /// Whether an own log goes on with the next entry that there is of it, and that one is so.
    fn is_next(&self, own: &Own, is_so: impl Fn(&Entry) -> bool) -> bool {
        own.front().is_some_and(|entry| self.channel.log(own.log).size() == entry.leaf.index && is_so(entry))
    }

    /// Whether everything is there that a leaf has seen.
    fn is_ready(&self, entry: &Entry) -> bool {
        self.sees(entry).all(|(log, seen)| self.channel.log(log).size() >= seen.size)
    }

    /// Ends: folds in what came back, each entry behind what it has seen, as it was folded in when it was new. `notes` are all
    /// those that are stored with the channel's logs.
    pub fn finish(mut self, notes: Vec<(NoteKind, Vec<u8>)>) -> Result<Rebuilt, RecoveryError> {
        let recovered = self.own.iter().map(|own| own.fetched.len() as u64).sum();
        let mut entries = Vec::new();
        while let Some((log, entry)) = self.pop()? {
            let index = self.channel.log(log).size();
            let verified = verify_entry(self.channel.pact(), self.channel.keys(), log, index, entry)?;
            self.channel.apply(log, &verified);
            entries.push((log, verified));
        }
        let mut receipts = Vec::new();
        for own in self.own {
            let Some(receipt) = own.receipt else { continue };
            let (state, origin) = (self.channel.log(own.log), origin(&self.channel, own.log));
            let refused = |reason: &str| RecoveryError::Refused { origin: origin.clone(), reason: reason.to_owned() };
            let receipt = VerifiedReceipt::verify(&receipt.encode(), self.channel.pact(), self.channel.keys())?;
            if !receipt.mirrored {
                return Err(refused("its note is not signed by the counterpart's mirror key"));
            }
            if (state.size(), state.tree.root()) != (receipt.checkpoint.size, receipt.checkpoint.root) {
                return Err(refused("the entries do not have the root that this node signed"));
            }
            // The counterpart's own log holds a head that this node signed and that goes beyond: it gave an older one.
            if state.anchored > state.size() {
                return Err(refused("the counterpart has anchored a longer log than it gives"));
            }
            receipts.push(receipt);
        }
        let (channel, mut kept_notes) = (self.channel, Vec::new());
        for (kind, note) in notes {
            // The own heads are signed anew: those of what is left behind may be under a key that what came back does not name.
            let signed = SignedCheckpoint::parse(&note).ok();
            let log = signed.and_then(|signed| channel.pact().log(signed.checkpoint().origin.as_str()));
            if kind == NoteKind::Checkpoint && log.is_some_and(|log| log.party == channel.me()) {
                continue;
            }
            let receipt = VerifiedReceipt::verify_stored(&note, channel.pact(), channel.keys())?;
            let Checkpoint { size, root, .. } = receipt.checkpoint;
            if channel.log(receipt.log).tree.root_at(size) != Ok(root) {
                return Err(RecoveryError::WouldFork { origin: origin(&channel, receipt.log), size });
            }
            kept_notes.push((kind, note));
        }
        Ok(Rebuilt { channel, entries, acts: self.acts, notes: kept_notes, receipts, recovered })
    }

    /// Whether everything is there that a leaf has seen, as far as it ever comes: a suspension, or what answers it, left with the urgent log, and the own
    /// routine entries that it cites may be lost. Waiting for them would keep the channel shut for ever, STOP too, and folding it in behind everything
    /// else would put what the counterpart said of it, and under its keys, before it.
    fn is_due(&self, entry: &Entry) -> bool {
        self.sees(entry).all(|(log, seen)| self.channel.log(log).size() >= seen.size || self.is_lost(log, seen))
    }

    /// Whether a leaf has seen what is lost of an own log.
    fn cites_what_is_lost(&self, entry: &Entry) -> bool {
        self.sees(entry).any(|(log, seen)| self.is_lost(log, seen))
    }

    /// Whether an own log never has that head, when all is folded in.
    fn is_lost(&self, log: LogRef, seen: &Seen) -> bool {
        self.own.iter().any(|own| own.log == log && own.whole.root_at(seen.size) != Ok(seen.root))
    }

    fn sees<'a>(&'a self, entry: &'a Entry) -> impl Iterator<Item = (LogRef, &'a Seen)> + 'a {
        entry.leaf.seen.iter().filter_map(|seen| Some((self.channel.pact().log(seen.origin.as_str())?, seen)))
    }

    /// The entry that comes next: an own one as soon as all is there that it has seen, as when it was new; else the
    /// counterpart's next. Where the counterpart cites what there never was, in the order in which it came.
    fn pop(&mut self) -> Result<Option<(LogRef, Entry)>, RecoveryError> {
        if let Some(place) = self.own_next(|entry| self.is_due(entry)) {
            return Ok(self.own[place].pop());
        }
        let is_next = |(log, entry): &(LogRef, Entry)| self.channel.log(*log).size() == entry.leaf.index;
        let of_each = LogClass::ALL.map(|class| {
            let log = LogRef { party: 1 - self.channel.me(), class };
            self.theirs.iter().position(|(of, _)| *of == log)
        });
        let mut next: Vec<usize> =
            of_each.into_iter().flatten().filter(|place| is_next(&self.theirs[*place])).collect();
        next.sort_unstable();
        let due = next.iter().find(|place| self.is_due(&self.theirs[**place].1)).or(next.first());
        if let Some(place) = due {
            return Ok(self.theirs.remove(*place));
        }
        if let Some(place) = self.own_next(|entry| self.cites_what_is_lost(entry)) {
            return Ok(self.own[place].pop());
        }
        match self.own.iter().find(|own| own.front().is_some()) {
            Some(own) => Err(RecoveryError::TooEarly { origin: origin(&self.channel, own.log) }),
            None => Ok(None),
        }
    }

    /// An own log whose next entry is so, the urgent one before the other.
    fn own_next(&self, is_so: impl Fn(&Entry) -> bool) -> Option<usize> {
        // What cites a lost routine log stood before what was said in its place.
        self.own.iter().rposition(|own| self.is_next(own, &is_so))
    }
}

impl Own {
    fn new(now: &Channel, run: MirrorRun, left: u64, confirmed: bool) -> Result<Self, RecoveryError> {
        let MirrorRun { log, start, entries: mut fetched, receipt, .. } = run;
        let (tree, origin) = (&now.log(log).tree, origin(now, log));
        let mut common = start;
        while fetched.front().is_some_and(|entry| tree.leaf(common) == Some(entry.leaf.hash())) {
            fetched.pop_front();
            common += 1;
        }
        // Nothing contradicts it, or it was given to the counterpart already: it stays as it is.
        if confirmed || receipt.is_none() {
            if fetched.is_empty() {
                let (common, stored, whole) = (u64::MAX, VecDeque::new(), tree.clone());
                return Ok(Self { log, common, stored, fetched, whole, receipt: None });
            }
            let reason = "the counterpart said before that it holds another beginning of it".to_owned();
            return Err(RecoveryError::Refused { origin, reason });
        }
        if left > common {
            return Err(RecoveryError::WouldFork { origin, size: left });
        }
        let mut whole = Tree::new();
        let kept = (0..common).map_while(|index| tree.leaf(index));
        kept.chain(fetched.iter().map(|entry| entry.leaf.hash())).for_each(|leaf| whole.push(leaf));
        Ok(Self { log, common, stored: VecDeque::new(), fetched, whole, receipt })
    }

    fn front(&self) -> Option<&Entry> {
        self.stored.front().or_else(|| self.fetched.front())
    }

    fn pop(&mut self) -> Option<(LogRef, Entry)> {
        let entry = self.stored.pop_front().or_else(|| self.fetched.pop_front());
        entry.map(|entry| (self.log, entry))
    }
}

impl Station {
    /// Whether this node could sign on in a channel that was folded anew: every key that it names for the own heads is in hand.
    pub fn can_sign_for(&self, rebuilt: &Rebuilt) -> Result<(), RecoveryError> {
        self.missing_key_of(&rebuilt.channel).map_or(Ok(()), |key| Err(RecoveryError::KeyNotHeld { key }))
    }

    /// Takes over a channel that was folded anew, and puts behind it what officers said since the backup. What comes out has
    /// to become durable in one transaction, in place of what is stored behind the kept entries.
    pub fn recover(&mut self, rebuilt: Rebuilt, context: &mut Context<'_>) -> Recovered {
        let Rebuilt { channel, entries, acts, notes, receipts, recovered, .. } = rebuilt;
        let mut recovered = Recovered { recovered, ..Recovered::default() };
        self.start_over(channel, entries);
        self.take_in(&notes);
        for mut receipt in receipts {
            // It counts as the receipt that was asked for. Of a witness's line that came with it the ML-DSA-44 one may be missing, and a witness
            // that is known to have cosigned is not asked again.
            receipt.cosignatures.clear();
            let note = KeptNote { log: receipt.log, kind: NoteKind::Checkpoint, note: receipt.note.clone() };
            self.keep(receipt, context).expect("over a head that the channel has");
            self.note_kept(note);
        }
        for act in acts {
            match self.submit(act.clone(), context) {
                Ok(_) => recovered.placed += 1,
                // It is among what came back: it was sent to this node twice.
                Err(Rejection::MessageRepeated) => {}
                Err(rejection) => recovered.left_out.push((act, rejection)),
            }
        }
        // A receipt of this node may be under a mirror key that one of these acts names: it counts from now on, as it does at a start.
        self.take_in(&notes);
        recovered.changes = self.finish(context);
        recovered
    }

    fn take_in(&mut self, notes: &[(NoteKind, Vec<u8>)]) {
        for (kind, note) in notes {
            self.replay_note(kind, note).expect("held against the channel before");
        }
    }
}

fn is_of_node(entry: &Entry) -> bool {
    Kind::from_wire(entry.leaf.act.act().kind).is_some_and(|kind| kind.signer() == KeyRole::Node)
}

fn origin(channel: &Channel, log: LogRef) -> String {
    channel.pact().log_keys(log).origin.to_string()
}
