//! A store in memory, for simulations and demonstrations: the same contract, without durability.

use std::collections::BTreeMap;

use super::{
    Batch, Claim, CommitError, Head, HeadKind, LogState, NotWritten, PARTS_MAX, Replayed, Snapshot, Store, StoreError,
    StoredEntry,
};

/// Logs in memory. A clone is a copy of the whole store, as a backup is of a disk.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    logs: BTreeMap<String, Log>,
    /// Log and index of each entry, in the order of commits.
    sequence: Vec<(String, u64)>,
    documents: BTreeMap<String, Vec<u8>>,
    snapshot: Option<Snapshot>,
}

#[derive(Clone, Debug, Default)]
struct Log {
    term: u64,
    entries: Vec<StoredEntry>,
    heads: BTreeMap<HeadKind, Vec<u8>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn log(&self, origin: &str) -> Result<&Log, StoreError> {
        self.logs.get(origin).ok_or_else(|| StoreError::UnknownLog { log: origin.to_owned() })
    }

    fn log_mut(&mut self, origin: &str) -> &mut Log {
        self.logs.get_mut(origin).expect("the batch was checked against the logs")
    }

    /// Everything that can refuse a batch, before any of it is applied.
    fn check(&self, batch: &Batch) -> Result<(), CommitError> {
        let mut sizes: BTreeMap<&str, u64> = BTreeMap::new();
        for append in &batch.appends {
            let log = self.log(&append.log)?;
            let size = sizes.entry(&append.log).or_insert(log.entries.len() as u64);
            append.check(log.term, *size)?;
            *size += append.entries.len() as u64;
        }
        batch.heads.iter().try_for_each(|head| self.log(&head.log).map(|_| ()))?;
        Ok(())
    }
}

impl super::Append {
    /// Refuses a stale writer first, for it must stop; then a wrong size, then entries that cannot be stored.
    pub(super) fn check(&self, term: u64, size: u64) -> Result<(), NotWritten> {
        let log = || self.log.clone();
        if self.term != term {
            return Err(NotWritten::Fenced { log: log(), term: self.term, current: term });
        }
        if self.expected_size != size {
            return Err(NotWritten::SizeMismatch { log: log(), expected: self.expected_size, actual: size });
        }
        match self.entries.iter().map(|entry| entry.parts.len()).find(|parts| *parts > PARTS_MAX) {
            Some(parts) => Err(NotWritten::TooManyParts { log: log(), parts }),
            None => Ok(()),
        }
    }
}

impl Store for MemoryStore {
    fn claim(&mut self, log: &str) -> Result<Claim, StoreError> {
        let log = self.logs.entry(log.to_owned()).or_default();
        log.term += 1;
        Ok(Claim { term: log.term, size: log.entries.len() as u64 })
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), CommitError> {
        self.check(batch)?;
        for append in &batch.appends {
            let indices = append.expected_size..append.expected_size + append.entries.len() as u64;
            self.sequence.extend(indices.map(|index| (append.log.clone(), index)));
            self.log_mut(&append.log).entries.extend_from_slice(&append.entries);
        }
        for head in &batch.heads {
            self.log_mut(&head.log).heads.insert(head.kind.clone(), head.bytes.clone());
        }
        Ok(())
    }

    fn replace(
        &mut self,
        after_sequence: u64,
        batch: &Batch,
        documents: &[(String, Vec<u8>)],
    ) -> Result<(), CommitError> {
        let mut shortened = self.clone();
        let kept = usize::try_from(after_sequence).unwrap_or(usize::MAX).min(self.sequence.len());
        for (log, index) in shortened.sequence.split_off(kept) {
            batch.fences(&log)?;
            let entries = &mut shortened.log_mut(&log).entries;
            entries.truncate(entries.len().min(usize::try_from(index).unwrap_or(usize::MAX)));
        }
        shortened.commit(batch)?;
        shortened.documents.extend(documents.iter().cloned());
        shortened.snapshot = shortened.snapshot.filter(|snapshot| snapshot.sequence <= after_sequence);
        *self = shortened;
        Ok(())
    }

    fn archive(&mut self, log: &str, _upto: u64) -> Result<u64, CommitError> {
        Ok(self.log(log).map(|_| 0)?)
    }

    fn read(&self, log: &str, from: u64, entries_max: usize, bytes_max: usize) -> Result<Vec<StoredEntry>, StoreError> {
        let entries = &self.log(log)?.entries;
        let from = usize::try_from(from).unwrap_or(usize::MAX).min(entries.len());
        let mut bytes = 0;
        let within = entries[from..].iter().take(entries_max).enumerate().take_while(|(place, entry)| {
            bytes += entry.size_bytes();
            *place == 0 || bytes <= bytes_max
        });
        Ok(within.map(|(_, entry)| entry.clone()).collect())
    }

    fn leaves(&self, log: &str, from: u64, leaves_max: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let entries = &self.log(log)?.entries;
        let from = usize::try_from(from).unwrap_or(usize::MAX).min(entries.len());
        Ok(entries[from..].iter().take(leaves_max).map(|entry| entry.leaf.clone()).collect())
    }

    fn replay(&self, after_sequence: u64, entries_max: usize) -> Result<Vec<Replayed>, StoreError> {
        let after = usize::try_from(after_sequence).unwrap_or(usize::MAX).min(self.sequence.len());
        let places = (after as u64 + 1..).zip(&self.sequence[after..]).take(entries_max);
        Ok(places
            .map(|(sequence, (log, index))| {
                let entry = self.logs[log].entries[*index as usize].clone();
                Replayed { sequence, log: log.clone(), index: *index, entry }
            })
            .collect())
    }

    fn logs(&self) -> Result<Vec<LogState>, StoreError> {
        let state = |(origin, log): (&String, &Log)| LogState {
            log: origin.clone(),
            size: log.entries.len() as u64,
            term: log.term,
        };
        Ok(self.logs.iter().map(state).collect())
    }

    fn heads(&self, log: &str) -> Result<Vec<Head>, StoreError> {
        let heads = self.log(log)?.heads.iter();
        Ok(heads.map(|(kind, bytes)| Head { log: log.to_owned(), kind: kind.clone(), bytes: bytes.clone() }).collect())
    }

    fn erase(&mut self, log: &str, index: u64, part: usize) -> Result<(), StoreError> {
        self.log(log)?;
        let entry = usize::try_from(index).ok().and_then(|at| self.log_mut(log).entries.get_mut(at));
        let slot = entry.and_then(|entry| entry.parts.get_mut(part));
        *slot.ok_or_else(|| StoreError::UnknownPart { log: log.to_owned(), index, part })? = None;
        self.snapshot = None;
        Ok(())
    }

    fn put_snapshot(&mut self, snapshot: &Snapshot) -> Result<(), CommitError> {
        self.snapshot = Some(snapshot.clone());
        Ok(())
    }

    fn snapshot(&self) -> Result<Option<Snapshot>, StoreError> {
        Ok(self.snapshot.clone())
    }

    fn put_documents(&mut self, documents: &[(String, Vec<u8>)]) -> Result<(), CommitError> {
        self.documents.extend(documents.iter().cloned());
        Ok(())
    }

    fn document(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.documents.get(name).cloned())
    }

    fn documents(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let named = self.documents.iter().filter(|(name, _)| name.starts_with(prefix));
        Ok(named.map(|(name, bytes)| (name.clone(), bytes.clone())).collect())
    }
}
