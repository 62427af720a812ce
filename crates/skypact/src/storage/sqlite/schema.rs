//! The database file: how it is opened, what marks it as ours, and its tables.
//!
//! Entries are stored in the order of commits, so that an append touches the end of each table; one index finds an entry by log
//! and index. Bodies are rows of their own, so that one can be erased while its leaf stays.

use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::failure;
use crate::storage::StoreError;
use crate::storage::lock::file_error;

/// "skyp": what marks a database file as a skypact store.
const APPLICATION_ID: u32 = 0x736b_7970;
const SCHEMA_VERSION: u32 = 1;

/// The write-ahead log is copied into the database, and used again from its start, when it has this many pages of 4 KiB.
/// More pages make fewer pauses but longer ones; this is 8 MiB.
const WAL_PAGES_MAX: u32 = 2000;
/// A large batch may stretch the write-ahead log beyond that; afterwards the file is cut back to this.
const WAL_FILE_BYTES_MAX: u32 = 32 << 20;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// `part.slot` is `sequence * 256 + part`. A withheld or erased part is a row of NULLs, so that a lost row is noticed.
const TABLES: &str = "
CREATE TABLE log (
  id INTEGER PRIMARY KEY,
  origin TEXT NOT NULL UNIQUE,
  term INTEGER NOT NULL,
  size INTEGER NOT NULL,
  seal BLOB NOT NULL
) STRICT;
CREATE TABLE entry (
  sequence INTEGER PRIMARY KEY,
  log INTEGER NOT NULL REFERENCES log (id),
  leaf_index INTEGER NOT NULL,
  part_count INTEGER NOT NULL,
  leaf_hash BLOB NOT NULL,
  leaf BLOB NOT NULL,
  UNIQUE (log, leaf_index)
) STRICT;
CREATE TABLE part (
  slot INTEGER PRIMARY KEY,
  seal BLOB,
  salt BLOB,
  bytes BLOB
) STRICT;
CREATE TABLE head (
  log INTEGER NOT NULL REFERENCES log (id),
  kind INTEGER NOT NULL,
  witness TEXT NOT NULL,
  seal BLOB NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (log, kind, witness)
) STRICT, WITHOUT ROWID;
CREATE TABLE document (
  name TEXT PRIMARY KEY,
  seal BLOB NOT NULL,
  bytes BLOB NOT NULL
) STRICT, WITHOUT ROWID;
";

pub(super) fn file(directory: &Path) -> PathBuf {
    directory.join("store.sqlite")
}

/// The directory of a store, created for its owner alone when absent.
pub(super) fn prepare_directory(directory: &Path) -> Result<(), StoreError> {
    if directory.is_dir() {
        return Ok(());
    }
    let failed = |source| file_error("creating", directory, source);
    DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
    let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent).and_then(|parent| parent.sync_all()).map_err(failed)
}

/// A connection that writes; the tables are created in an empty file.
pub(super) fn open_writer(directory: &Path) -> Result<Connection, StoreError> {
    let path = file(directory);
    // The engine gives its other files the mode of this one.
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.open(&path).map_err(|source| file_error("opening", &path, source))?;
    let mut connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let fresh = is_fresh(&connection, &path)?;
    let failed = failure("opening the store for writing");
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).map_err(&failed)?;
    for (pragma, value) in
        [("synchronous", "FULL"), ("foreign_keys", "ON"), ("secure_delete", "ON"), ("temp_store", "MEMORY")]
    {
        connection.pragma_update(None, pragma, value).map_err(&failed)?;
    }
    connection.pragma_update(None, "wal_autocheckpoint", WAL_PAGES_MAX).map_err(&failed)?;
    connection.pragma_update(None, "journal_size_limit", WAL_FILE_BYTES_MAX).map_err(&failed)?;
    if fresh {
        create(&mut connection).map_err(&failed)?;
    }
    Ok(connection)
}

/// A connection that only reads, beside a writer or without one.
pub(super) fn open_reader(directory: &Path) -> Result<Connection, StoreError> {
    let path = file(directory);
    let absent = || StoreError::Absent { directory: directory.to_owned() };
    if !path.is_file() {
        return Err(absent());
    }
    let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    if is_fresh(&connection, &path)? { Err(absent()) } else { Ok(connection) }
}

fn connect(path: &Path, mode: OpenFlags) -> Result<Connection, StoreError> {
    let failed = failure("opening the database file");
    let flags = mode | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let connection = Connection::open_with_flags(path, flags).map_err(&failed)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(&failed)?;
    connection.pragma_update(None, "trusted_schema", false).map_err(&failed)?;
    connection.pragma_update(None, "cell_size_check", true).map_err(&failed)?;
    Ok(connection)
}

/// Whether the file is empty; refuses a file that is neither empty nor ours, and another schema version.
fn is_fresh(connection: &Connection, path: &Path) -> Result<bool, StoreError> {
    let foreign = || StoreError::Foreign { file: path.to_owned() };
    let read = |sql| connection.query_row(sql, [], |row| row.get::<_, u32>(0));
    let failed = |error| match failure("reading the header of the database file")(error) {
        StoreError::Damaged(_) => foreign(),
        other => other,
    };
    let application = read("PRAGMA application_id").map_err(failed)?;
    let version = read("PRAGMA user_version").map_err(failed)?;
    let tables = read("SELECT count(*) FROM sqlite_schema").map_err(failed)?;
    match (application, version, tables) {
        (0, 0, 0) => Ok(true),
        (APPLICATION_ID, SCHEMA_VERSION, _) => Ok(false),
        (APPLICATION_ID, found, _) => Err(StoreError::SchemaVersion { found, supported: SCHEMA_VERSION }),
        _ => Err(foreign()),
    }
}

/// Tables and marks in one transaction: a crash leaves an empty file or a whole one.
fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(TABLES)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    transaction.commit()
}
