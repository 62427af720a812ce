//! Why a text is no position, with the field at fault and what to write instead. What is missing or can be read in two
//! ways is refused here and never guessed: a guessed hemisphere or zone puts a hospital on another continent.

/// A text that is refused as a form of a position.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// Nothing was written.
    #[error("position: nothing is written; write one such as 35.2854N 040.1760E, 37SFV0694005327 or 441LL19")]
    Empty,
    /// More bytes than any form has.
    #[error("position: {bytes} bytes are too many; write one position in at most {most} bytes")]
    TooLong {
        /// Bytes given.
        bytes: usize,
        /// Bytes allowed.
        most: usize,
    },
    /// It has digits, but the shape of no form.
    #[error(
        "position: '{text}' is in no form known here; write 35.2854N 040.1760E, 351707N0401034E, 37SFV0694005327, \
         441LL19, 'OSDZ 047/12.5NM' or a place"
    )]
    Unreadable {
        /// What was written.
        text: String,
    },
    /// A datum other than WGS84 is named.
    #[error(
        "position: '{datum}' is another datum; convert to WGS84 and write the position without a datum or with WGS84"
    )]
    OtherDatum {
        /// Its name.
        datum: String,
    },
    /// A coordinate without hemisphere.
    #[error(
        "{field}: the hemisphere is missing; write latitude then longitude, each with its letter: 35.2854N 040.1760E"
    )]
    HemisphereMissing {
        /// `latitude` or `longitude`.
        field: &'static str,
    },
    /// Letters of hemispheres that do not make one latitude and one longitude.
    #[error("position: write one letter N or S and then one letter E or W, as in 35.2854N 040.1760E")]
    Hemispheres,
    /// The longitude comes first.
    #[error("position: the longitude comes first; write the latitude first, as in 35.2854N 040.1760E")]
    LongitudeFirst,
    /// No number where a coordinate has one.
    #[error(
        "{field}: '{text}' is no number of degrees, minutes and seconds; write it as in {example}, with a decimal point"
    )]
    Number {
        /// `latitude` or `longitude`.
        field: &'static str,
        /// What was written.
        text: String,
        /// One that is right.
        example: &'static str,
    },
    /// So many digits without a blank that degrees and minutes cannot be told apart.
    #[error(
        "{field}: {digits} digits can be read in more than one way; write {degrees} digits of degrees, then two of minutes and two of seconds, as in {example}"
    )]
    Digits {
        /// `latitude` or `longitude`.
        field: &'static str,
        /// Digits before the decimal point.
        digits: usize,
        /// Digits that degrees have.
        degrees: usize,
        /// One that is right.
        example: &'static str,
    },
    /// More decimals than the unit of a position has.
    #[error("{field}: more than {most} decimals; leave out those beyond")]
    Decimals {
        /// Field at fault.
        field: &'static str,
        /// Decimals allowed.
        most: usize,
    },
    /// Minutes or seconds of 60 and more.
    #[error(
        "{field}: {value} {part} are too many; there are 0 to 59 in one unit above: correct it, or write decimal degrees"
    )]
    Sexagesimal {
        /// `latitude` or `longitude`.
        field: &'static str,
        /// `minutes` or `seconds`.
        part: &'static str,
        /// What was written.
        value: u64,
    },
    /// Beyond a pole or the antimeridian.
    #[error("{field}: it is more than {most} degrees; correct it, and see that latitude comes before longitude")]
    Range {
        /// `latitude` or `longitude`.
        field: &'static str,
        /// Degrees allowed.
        most: u32,
    },
    /// Grid letters without zone and band.
    #[error("mgrs: '{square}' lacks its grid zone; write zone and band before it, as in 37SFV0694005327")]
    ZoneMissing {
        /// What was written.
        square: String,
    },
    /// A grid zone that does not exist.
    #[error(
        "mgrs: there is no grid zone {zone}; zones are 01 to 60 with a band C to X without I and O (not 32X, 34X, 36X), and A, B, Y, Z at the poles"
    )]
    Zone {
        /// What was written.
        zone: String,
    },
    /// Digits that are not two equal halves.
    #[error("mgrs: {digits} digits; write as many digits of easting as of northing, 2, 4, 6, 8 or 10 together")]
    GridDigits {
        /// Digits given.
        digits: usize,
    },
    /// A 100 km square that its zone and band do not have.
    #[error("mgrs: there is no square {square} in {zone}; correct the two letters, or zone and band")]
    Square {
        /// Its letters.
        square: String,
        /// Zone and band given.
        zone: String,
    },
    /// A square that lies in another zone or band than is written.
    #[error(
        "mgrs: this square lies outside {zone}; what lies there is written {there}: find out which of them is meant"
    )]
    OutsideZone {
        /// Zone and band given.
        zone: String,
        /// Name of the place that the digits lead to.
        there: String,
    },
    /// Longitude band of GARS.
    #[error("gars: there is no longitude band {band}; write three digits from 001 to 720, as in 441LL19")]
    GarsLongitude {
        /// What was written.
        band: String,
    },
    /// Latitude band of GARS.
    #[error("gars: there is no latitude band {band}; write two letters from AA to QZ without I and O, as in 441LL19")]
    GarsLatitude {
        /// What was written.
        band: String,
    },
    /// Quadrant or key of GARS.
    #[error("gars: '{digits}' are no quadrant (1 to 4) and key (1 to 9); write them as in 441LL19")]
    GarsCell {
        /// What was written.
        digits: String,
    },
    /// Not a bearing of three digits.
    #[error("bearing: '{text}' is no true bearing; write three digits from 000 to 360, as in OSDZ 047/12.5NM")]
    Bearing {
        /// What was written.
        text: String,
    },
    /// A bearing from magnetic north.
    #[error("bearing: '{text}' is magnetic; write the true bearing, as in OSDZ 047/12.5NM")]
    Magnetic {
        /// What was written.
        text: String,
    },
    /// A distance without number or unit, or out of range.
    #[error(
        "distance: '{text}' is no distance of at most 1000 km with its unit; write NM, km or m, as in OSDZ 047/12.5NM"
    )]
    Distance {
        /// What was written.
        text: String,
    },
    /// A bearing and a distance from nothing.
    #[error("place: the point that bearing and distance count from is missing; write it first, as in OSDZ 047/12.5NM")]
    PlaceMissing,
    /// No aerodrome or town of that name.
    #[error(
        "place: '{name}' is none of the {count} aerodromes and their towns known here{near}; write its location indicator, or a position in figures"
    )]
    PlaceUnknown {
        /// What was written.
        name: String,
        /// How many are known.
        count: usize,
        /// Names like it, or nothing.
        near: String,
    },
    /// Several aerodromes or towns of that name.
    #[error("place: '{name}' may be {candidates}; write one of these location indicators instead")]
    PlaceAmbiguous {
        /// What was written.
        name: String,
        /// Location indicators with their names.
        candidates: String,
    },
}

impl FormError {
    /// Stable code for users and for other programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "position-empty",
            Self::TooLong { .. } => "position-too-long",
            Self::Unreadable { .. } => "position-unreadable",
            Self::OtherDatum { .. } => "position-other-datum",
            Self::HemisphereMissing { .. } => "hemisphere-missing",
            Self::Hemispheres => "hemisphere-unclear",
            Self::LongitudeFirst => "longitude-first",
            Self::Number { .. } => "coordinate-invalid",
            Self::Digits { .. } => "coordinate-digits",
            Self::Decimals { .. } => "too-many-decimals",
            Self::Sexagesimal { .. } => "minutes-out-of-range",
            Self::Range { .. } => "coordinate-out-of-range",
            Self::ZoneMissing { .. } => "mgrs-zone-missing",
            Self::Zone { .. } => "mgrs-zone-unknown",
            Self::GridDigits { .. } => "mgrs-digits",
            Self::Square { .. } => "mgrs-square-unknown",
            Self::OutsideZone { .. } => "mgrs-outside-zone",
            Self::GarsLongitude { .. } => "gars-longitude",
            Self::GarsLatitude { .. } => "gars-latitude",
            Self::GarsCell { .. } => "gars-cell",
            Self::Bearing { .. } => "bearing-invalid",
            Self::Magnetic { .. } => "bearing-magnetic",
            Self::Distance { .. } => "distance-invalid",
            Self::PlaceMissing => "place-missing",
            Self::PlaceUnknown { .. } => "place-unknown",
            Self::PlaceAmbiguous { .. } => "place-ambiguous",
        }
    }

    /// The field at fault.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::HemisphereMissing { field }
            | Self::Number { field, .. }
            | Self::Digits { field, .. }
            | Self::Decimals { field, .. }
            | Self::Sexagesimal { field, .. }
            | Self::Range { field, .. } => field,
            Self::ZoneMissing { .. }
            | Self::Zone { .. }
            | Self::GridDigits { .. }
            | Self::Square { .. }
            | Self::OutsideZone { .. } => "mgrs",
            Self::GarsLongitude { .. } | Self::GarsLatitude { .. } | Self::GarsCell { .. } => "gars",
            Self::Bearing { .. } | Self::Magnetic { .. } => "bearing",
            Self::Distance { .. } => "distance",
            Self::PlaceMissing | Self::PlaceUnknown { .. } | Self::PlaceAmbiguous { .. } => "place",
            Self::Empty
            | Self::TooLong { .. }
            | Self::Unreadable { .. }
            | Self::OtherDatum { .. }
            | Self::Hemispheres
            | Self::LongitudeFirst => "position",
        }
    }
}
