//! The skeleton of a footprint with its radius, and the predicates on a pair of them.

use crate::bounds::Bounds;
use crate::geodesy::{self, POLAR_M, Reach};
use crate::units::LatLng;
use crate::vector::{Vec3, arcs_meet, side};

use super::GeometryError;

/// Greatest angle between the middle of a footprint and any of its vertices: 60 degrees. Within it, inside and outside
/// and the way between two vertices are certain.
const CAP_COSINE_MIN: f64 = 0.5;
const CAP_KM: u32 = 6_600;
/// Most pieces that the edges of one footprint are cut into.
const PIECES_MAX: usize = 20_000;
const LENGTH_KM: u32 = 100_000;

/// A region, a line or a point, with everything within `radius_mm` of it.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    kind: Kind,
    start: Vec3,
    edges: Box<[Edge]>,
    /// A point in the middle; the inside of a region is the side of its edges without the antipode of this.
    middle: Vec3,
    radius_mm: i64,
    bounds: Bounds,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Region,
    Line,
    Point,
}

/// A piece of an edge, at most 10 km long, from direction `a` to direction `b`.
#[derive(Clone, Copy, Debug)]
struct Edge {
    a: Vec3,
    b: Vec3,
    /// `a x b` in f64.
    normal: Vec3,
}

impl Shape {
    pub(super) fn point(at: LatLng, radius_mm: i64) -> Self {
        let start = geodesy::direction(at);
        Self::of(Kind::Point, start, Box::default(), start, radius_mm)
    }

    pub(super) fn line(points: &[LatLng], radius_mm: i64) -> Result<Self, GeometryError> {
        let middle = middle(points)?;
        let edges = cut(points, false)?;
        let kind = if edges.is_empty() { Kind::Point } else { Kind::Line };
        Ok(Self::of(kind, geodesy::direction(points[0]), edges, middle, radius_mm))
    }

    pub(super) fn region(vertices: &[LatLng]) -> Result<Self, GeometryError> {
        let middle = middle(vertices)?;
        let edges = cut(vertices, true)?;
        Ok(Self::of(Kind::Region, geodesy::direction(vertices[0]), edges, middle, 0))
    }

    fn of(kind: Kind, start: Vec3, edges: Box<[Edge]>, middle: Vec3, radius_mm: i64) -> Self {
        let mut shape = Self { kind, start, edges, middle, radius_mm, bounds: Bounds::of(start) };
        let mut bounds = shape.bounds;
        for edge in &shape.edges {
            // The arc bulges out of the chord by an eighth of the chord squared.
            let bulge = 0.126 * (edge.b - edge.a).norm_squared();
            bounds = bounds.union(&Bounds::of(edge.a).union(&Bounds::of(edge.b)).grown(bulge));
        }
        // A coordinate is greatest on the boundary of a region, unless its axis pierces the inside.
        for (x, y, z) in [(1., 0., 0.), (-1., 0., 0.), (0., 1., 0.), (0., -1., 0.), (0., 0., 1.), (0., 0., -1.)] {
            let axis = Vec3::new(x, y, z);
            if shape.contains(axis) {
                bounds = bounds.union(&Bounds::of(axis));
            }
        }
        shape.bounds = bounds.grown(radius_mm as f64 / 1000.0 / POLAR_M);
        shape
    }

    pub(super) fn bounds(&self) -> Bounds {
        self.bounds
    }

    pub(super) fn within(&self, other: &Self, lateral_mm: i64) -> bool {
        let lateral_m = lateral_mm as f64 / 1000.0;
        if !self.bounds.grown(lateral_m / POLAR_M).meets(&other.bounds) {
            return false;
        }
        let limit_mm = self.radius_mm + other.radius_mm;
        let limit_m = limit_mm.saturating_add(lateral_mm) as f64 / 1000.0;
        self.meets(other) || (limit_m > 0.0 && self.near(other, limit_m))
    }

    /// Whether the skeletons share a point.
    fn meets(&self, other: &Self) -> bool {
        let crossing =
            self.edges.iter().any(|e| other.edges.iter().any(|f| arcs_meet(e.a, e.b, e.normal, f.a, f.b, f.normal)));
        crossing || self.contains(other.start) || other.contains(self.start)
    }

    /// Whether the skeletons, which share no point, are within the limit.
    fn near(&self, other: &Self, limit_m: f64) -> bool {
        let mut reach = Reach::new(limit_m);
        let mut one_way = |points: &Self, edges: &Self| {
            points.vertices().any(|p| {
                if edges.edges.is_empty() {
                    reach.edge(p, edges.start, edges.start)
                } else {
                    edges.edges.iter().any(|e| reach.edge(p, e.a, e.b))
                }
            })
        };
        one_way(self, other) || one_way(other, self)
    }

    fn vertices(&self) -> impl Iterator<Item = Vec3> {
        std::iter::once(self.start).chain(self.edges.iter().map(|e| e.b))
    }

    /// Whether the skeleton holds the point: equal to it, on it, or inside.
    fn contains(&self, p: Vec3) -> bool {
        match self.kind {
            Kind::Point => p == self.start,
            Kind::Line => self.edges.iter().any(|e| e.holds(p)),
            Kind::Region => self.region_contains(p),
        }
    }

    /// Counts the edges that the great circle from the middle through `p` crosses beyond `p`. Each vertex is on one
    /// definite side of that circle, so the count is exact; a zero at a crossed edge means `p` is on it.
    fn region_contains(&self, p: Vec3) -> bool {
        if p.dot(self.middle) <= CAP_COSINE_MIN / 2.0 {
            return false;
        }
        let middle = if p == self.middle { self.start } else { self.middle };
        if p == middle {
            return true;
        }
        let ray = middle.cross(p);
        let left = |v: Vec3| side(ray, middle, p, v) > 0;
        let mut inside = false;
        let mut from_left = left(self.start);
        for edge in &self.edges {
            let to_left = left(edge.b);
            if from_left != to_left {
                match side(edge.normal, edge.a, edge.b, p) {
                    0 => return true,
                    1 => inside ^= to_left,
                    _ => inside ^= from_left,
                }
            }
            from_left = to_left;
        }
        inside || self.edges.iter().any(|e| e.holds(p))
    }
}

impl Edge {
    fn holds(&self, p: Vec3) -> bool {
        (self.a - p).dot(self.b - p) <= 0.0 && side(self.normal, self.a, self.b, p) == 0
    }
}

/// The middle of the vertices' box, as a direction that all of them are within 60 degrees of.
fn middle(points: &[LatLng]) -> Result<Vec3, GeometryError> {
    let sum = points.iter().fold(Vec3::new(0.0, 0.0, 0.0), |sum, &p| sum + geodesy::direction(p));
    let middle = if sum.norm_squared() > 0.0 { sum.unit() } else { Vec3::new(0.0, 0.0, 1.0) };
    match points.iter().position(|&p| geodesy::direction(p).dot(middle) < CAP_COSINE_MIN) {
        None => Ok(middle),
        Some(vertex) => Err(GeometryError::TooWide { vertex, most_km: CAP_KM }),
    }
}

/// The edges through the points, cut along their geodesics; repeated points make no edge.
fn cut(points: &[LatLng], closed: bool) -> Result<Box<[Edge]>, GeometryError> {
    let mut edges = Vec::with_capacity(points.len());
    let last = if closed { points.len() } else { points.len() - 1 };
    for i in 0..last {
        let (from, to) = (points[i], points[(i + 1) % points.len()]);
        let pieces = geodesy::pieces(from, to);
        if edges.len() + pieces.count > PIECES_MAX {
            return Err(GeometryError::TooLong { edge: i, most_km: LENGTH_KM });
        }
        let mut a = geodesy::direction(from);
        for b in pieces.between().chain(std::iter::once(geodesy::direction(to))) {
            if a != b {
                edges.push(Edge { a, b, normal: a.cross(b) });
            }
            a = b;
        }
    }
    Ok(edges.into())
}
