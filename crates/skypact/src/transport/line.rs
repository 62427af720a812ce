//! A slow line to one peer: what is sent over it takes turns, so that little waits in the buffers below, where nobody can overtake.
//! Urgent requests go first; each waits for what is under way, which is one request or answer.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::TrafficClass;
use crate::clock::Stopwatch;

/// What TLS, HTTP/2, TCP and IP add to a request or an answer, bytes: two records and a packet or two.
const ENVELOPE_BYTES: usize = 150;
/// Between two looks of whoever waits.
const LOOK: Duration = Duration::from_millis(20);

/// A line of which it is known how fast it is.
#[derive(Debug)]
pub struct SlowLine {
    bit_per_s: u32,
    turns: Mutex<Turns>,
}

#[derive(Debug)]
struct Turns {
    /// Since when, and for how long from then, something is under way.
    since: Stopwatch,
    busy: Duration,
    urgent_waiting: usize,
}

impl SlowLine {
    /// A line of this rate, which is at least 1, and on which nothing is under way.
    pub fn new(bit_per_s: u32) -> Self {
        let turns = Turns { since: Stopwatch::start(), busy: Duration::ZERO, urgent_waiting: 0 };
        Self { bit_per_s: bit_per_s.max(1), turns: Mutex::new(turns) }
    }

    /// How long a body of so many bytes is under way, without its delay.
    pub fn time_of(&self, bytes: usize) -> Duration {
        let bits = 8 * (bytes + ENVELOPE_BYTES) as u64;
        Duration::from_millis(bits * 1_000 / u64::from(self.bit_per_s))
    }

    /// Waits until a body of so many bytes may be sent, and takes the line for it.
    pub async fn turn(&self, class: TrafficClass, bytes: usize) {
        let _waiting = (class == TrafficClass::Urgent).then(|| Waiting::on(self));
        while !self.take(class, bytes) {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Takes the line for a body that does not wait: an answer.
    pub fn add(&self, bytes: usize) {
        let mut turns = self.turns();
        let busy = turns.since.remaining_of(turns.busy) + self.time_of(bytes);
        (turns.since, turns.busy) = (Stopwatch::start(), busy);
    }

    fn take(&self, class: TrafficClass, bytes: usize) -> bool {
        let mut turns = self.turns();
        let gives_way = class == TrafficClass::Routine && turns.urgent_waiting > 0;
        let is_free = !gives_way && turns.since.remaining_of(turns.busy).is_zero();
        if is_free {
            (turns.since, turns.busy) = (Stopwatch::start(), self.time_of(bytes));
        }
        is_free
    }

    fn turns(&self) -> std::sync::MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An urgent request that waits, also when it is given up.
struct Waiting<'l>(&'l SlowLine);

impl<'l> Waiting<'l> {
    fn on(line: &'l SlowLine) -> Self {
        line.turns().urgent_waiting += 1;
        Self(line)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.turns().urgent_waiting -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn what_is_urgent_overtakes_what_waits_and_not_what_is_under_way() {
        // 150 bytes and 50: a second and a half of the test's time at 1,000 bit/s would be long; here it is 16 ms.
        let line = Arc::new(SlowLine::new(100_000));
        let order = Arc::new(Mutex::new(Vec::new()));
        line.turn(TrafficClass::Routine, 2_000).await;
        let go = |class, name: &'static str| {
            let (line, order) = (Arc::clone(&line), Arc::clone(&order));
            tokio::spawn(async move {
                line.turn(class, 2_000).await;
                order.lock().expect("nobody panics").push(name);
            })
        };
        let routine = go(TrafficClass::Routine, "notice");
        tokio::task::yield_now().await;
        let urgent = go(TrafficClass::Urgent, "STOP");
        tokio::task::yield_now().await;
        assert!(order.lock().expect("nobody panics").is_empty(), "one is under way");
        urgent.await.expect("it comes");
        routine.await.expect("it comes");
        assert_eq!(*order.lock().expect("nobody panics"), ["STOP", "notice"]);
    }

    #[test]
    fn an_answer_makes_the_line_busy_for_longer() {
        let line = SlowLine::new(300);
        assert_eq!(line.time_of(150), Duration::from_secs(8));
        assert!(line.take(TrafficClass::Urgent, 0));
        assert!(!line.take(TrafficClass::Urgent, 0));
        line.add(0);
        let turns = line.turns();
        assert!(turns.since.remaining_of(turns.busy) > Duration::from_secs(7), "4 s each");
    }
}
