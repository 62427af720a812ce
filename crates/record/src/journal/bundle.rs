//! Writes a journal bundle in one pass (docs/record-format.md, section 11). What it writes it has checked.

use std::io::Write;

use super::JournalLeaf;
use crate::bundle::{BundleError, SealedTar};
use crate::cbor::{self, DecodeError};
use crate::checkpoint::SignedCheckpoint;
use crate::entry;
use crate::note::VerifierKey;
use crate::part::Part;
use crate::tree::{Frontier, leaf_hash};

/// Most entries of one file.
pub(super) const FILE_ENTRIES: usize = 256;
/// A file of entries ends before the item that would make it longer than this, in bytes.
pub(super) const FILE_BYTES: usize = 1_048_576;

/// Leaf bytes, and the parts of the body that are at hand.
pub(super) type Item = (Vec<u8>, Vec<Option<Part>>);

/// Writes a journal bundle: `entry` for each entry from the first one on, then `finish`.
pub struct JournalWriter<W: Write> {
    tar: SealedTar<W>,
    head: SignedCheckpoint,
    frontier: Frontier,
    /// The file that is being filled, how many entries are in it, and its number.
    content: Vec<u8>,
    entries: usize,
    number: u64,
}

impl<W: Write> JournalWriter<W> {
    /// Begins a bundle of the entries up to a checkpoint, which this author signed.
    pub fn new(sink: W, author: &VerifierKey, head: SignedCheckpoint) -> Result<Self, BundleError> {
        if head.verify(author).is_err() || head.signatures().len() != 1 {
            return Err(BundleError::Checkpoints { origin: author.name().clone() });
        }
        let mut tar = SealedTar::new(sink);
        tar.file("journal/author".to_owned(), format!("{author}\n").as_bytes())?;
        tar.file("journal/checkpoint".to_owned(), &head.encode())?;
        Ok(Self { tar, head, frontier: Frontier::new(), content: Vec::new(), entries: 0, number: 0 })
    }

    /// Adds the next entry, with `None` for each part that is withheld.
    pub fn entry(&mut self, leaf_bytes: &[u8], parts: &[Option<Part>]) -> Result<(), BundleError> {
        JournalLeaf::decode(leaf_bytes)?;
        parts.iter().flatten().try_for_each(Part::check)?;
        let item = write_item(&(leaf_bytes.to_vec(), parts.to_vec()));
        if self.entries == FILE_ENTRIES || (self.entries > 0 && self.content.len() + item.len() > FILE_BYTES) {
            self.flush()?;
        }
        self.content.extend(item);
        self.entries += 1;
        self.frontier.push(leaf_hash(leaf_bytes));
        Ok(())
    }

    /// Writes the seal and the end, and gives the sink back. The entries must be all that the checkpoint covers.
    pub fn finish(mut self) -> Result<W, BundleError> {
        self.flush()?;
        let head = self.head.checkpoint();
        if (self.frontier.size(), self.frontier.root()) != (head.size, head.root) {
            return Err(BundleError::Head { origin: head.origin.clone(), size: head.size });
        }
        Ok(self.tar.finish()?)
    }

    fn flush(&mut self) -> Result<(), BundleError> {
        if self.entries > 0 {
            self.tar.file(entries_file(self.number), &std::mem::take(&mut self.content))?;
            self.entries = 0;
            self.number += 1;
        }
        Ok(())
    }
}

/// Name of a file of entries.
pub(super) fn entries_file(number: u64) -> String {
    format!("journal/entries/{number:09}")
}

/// The item at the beginning of `bytes`, and its length.
pub(super) fn read_item(bytes: &[u8]) -> Result<(Item, usize), DecodeError> {
    let length = cbor::first_item_length("journal entry", bytes)?;
    let read = |r: &mut cbor::Reader<'_>| {
        r.tuple(2)?;
        Ok((r.bytes()?.to_vec(), entry::read_parts(r)?))
    };
    let item = cbor::decode("journal entry", crate::Entry::BYTES_MAX, &bytes[..length], read, write_item)?;
    Ok((item, length))
}

fn write_item((leaf_bytes, parts): &Item) -> Vec<u8> {
    cbor::encode(|w| {
        w.array(2)?.bytes(leaf_bytes)?;
        entry::write_parts(w, parts)
    })
}
