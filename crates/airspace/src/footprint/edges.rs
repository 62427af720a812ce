//! The edges of a skeleton, cut along their geodesics, under a static hierarchy of boxes.
//!
//! Edges keep their order along the outline, so blocks of consecutive edges are compact without sorting. A search of
//! two hierarchies recurses at most 16 deep and allocates nothing.

use crate::geodesy;
use crate::units::LatLng;
use crate::vector::{Vec3, arcs_meet, side};

use super::GeometryError;

/// Most pieces that the edges of one footprint are cut into.
const PIECES_MAX: usize = 20_000;
/// Length in km that never exceeds `PIECES_MAX` on top of 10,000 vertices.
const LENGTH_KM: u32 = 100_000;
/// Edges in the lowest boxes, and boxes in a box of the level above.
const FANOUT: usize = 4;
/// Up to this many edges, testing all pairs is faster than boxes.
const WITHOUT_BOXES_MAX: usize = 16;
/// Most pairs of edges of one outline that are tested for crossing; 10,000 vertices in a plain outline need under
/// a tenth of it.
const OWN_PAIRS_MAX: u32 = 1_000_000;
/// Growth of every box for rounding, in metres.
const ROUNDING_M: f64 = 1e-6;

/// A piece of an edge, at most 10 km long, from direction `a` to direction `b`. A point is one edge without length.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    pub(super) a: Vec3,
    pub(super) b: Vec3,
    /// `a x b` in f64.
    pub(super) normal: Vec3,
}

impl Edge {
    pub(super) fn new(a: Vec3, b: Vec3) -> Self {
        Self { a, b, normal: a.cross(b) }
    }

    pub(super) fn side(&self, p: Vec3) -> i8 {
        side(self.normal, self.a, self.b, p)
    }

    /// Whether the point is on the edge, exactly.
    pub(super) fn holds(&self, p: Vec3) -> bool {
        (self.a - p).dot(self.b - p) <= 0.0 && self.side(p) == 0
    }

    fn meets(&self, other: &Self) -> bool {
        arcs_meet(self.a, self.b, self.normal, other.a, other.b, other.normal)
    }
}

/// A box of ECEF points in metres.
#[derive(Clone, Copy, Debug)]
struct MetreBox {
    min: Vec3,
    max: Vec3,
}

impl MetreBox {
    fn of(edge: &Edge) -> Self {
        let (a, b) = (geodesy::surface(edge.a), geodesy::surface(edge.b));
        // The arc bulges out of its chord by an eighth of the chord squared over the radius.
        let bulge = (b - a).norm_squared() / (7.9 * geodesy::CURVATURE_M.0) + ROUNDING_M;
        let grow = Vec3::new(bulge, bulge, bulge);
        Self { min: a.min(b) - grow, max: a.max(b) + grow }
    }

    fn union(self, other: Self) -> Self {
        Self { min: self.min.min(other.min), max: self.max.max(other.max) }
    }

    fn distance_squared(&self, other: &Self) -> f64 {
        (other.min - self.max).max(self.min - other.max).max(Vec3::ZERO).norm_squared()
    }
}

/// Edges in order, at least one.
#[derive(Clone, Debug)]
pub(super) struct Edges {
    edges: Box<[Edge]>,
    /// Boxes of blocks of `FANOUT` edges, then of `FANOUT` of those, and so on to one; one alone for few edges.
    levels: Box<[Box<[MetreBox]>]>,
}

/// A box in the hierarchy: its level and place.
#[derive(Clone, Copy)]
struct Node {
    level: usize,
    place: usize,
}

impl Edges {
    /// The edge without length at one point.
    pub(super) fn at(point: Vec3) -> Self {
        Self::of(vec![Edge::new(point, point)])
    }

    /// The edges through the points; repeated points make no edge, and points all equal make one without length.
    /// Also which given edge each piece belongs to.
    pub(super) fn through(points: &[LatLng], closed: bool) -> Result<(Self, Vec<usize>), GeometryError> {
        let (mut edges, mut given) = (Vec::with_capacity(points.len()), Vec::with_capacity(points.len()));
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
                    edges.push(Edge::new(a, b));
                    given.push(i);
                }
                a = b;
            }
        }
        if edges.is_empty() {
            return Ok((Self::at(geodesy::direction(points[0])), vec![0]));
        }
        Ok((Self::of(edges), given))
    }

    fn of(edges: Vec<Edge>) -> Self {
        let boxes: Vec<MetreBox> = edges.iter().map(MetreBox::of).collect();
        let merge = |boxes: &[MetreBox], by: usize| -> Box<[MetreBox]> {
            let union = |block: &[MetreBox]| block.iter().copied().reduce(MetreBox::union).expect("chunks hold a box");
            boxes.chunks(by).map(union).collect()
        };
        let mut levels = Vec::new();
        if edges.len() <= WITHOUT_BOXES_MAX {
            levels.push(merge(&boxes, WITHOUT_BOXES_MAX));
        } else {
            levels.push(merge(&boxes, FANOUT));
            while let Some(top) = levels.last().filter(|top| top.len() > 1) {
                levels.push(merge(top, FANOUT));
            }
        }
        Self { edges: edges.into(), levels: levels.into() }
    }

    pub(super) fn all(&self) -> &[Edge] {
        &self.edges
    }

    pub(super) fn first(&self) -> &Edge {
        &self.edges[0]
    }

    /// Whether `found` holds for the edges of some pair of lowest boxes within `limit_m` of each other.
    pub(super) fn any_pair(
        &self,
        other: &Self,
        limit_m: f64,
        found: &mut impl FnMut(&[Edge], &[Edge]) -> bool,
    ) -> bool {
        self.any_pair_under(self.root(), other, other.root(), limit_m * limit_m, found)
    }

    fn any_pair_under(
        &self,
        mine: Node,
        other: &Self,
        theirs: Node,
        limit_m2: f64,
        found: &mut impl FnMut(&[Edge], &[Edge]) -> bool,
    ) -> bool {
        if self.boxed(mine).distance_squared(other.boxed(theirs)) > limit_m2 {
            return false;
        }
        if mine.level == 0 && theirs.level == 0 {
            found(&self.edges[self.block(mine)], &other.edges[other.block(theirs)])
        } else if mine.level >= theirs.level {
            self.children(mine).any(|child| self.any_pair_under(child, other, theirs, limit_m2, found))
        } else {
            other.children(theirs).any(|child| self.any_pair_under(mine, other, child, limit_m2, found))
        }
    }

    /// The places of two edges of a closed outline that meet other than in order, end to end. Compact outlines take
    /// n log n; an outline of long edges lying diagonally beside each other exhausts the bound and is refused.
    pub(super) fn self_crossing(&self) -> Result<Option<(usize, usize)>, GeometryError> {
        let (mut crossing, mut left) = (None, OWN_PAIRS_MAX);
        self.any_own_pair(self.root(), self.root(), &mut |i, j| {
            crossing = self.crosses(i, j).then_some((i, j));
            left = left.saturating_sub(1);
            crossing.is_some() || left == 0
        });
        if crossing.is_none() && left == 0 {
            return Err(GeometryError::TooEntangled { pairs_most: OWN_PAIRS_MAX });
        }
        Ok(crossing)
    }

    fn any_own_pair(&self, low: Node, high: Node, found: &mut impl FnMut(usize, usize) -> bool) -> bool {
        if self.boxed(low).distance_squared(self.boxed(high)) > 0.0 {
            return false;
        }
        if low.level == 0 {
            return self.block(low).any(|i| self.block(high).any(|j| i < j && found(i, j)));
        }
        let same = low.place == high.place;
        self.children(low)
            .any(|a| self.children(high).any(|b| (!same || a.place <= b.place) && self.any_own_pair(a, b, found)))
    }

    fn crosses(&self, i: usize, j: usize) -> bool {
        let (first, second) = (&self.edges[i], &self.edges[j]);
        let folds = |u: Vec3, v: Vec3, w: Vec3, edge: &Edge| (u - v).dot(w - v) > 0.0 && edge.side(w) == 0;
        let follows = first.b == second.a;
        let precedes = second.b == first.a;
        if follows || precedes {
            // Neighbours share one end, and may not fold back onto each other.
            (follows && folds(first.a, first.b, second.b, first))
                || (precedes && folds(second.a, second.b, first.b, second))
        } else {
            first.side(second.a) * first.side(second.b) <= 0 && first.meets(second)
        }
    }

    fn root(&self) -> Node {
        Node { level: self.levels.len() - 1, place: 0 }
    }

    fn boxed(&self, node: Node) -> &MetreBox {
        &self.levels[node.level][node.place]
    }

    fn children(&self, node: Node) -> impl Iterator<Item = Node> {
        let (level, first) = (node.level - 1, node.place * FANOUT);
        (first..self.levels[level].len().min(first + FANOUT)).map(move |place| Node { level, place })
    }

    /// The edges under a lowest box.
    fn block(&self, node: Node) -> std::ops::Range<usize> {
        let size = if self.levels.len() == 1 { WITHOUT_BOXES_MAX } else { FANOUT };
        node.place * size..self.edges.len().min((node.place + 1) * size)
    }
}

/// Whether two runs of consecutive edges share a point.
pub(super) fn runs_meet(mine: &[Edge], theirs: &[Edge]) -> bool {
    mine.iter().any(|e| {
        let mut from = e.side(theirs[0].a);
        theirs.iter().any(|f| {
            let to = e.side(f.b);
            let straddles = from * to <= 0;
            from = to;
            straddles && e.meets(f)
        })
    })
}
