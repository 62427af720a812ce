//! Names the program that folds entries into state by a hash over its source, so that a snapshot is read by the one that wrote it and by no
//! other: not even by one that folds an entry in another way into a state of the same form.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use sha2::{Digest as _, Sha256};

/// What decides how entries become state, from the directory of this package.
const FOLDS: [&str; 7] = [
    "../airspace/src",
    "../record/src",
    "../channel/src",
    "src/node/restore.rs",
    "src/node/snapshot.rs",
    "src/node/erasure.rs",
    "../../Cargo.lock",
];

fn main() {
    let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where the package is"));
    let mut hash = Sha256::new();
    for name in FOLDS {
        println!("cargo::rerun-if-changed={name}");
        add(&mut hash, &package.join(name), name);
    }
    let mut digits = String::new();
    for byte in hash.finalize() {
        write!(digits, "{byte:02x}").expect("a string takes all");
    }
    println!("cargo::rustc-env=SKYPACT_FOLD={digits}");
}

/// Adds a file, or those in a directory by their names, each with its name and length.
fn add(hash: &mut Sha256, path: &Path, name: &str) {
    if path.is_dir() {
        let read = fs::read_dir(path).expect("a directory of this repository");
        let mut names: Vec<_> = read.map(|entry| entry.expect("an entry of it").file_name()).collect();
        names.sort();
        for below in names {
            add(hash, &path.join(&below), &format!("{name}/{}", below.to_string_lossy()));
        }
        return;
    }
    let bytes = fs::read(path).expect("a file of this repository");
    for part in [name.as_bytes(), &bytes] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
}
