//! How a simulated node on an old disk gets its entries back, as the shell does it: it asks its counterpart for both own logs, and
//! what comes takes the place of what the old disk has behind them, in one step that a crash may strike.

use skypact_airspace::UtcNanos;
use skypact_channel::{Channel, Context, Frame, Kind, LogRef, MirrorRun, NoteKind, Rebuild, Recovered, RecoveryError};
use skypact_record::{KeyRole, LogClass, SignedCheckpoint};

use super::{Crash, Node, PATIENCE_MS};
use crate::disk::ChannelPlace;
use crate::fleet::Fleet;
use crate::mutation::Mutation;
use crate::network::{Flight, Host, Packet};

/// How long a node rests after an attempt, ms.
const AGAIN_MS: u64 = 2_000;
/// Most entries of one answer.
const ENTRIES_MAX: u64 = 16;

/// An attempt in one channel; of each own log what has come, whether the counterpart has anything, and what it was asked.
pub(crate) struct Recovery {
    runs: [MirrorRun; 2],
    absent: [bool; 2],
    waiting: [Option<(u64, u64)>; 2],
    since_ms: u64,
}

impl Recovery {
    fn lacks(&self, place: usize) -> Option<u64> {
        self.runs[place].next().filter(|_| !self.absent[place])
    }

    fn is_complete(&self) -> bool {
        (0..2).all(|place| self.lacks(place).is_none())
    }
}

pub(super) fn own_logs(channel: &Channel) -> [LogRef; 2] {
    LogClass::ALL.map(|class| LogRef { party: channel.me(), class })
}

impl Node {
    /// The counterpart holds something else than a beginning of an own log.
    pub(super) fn begin_recovery(&mut self, channel: ChannelPlace, now_ms: u64) {
        let Some(station) = self.stations.get(&channel) else { return };
        let is_over = |old: &Recovery| now_ms >= old.since_ms + AGAIN_MS && old.waiting == [None; 2];
        if self.recoveries.get(&channel).is_none_or(is_over) {
            let runs = own_logs(station.channel()).map(|log| MirrorRun::new(station.channel(), log));
            let recovery = Recovery { runs, absent: [false; 2], waiting: [None; 2], since_ms: now_ms };
            self.recoveries.insert(channel, recovery);
        }
    }

    /// What a party gets of its own log that is held here.
    pub(super) fn held(&self, channel: ChannelPlace, log: LogRef, start: u64) -> Option<Vec<u8>> {
        let station = self.stations.get(&channel).filter(|station| station.channel().me() != log.party)?;
        let note = self.disk.notes.get(&(channel, log.place(), NoteKind::Receipt))?;
        let size = SignedCheckpoint::parse(note).ok()?.checkpoint().size;
        let most = size.checked_sub(start)?.min(ENTRIES_MAX);
        let entries = self.disk.read(channel, log, start, most as usize);
        Some(Frame { entries, ..station.note_frame(log, start, note.clone()) }.encode())
    }

    /// Takes in what the counterpart gave.
    pub(super) fn take_given(&mut self, channel: ChannelPlace, log: LogRef, request: u64, bytes: Option<Vec<u8>>) {
        let Some((station, recovery)) = self.stations.get(&channel).zip(self.recoveries.get_mut(&channel)) else {
            return;
        };
        let place = usize::from(log.class == LogClass::Urgent);
        if recovery.waiting[place].is_none_or(|(waiting, _)| waiting != request) {
            return;
        }
        recovery.waiting[place] = None;
        let Some(bytes) = bytes else {
            recovery.absent[place] = true;
            return;
        };
        let taken = Frame::decode(&bytes).map_err(RecoveryError::from);
        let taken = taken.and_then(|frame| recovery.runs[place].take(station.channel().pact(), &frame));
        if taken.is_err() {
            self.recoveries.remove(&channel);
        }
    }

    /// What is asked for now.
    pub(super) fn questions(&mut self, now_ms: u64, fleet: &Fleet) -> Vec<Flight> {
        let mut flights = Vec::new();
        for (channel, recovery) in &mut self.recoveries {
            let Some(station) = self.stations.get(channel) else { continue };
            for (place, log) in own_logs(station.channel()).into_iter().enumerate() {
                let Some(start) = recovery.lacks(place) else { continue };
                if recovery.waiting[place].is_some_and(|(_, until_ms)| now_ms < until_ms) {
                    continue;
                }
                self.requests += 1;
                recovery.waiting[place] = Some((self.requests, now_ms + PATIENCE_MS));
                let packet = Packet::Held { channel: *channel, log, request: self.requests, start };
                let to = Host::Node(fleet.counterpart(*channel, self.party));
                flights.push(Flight { from: Host::Node(self.party), to, packet });
            }
        }
        flights
    }

    /// Takes over what has come in full.
    pub(super) fn recover(&mut self, now: UtcNanos) {
        let complete: Vec<ChannelPlace> =
            self.recoveries.iter().filter(|(_, at)| at.is_complete()).map(|(channel, _)| *channel).collect();
        for channel in complete {
            let Some(Recovery { runs, absent, .. }) = self.recoveries.remove(&channel) else { continue };
            // What does not hold changes nothing; it is tried again when the counterpart has said something.
            if absent != [true; 2] && self.stations.contains_key(&channel) {
                let _ = self.recover_channel(channel, runs, now);
            }
        }
    }

    fn recover_channel(
        &mut self,
        channel: ChannelPlace,
        runs: [MirrorRun; 2],
        now: UtcNanos,
    ) -> Result<(), RecoveryError> {
        let station = self.stations.get_mut(&channel).expect("asked before");
        let (own, me) = (own_logs(station.channel()), station.channel().me());
        let confirmed = own.map(|log| self.confirmed.contains(&(channel, log.place())) && station.was_open(log));
        let delivered = LogRef::ALL.map(|log| station.channel().log(log).delivered);
        let mut rebuild = Rebuild::new(station.channel(), runs, [0; 2], confirmed)?;
        let mut kept = 0;
        for stored in self.disk.entries.iter().filter(|stored| stored.channel == channel) {
            let leaf = &stored.entry.leaf;
            let is_act = Kind::from_wire(leaf.act.act().kind).is_some_and(|kind| kind.signer() != KeyRole::Node);
            let is_since = stored.log.party == me && leaf.index >= delivered[stored.log.place()];
            if self.mutation == Some(Mutation::RecoveryDropsActs) && is_act && is_since {
                continue;
            }
            kept += usize::from(rebuild.stored(stored.log, stored.entry.clone())?);
        }
        let notes = self.disk.notes.iter().filter(|((of, ..), _)| *of == channel);
        let rebuilt = rebuild.finish(notes.map(|((.., kind), note)| (kind.clone(), note.clone())).collect())?;
        let recovered = station.recover(rebuilt, &mut Context { now, entropy: &mut self.entropy });
        let Recovered { changes, left_out, .. } = recovered;
        let crash = self.crash.take();
        if crash != Some(Crash::NotWritten) {
            if self.mutation != Some(Mutation::RecoveryKeepsOldEntries) {
                self.disk.shorten(channel, kept, self.mutation);
            }
            self.disk.commit(channel, changes, None);
            self.recovered += 1;
            for act in self.acknowledged.iter_mut().filter(|act| act.channel == channel) {
                let mut entries = self.disk.entries.iter().filter(|stored| stored.channel == channel);
                let placed = entries
                    .find(|stored| stored.log == act.log && stored.entry.leaf.act.act().message_id == act.message_id);
                if let Some(placed) = placed {
                    (act.index, act.leaf) = (placed.entry.leaf.index, placed.entry.leaf.hash());
                }
            }
            // The officer was told.
            let is_told = |id| left_out.iter().any(|(act, _)| act.act.act().message_id == id);
            self.acknowledged.retain(|act| act.channel != channel || !is_told(act.message_id));
        }
        if crash == Some(Crash::Written) {
            self.left = self.as_left();
        }
        if crash.is_some() {
            self.goes_down();
        }
        Ok(())
    }
}
