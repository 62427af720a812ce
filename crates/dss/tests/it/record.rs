//! The recorded form of a change: it comes back as it was, and nothing else passes for it.

use proptest::prelude::*;
use skypact_airspace::UtcNanos;
use skypact_dss::{Operation, Recorded, Stamp, Target};
use skypact_f3548::UssId;

use crate::requests::{BEGIN, id, set_availability};

fn texts() -> impl Strategy<Value = Option<String>> {
    prop::option::of(".{0,40}")
}

fn recorded() -> impl Strategy<Value = Recorded> {
    let stamp = (".{0,30}", any::<i64>(), any::<[u128; 3]>());
    let body = prop::collection::vec(any::<u8>(), 0..400);
    (1_u64..=8, stamp, texts(), ".{0,40}", texts(), body, texts()).prop_map(
        |(number, (manager, now, random), token_id, id, version, body, given)| Recorded {
            operation: Operation::from_number(number).expect("there are eight"),
            stamp: Stamp { manager: UssId::from(manager.as_str()), now: UtcNanos(now), random },
            token_id,
            target: Target { id, version },
            body,
            given,
        },
    )
}

/// A change as the DSS records it, and its bytes.
fn example() -> (Recorded, Vec<u8>) {
    let asked = set_availability("uss2", "Down", &id(7));
    let recorded = Recorded {
        operation: asked.operation,
        stamp: Stamp { manager: UssId::from("uss1"), now: BEGIN, random: [1, u128::MAX, 3 << 100] },
        token_id: Some("a-token".to_owned()),
        target: asked.target,
        body: asked.body,
        given: Some(id(8)),
    };
    let bytes = recorded.encode();
    (recorded, bytes)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_recorded_change_comes_back_as_it_was(recorded in recorded()) {
        prop_assert_eq!(Recorded::decode(&recorded.encode()), Ok(recorded));
    }

    #[test]
    fn what_is_appended_is_refused(recorded in recorded(), more in prop::collection::vec(any::<u8>(), 1..20)) {
        prop_assert!(Recorded::decode(&[recorded.encode(), more].concat()).is_err());
    }

    #[test]
    fn bytes_of_another_origin_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Recorded::decode(&bytes).is_err());
    }
}

#[test]
fn a_flipped_byte_is_refused_or_means_something_else_in_its_one_form() {
    let (recorded, bytes) = example();
    for place in 0..bytes.len() {
        for flip in 1..=u8::MAX {
            let mut flipped = bytes.clone();
            flipped[place] ^= flip;
            if let Ok(other) = Recorded::decode(&flipped) {
                assert_ne!(other, recorded, "byte {place} with {flip:#04x}");
                assert_eq!(other.encode(), flipped, "byte {place} with {flip:#04x}");
            }
        }
    }
}

#[test]
fn a_truncated_one_is_refused_wherever_it_ends() {
    let (_, bytes) = example();
    for length in 0..bytes.len() {
        let refused = Recorded::decode(&bytes[..length]).expect_err("not whole");
        assert_eq!(refused.code(), "dss-entry-malformed", "{length} bytes");
    }
}

#[test]
fn the_form_is_the_one_on_the_page() {
    let (recorded, bytes) = example();
    let mut page = vec![0xaa, 0x00, 0x01, 0x01, 0x07, 0x02, 0x64];
    page.extend(b"uss1\x03\x67a-token\x04\x1b");
    page.extend(BEGIN.0.to_be_bytes());
    page.extend([0x05, 0x58, 48]);
    page.extend(recorded.stamp.random.iter().flat_map(|number| number.to_be_bytes()));
    page.extend(b"\x06\x64uss2\x07\xf6\x08\x58");
    page.push(u8::try_from(recorded.body.len()).expect("short"));
    page.extend(&recorded.body);
    page.extend(b"\x09\x78\x24");
    page.extend(id(8).into_bytes());
    assert_eq!(bytes, page);
}
