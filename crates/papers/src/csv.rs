//! Comma-separated values (RFC 4180): a header with the names of the columns in any order, and a row for each volume.

use skypact_airspace::{Footprint, LatLng};

use crate::Entry;
use crate::fault::{Fault, shown};
use crate::fields::{Field, Fields, Geometry, points, stated};
use crate::gather::{Gather, Reading};
use crate::quantity::{position, position_text};

/// The columns that only this format needs: the others have a geometry.
const SHAPE: &str = "shape";
const POINTS: &str = "points";
/// What a spreadsheet takes for the beginning of a formula, and the mark that it takes for the beginning of text.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', MARK];
const MARK: char = '\'';

/// The header, and a notice of each shape; their times are long past, so that nobody files them by mistake.
pub fn template() -> String {
    let header = header().join(",");
    format!(
        "{header}\n\
         A1,,manned,KOBALT 21,\"RED CAOC, +00 000 000 001\",circle,\"35.2854,40.1760\",20NM,,FL180,FL240,2017-04-07T09:00:00Z,2017-04-07T11:00:00Z\n\
         A2,,unmanned,HUSKY 61,,corridor,\"35.2,40.0 35.4,40.3 35.6,40.3\",,5NM,UNL,5000ft AMSL,2017-04-07T09:00:00Z,2017-04-07T10:00:00Z\n\
         A3,,hazard-area,,,polygon,\"35.0,40.0 35.0,40.5 35.4,40.5\",,,UNL,1500m W84,2017-04-07T09:00:00Z,2017-04-07T09:30:00Z\n"
    )
}

fn header() -> Vec<&'static str> {
    let mut names: Vec<&str> = Field::ALL.map(Field::name).to_vec();
    let after_contact = Field::Contact as usize + 1;
    // Where it is comes before how high and when, as people read it.
    let lengths = names.split_off(Field::Radius as usize);
    let rest = names.split_off(after_contact);
    names.extend([SHAPE, POINTS]);
    names.extend(lengths);
    names.extend(rest);
    names
}

/// A column.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Field(Field),
    Shape,
    Points,
}

impl Column {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            SHAPE => Some(Self::Shape),
            POINTS => Some(Self::Points),
            name => Field::from_name(name).map(Self::Field),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Field(field) => field.name(),
            Self::Shape => SHAPE,
            Self::Points => POINTS,
        }
    }
}

pub(crate) fn read(text: &str) -> Result<Reading, Fault> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| broken(&error))?;
    let columns = columns(header)?;
    let mut gather = Gather::default();
    for record in reader.records() {
        let record = record.map_err(|error| broken(&error))?;
        let line = record.position().map_or(1, csv::Position::line);
        row(line, &columns, &record, &mut gather)?;
    }
    Ok(gather.finish())
}

fn broken(error: &csv::Error) -> Fault {
    Fault::new(error.position().map_or(1, csv::Position::line), "file", "paper-malformed", error.to_string())
}

fn columns(header: &csv::StringRecord) -> Result<Vec<Column>, Fault> {
    let mut columns = Vec::new();
    for name in header {
        let column = Column::from_name(name.trim()).ok_or_else(|| {
            let reason =
                format!("is no column; write those of 'skypact notice template', separated by commas: {}", all());
            Fault::new(1, shown(name), "column-unknown", reason)
        })?;
        if columns.contains(&column) {
            return Err(Fault::new(1, column.name(), "column-repeated", "is there twice; keep one"));
        }
        columns.push(column);
    }
    let needed = [Field::Class, Field::Lower, Field::Upper, Field::From, Field::Until].map(Column::Field);
    let missing = needed.into_iter().chain([Column::Shape, Column::Points]).find(|column| !columns.contains(column));
    match missing {
        Some(column) => Err(Fault::new(1, column.name(), "column-missing", format!("is missing; write {}", all()))),
        None => Ok(columns),
    }
}

fn all() -> String {
    header().join(",")
}

fn row(line: u64, columns: &[Column], record: &csv::StringRecord, gather: &mut Gather) -> Result<(), Fault> {
    let mut fields = Fields::default();
    let (mut shape, mut place) = ("", "");
    for (column, cell) in columns.iter().zip(record) {
        match column {
            Column::Shape => shape = cell.trim(),
            Column::Points => place = cell,
            Column::Field(field @ (Field::Notice | Field::Party | Field::CallSign | Field::Contact)) => {
                fields.set(*field, cell.strip_prefix(MARK).unwrap_or(cell).to_owned());
            }
            Column::Field(field) => fields.set(*field, cell.trim().to_owned()),
        }
    }
    if record.len() != columns.len() {
        let reason =
            format!("number of cells {}, in the header {}; quote cells with commas", record.len(), columns.len());
        let fault = Fault::new(line, "row", "cells-miscounted", reason);
        // With a comma too many or too few, the label may be in another cell.
        return gather.lost(fault);
    }
    gather.item(line, &fields, geometry(line, shape, place))
}

fn geometry(line: u64, shape: &str, place: &str) -> Result<Geometry, Fault> {
    let wrong = |code: &'static str, reason: String| Fault::new(line, POINTS, code, reason);
    let read = |text: &str| position(text).map_err(|error| wrong(error.code(), error.to_string()));
    let points: Vec<LatLng> = place.split_whitespace().map(read).collect::<Result<_, _>>()?;
    match (shape, &points[..]) {
        ("circle", [centre]) => Ok(Geometry::Point(*centre)),
        ("circle", _) => {
            Err(wrong("shape-mismatch", format!("has {} positions; a circle has one, its centre", points.len())))
        }
        ("corridor", _) => Ok(Geometry::Line(points)),
        ("polygon", _) => Ok(Geometry::Ring(points)),
        (other, _) => {
            let reason = format!("'{}' is none of circle, corridor, polygon", shown(other));
            Err(Fault::new(line, SHAPE, "shape-unknown", reason))
        }
    }
}

pub(crate) fn write(entries: &[Entry<'_>]) -> String {
    let names = header();
    let mut text = names.join(",") + "\n";
    for entry in entries {
        for volume in &entry.notice.volumes {
            let stated = stated(entry, volume);
            let place: Vec<String> = points(&volume.footprint).into_iter().map(position_text).collect();
            let cell = |name: &&str| match *name {
                SHAPE => shape(&volume.footprint).to_owned(),
                POINTS => place.join(" "),
                name => stated.iter().find(|(field, _)| field.name() == name).map(cell_of).unwrap_or_default(),
            };
            let cells: Vec<String> = names.iter().map(|name| quoted(&cell(name))).collect();
            text.push_str(&cells.join(","));
            text.push('\n');
        }
    }
    text
}

/// A cell. Whoever opens the file in a spreadsheet shall not run what a counterpart wrote into a call sign.
fn cell_of((field, text): &(Field, String)) -> String {
    let is_free = matches!(field, Field::Notice | Field::Party | Field::CallSign | Field::Contact);
    if is_free && text.starts_with(FORMULA) { format!("{MARK}{text}") } else { text.clone() }
}

fn quoted(cell: &str) -> String {
    let needs = cell.contains([',', '"', '\n', '\r']) || cell.starts_with(' ') || cell.ends_with(' ');
    if needs { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

fn shape(footprint: &Footprint) -> &'static str {
    match footprint {
        Footprint::Circle(_) => "circle",
        Footprint::Corridor(_) => "corridor",
        Footprint::Polygon(_) => "polygon",
    }
}
