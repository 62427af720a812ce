//! What we write is read by Go's own notes and transparency-log tree (interop/go), and what was tampered with is refused there.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use skypact_record::tree::leaf_hash;
use skypact_record::{Hash, TileResource, TileSpan, Tree};

use crate::golden::{self, LOG, Log, Pact, origin};

/// Entries of the log that Go reads: enough for trees of every shape up to four levels and one leaf more.
const ENTRIES: u64 = 17;
/// Leaves of the tree whose tiles Go reads: two full levels, and something beside each.
const TILED: u64 = 66_000;
/// Where Debian puts Go libraries.
const DEBIAN_GOPATH: &str = "/usr/share/gocode";

#[test]
fn go_reads_our_notes_and_proofs_and_refuses_what_was_tampered_with() {
    let Some(checker) = build_checker() else {
        return golden::skip("Go with golang.org/x/mod is not at hand");
    };
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("interop");
    let _ = fs::remove_dir_all(&folder);
    let pact = Pact::new();
    write_log(&folder, &pact, &pact.log(ENTRIES));

    write_tiles(&folder);

    let output = run(&checker, &folder);
    let expected = "OK 9 tiled trees\nOK 17 notes by 4 keys, 17 leaves, 153 inclusion proofs, 153 consistency proofs\n";
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success());

    let size = format!("\n{ENTRIES}\n").into_bytes();
    let other_size = format!("\n{}\n", ENTRIES + 1).into_bytes();
    refuses(&checker, &folder, "checkpoints/17", |note| replace(note, &size, &other_size));
    refuses(&checker, &folder, "checkpoints/9", |note| flip_base64(note, note.len() - 10));
    refuses(&checker, &folder, "inclusion/3-17", |proof| flip_base64(proof, 0));
    refuses(&checker, &folder, "inclusion/16-17", |proof| proof[45..].to_vec());
    refuses(&checker, &folder, "consistency/5-13", |proof| flip_base64(proof, 45));
    refuses(&checker, &folder, "leaves/8", |leaf| [leaf, &[0][..]].concat());
    refuses(&checker, &folder, "tile/0/257.p/208", |tile| [&[tile[0] ^ 1], &tile[1..]].concat());
    refuses(&checker, &folder, "tile/2/000.p/1", |tile| tile.iter().map(|byte| byte ^ 1).collect());
    refuses(&checker, &folder, "tiles/65537", |root| flip_base64(root, 0));
    assert!(run(&checker, &folder).status.success(), "what was tampered with was not put back");
}

/// Tampers with one file, wants Go to refuse that file by name or one that rests on it, and puts it back.
fn refuses(checker: &Path, folder: &Path, file: &str, tamper: impl FnOnce(&[u8]) -> Vec<u8>) {
    let path = folder.join(file);
    let good = fs::read(&path).expect("a file of the log");
    let bad = tamper(&good);
    assert_ne!(good, bad);
    fs::write(&path, bad).expect("a file of the log");
    let output = run(checker, folder);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "Go accepts a tampered {file}: {said}");
    // A leaf or tile is refused by what rests on it.
    let rests_on = file.starts_with("leaves") || file.starts_with("tile/");
    assert!(said.contains(file) || rests_on, "Go refuses something else than {file}: {said}");
    fs::write(&path, good).expect("a file of the log");
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|window| window == from).expect("the bytes to replace");
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

/// Another digit of base64 at `at`.
fn flip_base64(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
    changed
}

fn write_log(folder: &Path, pact: &Pact, log: &Log) {
    let put = |file: String, bytes: &[u8]| {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the target directory can be written");
        fs::write(path, bytes).expect("the target directory can be written");
    };
    let lines = |hashes: Vec<Hash>| hashes.iter().map(|hash| BASE64.encode(hash.0) + "\n").collect::<String>();
    let genesis = pact.signed.genesis();
    let mut keys = format!("log {}\n", genesis.checkpoint_key(&origin(LOG)).expect("a log of the pact"));
    let mirror = genesis.mirror_key(&genesis.parties[0].name).expect("a party of the pact");
    for key in genesis.witness_keys().iter().chain([&mirror]) {
        writeln!(keys, "cosigner {key}").expect("a String takes every line");
    }
    put("vkeys".to_owned(), keys.as_bytes());
    for (index, entry) in log.entries.iter().enumerate() {
        put(format!("leaves/{index}"), &entry.leaf.encode().expect("a golden leaf"));
    }
    for size in 1..=ENTRIES {
        put(format!("checkpoints/{size}"), &pact.checkpoint(log, size).encode());
        for index in 0..size {
            let proof = log.tree.inclusion(index, size).expect("an index of the log");
            put(format!("inclusion/{index}-{size}"), lines(proof).as_bytes());
        }
        for old in 1..=size {
            let proof = log.tree.consistency(old, size).expect("sizes of the log");
            put(format!("consistency/{old}-{size}"), lines(proof).as_bytes());
        }
    }
}

/// Tiles of one tree as they are served, and roots of the trees that it begins with.
fn write_tiles(folder: &Path) {
    let put = |file: String, bytes: &[u8]| {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the target directory can be written");
        fs::write(path, bytes).expect("the target directory can be written");
    };
    let tree: Tree = (0..TILED).map(|index| leaf_hash(&index.to_be_bytes())).collect();
    for size in [1, 255, 256, 257, 511, 65_535, 65_536, 65_537, TILED] {
        put(format!("tiles/{size}"), (BASE64.encode(tree.root_at(size).expect("a size of it").0) + "\n").as_bytes());
    }
    for level in 0..3u8 {
        for span in TileSpan::covering(0, TILED >> (8 * u32::from(level))) {
            let tile = tree.tile(TILED, level, span).expect("the tree has it");
            put(TileResource::Hashes { level, span }.to_string(), &tile);
        }
    }
}

fn run(checker: &Path, folder: &Path) -> Output {
    Command::new(checker).arg(folder).output().expect("the checker was just built")
}

/// Builds interop/go: with Debian's library where it is installed, else with the module that go.mod and go.sum pin.
fn build_checker() -> Option<PathBuf> {
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../interop/go");
    let checker = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("interop-checker");
    let debian: &[(&str, &str)] = &[("GO111MODULE", "off"), ("GOPATH", DEBIAN_GOPATH)];
    let module: &[(&str, &str)] = &[("GO111MODULE", "on"), ("GOFLAGS", "-mod=readonly")];
    let has_debian = Path::new(DEBIAN_GOPATH).join("src/golang.org/x/mod/sumdb/tlog").is_dir();
    let ways = if has_debian { vec![debian, module] } else { vec![module] };
    ways.into_iter()
        .any(|variables| {
            let mut go = Command::new("go");
            // Fixed settings, so that a personal one cannot change what is checked, nor fetch another toolchain.
            go.env("PATH", path_with_go()).env("GOTOOLCHAIN", "local").env("GOWORK", "off");
            go.envs(variables.iter().copied()).current_dir(&source);
            go.args(["build", "-o"]).arg(&checker).arg(".");
            match go.output() {
                Ok(output) if output.status.success() => true,
                Ok(output) => {
                    eprintln!("go build: {}", String::from_utf8_lossy(&output.stderr));
                    false
                }
                Err(error) => {
                    eprintln!("go: {error}");
                    false
                }
            }
        })
        .then_some(checker)
}

/// The search path, and where Go's own installer puts it.
fn path_with_go() -> OsString {
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/local/go/bin");
    path
}
