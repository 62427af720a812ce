//! The routes of the local API. Each parses its input once, asks the node, and shows a view.

use std::io::Seek as _;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Json, Router};
use skypact_channel::{Channel, Kind, LogRef, Message, Notice, Submission};
use skypact_record::{Algorithm, Hash, KeyId, KeyRole, LogClass, Part, Signature};

use super::file_body::{FileBody, nameless};
use super::guard::Officer;
use super::problem::Problem;
use super::request::{Asked, JsonBody, Name, NothingAsked};
use super::views::{
    self, ActIn, ActsIn, AssuranceView, BundleQuery, ChannelView, CheckIn, ChecksIn, CommitmentView, ConflictView,
    ErasuresView, HeadKeyView, HotlineQuery, HotlineView, KeyView, LeftOutView, LineQuery, LineView, LinkWeekView,
    LogPeriodsView, NoticeView, PlacedView, ProposalView, ProtectedListView, StatementView, StopView, TestCallView,
    WatchView, WeekView,
};
use super::{carriage, cases, dictation};
use crate::alarm::{FailedBell, failed_bells};
use crate::directory::{NodeDir, unbase64};
use crate::node::{Channels, NodeHandle};
use crate::system::in_words;

/// Largest body of a request, bytes: ten thousand acts.
pub const BODY_MAX_BYTES: usize = 64 << 20;
const ACTS_MAX: usize = 10_000;

/// Every path, with what answers it. `openapi/local.json` has the same ones; a test compares.
pub(super) fn table() -> [(&'static str, MethodRouter<NodeHandle>); 33] {
    [
        ("/v1/channels", get(channels)),
        ("/v1/channels/{name}", get(channel)),
        ("/v1/channels/{name}/notices", get(notices)),
        ("/v1/channels/{name}/conflicts", get(conflicts)),
        ("/v1/channels/{name}/proposals", get(proposals)),
        ("/v1/channels/{name}/stops", get(stops)),
        ("/v1/channels/{name}/keys", get(keys)),
        ("/v1/channels/{name}/head-keys", get(head_keys)),
        ("/v1/channels/{name}/health", get(health)),
        ("/v1/channels/{name}/link", get(link)),
        ("/v1/channels/{name}/periods", get(periods)),
        ("/v1/channels/{name}/left-out", get(left_out)),
        ("/v1/channels/{name}/watch", get(watch)),
        ("/v1/channels/{name}/test-calls", get(test_calls)),
        ("/v1/channels/{name}/bells", get(bells)),
        ("/v1/channels/{name}/protected", get(protected)),
        ("/v1/channels/{name}/line", get(line)),
        ("/v1/channels/{name}/cases", get(cases::cases)),
        ("/v1/channels/{name}/case", get(cases::case)),
        ("/v1/channels/{name}/agenda", get(cases::agenda)),
        ("/v1/channels/{name}/agenda-item", get(cases::agenda_item)),
        ("/v1/channels/{name}/minutes", get(cases::minutes)),
        ("/v1/channels/{name}/erasures", get(erasures)),
        ("/v1/channels/{name}/commitments", get(commitments)),
        ("/v1/channels/{name}/statements", get(statements)),
        ("/v1/channels/{name}/assurances", get(assurances)),
        ("/v1/channels/{name}/hotline", get(hotline)),
        ("/v1/channels/{name}/check", post(check)),
        ("/v1/channels/{name}/checks", post(checks)),
        ("/v1/channels/{name}/acts", post(acts)),
        ("/v1/channels/{name}/bundle", get(bundle)),
        ("/v1/channels/{name}/frames", get(carriage::export).post(carriage::import)),
        ("/v1/channels/{name}/dictation", get(dictation::dictate).post(dictation::write_down)),
    ]
}

/// The local API of a node.
pub fn router(node: NodeHandle) -> Router {
    let router = table().into_iter().fold(Router::new(), |router, (path, answer)| router.route(path, answer));
    router
        .fallback(|| async {
            Problem::request(404, "path-unknown", "path", "path: there is no such path; see openapi/local.json")
        })
        .method_not_allowed_fallback(|| async {
            let message = "method: this path has another one; see openapi/local.json";
            Problem::request(405, "method-not-allowed", "method", message)
        })
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
        .with_state(node)
}

pub(super) type Answer<T> = Result<Json<T>, Problem>;

/// Reads the committed state of one channel.
pub(super) async fn read<T: Send + 'static>(
    node: &NodeHandle,
    name: String,
    view: impl FnOnce(&Channel) -> T + Send + 'static,
) -> Answer<T> {
    read_beside(node, name, move |channel, _, _| view(channel)).await
}

/// The same with what the node knows beside it, by the name of the channel.
async fn read_beside<T: Send + 'static>(
    node: &NodeHandle,
    name: String,
    view: impl FnOnce(&Channel, &Channels, &str) -> T + Send + 'static,
) -> Answer<T> {
    let found = node.query({
        let name = name.clone();
        move |channels| channels.get(&name).map(|channel| view(channel, channels, &name))
    });
    Ok(Json(found.await?.ok_or_else(|| unknown_channel(&name))?))
}

fn unknown_channel(name: &str) -> Problem {
    Problem::request(404, "channel-unknown", "channel", format!("there is no channel {name} here"))
}

/// All channels of the node.
#[utoipa::path(
    get,
    path = "/v1/channels",
    responses((status = 200, description = "The channels, by name.", body = Vec<ChannelView>))
)]
async fn channels(State(node): State<NodeHandle>, _: NothingAsked) -> Answer<Vec<ChannelView>> {
    let (now_ns, exercise) = (node.now_ns(), node.is_exercise());
    let all = node.query(move |channels| {
        let view = |name: &str| {
            let (channel, clocks) = (channels.get(name)?, channels.clocks(name)?);
            let (link, witnesses) = (channels.link(name), channels.witnesses(name));
            Some(views::channel(name, channel, &link, &clocks, &witnesses, now_ns, exercise))
        };
        channels.names().filter_map(view).collect()
    });
    Ok(Json(all.await?))
}

/// One channel.
#[utoipa::path(
    get,
    path = "/v1/channels/{name}",
    params(("name" = String, Path, description = "Name of the channel.")),
    responses((status = 200, description = "The channel.", body = ChannelView))
)]
async fn channel(State(node): State<NodeHandle>, Name(name): Name) -> Answer<ChannelView> {
    let Json(all) = channels(State(node), NothingAsked).await?;
    all.into_iter().find(|view| view.name == name).map(Json).ok_or_else(|| unknown_channel(&name))
}

/// The notices of both parties, each in its newest version.
#[utoipa::path(
    get,
    path = "/v1/channels/{name}/notices",
    params(("name" = String, Path, description = "Name of the channel.")),
    responses((status = 200, description = "The notices.", body = Vec<NoticeView>))
)]
async fn notices(State(node): State<NodeHandle>, Name(name): Name) -> Answer<Vec<NoticeView>> {
    read(&node, name, |channel| channel.board().notices().map(|state| views::notice(channel, state)).collect()).await
}

/// The conflicts between notices of the two parties, open and closed.
#[utoipa::path(
    get,
    path = "/v1/channels/{name}/conflicts",
    params(("name" = String, Path, description = "Name of the channel.")),
    responses((status = 200, description = "The conflicts.", body = Vec<ConflictView>))
)]
async fn conflicts(State(node): State<NodeHandle>, Name(name): Name) -> Answer<Vec<ConflictView>> {
    let view = |channel: &Channel| {
        channel.board().conflicts().map(|(key, state)| views::conflict(channel, key, state)).collect()
    };
    read(&node, name, view).await
}

/// The proposals of both parties.
#[utoipa::path(
    get,
    path = "/v1/channels/{name}/proposals",
    params(("name" = String, Path, description = "Name of the channel.")),
    responses((status = 200, description = "The proposals.", body = Vec<ProposalView>))
)]
async fn proposals(State(node): State<NodeHandle>, Name(name): Name) -> Answer<Vec<ProposalView>> {
    read(&node, name, |channel| channel.board().proposals().map(|state| views::proposal(channel, state)).collect())
        .await
}

/// The STOPs of both parties with their answers, one item for each alarm.
#[utoipa::path(
    get,
    path = "/v1/channels/{name}/stops",
    params(("name" = String, Path, description = "Name of the channel.")),
    responses((status = 200, description = "The alarms, oldest first.", body = Vec<StopView>))
)]
async fn stops(State(node): State<NodeHandle>, Name(name): Name) -> Answer<Vec<StopView>> {
    let now_ns = node.now_ns();
    let view = move |channel: &Channel| {
        channel.board().alarms().iter().map(|alarm| views::stop(channel, alarm, now_ns)).collect()
    };
    read(&node, name, view).await
}

/// Keys that sign acts for the two parties: those of the pact, and the key changes since.
#[utoipa::path(
    get,
    path = "/v1/channels/{name}/keys",
    params(("name" = String, Path, description = "Name of the channel.")),
    responses((status = 200, description = "The keys, those that were revoked among them.", body = Vec<KeyView>))
)]
async fn keys(State(node): State<NodeHandle>, Name(name): Name) -> Answer<Vec<KeyView>> {
    read(&node, name, views::keys).await
}

/// Keys that heads of the four logs are or were under: those of the pact, and the rotations since.
#[utoipa::path(
    get,
    path = "/v1/channels/{name}/head-keys",
    params(("name" = String, Path, description = "Name of the channel.")),
    responses((status = 200, description = "The keys, by log, those that were replaced among them.", body = Vec<HeadKeyView>))
)]
async fn head_keys(State(node): State<NodeHandle>, Name(name): Name) -> Answer<Vec<HeadKeyView>> {
    read(&node, name, views::head_keys).await
}

/// Who has the watch at each party, and when nobody had it.
#[utoipa::path(
    get,
    path = "/v1/channels/{name}/watch",
    params(("name" = String, Path, description = "Name of the channel.")),
    responses((status = 200, description = "The watches, in the order of the parties.", body = Vec<WatchView>))
)]
async fn watch(State(node): State<NodeHandle>, Name(name): Name) -> Answer<Vec<WatchView>> {
    let now_ns = node.now_ns();
    read(&node, name, move |channel| views::watches(channel, now_ns)).await
}

/// Test calls of both parties, oldest first.
#[utoipa::path(
    get,
    path = "/v1/channels/{name}/test-calls",
    params(("name" = String, Path, description = "Name of the channel.")),
    responses((status = 200, description = "The calls, with their answers.", body = Vec<TestCallView>))
)]
async fn test_calls(State(node): State<NodeHandle>, Name(name): Name) -> Answer<Vec<TestCallView>> {
    let now_ns = node.now_ns();
    read(&node, name, move |channel| views::test_calls(channel, now_ns)).await
}

/// Bells of `node.toml` that failed when they were tried last, by the end of the node's alarms.log.
#[utoipa::path(
    get,
    path = "/v1/channels/{name}/bells",
    params(("name" = String, Path, description = "Name of the channel.")),
    responses((status = 200, description = "The bells that failed; none when all that were tried rang.", body = Vec<FailedBell>))
)]
async fn bells(State(node): State<NodeHandle>, Name(name): Name) -> Answer<Vec<FailedBell>> {
    let Json(name) = read_beside(&node, name, |_, _, name| name.to_owned()).await?;
    let log = NodeDir(node.scratch().to_path_buf()).alarm_log();
    let mut failed = tokio::task::block_in_place(|| failed_bells(&log));
    failed.retain(|bell| bell.channel == name);
    Ok(Json(failed))
}

/// Which list of protected sites and movements each party has, by its version, and who of the other party signed for which.
#[utoipa::path(
    get,
    path = "/v1/channels/{name}/protected",
    params(("name" = String, Path, description = "Name of the channel.")),
    responses((status = 200, description = "The lists, in the order of the parties.", body = Vec<ProtectedListView>))
)]
async fn protected(State(node): State<NodeHandle>, Name(name): Name) -> Answer<Vec<ProtectedListView>> {
    read(&node, name, views::protected_lists).await
}

/// The deconfliction line, what crossed it by the reports of both parties, and what was said about that.
#[utoipa::path(
    get,
    path = "/v1/channels/{name}/line",
    params(
        ("name" = String, Path, description = "Name of the channel."),
        ("from_ns" = Option<i64>, Query, description = "First instant, nanoseconds UTC; from the beginning when absent."),
        ("until_ns" = Option<i64>, Query, description = "Last instant; to the end when absent."),
        ("waiting" = Option<bool>, Query, description = "Only those that the counterpart disputes, and of which this party has said nothing.")
    ),
    responses((status = 200, description = "The line, the count by day, and the crossings.", body = LineView))
)]
async fn line(State(node): State<NodeHandle>, Asked(name, query): Asked<LineQuery>) -> Answer<LineView> {
    read(&node, name, move |channel| views::line(channel, query)).await
}

/// Bodies that are erased, by whom and when, and those that this party may erase now.
#[utoipa::path(
    get,
    path = "/v1/channels/{name}/erasures",
    params(("name" = String, Path, description = "Name of the channel.")),
    responses((status = 200, description = "What is erased, and what may be.", body = ErasuresView))
)]
async fn erasures(State(node): State<NodeHandle>, Name(name): Name) -> Answer<ErasuresView> {
    read(&node, name, views::erasures).await
}

/// The commitments, every version, with what each side found.
#[utoipa::path(
    get,
    path = "/v1/channels/{name}/commitments",
    params(("name" = String, Path, description = "Name of the channel.")),
    responses((status = 200, description = "The commitments, in the order in which this node took them in.", body = Vec<CommitmentView>))
)]
async fn commitments(State(node): State<NodeHandle>, Name(name): Name) -> Answer<Vec<CommitmentView>> {
    let now_ns = node.now_ns();
    read(&node, name, move |channel| views::commitments(channel, now_ns)).await
}

/// The statements that were entered, those that another one has taken the place of among them.
#[utoipa::path(
    get,
    path = "/v1/channels/{name}/statements",
    params(("name" = String, Path, description = "Name of the channel.")),
    responses((status = 200, description = "The statements, in the order in which this node took them in.", body = Vec<StatementView>))
)]
async fn statements(State(node): State<NodeHandle>, Name(name): Name) -> Answer<Vec<StatementView>> {
    read(&node, name, views::statements).await
}

/// The assurances and denials of both parties, and the notices that contradict them.
#[utoipa::path(
    get,
    path = "/v1/channels/{name}/assurances",
    params(("name" = String, Path, description = "Name of the channel.")),
    responses((status = 200, description = "By party, each oldest first.", body = Vec<AssuranceView>))
)]
async fn assurances(State(node): State<NodeHandle>, Name(name): Name) -> Answer<Vec<AssuranceView>> {
    read(&node, name, views::assurances).await
}

/// What both parties said over the hotline.
#[utoipa::path(
    get,
    path = "/v1/channels/{name}/hotline",
    params(
        ("name" = String, Path, description = "Name of the channel."),
        ("waiting" = Option<bool>, Query, description = "Only what the counterpart said since this party spoke last."),
        ("last" = Option<usize>, Query, description = "The last so many; all when absent.")
    ),
    responses((status = 200, description = "The messages, in the order in which this node got them.", body = Vec<HotlineView>))
)]
async fn hotline(State(node): State<NodeHandle>, Asked(name, query): Asked<HotlineQuery>) -> Answer<Vec<HotlineView>> {
    read(&node, name, move |channel| views::hotline(channel, query)).await
}

/// What each party did in each week, out of the record alone.
#[utoipa::path(
    get,
    path = "/v1/channels/{name}/health",
    params(("name" = String, Path, description = "Name of the channel.")),
    responses((status = 200, description = "The weeks in which something was said, oldest first.", body = Vec<WeekView>))
)]
async fn health(State(node): State<NodeHandle>, Name(name): Name) -> Answer<Vec<WeekView>> {
    let now_ns = node.now_ns();
    read(&node, name, move |channel| views::weeks(channel, now_ns)).await
}

/// The periods of the four logs, and how much of each is in this node's archive.
#[utoipa::path(
    get,
    path = "/v1/channels/{name}/periods",
    params(("name" = String, Path, description = "Name of the channel.")),
    responses((status = 200, description = "The logs, in the order of the parties, routine first.", body = Vec<LogPeriodsView>))
)]
async fn periods(State(node): State<NodeHandle>, Name(name): Name) -> Answer<Vec<LogPeriodsView>> {
    read_beside(&node, name, views::periods).await
}

/// Acts that were recorded on an old store and are no longer permitted behind what came back from the counterpart.
#[utoipa::path(
    get,
    path = "/v1/channels/{name}/left-out",
    params(("name" = String, Path, description = "Name of the channel.")),
    responses((status = 200, description = "The acts, by the time that they claim.", body = Vec<LeftOutView>))
)]
async fn left_out(State(node): State<NodeHandle>, Name(name): Name) -> Answer<Vec<LeftOutView>> {
    Ok(Json(node.left_out(&name).await?.into_iter().map(views::left_out).collect()))
}

/// What this node alone measured of the link and the clocks in each week. It is in no record; the counterpart measures its own.
#[utoipa::path(
    get,
    path = "/v1/channels/{name}/link",
    params(("name" = String, Path, description = "Name of the channel.")),
    responses((status = 200, description = "The weeks in which this node ran or had run before, oldest first, at most 104.", body = Vec<LinkWeekView>))
)]
async fn link(State(node): State<NodeHandle>, Name(name): Name) -> Answer<Vec<LinkWeekView>> {
    read_beside(&node, name, |channel, channels, name| {
        channels.link_weeks(name).map(|week| views::link_week(channel, week)).collect()
    })
    .await
}

/// Conflicts that a notice would have if it were filed now. Nothing is recorded.
#[utoipa::path(
    post,
    path = "/v1/channels/{name}/check",
    params(("name" = String, Path, description = "Name of the channel.")),
    request_body = CheckIn,
    responses((status = 200, description = "Leaf hashes of the versions of the other party that it would be in conflict with.", body = Vec<String>))
)]
async fn check(
    State(node): State<NodeHandle>,
    Name(name): Name,
    JsonBody(request): JsonBody<CheckIn>,
) -> Answer<Vec<String>> {
    let notice = unfiled(&request.body)?;
    let party = move |me: usize| if request.by_counterpart { 1 - me } else { me };
    read(&node, name, move |channel| in_conflict_with(channel, party(channel.me()), &notice)).await
}

/// Conflicts that each of several notices would have if it were filed now. Nothing is recorded.
#[utoipa::path(
    post,
    path = "/v1/channels/{name}/checks",
    params(("name" = String, Path, description = "Name of the channel.")),
    request_body = ChecksIn,
    responses((status = 200, description = "For each notice the leaf hashes of the counterpart's versions that it would be in conflict with.", body = Vec<Vec<String>>))
)]
async fn checks(
    State(node): State<NodeHandle>,
    Name(name): Name,
    JsonBody(request): JsonBody<ChecksIn>,
) -> Answer<Vec<Vec<String>>> {
    if request.bodies.len() > ACTS_MAX {
        return Err(Problem::request(400, "too-many-notices", "bodies", format!("at most {ACTS_MAX} in one request")));
    }
    let notices = request
        .bodies
        .iter()
        .enumerate()
        .map(|(position, body)| unfiled(body).map_err(|problem| Problem { position: Some(position), ..problem }));
    let notices = notices.collect::<Result<Vec<Notice>, _>>()?;
    let view =
        move |channel: &Channel| notices.iter().map(|notice| in_conflict_with(channel, channel.me(), notice)).collect();
    read(&node, name, view).await
}

/// A notice out of the CBOR of its body, in base64.
fn unfiled(body: &str) -> Result<Notice, Problem> {
    let missing = || Problem::request(400, "field-invalid", "body", "body: give the notice's CBOR in base64");
    let message = Message::decode(Kind::Notice, &unbase64(body).ok_or_else(missing)?);
    match message.map_err(|error| Problem::request(400, error.code(), error.field, error.to_string()))? {
        Message::Notice(notice) => Ok(notice),
        _ => unreachable!("decoded as a notice"),
    }
}

/// Leaf hashes of the other party's versions that a notice of `party` would be in conflict with.
fn in_conflict_with(channel: &Channel, party: usize, notice: &Notice) -> Vec<String> {
    let found = channel.board().conflicts_with(party, notice);
    found.into_iter().map(|(version, ..)| version.to_string()).collect()
}

/// Records acts that officers signed, in order; what is answered is durable. At the first one that is refused the rest is left.
#[utoipa::path(
    post,
    path = "/v1/channels/{name}/acts",
    params(("name" = String, Path, description = "Name of the channel.")),
    request_body = ActsIn,
    responses((status = 200, description = "Where each act was placed.", body = Vec<PlacedView>))
)]
async fn acts(
    State(node): State<NodeHandle>,
    Name(name): Name,
    officer: Option<Extension<Officer>>,
    JsonBody(request): JsonBody<ActsIn>,
) -> Answer<Vec<PlacedView>> {
    if request.acts.len() > ACTS_MAX {
        return Err(Problem::request(400, "too-many-acts", "acts", format!("at most {ACTS_MAX} in one request")));
    }
    let submissions = request
        .acts
        .iter()
        .enumerate()
        .map(|(position, act)| submission(act).map_err(|problem| Problem { position: Some(position), ..problem }));
    let submissions = submissions.collect::<Result<Vec<_>, _>>()?;
    if let Some(Extension(officer)) = officer {
        only_of(officer, &node, &name, &submissions).await?;
    }
    let placed = node.submit(&name, submissions).await?;
    let view = placed.into_iter().map(|placed| PlacedView {
        leaf: placed.leaf.to_string(),
        origin: placed.origin,
        index: placed.index,
    });
    Ok(Json(view.collect()))
}

/// Whether every act is signed with a key that the pact gives to this officer.
async fn only_of(Officer(officer): Officer, node: &NodeHandle, name: &str, acts: &[Submission]) -> Result<(), Problem> {
    let keys: Vec<KeyId> = acts.iter().map(|act| act.act.signature().key_id).collect();
    let label = officer.clone();
    let view = move |channel: &Channel| {
        // The keys of its routine log: both logs of a party change their keys in one request.
        let log = LogRef { party: channel.me(), class: LogClass::Routine };
        let own = |id: &KeyId| {
            channel.key(log, *id).is_some_and(|key| key.role == KeyRole::Officer && key.label.as_str() == label)
        };
        keys.iter().position(|id| !own(id))
    };
    let Json(foreign) = read(node, name.to_owned(), view).await?;
    let Some(position) = foreign else { return Ok(()) };
    let message = format!("key_id: is no key of '{officer}', whose token this is; nothing of the request was recorded");
    Err(Problem { position: Some(position), ..Problem::request(403, "officer-mismatch", "key_id", message) })
}

fn submission(act: &ActIn) -> Result<Submission, Problem> {
    let bytes = |field: &'static str, text: &str| {
        unbase64(text).ok_or_else(|| Problem::request(400, "field-invalid", field, "is not base64"))
    };
    let short = |field| Problem::request(400, "field-invalid", field, "is not base64 of 32 bytes");
    let key_id = KeyId(Hash(bytes("key_id", &act.key_id)?.try_into().map_err(|_| short("key_id"))?));
    let salt = bytes("salt", &act.salt)?.try_into().map_err(|_| short("salt"))?;
    let signature = Signature { algorithm: Algorithm::Ed25519, key_id, bytes: bytes("signature", &act.signature)? };
    let part = Part { salt, bytes: bytes("body", &act.body)? };
    let assembled = Submission::assemble(bytes("act", &act.act)?, signature, part);
    assembled.map_err(|error| Problem::request(400, error.code(), "act", error.to_string()))
}

/// The evidence bundle of a channel: a tar file of everything that the node holds about it, for `skypact verify`.
#[utoipa::path(
    get,
    path = "/v1/channels/{name}/bundle",
    params(
        ("name" = String, Path, description = "Name of the channel."),
        ("only" = Option<String>, Query, description = "Entries that are disclosed, by leaf hash or its first 6 or more digits, separated by commas; all when absent."),
        ("withhold_bodies" = Option<bool>, Query, description = "Whether bodies are withheld."),
        ("case" = Option<String>, Query, description = "The case whose entries are disclosed, by what it is named by or the first 6 or more digits of it.")
    ),
    responses((status = 200, description = "The bundle (docs/record-format.md).", body = String, content_type = "application/octet-stream"))
)]
async fn bundle(State(node): State<NodeHandle>, Asked(name, query): Asked<BundleQuery>) -> Result<Response, Problem> {
    let unusable = |error: std::io::Error| Problem::request(500, "file-unusable", "bundle", in_words(&error));
    let mut file = nameless(node.scratch()).map_err(unusable)?;
    let length = node.bundle(&name, query.options(), file.try_clone().map_err(unusable)?).await?;
    file.rewind().map_err(unusable)?;
    Ok(([(CONTENT_TYPE, "application/octet-stream")], Body::new(FileBody::new(file, length))).into_response())
}
