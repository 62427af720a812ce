//! The state of one channel at one node: four logs and the board, folded from entries in the order in which this node
//! committed them. Queries read it; only [`Channel::apply`] and the receipts change it.

mod heads;
pub(crate) mod snapshot;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet, VecDeque};

use skypact_airspace::UtcNanos;
use skypact_record::{Entry, Hash, KeyChangeError, KeyId, Leaf, LogClass, PartyKey, ProofError, Seen, SignedAct, tree};

use crate::act_keys::ActKeys;
use crate::board::{Board, ErasedVersion, Misfit, NoticeState, Origin, Version};
use crate::codec::CodecError;
use crate::draft::Facts;
use crate::erasure::{ErasureError, Erasures, Residue};
use crate::existence::{CitedTimes, Existence};
use crate::frame::{FrameError, VerifiedEntry, VerifiedReceipt, stored_entry, verify_entry};
use crate::kind::Kind;
use crate::log::{Log, LogRef};
use crate::message::Message;
use crate::notice::NoticeAct;
use crate::pact::{LogKeys, Pact, PactError};
use crate::period::{Period, PlacedPeriod};
use crate::suspension::{Cut, Suspension, Suspensions};
use crate::timeliness::Timeliness;

/// Most anomalies that are kept; older ones are still in the record.
const ANOMALIES_MAX: usize = 1_000;

/// One channel as one of its parties sees it.
#[derive(Debug)]
pub struct Channel {
    pact: Pact,
    me: usize,
    /// Time and line of the newest beacon of a witness that was heard since the start.
    beacon: Option<(u64, Hash)>,
    logs: [Log; 4],
    cited: CitedTimes,
    entries: HashMap<Hash, EntryRef>,
    messages: HashSet<(usize, [u8; 16])>,
    board: Board,
    keys: ActKeys,
    key_changes: [Vec<KeyChangeEntry>; 4],
    /// Entries that put other keys in the place of their author's: a proof of a fork shows them.
    rotations: [Vec<Entry>; 4],
    suspensions: Suspensions,
    pub(crate) erasures: Erasures,
    anomalies: VecDeque<Anomaly>,
}

/// Where a leaf stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct EntryRef {
    /// Its log.
    pub log: LogRef,
    /// Its index there.
    pub index: u64,
    /// Kind of its act.
    pub kind: u16,
}

/// An entry that changes keys, or would.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct KeyChangeEntry {
    /// Its index in its log.
    pub index: u64,
    /// When it was signed, as it claims.
    pub claimed_time: UtcNanos,
}

/// An entry that is in the record, because its author signed it, but that changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Anomaly {
    /// Where it stands.
    pub entry: EntryRef,
    /// Its leaf.
    pub leaf: Hash,
    /// Why it changed nothing.
    pub reason: AnomalyReason,
}

/// Why an entry changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", from = "String")]
pub enum AnomalyReason {
    /// Its author used this message id before.
    #[error("its message id was used before")]
    MessageRepeated,
    /// Its kind belongs into the other log of its author.
    #[error("its kind does not belong into this log")]
    WrongLog,
    /// Its epoch is not that of its log.
    #[error("its epoch {epoch} is not that of its log")]
    WrongEpoch {
        /// What it says.
        epoch: u64,
    },
    /// Its body was withheld.
    #[error("its body was not delivered")]
    BodyWithheld,
    /// Its body cannot be read.
    #[error(transparent)]
    Unreadable(#[from] CodecError),
    /// It does not fit what is on the board.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// A head that it states is not what is held here at that size.
    #[error("it states another head of {origin} at size {size} than is held; keep the bundle: it is evidence")]
    HeadDiffers {
        /// The log.
        origin: String,
        /// The size.
        size: u64,
    },
    /// A note in it does not hold.
    #[error("a note in it does not hold: {0}")]
    NoteDiffers(#[from] FrameError),
    /// It opens another period than the next one of its log.
    #[error("it opens period {number} at entry {size}, and what comes next is period {next}, at its own index")]
    PeriodDiffers {
        /// The period that it states.
        number: u64,
        /// The closing size that it states.
        size: u64,
        /// The one that comes next.
        next: u64,
    },
    /// An anchor whose proof does not hold.
    #[error("its consistency proof does not hold: {0}")]
    ProofDiffers(#[from] ProofError),
    /// A key change that breaks a rule.
    #[error("it changes no keys: {0}")]
    KeysUnchanged(#[from] KeyChangeError),
    /// It erases nothing.
    #[error("it erases nothing: {0}")]
    NothingErased(#[from] ErasureError),
    /// Its kind belongs to a later version of the protocol.
    #[error("its kind {kind} is not known to this version")]
    UnknownKind {
        /// What it says.
        kind: u16,
    },
    /// One of these, in its words: a snapshot keeps no more of it.
    #[error("{0}")]
    Told(String),
}

impl From<AnomalyReason> for String {
    fn from(reason: AnomalyReason) -> Self {
        reason.to_string()
    }
}

impl From<String> for AnomalyReason {
    fn from(told: String) -> Self {
        Self::Told(told)
    }
}

impl Channel {
    /// An empty channel under `pact`, at the node of party `me`.
    pub fn new(pact: Pact, me: &str) -> Result<Self, PactError> {
        let me = pact.party(me)?;
        let board = Board::new(pact.terms().clone());
        Ok(Self {
            pact,
            me,
            beacon: None,
            logs: Default::default(),
            cited: CitedTimes::default(),
            entries: HashMap::new(),
            messages: HashSet::new(),
            board,
            keys: ActKeys::default(),
            key_changes: Default::default(),
            rotations: Default::default(),
            suspensions: Suspensions::default(),
            erasures: Erasures::default(),
            anomalies: VecDeque::new(),
        })
    }

    /// The pact.
    pub fn pact(&self) -> &Pact {
        &self.pact
    }

    /// Index of this node's party.
    pub fn me(&self) -> usize {
        self.me
    }

    /// Epoch of this node's logs: how often the channel was resumed, from 1.
    pub fn epoch(&self) -> u64 {
        self.epoch_of(self.me)
    }

    /// Epoch of a party's logs; when its node has opened the next one in one of them, that of the other.
    pub fn epoch_of(&self, party: usize) -> u64 {
        LogClass::ALL.map(|class| self.log(LogRef { party, class }).epoch).into_iter().min().unwrap_or(1)
    }

    /// Who may sign acts and heads in each log.
    pub fn keys(&self) -> &ActKeys {
        &self.keys
    }

    /// The entries of a log that change keys or would, in their order.
    pub fn key_changes(&self, log: LogRef) -> &[KeyChangeEntry] {
        &self.key_changes[log.place()]
    }

    /// The note keys that count for heads of `size` of a log, and for receipts over it.
    pub fn log_keys(&self, log: LogRef, size: u64) -> Cow<'_, LogKeys> {
        self.keys.log_keys(&self.pact, log, size)
    }

    /// Entries of a log that put other keys in the place of its author's, ascending.
    pub fn rotations(&self, log: LogRef) -> &[Entry] {
        &self.rotations[log.place()]
    }

    /// The key of that id, if it may sign the next act of a log.
    pub fn key(&self, log: LogRef, id: KeyId) -> Option<&PartyKey> {
        self.keys.key(&self.pact, log, id, self.log(log).size())
    }

    /// Suspensions of all epochs.
    pub fn suspensions(&self) -> &Suspensions {
        &self.suspensions
    }

    /// The suspension that stands: until both parties have resumed, and both nodes have opened the same next epoch.
    pub fn suspension(&self) -> Option<Suspension<'_>> {
        let (a, b) = (self.epoch_of(0), self.epoch_of(1));
        let lower = self.suspensions.epoch(a.min(b));
        (a != b || lower.is_suspended()).then_some(lower)
    }

    /// How early a notice came: of all its versions that announce or change it the least time from when the quorum of the
    /// pact had seen it, as its author's node has stated in the record, to when it takes effect. So a mark stays for ever.
    pub fn timeliness(&self, state: &NoticeState) -> Timeliness {
        let log = self.log(LogRef { party: state.origin.party, class: LogClass::Routine });
        let quorum = usize::try_from(self.pact.genesis().quorum).unwrap_or(usize::MAX);
        let minimum_ns = self.pact.terms().minimum_notice_ns[usize::from(state.notice.class.wire())];
        let announcing = state.versions.iter().filter(|at| matches!(at.act, NoticeAct::New | NoticeAct::Changed));
        let of = |at: &Version| {
            let not_after_s = log.times.not_after_s(at.origin.index, quorum);
            Timeliness::new(at.start, not_after_s, at.origin.claimed_time, minimum_ns)
        };
        announcing.map(of).min_by_key(|timeliness| timeliness.lead_ns).expect("the first version announces it")
    }

    /// When an entry provably existed, beside what it claims.
    pub fn existence(&self, origin: &Origin) -> Existence {
        let place = self.entries.get(&origin.leaf);
        let not_before_s = place.and_then(|place| self.cited.not_before_s(place.log, place.index));
        // As the verifier does: where the pact asks for no witness, one that cosigned still says when.
        let quorum = usize::try_from(self.pact.genesis().quorum.max(1)).unwrap_or(usize::MAX);
        let not_after_s = place.and_then(|place| self.log(place.log).times.not_after_s(place.index, quorum));
        Existence::new(origin.claimed_time, not_before_s, not_after_s)
    }

    /// Lines that leaves cite and whose times are not known.
    pub fn cited_unknown(&self) -> Vec<Hash> {
        self.cited.unknown()
    }

    /// Learns the time of a beacon that a leaf cites, s since the Unix epoch, UTC.
    pub fn learn_cited(&mut self, line: Hash, time_s: u64) {
        self.cited.learn(line, time_s, false);
    }

    /// Whether an entry of a routine log was filed while the channel was suspended.
    pub fn filed_in_suspension(&self, origin: &Origin) -> bool {
        let routine = LogRef { party: origin.party, class: LogClass::Routine };
        self.suspensions.cover(origin, self.pact.log_keys(routine).origin.as_str())
    }

    /// One of the four logs.
    pub fn log(&self, log: LogRef) -> &Log {
        &self.logs[log.place()]
    }

    /// Entries of a log from before this node's open period that the counterpart of the log's author has signed for, as it has
    /// for the opening itself: whatever comes, they stay where they are. What the counterpart calls its periods does not
    /// matter here.
    pub fn closed(&self, log: LogRef) -> u64 {
        let class = if log.party == self.me { log.class } else { LogClass::Routine };
        let own = self.log(LogRef { party: self.me, class });
        let open = own.periods.last().filter(|open| open.period.size < own.delivered);
        let closed = open.map_or(0, |open| match log.class {
            _ if log.party == self.me => open.period.size,
            LogClass::Routine => open.seen[0],
            LogClass::Urgent => open.seen[1],
        });
        closed.min(self.log(log).delivered)
    }

    /// What is announced, found and agreed.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// Entries that changed nothing, the newest [`ANOMALIES_MAX`], oldest first.
    pub fn anomalies(&self) -> impl DoubleEndedIterator<Item = &Anomaly> {
        self.anomalies.iter()
    }

    /// Where a leaf stands, by its hash.
    pub fn entry(&self, leaf: &Hash) -> Option<&EntryRef> {
        self.entries.get(leaf)
    }

    /// Every entry by its leaf hash, in no order.
    pub fn entries(&self) -> impl Iterator<Item = (&Hash, &EntryRef)> {
        self.entries.iter()
    }

    /// Whether `party` has used this message id.
    pub fn knows_message(&self, party: usize, id: [u8; 16]) -> bool {
        self.messages.contains(&(party, id))
    }

    /// What an act of this node's party has to state.
    pub fn facts(&self) -> Facts {
        let author = self.pact.genesis().parties[self.me].name.clone();
        let epochs = LogClass::ALL.map(|class| self.log(LogRef { party: self.me, class }).epoch);
        Facts { channel: self.pact.channel(), epochs, author }
    }

    /// The leaf that places a signed act at the end of its log.
    pub fn place(&self, act: SignedAct) -> Leaf {
        let log = LogRef { party: self.me, class: act.act().log_class };
        let head = |log: LogRef| Seen {
            origin: self.pact.log_keys(log).origin.clone(),
            size: self.log(log).size(),
            root: self.log(log).tree.root(),
        };
        let seen = self.cited_logs(log, act.act().kind).into_iter().map(head).collect();
        let state = self.log(log);
        Leaf {
            origin: self.pact.log_keys(log).origin.clone(),
            index: state.size(),
            seen,
            cosignature: self.newest_time(state),
            act,
        }
    }

    /// The logs whose heads the leaf of an act of that kind cites, ascending by origin.
    pub(crate) fn cited_logs(&self, log: LogRef, kind: u16) -> Vec<LogRef> {
        let cuts = Kind::from_wire(kind).is_some_and(Kind::cuts);
        let is_cited = |other: &LogRef| other.party != log.party || (cuts && *other != log);
        let mut cited: Vec<LogRef> = LogRef::ALL.into_iter().filter(is_cited).collect();
        cited.sort_by_key(|log| &self.pact.log_keys(*log).origin);
        cited
    }

    /// Hears the time of a witness of the pact: its beacon's line, by hash, signed at `time_s` (s since the Unix epoch, UTC).
    pub fn hear(&mut self, time_s: u64, line: Hash) {
        self.beacon = self.beacon.max(Some((time_s, line)));
    }

    /// What the next leaf of a log cites: the newest cosignature over it, or a beacon that is newer still.
    fn newest_time(&self, log: &Log) -> Option<Hash> {
        let is_newer = |time_s: u64| log.cosignature.is_none_or(|newest| time_s > newest.time_s);
        let beacon = self.beacon.filter(|(time_s, _)| is_newer(*time_s)).map(|(_, line)| line);
        beacon.or(log.cosignature.map(|newest| newest.line))
    }

    /// Folds in an entry out of this node's own storage. Its signature was verified before it was stored and is not verified
    /// again, unless it tells keys: that it is that entry still is shown by a signed head over it, or by [`Channel::verify_stored`].
    pub fn replay(&mut self, log: LogRef, index: u64, entry: Entry) -> Result<(), FrameError> {
        // A head shows nothing of the entry that names the head's own key: its signature is verified each time.
        let check = if entry.leaf.act.act().tells_keys() { verify_entry } else { stored_entry };
        let entry = check(&self.pact, &self.keys, log, index, entry)?;
        self.apply(log, &entry);
        Ok(())
    }

    /// Verifies a replayed entry as one that a counterpart sends.
    pub fn verify_stored(&self, log: LogRef, index: u64, entry: Entry) -> Result<(), FrameError> {
        verify_entry(&self.pact, &self.keys, log, index, entry).map(drop)
    }

    /// Folds in an entry at the end of a log. It is in the record whatever it says; what it changes is up to the rules.
    pub fn apply(&mut self, log: LogRef, entry: &VerifiedEntry) {
        let act = entry.entry.leaf.act.act();
        let place = EntryRef { log, index: self.log(log).size(), kind: act.kind };
        assert_eq!(entry.entry.leaf.index, place.index, "entries of a log are applied in order");
        self.logs[log.place()].tree.push(entry.hash);
        self.entries.insert(entry.hash, place);
        if let Some(line) = entry.entry.leaf.cosignature {
            self.cited.cite(log, place.index, line);
        }
        self.keys.hear(&self.pact, log, place.index, &entry.entry.leaf.seen);
        if log.party != self.me {
            let own = LogRef { party: self.me, class: LogClass::Routine };
            let size = self.seen_size(own, &entry.entry);
            self.logs[own.place()].cite(size, UtcNanos(act.claimed_time));
        }
        if let Err(reason) = self.apply_message(log, entry) {
            if self.anomalies.len() == ANOMALIES_MAX {
                self.anomalies.pop_front();
            }
            self.anomalies.push_back(Anomaly { entry: place, leaf: entry.hash, reason });
        }
    }

    fn apply_message(&mut self, log: LogRef, entry: &VerifiedEntry) -> Result<(), AnomalyReason> {
        let (party, act) = (log.party, entry.entry.leaf.act.act());
        let kind = Kind::from_wire(act.kind);
        let keys = self.take_keys(log, kind, &entry.entry);
        if entry.entry.leaf.index == 0 {
            let period = Period { number: 1, size: 0, root: tree::Tree::default().root() };
            let since = UtcNanos(act.claimed_time);
            self.logs[log.place()].periods.push(PlacedPeriod { period, since, seen: [0; 2] });
        }
        if !kind.is_some_and(Kind::is_of_heads) {
            let state = &mut self.logs[log.place()];
            state.substance = state.size();
        }
        if !self.messages.insert((party, act.message_id)) {
            return Err(AnomalyReason::MessageRepeated);
        }
        let kind = kind.ok_or(AnomalyReason::UnknownKind { kind: act.kind })?;
        if kind == Kind::Genesis {
            return Ok(());
        }
        if !kind.belongs_in(log.class) {
            return Err(AnomalyReason::WrongLog);
        }
        let epoch = self.log(log).epoch;
        if act.epoch != if kind == Kind::Reconciled { epoch + 1 } else { epoch } {
            return Err(AnomalyReason::WrongEpoch { epoch: act.epoch });
        }
        let Some(part) = entry.entry.parts.first().and_then(Option::as_ref) else {
            return self.apply_without_body(log, kind, entry);
        };
        let message = Message::decode(kind, &part.bytes)?;
        let origin = self.origin_of(log, entry, Hash::of(&part.bytes));
        let seen = || entry.entry.leaf.seen.clone();
        match message {
            Message::Suspend { reason } => {
                self.suspensions.suspend(epoch, Cut { origin, reason, answers: Vec::new(), seen: seen() });
            }
            Message::Resume { suspends } => {
                let cut = Cut { origin, reason: String::new(), answers: suspends, seen: seen() };
                self.suspensions.resume(epoch, cut);
            }
            Message::Reconciled(reconciled) => return self.apply_reconciled(log, reconciled, origin),
            Message::Anchor(anchor) => return self.apply_anchor(party, &anchor),
            Message::KeyRotation(_) => keys?,
            Message::KeyChange(change) => {
                keys?;
                // The watch is kept in the routine log, and so is what ends it.
                if log.class == LogClass::Routine {
                    self.board.revoke(&origin, &change);
                }
            }
            Message::Witnessed(witnessed) => return self.apply_witnessed(&origin, &witnessed),
            Message::Period(period) => return self.apply_period(log, period, &origin),
            Message::Erased(erased) => self.apply_erased(origin, &erased)?,
            message => {
                let is_of_erased = self.speaks_of_erased(&message);
                match self.board.apply(origin, message) {
                    Err(Misfit::Unknown { .. }) if is_of_erased => {}
                    applied => applied?,
                }
            }
        }
        Ok(())
    }

    /// What stays of an erased body takes its place. Nothing is known of what its content was, and nobody can say that it was another one.
    fn apply_without_body(&mut self, log: LogRef, kind: Kind, entry: &VerifiedEntry) -> Result<(), AnomalyReason> {
        if !self.lacks_body(entry.hash) {
            return Err(AnomalyReason::BodyWithheld);
        }
        let origin = self.origin_of(log, entry, Hash::of(&[]));
        match self.foreseen(&entry.hash) {
            Some(Residue::Notice { act, previous, class, window, .. }) if kind.is_notice() => {
                let stands_for = ErasedVersion { act, previous, class, window, is_protected: kind == Kind::Protected };
                self.board.apply_erased_version(origin, stands_for)?;
            }
            Some(Residue::ReadBack { notice }) if kind == Kind::ReadBack => {
                self.board.apply_erased_read_back(origin, notice)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes over what notes and beacons say of the same entries.
    pub(crate) fn take_heads(&mut self, from: &Self) {
        (self.beacon, self.cited) = (from.beacon, from.cited.clone());
        for (log, from) in self.logs.iter_mut().zip(&from.logs) {
            log.delivered = from.delivered;
            log.cosigned.clone_from(&from.cosigned);
            log.cosignature = from.cosignature;
            log.post_quantum.clone_from(&from.post_quantum);
        }
    }

    /// Takes in what an entry tells of keys, as a verifier of bundles does: whatever its epoch and message id are.
    fn take_keys(&mut self, log: LogRef, kind: Option<Kind>, entry: &Entry) -> Result<(), KeyChangeError> {
        if !kind.is_some_and(Kind::tells_keys) {
            return Ok(());
        }
        let claimed_time = UtcNanos(entry.leaf.act.act().claimed_time);
        self.key_changes[log.place()].push(KeyChangeEntry { index: entry.leaf.index, claimed_time });
        self.keys.take(&self.pact, log, entry.leaf.index, entry)?;
        if kind == Some(Kind::KeyRotation) {
            self.rotations[log.place()].push(entry.clone());
        }
        Ok(())
    }

    fn origin_of(&self, log: LogRef, entry: &VerifiedEntry, content: Hash) -> Origin {
        let (leaf, act) = (&entry.entry.leaf, entry.entry.leaf.act.act());
        let seen = |class| self.seen_size(LogRef { party: 1 - log.party, class }, &entry.entry);
        Origin {
            party: log.party,
            signer: entry.signer.clone(),
            key: leaf.act.signature().key_id,
            leaf: entry.hash,
            index: leaf.index,
            epoch: act.epoch,
            seen_urgent: seen(LogClass::Urgent),
            seen_routine: seen(LogClass::Routine),
            references: act.references.clone(),
            content,
            claimed_time: UtcNanos(act.claimed_time),
        }
    }

    /// How much of a log an entry of the other party's has seen.
    fn seen_size(&self, log: LogRef, entry: &Entry) -> u64 {
        let origin = &self.pact.log_keys(log).origin;
        entry.leaf.seen.iter().find(|seen| seen.origin == *origin).map_or(0, |seen| seen.size)
    }

    /// Takes in a receipt that was checked to speak of a size and root of the log.
    pub fn apply_receipt(&mut self, receipt: &VerifiedReceipt) {
        for line in &receipt.cosignatures {
            let is_news = self.log(receipt.log).is_news_of_witness(receipt, &line.witness);
            self.cited.learn(line.hash, line.time_s, is_news);
        }
        self.logs[receipt.log.place()].apply_receipt(receipt);
    }
}
