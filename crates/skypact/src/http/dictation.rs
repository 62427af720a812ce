//! The routes of dictation: an own entry as lines to read out, and lines that were written down coming in.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use skypact_channel::Kind;
use utoipa::ToSchema;

use super::problem::Problem;
use super::request::{Asked, JsonBody, Name};
use crate::node::{NodeHandle, Spoken, WrittenDown};

/// Which entry is dictated.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DictationQuery {
    /// Leaf hash or its first 6 or more digits; without it the next one that the counterpart has not signed for.
    pub id: Option<String>,
    /// A person answers for this store being the newest one: it is dictated though the counterpart said nothing since the start.
    #[serde(default)]
    pub store_is_newest: bool,
}

/// An own entry as lines to read out.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DictationView {
    /// Which entry.
    pub entry: SpokenView,
    /// The lines.
    pub lines: Vec<String>,
    /// First entry of its log that the counterpart has not signed for.
    pub delivered: u64,
    /// Entries of its log.
    pub size: u64,
}

/// An entry by its place.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SpokenView {
    /// Hash of its leaf.
    pub leaf: String,
    /// Origin of its log.
    pub origin: String,
    /// Index in that log.
    pub index: u64,
    /// What kind of entry it is, in words.
    pub kind: String,
}

/// Lines that were written down.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinesIn {
    /// All lines of one dictation, in order.
    pub lines: Vec<String>,
}

/// What was written down; all of it is durable.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WrittenDownView {
    /// An entry of the counterpart's.
    Entry {
        /// Which entry.
        entry: SpokenView,
        /// Whether it was not held before.
        is_new: bool,
        /// The receipt for all that is held of its log, as lines to read back.
        answer: Vec<String>,
    },
    /// The counterpart's receipt for one of this node's logs.
    Receipt {
        /// Origin of the log.
        origin: String,
        /// How much of it the counterpart has signed for by now.
        delivered: u64,
        /// Entries of it.
        size: u64,
    },
}

/// An own entry as lines to read out to the counterpart, for parties without a link.
#[utoipa::path(
    get,
    path = "/v1/channels/{name}/dictation",
    params(
        ("name" = String, Path, description = "Name of the channel."),
        ("id" = Option<String>, Query, description = "Leaf hash of the entry or its first 6 or more digits; without it the next one that the counterpart has not signed for, of the urgent log first."),
        ("store_is_newest" = Option<bool>, Query, description = "A person answers for this store being the newest one: it is dictated though the counterpart said nothing since the start.")
    ),
    responses((status = 200, description = "The lines (docs/channel-protocol.md, section 14).", body = DictationView))
)]
pub(super) async fn dictate(
    State(node): State<NodeHandle>,
    Asked(name, DictationQuery { id, store_is_newest }): Asked<DictationQuery>,
) -> Result<Json<DictationView>, Problem> {
    let dictated = node.dictate(&name, id, store_is_newest).await?;
    let (delivered, size) = (dictated.delivered, dictated.size);
    Ok(Json(DictationView { entry: spoken(dictated.entry), lines: dictated.lines, delivered, size }))
}

/// Takes in what the counterpart dictated, an entry or a receipt, as if it had come over the link.
#[utoipa::path(
    post,
    path = "/v1/channels/{name}/dictation",
    params(("name" = String, Path, description = "Name of the channel.")),
    request_body = LinesIn,
    responses((status = 200, description = "What was taken; all of it is durable.", body = WrittenDownView))
)]
pub(super) async fn write_down(
    State(node): State<NodeHandle>,
    Name(name): Name,
    JsonBody(request): JsonBody<LinesIn>,
) -> Result<Json<WrittenDownView>, Problem> {
    let written = node.write_down(&name, &request.lines).await?;
    Ok(Json(match written {
        WrittenDown::Entry { entry, is_new, answer } => WrittenDownView::Entry { entry: spoken(entry), is_new, answer },
        WrittenDown::Answer { origin, delivered, size } => WrittenDownView::Receipt { origin, delivered, size },
    }))
}

fn spoken(Spoken { leaf, origin, index, kind }: Spoken) -> SpokenView {
    let kind = Kind::from_wire(kind).map_or_else(|| format!("kind {kind}"), |kind| kind.name().to_owned());
    SpokenView { leaf: leaf.to_string(), origin, index, kind }
}
