//! Bodies that are erased go: out of storage, own logs and the counterpart's alike, and then out of memory, by a fold of what is left
//! (docs/decisions/0010-erasure.md). A crash in between loses nothing: the entry that erases them says it again at the start.

use skypact_airspace::UtcNanos;
use skypact_channel::Refold;
use tracing::{error, info, warn};

use super::NodeError;
use super::core::Core;
use super::courier::entry_of;
use super::round::origin;
use crate::storage::CommitError;

/// Stored entries that are looked at in one piece.
const PIECE_ENTRIES: usize = 4_096;

impl Core {
    /// Carries out what is due in each channel, between two rounds. Only a failure of storage is an error of the core; a full disk is none,
    /// and the bodies stay for now.
    pub(super) fn erase_due(&mut self) -> Result<(), NodeError> {
        let now = UtcNanos(self.clock.now_utc_ns());
        let names: Vec<String> = self.channels.members.keys().cloned().collect();
        for name in names {
            let Some(member) = self.channels.members.get_mut(&name) else { continue };
            let due = member.station.erasures_due(now);
            if due.is_empty() {
                continue;
            }
            let log = |log| origin(member.station.channel(), log).to_string();
            let parts: Vec<_> = due.iter().map(|entry| (log(entry.log), entry.index, 0)).collect();
            match self.store.erase_all(&parts).map_err(CommitError::from) {
                Ok(()) => {}
                Err(CommitError::NotWritten(reason)) => {
                    warn!(channel = name, %reason, "erased bodies are still in storage; it is tried again");
                    continue;
                }
                Err(unknown) => {
                    error!(channel = name, error = %unknown, "it is unknown whether erased bodies are gone");
                    self.failure.get_or_init(|| (unknown.code(), unknown.to_string()));
                    return Err(NodeError::from(&unknown));
                }
            }
            let refolded = self.refold(&name);
            if let Err(failure) = refolded {
                // Memory has what the disk has not: the process starts again from storage.
                error!(channel = name, error = %failure, "what is left of erased bodies could not be folded in");
                self.failure.get_or_init(|| (failure.code(), failure.to_string()));
                return Err(failure);
            }
            info!(channel = name, bodies = parts.len(), "erased bodies are gone from storage");
            self.revision.send_modify(|revision| *revision += 1);
        }
        Ok(())
    }

    /// Folds a channel anew out of what is stored.
    fn refold(&mut self, channel: &str) -> Result<(), NodeError> {
        let Some(member) = self.channels.members.get_mut(channel) else { return Ok(()) };
        let mut refold = Refold::new(member.station.channel())?;
        let pact = member.station.channel().pact();
        let mut sequence = 0;
        loop {
            let entries = self.store.replay(sequence, PIECE_ENTRIES)?;
            let Some(last) = entries.last() else { break };
            sequence = last.sequence;
            for replayed in entries {
                let Some(log) = pact.log(&replayed.log) else { continue };
                refold.stored(log, replayed.index, entry_of(&replayed.log, replayed.entry)?)?;
            }
        }
        member.station.refold(refold);
        Ok(())
    }
}
