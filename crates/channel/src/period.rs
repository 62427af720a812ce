//! Periods of a log (docs/channel-protocol.md, section 2.26): the first entry of a period cites the checkpoint that closes the
//! one before, so that closed periods can be kept apart and each still fits to the next.

use skypact_airspace::UtcNanos;
use skypact_record::Hash;

use crate::codec::{CodecError, Reader, Writer, Written};

const DAY_NS: i64 = 86_400 * 1_000_000_000;

/// Opens a period of the log in which it stands.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Period {
    /// Number of the period that it opens; entry 0 opens the first.
    pub number: u64,
    /// Entries before it: the index of this one.
    pub size: u64,
    /// Root over these entries.
    pub root: Hash,
}

impl Period {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Written {
        writer.map(3)?.u8(0)?.u64(self.number)?.u8(1)?.u64(self.size)?.u8(2)?.bytes(&self.root.0)?.ok()
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        reader.key(0, "number")?;
        let number = reader.u64()?;
        reader.key(1, "size")?;
        let size = reader.u64()?;
        reader.key(2, "root")?;
        Ok(Self { number, size, root: reader.hash()? })
    }
}

/// A period, and when it began by the time that its author claims.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PlacedPeriod {
    /// What its first entry says.
    pub period: Period,
    /// Claimed time of that entry.
    pub since: UtcNanos,
    /// What its author's node held of the other party's logs then, routine and urgent: entries of before its own period.
    pub seen: [u64; 2],
}

/// How long the periods of a node's own logs are. The counterpart need not know: its periods may be others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeriodSpan {
    /// A day, UTC.
    Day,
    /// A calendar month, UTC.
    Month,
}

impl PeriodSpan {
    /// Every span.
    pub const ALL: [Self; 2] = [Self::Day, Self::Month];

    /// Name in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// Span of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|span| span.name() == name)
    }

    /// Whether `now` is in another span than `since`: in a later one, or, after a clock was set back, in an earlier one.
    pub fn is_over(self, since: UtcNanos, now: UtcNanos) -> bool {
        self.number(since) != self.number(now)
    }

    /// When the span that has `since` ends: the first instant of the next one.
    pub fn end(self, since: UtcNanos) -> UtcNanos {
        let next = self.number(since) + 1;
        let day = match self {
            Self::Day => next,
            Self::Month => first_day(next),
        };
        UtcNanos(day.saturating_mul(DAY_NS))
    }

    /// Which span an instant is in: days since 1970-01-01, or months since January of the year 0.
    fn number(self, at: UtcNanos) -> i64 {
        let day = at.0.div_euclid(DAY_NS);
        match self {
            Self::Day => day,
            Self::Month => month(day),
        }
    }
}

/// Days of 400 years of the Gregorian calendar, and days from 0000-03-01 to 1970-01-01.
const ERA_DAYS: i64 = 146_097;
const DAYS_TO_1970: i64 = 719_468;

/// Month of a day, counted from January of the year 0. Years begin in March here, so that a leap day is their last.
fn month(day: i64) -> i64 {
    let day = day + DAYS_TO_1970;
    let (era, of_era) = (day.div_euclid(ERA_DAYS), day.rem_euclid(ERA_DAYS));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / (ERA_DAYS - 1)) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    // The 5 months from March or August on have 153 days; March is month 2 from January.
    (era * 400 + year) * 12 + (5 * of_year + 2) / 153 + 2
}

/// The first day of a month: the inverse.
fn first_day(month: i64) -> i64 {
    let from_march = month - 2;
    let (year, of_year) = (from_march.div_euclid(12), from_march.rem_euclid(12));
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * year + leap_days + (153 * of_year + 2) / 5 - DAYS_TO_1970
}
