//! Space and time: positions, altitudes, footprints, volumes, and whether two volumes conflict.
//!
//! Pure: no clock, files, sockets or random source. Footprints live on the WGS84 ellipsoid; edges are geodesics.
//! Everything is closed, so touching counts as conflict. Limits of precision are stated in [`footprint`].

pub mod altitude;
mod bounds;
mod effort;
mod extent;
pub mod footprint;
mod geodesy;
pub mod index;
pub mod line;
pub mod position;
pub mod time;
pub mod units;
mod vector;
pub mod volume;

pub use altitude::{Altitude, AltitudeBand, AltitudeBandError, AltitudeMargins, Datum};
pub use effort::Effort;
pub use footprint::{Bounds, Circle, Corridor, Footprint, GeometryError, Polygon};
pub use index::{Asked, VolumeIndex};
pub use line::{DeconflictionLine, Direction, LineError};
pub use time::{TimeWindow, TimeWindowError, UtcNanos};
pub use units::{LatLng, PositionError};
pub use volume::{
    AGREEMENT_TOLERANCE_MM, Minima, Overlap, Volume4d, VolumeConflict, conflict, conflicts, meet, meet_within,
};
