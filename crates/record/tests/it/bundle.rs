//! The verifier against bundles that are right, and against every way in which one of their bytes, keys or signatures can be wrong.

mod beacons;
mod erased;
mod forgery;
pub(crate) mod maker;
mod offered;
mod post_quantum;
mod rotation;

use std::sync::LazyLock;

use maker::{FIRST_COSIGNED_S, Recipe, seed};
use skypact_record::bundle::{FileName, Seal, SealedFile, TarReader, log_order};
use skypact_record::verify::{Expectation, Fault, LogMode, Report, StatementKind, Status, verify};
use skypact_record::{Act, Hash, KeyRole, Leaf, LogClass, PartyName, SignedAct};

/// How a leaf is made wrong.
type Alter = fn(&mut Leaf);

fn read(bundle: &[u8]) -> Report {
    static CHANNEL: LazyLock<Hash> = LazyLock::new(|| Recipe::default().genesis().channel());
    verify(bundle, &Expectation { channel: Some(*CHANNEL) }, 1)
}

fn statuses(report: &Report, what: StatementKind) -> Vec<Status> {
    report.statements.iter().filter(|s| s.what == what).map(|s| s.status).collect()
}

/// Every file, and where its content begins.
fn files(bundle: &[u8]) -> Vec<(String, usize, Vec<u8>)> {
    let mut tar = TarReader::new(bundle);
    std::iter::from_fn(|| tar.next_file().expect("the bundle of a test can be read"))
        .map(|f| (f.name, f.offset as usize, f.content))
        .collect()
}

/// Puts other bytes of the same length into a file, and seals again.
fn forge(bundle: &[u8], name: &str, edit: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut bundle = bundle.to_vec();
    let mut seal = Seal::default();
    for (file, offset, mut content) in files(&bundle) {
        let length = content.len();
        if file == name {
            edit(&mut content);
        }
        if file == "seal" {
            content = seal.encode();
        }
        assert_eq!(content.len(), length);
        bundle[offset..offset + length].copy_from_slice(&content);
        seal.files.push(SealedFile { name: file, size: length as u64, hash: Hash::of(&content) });
    }
    bundle
}

#[test]
fn a_bundle_that_is_right_holds_and_says_when_and_whose() {
    let bundle = Recipe::default().make();
    let report = read(&bundle);
    assert_eq!(report.faults, []);
    assert!(report.holds(), "{:#?}", report.statements);
    assert_eq!((report.entries, report.channel_name.as_str()), (7, "east-river"));
    assert_eq!(report.parties, ["BLUE", "RED"]);
    assert_eq!(report.logs.iter().map(|log| log.size).collect::<Vec<_>>(), [3, 1, 2, 1]);
    // Two roots, an act for each entry, and author, mirror and witness under each of five checkpoints.
    assert_eq!(report.signatures_checked, 2 + 7 + 15);
    let log = report.statements.iter().find(|s| s.what == StatementKind::Log).unwrap();
    // Leaf 2 cites the cosignature of size 2; the one of size 3 came ten seconds later.
    let first = FIRST_COSIGNED_S as i64;
    assert_eq!((log.not_before_s, log.not_after_s), (Some(first - 1), Some(first + 11)));
    assert_eq!(report.channel_to_compare(), None);
}

#[test]
fn without_an_expected_channel_the_pact_is_claimed_and_with_another_one_it_is_refused() {
    let bundle = Recipe::default().make();
    let report = verify(&bundle[..], &Expectation::default(), 1);
    assert!(report.holds());
    assert_eq!(report.channel_to_compare(), Some(Recipe::default().genesis().channel()));
    assert_eq!(statuses(&report, StatementKind::Pact), [Status::Claimed]);
    let report = verify(&bundle[..], &Expectation { channel: Some(Hash([7; 32])) }, 1);
    assert!(!report.holds());
    assert_eq!(report.faults[0].code, "channel-unexpected");
    assert_eq!(statuses(&report, StatementKind::Pact), [Status::Unproven]);
}

#[test]
fn many_entries_and_large_parts_give_the_same_report_on_any_number_of_threads() {
    let recipe = Recipe { sizes: [600, 256, 257, 1], checkpoint_every: 100, part_bytes: 8000, ..Recipe::default() };
    let bundle = recipe.make();
    assert!(files(&bundle).iter().filter(|(name, ..)| name.starts_with("parts/BLUE/routine/")).count() > 4);
    let report = read(&bundle);
    assert!(report.holds(), "{:#?}", report.faults);
    for threads in [0, 2, 3, 1000] {
        assert_eq!(verify(&bundle[..], &Expectation { channel: report.channel }, threads), report);
    }
}

#[test]
fn chosen_leaves_hold_with_their_proofs() {
    let bundle = Recipe { sizes: [6, 2, 5, 1], is_chosen: true, ..Recipe::default() }.make();
    let report = read(&bundle);
    assert!(report.holds(), "{:#?}", report.faults);
    assert_eq!(report.logs[0].mode, LogMode::Chosen);
    let entry = report.statements.iter().find(|s| s.what == StatementKind::Entry(3)).unwrap();
    let first = FIRST_COSIGNED_S as i64;
    assert_eq!((entry.not_before_s, entry.not_after_s), (Some(first - 1), Some(first + 21)));
    let told = report.statements.iter().filter(|s| s.what == StatementKind::Head).map(|s| s.detail.as_str());
    let told: Vec<&str> = told.collect();
    assert!(told[0].ends_with("; not given: 0, 2, 4"), "what is left out is named: {told:?}");
    for (name, offset, content) in files(&bundle).iter().filter(|(name, ..)| name.contains("/proof/")) {
        let forged = forge(&bundle, name, |content| {
            let at = content.windows(6).position(|w| w == b"index ").unwrap() + 8;
            content[at] = if content[at] == b'A' { b'B' } else { b'A' };
        });
        let report = read(&forged);
        let fault = &report.faults[0];
        assert_eq!(&fault.file, name);
        assert!(fault.offset.unwrap() as usize - offset < content.len() && fault.index.is_some() && !report.holds());
    }
}

/// Flips one bit of every `step`th byte, and asks for a fault that is where the byte is.
fn flip(bundle: &[u8], step: usize) {
    flip_expecting(bundle, step, Recipe::default().genesis().channel());
}

fn flip_expecting(bundle: &[u8], step: usize, channel: Hash) {
    let places: Vec<(String, usize)> = files(bundle).into_iter().map(|(name, offset, _)| (name, offset)).collect();
    let check = |place: usize| {
        let mut damaged = bundle.to_vec();
        damaged[place] ^= 1 << (place % 8);
        let report = verify(&damaged[..], &Expectation { channel: Some(channel) }, 1);
        assert!(!report.holds(), "a flip at byte {place} is not found");
        let file = places.iter().rev().find(|(_, offset)| *offset <= place).map_or("bundle", |(name, _)| name);
        let near = |fault: &Fault| {
            // A header is refused as a whole: its checksum may differ before its name.
            let block = fault.offset.map(|offset| offset / 512) == Some(place as u64 / 512);
            fault.code.starts_with("tar-") && block
                || fault.file == file && fault.offset.is_some_and(|offset| offset <= place as u64 + 64)
        };
        assert!(
            report.faults.iter().any(near),
            "a flip at byte {place} in {file} is not located: {:#?}",
            report.faults
        );
    };
    let half = bundle.len() / 2;
    std::thread::scope(|scope| {
        scope.spawn(|| (0..half).step_by(step).for_each(check));
        (half..bundle.len()).step_by(step).for_each(check);
    });
}

#[test]
fn every_byte_that_is_flipped_is_found_and_named() {
    flip(&Recipe { sizes: [2, 0, 0, 0], ..Recipe::default() }.make(), 1);
    flip(&Recipe::default().make(), 11);
    flip(&Recipe { sizes: [2, 0, 0, 0], is_chosen: true, ..Recipe::default() }.make(), 3);
}

#[test]
fn a_bundle_cut_at_any_length_does_not_hold_and_says_where_it_ends() {
    let bundle = Recipe { sizes: [1, 0, 0, 0], ..Recipe::default() }.make();
    for length in 0..bundle.len() {
        let report = read(&bundle[..length]);
        assert!(!report.holds(), "a bundle of {length} bytes holds");
        let fault = report.faults.last().unwrap();
        assert_eq!((fault.code, fault.offset), ("tar-truncated", Some(length as u64)));
    }
    let longer = [&bundle[..], b"\0"].concat();
    assert_eq!(read(&longer).faults[0].code, "tar-end");
}

#[test]
fn a_log_without_a_receipt_is_unproven_and_one_without_a_witness_is_claimed() {
    let report = read(&Recipe { is_mirrored: false, ..Recipe::default() }.make());
    assert_eq!(report.faults, []);
    assert!(!report.holds());
    assert_eq!(statuses(&report, StatementKind::Delivered), [Status::Unproven; 4]);
    assert_eq!(statuses(&report, StatementKind::Witnessed), [Status::Proven; 4]);
    let report = read(&Recipe { is_witnessed: false, ..Recipe::default() }.make());
    assert_eq!(report.faults, []);
    assert!(!report.holds());
    assert_eq!(statuses(&report, StatementKind::Witnessed), [Status::Claimed; 4]);
    assert_eq!(statuses(&report, StatementKind::Delivered), [Status::Proven; 4]);
    assert!(report.statements.iter().all(|s| s.not_after_s.is_none() && s.not_before_s.is_none()));
}

#[test]
fn one_witness_with_a_slow_clock_makes_nothing_older_where_two_are_needed() {
    let not_after = |second_witness_s, is_witnessed| {
        let recipe = Recipe { sizes: [3, 0, 0, 0], second_witness_s, is_witnessed, ..Recipe::default() };
        let report = verify(recipe.make().as_slice(), &Expectation { channel: None }, 1);
        assert!(report.faults.is_empty(), "{:?}", report.faults);
        report.statements.iter().find(|s| s.what == StatementKind::Log).expect("a whole log").not_after_s
    };
    let honest = FIRST_COSIGNED_S as i64 + 11;
    assert_eq!(not_after(None, true), Some(honest));
    assert_eq!(not_after(Some(-1_000_000), true), Some(honest));
    assert_eq!(not_after(Some(7), true), Some(honest + 7));
    assert_eq!(not_after(Some(-1_000_000), false), None, "one of two witnesses bounds nothing");
}

#[test]
fn a_leaf_that_its_author_made_wrong_is_named_by_log_and_index() {
    let of_blue_2 = |alter: Alter| Recipe { alter, ..Recipe::default() }.make();
    let cases: [(&str, Alter); 3] = [
        ("leaf-index", |leaf| leaf.index += u64::from(leaf.index == 2)),
        ("leaf-origin", |leaf| {
            if leaf.index == 2 {
                leaf.origin = maker::origin("blue.example/east-river/urgent");
            }
        }),
        ("signature-invalid", |leaf| {
            if leaf.index == 2 {
                let mut signature = leaf.act.signature().clone();
                signature.bytes[3] ^= 1;
                leaf.act = SignedAct::assemble(leaf.act.bytes().to_vec(), signature).unwrap();
            }
        }),
    ];
    for (code, alter) in cases {
        let report = read(&of_blue_2(alter));
        let [fault] = &report.faults[..] else { panic!("{code}: {:#?}", report.faults) };
        let place = (fault.code, fault.log.as_deref(), fault.index);
        assert_eq!(place, (code, Some("blue.example/east-river/routine"), Some(2)));
        assert!(!report.holds());
    }
}

/// Changes the act of BLUE's leaf 2, or of its leaf 0, and has BLUE's node sign it again.
fn sign_again(leaf: &mut Leaf, index: u64, edit: fn(&mut Act)) {
    if leaf.index == index && leaf.origin.as_str() == "blue.example/east-river/routine" {
        let mut act = leaf.act.act().clone();
        edit(&mut act);
        leaf.act = SignedAct::sign(act, &maker::FixedSigner::new(seed(0, KeyRole::Node))).expect("an act");
    }
}

#[test]
fn an_act_that_its_author_signed_for_another_place_is_refused() {
    let cases: [(&str, u64, Alter); 8] = [
        ("leaf-channel", 2, |leaf| sign_again(leaf, 2, |act| act.channel.0[0] ^= 1)),
        ("leaf-author", 2, |leaf| sign_again(leaf, 2, |act| act.author = PartyName::new("RED").expect("a name"))),
        ("leaf-class", 2, |leaf| sign_again(leaf, 2, |act| act.log_class = LogClass::Urgent)),
        ("leaf-kind", 2, |leaf| sign_again(leaf, 2, |act| act.kind = 0)),
        ("leaf-kind", 0, |leaf| sign_again(leaf, 0, |act| act.kind = 1)),
        ("leaf-genesis", 0, |leaf| sign_again(leaf, 0, |act| act.epoch = 1)),
        ("leaf-genesis", 0, |leaf| sign_again(leaf, 0, |act| act.references.push(Hash([1; 32])))),
        ("part-differs", 2, |leaf| sign_again(leaf, 2, |act| act.commitments[0].0[0] ^= 1)),
    ];
    for (code, index, alter) in cases {
        let report = read(&Recipe { alter, ..Recipe::default() }.make());
        let [fault] = &report.faults[..] else { panic!("{code}: {:#?}", report.faults) };
        assert_eq!((fault.code, fault.index), (code, Some(index)));
        let bodies = if code == "part-differs" { Status::Unproven } else { Status::Proven };
        assert_eq!(statuses(&report, StatementKind::Bodies)[0], bodies);
    }
}

#[test]
fn faults_without_end_end_the_reading() {
    let recipe = Recipe { sizes: [1300, 1, 1, 1], checkpoint_every: 9999, blue_signs_with: 200, ..Recipe::default() };
    let report = read(&recipe.make());
    assert_eq!(report.faults.len(), Report::FAULTS_MAX + 1);
    assert_eq!(report.faults.last().unwrap().code, "faults-too-many");
    assert!(!report.holds());
    assert_eq!(statuses(&report, StatementKind::Log), [Status::Unproven]);
}

#[test]
fn a_leaf_that_was_altered_later_is_found_although_the_seal_was_made_again() {
    let bundle = Recipe::default().make();
    let name = "logs/BLUE/routine/entries/000000000";
    let [_, second_at] = [0, 1].map(|leaf| {
        let content = files(&bundle).into_iter().find(|(file, ..)| file == name).unwrap().2;
        let first = usize::from(u16::from_be_bytes([content[0], content[1]]));
        leaf * (first + 2) + 2
    });
    // The last byte of the first leaf is one of its signature; the tree alone sees a change anywhere.
    let report = read(&forge(&bundle, name, |content| content[second_at - 3] ^= 1));
    let codes: Vec<_> = report.faults.iter().map(|f| (f.code, f.log.as_deref(), f.index)).collect();
    let log = Some("blue.example/east-river/routine");
    let expected = [
        ("root-differs", log, None),
        ("signature-invalid", log, Some(0)),
        ("root-differs", log, None),
        ("leaf-hash-differs", log, Some(0)),
    ];
    for fault in expected {
        assert!(codes.contains(&fault), "{fault:?} is not in {codes:?}");
    }
    assert_eq!(statuses(&report, StatementKind::Log)[0], Status::Unproven);
    assert_eq!(statuses(&report, StatementKind::Log)[1..], [Status::Proven; 3]);
}

#[test]
fn acts_that_another_key_signed_are_refused() {
    // RED's node, BLUE's transport-like key that is in no pact, and BLUE's checkpoint key, which signs no acts.
    for key in [seed(1, KeyRole::Node), 200, seed(0, KeyRole::Checkpoint)] {
        let report = read(&Recipe { blue_signs_with: key, ..Recipe::default() }.make());
        assert!(!report.holds());
        assert!(report.faults.iter().all(|fault| fault.code == "leaf-key"), "{:#?}", report.faults);
        assert_eq!(report.faults.len(), 4);
    }
    let officer = read(&Recipe { blue_signs_with: seed(0, KeyRole::Officer), ..Recipe::default() }.make());
    assert!(officer.holds());
}

#[test]
fn a_part_or_a_signature_line_that_was_altered_is_found_although_the_seal_was_made_again() {
    let bundle = Recipe::default().make();
    let report =
        read(&forge(&bundle, "parts/BLUE/routine/000000000000", |content| *content.last_mut().unwrap() = 0xf5));
    assert!(!report.holds());
    let all = files(&bundle);
    let (name, ..) = all.iter().find(|(name, ..)| name.starts_with("logs/RED/routine/checkpoint/")).unwrap();
    let report = read(&forge(&bundle, name, |content| {
        let at = content.len() - 6;
        content[at] = if content[at] == b'A' { b'B' } else { b'A' };
    }));
    assert_eq!(report.faults[0].code, "signature-invalid");
    assert_eq!(&report.faults[0].file, name);
    assert!(!report.holds());
}

#[test]
fn logs_are_in_the_order_of_their_files_even_where_one_name_begins_with_the_other() {
    let mut genesis = Recipe::default().genesis();
    genesis.parties[0].name = PartyName::new("RED").unwrap();
    genesis.parties[1].name = PartyName::new("RED-2").unwrap();
    let files: Vec<String> =
        log_order(&genesis).iter().map(|log| FileName::Entries(log.party.clone(), log.class, 0).to_string()).collect();
    assert!(files.is_sorted(), "{files:?}");
    assert_eq!(files.len(), 4);
}
