//! The pages: every relative link leads somewhere, and every command they tell people to run exists.

use super::tree::File;
use super::{Finding, Tree};

/// All Markdown of the project.
pub(crate) fn check(tree: &Tree, task_names: &[&str], found: &mut Vec<Finding>) {
    let targets: Vec<&str> = tree.file("Makefile").map(|makefile| make_targets(&makefile.text)).unwrap_or_default();
    if tree.file("README.md").is_none() {
        found.push(Finding::new("README.md", 1, "there is no README.md", "say what this is and how to run it"));
    }
    for page in tree.with_extension("md") {
        for line in prose_lines(&page.text) {
            if !line.is_fenced {
                check_links(tree, page, &line, found);
            }
            check_commands(page, &line, &targets, task_names, found);
        }
    }
}

/// A line of a page.
struct Line<'a> {
    /// Counted from 1.
    number: usize,
    text: &'a str,
    /// Between fences, hence shown as it is.
    is_fenced: bool,
}

fn prose_lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut is_fenced = false;
    text.lines().enumerate().filter_map(move |(index, text)| {
        let is_fence = text.trim_start().starts_with("```");
        is_fenced ^= is_fence;
        (!is_fence).then_some(Line { number: index + 1, text, is_fenced })
    })
}

fn check_links(tree: &Tree, page: &File, line: &Line<'_>, found: &mut Vec<Finding>) {
    // Code spans are every second piece between back quotes, and quote links rather than making them.
    let visible: String = line.text.split('`').step_by(2).collect::<Vec<_>>().join("``");
    let inline = visible.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    let reference =
        visible.starts_with('[').then(|| visible.split_once("]: ").map(|(_, target)| target.trim())).flatten();
    for link in inline.chain(reference).filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
        let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
        let path = if target.is_empty() { Some(page.path.clone()) } else { resolve(&page.path, target) };
        let mut report = |what: String, remedy| found.push(Finding::new(&page.path, line.number, what, remedy));
        let Some(path) = path.filter(|path| tree.contains(path)) else {
            report(format!("link to `{link}` leads nowhere"), "correct the path, relative to this page");
            continue;
        };
        let target_page = tree.file(&path).filter(|file| file.kind() == "md" && !anchor.is_empty());
        if target_page.is_some_and(|file| !headings(&file.text).any(|heading| heading == anchor)) {
            report(format!("no heading `#{anchor}` in {path}"), "correct the anchor");
        }
    }
}

fn check_commands(page: &File, line: &Line<'_>, targets: &[&str], tasks: &[&str], found: &mut Vec<Finding>) {
    let pieces: Vec<&str> =
        if line.is_fenced { vec![line.text] } else { line.text.split('`').skip(1).step_by(2).collect() };
    for command in pieces.into_iter().flat_map(|piece| piece.split("&&")) {
        let mut words = command.trim().trim_start_matches("$ ").split_whitespace();
        let mut report = |what: String, remedy| found.push(Finding::new(&page.path, line.number, what, remedy));
        match (words.next(), words.next(), words.next()) {
            (Some("make"), Some(target), _) if is_name(target) && !targets.contains(&target) => {
                report(format!("`make {target}` does not exist"), "correct the page or add the target to Makefile");
            }
            (Some("cargo"), Some("xtask"), Some(task)) if is_name(task) && !tasks.contains(&task) => {
                report(
                    format!("`cargo xtask {task}` does not exist"),
                    "correct the page or add the task to xtask/src/main.rs",
                );
            }
            _ => {}
        }
    }
}

/// A placeholder such as `TARGET`, an option or a variable is not the name of a target.
fn is_name(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') && !word.starts_with('-')
}

fn make_targets(makefile: &str) -> Vec<&str> {
    // What follows `##` is help, and may quote assignments.
    let rules = makefile.lines().map(|line| line.split('#').next().unwrap_or_default());
    let rules = rules.filter(|line| !line.starts_with(['\t', '.']) && !line.contains('='));
    rules.filter_map(|line| line.split_once(':')).flat_map(|(names, _)| names.split_whitespace()).collect()
}

/// `target` as seen from `page`, relative to the root; none when it leaves the root.
fn resolve(page: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = if target.starts_with('/') { Vec::new() } else { page.split('/').collect() };
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// Anchors as the hosting sites make them: lower case, spaces to hyphens, punctuation dropped.
fn headings(text: &str) -> impl Iterator<Item = String> {
    let titles = prose_lines(text).filter(|line| !line.is_fenced && line.text.starts_with('#'));
    titles.map(|line| {
        let title = line.text.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_resolved_from_the_page_and_never_leave_the_root() {
        assert_eq!(resolve("docs/a/b.md", "../c.md").as_deref(), Some("docs/c.md"));
        assert_eq!(resolve("docs/a/b.md", "/d.md").as_deref(), Some("d.md"));
        assert_eq!(resolve("README.md", "docs/").as_deref(), Some("docs"));
        assert_eq!(resolve("README.md", "../x.md"), None);
    }

    #[test]
    fn targets_are_rules_and_not_variables_or_recipes() {
        let targets = make_targets("A := b\nexport P := x:y\n.PHONY: z\ntest demo: setup ## run A=b\n\techo a: b\n");
        assert_eq!(targets, ["test", "demo"]);
    }

    #[test]
    fn headings_become_anchors() {
        let anchors: Vec<_> = headings("# How to: add `x`, now\n```\n# not this\n```\n").collect();
        assert_eq!(anchors, ["how-to-add-x-now"]);
    }
}
