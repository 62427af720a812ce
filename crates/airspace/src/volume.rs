//! A volume is a footprint, a band of altitudes and a window of time; a conflict is all three meeting at once,
//! volume by volume. Everything is closed: touching counts.
//!
//! This is the one place where the channel's rule of agreement is applied (see [`AGREEMENT_TOLERANCE_MM`]).

use crate::altitude::{AltitudeBand, AltitudeMargins};
use crate::effort::Effort;
use crate::extent::Extent;
use crate::footprint::Footprint;
use crate::time::TimeWindow;

/// Pairs within this of a lateral or vertical minimum (zero included) count as conflict, so that two implementations
/// whose floating point differs still find the same conflicts. Millimetres.
pub const AGREEMENT_TOLERANCE_MM: i64 = 1_000;

/// A piece of airspace for a time: what ASTM F3548 calls a `Volume4D`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Volume4d {
    /// Where on the ground.
    pub footprint: Footprint,
    /// From which altitude to which.
    pub band: AltitudeBand,
    /// From when to when.
    pub window: TimeWindow,
}

impl Volume4d {
    /// The volume of these three, each already checked.
    pub const fn new(footprint: Footprint, band: AltitudeBand, window: TimeWindow) -> Self {
        Self { footprint, band, window }
    }
}

/// Separation minima: volumes nearer than this, or exactly so, conflict. A negative minimum counts as zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Minima {
    /// Lateral distance over the ground, in millimetres.
    pub lateral_mm: i64,
    /// Vertical distance, in millimetres.
    pub vertical_mm: i64,
    /// Time between the windows, in nanoseconds.
    pub time_ns: i64,
}

/// How two conflicting volumes meet. The same whichever volume comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Overlap {
    /// When both are in effect; if only the time minimum joins them, the gap between them.
    pub window: TimeWindow,
    /// The least vertical distance in millimetres after the margins; zero when the bands overlap or may do so.
    pub vertical_gap_mm: i64,
    /// The altitudes both claim; `None` when the bands are apart or when their datums differ.
    pub vertical_overlap: Option<AltitudeBand>,
}

/// Whether two volumes come within the minima of each other, and how.
pub fn conflict(a: &Volume4d, b: &Volume4d, minima: &Minima, margins: &AltitudeMargins) -> Option<Overlap> {
    if a.window.gap_ns(b.window) > minima.time_ns.max(0) {
        return None;
    }
    let vertical_gap_mm = a.band.gap_mm(b.band, margins);
    if vertical_gap_mm > with_tolerance_mm(minima.vertical_mm) {
        return None;
    }
    a.footprint.within(&b.footprint, with_tolerance_mm(minima.lateral_mm)).then(|| Overlap {
        window: a.window.meet(b.window),
        vertical_gap_mm,
        vertical_overlap: a.band.meet(b.band),
    })
}

/// Whether two volumes share a point, exactly as given: no minima and no tolerance of agreement. Bands of different
/// datums are never taken as apart.
pub fn meet(a: &Volume4d, b: &Volume4d) -> bool {
    meet_within(&mut Effort::ONE_PAIR.clone(), a, b)
}

/// The same with what is left of an effort that many pairs share.
pub fn meet_within(effort: &mut Effort, a: &Volume4d, b: &Volume4d) -> bool {
    const UNKNOWN: AltitudeMargins = AltitudeMargins { pressure_mm: i64::MAX, geoid_mm: i64::MAX };
    effort.spend(1);
    a.window.gap_ns(b.window) == 0
        && a.band.gap_mm(b.band, &UNKNOWN) == 0
        && a.footprint.intersects_within(effort, &b.footprint)
}

/// A minimum with the tolerance of the rule of agreement, in millimetres.
pub(crate) fn with_tolerance_mm(minimum_mm: i64) -> i64 {
    minimum_mm.max(0).saturating_add(AGREEMENT_TOLERANCE_MM)
}

/// A pair of volumes in conflict, by their places in the two lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VolumeConflict {
    /// Place in the first list.
    pub a: usize,
    /// Place in the second list.
    pub b: usize,
    /// How they meet.
    pub overlap: Overlap,
}

/// All conflicts between two lists of volumes, in the order of the first list, then of the second.
pub fn conflicts(a: &[Volume4d], b: &[Volume4d], minima: &Minima, margins: &AltitudeMargins) -> Vec<VolumeConflict> {
    let pairs = candidate_pairs(a, b, minima).into_iter();
    pairs
        .filter_map(|(i, j)| {
            conflict(&a[i], &b[j], minima, margins).map(|overlap| VolumeConflict { a: i, b: j, overlap })
        })
        .collect()
}

/// Pairs of places whose volumes may be within the minima, in order: the two lists are swept by start of time, then
/// extents decide.
fn candidate_pairs(a: &[Volume4d], b: &[Volume4d], minima: &Minima) -> Vec<(usize, usize)> {
    let mut others: Vec<(Extent, usize)> = b.iter().map(Extent::of).zip(0..).collect();
    others.sort_by_key(|(extent, place)| (extent.start(), *place));
    let mut pairs = Vec::new();
    for (i, volume) in a.iter().enumerate() {
        let reach = Extent::reach(volume, minima);
        let started = others.partition_point(|(other, _)| other.start() <= reach.end());
        let meeting = others[..started].iter().filter(|(other, _)| reach.meets(other));
        pairs.extend(meeting.map(|&(_, j)| (i, j)));
    }
    pairs.sort_unstable();
    pairs
}
