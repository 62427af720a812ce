//! The height of the geoid over the WGS84 ellipsoid, as bounds: a table of the least and the greatest undulation of EGM96 in
//! each cell of two degrees, in whole metres (made by `vectors/make_position.py` from NGA's coefficients).
//!
//! Bounds and not a value, because they hold for a whole area and are wrong on the wide side only.

use crate::footprint::Footprint;
use crate::position::PositionArea;
use crate::units::{DEGREE_E9, LatLng};

/// Two signed bytes for each cell: rows from 90S, cells from 180W.
const TABLE: &[u8; 2 * ROWS * COLUMNS] = include_bytes!("egm96.bin");
const ROWS: usize = 90;
const COLUMNS: usize = 180;
const CELL_E9: i64 = 2 * DEGREE_E9;
/// What EGM96 itself and the sampling of the table (each quarter of a degree) may be off, in millimetres. From EGM2008 it is
/// at most 6.9 m away on a grid of three degrees over the whole earth; most of the earth is within 1 m.
pub const MODEL_ERROR_MM: i64 = 15_000;
/// No degree of latitude is shorter, in millimetres (110,574 m at the equator), so that a path is no longer in degrees than
/// it says.
const LATITUDE_DEGREE_MM: i64 = 110_500_000;

/// Bounds of the undulation: height of the geoid (mean sea level) above the WGS84 ellipsoid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undulation {
    /// Least, in millimetres, the error of model and table included.
    pub least_mm: i64,
    /// Greatest, in millimetres, the error of model and table included.
    pub most_mm: i64,
}

impl Undulation {
    /// Within a distance of a position.
    pub fn within(centre: LatLng, radius_mm: i64) -> Self {
        let reach_e9 =
            (i128::from(radius_mm.max(0)) * i128::from(DEGREE_E9) / i128::from(LATITUDE_DEGREE_MM)) as i64 + 1;
        let (south_e9, north_e9) = (centre.lat_e9() - reach_e9, centre.lat_e9() + reach_e9);
        let rows = row(south_e9)..=row(north_e9);
        let farthest_deg = south_e9.abs().max(north_e9.abs()) as f64 / DEGREE_E9 as f64;
        // A disc that comes near a pole reaches round it. Elsewhere a meridian leaves it no farther than at its highest
        // latitude, where degrees of longitude are shortest.
        let columns: Vec<usize> = if farthest_deg > 89.0 {
            (0..COLUMNS).collect()
        } else {
            let reach_e9 = (reach_e9 as f64 / farthest_deg.to_radians().cos()).ceil() as i64;
            let (west, east) = (column(centre.lng_e9() - reach_e9), column(centre.lng_e9() + reach_e9));
            let count = (east - west + 1).min(COLUMNS as i64);
            (0..count).map(|i| (west + i).rem_euclid(COLUMNS as i64) as usize).collect()
        };
        let cells = rows.flat_map(|row| columns.iter().map(move |column| row * COLUMNS + column));
        let (least_m, most_m) = cells.fold((i64::MAX, i64::MIN), |(least, most), cell| {
            let metres = |at: usize| i64::from(TABLE[at].cast_signed());
            (least.min(metres(2 * cell)), most.max(metres(2 * cell + 1)))
        });
        Self { least_mm: least_m * 1_000 - MODEL_ERROR_MM, most_mm: most_m * 1_000 + MODEL_ERROR_MM }
    }

    /// In the area of a stated position.
    pub fn of_area(area: &PositionArea) -> Self {
        Self::within(area.middle(), area.across_mm())
    }

    /// In a footprint, and around it as far as the disc reaches that holds it.
    pub fn of(footprint: &Footprint) -> Self {
        let around = |points: &[LatLng], more_mm: i64| {
            let far_mm = points.iter().map(|&point| crate::position::geodesic_mm(points[0], point)).max().unwrap_or(0);
            Self::within(points[0], far_mm.saturating_add(more_mm))
        };
        match footprint {
            Footprint::Circle(circle) => Self::within(circle.centre(), circle.radius_mm()),
            Footprint::Polygon(polygon) => around(polygon.vertices(), 0),
            Footprint::Corridor(corridor) => around(corridor.points(), corridor.half_width_mm()),
        }
    }
}

/// Row of a latitude, which may lie beyond a pole.
fn row(lat_e9: i64) -> usize {
    (lat_e9 + 90 * DEGREE_E9).div_euclid(CELL_E9).clamp(0, ROWS as i64 - 1) as usize
}

/// Column of a longitude, counted on beyond the antimeridian.
fn column(lng_e9: i64) -> i64 {
    (lng_e9 + 180 * DEGREE_E9).div_euclid(CELL_E9)
}
