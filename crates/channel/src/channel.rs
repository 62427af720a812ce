//! The state of one channel at one node: four logs and the board, folded from entries in the order in which this node
//! committed them. Queries read it; only [`Channel::apply`] and the receipts change it.

use std::collections::{HashMap, HashSet, VecDeque};

use skypact_airspace::UtcNanos;
use skypact_record::{Entry, Hash, Leaf, LogClass, Seen, SignedAct};

use crate::board::{Board, Misfit, Origin};
use crate::codec::CodecError;
use crate::draft::Facts;
use crate::frame::{FrameError, VerifiedEntry, VerifiedReceipt, verify_entry};
use crate::log::{Log, LogRef};
use crate::message::{Kind, Message};
use crate::pact::{Pact, PactError};

/// Most anomalies that are kept; older ones are still in the record.
const ANOMALIES_MAX: usize = 1_000;

/// One channel as one of its parties sees it.
#[derive(Debug)]
pub struct Channel {
    pact: Pact,
    me: usize,
    epoch: u64,
    logs: [Log; 4],
    entries: HashMap<Hash, EntryRef>,
    messages: HashSet<(usize, [u8; 16])>,
    board: Board,
    anomalies: VecDeque<Anomaly>,
}

/// Where a leaf stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryRef {
    /// Its log.
    pub log: LogRef,
    /// Its index there.
    pub index: u64,
    /// Kind of its act.
    pub kind: u16,
}

/// An entry that is in the record, because its author signed it, but that changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anomaly {
    /// Where it stands.
    pub entry: EntryRef,
    /// Its leaf.
    pub leaf: Hash,
    /// Why it changed nothing.
    pub reason: AnomalyReason,
}

/// Why an entry changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnomalyReason {
    /// Its author used this message id before.
    #[error("its message id was used before")]
    MessageRepeated,
    /// It is not in its author's routine log, which alone orders what a party says.
    #[error("it is not in the routine log")]
    WrongLog,
    /// Its epoch is not the channel's.
    #[error("its epoch {epoch} is not the channel's")]
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
    /// Its kind belongs to a later version of the protocol.
    #[error("its kind {kind} is not known to this version")]
    UnknownKind {
        /// What it says.
        kind: u16,
    },
}

impl Channel {
    /// An empty channel under `pact`, at the node of party `me`.
    pub fn new(pact: Pact, me: &str) -> Result<Self, PactError> {
        let me = pact.party(me)?;
        let board = Board::new(pact.terms().clone());
        Ok(Self {
            pact,
            me,
            epoch: 1,
            logs: Default::default(),
            entries: HashMap::new(),
            messages: HashSet::new(),
            board,
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

    /// Epoch: how often the channel was resumed, from 1.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// One of the four logs.
    pub fn log(&self, log: LogRef) -> &Log {
        &self.logs[log.place()]
    }

    /// What is announced, found and agreed.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// Entries that changed nothing, the newest [`ANOMALIES_MAX`], oldest first.
    pub fn anomalies(&self) -> impl Iterator<Item = &Anomaly> {
        self.anomalies.iter()
    }

    /// Where a leaf stands, by its hash.
    pub fn entry(&self, leaf: &Hash) -> Option<&EntryRef> {
        self.entries.get(leaf)
    }

    /// Whether `party` has used this message id.
    pub fn knows_message(&self, party: usize, id: [u8; 16]) -> bool {
        self.messages.contains(&(party, id))
    }

    /// What an act of this node's party has to state.
    pub fn facts(&self) -> Facts {
        let author = self.pact.genesis().parties[self.me].name.clone();
        Facts { channel: self.pact.channel(), epoch: self.epoch, author }
    }

    /// The leaf that places a signed act at the end of its log.
    pub fn place(&self, act: SignedAct) -> Leaf {
        let log = LogRef { party: self.me, class: act.act().log_class };
        let mut seen: Vec<Seen> = LogRef::ALL
            .into_iter()
            .filter(|log| log.party != self.me)
            .map(|log| Seen {
                origin: self.pact.log_keys(log).origin.clone(),
                size: self.log(log).size(),
                root: self.log(log).tree.root(),
            })
            .collect();
        seen.sort_by(|a, b| a.origin.cmp(&b.origin));
        let state = self.log(log);
        Leaf {
            origin: self.pact.log_keys(log).origin.clone(),
            index: state.size(),
            seen,
            cosignature: state.cosignature.map(|newest| newest.line),
            act,
        }
    }

    /// Checks an entry out of this node's own storage and folds it in.
    pub fn replay(&mut self, log: LogRef, index: u64, entry: Entry) -> Result<(), FrameError> {
        let entry = verify_entry(&self.pact, log, index, entry)?;
        self.apply(log, &entry);
        Ok(())
    }

    /// Folds in an entry at the end of a log. It is in the record whatever it says; what it changes is up to the rules.
    pub fn apply(&mut self, log: LogRef, entry: &VerifiedEntry) {
        let act = entry.entry.leaf.act.act();
        let place = EntryRef { log, index: self.log(log).size(), kind: act.kind };
        assert_eq!(entry.entry.leaf.index, place.index, "entries of a log are applied in order");
        self.logs[log.place()].tree.push(entry.hash);
        self.entries.insert(entry.hash, place);
        if let Err(reason) = self.apply_message(log, entry) {
            if self.anomalies.len() == ANOMALIES_MAX {
                self.anomalies.pop_front();
            }
            self.anomalies.push_back(Anomaly { entry: place, leaf: entry.hash, reason });
        }
    }

    fn apply_message(&mut self, log: LogRef, entry: &VerifiedEntry) -> Result<(), AnomalyReason> {
        let (party, act) = (log.party, entry.entry.leaf.act.act());
        if !self.messages.insert((party, act.message_id)) {
            return Err(AnomalyReason::MessageRepeated);
        }
        let kind = Kind::from_wire(act.kind).ok_or(AnomalyReason::UnknownKind { kind: act.kind })?;
        if kind == Kind::Genesis {
            return Ok(());
        }
        if log.class != LogClass::Routine {
            return Err(AnomalyReason::WrongLog);
        }
        if act.epoch != self.epoch {
            return Err(AnomalyReason::WrongEpoch { epoch: act.epoch });
        }
        let part = entry.entry.parts.first().and_then(Option::as_ref).ok_or(AnomalyReason::BodyWithheld)?;
        let message = Message::decode(kind, &part.bytes)?;
        let origin = Origin {
            party,
            signer: entry.signer.clone(),
            leaf: entry.hash,
            content: Hash::of(&part.bytes),
            claimed_time: UtcNanos(act.claimed_time),
        };
        Ok(self.board.apply(origin, message)?)
    }

    /// Takes in a receipt that was checked to speak of a size and root of the log.
    pub fn apply_receipt(&mut self, receipt: &VerifiedReceipt) {
        self.logs[receipt.log.place()].apply_receipt(receipt);
    }
}
