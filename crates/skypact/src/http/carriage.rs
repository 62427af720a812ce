//! The routes of carriage by file: a file of frames for the counterpart, and one of the counterpart's coming in.

use std::io::Seek as _;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use skypact_channel::{ExportFrom, FRAMES_FILE_MAX_BYTES, OwnLogs};
use utoipa::ToSchema;

use super::file_body::{FileBody, nameless};
use super::problem::Problem;
use super::request::{Asked, Name};
use crate::node::{ExportOptions, NodeHandle};
use crate::system::in_words;

/// What goes into a file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportQuery {
    /// The routine log from this size on; without it from what the counterpart is known to hold.
    pub from: Option<u64>,
    /// Both logs from the beginning.
    #[serde(default)]
    pub all: bool,
    /// No entries of this node's logs, only what it holds of the counterpart's.
    #[serde(default)]
    pub answers_only: bool,
    /// A person answers for this store being the newest one: entries go though the counterpart said nothing since the start.
    #[serde(default)]
    pub store_is_newest: bool,
    /// Most bytes of the file.
    pub bytes_max: Option<u64>,
}

/// What was taken out of a file.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct ImportedView {
    /// Frames.
    pub frames: u64,
    /// Entries in them, those that were held before among them.
    pub entries: u64,
    /// Answers about this node's logs: receipts.
    pub answers: u64,
    /// Whether the file answers to one that this node wrote since its start.
    pub is_fresh: bool,
    /// Whether the sender has more than the file had room for.
    pub more: bool,
    /// The counterpart's logs that the file had frames of, as they are held now.
    pub held: Vec<HeldView>,
}

/// How much is held of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldView {
    /// Origin of the log.
    pub origin: String,
    /// Entries.
    pub size: u64,
}

/// Frames and answers for the counterpart as a file, for parties without a link.
#[utoipa::path(
    get,
    path = "/v1/channels/{name}/frames",
    params(
        ("name" = String, Path, description = "Name of the channel."),
        ("from" = Option<u64>, Query, description = "The routine log from this size on, instead of from what the counterpart is known to hold."),
        ("all" = Option<bool>, Query, description = "Both logs from the beginning."),
        ("answers_only" = Option<bool>, Query, description = "Nothing of this node's logs, only what it holds of the counterpart's."),
        ("store_is_newest" = Option<bool>, Query, description = "A person answers for this store being the newest one: its logs go though the counterpart said nothing since the start."),
        ("bytes_max" = Option<u64>, Query, description = "Most bytes of the file.")
    ),
    responses((status = 200, description = "The file (docs/channel-protocol.md, section 10).", body = String, content_type = "application/octet-stream"))
)]
pub(super) async fn export(
    State(node): State<NodeHandle>,
    Asked(name, query): Asked<ExportQuery>,
) -> Result<Response, Problem> {
    let unusable = |error: std::io::Error| Problem::request(500, "file-unusable", "frames", in_words(&error));
    let invalid = |message: String| Problem::request(400, "field-invalid", "query", message);
    let from = match (query.from, query.all) {
        (Some(_), true) => return Err(invalid("query: give from or all".to_owned())),
        (Some(size), false) => ExportFrom::Size(size),
        (None, true) => ExportFrom::Start,
        (None, false) => ExportFrom::Known,
    };
    let own = match (query.answers_only, query.store_is_newest) {
        (true, true) => return Err(invalid("query: give answers_only or store_is_newest".to_owned())),
        (true, false) => OwnLogs::Withheld,
        (false, true) => OwnLogs::Trusted,
        (false, false) => OwnLogs::IfHeard,
    };
    let options = ExportOptions { from, own, bytes_max: query.bytes_max.unwrap_or(FRAMES_FILE_MAX_BYTES) };
    let mut file = nameless(node.scratch()).map_err(unusable)?;
    let length = node.export_frames(&name, options, file.try_clone().map_err(unusable)?).await?;
    file.rewind().map_err(unusable)?;
    Ok(([(CONTENT_TYPE, "application/octet-stream")], Body::new(FileBody::new(file, length))).into_response())
}

/// Takes in a file of the counterpart's as if its frames had come over the link. A long one is sent in parts, each a file.
#[utoipa::path(
    post,
    path = "/v1/channels/{name}/frames",
    params(("name" = String, Path, description = "Name of the channel.")),
    request_body(content = String, content_type = "application/octet-stream", description = "The file."),
    responses((status = 200, description = "What was taken; all of it is durable.", body = ImportedView))
)]
pub(super) async fn import(
    State(node): State<NodeHandle>,
    Name(name): Name,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Json<ImportedView>, Problem> {
    let body = body.map_err(|error| {
        let status = error.status().as_u16();
        let code = if status == 413 { "body-too-large" } else { "body-unreadable" };
        let reason = match code {
            "body-too-large" => {
                "the file is larger than this path takes; export it in parts with --bytes-max".to_owned()
            }
            _ => error.body_text(),
        };
        Problem::request(status, code, "body", format!("body: {reason}"))
    })?;
    let imported = node.import_frames(&name, &body).await;
    let imported = imported.map_err(|(place, error)| {
        let position = place.and_then(|place| usize::try_from(place).ok());
        Problem { position, ..Problem::from(error) }
    })?;
    Ok(Json(ImportedView {
        frames: imported.frames,
        entries: imported.entries,
        answers: imported.answers,
        is_fresh: imported.is_fresh,
        more: imported.more,
        held: imported.held.into_iter().map(|(origin, size)| HeldView { origin, size }).collect(),
    }))
}
