//! Requests that no client sends by mistake, over real HTTP: each gets a status of its kind and a reason, records nothing, and leaves the
//! DSS answering.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::command_ground::Ground;
use crate::dss_http::{ALL, Process, answered, extent, intent, intent_path, run, token};
use crate::dss_issuer::{PemFile, TRUSTED};

/// Sends these bytes and reads the status and the code of the answer; zero when the connection ends without one.
fn answer_to(dss: &Process, bytes: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(&dss.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    // A server that has refused already closes while we still write.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let (status, body) = answered(&String::from_utf8_lossy(&answer)).unwrap_or_default();
    assert!(
        status < 400 || body.is_null() || body["message"].as_str().is_some_and(|text| text.len() < 4_096),
        "{body}"
    );
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

fn put(uss: &str, body: &[u8]) -> Vec<u8> {
    let path = intent_path(1);
    let head =
        format!("PUT {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer {uss}\r\n");
    [format!("{head}content-length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
}

/// An intent around a circle of so many corners.
fn cornered(vertices: u32) -> Value {
    let mut intent = intent(1, &[]);
    let corner = |n: u32| {
        let angle = f64::from(n) / f64::from(vertices) * std::f64::consts::TAU;
        json!({ "lat": 46.0 + 0.05 * angle.sin(), "lng": 7.0 + 0.05 * angle.cos() })
    };
    intent["extents"][0]["volume"]["outline_polygon"]["vertices"] = (0..vertices).map(corner).collect();
    intent
}

/// The body of an ordinary intent with a text in place of the longitude of a corner.
fn with_number(number: &str) -> Vec<u8> {
    let body = intent(1, &[]).to_string();
    let changed = body.replacen("7.005", number, 1);
    assert_ne!(changed, body);
    changed.into_bytes()
}

#[test]
fn hostile_requests_get_their_status_and_record_nothing() {
    let ground = Ground::new("dss-hostile");
    let keys = PemFile::new("PUBLIC KEY", TRUSTED.public_spki());
    let dss = Process::start(&ground, &keys);
    let uss = token("uss1", ALL);
    let ordinary = intent(1, &[]).to_string().into_bytes();
    let replaced = |from: &str, to: &[u8]| {
        let place = ordinary.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        [&ordinary[..place], to, &ordinary[place + from.len()..]].concat()
    };
    let bodies: [(&str, Vec<u8>, &str); 15] = [
        ("no body", Vec::new(), "json-malformed"),
        ("10,001 corners", cornered(10_001).to_string().into_bytes(), "too-many-vertices"),
        ("deep lists", [b"{\"extents\":", "[".repeat(100_000).as_bytes()].concat(), "field-invalid"),
        ("deep objects", "{\"a\":".repeat(100_000).into_bytes(), "json-malformed"),
        ("1e400", with_number("1e400"), "json-malformed"),
        ("1e308", with_number("1e308"), "number-out-of-range"),
        ("400 digits", with_number(&"7".repeat(400)), "json-malformed"),
        ("NaN", with_number("NaN"), "json-malformed"),
        ("no UTF-8", replaced("Accepted", b"Accep\xff"), "json-malformed"),
        ("half a surrogate", replaced("Accepted", b"\\ud800"), "json-malformed"),
        ("NUL", replaced("Accepted", b"Accepted\0"), "json-malformed"),
        ("a field twice", replaced("{", b"{\"state\":\"Accepted\","), "field-invalid"),
        ("a long text", replaced("https://uss1.example/utm", &vec![b'x'; 1 << 19]), "field-invalid"),
        ("a list for an object", b"[]".to_vec(), "field-invalid"),
        ("something behind", [&ordinary[..], b"{}"].concat(), "json-malformed"),
    ];
    for (what, body, code) in &bodies {
        assert_eq!(answer_to(&dss, &put(&uss, body)), (400, (*code).to_owned()), "{what}");
    }
    let (status, code) = answer_to(&dss, &put(&uss, &vec![b' '; 2 << 20]));
    assert_eq!((status, &*code), (413, "body-too-long"));

    let head =
        |line: &str, more: &str| format!("{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{more}\r\n");
    let bearer = format!("authorization: Bearer {uss}\r\n");
    let long = "x".repeat(100_000);
    let path = intent_path(1);
    let requests: [(&str, String, &[u16]); 10] = [
        (
            "a gigabyte announced",
            head(&format!("PUT {path}"), &format!("{bearer}content-length: 1073741824\r\n")),
            &[413],
        ),
        ("a long id", head(&format!("GET /dss/v1/subscriptions/{long}"), &bearer), &[414, 431]),
        ("a long token", head(&format!("GET {path}"), &format!("authorization: Bearer {long}\r\n")), &[431]),
        ("many headers", head(&format!("GET {path}"), &"a: b\r\n".repeat(10_000)), &[431]),
        ("an id that is none", head("GET /dss/v1/subscriptions/%00%2e%2e%2f", &bearer), &[400]),
        ("no UTF-8 in the path", head("GET /dss/v1/subscriptions/%ff%fe", &bearer), &[400]),
        ("a way up", head("GET /dss/v1/../v1/subscriptions", &bearer), &[404]),
        ("another method", head(&format!("PATCH {path}"), &bearer), &[405]),
        ("no method", head(&format!("\u{1} {path}"), &bearer), &[400]),
        (
            "two lengths",
            head(&format!("PUT {path}"), &format!("{bearer}content-length: 1\r\ncontent-length: 2\r\n")),
            &[400],
        ),
    ];
    for (what, request, statuses) in requests {
        let (status, _) = answer_to(&dss, request.as_bytes());
        assert!(statuses.contains(&status), "{what}: {status}");
    }

    assert_eq!(dss.call("GET", &path, Some(&uss), &Value::Null).0, 404, "nothing was made");
    let many = json!(vec![extent(1, 100); 1_000]);
    let mut wide = intent(1, &[]);
    wide["extents"] = many;
    let (status, answer) = dss.call("PUT", &path, Some(&uss), &wide);
    assert_eq!(status, 201, "1,000 extents are allowed: {answer}");
    let key = [answer["operational_intent_reference"]["ovn"].as_str().unwrap()];
    let mut round = cornered(10_000);
    round["key"] = json!(key);
    let (status, answer) = dss.call("PUT", &intent_path(2), Some(&uss), &round);
    assert_eq!(status, 201, "10,000 corners are allowed: {answer}");
    drop(dss);
    let bundle = ground.path("dss.bundle");
    let (code, exported) = run(&["dss", "export", "--dir", &ground.path("dss"), "--out", &bundle]);
    assert_eq!((code, &exported["entries"]), (0, &json!(2)), "what was refused is nowhere");
}
