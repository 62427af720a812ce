//! Instants and windows of time: Unix nanoseconds UTC, closed intervals.

/// Nanoseconds since 1970-01-01T00:00:00Z, UTC, leap seconds not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct UtcNanos(pub i64);

/// A closed interval of time: both its ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct TimeWindow {
    start: UtcNanos,
    end: UtcNanos,
}

/// A window that ends before it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("time end {end} ns is before time start {start} ns; exchange them or correct one", start = start.0, end = end.0)]
pub struct TimeWindowError {
    /// The start given.
    pub start: UtcNanos,
    /// The end given.
    pub end: UtcNanos,
}

impl TimeWindowError {
    /// Stable code for users and for other programs.
    pub const fn code(&self) -> &'static str {
        "time-end-before-start"
    }
}

impl TimeWindow {
    /// The closed window from `start` to `end`; the two may be equal.
    pub const fn new(start: UtcNanos, end: UtcNanos) -> Result<Self, TimeWindowError> {
        if end.0 < start.0 {
            return Err(TimeWindowError { start, end });
        }
        Ok(Self { start, end })
    }

    /// First instant.
    pub const fn start(self) -> UtcNanos {
        self.start
    }

    /// Last instant.
    pub const fn end(self) -> UtcNanos {
        self.end
    }

    /// The instants that both windows hold; for windows apart, the gap between them (see [`TimeWindow::gap_ns`]).
    #[must_use]
    pub fn meet(self, other: Self) -> Self {
        let (latest_start, earliest_end) = (self.start.max(other.start), self.end.min(other.end));
        Self { start: latest_start.min(earliest_end), end: latest_start.max(earliest_end) }
    }

    /// Time between the windows in nanoseconds, zero when they overlap or touch; saturates.
    pub fn gap_ns(self, other: Self) -> i64 {
        let latest_start = self.start.max(other.start);
        latest_start.0.saturating_sub(self.end.min(other.end).0).max(0)
    }
}
