//! Volumes of a snapshot: what was given, from which all that is derived is made again.

use std::sync::Arc;

use minicbor::Decoder;
use minicbor::data::Type;
use skypact_airspace::{
    Altitude, AltitudeBand, Circle, Corridor, Datum, Footprint, LatLng, Polygon, TimeWindow, UtcNanos, Volume4d,
};

use super::piece::{SnapshotError, Writer, Written, many};

pub(super) fn write_volumes(w: &mut Writer<'_>, volumes: &[Volume4d]) -> Written {
    w.array(volumes.len() as u64)?;
    volumes.iter().try_for_each(|volume| {
        write_footprint(w, &volume.footprint)?;
        for limit in [volume.band.lower(), volume.band.upper()] {
            match limit {
                Some(altitude) => w.array(2)?.i64(altitude.mm)?.u8(altitude.datum as u8)?,
                None => w.null()?,
            };
        }
        w.i64(volume.window.start().0)?.i64(volume.window.end().0)?;
        Ok(())
    })
}

pub(super) fn read_volumes(r: &mut Decoder<'_>) -> Result<Arc<[Volume4d]>, SnapshotError> {
    let volumes = many(r, |r| {
        let footprint = read_footprint(r)?;
        let (lower, upper) = (read_altitude(r)?, read_altitude(r)?);
        let band = AltitudeBand::new(lower, upper).map_err(SnapshotError::new)?;
        let (start, end) = (UtcNanos(r.i64()?), UtcNanos(r.i64()?));
        let window = TimeWindow::new(start, end).map_err(SnapshotError::new)?;
        Ok(Volume4d::new(footprint, band, window))
    })?;
    if volumes.is_empty() { Err(SnapshotError::new("an entity without volumes")) } else { Ok(volumes.into()) }
}

/// Points, then the radius of a circle or half the width of a corridor; a polygon has none.
fn write_footprint(w: &mut Writer<'_>, footprint: &Footprint) -> Written {
    let (points, radius_mm, kind) = match footprint {
        Footprint::Polygon(polygon) => (polygon.vertices().to_vec(), 0, 0),
        Footprint::Circle(circle) => (vec![circle.centre()], circle.radius_mm(), 1),
        Footprint::Corridor(corridor) => (corridor.points().to_vec(), corridor.half_width_mm(), 2),
    };
    w.u8(kind)?.i64(radius_mm)?.array(points.len() as u64)?;
    points.iter().try_for_each(|point| w.i64(point.lat_e9())?.i64(point.lng_e9()).map(drop))
}

fn read_footprint(r: &mut Decoder<'_>) -> Result<Footprint, SnapshotError> {
    let (kind, radius_mm) = (r.u8()?, r.i64()?);
    let points = many(r, |r| LatLng::new(r.i64()?, r.i64()?).map_err(SnapshotError::new))?;
    match (kind, &points[..]) {
        (0, _) => Polygon::new(points).map(Into::into).map_err(SnapshotError::new),
        (1, [centre]) => Circle::new(*centre, radius_mm).map(Into::into).map_err(SnapshotError::new),
        (2, _) => Corridor::new(points, radius_mm).map(Into::into).map_err(SnapshotError::new),
        _ => Err(SnapshotError::new("a footprint of unknown form")),
    }
}

fn read_altitude(r: &mut Decoder<'_>) -> Result<Option<Altitude>, SnapshotError> {
    if r.datatype()? == Type::Null {
        r.null()?;
        return Ok(None);
    }
    r.array()?;
    let (mm, datum) = (r.i64()?, r.u8()?);
    let datum = [Datum::W84, Datum::Amsl, Datum::FlightLevel].into_iter().find(|known| *known as u8 == datum);
    Ok(Some(Altitude { mm, datum: datum.ok_or_else(|| SnapshotError::new("an altitude of no known datum"))? }))
}
