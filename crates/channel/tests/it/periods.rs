//! Periods: each node closes those of its own logs when they are over, both sides check that one fits to the next, and whoever
//! closes none, or too many, harms nobody.

use skypact_airspace::UtcNanos;
use skypact_channel::{AnomalyReason, Kind, LogRef, Message, Period, PeriodSpan, PlacedPeriod};
use skypact_record::{Hash, KeyRole, LogClass, Tree};

use crate::parties::{BLUE, Machine, RED, SECOND, T0, deliver_log, forged, here, key, pair};
use crate::posts::{Post, posts, wait};

/// 2026-09-21T14:13:20Z is T0; the next midnight, and the first of October.
const MIDNIGHT: i64 = T0 + (9 * 3_600 + 46 * 60 + 40) * SECOND;
const OCTOBER: i64 = MIDNIGHT + 9 * 86_400 * SECOND;

fn logs(party: usize) -> [LogRef; 2] {
    LogClass::ALL.map(|class| LogRef { party, class })
}

fn periods(post: &Post, log: LogRef) -> &[PlacedPeriod] {
    &post.station.channel().log(log).periods
}

#[test]
fn the_periods_of_both_logs_are_closed_when_the_month_is_over_and_both_sides_agree_where() {
    let (mut blue, mut red) = posts();
    red.station.cut_periods(PeriodSpan::Month);
    red.says(&here()).unwrap();
    red.now = UtcNanos(OCTOBER - 60 * SECOND);
    for _ in 0..5 {
        blue.hears(&mut red);
        wait([&mut blue, &mut red], 1_000);
        blue.finish();
        red.hears(&mut blue);
        red.finish();
    }
    red.now = UtcNanos(OCTOBER - 1);
    red.finish();
    assert_eq!(red.said(Kind::Period), []);
    let sizes = LogRef::ALL.map(|log| red.station.channel().log(log).size());
    assert_eq!(LogRef::ALL.map(|log| red.station.channel().closed(log)), [0; 4]);
    red.now = UtcNanos(OCTOBER);
    red.finish();
    red.finish();
    assert_eq!(red.said(Kind::Period).len(), 2, "one in each log, once");
    blue.hears(&mut red);
    assert_eq!(LogRef::ALL.map(|log| red.station.channel().closed(log)), sizes, "both sides hold these");
    for log in logs(RED) {
        let (tree, size) = (&red.station.channel().log(log).tree, sizes[log.place()]);
        let first = Period { number: 1, size: 0, root: Tree::default().root() };
        let second = Period { number: 2, size, root: tree.root_at(size).unwrap() };
        let seen = logs(BLUE).map(|log| sizes[log.place()]);
        let expected = [
            PlacedPeriod { period: first, since: UtcNanos(T0), seen: [0; 2] },
            PlacedPeriod { period: second, since: UtcNanos(OCTOBER), seen },
        ];
        assert_eq!(periods(&red, log), expected);
        assert_eq!(periods(&blue, log), expected);
    }
    assert_eq!(blue.said(Kind::Period), [], "BLUE closes none, and that is its own affair");
    let anomalies = |post: &Post| post.station.channel().anomalies().count();
    assert_eq!((anomalies(&red), anomalies(&blue)), (0, 0));
    let again = Post::out_of(RED, red.station.channel().pact().clone(), &red.stored);
    assert!(logs(RED).into_iter().all(|log| periods(&again, log) == periods(&red, log)), "a start finds them again");
}

#[test]
fn a_clock_that_is_set_back_closes_one_period_and_not_each_round() {
    let mut red = Post::new(RED);
    red.station.cut_periods(PeriodSpan::Day);
    assert_eq!(red.station.due(), Some(UtcNanos(MIDNIGHT)));
    for (now, said) in [(MIDNIGHT, 2), (T0, 4), (T0 + SECOND, 4), (MIDNIGHT - 1, 4), (MIDNIGHT, 6)] {
        red.now = UtcNanos(now);
        red.finish();
        red.finish();
        assert_eq!(red.said(Kind::Period).len(), said, "at {now}");
    }
}

/// What BLUE makes of a period that RED's node states in its routine log.
fn stated(edit: impl FnOnce(&mut Period)) -> (Machine, Option<AnomalyReason>) {
    let (mut red, mut blue) = pair();
    red.submit(&here()).unwrap();
    let log = red.routine();
    let held = red.channel.log(log);
    let mut period = Period { number: 2, size: held.size(), root: held.tree.root() };
    edit(&mut period);
    let draft = red.draft(&Message::Period(period));
    red.commit(forged(draft, &key(RED, KeyRole::Node), |_| ()));
    deliver_log(&mut red, &mut blue, log);
    let reasons = [&red, &blue].map(|machine| machine.channel.anomalies().next().map(|anomaly| anomaly.reason.clone()));
    assert_eq!(reasons[0], reasons[1], "both nodes judge alike");
    assert_eq!(blue.channel.log(log).size(), 3, "it is in the record whatever it says");
    (blue, reasons.into_iter().next().flatten())
}

#[test]
fn a_period_that_does_not_fit_the_one_before_changes_nothing_and_is_told() {
    let opened = |blue: &Machine| blue.channel.log(LogRef { party: RED, class: LogClass::Routine }).periods.len();
    let (blue, reason) = stated(|_| ());
    assert_eq!((opened(&blue), reason), (2, None));
    let edits: [fn(&mut Period); 4] =
        [|it| it.number = 1, |it| it.number = 3, |it| it.size -= 1, |it| it.size = u64::MAX];
    for edit in edits {
        let (blue, reason) = stated(edit);
        assert_eq!(opened(&blue), 1);
        assert!(matches!(reason, Some(AnomalyReason::PeriodDiffers { next: 2, .. })), "{reason:?}");
    }
    let (blue, reason) = stated(|it| it.root = Hash([9; 32]));
    assert_eq!(opened(&blue), 1);
    assert!(matches!(reason, Some(AnomalyReason::HeadDiffers { size: 2, .. })), "{reason:?}");
}

#[test]
fn an_officer_closes_no_period() {
    let mut red = Machine::new(RED);
    let root = red.channel.log(red.routine()).tree.root();
    let refused = red.submit(&Message::Period(Period { number: 2, size: 1, root }));
    assert_eq!(refused.unwrap_err().code(), "wrong-kind");
}

#[test]
fn months_and_days_end_where_the_calendar_says() {
    // Seconds since 1970 of the first instants of months, by the C library's `date -u`.
    let firsts = [
        (-65_836_800, -63_158_400),
        (0, 2_678_400),
        (2_678_400, 5_097_600),
        (951_868_800, 954_547_200),
        (949_363_200, 951_868_800),
        (1_706_745_600, 1_709_251_200),
        (1_735_689_600, 1_738_368_000),
        (1_764_547_200, 1_767_225_600),
        (4_105_123_200, 4_107_542_400),
    ];
    for (first, next) in firsts {
        let [first, next] = [first, next].map(|second| UtcNanos(second * SECOND));
        for inside in [first, UtcNanos(first.0 + 86_400 * SECOND), UtcNanos(next.0 - 1)] {
            assert_eq!(PeriodSpan::Month.end(inside), next, "{inside:?}");
            assert!(!PeriodSpan::Month.is_over(first, inside));
        }
        assert!(PeriodSpan::Month.is_over(first, next));
        assert_eq!(PeriodSpan::Day.end(UtcNanos(next.0 - 1)), next);
    }
    for extreme in [i64::MIN, i64::MAX] {
        for span in PeriodSpan::ALL {
            assert!(!span.is_over(UtcNanos(extreme), UtcNanos(extreme)));
            let _ = span.end(UtcNanos(extreme));
        }
    }
}
