//! Rules 8, 9 and 12 of STYLE.md: what a file is called, how it opens, how long it and its functions are.

use super::source::{Source, words};
use super::{Finding, Tree};

/// A longer file fails.
pub(crate) const FILE_LINES_MAX: usize = 600;
/// A longer file is listed by `--verbose`.
const FILE_LINES_LISTED: usize = 400;
/// Lines of a module header.
const HEADER_LINES_MAX: usize = 8;
/// Lines between the braces of a function: a screen.
const FUNCTION_LINES_MAX: usize = 70;
/// The same for tests, where a scenario is told in one piece.
const TEST_FUNCTION_LINES_MAX: usize = 100;
/// Names that say nothing of what is inside.
const EMPTY_NAMES: &[&str] = &["util", "utils", "common", "helper", "helpers", "manager", "managers", "misc"];

const RENAME: &str = "name it by what it knows";

/// Files and folders named by what they are for rather than by what they know.
pub(crate) fn check_names(tree: &Tree, found: &mut Vec<Finding>) {
    let paths = tree.files.iter().map(|file| &file.path).chain(&tree.directories);
    for path in paths {
        let name = path.rsplit('/').next().unwrap_or(path);
        if let Some(word) = empty_name(name) {
            found.push(Finding::new(path, 1, format!("the name says `{word}`"), RENAME));
        }
    }
}

/// Header, lengths, and modules named inline.
pub(crate) fn check_source(source: &Source, found: &mut Vec<Finding>) {
    check_header(source, found);
    let lines = source.text.lines().count();
    if lines > FILE_LINES_MAX {
        let what = format!("{lines} lines, over {FILE_LINES_MAX}");
        found.push(Finding::new(&source.path, FILE_LINES_MAX + 1, what, "split it by what each part knows"));
    }
    for function in source.functions() {
        let lines_max = if function.is_test { TEST_FUNCTION_LINES_MAX } else { FUNCTION_LINES_MAX };
        if function.body_lines > lines_max {
            let what = format!("fn {} has {} lines, over {lines_max}", function.name, function.body_lines);
            found.push(Finding::new(&source.path, function.line, what, "move a step with a name of its own out of it"));
        }
    }
    for at in words(&source.code, "mod") {
        let name = source.code[at + 3..].split(['{', ';']).next().unwrap_or_default().trim();
        if let Some(word) = empty_name(name) {
            let line = Source::line_in(&source.code, at);
            found.push(Finding::new(&source.path, line, format!("module `{name}` says `{word}`"), RENAME));
        }
    }
}

/// Rust files that `--verbose` lists, with their lines.
pub(crate) fn long_files(tree: &Tree) -> impl Iterator<Item = (&str, usize)> {
    let counted = tree.with_extension("rs").map(|file| (file.path.as_str(), file.text.lines().count()));
    counted.filter(|(_, lines)| *lines > FILE_LINES_LISTED)
}

fn check_header(source: &Source, found: &mut Vec<Finding>) {
    let header = source.text.lines().take_while(|line| line.starts_with("//!")).count();
    let says = source
        .text
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("//!"))
        .is_some_and(|line| !line.trim().is_empty());
    if !says {
        let remedy = "open it with `//!`: purpose, invariant, clause of the standard";
        found.push(Finding::new(&source.path, 1, "the file does not say what it is", remedy));
    } else if header > HEADER_LINES_MAX {
        let what = format!("the header has {header} lines, over {HEADER_LINES_MAX}");
        found.push(Finding::new(&source.path, 1, what, "move the explanation to docs/ or to the item it explains"));
    }
}

fn empty_name(name: &str) -> Option<&'static str> {
    let mut parts = name.split(|c: char| !c.is_alphanumeric());
    parts.find_map(|part| EMPTY_NAMES.iter().find(|empty| part.eq_ignore_ascii_case(empty)).copied())
}
