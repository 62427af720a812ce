//! The times of witnesses in bundles: they count where a leaf cites them, and a line that does not hold counts for nothing.

use skypact_record::{Beacon, Hash, Note, SignatureType, SignedCheckpoint, VerifierKey, tree::empty_root};

use super::maker::{FixedSigner, WITNESS_SEED, beacon, origin};
use super::*;

fn key() -> VerifierKey {
    Recipe::default().genesis().witness_keys().remove(0)
}

fn published(time_s: u64) -> Vec<u8> {
    Beacon::sign(&origin("witness.example"), time_s, &FixedSigner::new(WITNESS_SEED)).expect("a key at hand signs")
}

#[test]
fn a_beacon_is_a_cosigned_empty_checkpoint_and_holds_as_it_was_signed_only() {
    let note = published(FIRST_COSIGNED_S);
    let parsed = Beacon::parse(&note, &key()).unwrap();
    assert_eq!(parsed.time_s(), FIRST_COSIGNED_S);
    assert_eq!(parsed.hash(), parsed.line().hash());
    let head = SignedCheckpoint::parse(&note).unwrap();
    let checkpoint = head.checkpoint();
    assert_eq!(
        (checkpoint.origin.as_str(), checkpoint.size, checkpoint.root),
        ("witness.example/beacon", 0, empty_root())
    );
    for at in 0..note.len() {
        for bit in 0..8 {
            let mut changed = note.clone();
            changed[at] ^= 1 << bit;
            assert!(Beacon::parse(&changed, &key()).is_err(), "bit {bit} of byte {at}");
        }
    }
    let renamed = VerifierKey::new(origin("witness2.example"), SignatureType::Cosignature, key().key().clone());
    Beacon::parse(&note, &renamed).unwrap_err();
    let twice = [&note[..], Note::parse(&note).unwrap().signatures[0].to_string().as_bytes()].concat();
    Beacon::parse(&twice, &key()).unwrap_err();
    let long = origin(&"w".repeat(122));
    assert!(Beacon::sign(&long, 1, &FixedSigner::new(WITNESS_SEED)).is_err(), "its beacon would have no origin");
}

#[test]
fn the_newest_beacon_that_is_cited_is_the_time_before_which_a_leaf_was_not_placed() {
    let bundle = Recipe { beacon_every_s: Some(3), ..Recipe::default() }.make();
    let report = read(&bundle);
    assert_eq!(report.faults, []);
    assert!(report.holds());
    // The two lines of two logs are two lines: the same beacons.
    assert_eq!(report.signatures_checked, 2 + 7 + 15 + 2);
    let log = report.statements.iter().find(|s| s.what == StatementKind::Log).unwrap();
    let first = FIRST_COSIGNED_S as i64;
    assert_eq!((log.not_before_s, log.not_after_s), (Some(first + 6 - 1), Some(first + 11)));
}

#[test]
fn a_line_that_does_not_hold_is_a_fault_and_no_time() {
    let bundle = Recipe { beacon_every_s: Some(3), ..Recipe::default() }.make();
    let names: Vec<String> = files(&bundle).into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names[..2], ["genesis", "heard/beacons"]);
    let line_bytes = beacon(1, 3).to_string().len();
    let forged = |edit: &dyn Fn(&mut Vec<u8>)| read(&forge(&bundle, "heard/beacons", edit));
    let codes = |report: &Report| report.faults.iter().map(|fault| fault.code).collect::<Vec<_>>();
    let not_before =
        |report: &Report| report.statements.iter().find(|s| s.what == StatementKind::Log).and_then(|s| s.not_before_s);
    let first = FIRST_COSIGNED_S as i64;

    // Another digit of the second signature: the first one is the newest that counts.
    let report = forged(&|content| {
        content[line_bytes * 2 - 20] = if content[line_bytes * 2 - 20] == b'A' { b'B' } else { b'A' }
    });
    assert_eq!(codes(&report), ["signature-invalid"]);
    assert!(!report.holds());
    assert_eq!(not_before(&report), Some(first + 3 - 1));
    assert!(statuses(&report, StatementKind::Log).iter().all(|status| *status == Status::Proven), "the logs stand");

    let report = forged(&|content| content.rotate_left(line_bytes));
    assert_eq!(codes(&report), ["beacons-order"]);
    let report = forged(&|content| content[4] = b'x');
    assert_eq!(codes(&report)[0], "signature-unknown");
    let report = forged(&|content| content[line_bytes - 1] = b' ');
    assert_eq!(codes(&report), ["beacons-malformed"]);
    assert_eq!(not_before(&report), None);
    let report = forged(&|content| {
        let (one, two) = content.split_at_mut(line_bytes);
        two.copy_from_slice(one);
    });
    assert_eq!(codes(&report), ["beacons-order"], "the same line twice");
    // A beacon that no leaf cites is no time of any.
    let elsewhere =
        Recipe { beacon_every_s: Some(3), alter: |leaf| leaf.cosignature = Some(Hash([1; 32])), ..Recipe::default() };
    let report = read(&elsewhere.make());
    assert!(report.holds());
    assert_eq!(not_before(&report), None);
}
