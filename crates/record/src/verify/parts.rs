//! Body parts, held to the commitments of the leaves that came before them.

use super::erased::ErasuresRead;
use super::leaf::Pact;
use super::log::Log;
use super::report::{Fault, Faults};
use crate::bundle::{PARTS_FILE_BYTES, TarFile};
use crate::cbor;
use crate::entry;
use crate::part::Part;

/// What was read of the parts of one log.
#[derive(Default)]
pub(super) struct PartsRead {
    /// Parts given.
    pub(super) given: u64,
    /// Parts withheld or erased, of entries that are listed.
    pub(super) withheld: u64,
    pub(super) erasures: ErasuresRead,
    last_index: Option<u64>,
    last_file_length: Option<usize>,
}

type Item = (u64, Vec<Option<Part>>);

/// Reads one file of parts of `log`.
pub(super) fn read_parts(pact: &Pact, log: &mut Log, file: &TarFile, first_index: u64, faults: &mut Faults) {
    let origin = log.name.origin.clone();
    let fault = |code, offset: usize, message: String| {
        Fault::new(code, &file.name, message).at(file.offset + offset as u64).in_log(&origin)
    };
    let mut offset = 0;
    while offset < file.content.len() || offset == 0 {
        let rest = &file.content[offset..];
        let (item, length) = match read_item(rest) {
            Ok(read) => read,
            Err(error) => return faults.push(fault(error.code(), offset + error.offset(), error.to_string())),
        };
        let index = item.0;
        if offset == 0 {
            if index != first_index {
                faults.push(fault(
                    "parts-name",
                    offset,
                    format!("file begins with leaf {index}, not with the one in its name"),
                ));
            }
            if log.parts.last_file_length.is_some_and(|before| before + length <= PARTS_FILE_BYTES) {
                faults.push(fault("parts-split", offset, "first item would have fitted the file before".to_owned()));
            }
        } else if offset + length > PARTS_FILE_BYTES {
            faults.push(fault("parts-length", offset, "item makes the file longer than 1048576 bytes".to_owned()));
        }
        if log.parts.last_index.is_some_and(|last| last >= index) {
            faults.push(fault("parts-order", offset, "index is not above the one before".to_owned()).of_leaf(index));
        }
        if let Err((code, message)) = check_item(pact, log, &item) {
            faults.push(fault(code, offset, message).of_leaf(index));
        } else {
            let (leaf, is_eraser) = (log.given_hash(index), log.erasers.contains_key(&index));
            log.parts.erasures.take(index, leaf, is_eraser, &item.1);
        }
        log.parts.last_index = Some(index);
        let given = item.1.iter().flatten().count();
        log.parts.given += given as u64;
        log.parts.withheld += (item.1.len() - given) as u64;
        offset += length;
    }
    log.parts.last_file_length = Some(file.content.len());
}

/// The item at the beginning of `bytes`, and its length.
fn read_item(bytes: &[u8]) -> Result<(Item, usize), cbor::DecodeError> {
    let length = cbor::first_item_length("parts", bytes)?;
    let item = cbor::decode(
        "parts",
        crate::Entry::BYTES_MAX,
        &bytes[..length],
        |r| {
            r.tuple(2)?;
            Ok((r.u64()?, entry::read_parts(r)?))
        },
        |(index, parts)| {
            cbor::encode(|w| {
                w.array(2)?.u64(*index)?;
                entry::write_parts(w, parts)
            })
        },
    )?;
    Ok((item, length))
}

fn check_item(pact: &Pact, log: &Log, (index, parts): &Item) -> Result<(), (&'static str, String)> {
    let Some(commitments) = log.commitments(*index) else {
        return Err(("parts-without-leaf", "parts are of a leaf that is not in the bundle".to_owned()));
    };
    entry::check_parts(commitments, parts).map_err(|error| (error.code(), error.to_string()))?;
    let is_genesis = |part: &Part| crate::Hash::of(&part.bytes) == pact.signed_hash;
    if *index == 0 && !parts.iter().flatten().all(is_genesis) {
        return Err(("part-genesis", "body of entry 0 is not the signed genesis of this bundle".to_owned()));
    }
    Ok(())
}
