//! Which missing bodies an entry of their author erases (docs/record-format.md, section 19), and what is withheld for no reason that is told.

use std::collections::BTreeMap;

use super::log::Log;
use super::report::ErasureReport;
use crate::erasure::Erasure;
use crate::hash::Hash;
use crate::part::Part;

/// An entry that may erase others: its leaf holds.
pub(super) struct Eraser {
    pub(super) signer: String,
    pub(super) claimed_time: i64,
}

/// What the parts of one log say of parts that are missing.
#[derive(Default)]
pub(super) struct ErasuresRead {
    /// Entries with missing parts by the hash of their leaf: index, and how many are missing.
    absent: BTreeMap<Hash, (u64, u64)>,
    /// Entries that erase, ascending by index, with the leaves that they name.
    erasures: Vec<(u64, Vec<Hash>)>,
}

impl ErasuresRead {
    /// Takes in the parts of an entry, which match its commitments.
    pub(super) fn take(&mut self, index: u64, leaf: Option<Hash>, is_eraser: bool, parts: &[Option<Part>]) {
        let missing = parts.iter().filter(|part| part.is_none()).count() as u64;
        if let Some(leaf) = leaf.filter(|_| missing > 0) {
            self.absent.insert(leaf, (index, missing));
        }
        if let [Some(part)] = parts
            && is_eraser
            && let Ok(erasure) = Erasure::decode(&part.bytes)
        {
            self.erasures.push((index, erasure.bodies.into_iter().map(|(leaf, _)| leaf).collect()));
        }
    }
}

/// The erasures of a log, oldest first, as far as what they name is missing; of several that name an entry the first counts. And how many
/// parts they account for.
pub(super) fn erasures(log: &Log) -> (Vec<ErasureReport>, u64) {
    let mut absent = log.parts.erasures.absent.clone();
    let (mut reports, mut erased) = (Vec::new(), 0);
    for (index, leaves) in &log.parts.erasures.erasures {
        let Some(eraser) = log.erasers.get(index) else { continue };
        let mut entries = Vec::new();
        for leaf in leaves {
            if let Some((entry, missing)) = absent.get(leaf).copied().filter(|(entry, _)| entry < index) {
                absent.remove(leaf);
                entries.push(entry);
                erased += missing;
            }
        }
        entries.sort_unstable();
        reports.push(ErasureReport {
            origin: log.name.origin.clone(),
            index: *index,
            signer: eraser.signer.clone(),
            claimed_time: eraser.claimed_time,
            entries,
        });
    }
    (reports, erased)
}
