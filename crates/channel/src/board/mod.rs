//! The board: what both parties have announced, where it conflicts, and what was agreed about it.
//! A fold over messages in any order of arrival: whether a conflict is open depends only on the newest versions of
//! its two notices, so that both sides come to the same open conflicts over the same entries.

mod causes;
mod duty;
mod erased;
mod settlement;
mod state;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use skypact_airspace::{TimeWindow, VolumeIndex, conflicts};
use skypact_record::Hash;

pub(crate) use self::causes::Unfixed;
pub(crate) use self::erased::ErasedVersion;
pub use self::settlement::AnnouncedCrossing;
use self::settlement::Settlement;
pub use self::state::{ConflictState, Misfit, NoticeState, Origin, ProposalState, ReadBack, Version};
use crate::agenda_book::AgendaBook;
use crate::case_book::CaseBook;
use crate::hotline::HotlineThread;
use crate::message::{ConflictKey, Message};
use crate::notice::{Notice, NoticeAct};
use crate::protected::Protection;
use crate::protected_list::PlacedReceipt;
use crate::stop::Alarms;
use crate::terms::Terms;
use crate::watch::{TestCalls, WatchBook};
use crate::watch_bill::BillBook;

/// Everything that was announced, found and agreed.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct Board {
    terms: Terms,
    notices: BTreeMap<Hash, NoticeState>,
    /// Every version ever seen, to the identity of its notice.
    #[serde(serialize_with = "crate::channel::snapshot::sorted_map")]
    versions: HashMap<Hash, Hash>,
    /// Read-backs, receipts of units, positions in other forms, proposals and acceptances, to the notice that they speak of.
    #[serde(serialize_with = "crate::channel::snapshot::sorted_map")]
    said: HashMap<Hash, Hash>,
    index: [VolumeIndex<Hash>; 2],
    conflicts: BTreeMap<ConflictKey, ConflictState>,
    #[serde(serialize_with = "crate::channel::snapshot::sorted_map")]
    conflicts_of: HashMap<Hash, BTreeSet<ConflictKey>>,
    proposals: BTreeMap<Hash, ProposalState>,
    /// Open conflicts that a party's node has not recorded yet.
    unfiled: [BTreeSet<ConflictKey>; 2],
    alarms: Alarms,
    watches: [WatchBook; 2],
    bills: [BillBook; 2],
    hotline: HotlineThread,
    test_calls: TestCalls,
    /// The newest receipt of each party for the other's list of what is protected.
    list_receipts: [Option<PlacedReceipt>; 2],
    settlement: Settlement,
    /// Of each party the newest versions of standing notices that the other has not read back and that are not stated to
    /// be overdue: index of the version in its author's log, identity of the notice.
    unread: [BTreeMap<u64, Hash>; 2],
    cases: CaseBook,
    agenda: AgendaBook,
    /// Notices whose newest version is stated to be overdue and is not read back.
    unacknowledged: BTreeSet<Hash>,
    /// Alarms that nobody has ended.
    escalating: BTreeSet<Hash>,
    /// Of each party the versions that announce or change a notice and whose time to effect is not fixed, by index in its log.
    unfixed: [BTreeMap<u64, Unfixed>; 2],
}

impl Board {
    /// An empty board under the terms of a pact.
    pub fn new(terms: Terms) -> Self {
        Self {
            settlement: Settlement::new(&terms),
            terms,
            notices: BTreeMap::new(),
            versions: HashMap::new(),
            said: HashMap::new(),
            index: [VolumeIndex::new(), VolumeIndex::new()],
            conflicts: BTreeMap::new(),
            conflicts_of: HashMap::new(),
            proposals: BTreeMap::new(),
            unfiled: [BTreeSet::new(), BTreeSet::new()],
            alarms: Alarms::default(),
            watches: Default::default(),
            bills: Default::default(),
            hotline: HotlineThread::default(),
            test_calls: TestCalls::default(),
            list_receipts: Default::default(),
            unread: Default::default(),
            cases: CaseBook::default(),
            agenda: AgendaBook::default(),
            unacknowledged: BTreeSet::new(),
            escalating: BTreeSet::new(),
            unfixed: Default::default(),
        }
    }

    /// All notices by identity.
    pub fn notices(&self) -> impl Iterator<Item = &NoticeState> {
        self.notices.values()
    }

    /// Notice of which `version` is any version.
    pub fn notice_of(&self, version: &Hash) -> Option<&NoticeState> {
        self.notices.get(self.versions.get(version)?)
    }

    /// All conflicts ever found, open or not.
    pub fn conflicts(&self) -> impl Iterator<Item = (&ConflictKey, &ConflictState)> {
        self.conflicts.iter()
    }

    /// A conflict by its key.
    pub fn conflict(&self, key: &ConflictKey) -> Option<&ConflictState> {
        self.conflicts.get(key)
    }

    /// All proposals by leaf hash.
    pub fn proposals(&self) -> impl Iterator<Item = &ProposalState> {
        self.proposals.values()
    }

    /// A proposal by its leaf hash.
    pub fn proposal(&self, leaf: &Hash) -> Option<&ProposalState> {
        self.proposals.get(leaf)
    }

    /// Hash of the body of a version of a notice or of a proposal, by its leaf hash: what is read back or accepted.
    pub fn content_of(&self, leaf: &Hash) -> Option<Hash> {
        let version =
            || self.notice_of(leaf)?.versions.iter().map(|version| &version.origin).find(|at| at.leaf == *leaf);
        let origin = version().or_else(|| self.proposals.get(leaf).map(|proposal| &proposal.origin))?;
        Some(origin.content)
    }

    /// STOPs and their answers.
    pub fn alarms(&self) -> &Alarms {
        &self.alarms
    }

    /// The watch of a party.
    pub fn watch(&self, party: usize) -> &WatchBook {
        &self.watches[party]
    }

    /// Test calls and their answers.
    pub fn test_calls(&self) -> &TestCalls {
        &self.test_calls
    }

    /// Leaf hashes of the newest versions of standing notices of `party`, at these indices of its routine log, that the other
    /// party has not read back and that are not stated to be overdue.
    pub fn unread(&self, party: usize, indices: Range<u64>) -> impl Iterator<Item = (u64, Hash)> {
        self.unread[party].range(indices).map(|(index, id)| (*index, self.notices[id].origin.leaf))
    }

    /// The first open conflict that the node of `party` has not recorded yet.
    pub fn unfiled(&self, party: usize) -> Option<(ConflictKey, &ConflictState)> {
        let key = self.unfiled[party].first()?;
        Some((*key, &self.conflicts[key]))
    }

    /// Whether one of the two notices is protected: such a conflict is always an alarm.
    pub fn is_protected(&self, conflict: &ConflictState) -> bool {
        conflict.notices.iter().any(|id| self.notice_of(id).is_some_and(|notice| notice.protection.is_some()))
    }

    /// Conflicts that `notice` of `party` would have with the counterpart's standing notices: what a filing ought to
    /// cite, and what an officer ought to see before it is sent.
    pub fn conflicts_with(&self, party: usize, notice: &Notice) -> Vec<(Hash, TimeWindow, u64)> {
        let mut found = Vec::new();
        for other in self.near(party, notice) {
            let other = &self.notices[&other];
            if let Some((window, volume_pairs)) = self.compare(notice, &other.notice) {
                found.push((other.origin.leaf, window, volume_pairs));
            }
        }
        found
    }

    /// Whether `message` of `party` fits the board. The same rule refuses an own act before it is recorded, and
    /// marks one of the counterpart as an anomaly after it was.
    pub fn check(&self, party: usize, message: &Message) -> Result<(), Misfit> {
        match message {
            Message::Notice(notice) => self.check_notice(party, notice),
            Message::ReadBack { notice, content } => self.check_read_back(party, notice, Some(*content)),
            Message::Conflict { key, .. } => self.check_conflict(key),
            Message::Proposal { key, notice, .. } => {
                let conflict = self.conflicts.get(key);
                let conflict = conflict.ok_or(Misfit::Unknown { field: "versions", hash: key.versions()[0] })?;
                let state = self.newest("notice", notice)?;
                if conflict.notices.contains(&state.id()) {
                    return Ok(());
                }
                Err(Misfit::Unknown { field: "notice", hash: *notice })
            }
            Message::Acceptance { proposal, content } => {
                let state = self.proposals.get(proposal);
                let state = state.ok_or(Misfit::Unknown { field: "proposal", hash: *proposal })?;
                if state.origin.party == party {
                    return Err(Misfit::WrongParty {
                        field: "proposal",
                        reason: "only the other party accepts a proposal",
                    });
                }
                self.newest("notice", &state.notice)?;
                same_content(*content, state.origin.content)
            }
            Message::Overdue { notice } => {
                self.check_own(party, notice, "only the node of its author says that it is overdue")
            }
            Message::Protected(protected) => self.check_notice(party, &protected.notice),
            Message::Propagation(propagation) => self.newest("notice", &propagation.notice).map(drop),
            Message::PositionForms { notice, .. } => self.check_own(party, notice, "only its author says where it is"),
            Message::TestAnswer { call } => self.test_calls.check_answer(party, call),
            Message::StopRung(rung) => self.alarms.check_rung(party, rung),
            Message::StopLifted { stop } => self.alarms.check_lifted(party, stop),
            Message::Crossing(_)
            | Message::CrossingDispute(_)
            | Message::Commitment(_)
            | Message::CommitmentFinding(_)
            | Message::Statement(_)
            | Message::Assurance(_) => self.settlement.check(party, message),
            Message::CaseEntry(entry) => self.cases.check(party, entry),
            Message::AgendaEntry(entry) => self.agenda.check(party, entry),
            // A STOP always fits, and so does whoever takes the watch or is to take it. Of what a receipt for a list speaks its leaf says. The others are matters of the logs, not of what is announced: the channel sees to them.
            Message::Stop(_)
            | Message::Watch(_)
            | Message::WatchBill(_)
            | Message::Hotline(_)
            | Message::ListReceipt(_)
            | Message::Case(_)
            | Message::AgendaItem(_)
            | Message::TestCall
            | Message::Suspend { .. }
            | Message::Resume { .. }
            | Message::Reconciled(_)
            | Message::Anchor(_)
            | Message::Witnessed(_)
            | Message::KeyChange(_)
            | Message::KeyRotation(_)
            | Message::Period(_)
            | Message::Erased(_) => Ok(()),
        }
    }

    /// Takes in a message that fits. What does not fit changes nothing and is told.
    pub fn apply(&mut self, origin: Origin, message: Message) -> Result<(), Misfit> {
        self.check(origin.party, &message)?;
        match message {
            Message::Notice(notice) => self.apply_notice(Filed::new(notice), origin, None),
            Message::Protected(protected) => {
                let (notice, protection) = protected.into_parts();
                self.apply_notice(Filed::new(notice), origin, Some(protection));
            }
            Message::Propagation(propagation) => {
                let id = self.speaks(&origin, &propagation.notice);
                let state = self.notices.get_mut(&id).expect("checked above");
                state.units[origin.party].say(propagation, origin);
            }
            Message::PositionForms { notice, forms } => {
                let id = self.speaks(&origin, &notice);
                let state = self.notices.get_mut(&id).expect("checked above");
                state.forms.push((notice, forms, origin));
            }
            Message::Watch(watch) => self.watches[origin.party].push(watch, origin),
            Message::WatchBill(bill) => self.bills[origin.party].file(bill),
            Message::Hotline(said) => self.hotline.push(said, origin),
            Message::ListReceipt(receipt) => return self.apply_list_receipt(origin, receipt),
            Message::TestCall => self.test_calls.call(origin),
            Message::TestAnswer { call } => self.test_calls.answer(&call, origin),
            Message::ReadBack { notice, .. } => self.apply_read_back(origin, notice),
            Message::Overdue { notice } => self.apply_overdue(origin, notice),
            Message::Conflict { key, window, volume_pairs } => self.apply_finding(&origin, key, window, volume_pairs),
            Message::Proposal { key, notice, remedy, volumes } => {
                self.speaks(&origin, &notice);
                self.conflicts.get_mut(&key).expect("checked above").proposals.push(origin.leaf);
                self.apply_proposal(ProposalState {
                    counters: self.countered(&origin, &key),
                    countered_by: Vec::new(),
                    acceptance: None,
                    origin,
                    key,
                    notice,
                    remedy,
                    volumes,
                });
            }
            Message::Acceptance { proposal, .. } => {
                let notice = self.proposals[&proposal].notice;
                self.speaks(&origin, &notice);
                let state = self.proposals.get_mut(&proposal).expect("checked above");
                state.acceptance.get_or_insert(origin);
            }
            message @ (Message::Crossing(_)
            | Message::CrossingDispute(_)
            | Message::Commitment(_)
            | Message::CommitmentFinding(_)
            | Message::Statement(_)
            | Message::Assurance(_)) => self.settle(origin, message),
            message @ (Message::Stop(_) | Message::StopRung(_) | Message::StopLifted { .. }) => {
                self.apply_call(origin, message);
            }
            Message::Case(report) => self.cases.report(report, origin),
            Message::CaseEntry(entry) => self.cases.add(entry, origin),
            Message::AgendaItem(item) => self.agenda.raise(item, origin),
            Message::AgendaEntry(entry) => self.agenda.say(entry, origin),
            Message::Suspend { .. }
            | Message::Resume { .. }
            | Message::Reconciled(_)
            | Message::Anchor(_)
            | Message::Witnessed(_)
            | Message::KeyChange(_)
            | Message::KeyRotation(_)
            | Message::Period(_)
            | Message::Erased(_) => {}
        }
        Ok(())
    }

    /// Notes of which notice an entry speaks, by one of its versions.
    fn speaks(&mut self, origin: &Origin, version: &Hash) -> Hash {
        let id = self.versions[version];
        self.said.insert(origin.leaf, id);
        id
    }

    /// Of a content that is gone, of the version or of the read-back, nobody can tell whether it was the right one.
    fn check_read_back(&self, party: usize, notice: &Hash, content: Option<Hash>) -> Result<(), Misfit> {
        let state = self.newest("notice", notice)?;
        if state.origin.party == party {
            return Err(Misfit::WrongParty {
                field: "notice",
                reason: "only the counterpart of its author reads a notice back",
            });
        }
        let known = content.filter(|_| !state.is_erased());
        known.map_or(Ok(()), |content| same_content(content, state.origin.content))
    }

    fn apply_read_back(&mut self, origin: Origin, notice: Hash) {
        let id = self.speaks(&origin, &notice);
        let state = self.notices.get_mut(&id).expect("checked above");
        self.unread[state.origin.party].remove(&state.origin.index);
        self.unacknowledged.remove(&id);
        state.read_backs.push(ReadBack { version: notice, origin });
    }

    /// The newest proposal of the other party about this conflict that an act cites.
    fn countered(&self, origin: &Origin, key: &ConflictKey) -> Option<Hash> {
        let cited = origin.references.iter().filter_map(|leaf| self.proposals.get(leaf));
        let theirs = cited.filter(|earlier| earlier.origin.party != origin.party && earlier.key == *key);
        theirs.max_by_key(|earlier| earlier.origin.index).map(|earlier| earlier.origin.leaf)
    }

    fn apply_proposal(&mut self, state: ProposalState) {
        let leaf = state.origin.leaf;
        if let Some(earlier) = state.counters.and_then(|earlier| self.proposals.get_mut(&earlier)) {
            earlier.countered_by.push(leaf);
        }
        self.proposals.insert(leaf, state);
    }

    fn check_notice(&self, party: usize, notice: &Notice) -> Result<(), Misfit> {
        let Some(previous) = &notice.previous else { return Ok(()) };
        let state = self.newest("previous", previous)?;
        if state.origin.party != party {
            return Err(Misfit::WrongParty {
                field: "previous",
                reason: "only its author changes, ends or cancels a notice",
            });
        }
        if state.notice.class == notice.class { Ok(()) } else { Err(Misfit::ClassChanged) }
    }

    /// Whether `version` is the newest one of a notice of `party`.
    fn check_own(&self, party: usize, version: &Hash, reason: &'static str) -> Result<(), Misfit> {
        let state = self.newest("notice", version)?;
        if state.origin.party == party { Ok(()) } else { Err(Misfit::WrongParty { field: "notice", reason }) }
    }

    /// A finding of either side stands for both, also when its versions were replaced in the meantime.
    fn check_conflict(&self, key: &ConflictKey) -> Result<(), Misfit> {
        let mut parties = [false; 2];
        for version in key.versions() {
            let notice = self.notice_of(&version).ok_or(Misfit::Unknown { field: "versions", hash: version })?;
            parties[notice.origin.party] = true;
        }
        if parties == [true; 2] { Ok(()) } else { Err(Misfit::NoConflict) }
    }

    /// The notice whose newest version is `version`, if it stands.
    fn newest(&self, field: &'static str, version: &Hash) -> Result<&NoticeState, Misfit> {
        let state = self.notice_of(version).ok_or(Misfit::Unknown { field, hash: *version })?;
        if state.origin.leaf != *version {
            return Err(Misfit::Replaced { field, hash: *version, newest: state.origin.leaf });
        }
        if !state.stands() {
            return Err(Misfit::Over { hash: *version, act: state.notice.act.name() });
        }
        Ok(state)
    }

    fn apply_notice(&mut self, filed: Filed, origin: Origin, protection: Option<Protection>) {
        let Filed { notice, window, is_erased } = filed;
        let (party, leaf) = (origin.party, origin.leaf);
        let id = notice.previous.map_or(leaf, |previous| self.versions[&previous]);
        self.versions.insert(leaf, id);
        self.unacknowledged.remove(&id);
        if matches!(notice.act, NoticeAct::New | NoticeAct::Changed) {
            let (index, class, start) = (origin.index, notice.class, window.start());
            let unfixed = Unfixed { index, notice: id, class, start, claimed: origin.claimed_time };
            self.unfixed[party].insert(index, unfixed);
        }
        let version = Version {
            act: notice.act,
            start: window.start(),
            end: window.end(),
            is_erased,
            is_protected: protection.is_some(),
            origin: origin.clone(),
        };
        if let Some(state) = self.notices.get_mut(&id) {
            for volume in &state.notice.volumes {
                self.index[party].remove(id, volume);
            }
            self.unread[party].remove(&state.origin.index);
            state.versions.push(version);
            (state.notice, state.origin) = (notice, origin);
            // A plain version of something protected leaves it protected: nobody loses that by mistake.
            state.protection = protection.or(state.protection.take());
        } else {
            let versions = vec![version];
            self.notices.insert(
                id,
                NoticeState {
                    notice,
                    origin,
                    versions,
                    read_backs: Vec::new(),
                    protection,
                    units: Default::default(),
                    forms: Vec::new(),
                    overdue: Vec::new(),
                },
            );
        }
        self.close_conflicts_of(id);
        self.contradict(&id);
        let state = &self.notices[&id];
        if state.stands() {
            self.unread[party].insert(state.origin.index, id);
            for volume in &state.notice.volumes {
                self.index[party].insert(id, volume);
            }
            self.find_conflicts(id);
        }
    }

    /// A replaced version leaves its conflicts behind: they stay on the board, closed.
    fn close_conflicts_of(&mut self, id: Hash) {
        for key in self.conflicts_of.get(&id).into_iter().flatten() {
            self.conflicts.get_mut(key).expect("keys of conflicts on the board").open = false;
            for unfiled in &mut self.unfiled {
                unfiled.remove(key);
            }
        }
    }

    fn find_conflicts(&mut self, id: Hash) {
        let state = &self.notices[&id];
        let (party, leaf) = (state.origin.party, state.origin.leaf);
        for other_id in self.near(party, &state.notice) {
            let (state, other) = (&self.notices[&id], &self.notices[&other_id]);
            let Some((window, volume_pairs)) = self.compare(&state.notice, &other.notice) else { continue };
            let key = ConflictKey::new(leaf, other.origin.leaf);
            let sides = if party == 0 { [state, other] } else { [other, state] };
            let conflict = ConflictState {
                notices: sides.map(NoticeState::id),
                window,
                volume_pairs,
                open: true,
                unseen: unseen(sides.map(|side| &side.origin)),
                filed: [None; 2],
                proposals: Vec::new(),
            };
            self.insert_conflict(key, conflict);
        }
    }

    fn insert_conflict(&mut self, key: ConflictKey, conflict: ConflictState) {
        for notice in conflict.notices {
            self.conflicts_of.entry(notice).or_default().insert(key);
        }
        if conflict.open {
            for unfiled in &mut self.unfiled {
                unfiled.insert(key);
            }
        }
        self.conflicts.insert(key, conflict);
    }

    /// Records whose node said that it found a conflict. One that this side's rounding misses, or that was closed
    /// before it came, is taken over as the other side states it.
    fn apply_finding(&mut self, origin: &Origin, key: ConflictKey, window: TimeWindow, volume_pairs: u64) {
        if !self.conflicts.contains_key(&key) {
            let conflict = self.stated_conflict(&key, window, volume_pairs);
            self.insert_conflict(key, conflict);
        }
        let conflict = self.conflicts.get_mut(&key).expect("inserted above");
        conflict.filed[origin.party].get_or_insert(origin.leaf);
        self.unfiled[origin.party].remove(&key);
        self.judge_conflict(&key);
    }

    /// A conflict that a counterpart found and this side did not. The volumes of versions that were replaced are no
    /// longer on the board, so nothing is computed anew.
    fn stated_conflict(&self, key: &ConflictKey, window: TimeWindow, volume_pairs: u64) -> ConflictState {
        let [a, b] = key.versions().map(|version| self.notice_of(&version).expect("checked above"));
        let (first, second) = if a.origin.party == 0 { (a, b) } else { (b, a) };
        let open = [a, b].iter().all(|state| state.stands() && key.versions().contains(&state.origin.leaf));
        ConflictState {
            notices: [first.id(), second.id()],
            window,
            volume_pairs,
            open,
            unseen: if open { unseen([first, second].map(|side| &side.origin)) } else { [false; 2] },
            filed: [None; 2],
            proposals: Vec::new(),
        }
    }

    /// Identities of the counterpart's standing notices that may be in conflict with `notice`, each once.
    fn near(&self, party: usize, notice: &Notice) -> BTreeSet<Hash> {
        let mut near = BTreeSet::new();
        let reach = self.terms.reach(notice.class);
        for volume in &notice.volumes {
            self.index[1 - party].for_each_candidate(volume, &reach, |id| {
                near.insert(id);
            });
        }
        near
    }

    /// First and last instant of conflict between two notices and the number of pairs of volumes, if there are any.
    fn compare(&self, a: &Notice, b: &Notice) -> Option<(TimeWindow, u64)> {
        let minima = self.terms.minima(a.class, b.class);
        let found = conflicts(&a.volumes, &b.volumes, &minima, &self.terms.altitude_margins);
        let start = found.iter().map(|pair| pair.overlap.window.start()).min()?;
        let end = found.iter().map(|pair| pair.overlap.window.end()).max()?;
        Some((
            TimeWindow::new(start, end).expect("the latest end is not before the earliest start"),
            found.len() as u64,
        ))
    }
}

/// A version as it is filed, or what stays of it.
struct Filed {
    notice: Notice,
    window: TimeWindow,
    is_erased: bool,
}

impl Filed {
    fn new(notice: Notice) -> Self {
        Self { window: notice.window(), notice, is_erased: false }
    }
}

fn same_content(stated: Hash, actual: Hash) -> Result<(), Misfit> {
    if stated == actual { Ok(()) } else { Err(Misfit::ContentDiffers { stated, actual }) }
}

/// Of each side, whether its node held the other's version and its act does not cite it.
fn unseen([a, b]: [&Origin; 2]) -> [bool; 2] {
    [(a, b), (b, a)].map(|(own, other)| other.index < own.seen_routine && !own.references.contains(&other.leaf))
}
