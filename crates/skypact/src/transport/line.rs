//! A slow line to one peer: what is sent over it takes turns, packet by packet, so that little waits in the buffers below, where
//! nobody can overtake. What is urgent waits for the packet under way, and for nothing else.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::TrafficClass;
use crate::clock::Stopwatch;

/// What IP and TCP add to a packet, and an acknowledgement alone, bytes (RFC 791, RFC 9293: 20 each, without options).
const PACKET_BYTES: usize = 40;
/// Most that a packet carries, bytes, as far as nobody knows better.
const PACKET_MAX: usize = 256;
/// For how long a packet that is not urgent takes the line: what a STOP may have to wait.
const PIECE: Duration = Duration::from_millis(2_150);
/// Least that such a packet carries, bytes: with less, most of the line would go into headers.
const PIECE_MIN: usize = 24;
/// Most of what is urgent that goes in one turn, bytes: a STOP, or part of the shaking of hands before it.
const URGENT_MAX: usize = 512;
/// What TLS and HTTP/2 add to a request or an answer, bytes: a record (RFC 8446 section 5.2: 22) and two frames.
const ENVELOPE_BYTES: usize = 70;

/// Who goes first on a slow line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Precedence {
    /// STOP and its like.
    Urgent,
    /// What the peer waits for.
    Answer,
    /// Everything else.
    Routine,
}

impl From<TrafficClass> for Precedence {
    fn from(class: TrafficClass) -> Self {
        match class {
            TrafficClass::Urgent => Self::Urgent,
            TrafficClass::Routine => Self::Routine,
        }
    }
}

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
    /// How many wait, by precedence.
    waiting: [usize; 3],
}

impl SlowLine {
    /// A line of this rate, which is at least 1, and on which nothing is under way.
    pub fn new(bit_per_s: u32) -> Self {
        let turns = Turns { since: Stopwatch::start(), busy: Duration::ZERO, waiting: [0; 3] };
        Self { bit_per_s: bit_per_s.max(1), turns: Mutex::new(turns) }
    }

    /// How long a body of so many bytes is under way in pieces, without its delay and while nothing else is.
    pub fn time_of(&self, bytes: usize) -> Duration {
        let bytes = bytes + ENVELOPE_BYTES;
        self.time(bytes, self.most(Precedence::Routine).min(PACKET_MAX))
    }

    /// Most bytes that go in one turn.
    pub(super) fn most(&self, precedence: Precedence) -> usize {
        if precedence == Precedence::Urgent {
            return URGENT_MAX;
        }
        let bytes = u128::from(self.bit_per_s) * PIECE.as_millis() / 8_000;
        usize::try_from(bytes).unwrap_or(usize::MAX).saturating_sub(PACKET_BYTES).max(PIECE_MIN)
    }

    /// Takes the line for so many bytes; false while it is busy, or others wait that go first.
    pub(super) fn take(&self, precedence: Precedence, bytes: usize) -> bool {
        let mut turns = self.turns();
        let gives_way = turns.waiting[..precedence as usize].iter().any(|waiting| *waiting > 0);
        let is_free = !gives_way && turns.since.remaining_of(turns.busy).is_zero();
        if is_free {
            (turns.since, turns.busy) = (Stopwatch::start(), self.time(bytes, PACKET_MAX));
        }
        is_free
    }

    /// Takes the line for the acknowledgement of a packet that came, which waits for nobody.
    pub(super) fn acknowledge(&self) {
        let mut turns = self.turns();
        let busy = turns.since.remaining_of(turns.busy) + self.time(0, PACKET_MAX);
        (turns.since, turns.busy) = (Stopwatch::start(), busy);
    }

    fn time(&self, bytes: usize, in_each: usize) -> Duration {
        let headers = PACKET_BYTES * bytes.div_ceil(in_each).max(1);
        Duration::from_millis(8_000 * (bytes + headers) as u64 / u64::from(self.bit_per_s))
    }

    fn turns(&self) -> std::sync::MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who waits for a turn, also when it is given up.
#[derive(Debug)]
pub(super) struct Waiting {
    line: Arc<SlowLine>,
    precedence: Precedence,
}

impl Waiting {
    pub(super) fn on(line: &Arc<SlowLine>, precedence: Precedence) -> Self {
        line.turns().waiting[precedence as usize] += 1;
        Self { line: Arc::clone(line), precedence }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.line.turns().waiting[self.precedence as usize] -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is sent of a STOP: short form of 218 bytes, a record of TLS (22), two frames of HTTP/2 (18), the header (10).
    const STOP: usize = 218 + 22 + 18 + 10;
    const DELAY: Duration = Duration::from_secs(2);
    const GOAL: Duration = Duration::from_secs(15);

    #[test]
    fn a_stop_that_meets_a_packet_and_an_acknowledgement_takes_at_most_15_s() {
        let line = Arc::new(SlowLine::new(300));
        let piece = line.most(Precedence::Routine);
        assert_eq!((piece, line.most(Precedence::Answer)), (40, 40));
        assert!(STOP <= line.most(Precedence::Urgent), "it goes in one turn");
        assert!(line.take(Precedence::Routine, piece));
        line.acknowledge();
        let busy = line.turns().busy;
        let worst = busy + line.time(STOP, PACKET_MAX) + DELAY;
        assert!(busy > Duration::from_secs(3) && worst <= GOAL, "{worst:?}");
    }

    #[test]
    fn a_notice_in_pieces_takes_at_most_60_s() {
        let line = SlowLine::new(300);
        assert!(line.time_of(420) + DELAY < Duration::from_secs(30), "{:?}", line.time_of(420));
        assert!(line.time_of(800) + DELAY < Duration::from_mins(1), "{:?}", line.time_of(800));
    }

    #[test]
    fn nobody_goes_before_those_who_wait_and_go_first() {
        let line = Arc::new(SlowLine::new(u32::MAX));
        let urgent = Waiting::on(&line, Precedence::Urgent);
        assert!(!line.take(Precedence::Answer, 0) && !line.take(Precedence::Routine, 0));
        let answer = Waiting::on(&line, Precedence::Answer);
        drop(urgent);
        assert!(!line.take(Precedence::Routine, 0) && line.take(Precedence::Answer, 0));
        drop(answer);
        assert!(line.take(Precedence::Routine, 0) && line.take(Precedence::Urgent, 0));
    }

    #[test]
    fn a_busy_line_is_taken_by_nobody() {
        let line = SlowLine::new(300);
        assert!(line.take(Precedence::Routine, 40));
        assert!(!line.take(Precedence::Urgent, 0));
    }
}
