//! Whether a notice came early enough. The time to effect is counted from when witnesses had seen it, never from what its
//! author claims; a notice below the pact's minimum is LATE for ever (docs/channel-protocol.md, section 8).

use std::collections::BTreeMap;

use skypact_airspace::UtcNanos;

/// When witnesses had seen how much of a log, as entries of its author state and prove.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct WitnessTimes {
    /// By witness: sizes and times, s since the Unix epoch, UTC, both ascending.
    of: BTreeMap<String, Vec<(u64, u64)>>,
}

impl WitnessTimes {
    /// A witness had cosigned `size` entries at `time_s`.
    pub(crate) fn add(&mut self, witness: &str, size: u64, time_s: u64) {
        let times = self.of.entry(witness.to_owned()).or_default();
        // What covers no more and is no earlier says nothing.
        if times.iter().any(|(known, at)| *known >= size && *at <= time_s) {
            return;
        }
        times.retain(|(known, at)| *known > size || *at < time_s);
        let place = times.partition_point(|(known, _)| *known < size);
        times.insert(place, (size, time_s));
    }

    /// Size up to which a witness's time is stated.
    pub fn size(&self, witness: &str) -> u64 {
        self.of.get(witness).and_then(|times| times.last()).map_or(0, |(size, _)| *size)
    }

    /// Time by which `quorum` witnesses had cosigned a head that covers entry `index`, s since the Unix epoch, UTC. None as
    /// long as too few have, or when no witness is asked for.
    pub fn not_after_s(&self, index: u64, quorum: usize) -> Option<u64> {
        let first =
            |times: &Vec<(u64, u64)>| times.get(times.partition_point(|(size, _)| *size <= index)).map(|at| at.1);
        let mut firsts: Vec<u64> = self.of.values().filter_map(first).collect();
        firsts.sort_unstable();
        firsts.get(quorum.checked_sub(1)?).copied()
    }
}

/// How early a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeliness {
    /// Time from when it was known to exist to when it takes effect, ns; negative when it takes effect before that.
    pub lead_ns: i64,
    /// Whether that is below the pact's minimum for its class.
    pub is_late: bool,
    /// Whether the witnesses have not fixed it yet, so that the lead is from the time that the author claims.
    pub is_provisional: bool,
}

impl Timeliness {
    /// Of a notice that takes effect at `start`, was seen by witnesses at `not_after_s` or claims `claimed`, and has to
    /// come `minimum_ns` before.
    pub(crate) fn new(start: UtcNanos, not_after_s: Option<u64>, claimed: UtcNanos, minimum_ns: i64) -> Self {
        let seen_ns = not_after_s.map(|time_s| i64::try_from(time_s).unwrap_or(i64::MAX).saturating_mul(1_000_000_000));
        let lead_ns = start.0.saturating_sub(seen_ns.unwrap_or(claimed.0));
        Self { lead_ns, is_late: lead_ns < minimum_ns, is_provisional: seen_ns.is_none() }
    }

    /// Mark for people: nothing when it is early enough.
    pub fn mark(self) -> Option<&'static str> {
        match (self.is_late, self.is_provisional) {
            (true, false) => Some("LATE"),
            (true, true) => Some("LATE, PROVISIONAL"),
            (false, true) => Some("PROVISIONAL"),
            (false, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_time_that_covers_an_entry_counts_and_of_a_quorum_the_last_of_them() {
        let mut times = WitnessTimes::default();
        times.add("a", 5, 100);
        times.add("a", 9, 90);
        times.add("a", 9, 200);
        times.add("b", 7, 150);
        assert_eq!([0, 4, 8].map(|index| times.not_after_s(index, 1)), [Some(90), Some(90), Some(90)]);
        assert_eq!([0, 6].map(|index| times.not_after_s(index, 2)), [Some(150), Some(150)]);
        assert_eq!([times.not_after_s(8, 2), times.not_after_s(9, 1), times.not_after_s(0, 0)], [None; 3]);
        assert_eq!((times.size("a"), times.size("b"), times.size("c")), (9, 7, 0));
    }
}
