//! `skypact verify` of a journal bundle: what a DSS recorded.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read;

use skypact_dss::{Dss, Recorded, RecordedError};
use skypact_record::{EntryFault, JournalLeaf, JournalReport, VerifierKey, counted, verify_journal};

use super::Outcome;
use super::exit::show;
use super::quantity::{time_text, wrapped};
use super::verify::{fault_text, fault_value};

/// What was recorded, by operation and by who asked; and what became of it when it was carried out again.
#[derive(Default)]
struct Contents {
    operations: BTreeMap<&'static str, u64>,
    managers: BTreeMap<String, u64>,
    replay: Option<Replay>,
}

/// A DSS that carries out again what is read, as far as every body is there.
#[derive(Default)]
struct Replay {
    dss: Dss,
    /// Carried out; the next one is the entry of this index.
    entries: u64,
}

impl Contents {
    /// Reads an entry as what a DSS records; says what is wrong with one that is nothing of the kind.
    fn visit(&mut self, leaf: &JournalLeaf, body: &[u8]) -> Result<(), EntryFault> {
        let malformed = |error: RecordedError| (error.code(), error.to_string());
        let recorded = Recorded::decode(body).map_err(malformed)?;
        if recorded.stamp.now.0 != leaf.claimed_time {
            let message = "time of the change is not the one that its leaf claims";
            return Err(("dss-entry-time", message.to_owned()));
        }
        match &mut self.replay {
            Some(replay) if replay.entries == leaf.index => {
                replay.dss.audit(&recorded).map_err(|error| (error.code(), error.to_string()))?;
                replay.entries += 1;
            }
            // Nothing behind one that is missing or wrong is carried out, for nobody knows what it would give.
            _ => drop(recorded.change().map_err(malformed)?),
        }
        *self.operations.entry(recorded.operation.as_str()).or_default() += 1;
        *self.managers.entry(recorded.stamp.manager.to_string()).or_default() += 1;
        Ok(())
    }
}

pub(super) fn run(source: impl Read, author: Option<&VerifierKey>, replay: bool, json: bool) -> Outcome {
    let mut contents = Contents { replay: replay.then(Replay::default), ..Contents::default() };
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
        "replayed": contents.replay.as_ref().map(|replay| replay.entries),
        "operations": contents.operations, "managers": contents.managers,
        "faults": report.faults.iter().map(fault_value).collect::<Vec<_>>(),
    })
}

fn text(report: &JournalReport, contents: &Contents, is_expected: bool) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    if let Some(head) = &report.head {
        let _ = writeln!(text, "journal {}\nsize {}, root\n  {}", head.origin, head.size, head.root);
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
    if let Some(replay) = &contents.replay {
        let end = if replay.entries < report.entries { ", to the first that is withheld or wrong" } else { "" };
        let _ = writeln!(text, "{:>12}  carried out again, allowed and with the same outcome{end}", replay.entries);
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
    text += &wrapped(&format!("{}: {verdict}", counted(report.entries, "entry")), 0);
    text
}
