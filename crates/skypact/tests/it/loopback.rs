//! The local API on loopback, over real sockets to a real process: who is refused, and with which code.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::command::file;
use crate::command_ground::{Ground, Node, pact, refuse, skypact, succeed};

/// RED's node with the API on loopback, and a token of its duty officer.
struct Red {
    ground: Ground,
    dir: String,
    address: String,
    token: String,
    _node: Node,
}

impl Red {
    fn start(name: &str) -> Self {
        let ground = Ground::new(name);
        pact(&ground);
        let dir = ground.path("red");
        let token = token(&dir, "Duty officer");
        listen_at(&dir, "127.0.0.1:0");
        let log = PathBuf::from(ground.path("red.log"));
        let mut child = Command::new(env!("CARGO_BIN_EXE_skypact"))
            .args(["--json", "serve", "--dir", &dir])
            .env("SKYPACT_LOG", "trace")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&ready).unwrap();
        let address = ready["api"].as_str().unwrap().to_owned();
        Self { ground, dir, address, token, _node: Node::of(child, log) }
    }

    /// Asks, with the right host and token unless `headers` has others; `-` as a value leaves that header out.
    fn ask(&self, line: &str, headers: &[&str], body: &str) -> Answer {
        let own = [format!("host: {}", self.address), format!("authorization: Bearer {}", self.token)];
        let name = |header: &str| header.split(':').next().unwrap().to_owned();
        let absent = |own: &&String| !headers.iter().any(|header| name(header) == name(own));
        let mut lines = vec![format!("{line} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}", body.len())];
        lines.extend(own.iter().filter(absent).cloned());
        lines.extend(headers.iter().filter(|header| !header.ends_with(": -")).map(ToString::to_string));
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(format!("{}\r\n\r\n{body}", lines.join("\r\n")).as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        Answer::new(&answer)
    }

    fn refuses(&self, line: &str, headers: &[&str], body: &str, status: u16, code: &str) {
        let answer = self.ask(line, headers, body);
        let problem: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        assert_eq!((answer.status, problem["code"].as_str()), (status, Some(code)), "{line} {headers:?}");
        assert!(!answer.head.to_lowercase().contains("access-control-"), "{}", answer.head);
        assert_eq!(status == 401, answer.head.contains("www-authenticate: Bearer"), "{}", answer.head);
        assert!(!problem["message"].as_str().unwrap().contains(&self.token), "a token in an error");
    }

    /// The command line over loopback, with a token in the environment.
    fn command(&self, token: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_skypact"));
        let url = format!("http://{}", self.address);
        command.arg("--json").args(arguments).env("SKYPACT_API", url).env("SKYPACT_TOKEN", token).stdin(Stdio::null());
        // The tests file what is far ahead, and the same again, and mean it.
        command.envs([("SKYPACT_FORCE_TIME", "true"), ("SKYPACT_FORCE_AGAIN", "true")]).output().unwrap()
    }
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn new(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole answer");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head, body: bytes[end + 4..].to_vec() }
    }
}

fn token(dir: &str, officer: &str) -> String {
    let made = succeed(&["token", "new", "--dir", dir, "--officer", officer]);
    made["token"].as_str().unwrap().to_owned()
}

fn listen_at(dir: &str, address: &str) {
    let config = Path::new(dir).join("node.toml");
    let text = std::fs::read_to_string(&config).unwrap() + &format!("\n[api]\nloopback = \"{address}\"\n");
    std::fs::write(config, text).unwrap();
}

const CHANNELS: &str = "GET /v1/channels";
const CHECK: &str = "POST /v1/channels/east-river/check";
const JSON: &str = "content-type: application/json";
const WINDOW: (&str, &str) = ("2099-04-07T09:00:00Z", "2099-04-07T11:00:00Z");

#[test]
fn a_request_without_an_officers_token_is_refused() {
    let red = Red::start("token-refused");
    assert_eq!(red.ask(CHANNELS, &[], "").status, 200);
    red.refuses(CHANNELS, &["authorization: -"], "", 401, "token-missing");
    red.refuses(CHANNELS, &[&format!("authorization: Basic {}", red.token)], "", 401, "token-missing");
    red.refuses(CHANNELS, &["authorization: Bearer "], "", 401, "token-missing");
    let twice = format!("authorization: Bearer {}", red.token);
    red.refuses(CHANNELS, &[&twice, &twice], "", 401, "token-missing");
    let mut other = red.token.clone().into_bytes();
    let last = other.last_mut().unwrap();
    *last = if *last == b'0' { b'1' } else { b'0' };
    let other = String::from_utf8(other).unwrap();
    red.refuses(CHANNELS, &[&format!("authorization: Bearer {other}")], "", 401, "token-unknown");
    red.refuses("GET /v1/nothing", &["authorization: -"], "", 401, "token-missing");
}

#[test]
fn a_request_that_names_another_host_or_comes_from_a_foreign_page_is_refused() {
    let red = Red::start("foreign");
    let port = red.address.rsplit(':').next().unwrap();
    let own = format!("host: {}", red.address);
    let local = format!("host: localhost:{port}");
    assert_eq!(red.ask(CHANNELS, &[&local], "").status, 200);
    for host in ["host: evil.example", "host: -", "host: 127.0.0.1", "host: localhost", "host: 127.0.0.1:1"] {
        // A request of HTTP/1.1 without Host is hyper's to let through and ours to refuse.
        red.refuses(CHANNELS, &[host], "", 403, "host-not-allowed");
    }
    red.refuses(CHANNELS, &[&format!("host: evil.example:{port}")], "", 403, "host-not-allowed");
    red.refuses(CHANNELS, &[&own, "host: evil.example"], "", 403, "host-not-allowed");
    red.refuses("GET http://evil.example/v1/channels", &[], "", 403, "host-not-allowed");
    let same = format!("origin: http://{}", red.address);
    assert_eq!(red.ask(CHANNELS, &[&same], "").status, 200);
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1"] {
        red.refuses(CHANNELS, &[&format!("origin: {origin}")], "", 403, "origin-not-allowed");
    }
    red.refuses(CHANNELS, &[&format!("origin: https://{}", red.address)], "", 403, "origin-not-allowed");
    red.refuses(CHANNELS, &[&local, &same], "", 403, "origin-not-allowed");
    red.refuses(CHANNELS, &[&same, "origin: http://evil.example"], "", 403, "origin-not-allowed");
    for site in ["cross-site", "same-site", "anything"] {
        red.refuses(CHANNELS, &[&format!("sec-fetch-site: {site}")], "", 403, "site-not-allowed");
    }
    for site in ["same-origin", "none"] {
        assert_eq!(red.ask(CHANNELS, &[&format!("sec-fetch-site: {site}")], "").status, 200);
    }
    // What a browser asks before it lets a foreign page send JSON.
    let preflight = ["origin: http://evil.example", "access-control-request-method: POST", "authorization: -"];
    red.refuses("OPTIONS /v1/channels/east-river/acts", &preflight, "", 403, "origin-not-allowed");
}

#[test]
fn what_is_wrong_with_a_request_is_always_told_as_a_problem() {
    let red = Red::start("problems");
    let body = r#"{"body":"AA=="}"#;
    red.refuses(CHECK, &[], body, 415, "content-type-not-json");
    red.refuses(CHECK, &["content-type: text/plain"], body, 415, "content-type-not-json");
    red.refuses(CHECK, &["content-type: application/x-www-form-urlencoded"], body, 415, "content-type-not-json");
    red.refuses(CHECK, &[JSON], "{", 400, "json-malformed");
    red.refuses(CHECK, &[JSON], "[]", 400, "json-unexpected");
    red.refuses(CHECK, &[JSON], r#"{"body":"?"}"#, 400, "field-invalid");
    red.refuses("GET /v1/nothing", &[], "", 404, "path-unknown");
    red.refuses("GET /v1/channels/nowhere", &[], "", 404, "channel-unknown");
    red.refuses("GET /v1/channels/%ff", &[], "", 400, "field-invalid");
    red.refuses("DELETE /v1/channels", &[], "", 405, "method-not-allowed");
}

#[test]
fn a_field_or_parameter_that_is_not_taken_is_refused_and_named_with_those_that_are() {
    let red = Red::start("unknown-fields");
    let told = |line: &str, body: &str, field: &str| {
        let headers: &[&str] = if body.is_empty() { &[] } else { &[JSON] };
        red.refuses(line, headers, body, 400, "field-unknown");
        let problem: serde_json::Value = serde_json::from_slice(&red.ask(line, headers, body).body).unwrap();
        assert_eq!(problem["field"], field, "{line}");
        (problem["message"].as_str().unwrap().to_owned(), problem["position"].clone())
    };
    let acts = "POST /v1/channels/east-river/acts";
    let (message, position) = told(CHECK, r#"{"body":"AA==","leve":1}"#, "leve");
    assert_eq!(message, "leve: there is no such field; there are body and by_counterpart");
    assert!(position.is_null());
    assert!(told("POST /v1/channels/east-river/checks", r#"{"body":"AA=="}"#, "body").0.ends_with("there is bodies"));
    told(acts, r#"{"acts":[],"then":[]}"#, "then");
    let act = r#"{"act":"","key_id":"","signature":"","salt":"","body":""#;
    let (message, position) = told(acts, &format!(r#"{{"acts":[{act}"}},{act}","saltt":""}}]}}"#), "saltt");
    assert!(message.ends_with("there are act, key_id, signature, salt and body"), "{message}");
    assert_eq!(position, 1);
    told("POST /v1/channels/east-river/dictation", r#"{"lines":[],"line":1}"#, "line");
    let (message, _) = told("GET /v1/channels/east-river/line?form_ns=1", "", "form_ns");
    assert_eq!(message, "form_ns: there is no such field; there are from_ns, until_ns and waiting");
    let paths = ["", "/east-river", "/east-river/notices", "/east-river/link", "/east-river/protected"];
    for path in paths {
        let (message, _) = told(&format!("GET /v1/channels{path}?open=true&x=1"), "", "open");
        assert_eq!(message, "open: there is no such field; this path takes none");
    }
    told(&format!("{CHECK}?dry=1"), r#"{"body":"AA=="}"#, "dry");
}

#[test]
fn every_documented_operation_is_served_and_no_other() {
    let red = Red::start("documented");
    let document: serde_json::Value = serde_json::from_str(&skypact::http::openapi::document()).unwrap();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in ["get", "post", "put", "patch", "delete"] {
            let line = format!("{} {}", method.to_uppercase(), path.replace("{name}", "east-river"));
            let status = red.ask(&line, &[JSON], "{}").status;
            let expected = match (operations.get(method).is_some(), method) {
                (false, _) => 405,
                (true, "post") => 400,
                // Served, and refused while the counterpart was not heard.
                (true, _) if path.ends_with("/frames") || path.ends_with("/dictation") => 422,
                // They want a query.
                (true, _) if ["/case", "/agenda-item", "/minutes"].iter().any(|end| path.ends_with(end)) => 400,
                (true, _) => 200,
            };
            assert_eq!(status, expected, "{line}");
        }
    }
}

#[test]
fn an_officers_token_submits_acts_of_that_officer_alone() {
    let red = Red::start("mismatch");
    let own = file(&red.dir, "FL180", WINDOW.0, WINDOW.1);
    let others: Vec<&str> =
        own.iter().map(|word| if *word == "Duty officer" { "Night officer" } else { word }).collect();
    let refused = red.command(&red.token, &others);
    let error: serde_json::Value = serde_json::from_slice(&refused.stderr).unwrap();
    assert_eq!((refused.status.code(), error["code"].as_str()), (Some(2), Some("officer-mismatch")), "{error}");
    assert_eq!(succeed(&["notice", "list", "--dir", &red.dir]), serde_json::json!([]), "nothing was recorded");
    let filed = red.command(&red.token, &own);
    assert!(filed.status.success(), "{}", String::from_utf8_lossy(&filed.stderr));
    // The token of the officer who signed, and the socket of the node's own user, take the other one's act.
    let night = token(&red.dir, "Night officer");
    assert!(red.command(&night, &others).status.success());
    succeed(&others);
}

#[test]
fn a_token_is_shown_once_and_stored_nowhere_and_revoked_at_once() {
    let red = Red::start("lifecycle");
    let listed = succeed(&["token", "list", "--dir", &red.dir]);
    let id = listed[0]["id"].as_str().unwrap();
    assert_eq!((listed.as_array().unwrap().len(), listed[0]["officer"].as_str()), (1, Some("Duty officer")));
    let folder = Path::new(&red.dir).join("tokens");
    let stored = folder.join(format!("{id}.toml"));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&stored)), (0o700, 0o600));
    let secret = red.token.strip_prefix("skypact-").unwrap();
    let text = std::fs::read_to_string(&stored).unwrap();
    assert!(!text.contains(secret));
    // Whoever reads the folder has nothing to show.
    let hash = text.split('"').find(|word| word.len() == 64).expect("the hash");
    red.refuses(CHANNELS, &[&format!("authorization: Bearer {hash}")], "", 401, "token-unknown");
    refuse(&["token", "new", "--dir", &red.dir, "--officer", "Nobody"], 2, "officer-unknown");
    // A token that others could have put there stops everybody, loudly.
    std::fs::set_permissions(&stored, std::fs::Permissions::from_mode(0o660)).unwrap();
    red.refuses(CHANNELS, &[], "", 500, "tokens-unusable");
    std::fs::set_permissions(&stored, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(red.ask(CHANNELS, &[], "").status, 200);
    succeed(&["token", "revoke", "--dir", &red.dir, id]);
    red.refuses(CHANNELS, &[], "", 401, "token-unknown");
    let log = std::fs::read_to_string(red.ground.path("red.log")).unwrap();
    assert!(log.contains("token-unknown") && !log.contains(secret), "a token in the log");
}

#[test]
fn the_command_line_takes_its_token_from_a_private_file_or_the_environment() {
    let red = Red::start("token-file");
    let (url, path) = (format!("http://{}/", red.address), red.ground.path("token"));
    std::fs::write(&path, format!("{}\n", red.token)).unwrap();
    let list = ["notice", "list", "--dir", "/nowhere", "--api", &url, "--token-file", &path];
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(refuse(&list, 2, "file-unusable").contains("0640"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(succeed(&list), serde_json::json!([]));
    refuse(&["notice", "list", "--api", &url], 2, "token-missing");
    for url in ["http://192.0.2.1:7080", "https://127.0.0.1:7080", "http://evil.example:7080", "http://127.0.0.1"] {
        refuse(&["notice", "list", "--api", url, "--token-file", &path], 2, "field-invalid");
    }
}

#[test]
fn a_node_does_not_start_with_an_api_that_others_could_reach() {
    let ground = Ground::new("not-loopback");
    pact(&ground);
    for (party, address) in [("red", "0.0.0.0:0"), ("blue", "192.0.2.1:7080")] {
        listen_at(&ground.path(party), address);
        let (exit, error) = Node::spawn(&ground.path(party)).ended();
        assert_eq!((exit, &error["code"]), (Some(2), &"field-invalid".into()), "{error}");
        assert!(error["message"].as_str().unwrap().contains("not a loopback address"), "{error}");
    }
}

#[test]
fn a_bundle_arrives_whole_and_leaves_no_file_behind_whoever_hangs_up() {
    let red = Red::start("bundle");
    for _ in 0..20 {
        let mut stream = TcpStream::connect(&red.address).unwrap();
        let head = format!("host: {}\r\nauthorization: Bearer {}\r\n\r\n", red.address, red.token);
        stream.write_all(format!("GET /v1/channels/east-river/bundle HTTP/1.1\r\n{head}").as_bytes()).unwrap();
    }
    let out = red.ground.path("red.bundle");
    let exported = red.command(&red.token, &["export-bundle", "--dir", &red.dir, "--out", &out]);
    assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
    // Nothing is wrong with it; what BLUE has not received is not proven to be delivered.
    let report: serde_json::Value = serde_json::from_slice(&skypact(&["--json", "verify", &out]).stdout).unwrap();
    assert_eq!(report["faults"], serde_json::json!([]));
    let length = format!("content-length: {}", std::fs::metadata(&out).unwrap().len());
    let answer = red.ask("GET /v1/channels/east-river/bundle", &[], "");
    assert!(answer.head.contains(&length), "{}", answer.head);
    for entry in std::fs::read_dir(&red.dir).unwrap() {
        let name = entry.unwrap().file_name();
        assert!(Path::new(&name).extension().is_none_or(|extension| extension != "tmp"), "{} is left", name.display());
    }
    assert_eq!(skypact(&["--json", "notice", "list", "--dir", &red.dir]).status.code(), Some(0));
}

#[test]
fn a_bell_that_failed_is_told_to_an_officer_who_has_not_the_nodes_files() {
    let red = Red::start("loopback-bells");
    let log = |channel: &str, bell: &str, outcome: &str| {
        let alarm = serde_json::json!({ "event": "stop", "channel": channel, "id": "7", "rung": 0, "text": "" });
        let line = serde_json::json!({ "at_ns": 1, "alarm": alarm, "bell": bell, "attempt": 1, "outcome": outcome });
        format!("{line}\n")
    };
    let lines =
        [log("east-river", "pager", "answered 503"), log("east-river", "horn", "rung"), log("other", "x", "no")];
    std::fs::write(Path::new(&red.dir).join("alarms.log"), lines.concat()).unwrap();
    let output = red.command(&red.token, &["inbox", "--dir", "/nowhere"]);
    let inbox: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let failed = inbox["bells_failed"].as_array().unwrap();
    assert_eq!(failed.len(), 1, "{inbox}");
    assert_eq!((&failed[0]["bell"], &failed[0]["reason"]), (&"pager".into(), &"answered 503".into()));
    red.refuses("GET /v1/channels/nowhere/bells", &[], "", 404, "channel-unknown");
}
