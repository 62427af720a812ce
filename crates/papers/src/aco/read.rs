//! Out of an order: each ACM whose shape is read becomes a notice for each of its periods; those that were written here become
//! the notice again that they were.
//!
//! What an order does not say (what flies there) comes from whoever imports it. What it says and is not understood is a fault:
//! of the ACM where the set is known and not read, of the whole order where nobody knows what the set does.

use skypact_airspace::LatLng;
use skypact_channel::ActivityClass;

use super::forms::{Unread, length, position};
use super::levels::band;
use super::sets::{Set, Sets};
use super::{Key, MARK, dtg};
use crate::fault::{Fault, shown};
use crate::fields::{Field, Fields, Geometry};
use crate::gather::{Gather, Reading};
use crate::quantity::{length_text, limit_text, time_text};

/// What an order or a request for one calls itself.
const MESSAGES: [&str; 2] = ["ACO", "ACMREQ"];
/// Names of WGS84.
const WGS84: [&str; 5] = ["W84", "WGE", "WGS84", "WGS 84", "WGS 1984"];
/// Sets that say nothing about where and when an ACM is.
const ASIDE: [&str; 9] = ["EXER", "OPER", "REF", "ACOID", "NARR", "GENTEXT", "RMKS", "CNTRLPT", "AKNLDG"];
/// Shapes that are known and not read.
const OTHER_SHAPES: [&str; 8] = ["AORBIT", "APOINT", "GEOLINE", "LINE", "POINT", "POLYARC", "RADARC", "TRACK"];
/// Most periods of an ACM, each of which is a notice with the same area.
const PERIODS_MAX: usize = 64;
/// Most positions of all notices of an order together, so that few bytes do not become much memory.
const POSITIONS_MAX: usize = 4_000_000;

/// Reads an order. `class` is that of the ACMs that do not state one, which are all but those written here. Faults of single ACMs
/// are in the reading; what is no order at all is the error.
pub fn read(bytes: &[u8], class: Option<ActivityClass>) -> Result<Reading, Fault> {
    let mut sets = Sets::of(crate::text(bytes)?);
    let mut order = Order { class, ..Order::default() };
    while let Some(set) = sets.next_set()? {
        order.set(&set)?;
    }
    order.end_acm()?;
    if !order.is_named {
        let reason = "is missing: an airspace control order has MSGID/ACO/..., and a request MSGID/ACMREQ/...";
        return Err(Fault::new(1, "MSGID", "paper-malformed", reason));
    }
    Ok(order.gather.finish())
}

/// What was read so far.
#[derive(Default)]
struct Order {
    class: Option<ActivityClass>,
    is_named: bool,
    has_datum: bool,
    period: Option<dtg::Period>,
    /// What the ACMs that follow are not: added.
    status: Option<String>,
    acm: Option<Acm>,
    positions: usize,
    gather: Gather,
}

/// The ACM that is being read.
struct Acm {
    line: u64,
    /// The shape that its identification announces.
    shape: String,
    fields: Fields,
    geometry: Option<Geometry>,
    has_levels: bool,
    /// Start and end of each.
    periods: Vec<(String, String)>,
    fault: Option<Fault>,
    /// Nobody knows which notice it belongs to.
    is_lost: bool,
}

impl Order {
    fn set(&mut self, set: &Set<'_>) -> Result<(), Fault> {
        match set.name {
            "MSGID" => self.message(set)?,
            "GEODATUM" => self.datum(set)?,
            "PERIOD" => self.in_force(set)?,
            "ACMSTAT" => {
                self.end_acm()?;
                self.status = set.field(1).filter(|status| *status != "ADD").map(shown);
                if set.field(1).is_none() {
                    return Err(set.fault(
                        1,
                        "status-missing",
                        "is empty; an ACM is added, changed or deleted: write ADD",
                    ));
                }
            }
            "ACMID" => self.begin_acm(set)?,
            name if ASIDE.contains(&name) => {}
            name => self.of_acm(name, set)?,
        }
        Ok(())
    }

    fn message(&mut self, set: &Set<'_>) -> Result<(), Fault> {
        let kind = set.field(1).unwrap_or_default();
        if !MESSAGES.contains(&kind) || self.is_named {
            let reason = format!("'{}' is not one ACO or ACMREQ; give each message a file of its own", shown(kind));
            return Err(set.fault(1, "paper-malformed", reason));
        }
        self.is_named = true;
        Ok(())
    }

    fn datum(&mut self, set: &Set<'_>) -> Result<(), Fault> {
        let name = set.field(1).unwrap_or_default();
        if !WGS84.contains(&name) {
            let reason = format!("'{}' is not WGS84; transform the order to it and write GEODATUM/W84//", shown(name));
            return Err(set.fault(1, "datum-unknown", reason));
        }
        self.has_datum = true;
        Ok(())
    }

    fn in_force(&mut self, set: &Set<'_>) -> Result<(), Fault> {
        if self.period.is_some() || self.acm.is_some() {
            return Err(set.fault(
                1,
                "paper-malformed",
                "is given twice, or behind an ACM; an order has one PERIOD, above",
            ));
        }
        let start = set.field(1).and_then(dtg::of_period);
        // An order until further notice says by its start alone which year it is of.
        let end = set.field(2).and_then(dtg::of_period).or(start);
        self.period =
            start.zip(end).filter(|(start, end)| start <= end).map(|(start_s, end_s)| dtg::Period { start_s, end_s });
        Ok(())
    }

    fn begin_acm(&mut self, set: &Set<'_>) -> Result<(), Fault> {
        self.end_acm()?;
        if !self.is_named {
            return Err(set.fault(1, "paper-malformed", "stands before MSGID; this is a piece of an order"));
        }
        if !self.has_datum {
            let reason =
                "stands before any GEODATUM, so that its positions may be of any datum; write GEODATUM/W84// above";
            return Err(set.fault(1, "datum-unknown", reason));
        }
        let mut acm = Acm {
            line: set.line,
            shape: set.field(3).unwrap_or_default().to_owned(),
            fields: Fields::default(),
            geometry: None,
            has_levels: false,
            periods: Vec::new(),
            fault: None,
            is_lost: false,
        };
        if let Some(status) = &self.status {
            let reason =
                format!("is under ACMSTAT/{status}; only ADD is read: change or cancel the notice that stands");
            acm.fault = Some(set.fault(1, "acm-not-added", reason));
        } else if set.field(2).is_none() {
            acm.fault = Some(set.fault(2, "acm-unnamed", "is missing: the name of the ACM, such as NAME:KOBALT"));
        }
        self.acm = Some(acm);
        Ok(())
    }

    /// A set that only an ACM has.
    fn of_acm(&mut self, name: &str, set: &Set<'_>) -> Result<(), Fault> {
        let known = matches!(name, "AMPN" | "CIRCLE" | "POLYGON" | "CORRIDOR" | "EFFLEVEL" | "APERIOD");
        if !known && !OTHER_SHAPES.contains(&name) {
            let reason = "is no set that is known here, and may cancel or move what stands beside it; take it out of a copy of the \
                          order if it does neither";
            return Err(Fault::new(set.line, shown(name), "set-unknown", reason));
        }
        let period = self.period;
        let Some(acm) = &mut self.acm else {
            if name == "AMPN" {
                return Ok(());
            }
            return Err(Fault::new(set.line, shown(name), "paper-malformed", "stands before the first ACMID"));
        };
        let read = match name {
            "AMPN" => acm.amplification(set),
            "EFFLEVEL" => acm.levels(set),
            "APERIOD" => acm.period(set, period),
            "CIRCLE" | "POLYGON" | "CORRIDOR" => acm.area(set),
            other => {
                let reason =
                    format!("an ACM whose shape is {other} is not read; draw it as POLYGON, CIRCLE or CORRIDOR");
                Err(Fault::new(set.line, shown(other), "shape-unknown", reason))
            }
        };
        if let Err(fault) = read {
            acm.fault.get_or_insert(fault);
        }
        Ok(())
    }

    /// The ACM that was being read is whole.
    fn end_acm(&mut self) -> Result<(), Fault> {
        let Some(mut acm) = self.acm.take() else { return Ok(()) };
        if let Some(fault) = acm.fault.take_if(|_| acm.is_lost) {
            return self.gather.lost(fault);
        }
        if acm.fields.get(Field::Class).is_none()
            && let Some(class) = self.class
        {
            acm.fields.set(Field::Class, class.name().to_owned());
        }
        let geometry = match acm.whole() {
            Ok(geometry) => geometry,
            Err(fault) => return self.gather.item(acm.line, &acm.fields, Err(fault)),
        };
        self.positions += acm.periods.len() * positions(&geometry);
        if self.positions > POSITIONS_MAX {
            let reason = format!("has more than {POSITIONS_MAX} positions, counted for each period; split it");
            return Err(Fault::new(acm.line, "file", "paper-too-large", reason));
        }
        for (from, until) in acm.periods {
            acm.fields.set(Field::From, from);
            acm.fields.set(Field::Until, until);
            self.gather.item(acm.line, &acm.fields, Ok(geometry.clone()))?;
        }
        Ok(())
    }
}

fn positions(geometry: &Geometry) -> usize {
    match geometry {
        Geometry::Point(_) => 1,
        Geometry::Line(points) | Geometry::Ring(points) => points.len(),
    }
}

impl Acm {
    /// Its area, if nothing is wrong with it and nothing is missing.
    fn whole(&mut self) -> Result<Geometry, Fault> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let missing = |field: &'static str, code, reason: &'static str| Err(Fault::new(self.line, field, code, reason));
        let Some(geometry) = self.geometry.take() else {
            return missing(
                "ACMID field 3",
                "shape-missing",
                "the ACM has no CIRCLE, POLYGON or CORRIDOR behind it; add it",
            );
        };
        if !self.has_levels {
            return missing("EFFLEVEL", "altitude-datum", "is missing: add the vertical dimension of the ACM");
        }
        if self.periods.is_empty() {
            return missing("APERIOD", "time-missing", "is missing: add APERIOD/DISCRETE/start/end//");
        }
        if self.fields.get(Field::Class).is_none() {
            let reason =
                "an order does not say what flies there; say it for all of it with --class, such as --class manned";
            return missing("class", "class-missing", reason);
        }
        Ok(geometry)
    }

    fn area(&mut self, set: &Set<'_>) -> Result<(), Fault> {
        if self.shape != set.name || self.geometry.is_some() {
            let reason = format!("the ACMID says '{}', once; make the two alike", shown(&self.shape));
            return Err(Fault::new(set.line, shown(set.name), "shape-mismatch", reason));
        }
        let told = |place: usize, (code, reason): Unread| set.fault(place, code, reason);
        let at = |place: usize, text: &str| position(text).map_err(|unread| told(place, unread));
        let length_at = |place: usize| {
            let text = set.field(place).unwrap_or_default();
            length(text).map(length_text).map_err(|unread| told(place, unread))
        };
        let points = |from: usize| -> Result<Vec<LatLng>, Fault> {
            (1..).zip(set.fields()).skip(from).map(|(place, text)| at(place, text)).collect()
        };
        let geometry = match set.name {
            "CIRCLE" => {
                if set.fields().count() > 2 {
                    return Err(set.fault(3, "shape-mismatch", "a circle has a centre and a radius; remove the rest"));
                }
                self.fields.set(Field::Radius, length_at(2)?);
                Geometry::Point(at(1, set.field(1).unwrap_or_default())?)
            }
            "CORRIDOR" => {
                self.fields.set(Field::Width, length_at(1)?);
                Geometry::Line(points(1)?)
            }
            _ => Geometry::Ring(points(0)?),
        };
        self.geometry = Some(geometry);
        Ok(())
    }

    fn levels(&mut self, set: &Set<'_>) -> Result<(), Fault> {
        if self.has_levels || set.fields().count() > 1 {
            return Err(set.fault(2, "altitude-datum", "an ACM has one vertical dimension; give each its own ACM"));
        }
        let read = band(set.field(1).unwrap_or_default()).map_err(|(code, reason)| set.fault(1, code, reason))?;
        self.fields.set(Field::Lower, limit_text(read.lower()));
        self.fields.set(Field::Upper, limit_text(read.upper()));
        self.has_levels = true;
        Ok(())
    }

    fn period(&mut self, set: &Set<'_>, period: Option<dtg::Period>) -> Result<(), Fault> {
        match set.field(1) {
            Some("DISCRETE") if set.fields().count() == 3 => {}
            Some("INTERVAL") => {
                let reason = "a period that comes again is not read; write each as APERIOD/DISCRETE/start/end//";
                return Err(set.fault(1, "period-recurring", reason));
            }
            _ => return Err(set.fault(1, "period-malformed", "is not read; write APERIOD/DISCRETE/start/end//")),
        }
        if self.periods.len() == PERIODS_MAX {
            let reason = format!("an ACM has at most {PERIODS_MAX} periods here; give the others an ACM of their own");
            return Err(set.fault(1, "periods-many", reason));
        }
        let time = |place: usize| {
            let text = set.field(place).unwrap_or_default();
            dtg::time_ns(text, period).map_err(|(code, reason)| set.fault(place, code, reason))
        };
        let (start, end) = (time(2)?, time(3)?);
        if end < start {
            return Err(set.fault(
                3,
                "time-end-before-start",
                "is before the start; correct one of the two, or write the year",
            ));
        }
        self.periods.push((time_text(start), time_text(end)));
        Ok(())
    }

    /// What was written here stands behind its mark, each value behind its key; any other amplification is for people.
    fn amplification(&mut self, set: &Set<'_>) -> Result<(), Fault> {
        let text = set.free_text();
        let Some(stated) = text.strip_prefix(MARK) else { return Ok(()) };
        let mut values: Vec<(Key, Vec<&str>)> = Vec::new();
        for word in stated.split(' ').filter(|word| !word.is_empty()) {
            let key =
                word.split_once(':').map(|(name, value)| (Key::ALL.into_iter().find(|key| key.name() == name), value));
            let is_new = |wanted: Key| values.iter().all(|(known, _)| *known != wanted);
            match key {
                Some((Some(key), value)) if is_new(key) => values.push((key, vec![value])),
                None if !values.is_empty() => values.last_mut().into_iter().for_each(|(_, words)| words.push(word)),
                _ => {
                    self.is_lost = true;
                    let reason = format!(
                        "'{}' is no key of an amplification that begins with {MARK}, or there twice",
                        shown(word)
                    );
                    return Err(set.fault(1, "amplification-malformed", reason));
                }
            }
        }
        for (key, words) in values {
            let text = words.join(" ");
            match key {
                Key::Notice => self.fields.set(Field::Notice, text),
                Key::Class => self.fields.set(Field::Class, text.to_ascii_lowercase()),
                Key::CallSign => self.fields.set(Field::CallSign, text),
                Key::Contact => self.fields.set(Field::Contact, text),
                Key::Party | Key::Ends => {}
            }
        }
        Ok(())
    }
}
