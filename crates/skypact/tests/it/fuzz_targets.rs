//! The fuzz targets over their seeds and over changes of them, so that they cannot rot between two runs of `make fuzz`.

use std::path::Path;

use skypact::bench::shapes::Dice;

#[path = "../../../../fuzz/targets.rs"]
mod targets;

const SEEDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds");
/// Changes of each seed.
const CHANGES: u64 = 300;

#[test]
fn the_fuzz_targets_take_their_seeds_and_changes_of_them() {
    for (name, target) in targets::TARGETS {
        let mut seeds: Vec<Vec<u8>> = Vec::new();
        for entry in std::fs::read_dir(Path::new(SEEDS).join(name)).unwrap() {
            seeds.push(std::fs::read(entry.unwrap().path()).unwrap());
        }
        assert!(!seeds.is_empty(), "{name} has no seed");
        seeds.sort();
        for (place, seed) in (0..).zip(&seeds) {
            target(seed);
            for change in 0..CHANGES {
                let mut dice = Dice(place << 32 | change);
                let changed = changed(seed.clone(), &seeds, &mut dice);
                target(&changed);
            }
        }
    }
}

/// A few changes of the kinds that a fuzzer makes.
fn changed(mut bytes: Vec<u8>, others: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    for _ in 0..=dice.roll(4) {
        let at = dice.roll(bytes.len() as u64 + 1) as usize;
        let to = at + dice.roll((bytes.len() - at) as u64 + 1).min(64) as usize;
        match dice.roll(5) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.roll(8),
            0 | 1 => bytes.insert(at, dice.bits() as u8),
            2 => drop(bytes.drain(at..to)),
            3 => bytes.extend_from_within(at..to),
            _ => {
                let other = &others[dice.roll(others.len() as u64) as usize];
                bytes.truncate(at);
                bytes.extend_from_slice(other.get(at..).unwrap_or_default());
            }
        }
    }
    bytes
}

/// Seeds that are meant to pass do.
#[test]
fn the_seeds_reach_what_they_are_for() {
    let seed = |path: &str| std::fs::read(Path::new(SEEDS).join(path)).unwrap();
    assert!(skypact_record::verify_journal(&seed("journal_bundle/one-entry")[..], None, |_, _| Ok(())).holds());
    let mut reader = skypact_channel::FramesReader::default();
    reader.push(&seed("frames_file/answers")[1..]);
    while reader.next_item().unwrap().is_some() {}
    assert!(reader.finish().is_ok());
    let (blue, red) = (targets::beginning("BLUE"), targets::beginning("RED"));
    // The others of the story are about what is not held yet.
    assert!(matches!(blue.read_short(&seed("short_form/notice")), Ok(skypact_channel::ShortForm::Entry(..))));
    assert!(red.read_short(&seed("short_form/answer")).is_err_and(|error| error.code() == "short-form-not-held"));
    let mut dictation = skypact_channel::Dictation::default();
    for line in String::from_utf8(seed("short_form/dictation")).unwrap()[1..].lines() {
        dictation.line(line).unwrap();
    }
    assert!(dictation.is_complete());
    let expectation = skypact_record::verify::Expectation { channel: None };
    assert!(skypact_record::verify::verify(&seed("record_bundle/pact")[..], &expectation, 1).holds());
    assert!(skypact_dss::Recorded::decode(&seed("dss_entry/intent")).is_ok());
    for (life, expected) in [("intent-life", 3), ("constraint-and-subscription", 6), ("availability-and-report", 3)] {
        assert_eq!(targets::carried_out(&seed(&format!("changes/{life}"))), expected, "{life}");
    }
}
