//! Candidates for conflict among many volumes, by time and space.
//!
//! Packed runs: boxes sorted by start bucket, then along a Morton curve, under blocks of boxes; new volumes wait in a
//! short tail, and runs of like size are merged (log-structured merge). Boxes are f32 of the unit sphere, rounded
//! outward, so the search is sound at every latitude and at the antimeridian.

use crate::bounds::Bounds;
use crate::geodesy::POLAR_M;
use crate::volume::{Minima, Volume4d, with_tolerance_mm};

/// Volumes that wait unsorted before they become a run.
const TAIL: usize = 256;
/// Entries under one block box, and blocks under one box above.
const FANOUT: usize = 16;
/// Length of a start bucket: 30 minutes.
const BUCKET_NS: i64 = 1_800_000_000_000;

/// Finds the volumes that may conflict with a given one.
#[derive(Clone, Debug)]
pub struct VolumeIndex<K> {
    runs: Vec<Run<K>>,
    tail: Vec<Entry<K>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Extent {
    bounds: Bounds,
    start_ns: i64,
    end_ns: i64,
}

/// An absent key marks a removed volume until its run is merged.
#[derive(Clone, Debug)]
struct Entry<K> {
    extent: Extent,
    key: Option<K>,
}

#[derive(Clone, Debug)]
struct Run<K> {
    entries: Vec<Entry<K>>,
    blocks: Vec<Extent>,
    blocks_of_blocks: Vec<Extent>,
}

impl<K: Eq> VolumeIndex<K> {
    /// An index that holds nothing.
    pub const fn new() -> Self {
        Self { runs: Vec::new(), tail: Vec::new() }
    }

    /// Adds a volume under a key; one key may hold several volumes. Amortised logarithmic.
    pub fn insert(&mut self, key: K, volume: &Volume4d) {
        self.tail.push(Entry { extent: Extent::of(volume), key: Some(key) });
        if self.tail.len() < TAIL {
            return;
        }
        let mut entries = std::mem::take(&mut self.tail);
        while let Some(run) = self.runs.pop_if(|run| run.entries.len() <= 2 * entries.len()) {
            entries.extend(run.entries.into_iter().filter(|entry| entry.key.is_some()));
        }
        self.runs.push(Run::of(entries));
    }

    /// Removes a volume that was inserted under this key; false if it was not there.
    pub fn remove(&mut self, key: &K, volume: &Volume4d) -> bool {
        let extent = Extent::of(volume);
        let is_it = |entry: &Entry<K>| entry.key.as_ref() == Some(key) && entry.extent == extent;
        if let Some(place) = self.tail.iter().position(is_it) {
            self.tail.swap_remove(place);
            return true;
        }
        let found = self.runs.iter_mut().find_map(|run| {
            let place = run.find(&extent, &mut |entry| is_it(entry))?;
            Some(&mut run.entries[place])
        });
        found.is_some_and(|entry| entry.key.take().is_some())
    }

    /// Visits the key of every volume that may be within the lateral and time minima of this one; never misses one.
    /// A key is visited once for each of its volumes.
    pub fn for_each_candidate(&self, volume: &Volume4d, minima: &Minima, mut visit: impl FnMut(&K)) {
        let extent = Extent::of(volume).grown(minima);
        for entry in self.tail.iter().filter(|entry| entry.extent.meets(&extent)) {
            entry.key.iter().for_each(&mut visit);
        }
        for run in &self.runs {
            run.find(&extent, &mut |entry| {
                entry.key.iter().for_each(&mut visit);
                false
            });
        }
    }
}

impl<K: Eq> Default for VolumeIndex<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K> Run<K> {
    fn of(mut entries: Vec<Entry<K>>) -> Self {
        entries.sort_by_cached_key(|entry| (entry.extent.start_ns.div_euclid(BUCKET_NS), morton(&entry.extent.bounds)));
        let blocks = merged(entries.iter().map(|entry| entry.extent));
        let blocks_of_blocks = merged(blocks.iter().copied());
        Self { entries, blocks, blocks_of_blocks }
    }

    /// The place of the first entry that meets the extent and is `wanted`.
    fn find(&self, extent: &Extent, wanted: &mut impl FnMut(&Entry<K>) -> bool) -> Option<usize> {
        let under = |place: usize, len: usize| place * FANOUT..len.min((place + 1) * FANOUT);
        for (upper, _) in self.blocks_of_blocks.iter().enumerate().filter(|(_, block)| block.meets(extent)) {
            for block in under(upper, self.blocks.len()).filter(|&block| self.blocks[block].meets(extent)) {
                let mut places = under(block, self.entries.len());
                let found = places.find(|&i| self.entries[i].extent.meets(extent) && wanted(&self.entries[i]));
                if found.is_some() {
                    return found;
                }
            }
        }
        None
    }
}

impl Extent {
    fn of(volume: &Volume4d) -> Self {
        Self { bounds: volume.footprint.bounds(), start_ns: volume.window.start().0, end_ns: volume.window.end().0 }
    }

    fn grown(&self, minima: &Minima) -> Self {
        let chord = with_tolerance_mm(minima.lateral_mm) as f64 / 1000.0 / POLAR_M;
        let time_ns = minima.time_ns.max(0);
        Self {
            bounds: self.bounds.grown(chord),
            start_ns: self.start_ns.saturating_sub(time_ns),
            end_ns: self.end_ns.saturating_add(time_ns),
        }
    }

    fn meets(&self, other: &Self) -> bool {
        self.start_ns <= other.end_ns && other.start_ns <= self.end_ns && self.bounds.meets(&other.bounds)
    }

    fn union(self, other: Self) -> Self {
        Self {
            bounds: self.bounds.union(&other.bounds),
            start_ns: self.start_ns.min(other.start_ns),
            end_ns: self.end_ns.max(other.end_ns),
        }
    }
}

/// The extents of blocks of `FANOUT`.
fn merged(extents: impl Iterator<Item = Extent>) -> Vec<Extent> {
    let extents: Vec<Extent> = extents.collect();
    extents.chunks(FANOUT).filter_map(|block| block.iter().copied().reduce(Extent::union)).collect()
}

/// Place of the middle of a box on the Morton curve through the unit cube, 16 bits an axis.
fn morton(bounds: &Bounds) -> u64 {
    let axis = |i: usize| ((f64::from(bounds.min[i]) + f64::from(bounds.max[i]) + 2.0) * 16_383.0) as u64 & 0xffff;
    let spread = |v: u64| (0..16).fold(0, |code, bit| code | (v >> bit & 1) << (3 * bit));
    spread(axis(0)) | spread(axis(1)) << 1 | spread(axis(2)) << 2
}

/// Pairs of places whose volumes may be within the lateral and time minima, in order: the two lists are swept by
/// start of time, then boxes decide.
pub(crate) fn candidate_pairs(a: &[Volume4d], b: &[Volume4d], minima: &Minima) -> Vec<(usize, usize)> {
    let grown: Vec<Extent> = a.iter().map(|volume| Extent::of(volume).grown(minima)).collect();
    let mut others: Vec<(Extent, usize)> = b.iter().map(Extent::of).zip(0..).collect();
    others.sort_by_key(|(extent, place)| (extent.start_ns, *place));
    let mut pairs = Vec::new();
    for (i, extent) in grown.iter().enumerate() {
        let started = others.partition_point(|(other, _)| other.start_ns <= extent.end_ns);
        let meeting = others[..started].iter().filter(|(other, _)| extent.meets(other));
        pairs.extend(meeting.map(|&(_, j)| (i, j)));
    }
    pairs.sort_unstable();
    pairs
}
