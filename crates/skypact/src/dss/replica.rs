//! The state of a DSS as the log makes it, read from storage as far as it goes.

use skypact_dss::Dss;
use skypact_record::{Frontier, PublicKey};

use super::error::DssError;
use super::journal::Journal;
use crate::storage::{Store, each_entry};

/// State and journal, at one size.
#[derive(Clone, Debug)]
pub struct Replica {
    /// What the DSS holds.
    pub dss: Dss,
    /// The log up to there.
    pub journal: Journal,
}

impl Replica {
    /// Nothing yet, of the DSS that signs with this key.
    pub fn new(key: &PublicKey) -> Self {
        Self { dss: Dss::new(), journal: Journal::new(key) }
    }

    /// The same DSS with nothing read.
    pub(super) fn emptied(&self) -> Self {
        Self { dss: Dss::new(), journal: self.journal.at(Frontier::new()) }
    }

    /// Reads and applies what storage holds beyond this size, up to `size_max` entries; stops at the end of the log.
    pub fn catch_up(&mut self, store: &dyn Store, size_max: u64) -> Result<(), DssError> {
        let log = self.journal.origin().clone();
        let read = each_entry(store, log.as_str(), self.journal.size()..size_max, |index, stored| {
            let recorded = self.journal.read(&stored)?;
            self.dss.replay(&recorded).map_err(|error| DssError::differs(log.as_str(), index, &error))?;
            Ok(())
        });
        read.map(drop)
    }

    /// Holds the whole log to the checkpoint that was signed for it.
    pub fn check(&self, store: &dyn Store) -> Result<(), DssError> {
        self.journal.stored_head(store)?.map_or(Ok(()), |note| self.journal.hold_to(&note))
    }
}
