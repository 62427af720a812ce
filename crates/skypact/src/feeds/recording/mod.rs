//! Recorded surveillance input: a file of timed frames becomes clean tracks, and an account of every frame.
//! Two formats, told apart by their first line: FLARM frames as the Open Glider Network stores them, and Mode S frames.
//! Invariant: `frames_read` is the number of positions plus everything in `skipped`; the number of positions is
//! `fixes` plus what `cleaning` dropped. Nothing disappears without a count.

mod cleaning;
mod error;
mod flarm;
mod lines;
mod locate;
mod mode_s;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

pub use cleaning::Cleaning;
pub use error::{RecordingError, SkipReason};
pub use locate::locate_default;

use lines::{Line, Lines};

/// Bound on the positions kept of one file (40 bytes each); what comes after is counted as [`SkipReason::TooManyPositions`].
const POSITIONS_MAX: usize = 4_000_000;
/// Bound on the aircraft of one file; frames of further ones are counted as [`SkipReason::TooManyAircraft`].
const AIRCRAFT_MAX: usize = 10_000;

/// Address of a transmitting device, 24 bits: an ICAO aircraft address (Annex 10 Vol III, chapter 9) or one that FLARM assigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AircraftAddress(pub u32);

impl fmt::Display for AircraftAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06x}", self.0)
    }
}

/// What an altitude is measured from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AltitudeDatum {
    /// Height above the WGS84 ellipsoid. FLARM sends this: the frames themselves do not say so, but aircraft parked at
    /// the airfield of the recording in `rs1090` (60 m above mean sea level, where the geoid is 50 m above the ellipsoid)
    /// report 111 to 118 m. FLARM is proprietary, so treat the last tens of metres with a margin.
    W84,
    /// Pressure altitude (ICAO standard atmosphere, 1013.25 hPa): what ADS-B calls barometric. Not comparable with `W84` without a margin.
    FlightLevel,
}

/// What kind of aircraft a FLARM device says that it is carried by; Mode S recordings leave it `Unknown`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AircraftCategory {
    /// Not said.
    Unknown,
    /// Glider or motor glider.
    Glider,
    /// Aeroplane that tows gliders.
    TowPlane,
    /// Aeroplane that drops parachutists.
    DropPlane,
    /// Other aeroplane, piston or jet.
    Aeroplane,
    /// Helicopter.
    Helicopter,
    /// Parachute, hang glider, paraglider, balloon, airship.
    Light,
    /// Unmanned aircraft.
    Unmanned,
    /// Not an aircraft in flight, or an unassigned code.
    Other,
}

/// One position of one aircraft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fix {
    /// Who.
    pub aircraft: AircraftAddress,
    /// When, nanoseconds since the Unix epoch, UTC. FLARM: the whole second for which the device computed its position;
    /// Mode S: the time of reception.
    pub time_ns: i64,
    /// Latitude, WGS84, 1e-9 degree, north positive.
    pub lat_e9: i64,
    /// Longitude, WGS84, 1e-9 degree, east positive.
    pub lng_e9: i64,
    /// Altitude above `altitude_datum`, millimetres. Resolution is 1 m (FLARM) or 25 ft (ADS-B).
    pub altitude_mm: i64,
    /// What `altitude_mm` is measured from.
    pub altitude_datum: AltitudeDatum,
}

/// Format of a recording, recognised by its first line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordingFormat {
    /// CSV with a header: FLARM frames, time and position of the receiver.
    FlarmCsv,
    /// CSV, with or without a header: time and Mode S frame, as bare hexadecimal or with the Beast prefix `1a..`.
    ModeSCsv,
}

impl RecordingFormat {
    /// Ground speed above which two fixes of one aircraft cannot both be right, mm/s.
    ///
    /// FLARM, 150 m/s: gliders may fly 80 m/s at most, the tow and drop planes that carry FLARM under 100 m/s, and 50 m/s
    /// is a storm in the back of any of them. Mode S, 400 m/s: airliners cruise at 250 m/s, jet streams reach 110 m/s.
    pub const fn ground_speed_max_mm_s(self) -> i64 {
        match self {
            Self::FlarmCsv => 150_000,
            Self::ModeSCsv => 400_000,
        }
    }
}

/// One aircraft of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AircraftSeen {
    /// Who.
    pub address: AircraftAddress,
    /// What it says that it is.
    pub category: AircraftCategory,
    /// Positions decoded of it, before cleaning.
    pub positions: u64,
}

/// Frames that gave no position, of one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skipped {
    /// Why.
    pub reason: SkipReason,
    /// How many.
    pub frames: u64,
    /// Line of the first one, counted from 1 and including the header.
    pub first_line: u64,
}

/// A recording that was read: clean tracks, and the account of everything that is not in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// What the file is.
    pub format: RecordingFormat,
    /// Clean fixes, sorted by aircraft, then by time; times of one aircraft are strictly increasing.
    pub fixes: Vec<Fix>,
    /// Aircraft with at least one decoded position, in order of their first time.
    pub aircraft: Vec<AircraftSeen>,
    /// Lines with a frame on them, that is all but the header and empty ones.
    pub frames_read: u64,
    /// Frames that the decoder accepted, whether or not they carry a position.
    pub frames_decoded: u64,
    /// Frames that gave no position, most frequent reason first.
    pub skipped: Vec<Skipped>,
    /// Positions that were decoded and not believed, or not needed.
    pub cleaning: Cleaning,
}

/// Reads the recording at `path`. Malformed lines are counted, never fatal; a file of which nothing decodes is an error.
pub fn read(path: &Path) -> Result<Recording, RecordingError> {
    let file = File::open(path).map_err(|source| RecordingError::Open { path: path.to_path_buf(), source })?;
    read_from(path, BufReader::with_capacity(1 << 16, file))
}

/// As [`read`], from any byte stream; `path` only names it in errors.
pub fn read_from(path: &Path, reader: impl BufRead) -> Result<Recording, RecordingError> {
    let mut lines = Lines::new(reader);
    let mut intake: Option<Intake> = None;
    loop {
        let line = lines.next().map_err(|source| RecordingError::Read { path: path.to_path_buf(), source })?;
        let Some((number, line)) = line else { break };
        match (&mut intake, line) {
            (_, Line::Text("")) => {}
            (Some(intake), line) => intake.take(number, &line),
            (None, Line::Text(first)) => {
                let (decoder, has_header) = Decoder::recognise(path, number, first)?;
                let mut fresh = Intake::new(decoder);
                if !has_header {
                    fresh.take(number, &Line::Text(first));
                }
                intake = Some(fresh);
            }
            (None, _) => return Err(RecordingError::UnknownFormat { path: path.to_path_buf(), line: number }),
        }
    }
    let intake = intake.ok_or_else(|| RecordingError::Empty { path: path.to_path_buf() })?;
    intake.finish(path)
}

/// What decoding one line gave.
enum Decoded {
    Position(Fix, AircraftCategory),
    Skipped(SkipReason),
}

/// The decoder of the file's format, with what it remembers between lines.
enum Decoder {
    Flarm(flarm::Decoder),
    ModeS(Box<mode_s::Decoder>),
}

impl Decoder {
    /// The decoder for a file whose first line is `first`, and whether that line is a header.
    fn recognise(path: &Path, line: u64, first: &str) -> Result<(Self, bool), RecordingError> {
        if mode_s::looks_like_data(first) {
            return Ok((Self::ModeS(Box::new(mode_s::Decoder::without_header())), false));
        }
        let missing = |column| RecordingError::MissingColumn { path: path.to_path_buf(), line, column };
        let columns: Vec<&str> = first.split(',').map(str::trim).collect();
        if flarm::looks_like_header(&columns) {
            return Ok((Self::Flarm(flarm::Decoder::with_header(&columns).map_err(missing)?), true));
        }
        if mode_s::looks_like_header(&columns) {
            return Ok((Self::ModeS(Box::new(mode_s::Decoder::with_header(&columns).map_err(missing)?)), true));
        }
        Err(RecordingError::UnknownFormat { path: path.to_path_buf(), line })
    }

    const fn format(&self) -> RecordingFormat {
        match self {
            Self::Flarm(_) => RecordingFormat::FlarmCsv,
            Self::ModeS(_) => RecordingFormat::ModeSCsv,
        }
    }

    fn decode(&mut self, line: &str) -> Decoded {
        match self {
            Self::Flarm(decoder) => decoder.decode(line),
            Self::ModeS(decoder) => decoder.decode(line),
        }
    }
}

/// State of reading one file.
struct Intake {
    decoder: Decoder,
    positions: Vec<Fix>,
    aircraft: BTreeMap<AircraftAddress, (AircraftCategory, u64)>,
    frames_read: u64,
    frames_decoded: u64,
    skipped: BTreeMap<SkipReason, Skipped>,
}

impl Intake {
    const fn new(decoder: Decoder) -> Self {
        Self {
            decoder,
            positions: Vec::new(),
            aircraft: BTreeMap::new(),
            frames_read: 0,
            frames_decoded: 0,
            skipped: BTreeMap::new(),
        }
    }

    fn take(&mut self, number: u64, line: &Line<'_>) {
        self.frames_read += 1;
        let decoded = match line {
            Line::Text(text) => self.decoder.decode(text),
            Line::TooLong => Decoded::Skipped(SkipReason::LineTooLong),
            Line::NotUtf8 => Decoded::Skipped(SkipReason::NotText),
        };
        let reason = match decoded {
            Decoded::Position(fix, category) => match self.keep(fix, category) {
                Ok(()) => {
                    self.frames_decoded += 1;
                    return;
                }
                Err(reason) => reason,
            },
            Decoded::Skipped(reason) => reason,
        };
        self.frames_decoded += u64::from(reason.was_decoded());
        self.skipped.entry(reason).or_insert(Skipped { reason, frames: 0, first_line: number }).frames += 1;
    }

    fn keep(&mut self, fix: Fix, category: AircraftCategory) -> Result<(), SkipReason> {
        if self.positions.len() >= POSITIONS_MAX {
            return Err(SkipReason::TooManyPositions);
        }
        if self.aircraft.len() >= AIRCRAFT_MAX && !self.aircraft.contains_key(&fix.aircraft) {
            return Err(SkipReason::TooManyAircraft);
        }
        let seen = self.aircraft.entry(fix.aircraft).or_insert((category, 0));
        seen.0 = category;
        seen.1 += 1;
        self.positions.push(fix);
        Ok(())
    }

    fn finish(self, path: &Path) -> Result<Recording, RecordingError> {
        let format = self.decoder.format();
        let mut skipped: Vec<Skipped> = self.skipped.into_values().collect();
        skipped.sort_by_key(|skip| std::cmp::Reverse(skip.frames));
        if self.positions.is_empty() {
            let path = path.to_path_buf();
            return Err(skipped.first().map_or(RecordingError::Empty { path: path.clone() }, |most| {
                RecordingError::NothingDecoded {
                    path,
                    frames: self.frames_read,
                    line: most.first_line,
                    reason: most.reason,
                }
            }));
        }
        let (fixes, cleaning) = cleaning::clean(self.positions, format.ground_speed_max_mm_s());
        Ok(Recording {
            format,
            aircraft: in_order_of_appearance(&fixes, &self.aircraft),
            fixes,
            frames_read: self.frames_read,
            frames_decoded: self.frames_decoded,
            skipped,
            cleaning,
        })
    }
}

/// The aircraft by their first time; `fixes` are sorted by aircraft and time, so the first fix of each is its first time.
fn in_order_of_appearance(
    fixes: &[Fix],
    seen: &BTreeMap<AircraftAddress, (AircraftCategory, u64)>,
) -> Vec<AircraftSeen> {
    let mut first_times: Vec<(i64, AircraftAddress)> = fixes
        .chunk_by(|a, b| a.aircraft == b.aircraft)
        .filter_map(|track| track.first().map(|fix| (fix.time_ns, fix.aircraft)))
        .collect();
    first_times.sort_unstable();
    first_times
        .into_iter()
        .filter_map(|(_, address)| {
            let &(category, positions) = seen.get(&address)?;
            Some(AircraftSeen { address, category, positions })
        })
        .collect()
}

/// A hexadecimal string as bytes, if it is one of exactly `N` bytes.
fn hex_bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = (high * 16 + low) as u8;
    }
    Some(bytes)
}

/// Degrees as 1e-9 degree, if they are a latitude or longitude within `bound_degrees` of zero.
fn degrees_e9(degrees: f64, bound_degrees: f64) -> Option<i64> {
    (degrees.abs() <= bound_degrees).then(|| (degrees * 1e9).round() as i64)
}
