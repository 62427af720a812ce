//! The routes of the local API. Each parses its input once, asks the node, and shows a view.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use skypact_channel::{Channel, Kind, Message, Submission};
use skypact_record::{Algorithm, Hash, KeyId, Part, Signature};

use super::problem::Problem;
use super::views::{self, ActIn, ActsIn, ChannelView, ConflictView, NoticeView, PlacedView, ProposalView};
use crate::directory::unbase64;
use crate::node::NodeHandle;

/// Largest request: ten thousand acts.
const BODY_MAX_BYTES: usize = 64 << 20;
const ACTS_MAX: usize = 10_000;

/// The local API of a node.
pub fn router(node: NodeHandle) -> Router {
    Router::new()
        .route("/v1/channels", get(channels))
        .route("/v1/channels/{name}", get(channel))
        .route("/v1/channels/{name}/notices", get(notices))
        .route("/v1/channels/{name}/conflicts", get(conflicts))
        .route("/v1/channels/{name}/proposals", get(proposals))
        .route("/v1/channels/{name}/check", post(check))
        .route("/v1/channels/{name}/acts", post(acts))
        .route("/v1/channels/{name}/bundle", get(bundle))
        .fallback(|| async {
            Problem::request(404, "path-unknown", "path", "there is no such path; see openapi/local.json")
        })
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
        .with_state(node)
}

type Answer<T> = Result<Json<T>, Problem>;

/// Reads the committed state of one channel.
async fn read<T: Send + 'static>(
    node: &NodeHandle,
    name: String,
    view: impl FnOnce(&Channel) -> T + Send + 'static,
) -> Answer<T> {
    let found = node.query({
        let name = name.clone();
        move |channels| channels.get(&name).map(view)
    });
    let missing = || Problem::request(404, "channel-unknown", "channel", format!("there is no channel {name} here"));
    Ok(Json(found.await?.ok_or_else(missing)?))
}

async fn channels(State(node): State<NodeHandle>) -> Answer<Vec<ChannelView>> {
    let now_ns = node.now_ns();
    let all = node.query(move |channels| {
        let names = channels.names().map(str::to_owned);
        let views =
            names.filter_map(|name| Some(views::channel(&name, channels.get(&name)?, &channels.link(&name), now_ns)));
        views.collect()
    });
    Ok(Json(all.await?))
}

async fn channel(State(node): State<NodeHandle>, Path(name): Path<String>) -> Answer<ChannelView> {
    let Json(all) = channels(State(node)).await?;
    let missing = || Problem::request(404, "channel-unknown", "channel", format!("there is no channel {name} here"));
    all.into_iter().find(|view| view.name == name).map(Json).ok_or_else(missing)
}

async fn notices(State(node): State<NodeHandle>, Path(name): Path<String>) -> Answer<Vec<NoticeView>> {
    read(&node, name, |channel| channel.board().notices().map(|state| views::notice(channel, state)).collect()).await
}

async fn conflicts(State(node): State<NodeHandle>, Path(name): Path<String>) -> Answer<Vec<ConflictView>> {
    let view = |channel: &Channel| {
        channel.board().conflicts().map(|(key, state)| views::conflict(channel, key, state)).collect()
    };
    read(&node, name, view).await
}

async fn proposals(State(node): State<NodeHandle>, Path(name): Path<String>) -> Answer<Vec<ProposalView>> {
    read(&node, name, |channel| channel.board().proposals().map(|state| views::proposal(channel, state)).collect())
        .await
}

/// Conflicts that a notice would have if it were filed now: leaf hashes of the counterpart's versions. Nothing is recorded.
async fn check(
    State(node): State<NodeHandle>,
    Path(name): Path<String>,
    Json(request): Json<BTreeMap<String, String>>,
) -> Answer<Vec<String>> {
    let body = request.get("body").and_then(|body| unbase64(body));
    let body =
        body.ok_or_else(|| Problem::request(400, "field-invalid", "body", "give the notice's CBOR in base64"))?;
    let message = Message::decode(Kind::Notice, &body);
    let message = message.map_err(|error| Problem::request(400, error.code(), error.field, error.to_string()))?;
    let Message::Notice(notice) = message else { unreachable!("decoded as a notice") };
    let view = move |channel: &Channel| {
        let found = channel.board().conflicts_with(channel.me(), &notice);
        found.into_iter().map(|(version, ..)| version.to_string()).collect()
    };
    read(&node, name, view).await
}

async fn acts(
    State(node): State<NodeHandle>,
    Path(name): Path<String>,
    Json(request): Json<ActsIn>,
) -> Answer<Vec<PlacedView>> {
    if request.acts.len() > ACTS_MAX {
        return Err(Problem::request(400, "too-many-acts", "acts", format!("at most {ACTS_MAX} in one request")));
    }
    let submissions = request
        .acts
        .iter()
        .enumerate()
        .map(|(position, act)| submission(act).map_err(|problem| Problem { position: Some(position), ..problem }));
    let submissions = submissions.collect::<Result<_, _>>()?;
    let placed = node.submit(&name, submissions).await?;
    let view = placed.into_iter().map(|placed| PlacedView {
        leaf: placed.leaf.to_string(),
        origin: placed.origin,
        index: placed.index,
    });
    Ok(Json(view.collect()))
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

async fn bundle(State(node): State<NodeHandle>, Path(name): Path<String>) -> Result<Body, Problem> {
    let unique = node.now_ns();
    let file = node.scratch().join(format!("bundle-{unique}.tmp"));
    let written = node.bundle(&name, file.clone()).await;
    let bytes = match written {
        Ok(()) => tokio::fs::read(&file)
            .await
            .map_err(|error| Problem::request(500, "file-unusable", "bundle", error.to_string())),
        Err(error) => Err(error.into()),
    };
    // Whatever happened, nothing of it stays behind.
    let _ = tokio::fs::remove_file(&file).await;
    Ok(Body::from(bytes?))
}
