//! The extent of a volume in five closed ranges: x, y, z of the unit sphere, altitude and time.
//!
//! Every axis is a monotone image of what it stands for, so volumes that meet have extents that meet. Beyond the
//! ends of an axis everything is one value: unbounded altitudes and times need no case of their own.

use crate::altitude::{Altitude, AltitudeBand, Datum};
use crate::bounds::Bounds;
use crate::geodesy::POLAR_M;
use crate::volume::{Minima, Volume4d, with_tolerance_mm};

const TIME: usize = 4;
/// Units of an axis of the unit sphere: 6 mm on the ground.
const SPHERE_UNITS: f32 = (1_u32 << 30) as f32;
/// One unit of time is `2^32` ns, 4.3 s.
const TIME_SHIFT: u32 = 32;
/// Volumes up to `2^8` units of time (18 minutes) and `2^20` units of space (6 km) are one class; each class above
/// holds those up to four times as large.
const DURATION_BITS_MIN: u32 = 8;
const SIZE_BITS_MIN: u32 = 20;
/// Cells of the curve along an edge of a cube around the earth, as a power of two: 50 m on the ground.
const CURVE_BITS: u32 = 18;

/// A box of x, y, z in `2^-30` of the unit sphere, W84 altitude in mm and time in `2^32` ns. An altitude of another datum
/// is unbounded here, which never misses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(crate) struct Extent {
    min: [i32; 5],
    max: [i32; 5],
}

impl Extent {
    /// Holds nothing and meets nothing.
    pub(crate) const EMPTY: Self = Self { min: [i32::MAX; 5], max: [i32::MIN; 5] };

    pub(crate) fn of(volume: &Volume4d) -> Self {
        Self::around(volume, &volume.footprint.bounds(), 0, 0)
    }

    /// The extent that meets those of all volumes within the minima, tolerance of agreement included.
    pub(crate) fn reach(volume: &Volume4d, minima: &Minima) -> Self {
        let chord = with_tolerance_mm(minima.lateral_mm) as f64 / 1000.0 / POLAR_M;
        let bounds = volume.footprint.bounds().grown(chord);
        Self::around(volume, &bounds, with_tolerance_mm(minima.vertical_mm), minima.time_ns.max(0))
    }

    fn around(volume: &Volume4d, bounds: &Bounds, vertical_mm: i64, time_ns: i64) -> Self {
        let sphere = |v: f32| (v * SPHERE_UNITS) as i32;
        let time = |ns: i64| (ns >> TIME_SHIFT) as i32;
        let (low_mm, high_mm) = w84_mm(volume.band);
        let altitude = |mm: i64| mm.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
        let (start_ns, end_ns) = (volume.window.start().0, volume.window.end().0);
        let [x, y, z] = bounds.min.map(sphere);
        let [to_x, to_y, to_z] = bounds.max.map(sphere);
        let low = altitude(low_mm.saturating_sub(vertical_mm));
        let high = altitude(high_mm.saturating_add(vertical_mm));
        Self {
            min: [x, y, z, low, time(start_ns.saturating_sub(time_ns))],
            max: [to_x, to_y, to_z, high, time(end_ns.saturating_add(time_ns))],
        }
    }

    /// Whether the two share a point; touching counts. Without branches, so that it is vectorised.
    #[inline]
    pub(crate) fn meets(&self, other: &Self) -> bool {
        let apart = |i: usize| u8::from(self.min[i] > other.max[i]) | u8::from(other.min[i] > self.max[i]);
        apart(0) | apart(1) | apart(2) | apart(3) | apart(4) == 0
    }

    /// The smallest extent that holds both.
    #[must_use]
    pub(crate) fn union(self, other: Self) -> Self {
        Self {
            min: std::array::from_fn(|i| self.min[i].min(other.min[i])),
            max: std::array::from_fn(|i| self.max[i].max(other.max[i])),
        }
    }

    /// Whether a union that holds this may shrink without it.
    pub(crate) fn touches_side_of(&self, union: &Self) -> bool {
        (0..5).any(|i| self.min[i] == union.min[i] || self.max[i] == union.max[i])
    }

    /// A byte that equal extents share and others seldom do.
    pub(crate) const fn tag(&self) -> u8 {
        let mixed = self.min[0] ^ self.min[1].rotate_left(11) ^ self.max[2].rotate_left(22) ^ self.min[TIME];
        (mixed.wrapping_mul(0x9e37_79b1_u32 as i32) >> 24) as u8
    }

    /// First time, in units of time.
    pub(crate) const fn start(&self) -> i32 {
        self.min[TIME]
    }

    /// Last time, in units of time.
    pub(crate) const fn end(&self) -> i32 {
        self.max[TIME]
    }

    /// The place of the extent in the one order of the index: by class of duration and of size, so that nothing large
    /// is among small ones; then by start, in steps of twice the greatest duration of the class; then along a curve over the earth.
    pub(crate) fn order(&self) -> u128 {
        let class = |length: u32, least: u32| (u32::BITS - length.leading_zeros()).max(least).div_ceil(2);
        let length = |axis: usize| self.max[axis].abs_diff(self.min[axis]);
        let duration = class(length(TIME), DURATION_BITS_MIN);
        let size = class(length(0).max(length(1)).max(length(2)), SIZE_BITS_MIN);
        let bucket = (i64::from(self.min[TIME]) - i64::from(i32::MIN)) >> (2 * duration + 1);
        let middle = |axis: usize| i64::from(self.min[axis]) + i64::from(self.max[axis]);
        let curve = place_on_curve([middle(0), middle(1), middle(2)]);
        u128::from(duration << 5 | size) << 96 | u128::from(bucket as u64) << 64 | u128::from(curve)
    }
}

/// The ends of a band in W84 millimetres; unbounded when an end is missing or of another datum.
fn w84_mm(band: AltitudeBand) -> (i64, i64) {
    let mm = |limit: Option<Altitude>| limit.filter(|limit| limit.datum == Datum::W84).map(|limit| limit.mm);
    (mm(band.lower()).unwrap_or(i64::MIN), mm(band.upper()).unwrap_or(i64::MAX))
}

/// The place of a direction on a cube around the earth: its face, then along a Hilbert curve over the face.
fn place_on_curve(direction: [i64; 3]) -> u64 {
    let [x, y, z] = direction.map(i64::abs);
    let face = if x >= y && x >= z { 0 } else { 2 - usize::from(y >= z) };
    let main = direction[face];
    let cell = |axis: usize| {
        let slope = direction[axis % 3] as f64 / main.abs().max(1) as f64;
        ((slope + 1.0) * f64::from(1 << (CURVE_BITS - 1))) as u64
    };
    let (mut u, mut v) = (cell(face + 1), cell(face + 2));
    let mut along = (face as u64) << 1 | u64::from(main < 0);
    for bit in (0..CURVE_BITS).rev() {
        let (right, up) = (u >> bit & 1, v >> bit & 1);
        along = along << 2 | (3 * right) ^ up;
        if up == 0 {
            let turn = 0_u64.wrapping_sub(right);
            (u, v) = (v ^ turn, u ^ turn);
        }
    }
    along
}
