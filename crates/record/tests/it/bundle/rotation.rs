//! A checkpoint key that another one took the place of: which heads of a bundle are under which.

use skypact_record::verify::{Expectation, Report, StatementKind, Status, verify};
use skypact_record::{KeyRole, RotatedKey};

use super::maker::{FixedSigner, MlDsaSigner, NEXT_SEED, PostQuantum, Recipe, Rotation, seed};
use super::{forge, read, statuses};

impl Rotation {
    /// One that is in order.
    pub(crate) const GOOD: Self = Self {
        at: 2,
        alter: |_| {},
        signs_with: 11,
        heads: |size, at| if size > at { NEXT_SEED } else { 15 },
        is_given: true,
    };
}

const OLD: u8 = 15;
const KEYS: &str = "keys/BLUE/routine/000000000002";

fn with(rotation: Rotation) -> Recipe {
    Recipe { sizes: [6, 4, 3, 1], checkpoint_every: 1, rotation: Some(rotation), ..Recipe::default() }
}

fn codes(report: &Report) -> Vec<&'static str> {
    let mut codes: Vec<_> = report.faults.iter().map(|fault| fault.code).collect();
    codes.dedup();
    codes
}

#[test]
fn heads_up_to_the_rotation_are_under_the_old_key_and_those_behind_it_under_the_new_one() {
    assert_eq!(seed(0, KeyRole::Checkpoint), OLD);
    assert_eq!(seed(0, KeyRole::Root), Rotation::GOOD.signs_with);
    let whole = read(&with(Rotation::GOOD).make());
    assert!(whole.faults.is_empty(), "{:#?}", whole.faults);
    assert_eq!(statuses(&whole, StatementKind::Log), [Status::Proven; 4]);
    let chosen = Rotation { at: 1, ..Rotation::GOOD };
    let chosen = read(&Recipe { is_chosen: true, ..with(chosen) }.make());
    assert!(chosen.faults.is_empty(), "{:#?}", chosen.faults);
    let offered = read(&Recipe { offered_from: Some(0), is_mirrored: false, ..with(Rotation::GOOD) }.make());
    assert_eq!(statuses(&offered, StatementKind::Offered), [Status::Proven], "{:#?}", offered.faults);
}

#[test]
fn a_head_under_another_key_than_that_of_its_size_is_a_fault_and_not_signed() {
    for heads in [
        |_, _| OLD,
        |_, _| NEXT_SEED,
        |size, at| if size > at + 1 { NEXT_SEED } else { OLD },
        |size, at| if size >= at { NEXT_SEED } else { OLD },
    ] {
        let report = read(&with(Rotation { heads, ..Rotation::GOOD }).make());
        assert_eq!(codes(&report), ["checkpoint-key"]);
        assert_eq!(statuses(&report, StatementKind::Log)[..2], [Status::Unproven; 2]);
        assert_eq!(statuses(&report, StatementKind::Log)[2..], [Status::Proven; 2]);
    }
    let report = read(&with(Rotation { heads: |size, at| if size > at { 200 } else { OLD }, ..Rotation::GOOD }).make());
    assert_eq!(codes(&report), ["signature-unknown", "checkpoint-not-signed"].repeat(6)[..codes(&report).len()]);
}

#[test]
fn a_rotation_that_breaks_a_rule_changes_nothing() {
    let alters: [fn(&mut skypact_record::KeyRotation); 4] = [
        |rotation| rotation.keys[0].possession[0] ^= 1,
        |rotation| rotation.keys[0] = named(seed(0, KeyRole::Mirror)),
        |rotation| rotation.keys[0] = named(seed(1, KeyRole::Officer)),
        |rotation| {
            let (channel, author) = (Recipe::default().genesis().channel(), "BLUE");
            let author = skypact_record::PartyName::new(author).expect("a name");
            let key = MlDsaSigner::new([NEXT_SEED; 32]);
            rotation.keys.push(RotatedKey::new(KeyRole::Checkpoint, channel, &author, &key).expect("a key in memory"));
        },
    ];
    for alter in alters {
        let void = Rotation { alter, heads: |_, _| OLD, ..Rotation::GOOD };
        assert!(read(&with(void).make()).faults.is_empty(), "who goes on under the old key is right");
        let believed = read(&with(Rotation { heads: Rotation::GOOD.heads, ..void }).make());
        assert!(believed.faults.iter().any(|f| ["checkpoint-key", "signature-unknown"].contains(&f.code)));
        assert_eq!(statuses(&believed, StatementKind::Log)[0], Status::Unproven);
    }
    // Nobody but the root: the leaf is a fault, and its rotation void.
    let officer = read(&with(Rotation { signs_with: seed(0, KeyRole::Officer), ..Rotation::GOOD }).make());
    assert_eq!(officer.faults[0].code, "leaf-key");
    assert!(officer.faults.iter().any(|fault| fault.code == "checkpoint-key"));
}

fn named(seed: u8) -> RotatedKey {
    let author = skypact_record::PartyName::new("BLUE").expect("a name");
    let channel = Recipe::default().genesis().channel();
    RotatedKey::new(KeyRole::Checkpoint, channel, &author, &FixedSigner::new(seed)).expect("a key in memory")
}

#[test]
fn a_rotation_comes_with_its_part_and_fits_its_leaf() {
    let report = read(&with(Rotation { is_given: false, heads: |_, _| OLD, ..Rotation::GOOD }).make());
    assert_eq!(codes(&report), ["key-change-without-part"]);
    assert_eq!(statuses(&report, StatementKind::Log)[0], Status::Unproven);
    let bundle = with(Rotation::GOOD).make();
    let report = read(&forge(&bundle, KEYS, |content| content[5] ^= 1));
    assert_eq!(report.faults[0].code, "part-differs");
    assert!(report.faults.iter().any(|fault| fault.code == "checkpoint-key"));
}

#[test]
fn a_chosen_log_wants_the_leaf_of_its_rotation() {
    // The leaf at the even index is not given: what the file says nobody signed.
    let report = read(&Recipe { is_chosen: true, ..with(Rotation::GOOD) }.make());
    assert!(codes(&report).contains(&"key-change-without-leaf") && codes(&report).contains(&"checkpoint-key"));
    assert_eq!(statuses(&report, StatementKind::Head)[0], Status::Unproven);
}

#[test]
fn both_algorithms_change_together_or_one_alone() {
    let recipe = |rotation| Recipe { post_quantum: Some(PostQuantum::ALL), ..with(rotation) };
    // Another pact, so another channel.
    let read = |bundle: &[u8]| verify(bundle, &Expectation::default(), 1);
    let report = read(&recipe(Rotation::GOOD).make());
    assert!(report.faults.is_empty(), "{:#?}", report.faults);
    assert_eq!(statuses(&report, StatementKind::PostQuantum), [Status::Proven; 4]);
    // The Ed25519 key alone has changed: the other one is still the one of the pact.
    let alone = Rotation { alter: |rotation| drop(rotation.keys.pop()), ..Rotation::GOOD };
    let report = read(&recipe(alone).make());
    assert_eq!(codes(&report), ["signature-unknown"]);
}

#[test]
fn a_bundle_that_breaks_off_proves_no_head_by_a_key_that_it_does_not_show() {
    let bundle = with(Rotation::GOOD).make();
    let report = read(&bundle[..bundle.len() / 2]);
    assert!(!report.holds());
    assert!(report.faults.iter().all(|fault| fault.code != "checkpoint-key"), "{:#?}", report.faults);
}
