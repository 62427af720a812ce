//! Why a footprint is refused, with the vertex or edge to look at.

/// A footprint that has no meaning, or is beyond a limit. Vertices are counted from zero, as given;
/// edge `i` goes from vertex `i` to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GeometryError {
    /// Too few vertices to enclose an area or to make a route.
    #[error("too few vertices, {given}; give at least {least}")]
    TooFewVertices {
        /// Vertices given, without a closing one.
        given: usize,
        /// The least number accepted.
        least: usize,
    },
    /// More vertices than the standard allows (ASTM F3548: 10,000).
    #[error("{given} vertices are too many; give at most {most}")]
    TooManyVertices {
        /// Vertices given.
        given: usize,
        /// The greatest number accepted.
        most: usize,
    },
    /// A polygon has the same position at two vertices.
    #[error("vertex {vertex} repeats vertex {other}; remove one of them")]
    DuplicateVertex {
        /// The later of the two.
        vertex: usize,
        /// The earlier of the two.
        other: usize,
    },
    /// Two edges of a polygon cross, touch or overlap.
    #[error("edge {edge} crosses or touches edge {other}; reorder or move the vertices")]
    CrossingEdges {
        /// The later of the two edges.
        edge: usize,
        /// The earlier of the two edges.
        other: usize,
    },
    /// Too many edges lie beside each other for crossing to be ruled out within bounded time.
    #[error("more than {pairs_most} pairs of edges lie beside each other; use fewer vertices or split the polygon")]
    TooEntangled {
        /// The greatest number of pairs that is looked at.
        pairs_most: u32,
    },
    /// The vertices lie too far apart for inside and outside, or the way between two vertices, to be certain.
    #[error("vertex {vertex} is more than {most_km} km from the middle; split the footprint")]
    TooWide {
        /// The vertex farthest from the middle of the footprint.
        vertex: usize,
        /// The greatest distance accepted, in kilometres.
        most_km: u32,
    },
    /// All edges together are too long to be followed along the geodesic within bounded time.
    #[error("the edges are too long together at edge {edge}; split the footprint at {most_km} km")]
    TooLong {
        /// The edge at which the limit was passed.
        edge: usize,
        /// The greatest total length that is always accepted, in kilometres.
        most_km: u32,
    },
    /// The radius of a circle or the half width of a corridor is negative or beyond the limit.
    #[error("radius or half width {given_mm} mm is outside 0..={most_mm} mm; correct it or split the footprint")]
    Radius {
        /// What was given, in millimetres.
        given_mm: i64,
        /// The greatest accepted, in millimetres.
        most_mm: i64,
    },
}

impl GeometryError {
    /// Stable code for users and for other programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooFewVertices { .. } => "too-few-vertices",
            Self::TooManyVertices { .. } => "too-many-vertices",
            Self::DuplicateVertex { .. } => "duplicate-vertex",
            Self::CrossingEdges { .. } => "polygon-crosses-itself",
            Self::TooEntangled { .. } => "polygon-too-entangled",
            Self::TooWide { .. } => "footprint-too-wide",
            Self::TooLong { .. } => "footprint-too-long",
            Self::Radius { .. } => "radius-out-of-range",
        }
    }
}
