//! Axis-aligned boxes of unit-sphere x, y, z in f32, rounded outward: no special cases at poles or antimeridian.

use crate::vector::Vec3;

/// A box in the frame of the unit sphere (axes of ECEF: x to 0N 0E, y to 0N 90E, z to the north pole; no unit).
/// It holds every unit ECEF direction of the footprint, in f32 rounded outward.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Bounds {
    /// Least x, y, z.
    pub min: [f32; 3],
    /// Greatest x, y, z.
    pub max: [f32; 3],
}

impl Bounds {
    /// The box that holds nothing and meets nothing.
    pub const EMPTY: Self = Self { min: [f32::INFINITY; 3], max: [f32::NEG_INFINITY; 3] };

    /// Whether the boxes share a point; touching counts.
    pub fn meets(&self, other: &Self) -> bool {
        (0..3).all(|i| self.min[i] <= other.max[i] && other.min[i] <= self.max[i])
    }

    /// The box grown by a chord of the unit sphere on every side, rounded outward.
    #[must_use]
    pub fn grown(&self, chord: f64) -> Self {
        Self { min: self.min.map(|v| down(f64::from(v) - chord)), max: self.max.map(|v| up(f64::from(v) + chord)) }
    }

    /// The smallest box that holds both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self {
            min: std::array::from_fn(|i| self.min[i].min(other.min[i])),
            max: std::array::from_fn(|i| self.max[i].max(other.max[i])),
        }
    }

    /// The box of one point.
    pub(crate) fn of(point: Vec3) -> Self {
        Self { min: [down(point.x), down(point.y), down(point.z)], max: [up(point.x), up(point.y), up(point.z)] }
    }
}

/// The greatest f32 that is not above `value`.
fn down(value: f64) -> f32 {
    let near = value as f32;
    if f64::from(near) > value { near.next_down() } else { near }
}

/// The least f32 that is not below `value`.
fn up(value: f64) -> f32 {
    let near = value as f32;
    if f64::from(near) < value { near.next_up() } else { near }
}
