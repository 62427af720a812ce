//! The one shape of an error on the wire: a stable code, the field at fault, what is wrong, and what to do.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use skypact_channel::{CarriageError, ShortFormError};

use crate::node::NodeError;

/// An error as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// Stable code in kebab-case.
    pub code: String,
    /// Field at fault, if one is.
    pub field: Option<String>,
    /// What is wrong and what to do.
    pub message: String,
    /// Place of the item at fault in the request, from 0. With status 422 those before it were recorded, else nothing was.
    pub position: Option<usize>,
    /// HTTP status.
    #[serde(skip)]
    pub status: u16,
}

impl Problem {
    /// A problem of the request itself.
    pub fn request(status: u16, code: &str, field: &str, message: impl Into<String>) -> Self {
        let field = Some(field.to_owned());
        Self { code: code.to_owned(), field, message: message.into(), position: None, status }
    }
}

impl From<NodeError> for Problem {
    fn from(error: NodeError) -> Self {
        let status = match &error {
            NodeError::FramesFile(_)
            | NodeError::Dictation { .. }
            | NodeError::ShortForm(
                ShortFormError::Malformed { .. } | ShortFormError::WrongChannel | ShortFormError::Own,
            )
            | NodeError::Carriage(
                CarriageError::WrongChannel { .. }
                | CarriageError::NotForThisParty { .. }
                | CarriageError::BeyondLog { .. },
            ) => 400,
            NodeError::Refused { .. }
            | NodeError::Carriage(_)
            | NodeError::Frame(_)
            | NodeError::ShortForm(_)
            | NodeError::NothingToDictate
            | NodeError::TooLongToDictate { .. } => 422,
            NodeError::UnknownChannel { .. } | NodeError::UnknownEntry { .. } => 404,
            NodeError::Stopped | NodeError::NotRecorded { .. } => 503,
            _ => 500,
        };
        Self {
            code: error.code().to_owned(),
            field: error.field().map(str::to_owned),
            message: error.to_string(),
            position: error.position(),
            status,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self)).into_response()
    }
}
