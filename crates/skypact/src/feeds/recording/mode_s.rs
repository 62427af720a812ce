//! Mode S frames with their time of reception; of them, ADS-B airborne positions (ICAO Doc 9871, BDS 0,5) give fixes.
//! Compact position reporting is resolved by `rs1090::decode::cpr` from an even and an odd frame of at most 30 s.

use std::collections::BTreeMap;

use rs1090::decode::adsb::ME;
use rs1090::decode::bds::bds05::{AirbornePosition, Source};
use rs1090::decode::cpr::{AircraftState, Position, UpdateIf, decode_position};
use rs1090::decode::{DF, ICAO, Message};
use rs1090::prelude::DekuContainerRead;

use super::{
    AIRCRAFT_MAX, AircraftAddress, AircraftCategory, AltitudeDatum, Decoded, Fix, SkipReason, degrees_e9, hex_bytes,
};

/// Exactly the international foot, in tenths of a millimetre.
const FOOT_TENTH_MM: i64 = 3048;
/// Hexadecimal digits of the Beast prefix: escape, type, 6 bytes of receiver clock, 1 byte of signal level.
const BEAST_PREFIX_DIGITS: usize = 18;

/// Whether the line is data of this format without a header before it.
pub(super) fn looks_like_data(line: &str) -> bool {
    let mut fields = line.split(',').map(str::trim);
    match (fields.next().and_then(unix_ns), fields.next()) {
        (Some(_), Some(frame)) => mode_s_digits(frame).is_some(),
        _ => false,
    }
}

/// Whether a header with these columns is one of this format.
pub(super) fn looks_like_header(columns: &[&str]) -> bool {
    columns.contains(&"rawmessage") || columns.contains(&"frame")
}

/// Places of the columns, and what is known of each aircraft for resolving its next position.
pub(super) struct Decoder {
    time: usize,
    frame: usize,
    aircraft: BTreeMap<ICAO, AircraftState>,
    reference: Option<Position>,
    update_reference: UpdateIf,
}

impl Decoder {
    pub(super) fn without_header() -> Self {
        Self { time: 0, frame: 1, aircraft: BTreeMap::new(), reference: None, update_reference: None }
    }

    /// Finds the columns by name; the error is the name of the one that is missing.
    pub(super) fn with_header(columns: &[&str]) -> Result<Self, &'static str> {
        let place = |name: &'static str| columns.iter().position(|&column| column == name).ok_or(name);
        let frame = place("rawmessage").or_else(|_| place("frame"))?;
        Ok(Self { time: place("timestamp")?, frame, ..Self::without_header() })
    }

    pub(super) fn decode(&mut self, line: &str) -> Decoded {
        self.position(line).map_or_else(Decoded::Skipped, |fix| Decoded::Position(fix, AircraftCategory::Unknown))
    }

    fn position(&mut self, line: &str) -> Result<Fix, SkipReason> {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let field = |place: usize| fields.get(place).copied().ok_or(SkipReason::FieldMissing);
        let time_ns = unix_ns(field(self.time)?).ok_or(SkipReason::TimeMalformed)?;
        let message = message(field(self.frame)?)?;
        let DF::ExtendedSquitterADSB(squitter) = message.df else { return Err(SkipReason::NoPosition) };
        let mut content = squitter.message;
        match &content {
            ME::BDS05 { .. } => {}
            ME::BDS06 { .. } => return Err(SkipReason::OnGround),
            _ => return Err(SkipReason::NoPosition),
        }
        let icao = squitter.icao24;
        if self.aircraft.len() >= AIRCRAFT_MAX && !self.aircraft.contains_key(&icao) {
            return Err(SkipReason::TooManyAircraft);
        }
        let time_s = time_ns as f64 / 1e9;
        decode_position(&mut content, time_s, &icao, &mut self.aircraft, &mut self.reference, &self.update_reference);
        let ME::BDS05 { inner, .. } = &content else { return Err(SkipReason::NoPosition) };
        fix(AircraftAddress(icao.0), time_ns, inner)
    }
}

fn fix(aircraft: AircraftAddress, time_ns: i64, position: &AirbornePosition) -> Result<Fix, SkipReason> {
    let (Some(latitude), Some(longitude)) = (position.latitude, position.longitude) else {
        return Err(SkipReason::PositionAmbiguous);
    };
    let altitude_ft = position.alt.ok_or(SkipReason::NoAltitude)?;
    Ok(Fix {
        aircraft,
        time_ns,
        lat_e9: degrees_e9(latitude, 90.0).ok_or(SkipReason::PositionOutOfRange)?,
        lng_e9: degrees_e9(longitude, 180.0).ok_or(SkipReason::PositionOutOfRange)?,
        altitude_mm: i64::from(altitude_ft) * FOOT_TENTH_MM / 10,
        altitude_datum: match position.source {
            Source::Barometric => AltitudeDatum::FlightLevel,
            Source::Gnss => AltitudeDatum::W84,
        },
    })
}

/// The digits of the Mode S frame itself, 7 or 14 bytes, without a Beast prefix.
fn mode_s_digits(text: &str) -> Option<&str> {
    match text.len() {
        14 | 28 => Some(text),
        32 if text.starts_with("1a32") => text.get(BEAST_PREFIX_DIGITS..),
        46 if text.starts_with("1a33") => text.get(BEAST_PREFIX_DIGITS..),
        _ => None,
    }
}

fn message(text: &str) -> Result<Message, SkipReason> {
    let digits = mode_s_digits(text).ok_or(SkipReason::FrameMalformed)?;
    let decoded = if digits.len() == 28 {
        let bytes = hex_bytes::<14>(digits).ok_or(SkipReason::FrameMalformed)?;
        Message::from_bytes((&bytes, 0)).map(|(_, message)| message)
    } else {
        let bytes = hex_bytes::<7>(digits).ok_or(SkipReason::FrameMalformed)?;
        Message::from_bytes((&bytes, 0)).map(|(_, message)| message)
    };
    decoded.map_err(|_| SkipReason::Refused)
}

/// Decimal seconds since 1970 as nanoseconds, without a float in between; digits below 1 ns are cut off.
fn unix_ns(text: &str) -> Option<i64> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    if seconds.is_empty() || !seconds.bytes().chain(fraction.bytes()).all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let mut nanoseconds = 0;
    for place in 0..9 {
        let digit = fraction.as_bytes().get(place).map_or(0, |digit| i64::from(digit - b'0'));
        nanoseconds = nanoseconds * 10 + digit;
    }
    seconds.parse::<i64>().ok()?.checked_mul(1_000_000_000)?.checked_add(nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_seconds_become_exact_nanoseconds() {
        assert_eq!(unix_ns("1698140962.119813"), Some(1_698_140_962_119_813_000));
        assert_eq!(unix_ns("1698140962"), Some(1_698_140_962_000_000_000));
        assert_eq!(unix_ns("0.0000000019"), Some(1));
        for malformed in ["", ".5", "-1", "1e9", "1.2.3", "99999999999999999999", "9999999999", "nan"] {
            assert_eq!(unix_ns(malformed), None, "{malformed}");
        }
    }
}
