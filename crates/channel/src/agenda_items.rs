//! What is on the agenda of the working group now: generated from the record, the same on both sides over the same entries at the same
//! time. Each source adds points; points about the same thing are one item. It visits what is open, never the whole record.

use skypact_airspace::UtcNanos;
use skypact_record::Hash;

use crate::agenda_book::Discussed;
use crate::case_book::{Asked, Case, CauseKind};
use crate::channel::Channel;
use crate::commitment::CommitmentStand;
use crate::line::CrossingStand;

/// Why something is on the agenda.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Topic {
    /// It opened a case by itself.
    Cause(CauseKind),
    /// Somebody opened a case.
    Incident,
    /// A fact, a commitment or a crossing of the line is disputed.
    Disputed,
    /// Evidence that was asked for was not given, with a reason.
    Withheld,
    /// A request for evidence has no answer.
    Unanswered,
    /// A notice was not read back in time, and is not read back yet.
    Unacknowledged,
    /// The date of a commitment is past, and a side has found nothing about it.
    Overdue,
    /// Somebody put it there.
    Raised,
    /// A decision waits for the other side's signature.
    Undecided,
}

impl Topic {
    /// Name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cause(kind) => kind.name(),
            Self::Incident => "INCIDENT",
            Self::Disputed => "disputed",
            Self::Withheld => "withheld",
            Self::Unanswered => "unanswered",
            Self::Unacknowledged => "unacknowledged",
            Self::Overdue => "overdue",
            Self::Raised => "raised",
            Self::Undecided => "decision proposed",
        }
    }
}

/// One reason why an item is on the agenda.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Point {
    /// Which.
    pub topic: Topic,
    /// The party that it is a matter of: who was late, who has not answered, who raised it.
    pub party: usize,
    /// Since when, as the entry claims.
    pub since: UtcNanos,
}

/// An item of the agenda.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenItem {
    /// What it is named by.
    pub id: Hash,
    /// Why it is there, at least one, ascending.
    pub points: Vec<Point>,
}

impl OpenItem {
    /// Since when it is on the agenda.
    pub fn since(&self) -> UtcNanos {
        self.points.iter().map(|point| point.since).min().unwrap_or(UtcNanos(i64::MAX))
    }
}

/// Where points come from: each source gives its own, by the item that they are about.
type Source = fn(&Channel, UtcNanos, &mut dyn FnMut(Hash, Point));

const SOURCES: [Source; 5] = [cases, unacknowledged, commitments, crossings, discussed];

/// The open items of a channel at `now`, the oldest first.
pub fn agenda(channel: &Channel, now: UtcNanos) -> Vec<OpenItem> {
    let mut points: Vec<(Hash, Point)> = Vec::new();
    let book = channel.board().agenda_book();
    for source in SOURCES {
        source(channel, now, &mut |id, point| {
            // What both sides have decided is settled, until there is news of it.
            let decided = book.get(&id).and_then(Discussed::decided);
            if decided.is_none_or(|decided| point.since > decided) {
                points.push((id, point));
            }
        });
    }
    points.sort_unstable();
    let mut items: Vec<OpenItem> = Vec::new();
    for (id, point) in points {
        match items.last_mut().filter(|last| last.id == id) {
            Some(last) => last.points.push(point),
            None => items.push(OpenItem { id, points: vec![point] }),
        }
    }
    items.sort_by_cached_key(|item| (item.since(), item.id));
    items
}

/// Open cases, and what is open in them.
fn cases(channel: &Channel, now: UtcNanos, add: &mut dyn FnMut(Hash, Point)) {
    let board = channel.board();
    for (id, causes) in board.case_ids(now) {
        let case = board.case(&id);
        if case.is_some_and(|case| case.is_closed(&causes)) {
            continue;
        }
        for (kind, cause) in causes.iter() {
            add(id, Point { topic: Topic::Cause(*kind), party: cause.party, since: cause.since });
        }
        if let Some(case) = case {
            points_of(case, &mut |point| add(id, point));
        }
    }
}

/// What is open in a case that is open.
fn points_of(case: &Case, add: &mut dyn FnMut(Point)) {
    if let Some((_, origin)) = &case.report {
        add(Point { topic: Topic::Incident, party: origin.party, since: origin.claimed_time });
    }
    for answer in case.disputed().filter_map(Asked::answer) {
        let by = &answer.origin;
        add(Point { topic: Topic::Disputed, party: by.party, since: by.claimed_time });
    }
    for request in case.not_given() {
        let (topic, said) = match request.answer() {
            Some(answer) => (Topic::Withheld, &answer.origin),
            None => (Topic::Unanswered, &request.origin),
        };
        add(Point { topic, party: 1 - request.origin.party, since: said.claimed_time });
    }
}

/// Notices that the counterpart has not read back in time, and not since.
fn unacknowledged(channel: &Channel, _: UtcNanos, add: &mut dyn FnMut(Hash, Point)) {
    for (id, origin) in channel.board().unacknowledged() {
        add(*id, Point { topic: Topic::Unacknowledged, party: 1 - origin.party, since: origin.claimed_time });
    }
}

/// Commitments whose date is past, for each side that has found nothing about them, and those about which the sides find different things.
fn commitments(channel: &Channel, now: UtcNanos, add: &mut dyn FnMut(Hash, Point)) {
    let book = channel.board().commitments();
    for state in book.overdue(now) {
        for party in [0, 1].into_iter().filter(|party| state.finding(*party).is_none()) {
            add(state.origin.leaf, Point { topic: Topic::Overdue, party, since: state.commitment.due });
        }
    }
    for state in book.iter().filter(|state| state.stand(now) == CommitmentStand::Disputed) {
        for (_, by) in [0, 1].into_iter().filter_map(|party| state.finding(party)) {
            add(state.origin.leaf, Point { topic: Topic::Disputed, party: by.party, since: by.claimed_time });
        }
    }
}

/// Crossings of the line that one side disputes and the other does not, by their earliest report.
fn crossings(channel: &Channel, _: UtcNanos, add: &mut dyn FnMut(Hash, Point)) {
    for crossing in channel.board().line().disputed() {
        let CrossingStand::Disputed { by } = crossing.stand() else { continue };
        let said = crossing.positions[by].map_or(crossing.first().origin.claimed_time, |(_, said)| said.claimed_time);
        add(crossing.first().origin.leaf, Point { topic: Topic::Disputed, party: by, since: said });
    }
}

/// Items by hand that are not decided, and decisions that wait for the other side.
fn discussed(channel: &Channel, _: UtcNanos, add: &mut dyn FnMut(Hash, Point)) {
    for (id, discussed) in channel.board().agenda_book().iter() {
        if let Some((_, origin)) = &discussed.raised {
            add(*id, Point { topic: Topic::Raised, party: origin.party, since: origin.claimed_time });
        }
        for decision in discussed.decisions.iter().filter(|decision| decision.accepted.is_none()) {
            let (party, since) = (1 - decision.origin.party, decision.origin.claimed_time);
            add(*id, Point { topic: Topic::Undecided, party, since });
        }
    }
}
