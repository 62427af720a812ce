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
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
];
const CLOCKS: &[&str] = &[
    "Instant::now",
    "SystemTime::now",
    "Timestamp::now",
    "Zoned::now",
];
const RANDOM: &[&str] = &[
    "getrandom::",
    "rand::",
    "thread_rng",
    "OsRng",
    "SysRng",
    "SystemRandom",
    "RandomState::new",
    "/dev/urandom",
];
/// Code that admits it is not finished, or was left from a search.
const UNFINISHED: &[&str] = &["todo!", "unimplemented!", "dbg!"];
const UNFINISHED_NOTES: &[&str] = &["TODO", "FIXME", "XXX"];

/// Where the shell may read the clock, and where it may draw randomness: a file, or a folder.
const CLOCK_MODULE: &str = "crates/skypact/src/clock";
const ENTROPY_MODULE: &str = "crates/skypact/src/entropy";

/// What this file must not name.
pub(crate) fn check_source(source: &Source, found: &mut Vec<Finding>) {
    let imports = source.imports();
    if rooms::room_of(&source.path).is_some_and(|room| room.is_pure) {
        let remedy = "take it as an argument; only the shell touches the world";
        for banned in OUTSIDE {
            let written = words(&source.code, banned);
            let imported = imports
                .iter()
                .filter(|(_, path)| is_or_is_under(path, banned))
                .map(|(at, _)| *at);
            for at in written.chain(imported).filter(|at| !source.is_test(*at)) {
                push(
                    source,
                    &source.code,
                    at,
                    format!("a pure crate names `{banned}`"),
                    remedy,
                    found,
                );
            }
        }
    }
    for (banned, module, remedy) in [
        (
            CLOCKS,
            CLOCK_MODULE,
            "take the time as an argument; only the shell's clock module reads it",
        ),
        (
            RANDOM,
            ENTROPY_MODULE,
            "take the bytes as an argument; only the shell's entropy module draws them",
        ),
    ] {
        if !is_module(&source.path, module) {
            for name in banned {
                for at in words(&source.code, name) {
                    push(
                        source,
                        &source.code,
                        at,
                        format!("`{name}` outside {module}"),
                        remedy,
                        found,
                    );
                }
            }
        }
    }
    for name in UNFINISHED {
        for at in words(&source.code, name) {
            push(
                source,
                &source.code,
                at,
                format!("`{name}` in the tree"),
                "finish it or leave it out",
                found,
            );
        }
    }
    for note in UNFINISHED_NOTES {
        for at in words(&source.comments, note) {
            push(
                source,
                &source.comments,
                at,
                format!("a comment says {note}"),
                "do it, or open an issue",
                found,
            );
        }
    }
}

fn push(
    source: &Source,
    text: &str,
    at: usize,
    what: String,
    remedy: &'static str,
    found: &mut Vec<Finding>,
) {
    found.push(Finding::new(
        &source.path,
        Source::line_in(text, at),
        what,
        remedy,
    ));
}

fn is_or_is_under(path: &str, parent: &str) -> bool {
    path.trim_start_matches(':')
        .strip_prefix(parent)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Whether `path` is `module.rs` or lies in the folder `module/`.
fn is_module(path: &str, module: &str) -> bool {
    path.strip_prefix(module)
        .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}
