//! Bodies that mean harm: deep, long, broken, or made to cost memory and time. All are refused with a short error.

use proptest::prelude::*;
use serde_json::{Value, json};
use skypact_f3548::{
    ErrorReport, ParseOptions, PutConstraintReference, PutOperationalIntentReference, PutSubscription, Query, Request,
    RequestError, SetUssAvailability, decode, wire,
};

use crate::bodies::{constraint, operational_intent, report, square, subscription, volume};

fn refused<R: Request>(body: &[u8]) -> RequestError {
    let error = R::parse(body, &ParseOptions::default()).err().expect("refused");
    assert!(error.to_string().len() < 1_000, "a short error: {} bytes", error.to_string().len());
    error
}

fn at_latitude(number: &str) -> RequestError {
    let body = json!({"area_of_interest": {"volume": {"outline_polygon": square()}}}).to_string();
    refused::<Query>(body.replacen("46.0", number, 1).as_bytes())
}

#[test]
fn what_is_no_json_is_refused_as_such() {
    let invalid_utf8 = b"{\"old_version\": \"\xff\", \"availability\": \"Down\"}";
    let bodies: [&[u8]; 8] = [b"", b"{", b"nul", b"\xff\xfe", b"{} {}", b"{\"key\": NaN}", b"[1,]", invalid_utf8];
    for body in bodies {
        let error = refused::<SetUssAvailability>(body);
        assert!(matches!(error.code(), "json-malformed" | "field-missing" | "field-invalid"), "{error}");
    }
    assert_eq!(refused::<SetUssAvailability>(invalid_utf8).code(), "json-malformed");
    assert_eq!(refused::<SetUssAvailability>(b"null").code(), "field-invalid");
    let trailing = b"{\"old_version\": \"\", \"availability\": \"Down\"} x";
    assert_eq!(refused::<SetUssAvailability>(trailing).code(), "json-malformed");
    let twice = b"{\"old_version\": \"\", \"old_version\": \"\", \"availability\": \"Down\"}";
    assert_eq!(refused::<SetUssAvailability>(twice).code(), "field-invalid");
}

#[test]
fn a_field_given_twice_is_named_with_its_whole_path() {
    fn check<R: Request>(body: &Value, once: &str, twice: &str, field: &str) {
        let body = body.to_string();
        assert_eq!(body.matches(once).count(), 1, "{once} in {body}");
        let error = refused::<R>(body.replacen(once, twice, 1).as_bytes());
        assert_eq!((error.field.as_str(), error.code()), (field, "field-invalid"), "{error}");
        assert_eq!(error.to_string(), format!("{field}: is given twice; give it once"));
    }
    let state = r#""state":"Accepted""#;
    check::<PutOperationalIntentReference>(&operational_intent(), state, &format!("{state},{state}"), "state");
    let flag = r#""notify_for_constraints":true"#;
    let nested = "new_subscription.notify_for_constraints";
    check::<PutOperationalIntentReference>(&operational_intent(), flag, &format!("{flag},{flag}"), nested);
    let mut two = operational_intent();
    two["extents"][1]["volume"]["outline_polygon"]["vertices"][2] = json!({"lat": 46.02, "lng": 7.01});
    let latitude = r#""lat":46.02"#;
    let vertex = "extents[1].volume.outline_polygon.vertices[2].lat";
    check::<PutOperationalIntentReference>(&two, latitude, &format!("{latitude},{latitude}"), vertex);
    // The second one is refused for standing there, whatever it holds, and a key may be spelled with escapes.
    check::<PutOperationalIntentReference>(
        &operational_intent(),
        state,
        &format!(r#"{state},"\u0073tate":["#),
        "state",
    );
    let volume = r#""extents":{"#;
    check::<PutSubscription>(&subscription(), volume, r#""extents":{"time_end":null,"#, "extents.time_end");
}

#[test]
fn deep_json_is_refused_before_the_stack_ends() {
    for open in ["[", "{\"a\":", "{\"area_of_interest\":"] {
        refused::<Query>(open.repeat(200_000).as_bytes());
    }
    let foreign = format!("{{\"foreign\": {}", "[".repeat(1_000_000));
    assert_eq!(refused::<Query>(foreign.as_bytes()).code(), "json-malformed");
    let deep_geozone = format!("{{\"additional_properties\": {}", "{\"a\":".repeat(100_000));
    assert!(decode::<wire::GeoZone>(deep_geozone.as_bytes()).is_err());
}

#[test]
fn ten_megabytes_of_digits_are_a_number_out_of_range_or_none() {
    let digits = "9".repeat(10_000_000);
    let lat = "area_of_interest.volume.outline_polygon.vertices[0].lat";
    for number in
        [digits.clone(), format!("{digits}.5"), "1e400".to_owned(), format!("1e{digits}"), format!("-{digits}")]
    {
        let error = at_latitude(&number);
        assert_eq!(error.field, lat, "{error}");
    }
    assert_eq!(at_latitude(&format!("91.{digits}")).code(), "number-out-of-range");
    let fraction = json!({"area_of_interest": {
        "volume": {"outline_polygon": square()},
        "time_end": {"value": format!("2026-12-01T10:00:00.{digits}+"), "format": "RFC3339"},
    }});
    assert_eq!(refused::<Query>(fraction.to_string().as_bytes()).field, "area_of_interest.time_end.value");
}

#[test]
fn errors_quote_little_of_what_was_sent() {
    let long = "é".repeat(5_000_000);
    refused::<SetUssAvailability>(json!({"old_version": "", "availability": long}).to_string().as_bytes());
    refused::<SetUssAvailability>(json!({"old_version": [], "availability": long}).to_string().as_bytes());
    refused::<SetUssAvailability>(format!("{{\"{long}\": ]}}").as_bytes());
    let state = serde_json::to_vec(&json!({"state": long})).expect("JSON");
    refused::<PutOperationalIntentReference>(&state);
}

#[test]
fn lists_are_refused_at_the_first_element_too_many() {
    let many = |field: &str, element: Value, count: usize| {
        let mut body = operational_intent();
        body[field] = json!(vec![element; count]);
        body.to_string()
    };
    let disc = json!({"center": {"lat": 0, "lng": 0}, "radius": {"value": 1, "units": "M"}});
    let mut element = volume();
    element["volume"]["outline_polygon"] = Value::Null;
    element["volume"]["outline_circle"] = disc;
    let options = ParseOptions::default();
    let extents = many("extents", element.clone(), 1_000);
    assert!(PutOperationalIntentReference::parse(extents.as_bytes(), &options).is_ok());
    let error = refused::<PutOperationalIntentReference>(many("extents", element, 1_001).as_bytes());
    assert_eq!((error.field.as_str(), error.code()), ("extents", "field-invalid"));
    let ovn = json!("9d158f59-80b7-4c11");
    assert!(PutOperationalIntentReference::parse(many("key", ovn.clone(), 100_000).as_bytes(), &options).is_ok());
    let error = refused::<PutOperationalIntentReference>(many("key", ovn, 100_001).as_bytes());
    assert_eq!((error.field.as_str(), error.code()), ("key", "field-invalid"));
}

/// A regular polygon around a place of its own.
fn polygon(vertices: usize, place: usize) -> Value {
    let around = |i: usize| std::f64::consts::TAU * i as f64 / vertices as f64;
    let vertex = |i: usize| json!({"lat": 46.0 + 0.1 * around(i).sin(), "lng": 7.0 + place as f64 * 0.5 + 0.1 * around(i).cos()});
    let mut extent = volume();
    extent["volume"]["outline_polygon"] = json!({"vertices": (0..vertices).map(vertex).collect::<Vec<_>>()});
    extent
}

#[test]
fn vertices_are_counted_over_all_extents() {
    fn check<R: Request>(body: &Value, limit: usize) {
        let parse = |body: &Value| R::parse(body.to_string().as_bytes(), &ParseOptions::default());
        let extents = |last: usize| json!([polygon(limit / 2, 0), polygon(limit / 4, 1), polygon(last, 2)]);
        let mut body = body.clone();
        body["extents"] = extents(limit / 4);
        assert!(parse(&body).is_ok(), "{limit} vertices");
        body["extents"] = extents(limit / 4 + 1);
        let error = parse(&body).err().expect("refused");
        assert_eq!((error.field.as_str(), error.code()), ("extents", "too-many-vertices"));
    }
    check::<PutOperationalIntentReference>(&operational_intent(), 10_000);
    check::<PutConstraintReference>(&constraint(), 1_000);

    let mut body = subscription();
    body["extents"] = polygon(10_001, 0);
    let error = refused::<PutSubscription>(body.to_string().as_bytes());
    assert_eq!((error.field.as_str(), error.code()), ("extents.volume.outline_polygon", "too-many-vertices"));
}

#[test]
fn outlines_around_the_earth_are_refused_before_they_are_followed() {
    let wide = |lat: f64| {
        let mut extent = volume();
        extent["volume"]["outline_polygon"]["vertices"] =
            json!([{"lat": lat, "lng": 0}, {"lat": lat, "lng": 30}, {"lat": lat + 10.0, "lng": 15}]);
        extent
    };
    let mut body = operational_intent();
    body["extents"] = json!(vec![wide(0.0); 1_000]);
    let error = refused::<PutOperationalIntentReference>(body.to_string().as_bytes());
    assert_eq!((error.field.as_str(), error.code()), ("extents", "outlines-too-long"));
    body["extents"] = json!(vec![wide(0.0); 13]);
    let accepted = PutOperationalIntentReference::parse(body.to_string().as_bytes(), &ParseOptions::default());
    assert!(accepted.is_ok(), "13 outlines of 7,300 km are within the bound: {accepted:?}");

    let zigzag = (0..9_999).map(|i| json!({"lat": f64::from(i) * 0.001, "lng": 80 * (i % 2)})).collect::<Vec<_>>();
    let mut body = subscription();
    body["extents"]["volume"]["outline_polygon"] = json!({"vertices": zigzag});
    let error = refused::<PutSubscription>(body.to_string().as_bytes());
    assert_eq!((error.field.as_str(), error.code()), ("extents", "outlines-too-long"));
}

/// Reads bytes as every kind of request; what is accepted must survive being written and read again.
fn survive(body: &[u8]) {
    fn one<R: Request + PartialEq + std::fmt::Debug>(body: &[u8]) {
        let options = ParseOptions { allow_http_base_urls: true };
        match R::parse(body, &options) {
            Ok(request) => {
                let written = serde_json::to_vec(&request.to_wire().expect("from a body")).expect("JSON");
                assert_eq!(R::parse(&written, &options), Ok(request));
            }
            Err(error) => assert!(error.to_string().len() < 1_000),
        }
    }
    one::<PutOperationalIntentReference>(body);
    one::<PutConstraintReference>(body);
    one::<PutSubscription>(body);
    one::<Query>(body);
    one::<SetUssAvailability>(body);
    one::<ErrorReport>(body);
}

fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let query = json!({"area_of_interest": volume()});
    let availability = json!({"old_version": "", "availability": "Down"});
    let all = [operational_intent(), constraint(), subscription(), query, availability, report()];
    proptest::sample::select(all.map(|body| body.to_string().into_bytes()).to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3_000) })]

    #[test]
    fn no_mutation_of_a_valid_body_does_harm(
        mut body in bodies(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..5), 1..8),
    ) {
        for (place, byte, kind) in changes {
            if body.is_empty() {
                break;
            }
            let at = place.index(body.len());
            match kind {
                0 => body[at] = byte,
                1 => body.insert(at, byte),
                2 => drop(body.remove(at)),
                // Digits and punctuation keep more of the body meaningful.
                3 => body[at] = b"0123456789-+.eE\"[]{},:"[usize::from(byte) % 22],
                _ => body.extend_from_within(at..),
            }
        }
        survive(&body);
    }

    #[test]
    fn no_bytes_do_harm(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        survive(&body);
    }
}
