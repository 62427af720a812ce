//! Which entries of a log are no longer in the database but in the archive, and how both are read as one. The rows of a tile go
//! in the transaction that says so, after its files are durable: at every moment an entry is in one of the two, and counts
//! in one of the two alone.

use rusqlite::Connection;

use super::{Damage, Field, Replayed, StoreError, StoredEntry, failure, rows};
use crate::storage::archive::{Archive, TILE_ENTRIES, Tile};

/// What of a log was moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Moved {
    /// Entries, from the first one on: whole tiles.
    pub(super) size: u64,
    /// Place of the last of them in the order of commits, 0 for none.
    pub(super) last_sequence: u64,
}

fn document(log: &str) -> String {
    format!("archive/{log}")
}

/// What of a log was moved so far.
pub(super) fn of(connection: &Connection, log: &str) -> Result<Moved, StoreError> {
    let name = document(log);
    let Some(bytes) = rows::document(connection, &name)? else { return Ok(Moved::default()) };
    let damaged = || Damage { log: Some(log.to_owned()), index: None, field: Field::Document(name) };
    let (numbers, _) = bytes.as_chunks::<8>();
    match *numbers {
        [size, last] if bytes.len() == 16 => {
            Ok(Moved { size: u64::from_be_bytes(size), last_sequence: u64::from_be_bytes(last) })
        }
        _ => Err(damaged().into()),
    }
}

/// Takes the rows of a tile, which is in the archive, out of the database.
pub(super) fn finish(connection: &Connection, log: &str, from: u64, tile: &Tile) -> Result<Moved, StoreError> {
    let row = rows::get_log(connection, log)?;
    rows::remove_run(connection, &row, from..from + TILE_ENTRIES, &tile.sequences)?;
    let last_sequence = tile.last_sequence();
    let moved = Moved { size: from + TILE_ENTRIES, last_sequence };
    put(connection, log, moved)?;
    Ok(moved)
}

fn put(connection: &Connection, log: &str, moved: Moved) -> Result<(), StoreError> {
    let bytes = [moved.size.to_be_bytes(), moved.last_sequence.to_be_bytes()].concat();
    rows::put_document(connection, &document(log), &bytes)
}

/// Undoes the moving of all tiles that have entries of after this sequence, so that these can be removed as rows are. Of each
/// log the rows of its first such tile come back; those of the tiles behind it would be removed at once.
pub(super) fn bring_back(connection: &Connection, archive: &Archive, after_sequence: u64) -> Result<(), StoreError> {
    for (log, row) in rows::all_logs(connection)? {
        let moved = of(connection, &log)?;
        if moved.last_sequence <= after_sequence {
            continue;
        }
        let mut number = tile_of(archive, &log, moved, after_sequence + 1)?;
        let mut tile = archive.tile(&log, number)?;
        if tile.last_sequence() <= after_sequence {
            number += 1;
            tile = archive.tile(&log, number)?;
        }
        let before = number.checked_sub(1).map(|before| archive.tile(&log, before)).transpose()?;
        let (size, last_sequence) = (number * TILE_ENTRIES, before.map_or(0, |before| before.last_sequence()));
        for ((sequence, entry), index) in tile.sequences.iter().zip(&tile.entries).zip(size..) {
            rows::insert_entry(connection, *sequence, &row, index, entry)?;
        }
        put(connection, &log, Moved { size, last_sequence })?;
    }
    Ok(())
}

/// The last of the moved tiles of a log that begins at or before this sequence, or the first one.
fn tile_of(archive: &Archive, log: &str, moved: Moved, sequence: u64) -> Result<u64, StoreError> {
    let (mut first, mut behind) = (0, moved.size / TILE_ENTRIES);
    while behind - first > 1 {
        let middle = first + (behind - first) / 2;
        // What was moved away is behind a snapshot; if it is not, a tile that is read is missing.
        let is_before = match archive.first_sequence(log, middle) {
            Err(StoreError::MovedAway { .. }) => true,
            begins => begins? <= sequence,
        };
        if is_before { first = middle } else { behind = middle }
    }
    Ok(first)
}

/// The place of the newest moved entry in the order of commits over all logs.
pub(super) fn last_sequence(connection: &Connection) -> Result<u64, StoreError> {
    let logs = rows::all_logs(connection)?;
    logs.iter().try_fold(0, |last, (log, _)| Ok(of(connection, log)?.last_sequence.max(last)))
}

/// Reads entries of a log wherever they are, within the bounds of [`super::Store::read`].
pub(super) fn read(
    connection: &Connection,
    archive: &Archive,
    log: &str,
    from: u64,
    entries_max: usize,
    bytes_max: usize,
) -> Result<Vec<StoredEntry>, StoreError> {
    let row = rows::get_log(connection, log)?;
    let moved = of(connection, log)?.size;
    let (mut next, mut entries, mut bytes) = (from, Vec::new(), 0);
    while next < moved && entries.len() < entries_max {
        let tile = archive.tile(log, next / TILE_ENTRIES)?;
        let wanted = entries_max - entries.len();
        for entry in tile.entries.into_iter().skip((next % TILE_ENTRIES) as usize).take(wanted) {
            bytes += entry.size_bytes();
            if bytes > bytes_max && !entries.is_empty() {
                return Ok(entries);
            }
            entries.push(entry);
            next += 1;
        }
    }
    let left = bytes_max.saturating_sub(bytes);
    let rest = rows::read_entries(connection, log, &row, next, entries_max - entries.len(), left)?;
    // The first one of a read is given whatever its size, and these are not the first.
    let fits = entries.is_empty() || rest.first().is_none_or(|entry| entry.size_bytes() <= left);
    entries.extend(rest.into_iter().filter(|_| fits));
    Ok(entries)
}

/// Reads leaves of a log wherever they are.
pub(super) fn leaves(
    connection: &Connection,
    archive: &Archive,
    log: &str,
    from: u64,
    leaves_max: usize,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let row = rows::get_log(connection, log)?;
    let moved = of(connection, log)?.size;
    let (mut next, mut leaves) = (from, Vec::new());
    while next < moved && leaves.len() < leaves_max {
        let tile = archive.leaves(log, next / TILE_ENTRIES)?;
        let before = leaves.len();
        leaves.extend(tile.into_iter().skip((next % TILE_ENTRIES) as usize).take(leaves_max - before));
        next += (leaves.len() - before) as u64;
    }
    leaves.extend(rows::read_leaves(connection, log, &row, next, leaves_max - leaves.len())?);
    Ok(leaves)
}

/// Entries of all logs in the order of their commits, wherever they are.
pub(super) fn replay(
    connection: &Connection,
    archive: &Archive,
    after_sequence: u64,
    entries_max: usize,
) -> Result<Vec<Replayed>, StoreError> {
    // Sequences have no gaps, so what is asked for is known before anything is read.
    let until = after_sequence.saturating_add(entries_max as u64);
    let mut replayed = rows::replay_entries(connection, after_sequence, until)?;
    let mut missing = None;
    for (log, _) in rows::all_logs(connection)? {
        let moved = of(connection, &log)?;
        if moved.last_sequence > after_sequence {
            missing = missing.or(replay_moved(archive, &log, moved, (after_sequence, until), &mut replayed)?);
        }
    }
    replayed.sort_unstable_by_key(|entry| entry.sequence);
    let misplaced = || missing.unwrap_or_else(|| Damage { log: None, index: None, field: Field::Position }.into());
    let is_in_place = |(place, entry): (usize, &Replayed)| entry.sequence == after_sequence + 1 + place as u64;
    if !replayed.iter().enumerate().all(is_in_place) {
        return Err(misplaced());
    }
    let reached = after_sequence.saturating_add(replayed.len() as u64);
    if replayed.len() < entries_max && rows::last_sequence(connection)?.max(last_sequence(connection)?) > reached {
        return Err(misplaced());
    }
    Ok(replayed)
}

/// Adds the moved entries of one log that were committed after the first of two sequences and not after the second. What is not there of the
/// tile that may begin before the first one is given back: whether it is needed shows when there is a gap.
fn replay_moved(
    archive: &Archive,
    log: &str,
    moved: Moved,
    (after, until): (u64, u64),
    replayed: &mut Vec<Replayed>,
) -> Result<Option<StoreError>, StoreError> {
    let first = tile_of(archive, log, moved, after + 1)?;
    let mut missing = None;
    for number in first..moved.size / TILE_ENTRIES {
        let tile = match archive.tile(log, number) {
            Err(error @ StoreError::MovedAway { .. }) if number == first => {
                missing = Some(error);
                continue;
            }
            tile => tile?,
        };
        let begins = tile.sequences.first().copied().unwrap_or(0);
        for ((sequence, entry), index) in tile.sequences.into_iter().zip(tile.entries).zip(number * TILE_ENTRIES..) {
            if sequence > after && sequence <= until {
                replayed.push(Replayed { sequence, log: log.to_owned(), index, entry });
            }
        }
        if begins > until {
            break;
        }
    }
    Ok(missing)
}

/// The next tile of a log that may be moved: it lies below `upto`, and not the newest entry of the store is in it, so that the
/// database always knows the newest sequence.
pub(super) fn next_tile(connection: &Connection, log: &str, upto: u64) -> Result<(Moved, Option<Tile>), StoreError> {
    let row = rows::get_log(connection, log)?;
    let moved = of(connection, log)?;
    if moved.size + TILE_ENTRIES > upto.min(row.size) {
        return Ok((moved, None));
    }
    let (sequences, entries) = rows::read_run(connection, log, &row, moved.size, TILE_ENTRIES as usize)?;
    let newest = rows::last_sequence(connection)?;
    let is_behind = sequences.last().is_some_and(|last| *last < newest);
    Ok((moved, is_behind.then_some(Tile { sequences, entries })))
}

/// A failure of a read transaction.
pub(super) fn reading<T>(
    connection: &Connection,
    read: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    // Beside a writer that moves entries, what is moved and what is left are read as of one moment.
    let transaction = connection.unchecked_transaction().map_err(failure("beginning to read"))?;
    read(&transaction)
}
