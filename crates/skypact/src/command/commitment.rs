//! `skypact commitment`: what a party is to do by when, and what each side finds. One that is overdue says so by itself.

use std::fmt::Write as _;
use std::path::PathBuf;

use skypact_airspace::UtcNanos;
use skypact_channel::{Commitment, CommitmentFinding, Finding, Message};
use skypact_record::Hash;

use super::desk::{Acting, Desk, Shown, hash, readable, short, show_each};
use super::exit::show;
use super::naming::{COMMITMENT, find};
use super::notice_check::refused;
use super::quantity::{time_ns, time_text, wrapped};
use super::{CliError, Outcome};
use crate::directory::file_error;
use crate::http::views::{CommitmentFindingView, CommitmentView};
use crate::system::in_words;

/// Arguments of `commitment`.
pub(super) type Args = Acting<Step>;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Step {
    /// List the commitments. The same as no subcommand. Exit code 1 when one is overdue and this party has found nothing about it.
    List {
        /// Superseded versions and earlier findings too.
        #[arg(long)]
        all: bool,
    },
    /// Enter a commitment.
    Make(Make),
    /// Say whether a commitment was kept, as this party finds. It takes the place of this party's earlier finding, which stays.
    Find {
        /// Id of the commitment, or its first 6 or more digits.
        id: String,
        /// kept, not-kept or disputed: it was never made, or does not say that.
        finding: String,
        /// Why.
        #[arg(long)]
        text: Option<String>,
        /// File that speaks for it; its SHA-256 goes into the record, and not the file. May be repeated.
        #[arg(long)]
        evidence: Vec<PathBuf>,
        /// File it although there is a newer version, or although this party has found the same.
        #[arg(long, env = "SKYPACT_FORCE_AGAIN")]
        force_again: bool,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Make {
    /// What is to be done.
    text: String,
    /// Last instant at which it is in time, UTC: 2017-06-30T00:00:00Z.
    #[arg(long)]
    due: String,
    /// Party whose commitment it is, or 'both'; this party without it.
    #[arg(long)]
    of: Option<String>,
    /// File that speaks for it; its SHA-256 goes into the record, and not the file. May be repeated.
    #[arg(long)]
    evidence: Vec<PathBuf>,
    /// Id of the version of this party that it takes the place of.
    #[arg(long)]
    change: Option<String>,
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    match &args.step {
        None => show_each(&args.place, json, async |desk| list(desk, false).await).await,
        Some(Step::List { all }) => show_each(&args.place, json, async |desk| list(desk, *all).await).await,
        Some(Step::Make(make)) => enter(&args, make, json).await,
        Some(Step::Find { id, finding, text, evidence, force_again }) => {
            let names = "finding: give kept, not-kept or disputed";
            let finding =
                Finding::from_name(finding).ok_or_else(|| CliError::usage("field-invalid", "finding", names))?;
            let evidence = hashes(evidence)?;
            let signer = args.who.signer(&args.place.dir)?;
            let desk = Desk::open(&args.place).await?;
            let known = commitments(&desk).await?;
            let commitment =
                desk.found(find(COMMITMENT, "commitment", id, known.iter().map(|known| &known.id))).await?;
            let about = known.iter().find(|known| known.id == *commitment).expect("found above");
            if !force_again {
                check_finding(&desk, about, finding)?;
            }
            let commitment = hash(commitment)?;
            let found = CommitmentFinding { commitment, finding, text: text.clone(), evidence };
            let message = Message::CommitmentFinding(found);
            readable(&message)?;
            let placed = desk.file(&signer, [(message, vec![commitment])]).await?;
            let (party, other) = (&desk.view.party, &desk.view.counterpart);
            let text = format!("recorded: {party} finds it {}; {other} sees it", finding.name());
            show(json, &placed, &format!("{text}\nnext: 'skypact commitment' shows what both find"));
            Ok(Outcome::Done)
        }
    }
}

/// Refuses a finding about an earlier version, and one that this party has filed already.
fn check_finding(desk: &Desk, about: &CommitmentView, finding: Finding) -> Result<(), CliError> {
    if let Some(newest) = &about.superseded_by {
        let (id, newest) = (short(&about.id), short(newest));
        let message = format!(
            "commitment: {newest} took the place of {id}: file what you find about that one, or about this with \
             --force-again"
        );
        return Err(refused("commitment-superseded", "commitment", message));
    }
    let own = about.findings.iter().find(|known| known.counts && known.party == desk.view.party);
    match own.filter(|known| known.finding == finding.name()) {
        Some(known) => {
            let (officer, party) = (&known.officer, &known.party);
            let message = format!(
                "finding: {officer} of {party} has found so already; other words or papers go with --force-again"
            );
            Err(refused("signed-already", "finding", message))
        }
        None => Ok(()),
    }
}

async fn enter(args: &Args, make: &Make, json: bool) -> Result<Outcome, CliError> {
    let due = UtcNanos(time_ns("due", &make.due)?);
    let evidence = hashes(&make.evidence)?;
    let signer = args.who.signer(&args.place.dir)?;
    let desk = Desk::open(&args.place).await?;
    let supersedes = match &make.change {
        None => None,
        Some(id) => {
            let known = commitments(&desk).await?;
            Some(hash(desk.found(find(COMMITMENT, "change", id, known.iter().map(|known| &known.id))).await?)?)
        }
    };
    let parties = desk.parties();
    let of = match make.of.as_deref().unwrap_or(&desk.view.party) {
        "both" => None,
        name => {
            let unknown = || format!("of: there is no party {name}; give {}, {} or both", parties[0], parties[1]);
            let of = parties.iter().position(|party| *party == name);
            Some(of.ok_or_else(|| CliError::usage("field-invalid", "of", unknown()))?)
        }
    };
    let message = Message::Commitment(Commitment { of, text: make.text.clone(), due, evidence, supersedes });
    readable(&message)?;
    let placed = desk.file(&signer, [(message, supersedes.into_iter().collect())]).await?;
    let id = placed.first().map_or("", |placed| short(&placed.leaf));
    let (date, other) = (time_text(due.0), &desk.view.counterpart);
    let text = format!("commitment {id}, due {date}; {other} sees it\nnext: both sides file what they find about it:");
    show(json, &placed, &format!("{text}\n  skypact commitment find {id} kept"));
    Ok(Outcome::Done)
}

/// SHA-256 of files.
pub(super) fn hashes(files: &[PathBuf]) -> Result<Vec<Hash>, CliError> {
    let hash = |path: &PathBuf| {
        let bytes = std::fs::read(path).map_err(|error| file_error(path, &in_words(&error)))?;
        Ok(Hash::of(&bytes))
    };
    files.iter().map(hash).collect()
}

async fn commitments(desk: &Desk) -> Result<Vec<CommitmentView>, CliError> {
    Ok(desk.client.get(&desk.path("commitments")).await?)
}

async fn list(desk: &Desk, all: bool) -> Result<Shown, CliError> {
    let mut shown = commitments(desk).await?;
    shown.retain(|commitment| all || commitment.superseded_by.is_none());
    shown.sort_by(|a, b| (a.due_ns, &a.id).cmp(&(b.due_ns, &b.id)));
    let mut text: String = shown.iter().map(|commitment| commitment_text(commitment, all)).collect();
    if shown.is_empty() {
        text.push_str("there are no commitments\n");
    }
    let waits = shown.iter().any(|known| waits(desk, known));
    Ok((
        serde_json::to_value(&shown).unwrap_or_default(),
        text,
        if waits { Outcome::CheckFailed } else { Outcome::Done },
    ))
}

/// Commitments that are overdue, and about which this party has found nothing.
pub(super) async fn waiting(desk: &Desk) -> Result<Vec<CommitmentView>, CliError> {
    let mut waiting = commitments(desk).await?;
    waiting.retain(|known| known.superseded_by.is_none() && waits(desk, known));
    Ok(waiting)
}

fn waits(desk: &Desk, known: &CommitmentView) -> bool {
    let own = |finding: &CommitmentFindingView| finding.party == desk.view.party;
    known.stand == "overdue" && !known.findings.iter().any(own)
}

fn commitment_text(commitment: &CommitmentView, all: bool) -> String {
    let of = commitment.of.as_deref().unwrap_or("both parties");
    let stand = commitment.stand.replace('-', " ").to_uppercase();
    let mut text = format!("{}  {stand}  {of}, due {}\n", short(&commitment.id), time_text(commitment.due_ns));
    text.push_str(&wrapped(&commitment.text, 4));
    // Writing to a String cannot fail.
    let _ =
        writeln!(text, "    entered by {} of {}{}", commitment.officer, commitment.party, papers(&commitment.evidence));
    if let Some(mismatch) = commitment.time.mismatch(time_text) {
        text.push_str(&wrapped(&mismatch, 4));
    }
    if let Some(newest) = &commitment.superseded_by {
        let _ = writeln!(text, "    superseded by {}", short(newest));
    }
    for finding in commitment.findings.iter().filter(|finding| all || finding.counts) {
        let earlier = if finding.counts { "" } else { " (earlier)" };
        let (officer, party, evidence) = (&finding.officer, &finding.party, papers(&finding.evidence));
        let _ =
            writeln!(text, "    {party} finds: {}{earlier}, by {officer}{evidence}", finding.finding.replace('-', " "));
        if let Some(why) = &finding.text {
            text.push_str(&wrapped(why, 6));
        }
    }
    text
}

fn papers(evidence: &[String]) -> String {
    match evidence {
        [] => String::new(),
        [one] => format!(", evidence {}", short(one)),
        [first, ..] => format!(", {} papers of evidence, {} first", evidence.len(), short(first)),
    }
}
