//! Errors as answered, and reports of exchanges that went wrong.

use serde::{Deserialize, Serialize};

use super::leniency::null_as_default;
use crate::value::{Text, Time, rounded_up};

/// Answer of a request that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorResponse {
    /// What is wrong, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// A report that an exchange went wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorReport {
    /// Given by the server that receives the report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report_id: Option<Text<0, 128>>,
    /// The exchange.
    pub exchange: ExchangeRecord,
}

/// One request and its answer, or its absence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExchangeRecord {
    /// Full URL of the request.
    pub url: String,
    /// HTTP method.
    pub method: String,
    /// Header lines of request and response, `Authorization:` among them.
    #[serde(default, deserialize_with = "null_as_default")]
    pub headers: Vec<String>,
    /// Whether the recorder asked or answered.
    pub recorder_role: RecorderRole,
    /// When the request was sent or received.
    pub request_time: Time,
    /// Body of the request in base64.
    #[serde(default, deserialize_with = "null_as_default")]
    pub request_body: String,
    /// When the response was sent or received.
    #[serde(default, deserialize_with = "rounded_up", skip_serializing_if = "Option::is_none")]
    pub response_time: Option<Time>,
    /// Body of the response in base64.
    #[serde(default, deserialize_with = "null_as_default")]
    pub response_body: String,
    /// HTTP status of the response; 0 when there was none.
    #[serde(default, deserialize_with = "null_as_default")]
    pub response_code: i32,
    /// What went wrong, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Which side of an exchange a recorder was on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecorderRole {
    /// It sent the request.
    Client,
    /// It received the request.
    Server,
}
