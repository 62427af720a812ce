//! `skypact record`: how the record is kept. Periods of each log, which both nodes check, and what of them this node has moved into
//! plain files; and what a recovery left out of it.

use std::fmt::Write as _;

use skypact_record::counted;

use super::desk::{Desk, Shown, Where, short, show_each};
use super::exit::show;
use super::quantity::time_text;
use super::{CliError, Outcome};
use crate::http::views::{LeftOutView, LogPeriodsView, words};

/// Arguments of `record`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, clap::Subcommand)]
enum Step {
    /// Show the periods of the four logs of a channel, and how much of each is archived.
    Periods {
        #[command(flatten)]
        place: Where,
        /// Show the newest periods of each log only.
        #[arg(long, default_value_t = 12)]
        newest: usize,
    },
    /// Show acts that were recorded on an old store and are no longer permitted behind what came back: they have to be given again.
    LeftOut {
        #[command(flatten)]
        place: Where,
    },
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    match args.step {
        Step::Periods { place, newest } => periods(&place, newest, json).await,
        Step::LeftOut { place } => show_each(&place, json, left_out).await,
    }
}

async fn left_out(desk: &Desk) -> Result<Shown, CliError> {
    let acts: Vec<LeftOutView> = desk.client.get(&desk.path("left-out")).await?;
    let text = if acts.is_empty() { "nothing was left out\n".to_owned() } else { acts.iter().map(act).collect() };
    Ok((serde_json::json!(acts), text, Outcome::Done))
}

fn act(act: &LeftOutView) -> String {
    let LeftOutView { id, kind, what, signer, claimed_ns, code, reason, .. } = act;
    let Some(kind) = kind else {
        return format!("{}  left out by an earlier version, which kept its body alone (--json)\n", short(id));
    };
    let claimed = claimed_ns.map(time_text).unwrap_or_default();
    let signer = words(signer.as_deref().unwrap_or_default());
    let what = what.as_deref().map(|what| format!(" {what}")).unwrap_or_default();
    let (code, reason) = (code.as_deref().unwrap_or_default(), words(reason.as_deref().unwrap_or_default()));
    format!("{}  {claimed}  {kind}{what}, by {signer}\n    {code}: {reason}\n", short(id))
}

async fn periods(place: &Where, newest: usize, json: bool) -> Result<Outcome, CliError> {
    let desk = Desk::open(place).await?;
    let mut logs: Vec<LogPeriodsView> = desk.client.get(&desk.path("periods")).await?;
    for log in &mut logs {
        log.periods.drain(..log.periods.len().saturating_sub(newest));
    }
    show(json, &logs, &logs.iter().map(told).collect::<String>());
    Ok(Outcome::Done)
}

fn told(log: &LogPeriodsView) -> String {
    let LogPeriodsView { log: name, size, closed, archived, folded, periods, .. } = log;
    let mut text = format!(
        "{name}\n  {}, {closed} of closed periods, {archived} of them archived\n  a start reads those from {folded} on\n",
        counted(*size, "entry")
    );
    for period in periods {
        // Writing to a String cannot fail.
        let since = time_text(period.since_ns);
        let _ = writeln!(
            text,
            "  period {:<4} from entry {:<9} {since}  {}",
            period.number,
            period.start,
            short(&period.root)
        );
    }
    text
}
