//! What goes wrong on the board opens a case by itself, and what is said about it afterwards. Each cause is decided by entries that both
//! sides hold, in whatever order they came; a STOP that still escalates by the time alone.

use std::borrow::Cow;

use skypact_airspace::UtcNanos;
use skypact_record::Hash;

use super::{Board, Misfit, NoticeState, Origin, ReadBack, Version, unseen};
use crate::agenda_book::AgendaBook;
use crate::case_book::{Case, CaseBook, Cause, CauseKind, Causes};
use crate::class::ActivityClass;
use crate::message::{ConflictKey, Message};

/// A version of a notice whose time to effect the witnesses have not fixed yet.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
pub(crate) struct Unfixed {
    pub(crate) index: u64,
    pub(crate) notice: Hash,
    pub(crate) class: ActivityClass,
    pub(crate) start: UtcNanos,
    pub(crate) claimed: UtcNanos,
}

impl Board {
    /// Cases that were opened, or that an entry opened by itself. A STOP that still escalates is not among them: see
    /// [`Board::case_ids`].
    pub fn case_book(&self) -> &CaseBook {
        &self.cases
    }

    /// What was said in the working group.
    pub fn agenda_book(&self) -> &AgendaBook {
        &self.agenda
    }

    /// What was added to a case, or opened it by entries alone.
    pub fn case(&self, id: &Hash) -> Option<&Case> {
        self.cases.get(id)
    }

    /// Every case at `now` with its causes.
    pub fn case_ids(&self, now: UtcNanos) -> impl Iterator<Item = (Hash, Cow<'_, Causes>)> {
        let recorded = self.cases.iter().map(move |(id, _)| (*id, self.causes(id, now)));
        let escalating = self.escalating.iter().filter(|id| self.cases.get(id).is_none());
        let by_time = escalating.map(move |id| (*id, self.causes(id, now))).filter(|(_, causes)| !causes.is_empty());
        recorded.chain(by_time)
    }

    /// Why a case stands at `now`.
    pub fn causes(&self, id: &Hash, now: UtcNanos) -> Cow<'_, Causes> {
        let mut causes = self.cases.get(id).map_or_else(Cow::default, |case| Cow::Borrowed(&case.causes));
        if self.escalating.contains(id)
            && let Some(cause) = self.outlasted(id, now)
        {
            causes.to_mut().insert(CauseKind::UnansweredStop, cause);
        }
        causes
    }

    /// Whether something here has this name: a case, a notice, an alarm or an item of the agenda.
    pub fn is_subject(&self, id: &Hash) -> bool {
        self.notices.contains_key(id)
            || self.alarms.alarm(id).is_some_and(|alarm| alarm.id() == *id)
            || self.cases.get(id).is_some()
            || self.agenda.get(id).is_some()
            || self.commitments().get(id).is_some()
            || self.line().report(id).is_some()
    }

    /// Notices that were not read back in time and are not read back yet, with the entry that says so.
    pub fn unacknowledged(&self) -> impl Iterator<Item = (&Hash, &Origin)> {
        let said = |id| Some((id, &self.notices.get(id)?.overdue()?.origin));
        self.unacknowledged.iter().filter_map(said)
    }

    /// Leaf hashes of all that belongs to a case: what it is named by and about, what became of that, what was added to it, and what was
    /// decided about it.
    pub fn case_leaves(&self, id: &Hash) -> Vec<Hash> {
        let mut leaves = vec![*id];
        if let Some(case) = self.cases.get(id) {
            leaves.extend(case.report.iter().flat_map(|(report, _)| &report.about));
            leaves.extend(case.causes.values().map(|cause| cause.leaf));
            leaves.extend(&case.leaves);
        }
        leaves.extend(self.agenda.get(id).into_iter().flat_map(|discussed| &discussed.leaves));
        for subject in leaves.clone() {
            if let Some(notice) = self.notice_of(&subject) {
                self.story(notice, &mut leaves);
            }
            if let Some(alarm) = self.alarms.alarm(&subject) {
                leaves.extend(alarm.stops.iter().map(|(_, origin)| origin.leaf));
                leaves.extend(alarm.rungs.iter().map(|(_, origin)| origin.leaf));
                leaves.extend(alarm.lifted.iter().map(|origin| origin.leaf));
            }
        }
        leaves.sort_unstable();
        leaves.dedup();
        leaves
    }

    /// A notice with its versions, read-backs, conflicts, and what was proposed about these.
    fn story(&self, notice: &NoticeState, leaves: &mut Vec<Hash>) {
        leaves.extend(notice.versions.iter().map(|version| version.origin.leaf));
        leaves.extend(notice.read_backs.iter().chain(&notice.overdue).map(|said| said.origin.leaf));
        for key in self.conflicts_of.get(&notice.id()).into_iter().flatten() {
            let conflict = &self.conflicts[key];
            leaves.extend(key.versions());
            leaves.extend(conflict.filed.iter().flatten());
            for proposal in conflict.proposals.iter().filter_map(|leaf| self.proposals.get(leaf)) {
                leaves.push(proposal.origin.leaf);
                leaves.extend(proposal.acceptance.iter().map(|accepted| accepted.leaf));
            }
        }
    }

    /// The newest version of a notice was not read back in time.
    pub(super) fn apply_overdue(&mut self, origin: Origin, notice: Hash) {
        let id = self.versions[&notice];
        let state = self.notices.get_mut(&id).expect("checked before it is applied");
        self.unread[state.origin.party].remove(&state.origin.index);
        if state.read_back().is_none() {
            self.unacknowledged.insert(id);
        }
        state.overdue.push(ReadBack { version: notice, origin });
    }

    /// A STOP, an answer to one, or its lifting.
    pub(super) fn apply_call(&mut self, origin: Origin, message: Message) {
        let stop = match message {
            Message::Stop(stop) => {
                let leaf = origin.leaf;
                self.alarms.call(origin, stop);
                leaf
            }
            Message::StopRung(rung) => {
                let stop = rung.stop;
                self.alarms.answer(origin, rung);
                stop
            }
            Message::StopLifted { stop } => {
                self.alarms.lift(origin, &stop);
                stop
            }
            _ => return,
        };
        self.judge_stop(&stop);
    }

    /// The version of a party's that comes first among those whose time to effect is not fixed.
    pub(crate) fn first_unfixed(&self, party: usize) -> Option<Unfixed> {
        self.unfixed[party].first_key_value().map(|(_, unfixed)| *unfixed)
    }

    /// Its time to effect is fixed by the entry of this leaf, and was too short or not.
    pub(crate) fn fix(&mut self, party: usize, unfixed: Unfixed, is_late: bool, leaf: Hash) {
        self.unfixed[party].remove(&unfixed.index);
        if is_late {
            let cause = Cause { since: unfixed.claimed, leaf, party };
            self.cases.derive(unfixed.notice, CauseKind::Late, cause);
        }
    }

    /// A recorded conflict opens a case where one side did not cite what it had, or came into what is protected. Both are asked of the
    /// versions themselves, so that it does not matter which of them was the newest here when the finding came.
    pub(super) fn judge_conflict(&mut self, key: &ConflictKey) {
        let sides = key.versions().map(|leaf| self.version_of(&leaf));
        let [Some((a, a_protected)), Some((b, b_protected))] = sides else { return };
        let since = a.origin.claimed_time.max(b.origin.claimed_time);
        let [a_unseen, b_unseen] = unseen([&a.origin, &b.origin]);
        let judged = [(&a.origin, &b.origin, a_unseen, b_protected), (&b.origin, &a.origin, b_unseen, a_protected)];
        let mut found = Vec::new();
        for (own, other, is_unseen, is_protected) in judged {
            let cause = Cause { since, leaf: other.leaf, party: own.party };
            let kinds = [(CauseKind::UnseenOverlap, is_unseen), (CauseKind::ProtectedConflict, is_protected)];
            let holds = kinds.into_iter().filter(|(_, holds)| *holds);
            found.extend(holds.map(|(kind, _)| (self.versions[&own.leaf], kind, cause)));
        }
        for (id, kind, cause) in found {
            self.cases.derive(id, kind, cause);
        }
    }

    /// A version, and whether its notice was protected by then.
    fn version_of(&self, leaf: &Hash) -> Option<(&Version, bool)> {
        let versions = &self.notice_of(leaf)?.versions;
        let place = versions.iter().position(|version| version.origin.leaf == *leaf)?;
        Some((&versions[place], versions[..=place].iter().any(|version| version.is_protected)))
    }

    /// An alarm was called, answered or lifted: whether that was behind the last rung of the pact.
    pub(super) fn judge_stop(&mut self, stop: &Hash) {
        let Some(alarm) = self.alarms.alarm(stop) else { return };
        let (id, is_escalating) = (alarm.id(), alarm.is_escalating());
        if is_escalating {
            self.escalating.insert(id);
            return;
        }
        self.escalating.remove(&id);
        match self.outlasted(&id, UtcNanos(i64::MAX)) {
            Some(cause) => self.cases.derive(id, CauseKind::UnansweredStop, cause),
            None => self.cases.withdraw(&id, CauseKind::UnansweredStop),
        }
    }

    /// That an alarm had no last word when the last rung of the pact had passed.
    fn outlasted(&self, id: &Hash, now: UtcNanos) -> Option<Cause> {
        let alarm = self.alarms.alarm(id)?;
        let ended = alarm.ended().map(|(_, origin)| origin.claimed_time);
        let lifted = alarm.lifted.as_ref().map(|origin| origin.claimed_time);
        let settled = ended.into_iter().chain(lifted).min().unwrap_or(now);
        let first = &alarm.stops[0].1;
        let last_rung_ns = self.terms.stop_rungs_ns[2];
        let since = UtcNanos(first.claimed_time.0.saturating_add(last_rung_ns));
        (settled >= since).then_some(Cause { since, leaf: first.leaf, party: 1 - first.party })
    }

    /// Whether a case or an item that an own act names is known. A receiver does not ask: what it is named by may come later, in the
    /// other log.
    pub(crate) fn check_subject(&self, field: &'static str, id: &Hash) -> Result<(), Misfit> {
        if self.is_subject(id) { Ok(()) } else { Err(Misfit::Unknown { field, hash: *id }) }
    }
}
