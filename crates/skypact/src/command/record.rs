//! `skypact record`: how the record is kept. Periods of each log, which both nodes check, and what of them this node has moved into
//! plain files.

use std::fmt::Write as _;

use super::desk::{Desk, Where, short};
use super::exit::show;
use super::quantity::time_text;
use super::{CliError, Outcome};
use crate::http::views::LogPeriodsView;

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
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    let Step::Periods { place, newest } = args.step;
    let desk = Desk::open(&place).await?;
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
        "{name}\n  {size} entries, {closed} of closed periods, {archived} of them archived\n  a start reads those from {folded} on\n"
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
