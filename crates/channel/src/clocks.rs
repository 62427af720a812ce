//! How far another clock is from this one, as an interval that holds whatever the delays were, and what follows from it
//! (docs/channel-protocol.md, section 8). Units: ns. An offset is the other clock minus this one: positive when the other is ahead.
//! *Steady* time is a monotonic clock's, from any beginning; it is an argument here.

use std::collections::VecDeque;

use skypact_record::Beacon;

/// Offset above which a clock is warned of, ns.
pub const CLOCK_WARN_NS: i64 = 1_000_000_000;
/// Offset above which nothing is said to be clear, ns.
pub const CLOCK_OFF_NS: i64 = 5_000_000_000;
/// How far two clocks may drift from each other in the time since they were compared, ppm: twice what a cheap quartz does.
const DRIFT_PPM: i64 = 200;
/// Readings that are kept. A clock that was set by less than the intervals show is believed again after so many.
const READINGS_MAX: usize = 16;

/// Where the true value lies, both ends included, ns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Least.
    pub least_ns: i64,
    /// Most; not below the least.
    pub most_ns: i64,
}

impl Span {
    /// What a clock says that states nanoseconds.
    pub fn exact(ns: i64) -> Self {
        Self { least_ns: ns, most_ns: ns }
    }

    /// What a clock says that states whole seconds since the Unix epoch, as in a fresh cosignature.
    pub fn of_second(time_s: u64) -> Self {
        Self { least_ns: ns(time_s), most_ns: ns(time_s.saturating_add(1)) }
    }

    /// What the clock of a witness says that shows a beacon of that time: it is not past the period that the beacon is of.
    pub fn of_beacon(time_s: u64) -> Self {
        let next_s = (time_s / Beacon::PERIOD_S).saturating_add(1).saturating_mul(Beacon::PERIOD_S);
        Self { least_ns: ns(time_s), most_ns: ns(next_s) }
    }

    /// Whether every value in it is further than `bound_ns` from zero.
    pub fn is_beyond(self, bound_ns: i64) -> bool {
        self.least_ns > bound_ns || self.most_ns < -bound_ns
    }

    /// The least distance from zero of a value in it, ns.
    pub fn distance_ns(self) -> i64 {
        self.least_ns.max(self.most_ns.saturating_neg()).max(0)
    }

    /// Where the difference to a value of `other` lies.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        let least_ns = self.least_ns.saturating_sub(other.most_ns);
        Self { least_ns, most_ns: self.most_ns.saturating_sub(other.least_ns) }
    }

    /// Where a value lies that is in both; none when none is.
    fn and(self, other: Self) -> Option<Self> {
        let both = Self { least_ns: self.least_ns.max(other.least_ns), most_ns: self.most_ns.min(other.most_ns) };
        (both.least_ns <= both.most_ns).then_some(both)
    }
}

fn ns(time_s: u64) -> i64 {
    i64::try_from(time_s).unwrap_or(i64::MAX).saturating_mul(1_000_000_000)
}

/// What was read of one other clock of late.
#[derive(Debug, Clone, Default)]
pub struct OtherClock {
    /// Oldest first.
    readings: VecDeque<Reading>,
}

#[derive(Debug, Clone, Copy)]
struct Reading {
    /// When it was asked for, steady ns.
    asked_ns: i64,
    /// The other clock minus the steady one.
    ahead: Span,
}

impl Reading {
    /// The same at a later steady time: the clocks may have drifted apart since.
    fn at(&self, steady_ns: i64) -> Span {
        let age_ns = steady_ns.saturating_sub(self.asked_ns).max(0);
        let drift_ns = (age_ns / 1_000_000).saturating_add(1).saturating_mul(DRIFT_PPM);
        let Span { least_ns, most_ns } = self.ahead;
        Span { least_ns: least_ns.saturating_sub(drift_ns), most_ns: most_ns.saturating_add(drift_ns) }
    }
}

impl OtherClock {
    /// Takes in what the other clock showed at some moment between the steady times at which it was `asked_ns` and the answer
    /// was here. How long the question and the answer each took is not assumed.
    pub fn add(&mut self, shown: Span, asked_ns: i64, answered_ns: i64) {
        let ahead = shown.minus(Span { least_ns: asked_ns, most_ns: answered_ns.max(asked_ns) });
        if self.readings.len() == READINGS_MAX {
            self.readings.pop_front();
        }
        self.readings.push_back(Reading { asked_ns, ahead });
    }

    /// How far the other clock is from this one, which shows `wall_ns` at some moment between two steady times. None before
    /// anything was read.
    pub fn offset(&self, wall_ns: i64, steady: Span) -> Option<Span> {
        let newest = self.readings.back()?.at(steady.most_ns);
        let ahead = self.readings.iter().rev().fold(newest, |so_far, reading| {
            // What contradicts newer ones was read before one of the clocks was set.
            so_far.and(reading.at(steady.most_ns)).unwrap_or(so_far)
        });
        Some(ahead.minus(Span::exact(wall_ns).minus(steady)))
    }
}

/// How far a clock is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockState {
    /// It was not compared yet, or cannot be.
    Unmeasured,
    /// It may be the same within the bound of the warning.
    Within,
    /// It is further than that.
    Warns,
    /// It is so far that nothing is said to be clear.
    Off,
}

impl ClockState {
    /// Its name on screens and in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unmeasured => "not-measured",
            Self::Within => "within",
            Self::Warns => "warns",
            Self::Off => "off",
        }
    }
}

/// Whose clock is wrong, as far as the others agree about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Suspect {
    /// This node's own.
    Own,
    /// The counterpart's.
    Counterpart,
    /// That of the witness of this name.
    Witness(String),
}

/// The offsets of all clocks of a channel at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clocks {
    /// The counterpart's. It is its word.
    pub counterpart: Option<Span>,
    /// Those of the pact's witnesses, by name.
    pub witnesses: Vec<(String, Option<Span>)>,
    /// How many witnesses the pact believes together, at least one.
    pub quorum: usize,
    /// How often faster than a machine's the clocks run, in an exercise: the bounds are as much wider.
    pub speed: u32,
}

impl Clocks {
    /// How far a clock of this offset is.
    pub fn state(&self, offset: Option<Span>) -> ClockState {
        match offset {
            None => ClockState::Unmeasured,
            Some(offset) if offset.is_beyond(self.bound_ns(CLOCK_OFF_NS)) => ClockState::Off,
            Some(offset) if offset.is_beyond(self.bound_ns(CLOCK_WARN_NS)) => ClockState::Warns,
            Some(_) => ClockState::Within,
        }
    }

    /// Whether nothing is said to be clear: the counterpart's clock is off, or those of as many witnesses as the pact believes.
    pub fn are_off(&self) -> bool {
        let is_off = |offset: Option<Span>| self.state(offset) == ClockState::Off;
        is_off(self.counterpart) || self.count(|offset| is_off(Some(offset))) >= self.quorum
    }

    /// Whose clock is wrong. None when none is, or when the others do not say.
    pub fn suspect(&self) -> Option<Suspect> {
        let warn_ns = self.bound_ns(CLOCK_WARN_NS);
        let is_away = |offset: Span| offset.is_beyond(warn_ns);
        let counterpart = self.counterpart?;
        if !is_away(counterpart) {
            let away = self.witnesses.iter().find(|(_, offset)| offset.is_some_and(is_away));
            return away.map(|(name, _)| Suspect::Witness(name.clone()));
        }
        // A witness's interval may be wide enough to agree with both.
        let with_it = |offset: Span| !is_away(offset.minus(counterpart));
        if self.count(|offset| is_away(offset) && with_it(offset)) >= self.quorum {
            return Some(Suspect::Own);
        }
        (self.count(|offset| !is_away(offset) && !with_it(offset)) >= self.quorum).then_some(Suspect::Counterpart)
    }

    fn count(&self, holds: impl Fn(Span) -> bool) -> usize {
        self.witnesses.iter().filter_map(|(_, offset)| *offset).filter(|offset| holds(*offset)).count()
    }

    fn bound_ns(&self, bound_ns: i64) -> i64 {
        bound_ns.saturating_mul(i64::from(self.speed.max(1)))
    }
}
