//! The routes of joint cases, of the agenda of the working group, and of what its minutes are made from.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use skypact_channel::{Alarm, Channel, NoticeState};
use skypact_record::Hash;

use super::problem::Problem;
use super::request::{Asked, Name};
use super::routes::{Answer, read};
use super::views::{self, AgendaView, CaseView, CasesView, ItemView, MinutesView};
use crate::node::NodeHandle;

/// Which cases are listed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CasesQuery {
    /// Closed ones too.
    #[serde(default)]
    pub closed: bool,
}

/// Which case or item.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NamedQuery {
    /// What it is named by, an entry of it, or the first 6 or more digits of either.
    pub id: String,
}

/// Of which time.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MinutesQuery {
    /// From when, nanoseconds UTC.
    pub from_ns: i64,
    /// Until when, nanoseconds UTC.
    pub until_ns: i64,
}

/// The joint incident cases: those that somebody opened, and those that opened by themselves.
#[utoipa::path(
    get,
    path = "/v1/channels/{name}/cases",
    params(
        ("name" = String, Path, description = "Name of the channel."),
        ("closed" = Option<bool>, Query, description = "Whether closed ones are listed too.")
    ),
    responses((status = 200, description = "The cases, those first in which somebody has acted.", body = CasesView))
)]
pub(super) async fn cases(State(node): State<NodeHandle>, Asked(name, query): Asked<CasesQuery>) -> Answer<CasesView> {
    let now_ns = node.now_ns();
    read(&node, name, move |channel| views::cases(channel, now_ns, query.closed)).await
}

/// One case with all that was added to it.
#[utoipa::path(
    get,
    path = "/v1/channels/{name}/case",
    params(
        ("name" = String, Path, description = "Name of the channel."),
        ("id" = String, Query, description = "What it is named by, an entry of it, or the first 6 or more digits of either.")
    ),
    responses((status = 200, description = "The case.", body = CaseView))
)]
pub(super) async fn case(State(node): State<NodeHandle>, Asked(name, query): Asked<NamedQuery>) -> Answer<CaseView> {
    let now_ns = node.now_ns();
    let found = read(&node, name, move |channel| {
        let id = named(channel, &query.id, |id, leaf| {
            channel.board().case(id).is_some_and(|case| case.leaves.contains(leaf))
        })?;
        views::case(channel, &id, now_ns).ok_or_else(|| unknown(&query.id))
    });
    found.await?.0.map(Json)
}

/// What is on the agenda of the working group.
#[utoipa::path(
    get,
    path = "/v1/channels/{name}/agenda",
    params(("name" = String, Path, description = "Name of the channel.")),
    responses((status = 200, description = "The agenda.", body = AgendaView))
)]
pub(super) async fn agenda(State(node): State<NodeHandle>, Name(name): Name) -> Answer<AgendaView> {
    let now_ns = node.now_ns();
    read(&node, name, move |channel| views::agenda_view(channel, now_ns)).await
}

/// One item of the agenda, open or not, with all that was said about it.
#[utoipa::path(
    get,
    path = "/v1/channels/{name}/agenda-item",
    params(
        ("name" = String, Path, description = "Name of the channel."),
        ("id" = String, Query, description = "What it is named by, an entry of it, or the first 6 or more digits of either.")
    ),
    responses((status = 200, description = "The item.", body = ItemView))
)]
pub(super) async fn agenda_item(
    State(node): State<NodeHandle>,
    Asked(name, query): Asked<NamedQuery>,
) -> Answer<ItemView> {
    let now_ns = node.now_ns();
    let found = read(&node, name, move |channel| {
        let book = channel.board().agenda_book();
        let id = named(channel, &query.id, |id, leaf| book.get(id).is_some_and(|said| said.leaves.contains(leaf)))?;
        views::item(channel, &id, now_ns).ok_or_else(|| unknown(&query.id))
    });
    found.await?.0.map(Json)
}

/// What the minutes of some time are made from.
#[utoipa::path(
    get,
    path = "/v1/channels/{name}/minutes",
    params(
        ("name" = String, Path, description = "Name of the channel."),
        ("from_ns" = i64, Query, description = "From when, nanoseconds UTC."),
        ("until_ns" = i64, Query, description = "Until when, nanoseconds UTC.")
    ),
    responses((status = 200, description = "What was said and decided in that time, and the agenda.", body = MinutesView))
)]
pub(super) async fn minutes(
    State(node): State<NodeHandle>,
    Asked(name, MinutesQuery { from_ns, until_ns }): Asked<MinutesQuery>,
) -> Answer<MinutesView> {
    let now_ns = node.now_ns();
    read(&node, name, move |channel| views::minutes(channel, from_ns, until_ns, now_ns)).await
}

/// The case or item that is named by a leaf whose hash begins so, or that `holds` it.
fn named(channel: &Channel, prefix: &str, holds: impl Fn(&Hash, &Hash) -> bool) -> Result<Hash, Problem> {
    let lower = prefix.to_lowercase();
    if lower.len() < 6 {
        let message = "id: give at least 6 hex digits of the id";
        return Err(Problem::request(400, "id-too-short", "id", message));
    }
    let board = channel.board();
    let names = || board.case_book().iter().map(|(id, _)| id).chain(board.agenda_book().iter().map(|(id, _)| id));
    let of_leaf = |leaf: &Hash| {
        let notice = || board.notice_of(leaf).map(NoticeState::id);
        let stop = || board.alarms().alarm(leaf).map(Alarm::id);
        let itself = board.is_subject(leaf).then_some(*leaf);
        itself.or_else(notice).or_else(stop).or_else(|| names().find(|id| holds(id, leaf)).copied())
    };
    let begun = channel.entries().map(|(leaf, _)| leaf).filter(|leaf| leaf.to_string().starts_with(&lower));
    let mut found: Vec<Hash> = begun.take(3).filter_map(of_leaf).collect();
    found.extend(names().filter(|id| id.to_string().starts_with(&lower)));
    found.sort_unstable();
    found.dedup();
    match found[..] {
        [one] => Ok(one),
        [] => Err(unknown(prefix)),
        _ => Err(Problem::request(
            400,
            "id-ambiguous",
            "id",
            format!("id: several ids begin with {lower}; give more digits"),
        )),
    }
}

fn unknown(id: &str) -> Problem {
    Problem::request(
        404,
        "id-unknown",
        "id",
        format!(
            "id: no case, notice, STOP or item here has an id that begins with {id}; 'skypact case list' and 'skypact agenda list' show those there are"
        ),
    )
}
