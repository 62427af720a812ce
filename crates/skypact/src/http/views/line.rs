//! Views of the deconfliction line: its points, the count by day, and each crossing with what was said about it.

use serde::{Deserialize, Serialize};
use skypact_airspace::{DeconflictionLine, Direction};
use skypact_channel::{AnnouncedCrossing, Channel, CountedCrossing, CrossingStand, DayCount, ReportedCrossing, days};
use utoipa::ToSchema;

use super::time::{EntryTimeView, entry_time};
use super::words::{some_words, words};

/// Most crossings, and most announced ones, in a view.
const CROSSINGS_MAX: usize = 10_000;

/// Which crossings are shown.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineQuery {
    /// First instant, nanoseconds UTC; from the beginning when absent.
    pub from_ns: Option<i64>,
    /// Last instant; to the end when absent.
    pub until_ns: Option<i64>,
    /// Only those that the counterpart disputes, and of which this party has said nothing.
    #[serde(default)]
    pub waiting: bool,
}

impl LineQuery {
    /// The resource with this query.
    pub fn path(&self) -> String {
        let part = |name: &str, at_ns: Option<i64>| at_ns.map(|at_ns| format!("{name}={at_ns}"));
        let parts = [part("from_ns", self.from_ns), part("until_ns", self.until_ns)].into_iter().flatten();
        let parts = parts.chain(self.waiting.then(|| "waiting=true".to_owned()));
        format!("line?{}", parts.collect::<Vec<_>>().join("&"))
    }

    fn covers(&self, time_ns: i64) -> bool {
        self.from_ns.is_none_or(|from_ns| from_ns <= time_ns)
            && self.until_ns.is_none_or(|until_ns| time_ns <= until_ns)
    }
}

/// The line and what crossed it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LineView {
    /// Names of the parties, in the order of the genesis.
    pub parties: Vec<String>,
    /// Points of the pact's line, each latitude and longitude in 1e-9 degree; none when the pact has no line.
    pub points_e9: Vec<[i64; 2]>,
    /// Why nothing can be counted by these points.
    pub problem: Option<String>,
    /// Which direction leads into the area, when the line is the edge of one.
    pub inward: Option<String>,
    /// The count by day, oldest first.
    pub days: Vec<LineDayView>,
    /// How many crossings the counterpart disputes, and this party has said nothing of them.
    pub waiting: usize,
    /// Crossings, oldest first, struck ones among them; the newest 10,000.
    pub crossings: Vec<CrossingView>,
    /// Crossings that corridors of notices announce: no part of the count. At most 10,000; none when it is asked for those that wait.
    pub announced: Vec<AnnouncedCrossingView>,
}

/// The crossings of a day, UTC.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LineDayView {
    /// Its first instant, nanoseconds UTC.
    pub start_ns: i64,
    /// All that count.
    pub crossings: u64,
    /// Those of flights of each party, in the order of the parties.
    pub by_party: Vec<u64>,
    /// Those of which it is not known or not agreed whose they were.
    pub by_unknown: u64,
    /// Those that one party disputes.
    pub disputed: u64,
    /// Those that one party alone has reported.
    pub reported_by_one: u64,
    /// What both dispute, and what therefore does not count.
    pub struck: u64,
}

/// One crossing.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CrossingView {
    /// Flight, as its earliest report has it.
    pub flight: String,
    /// Party that flew it; none when that is not known or not agreed.
    pub flown_by: Option<String>,
    /// left-to-right or right-to-left, as one looks along the line from its first point.
    pub direction: String,
    /// Latitude, 1e-9 degree.
    pub lat_e9: i64,
    /// Longitude, 1e-9 degree.
    pub lng_e9: i64,
    /// When, nanoseconds UTC.
    pub time_ns: i64,
    /// undisputed, disputed or struck.
    pub stand: String,
    /// Party that disputes it, when one does.
    pub disputed_by: Option<String>,
    /// What each party said last about it.
    pub positions: Vec<CrossingPositionView>,
    /// Its reports, the earliest first.
    pub reports: Vec<CrossingReportView>,
}

/// What a party said about a crossing.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CrossingPositionView {
    /// Party.
    pub party: String,
    /// Officer.
    pub officer: String,
    /// disputes, maintains or withdraws.
    pub act: String,
    /// gps-interference, identity, position, time or other.
    pub reason: Option<String>,
    /// In words.
    pub text: Option<String>,
    /// When it was said.
    pub time: EntryTimeView,
}

/// A party's report of a crossing.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CrossingReportView {
    /// Leaf hash.
    pub id: String,
    /// Party that reported it.
    pub party: String,
    /// Officer.
    pub officer: String,
    /// Flight.
    pub flight: String,
    /// Latitude, 1e-9 degree.
    pub lat_e9: i64,
    /// Longitude, 1e-9 degree.
    pub lng_e9: i64,
    /// When the flight crossed, nanoseconds UTC.
    pub time_ns: i64,
    /// SHA-256 of the excerpt of the track, which is with that party.
    pub track: String,
    /// When it was reported.
    pub time: EntryTimeView,
}

/// A crossing that a notice announces.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AnnouncedCrossingView {
    /// Leaf hash of the notice's newest version.
    pub notice: String,
    /// Its party.
    pub party: String,
    /// Its call sign.
    pub call_sign: Option<String>,
    /// left-to-right or right-to-left.
    pub direction: String,
    /// Latitude, 1e-9 degree.
    pub lat_e9: i64,
    /// Longitude, 1e-9 degree.
    pub lng_e9: i64,
    /// From when, nanoseconds UTC.
    pub start_ns: i64,
    /// Until when.
    pub end_ns: i64,
}

/// View of the line and of what crossed it in some time.
pub fn line(channel: &Channel, query: LineQuery) -> LineView {
    let points = &channel.pact().terms().deconfliction_line;
    let book = channel.board().line();
    let mut counted = book.count();
    counted.retain(|crossing| query.covers(crossing.first().report.time.0));
    let by_day = days(&counted);
    let (waiting, counted) = chosen(counted, channel.me(), query);
    let is_asked = |crossing: &AnnouncedCrossing<'_>| {
        query.from_ns.is_none_or(|from_ns| from_ns <= crossing.window.end().0)
            && query.until_ns.is_none_or(|until_ns| crossing.window.start().0 <= until_ns)
    };
    let announced_max = if query.waiting { 0 } else { CROSSINGS_MAX };
    let announced = channel.board().announced_crossings().filter(is_asked).take(announced_max);
    let problem = if points.is_empty() { None } else { DeconflictionLine::new(points).err() };
    LineView {
        parties: [0, 1].map(|party| channel.pact().party_name(party).to_owned()).to_vec(),
        points_e9: points.iter().map(|point| [point.lat_e9(), point.lng_e9()]).collect(),
        problem: problem.map(|error| error.to_string()),
        inward: book.line().and_then(DeconflictionLine::inward).map(name),
        days: by_day.into_iter().map(|(start, day)| day_view(start.0, day)).collect(),
        waiting,
        crossings: counted.iter().map(|crossing| crossing_view(channel, crossing)).collect(),
        announced: announced.map(|crossing| announced_view(channel, &crossing)).collect(),
    }
}

/// How many crossings wait for a word of `me`, and those that are shown. All that wait are counted: one that is older than the newest that a view
/// has room for would be forgotten.
fn chosen(mut counted: Vec<CountedCrossing<'_>>, me: usize, query: LineQuery) -> (usize, Vec<CountedCrossing<'_>>) {
    let waiting = counted.iter().filter(|crossing| crossing.waits_for(me)).count();
    counted.retain(|crossing| !query.waiting || crossing.waits_for(me));
    counted.drain(..counted.len().saturating_sub(CROSSINGS_MAX));
    (waiting, counted)
}

fn name(direction: Direction) -> String {
    direction.name().to_owned()
}

fn day_view(start_ns: i64, day: DayCount) -> LineDayView {
    let [first, second, by_unknown] = day.flown_by;
    LineDayView {
        start_ns,
        crossings: day.total(),
        by_party: vec![first, second],
        by_unknown,
        disputed: day.disputed,
        reported_by_one: day.reported_by_one,
        struck: day.struck,
    }
}

fn crossing_view(channel: &Channel, crossing: &CountedCrossing<'_>) -> CrossingView {
    let party = |party: usize| channel.pact().party_name(party).to_owned();
    let (stand, disputed_by) = match crossing.stand() {
        CrossingStand::Undisputed => ("undisputed", None),
        CrossingStand::Disputed { by } => ("disputed", Some(party(by))),
        CrossingStand::Struck => ("struck", None),
    };
    let first = &crossing.first().report;
    let positions = crossing.positions.iter().flatten().map(|(said, origin)| CrossingPositionView {
        party: party(origin.party),
        officer: origin.signer.clone(),
        act: said.act.name().to_owned(),
        reason: said.reason.map(|reason| reason.name().to_owned()),
        text: some_words(said.text.as_ref()),
        time: entry_time(channel, origin),
    });
    CrossingView {
        flight: words(&first.flight),
        flown_by: crossing.flown_by().map(party),
        direction: name(first.direction),
        lat_e9: first.at.lat_e9(),
        lng_e9: first.at.lng_e9(),
        time_ns: first.time.0,
        stand: stand.to_owned(),
        disputed_by,
        positions: positions.collect(),
        reports: crossing.reports.iter().map(|reported| report_view(channel, reported)).collect(),
    }
}

fn report_view(channel: &Channel, reported: &ReportedCrossing) -> CrossingReportView {
    let ReportedCrossing { report, origin, .. } = reported;
    CrossingReportView {
        id: origin.leaf.to_string(),
        party: channel.pact().party_name(origin.party).to_owned(),
        officer: origin.signer.clone(),
        flight: words(&report.flight),
        lat_e9: report.at.lat_e9(),
        lng_e9: report.at.lng_e9(),
        time_ns: report.time.0,
        track: report.track.to_string(),
        time: entry_time(channel, origin),
    }
}

fn announced_view(channel: &Channel, crossing: &AnnouncedCrossing<'_>) -> AnnouncedCrossingView {
    let origin = &crossing.notice.origin;
    AnnouncedCrossingView {
        notice: origin.leaf.to_string(),
        party: channel.pact().party_name(origin.party).to_owned(),
        call_sign: some_words(crossing.notice.notice.call_sign.as_ref()),
        direction: name(crossing.direction),
        lat_e9: crossing.at.lat_e9(),
        lng_e9: crossing.at.lng_e9(),
        start_ns: crossing.window.start().0,
        end_ns: crossing.window.end().0,
    }
}

#[cfg(test)]
mod tests {
    use skypact_airspace::{LatLng, UtcNanos};
    use skypact_channel::{CrossingDispute, CrossingReport, DisputeAct, DisputeReason, Origin};
    use skypact_record::{Hash, KeyId};

    use super::*;

    fn said_by(party: usize) -> Origin {
        Origin {
            party,
            signer: "R. One".to_owned(),
            key: KeyId(Hash([0; 32])),
            leaf: Hash([7; 32]),
            index: 0,
            epoch: 1,
            seen_urgent: 0,
            seen_routine: 0,
            references: Vec::new(),
            content: Hash([8; 32]),
            claimed_time: UtcNanos(0),
        }
    }

    #[test]
    fn a_crossing_that_waits_is_not_forgotten_behind_ten_thousand_newer_ones() {
        let report = CrossingReport {
            flight: "HUSKY 61".to_owned(),
            flown_by: None,
            direction: Direction::LeftToRight,
            at: LatLng::new(0, 0).unwrap(),
            time: UtcNanos(0),
            track: Hash([9; 32]),
        };
        let reported = ReportedCrossing { report, origin: said_by(0), disputes: Vec::new() };
        let (crossing, act, reason) = (said_by(0).leaf, DisputeAct::Disputes, Some(DisputeReason::Time));
        let disputed = (CrossingDispute { crossing, act, reason, text: None }, said_by(1));
        let maintained = (CrossingDispute { act: DisputeAct::Maintains, ..disputed.0.clone() }, said_by(0));
        let of = |positions| CountedCrossing { reports: vec![&reported], positions };
        let mut counted = vec![of([None, Some(&disputed)]), of([Some(&maintained), Some(&disputed)])];
        counted.resize_with(CROSSINGS_MAX + 2, || of([None; 2]));
        let asked = LineQuery { waiting: true, ..LineQuery::default() };
        for (me, query, expected) in
            [(0, LineQuery::default(), (1, CROSSINGS_MAX)), (0, asked, (1, 1)), (1, asked, (0, 0))]
        {
            let (waiting, shown) = chosen(counted.clone(), me, query);
            assert_eq!((waiting, shown.len()), expected, "{me}");
        }
    }
}
