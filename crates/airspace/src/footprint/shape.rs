//! The skeleton of a footprint with its radius, and the predicates on a pair of them.

use crate::bounds::Bounds;
use crate::effort::Effort;
use crate::geodesy::{self, POLAR_M, Reach};
use crate::units::LatLng;
use crate::vector::{Vec3, side};

use super::GeometryError;
use super::edges::{Edges, edges_along, runs_meet};

/// Cosine of the greatest angle between the middle of a footprint and any of its vertices: 60 degrees. Within it,
/// inside and outside, and the way between two vertices, are certain.
const CAP_COSINE_MIN: f64 = 0.5;
const CAP_KM: u32 = 6_600;
/// How many pairs of edges take as long as one distance along the geodesic.
const GEODESIC_EDGE_PAIRS: usize = 4_000;

/// A region, a line or a point, with everything within `radius_mm` of it.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Shape {
    pub(super) kind: Kind,
    pub(super) edges: Edges,
    /// A direction amid the vertices; the inside of a region is the side of its edges without the antipode of this.
    middle: Vec3,
    /// Whether this is a region that holds its middle, as most do.
    holds_middle: bool,
    pub(super) radius_mm: i64,
    bounds: Bounds,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) enum Kind {
    Region,
    Line,
    Point,
}

impl Shape {
    pub(super) fn point(at: LatLng, radius_mm: i64) -> Self {
        let point = geodesy::direction(at);
        Self::of(Kind::Point, Edges::at(point), point, radius_mm)
    }

    pub(super) fn line(points: &[LatLng], radius_mm: i64) -> Result<Self, GeometryError> {
        let directions = directions(points);
        let middle = middle(&directions)?;
        let (edges, _) = Edges::through(points, &directions, false)?;
        let kind = if edges.points() == [edges.first(); 2] { Kind::Point } else { Kind::Line };
        Ok(Self::of(kind, edges, middle, radius_mm))
    }

    pub(super) fn region(vertices: &[LatLng]) -> Result<Self, GeometryError> {
        let directions = directions(vertices);
        let middle = middle(&directions)?;
        check_distinct(&directions)?;
        let (edges, given) = Edges::through(vertices, &directions, true)?;
        if let Some((i, j)) = edges.self_crossing()? {
            return Err(GeometryError::CrossingEdges { edge: given[i].max(given[j]), other: given[i].min(given[j]) });
        }
        Ok(Self::of(Kind::Region, edges, middle, 0))
    }

    fn of(kind: Kind, edges: Edges, middle: Vec3, radius_mm: i64) -> Self {
        let mut bounds = Bounds::EMPTY;
        for edge in edges.all() {
            // The arc bulges out of the chord by an eighth of the chord squared.
            let bulge = 0.126 * (edge.b - edge.a).norm_squared();
            bounds = bounds.union(&Bounds::of(edge.a).union(&Bounds::of(edge.b)).grown(bulge));
        }
        let mut shape = Self { kind, edges, middle, holds_middle: false, radius_mm, bounds };
        shape.holds_middle = kind == Kind::Region && shape.contains(middle);
        // A coordinate is greatest on the boundary of a region, unless its axis pierces the inside.
        for axis in [Vec3::new(1.0, 0.0, 0.0), Vec3::new(0.0, 1.0, 0.0), Vec3::new(0.0, 0.0, 1.0)] {
            for end in [axis, -axis].into_iter().filter(|&end| shape.contains(end)) {
                bounds = bounds.union(&Bounds::of(end));
            }
        }
        shape.bounds = bounds.grown(chord_of_m(radius_mm as f64 / 1000.0));
        shape
    }

    pub(super) fn bounds(&self) -> Bounds {
        self.bounds
    }

    pub(super) fn within(&self, other: &Self, lateral_mm: i64, effort: &mut Effort) -> bool {
        if !self.bounds.grown(chord_of_m(lateral_mm as f64 / 1000.0)).meets(&other.bounds) {
            return false;
        }
        if effort.is_spent() {
            return true;
        }
        // For the sides that each vertex is on; what else there is to compare is counted where it is.
        effort.spend(self.edges.points().len() + other.edges.points().len());
        let limit_mm = (self.radius_mm + other.radius_mm).saturating_add(lateral_mm);
        self.meets(other, effort) || (limit_mm > 0 && self.near(other, limit_mm as f64 / 1000.0, effort))
    }

    /// Whether the skeletons share a point.
    fn meets(&self, other: &Self, effort: &mut Effort) -> bool {
        match (self.kind, other.kind) {
            (Kind::Point, _) => other.contains(self.edges.first()),
            (_, Kind::Point) => self.contains(other.edges.first()),
            _ => {
                self.is_around_middle_of(other)
                    || other.is_around_middle_of(self)
                    || self.outline_meets(other, effort)
                    || (self.kind == Kind::Region && self.contains(other.edges.first()))
                    || (other.kind == Kind::Region && other.contains(self.edges.first()))
            }
        }
    }

    /// Whether this region holds a point that the other is known to hold. Where a small region lies in a large one, or on an
    /// equal one, this is sooner known than whether edges meet, which are often on one great circle there.
    fn is_around_middle_of(&self, other: &Self) -> bool {
        self.kind == Kind::Region
            && other.holds_middle
            && self.bounds.meets(&Bounds::of(other.middle))
            && self.region_contains(other.middle)
    }

    /// Whether edges of skeletons with length share a point.
    pub(super) fn outline_meets(&self, other: &Self, effort: &mut Effort) -> bool {
        self.edges.any_pair(&other.edges, 0.0, effort, &mut runs_meet)
    }

    /// Whether the skeletons, which share no point, are within the limit: then an end of an edge of one is within the
    /// limit of an edge of the other.
    pub(super) fn near(&self, other: &Self, limit_m: f64, effort: &mut Effort) -> bool {
        let mut reach = Reach::new(limit_m);
        let near = self.edges.any_pair(&other.edges, limit_m, effort, &mut |mine, theirs| {
            let mut one_way = |points: &[Vec3], others: &[Vec3]| {
                points.iter().any(|&p| edges_along(others).any(|edge| reach.edge(p, edge.a, edge.b)))
            };
            one_way(mine, theirs) || one_way(theirs, mine)
        });
        effort.spend(reach.geodesics() * GEODESIC_EDGE_PAIRS);
        near
    }

    /// Whether the skeleton holds the point: equal to it, on it, or inside.
    pub(super) fn contains(&self, p: Vec3) -> bool {
        match self.kind {
            Kind::Point => p == self.edges.first(),
            Kind::Line => self.edges.all().any(|e| e.holds(p)),
            Kind::Region => self.region_contains(p),
        }
    }

    /// Counts the edges that the great circle from the middle through `p` crosses beyond `p`. Each vertex is on one
    /// definite side of that circle, so the count is exact.
    fn region_contains(&self, p: Vec3) -> bool {
        if p.dot(self.middle) < 0.9 * CAP_COSINE_MIN {
            return false;
        }
        let first = self.edges.first();
        let middle = if p == self.middle { first } else { self.middle };
        let ray = middle.cross(p);
        let left = |v: Vec3| side(ray, middle, p, v) > 0;
        let (mut inside, mut from_left) = (false, left(first));
        for edge in self.edges.all() {
            let to_left = left(edge.b);
            if from_left != to_left {
                match edge.side(p) {
                    0 => return true,
                    1 => inside ^= to_left,
                    _ => inside ^= from_left,
                }
            }
            from_left = to_left;
        }
        inside || self.edges.all().any(|e| e.holds(p))
    }
}

/// The greatest chord of the unit sphere under a path over the ground.
fn chord_of_m(path_m: f64) -> f64 {
    path_m / POLAR_M
}

/// Each takes four sines and cosines, most of what a footprint costs to make; so they are computed once.
fn directions(points: &[LatLng]) -> Vec<Vec3> {
    points.iter().map(|&point| geodesy::direction(point)).collect()
}

/// A direction amid others that all of them are within 60 degrees of.
fn middle(directions: &[Vec3]) -> Result<Vec3, GeometryError> {
    let sum = directions.iter().fold(Vec3::ZERO, |sum, &direction| sum + direction);
    let middle = if sum == Vec3::ZERO { Vec3::new(0.0, 0.0, 1.0) } else { sum.unit() };
    match directions.iter().position(|direction| direction.dot(middle) < CAP_COSINE_MIN) {
        None => Ok(middle),
        Some(vertex) => Err(GeometryError::TooWide { vertex, most_km: CAP_KM }),
    }
}

/// No position twice, under whatever name (a pole has many longitudes, the antimeridian two).
fn check_distinct(directions: &[Vec3]) -> Result<(), GeometryError> {
    let mut order: Vec<(Vec3, usize)> = directions.iter().copied().zip(0..).collect();
    order.sort_by(|(u, i), (v, j)| {
        u.x.total_cmp(&v.x).then(u.y.total_cmp(&v.y)).then(u.z.total_cmp(&v.z)).then(i.cmp(j))
    });
    match order.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        None => Ok(()),
        Some(pair) => Err(GeometryError::DuplicateVertex { vertex: pair[1].1, other: pair[0].1 }),
    }
}
