//! Who is to have the watch, for days ahead: body (docs/channel-protocol.md, section 2.17) and the bill that all of them add up to.
//! Who should be there has a name before anybody is missed.

use std::collections::BTreeMap;

use skypact_airspace::UtcNanos;
use skypact_record::Label;

use crate::codec::{CodecError, Reader, Writer, Written};

/// How far ahead a gap between two turns is a warning, ns: 24 h.
const GAP_AHEAD_NS: i64 = 24 * 3_600_000_000_000;
/// How far ahead the end of a bill is one, ns: 2 h. Who files each watch at the end of the one before files in time.
const END_AHEAD_NS: i64 = 2 * 3_600_000_000_000;
/// Most turns in one entry, and longest name of an officer, in bytes.
const TURNS_MAX: u64 = 64;
const OFFICER_MAX: usize = 64;

/// One officer's turn.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct BillTurn {
    /// The officer, by the label of the key.
    pub officer: Label,
    /// First instant.
    pub from: UtcNanos,
    /// When it ends: the first instant that is no longer of it.
    pub until: UtcNanos,
}

/// Turns that are filed together. Between its first and last instant nothing of an earlier bill counts.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct WatchBill {
    /// 1 to 64 turns, one after another; time between two of them is a gap.
    pub turns: Vec<BillTurn>,
}

impl WatchBill {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Written {
        writer.map(1)?.u8(0)?.array(self.turns.len() as u64)?;
        self.turns.iter().try_for_each(|BillTurn { officer, from, until }| {
            writer.array(3)?.str(officer.as_str())?.i64(from.0)?.i64(until.0)?.ok()
        })
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        reader.key(0, "turns")?;
        let count = reader.array(TURNS_MAX)?;
        let turns = (0..count).map(|_| read_turn(reader)).collect::<Result<Vec<_>, _>>()?;
        if turns.is_empty() {
            return Err(reader.error("is empty; say who has the watch, from when to when"));
        }
        if turns.windows(2).any(|pair| pair[1].from < pair[0].until) {
            return Err(
                reader.error("has a turn that begins before the one before it ends; order them, and let none overlap")
            );
        }
        Ok(Self { turns })
    }
}

fn read_turn(reader: &mut Reader<'_>) -> Result<BillTurn, CodecError> {
    reader.tuple(3)?;
    let officer = Label::new(reader.text(OFFICER_MAX)?).map_err(|error| reader.error(error.to_string()))?;
    let (from, until) = (UtcNanos(reader.i64()?), UtcNanos(reader.i64()?));
    if from >= until {
        return Err(reader.error(format!("has a turn of {officer} that ends before it begins; correct its times")));
    }
    Ok(BillTurn { officer, from, until })
}

/// The watch bill of one party.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct BillBook {
    /// By first instant; none overlaps another.
    turns: BTreeMap<UtcNanos, (UtcNanos, Label)>,
}

impl BillBook {
    /// Whether nothing was ever filed.
    pub fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    /// The turns that have not ended at `from`, the earliest first.
    pub fn from(&self, from: UtcNanos) -> impl Iterator<Item = BillTurn> {
        let begun = self.turns.range(..from).next_back().filter(|(_, (until, _))| *until > from);
        begun.into_iter().chain(self.turns.range(from..)).map(|(from, (until, officer))| BillTurn {
            officer: officer.clone(),
            from: *from,
            until: *until,
        })
    }

    /// Whose turn it is.
    pub fn at(&self, now: UtcNanos) -> Option<BillTurn> {
        self.from(now).next().filter(|turn| turn.from <= now)
    }

    /// When between `from` and `to` it is nobody's turn: intervals, oldest first.
    pub fn gaps(&self, from: UtcNanos, to: UtcNanos) -> Vec<(UtcNanos, UtcNanos)> {
        let mut open = from;
        let mut gaps = Vec::new();
        for turn in self.from(from).take_while(|turn| turn.from < to) {
            gaps.push((open, turn.from));
            open = turn.until;
        }
        gaps.push((open, to));
        gaps.retain(|(start, end)| start < end);
        gaps
    }

    /// Gaps that are to be warned of: those between turns within 24 h, and the end of the bill within 2 h. None as long as no
    /// bill was filed.
    pub fn gaps_ahead(&self, now: UtcNanos) -> Vec<(UtcNanos, UtcNanos)> {
        let Some((_, (end, _))) = self.turns.last_key_value() else { return Vec::new() };
        let ahead = |ns: i64| UtcNanos(now.0.saturating_add(ns));
        let mut gaps = self.gaps(now, ahead(GAP_AHEAD_NS));
        gaps.retain(|(start, _)| start < end || *start <= ahead(END_AHEAD_NS));
        gaps
    }

    pub(crate) fn file(&mut self, bill: WatchBill) {
        let (Some(first), Some(last)) = (bill.turns.first(), bill.turns.last()) else { return };
        let (start, end) = (first.from, last.until);
        let replaced: Vec<BillTurn> = self.from(start).take_while(|turn| turn.from < end).collect();
        for BillTurn { officer, from, until } in replaced {
            self.turns.remove(&from);
            if from < start {
                self.turns.insert(from, (start, officer.clone()));
            }
            if until > end {
                self.turns.insert(end, (until, officer));
            }
        }
        self.turns.extend(bill.turns.into_iter().map(|turn| (turn.from, (turn.until, turn.officer))));
    }
}
