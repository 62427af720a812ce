//! The log of a DSS as a journal bundle (docs/record-format.md, section 11), out of the directory of one that runs or not.

use std::io::Write;
use std::path::Path;

use skypact_record::bundle::BundleError;
use skypact_record::{JournalWriter, Part, SignatureType, SignedCheckpoint, Signer as _, VerifierKey};

use super::error::DssError;
use super::journal::Journal;
use super::start::existing_signer;
use crate::storage::{SqliteStore, StoredPart, each_entry};

/// What was exported.
#[derive(Clone, Debug)]
pub struct Exported {
    /// The key that the reader compares with what the operator published.
    pub author: VerifierKey,
    /// Entries.
    pub entries: u64,
}

/// Writes all entries up to the newest signed checkpoint. Changes nothing in the directory, and signs nothing but the head of a log that
/// is empty.
pub fn export(dir: &Path, sink: impl Write) -> Result<Exported, DssError> {
    let store = SqliteStore::open_read_only(dir)?;
    let signer = existing_signer(dir)?;
    let journal = Journal::new(signer.public_key());
    let origin = journal.origin();
    let differs = |index, reason: &dyn ToString| DssError::differs(origin.as_str(), index, reason);
    // A fault of the disk that is written to, or of what is stored.
    let written = |index, error: BundleError| match error {
        BundleError::Io(error) => DssError::Machine { what: "bundle".to_owned(), reason: error.to_string() },
        error => differs(index, &error),
    };

    // Entries are stored with the head that covers them, so all of these are there whatever is written meanwhile.
    let head = match journal.stored_head(&store)? {
        Some(note) => SignedCheckpoint::parse(&note).map_err(|error| differs(0, &error))?,
        None => journal.checkpoint(&signer),
    };
    let size = head.checkpoint().size;
    let author = VerifierKey::new(origin.clone(), SignatureType::Ed25519, signer.public_key().clone());
    let mut bundle = JournalWriter::new(sink, &author, head).map_err(|error| written(size, error))?;
    let read = each_entry(&store, origin.as_str(), 0..size, |index, entry| {
        let part = |part: StoredPart| Part { salt: part.salt, bytes: part.bytes };
        let parts: Vec<_> = entry.parts.into_iter().map(|stored| stored.map(part)).collect();
        bundle.entry(&entry.leaf, &parts).map_err(|error| written(index, error))
    })?;
    if read < size {
        return Err(differs(read, &"entries that were signed for are missing"));
    }
    let mut sink = bundle.finish().map_err(|error| written(size, error))?;
    sink.flush().map_err(|error| written(size, error.into()))?;
    Ok(Exported { author, entries: size })
}
