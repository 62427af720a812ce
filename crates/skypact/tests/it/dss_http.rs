//! The DSS over real HTTP with real tokens: two processes over one directory, so that each answer is asked of both.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use skypact::clock::now_utc_ns;

use crate::command_ground::{Ground, skypact, terminate};
use crate::dss_issuer::{PemFile, TRUSTED};
use crate::storage_ground::Mounted;

pub(crate) const ALL: &str = "utm.strategic_coordination utm.constraint_management utm.constraint_processing \
                   utm.conformance_monitoring_sa utm.availability_arbitration";

/// A process of a DSS; killed at the end.
pub(crate) struct Process {
    pub(crate) child: Child,
    pub(crate) address: String,
}

impl Process {
    /// A DSS that has only just been started.
    pub(crate) fn spawn(ground: &Ground, keys: &PemFile, more: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_skypact"))
            .args(["--json", "dss", "--listen", "127.0.0.1:0", "--dir", &ground.path("dss")])
            .args(["--accepted-audiences", "localhost", "--public-key-files"])
            .arg(&keys.0)
            .args(more)
            .env("SKYPACT_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// A DSS that is ready.
    pub(crate) fn start(ground: &Ground, keys: &PemFile) -> Self {
        Self::start_with(ground, keys, &[])
    }

    pub(crate) fn start_with(ground: &Ground, keys: &PemFile, more: &[&str]) -> Self {
        let mut child = Self::spawn(ground, keys, more);
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let mut process = Self { child, address: ready["listen"].as_str().unwrap().to_owned() };
        for _ in 0..3_000 {
            if process.call("GET", "/ready", None, &Value::Null).0 == 200 {
                return process;
            }
            assert!(process.child.try_wait().unwrap().is_none(), "the DSS has ended instead of getting ready");
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the DSS is not ready after 30 s");
    }

    /// One request on a connection of its own; status 0 when no whole answer came.
    pub(crate) fn call(&self, method: &str, path: &str, token: Option<&str>, body: &Value) -> (u16, Value) {
        call_at(&self.address, method, path, token, body)
    }

    /// The same with further headers.
    pub(crate) fn call_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        token: Option<&str>,
        body: &Value,
    ) -> (u16, Value) {
        try_call(&self.address, method, path, headers, token, body).unwrap_or((0, Value::Null))
    }
}

/// The same of a process that somebody else may end meanwhile.
pub(crate) fn call_at(address: &str, method: &str, path: &str, token: Option<&str>, body: &Value) -> (u16, Value) {
    try_call(address, method, path, &[], token, body).unwrap_or((0, Value::Null))
}

fn try_call(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    token: Option<&str>,
    body: &Value,
) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(address).ok()?;
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let length = body.len();
    write!(stream, "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n").ok()?;
    let authorization = token.map(|token| format!("Bearer {token}"));
    let authorization = authorization.as_deref().map(|bearer| ("authorization", bearer));
    for (name, value) in headers.iter().copied().chain(authorization) {
        write!(stream, "{name}: {value}\r\n").ok()?;
    }
    write!(stream, "content-length: {length}\r\n\r\n{body}").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answered(&answer)
}

/// Status and JSON of an answer; none when it has no whole head.
pub(crate) fn answered(answer: &str) -> Option<(u16, Value)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, serde_json::from_str(body).unwrap_or(Value::Null)))
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have been killed already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn token(sub: &str, scope: &str) -> String {
    let exp = now_utc_ns() / 1_000_000_000 + 3_000;
    let claims = json!({ "iss": "https://auth.example", "sub": sub, "aud": "localhost", "scope": scope, "exp": exp });
    TRUSTED.token(&json!({ "alg": "RS256", "typ": "JWT" }), &claims)
}

/// An hour from ten minutes on, some hundred metres of ground at 1e-3 degree times `north`.
pub(crate) fn extent(north: u32, lower_m: u32) -> Value {
    let time = |minutes: i64| {
        let at = skypact_airspace::UtcNanos(now_utc_ns() + minutes * 60_000_000_000);
        json!({ "value": skypact_f3548::Rfc3339::of(at).as_str(), "format": "RFC3339" })
    };
    let altitude = |metres: u32| json!({ "value": metres, "reference": "W84", "units": "M" });
    let lat = 46.0 + f64::from(north) * 0.01;
    let vertices =
        [(lat, 7.0), (lat + 0.005, 7.0), (lat + 0.005, 7.005)].map(|(lat, lng)| json!({ "lat": lat, "lng": lng }));
    json!({
        "volume": { "outline_polygon": { "vertices": vertices },
            "altitude_lower": altitude(lower_m), "altitude_upper": altitude(lower_m + 50) },
        "time_start": time(10), "time_end": time(70),
    })
}

pub(crate) fn id(number: u32) -> String {
    format!("{number:08x}-0000-4000-8000-000000000000")
}

/// Path of an operational intent reference.
pub(crate) fn intent_path(number: u32) -> String {
    format!("/dss/v1/operational_intent_references/{}", id(number))
}

pub(crate) fn intent(north: u32, key: &[&str]) -> Value {
    json!({
        "extents": [extent(north, 100)], "key": key, "state": "Accepted", "uss_base_url": "https://uss1.example/utm",
        "new_subscription": { "uss_base_url": "https://uss1.example/utm" },
    })
}

pub(crate) fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_else(|| panic!("{path} of {value}"))
}

#[test]
fn each_endpoint_answers_through_the_writer_and_through_a_follower() {
    let ground = Ground::new("dss-endpoints");
    let keys = PemFile::new("PUBLIC KEY", TRUSTED.public_spki());
    let (writer, follower) = (Process::start(&ground, &keys), Process::start(&ground, &keys));
    let (uss1, uss2) = (token("uss1", ALL), token("uss2", ALL));
    for (number, here, there) in [(0, &writer, &follower), (100, &follower, &writer)] {
        let call =
            |process: &Process, method: &str, path: &str, body: &Value| process.call(method, path, Some(&uss1), body);
        let path = intent_path(number);
        let (status, made) = call(here, "PUT", &path, &intent(number, &[]));
        assert_eq!(status, 201, "{made}");
        let ovn = text(&made, "/operational_intent_reference/ovn").to_owned();
        // What one has answered, the other shows at once; an OVN to its manager alone.
        let (status, seen) = there.call("GET", &path, Some(&uss2), &Value::Null);
        assert_eq!((status, text(&seen, "/operational_intent_reference/ovn")), (200, "Available from USS"));
        let area = json!({ "area_of_interest": extent(number, 120) });
        let (status, found) = call(there, "POST", "/dss/v1/operational_intent_references/query", &area);
        assert_eq!((status, text(&found, "/operational_intent_references/0/ovn")), (200, ovn.as_str()));
        let (status, missing) =
            there.call("PUT", &format!("{}1", &path[..path.len() - 1]), Some(&uss2), &intent(number, &[]));
        assert_eq!((status, text(&missing, "/missing_operational_intents/0/id")), (409, id(number).as_str()));
        let (status, again) = call(there, "PUT", &path, &intent(number, &[]));
        assert_eq!((status, text(&again, "/code")), (409, "exists"));
        let (status, changed) = call(there, "PUT", &format!("{path}/{ovn}"), &intent(number, &[]));
        assert_eq!((status, &changed["operational_intent_reference"]["version"]), (200, &json!(2)), "{changed}");
        let ovn = text(&changed, "/operational_intent_reference/ovn").to_owned();

        let implicit = text(&changed, "/operational_intent_reference/subscription_id");
        let subscription = format!("/dss/v1/subscriptions/{implicit}");
        let (status, held) = call(there, "GET", &subscription, &Value::Null);
        assert_eq!((status, &held["subscription"]["implicit_subscription"]), (200, &json!(true)));
        assert_eq!(here.call("GET", &subscription, Some(&uss2), &Value::Null).0, 403);

        let own = format!("/dss/v1/subscriptions/{}", id(number + 50));
        let wanted = json!({ "extents": extent(number, 0), "uss_base_url": "https://uss1.example", "notify_for_constraints": true });
        let (status, put) = call(here, "PUT", &own, &wanted);
        assert_eq!(status, 200, "{put}");
        assert!(put.get("operational_intent_references").is_none() && put["constraint_references"].is_array(), "{put}");
        let (_, listed) =
            call(there, "POST", "/dss/v1/subscriptions/query", &json!({ "area_of_interest": extent(number, 0) }));
        assert!(
            listed["subscriptions"].as_array().unwrap().iter().any(|held| held["id"] == json!(id(number + 50))),
            "{listed}"
        );

        let constraint = format!("/dss/v1/constraint_references/{}", id(number + 60));
        let body = json!({ "extents": [extent(number, 20)], "uss_base_url": "https://uss1.example" });
        let (status, made) = call(there, "PUT", &constraint, &body);
        assert_eq!(
            (status, &made["subscribers"][0]["subscriptions"][0]["notification_index"]),
            (201, &json!(1)),
            "{made}"
        );
        let constraint_ovn = text(&made, "/constraint_reference/ovn").to_owned();
        let (status, made) = call(here, "PUT", &format!("{constraint}/{constraint_ovn}"), &body);
        assert_eq!(status, 200, "{made}");
        let constraint_ovn = text(&made, "/constraint_reference/ovn").to_owned();
        assert_eq!(call(there, "GET", &constraint, &Value::Null).0, 200);
        let (_, found) = call(
            here,
            "POST",
            "/dss/v1/constraint_references/query",
            &json!({ "area_of_interest": extent(number, 20) }),
        );
        assert_eq!(text(&found, "/constraint_references/0/id"), id(number + 60));
        assert_eq!(call(there, "DELETE", &format!("{constraint}/{constraint_ovn}"), &Value::Null).0, 200);

        let version = text(&put, "/subscription/version");
        assert_eq!(call(there, "PUT", &format!("{own}/{version}"), &wanted).0, 200);
        assert_eq!(call(there, "DELETE", &format!("{own}/{version}"), &Value::Null).0, 409, "the version has changed");
        assert_eq!(call(there, "DELETE", &format!("{own}/"), &Value::Null).0, 400);
        assert_eq!(call(here, "DELETE", &format!("{path}/{ovn}"), &Value::Null).0, 200);
        assert_eq!(call(there, "GET", &path, &Value::Null).0, 404);
        assert_eq!(
            call(there, "GET", &subscription, &Value::Null).0,
            404,
            "an implicit subscription goes with its intent"
        );

        let uss = format!("/dss/v1/uss_availability/uss%20{number}");
        let (status, unknown) = call(there, "GET", &uss, &Value::Null);
        assert_eq!((status, text(&unknown, "/status/availability"), text(&unknown, "/version")), (200, "Unknown", ""));
        assert_eq!(call(here, "PUT", &uss, &json!({ "availability": "down" })).0, 200);
        assert_eq!(call(there, "PUT", &uss, &json!({ "availability": "Normal", "old_version": "" })).0, 409);
        let report = json!({ "exchange": { "url": "https://a", "method": "GET", "recorder_role": "Client",
            "request_time": { "value": "2026-11-25T00:00:00Z", "format": "RFC3339" } } });
        let (status, archived) = call(there, "POST", "/dss/v1/reports", &report);
        assert_eq!((status, text(&archived, "/report_id").len()), (201, 36));
    }
}

#[test]
fn a_token_opens_what_its_scopes_open_and_the_paths_beside_the_contract_answer() {
    let ground = Ground::new("dss-tokens");
    let keys = PemFile::new("PUBLIC KEY", TRUSTED.public_spki());
    let dss = Process::start(&ground, &keys);
    let path = intent_path(1);
    assert_eq!(dss.call("GET", &path, None, &Value::Null).0, 401);
    assert_eq!(dss.call("GET", &path, Some("no.token.it"), &Value::Null).0, 401);
    let constraints = token("uss1", "utm.constraint_processing");
    let (status, refused) = dss.call("GET", &path, Some(&constraints), &Value::Null);
    assert_eq!((status, text(&refused, "/code")), (403, "scope-missing"));
    // The scope is looked at before the body, and the body before the state.
    assert_eq!(dss.call("PUT", &path, Some(&constraints), &json!("no intent")).0, 403);
    let planner = token("uss1", "utm.strategic_coordination");
    let (status, refused) = dss.call("PUT", &path, Some(&planner), &json!({ "extents": [] }));
    assert_eq!(status, 400, "{refused}");
    let trigger =
        json!({ "extents": extent(1, 0), "uss_base_url": "https://uss1.example", "notify_for_constraints": true });
    let (status, refused) = dss.call("PUT", &format!("/dss/v1/subscriptions/{}", id(2)), Some(&planner), &trigger);
    assert_eq!((status, text(&refused, "/code")), (403, "field-scope-missing"));

    assert_eq!(dss.call("GET", "/healthy", None, &Value::Null).0, 200);
    assert!(!text(&dss.call("GET", "/aux/v1/version", None, &Value::Null).1, "/version").contains("undefined"));
    assert_eq!(dss.call("GET", "/aux/v1/validate_oauth?owner=uss1", Some(&planner), &Value::Null).0, 200);
    assert_eq!(dss.call("GET", "/aux/v1/validate_oauth?owner=uss2", Some(&planner), &Value::Null).0, 403);
    assert_eq!(dss.call("GET", "/aux/v1/pool", Some(&planner), &Value::Null).0, 403);
    let pool = token("uss1", "interuss.pool_status.read");
    assert!(text(&dss.call("GET", "/aux/v1/pool", Some(&pool), &Value::Null).1, "/dar_id").starts_with("skypact-dss/"));
    assert_eq!(dss.call("GET", "/peer/v1/size", Some(&pool), &Value::Null).0, 404, "for other processes alone");
    assert_eq!(dss.call("GET", "/nowhere", None, &Value::Null).0, 404);
    assert_eq!(dss.call("PATCH", &path, Some(&planner), &Value::Null).0, 405);
}

/// Runs the binary; its exit code, and its answer as JSON.
pub(crate) fn run(arguments: &[&str]) -> (i32, Value) {
    let output = skypact(&[&["--json"], arguments].concat());
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap_or(Value::Null))
}

#[test]
fn the_access_log_has_a_line_for_each_request_and_nothing_that_a_client_could_break_it_with() {
    let ground = Ground::new("dss-access-log");
    let keys = PemFile::new("PUBLIC KEY", TRUSTED.public_spki());
    let file = ground.path("access.log");
    let mut dss = Process::start_with(&ground, &keys, &["--access-log", &file]);
    let planner = token(&format!("uss\n\"1\"\u{7}{}", "x".repeat(500)), "utm.strategic_coordination");
    let path = intent_path(1);
    assert_eq!(dss.call("GET", &path, Some(&planner), &Value::Null).0, 404);
    assert_eq!(dss.call("GET", "/none/%0a{\"status\":200}", Some(&planner), &Value::Null).0, 404);
    assert_eq!(dss.call("PUT", &path, None, &intent(1, &[])).0, 401);
    terminate(&dss.child);
    assert!(dss.child.wait().unwrap().success());

    let log = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    let lines: Vec<&Value> = lines.iter().filter(|line| line["endpoint"] != "ready").collect();
    let [found, unknown, refused] = lines[..] else { panic!("three requests: {log}") };
    assert_eq!((text(found, "/method"), &found["status"]), ("GET", &json!(404)));
    assert!(text(found, "/sub").starts_with("uss\n\"1\"\u{7}xxx") && text(found, "/sub").len() == 128, "{found}");
    assert!(unknown["sub"].is_null() && unknown["status"] == 404, "{unknown}");
    assert!(refused["sub"].is_null() && refused["status"] == 401 && refused["request_bytes"] != 0, "{refused}");
    let secret = planner.rsplit('.').next().unwrap();
    assert!(!log.contains(secret) && !log.contains("/none/"), "no token and no path: {log}");
}

#[test]
fn the_log_is_exported_from_under_a_running_dss_and_verified_with_nothing_but_the_file() {
    let ground = Ground::new("dss-export");
    let keys = PemFile::new("PUBLIC KEY", TRUSTED.public_spki());
    let (dss, dir) = (Process::start(&ground, &keys), ground.path("dss"));
    let (uss1, uss2) = (token("uss1", ALL), token("uss2", ALL));
    for (number, uss) in [(1, &uss1), (2, &uss2)] {
        let path = intent_path(number);
        let (status, made) = dss.call("PUT", &path, Some(uss), &intent(number, &[]));
        assert_eq!(status, 201, "{made}");
        let ovn = text(&made, "/operational_intent_reference/ovn");
        if number == 1 {
            assert_eq!(dss.call("DELETE", &format!("{path}/{ovn}"), Some(uss), &Value::Null).0, 200);
        }
    }
    let bundle = ground.path("dss.bundle");
    let (code, exported) = run(&["dss", "export", "--dir", &dir, "--out", &bundle]);
    assert_eq!((code, &exported["entries"]), (0, &json!(3)), "{exported}");
    assert_eq!(run(&["dss", "export", "--dir", &dir, "--out", &bundle]).0, 5, "evidence is not written over");
    drop(dss);

    let author = text(&exported, "/author");
    let (code, report) = run(&["verify", &bundle, "--author", author]);
    assert_eq!((code, &report["holds"], &report["entries"]), (0, &json!(true), &json!(3)), "{report}");
    let operations = json!({ "put-operational-intent-reference": 2, "delete-operational-intent-reference": 1 });
    assert_eq!((&report["operations"], &report["managers"]), (&operations, &json!({ "uss1": 2, "uss2": 1 })));
    assert_eq!(run(&["verify", &bundle, "--channel", &"0".repeat(64)]).0, 2, "a journal has no channel");
    let (code, report) = run(&["verify", &bundle, "--replay"]);
    assert_eq!((code, &report["replayed"]), (0, &json!(3)), "{report}");

    let elsewhere = ground.path("elsewhere.bundle");
    let mut bytes = std::fs::read(&bundle).unwrap();
    let place = bytes.windows(4).position(|window| window == b"uss2").unwrap();
    bytes[place + 3] = b'3';
    std::fs::write(&elsewhere, &bytes).unwrap();
    let (code, report) = run(&["verify", &elsewhere, "--replay"]);
    let first = &report["faults"][0];
    assert_eq!((code, &first["code"], &first["index"]), (1, &json!("part-differs"), &json!(2)), "{report}");
    assert_eq!(report["replayed"], 2, "to what is wrong");
    assert_eq!(run(&["dss", "export", "--dir", &ground.path("nowhere"), "--out", &ground.path("none")]).0, 5);
    assert!(!std::path::Path::new(&ground.path("none")).exists(), "nothing half written stays");
}

#[test]
fn what_was_acknowledged_survives_a_writer_that_is_killed_under_load() {
    let ground = Ground::new("dss-killed");
    let keys = PemFile::new("PUBLIC KEY", TRUSTED.public_spki());
    let mut writer = Process::start(&ground, &keys);
    let follower = Arc::new(Process::start(&ground, &keys));
    let uss1 = token("uss1", ALL);
    let (stop, made) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    let clients: Vec<_> = (0..4_u32)
        .map(|client| {
            let (follower, stop, made, uss1) = (follower.clone(), stop.clone(), made.clone(), uss1.clone());
            std::thread::spawn(move || {
                for number in (client..).step_by(4) {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let path = intent_path(number);
                    let mut body = intent(number % 1_000, &[]);
                    body["extents"][0] = extent(number % 1_000, 60 * (number / 1_000));
                    match follower.call("PUT", &path, Some(&uss1), &body) {
                        (201, _) => made.lock().unwrap().push(number),
                        (0 | 503, _) => {}
                        (status, other) => panic!("{status} {other}"),
                    }
                }
            })
        })
        .collect();
    let count = || made.lock().unwrap().len();
    while count() < 100 {
        std::thread::sleep(Duration::from_millis(5));
    }
    // SIGKILL: nothing is said, nothing is flushed.
    writer.child.kill().unwrap();
    writer.child.wait().unwrap();
    let before = count();
    while count() < before + 100 {
        std::thread::sleep(Duration::from_millis(5));
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.join().unwrap();
    }
    let third = Process::start(&ground, &keys);
    for number in made.lock().unwrap().iter() {
        let path = intent_path(*number);
        let (status, held) = third.call("GET", &path, Some(&uss1), &Value::Null);
        assert_eq!((status, &held["operational_intent_reference"]["version"]), (200, &json!(1)), "{number}: {held}");
    }
}

#[test]
fn a_full_disk_stops_the_dss_cleanly_and_it_goes_on_when_there_is_space() {
    let ground = Ground::new("dss-full");
    let keys = PemFile::new("PUBLIC KEY", TRUSTED.public_spki());
    let disk = std::path::PathBuf::from(ground.path("dss"));
    std::fs::create_dir(&disk).unwrap();
    let Some(_mounted) = Mounted::new(&disk, "6m") else { return };
    let ballast = disk.join("ballast");
    std::fs::write(&ballast, vec![1; 2 << 20]).unwrap();
    let mut dss = Process::start(&ground, &keys);
    let uss1 = token("uss1", ALL);
    let put = |dss: &Process, number: u32| {
        let mut body = intent(number, &[]);
        body["padding"] = json!("x".repeat(40_000));
        dss.call("PUT", &intent_path(number), Some(&uss1), &body)
    };
    let mut made = 0;
    let refused = loop {
        match put(&dss, made) {
            (201, _) => made += 1,
            refused => break refused,
        }
        assert!(made < 1_000, "6 MiB never fill");
    };
    assert_eq!((refused.0, text(&refused.1, "/code")), (503, "store-full"));
    assert_eq!(dss.child.wait().unwrap().code(), Some(5), "it ends by itself, as one whose disk failed");
    std::fs::remove_file(ballast).unwrap();
    let dss = Process::start(&ground, &keys);
    for number in 0..made {
        let path = intent_path(number);
        assert_eq!(dss.call("GET", &path, Some(&uss1), &Value::Null).0, 200, "{number} of {made}");
    }
    assert_eq!(put(&dss, made).0, 201);
}
