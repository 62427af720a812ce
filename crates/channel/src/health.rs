//! Whether trust gets better or worse: what each party did in each week, counted from the record alone, so that both sides
//! count the same over the same entries (docs/channel-protocol.md, section 13).

use std::collections::BTreeMap;

use skypact_airspace::UtcNanos;

use crate::board::{NoticeState, Origin};
use crate::channel::Channel;
use crate::notice::NoticeAct;

const DAY_NS: i64 = 86_400_000_000_000;
/// A week, ns.
pub const WEEK_NS: i64 = 7 * DAY_NS;
/// 1970-01-01 was a Thursday: weeks begin three days before it, on a Monday.
const MONDAY_NS: i64 = -3 * DAY_NS;

/// One week of a channel, from Monday 0000 UTC, by the times that the acts claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Week {
    /// Its beginning.
    pub start: UtcNanos,
    /// Conflicts of which the later notice was filed in it.
    pub conflicts: u64,
    /// Those of them that are still open.
    pub conflicts_open: u64,
    /// Suspensions.
    pub suspensions: u64,
    /// What each party did, in the order of the parties.
    pub parties: [PartyWeek; 2],
}

/// What one party did in a week.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartyWeek {
    /// Notices that it filed.
    pub notices: u64,
    /// Those that were LATE.
    pub late: u64,
    /// Median of their leads, ns.
    pub lead_median_ns: Option<i64>,
    /// Read-backs that it gave.
    pub read_backs: u64,
    /// Median of the times from a version to its read-back, ns.
    pub read_back_median_ns: Option<i64>,
    /// Notices of the counterpart that it did not read back in time.
    pub overdue: u64,
    /// Conflicts in which it filed without citing what it had.
    pub unseen_overlaps: u64,
    /// STOPs that it was called, as alarms.
    pub stops: u64,
    /// Those that it has not answered for good, and that were not lifted.
    pub stops_open: u64,
    /// Median of the times from the first call to its last word, ns.
    pub stop_median_ns: Option<i64>,
    /// Test calls that it was called.
    pub test_calls: u64,
    /// Those that it missed.
    pub test_calls_missed: u64,
    /// Time in which nobody had its watch, ns; of the week as far as it has passed.
    pub unattended_ns: i64,
}

/// Times of a week, before their medians are taken.
#[derive(Default)]
struct Times {
    leads: [Vec<i64>; 2],
    read_backs: [Vec<i64>; 2],
    stops: [Vec<i64>; 2],
}

/// The Monday 0000 UTC at which the week of a time begins.
pub fn week_start(time: UtcNanos) -> UtcNanos {
    let weeks = time.0.saturating_sub(MONDAY_NS).div_euclid(WEEK_NS);
    UtcNanos(weeks.saturating_mul(WEEK_NS).saturating_add(MONDAY_NS))
}

struct Weeks(BTreeMap<i64, (Week, Times)>);

/// The weeks of a channel in which something was said, oldest first; `now` ends the newest.
pub fn health(channel: &Channel, now: UtcNanos) -> Vec<Week> {
    let mut weeks = Weeks(BTreeMap::new());
    for state in channel.board().notices() {
        weeks.notice(channel, state);
    }
    for (key, conflict) in channel.board().conflicts() {
        let versions = key.versions().map(|version| claimed(channel, &version));
        let Some(at) = versions.into_iter().flatten().max() else { continue };
        let (week, _) = weeks.at(at);
        week.conflicts += 1;
        week.conflicts_open += u64::from(conflict.open);
        for party in [0, 1] {
            week.parties[party].unseen_overlaps += u64::from(conflict.unseen[party]);
        }
    }
    weeks.calls(channel, now);
    for suspension in channel.suspensions().iter() {
        for cut in suspension.stands.iter().flat_map(|stand| &stand.suspends) {
            weeks.at(cut.origin.claimed_time).0.suspensions += 1;
        }
    }
    weeks.finish(channel, now)
}

/// When the version of a notice was written, as its act claims.
fn claimed(channel: &Channel, version: &skypact_record::Hash) -> Option<UtcNanos> {
    let versions = &channel.board().notice_of(version)?.versions;
    versions.iter().find(|known| known.origin.leaf == *version).map(|known| known.origin.claimed_time)
}

impl Weeks {
    fn at(&mut self, time: UtcNanos) -> (&mut Week, &mut Times) {
        let start = week_start(time).0;
        let parties = || [PartyWeek::default(), PartyWeek::default()];
        let empty = || {
            let week =
                Week { start: UtcNanos(start), conflicts: 0, conflicts_open: 0, suspensions: 0, parties: parties() };
            (week, Times::default())
        };
        let (week, times) = self.0.entry(start).or_insert_with(empty);
        (week, times)
    }

    fn notice(&mut self, channel: &Channel, state: &NoticeState) {
        let author = state.origin.party;
        let timeliness = channel.timeliness(state);
        let first = &state.versions[0].origin;
        let (week, times) = self.at(first.claimed_time);
        week.parties[author].notices += 1;
        week.parties[author].late += u64::from(timeliness.is_late && !timeliness.is_provisional);
        times.leads[author].push(timeliness.lead_ns);
        let written = |version| {
            let versions = state.versions.iter().filter(|known| known.act != NoticeAct::Cancelled);
            versions.map(|known| &known.origin).find(|origin: &&Origin| origin.leaf == version)
        };
        for read in &state.read_backs {
            let (week, times) = self.at(read.origin.claimed_time);
            week.parties[1 - author].read_backs += 1;
            if let Some(version) = written(read.version) {
                let taken_ns = read.origin.claimed_time.0.saturating_sub(version.claimed_time.0);
                times.read_backs[1 - author].push(taken_ns.max(0));
            }
        }
        for overdue in &state.overdue {
            self.at(overdue.origin.claimed_time).0.parties[1 - author].overdue += 1;
        }
    }

    fn calls(&mut self, channel: &Channel, now: UtcNanos) {
        for alarm in channel.board().alarms().iter() {
            let called = alarm.stops[0].1.claimed_time;
            let (week, times) = self.at(called);
            let party = 1 - alarm.caller();
            week.parties[party].stops += 1;
            week.parties[party].stops_open += u64::from(alarm.is_escalating());
            if let Some((_, answer)) = alarm.ended() {
                times.stops[party].push(answer.claimed_time.0.saturating_sub(called.0).max(0));
            }
        }
        for call in channel.board().test_calls().iter() {
            let party = &mut self.at(call.origin.claimed_time).0.parties[1 - call.origin.party];
            party.test_calls += 1;
            party.test_calls_missed += u64::from(call.is_missed(channel.pact().terms(), now));
        }
    }

    fn finish(self, channel: &Channel, now: UtcNanos) -> Vec<Week> {
        let finish = |(mut week, mut times): (Week, Times)| {
            let end = UtcNanos(week.start.0.saturating_add(WEEK_NS).min(now.0));
            for party in [0, 1] {
                let gaps = channel.board().watch(party).unattended(week.start, end);
                let of = &mut week.parties[party];
                of.unattended_ns = gaps.iter().map(|(start, end)| end.0 - start.0).sum();
                of.lead_median_ns = median(&mut times.leads[party]);
                of.read_back_median_ns = median(&mut times.read_backs[party]);
                of.stop_median_ns = median(&mut times.stops[party]);
            }
            week
        };
        self.0.into_values().map(finish).collect()
    }
}

/// The middle one, of an even number the lower of the two.
fn median(times: &mut [i64]) -> Option<i64> {
    let middle = times.len().checked_sub(1)? / 2;
    Some(*times.select_nth_unstable(middle).1)
}
