//! Into an order: an ACM for each volume, all or none. What an order cannot state as finely is rounded outwards, and told.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use skypact_airspace::position::geodesic_mm;
use skypact_airspace::{AltitudeMargins, Circle, Corridor, Footprint, LatLng, TimeWindow, Volume4d};

use super::dtg::{self, MINUTE_NS, Period};
use super::forms::{Seconds, length_text};
use super::levels::{Stated, Unstated};
use super::{Key, MARK, outwards};
use crate::Entry;
use crate::fault::shown;

/// Longest line of a message, but for a word that is longer.
const COLUMNS: usize = 69;
/// Signs that free text keeps; without `/` nothing in it ends a field or a set, without `:` nothing looks like a key.
const SIGNS: &str = ".,-()?'+";

/// What an order states otherwise than the notice. Whatever grew still holds all that it held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// Positions were rounded to the second, and the area grew by as much or more.
    Position,
    /// A radius or width was rounded up.
    Length,
    /// A limit was rounded outwards to a hundred feet, or to the ground.
    Altitude,
    /// A limit over the ellipsoid became one over mean sea level, by the bounds of the geoid there.
    Datum,
    /// Start and end were rounded outwards to the minute.
    Time,
    /// A call sign, contact or label has letters or signs that an order has no place for.
    Text,
    /// A corridor reaches around its ends; who draws an order may cut it off flat there.
    Ends,
}

impl Loss {
    /// In words, for whoever exports.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Position => "positions to the second, and the area larger by it",
            Self::Length => "radius or width rounded up",
            Self::Altitude => "limits outwards to 100 ft",
            Self::Datum => "limits over the ellipsoid as AMSL, outwards",
            Self::Time => "times outwards to the minute",
            Self::Text => "text in capitals and few signs",
            Self::Ends => "corridor ends may be drawn flat: here they are round",
        }
    }
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The message.
    pub text: String,
    /// Of each notice that it does not state as it is, its place and what is otherwise.
    pub losses: Vec<(usize, BTreeSet<Loss>)>,
}

/// Why there is no order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("notice {label}: {reason}")]
pub struct AcoError {
    /// The notice.
    pub label: String,
    /// Stable code.
    pub code: &'static str,
    /// What an order cannot state, and what to do.
    pub reason: &'static str,
}

/// Why a volume has no ACM: code and reason.
type Unwritten = (&'static str, &'static str);

const TIME: Unwritten = ("time-out-of-range", "it is not within 1970 to 2261; correct it");
const AREA: Unwritten =
    ("area-too-large", "an area of it, rounded outwards, is larger than any that is read; split it");

/// Writes notices into an order, with what the pact assumes between datums.
pub fn write(entries: &[Entry<'_>], margins: &AltitudeMargins) -> Result<Written, AcoError> {
    let error = |entry: &Entry<'_>, (code, reason): Unwritten| AcoError { label: shown(entry.label), code, reason };
    let mut labels = BTreeSet::new();
    if let Some(entry) = entries.iter().find(|entry| !labels.insert(clean(entry.label))) {
        return Err(error(entry, ("label-repeated", "another one has the same label in capitals; name them apart")));
    }
    let windows = entries.iter().flat_map(|entry| &entry.notice.volumes).map(|volume| minutes(volume.window));
    let period = windows.reduce(|(a, b), (c, d)| (a.min(c), b.max(d)));
    let (start, end) = period.unwrap_or((0, 0));
    let party = entries.first().map_or("-", |entry| entry.party);
    let mut text = set(&["MSGID".to_owned(), "ACO".to_owned(), field(party)]);
    text.push_str("ACOID/-//\nGEODATUM/W84//\n");
    if let (Some(first), Some((start, end))) = (entries.first(), period) {
        let stated = dtg::text(start, true).zip(dtg::text(end, true)).ok_or_else(|| error(first, TIME))?;
        text.push_str(&set(&["PERIOD".to_owned(), stated.0, stated.1]));
    }
    let with_year =
        !Period { start_s: start.div_euclid(1_000_000_000), end_s: end.div_euclid(1_000_000_000) }.leaves_no_doubt();
    let mut losses = Vec::new();
    for (place, entry) in entries.iter().enumerate() {
        let mut acm = Acm { entry, margins, with_year, lost: BTreeSet::new() };
        for volume in 0..entry.notice.volumes.len() {
            text.push_str(&acm.text(volume).map_err(|unwritten| error(entry, unwritten))?);
        }
        if !acm.lost.is_empty() {
            losses.push((place, acm.lost));
        }
    }
    Ok(Written { text, losses })
}

/// The window in whole minutes, outwards, nanoseconds.
fn minutes(window: TimeWindow) -> (i64, i64) {
    let (start, end) = (window.start().0, window.end().0);
    let over = end.rem_euclid(MINUTE_NS);
    let up = if over == 0 { end } else { end.saturating_add(MINUTE_NS - over) };
    (start.saturating_sub(start.rem_euclid(MINUTE_NS)), up)
}

/// The ACMs of a notice.
struct Acm<'a> {
    entry: &'a Entry<'a>,
    margins: &'a AltitudeMargins,
    with_year: bool,
    lost: BTreeSet<Loss>,
}

impl Acm<'_> {
    fn text(&mut self, place: usize) -> Result<String, Unwritten> {
        let volume = &self.entry.notice.volumes[place];
        let area = self.area(&volume.footprint)?;
        let name = format!("NAME:{}-{}", field(self.entry.label), place + 1);
        let (means, usage) = match volume.footprint {
            Footprint::Corridor(_) => ("ACM:CORRTE", "USE:AIRCOR"),
            _ => ("ACM:ROZ", "USE:ROZ"),
        };
        let head = ["ACMID", means, &name, &area[0], usage].map(str::to_owned);
        let levels = self.levels(volume)?;
        let (start, end) = minutes(volume.window);
        if (start, end) != (volume.window.start().0, volume.window.end().0) {
            self.lost.insert(Loss::Time);
        }
        let time = |ns| dtg::text(ns, self.with_year).ok_or(TIME);
        let period = ["APERIOD".to_owned(), "DISCRETE".to_owned(), time(start)?, time(end)?];
        let amplification = self.amplification(matches!(volume.footprint, Footprint::Corridor(_)));
        Ok([set(&head), amplification, set(&area), set(&["EFFLEVEL".to_owned(), levels]), set(&period)].concat())
    }

    fn levels(&mut self, volume: &Volume4d) -> Result<String, Unwritten> {
        let stated = Stated::of(volume, self.margins).map_err(|unstated| match unstated {
            Unstated::NoUpper => {
                ("no-upper-limit", "it has no upper limit, and an order needs one; change it to a level")
            }
            Unstated::TooHigh => {
                ("altitude-too-high", "a limit of it is above 99,900 ft, the highest of an order; lower it")
            }
            Unstated::Mixed => (
                "altitude-mixed",
                "its lower limit is a level and its upper one none, or above it; give both one datum",
            ),
        })?;
        let lost = [(Loss::Altitude, stated.is_rounded), (Loss::Datum, stated.is_converted)];
        self.lost.extend(lost.into_iter().filter(|(_, is_lost)| *is_lost).map(|(loss, _)| loss));
        Ok(stated.text)
    }

    /// The set of the area. A circle and a corridor grow by as much as their points were moved.
    fn area(&mut self, footprint: &Footprint) -> Result<Vec<String>, Unwritten> {
        let places = |points: &[Seconds]| points.iter().map(|point| point.text()).collect::<Vec<_>>();
        match footprint {
            Footprint::Circle(circle) => {
                let (points, moved_mm) = self.rounded(&[circle.centre()])?;
                let (radius, mm) = self.length(circle.radius_mm() + moved_mm);
                let centre = points[0].position().ok_or(AREA)?;
                Circle::new(centre, mm).map_err(|_| AREA)?;
                Ok([vec!["CIRCLE".to_owned()], places(&points), vec![radius]].concat())
            }
            Footprint::Corridor(corridor) => {
                let (points, moved_mm) = self.rounded(corridor.points())?;
                // Between two points that moved, a geodesic may move farther: less than twice as far over the 13,200 km that an
                // edge may have.
                let (width, mm) = self.length(2 * (corridor.half_width_mm() + 2 * moved_mm));
                let route: Option<Vec<LatLng>> = points.iter().map(|point| point.position()).collect();
                Corridor::new(route.ok_or(AREA)?, (mm + 1) / 2).map_err(|_| AREA)?;
                self.lost.insert(Loss::Ends);
                Ok([vec!["CORRIDOR".to_owned(), width], places(&points)].concat())
            }
            Footprint::Polygon(polygon) => {
                let corners = outwards::corners(polygon).ok_or((
                    "corners-too-fine",
                    "no corners in whole seconds hold a polygon of it and are near its own; draw them on whole seconds",
                ))?;
                if corners.iter().zip(polygon.vertices()).any(|(moved, at)| moved.position() != Some(*at)) {
                    self.lost.insert(Loss::Position);
                }
                Ok([vec!["POLYGON".to_owned()], places(&corners), vec![corners[0].text()]].concat())
            }
        }
    }

    /// Points in whole seconds, and the farthest that one was moved, rounded up; zero where none was.
    fn rounded(&mut self, points: &[LatLng]) -> Result<(Vec<Seconds>, i64), Unwritten> {
        let (mut rounded, mut moved_mm) = (Vec::with_capacity(points.len()), 0);
        for &at in points {
            let seconds = Seconds::nearest(at);
            let to = seconds.position().ok_or(AREA)?;
            if to != at {
                moved_mm = moved_mm.max(geodesic_mm(at, to) + 1);
            }
            rounded.push(seconds);
        }
        if moved_mm > 0 {
            self.lost.insert(Loss::Position);
        }
        Ok((rounded, moved_mm))
    }

    fn length(&mut self, mm: i64) -> (String, i64) {
        let (text, stated_mm) = length_text(mm);
        if stated_mm != mm {
            self.lost.insert(Loss::Length);
        }
        (text, stated_mm)
    }

    /// What an order has no field for.
    fn amplification(&mut self, is_corridor: bool) -> String {
        let notice = self.entry.notice;
        let stated = [
            (Key::Notice, Some(self.entry.label)),
            (Key::Class, Some(notice.class.name())),
            (Key::Party, Some(self.entry.party)),
            (Key::Ends, Some("ROUND").filter(|_| is_corridor)),
            (Key::CallSign, notice.call_sign.as_deref()),
            (Key::Contact, notice.contact.as_deref()),
        ];
        let mut words = vec![format!("AMPN/{MARK}")];
        for (key, text) in stated {
            let Some(text) = text else { continue };
            let kept = clean(text);
            if matches!(key, Key::CallSign | Key::Contact) && kept != text {
                self.lost.insert(Loss::Text);
            }
            if !kept.is_empty() {
                words.extend(format!("{}:{kept}", key.name()).split(' ').map(str::to_owned));
            }
        }
        wrapped(&words, ' ') + "//\n"
    }
}

/// Free text as an order may carry it: capitals, other characters as `?`, single blanks.
fn clean(text: &str) -> String {
    let kept = |c: char| match c.to_ascii_uppercase() {
        c if c.is_ascii_alphanumeric() || SIGNS.contains(c) => c,
        c if c.is_whitespace() || c.is_control() => ' ',
        _ => '?',
    };
    let clean: String = text.chars().map(kept).collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Free text as a field, which is never empty.
fn field(text: &str) -> String {
    Some(clean(text)).filter(|text| !text.is_empty()).unwrap_or_else(|| "-".to_owned())
}

/// A set, over several lines where it is long; a line breaks before a `/`, never within a field.
fn set(fields: &[String]) -> String {
    wrapped(fields, '/') + "//\n"
}

fn wrapped(parts: &[String], between: char) -> String {
    let (mut text, mut columns) = (String::new(), 0);
    for part in parts {
        if columns > 0 {
            if columns + 1 + part.len() > COLUMNS {
                text.push('\n');
                columns = 0;
            }
            if columns > 0 || between == '/' {
                text.push(between);
                columns += 1;
            }
        }
        // Writing to a String cannot fail.
        let _ = write!(text, "{part}");
        columns += part.len();
    }
    text
}
