//! What entries say of heads: anchors, what witnesses saw, periods, and what opens the next epoch. A head that contradicts what is held
//! is told, and changes nothing.

use skypact_record::{Checkpoint, LogClass, Seen, tree};

use super::{AnomalyReason, Channel};
use crate::anchor::{Anchor, Witnessed};
use crate::board::Origin;
use crate::frame::verify_note;
use crate::log::LogRef;
use crate::period::{Period, PlacedPeriod};
use crate::suspension::{LogHead, Reconciled, Stand};
use crate::timeliness::Timeliness;

impl Channel {
    /// The log is in the next epoch from here on, whatever else is true: otherwise its author's later notices would
    /// be lost on this side.
    pub(super) fn apply_reconciled(
        &mut self,
        log: LogRef,
        said: Reconciled,
        origin: Origin,
    ) -> Result<(), AnomalyReason> {
        self.logs[log.place()].epoch = origin.epoch;
        let heads = said.heads;
        self.suspensions.open(origin.epoch, log.class, said, origin);
        match LogRef::ALL.into_iter().zip(heads).find(|(log, head)| self.contradicts(*log, *head)) {
            Some((log, head)) => Err(self.head_differs(log, head.size)),
            None => Ok(()),
        }
    }

    /// Notes what is anchored. An anchor of an own log that the own tree contradicts proves a fork: of this node, or of
    /// whoever else has its key.
    pub(super) fn apply_anchor(&mut self, party: usize, anchor: &Anchor) -> Result<(), AnomalyReason> {
        let log = LogRef { party: 1 - party, class: anchor.class };
        let keys = self.keys.log_keys_apart(&self.pact, log, &anchor.note);
        let Checkpoint { size, root, .. } = verify_note(&keys, log, &anchor.note)?.checkpoint;
        if self.contradicts(log, LogHead { size, root }) {
            return Err(self.head_differs(log, size));
        }
        if let Ok(before) = self.log(log).tree.root_at(anchor.previous) {
            tree::verify_consistency(anchor.previous, &before, size, &root, &anchor.proof)?;
        }
        let state = &mut self.logs[log.place()];
        state.anchored = state.anchored.max(size);
        Ok(())
    }

    /// Closes a period where it is the next one and states the head that its log has here. A head that its log does not have
    /// proves a fork, as an anchor does.
    pub(super) fn apply_period(&mut self, log: LogRef, period: Period, origin: &Origin) -> Result<(), AnomalyReason> {
        let Period { number, size, root } = period;
        let next = self.log(log).periods.len() as u64 + 1;
        if (number, size) != (next, origin.index) {
            return Err(AnomalyReason::PeriodDiffers { number, size, next });
        }
        if self.contradicts(log, LogHead { size, root }) {
            return Err(self.head_differs(log, size));
        }
        let seen = [origin.seen_routine, origin.seen_urgent];
        let placed = PlacedPeriod { period, since: origin.claimed_time, seen };
        self.logs[log.place()].periods.push(placed);
        Ok(())
    }

    /// Notes when witnesses had seen a log of the author of this entry.
    pub(super) fn apply_witnessed(&mut self, origin: &Origin, witnessed: &Witnessed) -> Result<(), AnomalyReason> {
        let party = origin.party;
        let log = LogRef { party, class: witnessed.class };
        let keys = self.keys.log_keys_apart(&self.pact, log, &witnessed.note);
        let note = verify_note(&keys, log, &witnessed.note)?;
        let Checkpoint { size, root, .. } = note.checkpoint;
        if self.contradicts(log, LogHead { size, root }) {
            return Err(self.head_differs(log, size));
        }
        for line in &note.cosignatures {
            self.logs[log.place()].times.add(&line.witness, size, line.time_s);
            self.cited.learn(line.hash, line.time_s, true);
        }
        if log.class == LogClass::Routine {
            self.fix_leads(origin);
        }
        Ok(())
    }

    /// Fixes the time to effect of the notices that a quorum has seen by now, by the entry that says so.
    fn fix_leads(&mut self, origin: &Origin) {
        let party = origin.party;
        let quorum = usize::try_from(self.pact.genesis().quorum).unwrap_or(usize::MAX);
        while let Some(unfixed) = self.board.first_unfixed(party) {
            let log = self.log(LogRef { party, class: LogClass::Routine });
            let Some(seen_s) = log.times.not_after_s(unfixed.index, quorum) else { return };
            let minimum_ns = self.pact.terms().minimum_notice_ns[usize::from(unfixed.class.wire())];
            let timeliness = Timeliness::new(unfixed.start, Some(seen_s), unfixed.claimed, minimum_ns);
            self.board.fix(party, unfixed, timeliness.is_late, origin.leaf);
        }
    }

    /// Whether the entries that are held give another root; of sizes beyond them nothing is known.
    fn contradicts(&self, log: LogRef, head: LogHead) -> bool {
        self.log(log).tree.root_at(head.size).is_ok_and(|root| root != head.root)
    }

    fn head_differs(&self, log: LogRef, size: u64) -> AnomalyReason {
        AnomalyReason::HeadDiffers { origin: self.pact.log_keys(log).origin.to_string(), size }
    }

    /// What both nodes sign to open the next epoch, once both parties have resumed and this node holds all that either
    /// held then, with the same roots. Where the counterpart has signed, the same as it did.
    pub(crate) fn reconciliation(&self) -> Option<Reconciled> {
        let epoch = self.epoch();
        let suspension = self.suspensions.epoch(epoch);
        let next = self.suspensions.epoch(epoch + 1).stands;
        let lost = [self.me, 1 - self.me].into_iter().find_map(|party| self.lost_cut(&next[party], party));
        let theirs = next[1 - self.me].opened.iter().flatten().next().map(|(reconciled, _)| reconciled);
        let followed = lost.map(|lost| lost.said).or(theirs).and_then(|said| suspension.agreed_as(said.resumes));
        let resumes = followed.or_else(|| suspension.agreed())?;
        let unknown = resumes.iter().flat_map(|cut| cut.seen.iter().map(|seen| (cut.origin.party, seen)));
        let unknown = unknown.map(|(party, seen)| (party, self.pact.log(seen.origin.as_str()), seen));
        let unknown = unknown.filter(|(_, log, seen)| !log.is_some_and(|log| self.holds(log, seen)));
        let unknown: Vec<_> = unknown.map(|(party, log, _)| (party, log)).collect();
        let leaves = resumes.map(|cut| cut.origin.leaf);
        let is_all = |lost: &LostCut<'_>| unknown == [(lost.log.party, Some(lost.log))];
        let lost = lost.filter(|lost| lost.said.resumes == leaves && is_all(lost));
        if lost.is_none() && !unknown.is_empty() {
            return None;
        }
        let head = |log: LogRef| {
            let cut = resumes[log.party].of(log.class, self.pact.log_keys(log).origin.as_str())?;
            let size = lost.filter(|lost| lost.log == log).map_or(cut, |lost| lost.size.min(cut));
            Some(LogHead { size, root: self.log(log).tree.root_at(size).ok()? })
        };
        let [a, b, c, d] = LogRef::ALL.map(head);
        let said = Reconciled { resumes: leaves, heads: [a?, b?, c?, d?] };
        // The counterpart has said so first, and of nothing else.
        lost.is_none_or(|lost| lost.log.party == self.me || *lost.said == said).then_some(said)
    }

    fn holds(&self, log: LogRef, seen: &Seen) -> bool {
        self.log(log).tree.root_at(seen.size) == Ok(seen.root)
    }

    /// Where a party's node opened the next epoch in its urgent log over a routine head of its own that an old store may have lost: what stands in
    /// its place. Of the own node what it holds; of the counterpart's what it states when it opens the epoch in its routine log too.
    fn lost_cut<'a>(&self, stand: &'a Stand, party: usize) -> Option<LostCut<'a>> {
        let log = LogRef { party, class: LogClass::Routine };
        let place = log.place();
        match &stand.opened {
            [None, Some((urgent, _))] if party == self.me => {
                Some(LostCut { log, size: urgent.heads[place].size.min(self.log(log).size()), said: urgent })
            }
            [Some((routine, _)), Some((urgent, _))] if party != self.me && routine.resumes == urgent.resumes => {
                Some(LostCut { log, size: routine.heads[place].size, said: routine })
            }
            _ => None,
        }
    }
}

/// A routine log that is cut, for the opening of an epoch, where it stands and not where its author's RESUME says.
#[derive(Clone, Copy)]
struct LostCut<'a> {
    log: LogRef,
    size: u64,
    /// What its author's node has signed.
    said: &'a Reconciled,
}
