//! Footprints: polygons, circles and corridors on the WGS84 ellipsoid, and whether two of them meet.
//!
//! Every footprint is a skeleton (region, line or point) and a radius, so two footprints are within a distance of each
//! other exactly when their skeletons are within that distance plus both radii; distance zero is the exact predicate.
//! Edges are geodesics, followed within 1 cm; the rules of precision are in `geodesy`.
//! All derived data is made in the constructors; `intersects` and `within` do not allocate, whatever the number of vertices.

mod area;
mod cover;
mod edges;
mod error;
mod shape;

use std::hash::{Hash, Hasher};

pub use crate::bounds::Bounds;
use crate::effort::Effort;
pub use error::GeometryError;

use crate::units::LatLng;
use shape::Shape;

/// Most vertices of a polygon or points of a corridor (ASTM F3548: 10,000 per operational intent).
pub const VERTICES_MAX: usize = 10_000;
/// Greatest radius of a circle or half width of a corridor, in millimetres: 1,000 km.
pub const RADIUS_MM_MAX: i64 = 1_000_000_000;

/// A polygon whose inside is the smaller area, whichever way its vertices wind. Equality is on what was given.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Polygon {
    vertices: Box<[LatLng]>,
    shape: Shape,
}

impl Polygon {
    /// A polygon of 3 to 10,000 vertices without the closing one; a closing vertex equal to the first is accepted and dropped.
    pub fn new(mut vertices: Vec<LatLng>) -> Result<Self, GeometryError> {
        if vertices.len() > 1 && vertices.first() == vertices.last() {
            vertices.pop();
        }
        check_count(vertices.len(), 3)?;
        let shape = Shape::region(&vertices)?;
        Ok(Self { vertices: vertices.into(), shape })
    }

    /// The vertices given, without a closing one.
    pub fn vertices(&self) -> &[LatLng] {
        &self.vertices
    }
}

/// Everything within a geodesic distance of a centre: a true disc, never an inscribed polygon.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Circle {
    centre: LatLng,
    shape: Shape,
}

impl Circle {
    /// The closed disc of `radius_mm` (0 to 1,000 km) around `centre`; radius zero is the point itself.
    pub fn new(centre: LatLng, radius_mm: i64) -> Result<Self, GeometryError> {
        check_radius(radius_mm)?;
        Ok(Self { centre, shape: Shape::point(centre, radius_mm) })
    }

    /// The centre given.
    pub const fn centre(&self) -> LatLng {
        self.centre
    }

    /// The radius given, in millimetres.
    pub const fn radius_mm(&self) -> i64 {
        self.shape.radius_mm
    }
}

/// Everything within a geodesic distance of a route.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Corridor {
    points: Box<[LatLng]>,
    shape: Shape,
}

impl Corridor {
    /// The corridor of `half_width_mm` (0 to 1,000 km) to each side of the route through 2 to 10,000 points.
    /// A point may repeat the one before it, and a route that never moves is a disc.
    pub fn new(points: Vec<LatLng>, half_width_mm: i64) -> Result<Self, GeometryError> {
        check_radius(half_width_mm)?;
        check_count(points.len(), 2)?;
        let shape = Shape::line(&points, half_width_mm)?;
        Ok(Self { points: points.into(), shape })
    }

    /// The points given, repeated ones included.
    pub fn points(&self) -> &[LatLng] {
        &self.points
    }

    /// The half width given, in millimetres.
    pub const fn half_width_mm(&self) -> i64 {
        self.shape.radius_mm
    }
}

/// Where a volume is on the ground.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Footprint {
    /// An area with corners.
    Polygon(Polygon),
    /// A disc.
    Circle(Circle),
    /// A route with width.
    Corridor(Corridor),
}

impl Footprint {
    /// Whether the two have a point in common; touching counts.
    pub fn intersects(&self, other: &Self) -> bool {
        self.within(other, 0)
    }

    /// Whether the geodesic distance between the two is at most `lateral_mm`; a negative distance counts as zero.
    pub fn within(&self, other: &Self, lateral_mm: i64) -> bool {
        self.shape().within(other.shape(), lateral_mm.max(0), &mut Effort::ONE_PAIR.clone())
    }

    /// Whether the two have a point in common, with what is left of an effort that many pairs share.
    pub fn intersects_within(&self, effort: &mut Effort, other: &Self) -> bool {
        effort.for_one_pair(|effort| self.shape().within(other.shape(), 0, effort))
    }

    /// Edges that it is compared by: those given, in pieces of at most 10 km; one for a disc.
    pub fn edge_count(&self) -> usize {
        self.shape().edges.points().len() - 1
    }

    /// A box that holds the footprint, radius included.
    pub fn bounds(&self) -> Bounds {
        self.shape().bounds()
    }

    /// Whether every point of `other` is in this footprint or within 1 cm of it; equal footprints cover each other.
    /// Never true without being so. A corridor is known to cover its equals and discs, and nothing else.
    pub fn covers(&self, other: &Self) -> bool {
        self == other || self.shape().covers(other.shape())
    }

    /// Area on the ellipsoid in square metres: of a polygon within 1 m2 and a billionth, of a disc within a millionth;
    /// of a corridor the area if it were straight, which bends and crossings can only lessen.
    pub fn area_m2(&self) -> f64 {
        match self {
            Self::Polygon(polygon) => area::polygon_m2(&polygon.vertices),
            Self::Circle(circle) => area::disc_m2(circle.centre, circle.radius_mm()),
            Self::Corridor(corridor) => area::corridor_m2(&corridor.points, corridor.half_width_mm()),
        }
    }

    /// Bytes of memory held on the heap, beyond the value itself.
    pub fn heap_bytes(&self) -> usize {
        let given = match self {
            Self::Polygon(polygon) => size_of_val(&*polygon.vertices),
            Self::Circle(_) => 0,
            Self::Corridor(corridor) => size_of_val(&*corridor.points),
        };
        given + self.shape().edges.heap_bytes()
    }

    fn shape(&self) -> &Shape {
        match self {
            Self::Polygon(polygon) => &polygon.shape,
            Self::Circle(circle) => &circle.shape,
            Self::Corridor(corridor) => &corridor.shape,
        }
    }
}

fn check_count(given: usize, least: usize) -> Result<(), GeometryError> {
    match given {
        _ if given < least => Err(GeometryError::TooFewVertices { given, least }),
        _ if given > VERTICES_MAX => Err(GeometryError::TooManyVertices { given, most: VERTICES_MAX }),
        _ => Ok(()),
    }
}

fn check_radius(given_mm: i64) -> Result<(), GeometryError> {
    if (0..=RADIUS_MM_MAX).contains(&given_mm) {
        Ok(())
    } else {
        Err(GeometryError::Radius { given_mm, most_mm: RADIUS_MM_MAX })
    }
}

impl From<Polygon> for Footprint {
    fn from(polygon: Polygon) -> Self {
        Self::Polygon(polygon)
    }
}

impl From<Circle> for Footprint {
    fn from(circle: Circle) -> Self {
        Self::Circle(circle)
    }
}

impl From<Corridor> for Footprint {
    fn from(corridor: Corridor) -> Self {
        Self::Corridor(corridor)
    }
}

impl PartialEq for Polygon {
    fn eq(&self, other: &Self) -> bool {
        self.vertices == other.vertices
    }
}

impl Eq for Polygon {}

impl Hash for Polygon {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.vertices.hash(state);
    }
}

impl PartialEq for Circle {
    fn eq(&self, other: &Self) -> bool {
        (self.centre, self.radius_mm()) == (other.centre, other.radius_mm())
    }
}

impl Eq for Circle {}

impl Hash for Circle {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.centre, self.radius_mm()).hash(state);
    }
}

impl PartialEq for Corridor {
    fn eq(&self, other: &Self) -> bool {
        self.points == other.points && self.half_width_mm() == other.half_width_mm()
    }
}

impl Eq for Corridor {}

impl Hash for Corridor {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.points, self.half_width_mm()).hash(state);
    }
}
