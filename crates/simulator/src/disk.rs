//! What a node has stored: entries in the order of their commits, and the newest note of each kind. A commit is whole or
//! not there. Trees beside the entries let checkers compare logs without reading them again.

use std::collections::BTreeMap;

use skypact_channel::{Changes, EntryRef, LogRef, NoteKind, Refold, Station};
use skypact_record::{Entry, ForkProof, SignedCheckpoint, Tree};

use crate::mutation::Mutation;

/// One end of one channel: place of the channel in the fleet.
pub(crate) type ChannelPlace = usize;

/// An entry as it was committed.
#[derive(Clone)]
pub(crate) struct StoredEntry {
    pub(crate) channel: ChannelPlace,
    pub(crate) log: LogRef,
    pub(crate) entry: Entry,
}

/// The state of a node's channels at one place in the order of commits, from which a start goes on (docs/decisions/0012-snapshots.md).
#[derive(Clone)]
pub(crate) struct Snapshot {
    /// The first so many entries of the disk are folded in.
    pub(crate) entries: usize,
    /// How many of them had their bodies: of one that is erased since nothing may be left, here neither.
    pub(crate) bodies: usize,
    /// State of each channel.
    pub(crate) states: BTreeMap<ChannelPlace, Vec<u8>>,
}

/// The disk of one node. A copy of it is a backup.
#[derive(Default, Clone)]
pub(crate) struct Disk {
    pub(crate) entries: Vec<StoredEntry>,
    pub(crate) notes: BTreeMap<(ChannelPlace, usize, NoteKind), Vec<u8>>,
    pub(crate) forks: Vec<(ChannelPlace, LogRef, ForkProof)>,
    pub(crate) trees: BTreeMap<(ChannelPlace, usize), Tree>,
    pub(crate) snapshot: Option<Snapshot>,
}

impl Disk {
    /// Takes in what a round leaves, all of it.
    pub(crate) fn commit(&mut self, channel: ChannelPlace, changes: Changes, mutation: Option<Mutation>) {
        let mut entries = changes.entries;
        match mutation {
            Some(Mutation::CommitDropsLastEntry) => drop(entries.pop()),
            Some(Mutation::CommitsNotesAlone) => entries.clear(),
            _ => {}
        }
        for (log, entry) in entries {
            self.trees.entry((channel, log.place())).or_default().push(entry.hash);
            self.entries.push(StoredEntry { channel, log, entry: entry.entry });
        }
        for kept in changes.notes {
            self.notes.insert((channel, kept.log.place(), kept.kind), kept.note);
        }
        self.forks.extend(changes.forks.into_iter().map(|(log, proof)| (channel, log, proof)));
    }

    /// Leaves the first `kept` entries of a channel, in the order of their commits, and no snapshot that has others.
    pub(crate) fn shorten(&mut self, channel: ChannelPlace, kept: usize, mutation: Option<Mutation>) {
        let mut places = (0..self.entries.len()).filter(|place| self.entries[*place].channel == channel);
        let parted = places.nth(kept).unwrap_or(self.entries.len());
        if mutation != Some(Mutation::SnapshotOutlivesRecovery) {
            self.snapshot.take_if(|snapshot| snapshot.entries > parted);
        }
        let mut left = kept;
        self.entries
            .retain(|stored| stored.channel != channel || left.checked_sub(1).map(|rest| left = rest).is_some());
        self.trees.retain(|(of, _), _| *of != channel);
        for stored in self.entries.iter().filter(|stored| stored.channel == channel) {
            self.trees.entry((channel, stored.log.place())).or_default().push(stored.entry.leaf.hash());
        }
    }

    /// Takes bodies away for good.
    pub(crate) fn erase(&mut self, channel: ChannelPlace, bodies: &[EntryRef]) {
        for stored in self.entries.iter_mut().filter(|stored| stored.channel == channel) {
            if bodies.iter().any(|body| body.log == stored.log && body.index == stored.entry.leaf.index) {
                stored.entry.parts.fill(None);
            }
        }
    }

    /// How many of the first entries have their bodies.
    pub(crate) fn bodies(&self, entries: usize) -> usize {
        let first = self.entries.iter().take(entries);
        first.filter(|stored| stored.entry.parts.iter().any(Option::is_some)).count()
    }

    /// Folds a channel anew out of what is left.
    pub(crate) fn refold(&self, channel: ChannelPlace, station: &mut Station) -> Result<(), String> {
        let mut refold = Refold::new(station.channel()).map_err(|error| error.to_string())?;
        for stored in self.entries.iter().filter(|stored| stored.channel == channel) {
            let index = stored.entry.leaf.index;
            refold.stored(stored.log, index, stored.entry.clone()).map_err(|error| error.to_string())?;
        }
        station.refold(refold);
        Ok(())
    }

    /// The leaf hashes of one log.
    pub(crate) fn tree(&self, channel: ChannelPlace, log: LogRef) -> Option<&Tree> {
        self.trees.get(&(channel, log.place()))
    }

    /// The notes of a log that a witness cosigned, each with its size.
    pub(crate) fn cosigned(&self, channel: ChannelPlace, log: LogRef) -> impl Iterator<Item = (u64, &Vec<u8>)> {
        let notes = self.notes.iter().filter(move |((of, place, _), _)| *of == channel && *place == log.place());
        let cosigned = notes.filter(|((.., kind), _)| matches!(kind, NoteKind::Cosignature(_)));
        cosigned.filter_map(|(_, note)| Some((SignedCheckpoint::parse(note).ok()?.checkpoint().size, note)))
    }

    /// Encoded entries of a log from `start` on, at most `entries_max`.
    pub(crate) fn read(&self, channel: ChannelPlace, log: LogRef, start: u64, entries_max: usize) -> Vec<Vec<u8>> {
        let of_log = self.entries.iter().filter(|stored| stored.channel == channel && stored.log == log);
        let run = of_log.skip(start as usize).take(entries_max);
        run.map(|stored| stored.entry.encode().expect("an entry that was placed or read")).collect()
    }
}
