//! `skypact verify` of a journal bundle: what a DSS recorded.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read;

use skypact_dss::Recorded;
use skypact_record::{JournalLeaf, JournalReport, VerifierKey, verify_journal};

use super::Outcome;
use super::exit::show;
use super::quantity::time_text;
use super::verify::{fault_text, fault_value};

/// Counts of what was recorded, by operation and by who asked.
#[derive(Default)]
struct Contents {
    operations: BTreeMap<&'static str, u64>,
    managers: BTreeMap<String, u64>,
}

impl Contents {
    /// Reads an entry as what a DSS records; says what is wrong with one that is nothing of the kind.
    fn visit(&mut self, leaf: &JournalLeaf, body: &[u8]) -> Result<(), String> {
        let recorded = Recorded::decode(body).map_err(|error| error.to_string())?;
        recorded.change().map_err(|error| error.to_string())?;
        if recorded.stamp.now.0 != leaf.claimed_time {
            return Err("time of the change is not the one that its leaf claims".to_owned());
        }
        *self.operations.entry(recorded.operation.as_str()).or_default() += 1;
        *self.managers.entry(recorded.stamp.manager.to_string()).or_default() += 1;
        Ok(())
    }
}

pub(super) fn run(source: impl Read, author: Option<&VerifierKey>, json: bool) -> Outcome {
    let mut contents = Contents::default();
    let report = verify_journal(source, author, |leaf, body| contents.visit(leaf, body));
    show(json, &value(&report, &contents), &text(&report, &contents, author.is_some()));
    if report.holds() { Outcome::Done } else { Outcome::CheckFailed }
}

fn value(report: &JournalReport, contents: &Contents) -> serde_json::Value {
    let head = report.head.as_ref();
    serde_json::json!({
        "holds": report.holds(), "journal": head.map(|head| head.origin.to_string()),
        "author": report.author.as_ref().map(ToString::to_string),
        "size": head.map(|head| head.size), "root": head.map(|head| head.root.to_string()),
        "entries": report.entries, "withheld": report.withheld,
        "first_claimed_ns": report.claimed_times.map(|times| times.0),
        "last_claimed_ns": report.claimed_times.map(|times| times.1),
        "operations": contents.operations, "managers": contents.managers,
        "faults": report.faults.iter().map(fault_value).collect::<Vec<_>>(),
    })
}

fn text(report: &JournalReport, contents: &Contents, is_expected: bool) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    if let Some(head) = &report.head {
        let _ = writeln!(text, "journal {}\nsize {}, root {}", head.origin, head.size, head.root);
    }
    if let Some((first, last)) = report.claimed_times {
        let _ = writeln!(text, "claimed times from {} to {}", time_text(first), time_text(last));
    }
    for (operation, count) in &contents.operations {
        let _ = writeln!(text, "{count:>12}  {operation}");
    }
    for (manager, count) in &contents.managers {
        let _ = writeln!(text, "{count:>12}  asked by {}", manager.escape_debug());
    }
    if report.withheld > 0 {
        let _ = writeln!(text, "{:>12}  body parts withheld or erased", report.withheld);
    }
    for fault in &report.faults {
        let _ = writeln!(text, "{}", fault_text(fault));
    }
    if let Some(author) = report.author.as_ref().filter(|_| !is_expected) {
        let _ =
            writeln!(text, "compare this key with what the operator published, or give it with --author:\n  {author}");
    }
    let verdict = if report.holds() {
        "each is what the author of this journal signed; it proves what was recorded, not that anybody asked for it"
    } else {
        "NOT what an author signed"
    };
    let _ = writeln!(text, "{} entries: {verdict}", report.entries);
    text
}
