//! The count of crossings: which reports are of one crossing, whether it is disputed, and on which day it was.
//! A function of the set of reports and disputes alone: no clock and no order of arrival is in it.

use std::collections::BTreeMap;

use skypact_airspace::UtcNanos;

use super::{CrossingDispute, DisputeAct, LineBook, ReportedCrossing};
use crate::board::Origin;

/// How many of the newest crossings of one flight in one direction a report is held against: what bounds the work that a counterpart can
/// make with reports of one flight in one minute.
const COMPARED_MAX: usize = 16;
/// A day, ns.
const DAY_NS: i64 = 86_400_000_000_000;

/// One crossing, with every report of it.
#[derive(Debug, Clone)]
pub struct CountedCrossing<'a> {
    /// Its reports, by time, then by leaf hash; at least one.
    pub reports: Vec<&'a ReportedCrossing>,
    /// What each party said last about any of them, in the order of the parties.
    pub positions: [Option<&'a (CrossingDispute, Origin)>; 2],
}

/// Whether a crossing counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrossingStand {
    /// Nobody disputes it.
    Undisputed,
    /// This party disputes it and the other does not: it counts, with that mark.
    Disputed {
        /// Who.
        by: usize,
    },
    /// Both dispute it: it stays in the record, and counts no more.
    Struck,
}

impl CountedCrossing<'_> {
    /// The report that gives it its time and its place: the earliest.
    pub fn first(&self) -> &ReportedCrossing {
        self.reports[0]
    }

    /// Whether a party has reported it.
    pub fn is_reported_by(&self, party: usize) -> bool {
        self.reports.iter().any(|reported| reported.origin.party == party)
    }

    /// Which party flew it: what all reports that say so agree in.
    pub fn flown_by(&self) -> Option<usize> {
        let mut said = self.reports.iter().filter_map(|reported| reported.report.flown_by);
        let party = said.next()?;
        said.all(|other| other == party).then_some(party)
    }

    /// Whether the other party disputes it, and this one has said nothing about it.
    pub fn waits_for(&self, party: usize) -> bool {
        self.positions[party].is_none() && self.stand() == CrossingStand::Disputed { by: 1 - party }
    }

    /// Whether it counts.
    pub fn stand(&self) -> CrossingStand {
        let disputes = self.positions.map(|said| said.is_some_and(|(said, _)| said.act == DisputeAct::Disputes));
        match disputes {
            [false, false] => CrossingStand::Undisputed,
            [true, true] => CrossingStand::Struck,
            [first, _] => CrossingStand::Disputed { by: usize::from(!first) },
        }
    }
}

impl LineBook {
    /// Every crossing once, the earliest first, struck ones among them. Of one flight in one direction the reports are taken by time, then
    /// by leaf hash; each is of the first crossing, among the last 16, whose earliest report is near in time and place, or else of a new one.
    pub fn count(&self) -> Vec<CountedCrossing<'_>> {
        let mut counted: Vec<CountedCrossing<'_>> = Vec::new();
        for reports in self.reports.values() {
            let of_others = counted.len();
            for reported in reports.values() {
                let compared = counted.len().saturating_sub(COMPARED_MAX).max(of_others);
                let same = counted[compared..].iter_mut().find(|known| known.first().report.is_near(&reported.report));
                match same {
                    Some(same) => same.reports.push(reported),
                    None => counted.push(CountedCrossing { reports: vec![reported], positions: [None; 2] }),
                }
            }
        }
        for crossing in &mut counted {
            crossing.positions = positions(&crossing.reports);
        }
        counted.sort_by_key(|crossing| (crossing.first().report.time, crossing.first().origin.leaf));
        counted
    }

    /// Crossings that one party disputes and the other does not: what a working group has to talk about.
    pub fn disputed(&self) -> impl Iterator<Item = CountedCrossing<'_>> {
        self.count().into_iter().filter(|crossing| matches!(crossing.stand(), CrossingStand::Disputed { .. }))
    }
}

/// The newest word of each party, by its own log.
fn positions<'a>(reports: &[&'a ReportedCrossing]) -> [Option<&'a (CrossingDispute, Origin)>; 2] {
    let said = reports.iter().flat_map(|reported| &reported.disputes);
    [0, 1].map(|party| said.clone().filter(|(_, origin)| origin.party == party).max_by_key(|(_, origin)| origin.index))
}

/// The crossings of one day, UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DayCount {
    /// Crossings of flights of each party, in the order of the parties, and of flights of which it is not known or not agreed whose they
    /// were. Struck ones do not count.
    pub flown_by: [u64; 3],
    /// How many of these one party disputes.
    pub disputed: u64,
    /// How many of these only one party has reported.
    pub reported_by_one: u64,
    /// How many both dispute.
    pub struck: u64,
}

impl DayCount {
    /// All that count.
    pub fn total(&self) -> u64 {
        self.flown_by.iter().sum()
    }
}

/// Crossings by the start of their day, ns since the Unix epoch, UTC.
pub fn days(counted: &[CountedCrossing<'_>]) -> BTreeMap<UtcNanos, DayCount> {
    let mut days: BTreeMap<UtcNanos, DayCount> = BTreeMap::new();
    for crossing in counted {
        let time_ns = crossing.first().report.time.0;
        let start = UtcNanos(time_ns.saturating_sub(time_ns.rem_euclid(DAY_NS)));
        let day = days.entry(start).or_default();
        let stand = crossing.stand();
        if stand == CrossingStand::Struck {
            day.struck += 1;
            continue;
        }
        day.flown_by[crossing.flown_by().unwrap_or(2)] += 1;
        day.disputed += u64::from(stand != CrossingStand::Undisputed);
        day.reported_by_one += u64::from(![0, 1].into_iter().all(|party| crossing.is_reported_by(party)));
    }
    days
}
