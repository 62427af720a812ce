//! Notices in the papers of other houses: CSV, GeoJSON, KML, the airspace sets of an airspace control order, and drafts of
//! NOTAMs. Text on one side, [`skypact_channel::Notice`] on the other.
//!
//! Pure: no clock, files, sockets or random source. Every number is read exactly. What a paper leaves open (a datum, a time
//! zone, a hemisphere) is a fault that names line and field, never a guess. What each paper cannot carry is listed in
//! docs/guide/import-export.md.

pub mod aco;
mod csv;
mod decimal;
mod fault;
mod fields;
mod gather;
mod geojson;
mod kml;
mod lines;
mod notam;
pub mod quantity;

use skypact_channel::Notice;

pub use csv::template;
pub use fault::Fault;
pub use gather::Reading;
pub use notam::{Draft, DraftError, Fir, NOTAM};

/// Largest paper, in bytes.
pub const PAPER_BYTES_MAX: usize = 64 << 20;
/// Most items (rows, features, placemarks) of a paper.
pub const ITEMS_MAX: usize = 100_000;

/// A paper that is both read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values (RFC 4180) with a header, a row for each volume.
    Csv,
    /// GeoJSON (RFC 7946), a feature for each volume.
    GeoJson,
    /// KML 2.2 (OGC 07-147r2), a placemark for each volume.
    Kml,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Csv, Self::GeoJson, Self::Kml];

    /// Its name, which is the usual ending of its files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::GeoJson => "geojson",
            Self::Kml => "kml",
        }
    }

    /// The format of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// Reads a paper. Faults of single items are in the reading; a paper that is none at all is the error.
    pub fn read(self, bytes: &[u8]) -> Result<Reading, Fault> {
        let text = text(bytes)?;
        match self {
            Self::Csv => csv::read(text),
            Self::GeoJson => geojson::read(text),
            Self::Kml => kml::read(text),
        }
    }

    /// Writes notices into a paper.
    pub fn write(self, notices: &[Entry<'_>]) -> String {
        match self {
            Self::Csv => csv::write(notices),
            Self::GeoJson => geojson::write(notices),
            Self::Kml => kml::write(notices),
        }
    }
}

/// A notice on its way into a paper.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// What its volumes have in common in the paper: the same label, the same notice.
    pub label: &'a str,
    /// Whose it is; for the reader of the paper alone.
    pub party: &'a str,
    /// The notice.
    pub notice: &'a Notice,
}

/// The text of a paper, within its bounds.
fn text(bytes: &[u8]) -> Result<&str, Fault> {
    if bytes.len() > PAPER_BYTES_MAX {
        let reason = format!("has {} bytes, at most {PAPER_BYTES_MAX} are read; split it", bytes.len());
        return Err(Fault::new(1, "file", "paper-too-large", reason));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count() as u64;
        Fault::new(line, "file", "paper-not-utf-8", "is not UTF-8; save it in that encoding")
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}
