//! What each request accepts and refuses: the field and the code of every limit, and how numbers become geometry.

use serde_json::{Value, json};
use skypact_airspace::{Datum, Footprint, UtcNanos};
use skypact_f3548::{
    ErrorReport, OperationalIntentState, OvnSuffix, ParseOptions, PutConstraintReference,
    PutOperationalIntentReference, PutSubscription, Query, Request, SetUssAvailability, SubscriptionChoice,
    SubscriptionId, UssAvailabilityState,
};

use crate::bodies::{circle, constraint, metres, operational_intent, report, subscription, time};

const STRICT: ParseOptions = ParseOptions { allow_http_base_urls: false };
const LENIENT: ParseOptions = ParseOptions { allow_http_base_urls: true };

fn parse<R: Request>(body: &Value) -> Result<R, (String, &'static str)> {
    R::parse(body.to_string().as_bytes(), &STRICT).map_err(|error| (error.field.clone(), error.code()))
}

/// The body with the value at a JSON pointer replaced; `null` is the same as absence.
fn with(mut body: Value, pointer: &str, value: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let parent = body.pointer_mut(parent).expect("the parent");
    match parent {
        Value::Array(items) => items[key.parse::<usize>().expect("an index")] = value,
        parent => parent[key] = value,
    }
    body
}

fn check<R: Request + std::fmt::Debug>(body: &Value, changes: &[(&str, Value, &str, &str)]) {
    assert!(parse::<R>(body).is_ok(), "{:?}", parse::<R>(body));
    for (pointer, value, field, code) in changes {
        let outcome = parse::<R>(&with(body.clone(), pointer, value.clone()));
        let expected = if code.is_empty() { None } else { Some(((*field).to_owned(), *code)) };
        assert_eq!(outcome.err(), expected, "{pointer} = {value}");
    }
}

#[test]
fn an_operational_intent_becomes_volumes_with_its_choices() {
    let parsed: PutOperationalIntentReference = parse(&operational_intent()).expect("valid");
    assert_eq!(parsed.state, OperationalIntentState::Accepted);
    assert_eq!((parsed.extents.len(), parsed.key.len()), (2, 1));
    let volume = &parsed.extents[0];
    assert!(matches!(&volume.footprint, Footprint::Polygon(polygon) if polygon.vertices().len() == 4
        && polygon.vertices()[1].lng_e9() == 7_010_000_000));
    let (lower, upper) = (volume.band.lower().expect("given"), volume.band.upper().expect("given"));
    assert_eq!((lower.mm, upper.mm, lower.datum), (100_000, 200_000, Datum::W84));
    assert_eq!(volume.window.start(), UtcNanos(1_796_119_200_000_000_000));
    assert!(matches!(parsed.subscription, SubscriptionChoice::Implicit { notify_for_constraints: true, .. }));
    assert_eq!(parsed.requested_ovn_suffix.map(OvnSuffix::unix_ms), Some(1_645_557_742_000));

    let without = with(operational_intent(), "/new_subscription", Value::Null);
    let chosen = |id: Value| {
        parse::<PutOperationalIntentReference>(&with(without.clone(), "/subscription_id", id))
            .expect("valid")
            .subscription
    };
    assert_eq!(chosen(json!(SubscriptionId::NIL)), SubscriptionChoice::Existing(SubscriptionId::NIL));
    assert_eq!(chosen(json!("")), SubscriptionChoice::None);
    assert_eq!(chosen(Value::Null), SubscriptionChoice::None);
}

#[test]
fn an_operational_intent_is_refused_at_the_field_that_is_wrong() {
    let missing = "field-missing";
    check::<PutOperationalIntentReference>(
        &operational_intent(),
        &[
            ("/extents", json!([]), "extents", "field-invalid"),
            ("/extents", json!({}), "extents", "field-invalid"),
            ("/extents", json!(vec![json!(0)]), "extents[0]", "field-invalid"),
            ("/extents/1/time_start", Value::Null, "extents[1].time_start", missing),
            ("/extents/1/time_end", Value::Null, "extents[1].time_end", missing),
            ("/extents/1/time_end", time("2026-12-01T09:00:00Z"), "extents[1].time_end", "time-end-before-start"),
            (
                "/extents/1/time_end/value",
                json!("2026-12-01T11:00:00+00:00"),
                "extents[1].time_end.value",
                "field-invalid",
            ),
            ("/extents/1/time_end/format", json!("UNIX"), "extents[1].time_end.format", "field-invalid"),
            (
                "/extents/1/time_start",
                json!({"value": "2026-12-01T10:00:00Z"}),
                "extents[1].time_start.format",
                missing,
            ),
            ("/extents/1/volume/altitude_lower", Value::Null, "extents[1].volume.altitude_lower", missing),
            ("/extents/1/volume/altitude_upper", Value::Null, "extents[1].volume.altitude_upper", missing),
            ("/state", json!("Ended"), "state", "field-invalid"),
            ("/state", Value::Null, "state", "field-invalid"),
            ("/state", json!({"Accepted": null}), "state", "field-invalid"),
            ("/new_subscription", json!(["https://uss.example.com/utm", true]), "new_subscription", "field-invalid"),
            ("/key", json!(["9d158f59-80b7-4c11", "too short"]), "key[1]", "field-invalid"),
            ("/key", json!("9d158f59-80b7-4c11"), "key", "field-invalid"),
            ("/key", Value::Null, "", ""),
            ("/uss_base_url", json!("http://uss.example.com"), "uss_base_url", "base-url-without-tls"),
            ("/uss_base_url", json!("https://uss.example.com/?a"), "uss_base_url", "field-invalid"),
            ("/new_subscription", json!({}), "new_subscription.uss_base_url", missing),
            (
                "/new_subscription/uss_base_url",
                json!("http://uss.example.com"),
                "new_subscription.uss_base_url",
                "base-url-without-tls",
            ),
            ("/subscription_id", json!("78ea3fe8-71c2-4f5c-9b44-9c02f5563c6f"), "subscription_id", "two-subscriptions"),
            ("/subscription_id", json!("78ea3fe8"), "subscription_id", "field-invalid"),
            ("/subscription_id", json!(""), "", ""),
            (
                "/requested_ovn_suffix",
                json!("2f8343be-6482-4d1b-a474-16847e01af1e"),
                "requested_ovn_suffix",
                "field-invalid",
            ),
            ("/requested_ovn_suffix", json!(""), "requested_ovn_suffix", "field-invalid"),
            ("/requested_ovn_suffix", json!(7), "requested_ovn_suffix", "field-invalid"),
        ],
    );
}

#[test]
fn a_volume_is_refused_at_the_field_that_is_wrong() {
    let polygon = "extents.volume.outline_polygon";
    let corner = |lat: f64, lng: f64| json!({"lat": lat, "lng": lng});
    let range = "number-out-of-range";
    let bow = json!([corner(46.0, 7.0), corner(46.01, 7.01), corner(46.0, 7.01), corner(46.01, 7.0)]);
    let repeated = json!([corner(46.0, 7.0), corner(46.01, 7.0), corner(46.0, 7.0), corner(46.0, 7.01)]);
    let closed = json!([corner(46.0, 7.0), corner(46.01, 7.0), corner(46.0, 7.01), corner(46.0, 7.0)]);
    let line = json!([corner(0.0, 7.0), corner(0.0, 7.1), corner(0.0, 7.2)]);
    let two = json!([corner(46.0, 7.0), corner(46.01, 7.0)]);
    let vertices = "/extents/volume/outline_polygon/vertices";
    let at = |field: &'static str| (format!("{vertices}/1/{field}"), format!("{polygon}.vertices[1].{field}"));
    let ((lat, lat_field), (lng, lng_field)) = (at("lat"), at("lng"));
    check::<PutSubscription>(
        &subscription(),
        &[
            (vertices, bow, polygon, "polygon-crosses-itself"),
            (vertices, repeated, polygon, "duplicate-vertex"),
            (vertices, closed, "", ""),
            (vertices, line, polygon, "polygon-crosses-itself"),
            (vertices, two, polygon, "too-few-vertices"),
            (vertices, json!([]), polygon, "too-few-vertices"),
            (vertices, json!([[46.0, 7.0]]), "extents.volume.outline_polygon.vertices[0]", "field-invalid"),
            (&lat, json!(90.000_000_000_1), &lat_field, range),
            (&lat, json!(-91), &lat_field, range),
            (vertices, json!({}), "extents.volume.outline_polygon.vertices", "field-invalid"),
            (&lat, json!("46"), &lat_field, "field-invalid"),
            (&lng, json!(180.000_000_1), &lng_field, range),
            (&lng, json!(1e300), &lng_field, range),
            ("/extents/volume/outline_polygon", Value::Null, "extents.volume", "outline-not-exactly-one"),
            ("/extents/volume/outline_circle", circle(10.0), "extents.volume", "outline-not-exactly-one"),
            ("/extents/volume/altitude_lower/value", json!(-8_000.000_1), "extents.volume.altitude_lower.value", range),
            ("/extents/volume/altitude_lower/value", json!(-8_000), "", ""),
            (
                "/extents/volume/altitude_upper/value",
                json!(100_000.000_1),
                "extents.volume.altitude_upper.value",
                range,
            ),
            ("/extents/volume/altitude_upper/value", json!(100_000), "", ""),
            (
                "/extents/volume/altitude_upper",
                metres(99.0),
                "extents.volume.altitude_upper",
                "altitude-upper-below-lower",
            ),
            ("/extents/volume/altitude_upper", metres(100.0), "", ""),
            ("/extents/volume/altitude_upper", Value::Null, "", ""),
            (
                "/extents/volume/altitude_upper/units",
                json!("FT"),
                "extents.volume.altitude_upper.units",
                "field-invalid",
            ),
            (
                "/extents/volume/altitude_upper/reference",
                json!("SFC"),
                "extents.volume.altitude_upper.reference",
                "field-invalid",
            ),
            ("/extents/time_start", Value::Null, "", ""),
            ("/extents/time_end", Value::Null, "", ""),
            ("/extents/time_end", time("2026-12-01T10:00:00Z"), "", ""),
            ("/extents/time_end", time("2026-12-01T09:59:59Z"), "extents.time_end", "time-end-before-start"),
            ("/extents/volume", Value::Null, "extents.volume", "field-invalid"),
            (
                "/notify_for_operational_intents",
                json!(false),
                "notify_for_operational_intents",
                "no-notification-trigger",
            ),
            ("/notify_for_operational_intents", json!("yes"), "notify_for_operational_intents", "field-invalid"),
            ("/uss_base_url", json!("http://uss.example.com"), "uss_base_url", "base-url-without-tls"),
        ],
    );
}

#[test]
fn a_circle_is_refused_at_the_field_that_is_wrong() {
    let disc = with(subscription(), "/extents/volume/outline_polygon", Value::Null);
    let disc = with(disc, "/extents/volume/outline_circle", circle(10.0));
    let radius = "extents.volume.outline_circle.radius.value";
    check::<PutSubscription>(
        &disc,
        &[
            ("/extents/volume/outline_circle/radius/value", json!(0), radius, "radius-not-positive"),
            ("/extents/volume/outline_circle/radius/value", json!(-1), radius, "radius-not-positive"),
            ("/extents/volume/outline_circle/radius/value", json!(1e-300), "", ""),
            ("/extents/volume/outline_circle/radius/value", json!(1_000_000), "", ""),
            ("/extents/volume/outline_circle/radius/value", json!(1_000_000.000_1), radius, "number-out-of-range"),
            ("/extents/volume/outline_circle/radius/value", json!(1e300), radius, "number-out-of-range"),
            (
                "/extents/volume/outline_circle/radius/units",
                json!("KM"),
                "extents.volume.outline_circle.radius.units",
                "field-invalid",
            ),
            (
                "/extents/volume/outline_circle/radius",
                Value::Null,
                "extents.volume.outline_circle.radius",
                "field-missing",
            ),
            (
                "/extents/volume/outline_circle/center",
                Value::Null,
                "extents.volume.outline_circle.center",
                "field-missing",
            ),
            (
                "/extents/volume/outline_circle/center/lat",
                json!(-90.1),
                "extents.volume.outline_circle.center.lat",
                "number-out-of-range",
            ),
        ],
    );
}

#[test]
fn a_constraint_needs_times_and_no_altitudes() {
    check::<PutConstraintReference>(
        &constraint(),
        &[
            ("/extents/0/volume/altitude_lower", Value::Null, "", ""),
            ("/extents/0/volume/altitude_upper", Value::Null, "", ""),
            ("/extents/0/time_start", Value::Null, "extents[0].time_start", "field-missing"),
            ("/extents/0/time_end", Value::Null, "extents[0].time_end", "field-missing"),
            ("/extents", json!([]), "extents", "field-invalid"),
            ("/uss_base_url", json!("http://uss.example.com"), "uss_base_url", "base-url-without-tls"),
        ],
    );
}

#[test]
fn a_query_needs_an_area_and_little_of_it() {
    let area = json!({"volume": {"outline_circle": circle(1_000.0)}});
    check::<Query>(
        &json!({"area_of_interest": area}),
        &[
            ("/area_of_interest", Value::Null, "area_of_interest", "field-missing"),
            ("/area_of_interest/volume", json!({}), "area_of_interest.volume", "outline-not-exactly-one"),
            ("/area_of_interest/time_start", time("1985-04-12T23:20:50.52Z"), "", ""),
        ],
    );
}

#[test]
fn an_availability_is_read_in_any_case() {
    let body = json!({"old_version": "", "availability": "down"});
    let parsed: SetUssAvailability = parse(&body).expect("valid");
    assert_eq!(parsed, SetUssAvailability { availability: UssAvailabilityState::Down, old_version: String::new() });
    check::<SetUssAvailability>(
        &body,
        &[
            ("/availability", json!("NORMAL"), "", ""),
            ("/availability", json!("Unknown"), "", ""),
            ("/availability", json!("up"), "availability", "field-invalid"),
            ("/old_version", Value::Null, "", ""),
        ],
    );
    assert_eq!(serde_json::to_value(UssAvailabilityState::Down).ok(), Some(json!("Down")));
}

#[test]
fn a_report_is_read_and_its_id_is_left_to_the_receiver() {
    let parsed: ErrorReport = parse(&report()).expect("valid");
    assert_eq!(parsed.exchange.response_code, 500);
    check::<ErrorReport>(
        &report(),
        &[
            ("/report_id", json!("x".repeat(129)), "report_id", "field-invalid"),
            ("/exchange", json!({}), "exchange.url", "field-missing"),
            ("/exchange/recorder_role", json!("Bystander"), "exchange.recorder_role", "field-invalid"),
        ],
    );
}

#[test]
fn http_is_accepted_where_the_deployment_allows_it() {
    let body = with(operational_intent(), "/uss_base_url", json!("http://localhost:8082/mock"));
    let body = with(body, "/new_subscription/uss_base_url", json!("http://localhost:8082/mock"));
    assert!(PutOperationalIntentReference::parse(body.to_string().as_bytes(), &LENIENT).is_ok());
}

#[test]
fn rounding_only_grows_a_volume() {
    let body = |lower: f64, upper: f64, radius: f64| {
        json!({"area_of_interest": {
            "volume": {
                "outline_circle": circle(radius), "altitude_lower": metres(lower), "altitude_upper": metres(upper)
            },
            "time_start": time("1970-01-01T00:00:00.0000000019Z"),
            "time_end": time("1970-01-01T00:00:00.0000000021Z"),
        }})
    };
    for ((lower, upper, radius), expected) in [
        ((0.0, 1.0, 1.0), (0, 1_000, 1_000)),
        // No double is any of these, and each is the double nearest to whole millimetres.
        ((19.999, 20.001, 300.183), (19_999, 20_001, 300_183)),
        ((-0.1, 0.3, 0.7), (-100, 300, 700)),
        ((-8_000.0, 99_999.999, 999_999.999), (-8_000_000, 99_999_999, 999_999_999)),
        ((19.999_000_1, 20.000_000_1, 300.000_000_1), (19_999, 20_001, 300_001)),
        ((-0.000_1, -0.000_1, 1e-9), (-1, 0, 1)),
        ((19.998_999_999, 20.0, 5.000_999), (19_998, 20_000, 5_001)),
    ] {
        let extent = parse::<Query>(&body(lower, upper, radius)).expect("valid").area_of_interest;
        let Footprint::Circle(disc) = &extent.footprint else { panic!("a circle") };
        let mm = |altitude: Option<skypact_airspace::Altitude>| altitude.expect("given").mm;
        assert_eq!((mm(extent.band.lower()), mm(extent.band.upper()), disc.radius_mm()), expected);
        assert_eq!((extent.start, extent.end), (Some(UtcNanos(1)), Some(UtcNanos(3))));
    }
}

#[test]
fn an_error_says_field_reason_and_remedy() {
    let shown = |body: &Value| Query::parse(body.to_string().as_bytes(), &STRICT).expect_err("refused").to_string();
    let area = json!({"area_of_interest": {"volume": {}}});
    assert_eq!(
        shown(&area),
        "area_of_interest.volume: has 0 outlines; give exactly one of outline_circle and outline_polygon"
    );
    let missing = json!({"area_of_interest": {}});
    assert_eq!(shown(&missing), "area_of_interest.volume: is missing; give it");
    let broken = Query::parse(b"{", &STRICT).expect_err("refused").to_string();
    assert!(
        broken.starts_with("body: EOF while parsing an object at line 1 column 1; send one JSON object"),
        "{broken}"
    );
}
