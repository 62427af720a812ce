//! The snapshot: documents of its own, which carry their seals as all do. A head says how many pieces there are. The engine overwrites what is
//! removed, as it does with bodies that are erased.

use rusqlite::Connection;

use super::{Archive, Damage, Field, Snapshot, StoreError, moved, rows};
use crate::storage::archive::TILE_ENTRIES;

const HEAD: &str = "snapshot";
/// A row takes up to 1 GB, and each is held in memory twice while it is read.
const PIECE_BYTES: usize = 16 << 20;

fn piece_name(number: usize) -> String {
    format!("{HEAD}/{number}")
}

/// Puts a snapshot in place of the last one.
pub(super) fn put(connection: &Connection, snapshot: &Snapshot) -> Result<(), StoreError> {
    rows::remove_documents(connection, HEAD)?;
    let pieces = snapshot.bytes.chunks(PIECE_BYTES);
    let head = [snapshot.sequence.to_be_bytes(), (pieces.len() as u64).to_be_bytes()].concat();
    rows::put_document(connection, HEAD, &head)?;
    pieces.enumerate().try_for_each(|(number, piece)| rows::put_document(connection, &piece_name(number), piece))
}

/// The snapshot, if there is one.
pub(super) fn get(connection: &Connection) -> Result<Option<Snapshot>, StoreError> {
    let Some(head) = rows::document(connection, HEAD)? else { return Ok(None) };
    let (sequence, pieces) = parse_head(&head)?;
    let mut bytes = Vec::new();
    for name in (0..pieces).map(piece_name) {
        let piece = rows::document(connection, &name)?;
        bytes.append(&mut piece.ok_or_else(|| damaged(&name))?);
    }
    Ok(Some(Snapshot { sequence, bytes }))
}

/// Place of the last entry that is folded into the snapshot, 0 without one.
pub(super) fn sequence(connection: &Connection) -> Result<u64, StoreError> {
    let head = rows::document(connection, HEAD)?;
    head.map_or(Ok(0), |head| Ok(parse_head(&head)?.0))
}

/// Drops the snapshot if entries of after this sequence are folded into it. Then a start folds everything: refused as long as an archived file that
/// it would need is not there.
pub(super) fn drop_behind(connection: &Connection, archive: &Archive, sequence: u64) -> Result<(), StoreError> {
    if !rows::has_document(connection, HEAD)? {
        return Ok(());
    }
    // One that is damaged may be of anywhere.
    let head = rows::document(connection, HEAD).ok().flatten();
    if head.and_then(|head| parse_head(&head).ok()).is_some_and(|(folded, _)| folded <= sequence) {
        return Ok(());
    }
    for (log, _) in rows::all_logs(connection)? {
        let moved = moved::of(connection, &log)?.size;
        let missing = (0..moved / TILE_ENTRIES).find_map(|number| Some((number, archive.missing(&log, number)?)));
        if let Some((number, file)) = missing {
            return Err(StoreError::MovedAway { log, index: number * TILE_ENTRIES, file });
        }
    }
    rows::remove_documents(connection, HEAD)
}

fn parse_head(head: &[u8]) -> Result<(u64, usize), StoreError> {
    let (numbers, rest) = head.as_chunks::<8>();
    match *numbers {
        [sequence, pieces] if rest.is_empty() => {
            Ok((u64::from_be_bytes(sequence), usize::try_from(u64::from_be_bytes(pieces)).unwrap_or(usize::MAX)))
        }
        _ => Err(damaged(HEAD)),
    }
}

fn damaged(name: &str) -> StoreError {
    Damage { log: None, index: None, field: Field::Document(name.to_owned()) }.into()
}
