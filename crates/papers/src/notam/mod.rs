//! Drafts of NOTAMs (ICAO Annex 15, Doc 8126), one for each volume. Written, never read: the NOTAM office decides on the text.
//!
//! Whatever is coarser here than in the notice is rounded outwards, and what a party wrote freely can begin no line or item.

mod circle;
mod limits;
mod text;

use std::fmt::Write as _;

use skypact_airspace::{AltitudeMargins, Footprint, TimeWindow, Volume4d};
use skypact_channel::ActivityClass;

use crate::Entry;
use crate::decimal::decimal_text;
use crate::fault::shown;
use crate::fields::points;
use circle::Cover;
use limits::Limits;
use text::{clean, place, wrapped};

/// Name of the format.
pub const NOTAM: &str = "notam";

const DRAFT: &str = "DRAFT, NOT A NOTAM";
/// First second of the year 2000 and of 2100: the years that two digits say.
const SECONDS: std::ops::Range<i64> = 946_684_800..4_102_444_800;
const MINUTE_NS: i64 = 60_000_000_000;
/// Millimetres of a hundredth of a nautical mile.
const CENTI_NM_MM: i64 = 18_520;

/// Why there is no draft.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// It is no designator of a flight information region.
    #[error("'{text}' is no FIR: write its four letters, such as OSTT")]
    Fir {
        /// What was written.
        text: String,
    },
    /// An area is larger than a NOTAM can say.
    #[error("notice {label}: an area of it needs a circle of more than 999 NM, the largest of a NOTAM; split the area")]
    Area {
        /// The notice.
        label: String,
    },
    /// A time is in a year that a NOTAM cannot say.
    #[error("notice {label}: it is not within 2000 to 2099, the years that the two digits of a NOTAM say; correct it")]
    Time {
        /// The notice.
        label: String,
    },
}

impl DraftError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Fir { .. } => "fir-malformed",
            Self::Area { .. } => "area-too-large",
            Self::Time { .. } => "time-out-of-range",
        }
    }
}

/// Location indicator of a flight information region (ICAO Doc 7910).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fir(String);

impl Fir {
    /// Four letters; small ones are taken for capitals.
    pub fn new(text: &str) -> Result<Self, DraftError> {
        if text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return Ok(Self(text.to_ascii_uppercase()));
        }
        Err(DraftError::Fir { text: shown(text) })
    }
}

/// How drafts are written.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The region whose NOTAM office they are for.
    pub fir: Fir,
    /// What the pact assumes between datums.
    pub margins: AltitudeMargins,
    /// Whether call signs are told; those of military flights seldom are.
    pub with_call_sign: bool,
    /// Whether contacts are told.
    pub with_contact: bool,
}

impl Draft {
    /// Writes a draft for each volume of the notices. All of them or none.
    pub fn write(&self, entries: &[Entry<'_>]) -> Result<String, DraftError> {
        let mut text = wrapped(&format!("{DRAFT}. THE NOTAM OFFICE DECIDES ON CODES, WORDS AND ISSUE."));
        for entry in entries {
            for place in 0..entry.notice.volumes.len() {
                text.push('\n');
                text.push_str(&self.one(entry, place)?);
            }
        }
        Ok(text)
    }

    fn one(&self, entry: &Entry<'_>, place: usize) -> Result<String, DraftError> {
        let (volume, count) = (&entry.notice.volumes[place], entry.notice.volumes.len());
        let label = || shown(entry.label);
        let cover = Cover::of(&volume.footprint).ok_or_else(|| DraftError::Area { label: label() })?;
        let (start, end) = times(volume.window).ok_or_else(|| DraftError::Time { label: label() })?;
        let limits = Limits::of(volume, &self.margins);
        let (code, activity) = code(entry.notice.class);
        let (Fir(fir), (lower, upper)) = (&self.fir, limits.levels);
        let which = format!("{DRAFT}: NOTICE {} OF {}", clean(entry.label), clean(entry.party));
        let items = [
            format!("{which}, AREA {} OF {count}", place + 1),
            format!("Q) {fir}/{code}/IV/BO/W/{lower:03}/{upper:03}/{}", cover.text()),
            format!("A) {fir}"),
            format!("B) {start}"),
            format!("C) {end}"),
            format!("E) {activity} {}", self.words(entry, volume, &limits)),
            format!("F) {}", limits.lower),
            format!("G) {}", limits.upper),
        ];
        Ok(items.iter().map(|item| wrapped(item)).collect())
    }

    /// The area and its limits in words, and what is told besides.
    fn words(&self, entry: &Entry<'_>, volume: &Volume4d, limits: &Limits) -> String {
        let mut words = format!(
            "{}. {}. POSITIONS ARE ROUNDED TO THE SECOND, SO THAT THE AREA MAY REACH 25M FARTHER.",
            area(&volume.footprint),
            limits.words
        );
        let told = [
            ("CALL SIGN", self.with_call_sign, &entry.notice.call_sign),
            ("CONTACT", self.with_contact, &entry.notice.contact),
        ];
        for (what, _, text) in told.into_iter().filter(|(_, is_told, _)| *is_told) {
            if let Some(text) = text {
                // Writing to a String cannot fail.
                let _ = write!(words, " {what}: {}.", clean(text));
            }
        }
        words
    }
}

/// The code of the Q line and the words for a class. The second and third letters are a subject of Doc 8126 and the last two its
/// condition; the NOTAM office may choose another.
const fn code(class: ActivityClass) -> (&'static str, &'static str) {
    match class {
        ActivityClass::Manned => ("QRACA", "AIRSPACE RESERVATION ACTIVE, AIRCRAFT OPERATING"),
        ActivityClass::ReliefFlight => ("QRACA", "AIRSPACE RESERVATION ACTIVE, RELIEF FLIGHT"),
        ActivityClass::Unmanned => ("QWULW", "UNMANNED AIRCRAFT WILL TAKE PLACE"),
        ActivityClass::GroundMovement => ("QRTCA", "TEMPORARY RESTRICTED AREA ACTIVE, MOVEMENT ON THE GROUND"),
        ActivityClass::HazardArea => ("QRDCA", "DANGER AREA ACTIVE"),
    }
}

fn area(footprint: &Footprint) -> String {
    let places: Vec<String> = points(footprint).into_iter().map(place).collect();
    // A radius only ever grows.
    let within = |radius_mm: i64| decimal_text(((radius_mm + CENTI_NM_MM - 1) / CENTI_NM_MM).max(1), 2);
    let line = places.join(" - ");
    match footprint {
        Footprint::Circle(circle) => format!("WITHIN {}NM OF {line}", within(circle.radius_mm())),
        Footprint::Corridor(corridor) => format!("WITHIN {}NM OF THE LINE {line}", within(corridor.half_width_mm())),
        Footprint::Polygon(_) => format!("WITHIN {line} - {}", places[0]),
    }
}

/// Start and end as `YYMMDDhhmm`: the start rounded down and the end up, and the end after the start.
fn times(window: TimeWindow) -> Option<(String, String)> {
    let start = window.start().0.div_euclid(MINUTE_NS);
    let end = (-(-i128::from(window.end().0)).div_euclid(i128::from(MINUTE_NS))) as i64;
    let text = |minute: i64| {
        let second = Some(minute * 60).filter(|second| SECONDS.contains(second))?;
        Some(jiff::Timestamp::from_second(second).ok()?.strftime("%y%m%d%H%M").to_string())
    };
    Some((text(start)?, text(end.max(start + 1))?))
}
