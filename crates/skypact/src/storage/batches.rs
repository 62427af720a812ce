//! Reading a log from one place to another in batches, so that memory is bounded whatever its length.

use std::ops::Range;

use super::{Store, StoreError, StoredEntry};

const BATCH_ENTRIES: usize = 4_096;
const BATCH_BYTES: usize = 8 << 20;

/// Visits the entries of one log with their indices. Gives the index behind the last one: the end of the range, or of the log where
/// that comes sooner.
pub fn each_entry<E: From<StoreError>>(
    store: &dyn Store,
    log: &str,
    range: Range<u64>,
    mut visit: impl FnMut(u64, StoredEntry) -> Result<(), E>,
) -> Result<u64, E> {
    let mut index = range.start;
    while index < range.end {
        let wanted = usize::try_from(range.end - index).unwrap_or(usize::MAX).min(BATCH_ENTRIES);
        let entries = store.read(log, index, wanted, BATCH_BYTES)?;
        if entries.is_empty() {
            break;
        }
        for entry in entries {
            visit(index, entry)?;
            index += 1;
        }
    }
    Ok(index)
}
