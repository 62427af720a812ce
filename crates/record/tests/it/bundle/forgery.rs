//! Bundles that were taken apart and put together again, with a seal that is right: what only signatures and structure can find.
//! The tar is written here a second time, so that the form is held to the document and not to its own writer.

use super::maker::{self, FIRST_COSIGNED_S, FixedSigner, Recipe, seed};
use super::{files, read};
use skypact_record::bundle::{Seal, SealedFile};
use skypact_record::verify::Report;
use skypact_record::{Checkpoint, Hash, KeyRole, Origin, SignedCheckpoint, cosign};

type Files = Vec<(String, Vec<u8>)>;

pub(super) fn take_apart(bundle: &[u8]) -> Files {
    files(bundle).into_iter().map(|(name, _, content)| (name, content)).filter(|(name, _)| name != "seal").collect()
}

/// The tar of docs/record-format.md, section 10, with a seal over `files`.
pub(super) fn put_together(files: &Files) -> Vec<u8> {
    let sealed = |(name, content): &(String, Vec<u8>)| {
        let (name, size, hash) = (name.clone(), content.len() as u64, Hash::of(content));
        SealedFile { name, size, hash }
    };
    let seal = Seal { files: files.iter().map(sealed).collect() }.encode();
    let mut bundle = Vec::new();
    for (name, content) in files.iter().chain([&("seal".to_owned(), seal)]) {
        let zeros = |count: usize| "\0".repeat(count);
        let before = format!(
            "{name}{}0000644\x000000000\x000000000\0{:011o}\x0000000000000\0",
            zeros(100 - name.len()),
            content.len()
        );
        let after = format!("0{}ustar\x0000{}", zeros(100), zeros(247));
        let checksum: u32 = before.bytes().chain(after.bytes()).map(u32::from).sum::<u32>() + 8 * 32;
        bundle.extend(format!("{before}{checksum:06o}\0 {after}").bytes());
        bundle.extend(content);
        bundle.resize(bundle.len().next_multiple_of(512), 0);
    }
    bundle.extend([0; 1024]);
    bundle
}

pub(super) fn codes(report: &Report) -> Vec<&'static str> {
    report.faults.iter().map(|fault| fault.code).collect()
}

pub(super) fn position(files: &Files, start: &str) -> usize {
    files.iter().position(|(name, _)| name.starts_with(start)).expect("the bundle has such a file")
}

#[test]
fn the_writer_writes_the_tar_of_the_document() {
    let bundle = Recipe::default().make();
    assert!(put_together(&take_apart(&bundle)) == bundle);
}

#[test]
fn no_byte_is_free_even_when_the_seal_is_made_again() {
    for is_chosen in [false, true] {
        let whole = take_apart(&Recipe { sizes: [2, 0, 0, 0], is_chosen, ..Recipe::default() }.make());
        for file in (0..whole.len()).filter(|file| !is_chosen || whole[*file].0.contains("/proof/")) {
            let claim = whole[file].1.windows(7).position(|bytes| bytes == b"a claim");
            for place in 0..whole[file].1.len() {
                if whole[file].0 == "manifest" && claim.is_some_and(|at| (at..at + 7).contains(&place)) {
                    continue;
                }
                let mut forged = whole.clone();
                forged[file].1[place] ^= 1 << (place % 8);
                let report = read(&put_together(&forged));
                let name = &whole[file].0;
                assert!(!report.holds(), "byte {place} of {name} is free");
                assert!(report.faults.iter().any(|fault| fault.file.starts_with(&name[..4])), "{:#?}", report.faults);
            }
        }
    }
}

#[test]
fn only_a_checkpoint_that_is_not_the_head_and_parts_can_be_left_out() {
    let whole = take_apart(&Recipe::default().make());
    for file in 0..whole.len() {
        let mut fewer = whole.clone();
        let (name, _) = fewer.remove(file);
        let optional = name.starts_with("parts/") || name.starts_with("logs/BLUE/routine/checkpoint/000000000002");
        let report = read(&put_together(&fewer));
        assert_eq!(report.holds(), optional, "without {name}: {:#?}", report.faults);
    }
    let mut fewer = whole;
    fewer.retain(|(name, _)| !name.starts_with("logs/RED/urgent/"));
    assert_eq!(codes(&read(&put_together(&fewer)))[0], "manifest-differs");
}

#[test]
fn files_in_another_order_twice_or_of_another_name_are_refused() {
    let whole = take_apart(&Recipe::default().make());
    for file in 1..whole.len() {
        let mut swapped = whole.clone();
        swapped.swap(file - 1, file);
        assert!(codes(&read(&put_together(&swapped))).contains(&"file-order"));
        let mut twice = whole.clone();
        twice.insert(file, whole[file].clone());
        assert!(codes(&read(&put_together(&twice))).contains(&"file-order"));
    }
    let extra = [
        ("aaa", "file-name"),
        ("logs/BLUE/routine/entries/0000000001", "file-name"),
        ("logs/GREEN/routine/entries/000000000", "log-unknown"),
        ("logs/BLUE/routine/proof/000000000001", "note-malformed"),
        ("parts/BLUE/urgent/000000000003", "object-malformed"),
    ];
    for (name, code) in extra {
        let mut more = whole.clone();
        more.push((name.to_owned(), Vec::new()));
        more.sort();
        let report = read(&put_together(&more));
        assert!(codes(&report).contains(&code) && !report.holds(), "{name}: {:#?}", report.faults);
    }
}

#[test]
fn leaves_that_are_divided_otherwise_are_refused() {
    let whole = take_apart(&Recipe::default().make());
    let at = position(&whole, "logs/BLUE/routine/entries/");
    let mut divided = whole.clone();
    let first = 2 + usize::from(u16::from_be_bytes([divided[at].1[0], divided[at].1[1]]));
    let rest = divided[at].1.split_off(first);
    divided.insert(at + 1, ("logs/BLUE/routine/entries/000000001".to_owned(), rest));
    assert!(codes(&read(&put_together(&divided))).contains(&"entries-gap"));
    let mut empty = whole.clone();
    empty[at].1.clear();
    assert!(codes(&read(&put_together(&empty))).contains(&"entries-malformed"));
    // A leaf more than the head has.
    let mut longer = whole;
    let again = longer[at].1.clone();
    longer[at].1.extend(again);
    assert!(codes(&read(&put_together(&longer))).contains(&"log-incomplete"));
}

#[test]
fn parts_that_are_divided_otherwise_are_refused() {
    let recipe = Recipe { sizes: [200, 0, 0, 0], checkpoint_every: 999, part_bytes: 8000, ..Recipe::default() };
    let whole = take_apart(&recipe.make());
    let at = position(&whole, "parts/");
    assert!(whole.len() > at + 1 && read(&put_together(&whole)).holds());
    let mut joined = whole.clone();
    let second = joined.remove(at + 1).1;
    joined[at].1.extend(second);
    assert!(codes(&read(&put_together(&joined))).contains(&"parts-length"));
    // Every item after the first is the same long: array, index of one or two bytes, and the parts.
    let item = 1 + 2 + 1 + 1 + 2 + 32 + 3 + 8000 + 1;
    let mut divided = whole;
    let length = divided[at].1.len() - item;
    let last = divided[at].1.split_off(length);
    let index = last[2];
    divided.insert(at + 1, (format!("parts/BLUE/routine/{index:012}"), last));
    let report = read(&put_together(&divided));
    // The short file would have fitted the one before, and the one after would have fitted the short one.
    assert_eq!(codes(&report), ["parts-split", "parts-split"], "{:#?}", report.faults);
}

/// The head of BLUE's routine log with one more signature line.
fn with_line(line: impl Fn(&Checkpoint, &SignedCheckpoint) -> skypact_record::NoteSignature) -> Report {
    let mut whole = take_apart(&Recipe::default().make());
    let at = position(&whole, "logs/BLUE/routine/checkpoint/000000000003");
    let mut signed = SignedCheckpoint::parse(&whole[at].1).expect("a checkpoint");
    let line = line(signed.checkpoint(), &signed);
    if signed.signatures().contains(&line) {
        whole[at].1.extend(line.to_string().bytes());
    } else {
        assert!(signed.add(line));
        whole[at].1 = signed.encode();
    }
    read(&put_together(&whole))
}

#[test]
fn a_signature_line_by_anybody_else_or_twice_is_refused() {
    let by = |name: &'static str, seed| {
        let name: Origin = maker::origin(name);
        with_line(|head, _| cosign(head, FIRST_COSIGNED_S, &name, &FixedSigner::new(seed)).expect("a line"))
    };
    // The author's own mirror says nothing about the author's log; the others are nobody, or another key under a known name.
    assert_eq!(codes(&by("blue.example/mirror", seed(0, KeyRole::Mirror))), ["signature-unknown"]);
    assert_eq!(codes(&by("nobody.example", 200)), ["signature-unknown"]);
    assert_eq!(codes(&by("witness.example", 200)), ["signature-unknown"]);
    assert_eq!(codes(&with_line(|_, signed| signed.signatures()[1].clone())), ["signature-twice"]);
    // A second cosignature at another time is no fault.
    assert!(by("witness.example", maker::WITNESS_SEED).holds());
}

#[test]
fn two_roots_at_one_size_are_a_fork() {
    for is_chosen in [false, true] {
        let mut whole = take_apart(&Recipe { is_chosen, ..Recipe::default() }.make());
        let checkpoint =
            Checkpoint { origin: maker::origin("blue.example/east-river/routine"), size: 3, root: Hash([0; 32]) };
        let author = FixedSigner::new(seed(0, KeyRole::Checkpoint));
        let fork = SignedCheckpoint::sign(checkpoint, &author).expect("a checkpoint");
        whole.push(("logs/BLUE/routine/checkpoint/000000000003-00000000".to_owned(), fork.encode()));
        whole.sort();
        let report = read(&put_together(&whole));
        assert!(codes(&report).contains(&"log-forked"), "{:#?}", report.faults);
        assert!(!report.holds());
    }
}
