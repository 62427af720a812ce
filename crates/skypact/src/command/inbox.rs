//! `skypact inbox`: what needs an act of this party.

use std::fmt::Write as _;

use super::channel::standing;
use super::conflicts::pending;
use super::desk::{Desk, Where};
use super::exit::show;
use super::notice::line;
use super::stop::alarm;
use super::{CliError, Outcome, reading};
use crate::http::views::{ConflictView, NoticeView, StopView};

/// Arguments of `inbox`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Where,
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    let desk = Desk::open(&args.place).await?;
    let mut unread: Vec<NoticeView> = desk.client.get(&desk.path("notices")).await?;
    let mut proposals = pending(&desk, &unread).await?;
    proposals.retain(|proposal| proposal.turn == desk.view.party);
    unread.retain(|notice| notice.party == desk.view.counterpart && notice.stands && notice.read_back_by.is_none());
    let mut conflicts: Vec<ConflictView> = desk.client.get(&desk.path("conflicts")).await?;
    conflicts.retain(|conflict| conflict.open);
    let mut stops: Vec<StopView> = desk.client.get(&desk.path("stops")).await?;
    stops.retain(|stop| stop.escalating);
    let mut text = String::new();
    // Writing to a String cannot fail.
    for stop in &stops {
        let _ = writeln!(text, "{}", alarm(&desk, stop));
    }
    if let Some(suspension) = &desk.view.suspension {
        let _ = writeln!(text, "SUSPENDED  {}", standing(&desk.view, suspension));
    }
    for notice in &unread {
        let _ = writeln!(text, "read back  {}", line(notice));
    }
    for proposal in &proposals {
        let (what, command) = proposal.step();
        let _ = writeln!(text, "{what:<11}{} of {}: {command}", proposal.view.remedy, proposal.view.party);
        let _ = write!(text, "{}", reading::lines(&reading::proposal(&proposal.view)?.volumes));
    }
    for conflict in &conflicts {
        let _ = writeln!(text, "conflict   {} - {}", conflict.notices[0], conflict.notices[1]);
    }
    if !desk.view.connected {
        let _ = writeln!(text, "{} does not answer: what it filed since is not here", desk.view.counterpart);
    }
    let proposals = proposals.into_iter().map(|proposal| proposal.view).collect::<Vec<_>>();
    let value = serde_json::json!({ "stops": stops, "suspension": desk.view.suspension, "unread": unread, "conflicts": conflicts, "proposals": proposals, "connected": desk.view.connected });
    show(json, &value, if text.is_empty() { "nothing needs an act" } else { &text });
    Ok(Outcome::Done)
}
