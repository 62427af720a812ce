//! Views of the agenda of the working group, and what its minutes are made from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use skypact_airspace::UtcNanos;
use skypact_channel::{
    AgendaAct, AgendaDecision, AgendaEntry, Channel, Discussed, Message, OpenItem, Origin, Topic, agenda,
};
use skypact_record::Hash;
use utoipa::ToSchema;

use super::cases::{SaidView, said, title};
use crate::directory::base64;

/// Most items in a view, the newest.
const ITEMS_MAX: usize = 200;
/// Most positions of a party and decisions of an item in a view, the newest.
const SAID_MAX: usize = 50;

/// The agenda of a channel.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AgendaView {
    /// Open items.
    pub open: usize,
    /// Why they are open, and whose matter it is.
    pub topics: Vec<TopicCountView>,
    /// The newest open items, at most 200, and those about which somebody has spoken first.
    pub items: Vec<ItemView>,
}

/// How many open items a topic has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TopicCountView {
    /// LATE, UNSEEN OVERLAP, STOP UNANSWERED, PROTECTED SITE, INCIDENT, disputed, withheld, unanswered, unacknowledged, raised or
    /// decision proposed.
    pub topic: String,
    /// Party.
    pub party: String,
    /// Open items.
    pub items: usize,
}

/// An item.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ItemView {
    /// What it is named by.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// How somebody put it on the agenda.
    pub raised: Option<SaidView>,
    /// Why it is open; none when it is not.
    pub points: Vec<PointView>,
    /// Positions of both sides, by party and oldest first; at most the 50 newest of each.
    pub positions: Vec<PositionView>,
    /// Decisions, at most the 50 newest.
    pub decisions: Vec<DecisionView>,
}

/// Why an item is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PointView {
    /// As in the counts.
    pub topic: String,
    /// Whose matter it is.
    pub party: String,
    /// Since when, as the entry claims, nanoseconds UTC.
    pub since_ns: i64,
    /// How often.
    pub count: usize,
}

/// Where a side stands.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PositionView {
    /// What it said.
    pub said: SaidView,
    /// Whether a later one took its place.
    pub superseded: bool,
}

/// A decision.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DecisionView {
    /// Who proposed it, and what it is.
    pub said: SaidView,
    /// CBOR of its body, base64.
    pub body: String,
    /// SHA-256 of its body: what is accepted.
    pub content: String,
    /// Who of the other side signed it; the text is empty.
    pub accepted: Option<SaidView>,
}

/// What minutes are made from.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MinutesView {
    /// Channel.
    pub channel: String,
    /// Parties, in their order.
    pub parties: Vec<String>,
    /// From when, nanoseconds UTC.
    pub from_ns: i64,
    /// Until when, nanoseconds UTC.
    pub until_ns: i64,
    /// When they were made, nanoseconds UTC.
    pub now_ns: i64,
    /// Entries of the four logs over which they were made.
    pub sizes: Vec<(String, u64)>,
    /// Items about which something was said in that time, at most the 200 newest; with what was said in it.
    pub discussed: Vec<ItemView>,
    /// How many there were.
    pub discussed_count: usize,
    /// The agenda when they were made, as far as it came up before the end of that time.
    pub agenda: AgendaView,
}

/// View of the agenda.
pub fn agenda_view(channel: &Channel, now_ns: i64) -> AgendaView {
    shown(channel, agenda(channel, UtcNanos(now_ns)))
}

fn shown(channel: &Channel, mut items: Vec<OpenItem>) -> AgendaView {
    let mut counts: BTreeMap<(Topic, usize), usize> = BTreeMap::new();
    for item in &items {
        let mut points: Vec<_> = item.points.iter().map(|point| (point.topic, point.party)).collect();
        points.dedup();
        for point in points {
            *counts.entry(point).or_default() += 1;
        }
    }
    let open = items.len();
    let book = channel.board().agenda_book();
    items.sort_by_cached_key(|item| (book.get(&item.id).is_none(), std::cmp::Reverse(item.since()), item.id));
    items.truncate(ITEMS_MAX);
    let name = |party: usize| channel.pact().party_name(party).to_owned();
    let count = |((topic, party), items): ((Topic, usize), usize)| TopicCountView {
        topic: topic.name().to_owned(),
        party: name(party),
        items,
    };
    AgendaView {
        open,
        topics: counts.into_iter().map(count).collect(),
        items: items.iter().map(|item| view(channel, &item.id, Some(item), |_| true)).collect(),
    }
}

/// View of one item; none when nothing here has this name.
pub fn item(channel: &Channel, id: &Hash, now_ns: i64) -> Option<ItemView> {
    if !channel.board().is_subject(id) {
        return None;
    }
    let open = agenda(channel, UtcNanos(now_ns)).into_iter().find(|item| item.id == *id);
    Some(view(channel, id, open.as_ref(), |_| true))
}

/// What minutes of this time are made from: `from_ns` included, `until_ns` not.
pub fn minutes(channel: &Channel, from_ns: i64, until_ns: i64, now_ns: i64) -> MinutesView {
    let in_time = |origin: &Origin| (from_ns..until_ns).contains(&origin.claimed_time.0);
    let is_discussed = |discussed: &Discussed| {
        let positions = discussed.positions.iter().flatten().map(|(_, origin)| origin);
        let decisions = discussed.decisions.iter();
        let decisions = decisions.flat_map(|decision| std::iter::once(&decision.origin).chain(&decision.accepted));
        let raised = discussed.raised.iter().map(|(_, origin)| origin);
        positions
            .chain(decisions)
            .chain(raised)
            .filter(|origin| in_time(origin))
            .map(|origin| origin.claimed_time.0)
            .max()
    };
    let mut open = agenda(channel, UtcNanos(now_ns));
    let book = channel.board().agenda_book();
    let mut discussed: Vec<(i64, Hash)> =
        book.iter().filter_map(|(id, discussed)| Some((is_discussed(discussed)?, *id))).collect();
    discussed.sort_unstable_by(|a, b| b.cmp(a));
    let item = |(_, id): &(i64, Hash)| view(channel, id, open.iter().find(|item| item.id == *id), in_time);
    let shown_items = discussed.iter().take(ITEMS_MAX).map(item).collect();
    open.retain(|item| item.since().0 < until_ns);
    MinutesView {
        channel: channel.pact().genesis().channel_name.to_string(),
        parties: [0, 1].map(|party| channel.pact().party_name(party).to_owned()).to_vec(),
        from_ns,
        until_ns,
        now_ns,
        sizes: skypact_channel::LogRef::ALL
            .map(|log| (channel.pact().log_keys(log).origin.to_string(), channel.log(log).size()))
            .to_vec(),
        discussed: shown_items,
        discussed_count: discussed.len(),
        agenda: shown(channel, open),
    }
}

fn view(channel: &Channel, id: &Hash, open: Option<&OpenItem>, in_time: impl Fn(&Origin) -> bool) -> ItemView {
    let empty = Discussed::default();
    let discussed = channel.board().agenda_book().get(id).unwrap_or(&empty);
    let positions = discussed.positions.iter().flat_map(|of_party| {
        let first = of_party.len().saturating_sub(SAID_MAX);
        (first..).zip(&of_party[first..]).map(|(place, position)| (place + 1 < of_party.len(), position))
    });
    let positions = positions.filter(|(_, (_, origin))| in_time(origin));
    let decisions = &discussed.decisions[discussed.decisions.len().saturating_sub(SAID_MAX)..];
    let in_time_too =
        |decision: &&AgendaDecision| in_time(&decision.origin) || decision.accepted.as_ref().is_some_and(&in_time);
    ItemView {
        id: id.to_string(),
        title: title(channel, id),
        raised: discussed
            .raised
            .as_ref()
            .map(|(item, origin)| said(channel, origin, item.text.as_deref().unwrap_or_default())),
        points: open.map_or_else(Vec::new, |item| points(channel, item)),
        positions: positions
            .map(|(superseded, (text, origin))| PositionView { said: said(channel, origin, text), superseded })
            .collect(),
        decisions: decisions.iter().filter(in_time_too).map(|decision| self::decision(channel, id, decision)).collect(),
    }
}

/// Points of an item, those of one sort counted.
fn points(channel: &Channel, item: &OpenItem) -> Vec<PointView> {
    let mut views: Vec<PointView> = Vec::new();
    for point in &item.points {
        let (topic, party) = (point.topic.name(), channel.pact().party_name(point.party));
        match views.last_mut().filter(|last| last.topic == topic && last.party == party) {
            Some(last) => last.count += 1,
            None => views.push(PointView {
                topic: topic.to_owned(),
                party: party.to_owned(),
                since_ns: point.since.0,
                count: 1,
            }),
        }
    }
    views
}

fn decision(channel: &Channel, item: &Hash, decision: &AgendaDecision) -> DecisionView {
    let act = AgendaAct::Proposed { text: decision.text.clone() };
    let message = Message::AgendaEntry(AgendaEntry { item: *item, act });
    DecisionView {
        said: said(channel, &decision.origin, &decision.text),
        body: base64(&message.encode()),
        content: decision.origin.content.to_string(),
        accepted: decision.accepted.as_ref().map(|origin| said(channel, origin, "")),
    }
}
