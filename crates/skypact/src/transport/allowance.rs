//! What one peer may still ask for: so many requests at once after a pause, and so many more each second.

use crate::clock::Stopwatch;

/// A bucket that fills with time.
#[derive(Debug)]
pub(crate) struct Allowance {
    left: u32,
    at_once: u32,
    each_second: u32,
    since: Stopwatch,
}

impl Allowance {
    /// A full one.
    pub(crate) fn new(at_once: u32, each_second: u32) -> Self {
        Self { left: at_once, at_once, each_second, since: Stopwatch::start() }
    }

    /// Takes one request from it; false when there is none left.
    pub(crate) fn take(&mut self) -> bool {
        let earned = self.since.elapsed().as_millis() * u128::from(self.each_second) / 1_000;
        if earned > 0 {
            let earned = u32::try_from(earned).unwrap_or(self.at_once);
            self.left = self.left.saturating_add(earned).min(self.at_once);
            self.since = Stopwatch::start();
        }
        let enough = self.left > 0;
        self.left -= u32::from(enough);
        enough
    }
}
