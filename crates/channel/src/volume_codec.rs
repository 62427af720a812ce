//! Volumes on the wire. A volume is `[footprint, lower, upper, start, end]`; points are one flat array of integers
//! in 1e-9 degree, the first absolute and each later one as difference from the one before, which keeps a flown track
//! small on a link of 300 bit/s.

use skypact_airspace::{
    Altitude, AltitudeBand, Circle, Corridor, Datum, Footprint, LatLng, Polygon, TimeWindow, UtcNanos, Volume4d,
};

use crate::codec::{CodecError, Reader, Writer, Written};

/// Most volumes that one notice may carry.
pub const VOLUMES_MAX: usize = 256;
/// Most points of one footprint (ASTM F3548-21: 10,000 vertices per operational intent).
const POINTS_MAX: u64 = 10_000;

pub(crate) fn write_volumes(writer: &mut Writer<'_>, volumes: &[Volume4d]) -> Written {
    writer.array(volumes.len() as u64)?;
    for volume in volumes {
        writer.array(5)?;
        write_footprint(writer, &volume.footprint)?;
        write_altitude(writer, volume.band.lower())?;
        write_altitude(writer, volume.band.upper())?;
        writer.i64(volume.window.start().0)?.i64(volume.window.end().0)?;
    }
    Ok(())
}

pub(crate) fn read_volumes(reader: &mut Reader<'_>) -> Result<Vec<Volume4d>, CodecError> {
    let count = reader.array(VOLUMES_MAX as u64)?;
    if count == 0 {
        return Err(reader.error("needs at least one volume"));
    }
    (0..count).map(|_| read_volume(reader)).collect()
}

fn read_volume(reader: &mut Reader<'_>) -> Result<Volume4d, CodecError> {
    reader.tuple(5)?;
    let footprint = read_footprint(reader)?;
    let (lower, upper) = (read_altitude(reader)?, read_altitude(reader)?);
    let band = AltitudeBand::new(lower, upper).map_err(|error| reader.error(error.to_string()))?;
    let (start, end) = (UtcNanos(reader.i64()?), UtcNanos(reader.i64()?));
    let window = TimeWindow::new(start, end).map_err(|error| reader.error(error.to_string()))?;
    Ok(Volume4d::new(footprint, band, window))
}

fn write_footprint(writer: &mut Writer<'_>, footprint: &Footprint) -> Written {
    match footprint {
        Footprint::Polygon(polygon) => {
            writer.array(2)?.u8(0)?;
            write_points(writer, polygon.vertices())
        }
        Footprint::Circle(circle) => {
            writer.array(3)?.u8(1)?;
            write_points(writer, &[circle.centre()])?;
            writer.i64(circle.radius_mm())?.ok()
        }
        Footprint::Corridor(corridor) => {
            writer.array(3)?.u8(2)?;
            write_points(writer, corridor.points())?;
            writer.i64(corridor.half_width_mm())?.ok()
        }
    }
}

fn read_footprint(reader: &mut Reader<'_>) -> Result<Footprint, CodecError> {
    let items = reader.array(3)?;
    let kind = reader.u64()?;
    let points = read_points(reader)?;
    match (kind, items) {
        (0, 2) => Polygon::new(points).map(Footprint::Polygon),
        (1, 3) if points.len() == 1 => Circle::new(points[0], reader.i64()?).map(Footprint::Circle),
        (2, 3) => Corridor::new(points, reader.i64()?).map(Footprint::Corridor),
        _ => {
            return Err(reader.error("footprint is no polygon [0, points], circle or corridor [1 or 2, points, width]"));
        }
    }
    .map_err(|error| reader.error(error.to_string()))
}

pub(crate) fn write_points(writer: &mut Writer<'_>, points: &[LatLng]) -> Written {
    writer.array(2 * points.len() as u64)?;
    let mut before = (0, 0);
    for point in points {
        let here = (point.lat_e9(), point.lng_e9());
        writer.i64(here.0 - before.0)?.i64(here.1 - before.1)?;
        before = here;
    }
    Ok(())
}

pub(crate) fn read_points(reader: &mut Reader<'_>) -> Result<Vec<LatLng>, CodecError> {
    let integers = reader.array(2 * POINTS_MAX)?;
    if !integers.is_multiple_of(2) {
        return Err(reader.error("has a latitude without a longitude"));
    }
    let (mut lat_e9, mut lng_e9) = (0_i64, 0_i64);
    (0..integers / 2)
        .map(|_| {
            lat_e9 = lat_e9.saturating_add(reader.i64()?);
            lng_e9 = lng_e9.saturating_add(reader.i64()?);
            LatLng::new(lat_e9, lng_e9).map_err(|error| reader.error(error.to_string()))
        })
        .collect()
}

pub(crate) fn write_altitude(writer: &mut Writer<'_>, altitude: Option<Altitude>) -> Written {
    match altitude {
        None => writer.null()?.ok(),
        Some(altitude) => {
            let datum = match altitude.datum {
                Datum::W84 => 0,
                Datum::Amsl => 1,
                Datum::FlightLevel => 2,
            };
            writer.array(2)?.i64(altitude.mm)?.u8(datum)?.ok()
        }
    }
}

pub(crate) fn read_altitude(reader: &mut Reader<'_>) -> Result<Option<Altitude>, CodecError> {
    if reader.null()? {
        return Ok(None);
    }
    reader.tuple(2)?;
    let mm = reader.i64()?;
    let datum = match reader.u64()? {
        0 => Datum::W84,
        1 => Datum::Amsl,
        2 => Datum::FlightLevel,
        other => return Err(reader.error(format!("altitude datum {other} is unknown; 0 W84, 1 AMSL, 2 flight level"))),
    };
    Ok(Some(Altitude { mm, datum }))
}
