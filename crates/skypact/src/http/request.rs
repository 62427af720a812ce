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
                if let Some(problem) = unknown_field(&rejection.body_text()) {
                    return Err(problem);
                }
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

/// The name of a channel in the path, behind which nothing is asked.
pub(super) struct Name(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        NothingAsked::from_request_parts(parts, state).await?;
        name(parts, state).await.map(Self)
    }
}

/// The name of a channel in the path, and what is asked behind it.
pub(super) struct Asked<T>(pub(super) String, pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(asked) = Query::from_request_parts(parts, state).await.map_err(|error| {
            let text = error.body_text();
            let invalid = || Problem::request(400, "field-invalid", "query", format!("query: {text}"));
            unknown_field(&text).unwrap_or_else(invalid)
        })?;
        Ok(Self(name(parts, state).await?, asked))
    }
}

/// A path that takes no parameters: one behind it would be without effect, and whoever wrote it would not know.
pub(super) struct NothingAsked;

impl<S: Send + Sync> FromRequestParts<S> for NothingAsked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let asked = parts.uri.query().unwrap_or_default().split(['=', '&']).next().unwrap_or_default();
        if asked.is_empty() { Ok(Self) } else { Err(no_such_field(asked, &[])) }
    }
}

async fn name<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<String, Problem> {
    let Path(name) = Path::from_request_parts(parts, state)
        .await
        .map_err(|error| Problem::request(400, "field-invalid", "name", format!("name: {}", error.body_text())))?;
    Ok(name)
}

/// Most characters of a field's name that an error repeats.
const NAME_CHARS_MAX: usize = 64;

/// The problem of a field that is not taken, where `text` of serde tells of one: which it is, in which item, and which there are.
fn unknown_field(text: &str) -> Option<Problem> {
    let (path, told) = text.split_once("unknown field `")?;
    let (field, known) = told.split_once('`')?;
    let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
    let place = path.rsplit_once('[').and_then(|(_, place)| place.split_once(']')?.0.parse().ok());
    Some(Problem { position: place, ..no_such_field(field, &known) })
}

fn no_such_field(field: &str, known: &[&str]) -> Problem {
    let field: String = field.chars().take(NAME_CHARS_MAX).collect();
    let known = match known {
        [] => "this path takes none".to_owned(),
        [one] => format!("there is {one}"),
        [before @ .., last] => format!("there are {} and {last}", before.join(", ")),
    };
    Problem::request(400, "field-unknown", &field, format!("{field}: there is no such field; {known}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_unknown_is_named_with_its_item_and_with_those_there_are() {
        let text = "Failed to deserialize the JSON body into the target type: acts[3].leve: unknown field `leve`, \
                    expected one of `act`, `key_id`, `salt` at line 1 column 9";
        let problem = unknown_field(text).expect("an unknown field");
        assert_eq!((problem.code.as_str(), problem.field.as_deref()), ("field-unknown", Some("leve")));
        assert_eq!((problem.position, problem.status), (Some(3), 400));
        assert_eq!(problem.message, "leve: there is no such field; there are act, key_id and salt");
        let long = format!("unknown field `{}`, expected `id`", "x".repeat(1_000_000));
        let problem = unknown_field(&long).expect("an unknown field");
        assert_eq!(problem.message, format!("{}: there is no such field; there is id", "x".repeat(NAME_CHARS_MAX)));
        assert_eq!(problem.position, None);
        assert!(unknown_field("missing field `id`").is_none());
    }
}
