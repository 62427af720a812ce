//! `skypact watch`: who has the watch at each party. An empty chair is in the record and in sight of both.

use std::fmt::Write as _;

use skypact_airspace::UtcNanos;
use skypact_channel::{Message, Watch, WatchAct};

use super::desk::{Acting, Desk};
use super::exit::show;
use super::quantity::time_text;
use super::{CliError, Outcome};
use crate::http::views::WatchView;

/// Arguments of `watch`.
pub(super) type Args = Acting<Step>;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Step {
    /// Show who has the watch. The same as no subcommand. Exit code 1 when nobody of this party has it.
    Show,
    /// Take the watch.
    Take {
        /// What is to be known.
        #[arg(long)]
        remarks: Option<String>,
    },
    /// Hand the watch over: the acting officer has it until somebody takes it.
    HandOver {
        /// What the next one has to know.
        #[arg(long)]
        remarks: Option<String>,
    },
    /// Leave the watch: nobody has it.
    Leave {
        /// Why.
        #[arg(long)]
        remarks: Option<String>,
    },
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    let (act, remarks) = match &args.step {
        None | Some(Step::Show) => return display(&Desk::open(&args.place).await?, json).await,
        Some(Step::Take { remarks }) => (WatchAct::Takes, remarks),
        Some(Step::HandOver { remarks }) => (WatchAct::HandsOver, remarks),
        Some(Step::Leave { remarks }) => (WatchAct::Leaves, remarks),
    };
    let signer = args.who.signer(&args.place.dir)?;
    let desk = Desk::open(&args.place).await?;
    if act != WatchAct::Takes {
        let watches: Vec<WatchView> = desk.client.get(&desk.path("watch")).await?;
        let own = watches.iter().find(|watch| watch.party == desk.view.party);
        let holder = own.and_then(|watch| watch.officer.as_deref());
        if holder != Some(signer.label()) {
            let holder = holder.unwrap_or("nobody");
            return Err(CliError::refused("not-on-watch", format!("{holder} has the watch; who has it leaves it")));
        }
    }
    let watch = Watch { act, at: UtcNanos(desk.view.now_ns), remarks: remarks.clone() };
    let placed = desk.file(&signer, [(Message::Watch(watch), Vec::new())]).await?;
    let text = match act {
        WatchAct::Takes => "you have the watch",
        WatchAct::HandsOver => "you have the watch until it is taken\nnext: the relief runs 'skypact watch take'",
        WatchAct::Leaves => "NOBODY has the watch; the counterpart sees that",
    };
    show(json, &placed, text);
    Ok(Outcome::Done)
}

async fn display(desk: &Desk, json: bool) -> Result<Outcome, CliError> {
    let watches: Vec<WatchView> = desk.client.get(&desk.path("watch")).await?;
    let mut text = String::new();
    // Writing to a String cannot fail.
    for watch in &watches {
        let _ = writeln!(text, "{}", watch.line(time_text));
        let minutes: i64 = watch.unattended_ns.iter().map(|[start, end]| (end - start) / 60_000_000_000).sum();
        let _ = writeln!(text, "  unattended in the last day: {minutes} min");
        if let Some(overdue) = watch.test_call_overdue(desk.view.now_ns, time_text) {
            let _ = writeln!(text, "  {overdue}");
        }
        if let Some(remarks) = watch.changes.last().and_then(|change| change.remarks.as_ref()) {
            let _ = writeln!(text, "  remarks: {remarks}");
        }
    }
    let is_empty = watches.iter().any(|watch| watch.party == desk.view.party && watch.officer.is_none());
    show(json, &watches, &text);
    Ok(if is_empty { Outcome::CheckFailed } else { Outcome::Done })
}
