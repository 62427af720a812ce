//! The manifests: every version is pinned once, in the root; every crate inherits the lints; no crate knows more than
//! its room allows; and docs/decisions/dependencies.md argues for each library at the version that is pinned.
//!
//! Reads the one-line-per-dependency form that the house writes, which is a part of TOML.

use super::tree::File;
use super::{Finding, Tree, rooms};

/// What brings async, sockets, files, clocks or randomness.
const IMPURE: &[&str] = &[
    "aws-lc-rs",
    "axum",
    "getrandom",
    "hyper",
    "hyper-util",
    "mio",
    "rand",
    "rand_core",
    "rcgen",
    "reqwest",
    "rusqlite",
    "rustix",
    "rustls",
    "tokio",
    "tokio-rustls",
];
const REASONS: &str = "docs/decisions/dependencies.md";

/// Root and member manifests, and the page of reasons.
pub(crate) fn check(tree: &Tree, found: &mut Vec<Finding>) {
    let Some(root) = tree.file("Cargo.toml") else {
        found.push(Finding::new("Cargo.toml", 1, "there is no root manifest", "run it at the root of the project"));
        return;
    };
    check_root(tree, root, found);
    for file in tree.named("Cargo.toml").filter(|file| file.path != "Cargo.toml") {
        check_member(file, root, found);
    }
}

fn check_root(tree: &Tree, root: &File, found: &mut Vec<Finding>) {
    let reasons = tree.file(REASONS).map_or("", |file| file.text.as_str());
    for entry in entries(&root.text).filter(|entry| entry.section == "workspace.dependencies") {
        let mut report = |what: String, remedy| found.push(Finding::new(&root.path, entry.line, what, remedy));
        if entry.value.contains("path = ") {
            continue;
        }
        let pinned = entry.value.split('"').find_map(|part| part.strip_prefix('='));
        let Some(version) = pinned.filter(|_| !entry.value.contains("git = ")) else {
            report(format!("`{}` is not pinned", entry.name), "write \"=x.y.z\"");
            continue;
        };
        let row = reasons.lines().find(|line| line.starts_with(&format!("| `{}` |", entry.name)));
        match row {
            None => report(
                format!("nothing argues for `{}`", entry.name),
                "give it a row in docs/decisions/dependencies.md",
            ),
            Some(row) if !row.contains(&format!("| {version} |")) => {
                report(
                    format!("{REASONS} does not argue for `{}` {version}", entry.name),
                    "read what changed and update its row",
                );
            }
            Some(_) => {}
        }
    }
    let forbids = |entry: &Entry<'_>| {
        entry.section == "workspace.lints.rust" && entry.name == "unsafe_code" && entry.value == "\"forbid\""
    };
    if !entries(&root.text).any(|entry| forbids(&entry)) {
        found.push(Finding::new(
            &root.path,
            1,
            "unsafe code is not forbidden",
            "write unsafe_code = \"forbid\" in [workspace.lints.rust]",
        ));
    }
}

fn check_member(file: &File, root: &File, found: &mut Vec<Finding>) {
    let directory = file.path.trim_end_matches("/Cargo.toml");
    let excludes = |entry: Entry<'_>| {
        entry.section == "workspace" && entry.name == "exclude" && entry.value.contains(&format!("\"{directory}\""))
    };
    // A workspace of its own, which says in its manifest why.
    if entries(&root.text).any(excludes) {
        return;
    }
    let room = rooms::room_of(&file.path);
    if room.is_none() {
        found.push(Finding::new(
            &file.path,
            1,
            "this crate has no room",
            "say what it may know in xtask/src/tidy/rooms.rs",
        ));
    }
    if !root.text.contains(&format!("\"{directory}\"")) {
        found.push(Finding::new(
            &file.path,
            1,
            "not a member of the workspace",
            "add it to members in the root Cargo.toml",
        ));
    }
    let inherits = |entry: Entry<'_>| entry.section == "lints" && entry.name == "workspace" && entry.value == "true";
    if !entries(&file.text).any(inherits) {
        let remedy = "write [lints] workspace = true, or unsafe code is allowed here";
        found.push(Finding::new(&file.path, 1, "the house's lints are not inherited", remedy));
    }
    for entry in entries(&file.text).filter(Entry::is_dependency) {
        let mut report = |what: String, remedy| found.push(Finding::new(&file.path, entry.line, what, remedy));
        let name = entry.package();
        let inherited =
            entry.name.ends_with(".workspace") || entry.value.contains("workspace = true") || entry.name == "workspace";
        if !inherited && !entry.value.contains("path = ") {
            report(
                format!("`{name}` has a version of its own"),
                "pin it in the root and write `workspace = true` here",
            );
        }
        let Some(room) = room else { continue };
        if room.is_pure && IMPURE.contains(&name) {
            report(format!("a pure crate depends on `{name}`"), "keep it in the shell, behind an argument");
        }
        if rooms::is_ours(name) && !room.may_know.contains(&name) {
            report(format!("{directory} must not know `{name}`"), "turn the arrow round, or move the code");
        }
    }
}

/// One `name = value` line and the table it stands in.
struct Entry<'a> {
    /// As written between the brackets.
    section: &'a str,
    name: &'a str,
    value: &'a str,
    /// Counted from 1.
    line: usize,
}

impl<'a> Entry<'a> {
    /// Whether it stands in a table of dependencies: normal, dev, build, for a target, or for one package.
    fn is_dependency(&self) -> bool {
        self.section.split('.').any(|part| part.ends_with("dependencies"))
            // In a package's own table only the line that says where it comes from is judged.
            && (self.table_package().is_none() || matches!(self.name, "version" | "git" | "path" | "workspace"))
    }

    /// The package it is about.
    fn package(&self) -> &'a str {
        self.table_package().unwrap_or_else(|| self.name.split('.').next().unwrap_or(self.name))
    }

    /// `x` in `[dependencies.x]`.
    fn table_package(&self) -> Option<&'a str> {
        let (table, package) = self.section.rsplit_once('.')?;
        table.ends_with("dependencies").then_some(package)
    }
}

fn entries(text: &str) -> impl Iterator<Item = Entry<'_>> {
    let mut section = "";
    text.lines().enumerate().filter_map(move |(index, line)| {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']');
        }
        let (name, value) = line.split_once('=').filter(|_| !line.starts_with(['#', '[']))?;
        Some(Entry { section, name: name.trim(), value: value.trim(), line: index + 1 })
    })
}
