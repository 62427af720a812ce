//! Rules 1, 2 and 17 of STYLE.md: pure crates touch nothing outside, and only two modules of the shell
//! read the clock or draw randomness. Clippy bans the calls it can name; this also bans imports and other sources.

use super::source::{Source, words};
use super::{Finding, rooms};

/// What a pure crate must not name, beyond the packages its manifest must not have.
const OUTSIDE: &[&str] = &[
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread::sleep",
    "std::time::Instant",
    "std::time::SystemTime",
];
const CLOCKS: &[&str] = &["Instant::now", "SystemTime::now", "Timestamp::now", "Zoned::now"];
const RANDOM: &[&str] =
    &["getrandom::", "rand::", "thread_rng", "OsRng", "SysRng", "SystemRandom", "RandomState::new", "/dev/urandom"];
/// Code that admits it is not finished, or was left from a search.
const UNFINISHED: &[&str] = &["todo!", "unimplemented!", "dbg!"];
const UNFINISHED_NOTES: &[&str] = &["TODO", "FIXME", "XXX"];

/// Where the shell may read the clock, and where it may draw randomness: a file, or a folder.
const CLOCK_MODULE: &str = "crates/skypact/src/clock";
const ENTROPY_MODULE: &str = "crates/skypact/src/entropy";

/// What this file must not name.
pub(crate) fn check_source(source: &Source, found: &mut Vec<Finding>) {
    if rooms::room_of(&source.path).is_some_and(|room| room.is_pure) {
        check_pure(source, found);
    }
    let mut ban = |text: &str, names: &[&str], why: &str, remedy| {
        for name in names {
            for at in words(text, name) {
                let line = Source::line_in(text, at);
                found.push(Finding::new(&source.path, line, format!("`{name}` {why}"), remedy));
            }
        }
    };
    if !is_module(&source.path, CLOCK_MODULE) {
        let remedy = "take the time as an argument; only the shell's clock module reads it";
        ban(&source.code, CLOCKS, &format!("outside {CLOCK_MODULE}"), remedy);
    }
    if !is_module(&source.path, ENTROPY_MODULE) {
        let remedy = "take the bytes as an argument; only the shell's entropy module draws them";
        ban(&source.code, RANDOM, &format!("outside {ENTROPY_MODULE}"), remedy);
    }
    ban(&source.code, UNFINISHED, "in the tree", "finish it or leave it out");
    ban(&source.comments, UNFINISHED_NOTES, "in a comment", "do it, or open an issue");
}

/// Imports and full paths that a pure crate must not name; its tests may read their vectors.
fn check_pure(source: &Source, found: &mut Vec<Finding>) {
    let imports = source.imports();
    for banned in OUTSIDE {
        let written = words(&source.code, banned);
        let imported = imports.iter().filter(|(_, path)| is_or_is_under(path, banned)).map(|(at, _)| *at);
        for at in written.chain(imported).filter(|at| !source.is_test(*at)) {
            let line = Source::line_in(&source.code, at);
            let remedy = "take it as an argument; only the shell touches the world";
            found.push(Finding::new(&source.path, line, format!("a pure crate names `{banned}`"), remedy));
        }
    }
}

fn is_or_is_under(path: &str, parent: &str) -> bool {
    path.trim_start_matches(':').strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Whether `path` is `module.rs` or lies in the folder `module/`.
fn is_module(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}
