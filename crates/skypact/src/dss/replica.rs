//! The state of a DSS as the log makes it, read from storage as far as it goes.

use skypact_dss::Dss;
use skypact_record::{Frontier, PublicKey};

use super::error::DssError;
use super::journal::Journal;
use crate::storage::{HeadKind, Store};

const READ_ENTRIES: usize = 4_096;
const READ_BYTES: usize = 32 << 20;

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
        while self.journal.size() < size_max {
            let wanted = usize::try_from(size_max - self.journal.size()).unwrap_or(usize::MAX).min(READ_ENTRIES);
            let entries = store.read(self.journal.origin().as_str(), self.journal.size(), wanted, READ_BYTES)?;
            if entries.is_empty() {
                break;
            }
            for stored in entries {
                let index = self.journal.size();
                let recorded = self.journal.read(&stored)?;
                let change = recorded.change();
                let change =
                    change.map_err(|error| DssError::differs(self.journal.origin().as_str(), index, &error))?;
                self.dss.apply(&change, &recorded.stamp);
            }
        }
        Ok(())
    }

    /// Holds the whole log to the checkpoint that was signed for it.
    pub fn check(&self, store: &dyn Store) -> Result<(), DssError> {
        let heads = store.heads(self.journal.origin().as_str())?;
        let newest = heads.iter().find(|head| head.kind == HeadKind::Checkpoint);
        newest.map_or(Ok(()), |head| self.journal.hold_to(&head.bytes))
    }
}
