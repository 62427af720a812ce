//! The edges of a skeleton, cut along their geodesics, under a static hierarchy of boxes.
//!
//! Only the points are kept; an edge is made where it is used, which costs less than to load it. Edges keep their
//! order along the outline, so blocks of consecutive edges are compact without sorting. A search of two hierarchies
//! recurses at most 16 deep and allocates nothing.

use crate::effort::Effort;
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
/// half of it.
const OWN_PAIRS_MAX: u32 = 200_000;
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
    #[inline]
    fn new(a: Vec3, b: Vec3) -> Self {
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

/// The edges along consecutive points.
pub(super) fn edges_along(points: &[Vec3]) -> impl Iterator<Item = Edge> + Clone {
    points.windows(2).map(|ends| Edge::new(ends[0], ends[1]))
}

/// A box of ECEF points in metres.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct MetreBox {
    min: Vec3,
    max: Vec3,
}

impl MetreBox {
    /// The box of the edges along consecutive points.
    pub(super) fn along(points: &[Vec3]) -> Self {
        let mut last = geodesy::surface(points[0]);
        let (mut min, mut max, mut longest_m2) = (last, last, 0.0_f64);
        for &point in &points[1..] {
            let next = geodesy::surface(point);
            longest_m2 = longest_m2.max((next - last).norm_squared());
            (min, max, last) = (min.min(next), max.max(next), next);
        }
        // An arc bulges out of its chord by an eighth of the chord squared over the radius.
        let bulge = longest_m2 / (7.9 * geodesy::CURVATURE_M.0) + ROUNDING_M;
        let grow = Vec3::new(bulge, bulge, bulge);
        Self { min: min - grow, max: max + grow }
    }

    fn union(self, other: Self) -> Self {
        Self { min: self.min.min(other.min), max: self.max.max(other.max) }
    }

    fn distance_squared(&self, other: &Self) -> f64 {
        (other.min - self.max).max(self.min - other.max).max(Vec3::ZERO).norm_squared()
    }
}

/// Edges in order, at least one: from each point to the next. An outline ends with its first point.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Edges {
    points: Box<[Vec3]>,
    /// Boxes of blocks of `FANOUT` edges, then of `FANOUT` of those, and so on to one; none for few edges.
    levels: Box<[Box<[MetreBox]>]>,
}

/// A box in the hierarchy: its level and place.
#[derive(Clone, Copy)]
struct Node {
    level: usize,
    place: usize,
}

/// Edges being searched, with the box of all.
struct Search<'a> {
    edges: &'a Edges,
    whole: MetreBox,
}

impl Edges {
    /// The edge without length at one point.
    pub(super) fn at(point: Vec3) -> Self {
        Self::of(vec![point, point])
    }

    /// The edges through the points, which have these directions; repeated points make no edge, and points all equal make one
    /// without length. Also which given edge each piece belongs to.
    pub(super) fn through(
        points: &[LatLng],
        directions: &[Vec3],
        closed: bool,
    ) -> Result<(Self, Vec<usize>), GeometryError> {
        let mut a = directions[0];
        let (mut along, mut given) = (Vec::with_capacity(points.len() + 1), Vec::with_capacity(points.len()));
        along.push(a);
        let last = if closed { points.len() } else { points.len() - 1 };
        for i in 0..last {
            let next = (i + 1) % points.len();
            let pieces = geodesy::pieces((points[i], directions[i]), (points[next], directions[next]));
            if given.len() + pieces.count > PIECES_MAX {
                return Err(GeometryError::TooLong { edge: i, most_km: LENGTH_KM });
            }
            for b in pieces.between().chain(std::iter::once(directions[next])) {
                if a != b {
                    along.push(b);
                    given.push(i);
                }
                a = b;
            }
        }
        if given.is_empty() {
            return Ok((Self::at(a), vec![0]));
        }
        Ok((Self::of(along), given))
    }

    fn of(points: Vec<Vec3>) -> Self {
        let mut levels: Vec<Box<[MetreBox]>> = Vec::new();
        let count = points.len() - 1;
        if count > WITHOUT_BOXES_MAX {
            let block = |first: usize| MetreBox::along(&points[first..=count.min(first + FANOUT)]);
            levels.push((0..count).step_by(FANOUT).map(block).collect());
            while let Some(top) = levels.last().filter(|top| top.len() > 1) {
                let union = |block: &[MetreBox]| block.iter().copied().reduce(MetreBox::union);
                levels.push(top.chunks(FANOUT).filter_map(union).collect());
            }
        }
        Self { points: points.into(), levels: levels.into() }
    }

    pub(super) fn points(&self) -> &[Vec3] {
        &self.points
    }

    pub(super) fn all(&self) -> impl Iterator<Item = Edge> + Clone {
        edges_along(&self.points)
    }

    pub(super) fn first(&self) -> Vec3 {
        self.points[0]
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        let boxes = self.levels.iter().map(|level| size_of_val(level) + size_of_val(&**level)).sum::<usize>();
        size_of_val(&*self.points) + boxes
    }

    /// Whether `found` holds for the points along some pair of lowest boxes within `limit_m` of each other; true as well when the effort
    /// is spent before that is known.
    pub(super) fn any_pair(
        &self,
        other: &Self,
        limit_m: f64,
        effort: &mut Effort,
        found: &mut impl FnMut(&[Vec3], &[Vec3]) -> bool,
    ) -> bool {
        if self.levels.is_empty() && other.levels.is_empty() {
            effort.spend(self.points.len() * other.points.len());
            return found(&self.points, &other.points);
        }
        let (mine, theirs) = (Search::of(self), Search::of(other));
        mine.any_pair(mine.root(), (&theirs, theirs.root()), limit_m * limit_m, effort, found)
    }

    /// Visits each edge that may be within `limit_m` of the box.
    pub(super) fn for_each_near(&self, bounds: &MetreBox, limit_m: f64, visit: &mut impl FnMut(&Edge)) {
        let search = Search::of(self);
        search.for_each_near(search.root(), bounds, limit_m * limit_m, visit);
    }

    /// The places of two edges of a closed outline that meet other than in order, end to end. Compact outlines take
    /// n log n; an outline of long edges lying diagonally beside each other exhausts the bound and is refused.
    pub(super) fn self_crossing(&self) -> Result<Option<(usize, usize)>, GeometryError> {
        let (mut crossing, mut left) = (None, OWN_PAIRS_MAX);
        let search = Search::of(self);
        search.any_own_pair(search.root(), search.root(), &mut |i, j| {
            crossing = self.crosses(i, j).then_some((i, j));
            left = left.saturating_sub(1);
            crossing.is_some() || left == 0
        });
        if crossing.is_none() && left == 0 {
            return Err(GeometryError::TooEntangled { pairs_most: OWN_PAIRS_MAX });
        }
        Ok(crossing)
    }

    fn edge(&self, place: usize) -> Edge {
        Edge::new(self.points[place], self.points[place + 1])
    }

    fn crosses(&self, i: usize, j: usize) -> bool {
        let (first, second) = (self.edge(i), self.edge(j));
        let folds = |u: Vec3, v: Vec3, w: Vec3, edge: &Edge| (u - v).dot(w - v) > 0.0 && edge.side(w) == 0;
        let follows = first.b == second.a;
        let precedes = second.b == first.a;
        if follows || precedes {
            // Neighbours share one end, and may not fold back onto each other.
            (follows && folds(first.a, first.b, second.b, &first))
                || (precedes && folds(second.a, second.b, first.b, &second))
        } else {
            first.side(second.a) * first.side(second.b) <= 0 && first.meets(&second)
        }
    }
}

impl<'a> Search<'a> {
    fn of(edges: &'a Edges) -> Self {
        let top = edges.levels.last().and_then(|top| top.first().copied());
        Self { edges, whole: top.unwrap_or_else(|| MetreBox::along(&edges.points)) }
    }

    fn any_pair(
        &self,
        mine: Node,
        (other, theirs): (&Search<'_>, Node),
        limit_m2: f64,
        effort: &mut Effort,
        found: &mut impl FnMut(&[Vec3], &[Vec3]) -> bool,
    ) -> bool {
        effort.spend(1);
        if self.boxed(mine).distance_squared(other.boxed(theirs)) > limit_m2 {
            return false;
        }
        if effort.is_spent() {
            return true;
        }
        if mine.level == 0 && theirs.level == 0 {
            let (mine, theirs) = (self.points(mine), other.points(theirs));
            effort.spend(mine.len() * theirs.len());
            found(mine, theirs)
        } else if mine.level >= theirs.level {
            self.children(mine).any(|child| self.any_pair(child, (other, theirs), limit_m2, effort, found))
        } else {
            other.children(theirs).any(|child| self.any_pair(mine, (other, child), limit_m2, effort, found))
        }
    }

    fn for_each_near(&self, node: Node, bounds: &MetreBox, limit_m2: f64, visit: &mut impl FnMut(&Edge)) {
        if self.boxed(node).distance_squared(bounds) > limit_m2 {
            return;
        }
        if node.level == 0 {
            edges_along(self.points(node)).for_each(|edge| visit(&edge));
        } else {
            self.children(node).for_each(|child| self.for_each_near(child, bounds, limit_m2, visit));
        }
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

    fn root(&self) -> Node {
        Node { level: self.edges.levels.len().saturating_sub(1), place: 0 }
    }

    fn boxed(&self, node: Node) -> &MetreBox {
        self.edges.levels.get(node.level).map_or(&self.whole, |level| &level[node.place])
    }

    fn children(&self, node: Node) -> impl Iterator<Item = Node> {
        let (level, first) = (node.level - 1, node.place * FANOUT);
        (first..self.edges.levels[level].len().min(first + FANOUT)).map(move |place| Node { level, place })
    }

    /// The places of the edges under a lowest box.
    fn block(&self, node: Node) -> std::ops::Range<usize> {
        let count = self.edges.points.len() - 1;
        if self.edges.levels.is_empty() {
            return 0..count;
        }
        node.place * FANOUT..count.min((node.place + 1) * FANOUT)
    }

    /// The points along the edges under a lowest box.
    fn points(&self, node: Node) -> &[Vec3] {
        let block = self.block(node);
        &self.edges.points[block.start..=block.end]
    }
}

/// Whether two runs of consecutive edges share a point.
pub(super) fn runs_meet(mine: &[Vec3], theirs: &[Vec3]) -> bool {
    edges_along(mine).any(|e| {
        let mut from = e.side(theirs[0]);
        theirs.windows(2).any(|ends| {
            let to = e.side(ends[1]);
            let straddles = from * to <= 0;
            from = to;
            straddles && e.meets(&Edge::new(ends[0], ends[1]))
        })
    })
}
