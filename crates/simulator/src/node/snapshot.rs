//! How a simulated node keeps a snapshot, as the shell does it (docs/decisions/0012-snapshots.md): at a start that folded much, after the
//! entries and before the notes. It goes before what it must not hold any more does.

use std::collections::BTreeMap;

use skypact_channel::Station;

use super::Node;
use crate::disk::{ChannelPlace, Snapshot};
use crate::mutation::Mutation;

impl Node {
    /// Place of the first entry that a start from a snapshot folds.
    pub(super) fn begins(&self, snapshot: &Snapshot) -> usize {
        let is_off = self.mutation == Some(Mutation::SnapshotStartSkipsEntry);
        snapshot.entries + usize::from(is_off)
    }

    /// Keeps what a start has folded, if it was enough. Starts that fold less go on from the one before.
    pub(super) fn keep_snapshot(&mut self, folded: &BTreeMap<ChannelPlace, Station>) {
        let begins = self.disk.snapshot.as_ref().map(|snapshot| snapshot.entries);
        self.snapshot_starts += u64::from(begins.is_some());
        let entries = self.disk.entries.len();
        if self.snapshot_after.is_some_and(|after| entries - begins.unwrap_or(0) > after) {
            let states = folded.iter().map(|(channel, station)| (*channel, station.channel().snapshot())).collect();
            self.disk.snapshot = Some(Snapshot { entries, bodies: self.disk.bodies(entries), states });
            self.snapshots += 1;
        }
    }

    /// Drops the snapshot before bodies go; whether there was one.
    pub(super) fn drops_snapshot(&mut self) -> bool {
        self.mutation != Some(Mutation::SnapshotOutlivesErasure) && self.disk.snapshot.take().is_some()
    }
}
