//! The fields that every volume of a notice has in a paper, whatever the format, and how they become the volume.

use skypact_airspace::{AltitudeBand, Circle, Corridor, Footprint, LatLng, Polygon, TimeWindow, UtcNanos, Volume4d};
use skypact_channel::ActivityClass;

use crate::Entry;
use crate::fault::{Fault, shown};
use crate::quantity::{QuantityError, length_mm, length_text, limit, limit_text, time_ns, time_text};

/// A field. Its name is the same in each format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    /// What the volumes of one notice have in common; a volume without it is a notice by itself.
    Notice,
    /// Whose notice it was; not read, since an import is always the importer's.
    Party,
    Class,
    CallSign,
    Contact,
    Lower,
    Upper,
    From,
    Until,
    /// Of a circle.
    Radius,
    /// Whole width of a corridor.
    Width,
}

impl Field {
    pub(crate) const ALL: [Self; 11] = [
        Self::Notice,
        Self::Party,
        Self::Class,
        Self::CallSign,
        Self::Contact,
        Self::Lower,
        Self::Upper,
        Self::From,
        Self::Until,
        Self::Radius,
        Self::Width,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Party => "party",
            Self::Class => "class",
            Self::CallSign => "call_sign",
            Self::Contact => "contact",
            Self::Lower => "lower",
            Self::Upper => "upper",
            Self::From => "from",
            Self::Until => "until",
            Self::Radius => "radius",
            Self::Width => "width",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }
}

/// What a volume states, as text.
#[derive(Debug, Default)]
pub(crate) struct Fields([Option<String>; Field::ALL.len()]);

impl Fields {
    pub(crate) fn set(&mut self, field: Field, text: String) {
        self.0[field as usize] = Some(text);
    }

    /// What is stated; an empty text states nothing.
    pub(crate) fn get(&self, field: Field) -> Option<&str> {
        self.0[field as usize].as_deref().filter(|text| !text.is_empty())
    }

    /// Sets the field of this name, once.
    pub(crate) fn set_by_name(&mut self, line: u64, name: &str, text: String) -> Result<(), Fault> {
        let unknown = || {
            let known = Field::ALL.map(Field::name).join(", ");
            let reason = format!("is no field of a notice; known are {known}");
            Fault::new(line, shown(name), "field-unknown", reason)
        };
        let field = Field::from_name(name).ok_or_else(unknown)?;
        if self.0[field as usize].is_some() {
            return Err(Fault::new(line, field.name(), "field-repeated", "is given twice; keep one"));
        }
        self.set(field, text);
        Ok(())
    }
}

/// Where a volume is, before its radius or width is known.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Geometry {
    /// Centre of a circle.
    Point(LatLng),
    /// Route of a corridor.
    Line(Vec<LatLng>),
    /// Corners of a polygon.
    Ring(Vec<LatLng>),
}

/// What all volumes of one notice say alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) class: ActivityClass,
    pub(crate) call_sign: Option<String>,
    pub(crate) contact: Option<String>,
}

impl Head {
    pub(crate) fn read(line: u64, fields: &Fields) -> Result<Self, Fault> {
        let name = fields.get(Field::Class).unwrap_or_default();
        let class = ActivityClass::from_name(name).ok_or_else(|| {
            let names = ActivityClass::ALL.map(ActivityClass::name).join(", ");
            Fault::new(line, "class", "class-unknown", format!("'{}' is none of {names}", shown(name)))
        })?;
        let text = |field| fields.get(field).map(str::to_owned);
        Ok(Self { class, call_sign: text(Field::CallSign), contact: text(Field::Contact) })
    }

    /// The name of the first field in which two differ.
    pub(crate) fn differs(&self, other: &Self) -> Option<&'static str> {
        let fields = [
            ("class", self.class == other.class),
            ("call_sign", self.call_sign == other.call_sign),
            ("contact", self.contact == other.contact),
        ];
        fields.into_iter().find(|(_, same)| !same).map(|(name, _)| name)
    }
}

/// The volume that is stated.
pub(crate) fn volume(line: u64, fields: &Fields, geometry: Geometry) -> Result<Volume4d, Fault> {
    let fault = |field: Field, error: &QuantityError| Fault::new(line, field.name(), error.code(), error.to_string());
    let limit_of = |field| limit(fields.get(field).unwrap_or_default()).map_err(|error| fault(field, &error));
    let band = AltitudeBand::new(limit_of(Field::Lower)?, limit_of(Field::Upper)?)
        .map_err(|error| Fault::new(line, "upper", error.code(), error.to_string()))?;
    let time = |field| {
        let read = time_ns(fields.get(field).unwrap_or_default());
        read.map(UtcNanos).map_err(|error| fault(field, &error))
    };
    let window = TimeWindow::new(time(Field::From)?, time(Field::Until)?)
        .map_err(|error| Fault::new(line, "until", error.code(), error.to_string()))?;
    Ok(Volume4d::new(footprint(line, fields, geometry)?, band, window))
}

fn footprint(line: u64, fields: &Fields, geometry: Geometry) -> Result<Footprint, Fault> {
    let (wanted, what) = match geometry {
        Geometry::Point(_) => (Some(Field::Radius), "a circle"),
        Geometry::Line(_) => (Some(Field::Width), "a corridor"),
        Geometry::Ring(_) => (None, "a polygon"),
    };
    for field in [Field::Radius, Field::Width] {
        let reason = match (wanted == Some(field), fields.get(field).is_some()) {
            (true, false) => format!("is missing; {what} needs it, such as 5NM"),
            (false, true) => format!("is given, and {what} has none; remove it"),
            _ => continue,
        };
        return Err(Fault::new(line, field.name(), "shape-mismatch", reason));
    }
    let length = wanted.map_or(Ok(0), |field| {
        let read = length_mm(fields.get(field).unwrap_or_default());
        read.map_err(|error| Fault::new(line, field.name(), error.code(), error.to_string()))
    })?;
    let made = match geometry {
        Geometry::Point(centre) => Circle::new(centre, length).map(Footprint::from),
        // Half of it, rounded up: the area never shrinks.
        Geometry::Line(points) => Corridor::new(points, (length + 1) / 2).map(Footprint::from),
        Geometry::Ring(corners) => Polygon::new(corners).map(Footprint::from),
    };
    made.map_err(|error| Fault::new(line, "geometry", error.code(), error.to_string()))
}

/// What a volume of a notice states: the fields in their order, those that it does not have left out.
pub(crate) fn stated(entry: &Entry<'_>, volume: &Volume4d) -> Vec<(Field, String)> {
    let notice = entry.notice;
    let mut fields = vec![
        (Field::Notice, entry.label.to_owned()),
        (Field::Party, entry.party.to_owned()),
        (Field::Class, notice.class.name().to_owned()),
    ];
    fields.extend(notice.call_sign.clone().map(|call_sign| (Field::CallSign, call_sign)));
    fields.extend(notice.contact.clone().map(|contact| (Field::Contact, contact)));
    fields.extend([
        (Field::Lower, limit_text(volume.band.lower())),
        (Field::Upper, limit_text(volume.band.upper())),
        (Field::From, time_text(volume.window.start().0)),
        (Field::Until, time_text(volume.window.end().0)),
    ]);
    match &volume.footprint {
        Footprint::Circle(circle) => fields.push((Field::Radius, length_text(circle.radius_mm()))),
        Footprint::Corridor(corridor) => fields.push((Field::Width, length_text(2 * corridor.half_width_mm()))),
        Footprint::Polygon(_) => {}
    }
    fields
}

/// The points of a footprint: a centre, a route, or corners without the closing one.
pub(crate) fn points(footprint: &Footprint) -> Vec<LatLng> {
    match footprint {
        Footprint::Circle(circle) => vec![circle.centre()],
        Footprint::Corridor(corridor) => corridor.points().to_vec(),
        Footprint::Polygon(polygon) => polygon.vertices().to_vec(),
    }
}
