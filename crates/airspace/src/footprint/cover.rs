//! Whether one skeleton with its radius covers another, up to 1 cm in favour of "covers".
//!
//! A simple region covers what it holds the outline of. Along each edge of that outline, the stretches beside the
//! region's own edges are covered by nearness; each stretch between them is wholly inside or wholly outside, so one
//! point decides it.

use crate::effort::Effort;
use crate::geodesy::{EQUATORIAL_M, Reach};
use crate::vector::Vec3;

use super::edges::{Edge, MetreBox};
use super::shape::{Kind, Shape};

/// How far a covered footprint may stick out, in metres.
const TOLERANCE_M: f64 = 0.01;
/// Stretches shorter than this between covered ones are covered, in metres.
const STRETCH_M_MIN: f64 = 0.001;

impl Shape {
    pub(super) fn covers(&self, other: &Self) -> bool {
        let effort = &mut Effort::ONE_PAIR.clone();
        let room_m = (self.radius_mm - other.radius_mm) as f64 / 1000.0 + TOLERANCE_M;
        let mut reach = Reach::new(room_m);
        match (self.kind, other.kind) {
            (Kind::Region, Kind::Point) => {
                // The disc has room when no edge is nearer than its radius; a point may be beyond an edge.
                let inside = self.contains(other.edges.first());
                if room_m < 0.0 {
                    inside && !self.near(other, -room_m, effort)
                } else {
                    inside || self.near(other, room_m, effort)
                }
            }
            (Kind::Region, _) if room_m < 0.0 => {
                self.contains(other.edges.first())
                    && !self.outline_meets(other, effort)
                    && !self.near(other, -room_m, effort)
            }
            (Kind::Region, _) => self.holds_outline(other),
            // A disc is convex: what has its corners in it is in it.
            (Kind::Point, _) => {
                let centre = self.edges.first();
                room_m >= 0.0 && other.edges.points().iter().all(|&p| reach.edge(p, centre, centre))
            }
            (Kind::Line, Kind::Point) => {
                let centre = other.edges.first();
                room_m >= 0.0 && self.edges.all().any(|edge| reach.edge(centre, edge.a, edge.b))
            }
            (Kind::Line, _) => false,
        }
    }

    /// Whether each edge of the other skeleton is in this region or within the tolerance of it.
    fn holds_outline(&self, other: &Self) -> bool {
        let (mut beside, mut ended_inside) = (Vec::new(), false);
        for edge in other.edges.all() {
            let frame = Frame::along(&edge);
            beside.clear();
            self.edges.for_each_near(&MetreBox::along(&[edge.a, edge.b]), TOLERANCE_M, &mut |own| {
                beside.extend(frame.stretch_beside(own));
            });
            beside.push((frame.length_m, frame.length_m));
            beside.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut covered_m = 0.0_f64;
            let mut is_inside = ended_inside;
            for &(from_m, to_m) in &beside {
                ended_inside = from_m > covered_m + STRETCH_M_MIN;
                if ended_inside && !is_inside && !self.contains(frame.at(0.5 * (covered_m + from_m))) {
                    return false;
                }
                // Beyond a stretch beside an edge, the side is unknown.
                covered_m = covered_m.max(to_m);
                is_inside = false;
                if covered_m >= frame.length_m {
                    break;
                }
            }
        }
        true
    }
}

/// The gnomonic plane that touches the unit sphere where an edge starts, in metres, the edge along its first axis:
/// in it edges are straight.
struct Frame {
    origin: Vec3,
    ahead: Vec3,
    left: Vec3,
    length_m: f64,
}

impl Frame {
    fn along(edge: &Edge) -> Self {
        let step = edge.b - edge.a;
        let ahead = (step - edge.a * step.dot(edge.a)).unit();
        let frame = Self { origin: edge.a, ahead, left: edge.a.cross(ahead), length_m: 0.0 };
        Self { length_m: frame.place(edge.b).0, ..frame }
    }

    fn place(&self, p: Vec3) -> (f64, f64) {
        let scale = EQUATORIAL_M / p.dot(self.origin);
        (p.dot(self.ahead) * scale, p.dot(self.left) * scale)
    }

    fn at(&self, ahead_m: f64) -> Vec3 {
        (self.origin + self.ahead * (ahead_m / EQUATORIAL_M)).unit()
    }

    /// From where to where the first axis is within the tolerance of an edge: one stretch, since what is near a
    /// straight edge is convex.
    fn stretch_beside(&self, edge: &Edge) -> Option<(f64, f64)> {
        let ((x, y), (to_x, to_y)) = (self.place(edge.a), self.place(edge.b));
        let around_end = |x: f64, y: f64| {
            let half = (TOLERANCE_M * TOLERANCE_M - y * y).sqrt();
            (y.abs() <= TOLERANCE_M).then_some((x - half, x + half))
        };
        let length = (to_x - x).hypot(to_y - y);
        let (east, north) = ((to_x - x) / length, (to_y - y) / length);
        // Along the edge a point of the axis is between its ends; across, within the tolerance.
        let (from_a, to_a) = solved(east, -x * east - y * north, 0.0, length);
        let (from_b, to_b) = solved(north, y * east - x * north, -TOLERANCE_M, TOLERANCE_M);
        let (from, to) = (from_a.max(from_b), to_a.min(to_b));
        let amid = (from <= to).then_some((from, to));
        [around_end(x, y), amid, around_end(to_x, to_y)]
            .into_iter()
            .flatten()
            .reduce(|(from, to), (other_from, other_to)| (from.min(other_from), to.max(other_to)))
    }
}

/// From where to where `slope * x + base` lies between `least` and `most`.
fn solved(slope: f64, base: f64, least: f64, most: f64) -> (f64, f64) {
    if slope == 0.0 {
        let holds = (least..=most).contains(&base);
        return if holds { (f64::NEG_INFINITY, f64::INFINITY) } else { (f64::INFINITY, f64::NEG_INFINITY) };
    }
    let (a, b) = ((least - base) / slope, (most - base) / slope);
    (a.min(b), a.max(b))
}
