//! STOP, the safety-of-flight call, and its answers: bodies (docs/channel-protocol.md, section 2.6) and the alarms that
//! they add up to. A STOP is never refused for what it cites: it may arrive before the notice that it speaks of.

use std::collections::HashMap;

use skypact_airspace::{LatLng, UtcNanos};
use skypact_record::Hash;

use crate::board::{Misfit, Origin};
use crate::codec::{CodecError, Reader, Writer, Written, write_optional_text};

/// Longest text of a STOP and of its answers, in bytes: each field of a STOP that must pass a link of 300 bit/s.
const TEXT_MAX: usize = 64;
/// Greatest radius of a STOP's area: 1,000 km in millimetres.
const RADIUS_MAX_MM: i64 = 1_000_000_000;

/// What is to stop, where, and until when.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Stop {
    /// The notice or protected site in danger or at fault: leaf hash of its first version. None when there is none.
    pub object: Option<Hash>,
    /// What is to stop, in words; 1 to 64 bytes.
    pub what: String,
    /// Where: centre and radius in millimetres.
    pub area: Option<StopArea>,
    /// Until when, at least; none until it is lifted.
    pub until: Option<UtcNanos>,
    /// Why; at most 64 bytes.
    pub reason: Option<String>,
}

/// A disc on the WGS84 ellipsoid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct StopArea {
    /// Centre.
    pub centre: LatLng,
    /// Radius, 0 to 1,000 km, in millimetres.
    pub radius_mm: i64,
}

/// What the counterpart says about a STOP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Rung {
    /// A watch-stander has heard it.
    Heard,
    /// It was passed to the unit that is named.
    PassedTo,
    /// What was to stop has stopped.
    Ceased,
    /// It cannot be done; the text says why.
    Unable,
    /// It will not be done; the text says why.
    Refused,
}

impl Rung {
    /// Every rung, in the order of its wire value.
    pub const ALL: [Self; 5] = [Self::Heard, Self::PassedTo, Self::Ceased, Self::Unable, Self::Refused];

    /// Name for people and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Heard => "heard",
            Self::PassedTo => "passed-to",
            Self::Ceased => "ceased",
            Self::Unable => "unable",
            Self::Refused => "refused",
        }
    }

    /// Rung of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rung| rung.name() == name)
    }

    /// Whether escalation ends here.
    pub fn ends_escalation(self) -> bool {
        matches!(self, Self::Ceased | Self::Unable | Self::Refused)
    }

    /// Whether it needs a text: the unit, or why not.
    fn needs_text(self) -> bool {
        matches!(self, Self::PassedTo | Self::Unable | Self::Refused)
    }
}

/// An answer to a STOP.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct StopRung {
    /// Leaf hash of the STOP.
    pub stop: Hash,
    /// Which rung.
    pub rung: Rung,
    /// The unit of PASSED TO, the reason of UNABLE and REFUSED; at most 64 bytes.
    pub text: Option<String>,
}

impl Stop {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Written {
        writer.map(5)?.u8(0)?;
        match &self.object {
            Some(object) => writer.bytes(&object.0)?,
            None => writer.null()?,
        };
        writer.u8(1)?.str(&self.what)?.u8(2)?;
        match &self.area {
            Some(StopArea { centre, radius_mm }) => {
                writer.array(3)?.i64(centre.lat_e9())?.i64(centre.lng_e9())?.i64(*radius_mm)?
            }
            None => writer.null()?,
        };
        writer.u8(3)?;
        match self.until {
            Some(until) => writer.i64(until.0)?,
            None => writer.null()?,
        };
        writer.u8(4)?;
        write_optional_text(writer, self.reason.as_deref())
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        reader.key(0, "object")?;
        let object = if reader.null()? { None } else { Some(reader.hash()?) };
        reader.key(1, "what")?;
        let what = reader.text(TEXT_MAX)?;
        if what.trim().is_empty() {
            return Err(reader.error("is empty; say what is to stop"));
        }
        reader.key(2, "area")?;
        let area = if reader.null()? { None } else { Some(StopArea::read(reader)?) };
        reader.key(3, "until")?;
        let until = if reader.null()? { None } else { Some(UtcNanos(reader.i64()?)) };
        reader.key(4, "reason")?;
        Ok(Self { object, what, area, until, reason: reader.optional_text(TEXT_MAX)? })
    }
}

impl StopArea {
    fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        reader.tuple(3)?;
        let centre = LatLng::new(reader.i64()?, reader.i64()?).map_err(|error| reader.error(error.to_string()))?;
        let radius_mm = reader.i64()?;
        if (0..=RADIUS_MAX_MM).contains(&radius_mm) {
            return Ok(Self { centre, radius_mm });
        }
        Err(reader.error(format!("radius is {radius_mm} mm, expected 0 to {RADIUS_MAX_MM}")))
    }
}

impl StopRung {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Written {
        writer.map(3)?.u8(0)?.bytes(&self.stop.0)?.u8(1)?.u8(self.rung as u8)?.u8(2)?;
        write_optional_text(writer, self.text.as_deref())
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        reader.key(0, "stop")?;
        let stop = reader.hash()?;
        reader.key(1, "rung")?;
        let rung = reader.choice(&Rung::ALL)?;
        reader.key(2, "text")?;
        let text = reader.optional_text(TEXT_MAX)?;
        if rung.needs_text() && text.as_ref().is_none_or(|text| text.trim().is_empty()) {
            return Err(reader.error(format!("is empty; {} needs the unit or the reason", rung.name())));
        }
        Ok(Self { stop, rung, text })
    }
}

/// All STOPs of one party about one object, until it is lifted or called again after an answer.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Alarm {
    /// The STOPs, oldest first; the first one's leaf is the identity of the alarm.
    pub stops: Vec<(Stop, Origin)>,
    /// Answers, oldest first.
    pub rungs: Vec<(StopRung, Origin)>,
    /// When its caller lifted it.
    pub lifted: Option<Origin>,
}

impl Alarm {
    /// Identity: leaf hash of its first STOP.
    pub fn id(&self) -> Hash {
        self.stops[0].1.leaf
    }

    /// The party that called.
    pub fn caller(&self) -> usize {
        self.stops[0].1.party
    }

    /// The newest of its STOPs.
    pub fn newest(&self) -> &Stop {
        &self.stops[self.stops.len() - 1].0
    }

    /// The answer that ended the escalation, if there is one.
    pub fn ended(&self) -> Option<&(StopRung, Origin)> {
        self.rungs.iter().find(|(rung, _)| rung.rung.ends_escalation())
    }

    /// Whether somebody still has to act: neither answered for good nor lifted.
    pub fn is_escalating(&self) -> bool {
        self.ended().is_none() && self.lifted.is_none()
    }

    /// How many of the pact's escalation rungs (nanoseconds after the first STOP) have passed at `now`. A call from the
    /// future has passed them all: the clocks differ, and nobody may wait for that.
    pub fn escalation(&self, now: UtcNanos, rungs_ns: &[i64; 3]) -> usize {
        let since_ns = now.0.saturating_sub(self.stops[0].1.claimed_time.0);
        if since_ns < -rungs_ns[0] {
            return rungs_ns.len();
        }
        rungs_ns.iter().filter(|rung_ns| since_ns >= **rung_ns).count()
    }
}

/// What makes two STOPs one alarm: who calls, and about what.
type Subject = (usize, Option<Hash>, String);

/// The alarms of a channel: a fold over STOPs and their answers, the same on both sides in whatever order the two urgent
/// logs arrive.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Alarms {
    /// In the order in which their first STOPs were taken in.
    all: Vec<Alarm>,
    /// Place of the alarm of each STOP.
    #[serde(serialize_with = "crate::channel::snapshot::sorted_map")]
    by_stop: HashMap<Hash, usize>,
    #[serde(serialize_with = "crate::channel::snapshot::sorted_map")]
    newest: HashMap<Subject, usize>,
}

impl Alarms {
    /// All alarms, oldest first in the order in which this node took them in.
    pub fn iter(&self) -> impl Iterator<Item = &Alarm> {
        self.all.iter()
    }

    /// The alarm of which `stop` is any STOP.
    pub fn alarm(&self, stop: &Hash) -> Option<&Alarm> {
        self.by_stop.get(stop).map(|place| &self.all[*place])
    }

    pub(crate) fn check_rung(&self, party: usize, rung: &StopRung) -> Result<(), Misfit> {
        let alarm = self.alarm(&rung.stop).ok_or(Misfit::Unknown { field: "stop", hash: rung.stop })?;
        if alarm.caller() == party {
            return Err(Misfit::WrongParty { field: "stop", reason: "only the counterpart answers a STOP" });
        }
        Ok(())
    }

    pub(crate) fn check_lifted(&self, party: usize, stop: &Hash) -> Result<(), Misfit> {
        let alarm = self.alarm(stop).ok_or(Misfit::Unknown { field: "stop", hash: *stop })?;
        if alarm.caller() != party {
            return Err(Misfit::WrongParty { field: "stop", reason: "only the party that called a STOP lifts it" });
        }
        if alarm.lifted.is_some() { Err(Misfit::Lifted { hash: *stop }) } else { Ok(()) }
    }

    /// A STOP joins the alarm about its object, unless that one was lifted, or its caller had seen the answer that ended
    /// it: then it is called anew. That is asked of the leaf, not of what has arrived here, so both sides agree.
    pub(crate) fn call(&mut self, origin: Origin, stop: Stop) {
        let words = if stop.object.is_some() { String::new() } else { stop.what.to_lowercase() };
        let subject = (origin.party, stop.object, words);
        let joined = self.newest.get(&subject).copied().filter(|place| {
            let alarm = &self.all[*place];
            let seen_end = alarm
                .rungs
                .iter()
                .any(|(rung, answer)| rung.rung.ends_escalation() && answer.index < origin.seen_urgent);
            alarm.lifted.is_none() && !seen_end
        });
        let place = joined.unwrap_or(self.all.len());
        self.by_stop.insert(origin.leaf, place);
        if joined.is_none() {
            self.all.push(Alarm { stops: Vec::new(), rungs: Vec::new(), lifted: None });
            self.newest.insert(subject, place);
        }
        self.all[place].stops.push((stop, origin));
    }

    pub(crate) fn answer(&mut self, origin: Origin, rung: StopRung) {
        let place = self.by_stop[&rung.stop];
        self.all[place].rungs.push((rung, origin));
    }

    pub(crate) fn lift(&mut self, origin: Origin, stop: &Hash) {
        let place = self.by_stop[stop];
        self.all[place].lifted.get_or_insert(origin);
    }
}
