//! What this node measured of the link and of the clocks, week by week (docs/channel-protocol.md, section 13). It is this
//! node's alone: in no log, and the counterpart measures its own. Kept as one small document of bounded size, at most once a
//! minute, so that a crash loses no more than that.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use skypact_airspace::UtcNanos;
use skypact_channel::{Clocks, Span, WEEK_NS, week_start};

/// Most weeks that are kept; the oldest goes first.
const WEEKS_MAX: usize = 104;
/// Least time between two documents, ns.
const KEPT_EVERY_NS: i64 = 60_000_000_000;

/// What was measured in one week, from Monday 0000 UTC by this node's clock. Durations are ns by the monotonic clock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkWeek {
    /// Time in which this node ran and had tried to reach the counterpart.
    pub ran_ns: i64,
    /// Time of that in which the counterpart answered.
    pub up_ns: i64,
    /// Time between two runs of this node: by the wall clock, as nothing ran.
    pub absent_ns: i64,
    /// How often the counterpart ceased to answer, or did not from a start on.
    pub outages: u64,
    /// The longest such time, of an outage that reaches into the week its whole length.
    pub longest_outage_ns: i64,
    /// Largest offset of the counterpart's clock that is certain. None when it was not measured.
    pub counterpart_clock_ns: Option<i64>,
    /// The same of witnesses, by name.
    pub witness_clocks_ns: BTreeMap<String, i64>,
}

/// The weeks of one channel.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct LinkHealth {
    /// By their beginnings, ns UTC.
    weeks: BTreeMap<i64, LinkWeek>,
    /// Wall clock when it was last kept, ns UTC.
    kept_at_ns: Option<i64>,
    /// What is not kept: the state of this run.
    #[serde(skip)]
    run: Run,
}

#[derive(Debug, Default)]
#[expect(clippy::struct_field_names, reason = "times say their unit")]
struct Run {
    /// Steady time of the look before.
    looked_ns: Option<i64>,
    /// Steady time at which it was last kept.
    kept_ns: Option<i64>,
    /// How long the counterpart has not answered.
    outage_ns: Option<i64>,
}

/// One look at the link.
pub(super) struct Look<'a> {
    /// The wall clock and the steady one, ns.
    pub(super) wall_ns: i64,
    pub(super) steady_ns: i64,
    /// Whether the counterpart answers; none before that is known.
    pub(super) is_up: Option<bool>,
    /// Steady time of its newest answer in this run, ns.
    pub(super) answered_ns: Option<i64>,
    pub(super) clocks: &'a Clocks,
}

impl LinkHealth {
    /// Reads a kept document; begins anew when it cannot be read.
    pub(super) fn read(document: Option<&[u8]>) -> Self {
        document.and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default()
    }

    /// The weeks, oldest first, with their beginnings in ns UTC.
    pub(super) fn weeks(&self) -> impl Iterator<Item = (i64, &LinkWeek)> {
        self.weeks.iter().map(|(start_ns, week)| (*start_ns, week))
    }

    /// Counts the time since the look before; true when it is time to keep the document.
    pub(super) fn look(&mut self, look: &Look<'_>) -> bool {
        let first = self.run.looked_ns.is_none();
        let before_ns = self.run.looked_ns.replace(look.steady_ns).unwrap_or(look.steady_ns);
        if first {
            self.absent(look.wall_ns);
        }
        let since_ns = look.steady_ns.saturating_sub(before_ns).max(0);
        let outage_ns = match look.is_up {
            // It begins with the newest answer, not when a request was seen to fail: that one may have hung for long.
            Some(false) => Some(self.run.outage_ns.map_or_else(
                || look.steady_ns.saturating_sub(look.answered_ns.unwrap_or(look.steady_ns)),
                |so_far_ns| so_far_ns.saturating_add(since_ns),
            )),
            Some(true) | None => None,
        };
        let begins = outage_ns.is_some() && self.run.outage_ns.is_none();
        self.run.outage_ns = outage_ns;
        let week = self.week(look.wall_ns);
        if begins {
            // Looks since then have taken it for up.
            let taken_ns = outage_ns.unwrap_or(0).saturating_sub(since_ns).max(0);
            week.up_ns = week.up_ns.saturating_sub(taken_ns).max(0);
        }
        if let Some(is_up) = look.is_up {
            week.ran_ns = week.ran_ns.saturating_add(since_ns);
            week.up_ns = week.up_ns.saturating_add(if is_up { since_ns } else { 0 });
        }
        week.outages += u64::from(begins);
        week.longest_outage_ns = week.longest_outage_ns.max(outage_ns.unwrap_or(0));
        let raise = |known: &mut i64, offset: Span| *known = offset.distance_ns().max(*known);
        if let Some(offset) = look.clocks.counterpart {
            raise(week.counterpart_clock_ns.get_or_insert(0), offset);
        }
        for (name, offset) in &look.clocks.witnesses {
            if let Some(offset) = offset {
                raise(week.witness_clocks_ns.entry(name.clone()).or_default(), *offset);
            }
        }
        let every_ns = KEPT_EVERY_NS.saturating_mul(i64::from(look.clocks.speed));
        self.run.kept_ns.is_none_or(|kept_ns| look.steady_ns.saturating_sub(kept_ns) >= every_ns)
    }

    /// The document, which the caller keeps.
    pub(super) fn document(&mut self, wall_ns: i64, steady_ns: i64) -> Vec<u8> {
        self.run.kept_ns = Some(steady_ns);
        self.kept_at_ns = Some(wall_ns);
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Counts the time since the run before. More than is kept is no absence: one of the clocks was set.
    fn absent(&mut self, wall_ns: i64) {
        let Some(mut from_ns) =
            self.kept_at_ns.filter(|kept_ns| wall_ns.saturating_sub(*kept_ns) / WEEK_NS < WEEKS_MAX as i64)
        else {
            return;
        };
        while from_ns < wall_ns {
            let next_ns = week_start(UtcNanos(from_ns)).0.saturating_add(WEEK_NS).min(wall_ns);
            let week = self.week(from_ns);
            week.absent_ns = week.absent_ns.saturating_add(next_ns - from_ns);
            from_ns = next_ns;
        }
    }

    fn week(&mut self, wall_ns: i64) -> &mut LinkWeek {
        let start_ns = week_start(UtcNanos(wall_ns)).0;
        if self.weeks.len() == WEEKS_MAX && !self.weeks.contains_key(&start_ns) {
            self.weeks.pop_first();
        }
        self.weeks.entry(start_ns).or_default()
    }
}

/// Name of the document of a channel.
pub(super) fn document(channel: skypact_record::Hash) -> String {
    format!("link/{channel}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_NS: i64 = 1_000_000_000;
    /// Monday 2026-11-23T00:00:00Z.
    const MONDAY_NS: i64 = 1_795_392_000 * SECOND_NS;

    /// Looks once a second, by both clocks, from `wall_s` after Monday on; how often it was to be kept.
    fn run(health: &mut LinkHealth, wall_s: i64, up: &[Option<bool>]) -> usize {
        let clocks = Clocks { counterpart: None, witnesses: Vec::new(), quorum: 1, speed: 1 };
        let (mut kept, mut answered_ns) = (0, None);
        for (second, is_up) in (0..).zip(up) {
            let (wall_ns, steady_ns) = (MONDAY_NS + (wall_s + second) * SECOND_NS, second * SECOND_NS);
            answered_ns = if *is_up == Some(true) { Some(steady_ns) } else { answered_ns };
            if health.look(&Look { wall_ns, steady_ns, is_up: *is_up, answered_ns, clocks: &clocks }) {
                health.document(wall_ns, steady_ns);
                kept += 1;
            }
        }
        kept
    }

    /// After a crash: what the newest document says.
    fn again(health: &mut LinkHealth) -> LinkHealth {
        let kept_at_ns = health.kept_at_ns;
        let mut health = LinkHealth { weeks: health.weeks.clone(), kept_at_ns, run: Run::default() };
        LinkHealth::read(Some(&health.document(kept_at_ns.unwrap_or(0), 0)))
    }

    fn seconds(week: &LinkWeek) -> [i64; 5] {
        let ns = [week.ran_ns, week.up_ns, week.absent_ns, week.longest_outage_ns].map(|ns| ns / SECOND_NS);
        [ns[0], ns[1], ns[2], ns[3], i64::try_from(week.outages).unwrap_or(i64::MAX)]
    }

    #[test]
    fn times_and_outages_are_counted_and_the_document_is_kept_at_most_once_a_minute() {
        let mut health = LinkHealth::default();
        let up =
            [vec![None; 5], vec![Some(true); 100], vec![Some(false); 30], vec![Some(true); 10], vec![Some(false); 6]];
        assert_eq!(run(&mut health, 0, &up.concat()), 3, "at 0, 60 and 120 s of 150");
        // Each look counts the second before it.
        assert_eq!(seconds(&health.weeks[&MONDAY_NS]), [146, 110, 0, 30, 2]);
    }

    #[test]
    fn a_counterpart_that_hung_was_down_since_its_newest_answer() {
        let mut health = LinkHealth::default();
        let clocks = Clocks { counterpart: None, witnesses: Vec::new(), quorum: 1, speed: 1 };
        for second in 0..=100 {
            // Its newest answer is of second 50; the request after it fails at second 90.
            let (steady_ns, answered_ns) = (second * SECOND_NS, Some(second.min(50) * SECOND_NS));
            let look = Look { wall_ns: MONDAY_NS, steady_ns, is_up: Some(second < 90), answered_ns, clocks: &clocks };
            health.look(&look);
        }
        assert_eq!(seconds(&health.weeks[&MONDAY_NS]), [100, 50, 0, 50, 1]);
    }

    #[test]
    fn the_time_between_two_runs_is_apart_and_goes_to_the_weeks_that_it_was_in() {
        let week_s = WEEK_NS / SECOND_NS;
        let mut health = LinkHealth::default();
        run(&mut health, week_s - 100, &[Some(true); 11]);
        let kept_at_s = week_s - 100;
        let mut health = again(&mut health);
        run(&mut health, week_s + 50, &[Some(true); 21]);
        let weeks: Vec<_> = health.weeks().map(|(_, week)| seconds(week)).collect();
        assert_eq!(weeks, [[10, 10, week_s - kept_at_s, 0, 0], [20, 20, 50, 0, 0]]);
        // A clock that was set by decades, or back, is no absence, and throws nothing away.
        let mut health = again(&mut health);
        run(&mut health, 3_000 * week_s, &[Some(true)]);
        let mut health = again(&mut health);
        run(&mut health, 0, &[Some(true)]);
        assert_eq!(health.weeks.len(), 3);
        assert_eq!(health.weeks().map(|(_, week)| week.absent_ns / SECOND_NS).sum::<i64>(), week_s - kept_at_s + 50);
    }

    #[test]
    fn the_weeks_are_bounded_and_the_largest_offset_that_is_certain_is_kept() {
        let mut health = LinkHealth::default();
        for week in 0..110 {
            let about = |ns| Some(Span { least_ns: ns, most_ns: ns + SECOND_NS });
            for (turn, offset_ns) in [(0, -3 * SECOND_NS), (1, 5), (2, -SECOND_NS / 2)] {
                let witnesses = vec![("w".to_owned(), about(offset_ns - 7)), ("silent".to_owned(), None)];
                let clocks = Clocks { counterpart: about(offset_ns), witnesses, quorum: 1, speed: 1 };
                let wall_ns = MONDAY_NS + week * WEEK_NS + turn;
                health.look(&Look { wall_ns, steady_ns: turn, is_up: None, answered_ns: None, clocks: &clocks });
            }
        }
        assert_eq!(health.weeks.len(), WEEKS_MAX);
        assert!(health.document(0, 0).len() < 32 << 10, "a small document");
        let (start_ns, week) = health.weeks().next().expect("weeks");
        assert_eq!(start_ns, MONDAY_NS + 6 * WEEK_NS);
        assert_eq!(week.counterpart_clock_ns, Some(2 * SECOND_NS));
        assert_eq!(week.witness_clocks_ns, BTreeMap::from([("w".to_owned(), 2 * SECOND_NS + 7)]));
        assert_eq!(LinkHealth::read(Some(b"{")).weeks.len(), 0, "what cannot be read begins anew");
    }
}
