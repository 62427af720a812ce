//! FLARM frames in a CSV of the Open Glider Network: 26 bytes, of which the last 20 are enciphered with a key made of
//! time and address; `rs1090::decode::flarm` deciphers them. Positions are relative to the receiver's.

use rs1090::decode::flarm::{AircraftType, Flarm};

use super::{AircraftAddress, AircraftCategory, AltitudeDatum, Decoded, Fix, SkipReason, degrees_e9, hex_bytes};

/// Bytes of a FLARM frame, the check sum included.
const FRAME_BYTES: usize = 26;

/// Whether a header with these columns is one of this format.
pub(super) fn looks_like_header(columns: &[&str]) -> bool {
    columns.contains(&"rawmessage") && columns.iter().any(|column| column.starts_with("sensor"))
}

/// The columns that are needed, by their place in the line.
pub(super) struct Decoder {
    frame: usize,
    time: usize,
    receiver_lat: usize,
    receiver_lng: usize,
    checksum: Option<usize>,
}

impl Decoder {
    /// Finds the columns by name; the error is the name of the one that is missing.
    pub(super) fn with_header(columns: &[&str]) -> Result<Self, &'static str> {
        let place = |name: &'static str| columns.iter().position(|&column| column == name).ok_or(name);
        Ok(Self {
            frame: place("rawmessage")?,
            time: place("timeatplane")?,
            receiver_lat: place("sensorlatitude")?,
            receiver_lng: place("sensorlongitude")?,
            checksum: place("crccorrect").ok(),
        })
    }

    pub(super) fn decode(&self, line: &str) -> Decoded {
        self.position(line).map_or_else(Decoded::Skipped, |(fix, category)| Decoded::Position(fix, category))
    }

    fn position(&self, line: &str) -> Result<(Fix, AircraftCategory), SkipReason> {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let field = |place: usize| fields.get(place).copied().ok_or(SkipReason::FieldMissing);
        let frame = hex_bytes::<FRAME_BYTES>(field(self.frame)?).ok_or(SkipReason::FrameMalformed)?;
        let time_s: u32 = field(self.time)?.parse().map_err(|_| SkipReason::TimeMalformed)?;
        let receiver =
            [receiver_degrees(field(self.receiver_lat)?, 90.0)?, receiver_degrees(field(self.receiver_lng)?, 180.0)?];
        if let Some(place) = self.checksum
            && !field(place)?.eq_ignore_ascii_case("true")
        {
            return Err(SkipReason::ChecksumWrong);
        }
        let flarm = Flarm::from_record(time_s, &receiver, &frame).map_err(|_| SkipReason::Refused)?;
        if flarm.no_track {
            return Err(SkipReason::TrackingRefused);
        }
        let fix = Fix {
            aircraft: AircraftAddress(u32::from_le_bytes([frame[0], frame[1], frame[2], 0])),
            time_ns: i64::from(time_s) * 1_000_000_000,
            lat_e9: degrees_e9(flarm.latitude, 90.0).ok_or(SkipReason::PositionOutOfRange)?,
            lng_e9: degrees_e9(flarm.longitude, 180.0).ok_or(SkipReason::PositionOutOfRange)?,
            altitude_mm: i64::from(flarm.geoaltitude) * 1000,
            altitude_datum: AltitudeDatum::W84,
        };
        Ok((fix, category(&flarm.actype)))
    }
}

fn receiver_degrees(text: &str, bound: f64) -> Result<f64, SkipReason> {
    text.parse().ok().filter(|degrees: &f64| degrees.abs() <= bound).ok_or(SkipReason::ReceiverMalformed)
}

const fn category(kind: &AircraftType) -> AircraftCategory {
    match kind {
        AircraftType::Unknown => AircraftCategory::Unknown,
        AircraftType::Glider => AircraftCategory::Glider,
        AircraftType::Towplane => AircraftCategory::TowPlane,
        AircraftType::Helicopter => AircraftCategory::Helicopter,
        AircraftType::DropPlane => AircraftCategory::DropPlane,
        AircraftType::Aircraft | AircraftType::Jet => AircraftCategory::Aeroplane,
        AircraftType::Parachute
        | AircraftType::Hangglider
        | AircraftType::Paraglider
        | AircraftType::Balloon
        | AircraftType::Airship => AircraftCategory::Light,
        AircraftType::UAV => AircraftCategory::Unmanned,
        AircraftType::UFO | AircraftType::Reserved | AircraftType::StaticObstacle => AircraftCategory::Other,
    }
}
