//! Geometry and the conflict index, timed on seeded volumes: nothing but `airspace` runs here.
//!
//! Volumes are replaced all the time while the queries run, on the one thread that a node decides on.

use std::hint::black_box;

use serde::Serialize;
use skypact_airspace::{Footprint, Minima, Volume4d, VolumeIndex, meet};

use super::percentiles;
use super::shapes::{Area, Dice, polygon};
use crate::clock::Stopwatch;

/// Queries that are timed, and replacements of a volume before each.
const QUERIES: usize = 20_000;
const REPLACED_PER_QUERY: usize = 10;
/// Queries that brute force answers too.
const BRUTE_QUERIES: usize = 20;
const EXACT: Minima = Minima { lateral_mm: 0, vertical_mm: 0, time_ns: 0 };

/// What was measured.
#[derive(Debug, Serialize)]
pub struct ConflictFigures {
    /// Volumes in the index.
    pub volumes: usize,
    /// One `intersects` of two polygons of 4 to 8 vertices, boxes overlapping, microseconds, median of batches.
    pub polygon_pair_4_to_8_us: f64,
    /// The same with 100 vertices each.
    pub polygon_pair_100_us: f64,
    /// One query with exact test while volumes are replaced, microseconds, median.
    pub query_p50_us: f64,
    /// The same, 99th percentile.
    pub query_p99_us: f64,
    /// Such queries in a second of querying.
    pub queries_per_s: f64,
    /// Volumes met by a query, mean.
    pub hits_per_query: f64,
    /// Insertions in a second, into the full index.
    pub inserts_per_s: f64,
    /// Removals in a second, from the full index.
    pub removals_per_s: f64,
    /// One insertion among queries and removals, microseconds: all but one in ten thousand are faster.
    pub insert_p9999_us: f64,
    /// The slowest insertion, microseconds.
    pub insert_max_us: f64,
    /// Heap bytes of the index for each volume, the volume itself not counted.
    pub bytes_per_volume: f64,
    /// Building the index from the volumes, seconds.
    pub rebuild_s: f64,
    /// One query by brute force over all volumes, microseconds, median.
    pub brute_query_p50_us: f64,
    /// Whether index and brute force gave the same volumes for every query that both ran.
    pub identical: bool,
}

/// Volumes by slot, and their index.
struct Airspace {
    area: Area,
    dice: Dice,
    stored: Vec<Volume4d>,
    index: VolumeIndex<u32>,
}

/// Measures with `volumes` volumes.
pub fn run(volumes: usize, area: Area, seed: u64) -> ConflictFigures {
    let mut dice = Dice(seed);
    let stored: Vec<Volume4d> = (0..volumes).map(|_| area.stored(&mut dice)).collect();
    let mut index = VolumeIndex::new();
    let watch = Stopwatch::start();
    for (slot, volume) in (0..).zip(&stored) {
        index.insert(slot, volume);
    }
    let rebuild_s = watch.elapsed().as_secs_f64();
    let bytes_per_volume = index.heap_bytes() as f64 / volumes as f64;
    let mut airspace = Airspace { area, dice, stored, index };
    let (removals_per_s, inserts_per_s) = airspace.turn_over();
    let (mut insert_us, mut query_us, mut hits) = (Vec::new(), Vec::new(), 0);
    for _ in 0..QUERIES {
        insert_us.extend((0..REPLACED_PER_QUERY).map(|_| airspace.replace()));
        let query = area.flight(&mut airspace.dice);
        let watch = Stopwatch::start();
        hits += airspace.meeting(&query).len();
        query_us.push(watch.elapsed().as_secs_f64() * 1e6);
    }
    let queries_per_s = QUERIES as f64 / query_us.iter().sum::<f64>() * 1e6;
    let (query_p50_us, query_p99_us) = percentiles(&mut query_us);
    insert_us.sort_by(f64::total_cmp);
    let (brute_query_p50_us, identical) = airspace.against_brute_force();
    ConflictFigures {
        volumes,
        polygon_pair_4_to_8_us: pair_us(&mut airspace.dice, 4, 8),
        polygon_pair_100_us: pair_us(&mut airspace.dice, 100, 100),
        query_p50_us,
        query_p99_us,
        queries_per_s,
        hits_per_query: hits as f64 / QUERIES as f64,
        inserts_per_s,
        removals_per_s,
        insert_p9999_us: insert_us[insert_us.len() * 9_999 / 10_000],
        insert_max_us: insert_us[insert_us.len() - 1],
        bytes_per_volume,
        rebuild_s,
        brute_query_p50_us,
        identical,
    }
}

impl Airspace {
    /// The slots of the volumes that meet this one.
    fn meeting(&self, query: &Volume4d) -> Vec<u32> {
        let mut found = Vec::new();
        self.index.for_each_candidate(query, &EXACT, |slot| {
            if meet(query, &self.stored[slot as usize]) {
                found.push(slot);
            }
        });
        found
    }

    /// Removes a fifth of the volumes and inserts them again: removals and insertions in a second.
    fn turn_over(&mut self) -> (f64, f64) {
        let mut slots: Vec<u32> = (0..self.stored.len() as u32).collect();
        slots.sort_unstable_by_key(|slot| Dice(u64::from(*slot)).bits());
        slots.truncate(self.stored.len().div_ceil(5));
        let watch = Stopwatch::start();
        for slot in &slots {
            assert!(self.index.remove(*slot, &self.stored[*slot as usize]), "slot {slot} was inserted");
        }
        let removals_s = watch.elapsed().as_secs_f64();
        let watch = Stopwatch::start();
        for slot in &slots {
            self.index.insert(*slot, &self.stored[*slot as usize]);
        }
        let count = slots.len() as f64;
        (count / removals_s, count / watch.elapsed().as_secs_f64())
    }

    /// Replaces a volume by a new one: the microseconds of the insertion.
    fn replace(&mut self) -> f64 {
        let volume = self.area.stored(&mut self.dice);
        let slot = self.dice.roll(self.stored.len() as u64) as u32;
        let old = std::mem::replace(&mut self.stored[slot as usize], volume);
        self.index.remove(slot, &old);
        let watch = Stopwatch::start();
        self.index.insert(slot, &self.stored[slot as usize]);
        watch.elapsed().as_secs_f64() * 1e6
    }

    /// Median microseconds of a query by brute force, and whether it finds what the index finds.
    fn against_brute_force(&mut self) -> (f64, bool) {
        let (mut times_us, mut identical) = (Vec::new(), true);
        for _ in 0..BRUTE_QUERIES {
            let query = self.area.flight(&mut self.dice);
            let watch = Stopwatch::start();
            let slots = (0..).zip(&self.stored).filter(|(_, volume)| meet(&query, volume));
            let brute: Vec<u32> = slots.map(|(slot, _)| slot).collect();
            times_us.push(watch.elapsed().as_secs_f64() * 1e6);
            let mut found = self.meeting(&query);
            found.sort_unstable();
            identical &= found == brute;
        }
        (percentiles(&mut times_us).0, identical)
    }
}

/// Median over batches of the time of one `intersects`, for polygons whose middles are within their radius.
fn pair_us(dice: &mut Dice, vertices_min: u64, vertices_max: u64) -> f64 {
    let pairs: Vec<(Footprint, Footprint)> = (0..256)
        .map(|_| {
            let (lat, lng) = (43.0 + dice.unit(), 5.0 + dice.unit());
            let mut near = |spread: f64| {
                let vertices = vertices_min + dice.roll(vertices_max - vertices_min + 1);
                let (lat, lng) = (lat + spread * dice.unit(), lng + spread * dice.unit());
                polygon(dice, lat, lng, 0.02, vertices)
            };
            (near(0.0), near(0.03))
        })
        .collect();
    let mut batches: Vec<f64> = (0..41)
        .map(|_| {
            let watch = Stopwatch::start();
            for (a, b) in &pairs {
                black_box(black_box(a).intersects(black_box(b)));
            }
            watch.elapsed().as_secs_f64() * 1e6 / pairs.len() as f64
        })
        .collect();
    percentiles(&mut batches).0
}
