//! From recorded tracks to what two sides would have notified: aircraft are dealt to two sides, tracks are cut into
//! flown legs, and each leg becomes 4D corridor pieces that contain the whole flown path.
//! Invariant: at every instant of a leg, the aircraft (straight between fixes) is inside a piece whose window holds that instant.
//! Axes: Earth-centred, Earth-fixed (WGS84), of points put down on the ellipsoid; lengths in mm, angles in 1e-9 degree.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::feeds::recording::{AircraftAddress, AltitudeDatum, Fix, Recording};

/// A party of the demonstration channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// One party.
    Blue,
    /// The other party.
    Red,
}

/// How tracks are cut and how generously their volumes are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LegRules {
    /// A longer time without a fix ends a leg: nobody knows what was flown meanwhile.
    pub gap_ns_max: i64,
    /// Longest leg.
    pub leg_ns_max: i64,
    /// Longest piece; at least `gap_ns_max`.
    pub piece_ns_max: i64,
    /// Most points of a piece, at least 2.
    pub points_max: usize,
    /// A piece is thinned until dropping more points would leave the flown path by more than this (or until `points_max`).
    pub tolerance_mm: i64,
    /// Added to the half width for the accuracy of positions.
    pub lateral_margin_mm: i64,
    /// Added above and below for the accuracy of altitudes.
    pub vertical_margin_mm: i64,
    /// Parked means slower than this, to the fix before and to the fix after ...
    pub parked_speed_max_mm_s: i64,
    /// ... and within this of the height where the parked aircraft of the recording stand ...
    pub parked_height_mm: i64,
    /// ... for at least this time. Slow and high is flight: a glider in strong wind can stand still over the ground.
    pub parked_ns_min: i64,
}

impl Default for LegRules {
    fn default() -> Self {
        Self {
            gap_ns_max: 30_000_000_000,
            leg_ns_max: 600_000_000_000,
            piece_ns_max: 60_000_000_000,
            points_max: 16,
            tolerance_mm: 5_000,
            lateral_margin_mm: 50_000,
            vertical_margin_mm: 30_000,
            parked_speed_max_mm_s: 3_000,
            parked_height_mm: 30_000,
            parked_ns_min: 30_000_000_000,
        }
    }
}

/// One 4D corridor: everything within `half_width_mm` of the line through `points` (geodesics), between two altitudes, in a closed window of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// At least two points, latitude and longitude in 1e-9 degree; neighbours differ.
    pub points: Vec<(i64, i64)>,
    /// Half the width: the lateral margin plus the deviation of the flown path from `points`.
    pub half_width_mm: i64,
    /// Lower limit above `datum`.
    pub lower_mm: i64,
    /// Upper limit above `datum`.
    pub upper_mm: i64,
    /// What the limits are measured from.
    pub datum: AltitudeDatum,
    /// First instant, nanoseconds since the Unix epoch, UTC.
    pub start_ns: i64,
    /// Last instant; the next piece of the leg starts with it.
    pub end_ns: i64,
}

/// One flown leg: what one notice announces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    /// Whose aircraft.
    pub side: Side,
    /// Which aircraft.
    pub aircraft: AircraftAddress,
    /// Its fixes, at least two, as a range of [`Recording::fixes`].
    pub fixes: Range<usize>,
    /// The corridor pieces in order of time, each sharing its last fix with the next.
    pub pieces: Vec<Piece>,
}

/// All legs of a recording, and what is not in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Legs {
    /// Legs sorted by aircraft, then by time.
    pub legs: Vec<Leg>,
    /// The side of each aircraft.
    pub sides: BTreeMap<AircraftAddress, Side>,
    /// Fixes left out because the aircraft was parked.
    pub parked_fixes: usize,
    /// Fixes left out because no other fix is within the gap.
    pub lone_fixes: usize,
    /// Altitude of parked aircraft, if the recording has enough of them to tell.
    pub ground_mm: Option<i64>,
}

/// Deals the aircraft of a recording to two sides and cuts their tracks into legs.
pub fn cut(recording: &Recording, rules: &LegRules) -> Legs {
    let fixes = &recording.fixes;
    let sides = deal(recording);
    let (parked, ground_mm) = parked(fixes, rules);
    let speed_max_mm_s = recording.format.ground_speed_max_mm_s() as f64;
    // Cleaning leaves a jump only where a track starts again; nobody knows what was flown there.
    let is_jump = |a: &Fix, b: &Fix| distance_mm(a, b) > speed_max_mm_s * duration_s(a, b) + 100_000.0;
    let belong_together = |earlier: usize| {
        let (a, b) = (&fixes[earlier], &fixes[earlier + 1]);
        a.aircraft == b.aircraft
            && !parked[earlier]
            && !parked[earlier + 1]
            && a.altitude_datum == b.altitude_datum
            && b.time_ns - a.time_ns <= rules.gap_ns_max
            && !is_jump(a, b)
    };
    let mut cut = Legs { legs: Vec::new(), sides, parked_fixes: 0, lone_fixes: 0, ground_mm };
    cut.parked_fixes = parked.iter().filter(|&&parked| parked).count();
    let mut start = 0;
    while start < fixes.len() {
        let mut end = start;
        while end + 1 < fixes.len() && belong_together(end) {
            end += 1;
        }
        if end > start {
            cut_flight(fixes, start..end + 1, rules, &mut cut);
        } else if !parked[start] {
            cut.lone_fixes += 1;
        }
        start = end + 1;
    }
    cut
}

/// Deals aircraft in order of first appearance to the side that has fewer fixes so far, so that both sides fly about as much.
fn deal(recording: &Recording) -> BTreeMap<AircraftAddress, Side> {
    let mut fixes: BTreeMap<AircraftAddress, usize> = BTreeMap::new();
    for fix in &recording.fixes {
        *fixes.entry(fix.aircraft).or_default() += 1;
    }
    let (mut blue, mut red) = (0, 0);
    let mut sides = BTreeMap::new();
    for seen in &recording.aircraft {
        let (side, load) = if blue <= red { (Side::Blue, &mut blue) } else { (Side::Red, &mut red) };
        *load += fixes.get(&seen.address).copied().unwrap_or(0);
        sides.insert(seen.address, side);
    }
    sides
}

/// Cuts one uninterrupted flight into legs that share their end fixes, so that no part of the path is in none.
fn cut_flight(fixes: &[Fix], flight: Range<usize>, rules: &LegRules, cut: &mut Legs) {
    for leg in chain(fixes, flight, rules.leg_ns_max) {
        let aircraft = fixes[leg.start].aircraft;
        let Some(&side) = cut.sides.get(&aircraft) else { continue };
        let pieces = chain(fixes, leg.clone(), rules.piece_ns_max).map(|range| piece(&fixes[range], rules)).collect();
        cut.legs.push(Leg { side, aircraft, fixes: leg, pieces });
    }
}

/// Cuts a range of at least two fixes into ranges of at least two fixes that share their ends, each as long as `duration_ns_max` allows.
fn chain(fixes: &[Fix], whole: Range<usize>, duration_ns_max: i64) -> impl Iterator<Item = Range<usize>> {
    let last = whole.end - 1;
    let mut start = whole.start;
    std::iter::from_fn(move || {
        if start >= last {
            return None;
        }
        let mut end = start + 1;
        while end < last && fixes[end + 1].time_ns - fixes[start].time_ns <= duration_ns_max {
            end += 1;
        }
        let link = start..end + 1;
        start = end;
        Some(link)
    })
}

/// Which fixes are of parked aircraft, and the altitude at which they stand.
///
/// The height of the ground is the median altitude of all slow fixes: at an airfield, parked aircraft outnumber hovering ones.
/// Fewer than a hundred slow fixes tell nothing; then nobody is parked.
fn parked(fixes: &[Fix], rules: &LegRules) -> (Vec<bool>, Option<i64>) {
    let slow_from = |a: &Fix, b: &Fix| {
        a.aircraft != b.aircraft || distance_mm(a, b) <= rules.parked_speed_max_mm_s as f64 * duration_s(a, b)
    };
    let mut still: Vec<bool> = (0..fixes.len())
        .map(|at| {
            let before = at.checked_sub(1).is_none_or(|before| slow_from(&fixes[before], &fixes[at]));
            before && fixes.get(at + 1).is_none_or(|after| slow_from(&fixes[at], after))
        })
        .collect();
    let mut altitudes: Vec<i64> =
        (fixes.iter().zip(&still)).filter(|(_, still)| **still).map(|(fix, _)| fix.altitude_mm).collect();
    if altitudes.len() < 100 {
        return (vec![false; fixes.len()], None);
    }
    altitudes.sort_unstable();
    let ground_mm = altitudes[altitudes.len() / 2];
    for (fix, still) in fixes.iter().zip(&mut still) {
        *still &= (fix.altitude_mm - ground_mm).abs() <= rules.parked_height_mm;
    }
    let mut start = 0;
    while start < fixes.len() {
        let run =
            (start..fixes.len()).take_while(|&at| still[at] && fixes[at].aircraft == fixes[start].aircraft).count();
        let end = start + run.max(1);
        if fixes[end - 1].time_ns - fixes[start].time_ns < rules.parked_ns_min {
            still[start..end].fill(false);
        }
        start = end;
    }
    (still, Some(ground_mm))
}

/// The corridor around consecutive fixes (at least two).
fn piece(fixes: &[Fix], rules: &LegRules) -> Piece {
    let path: Vec<[f64; 3]> = fixes.iter().map(|fix| on_ellipsoid_mm(fix.lat_e9, fix.lng_e9)).collect();
    let (kept, deviation_mm) = thin(&path, rules.points_max, rules.tolerance_mm as f64);
    let mut points: Vec<(i64, i64)> = kept.iter().map(|&at| (fixes[at].lat_e9, fixes[at].lng_e9)).collect();
    points.dedup();
    if let [(lat_e9, lng_e9)] = points[..] {
        // An aircraft that did not move: a line needs two points, so the volume grows by a metre towards the equator.
        points.push((if lat_e9 > 0 { lat_e9 - 9_000 } else { lat_e9 + 9_000 }, lng_e9));
    }
    let altitudes = || fixes.iter().map(|fix| fix.altitude_mm);
    Piece {
        points,
        half_width_mm: rules.lateral_margin_mm + deviation_mm.ceil() as i64,
        lower_mm: altitudes().min().unwrap_or(0) - rules.vertical_margin_mm,
        upper_mm: altitudes().max().unwrap_or(0) + rules.vertical_margin_mm,
        datum: fixes[0].altitude_datum,
        start_ns: fixes[0].time_ns,
        end_ns: fixes[fixes.len() - 1].time_ns,
    }
}

/// The points of a path to keep, and the greatest distance of the path from the line through them.
///
/// As Douglas and Peucker do, but always the worst place first, so that a bound on the number of points gives the best
/// line it can. The path between two dropped points is straight, and distance to a straight edge is convex along it, so
/// the greatest deviation is at a point. Distances are taken to chords in space and so include the depth of the chord
/// under the ellipsoid: they only ever err to the wide side.
fn thin(path: &[[f64; 3]], points_max: usize, tolerance_mm: f64) -> (Vec<usize>, f64) {
    let worst = |from: usize, to: usize| {
        (from + 1..to)
            .map(|at| (distance_to_chord_mm(path[at], path[from], path[to]), at))
            .fold((0.0, from), |worst, candidate| if candidate.0 > worst.0 { candidate } else { worst })
    };
    let mut kept = vec![0, path.len() - 1];
    loop {
        let (deviation, at) = kept
            .windows(2)
            .map(|edge| worst(edge[0], edge[1]))
            .fold((0.0, 0), |worst, candidate| if candidate.0 > worst.0 { candidate } else { worst });
        if deviation <= tolerance_mm || kept.len() >= points_max {
            return (kept, deviation);
        }
        let place = kept.partition_point(|&keep| keep < at);
        kept.insert(place, at);
    }
}

fn distance_to_chord_mm(point: [f64; 3], from: [f64; 3], to: [f64; 3]) -> f64 {
    let along = minus(to, from);
    let offset = minus(point, from);
    let length_squared = dot(along, along);
    let share = if length_squared > 0.0 { (dot(offset, along) / length_squared).clamp(0.0, 1.0) } else { 0.0 };
    let miss: [f64; 3] = std::array::from_fn(|axis| offset[axis] - share * along[axis]);
    dot(miss, miss).sqrt()
}

fn distance_mm(a: &Fix, b: &Fix) -> f64 {
    let way = minus(on_ellipsoid_mm(b.lat_e9, b.lng_e9), on_ellipsoid_mm(a.lat_e9, a.lng_e9));
    dot(way, way).sqrt()
}

fn duration_s(a: &Fix, b: &Fix) -> f64 {
    (b.time_ns - a.time_ns) as f64 / 1e9
}

/// Earth-centred, Earth-fixed position of a point on the WGS84 ellipsoid (NGA.STND.0036, 4.2), mm.
fn on_ellipsoid_mm(lat_e9: i64, lng_e9: i64) -> [f64; 3] {
    const SEMI_MAJOR_MM: f64 = 6_378_137_000.0;
    const FLATTENING: f64 = 1.0 / 298.257_223_563;
    const ECCENTRICITY_SQUARED: f64 = FLATTENING * (2.0 - FLATTENING);
    let (sin_lat, cos_lat) = (lat_e9 as f64 / 1e9).to_radians().sin_cos();
    let (sin_lng, cos_lng) = (lng_e9 as f64 / 1e9).to_radians().sin_cos();
    let normal = SEMI_MAJOR_MM / (1.0 - ECCENTRICITY_SQUARED * sin_lat * sin_lat).sqrt();
    [normal * cos_lat * cos_lng, normal * cos_lat * sin_lng, normal * (1.0 - ECCENTRICITY_SQUARED) * sin_lat]
}

fn minus(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|axis| a[axis] - b[axis])
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}
