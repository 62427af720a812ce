//! Date-time groups: `071200ZAPR2017`, and without the year where the period of the order leaves no doubt about it.

use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::forms::Unread;
use crate::fault::shown;

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
/// Years that nanoseconds in 64 bits have in full.
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2261;
const DAY_S: i64 = 86_400;
/// How far from the order's period a time without a year may lie. The same day of another year is farther.
const NEAR_S: i64 = 90 * DAY_S;
const SECOND_NS: i64 = 1_000_000_000;
pub(super) const MINUTE_NS: i64 = 60 * SECOND_NS;
/// Longest period beside which each day near it lies in one year alone.
const PERIOD_S_MAX: i64 = 180 * DAY_S;

/// From when to when an order is in force, seconds of the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) start_s: i64,
    pub(super) end_s: i64,
}

impl Period {
    /// Whether times within it can be told without a year.
    pub(super) fn leaves_no_doubt(self) -> bool {
        self.end_s - self.start_s <= PERIOD_S_MAX
    }
}

/// A date-time group as it is written.
struct Dtg {
    day: i8,
    hour: i8,
    minute: i8,
    is_utc: bool,
    month: i8,
    year: Option<i16>,
}

impl Dtg {
    fn read(text: &str) -> Option<Self> {
        let number = |range| {
            let digits: &str = text.get(range)?;
            digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let (day, hour, minute) = (number(0..2)?, number(2..4)?, number(4..6)?);
        let rest = text.get(6..)?;
        let (is_utc, rest) = rest.strip_prefix('Z').map_or((false, rest), |rest| (true, rest));
        let month = MONTHS.iter().position(|month| Some(*month) == rest.get(..3))?;
        let year = match rest.get(3..)? {
            "" => None,
            year => {
                Some(year.parse().ok().filter(|_| year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit()))?)
            }
        };
        Some(Self { day, hour, minute, is_utc, month: month as i8 + 1, year })
    }

    /// In a year, if there is such a day in it.
    fn seconds(&self, year: i16) -> Option<i64> {
        let at = DateTime::new(year, self.month, self.day, self.hour, self.minute, 0, 0).ok()?;
        Offset::UTC.to_timestamp(at).ok().map(jiff::Timestamp::as_second).filter(|_| YEARS.contains(&year))
    }
}

fn unread(text: &str) -> Unread {
    ("time-zone", format!("'{}' is no time in UTC: write 071200ZAPR2017", shown(text)))
}

/// A time of the order's own period, seconds; none where it has no year. A time zone that is missing there matters to nobody.
pub(super) fn of_period(text: &str) -> Option<i64> {
    let dtg = Dtg::read(text)?;
    dtg.seconds(dtg.year?)
}

/// A time, nanoseconds. One without a year is of the year in which it lies near the period of the order.
pub(super) fn time_ns(text: &str, period: Option<Period>) -> Result<i64, Unread> {
    let dtg = Dtg::read(text).filter(|dtg| dtg.is_utc).ok_or_else(|| unread(text))?;
    if let Some(year) = dtg.year {
        return dtg.seconds(year).map(|seconds| seconds * SECOND_NS).ok_or_else(|| unread(text));
    }
    let doubt = |why: &str| {
        ("time-year", format!("'{}' has no year, and {why}; write it, such as 071200ZAPR2017", shown(text)))
    };
    let Some(Period { start_s, end_s }) = period else { return Err(doubt("the order has no PERIOD with one")) };
    let year_of =
        |seconds: i64| jiff::Timestamp::from_second(seconds).map_or(0, |at| Offset::UTC.to_datetime(at).year());
    let mut near = (year_of(start_s - NEAR_S)..=year_of(end_s + NEAR_S))
        .filter_map(|year| dtg.seconds(year))
        .filter(|seconds| (start_s - NEAR_S..=end_s + NEAR_S).contains(seconds));
    match (near.next(), near.next()) {
        (Some(seconds), None) => Ok(seconds * SECOND_NS),
        (None, _) => Err(doubt("is not within 90 days of the PERIOD of the order")),
        (Some(_), Some(_)) => Err(doubt("may lie in two years of the long PERIOD of the order")),
    }
}

/// A whole minute that [`time_ns`] reads as the same; none beyond the years that are read.
pub(super) fn text(ns: i64, with_year: bool) -> Option<String> {
    let at = jiff::Timestamp::from_second(ns.div_euclid(SECOND_NS)).ok()?;
    YEARS.contains(&Offset::UTC.to_datetime(at).year()).then_some(())?;
    Some(at.strftime(if with_year { "%d%H%MZ%b%Y" } else { "%d%H%MZ%b" }).to_string().to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::time_text;

    fn period(start: &str, end: &str) -> Period {
        Period { start_s: of_period(start).expect(start), end_s: of_period(end).expect(end) }
    }

    #[test]
    fn a_year_is_taken_from_the_period_or_not_at_all() {
        let turn = Some(period("300000ZDEC2026", "020000JAN2027"));
        for (text, period, expected) in [
            ("071200ZAPR2017", None, "2017-04-07T12:00:00Z"),
            ("311200ZDEC", turn, "2026-12-31T12:00:00Z"),
            ("011200ZJAN", turn, "2027-01-01T12:00:00Z"),
            ("010000ZNOV", turn, "2026-11-01T00:00:00Z"),
            ("290000ZFEB", Some(period("010000ZMAR2028", "020000ZMAR2028")), "2028-02-29T00:00:00Z"),
        ] {
            assert_eq!(time_ns(text, period).map(time_text).as_deref(), Ok(expected), "{text}");
        }
        for (text, period, code) in [
            ("071200ZAPR", None, "time-year"),
            ("010000ZJUL", turn, "time-year"),
            ("290000ZFEB", Some(period("010000ZMAR2027", "020000ZMAR2027")), "time-year"),
            ("010000ZJAN", Some(period("010000ZJAN2026", "310000ZDEC2026")), "time-year"),
            ("071200APR2017", None, "time-zone"),
            ("071200AAPR2017", None, "time-zone"),
            ("310000ZAPR2017", None, "time-zone"),
            ("072460ZAPR2017", None, "time-zone"),
            ("071200ZAPR17", None, "time-zone"),
            ("071200ZAPR9999", None, "time-zone"),
            ("+71200ZAPR2017", None, "time-zone"),
            ("UFN", None, "time-zone"),
            ("é71200ZAPR2017", None, "time-zone"),
        ] {
            assert_eq!(time_ns(text, period).map_err(|(code, _)| code), Err(code), "{text}");
        }
    }
}
