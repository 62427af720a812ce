//! The embedded store: one SQLite file in WAL mode with synchronous=FULL, so that a commit returns after its fsync.
//!
//! One connection writes, guarded by a lock on the directory. Every row carries a hash that is checked when it is read:
//! a store gives back what was written, or says where it cannot.

mod integrity;
mod moved;
mod rows;
mod schema;
mod snapshot;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode};

use super::archive::{Archive, TILE_ENTRIES};
use super::lock::DirectoryLock;
use super::{
    Append, Batch, Claim, CommitError, Damage, Field, Head, HeadKind, LogState, NotWritten, Replayed, Snapshot, Store,
    StoreError, StoredEntry, seal,
};
pub use integrity::Walk;
use rows::LogRow;

/// A store in a directory of its own.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Connection,
    archive: Archive,
    /// Place of the newest archived entry in the order of commits, as the writer knows it: what comes next is behind it.
    archived_to: u64,
    /// Why the outcome of a write is unknown; from then on the store refuses everything.
    stopped: Option<String>,
    /// None in a store that only reads. Declared after the connection, so released after it is closed.
    lock: Option<DirectoryLock>,
}

impl SqliteStore {
    /// Makes the directory of a store, for its owner alone, when it is absent.
    pub fn prepare(directory: &Path) -> Result<(), StoreError> {
        schema::prepare_directory(directory)
    }

    /// Opens the store in a directory for writing, and creates both when absent.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let directory = directory.into();
        schema::prepare_directory(&directory)?;
        let lock = DirectoryLock::acquire(&directory)?;
        let connection = schema::open_writer(&directory)?;
        let (archive, archived_to) = (Archive::of(&directory), moved::last_sequence(&connection)?);
        Ok(Self { connection, archive, archived_to, stopped: None, lock: Some(lock) })
    }

    /// Opens a store for reading alone, beside the node that writes it or without one. Writing to it is refused as
    /// [`StoreError::ReadOnly`].
    pub fn open_read_only(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
        let connection = schema::open_reader(directory.as_ref())?;
        let archive = Archive::of(directory.as_ref());
        Ok(Self { connection, archive, archived_to: 0, stopped: None, lock: None })
    }

    /// For tests of the tests: a store with settings that no node may run with. Absent from release builds.
    #[cfg(debug_assertions)]
    #[doc(hidden)]
    pub fn open_weakened(directory: impl Into<PathBuf>, pragmas: &str) -> Result<Self, StoreError> {
        let store = Self::open(directory)?;
        store.connection.execute_batch(pragmas).map_err(failure("weakening the store"))?;
        Ok(store)
    }

    /// One transaction. An error of `work` undoes it; an error of the commit itself is told apart here.
    fn write<T, E: From<StoreError>>(
        &mut self,
        action: &'static str,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.running()?;
        self.connection.execute_batch("BEGIN IMMEDIATE").map_err(failure(action))?;
        let error = match work(&self.connection) {
            Ok(value) => match self.connection.execute_batch("COMMIT").map_err(failure(action)) {
                Ok(()) => return Ok(value),
                Err(error) if is_not_written(&error) => error.into(),
                Err(error) => return Err(self.stop(&error).into()),
            },
            Err(error) => error,
        };
        if !self.connection.is_autocommit()
            && let Err(failed) = self.connection.execute_batch("ROLLBACK")
        {
            return Err(self.stop(&failure(action)(failed)).into());
        }
        Err(error)
    }

    fn running(&self) -> Result<(), StoreError> {
        self.stopped.clone().map_or(Ok(()), |reason| Err(StoreError::Unknown { reason }))
    }

    fn stop(&mut self, error: &StoreError) -> StoreError {
        let reason = error.to_string();
        self.stopped = Some(reason.clone());
        StoreError::Unknown { reason }
    }
}

/// Failures of a COMMIT after which its last frame is certainly not in the write-ahead log. An input or output error is not
/// among them: a write or an fsync that is reported as failed may have reached the disk all the same.
fn is_not_written(error: &StoreError) -> bool {
    matches!(error, StoreError::Full | StoreError::ReadOnly | StoreError::Busy { .. })
}

/// A failure of the engine in the words of the port.
fn failure(action: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
    move |source| match source.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full,
        Some(ErrorCode::ReadOnly) => StoreError::ReadOnly,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy { action },
        // Without a code it is a value that cannot be what was written: a wrong type, a negative size, a broken text.
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) | None => damaged_file(&source),
        Some(_) => StoreError::Database { action, source },
    }
}

fn damaged_file(source: &rusqlite::Error) -> StoreError {
    Damage { log: None, index: None, field: Field::File(source.to_string()) }.into()
}

/// Adds the place to damage that was met while reading there.
fn located(error: StoreError, log: &str, index: Option<u64>) -> StoreError {
    match error {
        StoreError::Damaged(Damage { log: None, field, .. }) => {
            Damage { log: Some(log.to_owned()), index, field }.into()
        }
        other => other,
    }
}

impl Store for SqliteStore {
    fn claim(&mut self, log: &str) -> Result<Claim, StoreError> {
        self.write("claiming a log", |connection| {
            let row = match rows::find_log(connection, log)? {
                Some(row) => LogRow { term: row.term + 1, ..row },
                None => LogRow { id: rows::create_log(connection, log)?, term: 1, size: 0 },
            };
            rows::update_log(connection, log, &row)?;
            Ok(Claim { term: row.term, size: row.size })
        })
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), CommitError> {
        let archived_to = self.archived_to;
        self.write("committing a batch", |connection| commit_batch(connection, batch, archived_to))
    }

    fn replace(
        &mut self,
        after_sequence: u64,
        batch: &Batch,
        documents: &[(String, Vec<u8>)],
    ) -> Result<(), CommitError> {
        let archive = self.archive.clone();
        let replaced: Result<u64, CommitError> = self.write("replacing the newest entries", |connection| {
            snapshot::drop_behind(connection, &archive, after_sequence)?;
            moved::bring_back(connection, &archive, after_sequence)?;
            let shortened = rows::remove_after(connection, after_sequence)?;
            shortened.iter().try_for_each(|log| batch.fences(log))?;
            let archived_to = moved::last_sequence(connection)?;
            commit_batch(connection, batch, archived_to)?;
            put_documents(connection, documents)?;
            Ok(archived_to)
        });
        self.archived_to = replaced?;
        Ok(())
    }

    fn archive(&mut self, log: &str, upto: u64) -> Result<u64, CommitError> {
        self.running()?;
        let (moved, tile) = moved::next_tile(&self.connection, log, upto)?;
        let Some(tile) = tile else { return Ok(moved.size) };
        if self.lock.is_none() {
            return Err(NotWritten::ReadOnly.into());
        }
        self.archive.write(log, moved.size / TILE_ENTRIES, &tile)?;
        let moved = self.write("archiving entries", |connection| moved::finish(connection, log, moved.size, &tile))?;
        self.archived_to = self.archived_to.max(moved.last_sequence);
        Ok(moved.size)
    }

    fn read(&self, log: &str, from: u64, entries_max: usize, bytes_max: usize) -> Result<Vec<StoredEntry>, StoreError> {
        self.running()?;
        moved::reading(&self.connection, |connection| {
            moved::read(connection, &self.archive, log, from, entries_max, bytes_max)
        })
    }

    fn leaves(&self, log: &str, from: u64, leaves_max: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        self.running()?;
        moved::reading(&self.connection, |connection| moved::leaves(connection, &self.archive, log, from, leaves_max))
    }

    fn replay(&self, after_sequence: u64, entries_max: usize) -> Result<Vec<Replayed>, StoreError> {
        self.running()?;
        moved::reading(&self.connection, |connection| {
            moved::replay(connection, &self.archive, after_sequence, entries_max)
        })
    }

    fn logs(&self) -> Result<Vec<LogState>, StoreError> {
        self.running()?;
        let logs = rows::all_logs(&self.connection)?.into_iter();
        Ok(logs.map(|(log, row)| LogState { log, size: row.size, term: row.term }).collect())
    }

    fn heads(&self, log: &str) -> Result<Vec<Head>, StoreError> {
        self.running()?;
        let row = rows::get_log(&self.connection, log)?;
        rows::heads(&self.connection, log, &row)
    }

    /// The engine overwrites the bytes in the database and the write-ahead log is emptied; a disk that moves blocks, and
    /// backups, may still hold copies. While another process reads the store the log is emptied later.
    fn erase(&mut self, log: &str, index: u64, part: usize) -> Result<(), StoreError> {
        self.erase_all(&[(log.to_owned(), index, part)])
    }

    fn erase_all(&mut self, parts: &[(String, u64, usize)]) -> Result<(), StoreError> {
        self.running()?;
        let mut tiles: BTreeMap<(&str, u64), Vec<(u64, usize)>> = BTreeMap::new();
        let mut rows = Vec::new();
        for (log, index, part) in parts {
            if *index < moved::of(&self.connection, log)?.size {
                tiles.entry((log, index / TILE_ENTRIES)).or_default().push((*index, *part));
            } else {
                rows.push((log, *index, *part));
            }
        }
        let archive = self.archive.clone();
        // First of all, so that no crash leaves it behind bodies that are gone.
        self.write("dropping the snapshot", |connection| snapshot::drop_behind(connection, &archive, 0))?;
        tiles.into_iter().try_for_each(|((log, number), parts)| archive.erase(log, number, &parts))?;
        self.write("erasing parts", |connection| {
            rows.iter().try_for_each(|(log, index, part)| rows::erase_part(connection, log, *index, *part))
        })?;
        let emptied = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        emptied.map_err(failure("emptying the write-ahead log"))
    }

    fn put_snapshot(&mut self, snapshot: &Snapshot) -> Result<(), CommitError> {
        self.write("storing a snapshot", |connection| Ok(snapshot::put(connection, snapshot)?))
    }

    fn snapshot(&self) -> Result<Option<Snapshot>, StoreError> {
        self.running()?;
        moved::reading(&self.connection, snapshot::get)
    }

    fn put_documents(&mut self, documents: &[(String, Vec<u8>)]) -> Result<(), CommitError> {
        if documents.is_empty() {
            return Ok(());
        }
        self.write("storing documents", |connection| Ok(put_documents(connection, documents)?))
    }

    fn document(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.running()?;
        rows::document(&self.connection, name)
    }

    fn documents(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.running()?;
        let names = rows::document_names(&self.connection, prefix)?.into_iter();
        let document = |name: String| Ok(rows::document(&self.connection, &name)?.map(|bytes| (name, bytes)));
        names.filter_map(|name| document(name).transpose()).collect()
    }
}

/// Commits a batch; the sequences of its entries are behind `archived_to` and all that the database holds.
fn commit_batch(connection: &Connection, batch: &Batch, archived_to: u64) -> Result<(), CommitError> {
    let mut last_sequence = rows::last_sequence(connection)?.max(archived_to);
    batch.appends.iter().try_for_each(|append| commit_append(connection, append, &mut last_sequence))?;
    for head in &batch.heads {
        let log = rows::get_log(connection, &head.log)?;
        rows::put_head(connection, &log, head)?;
    }
    Ok(())
}

fn put_documents(connection: &Connection, documents: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
    documents.iter().try_for_each(|(name, bytes)| rows::put_document(connection, name, bytes))
}

fn commit_append(connection: &Connection, append: &Append, last_sequence: &mut u64) -> Result<(), CommitError> {
    let log = rows::get_log(connection, &append.log)?;
    append.check(log.term, log.size)?;
    if append.entries.is_empty() {
        return Ok(());
    }
    for (index, entry) in (log.size..).zip(&append.entries) {
        *last_sequence += 1;
        rows::insert_entry(connection, *last_sequence, &log, index, entry)?;
    }
    let size = log.size + append.entries.len() as u64;
    rows::update_log(connection, &append.log, &LogRow { size, ..log })?;
    Ok(())
}
