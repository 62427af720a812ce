//! Requests as clients send them: JSON text, read by the f3548 crate. The one place that knows how a body looks.

use serde_json::{Value, json};
use skypact_airspace::UtcNanos;
use skypact_dss::{Change, Operation, Query, Target};
use skypact_f3548::{EntityId, Extent, ParseOptions, Query as AreaQuery, Request as _, Rfc3339};

const NS_PER_S: i64 = 1_000_000_000;

/// When the tests begin: 2026-03-01T12:00:00Z.
pub(crate) const BEGIN: UtcNanos = UtcNanos(1_772_366_400 * NS_PER_S);

/// An instant some minutes after the tests began.
pub(crate) fn minute(minutes: i64) -> UtcNanos {
    UtcNanos(BEGIN.0 + minutes * 60 * NS_PER_S)
}

/// A time as the contract writes it.
pub(crate) fn time(at: UtcNanos) -> Value {
    json!({ "value": Rfc3339::of(at).as_str(), "format": "RFC3339" })
}

/// Where on the ground.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ground {
    /// A block of so many hundredths of a degree, its south-west corner so many of them from 46 N 7 E.
    Block { north: i32, east: i32, size: i32 },
    /// A disc; its centre in the same measure.
    Disc { north: i32, east: i32, radius_m: i32 },
}

/// A volume: where, how high, when. What is `None` is not given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) ground: Ground,
    pub(crate) lower_m: Option<i32>,
    pub(crate) upper_m: Option<i32>,
    pub(crate) start: Option<UtcNanos>,
    pub(crate) end: Option<UtcNanos>,
}

impl Place {
    pub(crate) fn json(&self) -> Value {
        let degrees = |base: i32, hundredths: i32| f64::from(base * 100 + hundredths) / 100.0;
        let point = |north, east| json!({ "lat": degrees(46, north), "lng": degrees(7, east) });
        let mut volume = match self.ground {
            Ground::Block { north, east, size } => json!({ "outline_polygon": { "vertices": [
                point(north, east), point(north, east + size), point(north + size, east + size), point(north + size, east)
            ] } }),
            Ground::Disc { north, east, radius_m } => json!({ "outline_circle": {
                "center": point(north, east), "radius": { "value": radius_m, "units": "M" }
            } }),
        };
        for (name, metres) in [("altitude_lower", self.lower_m), ("altitude_upper", self.upper_m)] {
            if let Some(metres) = metres {
                volume[name] = json!({ "value": metres, "reference": "W84", "units": "M" });
            }
        }
        let mut extent = json!({ "volume": volume });
        for (name, at) in [("time_start", self.start), ("time_end", self.end)] {
            if let Some(at) = at {
                extent[name] = time(at);
            }
        }
        extent
    }
}

/// A request to change something, as it comes.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) operation: Operation,
    pub(crate) target: Target,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    fn new(operation: Operation, id: &str, version: Option<&str>, body: &Value) -> Self {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        Self { operation, target: Target { id: id.to_owned(), version: version.map(str::to_owned) }, body }
    }

    /// The same with another value in a field of its body; `null` takes the field away.
    pub(crate) fn with(mut self, field: &str, value: Value) -> Self {
        let mut body: Value = serde_json::from_slice(&self.body).expect("it has a body");
        body[field] = value;
        if body[field].is_null() {
            body.as_object_mut().expect("an object").remove(field);
        }
        self.body = body.to_string().into_bytes();
        self
    }

    /// The change, or the code of what is wrong with the request.
    pub(crate) fn parse(&self) -> Result<Change, &'static str> {
        Change::parse(self.operation, &self.target, &self.body, &ParseOptions::default()).map_err(|error| error.code())
    }
}

/// How an operational intent keeps its manager informed.
#[derive(Clone, Debug)]
pub(crate) enum Attach {
    Nothing,
    To(String),
    Implicit { notify_for_constraints: bool },
}

/// What a PUT of an operational intent reference says.
#[derive(Clone, Debug)]
pub(crate) struct IntentBody {
    pub(crate) extents: Vec<Place>,
    pub(crate) key: Vec<String>,
    pub(crate) state: &'static str,
    pub(crate) url: String,
    pub(crate) attach: Attach,
    pub(crate) ovn_suffix: Option<String>,
}

pub(crate) fn put_intent(id: &str, ovn: Option<&str>, intent: &IntentBody) -> Asked {
    let extents: Vec<Value> = intent.extents.iter().map(Place::json).collect();
    let mut body = json!({ "extents": extents, "key": intent.key, "state": intent.state, "uss_base_url": intent.url });
    match &intent.attach {
        Attach::Nothing => {}
        Attach::To(id) => body["subscription_id"] = json!(id),
        Attach::Implicit { notify_for_constraints } => {
            body["new_subscription"] =
                json!({ "uss_base_url": intent.url, "notify_for_constraints": notify_for_constraints });
        }
    }
    if let Some(suffix) = &intent.ovn_suffix {
        body["requested_ovn_suffix"] = json!(suffix);
    }
    Asked::new(Operation::PutOperationalIntentReference, id, ovn, &body)
}

pub(crate) fn delete_intent(id: &str, ovn: &str) -> Asked {
    Asked::new(Operation::DeleteOperationalIntentReference, id, Some(ovn), &Value::Null)
}

pub(crate) fn put_constraint(id: &str, ovn: Option<&str>, extents: &[Place], url: &str) -> Asked {
    let extents: Vec<Value> = extents.iter().map(Place::json).collect();
    let body = json!({ "extents": extents, "uss_base_url": url });
    Asked::new(Operation::PutConstraintReference, id, ovn, &body)
}

pub(crate) fn delete_constraint(id: &str, ovn: &str) -> Asked {
    Asked::new(Operation::DeleteConstraintReference, id, Some(ovn), &Value::Null)
}

/// What a subscription is told of: operational intents, constraints.
pub(crate) type Triggers = [bool; 2];

pub(crate) fn put_subscription(id: &str, version: Option<&str>, place: &Place, url: &str, triggers: Triggers) -> Asked {
    let body = json!({
        "extents": place.json(), "uss_base_url": url,
        "notify_for_operational_intents": triggers[0], "notify_for_constraints": triggers[1],
    });
    Asked::new(Operation::PutSubscription, id, version, &body)
}

pub(crate) fn delete_subscription(id: &str, version: &str) -> Asked {
    Asked::new(Operation::DeleteSubscription, id, Some(version), &Value::Null)
}

pub(crate) fn set_availability(uss: &str, state: &str, old_version: &str) -> Asked {
    let body = json!({ "old_version": old_version, "availability": state });
    Asked::new(Operation::SetUssAvailability, uss, None, &body)
}

pub(crate) fn report(url: &str) -> Asked {
    let exchange = json!({
        "url": url, "method": "GET", "headers": ["Accept: */*"], "recorder_role": "Client", "request_time": time(BEGIN),
    });
    Asked::new(Operation::MakeDssReport, "", None, &json!({ "exchange": exchange }))
}

/// A question about a place.
pub(crate) fn about(question: fn(Box<Extent>) -> Query, place: &Place) -> Query {
    let body = json!({ "area_of_interest": place.json() }).to_string();
    let query = AreaQuery::parse(body.as_bytes(), &ParseOptions::default()).expect("a place can be asked about");
    question(Box::new(query.area_of_interest))
}

/// The id of a number, as text.
pub(crate) fn id(number: u128) -> String {
    EntityId(number).to_string()
}

/// A version 7 UUID that says it was made at this time.
pub(crate) fn uuid7(at: UtcNanos, random: u128) -> String {
    let ms = u128::try_from(at.0 / 1_000_000).expect("after 1970");
    EntityId(ms << 80 | 7 << 76 | 2 << 62 | random & 0xffff).to_string()
}
