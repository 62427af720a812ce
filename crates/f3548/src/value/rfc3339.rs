//! Times as RFC 3339 text in UTC, to and from nanoseconds since the Unix epoch, exact.
//!
//! Read: only the form `YYYY-MM-DDThh:mm:ss[.digits]Z` with upper-case letters. The contract wants the zone `Z`, so `+00:00` is
//! refused; so are leap seconds, which Unix time cannot hold, hour 24, and a space for `T`. Digits beyond the ninth round as the
//! caller says: the start of a volume down, its end up. Written: 0, 3, 6 or 9 digits, whatever is needed.

use skypact_airspace::UtcNanos;

use super::{ValueError, given};

const NS_PER_S: i64 = 1_000_000_000;
const S_PER_DAY: i64 = 86_400;
/// Days from 0000-03-01 to 1970-01-01. Years are counted from March here, so that the leap day is a year's last.
const EPOCH_DAY: i64 = 719_468;
const DAYS_PER_400_YEARS: i64 = 146_097;

/// Where digits finer than a nanosecond go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// To the nanosecond before: for a start.
    Down,
    /// To the nanosecond after: for an end.
    Up,
}

/// Nanoseconds since the Unix epoch of a time such as `2026-01-31T12:00:00.5Z`, from 1677-09-21 to 2262-04-11.
pub fn parse_utc(text: &str, rounding: Rounding) -> Result<UtcNanos, ValueError> {
    let given = || given(text);
    let malformed = || ValueError::Time { given: given() };
    let bytes = text.as_bytes();
    let [y1, y2, y3, y4, b'-', mo1, mo2, b'-', d1, d2, separator, rest @ ..] = bytes else {
        return Err(malformed());
    };
    if *separator != b'T' {
        return Err(ValueError::TimeSeparator { given: given() });
    }
    let [h1, h2, b':', mi1, mi2, b':', s1, s2, rest @ ..] = rest else {
        return Err(malformed());
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
    };
    let pair = |tens: &u8, ones: &u8| number(&[*tens, *ones]).ok_or_else(malformed);
    let year = number(&[*y1, *y2, *y3, *y4]).ok_or_else(malformed)?;
    let (month, day) = (pair(mo1, mo2)?, pair(d1, d2)?);
    let (hour, minute, second) = (pair(h1, h2)?, pair(mi1, mi2)?, pair(s1, s2)?);
    let (fraction, zone) = match rest {
        [b'.', digits @ ..] => {
            digits.split_at(digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len()))
        }
        zone => (&[][..], zone),
    };
    if fraction.is_empty() && rest.starts_with(b".") {
        return Err(malformed());
    }
    if zone != b"Z" {
        return Err(ValueError::TimeZone { given: given() });
    }
    check_calendar([year, month, day, hour, minute, second])
        .map_err(|part| ValueError::TimePart { given: given(), part })?;
    if second == 60 {
        return Err(ValueError::LeapSecond { given: given() });
    }
    let (nanos, beyond) = fraction.split_at(fraction.len().min(9));
    let scale = 10_i64.pow(9 - nanos.len() as u32);
    let rounds_up = rounding == Rounding::Up && beyond.iter().any(|digit| *digit != b'0');
    let subsecond_ns = number(nanos).ok_or_else(malformed)? * scale + i64::from(rounds_up);
    let seconds = days_from_epoch(year, month, day) * S_PER_DAY + hour * 3_600 + minute * 60 + second;
    let ns = i128::from(seconds) * i128::from(NS_PER_S) + i128::from(subsecond_ns);
    i64::try_from(ns).map(UtcNanos).map_err(|_| ValueError::TimeRange { given: given() })
}

/// The first part that the calendar or the clock does not have; second 60 is left to the caller.
fn check_calendar([year, month, day, hour, minute, second]: [i64; 6]) -> Result<(), &'static str> {
    let is_leap_year = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(is_leap_year),
        _ => return Err("month"),
    };
    match () {
        () if !(1..=days).contains(&day) => Err("day"),
        () if hour > 23 => Err("hour"),
        () if minute > 59 => Err("minute"),
        () if second > 60 => Err("second"),
        () => Ok(()),
    }
}

/// Days from the Unix epoch to a date of the Gregorian calendar.
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year_from_march = if month > 2 { year } else { year - 1 };
    let month_from_march = (month + 9) % 12;
    let leap_days = year_from_march.div_euclid(4) - year_from_march.div_euclid(100) + year_from_march.div_euclid(400);
    365 * year_from_march + leap_days + days_before_month(month_from_march) + day - 1 - EPOCH_DAY
}

/// Days of a year before a month, both counted from March: months of 31, 30, 31, 30, 31 days repeat.
const fn days_before_month(month_from_march: i64) -> i64 {
    (153 * month_from_march + 2) / 5
}

/// Year, month and day of a day counted from the Unix epoch.
fn date(days_from_epoch: i64) -> (i64, i64, i64) {
    let day = days_from_epoch + EPOCH_DAY;
    let (cycle, day) = (day.div_euclid(DAYS_PER_400_YEARS), day.rem_euclid(DAYS_PER_400_YEARS));
    // Taking away the leap days so far leaves years of 365 days; the last day of a cycle is its own leap day.
    let year = (day - day / 1_460 + day / 36_524 - day / (DAYS_PER_400_YEARS - 1)) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month_from_march = (5 * day + 2) / 153;
    let month = (month_from_march + 2) % 12 + 1;
    (cycle * 400 + year + i64::from(month <= 2), month, day - days_before_month(month_from_march) + 1)
}

/// A time written as RFC 3339 in UTC, on the stack.
#[derive(Clone, Copy, Debug)]
pub struct Rfc3339 {
    text: [u8; Self::LEN_MAX],
    len: usize,
}

impl Rfc3339 {
    const LEN_MAX: usize = "1970-01-01T00:00:00.000000000Z".len();

    /// The text of a time, with as many fractional digits (0, 3, 6 or 9) as it needs.
    pub fn of(UtcNanos(ns): UtcNanos) -> Self {
        let (seconds, subsecond_ns) = (ns.div_euclid(NS_PER_S), ns.rem_euclid(NS_PER_S));
        let (days, second) = (seconds.div_euclid(S_PER_DAY), seconds.rem_euclid(S_PER_DAY));
        let (year, month, day) = date(days);
        let mut text = *b"0000-00-00T00:00:00.000000000Z";
        let parts = [(0, 4, year), (5, 2, month), (8, 2, day), (11, 2, second / 3_600), (14, 2, second / 60 % 60)];
        for (at, digits, number) in parts.into_iter().chain([(17, 2, second % 60), (20, 9, subsecond_ns)]) {
            let mut left = number;
            for place in text[at..at + digits].iter_mut().rev() {
                *place = b'0' + (left % 10) as u8;
                left /= 10;
            }
        }
        let end = match subsecond_ns {
            0 => 19,
            ns if ns % 1_000_000 == 0 => 23,
            ns if ns % 1_000 == 0 => 26,
            _ => 29,
        };
        text[end] = b'Z';
        Self { text, len: end + 1 }
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text[..self.len]).expect("digits and punctuation are ASCII")
    }
}

impl std::fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}
