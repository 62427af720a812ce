//! Bodies that are erased go: out of storage, own logs and the counterpart's alike, and then out of memory, by a fold of what is left
//! (docs/decisions/0010-erasure.md). A fold of a long record takes as long as a start, so it goes on by a small piece behind each round: no
//! STOP waits for it, whoever erases how much. A crash in between loses nothing: the entry that erases them says it again at the start.

use std::collections::BTreeMap;

use skypact_airspace::UtcNanos;
use skypact_channel::{EntryRef, Refold, Station};
use tracing::{error, info, warn};

use super::NodeError;
use super::core::Core;
use super::courier::entry_of;
use super::round::origin;
use crate::storage::{CommitError, Store};

/// Stored entries that are folded in behind one round: some milliseconds.
const PIECE_ENTRIES: usize = 256;

/// Channels that are folded anew, by name, each with the place in storage up to which it is.
pub(super) type Refolds = BTreeMap<String, (Refold, u64)>;

impl Core {
    /// Takes out of storage what is due in each channel, and folds on by a piece, between two rounds. Only a failure of storage is an error of
    /// the core; a full disk is none, and the bodies stay for now.
    pub(super) fn erase_and_refold(&mut self) -> Result<(), NodeError> {
        let now = UtcNanos(self.clock.now_utc_ns());
        let members = self.channels.members.iter_mut();
        let due: Vec<(String, Vec<EntryRef>)> = members
            .map(|(name, member)| (name, member.station.erasures_due(now)))
            .filter(|(_, due)| !due.is_empty())
            .map(|(name, due)| (name.clone(), due))
            .collect();
        let outcome = due.iter().try_for_each(|(name, due)| self.erase(name, due)).and_then(|()| {
            let folding: Vec<String> = self.refolds.keys().cloned().collect();
            folding.iter().try_for_each(|name| self.refold_piece(name))
        });
        if let Err(failure) = &outcome {
            // Memory has what the disk has not: the process starts again from storage.
            error!(error = %failure, "bodies that are erased could not be taken out");
            self.failure.get_or_init(|| (failure.code(), failure.to_string()));
        }
        outcome
    }

    /// Begins every fold again, after stored entries were replaced by others.
    pub(super) fn refold_again(&mut self) -> Result<(), NodeError> {
        for (name, refold) in &mut self.refolds {
            if let Some(member) = self.channels.members.get(name) {
                *refold = (Refold::new(member.station.channel())?, 0);
            }
        }
        Ok(())
    }

    fn erase(&mut self, name: &str, due: &[EntryRef]) -> Result<(), NodeError> {
        let Some(member) = self.channels.members.get(name) else { return Ok(()) };
        let log = |log| origin(member.station.channel(), log).to_string();
        let parts: Vec<_> = due.iter().map(|entry| (log(entry.log), entry.index, 0)).collect();
        match self.store.erase_all(&parts).map_err(CommitError::from) {
            Ok(()) => {}
            Err(CommitError::NotWritten(reason)) => {
                warn!(channel = name, %reason, "erased bodies are still in storage; it is tried again");
                return Ok(());
            }
            Err(unknown) => return Err(NodeError::from(&unknown)),
        }
        info!(channel = name, bodies = parts.len(), "erased bodies are gone from storage");
        self.refolds.insert(name.to_owned(), (Refold::new(member.station.channel())?, 0));
        // The snapshot is gone with them.
        self.channels.set_folded(|_| 0);
        Ok(())
    }

    /// Folds in the next stored entries of a channel that is folded anew, and takes it when there are no more.
    fn refold_piece(&mut self, name: &str) -> Result<(), NodeError> {
        let Some((refold, sequence)) = self.refolds.get_mut(name) else { return Ok(()) };
        let Some(member) = self.channels.members.get_mut(name) else { return Ok(()) };
        let is_last = fold_piece(refold, &member.station, &*self.store, sequence)?;
        if is_last && let Some((refold, _)) = self.refolds.remove(name) {
            member.station.refold(refold);
            self.revision.send_modify(|revision| *revision += 1);
        }
        Ok(())
    }
}

/// Folds a channel anew out of what is stored, at a start.
pub(super) fn refold(station: &mut Station, store: &dyn Store) -> Result<(), NodeError> {
    let (mut refold, mut sequence) = (Refold::new(station.channel())?, 0);
    while !fold_piece(&mut refold, station, store, &mut sequence)? {}
    station.refold(refold);
    Ok(())
}

/// Folds in the next stored entries; whether these were the last.
fn fold_piece(
    refold: &mut Refold,
    station: &Station,
    store: &dyn Store,
    sequence: &mut u64,
) -> Result<bool, NodeError> {
    let entries = store.replay(*sequence, PIECE_ENTRIES)?;
    let is_last = entries.len() < PIECE_ENTRIES;
    for replayed in entries {
        *sequence = replayed.sequence;
        let Some(log) = station.channel().pact().log(&replayed.log) else { continue };
        refold.stored(log, replayed.index, entry_of(&replayed.log, replayed.entry)?)?;
    }
    Ok(is_last)
}
