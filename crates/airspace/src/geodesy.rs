//! WGS84: directions of vertices, geodesic subdivision of edges, and distances over the ground in metres.
//!
//! A vertex is the ECEF direction (unit vector) of its point on the ellipsoid. The edge between two directions lies
//! in the plane through the centre of the earth (great ellipse); it leaves the geodesic by less than 6 mm because
//! edges over 10 km are cut along the geodesic first. Distances are bounded by the chord through the earth, which
//! decides within 0.1 mm up to 15 km and is decided by the geodesic itself beyond; the conservative side is "near".

use std::f64::consts::PI;
use std::sync::LazyLock;

use geographiclib_rs::{DirectGeodesic, Geodesic, InverseGeodesic};

use crate::units::{DEGREE_E9, LatLng};
use crate::vector::Vec3;

/// Equatorial radius of WGS84 in metres.
pub(crate) const EQUATORIAL_M: f64 = 6_378_137.0;
/// Flattening of WGS84.
pub(crate) const FLATTENING: f64 = 1.0 / 298.257_223_563;
/// Polar radius of WGS84 in metres. No path on the ellipsoid is shorter than this times the angle it covers,
/// seen from the centre, so it turns metres into chords of the unit sphere conservatively.
pub(crate) const POLAR_M: f64 = EQUATORIAL_M * (1.0 - FLATTENING);
/// Longest edge that is taken as one great ellipse, in metres.
pub(crate) const EDGE_M_MAX: f64 = 10_000.0;

const POLAR_OVER_EQUATORIAL_SQUARED: f64 = (1.0 - FLATTENING) * (1.0 - FLATTENING);
/// Least and greatest radius of curvature of the ellipsoid, in metres: every geodesic bends between these.
pub(crate) const CURVATURE_M: (f64, f64) = (POLAR_M * (1.0 - FLATTENING), EQUATORIAL_M / (1.0 - FLATTENING));
/// Chords up to this are bounded by curvature, longer ones by the angle at the centre. Metres.
const CURVED_CHORD_M_MAX: f64 = 1_000_000.0;
/// How far below the unit sphere a chord of [`EDGE_M_MAX`] runs, at most.
const SAGITTA: f64 = 4e-7;
/// Bounds this close together decide on the conservative side without the geodesic. Metres.
const DECIDED_M: f64 = 1e-4;

/// Geodesics on the ellipsoid.
pub(crate) static WGS84: LazyLock<Geodesic> = LazyLock::new(Geodesic::wgs84);

/// The ECEF direction of a point on the ellipsoid. Poles and both names of the antimeridian give equal bits.
pub(crate) fn direction(at: LatLng) -> Vec3 {
    let (sin_lat, cos_lat) = sin_cos_e9(at.lat_e9());
    let (sin_lng, cos_lng) = sin_cos_e9(at.lng_e9());
    Vec3::new(cos_lat * cos_lng, cos_lat * sin_lng, POLAR_OVER_EQUATORIAL_SQUARED * sin_lat).unit()
}

/// Sine and cosine of an angle in 1e-9 degree, exact at multiples of 90 degrees; never negative zero.
fn sin_cos_e9(angle_e9: i64) -> (f64, f64) {
    let quarter = 90 * DEGREE_E9;
    let turns = (angle_e9 + quarter / 2).div_euclid(quarter);
    let (sin, cos) = ((angle_e9 - turns * quarter) as f64 * (PI / 180.0 / DEGREE_E9 as f64)).sin_cos();
    let (sin, cos) = match turns.rem_euclid(4) {
        0 => (sin, cos),
        1 => (cos, -sin),
        2 => (-sin, -cos),
        _ => (-cos, sin),
    };
    (sin + 0.0, cos + 0.0)
}

/// The ECEF point in metres where a direction (of any length) leaves the ellipsoid.
pub(crate) fn surface(direction: Vec3) -> Vec3 {
    let equatorial = direction.x * direction.x + direction.y * direction.y;
    let stretched = equatorial + direction.z * direction.z * (1.0 / POLAR_OVER_EQUATORIAL_SQUARED);
    direction * (EQUATORIAL_M / stretched.sqrt())
}

/// Geodetic latitude and longitude in degrees of a direction of any length.
fn lat_lng_deg(direction: Vec3) -> (f64, f64) {
    let lat = direction.z.atan2(POLAR_OVER_EQUATORIAL_SQUARED * direction.x.hypot(direction.y));
    (lat.to_degrees(), direction.y.atan2(direction.x).to_degrees())
}

/// The number of pieces of at most [`EDGE_M_MAX`] for the geodesic from one point to another, each given with its direction, and what it
/// takes to cut it.
pub(crate) fn pieces((from, first): (LatLng, Vec3), (to, last): (LatLng, Vec3)) -> Pieces {
    if (last - first).norm_squared() * EQUATORIAL_M * EQUATORIAL_M < (0.999 * EDGE_M_MAX).powi(2) {
        return Pieces { from, azimuth_deg: 0.0, length_m: 0.0, count: 1, reversed: false };
    }
    // Both ways along one edge must give the same points, so it is always cut from the same end.
    let reversed = to < from;
    let (from, to) = if reversed { (to, from) } else { (from, to) };
    let (length_m, azimuth_deg, _, _): (f64, f64, f64, f64) =
        WGS84.inverse(from.lat_deg(), from.lng_deg(), to.lat_deg(), to.lng_deg());
    Pieces { from, azimuth_deg, length_m, count: (length_m / EDGE_M_MAX).ceil().max(1.0) as usize, reversed }
}

/// How an edge is cut along its geodesic.
pub(crate) struct Pieces {
    from: LatLng,
    azimuth_deg: f64,
    length_m: f64,
    reversed: bool,
    /// Pieces, at least one.
    pub(crate) count: usize,
}

impl Pieces {
    /// The directions between the ends of the edge, without the ends, in the order of the edge.
    pub(crate) fn between(&self) -> impl Iterator<Item = Vec3> {
        (1..self.count).map(|i| {
            let step = if self.reversed { self.count - i } else { i };
            let along_m = self.length_m * step as f64 / self.count as f64;
            let (lat, lng): (f64, f64) =
                WGS84.direct(self.from.lat_deg(), self.from.lng_deg(), self.azimuth_deg, along_m);
            direction_of_degrees(lat, lng)
        })
    }
}

fn direction_of_degrees(lat_deg: f64, lng_deg: f64) -> Vec3 {
    let ((sin_lat, cos_lat), (sin_lng, cos_lng)) = (lat_deg.to_radians().sin_cos(), lng_deg.to_radians().sin_cos());
    Vec3::new(cos_lat * cos_lng, cos_lat * sin_lng, POLAR_OVER_EQUATORIAL_SQUARED * sin_lat).unit()
}

/// Decides whether points and edges are within one distance of each other, with bounded work.
pub(crate) struct Reach {
    limit_m: f64,
    exact_left: u32,
}

impl Reach {
    /// Pairs so near the limit that the geodesic must decide, per predicate; past them the answer is "near",
    /// which is wrong by at most the width of the bounds (2 cm at 100 km).
    const EXACT_MAX: u32 = 64;

    pub(crate) fn new(limit_m: f64) -> Self {
        Self { limit_m, exact_left: Self::EXACT_MAX }
    }

    /// How many were decided by the geodesic.
    pub(crate) fn geodesics(&self) -> usize {
        (Self::EXACT_MAX - self.exact_left) as usize
    }

    /// Whether direction `p` is within the limit of the arc from `a` to `b` (equal for a single point).
    pub(crate) fn edge(&mut self, p: Vec3, a: Vec3, b: Vec3) -> bool {
        let foot = nearest(p, a, b);
        // The surface is nowhere nearer to the centre than a pole, which decides most pairs without leaving the sphere.
        if (p - foot).norm_squared() > (self.limit_m / POLAR_M + SAGITTA).powi(2) {
            return false;
        }
        let chord_squared = (surface(p) - surface(foot)).norm_squared();
        // No path over the ground is shorter than the chord; the slack is the foot's (see `bounds_m`).
        if chord_squared > self.limit_m * self.limit_m * 1.001 + DECIDED_M {
            return false;
        }
        let (least, most) = bounds_m(p, foot, chord_squared.sqrt());
        if most <= self.limit_m || least > self.limit_m {
            return most <= self.limit_m;
        }
        if most - least <= DECIDED_M || self.exact_left == 0 {
            return true;
        }
        self.exact_left -= 1;
        geodesic_m(p, a, b) <= self.limit_m
    }
}

/// The point of the arc `ab` nearest to `p` on the unit sphere, as a point of the chord (length just below one).
/// Written in differences, so that it keeps its precision for edges of millimetres.
fn nearest(p: Vec3, a: Vec3, b: Vec3) -> Vec3 {
    let (edge, off) = (b - a, p - a);
    let half = 0.5 * edge.norm_squared();
    let (along, off_squared) = (off.dot(edge), off.norm_squared());
    // p = alpha a + beta b + normal part; the foot is beyond an end when its weight is not positive.
    let beta = along - 0.5 * half * off_squared;
    let alpha = 2.0 * half - along - half * (0.5 * off_squared - along + half);
    if beta <= 0.0 {
        a
    } else if alpha <= 0.0 {
        b
    } else {
        a + edge * (beta / (alpha + beta))
    }
}

/// Bounds of the geodesic distance in metres between `p` and an arc whose nearest point on the sphere is `foot`.
fn bounds_m(p: Vec3, foot: Vec3, chord_m: f64) -> (f64, f64) {
    if chord_m > CURVED_CHORD_M_MAX {
        let angle = 2.0 * (0.5 * (p - foot.unit()).norm_squared().sqrt()).min(1.0).asin();
        return (POLAR_M * angle, EQUATORIAL_M * angle);
    }
    let arc = |radius: f64| 2.0 * radius * (0.5 * chord_m / radius).asin();
    // The sphere's foot is not quite the ellipsoid's: right angles differ by under 6e-6 and geodesics leave
    // great circles with a curvature of under f / R, and the distance is off by the square of that angle.
    let angle = 6e-6 + FLATTENING * chord_m / (2.0 * POLAR_M);
    let slack_m = chord_m * (angle * angle + 1e-10) + 1e-8;
    (arc(CURVATURE_M.1) - slack_m, arc(CURVATURE_M.0) + 1e-8)
}

/// Geodesic distance in metres from `p` to the arc `ab`, by golden section along the arc.
fn geodesic_m(p: Vec3, a: Vec3, b: Vec3) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let (lat, lng) = lat_lng_deg(p);
    let distance_m = |t: f64| -> f64 {
        let (foot_lat, foot_lng) = lat_lng_deg(a + (b - a) * t);
        WGS84.inverse(lat, lng, foot_lat, foot_lng)
    };
    let (mut low, mut high) = (0.0, 1.0);
    let (mut t1, mut t2) = (1.0 - GOLDEN, GOLDEN);
    let (mut d1, mut d2) = (distance_m(t1), distance_m(t2));
    // 10 km shrinks to 0.1 mm.
    for _ in 0..38 {
        if a == b {
            break;
        }
        if d1 <= d2 {
            (high, t2, d2) = (t2, t1, d1);
            t1 = high - GOLDEN * (high - low);
            d1 = distance_m(t1);
        } else {
            (low, t1, d1) = (t1, t2, d2);
            t2 = low + GOLDEN * (high - low);
            d2 = distance_m(t2);
        }
    }
    d1.min(d2).min(distance_m(0.0)).min(distance_m(1.0))
}
