//! The node's two clocks: the wall clock in UTC, and a monotonic stopwatch.
//!
//! This is the only place that reads either of them. Everything else gets time as an argument, so that a replay or a
//! simulation decides what the time is. Deadlines use the stopwatch: the wall clock may be set back by its operator.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Nanoseconds since the Unix epoch, UTC, as the machine believes; negative before 1970, saturated at the ends of `i64`.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
pub fn now_utc_ns() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |ns| -ns),
    }
}

/// The clock of a node: the machine's, or in an exercise one that was set and runs on from there.
#[derive(Clone, Debug)]
pub struct NodeClock {
    exercise: Option<Exercise>,
    made: Stopwatch,
}

/// A clock that was set.
#[derive(Clone, Copy, Debug)]
struct Exercise {
    /// What the machine's clock showed when it was set, and what it was set to.
    machine_ns: i64,
    start_ns: i64,
    /// How often faster than the machine's it runs.
    speed: u32,
}

impl NodeClock {
    /// The machine's wall clock.
    pub fn machine() -> Self {
        Self { exercise: None, made: Stopwatch::start() }
    }

    /// A clock that shows `start_ns` (UTC) now and runs at `speed` times the machine's. For exercises and recordings: what
    /// is recorded under it carries its time.
    pub fn exercise(start_ns: i64, speed: u32) -> Self {
        Self { exercise: Some(Exercise { machine_ns: now_utc_ns(), start_ns, speed }), made: Stopwatch::start() }
    }

    /// Nanoseconds since the Unix epoch, UTC, by this clock.
    pub fn now_utc_ns(&self) -> i64 {
        let Some(Exercise { machine_ns, start_ns, speed }) = self.exercise else { return now_utc_ns() };
        let since_ns = now_utc_ns().saturating_sub(machine_ns).saturating_mul(i64::from(speed));
        start_ns.saturating_add(since_ns)
    }

    /// Nanoseconds since this clock was made: by the monotonic clock, which nobody sets, and as fast as this one runs.
    pub fn steady_ns(&self) -> i64 {
        self.made.elapsed_ns().saturating_mul(i64::from(self.speed()))
    }

    /// How often faster than the machine's it runs: once, but in an exercise.
    pub fn speed(&self) -> u32 {
        self.exercise.map_or(1, |exercise| exercise.speed)
    }

    /// Whether it shows another time than the machine's.
    pub fn is_exercise(&self) -> bool {
        self.exercise.is_some()
    }
}

/// Measures elapsed time on the monotonic clock, which no setting of the wall clock disturbs.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    started: Instant,
}

impl Stopwatch {
    /// Starts to measure now.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the monotonic clock")]
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }

    /// Time since the start.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Nanoseconds since the start, saturated at `i64::MAX` (292 years).
    pub fn elapsed_ns(&self) -> i64 {
        i64::try_from(self.elapsed().as_nanos()).unwrap_or(i64::MAX)
    }

    /// What is left of `budget`, zero when it is spent.
    pub fn remaining_of(&self, budget: Duration) -> Duration {
        budget.saturating_sub(self.elapsed())
    }
}
