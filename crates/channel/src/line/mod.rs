//! Crossings of the pact's deconfliction line as the parties report them, and what they add up to (docs/channel-protocol.md, section 16).
//! Tracks stay with the party that owns the sensor; what it reports is signed, and both sides fold the same reports into the same count,
//! in whatever order they came.

mod count;
mod report;

use std::collections::{BTreeMap, HashMap};

use skypact_airspace::{DeconflictionLine, Direction, UtcNanos};
use skypact_record::Hash;

pub use self::count::{CountedCrossing, CrossingStand, DayCount, days};
pub use self::report::{CrossingDispute, CrossingReport, DisputeAct, DisputeReason};
use crate::board::{Misfit, Origin};
use crate::terms::Terms;

/// A report of a crossing, where it stands, and what was said against it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct ReportedCrossing {
    /// The report.
    pub report: CrossingReport,
    /// Where it stands.
    pub origin: Origin,
    /// Disputes of it and answers to them, in the order in which this node took them in.
    pub disputes: Vec<(CrossingDispute, Origin)>,
}

/// What flight crossed, and which way: reports of one crossing agree in both.
type Way = (String, Direction);

/// Every report of a crossing.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct LineBook {
    line: Option<DeconflictionLine>,
    reports: BTreeMap<Way, BTreeMap<(UtcNanos, Hash), ReportedCrossing>>,
    #[serde(serialize_with = "crate::channel::snapshot::sorted_map")]
    places: HashMap<Hash, (Way, UtcNanos)>,
}

impl LineBook {
    pub(crate) fn new(terms: &Terms) -> Self {
        let line = DeconflictionLine::new(&terms.deconfliction_line).ok();
        Self { line, reports: BTreeMap::new(), places: HashMap::new() }
    }

    /// The line of the pact; none when it has none, or points that are no line.
    pub fn line(&self) -> Option<&DeconflictionLine> {
        self.line.as_ref()
    }

    /// A report by its leaf hash.
    pub fn report(&self, leaf: &Hash) -> Option<&ReportedCrossing> {
        let (way, time) = self.places.get(leaf)?;
        self.reports.get(way)?.get(&(*time, *leaf))
    }

    pub(crate) fn check_report(&self) -> Result<(), Misfit> {
        if self.line.is_some() { Ok(()) } else { Err(Misfit::NoLine) }
    }

    pub(crate) fn check_dispute(&self, dispute: &CrossingDispute) -> Result<(), Misfit> {
        if self.places.contains_key(&dispute.crossing) {
            return Ok(());
        }
        Err(Misfit::Unknown { field: "crossing", hash: dispute.crossing })
    }

    pub(crate) fn take(&mut self, report: CrossingReport, origin: Origin) {
        let (way, time, leaf) = (report.way(), report.time, origin.leaf);
        self.places.insert(leaf, (way.clone(), time));
        let reported = ReportedCrossing { report, origin, disputes: Vec::new() };
        self.reports.entry(way).or_default().insert((time, leaf), reported);
    }

    pub(crate) fn dispute(&mut self, dispute: CrossingDispute, origin: Origin) {
        let Some((way, time)) = self.places.get(&dispute.crossing) else { return };
        let reports = self.reports.get_mut(way);
        if let Some(reported) = reports.and_then(|reports| reports.get_mut(&(*time, dispute.crossing))) {
            reported.disputes.push((dispute, origin));
        }
    }
}
