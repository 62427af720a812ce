//! The rules of STYLE.md that neither rustc nor clippy knows, checked line by line over the whole tree.
//!
//! Each rule is a function from the tree to findings; a finding names the place, the fault and the remedy.

use std::fmt;

mod manifest;
mod prose;
mod purity;
mod rooms;
mod shape;
mod source;
mod tree;

pub(crate) use shape::{FILE_LINES_MAX, long_files};
pub(crate) use tree::Tree;

/// One broken rule. Sorted by place, so that the output is the same on every machine.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// Path relative to the root, with `/`.
    path: String,
    /// Counted from 1.
    line: usize,
    what: String,
    remedy: &'static str,
}

impl Finding {
    fn new(path: &str, line: usize, what: impl Into<String>, remedy: &'static str) -> Self {
        Self { path: path.to_owned(), line, what: what.into(), remedy }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}; {}", self.path, self.line, self.what, self.remedy)
    }
}

/// All findings of all rules. `task_names` are the tasks that prose may tell people to run.
pub(crate) fn findings(tree: &Tree, task_names: &[&str]) -> Vec<Finding> {
    let mut found = Vec::new();
    shape::check_names(tree, &mut found);
    for file in tree.with_extension("rs") {
        let source = source::Source::scan(&file.path, &file.text);
        shape::check_source(&source, &mut found);
        purity::check_source(&source, &mut found);
    }
    manifest::check(tree, &mut found);
    prose::check(tree, task_names, &mut found);
    found.sort();
    found.dedup();
    found
}
