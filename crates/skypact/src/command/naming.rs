//! What an officer names by the first digits of its id. Where no such thing has that id the error says of which kind it would have to be, what
//! lists those there are, and of which other kind the thing is that has it.

use super::CliError;
use super::desk::Desk;
use crate::http::views::NoticeView;

/// Fewest digits that name something.
const DIGITS_MIN: usize = 6;

/// A kind of thing that has ids.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named {
    /// One of them.
    one: &'static str,
    /// The command that lists them.
    list: &'static str,
}

pub(super) const NOTICE: Named = Named { one: "notice", list: "skypact notice list" };
pub(super) const UNREAD_NOTICE: Named = Named { one: "notice that waits for a read-back", list: "skypact inbox" };
pub(super) const PROPOSAL: Named = Named { one: "proposal", list: "skypact conflicts" };
pub(super) const STOP: Named = Named { one: "STOP", list: "skypact stop list" };
pub(super) const TEST_CALL: Named =
    Named { one: "test call that waits for an answer from here", list: "skypact test-call" };
pub(super) const OFFICER_KEY: Named = Named { one: "key of an officer of this party", list: "skypact officer list" };
pub(super) const PROTECTED_LIST: Named = Named { one: "newest list of the counterpart", list: "skypact protect list" };
pub(super) const COMMITMENT: Named = Named { one: "commitment", list: "skypact commitment list" };
pub(super) const STATEMENT: Named = Named { one: "statement", list: "skypact statements" };
pub(super) const CROSSING: Named = Named { one: "report of a crossing", list: "skypact line show" };
pub(super) const DECISION: Named = Named { one: "decision of this item", list: "skypact agenda show ID" };
pub(super) const CASE_FILE: Named = Named { one: "file of this case", list: "skypact case show ID" };
pub(super) const CASE_SAID: Named = Named { one: "fact or request of this case", list: "skypact case show ID" };
pub(super) const ERASABLE: Named = Named { one: "body that may be erased", list: "skypact erase" };
const CASE: Named = Named { one: "case", list: "skypact case list" };
const ITEM: Named = Named { one: "item of the agenda", list: "skypact agenda list" };
const KEY: Named = Named { one: "key", list: "skypact key list" };

/// Where each kind is asked for; what an item of the agenda is about comes before the item.
const KINDS: [(&str, Named); 10] = [
    ("notices", NOTICE),
    ("stops", STOP),
    ("proposals", PROPOSAL),
    ("test-calls", Named { one: "test call", ..TEST_CALL }),
    ("commitments", COMMITMENT),
    ("statements", STATEMENT),
    ("line", CROSSING),
    ("cases?closed=true", CASE),
    ("agenda", ITEM),
    ("keys", KEY),
];

/// The one of `hashes` that begins with `prefix`, which has at least six hex digits.
pub(super) fn find<'a>(
    kind: Named,
    field: &str,
    prefix: &str,
    hashes: impl IntoIterator<Item = &'a String>,
) -> Result<&'a String, CliError> {
    let prefix = prefix.to_lowercase();
    let mut found: Vec<&String> = hashes.into_iter().filter(|hash| hash.starts_with(&prefix)).collect();
    found.dedup();
    let (code, message) = match found[..] {
        [one] if prefix.len() >= DIGITS_MIN => return Ok(one),
        _ if prefix.len() < DIGITS_MIN => {
            ("id-too-short", format!("{field}: give at least {DIGITS_MIN} hex digits of the id"))
        }
        [] => {
            let Named { one, list } = kind;
            let message =
                format!("{field}: no {one} has an id that begins with {prefix}; '{list}' shows those there are");
            return Err(CliError::usage("id-unknown", field, message).seeking(prefix));
        }
        _ => ("id-ambiguous", format!("{field}: {} ids begin with {prefix}; give more digits", found.len())),
    };
    Err(CliError::usage(code, field, message))
}

/// The notice of which any version has an id that begins with `prefix`.
pub(super) fn find_notice<'a>(
    kind: Named,
    field: &str,
    prefix: &str,
    notices: impl IntoIterator<Item = &'a NoticeView> + Clone,
) -> Result<&'a NoticeView, CliError> {
    let version = find(kind, field, prefix, notices.clone().into_iter().flat_map(|notice| &notice.versions))?;
    Ok(notices.into_iter().find(|notice| notice.versions.contains(version)).expect("found above"))
}

impl Desk {
    /// What was found; where nothing was, the error also says of which other kind the thing is that has this id.
    pub(super) async fn found<T>(&self, found: Result<T, CliError>) -> Result<T, CliError> {
        match found {
            Err(error) => Err(self.or_elsewhere(error).await),
            found => found,
        }
    }

    /// The error, with the other kind that the id is of.
    pub(super) async fn or_elsewhere(&self, error: CliError) -> CliError {
        let Some(prefix) = error.sought().map(str::to_owned) else { return error };
        for (resource, Named { one, list }) in KINDS {
            // That something else cannot be asked for is not what the officer has to hear.
            let Ok(there) = self.client.get::<serde_json::Value>(&self.path(resource)).await else { continue };
            if names(&there, &prefix) {
                return error.saying(&format!(". It is the id of a {one}: '{list}'"));
            }
        }
        error
    }
}

/// Whether something in a view is named by an id that begins with `prefix`.
fn names(view: &serde_json::Value, prefix: &str) -> bool {
    let is_it = |id: &serde_json::Value| id.as_str().is_some_and(|id| id.starts_with(prefix));
    match view {
        serde_json::Value::Array(items) => items.iter().any(|item| names(item, prefix)),
        serde_json::Value::Object(fields) => fields.iter().any(|(name, value)| match name.as_str() {
            "id" => is_it(value),
            "versions" | "stops" => value.as_array().is_some_and(|ids| ids.iter().any(is_it)),
            "crossings" | "reports" | "cases" | "items" => names(value, prefix),
            _ => false,
        }),
        _ => false,
    }
}
