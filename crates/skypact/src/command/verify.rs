//! `skypact verify`: needs nothing but the bundle, and no network.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;

use skypact_record::verify::{ErasureReport, Expectation, Fault, Report, verify};
use skypact_record::{Hash, VerifierKey, counted, is_journal_bundle};

use super::exit::show;
use super::quantity::{time_text, wrapped};
use super::{CliError, Outcome, verify_journal};
use crate::system::in_words;

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The bundle.
    bundle: PathBuf,
    /// Channel hash that the bundle must be of, 64 hex digits, as the parties published it.
    #[arg(long)]
    channel: Option<String>,
    /// Key that must have signed the log of a DSS: name+id+key, as its operator published it.
    #[arg(long, value_name = "KEY")]
    author: Option<String>,
    /// Carry out again what a DSS recorded: whether the rules allow each change and give what its entry says. Takes the time and
    /// memory that the DSS took.
    #[arg(long)]
    replay: bool,
}

pub(super) fn run(args: &Args, json: bool) -> Result<Outcome, CliError> {
    let channel = args.channel.as_deref().map(str::parse::<Hash>).transpose();
    let channel = channel.map_err(|_| CliError::usage("field-invalid", "channel", "channel: give 64 hex digits"))?;
    let author = args.author.as_deref().map(str::parse::<VerifierKey>).transpose();
    let author = author.map_err(|error| CliError::usage("field-invalid", "author", format!("author: {error}")))?;
    let unusable =
        |error| CliError::usage("file-unusable", "bundle", format!("{}: {}", args.bundle.display(), in_words(&error)));
    let mut source = BufReader::with_capacity(1 << 20, File::open(&args.bundle).map_err(unusable)?);
    let is_journal = is_journal_bundle(source.fill_buf().map_err(unusable)?);
    let misplaced = |field: &'static str, kind: &str| {
        CliError::usage("field-misplaced", field, format!("{field}: this bundle is {kind}; leave {field} out"))
    };
    match (is_journal, &channel, &author) {
        (true, Some(_), _) => return Err(misplaced("channel", "the log of a DSS")),
        (true, None, _) => return Ok(verify_journal::run(source, author.as_ref(), args.replay, json)),
        (false, _, Some(_)) => return Err(misplaced("author", "of a channel")),
        (false, _, None) if args.replay => return Err(misplaced("replay", "of a channel")),
        (false, _, None) => {}
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let report = verify(source, &Expectation { channel }, threads);
    show(json, &value(&report), &text(&report));
    Ok(if report.holds() { Outcome::Done } else { Outcome::CheckFailed })
}

fn value(report: &Report) -> serde_json::Value {
    let statements = report.statements.iter().map(|statement| {
        serde_json::json!({
            "what": statement.what.to_string(), "log": statement.log.as_ref().map(ToString::to_string),
            "status": statement.status.to_string(), "detail": statement.detail,
            "not_before_s": statement.not_before_s, "not_after_s": statement.not_after_s,
        })
    });
    serde_json::json!({
        "holds": report.holds(), "channel": report.channel.map(|channel| channel.to_string()), "name": report.channel_name,
        "parties": report.parties, "channel_to_compare": report.channel_to_compare().map(|channel| channel.to_string()), "entries": report.entries, "signatures_checked": report.signatures_checked,
        "erasures": report.erasures.iter().map(erasure_value).collect::<Vec<_>>(),
        "statements": statements.collect::<Vec<_>>(), "faults": report.faults.iter().map(fault_value).collect::<Vec<_>>(),
    })
}

fn text(report: &Report) -> String {
    let mut text = if report.parties.is_empty() {
        "it names no channel: is it an evidence bundle?\n".to_owned()
    } else {
        format!("channel {} between {}\n", report.channel_name, report.parties.join(" and "))
    };
    // Writing to a String cannot fail.
    for statement in &report.statements {
        let log = statement.log.as_ref().map(ToString::to_string).unwrap_or_default();
        let line = format!("{:<9} {:<12} {log}", statement.status.to_string(), statement.what.to_string());
        let _ = write!(text, "{}\n{}", line.trim_end(), wrapped(&statement.detail, 10));
    }
    for erasure in &report.erasures {
        let (entries, time) = (spans(&erasure.entries), time_text(erasure.claimed_time));
        let _ = writeln!(text, "erased    by entry {} of {}", erasure.index, erasure.origin);
        text += &wrapped(&entries, 10);
        let _ = writeln!(text, "          signed by {}, who claims {time}", erasure.signer);
    }
    for fault in &report.faults {
        let _ = writeln!(text, "{}", fault_text(fault));
    }
    if let Some(channel) = report.channel_to_compare() {
        let _ = writeln!(text, "compare this channel hash with what the parties published:\n  {channel}");
    }
    let _ = writeln!(
        text,
        "{}, {} checked: {}",
        counted(report.entries, "entry"),
        counted(report.signatures_checked, "signature"),
        if report.holds() { "all that is claimed is proven" } else { "NOT all that is claimed is proven" }
    );
    text
}

fn erasure_value(erasure: &ErasureReport) -> serde_json::Value {
    serde_json::json!({
        "log": erasure.origin.to_string(), "index": erasure.index, "signer": erasure.signer,
        "claimed_ns": erasure.claimed_time, "entries": erasure.entries,
    })
}

/// Indices as runs: `entries 3-5, 9`.
fn spans(indices: &[u64]) -> String {
    let runs =
        indices.chunk_by(|before, after| before + 1 == *after).filter_map(|run| Some((run.first()?, run.last()?)));
    let runs: Vec<String> =
        runs.map(|(first, last)| if first == last { first.to_string() } else { format!("{first}-{last}") }).collect();
    match indices {
        [] => "nothing that is missing here".to_owned(),
        [one] => format!("entry {one}"),
        _ => format!("entries {}", runs.join(", ")),
    }
}

pub(super) fn fault_value(fault: &Fault) -> serde_json::Value {
    serde_json::json!({
        "code": fault.code, "file": fault.file, "offset": fault.offset, "log": fault.log, "index": fault.index,
        "message": fault.message,
    })
}

pub(super) fn fault_text(fault: &Fault) -> String {
    let offset = fault.offset.map(|offset| format!(" at byte {offset}")).unwrap_or_default();
    let index = fault.index.map(|index| format!(", entry {index}")).unwrap_or_default();
    format!("FAULT[{}] {}{offset}{index}: {}", fault.code, fault.file, fault.message)
}
