//! How a simulated node has erased bodies go, as the shell does it: out of its disk, then out of its memory; a crash may strike before,
//! or in between.

use std::collections::BTreeSet;

use skypact_airspace::UtcNanos;
use skypact_channel::{Erased, Message};

use super::{Crash, Node};
use crate::disk::ChannelPlace;
use crate::mutation::Mutation;
use crate::random::Random;

impl Node {
    /// Has an officer erase some of what may go.
    pub(crate) fn officer_erases(&mut self, now_ms: u64, random: &mut Random) {
        let now = self.now(now_ms);
        let places: Vec<ChannelPlace> = self.stations.keys().copied().collect();
        let Some(channel) = places.get(random.place(places.len().max(1))).copied() else { return };
        let state = self.stations[&channel].channel();
        let erasable = state.erasable(state.me());
        let notices: BTreeSet<_> = erasable.iter().map(|body| body.notice).filter(|_| random.happens(700)).collect();
        let chosen = erasable.into_iter().filter(|body| notices.contains(&body.notice));
        let bodies = chosen.take(256).map(|body| (body.leaf, body.residue)).collect();
        let erased = Erased { bodies };
        if !erased.bodies.is_empty() {
            self.officer_says(channel, &Message::Erased(erased), now);
        }
    }

    /// Carries out what is due.
    pub(super) fn erase(&mut self, now: UtcNanos) {
        let places: Vec<ChannelPlace> = self.stations.keys().copied().collect();
        for channel in places {
            let Some(station) = self.stations.get_mut(&channel) else { continue };
            let due = station.erasures_due(now);
            if due.is_empty() {
                continue;
            }
            let crash = self.crash.take();
            if crash == Some(Crash::NotWritten) {
                return self.goes_down();
            }
            // A commit of its own, the one that the crash strikes then: all bodies are still there.
            if self.drops_snapshot() && crash == Some(Crash::Written) {
                self.left = self.as_left();
                return self.goes_down();
            }
            self.disk.erase(channel, &due);
            if crash == Some(Crash::Written) {
                return self.goes_down();
            }
            self.erased += due.len() as u64;
            if self.mutation != Some(Mutation::ErasesAndKeepsInMemory)
                && let Some(station) = self.stations.get_mut(&channel)
            {
                self.disk.refold(channel, station).expect("entries of this disk are those of the station");
            }
        }
    }
}
