//! `openapi/local.json`: the local API as OpenAPI 3.1, made from the handlers and views themselves. `make openapi` writes it, and
//! a test fails when the checked-in file is another.

use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use super::problem::Problem;
use super::{carriage, cases, dictation, routes};

/// The document, pretty-printed, with a line feed at its end.
pub fn document() -> String {
    Document::openapi().to_pretty_json().expect("a document of plain values") + "\n"
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "skypact local API",
        description = "A party's node, asked by the command line and the console of the same machine. On the Unix socket \
            DIR/api.sock the node's own user and root are let in (peer credentials) and no token is needed. On loopback every \
            request carries an officer's token, names the address itself in Host, and comes from no page of another origin; \
            the token of an officer submits acts of that officer alone. Hashes are hex, times are nanoseconds UTC, binary \
            values are base64. Every error is a Problem."
    ),
    servers((
        url = "http://127.0.0.1:{port}",
        description = "The address of [api] loopback in node.toml.",
        variables(("port" = (default = "7080", description = "The port.")))
    )),
    paths(
        routes::channels,
        routes::channel,
        routes::notices,
        routes::conflicts,
        routes::proposals,
        routes::stops,
        routes::keys,
        routes::head_keys,
        routes::health,
        routes::link,
        routes::periods,
        routes::left_out,
        routes::watch,
        routes::test_calls,
        routes::bells,
        routes::protected,
        routes::line,
        cases::cases,
        cases::case,
        cases::agenda,
        cases::agenda_item,
        cases::minutes,
        routes::erasures,
        routes::commitments,
        routes::statements,
        routes::assurances,
        routes::hotline,
        routes::check,
        routes::checks,
        routes::acts,
        routes::bundle,
        carriage::export,
        carriage::import,
        dictation::dictate,
        dictation::write_down
    ),
    components(schemas(Problem)),
    modifiers(&Tokens, &Problems)
)]
struct Document;

/// The security scheme of loopback, or none on the Unix socket.
struct Tokens;

impl Modify for Tokens {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A token of 'skypact token new'. Not needed on the Unix socket."));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(token.build()));
        document.security =
            Some(vec![SecurityRequirement::new("token", [] as [&str; 0]), SecurityRequirement::default()]);
    }
}

/// The problems that several operations have in common, with their codes.
struct Problems;

/// Those of every operation.
const ANY: &[(&str, &str)] = &[
    ("400", "field-unknown: a parameter that this path does not take; the message names those that it takes."),
    ("401", "token-missing, token-unknown: on loopback, without a valid token."),
    ("403", "host-not-allowed, origin-not-allowed, site-not-allowed; on the Unix socket wrong-user."),
    ("408", "request-timeout: it took too long; an act may have been recorded."),
    ("500", "The node failed: tokens-unusable, file-unusable, or a code of the storage."),
    ("503", "node-stopped: ask again when it is back. After a failed commit also: nothing was recorded."),
];
/// Those of an operation on one channel.
const CHANNEL: &[(&str, &str)] = &[
    ("400", "field-unknown: a parameter that this path does not take. field-invalid: name is not UTF-8."),
    ("404", "channel-unknown: no channel of this name is here."),
];
/// Those of an operation with a body.
const BODY: &[(&str, &str)] = &[
    (
        "400",
        "json-malformed, json-unexpected, field-invalid, or the code of what is wrong with the CBOR. field-unknown: a \
            field or parameter that is not taken here; the message names those that are.",
    ),
    ("413", "body-too-large."),
    ("415", "content-type-not-json: send Content-Type: application/json."),
];
/// Those of submitting acts.
const ACTS: &[(&str, &str)] = &[
    ("400", "As with any body; also too-many-acts. With the position of the act."),
    (
        "403",
        "As everywhere; also officer-mismatch: an act is signed by another officer than the token's. With its position.",
    ),
    ("422", "The channel's rules refuse an act; the code says why. With its position: those before it were recorded."),
];
/// Those of a file for the counterpart.
const EXPORT: &[(&str, &str)] = &[
    ("400", "field-unknown, field-invalid: the query, or a size beyond the end of the log."),
    (
        "422",
        "counterpart-unheard: it has not said since this node's start what it holds. store-behind: what it holds is not \
            the beginning of this node's log.",
    ),
];
/// Those of a file of the counterpart.
const IMPORT: &[(&str, &str)] = &[
    (
        "400",
        "Nothing was taken: frames-file-unknown, frames-file-damaged, frames-file-truncated, frames-file-malformed, \
            frames-file-too-large; frames-wrong-channel, frames-not-for-this-party. field-unknown: a parameter.",
    ),
    ("413", "body-too-large: send it in parts."),
    (
        "422",
        "An item does not hold or does not fit; the code says why: frame-gap, root-differs, store-behind and others. With \
            its position: those before it were taken.",
    ),
];
/// Those of an entry to read out.
const DICTATE: &[(&str, &str)] = &[
    ("400", "field-unknown, field-invalid: the query."),
    ("404", "channel-unknown, id-unknown: no channel of this name, or no own entry of this id, is here."),
    (
        "422",
        "nothing-to-dictate: the counterpart has signed for all. too-long-to-dictate: carry it by file. \
            counterpart-unheard, store-behind: as for a file.",
    ),
];
/// Those of one case or item.
const NAMED: &[(&str, &str)] = &[
    ("400", "field-unknown, field-invalid: the query. id-too-short, id-ambiguous."),
    ("404", "channel-unknown, id-unknown: no channel of this name, or nothing of this id, is here."),
];
/// Those of lines that were written down.
const WRITE_DOWN: &[(&str, &str)] = &[
    (
        "400",
        "Nothing was taken. With the position of the line: dictation-line, dictation-unreadable, dictation-check, \
            dictation-incomplete. Of all lines together: short-form-malformed, short-form-own, frames-wrong-channel. As with \
            any body: json-malformed, json-unexpected, field-unknown.",
    ),
    (
        "422",
        "It does not hold or does not fit; the code says why: frame-gap, short-form-not-held, root-differs and others. \
            Nothing was taken.",
    ),
];

impl Modify for Problems {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut document.paths.paths {
            let has_name = path.contains("{name}");
            for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
                let mut problems = ANY.to_vec();
                problems.extend(CHANNEL.iter().filter(|_| has_name));
                let is_frames = path.ends_with("/frames");
                problems.extend(BODY.iter().filter(|_| operation.request_body.is_some() && !is_frames));
                let carried = if operation.request_body.is_some() { IMPORT } else { EXPORT };
                problems.extend(carried.iter().filter(|_| is_frames));
                let is_dictation = path.ends_with("/dictation");
                let spoken = if operation.request_body.is_some() { WRITE_DOWN } else { DICTATE };
                problems.extend(spoken.iter().filter(|_| is_dictation));
                let is_named = path.ends_with("/case") || path.ends_with("/agenda-item");
                problems.extend(NAMED.iter().filter(|_| is_named));
                problems.extend(ACTS.iter().filter(|_| path.ends_with("/acts")));
                add(operation, &problems);
                // They would name our module.
                operation.tags = None;
            }
        }
    }
}

/// Adds responses to an operation; the last one of a status counts.
fn add(operation: &mut Operation, problems: &[(&str, &str)]) {
    for (status, codes) in problems {
        let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let response = ResponseBuilder::new().description(*codes).content("application/json", problem).build();
        operation.responses.responses.insert((*status).to_owned(), response.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checked_in_document_is_that_of_the_code() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi/local.json");
        let held = std::fs::read_to_string(path).unwrap_or_default();
        assert!(held == document(), "openapi/local.json is not what the code says; run 'make openapi'");
    }

    #[test]
    fn every_path_that_is_served_is_documented_and_no_other() {
        let documented: Vec<String> = Document::openapi().paths.paths.into_keys().collect();
        let mut served = routes::table().map(|(path, _)| path);
        served.sort_unstable();
        assert_eq!(documented, served);
    }
}
