//! RFC 3339 against jiff, which nobody here wrote, and the decisions where RFC 3339 leaves room.

use jiff::Timestamp;
use jiff::civil::DateTime;
use proptest::prelude::*;
use skypact_airspace::UtcNanos;
use skypact_f3548::{Rfc3339, Rounding, parse_utc};

fn down(text: &str) -> Result<i64, &'static str> {
    parse_utc(text, Rounding::Down).map(|time| time.0).map_err(|error| error.code())
}

fn up(text: &str) -> Result<i64, &'static str> {
    parse_utc(text, Rounding::Up).map(|time| time.0).map_err(|error| error.code())
}

#[test]
fn known_times_are_read() {
    assert_eq!(down("1970-01-01T00:00:00Z"), Ok(0));
    assert_eq!(down("1985-04-12T23:20:50.52Z"), Ok(482_196_050_520_000_000));
    assert_eq!(down("1969-12-31T23:59:59.999999999Z"), Ok(-1));
    assert_eq!(down("1677-09-21T00:12:43.145224192Z"), Ok(i64::MIN));
    assert_eq!(down("2262-04-11T23:47:16.854775807Z"), Ok(i64::MAX));
}

#[test]
fn digits_beyond_the_nanosecond_round_as_asked() {
    let text = "1970-01-01T00:00:01.0000000010000000001Z";
    assert_eq!((down(text), up(text)), (Ok(1_000_000_001), Ok(1_000_000_002)));
    let zeros = "1970-01-01T00:00:01.000000001000000000Z";
    assert_eq!((down(zeros), up(zeros)), (Ok(1_000_000_001), Ok(1_000_000_001)));
    let carry = "1970-12-31T23:59:59.9999999999Z";
    assert_eq!(up(carry), down("1971-01-01T00:00:00Z"));
    let last = "2262-04-11T23:47:16.8547758071Z";
    assert_eq!((down(last), up(last)), (Ok(i64::MAX), Err("time-out-of-range")));
    let first = "1677-09-21T00:12:43.1452241911Z";
    assert_eq!((down(first), up(first)), (Err("time-out-of-range"), Ok(i64::MIN)));
}

#[test]
fn only_the_form_of_the_contract_is_read() {
    for (text, code) in [
        ("2026-01-31T12:00:00+00:00", "time-zone-not-z"),
        ("2026-01-31T12:00:00-00:00", "time-zone-not-z"),
        ("2026-01-31T12:00:00+24:00", "time-zone-not-z"),
        ("2026-01-31T12:00:00", "time-zone-not-z"),
        ("2026-01-31T12:00:00z", "time-zone-not-z"),
        ("2026-01-31T12:00:00Zjunk", "time-zone-not-z"),
        ("2026-01-31T12:00:00.5", "time-zone-not-z"),
        ("2026-01-31T12:00:00,5Z", "time-zone-not-z"),
        ("2026-01-31 12:00:00Z", "time-separator-not-t"),
        ("2026-01-31t12:00:00Z", "time-separator-not-t"),
        ("2016-12-31T23:59:60Z", "time-leap-second"),
        ("2026-01-31T12:00:60Z", "time-leap-second"),
        ("2026-01-31T12:00:61Z", "time-not-in-calendar"),
        ("2026-01-31T24:00:00Z", "time-not-in-calendar"),
        ("2026-02-29T12:00:00Z", "time-not-in-calendar"),
        ("2026-00-01T12:00:00Z", "time-not-in-calendar"),
        ("2026-01-00T12:00:00Z", "time-not-in-calendar"),
        ("2026-01-31T12:00:00.Z", "time-malformed"),
        ("2026-01-31T12:00Z", "time-malformed"),
        ("2026-1-31T12:00:00Z", "time-malformed"),
        ("+2026-01-31T12:00:00Z", "time-malformed"),
        ("２026-01-31T12:00:00Z", "time-malformed"),
        ("2026-01-31T-1:00:00Z", "time-malformed"),
        ("2026-01-31", "time-malformed"),
        ("", "time-malformed"),
        ("0001-01-01T00:00:00Z", "time-out-of-range"),
        ("0000-02-29T00:00:00Z", "time-out-of-range"),
        ("9999-12-31T23:59:59Z", "time-out-of-range"),
        ("2262-04-11T23:47:16.854775808Z", "time-out-of-range"),
    ] {
        assert_eq!(down(text), Err(code), "{text}");
    }
}

#[test]
fn as_many_digits_are_written_as_are_needed() {
    for (ns, text) in [
        (0, "1970-01-01T00:00:00Z"),
        (500_000_000, "1970-01-01T00:00:00.500Z"),
        (120_000, "1970-01-01T00:00:00.000120Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (i64::MIN, "1677-09-21T00:12:43.145224192Z"),
        (i64::MAX, "2262-04-11T23:47:16.854775807Z"),
    ] {
        assert_eq!(Rfc3339::of(UtcNanos(ns)).as_str(), text);
    }
}

#[test]
fn every_day_that_can_be_written_agrees_with_jiff() {
    let day_ns = 86_400_000_000_000;
    for day in i64::MIN / day_ns..=i64::MAX / day_ns {
        let ns = day * day_ns;
        let jiffs = Timestamp::from_nanosecond(i128::from(ns)).expect("in range").to_string();
        assert_eq!(Rfc3339::of(UtcNanos(ns)).as_str(), jiffs);
        assert_eq!(down(&jiffs), Ok(ns));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn what_is_written_reads_back_here_and_in_jiff(ns: i64) {
        let text = Rfc3339::of(UtcNanos(ns)).to_string();
        prop_assert_eq!(down(&text), Ok(ns));
        prop_assert_eq!(up(&text), Ok(ns));
        prop_assert_eq!(text.parse::<Timestamp>().expect("RFC 3339").as_nanosecond(), i128::from(ns));
        let jiffs = Timestamp::from_nanosecond(i128::from(ns)).expect("in range").to_string();
        prop_assert_eq!(down(&jiffs), Ok(ns));
    }

    #[test]
    fn a_date_and_time_is_read_just_when_the_calendar_has_it(
        year in 1_678_i16..2_262, month in 0_i8..15, day in 0_i8..34, hour in 0_i8..26, minute in 0_i8..62, second in 0_i8..62,
    ) {
        let ours = down(&format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"));
        let jiffs = DateTime::new(year, month, day, hour, minute, second, 0);
        let utc = jiffs.ok().and_then(|time| jiff::tz::TimeZone::UTC.to_timestamp(time).ok());
        prop_assert_eq!(ours.ok().map(i128::from), utc.map(Timestamp::as_nanosecond));
    }
}
