//! From bytes to a schema of the contract, with the path of the field that is wrong.

use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::{Reason, RequestError};
use crate::value::excerpt;

/// Bytes that an error shows at most of a path or of what the JSON reader says; both may quote foreign text.
const SHOWN_MAX: usize = 400;

/// Reads one JSON value of a schema in [`wire`](crate::wire), and nothing after it.
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, RequestError> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        refusal(if path == "." { "" } else { &path }, error.inner())
    })?;
    json.end().map_err(|error| refusal("", &error))?;
    Ok(value)
}

fn refusal(path: &str, error: &serde_json::Error) -> RequestError {
    let (line, column) = (error.line(), error.column());
    let shown = error.to_string();
    let problem = shown.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&shown);
    let field = excerpt(path, SHOWN_MAX);
    let missing = problem.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
    match (error.classify(), missing) {
        (Category::Data, Some(name)) => RequestError::at(name, Reason::Missing).under(&field),
        (Category::Data, None) => RequestError::at(field, Reason::Value { problem: excerpt(problem, SHOWN_MAX) }),
        _ => RequestError::at(field, Reason::Json { problem: excerpt(problem, SHOWN_MAX), line, column }),
    }
}
