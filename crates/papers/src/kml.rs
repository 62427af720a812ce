//! KML 2.2 (OGC 07-147r2): a placemark for each volume. A Point with `radius` is a circle, a LineString with `width` a
//! corridor, a Polygon a polygon; the fields stand in ExtendedData, as Data or as SimpleData.
//!
//! XML is hostile: a document type is refused, so nothing expands; depth and size are bounded; nothing recurses.

use std::fmt::Write as _;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event};
use skypact_airspace::{Footprint, LatLng};

use crate::Entry;
use crate::decimal::Decimal;
use crate::fault::{Fault, shown};
use crate::fields::{Field, Fields, Geometry, points, stated};
use crate::gather::{Gather, Reading};
use crate::lines::Lines;
use crate::quantity::{coordinate_texts, coordinates};

/// Deepest nesting of elements.
const DEPTH_MAX: usize = 32;
/// Characters that have no place in XML, beside control characters, which a notice has no place for.
const NOWHERE: [char; 2] = ['\u{fffe}', '\u{ffff}'];
const OPENING: &str =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<kml xmlns=\"http://www.opengis.net/kml/2.2\">\n<Document>\n";
const CLOSING: &str = "</Document>\n</kml>\n";

/// A placemark that is being read.
struct Placemark {
    line: u64,
    /// Depth of its own element.
    depth: usize,
    fields: Fields,
    geometry: Option<Geometry>,
    fault: Option<Fault>,
    /// Name of the Data or SimpleData that is open.
    data: Option<String>,
}

/// Where the reader is.
struct Place<'t> {
    lines: Lines<'t>,
    path: Vec<String>,
    /// The element kml was met.
    has_root: bool,
    /// Text of the innermost element so far.
    text: String,
    placemark: Option<Placemark>,
    gather: Gather,
}

pub(crate) fn read(text: &str) -> Result<Reading, Fault> {
    if let Some(at) = text.find(NOWHERE) {
        let reason = "has U+FFFE or U+FFFF, which XML has no place for";
        return Err(Fault::new(Lines::of(text).at(at), "file", "paper-malformed", reason));
    }
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut place = Place {
        lines: Lines::of(text),
        path: Vec::new(),
        has_root: false,
        text: String::new(),
        placemark: None,
        gather: Gather::default(),
    };
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let event = reader.read_event();
        let line = place.lines.at(at);
        let broken = |reason: String| Fault::new(line, "file", "paper-malformed", reason);
        match event.map_err(|error| broken(format!("is no KML: {error}")))? {
            Event::Start(start) => place.open(line, &start)?,
            Event::End(_) => place.close(line)?,
            Event::Text(text) => place.text.push_str(&text.xml10_content()),
            Event::CData(text) => place.text.push_str(&text.xml10_content()),
            Event::GeneralRef(name) => place.text.push(character(&name).ok_or_else(|| {
                broken(format!("has the entity '{}'; only those of XML itself are read", shown(&name)))
            })?),
            Event::DocType(_) => return Err(broken("has a document type; remove it".to_owned())),
            Event::Eof if place.path.is_empty() && place.has_root => break,
            Event::Eof if place.path.is_empty() => return Err(broken("is no KML: it has no element kml".to_owned())),
            Event::Eof => return Err(broken("ends before its elements do".to_owned())),
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    Ok(place.gather.finish())
}

/// The character of a reference: by number, or one of the five that XML defines.
fn character(reference: &BytesRef<'_>) -> Option<char> {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return Some(character).filter(|character| !NOWHERE.contains(character));
    }
    match &**reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}

impl Place<'_> {
    fn open(&mut self, line: u64, start: &BytesStart<'_>) -> Result<(), Fault> {
        let name = start.local_name().into_inner().to_owned();
        if self.path.len() == DEPTH_MAX {
            let reason = format!("nests elements more than {DEPTH_MAX} deep");
            return Err(Fault::new(line, "file", "paper-malformed", reason));
        }
        if self.path.is_empty() && name != "kml" {
            let reason = format!("begins with '{}' and not with kml", shown(&name));
            return Err(Fault::new(line, "file", "paper-malformed", reason));
        }
        self.has_root = true;
        self.text.clear();
        match &mut self.placemark {
            None if name == "Placemark" => {
                let (depth, fields) = (self.path.len(), Fields::default());
                self.placemark = Some(Placemark { line, depth, fields, geometry: None, fault: None, data: None });
            }
            None => {}
            Some(placemark) => placemark.open(line, &name, start),
        }
        self.path.push(name);
        Ok(())
    }

    fn close(&mut self, line: u64) -> Result<(), Fault> {
        let text = std::mem::take(&mut self.text);
        if let Some(placemark) = &mut self.placemark {
            let inner: Vec<&str> = self.path[placemark.depth + 1..].iter().map(String::as_str).collect();
            if inner.is_empty() {
                let Placemark { line, fields, geometry, fault, .. } = self.placemark.take().expect("it is being read");
                let missing = || {
                    let reason = "is missing; give a Point, LineString or Polygon";
                    Fault::new(line, "geometry", "geometry-malformed", reason)
                };
                let geometry = fault.map_or_else(|| geometry.ok_or_else(missing), Err);
                self.gather.item(line, &fields, geometry)?;
            } else {
                placemark.close(line, &inner, text);
            }
        }
        self.path.pop();
        Ok(())
    }
}

impl Placemark {
    /// The first fault is the one that is told.
    fn fault(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }

    fn open(&mut self, line: u64, name: &str, start: &BytesStart<'_>) {
        match name {
            "Data" | "SimpleData" => {
                self.data = named(start);
                if self.data.is_none() {
                    self.fault(Fault::new(line, "ExtendedData", "field-unknown", format!("a {name} has no name")));
                }
            }
            "innerBoundaryIs" => {
                let reason = "a Polygon must have no hole; split it";
                self.fault(Fault::new(line, "geometry", "geometry-malformed", reason));
            }
            "MultiGeometry" | "Track" | "MultiTrack" | "Model" => {
                let reason = format!("a {name} is not read; give each volume a Placemark of its own");
                self.fault(Fault::new(line, "geometry", "geometry-malformed", reason));
            }
            _ => {}
        }
    }

    fn close(&mut self, line: u64, inner: &[&str], text: String) {
        let read = match inner {
            ["ExtendedData", "Data", "value"] | ["ExtendedData", "SchemaData", "SimpleData"] => match &self.data {
                Some(name) => self.fields.set_by_name(line, name, text),
                None => Ok(()),
            },
            ["Point" | "LineString" | "Polygon", "altitudeMode"] => match text.trim() {
                "clampToGround" => Ok(()),
                other => {
                    let reason =
                        format!("'{}': altitudes are read from lower and upper alone; remove it", shown(other));
                    Err(Fault::new(line, "altitudeMode", "altitude-datum", reason))
                }
            },
            ["Point", "coordinates"] => points_of(line, &text).and_then(|points| match points[..] {
                [centre] => self.place(line, Geometry::Point(centre)),
                _ => Err(Fault::new(line, "coordinates", "geometry-malformed", "a Point has one position")),
            }),
            ["LineString", "coordinates"] => {
                points_of(line, &text).and_then(|route| self.place(line, Geometry::Line(route)))
            }
            ["Polygon", "outerBoundaryIs", "LinearRing", "coordinates"] => {
                points_of(line, &text).and_then(|ring| self.ring(line, ring))
            }
            _ => Ok(()),
        };
        if let Err(fault) = read {
            self.fault(fault);
        }
    }

    fn ring(&mut self, line: u64, ring: Vec<LatLng>) -> Result<(), Fault> {
        if ring.len() < 4 || ring.first() != ring.last() {
            let reason = "the ring is not closed; repeat its first position at the end";
            return Err(Fault::new(line, "coordinates", "geometry-malformed", reason));
        }
        self.place(line, Geometry::Ring(ring))
    }

    fn place(&mut self, line: u64, geometry: Geometry) -> Result<(), Fault> {
        if self.geometry.is_some() {
            let reason = "there is a second one; give each volume a Placemark of its own";
            return Err(Fault::new(line, "geometry", "geometry-malformed", reason));
        }
        self.geometry = Some(geometry);
        Ok(())
    }
}

/// The value of the attribute `name`.
fn named(start: &BytesStart<'_>) -> Option<String> {
    let attribute = start.attributes().flatten().find(|attribute| attribute.key.0 == "name")?;
    attribute.normalized_value(XmlVersion::default()).ok().map(|name| name.trim().to_owned())
}

/// Positions `LNG,LAT` or `LNG,LAT,0` with blanks between them. On the ground KML itself ignores the third number; one that
/// is not zero was meant as an altitude.
fn points_of(line: u64, text: &str) -> Result<Vec<LatLng>, Fault> {
    let wrong = |code, reason| Fault::new(line, "coordinates", code, reason);
    let one = |text: &str| {
        let mut parts = text.split(',');
        let (lng, lat) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let above = parts.next().map(|above| Decimal::read(above).and_then(|above| above.scaled(1_000, 1)));
        let is_flat = above.is_none_or(|above| above.is_some_and(|mm| mm.nearest == 0 && mm.is_exact));
        if !is_flat || parts.next().is_some() {
            let reason = format!("'{}': write LNG,LAT; altitudes are read from lower and upper alone", shown(text));
            return Err(wrong("altitude-datum", reason));
        }
        coordinates(lat, lng).map_err(|error| wrong(error.code(), format!("latitude, longitude {error}")))
    };
    text.split_whitespace().map(one).collect()
}

pub(crate) fn write(entries: &[Entry<'_>]) -> String {
    let mut text = OPENING.to_owned();
    for entry in entries {
        for volume in &entry.notice.volumes {
            let stated = stated(entry, volume);
            let value =
                |wanted: Field| stated.iter().find(|(field, _)| *field == wanted).map_or("", |(_, text)| text.as_str());
            let name = [value(Field::CallSign), value(Field::Class)].into_iter().find(|name| !name.is_empty());
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                "<Placemark><name>{}</name><TimeSpan><begin>{}</begin><end>{}</end></TimeSpan><ExtendedData>",
                escaped(name.unwrap_or_default()),
                value(Field::From),
                value(Field::Until)
            );
            for (field, value) in &stated {
                let _ = write!(text, "<Data name=\"{}\"><value>{}</value></Data>", field.name(), escaped(value));
            }
            let _ = writeln!(text, "</ExtendedData>{}</Placemark>", geometry_text(&volume.footprint));
        }
    }
    text + CLOSING
}

fn geometry_text(footprint: &Footprint) -> String {
    let mut points = points(footprint);
    if let (Footprint::Polygon(_), Some(first)) = (footprint, points.first().copied()) {
        points.push(first);
    }
    let one = |at: &LatLng| {
        let (lat, lng) = coordinate_texts(*at);
        format!("{lng},{lat}")
    };
    let text = points.iter().map(one).collect::<Vec<_>>().join(" ");
    match footprint {
        Footprint::Circle(_) => format!("<Point><coordinates>{text}</coordinates></Point>"),
        Footprint::Corridor(_) => {
            format!("<LineString><tessellate>1</tessellate><coordinates>{text}</coordinates></LineString>")
        }
        Footprint::Polygon(_) => format!(
            "<Polygon><tessellate>1</tessellate><outerBoundaryIs><LinearRing><coordinates>{text}</coordinates>\
             </LinearRing></outerBoundaryIs></Polygon>"
        ),
    }
}

/// Text of an element. Two characters have no place in XML; they become U+FFFD.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            c if NOWHERE.contains(&c) => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
