//! `skypact bench dss` against a fake DSS: it keeps references in memory, compares boxes instead of shapes, checks no
//! signature, and notes whatever in a request is not as the contract (F3548-21, version 1.0.0) says.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use skypact::clock::now_utc_ns;
use tokio::net::TcpListener;

/// Manager of what the load generator creates.
const OWN: &str = "skypact-bench";

/// A box in space and time; times as text in UTC, which sorts.
#[derive(Clone, Debug, PartialEq)]
struct Extent {
    lat: (f64, f64),
    lng: (f64, f64),
    altitude_m: (f64, f64),
    time: (String, String),
}

impl Extent {
    fn of(volume: &Value, corners: usize) -> Option<Self> {
        let vertices = volume["volume"]["outline_polygon"]["vertices"].as_array()?;
        let axis = |name: &str| vertices.iter().map(|vertex| vertex[name].as_f64()).collect::<Option<Vec<_>>>();
        let span = |values: Vec<f64>| {
            values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)))
        };
        let altitude = |name: &str, unbounded| match &volume["volume"][name] {
            Value::Null => Some(unbounded),
            limit => (limit["units"] == "M" && limit["reference"] == "W84").then(|| limit["value"].as_f64())?,
        };
        let time = |name: &str| {
            let text = volume[name]["value"].as_str().filter(|text| text.ends_with('Z'))?;
            (volume[name]["format"] == "RFC3339" && text.parse::<jiff::Timestamp>().is_ok()).then(|| text.to_owned())
        };
        (vertices.len() == corners).then_some(())?;
        Some(Self {
            lat: span(axis("lat")?),
            lng: span(axis("lng")?),
            altitude_m: (altitude("altitude_lower", -8_000.0)?, altitude("altitude_upper", 100_000.0)?),
            time: (time("time_start")?, time("time_end")?),
        })
    }

    fn meets(&self, other: &Self) -> bool {
        fn overlap<T: PartialOrd>(a: &(T, T), b: &(T, T)) -> bool {
            a.0 <= b.1 && b.0 <= a.1
        }
        overlap(&self.lat, &other.lat)
            && overlap(&self.lng, &other.lng)
            && overlap(&self.altitude_m, &other.altitude_m)
            && overlap(&self.time, &other.time)
    }

    fn covers(&self, other: &Self) -> bool {
        fn inside<T: PartialOrd>(outer: &(T, T), inner: &(T, T)) -> bool {
            outer.0 <= inner.0 && inner.1 <= outer.1
        }
        inside(&self.lat, &other.lat)
            && inside(&self.lng, &other.lng)
            && inside(&self.altitude_m, &other.altitude_m)
            && inside(&self.time, &other.time)
    }
}

struct Reference {
    manager: String,
    ovn: String,
    extent: Extent,
}

/// What the fake holds, and what it saw.
#[derive(Default)]
struct Dss {
    references: BTreeMap<String, Reference>,
    subscriptions: BTreeMap<String, Extent>,
    subscribed: usize,
    created: usize,
    conflicts: usize,
    implicit: usize,
    of_subscription: BTreeSet<String>,
    ids: BTreeSet<String>,
    tokens: BTreeSet<String>,
    /// Each is the sentence that does not hold.
    violations: Vec<String>,
}

impl Dss {
    fn answer(&mut self, method: &Method, path: &str, body: &[u8]) -> (u16, Value) {
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match (method, &parts[..]) {
            (&Method::PUT, ["dss", "v1", "operational_intent_references", id]) => self.create(id, &parsed(body)),
            (&Method::DELETE, ["dss", "v1", "operational_intent_references", id, ovn]) => self.delete(id, ovn),
            (&Method::PUT, ["dss", "v1", "subscriptions", id]) => self.subscribe(id, &parsed(body)),
            (&Method::DELETE, ["dss", "v1", "subscriptions", id, "v-1"]) => {
                self.rule(self.subscriptions.contains_key(*id), "a subscription that is deleted exists");
                self.subscriptions.remove(*id);
                (200, json!({ "subscription": { "id": id } }))
            }
            _ => {
                self.violations.push(format!("{method} {path} is not in the contract, or not a load generator's"));
                (404, json!({ "message": "no such path" }))
            }
        }
    }

    fn rule(&mut self, holds: bool, rule: &str) {
        if !holds && self.violations.len() < 20 {
            self.violations.push(rule.to_owned());
        }
    }

    fn create(&mut self, id: &str, body: &Value) -> (u16, Value) {
        let fields = ["extents", "key", "state", "uss_base_url", "subscription_id", "new_subscription"];
        self.rule(only(body, &fields), "a create has fields of the contract only");
        self.rule(is_uuid_v4(id), "an id is a version 4 UUID");
        self.rule(body["state"] == "Accepted", "a new reference is Accepted");
        self.rule(is_https(&body["uss_base_url"]), "the base URL has TLS");
        let Some(extent) = Extent::of(&body["extents"][0], 5) else {
            self.violations.push(format!("not a volume: {}", body["extents"]));
            return (400, json!({ "message": "no volume" }));
        };
        self.rule(body["extents"].as_array().map(Vec::len) == Some(1), "one volume");
        self.rule((extent.altitude_m.1 - extent.altitude_m.0 - 60.0).abs() < 1e-9, "60 m high");
        let now = jiff::Timestamp::from_nanosecond(now_utc_ns().into()).unwrap().to_string();
        self.rule(extent.time.0 < extent.time.1 && now < extent.time.1, "the end is after the start and not past");
        if let Some(subscription) = body["subscription_id"].as_str() {
            let covered = self.subscriptions.get(subscription).is_some_and(|around| around.covers(&extent));
            self.rule(covered, "an explicit subscription exists and covers the reference");
            self.of_subscription.insert(subscription.to_owned());
        }
        if body["new_subscription"].is_object() {
            self.rule(is_https(&body["new_subscription"]["uss_base_url"]), "the implicit subscription has a base URL");
            self.implicit += 1;
        }
        let key = body["key"].as_array().cloned().unwrap_or_default();
        let known = |reference: &Reference| key.iter().any(|ovn| *ovn == reference.ovn.as_str());
        let met = self.references.iter().filter(|(_, other)| other.extent.meets(&extent) && !known(other));
        let missing: Vec<Value> = met
            .map(|(id, other)| {
                let ovn = if other.manager == OWN { json!(other.ovn) } else { Value::Null };
                json!({ "id": id, "manager": other.manager, "ovn": ovn })
            })
            .collect();
        if !missing.is_empty() {
            self.conflicts += 1;
            return (409, json!({ "message": "missing OVNs", "missing_operational_intents": missing }));
        }
        let fresh = self.ids.insert(id.to_owned());
        self.rule(fresh, "an id is used once");
        self.created += 1;
        // With the characters that a path cannot have.
        let ovn = format!("fake/ovn+{:08}=", self.created);
        self.references.insert(id.to_owned(), Reference { manager: OWN.to_owned(), ovn: ovn.clone(), extent });
        (201, json!({ "subscribers": [], "operational_intent_reference": { "id": id, "manager": OWN, "ovn": ovn } }))
    }

    fn delete(&mut self, id: &str, ovn: &str) -> (u16, Value) {
        let ovn = ovn.replace("%2F", "/").replace("%2B", "+").replace("%3D", "=");
        let current = self.references.get(id).is_some_and(|reference| reference.ovn == ovn);
        self.rule(current, "a delete names a reference that exists and its OVN");
        self.references.remove(id);
        (200, json!({ "subscribers": [], "operational_intent_reference": { "id": id, "ovn": ovn } }))
    }

    fn subscribe(&mut self, id: &str, body: &Value) -> (u16, Value) {
        let fields = ["extents", "uss_base_url", "notify_for_operational_intents"];
        self.rule(only(body, &fields), "a subscription has fields of the contract only");
        self.rule(is_uuid_v4(id), "an id is a version 4 UUID");
        self.rule(body["notify_for_operational_intents"] == true, "a subscription has a trigger");
        self.rule(is_https(&body["uss_base_url"]), "the base URL has TLS");
        match Extent::of(&body["extents"], 4) {
            Some(extent) => drop(self.subscriptions.insert(id.to_owned(), extent)),
            None => self.violations.push(format!("not a volume: {}", body["extents"])),
        }
        self.subscribed += 1;
        (200, json!({ "subscription": { "id": id, "version": "v-1", "notification_index": 0 } }))
    }
}

fn parsed(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

fn only(body: &Value, fields: &[&str]) -> bool {
    body.as_object().is_some_and(|body| body.keys().all(|field| fields.contains(&field.as_str())))
}

fn is_https(url: &Value) -> bool {
    url.as_str().is_some_and(|url| url.starts_with("https://"))
}

fn is_uuid_v4(id: &str) -> bool {
    let parts: Vec<usize> = id.split('-').map(str::len).collect();
    let hex = id.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    parts == [8, 4, 4, 4, 12] && hex && &id[14..15] == "4" && "89ab".contains(&id[19..20])
}

/// The fake on a port of its own, on a thread that ends with it.
struct Fake {
    address: SocketAddr,
    dss: Arc<Mutex<Dss>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Fake {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let dss = Arc::new(Mutex::new(Dss::default()));
        runtime.spawn(serve(listener, address.to_string(), Arc::clone(&dss)));
        Self { address, dss, runtime: Some(runtime) }
    }

    /// Runs the load generator for one measured second.
    fn load(&self, arguments: &[&str]) -> Output {
        let url = format!("http://{}", self.address);
        bench(&[&["--url", &url, "--seconds", "1"], arguments].concat())
    }

    /// The same; it must succeed without a single error or violation of the contract.
    fn figures(&self, arguments: &[&str]) -> Value {
        let output = self.load(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let figures: Value = serde_json::from_slice(&output.stdout).unwrap();
        println!("{arguments:?}: {figures}");
        assert_eq!(figures["errors"], json!({}), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(figures["flights"].as_u64().unwrap() > 0);
        assert_eq!(self.dss.lock().unwrap().violations, Vec::<String>::new());
        figures
    }

    /// An intent that is already there, all over the busy cell and its hours.
    fn add_standing(&self, manager: &str) {
        let extent = Extent {
            lat: (46.0, 47.0),
            lng: (-29.0, -27.0),
            altitude_m: (0.0, 1_000.0),
            time: ("2020-01-01T00:00:00Z".to_owned(), "2100-01-01T00:00:00Z".to_owned()),
        };
        let reference = Reference { manager: manager.to_owned(), ovn: format!("standing-ovn-of-{manager}"), extent };
        self.dss.lock().unwrap().references.insert(format!("standing {manager}"), reference);
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

async fn serve(listener: TcpListener, host: String, dss: Arc<Mutex<Dss>>) {
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).unwrap();
        let (host, dss) = (host.clone(), Arc::clone(&dss));
        let service = service_fn(move |request| handle(request, host.clone(), Arc::clone(&dss)));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn handle(
    request: Request<Incoming>,
    host: String,
    dss: Arc<Mutex<Dss>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let mut dss = dss.lock().unwrap();
    dss.rule(head.headers.get(HOST).is_some_and(|given| *given == *host), "the host is that of the URL");
    let typed = head.headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    dss.rule(typed != body.is_empty(), "a body is JSON");
    if let Some(token) = head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()) {
        dss.tokens.insert(token.to_owned());
    }
    let (status, answer) = dss.answer(&head.method, head.uri.path(), &body);
    Ok(Response::builder().status(status).body(Full::from(answer.to_string())).unwrap())
}

fn bench(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_skypact"));
    command.args(["--json", "bench", "dss"]).args(arguments).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn spread_flights_come_and_go_as_the_contract_says_and_every_figure_has_its_key() {
    let fake = Fake::start();
    let pair = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let path = std::env::temp_dir().join(format!("skypact-load-{}.pem", std::process::id()));
    std::fs::write(&path, pair.serialize_pem()).unwrap();
    let begun_s = now_utc_ns() / 1_000_000_000;
    let key = path.display().to_string();
    let figures =
        fake.figures(&["--clients", "2", "--subscriptions", "3", "--preload", "600", "--cleanup", "--token-key", &key]);
    std::fs::remove_file(&path).unwrap();

    let keys: Vec<&String> = figures.as_object().unwrap().keys().collect();
    let latencies = ["create_max_ms", "create_p50_ms", "create_p99_ms", "delete_p50_ms", "delete_p99_ms"];
    let rest = ["errors", "flights", "flights_per_s", "fsync_p50_ms", "fsync_p99_ms", "load_average", "retries"];
    let expected = [&["clients"], &latencies[..], &rest[..], &["seconds"]].concat();
    assert_eq!(keys, expected);
    assert!(latencies.iter().all(|name| figures[name].as_f64().unwrap() > 0.0));
    assert!(figures["create_p50_ms"].as_f64() <= figures["create_p99_ms"].as_f64());
    assert!(figures["create_p99_ms"].as_f64() <= figures["create_max_ms"].as_f64());

    let dss = fake.dss.lock().unwrap();
    assert_eq!((dss.subscribed, dss.implicit), (3, 0));
    // Two clients draw their places: in about one run of a hundred two of the flights meet.
    assert!(dss.conflicts <= 2, "spread flights meet by chance alone: {}", dss.conflicts);
    assert!(dss.created as u64 >= 600 + figures["flights"].as_u64().unwrap());
    assert!(dss.references.is_empty() && dss.subscriptions.is_empty(), "nothing stays behind");

    assert_eq!(dss.tokens.len(), 1, "one token serves the run");
    let token = dss.tokens.first().unwrap().strip_prefix("Bearer ").unwrap();
    let parts: Vec<Value> =
        token.split('.').take(2).map(|part| parsed(&URL_SAFE_NO_PAD.decode(part).unwrap())).collect();
    assert_eq!(parts[0]["alg"], "RS256");
    assert_eq!((&parts[1]["sub"], &parts[1]["iss"]), (&json!(OWN), &json!(OWN)));
    assert_eq!((&parts[1]["aud"], &parts[1]["scope"]), (&json!("127.0.0.1"), &json!("utm.strategic_coordination")));
    assert!(is_uuid_v4(parts[1]["jti"].as_str().unwrap()));
    let life_s = parts[1]["exp"].as_i64().unwrap() - begun_s;
    assert!((55 * 60..60 * 60).contains(&life_s), "{life_s}");
}

#[test]
fn busy_flights_that_meet_name_each_other_and_learn_what_they_lacked() {
    let fake = Fake::start();
    fake.add_standing(OWN);
    let figures = fake.figures(&["--mode", "busy", "--overlap", "--clients", "4", "--implicit"]);
    let dss = fake.dss.lock().unwrap();
    // No flight knows the standing intent before it is told.
    assert!(dss.conflicts >= dss.created && figures["retries"].as_u64() >= figures["flights"].as_u64());
    assert!(dss.implicit >= dss.created);
    assert_eq!(dss.references.len(), 1, "only the standing intent is left");
}

#[test]
fn busy_flights_in_slices_of_their_own_never_meet_and_use_the_subscription_of_their_client() {
    let fake = Fake::start();
    let figures = fake.figures(&["--mode", "busy", "--shared", "--clients", "8", "--subscriptions", "20"]);
    let dss = fake.dss.lock().unwrap();
    assert_eq!((dss.conflicts, &figures["retries"]), (0, &json!(0)));
    assert_eq!((dss.subscribed, dss.of_subscription.len()), (28, 8));
}

#[test]
fn spread_flights_stay_in_the_region_of_their_shared_subscription() {
    let fake = Fake::start();
    fake.figures(&["--shared", "--clients", "12", "--preload", "9"]);
    let dss = fake.dss.lock().unwrap();
    assert_eq!(dss.of_subscription.len(), 12);
    assert_eq!(dss.references.len(), 9, "without --cleanup preloaded references stay");
}

#[test]
fn an_ovn_that_is_not_shown_ends_the_create_and_a_run_without_a_flight_is_an_error() {
    let fake = Fake::start();
    fake.add_standing("another-uss");
    let output = fake.load(&["--mode", "busy", "--clients", "1"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert!(said.contains("create 409"), "{said}");
}

#[test]
fn a_dss_that_cannot_be_asked_is_named_with_what_to_do() {
    for (url, exit, word) in [
        ("https://dss.example", 2, "use http"),
        ("dss.example", 2, "has no scheme"),
        // Nothing listens on the port of echo here, and preloading notices at once.
        ("http://127.0.0.1:7", 4, "dss-not-reachable"),
    ] {
        let output = bench(&["--url", url, "--preload", "1"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(exit), "{url}: {said}");
        assert!(said.contains(word), "{url}: {said}");
    }
}
