//! A second verifier, written in Python from docs/record-format.md alone (interop/python), says of random bundles, good and
//! tampered ones, what ours says. `SKYPACT_AGREE=1000` takes a thousand of each.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use skypact_record::bundle::TarReader;
use skypact_record::verify::{ErasureReport, Expectation, Report, verify};
use skypact_record::{Hash, KeyRole};

use crate::bundle::maker::{self, NEXT_SEED, PostQuantum, Recipe, Rotation};
use crate::golden;

/// Bundles of each kind when nobody asks for more.
const EACH: u64 = 60;

#[test]
fn python_says_of_good_and_of_tampered_bundles_what_we_say() {
    let Some(python) = python() else {
        return golden::skip("Python with cryptography 47 or newer is not at hand; 'make setup' installs it");
    };
    let each = std::env::var("SKYPACT_AGREE").ok().and_then(|count| count.parse().ok()).unwrap_or(EACH);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("agree");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the target directory can be written");
    let (mut expected, mut held) = (String::new(), 0);
    for number in 0..each {
        let (good, bad) = (recipe(number).make(), tampered(number));
        let own = recipe(number).genesis().channel();
        for (name, bundle) in [(format!("good-{number}"), good), (format!("tampered-{number}"), bad)] {
            // Every third reader was told which channel to expect, and some were told another one.
            let channel = [None, Some(own), Some(Hash::of(b"another"))];
            let channel = channel[draw(number, "channel", 12).saturating_sub(9) as usize];
            let report = verify(bundle.as_slice(), &Expectation { channel }, 1);
            held += u64::from(report.holds());
            assert!(!name.starts_with("tampered") || !report.faults.is_empty(), "{name} has no fault");
            writeln!(expected, "{}", line(&name, channel, &report)).expect("a String takes every line");
            fs::write(folder.join(&name), bundle).expect("the target directory can be written");
        }
    }
    assert!(held > each / 4, "{held} good bundles hold, the rest is of no use here");
    fs::write(folder.join("expected.jsonl"), expected).expect("the target directory can be written");
    let output = Command::new(python).arg("agree.py").arg(&folder).current_dir(home()).output();
    let output = output.expect("Python was just asked for its version");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said, format!("{0} bundles: {0} agree, 0 differ\n", 2 * each));
    fs::remove_dir_all(&folder).expect("cleaned up");
}

#[test]
fn the_second_verifier_passes_its_own_tests() {
    let Some(python) = python() else {
        return golden::skip("Python with cryptography 47 or newer is not at hand; 'make setup' installs it");
    };
    let tests = ["-m", "unittest", "discover", "--start-directory", "tests", "--top-level-directory", "."];
    let output = Command::new(python).args(tests).current_dir(home()).output();
    let output = output.expect("Python was just asked for its version");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn line(name: &str, channel: Option<Hash>, report: &Report) -> serde_json::Value {
    let statements = report.statements.iter().map(|statement| {
        serde_json::json!({
            "what": statement.what.to_string(), "log": statement.log.as_ref().map(ToString::to_string),
            "status": statement.status.to_string(),
            "not_before_s": statement.not_before_s, "not_after_s": statement.not_after_s,
        })
    });
    serde_json::json!({
        "file": name, "channel": channel.map(|channel| channel.to_string()), "holds": report.holds(),
        "faults": !report.faults.is_empty(), "entries": report.entries, "statements": statements.collect::<Vec<_>>(),
        "erasures": report.erasures.iter().map(erasure).collect::<Vec<_>>(),
    })
}

fn erasure(erasure: &ErasureReport) -> serde_json::Value {
    serde_json::json!({
        "log": erasure.origin.to_string(), "index": erasure.index, "claimed_ns": erasure.claimed_time,
        "entries": erasure.entries,
    })
}

/// A number below `bound` that only depends on its name.
fn draw(number: u64, name: &str, bound: u64) -> u64 {
    let hash = Hash::of(format!("{number} {name}").as_bytes());
    u64::from_be_bytes(*hash.0.first_chunk().expect("32 bytes")) % bound
}

fn recipe(number: u64) -> Recipe {
    let size = |log: &str| draw(number, log, 9);
    Recipe {
        sizes: [1 + size("a"), size("b"), size("c"), size("d")],
        checkpoint_every: 1 + draw(number, "checkpoints", 4),
        is_mirrored: draw(number, "mirrored", 4) > 0,
        is_witnessed: draw(number, "witnessed", 4) > 0,
        post_quantum: post_quantum(number),
        second_witness_s: [None, Some(-1_000_000), Some(7), None][draw(number, "second", 4) as usize],
        part_bytes: draw(number, "part", 90) as usize,
        is_chosen: draw(number, "chosen", 3) == 0,
        beacon_every_s: (draw(number, "beacons", 3) == 0).then_some(3),
        rotation: rotation(number),
        after: after(number),
        receipts: receipts(number),
        red_hears_at: [None, Some(2), Some(4)][draw(number, "hears", 3) as usize]
            .filter(|_| rotation(number).is_some()),
        erases_at: [None, Some(2), Some(3), Some(5)][draw(number, "erases", 4) as usize],
        offered_from: [None, Some(0), Some(1)][draw(number, "offered", 3) as usize],
        ..Recipe::default()
    }
}

/// A third of the parties BLUE change a key of a role; now and then heads or receipts are under another key than they should be.
fn rotation(number: u64) -> Option<Rotation> {
    let of_heads = [Rotation::GOOD.heads, |size, at| if size > at + 1 { NEXT_SEED } else { 15 }];
    let of_heads = of_heads[usize::from(draw(number, "heads", 6) == 0)];
    let (role, heads): (_, fn(u64, u64) -> u8) = match draw(number, "role", 6) {
        0 => (KeyRole::Mirror, |_, _| 15),
        1 => (KeyRole::Transport, |_, _| 15),
        2 => (KeyRole::Root, |_, _| 15),
        _ => (KeyRole::Checkpoint, of_heads),
    };
    let is_given = draw(number, "rotation given", 9) > 0;
    let seen = ["seen routine", "seen urgent"].map(|log| draw(number, log, 6));
    let rotation =
        Rotation { role, seen, at: 1 + 2 * draw(number, "rotated at", 3), heads, is_given, ..Rotation::GOOD };
    (draw(number, "rotation", 3) == 0).then_some(rotation)
}

/// Where the mirror key or the root changed, a second rotation, which the new root signs, or the old one.
fn after(number: u64) -> Option<Rotation> {
    let before = rotation(number).filter(|before| matches!(before.role, KeyRole::Mirror | KeyRole::Root))?;
    let signs_with = match (before.role, draw(number, "by the new root", 4)) {
        (KeyRole::Root, 1..) => NEXT_SEED,
        _ => Rotation::GOOD.signs_with,
    };
    let role = if before.role == KeyRole::Root { KeyRole::Mirror } else { KeyRole::Transport };
    let second = Rotation { role, signs_with, at: before.at + 1, next: NEXT_SEED + 1, is_given: true, ..before };
    (draw(number, "second rotation", 2) == 0).then_some(second)
}

/// Under which of BLUE's mirror keys its receipts are.
fn receipts(number: u64) -> fn(u64) -> u8 {
    const OLD: u8 = 16;
    let mirrors = [rotation(number), after(number)].into_iter().flatten().filter(|key| key.role == KeyRole::Mirror);
    match (mirrors.map(|key| key.next).next_back(), draw(number, "receipts", 4)) {
        (None, _) | (_, 0) => |_| OLD,
        (Some(NEXT_SEED), 1) => |size| if size > 3 { NEXT_SEED } else { OLD },
        (Some(NEXT_SEED), _) => |_| NEXT_SEED,
        (Some(_), 1) => |size| if size > 3 { NEXT_SEED + 1 } else { OLD },
        (Some(_), _) => |_| NEXT_SEED + 1,
    }
}

/// Half of the pacts are post-quantum, and half of these lack no line.
fn post_quantum(number: u64) -> Option<PostQuantum> {
    let some = PostQuantum {
        is_signed: draw(number, "ml-dsa-44 author", 4) > 0,
        is_mirrored: draw(number, "ml-dsa-44 mirror", 4) > 0,
        witnesses: draw(number, "ml-dsa-44 witnesses", 3) as usize,
    };
    [None, None, Some(some), Some(PostQuantum::ALL)][draw(number, "post-quantum", 4) as usize]
}

/// A bundle that was made by a liar, or damaged on its way.
fn tampered(number: u64) -> Vec<u8> {
    let whole = Recipe { is_chosen: false, sizes: [4, 1, 3, 1], ..recipe(number) };
    match draw(number, "way", 8) {
        0 => return Recipe { alter: |leaf| leaf.index += 1, ..whole }.make(),
        1 => return Recipe { alter: |leaf| leaf.origin = maker::origin("elsewhere.example/log"), ..whole }.make(),
        2 => return Recipe { blue_signs_with: 250, ..whole }.make(),
        _ => {}
    }
    let mut bundle = recipe(number).make();
    if draw(number, "way", 8) == 3 {
        return out_of_order(&bundle, number);
    }
    let at = draw(number, "place", bundle.len() as u64) as usize;
    match draw(number, "damage", 4) {
        0 => bundle.truncate(at),
        1 => bundle.insert(at, draw(number, "byte", 256) as u8),
        2 => drop(bundle.remove(at)),
        _ => bundle[at] ^= 1 << draw(number, "bit", 8),
    }
    bundle
}

/// Two files that change places, or one that is there twice.
fn out_of_order(bundle: &[u8], number: u64) -> Vec<u8> {
    let mut files = Vec::new();
    let mut tar = TarReader::new(bundle);
    let mut start = 0;
    while let Some(file) = tar.next_file().expect("a bundle of ours") {
        let end = file.offset as usize + file.content.len().div_ceil(512) * 512;
        files.push(&bundle[start..end]);
        start = end;
    }
    let place = draw(number, "file", files.len() as u64 - 1) as usize;
    if draw(number, "twice", 2) == 0 {
        files.swap(place, place + 1);
    } else {
        files.insert(place, files[place]);
    }
    [files.concat().as_slice(), &bundle[start..]].concat()
}

fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../interop/python")
}

/// The project's own Python (scripts/setup), or the machine's when it has what is needed.
fn python() -> Option<PathBuf> {
    let own = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../python/bin/python3");
    let has_all = "import cryptography, sys; sys.exit(int(cryptography.__version__.split('.')[0]) < 47)";
    [own, PathBuf::from("python3")].into_iter().find(|python| {
        let asked = Command::new(python).args(["-c", has_all]).output();
        asked.is_ok_and(|output| output.status.success())
    })
}
