//! What the board says of those on duty: who is to have the watch, whose test call is due, which list of protected sites was received.

use skypact_airspace::UtcNanos;
use skypact_record::KeyChange;

use super::{Board, Misfit, Origin};
use crate::hotline::HotlineThread;
use crate::protected_list::{ListReceipt, PlacedReceipt, ProtectedList};
use crate::watch::TEST_CALL_EVERY_NS;
use crate::watch_bill::{BillBook, BillTurn};

impl Board {
    /// What was said over the hotline.
    pub fn hotline(&self) -> &HotlineThread {
        &self.hotline
    }

    /// The watch bill of a party.
    pub fn bill(&self, party: usize) -> &BillBook {
        &self.bills[party]
    }

    /// Whose turn it is by the bill of a party, and who does not have its watch.
    pub fn late(&self, party: usize, now: UtcNanos) -> Option<BillTurn> {
        let on_watch = self.watches[party].on_watch();
        let turn = self.bills[party].at(now)?;
        on_watch.is_none_or(|(_, holder)| holder.signer != turn.officer.as_str()).then_some(turn)
    }

    /// When the next test call of a party is due, and the entry from which that counts: its newest one, or the first change of the
    /// watch of either party. None before that.
    pub fn test_call_due(&self, party: usize) -> Option<(UtcNanos, &Origin)> {
        let newest = self.test_calls.iter().map(|call| &call.origin).filter(|origin| origin.party == party).last();
        let begun = self.watches.iter().filter_map(|book| book.entries().next().map(|(_, origin)| origin));
        let since = newest.or_else(|| begun.min_by_key(|origin| origin.claimed_time))?;
        Some((UtcNanos(since.claimed_time.0.saturating_add(TEST_CALL_EVERY_NS)), since))
    }

    /// Whoever has the watch with a key that is revoked has it no more.
    pub(crate) fn revoke(&mut self, origin: &Origin, change: &KeyChange) {
        for revoked in &change.revoked {
            self.watches[origin.party].revoke(revoked.id, origin.claimed_time);
        }
    }

    /// The list of what a party has protected that stands now: whatever is neither ended nor cancelled, whether or not its window is over,
    /// so that no clock decides what is on it.
    pub fn protected_list(&self, party: usize) -> ProtectedList {
        self.protected_list_at(party, u64::MAX)
    }

    /// When the list of what a party has protected last changed, by the times that its officers state. None as long as nothing was on it.
    pub fn protected_changed_at(&self, party: usize) -> Option<UtcNanos> {
        let own = self.notices.values().filter(|state| state.origin.party == party && state.protection.is_some());
        own.map(|state| state.origin.claimed_time).max()
    }

    /// The newest receipt of a party for the list of the other one.
    pub fn list_receipt(&self, party: usize) -> Option<&PlacedReceipt> {
        self.list_receipts[party].as_ref()
    }

    /// Whether the other party has not signed for the list of `party` as it is. Nobody signs for a list on which nothing ever was.
    pub fn is_list_unsigned(&self, party: usize) -> bool {
        let list = self.protected_list(party);
        self.list_receipt(1 - party).map_or(list.count > 0, |(receipt, _)| receipt.version != list.version)
    }

    /// The same as of the first `size` entries of that party's routine log.
    fn protected_list_at(&self, party: usize, size: u64) -> ProtectedList {
        let own = self.notices.values().filter(|state| state.origin.party == party);
        ProtectedList::of(own.filter_map(|state| state.protected_at(size)).collect())
    }

    /// A receipt is for the list that its author's node held then, whatever has become of it since.
    pub(super) fn apply_list_receipt(&mut self, origin: Origin, receipt: ListReceipt) -> Result<(), Misfit> {
        let party = origin.party;
        receipt.check(&self.protected_list_at(1 - party, origin.seen_routine))?;
        self.list_receipts[party] = Some((receipt, origin));
        Ok(())
    }
}
