//! `skypact notice import`: notices out of a paper. Everything is read and checked before the first is signed: a paper with a
//! bad item imports nothing unless it may be left out, and a node that refuses midway is told exactly.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use skypact_channel::{ActivityClass, Message, Notice};
use skypact_papers::{Fault, Format, NOTAM, Reading, aco};
use skypact_record::{Hash, counted};

use super::desk::{Desk, Where, Who, hash};
use super::exit::show;
use super::notice::{REFERENCES_MAX, not_heard};
use super::{CliError, Outcome};
use crate::directory::base64;
use crate::http::problem::Problem;
use crate::http::views::{ChecksIn, PlacedView};
use crate::node::RecordSigner;
use crate::system::in_words;

/// Notices that are checked, signed and recorded together: a request of a few hundred kB, and a step of the progress.
const BATCH: usize = 500;
/// Faults that are shown; JSON has more of them.
const FAULTS_SHOWN: usize = 20;

/// Arguments of `notice import`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    who: Who,
    /// The paper: a file that ends in .csv, .geojson, .kml or .aco, or has its format named.
    file: PathBuf,
    /// csv, geojson, kml, or aco for an airspace control order.
    #[arg(long)]
    format: Option<String>,
    /// What flies in the areas of an order, which does not say it: manned, unmanned, relief-flight, ground-movement or
    /// hazard-area.
    #[arg(long)]
    class: Option<String>,
    /// Leave out notices with a bad item, and import the others (exit code 1).
    #[arg(long)]
    skip_bad: bool,
    /// Read and check, and sign nothing.
    #[arg(long)]
    dry_run: bool,
}

/// What was imported.
#[derive(Debug, Serialize)]
struct ImportView {
    /// Notices that were recorded; that would be, in a dry run.
    imported: usize,
    /// How many of them are in conflict with notices of the counterpart.
    in_conflict: usize,
    /// Where they were placed.
    placed: Vec<PlacedView>,
    /// What is wrong with those that were left out.
    faults: Vec<FaultView>,
    fault_count: usize,
}

#[derive(Debug, Serialize)]
struct FaultView {
    line: u64,
    field: String,
    code: &'static str,
    reason: String,
}

pub(super) async fn run(args: &Args, json: bool) -> Result<Outcome, CliError> {
    let mut reading = read(args)?;
    let signer = if args.dry_run { None } else { Some(args.who.signer(&args.place.dir)?) };
    let desk = Desk::open(&args.place).await?;
    leave_out_the_past(&mut reading, desk.view.now_ns);
    if reading.fault_count > 0 && !args.skip_bad {
        return Err(bad_items(&args.file, &reading));
    }
    if reading.fault_count == 0 && reading.notices.is_empty() {
        let message = format!("{}: there is no notice in it; look whether it is the right file", args.file.display());
        return Err(CliError::usage("paper-empty", "file", message));
    }
    let bar = progress(reading.notices.len());
    let imported = Import { desk: &desk, signer: signer.as_ref() }.run(&reading.notices, &bar).await;
    bar.finish_and_clear();
    let (placed, in_conflict) = imported?;
    let faults = reading.faults.iter().map(|fault| FaultView {
        line: fault.line,
        field: fault.field.to_string(),
        code: fault.code,
        reason: fault.reason.clone(),
    });
    let view = ImportView {
        imported: reading.notices.len(),
        in_conflict,
        placed,
        faults: faults.collect(),
        fault_count: reading.fault_count,
    };
    show(json, &view, &text(&view, &desk, &reading, args.dry_run));
    Ok(if view.fault_count > 0 { Outcome::CheckFailed } else { Outcome::Done })
}

fn text(view: &ImportView, desk: &Desk, reading: &Reading, dry_run: bool) -> String {
    let mut text = String::new();
    if view.fault_count > 0 {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "left out for {}:\n{}", counted(view.fault_count, "fault"), fault_lines(reading));
    }
    if view.in_conflict > 0 {
        let counterpart = &desk.view.counterpart;
        let _ = writeln!(text, "{} in conflict with notices of {counterpart}", view.in_conflict);
    }
    let notices = counted(view.imported, "notice");
    match (view.placed.first(), view.placed.last()) {
        _ if dry_run => {
            let _ = writeln!(text, "{notices} would be imported; nothing was signed");
        }
        (Some(first), Some(last)) => {
            let entries = if first.index == last.index {
                format!("entry {}", first.index)
            } else {
                format!("entries {} to {}", first.index, last.index)
            };
            let _ = writeln!(text, "imported {notices} as {entries} of {}", first.origin);
            if desk.view.suspension.is_some() {
                text.push_str("IN SUSPENSION: they count for safety, and bind nobody\n");
            }
        }
        _ => text.push_str("nothing was imported\n"),
    }
    text + &not_heard(desk)
}

/// Reads the paper in the format that is named or that its name ends in.
fn read(args: &Args) -> Result<Reading, CliError> {
    let ending = args.file.extension().and_then(|ending| ending.to_str()).map(str::to_lowercase);
    let paper = Paper::from_name(args.format.as_deref().or(ending.as_deref()).unwrap_or_default())?;
    let class = class(args, paper)?;
    let shown = args.file.display();
    let bytes =
        std::fs::read(&args.file).map_err(|error| CliError::io("file", &format!("{shown}: {}", in_words(&error))))?;
    let read = paper.read(&bytes, class);
    read.map_err(|fault| CliError::usage(fault.code, &fault.field, format!("{shown}: {fault}; nothing was imported")))
}

/// The class that is named for all of an order; the other papers state one for each notice.
fn class(args: &Args, paper: Paper) -> Result<Option<ActivityClass>, CliError> {
    let Some(name) = args.class.as_deref() else { return Ok(None) };
    if !matches!(paper, Paper::Aco) {
        let message =
            "class: --class is for --format aco alone; every other paper states a class for each notice: leave it out";
        return Err(CliError::usage("field-invalid", "class", message));
    }
    let class = ActivityClass::from_name(name).ok_or_else(|| {
        let names = ActivityClass::ALL.map(ActivityClass::name).join(", ");
        CliError::usage("field-invalid", "class", format!("class: '{name}' is none of {names}"))
    })?;
    Ok(Some(class))
}

/// A paper that is read and written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Paper {
    Format(Format),
    /// An airspace control order, which says less than a notice.
    Aco,
}

impl Paper {
    /// The paper of a name.
    pub(crate) fn from_name(name: &str) -> Result<Self, CliError> {
        if name == aco::NAME {
            return Ok(Self::Aco);
        }
        Format::from_name(name).map(Self::Format).ok_or_else(|| {
            let names = format!("{}, {}", Format::ALL.map(Format::name).join(", "), aco::NAME);
            let message = if name == NOTAM {
                format!("format: a NOTAM draft is written, not read; what is read is {names}")
            } else {
                format!("format: '{name}' is none of {names} ({NOTAM} in an export); name it with --format")
            };
            CliError::usage("field-invalid", "format", message)
        })
    }

    /// Reads it; `class` is that of what states none.
    pub(crate) fn read(self, bytes: &[u8], class: Option<ActivityClass>) -> Result<Reading, Fault> {
        match self {
            Self::Format(format) => format.read(bytes),
            Self::Aco => aco::read(bytes, class),
        }
    }
}

/// What the node would refuse because it is over is a fault of the paper, told before anything is signed.
fn leave_out_the_past(reading: &mut Reading, now_ns: i64) {
    let Reading { notices, faults, fault_count } = reading;
    notices.retain(|(line, notice)| {
        let is_over = notice.window().end().0 < now_ns;
        if is_over {
            let reason = "the notice is over; correct its times";
            faults.push(Fault::new(*line, "until", "window-in-the-past", reason));
            *fault_count += 1;
        }
        !is_over
    });
}

fn bad_items(file: &Path, reading: &Reading) -> CliError {
    let message = format!(
        "{}: {}, nothing was imported; correct them, or leave bad notices out with --skip-bad\n{}",
        file.display(),
        counted(reading.fault_count, "fault"),
        fault_lines(reading)
    );
    let field = reading.faults.first().map_or("file", |fault| &*fault.field);
    CliError::usage("bad-items", field, message)
}

fn fault_lines(reading: &Reading) -> String {
    let shown = reading.faults.iter().take(FAULTS_SHOWN);
    let mut lines: Vec<String> = shown.map(|fault| format!("  {fault}")).collect();
    if reading.fault_count > lines.len() {
        lines.push(format!("  and {} more", reading.fault_count - lines.len()));
    }
    lines.join("\n")
}

/// On a terminal, standard error shows how many of how many.
fn progress(notices: usize) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(2 * notices as u64).with_style(style)
}

/// Notices on their way into the record.
pub(crate) struct Import<'a> {
    pub(crate) desk: &'a Desk,
    /// Who signs; nobody in a dry run.
    pub(crate) signer: Option<&'a RecordSigner>,
}

impl Import<'_> {
    /// Checks all, then signs and records all. Where they were placed, and how many are in conflict.
    pub(crate) async fn run(
        &self,
        notices: &[(u64, Notice)],
        bar: &ProgressBar,
    ) -> Result<(Vec<PlacedView>, usize), CliError> {
        bar.set_message("check");
        let mut cited: Vec<Vec<Hash>> = Vec::new();
        for batch in notices.chunks(BATCH) {
            cited.extend(self.overlaps(batch).await?);
            bar.inc(batch.len() as u64);
        }
        let in_conflict = cited.iter().filter(|versions| !versions.is_empty()).count();
        let Some(signer) = self.signer else { return Ok((Vec::new(), in_conflict)) };
        bar.set_message("file ");
        let mut placed: Vec<PlacedView> = Vec::new();
        for (batch, cited) in notices.chunks(BATCH).zip(cited.chunks(BATCH)) {
            let messages = batch.iter().zip(cited).map(|((_, notice), cited)| {
                (Message::Notice(notice.clone()), cited.iter().copied().take(REFERENCES_MAX).collect())
            });
            let acts = self.desk.sign(signer, messages)?;
            let answer = self.desk.submit(acts).await;
            placed.extend(answer.map_err(|problem| midway(problem, notices, placed.len(), batch.len()))?);
            bar.inc(batch.len() as u64);
        }
        Ok((placed, in_conflict))
    }

    /// Of each notice the counterpart's versions that it would be in conflict with.
    async fn overlaps(&self, batch: &[(u64, Notice)]) -> Result<Vec<Vec<Hash>>, CliError> {
        let bodies = batch.iter().map(|(_, notice)| base64(&Message::Notice(notice.clone()).encode())).collect();
        let found: Vec<Vec<String>> = self.desk.client.post(&self.desk.path("checks"), &ChecksIn { bodies }).await?;
        if found.len() != batch.len() {
            return Err(CliError::io("checks", "the node's answer cannot be read"));
        }
        found.iter().map(|versions| versions.iter().map(|version| hash(version)).collect()).collect()
    }
}

/// What became of each notice when the node did not take a batch.
fn midway(problem: Problem, notices: &[(u64, Notice)], before: usize, batch: usize) -> CliError {
    let line = |place: usize| notices.get(place).map_or(0, |(line, _)| *line);
    let (status, position) = (problem.status, problem.position);
    let told = match (status, position) {
        // Those before the refused one were recorded, and the rest was left.
        (422, Some(position)) => {
            let refused = before + position;
            format!(
                "{refused} of {} went in, up to the one of line {}; that of line {} was refused, and nothing from there on went in",
                counted(notices.len(), "notice"),
                refused.checked_sub(1).map_or(0, line),
                line(refused)
            )
        }
        (400..500, _) => format!("{before} of {} went in, and no other", counted(notices.len(), "notice")),
        _ => format!(
            "{before} of {} went in; whether the {batch} from line {} on did is not known: see 'skypact notice list'",
            counted(notices.len(), "notice"),
            line(before)
        ),
    };
    let mut error = CliError::from(Problem { position: None, ..problem });
    error.message = format!("{told}: {}", error.message);
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(status: u16, position: Option<usize>) -> Problem {
        Problem { position, status, ..Problem::request(status, "quota-exceeded", "acts", "wait") }
    }

    #[test]
    fn a_batch_that_was_not_taken_says_what_went_in() {
        let notices = Format::Csv.read(skypact_papers::template().as_bytes()).expect("a paper").notices;
        let told = |status, position| midway(problem(status, position), &notices, 1, 2).message;
        assert!(
            told(422, Some(1))
                .starts_with("2 of 3 notices went in, up to the one of line 3; that of line 4 was refused")
        );
        assert!(told(403, Some(1)).starts_with("1 of 3 notices went in, and no other"));
        assert!(told(0, None).contains("whether the 2 from line 3 on did is not known"));
        assert!(told(503, None).contains("is not known"));
    }
}
