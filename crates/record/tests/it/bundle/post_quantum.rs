//! The statement `post-quantum` (docs/record-format.md, section 10): what proves it, what it does not change, and lines that are false.

use skypact_record::verify::{Expectation, Report, StatementKind, Status, verify};
use skypact_record::{
    Algorithm, Beacon, Checkpoint, Cosignature, Hash, NoteSignature, PartyName, SignedCheckpoint, SignedStamp, Stamp,
    VerifierKey, cosign, tree::empty_root,
};

use super::forgery::{codes, position, put_together, take_apart};
use super::maker::{self, MlDsaSigner, PostQuantum, Recipe};
use super::{flip_expecting, statuses};

fn recipe(post_quantum: PostQuantum) -> Recipe {
    Recipe { post_quantum: Some(post_quantum), ..Recipe::default() }
}

fn read(bundle: &[u8], recipe: &Recipe) -> Report {
    verify(bundle, &Expectation { channel: Some(recipe.genesis().channel()) }, 1)
}

/// Everything but `post-quantum`.
fn others(report: &Report) -> Vec<(String, Status, Option<i64>, Option<i64>)> {
    let others = report.statements.iter().filter(|s| s.what != StatementKind::PostQuantum);
    others.map(|s| (s.what.to_string(), s.status, s.not_before_s, s.not_after_s)).collect()
}

#[test]
fn a_log_with_every_line_is_post_quantum_and_one_without_any_of_them_is_not() {
    let whole = recipe(PostQuantum::ALL);
    let report = read(&whole.make(), &whole);
    assert_eq!(report.faults, []);
    assert!(report.holds(), "{:#?}", report.statements);
    assert_eq!(statuses(&report, StatementKind::PostQuantum), [Status::Proven; 4]);
    // Two roots, an act for each entry, and six lines under each of five checkpoints.
    assert_eq!(report.signatures_checked, 2 + 7 + 30);
    let lacking = [
        PostQuantum { is_signed: false, ..PostQuantum::ALL },
        PostQuantum { is_mirrored: false, ..PostQuantum::ALL },
        PostQuantum { witnesses: 0, ..PostQuantum::ALL },
    ];
    for lines in lacking {
        let less = read(&recipe(lines).make(), &whole);
        assert_eq!(less.faults, []);
        assert_eq!(statuses(&less, StatementKind::PostQuantum), [Status::Unproven; 4]);
        assert_eq!(others(&less), others(&report), "Ed25519 decides the rest alone");
        assert!(!less.holds(), "who forges Ed25519 leaves the others out");
    }
}

#[test]
fn a_quorum_is_one_under_each_algorithm_by_itself() {
    let of_two =
        |witnesses| Recipe { second_witness_s: Some(0), ..recipe(PostQuantum { witnesses, ..PostQuantum::ALL }) };
    for (witnesses, status) in [(2, Status::Proven), (1, Status::Unproven)] {
        let recipe = of_two(witnesses);
        let report = read(&recipe.make(), &recipe);
        assert_eq!(statuses(&report, StatementKind::PostQuantum), [status; 4]);
        assert_eq!(statuses(&report, StatementKind::Witnessed), [Status::Proven; 4]);
    }
    let without = Recipe { is_witnessed: false, ..of_two(2) };
    let report = read(&without.make(), &without);
    assert_eq!(statuses(&report, StatementKind::Witnessed), [Status::Claimed; 4]);
    assert_eq!(statuses(&report, StatementKind::PostQuantum), [Status::Proven; 4]);
    assert!(report.statements.iter().all(|s| s.not_after_s.is_none()), "the times of ML-DSA-44 lines bound nothing");
}

#[test]
fn a_pact_without_such_keys_says_nothing_of_it_and_takes_no_such_line() {
    let report = read(&Recipe::default().make(), &Recipe::default());
    assert!(report.holds());
    assert_eq!(statuses(&report, StatementKind::PostQuantum), []);
    let report = change(&Recipe::default(), "000000000003", |note| {
        let signer = MlDsaSigner::new([maker::WITNESS_SEED; 32]);
        let line = cosign(note.checkpoint(), 1, &maker::origin("witness.example"), &signer).expect("a line");
        [note.signatures().iter().map(ToString::to_string).collect(), vec![line.to_string()]].concat()
    });
    assert_eq!(codes(&report), ["signature-unknown"]);
}

/// A bundle of this recipe in which BLUE's checkpoint of this size has other lines.
fn change(recipe: &Recipe, size: &str, lines: impl Fn(&SignedCheckpoint) -> Vec<String>) -> Report {
    let mut whole = take_apart(&recipe.make());
    let at = position(&whole, &format!("logs/BLUE/routine/checkpoint/{size}"));
    let note = SignedCheckpoint::parse(&whole[at].1).expect("a checkpoint");
    whole[at].1 = format!("{}\n{}", note.checkpoint().text(), lines(&note).concat()).into_bytes();
    read(&put_together(&whole), recipe)
}

/// The lines of one algorithm: those of ML-DSA-44 are the long ones.
fn of(note: &SignedCheckpoint, algorithm: Algorithm) -> Vec<String> {
    let lines = note.signatures().iter().filter(|line| (line.bytes.len() > 2000) == (algorithm == Algorithm::MlDsa44));
    lines.map(ToString::to_string).collect()
}

#[test]
fn the_newest_head_decides_and_makes_up_for_those_before_it() {
    let whole = recipe(PostQuantum::ALL);
    let report = change(&whole, "000000000002", |note| of(note, Algorithm::Ed25519));
    assert!(report.holds(), "{:#?}", report.statements);
    let report = change(&whole, "000000000003", |note| of(note, Algorithm::Ed25519));
    assert_eq!(report.faults, []);
    let unproven = Status::Unproven;
    assert_eq!(statuses(&report, StatementKind::PostQuantum)[..2], [unproven, Status::Proven]);
    assert_eq!(statuses(&report, StatementKind::Log), [Status::Proven; 4]);
}

#[test]
fn lines_of_ml_dsa_44_alone_sign_deliver_and_witness_nothing() {
    let report = change(&recipe(PostQuantum::ALL), "000000000003", |note| of(note, Algorithm::MlDsa44));
    assert_eq!(codes(&report), ["checkpoint-not-signed"]);
    for what in [StatementKind::Log, StatementKind::Witnessed, StatementKind::Delivered, StatementKind::PostQuantum] {
        assert_eq!(statuses(&report, what)[0], Status::Unproven, "{what}");
    }
}

#[test]
fn a_false_line_by_a_key_of_the_pact_is_a_fault_whoever_made_it() {
    let whole = recipe(PostQuantum::ALL);
    for place in 0..3 {
        let report = change(&whole, "000000000003", |note| {
            let mut lines: Vec<_> = note.signatures().to_vec();
            let long = lines.iter_mut().filter(|line| line.bytes.len() > 2000);
            long.skip(place).take(1).for_each(|line| line.bytes[1234] ^= 4);
            lines.iter().map(ToString::to_string).collect()
        });
        assert_eq!(codes(&report), ["signature-invalid"]);
        assert_eq!(statuses(&report, StatementKind::PostQuantum)[0], Status::Unproven);
        assert_eq!(statuses(&report, StatementKind::Log)[0], Status::Unproven);
    }
}

#[test]
fn every_byte_that_is_flipped_in_a_post_quantum_bundle_is_found_and_named() {
    let recipe = Recipe { sizes: [2, 0, 0, 0], ..recipe(PostQuantum::ALL) };
    flip_expecting(&recipe.make(), 61, recipe.genesis().channel());
}

#[test]
fn beacons_and_offers_are_of_ed25519_in_such_a_pact_too() {
    let silent =
        Recipe { is_mirrored: false, offered_from: Some(0), beacon_every_s: Some(3), ..recipe(PostQuantum::ALL) };
    let report = read(&silent.make(), &silent);
    assert_eq!(report.faults, []);
    assert_eq!(statuses(&report, StatementKind::Offered), [Status::Proven], "with the author's ML-DSA-44 line in it");
    let said: Vec<String> = report.statements.iter().skip(1).take(6).map(|s| s.what.to_string()).collect();
    assert_eq!(said, ["log", "witnessed", "delivered", "offered", "post-quantum", "bodies"]);
    let not_before = |report: &Report| report.statements.iter().find_map(|s| s.not_before_s);
    let classical = Recipe { post_quantum: None, ..silent };
    assert_eq!(not_before(&report), not_before(&read(&classical.make(), &classical)));
    assert!(not_before(&report).is_some());

    let (witness, signer) = (maker::origin("witness.example"), MlDsaSigner::new([maker::WITNESS_SEED; 32]));
    let unsupported = Beacon::sign(&witness, 1, &signer).expect_err("ML-DSA-44 signs checkpoints alone");
    assert_eq!(unsupported.code(), "algorithm-unsupported");
    // The head of a beacon that is signed all the same, as a checkpoint, is no beacon.
    let head = Checkpoint { origin: maker::origin("witness.example/beacon"), size: 0, root: empty_root() };
    let line = cosign(&head, 1, &witness, &signer).expect("a line");
    let key = VerifierKey::cosigner(witness.clone(), signer.key);
    assert_eq!(Cosignature::verify(&key, &head, &line).expect("it holds as a checkpoint").time_s, 1);
    assert_eq!(Beacon::verify(line, &key).expect_err("no beacon").code(), "algorithm-unsupported");
    let stamp = Stamp {
        witness,
        channel: Hash([1; 32]),
        recipient: PartyName::new("RED").expect("a name"),
        dropped: Hash([2; 32]),
        length: 3,
    };
    let signer = MlDsaSigner::new([maker::WITNESS_SEED; 32]);
    let unsupported = SignedStamp::sign(stamp, 1, &signer).expect_err("ML-DSA-44 signs checkpoints alone");
    assert_eq!(unsupported.code(), "algorithm-unsupported");
}

/// A line under the witness's other key, as long as a beacon may be, is by nobody who gives beacons.
#[test]
fn a_line_by_the_other_key_of_a_witness_is_no_beacon() {
    let recipe = Recipe { beacon_every_s: Some(3), ..recipe(PostQuantum::ALL) };
    let key = VerifierKey::cosigner(maker::origin("witness.example"), MlDsaSigner::new([maker::WITNESS_SEED; 32]).key);
    let mut whole = take_apart(&recipe.make());
    let at = position(&whole, "heard/beacons");
    let line = NoteSignature { name: key.name().to_string(), key_id: key.key_id(), bytes: vec![0xff; 72] };
    whole[at].1.extend(line.to_string().into_bytes());
    let report = read(&put_together(&whole), &recipe);
    assert_eq!(codes(&report), ["signature-unknown"]);
}
