//! How many entries a party may add: the pact's entries per hour, with what was not used saved up for a while. Over it
//! nothing is lost: entries are taken later. Generic cell rate algorithm (ITU-T I.371), in integers.

use skypact_airspace::UtcNanos;

const HOUR_NS: i128 = 3_600_000_000_000;

/// The account of one log.
#[derive(Debug)]
pub(crate) struct Quota {
    per_hour: u64,
    /// How far ahead of the even pace an author may be, ns: what it saved up.
    saved_ns_max: i128,
    /// When all that was taken would have come at the even pace.
    even_ns: i128,
    /// When something was last asked for.
    asked_ns: i128,
}

impl Quota {
    /// An account with all that can be saved in it. `per_hour` 0 is no limit.
    pub(crate) fn new(per_hour: u64, saved_hours: u64) -> Self {
        let saved_ns_max = HOUR_NS * i128::from(saved_hours);
        Self { per_hour, saved_ns_max, even_ns: i128::from(i64::MIN), asked_ns: i128::from(i64::MIN) }
    }

    /// Takes `entries` at `now`, or says how long to wait, in seconds, at least 1. The last of what was saved takes as many
    /// entries as come with it, so that a frame is never too long to pass; the next ones wait for them.
    pub(crate) fn take(&mut self, entries: u64, now: UtcNanos) -> Result<(), u64> {
        if self.per_hour == 0 || entries == 0 {
            return Ok(());
        }
        let now_ns = i128::from(now.0);
        // When the clock was set back, an author does not wait for it to come round.
        self.even_ns -= (self.asked_ns - now_ns).max(0);
        self.asked_ns = now_ns;
        self.even_ns = self.even_ns.max(now_ns);
        let early_ns = self.even_ns - now_ns - self.saved_ns_max;
        if early_ns >= 0 {
            return Err(u64::try_from(early_ns / 1_000_000_000).unwrap_or(u64::MAX).max(1));
        }
        self.even_ns += i128::from(entries) * HOUR_NS / i128::from(self.per_hour);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    #[test]
    fn what_was_saved_is_taken_at_once_and_then_the_pace_is_even() {
        let mut quota = Quota::new(3_600, 2);
        let at = |seconds: i64| UtcNanos(seconds * SECOND);
        assert_eq!(quota.take(7_200, at(0)), Ok(()));
        assert_eq!(quota.take(1, at(0)), Err(1));
        assert_eq!(quota.take(100, at(1)), Ok(()), "a frame is taken as a whole");
        assert_eq!(quota.take(1, at(2)), Err(98), "and what comes next waits for it");
        assert_eq!(quota.take(1, at(101)), Ok(()));
        assert_eq!(quota.take(7_200, at(100_000)), Ok(()), "saved up again, and no more than that");
        assert_eq!(quota.take(1, at(100_000)), Err(1));
    }

    #[test]
    fn a_clock_that_is_set_back_changes_nothing() {
        let mut quota = Quota::new(3_600, 2);
        assert_eq!(quota.take(7_210, UtcNanos(1_000_000 * SECOND)), Ok(()));
        assert_eq!(quota.take(1, UtcNanos(SECOND)), Err(10));
        assert_eq!(quota.take(1, UtcNanos(2 * SECOND)), Err(9));
        assert_eq!(quota.take(1, UtcNanos(12 * SECOND)), Ok(()));
    }

    #[test]
    fn no_number_overflows_and_none_is_no_limit() {
        let mut quota = Quota::new(1, 24);
        for now in [i64::MAX, i64::MIN, 0, i64::MAX] {
            let _ = quota.take(u64::MAX, UtcNanos(now));
        }
        assert!(quota.take(1, UtcNanos(i64::MAX)).is_err());
        assert_eq!(Quota::new(0, 1).take(u64::MAX, UtcNanos(i64::MIN)), Ok(()));
    }
}
