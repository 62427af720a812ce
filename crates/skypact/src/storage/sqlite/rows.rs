//! Rows to entries and back. Whatever is read is compared with its hash and its place before it is given out.

use std::collections::HashMap;
use std::ops::Range;

use rusqlite::{Connection, OptionalExtension as _, Row};

use super::{Damage, Field, Head, HeadKind, Replayed, StoreError, StoredEntry, failure, located, seal};
use crate::storage::StoredPart;

const SLOTS_PER_ENTRY: u64 = 256;

/// The state of a log, as stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct LogRow {
    pub(super) id: i64,
    pub(super) term: u64,
    pub(super) size: u64,
}

pub(super) fn get_log(connection: &Connection, origin: &str) -> Result<LogRow, StoreError> {
    find_log(connection, origin)?.ok_or_else(|| StoreError::UnknownLog { log: origin.to_owned() })
}

pub(super) fn find_log(connection: &Connection, origin: &str) -> Result<Option<LogRow>, StoreError> {
    let failed = |error| located(failure("reading a log's state")(error), origin, None);
    let sql = "SELECT id, term, size, seal FROM log WHERE origin = ?1";
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let row = statement.query_row([origin], |row| Ok((log_row(row)?, row.get::<_, Vec<u8>>(3)?)));
    let row = row.optional().map_err(failed)?;
    row.map(|(log, seal)| checked_log(origin, log, &seal)).transpose()
}

/// All logs, ordered by origin.
pub(super) fn all_logs(connection: &Connection) -> Result<Vec<(String, LogRow)>, StoreError> {
    let failed = failure("listing the logs");
    let sql = "SELECT id, term, size, seal, origin FROM log ORDER BY origin";
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let mut rows = statement.query([]).map_err(&failed)?;
    let mut logs = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let read = |row: &Row<'_>| Ok((log_row(row)?, row.get::<_, Vec<u8>>(3)?, row.get::<_, String>(4)?));
        let (log, seal, origin) = read(row).map_err(&failed)?;
        let log = checked_log(&origin, log, &seal)?;
        logs.push((origin, log));
    }
    Ok(logs)
}

fn log_row(row: &Row<'_>) -> rusqlite::Result<LogRow> {
    Ok(LogRow { id: row.get(0)?, term: row.get(1)?, size: row.get(2)? })
}

fn checked_log(origin: &str, log: LogRow, seal: &[u8]) -> Result<LogRow, StoreError> {
    if seal == seal::log(origin, log.term, log.size) {
        return Ok(log);
    }
    Err(Damage { log: Some(origin.to_owned()), index: None, field: Field::State }.into())
}

pub(super) fn create_log(connection: &Connection, origin: &str) -> Result<i64, StoreError> {
    let sql = "INSERT INTO log (origin, term, size, seal) VALUES (?1, 0, 0, ?2)";
    connection.execute(sql, (origin, seal::log(origin, 0, 0))).map_err(failure("creating a log"))?;
    Ok(connection.last_insert_rowid())
}

pub(super) fn update_log(connection: &Connection, origin: &str, log: &LogRow) -> Result<(), StoreError> {
    let failed = failure("storing a log's state");
    let sql = "UPDATE log SET term = ?2, size = ?3, seal = ?4 WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    statement.execute((log.id, log.term, log.size, seal::log(origin, log.term, log.size))).map_err(&failed)?;
    Ok(())
}

pub(super) fn insert_entry(
    connection: &Connection,
    sequence: u64,
    log: &LogRow,
    index: u64,
    entry: &StoredEntry,
) -> Result<(), StoreError> {
    let failed = failure("appending an entry");
    let sql =
        "INSERT INTO entry (sequence, log, leaf_index, part_count, leaf_hash, leaf) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let hash = seal::leaf(&entry.leaf);
    statement.execute((sequence, log.id, index, entry.parts.len(), hash, &entry.leaf)).map_err(&failed)?;
    if entry.parts.is_empty() {
        return Ok(());
    }
    let first = sequence * SLOTS_PER_ENTRY;
    let sql = "INSERT INTO part (slot, seal, salt, bytes) VALUES (?1, ?2, ?3, ?4)";
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    for (slot, part) in (first..).zip(&entry.parts) {
        let part = part.as_ref();
        let (seal, salt, bytes) = (part.map(seal::part), part.map(|part| part.salt), part.map(|part| &part.bytes));
        statement.execute((slot, seal, salt, bytes)).map_err(&failed)?;
    }
    Ok(())
}

pub(super) fn read_entries(
    connection: &Connection,
    origin: &str,
    log: &LogRow,
    from: u64,
    entries_max: usize,
    bytes_max: usize,
) -> Result<Vec<StoredEntry>, StoreError> {
    let until = from.saturating_add(entries_max as u64).min(log.size);
    let mut entries = Vec::new();
    if from >= until {
        return Ok(entries);
    }
    let sql = "SELECT sequence, part_count, leaf_hash, leaf, leaf_index FROM entry
        WHERE log = ?1 AND leaf_index >= ?2 AND leaf_index < ?3 ORDER BY leaf_index";
    let failed = |index| move |error| located(failure("reading entries")(error), origin, Some(index));
    let mut statement = connection.prepare_cached(sql).map_err(failed(from))?;
    let mut rows = statement.query((log.id, from, until)).map_err(failed(from))?;
    let mut bytes = 0;
    for index in from..until {
        let row = rows.next().map_err(failed(index))?;
        let place = Place { origin, index };
        let row = row.ok_or_else(|| place.damaged(Field::Position))?;
        let (entry, found) = entry(connection, row, &place)?;
        if found != index {
            return Err(place.damaged(Field::Position));
        }
        bytes += entry.size_bytes();
        if bytes > bytes_max && !entries.is_empty() {
            break;
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// The leaves alone: no row of a body is touched.
pub(super) fn read_leaves(
    connection: &Connection,
    origin: &str,
    log: &LogRow,
    from: u64,
    leaves_max: usize,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let until = from.saturating_add(leaves_max as u64).min(log.size);
    let mut leaves = Vec::new();
    if from >= until {
        return Ok(leaves);
    }
    let sql = "SELECT leaf_hash, leaf, leaf_index FROM entry
        WHERE log = ?1 AND leaf_index >= ?2 AND leaf_index < ?3 ORDER BY leaf_index";
    let failed = |index| move |error| located(failure("reading leaves")(error), origin, Some(index));
    let mut statement = connection.prepare_cached(sql).map_err(failed(from))?;
    let mut rows = statement.query((log.id, from, until)).map_err(failed(from))?;
    for index in from..until {
        let place = Place { origin, index };
        let row = rows.next().map_err(failed(index))?.ok_or_else(|| place.damaged(Field::Position))?;
        let read = |row: &Row<'_>| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, u64>(2)?));
        let (hash, leaf, found) = read(row).map_err(|error| place.failed(error))?;
        if found != index {
            return Err(place.damaged(Field::Position));
        }
        if hash != seal::leaf(&leaf) {
            return Err(place.damaged(Field::Leaf));
        }
        leaves.push(leaf);
    }
    Ok(leaves)
}

/// Entries that were committed after the first sequence and not after the second; what is missing among them is for the caller to
/// find.
pub(super) fn replay_entries(
    connection: &Connection,
    after_sequence: u64,
    until_sequence: u64,
) -> Result<Vec<Replayed>, StoreError> {
    let failed = failure("replaying entries");
    let origins: HashMap<i64, String> =
        all_logs(connection)?.into_iter().map(|(origin, log)| (log.id, origin)).collect();
    let sql = "SELECT sequence, part_count, leaf_hash, leaf, leaf_index, log FROM entry
        WHERE sequence > ?1 AND sequence <= ?2 ORDER BY sequence";
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let mut rows = statement.query((bound(after_sequence), bound(until_sequence))).map_err(&failed)?;
    let mut replayed = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let read = |row: &Row<'_>| Ok((row.get::<_, u64>(0)?, row.get::<_, u64>(4)?, row.get::<_, i64>(5)?));
        let (sequence, index, log) = read(row).map_err(&failed)?;
        let misplaced = || Damage { log: None, index: None, field: Field::Position };
        let log = origins.get(&log).ok_or_else(misplaced)?.clone();
        let (entry, _) = entry(connection, row, &Place { origin: &log, index })?;
        replayed.push(Replayed { sequence, log, index, entry });
    }
    Ok(replayed)
}

/// Beyond what the engine can count there is nothing.
fn bound(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The newest sequence in the database, 0 for none.
pub(super) fn last_sequence(connection: &Connection) -> Result<u64, StoreError> {
    let failed = failure("reading the newest sequence");
    let mut statement = connection.prepare_cached("SELECT coalesce(max(sequence), 0) FROM entry").map_err(&failed)?;
    statement.query_row([], |row| row.get(0)).map_err(&failed)
}

/// So many entries of a log from `from` on, all of which the database has, with their sequences.
pub(super) fn read_run(
    connection: &Connection,
    origin: &str,
    log: &LogRow,
    from: u64,
    count: usize,
) -> Result<(Vec<u64>, Vec<StoredEntry>), StoreError> {
    let failed = |error| located(failure("reading entries")(error), origin, Some(from));
    let entries = read_entries(connection, origin, log, from, count, usize::MAX)?;
    let sql = "SELECT sequence FROM entry WHERE log = ?1 AND leaf_index >= ?2 AND leaf_index < ?3 ORDER BY leaf_index";
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let sequences = statement.query_map((log.id, from, from + count as u64), |row| row.get(0)).map_err(failed)?;
    Ok((sequences.collect::<Result<_, _>>().map_err(failed)?, entries))
}

/// Removes a run of a log, whose entries have these sequences, and their parts.
pub(super) fn remove_run(
    connection: &Connection,
    log: &LogRow,
    run: Range<u64>,
    sequences: &[u64],
) -> Result<(), StoreError> {
    let failed = failure("removing archived entries");
    let mut statement = connection.prepare_cached("DELETE FROM part WHERE slot BETWEEN ?1 AND ?2").map_err(&failed)?;
    for sequence in sequences {
        let first = sequence * SLOTS_PER_ENTRY;
        statement.execute((first, first + SLOTS_PER_ENTRY - 1)).map_err(&failed)?;
    }
    let sql = "DELETE FROM entry WHERE log = ?1 AND leaf_index >= ?2 AND leaf_index < ?3";
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    statement.execute((log.id, run.start, run.end)).map_err(&failed)?;
    Ok(())
}

/// Where an entry was looked for.
struct Place<'a> {
    origin: &'a str,
    index: u64,
}

impl Place<'_> {
    fn damaged(&self, field: Field) -> StoreError {
        Damage { log: Some(self.origin.to_owned()), index: Some(self.index), field }.into()
    }

    fn failed(&self, error: rusqlite::Error) -> StoreError {
        located(failure("reading an entry")(error), self.origin, Some(self.index))
    }
}

/// The entry of a row `sequence, part_count, leaf_hash, leaf, leaf_index`, and the index found there.
fn entry(connection: &Connection, row: &Row<'_>, place: &Place<'_>) -> Result<(StoredEntry, u64), StoreError> {
    let read = |row: &Row<'_>| {
        let (sequence, count) = (row.get::<_, u64>(0)?, row.get::<_, u8>(1)?);
        Ok((sequence, count, row.get::<_, Vec<u8>>(2)?, row.get::<_, Vec<u8>>(3)?, row.get(4)?))
    };
    let (sequence, count, hash, leaf, index) = read(row).map_err(|error| place.failed(error))?;
    if hash != seal::leaf(&leaf) {
        return Err(place.damaged(Field::Leaf));
    }
    let parts = parts(connection, sequence, count, place)?;
    Ok((StoredEntry { leaf, parts }, index))
}

fn parts(
    connection: &Connection,
    sequence: u64,
    count: u8,
    place: &Place<'_>,
) -> Result<Vec<Option<StoredPart>>, StoreError> {
    let mut parts = Vec::new();
    if count == 0 {
        return Ok(parts);
    }
    let failed = |error| place.failed(error);
    let first = sequence.checked_mul(SLOTS_PER_ENTRY).ok_or_else(|| place.damaged(Field::Position))?;
    let sql = "SELECT slot, seal, salt, bytes FROM part WHERE slot BETWEEN ?1 AND ?2 ORDER BY slot";
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query((first, first + SLOTS_PER_ENTRY - 1)).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let number = parts.len();
        let read = |row: &Row<'_>| -> rusqlite::Result<_> {
            let slot = row.get::<_, u64>(0)?;
            Ok((slot, row.get::<_, Option<Vec<u8>>>(1)?, row.get(2)?, row.get::<_, Option<Vec<u8>>>(3)?))
        };
        let (slot, seal, salt, bytes) = read(row).map_err(failed)?;
        let part = match (&seal, salt, bytes) {
            (None, None, None) => None,
            (Some(_), Some(salt), Some(bytes)) => Some(StoredPart { salt, bytes }),
            _ => return Err(place.damaged(Field::Part(number))),
        };
        let sound = seal == part.as_ref().map(|part| seal::part(part).to_vec());
        if slot != first + number as u64 || !sound {
            return Err(place.damaged(Field::Part(number)));
        }
        parts.push(part);
    }
    if parts.len() == usize::from(count) { Ok(parts) } else { Err(place.damaged(Field::Part(parts.len()))) }
}

pub(super) fn erase_part(connection: &Connection, origin: &str, index: u64, part: usize) -> Result<(), StoreError> {
    let failed = failure("erasing a part");
    let log = get_log(connection, origin)?;
    let unknown = || StoreError::UnknownPart { log: origin.to_owned(), index, part };
    if index >= log.size {
        return Err(unknown());
    }
    let sql = "SELECT sequence, part_count FROM entry WHERE log = ?1 AND leaf_index = ?2";
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let row = statement.query_row((log.id, index), |row| Ok((row.get::<_, u64>(0)?, row.get::<_, usize>(1)?)));
    let (sequence, count) = row.optional().map_err(&failed)?.ok_or_else(unknown)?;
    if part >= count {
        return Err(unknown());
    }
    let sql = "UPDATE part SET seal = NULL, salt = NULL, bytes = NULL WHERE slot = ?1";
    connection.execute(sql, [sequence * SLOTS_PER_ENTRY + part as u64]).map_err(&failed)?;
    Ok(())
}

/// Removes every entry that was committed after `after_sequence`, and gives the logs that lost some.
pub(super) fn remove_after(connection: &Connection, after_sequence: u64) -> Result<Vec<String>, StoreError> {
    let failed = failure("removing entries");
    let sql = "SELECT log, min(leaf_index) FROM entry WHERE sequence > ?1 GROUP BY log";
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let sizes = statement.query_map([bound(after_sequence)], |row| Ok((row.get(0)?, row.get(1)?))).map_err(&failed)?;
    let sizes: HashMap<i64, u64> = sizes.collect::<Result<_, _>>().map_err(&failed)?;
    let first_slot = after_sequence.saturating_add(1).saturating_mul(SLOTS_PER_ENTRY);
    connection.execute("DELETE FROM part WHERE slot >= ?1", [bound(first_slot)]).map_err(&failed)?;
    connection.execute("DELETE FROM entry WHERE sequence > ?1", [bound(after_sequence)]).map_err(&failed)?;
    let mut shortened = Vec::new();
    for (origin, row) in all_logs(connection)? {
        if let Some(size) = sizes.get(&row.id) {
            update_log(connection, &origin, &LogRow { size: *size, ..row })?;
            shortened.push(origin);
        }
    }
    Ok(shortened)
}

/// A document, held against its seal.
pub(super) fn document(connection: &Connection, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT seal, bytes FROM document WHERE name = ?1";
    let failed = failure("reading a document");
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let row = statement.query_row([name], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?)));
    match row.optional().map_err(&failed)? {
        Some((seal, bytes)) if seal != seal::document(name, &bytes) => {
            Err(Damage { log: None, index: None, field: Field::Document(name.to_owned()) }.into())
        }
        row => Ok(row.map(|(_, bytes)| bytes)),
    }
}

pub(super) fn put_document(connection: &Connection, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
    let sql = "INSERT INTO document (name, seal, bytes) VALUES (?1, ?2, ?3)
        ON CONFLICT (name) DO UPDATE SET seal = excluded.seal, bytes = excluded.bytes";
    let failed = failure("storing a document");
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    statement.execute((name, seal::document(name, bytes), bytes)).map_err(&failed)?;
    Ok(())
}

/// Names of the documents that begin so, in their order. No other is read: beacons grow to many.
pub(super) fn document_names(connection: &Connection, prefix: &str) -> Result<Vec<String>, StoreError> {
    let failed = failure("listing documents");
    let sql = "SELECT name FROM document WHERE name >= ?1 ORDER BY name";
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let names = statement.query_map([prefix], |row| row.get::<_, String>(0)).map_err(&failed)?;
    let begins = |name: &Result<String, _>| name.as_ref().map_or(true, |name| name.starts_with(prefix));
    names.take_while(begins).collect::<Result<_, _>>().map_err(&failed)
}

/// Whether there is such a document, whatever is in it.
pub(super) fn has_document(connection: &Connection, name: &str) -> Result<bool, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT 1 FROM document WHERE name = ?1").map_err(failure("seeking a document"))?;
    statement.exists([name]).map_err(failure("seeking a document"))
}

/// Removes a document and those whose names begin with its name and `/`.
pub(super) fn remove_documents(connection: &Connection, name: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM document WHERE name = ?1 OR substr(name, 1, length(?1) + 1) = ?1 || '/'";
    connection.execute(sql, [name]).map_err(failure("removing documents"))?;
    Ok(())
}

pub(super) fn put_head(connection: &Connection, log: &LogRow, head: &Head) -> Result<(), StoreError> {
    let failed = failure("storing a head");
    let sql = "INSERT INTO head (log, kind, witness, seal, bytes) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (log, kind, witness) DO UPDATE SET seal = excluded.seal, bytes = excluded.bytes";
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let (code, witness) = head.kind.code();
    let seal = seal::head(&head.log, &head.kind, &head.bytes);
    statement.execute((log.id, code, witness, seal, &head.bytes)).map_err(&failed)?;
    Ok(())
}

/// The heads of a log, ordered by kind and witness.
pub(super) fn heads(connection: &Connection, origin: &str, log: &LogRow) -> Result<Vec<Head>, StoreError> {
    let failed = |error| located(failure("reading heads")(error), origin, None);
    let damaged =
        |kind| StoreError::from(Damage { log: Some(origin.to_owned()), index: None, field: Field::Head(kind) });
    let sql = "SELECT kind, witness, seal, bytes FROM head WHERE log = ?1 ORDER BY kind, witness";
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query([log.id]).map_err(failed)?;
    let mut heads = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get::<_, Vec<u8>>(2)?, row.get(3)?));
        let (code, witness, seal, bytes) = read(row).map_err(failed)?;
        let kind = HeadKind::from_code(code, witness).ok_or_else(|| damaged(None))?;
        let head = Head { log: origin.to_owned(), kind, bytes };
        if seal != seal::head(&head.log, &head.kind, &head.bytes) {
            return Err(damaged(Some(head.kind)));
        }
        heads.push(head);
    }
    Ok(heads)
}
