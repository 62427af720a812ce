//! A valid body of each request, for tests to change.

use serde_json::{Value, json};

pub(crate) fn time(value: &str) -> Value {
    json!({"value": value, "format": "RFC3339"})
}

pub(crate) fn metres(value: f64) -> Value {
    json!({"value": value, "reference": "W84", "units": "M"})
}

pub(crate) fn square() -> Value {
    json!({"vertices": [
        {"lat": 46.0, "lng": 7.0}, {"lat": 46.0, "lng": 7.01}, {"lat": 46.01, "lng": 7.01}, {"lat": 46.01, "lng": 7.0},
    ]})
}

pub(crate) fn circle(radius_m: f64) -> Value {
    json!({"center": {"lat": 46.5, "lng": 7.5}, "radius": {"value": radius_m, "units": "M"}})
}

pub(crate) fn volume() -> Value {
    json!({
        "volume": {"outline_polygon": square(), "altitude_lower": metres(100.0), "altitude_upper": metres(200.0)},
        "time_start": time("2026-12-01T10:00:00Z"),
        "time_end": time("2026-12-01T11:00:00Z"),
    })
}

pub(crate) fn operational_intent() -> Value {
    json!({
        "extents": [volume(), volume()],
        "key": ["9d158f59-80b7-4c11-9c0c-8a2b4d936b2d"],
        "state": "Accepted",
        "uss_base_url": "https://uss.example.com/utm",
        "new_subscription": {"uss_base_url": "https://uss.example.com/utm", "notify_for_constraints": true},
        "requested_ovn_suffix": "017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
    })
}

pub(crate) fn constraint() -> Value {
    json!({"extents": [volume()], "uss_base_url": "https://uss.example.com/utm"})
}

pub(crate) fn subscription() -> Value {
    json!({
        "extents": volume(),
        "uss_base_url": "https://uss.example.com/utm",
        "notify_for_operational_intents": true,
        "notify_for_constraints": false,
    })
}

pub(crate) fn report() -> Value {
    json!({"report_id": "given by a client", "exchange": {
        "url": "https://dss.example.com", "method": "PUT", "recorder_role": "Client",
        "request_time": time("2026-12-01T10:00:00Z"), "response_code": 500,
    }})
}
