//! Bodies that are gone for good by a signed entry of their author (docs/channel-protocol.md, section 2.24): what of them stays, when they may
//! go, and the fold of a log in which they are missing. The state of a channel is always the fold of what is stored: as long as the
//! bytes are, it is as it was; once they are not, what stays takes their place ([`Refold`]).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use skypact_airspace::{TimeWindow, UtcNanos};
use skypact_record::{DecodeError, Entry, Erasure, Hash, LogClass};

use crate::board::{Origin, Version};
use crate::channel::{Channel, EntryRef};
use crate::class::ActivityClass;
use crate::codec::{self, CodecError, Reader, Writer, Written};
use crate::frame::FrameError;
use crate::kind::Kind;
use crate::log::LogRef;
use crate::message::Message;
use crate::notice::NoticeAct;
use crate::pact::PactError;
use crate::station::Station;

/// Least time between two folds for erasures, ns.
const ERASE_PAUSE_NS: i64 = 60_000_000_000;

/// What has to stay of a body beside its leaf: without it the rest of the record would say something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Residue {
    /// Of a version of a notice or of something protected: its place in the chain and its times, so that it stays LATE where it was.
    Notice {
        /// What it did.
        act: NoticeAct,
        /// The version that it followed.
        previous: Option<Hash>,
        /// Class of the activity.
        class: ActivityClass,
        /// From the earliest start to the latest end of its volumes.
        window: TimeWindow,
        /// Whether it is marked UNSEEN OVERLAP in a conflict: nobody erases that.
        unseen_overlap: bool,
    },
    /// Of a read-back: the version, without the hash of its content, by which a content could be guessed.
    ReadBack {
        /// Leaf hash of the version.
        notice: Hash,
    },
}

impl Residue {
    /// Its bytes.
    pub fn encode(self) -> Vec<u8> {
        codec::encode(|writer| self.write(writer))
    }

    /// Reads it; the inverse of `encode`.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        codec::decode_exact("residue", bytes, Self::read, |residue| residue.encode())
    }

    fn write(self, writer: &mut Writer<'_>) -> Written {
        match self {
            Self::Notice { act, previous, class, window, unseen_overlap } => {
                writer.array(7)?.u8(0)?.u8(act as u8)?;
                match previous {
                    Some(previous) => writer.bytes(&previous.0)?,
                    None => writer.null()?,
                };
                writer.u8(class.wire())?.i64(window.start().0)?.i64(window.end().0)?.u8(u8::from(unseen_overlap))?.ok()
            }
            Self::ReadBack { notice } => writer.array(2)?.u8(1)?.bytes(&notice.0)?.ok(),
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let items = reader.array(7)?;
        match (items, reader.u64()?) {
            (7, 0) => {
                let act = reader.choice(&NoticeAct::ALL)?;
                let previous = if reader.null()? { None } else { Some(reader.hash()?) };
                if previous.is_some() == (act == NoticeAct::New) {
                    return Err(reader.error("a new notice follows none, any other follows one"));
                }
                let class = reader.choice(&ActivityClass::ALL)?;
                let window = TimeWindow::new(UtcNanos(reader.i64()?), UtcNanos(reader.i64()?));
                let window = window.map_err(|error| reader.error(error.to_string()))?;
                let unseen_overlap = reader.choice(&[false, true])?;
                Ok(Self::Notice { act, previous, class, window, unseen_overlap })
            }
            (2, 1) => Ok(Self::ReadBack { notice: reader.hash()? }),
            _ => Err(reader.error("is neither the residue of a notice nor that of a read-back")),
        }
    }
}

/// Body of an entry that erases others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    /// 1 to 256 entries of its author, by leaf hash, and what stays of each.
    pub bodies: BTreeMap<Hash, Option<Residue>>,
}

impl Erased {
    /// Bytes of the body.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let bodies = self.bodies.iter().map(|(leaf, residue)| (*leaf, residue.map(Residue::encode)));
        Erasure { bodies: bodies.collect() }.encode().expect("an erasure that was read or made within its bounds")
    }

    /// Reads a body.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let malformed = |error: DecodeError| CodecError {
            message: Kind::Erased.name(),
            field: "bodies",
            reason: error.to_string(),
        };
        let erasure = Erasure::decode(bytes).map_err(malformed)?;
        let residue = |bytes: Vec<u8>| Residue::decode(&bytes);
        let bodies = erasure.bodies.into_iter().map(|(leaf, bytes)| Ok((leaf, bytes.map(residue).transpose()?)));
        Ok(Self { bodies: bodies.collect::<Result<_, CodecError>>()? })
    }
}

/// Why an entry erases nothing. What it lists stays, and is never erased by a later one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ErasureError {
    /// Nobody erases what another one said, or what is not there.
    #[error("bodies: {leaf} is no entry of this party before this one; name own entries by their leaf hashes")]
    NotOwn {
        /// What is named.
        leaf: Hash,
    },
    /// Keys, heads, calls and suspensions stay.
    #[error("bodies: {leaf} is of a kind that is never erased: {kind}; leave it out")]
    NeverErased {
        /// What is named.
        leaf: Hash,
        /// Its kind.
        kind: u16,
    },
    /// An entry is listed once.
    #[error("bodies: {leaf} was listed before; leave it out")]
    Listed {
        /// What is named.
        leaf: Hash,
    },
    /// Somebody may still fly by it.
    #[error("bodies: {leaf} speaks of a notice that is not over; end or cancel the notice first")]
    NotOver {
        /// What is named.
        leaf: Hash,
    },
    /// Half of a chain would say something else: that it stands.
    #[error("bodies: {leaf} is a version of a notice, and not all versions are listed; list all or none")]
    Incomplete {
        /// What is named.
        leaf: Hash,
    },
    /// A notice that contradicts an assurance of its author.
    #[error("bodies: {leaf} contradicts what its author assured or denied; that stays in the record")]
    Contradicts {
        /// Its leaf hash.
        leaf: Hash,
    },
    /// What is to stay is not what the body says.
    #[error("bodies: what is to stay of {leaf} is not what its body says; the body is kept")]
    ResidueDiffers {
        /// What is named.
        leaf: Hash,
    },
    /// The counterpart has not signed that it holds it.
    #[error("bodies: the counterpart has not signed for {leaf} yet; wait for its receipt")]
    NotDelivered {
        /// What is named.
        leaf: Hash,
    },
}

impl ErasureError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotOwn { .. } => "erasure-not-own",
            Self::NeverErased { .. } => "erasure-kind",
            Self::Listed { .. } => "erasure-repeated",
            Self::NotOver { .. } => "erasure-not-over",
            Self::Incomplete { .. } => "erasure-incomplete",
            Self::Contradicts { .. } => "erasure-contradicts",
            Self::ResidueDiffers { .. } => "erasure-differs",
            Self::NotDelivered { .. } => "erasure-not-delivered",
        }
    }
}

/// An entry whose body is gone, or goes when its node comes to it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ErasureState {
    /// The entry that erases it: who, when, where.
    pub origin: Arc<Origin>,
    /// What stays.
    pub residue: Option<Residue>,
}

/// An entry that its author may erase now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasable {
    /// Its leaf.
    pub leaf: Hash,
    /// Where it stands.
    pub entry: EntryRef,
    /// First version of the notice that it speaks of.
    pub notice: Hash,
    /// When that notice was ended or cancelled, as its author claims.
    pub over_at: UtcNanos,
    /// What would stay.
    pub residue: Option<Residue>,
}

/// What a channel knows of bodies that are gone.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Erasures {
    /// What stays of bodies that may be missing: known before the entries are folded in.
    #[serde(serialize_with = "crate::channel::snapshot::sorted_map")]
    foreseen: HashMap<Hash, Option<Residue>>,
    /// Entries that were folded in without their body.
    #[serde(serialize_with = "crate::channel::snapshot::sorted_set")]
    absent: HashSet<Hash>,
    /// Everything that was listed once, whatever came of it.
    #[serde(serialize_with = "crate::channel::snapshot::sorted_set")]
    listed: HashSet<Hash>,
    erased: BTreeMap<Hash, ErasureState>,
    /// What stays of missing bodies by an entry that seemed to erase nothing.
    #[serde(serialize_with = "crate::channel::snapshot::sorted_map")]
    wanted: HashMap<Hash, Option<Residue>>,
    /// Erased entries that were folded in as if they were not.
    pending: Vec<EntryRef>,
    /// Size behind the newest entry of each party that erases something.
    erased_to: [u64; 2],
    /// Whether the body of one of them is missing, so that nothing stands for it.
    lacks_residue: bool,
}

/// Whether a body of that kind may be erased.
fn may_go(kind: u16) -> Option<Kind> {
    Kind::from_wire(kind).filter(|kind| {
        matches!(
            kind,
            Kind::Notice
                | Kind::ReadBack
                | Kind::Proposal
                | Kind::Acceptance
                | Kind::Propagation
                | Kind::Protected
                | Kind::PositionForms
        )
    })
}

impl Channel {
    /// By which entry a body is erased, and what stays of it.
    pub fn erasure(&self, leaf: &Hash) -> Option<&ErasureState> {
        self.erasures.erased.get(leaf)
    }

    /// Every entry whose body is erased, by leaf hash.
    pub fn erasures(&self) -> impl Iterator<Item = (&Hash, &ErasureState)> {
        self.erasures.erased.iter()
    }

    /// What a party may erase now: all that it said about notices that were ended or cancelled, as far as the counterpart has signed for it;
    /// oldest first.
    pub fn erasable(&self, party: usize) -> Vec<Erasable> {
        let delivered = self.log(LogRef { party, class: LogClass::Routine }).delivered;
        let found = self.board().said().filter_map(|(leaf, state)| {
            let entry = *self.own_entry(party, leaf).filter(|entry| entry.index < delivered)?;
            let is_left = !self.erasures.listed.contains(leaf) && !self.erasures.absent.contains(leaf);
            let (leaf, notice, over_at) = (*leaf, state.id(), state.origin.claimed_time);
            let residue = self.board().residue(&leaf);
            // All versions go together, so the end of an own notice has to be there too.
            let is_whole = state.origin.party != party || state.origin.index < delivered;
            if state.versions.iter().any(|version| self.contradicts_assurance(party, &version.origin.leaf)) {
                return None;
            }
            (is_left && is_whole && !state.stands()).then_some(Erasable { leaf, entry, notice, over_at, residue })
        });
        let mut found: Vec<Erasable> = found.collect();
        found.sort_by_key(|erasable| erasable.entry.index);
        found
    }

    /// Whether a party may erase these.
    pub(crate) fn check_erased(&self, party: usize, erased: &Erased) -> Result<(), ErasureError> {
        for (leaf, residue) in &erased.bodies {
            let leaf = *leaf;
            let entry = self.own_entry(party, &leaf).ok_or(ErasureError::NotOwn { leaf })?;
            let kind = may_go(entry.kind).ok_or(ErasureError::NeverErased { leaf, kind: entry.kind })?;
            if self.erasures.listed.contains(&leaf) {
                return Err(ErasureError::Listed { leaf });
            }
            // Where nothing is held of it, its author's word is all there is.
            if self.erasures.absent.contains(&leaf) && !self.erasures.foreseen.contains_key(&leaf) {
                continue;
            }
            // What changed nothing here is in nobody's way; a notice that did not is on no chain that could be over.
            let is_over = self.board().about(&leaf).map_or(!kind.is_notice(), |state| !state.stands());
            if !is_over {
                return Err(ErasureError::NotOver { leaf });
            }
            let is_listed = |version: &Version| erased.bodies.contains_key(&version.origin.leaf);
            let chain = self.board().about(&leaf).filter(|_| kind.is_notice());
            if chain.is_some_and(|state| !state.versions.iter().all(is_listed)) {
                return Err(ErasureError::Incomplete { leaf });
            }
            if self.contradicts_assurance(party, &leaf) {
                return Err(ErasureError::Contradicts { leaf });
            }
            if !self.keeps(kind, &leaf, residue.as_ref()) {
                return Err(ErasureError::ResidueDiffers { leaf });
            }
        }
        Ok(())
    }

    /// The same of an own officer's act, which also waits for the counterpart.
    pub(crate) fn check_erasing(&self, erased: &Erased) -> Result<(), ErasureError> {
        self.check_erased(self.me(), erased)?;
        let delivered = self.log(LogRef { party: self.me(), class: LogClass::Routine }).delivered;
        let is_late = |leaf: &&Hash| self.entry(leaf).is_none_or(|entry| entry.index >= delivered);
        match erased.bodies.keys().find(is_late) {
            Some(leaf) => Err(ErasureError::NotDelivered { leaf: *leaf }),
            None => Ok(()),
        }
    }

    /// Whether a version of a notice is what contradicts an assurance of its own party.
    fn contradicts_assurance(&self, party: usize, leaf: &Hash) -> bool {
        self.board().assurances(party).iter().any(|given| given.contradicted_by == Some(*leaf))
    }

    fn own_entry(&self, party: usize, leaf: &Hash) -> Option<&EntryRef> {
        self.entry(leaf).filter(|entry| entry.log == LogRef { party, class: LogClass::Routine })
    }

    /// Whether what is to stay is what the body says. A mark may be stated that is not held here; none may be left out.
    fn keeps(&self, kind: Kind, leaf: &Hash, stated: Option<&Residue>) -> bool {
        match (kind, stated, self.board().residue(leaf)) {
            (Kind::Notice | Kind::Protected, Some(stated @ Residue::Notice { unseen_overlap, .. }), Some(held)) => {
                let Residue::Notice { unseen_overlap: is_marked, .. } = held else { return false };
                (*unseen_overlap || !is_marked) && stated.without_marks() == held.without_marks()
            }
            // One that changed nothing here is no read-back of anything.
            (Kind::ReadBack, Some(Residue::ReadBack { .. }), None) => true,
            (Kind::ReadBack, Some(stated), Some(held)) => *stated == held,
            (Kind::Notice | Kind::Protected | Kind::ReadBack, ..) => false,
            (_, stated, _) => stated.is_none(),
        }
    }

    /// Takes in that bodies are erased; they go when the node comes to it.
    pub(crate) fn apply_erased(&mut self, origin: Origin, erased: &Erased) -> Result<(), ErasureError> {
        let checked = self.check_erased(origin.party, erased);
        let own = |leaf: &Hash| Some((*leaf, *self.own_entry(origin.party, leaf)?));
        let named: Vec<(Hash, EntryRef)> = erased.bodies.keys().filter_map(own).collect();
        self.erasures.listed.extend(named.iter().map(|(leaf, _)| *leaf));
        if let Err(error) = checked {
            self.want_residues(&named, erased);
            return Err(error);
        }
        self.erasures.erased_to[origin.party] = origin.index + 1;
        let origin = Arc::new(origin);
        for (leaf, entry) in named {
            let state = ErasureState { origin: Arc::clone(&origin), residue: erased.bodies[&leaf] };
            let (is_absent, is_foreseen) =
                (self.erasures.absent.contains(&leaf), self.erasures.foreseen.contains_key(&leaf));
            if !(is_absent && is_foreseen) {
                self.erasures.pending.push(entry);
                self.erasures.lacks_residue |= is_absent;
            }
            self.erasures.erased.insert(leaf, state);
        }
        Ok(())
    }

    /// Where bodies are missing nobody can say yet that it erases nothing: a notice whose end is missing seems to stand. With what is to stay of
    /// them the entry is judged anew.
    fn want_residues(&mut self, named: &[(Hash, EntryRef)], erased: &Erased) {
        for (leaf, entry) in named {
            if self.erasures.absent.contains(leaf) && !self.foresees(leaf) {
                self.erasures.wanted.entry(*leaf).or_insert(erased.bodies[leaf]);
                self.erasures.pending.push(*entry);
                self.erasures.lacks_residue = true;
            }
        }
    }

    /// Notes that an entry comes without its body; whether it is known what stays of it.
    pub(crate) fn lacks_body(&mut self, leaf: Hash) -> bool {
        self.erasures.absent.insert(leaf);
        self.foresees(&leaf)
    }

    /// What stays of a body, if anything does.
    pub(crate) fn foreseen(&self, leaf: &Hash) -> Option<Residue> {
        self.erasures.foreseen.get(leaf).copied().flatten()
    }

    /// Whether a message speaks of what may be missing on the board because a body is gone: then it changes nothing, and nothing is wrong
    /// with it.
    pub(crate) fn speaks_of_erased(&self, message: &Message) -> bool {
        let is_gone = |leaf: &Hash| self.erasures.absent.contains(leaf) && self.erasures.foreseen.contains_key(leaf);
        match message {
            Message::Acceptance { proposal, .. } => is_gone(proposal),
            Message::Proposal { key, .. } => key.versions().iter().any(is_gone),
            _ => false,
        }
    }

    /// Knows before it is folded in what stays of bodies that are gone.
    pub(crate) fn foresee(&mut self, residues: impl IntoIterator<Item = (Hash, Option<Residue>)>) {
        for (leaf, residue) in residues {
            self.erasures.foreseen.entry(leaf).or_insert(residue);
        }
    }

    /// Whether that is known of a body.
    pub(crate) fn foresees(&self, leaf: &Hash) -> bool {
        self.erasures.foreseen.contains_key(leaf)
    }

    /// What stays of all that is erased by now.
    pub(crate) fn residues(&self) -> impl Iterator<Item = (Hash, Option<Residue>)> + '_ {
        let known = self.erasures.erased.iter().map(|(leaf, state)| (*leaf, state.residue));
        let others = self.erasures.foreseen.iter().chain(&self.erasures.wanted);
        known.chain(others.map(|(leaf, residue)| (*leaf, *residue)))
    }

    /// Entries whose bodies are erased and that were folded in as if they were not.
    pub fn pending_erasures(&self) -> &[EntryRef] {
        &self.erasures.pending
    }

    /// Those of them that may go now. Own bodies wait until the counterpart has signed for the entry that erases them: an old store would
    /// lack that entry, and have no bodies either.
    fn erasures_to_carry_out(&self) -> Vec<EntryRef> {
        let log = LogRef { party: self.me(), class: LogClass::Routine };
        let is_delivered = self.erasures.erased_to[self.me()] <= self.log(log).delivered;
        let all = self.erasures.pending.iter().copied();
        all.filter(|entry| is_delivered || entry.log.party != self.me() || self.erasures.lacks_residue).collect()
    }

    /// Whether the body of one of them is missing already, and nothing stands for it: a fold in which it was not foreseen.
    pub fn lacks_residue(&self) -> bool {
        self.erasures.lacks_residue
    }
}

impl Residue {
    fn without_marks(self) -> Self {
        match self {
            Self::Notice { act, previous, class, window, .. } => {
                Self::Notice { act, previous, class, window, unseen_overlap: false }
            }
            read_back @ Self::ReadBack { .. } => read_back,
        }
    }
}

/// A channel that is folded anew out of what is stored, after bodies went.
pub struct Refold(Channel);

impl Refold {
    /// Begins; what stays of the bodies that `now` knows to be erased is foreseen.
    pub fn new(now: &Channel) -> Result<Self, PactError> {
        let mut channel = Channel::new(now.pact().clone(), now.pact().party_name(now.me()))?;
        channel.foresee(now.residues());
        Ok(Self(channel))
    }

    /// Folds in the next stored entry, in the order in which they were committed.
    pub fn stored(&mut self, log: LogRef, index: u64, entry: Entry) -> Result<(), FrameError> {
        self.0.replay(log, index, entry)
    }
}

impl Station {
    /// Entries whose bodies are to go now, and after which the channel is to be folded anew: at most once a minute, since a fold takes as
    /// long as a start, and nobody shall make this node do nothing else.
    pub fn erasures_due(&mut self, now: UtcNanos) -> Vec<EntryRef> {
        if self.erasure_due().is_none_or(|due| due > now && self.erased_at.is_some_and(|at| at <= now)) {
            return Vec::new();
        }
        self.erased_at = Some(now);
        self.channel().erasures_to_carry_out()
    }

    /// When the next bodies are to go.
    pub(crate) fn erasure_due(&self) -> Option<UtcNanos> {
        let pause_ends = |at: UtcNanos| UtcNanos(at.0.saturating_add(ERASE_PAUSE_NS));
        let is_pending = !self.channel().erasures_to_carry_out().is_empty();
        is_pending.then(|| self.erased_at.map_or(UtcNanos(i64::MIN), pause_ends))
    }

    /// Takes a channel that was folded anew in place of the one before. Its entries are the same, so heads and receipts are too.
    pub fn refold(&mut self, refold: Refold) {
        let Refold(mut channel) = refold;
        channel.take_heads(self.channel());
        self.fold_in(channel);
    }
}
