//! Traces of a DSS as a collector of OpenTelemetry gets them, and that it holds nobody up.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::command_ground::{Ground, refuse, terminate};
use crate::dss_http::{ALL, Process, intent, intent_path, token};
use crate::dss_issuer::{PemFile, TRUSTED};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// A fake collector: gives on the bodies that are posted to it.
fn collector() -> (String, Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    let (got, bodies) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let body = answered(stream.unwrap());
            if got.send(body).is_err() {
                return;
            }
        }
    });
    (url, bodies)
}

fn answered(stream: TcpStream) -> Value {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    reader.read_line(&mut line).unwrap();
    assert!(line.starts_with("POST /v1/traces "), "{line}");
    while line.trim() != "" {
        line.clear();
        reader.read_line(&mut line).unwrap();
        if let Some(stated) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = stated.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
    serde_json::from_slice(&body).expect("OTLP in JSON")
}

/// The spans of all batches that came.
fn spans(batches: &[Value]) -> Vec<&Value> {
    let lists = batches.iter().map(|batch| &batch["resourceSpans"][0]["scopeSpans"][0]["spans"]);
    lists.flat_map(|spans| spans.as_array().expect("a list")).collect()
}

fn attribute<'a>(of: &'a Value, key: &str) -> &'a Value {
    let found = of["attributes"].as_array().unwrap().iter().find(|attribute| attribute["key"] == key);
    found.map_or(&Value::Null, |found| &found["value"])
}

/// Stops it: what waits is sent.
fn stop(mut dss: Process) {
    terminate(&dss.child);
    assert!(dss.child.wait().unwrap().success());
}

#[test]
fn a_sampled_request_has_a_span_in_its_callers_trace_and_an_unsampled_one_has_none() {
    let ground = Ground::new("dss-traces");
    let keys = PemFile::new("PUBLIC KEY", TRUSTED.public_spki());
    let ((url, bodies), log) = (collector(), ground.path("access.log"));
    let options = ["--otlp-traces-url", &url, "--trace-ratio", "0", "--access-log", &log];
    let dss = Process::start_with(&ground, &keys, &options);
    let uss = token("uss1", ALL);
    let ask = |flags: &str, number| {
        let parent = format!("00-{TRACE}-{PARENT}-{flags}");
        dss.call_with("PUT", &intent_path(number), &[("traceparent", &parent)], Some(&uss), &intent(number, &[]))
    };
    assert_eq!(ask("01", 1).0, 201);
    assert_eq!(ask("00", 2).0, 201, "the caller does not sample it");
    assert_eq!(dss.call("PUT", &intent_path(3), Some(&uss), &intent(3, &[])).0, 201, "nobody does");
    stop(dss);

    let batches: Vec<Value> = bodies.try_iter().collect();
    let service = attribute(&batches[0]["resourceSpans"][0]["resource"], "service.name");
    assert_eq!(service["stringValue"], "skypact-dss");
    let spans = spans(&batches);
    let [part, server] = spans[..] else { panic!("two spans of one request: {spans:?}") };
    assert_eq!((&server["traceId"], &server["parentSpanId"]), (&json!(TRACE), &json!(PARENT)));
    assert_eq!((&server["name"], &server["kind"]), (&json!("createOperationalIntentReference"), &json!(2)));
    assert_eq!(attribute(server, "http.request.method")["stringValue"], "PUT");
    let route = "/dss/v1/operational_intent_references/{entityid}";
    assert_eq!(attribute(server, "http.route")["stringValue"], route);
    assert_eq!(attribute(server, "client.address")["stringValue"], "127.0.0.1");
    assert!(attribute(server, "http.response.status_code")["intValue"].to_string().contains("201"));
    assert_eq!((&part["name"], &part["parentSpanId"]), (&json!("change"), &server["spanId"]));
    let secret = uss.rsplit('.').next().unwrap();
    assert!(batches.iter().all(|batch| !batch.to_string().contains(secret)), "no token");

    let log = std::fs::read_to_string(log).unwrap();
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let lines: Vec<Value> = lines.filter(|line| line["method"] == "PUT").collect();
    let traces: Vec<_> = lines.iter().map(|line| &line["trace"]).collect();
    assert_eq!(traces, [&json!(TRACE), &json!(TRACE), &Value::Null]);
    assert!(lines.iter().all(|line| line["remote"].as_str().unwrap().starts_with("127.0.0.1:")), "{log}");
}

#[test]
fn a_collector_that_takes_nothing_holds_up_no_request_and_no_stop() {
    let ground = Ground::new("dss-traces-silent");
    let keys = PemFile::new("PUBLIC KEY", TRUSTED.public_spki());
    // It accepts, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1/traces", silent.local_addr().unwrap());
    let dss = Process::start_with(&ground, &keys, &["--otlp-traces-url", &url, "--trace-ratio", "1"]);
    let uss = token("uss1", ALL);
    // More spans than may wait.
    for _ in 0..2_500 {
        assert_eq!(dss.call("GET", &intent_path(1), Some(&uss), &Value::Null).0, 404);
    }
    let (stopped, waiting) = channel();
    std::thread::spawn(move || {
        stop(dss);
        stopped.send(()).unwrap();
    });
    waiting.recv_timeout(Duration::from_secs(20)).expect("it stops, whatever the collector does");
}

#[test]
fn what_cannot_be_a_collector_or_a_ratio_is_told() {
    let keys = PemFile::new("PUBLIC KEY", TRUSTED.public_spki());
    let (ground, file) = (Ground::new("dss-traces-wrong"), keys.path().display().to_string());
    let dir = ground.path("dss");
    let dss = ["dss", "--dir", &dir, "--listen", "127.0.0.1:0", "--public-key-files", &file];
    let said = |more: &[&str]| refuse(&[&dss[..], more].concat(), 2, "field-invalid");
    assert!(said(&["--otlp-traces-url", "collector"]).starts_with("otlp-traces-url: "));
    let ratio = said(&["--otlp-traces-url", "http://127.0.0.1:4318/v1/traces", "--trace-ratio", "1.5"]);
    assert!(ratio.starts_with("trace-ratio: 1.5 is not between 0 and 1"), "{ratio}");
}
