//! Journal bundles: what was written is read again, and every way in which one of their bytes, entries or keys can be wrong is found.

use skypact_record::bundle::{Seal, SealedFile, TarReader};
use skypact_record::{
    Checkpoint, Frontier, Hash, JournalLeaf, JournalReport, JournalWriter, Part, SignatureType, SignedCheckpoint,
    Signer as _, VerifierKey, is_journal_bundle, tree, verify_journal,
};

use crate::bundle::maker::{FixedSigner, origin};

const SEED: u8 = 7;

fn author(seed: u8) -> VerifierKey {
    let key = FixedSigner::new(seed).public_key().clone();
    VerifierKey::new(origin("skypact-dss/0123456789abcdef/dss"), SignatureType::Ed25519, key)
}

/// A journal of entries with these bodies, each a second after the one before, and its signed head.
struct Journal {
    entries: Vec<(Vec<u8>, Vec<Option<Part>>)>,
    seed: u8,
}

impl Journal {
    fn of(bodies: &[&[u8]]) -> Self {
        let entry = |(index, body): (usize, &&[u8])| {
            let part = |(place, bytes): (usize, &[u8])| Part { salt: [place as u8; 32], bytes: bytes.to_vec() };
            let parts: Vec<_> = body.chunks(Part::CONTENT_MAX).enumerate().map(part).collect();
            let leaf = JournalLeaf {
                origin: author(SEED).name().clone(),
                index: index as u64,
                claimed_time: 1_800_000_000_000_000_000 + index as i64 * 1_000_000_000,
                commitments: parts.iter().map(Part::commitment).collect(),
            };
            (leaf.encode().expect("few parts"), parts.into_iter().map(Some).collect())
        };
        Self { entries: bodies.iter().enumerate().map(entry).collect(), seed: SEED }
    }

    fn head(&self) -> SignedCheckpoint {
        let mut frontier = Frontier::new();
        self.entries.iter().for_each(|(leaf, _)| frontier.push(tree::leaf_hash(leaf)));
        let (size, root) = (frontier.size(), frontier.root());
        let head = Checkpoint { origin: author(SEED).name().clone(), size, root };
        SignedCheckpoint::sign(head, &FixedSigner::new(self.seed)).expect("a key in memory signs")
    }

    fn write(&self) -> Vec<u8> {
        let mut writer = JournalWriter::new(Vec::new(), &author(self.seed), self.head()).expect("signed by the author");
        for (leaf, parts) in &self.entries {
            writer.entry(leaf, parts).expect("an entry");
        }
        writer.finish().expect("all entries are there")
    }
}

fn codes(report: &JournalReport) -> Vec<&str> {
    report.faults.iter().map(|fault| fault.code).collect()
}

fn read(bundle: &[u8]) -> JournalReport {
    verify_journal(bundle, Some(&author(SEED)), |_, _| Ok(()))
}

/// Changes the files of a bundle and seals them again, as a forger can.
fn forged(bundle: &[u8], change: impl Fn(&str, &mut Vec<u8>)) -> Vec<u8> {
    let (mut tar, mut files) = (TarReader::new(bundle), Vec::new());
    while let Some(file) = tar.next_file().expect("a bundle") {
        files.push((file.name, file.offset as usize, file.content));
    }
    let (mut bundle, mut seal) = (bundle.to_vec(), Seal::default());
    for (name, offset, mut content) in files {
        let length = content.len();
        change(&name, &mut content);
        if name == "seal" {
            content = seal.encode();
        }
        assert_eq!(content.len(), length, "only bytes change");
        bundle[offset..offset + length].copy_from_slice(&content);
        seal.files.push(SealedFile { name, size: length as u64, hash: Hash::of(&content) });
    }
    bundle
}

#[test]
fn a_bundle_that_is_right_holds_and_gives_every_body_in_order() {
    let long = vec![0x5a; 2 * Part::CONTENT_MAX + 1];
    let bodies: Vec<Vec<u8>> = (0..600_u32).map(|i| i.to_be_bytes().to_vec()).chain([long]).collect();
    let bundle = Journal::of(&bodies.iter().map(Vec::as_slice).collect::<Vec<_>>()).write();
    assert!(is_journal_bundle(&bundle));
    let mut seen = Vec::new();
    let report = verify_journal(bundle.as_slice(), None, |leaf, body| {
        assert_eq!(leaf.index, seen.len() as u64);
        seen.push(body.to_vec());
        Ok(())
    });
    assert_eq!(report.faults, []);
    assert!(report.holds());
    assert_eq!(seen, bodies);
    assert_eq!((report.entries, report.withheld, report.author), (601, 0, Some(author(SEED))));
    let (first, last) = report.claimed_times.expect("there are entries");
    assert_eq!(last - first, 600_000_000_000);
}

#[test]
fn an_empty_journal_and_one_with_withheld_bodies_hold() {
    assert!(read(&Journal::of(&[]).write()).holds());
    let mut journal = Journal::of(&[b"one", b"two"]);
    journal.entries[1].1 = vec![None];
    let mut seen = 0;
    let report = verify_journal(journal.write().as_slice(), None, |_, _| {
        seen += 1;
        Ok(())
    });
    assert!(report.holds());
    assert_eq!((seen, report.withheld), (1, 1));
}

#[test]
fn every_flipped_byte_and_every_missing_or_additional_one_is_found() {
    let bundle = Journal::of(&[b"one", b"two", b"three"]).write();
    for place in 0..bundle.len() {
        let mut flipped = bundle.clone();
        flipped[place] ^= 1 << (place % 8);
        let report = read(&flipped);
        assert!(!report.holds(), "byte {place}");
        let near = |offset: u64| (place as u64).abs_diff(offset) < 2_048;
        assert!(report.faults.iter().any(|fault| fault.offset.is_some_and(near)), "byte {place}: {:?}", report.faults);
    }
    for end in 0..bundle.len() {
        assert!(!read(&bundle[..end]).holds(), "cut at {end}");
    }
    assert_eq!(codes(&read(&[bundle.as_slice(), &[0]].concat())), ["tar-end"]);
}

#[test]
fn what_a_forger_seals_again_is_not_what_the_author_signed() {
    let bundle = Journal::of(&[b"one", b"two", b"six"]).write();
    let replace = |from: &'static [u8], to: &'static [u8]| {
        forged(&bundle, |_, content| {
            while let Some(at) = content.windows(from.len()).position(|window| window == from) {
                content[at..at + to.len()].copy_from_slice(to);
            }
        })
    };
    assert_eq!(codes(&read(&replace(b"two", b"ten"))), ["part-differs"]);

    // Entries that are complete in themselves, but another journal of the same author's name: only the tree tells.
    let other = Journal::of(&[b"one", b"ten", b"six"]).write();
    let theirs = |wanted: &str| {
        let mut tar = TarReader::new(other.as_slice());
        std::iter::from_fn(|| tar.next_file().expect("a bundle"))
            .find(|file| file.name == wanted)
            .expect("it is there")
            .content
    };
    let swapped = forged(&bundle, |name, content| {
        if name == "journal/entries/000000000" {
            *content = theirs(name);
        }
    });
    assert_eq!(codes(&read(&swapped)), ["head-differs"]);
    let head = forged(&bundle, |name, content| {
        if name == "journal/checkpoint" {
            *content = theirs(name);
        }
    });
    assert_eq!(codes(&read(&head)), ["head-differs"]);
}

#[test]
fn a_checkpoint_that_the_author_did_not_sign_is_refused() {
    let journal = Journal::of(&[b"one", b"two"]);
    let replace = |note: &dyn Fn(&[u8]) -> Vec<u8>| {
        let forged = forged(&journal.write(), |name, content| {
            if name == "journal/checkpoint" {
                *content = note(content);
            }
        });
        codes(&read(&forged)).join(" ")
    };
    // The author's name and key id over a signature of somebody else.
    let others = Journal { seed: 8, ..Journal::of(&[b"one", b"two"]) }.head();
    let mut line = others.signatures()[0].clone();
    assert_eq!(replace(&|_| others.encode()), "note-not-signed");
    line.key_id = author(SEED).key_id();
    let claimed = |content: &[u8]| {
        let note = String::from_utf8(content.to_vec()).expect("a note is text");
        let (text, _) = note.split_once("\n\n").expect("text and signatures");
        skypact_record::Note { text: format!("{text}\n"), signatures: vec![line.clone()] }.encode()
    };
    assert_eq!(replace(&claimed), "signature-invalid");
}

#[test]
fn another_author_a_missing_entry_and_time_that_goes_back_are_named() {
    let mut foreign = Journal::of(&[b"one"]);
    foreign.seed = 8;
    assert_eq!(codes(&read(&foreign.write())), ["author-unexpected"]);
    let unasked = verify_journal(foreign.write().as_slice(), None, |_, _| Ok(()));
    assert!(unasked.holds(), "nobody said whose it should be");

    let mut gap = Journal::of(&[b"one", b"two", b"three"]);
    gap.entries.remove(1);
    assert_eq!(codes(&read(&gap.write())), ["leaf-misplaced"]);

    let mut back = Journal::of(&[b"one", b"two"]);
    let mut leaf = JournalLeaf::decode(&back.entries[1].0).expect("a leaf");
    leaf.claimed_time -= 1_000_000_001;
    back.entries[1].0 = leaf.encode().expect("a leaf");
    assert_eq!(codes(&read(&back.write())), ["time-backwards"]);

    let told = verify_journal(Journal::of(&[b"one"]).write().as_slice(), None, |_, _| {
        Err(("no-such-thing", "it is none".to_owned()))
    });
    assert_eq!(codes(&told), ["no-such-thing"]);
}

#[test]
fn the_writer_refuses_what_its_reader_would() {
    let journal = Journal::of(&[b"one", b"two"]);
    assert!(JournalWriter::new(Vec::new(), &author(8), journal.head()).is_err(), "signed by another key");
    let mut writer = JournalWriter::new(Vec::new(), &author(SEED), journal.head()).expect("signed by the author");
    assert!(writer.entry(b"no leaf", &[]).is_err());
    let (leaf, parts) = &journal.entries[0];
    writer.entry(leaf, parts).expect("an entry");
    assert_eq!(writer.finish().expect_err("one entry is missing").code(), "bundle-head");
}
