//! What handlers take out of a request. What is wrong with it is told as a [`Problem`], as everything else is.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// A body of JSON under its own content type: no form of a foreign page can send one unasked.
pub(super) struct JsonBody<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Json::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => {
                let (field, code) = match &rejection {
                    JsonRejection::MissingJsonContentType(_) => ("content-type", "content-type-not-json"),
                    JsonRejection::JsonSyntaxError(_) => ("body", "json-malformed"),
                    JsonRejection::JsonDataError(_) => ("body", "json-unexpected"),
                    _ if rejection.status() == 413 => ("body", "body-too-large"),
                    _ => ("body", "body-unreadable"),
                };
                // 422 is for acts that are sound and refused by the channel.
                let status = if code == "json-unexpected" { 400 } else { rejection.status().as_u16() };
                let reason = match code {
                    "body-too-large" => "it is larger than this path takes; send less at once".to_owned(),
                    "content-type-not-json" => "it has to be application/json".to_owned(),
                    _ => rejection.body_text(),
                };
                Err(Problem::request(status, code, field, format!("{field}: {reason}")))
            }
        }
    }
}

/// The name of a channel in the path.
pub(super) struct Name(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(name) = Path::from_request_parts(parts, state)
            .await
            .map_err(|error| Problem::request(400, "field-invalid", "name", format!("name: {}", error.body_text())))?;
        Ok(Self(name))
    }
}

/// What is asked behind the path.
pub(super) struct Asked<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(asked) = Query::from_request_parts(parts, state).await.map_err(|error| {
            Problem::request(400, "field-invalid", "query", format!("query: {}", error.body_text()))
        })?;
        Ok(Self(asked))
    }
}
