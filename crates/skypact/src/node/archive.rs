//! What is closed goes out of the database into plain files, a tile at a time, so that nothing has to wait for it long.

use skypact_channel::LogRef;
use tracing::{info, warn};

use super::NodeError;
use super::core::Core;
use super::round::origin;
use crate::storage::{CommitError, TILE_ENTRIES};

/// How long to wait when files could not be written, steady ns.
const REST_NS: i64 = 3_600 * 1_000_000_000;

impl Core {
    /// Moves one tile of one log, if there is one of closed periods. None before each counterpart has said since the start what it
    /// holds: until then this store may be an old one, of which a recovery replaces the newest entries.
    pub(super) fn archive(&mut self) -> Result<(), NodeError> {
        let own = |me: usize| LogRef::ALL.into_iter().filter(move |log| log.party == me);
        let is_confirmed = |member: &super::core::Member| {
            own(member.station.channel().me()).all(|log| member.carriage.was_confirmed(log))
        };
        if self.clock.steady_ns() < self.archive_rests_until || !self.channels.members.values().all(is_confirmed) {
            return Ok(());
        }
        for member in self.channels.members.values_mut() {
            let channel = member.station.channel();
            for log in LogRef::ALL {
                let (archived, closed) = (&mut member.archived[log.place()], channel.closed(log));
                if *archived + TILE_ENTRIES > closed {
                    continue;
                }
                let name = origin(channel, log);
                match self.store.archive(name.as_str(), closed) {
                    Ok(moved) if moved > *archived => {
                        *archived = moved;
                        if moved + TILE_ENTRIES > closed {
                            info!(log = %name, entries = moved, "closed periods are in the archive");
                        }
                        return Ok(());
                    }
                    Ok(_) => {}
                    Err(CommitError::NotWritten(reason)) => {
                        warn!(log = %name, %reason, "entries of closed periods stay in the database; trying again in an hour");
                        self.archive_rests_until = self.clock.steady_ns().saturating_add(REST_NS);
                        return Ok(());
                    }
                    Err(error) => {
                        self.failure.get_or_init(|| (error.code(), error.to_string()));
                        return Err(NodeError::from(&error));
                    }
                }
            }
        }
        Ok(())
    }
}
