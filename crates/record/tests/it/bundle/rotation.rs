//! Keys that others took the place of: which heads of a bundle are under which checkpoint key, what receipts are worth under which mirror key, and which
//! root may sign.

use skypact_record::verify::{Expectation, Report, StatementKind, Status, verify};
use skypact_record::{KeyRole, RotatedKey};

use super::maker::{FixedSigner, MlDsaSigner, NEXT_SEED, PostQuantum, Recipe, Rotation, seed};
use super::{forge, read, statuses};

impl Rotation {
    /// One that is in order.
    pub(crate) const GOOD: Self = Self {
        role: KeyRole::Checkpoint,
        at: 2,
        seen: [0; 2],
        next: NEXT_SEED,
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

/// BLUE's mirror key is replaced when it holds 2 entries of RED's routine log and 1 of its urgent one.
const MIRROR: Rotation = Rotation { role: KeyRole::Mirror, seen: [2, 1], heads: |_, _| OLD, ..Rotation::GOOD };
const OLD_MIRROR: u8 = 16;

fn receipts(receipts: fn(u64) -> u8, red_hears_at: Option<u64>, rotation: Rotation) -> Recipe {
    Recipe { sizes: [4, 3, 5, 1], receipts, red_hears_at, ..with(rotation) }
}

/// What is said of the delivery of RED's routine log, in a bundle without a fault.
fn delivered(recipe: &Recipe) -> (Status, String) {
    // Another pact is another channel.
    let report = verify(&recipe.make()[..], &Expectation::default(), 1);
    assert!(report.faults.is_empty(), "{:#?}", report.faults);
    assert_eq!(statuses(&report, StatementKind::Log), [Status::Proven; 4]);
    let all: Vec<_> = report.statements.iter().filter(|said| said.what == StatementKind::Delivered).collect();
    assert_eq!(all[3].status, Status::Proven, "the urgent log ends where BLUE says that it held it");
    (all[2].status, all[2].detail.clone())
}

#[test]
fn receipts_up_to_what_the_mirror_held_are_under_either_key_and_later_ones_under_the_new_one() {
    assert_eq!(seed(0, KeyRole::Mirror), OLD_MIRROR);
    let each: [fn(u64) -> u8; 2] = [|size| if size > 2 { NEXT_SEED } else { OLD_MIRROR }, |_| NEXT_SEED];
    for under in each {
        assert_eq!(delivered(&receipts(under, Some(3), MIRROR)).0, Status::Proven);
    }
    let chosen = Rotation { at: 1, ..MIRROR };
    let chosen = read(&Recipe { is_chosen: true, ..receipts(|_| NEXT_SEED, None, chosen) }.make());
    assert!(chosen.faults.is_empty(), "{:#?}", chosen.faults);
    assert_eq!(statuses(&chosen, StatementKind::Delivered), [Status::Proven; 4]);
    let quantum = |under| Recipe { post_quantum: Some(PostQuantum::ALL), ..receipts(under, Some(3), MIRROR) };
    for (under, said) in [(each[1], Status::Proven), (|_: u64| OLD_MIRROR, Status::Unproven)] {
        let report = verify(&quantum(under).make()[..], &Expectation::default(), 1);
        assert!(report.faults.is_empty(), "{:#?}", report.faults);
        assert_eq!(statuses(&report, StatementKind::PostQuantum)[2], said);
    }
}

#[test]
fn a_mirror_that_understates_what_it_held_repudiates_no_receipt_that_was_given_before_its_counterpart_knew() {
    // RED had receipts for four entries when it heard, and BLUE says that it held two: they stay proof, whatever comes after.
    let heard = receipts(|size| if size > 4 { NEXT_SEED } else { OLD_MIRROR }, Some(4), MIRROR);
    assert_eq!(delivered(&heard).0, Status::Proven);
    let (status, detail) = delivered(&Recipe { receipts: |_| OLD_MIRROR, ..heard });
    assert_eq!((status, &detail[..22]), (Status::Unproven, "4 of 5 entries covered"), "{detail}");
    assert!(detail.contains("it says that it held less"), "{detail}");
    // Where no leaf shows when RED heard, it is RED's word.
    let (status, detail) = delivered(&receipts(|_| OLD_MIRROR, None, MIRROR));
    assert_eq!((status, &detail[..22]), (Status::Claimed, "2 of 5 entries covered"), "{detail}");
}

#[test]
fn a_receipt_under_the_old_key_counts_for_nothing_where_the_author_knew_better_and_is_no_fault() {
    let (status, detail) = delivered(&receipts(|_| OLD_MIRROR, Some(3), MIRROR));
    assert_eq!((status, &detail[..22]), (Status::Unproven, "3 of 5 entries covered"), "{detail}");
    let (status, detail) = delivered(&receipts(|_| OLD_MIRROR, Some(1), MIRROR));
    assert_eq!((status, &detail[..22]), (Status::Unproven, "2 of 5 entries covered"), "{detail}");
    // A rotation that breaks a rule changes nothing: who goes on under the old key is right.
    let alter: fn(&mut skypact_record::KeyRotation) = |rotation| rotation.keys[0].possession[0] ^= 1;
    let void = Rotation { alter, ..MIRROR };
    assert_eq!(delivered(&receipts(|_| OLD_MIRROR, Some(1), void)).0, Status::Proven);
    let believed = receipts(|_| NEXT_SEED, Some(1), void).make();
    assert_eq!(statuses(&read(&believed), StatementKind::Delivered)[2..], [Status::Unproven; 2]);
}

#[test]
fn the_root_that_took_the_place_of_another_signs_from_there_on_and_the_old_one_no_more() {
    let root = Rotation { role: KeyRole::Root, next: 78, heads: |_, _| OLD, ..Rotation::GOOD };
    let by = |signs_with| {
        let after = Rotation { at: 3, signs_with, ..MIRROR };
        read(&Recipe { after: Some(after), ..receipts(|_| NEXT_SEED, Some(4), root) }.make())
    };
    let report = by(78);
    assert!(report.faults.is_empty(), "{:#?}", report.faults);
    assert_eq!(statuses(&report, StatementKind::Delivered), [Status::Proven; 4]);
    let report = by(Rotation::GOOD.signs_with);
    assert_eq!(codes(&report), ["leaf-key"]);
    assert_eq!(statuses(&report, StatementKind::Delivered)[2], Status::Unproven, "its rotation is void");
    // Nor does the new one sign before it is named.
    let early = Rotation { at: 1, signs_with: 78, ..MIRROR };
    let report = read(&Recipe { after: Some(root), ..receipts(|_| OLD_MIRROR, Some(4), early) }.make());
    assert_eq!(codes(&report), ["leaf-key"]);
}
