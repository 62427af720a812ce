//! Views of the weeks of a channel.

use serde::{Deserialize, Serialize};
use skypact_airspace::UtcNanos;
use skypact_channel::{Channel, PartyWeek, Week, health};
use utoipa::ToSchema;

/// One week of a channel, from Monday 0000 UTC.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WeekView {
    /// Its beginning, nanoseconds UTC.
    pub start_ns: i64,
    /// Conflicts of which the later notice was filed in it.
    pub conflicts: u64,
    /// Those of them that are still open.
    pub conflicts_open: u64,
    /// Suspensions.
    pub suspensions: u64,
    /// What each party did, in the order of the parties.
    pub parties: Vec<PartyWeekView>,
}

/// What one party did in a week. Medians are absent where there is nothing.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PartyWeekView {
    /// Party.
    pub party: String,
    /// Notices that it filed.
    pub notices: u64,
    /// Those that were LATE.
    pub late: u64,
    /// Median of their leads, nanoseconds.
    pub lead_median_ns: Option<i64>,
    /// Read-backs that it gave.
    pub read_backs: u64,
    /// Median of the times from a version to its read-back, nanoseconds.
    pub read_back_median_ns: Option<i64>,
    /// Notices of the counterpart that it did not read back in time.
    pub overdue: u64,
    /// Conflicts in which it filed without citing what it had.
    pub unseen_overlaps: u64,
    /// STOPs that it was called.
    pub stops: u64,
    /// Those that it has not answered for good.
    pub stops_open: u64,
    /// Median of the times to its last word, nanoseconds.
    pub stop_median_ns: Option<i64>,
    /// Test calls that it was called.
    pub test_calls: u64,
    /// Those that it missed.
    pub test_calls_missed: u64,
    /// Time in which nobody had its watch, nanoseconds.
    pub unattended_ns: i64,
}

/// The weeks of a channel, oldest first.
pub fn weeks(channel: &Channel, now_ns: i64) -> Vec<WeekView> {
    let party = |(party, of): (usize, PartyWeek)| PartyWeekView {
        party: channel.pact().party_name(party).to_owned(),
        notices: of.notices,
        late: of.late,
        lead_median_ns: of.lead_median_ns,
        read_backs: of.read_backs,
        read_back_median_ns: of.read_back_median_ns,
        overdue: of.overdue,
        unseen_overlaps: of.unseen_overlaps,
        stops: of.stops,
        stops_open: of.stops_open,
        stop_median_ns: of.stop_median_ns,
        test_calls: of.test_calls,
        test_calls_missed: of.test_calls_missed,
        unattended_ns: of.unattended_ns,
    };
    let view = |week: Week| WeekView {
        start_ns: week.start.0,
        conflicts: week.conflicts,
        conflicts_open: week.conflicts_open,
        suspensions: week.suspensions,
        parties: week.parties.into_iter().enumerate().map(party).collect(),
    };
    health(channel, UtcNanos(now_ns)).into_iter().map(view).collect()
}
