//! What was parsed, written and parsed again is the same; what was written and read is the same.

use proptest::prelude::*;
use skypact_airspace::{
    Altitude, AltitudeBand, Circle, Corridor, Datum, Footprint, LatLng, Polygon, TimeWindow, UtcNanos, Volume4d,
};
use skypact_f3548::{
    EntityId, Extent, OperationalIntentState, Ovn, OvnSuffix, ParseOptions, PutConstraintReference,
    PutOperationalIntentReference, PutSubscription, Query, Request, SubscriptionChoice, SubscriptionId, Time,
    Unwritable, UssAvailabilityState, UssBaseUrl, UssId, decode, wire,
};

fn footprints() -> impl Strategy<Value = Footprint> {
    let centre = || (-89_000_000_000_i64..89_000_000_000, -180_000_000_000_i64..=180_000_000_000);
    let circle = (centre(), 1_i64..1_000_000_000).prop_map(|((lat, lng), radius_mm)| {
        Circle::new(LatLng::new(lat, lng).expect("in range"), radius_mm).expect("in range").into()
    });
    let triangle = (centre(), 1_000_i64..500_000_000, 1_000_i64..500_000_000).prop_map(|((lat, lng), a, b)| {
        let lng = lng.clamp(-179_000_000_000, 179_000_000_000);
        let vertex = |north, east| LatLng::new(lat + north, lng + east).expect("in range");
        Polygon::new(vec![vertex(0, 0), vertex(a, 0), vertex(0, b)]).expect("a triangle").into()
    });
    prop_oneof![circle, triangle]
}

fn bands() -> impl Strategy<Value = AltitudeBand> {
    let altitude = || -8_000_000_i64..=100_000_000;
    (altitude(), altitude()).prop_map(|(a, b)| {
        let w84 = |mm| Some(Altitude { mm, datum: Datum::W84 });
        AltitudeBand::new(w84(a.min(b)), w84(a.max(b))).expect("in order")
    })
}

fn volumes() -> impl Strategy<Value = Volume4d> {
    (footprints(), bands(), any::<i64>(), 1_i64..i64::MAX).prop_map(|(footprint, band, start, length)| {
        let (start, end) = (start.min(i64::MAX - 1), start.saturating_add(length));
        Volume4d::new(footprint, band, TimeWindow::new(UtcNanos(start), UtcNanos(end)).expect("in order"))
    })
}

fn extents() -> impl Strategy<Value = Extent> {
    (volumes(), any::<[bool; 4]>()).prop_map(|(volume, given)| Extent {
        footprint: volume.footprint,
        band: AltitudeBand::new(volume.band.lower().filter(|_| given[0]), volume.band.upper().filter(|_| given[1]))
            .expect("in order"),
        start: given[2].then_some(volume.window.start()),
        end: given[3].then_some(volume.window.end()),
    })
}

fn ovns() -> impl Strategy<Value = Ovn> {
    proptest::collection::vec(any::<char>(), 16..=128)
        .prop_map(|characters| String::from_iter(characters).parse().expect("of good length"))
}

fn base_url() -> UssBaseUrl {
    "https://uss.example.com/utm".parse().expect("a base URL")
}

fn subscription_choices() -> impl Strategy<Value = SubscriptionChoice> {
    prop_oneof![
        Just(SubscriptionChoice::None),
        any::<u128>().prop_map(|id| SubscriptionChoice::Existing(SubscriptionId(id))),
        any::<bool>().prop_map(|notify_for_constraints| SubscriptionChoice::Implicit {
            uss_base_url: base_url(),
            notify_for_constraints
        }),
    ]
}

fn states() -> impl Strategy<Value = OperationalIntentState> {
    use OperationalIntentState::{Accepted, Activated, Contingent, Nonconforming};
    proptest::sample::select(vec![Accepted, Activated, Nonconforming, Contingent])
}

fn operational_intents() -> impl Strategy<Value = PutOperationalIntentReference> {
    let extents = proptest::collection::vec(volumes(), 1..4);
    let keys = proptest::collection::vec(ovns(), 0..4);
    let suffix = proptest::option::of(any::<u128>());
    (extents, keys, states(), subscription_choices(), suffix).prop_map(|(extents, key, state, subscription, suffix)| {
        let version_7 = |digits: u128| digits & !(0xf << 76 | 0b11 << 62) | 7 << 76 | 0b10 << 62;
        let requested_ovn_suffix = suffix.map(|digits| OvnSuffix::new(version_7(digits)).expect("version 7"));
        PutOperationalIntentReference {
            extents,
            key,
            state,
            uss_base_url: base_url(),
            subscription,
            requested_ovn_suffix,
        }
    })
}

fn parsed_again<R: Request>(request: &R) -> R {
    let body = serde_json::to_vec(&request.to_wire().expect("of the contract's forms")).expect("JSON");
    R::parse(&body, &ParseOptions::default()).unwrap_or_else(|error| panic!("{error}"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn an_operational_intent_parses_to_itself(request in operational_intents()) {
        prop_assert_eq!(parsed_again(&request), request);
    }

    #[test]
    fn a_constraint_parses_to_itself(extents in proptest::collection::vec(volumes(), 1..4)) {
        let request = PutConstraintReference { extents, uss_base_url: base_url() };
        prop_assert_eq!(parsed_again(&request), request);
    }

    #[test]
    fn queries_and_subscriptions_parse_to_themselves(extent in extents(), flags in 1_u8..4) {
        let query = Query { area_of_interest: extent.clone() };
        prop_assert_eq!(parsed_again(&query), query);
        let request = PutSubscription {
            extent,
            uss_base_url: base_url(),
            notify_for_operational_intents: flags & 1 > 0,
            notify_for_constraints: flags & 2 > 0,
        };
        prop_assert_eq!(parsed_again(&request), request);
    }

    #[test]
    fn every_number_and_text_of_a_volume_reads_back(
        lat: f64, lng: f64, radius: f64, altitude: f64, start: i64, end: i64,
    ) {
        prop_assume!([lat, lng, radius, altitude].iter().all(|number| number.is_finite()));
        let altitude = wire::Altitude {
            value: altitude,
            reference: wire::AltitudeReference::W84,
            units: wire::LengthUnits::M,
        };
        let circle = wire::Circle {
            center: Some(wire::LatLngPoint { lat, lng }),
            radius: Some(wire::Radius { value: radius, units: wire::LengthUnits::M }),
        };
        let volume = wire::Volume3D {
            outline_circle: Some(circle),
            outline_polygon: Some(wire::Polygon { vertices: vec![wire::LatLngPoint { lat: lng, lng: lat }] }),
            altitude_lower: Some(altitude),
            altitude_upper: None,
        };
        let (time_start, time_end) = (Some(Time(UtcNanos(start))), Some(Time(UtcNanos(end))));
        let volume = wire::Volume4D { volume, time_start, time_end };
        prop_assert_eq!(decode(&serde_json::to_vec(&volume).expect("JSON")), Ok(volume));
    }

    #[test]
    fn a_reference_reads_back(
        id: u128, subscription: u128, manager: String, version: i32, ovn in proptest::option::of(ovns()),
        state in states(), times: (i64, i64), index in 0..i32::MAX,
    ) {
        let answer = wire::ChangeOperationalIntentReferenceResponse {
            subscribers: vec![wire::SubscriberToNotify {
                subscriptions: vec![wire::SubscriptionState {
                    subscription_id: SubscriptionId(subscription),
                    notification_index: index,
                }],
                uss_base_url: base_url(),
            }],
            operational_intent_reference: wire::OperationalIntentReference {
                id: EntityId(id),
                manager: UssId::from(manager.as_str()),
                uss_availability: UssAvailabilityState::Normal,
                version,
                state,
                ovn,
                time_start: Time(UtcNanos(times.0)),
                time_end: Time(UtcNanos(times.1)),
                uss_base_url: base_url(),
                subscription_id: SubscriptionId(subscription),
            },
        };
        prop_assert_eq!(decode(&serde_json::to_vec(&answer).expect("JSON")), Ok(answer));
    }
}

#[test]
fn what_the_contract_has_no_form_for_is_not_written() {
    let at = |lat| LatLng::new(lat, 0).expect("in range");
    let window = TimeWindow::new(UtcNanos(0), UtcNanos(1)).expect("in order");
    let unbounded = AltitudeBand::new(None, None).expect("no limits");
    let corridor = Corridor::new(vec![at(0), at(1_000_000)], 1_000).expect("a corridor");
    let route = Volume4d::new(corridor.into(), unbounded, window);
    assert_eq!(wire::Volume4D::try_from(&route), Err(Unwritable::Corridor));
    let level = AltitudeBand::new(Some(Altitude::flight_level(100)), None).expect("one limit");
    let disc = Circle::new(at(0), 1_000).expect("a circle");
    let airline = Volume4d::new(disc.into(), level, window);
    assert_eq!(wire::Volume4D::try_from(&airline), Err(Unwritable::Datum { datum: Datum::FlightLevel }));
}
