//! Every schema of the contract has a type here that reads and writes exactly its fields.
//!
//! The contract itself is the oracle: bodies are made from its schemas, whole, with each field left out or null, with
//! each code, and just within and beyond each length.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use skypact_f3548::{RequestError, Time, decode, wire};

use crate::openapi::schemas;

type RoundTrip = fn(&Value) -> Result<Value, RequestError>;

fn round_trip<T: DeserializeOwned + Serialize>(json: &Value) -> Result<Value, RequestError> {
    let read: T = decode(json.to_string().as_bytes())?;
    Ok(serde_json::to_value(read).expect("a wire type is JSON"))
}

/// The type of each schema that is an object.
fn type_of(schema: &str) -> Option<RoundTrip> {
    macro_rules! types {
        ($($name:ident)+) => {
            match schema {
                $(stringify!($name) => Some(round_trip::<wire::$name>),)+
                "Time" => Some(round_trip::<Time>),
                "USSLogSet" => Some(round_trip::<wire::UssLogSet>),
                _ => None,
            }
        };
    }
    types! {
        AirspaceConflictResponse Altitude Authority ChangeConstraintReferenceResponse
        ChangeOperationalIntentReferenceResponse Circle Constraint ConstraintDetails ConstraintProviderAssociation
        ConstraintReference DeleteSubscriptionResponse ErrorReport ErrorResponse ExchangeRecord GeoZone
        GetConstraintDetailsResponse GetConstraintReferenceResponse GetOperationalIntentDetailsResponse
        GetOperationalIntentReferenceResponse GetOperationalIntentTelemetryResponse GetSubscriptionResponse
        ImplicitSubscriptionParameters LatLngPoint OperationalIntent OperationalIntentDetails
        OperationalIntentPositions OperationalIntentReference OperatorAssociation PlanningRecord Polygon Position
        PositionRecord PutConstraintDetailsParameters PutConstraintReferenceParameters
        PutOperationalIntentDetailsParameters PutOperationalIntentReferenceParameters PutSubscriptionParameters
        PutSubscriptionResponse QueryConstraintReferenceParameters QueryConstraintReferencesResponse
        QueryOperationalIntentReferenceParameters QueryOperationalIntentReferenceResponse QuerySubscriptionParameters
        QuerySubscriptionsResponse Radius SetUssAvailabilityStatusParameters SubscriberToNotify Subscription
        SubscriptionState UssAvailabilityStatus UssAvailabilityStatusResponse UserInputRecord UserNotificationRecord
        VehicleTelemetry Velocity Volume3D Volume4D
    }
}

struct Contract(Map<String, Value>);

impl Contract {
    /// A schema with its reference or only alternative followed.
    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let reference = schema["$ref"].as_str().or_else(|| schema["anyOf"][0]["$ref"].as_str());
        match reference.and_then(|path| path.strip_prefix("#/components/schemas/")) {
            Some(name) => self.resolve(&self.0[name]),
            None => schema,
        }
    }

    /// A value of a schema with every field.
    fn sample(&self, schema: &Value) -> Value {
        let schema = self.resolve(schema);
        if let Some(codes) = schema["enum"].as_array() {
            return codes[0].clone();
        }
        match schema["type"].as_str().expect("a type") {
            "object" => {
                let properties = schema["properties"].as_object().into_iter().flatten();
                Value::Object(properties.map(|(name, schema)| (name.clone(), self.sample(schema))).collect())
            }
            "array" => json!([self.sample(&schema["items"])]),
            "string" if schema["format"] == "date-time" => json!("1985-04-12T23:20:50.520Z"),
            "string" => match schema["maxLength"].as_u64() {
                Some(most) if schema["format"] != "uuid" => json!("é".repeat(most as usize)),
                _ if schema["example"].is_null() => json!("text"),
                _ => schema["example"].clone(),
            },
            "number" => json!(schema["example"].as_f64().or(schema["minimum"].as_f64()).unwrap_or(1.5)),
            "integer" => json!(schema["maximum"].as_i64().unwrap_or(7)),
            "boolean" => json!(true),
            other => panic!("a schema of type {other}"),
        }
    }

    fn objects(&self) -> impl Iterator<Item = (&str, &Value, RoundTrip)> {
        let objects = self.0.iter().filter(|(_, schema)| schema["type"] == "object" || !schema["properties"].is_null());
        objects.map(|(name, schema)| {
            let round_trip = type_of(name).unwrap_or_else(|| panic!("schema {name} has no type in wire"));
            (name.as_str(), schema, round_trip)
        })
    }

    fn properties(&self) -> impl Iterator<Item = (String, &str, &Value, Value, RoundTrip)> {
        self.objects().flat_map(move |(name, schema, round_trip)| {
            let properties = schema["properties"].as_object().into_iter().flatten();
            properties.map(move |(property, inner)| {
                (format!("{name}.{property}"), property.as_str(), self.resolve(inner), self.sample(schema), round_trip)
            })
        })
    }
}

#[test]
fn every_schema_is_read_and_written_with_every_field() {
    let Some(contract) = schemas().map(Contract) else { return };
    for (name, schema, round_trip) in contract.objects() {
        let mut whole = contract.sample(schema);
        assert_eq!(round_trip(&whole).as_ref(), Ok(&whole), "{name}");
        let expected = whole.clone();
        whole["field_of_an_extension"] = json!({"any": [1, null]});
        assert_eq!(round_trip(&whole).as_ref(), Ok(&expected), "{name}: a foreign field is ignored");
    }
    assert_eq!(contract.objects().count(), 59);
}

/// Required by the contract, and left out by deployed clients where nothing else can be meant: the first availability of a USS.
const DEPLOYED_CLIENTS_OMIT: [&str; 1] = ["SetUssAvailabilityStatusParameters.old_version"];

#[test]
fn a_field_may_be_absent_or_null_just_when_the_contract_lets_it() {
    let Some(contract) = schemas().map(Contract) else { return };
    let mut required_count = 0;
    for (name, property, _, whole, round_trip) in contract.properties() {
        let schema = &contract.0[name.split('.').next().expect("a schema")];
        let is_required = schema["required"].as_array().is_some_and(|names| names.contains(&json!(property)))
            && !DEPLOYED_CLIENTS_OMIT.contains(&name.as_str());
        required_count += usize::from(is_required);
        let (mut without, mut with_null) = (whole.clone(), whole.clone());
        without.as_object_mut().expect("an object").remove(property);
        with_null[property] = Value::Null;
        match (round_trip(&without), is_required) {
            (Ok(written), false) => {
                assert_eq!(round_trip(&with_null), Ok(written.clone()), "{name}: null is the same as absent");
                // Lists and flags are written as their defaults, everything else is left out.
                assert!(written.get(property).is_none_or(|value| !value.is_null()), "{name}: {written}");
            }
            (Err(error), true) => {
                assert_eq!((error.field.as_str(), error.code()), (property, "field-missing"), "{name}");
                assert_eq!(round_trip(&with_null).expect_err("required").field, property, "{name}");
            }
            (outcome, _) => panic!("{name}, required: {is_required}: {outcome:?}"),
        }
    }
    assert!(required_count > 90, "{required_count} required fields");
}

#[test]
fn every_code_of_the_contract_is_known_and_no_other() {
    let Some(contract) = schemas().map(Contract) else { return };
    for (name, property, schema, mut whole, round_trip) in contract.properties() {
        let of_items = contract.resolve(&schema["items"]);
        let (codes, is_list) = match (&schema["enum"], &of_items["enum"]) {
            (Value::Array(codes), _) => (codes, false),
            (_, Value::Array(codes)) => (codes, true),
            _ => continue,
        };
        for code in codes.iter().chain([&json!("no code of the contract")]) {
            whole[property] = if is_list { json!([code]) } else { code.clone() };
            let is_known = codes.contains(code);
            match round_trip(&whole) {
                Ok(written) => assert!(is_known && written == whole, "{name}: {code}"),
                Err(error) => assert!(!is_known && error.field.starts_with(property), "{name}: {code}: {error}"),
            }
        }
    }
}

#[test]
fn every_length_of_the_contract_is_a_limit() {
    let Some(contract) = schemas().map(Contract) else { return };
    let mut limits = 0;
    for (name, property, schema, whole, round_trip) in contract.properties() {
        // Ids have a form, not just a length; what a polygon needs is judged when it becomes a footprint.
        if schema["format"] == "uuid" || name == "Polygon.vertices" {
            continue;
        }
        let mut check = |limit: &Value, off: i64, value: fn(&Value, usize) -> Value| {
            let Some(limit) = limit.as_i64() else { return };
            limits += 1;
            for (length, is_within) in [(limit, true), (limit + off, false)] {
                let mut body = whole.clone();
                body[property] = value(&whole[property], length as usize);
                match round_trip(&body) {
                    Ok(written) => assert!(is_within && written == body, "{name} of length {length}"),
                    Err(error) => {
                        assert!(!is_within, "{name} of length {length}: {error}");
                        assert_eq!((error.field.as_str(), error.code()), (property, "field-invalid"), "{name}");
                    }
                }
            }
        };
        let text = |_: &Value, length: usize| json!("ß".repeat(length));
        let list = |whole: &Value, length: usize| json!(vec![whole[0].clone(); length]);
        check(&schema["maxLength"], 1, text);
        check(&schema["minLength"], -1, text);
        check(&schema["maxItems"], 1, list);
        check(&schema["minItems"], -1, list);
    }
    assert!(limits > 20, "{limits} limits");
}
