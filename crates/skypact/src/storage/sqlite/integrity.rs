//! The walk over a whole store that finds the first damage; `skypact doctor` runs it, beside a running node too.

use rusqlite::Connection;
use skypact_record::counted;

use super::{Damage, Field, SqliteStore, StoreError, StoredEntry, failure, moved, rows, snapshot};
use crate::storage::LEFT_OUT;
use crate::storage::archive::TILE_ENTRIES;

/// Entries in one read transaction. The write-ahead log cannot start again while one is open, so none stays open long.
const CHUNK_ENTRIES: usize = 1024;
const CHUNK_BYTES: usize = 16 << 20;

/// What a walk without findings went over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    /// Logs.
    pub logs: u64,
    /// Entries of all logs; each leaf was hashed and is in its place.
    pub entries: u64,
    /// Body parts that are present; each was hashed.
    pub parts: u64,
    /// Parts that are withheld or erased.
    pub parts_absent: u64,
    /// Entries of these that are in the archive.
    pub archived: u64,
    /// Of those the ones whose files were moved away, which nothing could be said about.
    pub moved_away: u64,
    /// Of these the ones that the snapshot does not hold for certain, so that a start may need their files.
    pub needed: u64,
    /// Heads.
    pub heads: u64,
    /// Documents.
    pub documents: u64,
    /// Those of them that are acts which a recovery left out ([`LEFT_OUT`](crate::storage::LEFT_OUT)).
    pub left_out: u64,
}

impl SqliteStore {
    /// Reads and checks everything: each row against its hash, each log for gaps, then the structure of the file.
    /// The first damage is returned as [`StoreError::Damaged`] with log, index and field.
    pub fn integrity(&self) -> Result<Walk, StoreError> {
        let connection = &self.connection;
        let mut walk = Walk::default();
        for (origin, _) in rows::all_logs(connection)? {
            walk.logs += 1;
            let moved = self.walk_archive(&origin, &mut walk)?;
            walk_log(connection, &origin, moved, &mut walk)?;
        }
        for name in rows::document_names(connection, "")? {
            use crate::storage::Store as _;
            self.document(&name)?;
            walk.documents += 1;
            walk.left_out += u64::from(name.starts_with(LEFT_OUT));
        }
        structure(connection)?;
        Ok(walk)
    }

    /// Reads every archived tile of a log; how many of its entries are archived.
    fn walk_archive(&self, origin: &str, walk: &mut Walk) -> Result<u64, StoreError> {
        let moved = moved::of(&self.connection, origin)?;
        let folded = snapshot::sequence(&self.connection)?;
        walk.archived += moved.size;
        // Entries of a tile that is not there came before those of the next one that is.
        let mut last_sequence = moved.last_sequence;
        for number in (0..moved.size / TILE_ENTRIES).rev() {
            if self.archive.missing(origin, number).is_some() {
                walk.moved_away += TILE_ENTRIES;
                walk.needed += if last_sequence > folded { TILE_ENTRIES } else { 0 };
                continue;
            }
            let tile = self.archive.tile(origin, number)?;
            last_sequence = tile.sequences.first().map_or(0, |first| first.saturating_sub(1));
            count_parts(&tile.entries, walk);
        }
        Ok(moved.size)
    }
}

fn count_parts(entries: &[StoredEntry], walk: &mut Walk) {
    for part in entries.iter().flat_map(|entry| &entry.parts) {
        *if part.is_some() { &mut walk.parts } else { &mut walk.parts_absent } += 1;
    }
}

/// Walks over the rows of a log, of which so many entries are archived.
fn walk_log(connection: &Connection, origin: &str, archived: u64, walk: &mut Walk) -> Result<(), StoreError> {
    let mut next = archived;
    loop {
        let failed = failure("walking a log");
        let transaction = connection.unchecked_transaction().map_err(&failed)?;
        let log = rows::get_log(&transaction, origin)?;
        // A node beside this walk may have moved more in the meantime.
        let moved = moved::of(&transaction, origin)?.size;
        next = next.max(moved);
        let entries = rows::read_entries(&transaction, origin, &log, next, CHUNK_ENTRIES, CHUNK_BYTES)?;
        count_parts(&entries, walk);
        next += entries.len() as u64;
        if next < log.size {
            continue;
        }
        let sql = "SELECT count(*) FROM entry WHERE log = ?1";
        let count: u64 = transaction.query_row(sql, [log.id], |row| row.get(0)).map_err(&failed)?;
        if count != log.size - moved {
            return Err(Damage { log: Some(origin.to_owned()), index: Some(log.size), field: Field::Position }.into());
        }
        walk.entries += log.size;
        walk.heads += rows::heads(&transaction, origin, &log)?.len() as u64;
        return Ok(());
    }
}

/// What no row shows: rows that belong to nothing, indexes that disagree with tables, pages that belong to two trees.
fn structure(connection: &Connection) -> Result<(), StoreError> {
    let failed = failure("checking the structure of the database file");
    let damaged = |detail: String| StoreError::from(Damage { log: None, index: None, field: Field::File(detail) });
    let strays = "SELECT (SELECT count(*) FROM part) - (SELECT coalesce(sum(part_count), 0) FROM entry),
        (SELECT count(*) FROM entry WHERE log NOT IN (SELECT id FROM log))
        + (SELECT count(*) FROM head WHERE log NOT IN (SELECT id FROM log))";
    let (parts, rows): (i64, i64) =
        connection.query_row(strays, [], |row| Ok((row.get(0)?, row.get(1)?))).map_err(&failed)?;
    if (parts, rows) != (0, 0) {
        return Err(damaged(format!("{} and {} of nothing", counted(parts, "part"), counted(rows, "row"))));
    }
    let verdict: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(&failed)?;
    if verdict == "ok" { Ok(()) } else { Err(damaged(verdict)) }
}
