//! Vectors of three f64, in the axes of ECEF, and the exact sign of their triple product.

use std::ops::{Add, Mul, Neg, Sub};

use robust::Coord3D;

/// Unit directions (no unit) or ECEF points (metres); the place of use says which.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Vec3 {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) z: f64,
}

impl Vec3 {
    pub(crate) const fn new(x: f64, y: f64, z: f64) -> Self {
        Self { x, y, z }
    }

    pub(crate) const ZERO: Self = Self::new(0.0, 0.0, 0.0);

    /// Least of each axis.
    pub(crate) fn min(self, other: Self) -> Self {
        Self::new(self.x.min(other.x), self.y.min(other.y), self.z.min(other.z))
    }

    /// Greatest of each axis.
    pub(crate) fn max(self, other: Self) -> Self {
        Self::new(self.x.max(other.x), self.y.max(other.y), self.z.max(other.z))
    }

    pub(crate) fn dot(self, other: Self) -> f64 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }

    pub(crate) fn cross(self, other: Self) -> Self {
        Self::new(
            self.y * other.z - self.z * other.y,
            self.z * other.x - self.x * other.z,
            self.x * other.y - self.y * other.x,
        )
    }

    pub(crate) fn norm_squared(self) -> f64 {
        self.dot(self)
    }

    pub(crate) fn unit(self) -> Self {
        self * (1.0 / self.norm_squared().sqrt())
    }
}

impl Add for Vec3 {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::new(self.x + other.x, self.y + other.y, self.z + other.z)
    }
}

impl Sub for Vec3 {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::new(self.x - other.x, self.y - other.y, self.z - other.z)
    }
}

impl Mul<f64> for Vec3 {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        Self::new(self.x * factor, self.y * factor, self.z * factor)
    }
}

impl Neg for Vec3 {
    type Output = Self;
    fn neg(self) -> Self {
        Self::new(-self.x, -self.y, -self.z)
    }
}

/// Greatest error of `(a x b) . c` in f64 for directions of length one, with a factor of two to spare.
/// Each product carries at most three roundings and all magnitudes are at most one.
const TRIPLE_ERROR_MAX: f64 = 4e-15;

/// Sign of `(a x b) . c`, exact: 1 when c is to the left of the way from a to b, -1 to the right, 0 on the great circle.
/// `normal` is `a.cross(b)` in f64, which callers with many `c` compute once.
#[inline]
pub(crate) fn side(normal: Vec3, a: Vec3, b: Vec3, c: Vec3) -> i8 {
    let det = normal.dot(c);
    if det > TRIPLE_ERROR_MAX {
        1
    } else if det < -TRIPLE_ERROR_MAX {
        -1
    } else {
        exact_side(a, b, c)
    }
}

#[cold]
fn exact_side(a: Vec3, b: Vec3, c: Vec3) -> i8 {
    let coord = |v: Vec3| Coord3D { x: v.x, y: v.y, z: v.z };
    let det = robust::orient3d(coord(a), coord(b), coord(c), Coord3D { x: 0.0, y: 0.0, z: 0.0 });
    if det > 0.0 {
        1
    } else if det < 0.0 {
        -1
    } else {
        0
    }
}

/// Whether the arcs `ab` and `cd` share a point, ends included. Arcs are shorter than a quarter of a circle
/// and have some length.
pub(crate) fn arcs_meet(a: Vec3, b: Vec3, ab: Vec3, c: Vec3, d: Vec3, cd: Vec3) -> bool {
    let (side_c, side_d) = (side(ab, a, b, c), side(ab, a, b, d));
    if side_c * side_d > 0 {
        return false;
    }
    let (side_a, side_b) = (side(cd, c, d, a), side(cd, c, d, b));
    if side_a * side_b > 0 || a.dot(c) <= 0.0 {
        return false;
    }
    if side_a == 0 && side_b == 0 && side_c == 0 && side_d == 0 {
        // All four on one great circle: a point lies on an arc when it sees the ends of the arc at an obtuse angle.
        let on = |p: Vec3, q: Vec3, r: Vec3| (q - p).dot(r - p) <= 0.0;
        return on(c, a, b) || on(d, a, b) || on(a, c, d) || on(b, c, d);
    }
    true
}
