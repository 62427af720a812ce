//! Volumes of requests as geometry, and back. Rounding only ever grows a volume: a lower altitude and a start round
//! down, an upper altitude, a radius and an end round up, to millimetres and nanoseconds. Positions round to the nearest 1e-9 degree,
//! a twentieth of a millimetre at most.
//!
//! A closing vertex that repeats the first is dropped, though the contract forbids it: deployed clients send it, and
//! it says nothing else. Any other repeated vertex, crossing edges and areas without extent are refused.

use skypact_airspace::footprint::RADIUS_MM_MAX;
use skypact_airspace::units::DEGREE_E9;
use skypact_airspace::{
    Altitude, AltitudeBand, Circle, Datum, Footprint, LatLng, Polygon, TimeWindow, UtcNanos, Volume4d,
};

use super::{Reason, RequestError};
use crate::value::Time;
use crate::wire;

/// Greatest length of all outlines of a request together, in kilometres: what one footprint may have. It bounds the
/// pieces that long edges are cut into.
pub const OUTLINES_KM_MAX: u32 = 100_000;

/// Mean radius of the Earth in kilometres, near enough for a bound.
const EARTH_RADIUS_KM: f64 = 6_371.0;

/// Where and when a query asks or a subscription listens: what is not given is unbounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Where on the ground.
    pub footprint: Footprint,
    /// W84 altitudes.
    pub band: AltitudeBand,
    /// From when, included.
    pub start: Option<UtcNanos>,
    /// Until when, included; not before `start`.
    pub end: Option<UtcNanos>,
}

impl Extent {
    pub(super) fn from_wire(volume: wire::Volume4D) -> Result<Self, RequestError> {
        check_outlines(std::slice::from_ref(&volume))?;
        let (start, end) = (volume.time_start.map(|time| time.0), volume.time_end.map(|time| time.0));
        if let (Some(start), Some(end)) = (start, end)
            && end < start
        {
            return Err(RequestError::at("time_end", Reason::TimesOutOfOrder));
        }
        let (footprint, band) = place(volume.volume).map_err(|error| error.under("volume"))?;
        Ok(Self { footprint, band, start, end })
    }

    pub(super) fn to_wire(&self) -> Result<wire::Volume4D, Unwritable> {
        written(&self.footprint, self.band, self.start, self.end)
    }
}

/// What the bounds of a kind of entity must be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Altitudes {
    /// Both limits are given.
    Required,
    /// A limit that is not given is unbounded.
    Optional,
}

/// The volumes of an entity, which have a start and an end each. Vertices and lengths are bounded before any geometry.
pub(super) fn volumes(
    extents: Vec<wire::Volume4D>,
    altitudes: Altitudes,
    vertices_max: usize,
) -> Result<Vec<Volume4d>, RequestError> {
    let outlines = extents.iter().filter_map(|extent| extent.volume.outline_polygon.as_ref());
    let given = outlines.map(|polygon| polygon.vertices.len()).sum();
    if given > vertices_max {
        return Err(RequestError::at("extents", Reason::Vertices { given, most: vertices_max }));
    }
    check_outlines(&extents).map_err(|error| error.under("extents"))?;
    let parsed = extents
        .into_iter()
        .enumerate()
        .map(|(i, extent)| bounded(extent, altitudes).map_err(|error| error.under(format_args!("extents[{i}]"))));
    parsed.collect()
}

fn bounded(extent: wire::Volume4D, altitudes: Altitudes) -> Result<Volume4d, RequestError> {
    let missing = |field: &str| RequestError::at(field, Reason::Missing);
    if altitudes == Altitudes::Required {
        extent.volume.altitude_lower.ok_or_else(|| missing("volume.altitude_lower"))?;
        extent.volume.altitude_upper.ok_or_else(|| missing("volume.altitude_upper"))?;
    }
    let start = extent.time_start.ok_or_else(|| missing("time_start"))?.0;
    let end = extent.time_end.ok_or_else(|| missing("time_end"))?.0;
    let out_of_order = || RequestError::at("time_end", Reason::TimesOutOfOrder);
    let window = TimeWindow::new(start, end).ok().filter(|_| start < end).ok_or_else(out_of_order)?;
    let (footprint, band) = place(extent.volume).map_err(|error| error.under("volume"))?;
    Ok(Volume4d::new(footprint, band, window))
}

/// Bounds the length of all outlines together, on a sphere. Coordinates out of range are left to be named later.
fn check_outlines(extents: &[wire::Volume4D]) -> Result<(), RequestError> {
    let mut length_km = 0.0;
    for polygon in extents.iter().filter_map(|extent| extent.volume.outline_polygon.as_ref()) {
        let from = polygon.vertices.iter();
        let to = polygon.vertices.iter().cycle().skip(1);
        length_km += from.zip(to).map(|(from, to)| distance_km(*from, *to)).sum::<f64>();
    }
    if length_km > f64::from(OUTLINES_KM_MAX) {
        return Err(RequestError::at("", Reason::OutlinesTooLong { most_km: OUTLINES_KM_MAX }));
    }
    Ok(())
}

fn distance_km(from: wire::LatLngPoint, to: wire::LatLngPoint) -> f64 {
    let half_sine_squared = |from: f64, to: f64| ((to - from).to_radians() / 2.0).sin().powi(2);
    let shrink = from.lat.to_radians().cos() * to.lat.to_radians().cos();
    let haversine = half_sine_squared(from.lat, to.lat) + shrink * half_sine_squared(from.lng, to.lng);
    2.0 * EARTH_RADIUS_KM * haversine.clamp(0.0, 1.0).sqrt().asin()
}

fn place(volume: wire::Volume3D) -> Result<(Footprint, AltitudeBand), RequestError> {
    let lower = volume.altitude_lower.map(|altitude| altitude_w84(altitude, "altitude_lower", floor_mm)).transpose()?;
    let upper = volume.altitude_upper.map(|altitude| altitude_w84(altitude, "altitude_upper", ceil_mm)).transpose()?;
    let band = AltitudeBand::new(lower, upper)
        .map_err(|error| RequestError::at("altitude_upper", Reason::Altitudes(error)))?;
    let footprint = match (volume.outline_circle, volume.outline_polygon) {
        (Some(circle), None) => disc(&circle).map_err(|error| error.under("outline_circle"))?.into(),
        (None, Some(polygon)) => area(&polygon).map_err(|error| error.under("outline_polygon"))?.into(),
        (None, None) => return Err(RequestError::at("", Reason::Outlines { given: 0 })),
        (Some(_), Some(_)) => return Err(RequestError::at("", Reason::Outlines { given: 2 })),
    };
    Ok((footprint, band))
}

fn altitude_w84(altitude: wire::Altitude, field: &str, rounded_mm: fn(f64) -> i64) -> Result<Altitude, RequestError> {
    check_range(altitude.value, -8_000.0, 100_000.0, "m")
        .map_err(|reason| RequestError::at(format!("{field}.value"), reason))?;
    Ok(Altitude { mm: rounded_mm(altitude.value), datum: Datum::W84 })
}

fn disc(circle: &wire::Circle) -> Result<Circle, RequestError> {
    let center = circle.center.ok_or_else(|| RequestError::at("center", Reason::Missing))?;
    let radius_m = circle.radius.ok_or_else(|| RequestError::at("radius", Reason::Missing))?.value;
    let center = position(center).map_err(|error| error.under("center"))?;
    if radius_m <= 0.0 {
        return Err(RequestError::at("radius.value", Reason::Radius { given: radius_m }));
    }
    check_range(radius_m, 0.0, metres(RADIUS_MM_MAX), "m")
        .map_err(|reason| RequestError::at("radius.value", reason))?;
    Circle::new(center, ceil_mm(radius_m)).map_err(|error| RequestError::at("radius.value", Reason::Geometry(error)))
}

fn area(polygon: &wire::Polygon) -> Result<Polygon, RequestError> {
    let vertices = polygon
        .vertices
        .iter()
        .enumerate()
        .map(|(i, vertex)| position(*vertex).map_err(|error| error.under(format_args!("vertices[{i}]"))));
    let vertices = vertices.collect::<Result<Vec<_>, _>>()?;
    Polygon::new(vertices).map_err(|error| RequestError::at("", Reason::Geometry(error)))
}

fn position(point: wire::LatLngPoint) -> Result<LatLng, RequestError> {
    check_range(point.lat, -90.0, 90.0, "degrees").map_err(|reason| RequestError::at("lat", reason))?;
    check_range(point.lng, -180.0, 180.0, "degrees").map_err(|reason| RequestError::at("lng", reason))?;
    let e9 = |degrees: f64| (degrees * DEGREE_E9 as f64).round() as i64;
    LatLng::new(e9(point.lat), e9(point.lng))
        .map_err(|error| RequestError::at("", Reason::Value { problem: error.to_string() }))
}

/// Within the range, and a number at all.
fn check_range(given: f64, least: f64, most: f64, unit: &'static str) -> Result<(), Reason> {
    if (least..=most).contains(&given) { Ok(()) } else { Err(Reason::Range { given, least, most, unit }) }
}

/// The most millimetres that are not above `m`. A value that is the `f64` nearest to whole millimetres is those.
fn floor_mm(m: f64) -> i64 {
    let nearest = (m * 1_000.0).round() as i64;
    if metres(nearest) > m { nearest - 1 } else { nearest }
}

/// The least millimetres that are not below `m`; as [`floor_mm`].
fn ceil_mm(m: f64) -> i64 {
    -floor_mm(-m)
}

fn metres(mm: i64) -> f64 {
    mm as f64 / 1_000.0
}

/// A volume that the contract has no form for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unwritable {
    /// Outlines are circles and polygons.
    #[error("the footprint is a corridor, and ASTM F3548 has none; give its outline as a polygon")]
    Corridor,
    /// Altitudes are over the WGS84 ellipsoid.
    #[error("the altitude's datum is {datum:?}, and ASTM F3548 has W84 alone; convert the altitude")]
    Datum {
        /// The datum given.
        datum: Datum,
    },
}

impl Unwritable {
    /// Stable code for users and for other programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Corridor => "corridor-not-in-contract",
            Self::Datum { .. } => "datum-not-in-contract",
        }
    }
}

impl TryFrom<&Volume4d> for wire::Volume4D {
    type Error = Unwritable;

    fn try_from(volume: &Volume4d) -> Result<Self, Unwritable> {
        written(&volume.footprint, volume.band, Some(volume.window.start()), Some(volume.window.end()))
    }
}

fn written(
    footprint: &Footprint,
    band: AltitudeBand,
    start: Option<UtcNanos>,
    end: Option<UtcNanos>,
) -> Result<wire::Volume4D, Unwritable> {
    let (mut outline_circle, mut outline_polygon) = (None, None);
    match footprint {
        Footprint::Circle(circle) => {
            let radius = wire::Radius { value: metres(circle.radius_mm()), units: wire::LengthUnits::M };
            outline_circle = Some(wire::Circle { center: Some(circle.centre().into()), radius: Some(radius) });
        }
        Footprint::Polygon(polygon) => {
            let vertices = polygon.vertices().iter().map(|vertex| (*vertex).into()).collect();
            outline_polygon = Some(wire::Polygon { vertices });
        }
        Footprint::Corridor(_) => return Err(Unwritable::Corridor),
    }
    let volume = wire::Volume3D {
        outline_circle,
        outline_polygon,
        altitude_lower: band.lower().map(TryInto::try_into).transpose()?,
        altitude_upper: band.upper().map(TryInto::try_into).transpose()?,
    };
    Ok(wire::Volume4D { volume, time_start: start.map(Time), time_end: end.map(Time) })
}

impl From<LatLng> for wire::LatLngPoint {
    fn from(position: LatLng) -> Self {
        Self { lng: position.lng_deg(), lat: position.lat_deg() }
    }
}

impl TryFrom<Altitude> for wire::Altitude {
    type Error = Unwritable;

    fn try_from(altitude: Altitude) -> Result<Self, Unwritable> {
        match altitude.datum {
            Datum::W84 => Ok(Self {
                value: metres(altitude.mm),
                reference: wire::AltitudeReference::W84,
                units: wire::LengthUnits::M,
            }),
            datum => Err(Unwritable::Datum { datum }),
        }
    }
}
