//! Proofs of forks: what proves one, and what only looks like it.

use skypact_record::{
    Checkpoint, ForkProof, ForkProofError, Hash, SignatureType, SignedCheckpoint, Tree, VerifierKey, tree,
};

use crate::golden::{TestSigner, origin};

const LOG: &str = "red.example/test/routine";

fn log_key(key: &TestSigner) -> VerifierKey {
    VerifierKey::new(origin(LOG), SignatureType::Ed25519, key.key.clone())
}

/// A log of `size` leaves, all alike up to `common` whoever writes it.
fn log(size: u64, common: u64, writer: u8) -> Tree {
    (0..size).map(|index| tree::leaf_hash(&[u8::from(index >= common) * writer, index as u8])).collect()
}

fn head(tree: &Tree, key: &TestSigner) -> SignedCheckpoint {
    SignedCheckpoint::sign(Checkpoint { origin: origin(LOG), size: tree.size(), root: tree.root() }, key)
        .expect("a key at hand signs")
}

fn proof(older: &Tree, newer: &Tree, key: &TestSigner) -> ForkProof {
    let (old, new) = (older.size(), newer.size());
    ForkProof {
        older: head(older, key),
        newer: head(newer, key),
        prefix_root: newer.root_at(old).expect("a size of this tree"),
        proof: newer.consistency(old, new).expect("sizes of this tree"),
        rotations: Vec::new(),
    }
}

#[test]
fn two_histories_are_proven_at_every_pair_of_sizes_above_the_fork() {
    let key = TestSigner::new("log");
    for common in 0..6 {
        for old in common + 1..9 {
            for new in old..12 {
                let proof = proof(&log(old, common, 1), &log(new, common, 2), &key);
                assert_eq!(proof.verify(&[log_key(&key)]).map(drop), Ok(()), "{common} {old} {new}");
                assert_eq!(ForkProof::decode(&proof.encode()), Ok(proof));
            }
        }
    }
}

#[test]
fn a_log_that_was_continued_is_no_fork() {
    let key = TestSigner::new("log");
    for old in 0..9 {
        for new in old..12 {
            let proof = proof(&log(old, 12, 1), &log(new, 12, 2), &key);
            assert_eq!(proof.verify(&[log_key(&key)]).map(drop), Err(ForkProofError::NoFork), "{old} {new}");
        }
    }
}

#[test]
fn an_honest_log_cannot_be_made_guilty() {
    let (key, enemy) = (TestSigner::new("log"), TestSigner::new("enemy"));
    let (older, newer) = (log(5, 12, 1), log(9, 12, 1));
    let honest = proof(&older, &newer, &key);

    let invented = ForkProof { prefix_root: Hash::of(b"invented"), ..honest.clone() };
    assert!(matches!(invented.verify(&[log_key(&key)]).map(drop), Err(ForkProofError::Prefix(_))));
    let swapped = ForkProof { older: honest.newer.clone(), newer: honest.older.clone(), ..honest.clone() };
    assert!(matches!(swapped.verify(&[log_key(&key)]).map(drop), Err(ForkProofError::Prefix(_))));
    let cut = ForkProof { proof: honest.proof[1..].to_vec(), ..honest };
    assert!(matches!(cut.verify(&[log_key(&key)]).map(drop), Err(ForkProofError::Prefix(_))));

    let signed_by_enemy = proof(&log(5, 2, 1), &log(9, 2, 2), &enemy);
    let error = signed_by_enemy.verify(&[log_key(&key)]).map(drop).unwrap_err();
    assert_eq!(
        (error.code(), matches!(error, ForkProofError::NotSigned { head: "older", .. })),
        ("note-not-signed", true)
    );
}

#[test]
fn damaged_proofs_are_refused_and_never_panic() {
    let key = TestSigner::new("log");
    let bytes = proof(&log(6, 3, 1), &log(11, 3, 2), &key).encode();
    for place in 0..bytes.len() {
        for change in [0x01, 0x80] {
            let mut damaged = bytes.clone();
            damaged[place] ^= change;
            let holds = ForkProof::decode(&damaged).is_ok_and(|proof| proof.verify(&[log_key(&key)]).map(drop).is_ok());
            assert!(!holds, "byte {place} changed and the proof still holds");
        }
        assert!(ForkProof::decode(&bytes[..place]).is_err());
    }
}
