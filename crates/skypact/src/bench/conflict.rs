//! Geometry and the conflict index, timed on seeded shapes: nothing but `airspace` runs here.

use std::hint::black_box;

use serde::Serialize;
use skypact_airspace::{
    Altitude, AltitudeBand, Datum, LatLng, Minima, Polygon, TimeWindow, UtcNanos, Volume4d, VolumeIndex, conflict,
};
use skypact_channel::Terms;

use super::percentiles;
use crate::clock::Stopwatch;

const HOUR_NS: i64 = 3_600_000_000_000;

/// What was measured.
#[derive(Debug, Serialize)]
pub struct ConflictFigures {
    /// Volumes in the index.
    pub volumes: usize,
    /// One `intersects` of two polygons of 4 to 8 vertices, boxes overlapping, microseconds, median of batches.
    pub polygon_pair_4_to_8_us: f64,
    /// The same with 100 vertices each.
    pub polygon_pair_100_us: f64,
    /// Insertions into the index in a second.
    pub inserts_per_s: f64,
    /// One query with exact test, microseconds, median.
    pub query_p50_us: f64,
    /// One query with exact test, microseconds, 99th percentile.
    pub query_p99_us: f64,
    /// Queries in a second.
    pub queries_per_s: f64,
    /// Conflicts per query, mean.
    pub hits_per_query: f64,
    /// One query by brute force over all volumes, microseconds, median.
    pub brute_query_p50_us: f64,
    /// Whether index and brute force gave the same conflicts for every query that both ran.
    pub identical: bool,
}

/// Measures with `volumes` volumes over 300 x 300 km and 24 h.
pub fn run(volumes: usize, seed: u64) -> ConflictFigures {
    let mut dice = Dice(seed);
    let minima = Minima { lateral_mm: 0, vertical_mm: 0, time_ns: 0 };
    let margins = Terms::template().altitude_margins;
    let stored: Vec<Volume4d> = (0..volumes).map(|_| volume(&mut dice)).collect();
    let mut index = VolumeIndex::new();
    let watch = Stopwatch::start();
    for (key, volume) in stored.iter().enumerate() {
        index.insert(key, volume);
    }
    let inserts_per_s = volumes as f64 / watch.elapsed().as_secs_f64();
    let queries: Vec<Volume4d> = (0..2_000).map(|_| volume(&mut dice)).collect();
    let (mut times, mut hits) = (Vec::new(), 0);
    let all = Stopwatch::start();
    for query in &queries {
        let watch = Stopwatch::start();
        index.for_each_candidate(query, &minima, |key| {
            hits += usize::from(conflict(query, &stored[*key], &minima, &margins).is_some());
        });
        times.push(watch.elapsed().as_secs_f64() * 1e6);
    }
    let queries_per_s = queries.len() as f64 / all.elapsed().as_secs_f64();
    let (mut brute_times, mut identical) = (Vec::new(), true);
    for query in queries.iter().take(20) {
        let watch = Stopwatch::start();
        let conflicting = |key: &usize| conflict(query, &stored[*key], &minima, &margins).is_some();
        let brute: Vec<usize> = (0..stored.len()).filter(conflicting).collect();
        brute_times.push(watch.elapsed().as_secs_f64() * 1e6);
        let mut found = Vec::new();
        index.for_each_candidate(query, &minima, |key| found.extend(conflicting(key).then_some(*key)));
        found.sort_unstable();
        identical &= found == brute;
    }
    let (query_p50_us, query_p99_us) = percentiles(&mut times);
    ConflictFigures {
        volumes,
        polygon_pair_4_to_8_us: pair_us(&mut dice, 4, 8),
        polygon_pair_100_us: pair_us(&mut dice, 100, 100),
        inserts_per_s,
        query_p50_us,
        query_p99_us,
        queries_per_s,
        hits_per_query: hits as f64 / queries.len() as f64,
        brute_query_p50_us: percentiles(&mut brute_times).0,
        identical,
    }
}

/// Median over batches of the time of one `intersects`, for polygons whose middles are within their radius.
fn pair_us(dice: &mut Dice, vertices_min: u64, vertices_max: u64) -> f64 {
    let pairs: Vec<_> = (0..256)
        .map(|_| {
            let (lat, lng) = (43.0 + dice.unit(), 5.0 + dice.unit());
            let mut near = |spread: f64| {
                let vertices = vertices_min + dice.next() % (vertices_max - vertices_min + 1);
                let (lat, lng) = (lat + spread * dice.unit(), lng + spread * dice.unit());
                polygon(dice, lat, lng, 0.02, vertices)
            };
            (skypact_airspace::Footprint::from(near(0.0)), skypact_airspace::Footprint::from(near(0.03)))
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

/// A volume like those of drone flights in a region: some hundred metres, ten minutes, a band of 60 m.
fn volume(dice: &mut Dice) -> Volume4d {
    let (lat, lng) = (43.0 + 2.7 * dice.unit(), 5.0 + 3.7 * dice.unit());
    let vertices = 4 + dice.next() % 5;
    let footprint = polygon(dice, lat, lng, 0.006, vertices);
    let lower_mm = (dice.next() % 400_000) as i64;
    let altitude = |mm| Some(Altitude { mm, datum: Datum::W84 });
    let band = AltitudeBand::new(altitude(lower_mm), altitude(lower_mm + 60_000)).expect("lower is below upper");
    let start = (dice.next() % (24 * HOUR_NS as u64)) as i64;
    let window = TimeWindow::new(UtcNanos(start), UtcNanos(start + HOUR_NS / 6)).expect("a window");
    Volume4d::new(footprint.into(), band, window)
}

/// A star-shaped polygon around a point, radii between half and whole of `radius_deg`.
fn polygon(dice: &mut Dice, lat: f64, lng: f64, radius_deg: f64, vertices: u64) -> Polygon {
    let points = (0..vertices).map(|vertex| {
        let angle = (vertex as f64 + 0.4 * dice.unit()) / vertices as f64 * std::f64::consts::TAU;
        let radius = radius_deg * (0.5 + 0.5 * dice.unit());
        let e9 = |degrees: f64| (degrees * 1e9) as i64;
        LatLng::new(e9(lat + radius * angle.sin()), e9(lng + 1.4 * radius * angle.cos())).expect("near 44 N 6 E")
    });
    Polygon::new(points.collect()).expect("a star does not cross itself")
}

/// `SplitMix64`: a seed gives the same shapes everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
