//! Views of what the desk is for: STOP, the watch, test calls.

use serde::{Deserialize, Serialize};
use skypact_airspace::UtcNanos;
use skypact_channel::{Alarm, BillTurn, Channel, Origin, PlacedReceipt, StopRung, TestCall};
use utoipa::ToSchema;

use super::time::{EntryTimeView, entry_time};
use super::words::{some_words, words};

/// Most turns of a watch bill in a view.
const BILL_TURNS_MAX: usize = 256;

/// All STOPs of one party about one object.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StopView {
    /// Leaf hash of the first STOP.
    pub id: String,
    /// Leaf hashes of every STOP of it, the first one's too.
    pub stops: Vec<String>,
    /// Party that called.
    pub party: String,
    /// Officer who called last.
    pub officer: String,
    /// What is to stop.
    pub what: String,
    /// Leaf hash of the notice or site that it is about.
    pub object: Option<String>,
    /// Where, in one line.
    pub area: Option<String>,
    /// Until when, nanoseconds UTC.
    pub until_ns: Option<i64>,
    /// Why.
    pub reason: Option<String>,
    /// How often it was called.
    pub calls: usize,
    /// When it was first called, as its author claims, nanoseconds UTC.
    pub first_ns: i64,
    /// When the first one provably existed.
    pub time: EntryTimeView,
    /// Answers, oldest first.
    pub rungs: Vec<RungView>,
    /// Whether nobody has answered for good and it is not lifted.
    pub escalating: bool,
    /// How many of the pact's escalation rungs have passed; 0 when it is not escalating.
    pub escalation: usize,
    /// Officer who lifted it.
    pub lifted_by: Option<String>,
}

/// An answer to a STOP.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RungView {
    /// heard, passed-to, ceased, unable or refused.
    pub rung: String,
    /// Unit or reason.
    pub text: Option<String>,
    /// Officer.
    pub officer: String,
    /// When, as its author claims, nanoseconds UTC.
    pub at_ns: i64,
    /// When it provably existed.
    pub time: EntryTimeView,
}

/// The watch of a party.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WatchView {
    /// Party.
    pub party: String,
    /// Officer on watch.
    pub officer: Option<String>,
    /// Since when, nanoseconds UTC.
    pub since_ns: Option<i64>,
    /// When the last officer left it or was revoked, if nobody has it since, nanoseconds UTC.
    pub empty_since_ns: Option<i64>,
    /// When this party's next test call is due, nanoseconds UTC; none before the first change of the watch of either party.
    pub test_call_due_ns: Option<i64>,
    /// Intervals of the last day in which nobody had the watch: start and end, nanoseconds UTC.
    pub unattended_ns: Vec<[i64; 2]>,
    /// Turns of the watch bill that have not ended, the earliest first, at most 256.
    pub bill: Vec<BillTurnView>,
    /// Intervals in which it is nobody's turn: start and end, nanoseconds UTC. Those between turns of the next 24 h, and from the end of
    /// the bill on when that is within 2 h. None as long as no bill was filed.
    pub bill_gaps_ns: Vec<[i64; 2]>,
    /// Whose turn it is, and who does not have the watch.
    pub late: Option<BillTurnView>,
    /// Changes, oldest first.
    pub changes: Vec<WatchChangeView>,
}

/// A turn of the watch bill.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BillTurnView {
    /// Officer.
    pub officer: String,
    /// First instant, nanoseconds UTC.
    pub from_ns: i64,
    /// When it ends, nanoseconds UTC.
    pub until_ns: i64,
}

impl BillTurnView {
    fn of(turn: &BillTurn) -> Self {
        Self { officer: turn.officer.to_string(), from_ns: turn.from.0, until_ns: turn.until.0 }
    }
}

/// A change of the watch.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WatchChangeView {
    /// takes, hands-over or leaves.
    pub act: String,
    /// Officer.
    pub officer: String,
    /// When, nanoseconds UTC.
    pub at_ns: i64,
    /// What the next one has to know.
    pub remarks: Option<String>,
    /// When the entry provably existed.
    pub time: EntryTimeView,
}

/// What a party has protected, as a list with a version.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ProtectedListView {
    /// Party whose list it is.
    pub party: String,
    /// Names this very list: hash over the leaf hashes of what stands.
    pub version: String,
    /// How many sites and movements are on it.
    pub count: u64,
    /// The newest receipt of the other party.
    pub receipt: Option<ListReceiptView>,
}

/// A receipt for a list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ListReceiptView {
    /// Officer.
    pub officer: String,
    /// When, as its author claims, nanoseconds UTC.
    pub at_ns: i64,
    /// Version that the officer held.
    pub version: String,
    /// How many sites and movements were on it.
    pub count: u64,
    /// Whether the list has another version now.
    pub outdated: bool,
    /// When the receipt provably existed.
    pub time: EntryTimeView,
}

/// A test call.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TestCallView {
    /// Leaf hash.
    pub id: String,
    /// Party that called.
    pub party: String,
    /// Officer who called.
    pub officer: String,
    /// When, nanoseconds UTC.
    pub at_ns: i64,
    /// When the call provably existed.
    pub time: EntryTimeView,
    /// Officer who answered.
    pub answered_by: Option<String>,
    /// Time from the call to the answer, by the clocks of both, nanoseconds.
    pub answer_ns: Option<i64>,
    /// Whether it was not answered within the last escalation rung of a STOP.
    pub missed: bool,
}

impl WatchView {
    /// Who has the watch, in one line.
    pub fn line(&self, time_text: impl Fn(i64) -> String) -> String {
        let state = match (&self.officer, self.since_ns, self.empty_since_ns) {
            (Some(officer), Some(since_ns), _) => format!("{officer}, since {}", time_text(since_ns)),
            (.., Some(empty_ns)) => format!("NOBODY has the watch, since {}", time_text(empty_ns)),
            _ => "NOBODY has the watch, and nobody ever had".to_owned(),
        };
        format!("{}: {state}", self.party)
    }

    /// What is wrong with the bill of this party or with who keeps it, a line each.
    pub fn bill_warnings(&self, time_text: impl Fn(i64) -> String) -> Vec<String> {
        let late = self.late.as_ref().map(|turn| {
            format!("LATE: {} has not taken the watch; the turn began {}", turn.officer, time_text(turn.from_ns))
        });
        let gap = |[start, end]: &[i64; 2]| {
            format!("WARNING: it is nobody's turn from {} to {}", time_text(*start), time_text(*end))
        };
        late.into_iter().chain(self.bill_gaps_ns.iter().map(gap)).collect()
    }

    /// A line that says so when this party's test call is overdue.
    pub fn test_call_overdue(&self, now_ns: i64, time_text: impl Fn(i64) -> String) -> Option<String> {
        let due_ns = self.test_call_due_ns.filter(|due_ns| *due_ns < now_ns)?;
        Some(format!("{} owes a test call since {}", self.party, time_text(due_ns)))
    }
}

impl ProtectedListView {
    /// Whether the other party has not signed for it as it is. Nobody signs for a list on which nothing ever was.
    pub fn is_unsigned(&self) -> bool {
        self.receipt.as_ref().map_or(self.count > 0, |receipt| receipt.outdated)
    }
}

/// View of an alarm.
pub fn stop(channel: &Channel, alarm: &Alarm, now_ns: i64) -> StopView {
    let (newest, rungs_ns) = (alarm.newest(), &channel.pact().terms().stop_rungs_ns);
    let escalating = alarm.is_escalating();
    let rung = |(rung, origin): &(StopRung, Origin)| RungView {
        rung: rung.rung.name().to_owned(),
        text: some_words(rung.text.as_ref()),
        officer: origin.signer.clone(),
        at_ns: origin.claimed_time.0,
        time: entry_time(channel, origin),
    };
    StopView {
        id: alarm.id().to_string(),
        stops: alarm.stops.iter().map(|(_, origin)| origin.leaf.to_string()).collect(),
        party: channel.pact().party_name(alarm.caller()).to_owned(),
        officer: alarm.stops[alarm.stops.len() - 1].1.signer.clone(),
        what: words(&newest.what),
        object: newest.object.map(|object| object.to_string()),
        area: newest.area.map(|area| {
            let radius_km = area.radius_mm as f64 / 1e6;
            format!("{:.4},{:.4} {radius_km:.1} km", area.centre.lat_deg(), area.centre.lng_deg())
        }),
        until_ns: newest.until.map(|until| until.0),
        reason: some_words(newest.reason.as_ref()),
        calls: alarm.stops.len(),
        first_ns: alarm.stops[0].1.claimed_time.0,
        time: entry_time(channel, &alarm.stops[0].1),
        rungs: alarm.rungs.iter().map(rung).collect(),
        escalating,
        escalation: if escalating { alarm.escalation(UtcNanos(now_ns), rungs_ns) } else { 0 },
        lifted_by: alarm.lifted.as_ref().map(|origin| origin.signer.clone()),
    }
}

/// Views of the watches of both parties.
pub fn watches(channel: &Channel, now_ns: i64) -> Vec<WatchView> {
    let view = |party: usize| {
        let (book, bill) = (channel.board().watch(party), channel.board().bill(party));
        let on_watch = book.on_watch();
        let day = (UtcNanos(now_ns.saturating_sub(86_400_000_000_000)), UtcNanos(now_ns));
        WatchView {
            party: channel.pact().party_name(party).to_owned(),
            officer: on_watch.map(|(_, origin)| origin.signer.clone()),
            since_ns: on_watch.map(|(watch, _)| watch.at.0),
            empty_since_ns: book.left_at().map(|at| at.0),
            test_call_due_ns: channel.board().test_call_due(party).map(|(due, _)| due.0),
            unattended_ns: intervals(book.unattended(day.0, day.1)),
            bill: bill.from(UtcNanos(now_ns)).take(BILL_TURNS_MAX).map(|turn| BillTurnView::of(&turn)).collect(),
            bill_gaps_ns: intervals(bill.gaps_ahead(UtcNanos(now_ns))),
            late: channel.board().late(party, UtcNanos(now_ns)).as_ref().map(BillTurnView::of),
            changes: book
                .entries()
                .map(|(watch, origin)| WatchChangeView {
                    act: watch.act.name().to_owned(),
                    officer: origin.signer.clone(),
                    at_ns: watch.at.0,
                    remarks: some_words(watch.remarks.as_ref()),
                    time: entry_time(channel, origin),
                })
                .collect(),
        }
    };
    vec![view(0), view(1)]
}

fn intervals(intervals: Vec<(UtcNanos, UtcNanos)>) -> Vec<[i64; 2]> {
    intervals.into_iter().map(|(start, end)| [start.0, end.0]).collect()
}

/// Views of the lists of both parties.
pub fn protected_lists(channel: &Channel) -> Vec<ProtectedListView> {
    let view = |party: usize| {
        let list = channel.board().protected_list(party);
        let receipt = |(receipt, origin): &PlacedReceipt| ListReceiptView {
            officer: origin.signer.clone(),
            at_ns: origin.claimed_time.0,
            version: receipt.version.to_string(),
            count: receipt.count,
            outdated: receipt.version != list.version,
            time: entry_time(channel, origin),
        };
        ProtectedListView {
            party: channel.pact().party_name(party).to_owned(),
            version: list.version.to_string(),
            count: list.count,
            receipt: channel.board().list_receipt(1 - party).map(receipt),
        }
    };
    vec![view(0), view(1)]
}

/// Views of the test calls.
pub fn test_calls(channel: &Channel, now_ns: i64) -> Vec<TestCallView> {
    let view = |call: &TestCall| {
        let at_ns = call.origin.claimed_time.0;
        let answer_ns = call.answer.as_ref().map(|answer| answer.claimed_time.0.saturating_sub(at_ns));
        TestCallView {
            id: call.origin.leaf.to_string(),
            party: channel.pact().party_name(call.origin.party).to_owned(),
            officer: call.origin.signer.clone(),
            at_ns,
            time: entry_time(channel, &call.origin),
            answered_by: call.answer.as_ref().map(|answer| answer.signer.clone()),
            answer_ns,
            missed: call.is_missed(channel.pact().terms(), UtcNanos(now_ns)),
        }
    };
    channel.board().test_calls().iter().map(view).collect()
}
