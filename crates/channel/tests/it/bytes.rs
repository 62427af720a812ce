//! Bytes: every message and all terms come back from their encoding, and no bytes make a decoder panic.

use proptest::prelude::*;
use skypact_airspace::{
    Altitude, AltitudeBand, Circle, Corridor, Datum, Footprint, LatLng, Minima, Polygon, TimeWindow, UtcNanos, Volume4d,
};
use skypact_channel::{
    ActKeys, ActivityClass, ConflictKey, Frame, Kind, Message, Notice, NoticeAct, Pact, Remedy, Terms, VerifiedReceipt,
};
use skypact_record::Hash;

use crate::parties::{Machine, RED, here, pact, pact_bytes};

fn hash() -> impl Strategy<Value = Hash> {
    any::<[u8; 32]>().prop_map(Hash)
}

fn lat_lng() -> impl Strategy<Value = LatLng> {
    (-90_000_000_000_i64..=90_000_000_000, -180_000_000_000_i64..=180_000_000_000)
        .prop_map(|(lat_e9, lng_e9)| LatLng::new(lat_e9, lng_e9).unwrap())
}

fn near(centre: LatLng, north_e9: i64, east_e9: i64) -> LatLng {
    LatLng::new(centre.lat_e9() / 2 + north_e9, centre.lng_e9() / 2 + east_e9).unwrap()
}

fn footprint() -> impl Strategy<Value = Footprint> {
    let size = 1_000_i64..500_000_000;
    prop_oneof![
        (lat_lng(), 0_i64..=1_000_000_000)
            .prop_map(|(centre, radius_mm)| Footprint::Circle(Circle::new(centre, radius_mm).unwrap())),
        (lat_lng(), size.clone()).prop_map(|(at, size)| {
            let vertices = vec![near(at, 0, 0), near(at, size, 0), near(at, 0, size)];
            Footprint::Polygon(Polygon::new(vertices).unwrap())
        }),
        (lat_lng(), size, 0_i64..1_000_000).prop_map(|(at, size, half_width_mm)| {
            let points = vec![near(at, 0, 0), near(at, size, 0), near(at, size, size), near(at, size, size)];
            Footprint::Corridor(Corridor::new(points, half_width_mm).unwrap())
        }),
    ]
}

fn volume() -> impl Strategy<Value = Volume4d> {
    let datum = prop_oneof![Just(Datum::W84), Just(Datum::Amsl), Just(Datum::FlightLevel)];
    let band = (datum, -500_000_i64..10_000_000, 0_i64..10_000_000, any::<bool>(), any::<bool>());
    (footprint(), band, any::<i64>(), any::<i64>()).prop_map(|(footprint, band, a, b)| {
        let (datum, mm, height_mm, open_below, open_above) = band;
        let lower = (!open_below).then_some(Altitude { mm, datum });
        let upper = (!open_above).then_some(Altitude { mm: mm + height_mm, datum });
        let window = TimeWindow::new(UtcNanos(a.min(b)), UtcNanos(a.max(b))).unwrap();
        Volume4d::new(footprint, AltitudeBand::new(lower, upper).unwrap(), window)
    })
}

fn volumes() -> impl Strategy<Value = Vec<Volume4d>> {
    prop::collection::vec(volume(), 1..5)
}

fn notice() -> impl Strategy<Value = Message> {
    let text = || prop::option::of("[a-zA-Z0-9 äж\n]{0,16}");
    let act = (prop::sample::select(&NoticeAct::ALL), hash(), prop::sample::select(&ActivityClass::ALL));
    (act, text(), text(), volumes()).prop_map(|((act, previous, class), call_sign, contact, volumes)| {
        let previous = (act != NoticeAct::New).then_some(previous);
        Message::Notice(Notice { act, previous, class, call_sign, contact, volumes })
    })
}

fn message() -> impl Strategy<Value = Message> {
    let key = || (hash(), hash()).prop_map(|(a, b)| ConflictKey::new(a, b));
    prop_oneof![
        notice(),
        (hash(), hash()).prop_map(|(notice, content)| Message::ReadBack { notice, content }),
        (key(), any::<i64>(), any::<i64>(), any::<u64>()).prop_map(|(key, a, b, volume_pairs)| {
            let window = TimeWindow::new(UtcNanos(a.min(b)), UtcNanos(a.max(b))).unwrap();
            Message::Conflict { key, window, volume_pairs }
        }),
        (key(), hash(), prop::sample::select(&Remedy::ALL), volumes())
            .prop_map(|(key, notice, remedy, volumes)| Message::Proposal { key, notice, remedy, volumes }),
        (hash(), hash()).prop_map(|(proposal, content)| Message::Acceptance { proposal, content }),
    ]
}

fn terms() -> impl Strategy<Value = Terms> {
    let lengths = prop::collection::vec(0_i64..=1_000_000_000, 30);
    let times = prop::collection::vec(0_i64..=86_400_000_000_000, 21);
    let points = || prop::collection::vec(lat_lng(), 0..6);
    (lengths, times, any::<u64>(), points(), points()).prop_map(|(lengths, times, quota, area, line)| {
        let mut terms = Terms::template();
        for (place, minima) in terms.minima.iter_mut().enumerate() {
            let (lateral_mm, vertical_mm) = (lengths[2 * place], lengths[2 * place + 1]);
            *minima = Minima { lateral_mm, vertical_mm, time_ns: times[place] };
        }
        terms.minimum_notice_ns = [times[15]; 5];
        terms.acknowledgement_deadline_ns = times[16];
        terms.stop_rungs_ns = [times[17], times[17], 86_400_000_000_000];
        terms.entries_per_hour_max = quota;
        terms.languages = vec!["en".to_owned(), "ar".to_owned()];
        (terms.area, terms.deconfliction_line) = (area, line);
        terms
    })
}

/// Feeds every decoder. What they accept must re-encode to the same bytes.
fn decode_everything(bytes: &[u8]) {
    if let Ok(frame) = Frame::decode(bytes) {
        assert_eq!(frame.encode(), bytes);
        for sender in 0..2 {
            let _ = frame.verify(&pact(), &ActKeys::default(), sender);
        }
    }
    for kind in (0..=u16::MAX).map_while(Kind::from_wire) {
        if let Ok(message) = Message::decode(kind, bytes) {
            assert_eq!(message.encode(), bytes);
        }
    }
    if let Ok(terms) = Terms::decode(bytes) {
        assert_eq!(terms.encode(), bytes);
    }
    let _ = Pact::decode(bytes);
    let _ = VerifiedReceipt::verify(bytes, &pact(), &ActKeys::default());
}

/// Good bytes of every format that a counterpart sends.
fn samples() -> Vec<Vec<u8>> {
    let mut red = Machine::new(RED);
    red.submit(&here()).unwrap();
    let frame = red.frame(0, 2);
    let hashes = ConflictKey::new(Hash([1; 32]), Hash([2; 32]));
    let finding =
        Message::Conflict { key: hashes, window: TimeWindow::new(UtcNanos(1), UtcNanos(2)).unwrap(), volume_pairs: 1 };
    let note = frame.note.clone();
    let terms = Terms::template();
    let mut samples =
        vec![frame.encode(), note, here().encode(), finding.encode(), terms.encode(), pact_bytes("test-1", &terms)];
    samples.extend(crate::golden::messages().into_iter().map(|(_, message)| message.encode()));
    samples
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_message_comes_back_from_its_bytes(message in message()) {
        prop_assert_eq!(Message::decode(message.kind(), &message.encode()), Ok(message));
    }

    #[test]
    fn all_terms_come_back_from_their_bytes(terms in terms()) {
        prop_assert_eq!(Terms::decode(&terms.encode()), Ok(terms));
    }

    #[test]
    fn arbitrary_bytes_are_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        decode_everything(&bytes);
    }

    #[test]
    fn damaged_bytes_are_never_a_panic(pick in any::<usize>(), place in any::<usize>(), byte in any::<u8>(), cut in any::<bool>()) {
        let samples = samples();
        let mut bytes = samples[pick % samples.len()].clone();
        let place = place % bytes.len();
        bytes[place] = byte;
        if cut {
            bytes.truncate(place + 1);
        }
        decode_everything(&bytes);
    }
}

#[test]
fn a_length_that_promises_more_than_came_reserves_nothing() {
    for head in [0x9b_u8, 0xbb, 0x5b, 0x7b] {
        decode_everything(&[&[head][..], &[0xff; 8]].concat());
        let mut frame = Machine::new(RED).frame(0, 1).encode();
        frame.truncate(40);
        frame.extend([head, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff]);
        decode_everything(&frame);
    }
}

#[test]
fn bytes_that_follow_or_are_not_in_shortest_form_are_refused() {
    let good = Message::ReadBack { notice: Hash([1; 32]), content: Hash([2; 32]) }.encode();
    let mut longer = good.clone();
    longer.push(0);
    assert!(Message::decode(Kind::ReadBack, &longer).is_err());
    let wide = [&[0xb8, 2][..], &good[1..]].concat();
    assert!(Message::decode(Kind::ReadBack, &wide).is_err());
    let indefinite = [&[0xbf][..], &good[1..], &[0xff]].concat();
    assert!(Message::decode(Kind::ReadBack, &indefinite).is_err());
    let key = ConflictKey::new(Hash([1; 32]), Hash([2; 32]));
    let window = TimeWindow::new(UtcNanos(1), UtcNanos(2)).unwrap();
    let mut swapped = Message::Conflict { key, window, volume_pairs: 1 }.encode();
    let (a, b) = (5..37, 39..71);
    swapped[a].fill(2);
    swapped[b].fill(1);
    assert!(Message::decode(Kind::Conflict, &swapped).is_err(), "the smaller hash stands first");
}
