//! Who may sign acts in each of the four logs: the keys of the pact, and the key changes of each log (docs/record-format.md,
//! section 17). Cheap to clone: a frame is verified against the keys as they were, and goes on from there.

use std::sync::Arc;

use skypact_record::{KeyChange, KeyChangeError, KeyHistory, KeyId, PartyKey};

use crate::log::LogRef;
use crate::pact::Pact;

/// The key histories of a channel's logs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActKeys {
    /// In the order of [`LogRef::ALL`].
    histories: [Arc<KeyHistory>; 4],
}

impl ActKeys {
    /// Key changes of a log.
    pub fn history(&self, log: LogRef) -> &KeyHistory {
        &self.histories[log.place()]
    }

    /// The key of that id, if it may sign acts at `index` of `log`.
    pub fn key<'a>(&'a self, pact: &'a Pact, log: LogRef, id: KeyId, index: u64) -> Option<&'a PartyKey> {
        let history = self.history(log);
        let key = pact.key(log.party, id).or_else(|| history.added_key(id, index))?;
        (!history.is_revoked(id, index)).then_some(key)
    }

    /// Takes in the key change at `index` of `log`.
    pub(crate) fn apply(
        &mut self,
        pact: &Pact,
        log: LogRef,
        index: u64,
        change: &KeyChange,
    ) -> Result<(), KeyChangeError> {
        let party = &pact.genesis().parties[log.party].name;
        Arc::make_mut(&mut self.histories[log.place()]).apply(pact.genesis(), party, index, change)
    }
}
