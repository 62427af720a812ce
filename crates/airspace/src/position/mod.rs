//! Forms of a position: the same place said in more than one way, and whether the ways agree. In 2016 a position near Deir
//! ez-Zor was passed on 9 km wrong, in one form alone; nobody could see it.
//!
//! Each form denotes an area ([`PositionArea`]), read from text of at most [`TEXT_BYTES_MAX`] bytes on WGS84, the only datum
//! of aviation (ICAO Annex 15, 1.2.1). What is missing is an error that says what to write, never a guess.

mod aerodromes;
mod agreement;
mod angles;
mod area;
mod bearing;
mod error;
mod gars;
mod grid;
mod mgrs;

pub use aerodromes::Aerodrome;
pub use agreement::{Agreement, FORMS_MAX, Pair, distance_text};
pub use angles::{decimal_degrees, degrees_minutes_seconds};
pub use area::{PositionArea, Separation, geodesic_mm, separation};
pub use bearing::name as bearing_and_distance;
pub use error::FormError;
pub use gars::name as gars;
pub use mgrs::{name as mgrs, utm_mm};

use crate::units::LatLng;

/// Longest text of a position.
pub const TEXT_BYTES_MAX: usize = 200;

/// How a position is stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// The exact position of a record, 1e-9 degree.
    Exact,
    /// Latitude and longitude in degrees, minutes and seconds.
    LatitudeLongitude,
    /// Military Grid Reference System.
    Mgrs,
    /// Global Area Reference System.
    Gars,
    /// True bearing and distance from an aerodrome.
    BearingDistance,
    /// An aerodrome or the town that it serves.
    Place,
}

impl Form {
    /// Name for people and files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::LatitudeLongitude => "latitude and longitude",
            Self::Mgrs => "MGRS",
            Self::Gars => "GARS",
            Self::BearingDistance => "bearing and distance",
            Self::Place => "place",
        }
    }
}

/// A position as somebody stated it.
#[derive(Clone, Debug, PartialEq)]
pub struct StatedPosition {
    text: String,
    form: Form,
    area: PositionArea,
    read_as: Option<String>,
}

impl StatedPosition {
    /// Reads a position in any of the forms.
    pub fn read(text: &str) -> Result<Self, FormError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(FormError::TooLong { bytes: text.len(), most: TEXT_BYTES_MAX });
        }
        let capitals = without_datum(&capitals(text))?;
        if capitals.is_empty() {
            return Err(FormError::Empty);
        }
        let solid: String = capitals.split_whitespace().collect();
        let stated = |form, area| Self { text: text.trim().to_owned(), form, area, read_as: None };
        if gars::looks_like(&solid) {
            return gars::read(&solid).map(|area| stated(Form::Gars, area));
        }
        if mgrs::looks_like(&solid) {
            return mgrs::read(&solid).map(|area| stated(Form::Mgrs, area));
        }
        if is_angles(&capitals) {
            return angles::read(&capitals).map(|area| stated(Form::LatitudeLongitude, area));
        }
        if capitals.contains('/') {
            let (area, from) = bearing::read(&capitals)?;
            return Ok(Self { read_as: Some(from), ..stated(Form::BearingDistance, area) });
        }
        if capitals.contains(|c: char| c.is_ascii_digit()) {
            return Err(FormError::Unreadable { text: text.trim().to_owned() });
        }
        let place = aerodromes::find(&capitals)?;
        let what = if place.town { "the town served by " } else { "" };
        let read_as = Some(format!("{what}{}", place.aerodrome.title()));
        Ok(Self { read_as, ..stated(Form::Place, PositionArea::disc(place.aerodrome.at, place.radius_mm)) })
    }

    /// The exact position of a record, with words for what it is, such as `centre of the circle`.
    pub fn exact(what: &str, at: LatLng) -> Self {
        Self { text: what.to_owned(), form: Form::Exact, area: PositionArea::point(at), read_as: None }
    }

    /// What was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The form that it was read as.
    pub const fn form(&self) -> Form {
        self.form
    }

    /// The area that it denotes.
    pub const fn area(&self) -> &PositionArea {
        &self.area
    }

    /// The aerodrome that was meant, for forms that name one.
    pub fn read_as(&self) -> Option<&str> {
        self.read_as.as_deref()
    }
}

/// Capital letters, and one sign each for minutes and seconds of arc.
fn capitals(text: &str) -> String {
    let text = text.trim().to_uppercase().replace(['\u{2032}', '\u{2019}', '\u{b4}'], "'");
    text.replace(['\u{2033}', '\u{201d}'], "\"").replace("''", "\"").replace(['\u{ba}', '\u{2da}'], "°")
}

/// The text without the name of WGS84 at its end; another datum is refused.
fn without_datum(text: &str) -> Result<String, FormError> {
    const OTHERS: [&str; 8] = ["ED50", "NAD27", "NAD83", "PULKOVO", "SK-42", "SK42", "PZ-90", "CLARKE"];
    let last = text.rsplit(' ').next().unwrap_or(text).trim_matches(['(', ')', ',']);
    if OTHERS.iter().any(|other| last.starts_with(other)) {
        return Err(FormError::OtherDatum { datum: last.to_owned() });
    }
    let ending = ["(WGS84)", "WGS 84", "WGS-84", "WGS84"].into_iter().find_map(|name| text.strip_suffix(name));
    Ok(ending.unwrap_or(text).trim_matches([' ', ',']).to_owned())
}

/// Whether a text is figures of degrees with the letters of hemispheres, signs, and nothing else.
fn is_angles(text: &str) -> bool {
    let part = |c: char| {
        matches!(
            c,
            '0'..='9' | 'N' | 'S' | 'E' | 'W' | ' ' | '.' | ',' | ';' | ':' | '/' | '+' | '-' | '°' | '\'' | '"'
        )
    };
    text.chars().all(part) && text.contains(|c: char| c.is_ascii_digit())
}
