//! What a party says of a crossing: bodies (docs/channel-protocol.md, sections 2.31 and 2.32).

use skypact_airspace::units::DEGREE_E9;
use skypact_airspace::{Direction, LatLng, UtcNanos};
use skypact_record::Hash;

use super::Way;
use crate::codec::{CodecError, Reader, Writer, Written, write_optional_text, write_party};

/// Reports of one flight in one direction are of one crossing when they are no farther apart than this, ns: 2 min.
const SAME_TIME_NS: i64 = 120_000_000_000;
/// And in latitude and in longitude no farther than this, 1e-9 degree: a tenth of a degree.
const SAME_PLACE_E9: i64 = DEGREE_E9 / 10;
/// Longest name of a flight and longest words about a dispute, in bytes.
const FLIGHT_MAX: usize = 32;
const TEXT_MAX: usize = 200;

/// A party's sensors saw a flight cross the line.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CrossingReport {
    /// Call sign or address of the aircraft; 1 to 32 bytes. Compared without white space and in upper case.
    pub flight: String,
    /// Which party flew it, by place in the genesis; none when that is not known or neither did.
    pub flown_by: Option<usize>,
    /// Where it met the line.
    pub at: LatLng,
    /// When.
    pub time: UtcNanos,
    /// Which way, as one looks along the line of the pact from its first point.
    pub direction: Direction,
    /// SHA-256 of the excerpt of the track, which stays with the party.
    pub track: Hash,
}

impl CrossingReport {
    pub(super) fn way(&self) -> Way {
        let flight = self.flight.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
        (flight, self.direction)
    }

    /// Whether both are of one crossing: the same flight, the same direction, near in time and place.
    pub fn is_of_the_same(&self, other: &Self) -> bool {
        self.way() == other.way() && self.is_near(other)
    }

    /// Whether a report of the same flight in the same direction is of the same crossing as this one.
    pub(super) fn is_near(&self, other: &Self) -> bool {
        let turn = 360 * DEGREE_E9;
        let around = (self.at.lng_e9() - other.at.lng_e9()).rem_euclid(turn);
        self.time.0.abs_diff(other.time.0) <= SAME_TIME_NS.unsigned_abs()
            && (self.at.lat_e9() - other.at.lat_e9()).abs() <= SAME_PLACE_E9
            && around.min(turn - around) <= SAME_PLACE_E9
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Written {
        writer.map(6)?.u8(0)?.str(&self.flight)?.u8(1)?;
        write_party(writer, self.flown_by)?;
        writer.u8(2)?.array(2)?.i64(self.at.lat_e9())?.i64(self.at.lng_e9())?.u8(3)?.i64(self.time.0)?;
        writer.u8(4)?.u8(self.direction as u8)?.u8(5)?.bytes(&self.track.0)?.ok()
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        reader.key(0, "flight")?;
        let flight = reader.words(FLIGHT_MAX)?;
        reader.key(1, "flown_by")?;
        let flown_by = reader.party()?;
        reader.key(2, "at")?;
        reader.tuple(2)?;
        let (lat_e9, lng_e9) = (reader.i64()?, reader.i64()?);
        let at = LatLng::new(lat_e9, lng_e9).map_err(|error| reader.error(error.to_string()))?;
        reader.key(3, "time")?;
        let time = UtcNanos(reader.i64()?);
        reader.key(4, "direction")?;
        let direction = reader.choice(&Direction::ALL)?;
        reader.key(5, "track")?;
        Ok(Self { flight, flown_by, at, time, direction, track: reader.hash()? })
    }
}

/// What a party says about a report of a crossing, its own or the counterpart's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum DisputeAct {
    /// That it was none, or another one.
    Disputes,
    /// That it was one all the same.
    Maintains,
    /// That it disputes it no more.
    Withdraws,
}

impl DisputeAct {
    /// Every act, in the order of its wire value.
    pub const ALL: [Self; 3] = [Self::Disputes, Self::Maintains, Self::Withdraws];

    /// Name for people and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Disputes => "disputes",
            Self::Maintains => "maintains",
            Self::Withdraws => "withdraws",
        }
    }
}

/// Why a crossing is disputed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum DisputeReason {
    /// Satellite navigation was jammed or spoofed: the aircraft was elsewhere than it said.
    GpsInterference,
    /// It was another flight, or another party's.
    Identity,
    /// The place is wrong for another reason.
    Position,
    /// The time is wrong.
    Time,
    /// Another reason, in words.
    Other,
}

impl DisputeReason {
    /// Every reason, in the order of its wire value.
    pub const ALL: [Self; 5] = [Self::GpsInterference, Self::Identity, Self::Position, Self::Time, Self::Other];

    /// Name for people and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::GpsInterference => "gps-interference",
            Self::Identity => "identity",
            Self::Position => "position",
            Self::Time => "time",
            Self::Other => "other",
        }
    }

    /// Reason of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

/// A dispute of a crossing, an answer to one, or the end of one.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CrossingDispute {
    /// Leaf hash of a report of the crossing.
    pub crossing: Hash,
    /// What is said.
    pub act: DisputeAct,
    /// Why; given when disputed, and then alone.
    pub reason: Option<DisputeReason>,
    /// In words; at most 200 bytes, needed for another reason.
    pub text: Option<String>,
}

impl CrossingDispute {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Written {
        writer.map(4)?.u8(0)?.bytes(&self.crossing.0)?.u8(1)?.u8(self.act as u8)?.u8(2)?;
        match self.reason {
            Some(reason) => writer.u8(reason as u8)?,
            None => writer.null()?,
        };
        writer.u8(3)?;
        write_optional_text(writer, self.text.as_deref())
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        reader.key(0, "crossing")?;
        let crossing = reader.hash()?;
        reader.key(1, "act")?;
        let act = reader.choice(&DisputeAct::ALL)?;
        reader.key(2, "reason")?;
        let reason = if reader.null()? { None } else { Some(reader.choice(&DisputeReason::ALL)?) };
        if reason.is_some() != (act == DisputeAct::Disputes) {
            return Err(reader.error("a dispute has a reason, and nothing else has one"));
        }
        reader.key(3, "text")?;
        let text = reader.optional_text(TEXT_MAX)?;
        if reason == Some(DisputeReason::Other) && text.as_ref().is_none_or(|text| text.trim().is_empty()) {
            return Err(reader.error("is empty; say what the other reason is"));
        }
        Ok(Self { crossing, act, reason, text })
    }
}
