//! When an entry provably existed, beside the time that its author claims (docs/channel-protocol.md, section 8). Not before: the
//! newest time of a witness that it, or an entry before it in its log, cites. Not after: a quorum of witnesses had cosigned it.
//! The same bounds as the verifier's of bundles, out of the lines whose times this node knows.

use std::collections::{BTreeMap, HashMap};

use skypact_airspace::UtcNanos;
use skypact_record::Hash;

use crate::clocks::CLOCK_OFF_NS;
use crate::log::LogRef;

/// When an entry was placed in its log, as far as it is proven, and what its author claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Existence {
    /// When it was signed, by the clock of whoever signed it.
    pub claimed: UtcNanos,
    /// Its place is not older than this. None when no line that it cites is known.
    pub not_before: Option<UtcNanos>,
    /// It existed by then. None as long as too few witnesses have cosigned it.
    pub not_after: Option<UtcNanos>,
}

impl Existence {
    /// Of an entry of which a line of `not_before_s` is cited and that a quorum had cosigned at `not_after_s`, both s since the
    /// Unix epoch. A second is taken off and added, as a witness states whole ones.
    pub(crate) fn new(claimed: UtcNanos, not_before_s: Option<u64>, not_after_s: Option<u64>) -> Self {
        let ns = |time_s: u64, more_s: i64| {
            let time_s = i64::try_from(time_s).unwrap_or(i64::MAX).saturating_add(more_s);
            UtcNanos(time_s.saturating_mul(1_000_000_000))
        };
        let not_before = not_before_s.map(|time_s| ns(time_s, -1));
        Self { claimed, not_before, not_after: not_after_s.map(|time_s| ns(time_s, 1)) }
    }

    /// Whether the claimed time is outside the proven interval by more than a clock may be off: the author's clock was, or it was
    /// signed long before it was placed.
    pub fn is_clock_off(self) -> bool {
        let early = self.not_before.is_some_and(|at| self.claimed.0.saturating_add(CLOCK_OFF_NS) < at.0);
        early || self.not_after.is_some_and(|at| self.claimed.0.saturating_sub(CLOCK_OFF_NS) > at.0)
    }
}

/// What the leaves of a channel cite of witnesses' times.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct CitedTimes {
    /// Times of lines, s since the Unix epoch, UTC.
    #[serde(serialize_with = "crate::channel::snapshot::sorted_map")]
    times: HashMap<Hash, u64>,
    /// Lines that were cited and are not known yet: the first index in each log, in the order of [`LogRef::ALL`].
    #[serde(serialize_with = "crate::channel::snapshot::sorted_map")]
    unknown: HashMap<Hash, [Option<u64>; 4]>,
    /// From which index on entries of a log are not older than which time, both ascending.
    not_before: [BTreeMap<u64, u64>; 4],
}

impl CitedTimes {
    /// A leaf cites a line.
    pub(crate) fn cite(&mut self, log: LogRef, index: u64, line: Hash) {
        match self.times.get(&line) {
            Some(time_s) => self.bound(log.place(), index, *time_s),
            None => {
                self.unknown.entry(line).or_default()[log.place()].get_or_insert(index);
            }
        }
    }

    /// A line that holds has this time. Where it is not `kept`, it counts only when it was cited before: whoever sends lines
    /// must not fill the memory.
    pub(crate) fn learn(&mut self, line: Hash, time_s: u64, kept: bool) {
        let cited = self.unknown.remove(&line);
        if kept || cited.is_some() {
            self.times.insert(line, time_s);
        }
        for (place, index) in cited.into_iter().flatten().enumerate() {
            if let Some(index) = index {
                self.bound(place, index, time_s);
            }
        }
    }

    /// Lines that were cited and are not known.
    pub(crate) fn unknown(&self) -> Vec<Hash> {
        self.unknown.keys().copied().collect()
    }

    fn bound(&mut self, place: usize, index: u64, time_s: u64) {
        let bounds = &mut self.not_before[place];
        if bounds.range(..=index).next_back().is_some_and(|(_, known)| *known >= time_s) {
            return;
        }
        // What comes behind it and says less says nothing.
        while let Some((&behind, _)) = bounds.range(index..).next().filter(|(_, known)| **known <= time_s) {
            bounds.remove(&behind);
        }
        bounds.insert(index, time_s);
    }

    /// The time that entry `index` of a log is not older than, s since the Unix epoch, UTC.
    pub(crate) fn not_before_s(&self, log: LogRef, index: u64) -> Option<u64> {
        self.not_before[log.place()].range(..=index).next_back().map(|(_, time_s)| *time_s)
    }
}

#[cfg(test)]
mod tests {
    use skypact_record::LogClass;

    use super::*;

    const LOG: LogRef = LogRef { party: 1, class: LogClass::Routine };

    #[test]
    fn the_newest_time_cited_so_far_counts_whenever_its_line_becomes_known() {
        let lines = [1, 2, 3, 4].map(|n| Hash::of(&[n]));
        let mut cited = CitedTimes::default();
        cited.learn(lines[0], 100, true);
        cited.learn(lines[3], 400, false);
        for (index, line) in [(1, 0), (4, 2), (6, 1), (7, 2), (9, 3)] {
            cited.cite(LOG, index, lines[line]);
        }
        let bounds = |cited: &CitedTimes| [0, 1, 4, 6, 8, 9].map(|index| cited.not_before_s(LOG, index));
        assert_eq!(bounds(&cited), [None, Some(100), Some(100), Some(100), Some(100), Some(100)]);
        cited.learn(lines[1], 200, false);
        assert_eq!(bounds(&cited), [None, Some(100), Some(100), Some(200), Some(200), Some(200)]);
        // Cited before the other one, and newer: what the other one says is no news any more.
        cited.learn(lines[2], 300, false);
        assert_eq!(bounds(&cited), [None, Some(100), Some(300), Some(300), Some(300), Some(300)]);
        assert_eq!(cited.not_before[LOG.place()].len(), 2);
        assert_eq!(cited.not_before_s(LogRef { party: 0, ..LOG }, 9), None);
        assert!(!cited.times.contains_key(&lines[3]), "nobody had cited it");
    }

    #[test]
    fn a_claim_is_off_when_it_is_more_than_five_seconds_outside() {
        let of = |claimed_s: i64| {
            let existence = Existence::new(UtcNanos(claimed_s * 1_000_000_000), Some(101), Some(199));
            existence.is_clock_off()
        };
        assert_eq!([94, 95, 150, 205, 206].map(of), [true, false, false, false, true]);
        assert!(!Existence::new(UtcNanos(i64::MIN), None, None).is_clock_off());
    }
}
