//! GeoJSON (RFC 7946): a feature for each volume. A Point with `radius` is a circle, a LineString with `width` a corridor, a
//! Polygon a polygon. Coordinates are longitude, latitude; they are read as text and never become floating-point numbers.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use skypact_airspace::{Footprint, LatLng};

use crate::Entry;
use crate::fault::{Fault, shown};
use crate::fields::{Fields, Geometry, points, stated};
use crate::gather::{Gather, Reading};
use crate::lines::{Lines, offset};
use crate::quantity::{coordinate_texts, coordinates};

/// The one coordinate reference system of RFC 7946, as older programs still name it.
const CRS84: &str = "urn:ogc:def:crs:OGC:1.3:CRS84";
/// Most properties of a feature.
const PROPERTIES_MAX: usize = 64;

#[derive(Deserialize)]
struct Whole<'t> {
    #[serde(rename = "type")]
    kind: Cow<'t, str>,
    #[serde(borrow)]
    features: Option<Vec<&'t RawValue>>,
    crs: Option<Crs<'t>>,
}

#[derive(Deserialize)]
struct Crs<'t> {
    #[serde(borrow)]
    properties: CrsName<'t>,
}

#[derive(Deserialize)]
struct CrsName<'t> {
    #[serde(borrow)]
    name: Cow<'t, str>,
}

#[derive(Deserialize)]
struct Feature<'t> {
    #[serde(rename = "type")]
    kind: Cow<'t, str>,
    #[serde(borrow)]
    properties: Option<Properties<'t>>,
    #[serde(borrow)]
    geometry: Option<&'t RawValue>,
}

/// Every property in its order, a repeated one too.
struct Properties<'t>(Vec<(Cow<'t, str>, &'t RawValue)>);

#[derive(Deserialize)]
struct Shape<'t> {
    #[serde(rename = "type")]
    kind: Cow<'t, str>,
    #[serde(borrow)]
    coordinates: Option<&'t RawValue>,
}

/// A position as it is written: longitude, latitude, and nothing else.
type Written<'t> = Vec<&'t RawValue>;

pub(crate) fn read(text: &str) -> Result<Reading, Fault> {
    let broken = |error: &serde_json::Error| {
        Fault::new(error.line() as u64, "file", "paper-malformed", format!("is no GeoJSON: {error}"))
    };
    let whole: Whole<'_> = serde_json::from_str(text).map_err(|error| broken(&error))?;
    if let Some(crs) = whole.crs.filter(|crs| crs.properties.name != CRS84) {
        let reason = format!("'{}' is not WGS84; transform the file to CRS84", shown(&crs.properties.name));
        return Err(Fault::new(1, "crs", "datum-unknown", reason));
    }
    let Some(features) = whole.features.filter(|_| whole.kind == "FeatureCollection") else {
        return Err(Fault::new(1, "type", "paper-malformed", "is no FeatureCollection with features"));
    };
    let (mut gather, mut lines) = (Gather::default(), Lines::of(text));
    for feature in features {
        let line = lines.at(offset(text, feature.get()));
        one(line, feature, &mut gather)?;
    }
    Ok(gather.finish())
}

fn one(line: u64, feature: &RawValue, gather: &mut Gather) -> Result<(), Fault> {
    let feature: Feature<'_> = match serde_json::from_str(feature.get()) {
        Ok(feature) => feature,
        Err(error) => {
            let at = line + (error.line() as u64).saturating_sub(1);
            return gather.lost(Fault::new(at, "feature", "item-malformed", format!("is no feature: {error}")));
        }
    };
    let mut fields = Fields::default();
    let mut fault = None;
    for (name, value) in feature.properties.map(|Properties(all)| all).unwrap_or_default() {
        // The others are read on: among them is the label.
        fault = set(line, &mut fields, &name, value).err().or(fault);
    }
    let geometry = match fault {
        Some(fault) => Err(fault),
        None if feature.kind != "Feature" => Err(Fault::new(line, "type", "item-malformed", "is no Feature")),
        None => geometry(line, feature.geometry),
    };
    gather.item(line, &fields, geometry)
}

fn set(line: u64, fields: &mut Fields, name: &str, value: &RawValue) -> Result<(), Fault> {
    // What is null is not stated.
    match serde_json::from_str::<Option<String>>(value.get()) {
        Ok(None) => Ok(()),
        Ok(Some(text)) => fields.set_by_name(line, name, text),
        Err(_) => {
            let reason = "is no text; write it with its unit or datum in quotes, such as \"20NM\" or \"FL180\"";
            Err(Fault::new(line, shown(name), "field-not-text", reason))
        }
    }
}

fn geometry(line: u64, geometry: Option<&RawValue>) -> Result<Geometry, Fault> {
    let wrong = |reason: String| Fault::new(line, "geometry", "geometry-malformed", reason);
    let geometry = geometry.ok_or_else(|| wrong("is missing; give a Point, LineString or Polygon".to_owned()))?;
    let shape: Shape<'_> = serde_json::from_str(geometry.get()).map_err(|error| wrong(error.to_string()))?;
    let written = shape.coordinates.map_or("", RawValue::get);
    let unread = |error: serde_json::Error| wrong(format!("{} coordinates: {error}", shown(&shape.kind)));
    match &*shape.kind {
        "Point" => {
            let point: Written<'_> = serde_json::from_str(written).map_err(unread)?;
            position(line, &point).map(Geometry::Point)
        }
        "LineString" => {
            let route: Vec<Written<'_>> = serde_json::from_str(written).map_err(unread)?;
            positions(line, &route).map(Geometry::Line)
        }
        "Polygon" => {
            let rings: Vec<Vec<Written<'_>>> = serde_json::from_str(written).map_err(unread)?;
            ring(line, &rings).map(Geometry::Ring)
        }
        other => Err(wrong(format!("'{}' is none of Point, LineString, Polygon; split it", shown(other)))),
    }
}

fn ring(line: u64, rings: &[Vec<Written<'_>>]) -> Result<Vec<LatLng>, Fault> {
    let wrong = |reason: &str| Fault::new(line, "geometry", "geometry-malformed", reason);
    let [outline] = rings else {
        return Err(wrong("a Polygon must have one ring; split one with holes"));
    };
    let corners = positions(line, outline)?;
    if corners.len() < 4 || corners.first() != corners.last() {
        return Err(wrong("the ring is not closed; repeat its first position at the end"));
    }
    Ok(corners)
}

fn positions(line: u64, written: &[Written<'_>]) -> Result<Vec<LatLng>, Fault> {
    written.iter().map(|point| position(line, point)).collect()
}

fn position(line: u64, written: &[&RawValue]) -> Result<LatLng, Fault> {
    let [lng, lat] = written else {
        let reason = format!(
            "a position is two numbers, and this is {}; write longitude and latitude, and altitudes as lower and upper",
            written.len()
        );
        return Err(Fault::new(line, "geometry", "position-malformed", reason));
    };
    let read = coordinates(lat.get(), lng.get());
    read.map_err(|error| Fault::new(line, "geometry", error.code(), format!("latitude, longitude {error}")))
}

impl<'de: 't, 't> Deserialize<'de> for Properties<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All<'t>(PhantomData<&'t str>);
        impl<'de: 't, 't> Visitor<'de> for All<'t> {
            type Value = Properties<'t>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of properties")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some((name, value)) = map.next_entry::<Cow<'t, str>, &'t RawValue>()? {
                    if all.len() == PROPERTIES_MAX {
                        return Err(serde::de::Error::custom(format!("more than {PROPERTIES_MAX} properties")));
                    }
                    all.push((name, value));
                }
                Ok(Properties(all))
            }
        }
        deserializer.deserialize_map(All(PhantomData))
    }
}

pub(crate) fn write(entries: &[Entry<'_>]) -> String {
    let mut text = "{\"type\":\"FeatureCollection\",\"features\":[".to_owned();
    let mut separator = "\n";
    for entry in entries {
        for volume in &entry.notice.volumes {
            let properties: Vec<String> = stated(entry, volume)
                .iter()
                .map(|(field, value)| format!("\"{}\":{}", field.name(), serde_json::Value::from(value.as_str())))
                .collect();
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                "{separator}{{\"type\":\"Feature\",\"properties\":{{{}}},\"geometry\":{}}}",
                properties.join(","),
                geometry_text(&volume.footprint)
            );
            separator = ",\n";
        }
    }
    text + "\n]}\n"
}

fn geometry_text(footprint: &Footprint) -> String {
    let text = |at: LatLng| {
        let (lat, lng) = coordinate_texts(at);
        format!("[{lng},{lat}]")
    };
    let points = points(footprint);
    let list = |points: &[LatLng]| points.iter().map(|at| text(*at)).collect::<Vec<_>>().join(",");
    match footprint {
        Footprint::Circle(circle) => format!("{{\"type\":\"Point\",\"coordinates\":{}}}", text(circle.centre())),
        Footprint::Corridor(_) => format!("{{\"type\":\"LineString\",\"coordinates\":[{}]}}", list(&points)),
        Footprint::Polygon(_) => {
            format!("{{\"type\":\"Polygon\",\"coordinates\":[[{},{}]]}}", list(&points), text(points[0]))
        }
    }
}
