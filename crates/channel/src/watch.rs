//! Who has the watch, and whether a call is heard: bodies (docs/channel-protocol.md, sections 2.12 and 2.13) and what they add up to.
//! An empty chair is shown, to both sides, for as long as it is empty.

use std::collections::HashMap;

use skypact_airspace::UtcNanos;
use skypact_record::{Hash, KeyId};

use crate::board::{Misfit, Origin};
use crate::codec::{CodecError, Reader, Writer, Written, write_optional_text};
use crate::terms::Terms;

/// Longest time between two test calls of one party, ns: two a day.
pub const TEST_CALL_EVERY_NS: i64 = 12 * 3_600_000_000_000;
/// Longest text, in bytes.
const TEXT_MAX: usize = 200;

/// What an officer says about the watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum WatchAct {
    /// The signing officer has it from now on.
    Takes,
    /// The signing officer hands it over, and has it until somebody takes it.
    HandsOver,
    /// The signing officer leaves it, and nobody has it.
    Leaves,
}

impl WatchAct {
    /// Every act, in the order of its wire value.
    pub const ALL: [Self; 3] = [Self::Takes, Self::HandsOver, Self::Leaves];

    /// Name for people and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Takes => "takes",
            Self::HandsOver => "hands-over",
            Self::Leaves => "leaves",
        }
    }
}

/// A change of the watch.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Watch {
    /// What it is.
    pub act: WatchAct,
    /// Since when, by the officer's clock.
    pub at: UtcNanos,
    /// What the next one has to know; at most 200 bytes.
    pub remarks: Option<String>,
}

impl Watch {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Written {
        writer.map(3)?.u8(0)?.u8(self.act as u8)?.u8(1)?.i64(self.at.0)?.u8(2)?;
        write_optional_text(writer, self.remarks.as_deref())
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        reader.key(0, "act")?;
        let act = reader.choice(&WatchAct::ALL)?;
        reader.key(1, "at")?;
        let at = UtcNanos(reader.i64()?);
        reader.key(2, "remarks")?;
        Ok(Self { act, at, remarks: reader.optional_text(TEXT_MAX)? })
    }
}

/// The watch of one party: its changes, oldest first, and who had it from when to when.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct WatchBook {
    entries: Vec<(Watch, Origin)>,
    turns: Vec<Turn>,
}

/// One officer's time on watch.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Turn {
    /// Place of the entry that took it.
    taken: usize,
    /// When it ended: with the next one, when its officer left, or when the key that took it was revoked.
    ended: Option<UtcNanos>,
}

impl WatchBook {
    /// Every change, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &(Watch, Origin)> {
        self.entries.iter()
    }

    /// Who has the watch, since when: whoever took it last, has not left it, and may still sign.
    pub fn on_watch(&self) -> Option<&(Watch, Origin)> {
        let turn = self.turns.last().filter(|turn| turn.ended.is_none())?;
        Some(&self.entries[turn.taken])
    }

    /// Since when nobody has the watch, by the time that was stated; none when somebody has it, or nobody ever had.
    pub fn left_at(&self) -> Option<UtcNanos> {
        self.turns.last()?.ended
    }

    /// When the chair was empty between `from` and `to`: intervals, oldest first, by the times that the officers state.
    pub fn unattended(&self, from: UtcNanos, to: UtcNanos) -> Vec<(UtcNanos, UtcNanos)> {
        let turn = |turn: &Turn| (self.entries[turn.taken].0.at, turn.ended.unwrap_or(to));
        let mut turns: Vec<(UtcNanos, UtcNanos)> = self.turns.iter().map(turn).collect();
        turns.sort_unstable();
        let mut gaps = Vec::new();
        let mut empty_since = from;
        for (start, end) in turns {
            gaps.push((empty_since, start.min(to)));
            empty_since = empty_since.max(end);
        }
        gaps.push((empty_since, to));
        gaps.retain(|(start, end)| start < end);
        gaps
    }

    /// Nobody hands over or leaves what another has: such an entry stands in the book and changes nothing.
    pub(crate) fn push(&mut self, watch: Watch, origin: Origin) {
        let has_it = self.on_watch().is_some_and(|(_, holder)| holder.signer == origin.signer);
        match watch.act {
            WatchAct::Takes => {
                self.end(watch.at);
                self.turns.push(Turn { taken: self.entries.len(), ended: None });
            }
            WatchAct::Leaves if has_it => self.end(watch.at),
            // Until somebody takes it, the one who hands it over has it.
            WatchAct::Leaves | WatchAct::HandsOver => {}
        }
        self.entries.push((watch, origin));
    }

    /// Whose key is revoked has the watch no more.
    pub(crate) fn revoke(&mut self, key: KeyId, at: UtcNanos) {
        if self.on_watch().is_some_and(|(_, holder)| holder.key == key) {
            self.end(at);
        }
    }

    fn end(&mut self, at: UtcNanos) {
        if let Some(turn) = self.turns.last_mut() {
            turn.ended.get_or_insert(at);
        }
    }
}

/// A test call, and who answered it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct TestCall {
    /// The call.
    pub origin: Origin,
    /// The first answer of the counterpart.
    pub answer: Option<Origin>,
}

impl TestCall {
    /// Whether nobody answered it in time, by the times that the acts claim: before the last rung of the pact's escalation.
    pub fn is_missed(&self, terms: &Terms, now: UtcNanos) -> bool {
        let answered = self.answer.as_ref().map_or(now, |answer| answer.claimed_time);
        answered.0.saturating_sub(self.origin.claimed_time.0) > terms.stop_rungs_ns[2]
    }
}

/// Test calls of both parties.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct TestCalls {
    calls: Vec<TestCall>,
    #[serde(serialize_with = "crate::channel::snapshot::sorted_map")]
    places: HashMap<Hash, usize>,
}

impl TestCalls {
    /// Every test call, oldest first in the order in which this node took them in.
    pub fn iter(&self) -> impl Iterator<Item = &TestCall> {
        self.calls.iter()
    }

    pub(crate) fn check_answer(&self, party: usize, call: &Hash) -> Result<(), Misfit> {
        let place = self.places.get(call).ok_or(Misfit::Unknown { field: "call", hash: *call })?;
        if self.calls[*place].origin.party == party {
            return Err(Misfit::WrongParty { field: "call", reason: "only the counterpart answers a test call" });
        }
        Ok(())
    }

    pub(crate) fn call(&mut self, origin: Origin) {
        self.places.insert(origin.leaf, self.calls.len());
        self.calls.push(TestCall { origin, answer: None });
    }

    pub(crate) fn answer(&mut self, call: &Hash, origin: Origin) {
        self.calls[self.places[call]].answer.get_or_insert(origin);
    }
}
