//! The four logs of a channel: routine and urgent of each party, as trees of leaf hashes.

use std::collections::{BTreeMap, BTreeSet};

use skypact_airspace::UtcNanos;
use skypact_record::{Hash, LogClass, Tree};

use crate::frame::VerifiedReceipt;
use crate::period::PlacedPeriod;
use crate::timeliness::WitnessTimes;

/// One of the four logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct LogRef {
    /// Index of its author in the genesis, 0 or 1.
    pub party: usize,
    /// Routine or urgent.
    pub class: LogClass,
}

impl LogRef {
    /// Every log of a channel.
    pub const ALL: [Self; 4] = [
        Self { party: 0, class: LogClass::Routine },
        Self { party: 0, class: LogClass::Urgent },
        Self { party: 1, class: LogClass::Routine },
        Self { party: 1, class: LogClass::Urgent },
    ];

    /// Place of the log in [`LogRef::ALL`].
    pub fn place(self) -> usize {
        2 * self.party + usize::from(self.class == LogClass::Urgent)
    }
}

/// What a node knows of one log.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct Log {
    /// Every leaf hash, with roots and proofs at every size.
    pub tree: Tree,
    /// Epoch of its author's acts in it, from 1: the genesis is in none, each RECONCILED opens the next.
    pub epoch: u64,
    /// Size behind the newest entry that does not speak of heads alone: what has to be anchored and witnessed.
    pub substance: u64,
    /// Its periods, the open one last; none while it is empty.
    pub periods: Vec<PlacedPeriod>,
    /// When witnesses had seen how much, as its author has stated in the record.
    pub times: WitnessTimes,
    /// Size up to which the counterpart of the log's author has anchored it in its own.
    pub anchored: u64,
    /// Size up to which the counterpart of the log's author has signed that it holds it durably.
    pub delivered: u64,
    /// Of the own routine log, what the counterpart's entries have seen of it: each size with when the first entry that cites it was signed, by its signer's clock.
    pub(crate) cited: Vec<(u64, UtcNanos)>,
    /// Size up to which each witness has cosigned, by the witness's name.
    pub cosigned: BTreeMap<String, u64>,
    /// The newest witness cosignature known, for the next leaf to cite.
    pub cosignature: Option<NewestCosignature>,
    /// Whose newest receipt or cosignature came with its ML-DSA-44 line. Nothing waits for it.
    pub post_quantum: PostQuantum,
}

/// Who signed under ML-DSA-44 too.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PostQuantum {
    /// The mirror.
    pub mirrored: bool,
    /// Witnesses, by name.
    pub cosigned: BTreeSet<String>,
}

/// A cosignature, ordered by how new it is: the size that it covers comes first, since a witness may lie about time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct NewestCosignature {
    /// Size that it covers.
    pub size: u64,
    /// Time by the witness's clock, s since the Unix epoch, UTC.
    pub time_s: u64,
    /// Hash of the signature line.
    pub line: Hash,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            tree: Tree::default(),
            epoch: 1,
            substance: 0,
            periods: Vec::new(),
            times: WitnessTimes::default(),
            anchored: 0,
            delivered: 0,
            cited: Vec::new(),
            cosigned: BTreeMap::new(),
            cosignature: None,
            post_quantum: PostQuantum::default(),
        }
    }
}

impl Log {
    /// Number of entries.
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// An entry of the counterpart's, signed at `at` by its clock, has seen the log at this size.
    pub(crate) fn cite(&mut self, size: u64, at: UtcNanos) {
        if self.cited.last().map_or(0, |(known, _)| *known) < size {
            self.cited.push((size, at));
        }
    }

    /// When the counterpart's first entry that has seen the one at `index` was signed, as its signer claims.
    pub(crate) fn cited_at(&self, index: u64) -> Option<UtcNanos> {
        let place = self.cited.partition_point(|(size, _)| *size <= index);
        self.cited.get(place).map(|(_, at)| *at)
    }

    /// Whether a receipt is the newest of the mirror, or the newest once more with the ML-DSA-44 line that was missing.
    pub(crate) fn is_news_of_mirror(&self, receipt: &VerifiedReceipt) -> bool {
        let lines = [receipt.post_quantum.mirrored, self.post_quantum.mirrored];
        receipt.mirrored && is_news(receipt.checkpoint.size, self.delivered, lines)
    }

    /// The same of a witness that cosigned the note.
    pub(crate) fn is_news_of_witness(&self, receipt: &VerifiedReceipt, witness: &str) -> bool {
        let known = self.cosigned.get(witness).copied().unwrap_or(0);
        let lines = [&receipt.post_quantum, &self.post_quantum].map(|lines| lines.cosigned.contains(witness));
        is_news(receipt.checkpoint.size, known, lines)
    }

    /// Takes in a receipt that was checked to speak of a size and root of this log.
    pub(crate) fn apply_receipt(&mut self, receipt: &VerifiedReceipt) {
        let size = receipt.checkpoint.size;
        if self.is_news_of_mirror(receipt) {
            self.delivered = size;
            self.post_quantum.mirrored = receipt.post_quantum.mirrored;
        }
        for line in &receipt.cosignatures {
            if self.is_news_of_witness(receipt, &line.witness) {
                self.cosigned.insert(line.witness.clone(), size);
                let newest = NewestCosignature { size, time_s: line.time_s, line: line.hash };
                self.cosignature = self.cosignature.max(Some(newest));
                self.post_quantum.cosigned.remove(&line.witness);
                self.post_quantum.cosigned.extend(receipt.post_quantum.cosigned.get(&line.witness).cloned());
            }
        }
    }

    /// Size that at least `quorum` witnesses have cosigned, 0 when too few have or none is asked for.
    pub fn witnessed(&self, quorum: usize) -> u64 {
        let mut sizes: Vec<u64> = self.cosigned.values().copied().collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        quorum.checked_sub(1).and_then(|place| sizes.get(place)).copied().unwrap_or(0)
    }
}

/// Whether a note over `size` entries is news where one over `known` is kept; `lines` tells whether the note has its ML-DSA-44
/// line, and whether what is kept does. Over the empty log there is nothing to keep: no bundle has its head.
fn is_news(size: u64, known: u64, [comes, is_kept]: [bool; 2]) -> bool {
    size > known || (size == known && size > 0 && comes && !is_kept)
}
