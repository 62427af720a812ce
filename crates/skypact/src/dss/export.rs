//! The log of a DSS as a journal bundle (docs/record-format.md, section 11), out of the directory of one that runs or not.

use std::io::Write;
use std::path::Path;

use skypact_record::{JournalWriter, Part, SignatureType, SignedCheckpoint, Signer as _, VerifierKey};

use super::error::DssError;
use super::journal::Journal;
use crate::keys::{FileSigner, KeyRole};
use crate::node::RecordSigner;
use crate::storage::{HeadKind, SqliteStore, Store as _};

const READ_ENTRIES: usize = 4_096;
const READ_BYTES: usize = 32 << 20;

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
    let signer = RecordSigner::new(FileSigner::open(&dir.join("checkpoint.key"), KeyRole::Checkpoint)?);
    let journal = Journal::new(signer.public_key());
    let origin = journal.origin();
    let differs = |index, reason: &dyn ToString| DssError::differs(origin.as_str(), index, reason);

    // Entries are stored with the head that covers them, so all of these are there whatever is written meanwhile.
    let heads = store.heads(origin.as_str())?;
    let head = match heads.iter().find(|head| head.kind == HeadKind::Checkpoint) {
        Some(head) => SignedCheckpoint::parse(&head.bytes).map_err(|error| differs(0, &error))?,
        None => journal.checkpoint(&signer),
    };
    let size = head.checkpoint().size;
    let author = VerifierKey::new(origin.clone(), SignatureType::Ed25519, signer.public_key().clone());
    let mut bundle = JournalWriter::new(sink, &author, head).map_err(|error| differs(size, &error))?;
    let mut index = 0;
    while index < size {
        let wanted = usize::try_from(size - index).unwrap_or(usize::MAX).min(READ_ENTRIES);
        let entries = store.read(origin.as_str(), index, wanted, READ_BYTES)?;
        if entries.is_empty() {
            return Err(differs(index, &"entries that were signed for are missing"));
        }
        for entry in entries {
            let part = |part: crate::storage::StoredPart| Part { salt: part.salt, bytes: part.bytes };
            let parts: Vec<_> = entry.parts.into_iter().map(|stored| stored.map(part)).collect();
            bundle.entry(&entry.leaf, &parts).map_err(|error| written(&error, &differs, index))?;
            index += 1;
        }
    }
    let mut sink = bundle.finish().map_err(|error| written(&error, &differs, size))?;
    sink.flush().map_err(|error| DssError::Machine { what: "bundle".to_owned(), reason: error.to_string() })?;
    Ok(Exported { author, entries: size })
}

/// A fault of the disk that is written to, or of what is stored.
fn written(
    error: &skypact_record::bundle::BundleError,
    differs: &impl Fn(u64, &dyn ToString) -> DssError,
    index: u64,
) -> DssError {
    match error {
        skypact_record::bundle::BundleError::Io(error) => {
            DssError::Machine { what: "bundle".to_owned(), reason: error.to_string() }
        }
        error => differs(index, error),
    }
}
