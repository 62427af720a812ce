//! Offsets of clocks: the truth is always inside the interval, and what follows from it.

use proptest::prelude::*;
use skypact_channel::{CLOCK_OFF_NS, CLOCK_WARN_NS, ClockState, Clocks, OtherClock, Span, Suspect};

const SECOND_NS: i64 = 1_000_000_000;

/// The other clock at a steady time: `offset_ns` ahead at steady 0, and `ppm` too fast since.
fn other_at(steady_ns: i64, offset_ns: i64, ppm: i64) -> i64 {
    steady_ns + offset_ns + steady_ns / 1_000_000 * ppm
}

/// The steady clock is the own wall clock here, read in no time.
fn offset(clock: &OtherClock, now_ns: i64) -> Option<Span> {
    clock.offset(now_ns, Span::exact(now_ns))
}

fn second(time_s: i64) -> Span {
    Span { least_ns: time_s * SECOND_NS, most_ns: time_s * SECOND_NS }
}

fn holds(span: Span, truth_ns: i64) -> bool {
    (span.least_ns..=span.most_ns).contains(&truth_ns)
}

proptest! {
    #[test]
    fn the_true_offset_is_inside_whatever_the_delays_are(
        offset_ns in -100 * SECOND_NS..100 * SECOND_NS,
        ppm in -200_i64..=200,
        asked in proptest::collection::vec((0..40 * SECOND_NS, 0..20 * SECOND_NS, 0..20 * SECOND_NS, 0..3_u8), 1..40),
        later_ns in 0..10_000 * SECOND_NS,
    ) {
        let mut clock = OtherClock::default();
        let mut now_ns = 0;
        for (pause_ns, there_ns, back_ns, kind) in asked {
            let asked_ns = now_ns + pause_ns;
            let shown_ns = other_at(asked_ns + there_ns, offset_ns, ppm) + 1_000 * SECOND_NS;
            let shown_s = shown_ns.div_euclid(SECOND_NS) as u64;
            let shown = match kind {
                0 => Span::exact(shown_ns),
                1 => Span::of_second(shown_s),
                // The beacon was signed at any second of its period so far.
                _ => Span::of_beacon(shown_s - shown_ns as u64 % (shown_s % 10 + 1)),
            };
            now_ns = asked_ns + there_ns + back_ns;
            clock.add(shown, asked_ns, now_ns);
            let truth_ns = other_at(now_ns, offset_ns, ppm) + 1_000 * SECOND_NS - now_ns;
            prop_assert!(holds(offset(&clock, now_ns).unwrap(), truth_ns));
        }
        let at_ns = now_ns + later_ns;
        let truth_ns = other_at(at_ns, offset_ns, ppm) + 1_000 * SECOND_NS - at_ns;
        prop_assert!(holds(offset(&clock, at_ns).unwrap(), truth_ns));
        // Not read in no time: the wall clock was looked at somewhere in between.
        let unsure = clock.offset(at_ns, Span { least_ns: at_ns - 7, most_ns: at_ns + 5 }).unwrap();
        prop_assert!(holds(unsure, truth_ns));
    }

    #[test]
    fn no_reading_breaks_the_arithmetic(shown in proptest::collection::vec((any::<i64>(), any::<i64>(), any::<i64>()), 1..40)) {
        let mut clock = OtherClock::default();
        for (shown_ns, asked_ns, answered_ns) in shown {
            clock.add(Span::exact(shown_ns), asked_ns, answered_ns);
            let span = clock.offset(answered_ns, Span::exact(asked_ns)).unwrap();
            prop_assert!(span.least_ns <= span.most_ns);
        }
    }
}

#[test]
fn one_reading_is_as_wide_as_its_round_trip_and_grows_by_the_drift() {
    let mut clock = OtherClock::default();
    assert_eq!(offset(&clock, 0), None);
    clock.add(second(100), 10 * SECOND_NS, 11 * SECOND_NS);
    let span = offset(&clock, 11 * SECOND_NS).unwrap();
    // 200 ppm of the second since it was asked for, and of the millisecond that is rounded up.
    let drift_ns = 200_200;
    assert_eq!(span, Span { least_ns: 89 * SECOND_NS - drift_ns, most_ns: 90 * SECOND_NS + drift_ns });
    let hour_later = offset(&clock, 3_610 * SECOND_NS).unwrap();
    assert_eq!(hour_later.least_ns, 89 * SECOND_NS - 720_000_200, "0.72 s in an hour");
    // A slow answer takes nothing away from a fast one, and a fast one makes it sharp.
    clock.add(second(130), 20 * SECOND_NS, 60 * SECOND_NS);
    let span = offset(&clock, 60 * SECOND_NS).unwrap();
    assert!(span.most_ns - span.least_ns < SECOND_NS + 50_000_000, "{span:?}");
}

#[test]
fn a_clock_that_was_set_is_believed_at_once_when_it_shows_and_else_soon() {
    let mut clock = OtherClock::default();
    clock.add(second(100), 100 * SECOND_NS, 100 * SECOND_NS);
    // Set by a minute: no interval holds both.
    clock.add(second(170), 110 * SECOND_NS, 110 * SECOND_NS);
    assert!(holds(offset(&clock, 110 * SECOND_NS).unwrap(), 60 * SECOND_NS));
    // Set by a tenth of a second, seen over a slow link: within what both say at first.
    for turn in 1..=16 {
        let asked_ns = (110 + 10 * turn) * SECOND_NS;
        let shown = Span::exact(asked_ns + 60 * SECOND_NS + SECOND_NS / 2 + SECOND_NS / 10);
        clock.add(shown, asked_ns, asked_ns + SECOND_NS);
    }
    let now_ns = 271 * SECOND_NS;
    assert!(holds(offset(&clock, now_ns).unwrap(), 60 * SECOND_NS + SECOND_NS / 10), "after sixteen readings");
}

#[test]
fn the_own_clock_being_set_shows_without_a_new_reading() {
    let mut clock = OtherClock::default();
    clock.add(second(100), 0, 1);
    let steady = Span::exact(SECOND_NS);
    let before = clock.offset(101 * SECOND_NS, steady).unwrap();
    assert!(holds(before, 0) && before.distance_ns() == 0);
    let after = clock.offset(108 * SECOND_NS, steady).unwrap();
    assert!(holds(after, -7 * SECOND_NS) && after.is_beyond(CLOCK_OFF_NS));
}

fn about(offset_s: i64) -> Span {
    Span { least_ns: offset_s * SECOND_NS - 300_000_000, most_ns: offset_s * SECOND_NS + 300_000_000 }
}

fn clocks(counterpart: Option<Span>, witnesses: &[Option<Span>], quorum: usize) -> Clocks {
    let name = |(place, offset): (usize, &Option<Span>)| (format!("w{place}"), *offset);
    Clocks { counterpart, witnesses: witnesses.iter().enumerate().map(name).collect(), quorum, speed: 1 }
}

#[test]
fn only_an_interval_that_is_wholly_beyond_a_bound_counts() {
    let of = |least_ns, most_ns| clocks(None, &[], 1).state(Some(Span { least_ns, most_ns }));
    assert_eq!(clocks(None, &[], 1).state(None), ClockState::Unmeasured);
    assert_eq!(of(CLOCK_WARN_NS, 9 * SECOND_NS), ClockState::Within, "it may be one second");
    assert_eq!(of(CLOCK_WARN_NS + 1, 9 * SECOND_NS), ClockState::Warns);
    assert_eq!(of(-9 * SECOND_NS, -CLOCK_WARN_NS - 1), ClockState::Warns);
    assert_eq!(of(CLOCK_OFF_NS + 1, 9 * SECOND_NS), ClockState::Off);
    assert_eq!(of(-9 * SECOND_NS, -CLOCK_OFF_NS - 1), ClockState::Off);
    let fast = Clocks { speed: 10, ..clocks(Some(about(40)), &[], 1) };
    assert_eq!((fast.state(fast.counterpart), fast.are_off()), (ClockState::Warns, false), "ten times as wide");
}

#[test]
fn the_counterpart_or_a_quorum_of_witnesses_makes_unknown_and_the_others_say_whose_clock_is_wrong() {
    let said = |counterpart, witnesses: &[Option<Span>], quorum| {
        let clocks = clocks(counterpart, witnesses, quorum);
        (clocks.are_off(), clocks.suspect())
    };
    let (ok, off) = (Some(about(0)), Some(about(8)));
    assert_eq!(said(ok, &[ok], 1), (false, None));
    assert_eq!(said(None, &[], 1), (false, None), "not measured");
    assert_eq!(said(off, &[], 1), (true, None), "nobody else to ask");
    assert_eq!(said(off, &[off], 1), (true, Some(Suspect::Own)));
    assert_eq!(said(off, &[ok], 1), (true, Some(Suspect::Counterpart)));
    assert_eq!(said(off, &[Some(about(-8))], 1), (true, None), "three clocks, three times");
    assert_eq!(said(ok, &[off], 1), (true, Some(Suspect::Witness("w0".to_owned()))));
    assert_eq!(said(ok, &[off, ok, ok], 2), (false, Some(Suspect::Witness("w0".to_owned()))), "one of two that count");
    assert_eq!(said(off, &[off, None], 2), (true, None), "too few agree with it");
    // A beacon's interval of ten seconds agrees with everybody.
    let wide = Some(Span { least_ns: -SECOND_NS, most_ns: 9 * SECOND_NS });
    assert_eq!(said(off, &[wide], 1), (true, None));
}
