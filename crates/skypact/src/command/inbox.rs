//! `skypact inbox`: what needs an act of this party.

use std::fmt::Write as _;

use super::desk::{Desk, Where, short};
use super::exit::show;
use super::notice::line;
use super::{CliError, Outcome};
use crate::http::views::{ConflictView, NoticeView, ProposalView};

/// Arguments of `inbox`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Where,
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    let desk = Desk::open(&args.place).await?;
    let mut unread: Vec<NoticeView> = desk.client.get(&desk.path("notices")).await?;
    unread.retain(|notice| notice.party == desk.view.counterpart && notice.stands && notice.read_back_by.is_none());
    let mut conflicts: Vec<ConflictView> = desk.client.get(&desk.path("conflicts")).await?;
    conflicts.retain(|conflict| conflict.open);
    let mut proposals: Vec<ProposalView> = desk.client.get(&desk.path("proposals")).await?;
    proposals.retain(|proposal| proposal.party == desk.view.counterpart && proposal.accepted_by.is_none());
    let mut text = String::new();
    // Writing to a String cannot fail.
    for notice in &unread {
        let _ = writeln!(text, "read back  {}", line(notice));
    }
    for proposal in &proposals {
        let _ =
            writeln!(text, "answer     {} {}: {}", short(&proposal.id), proposal.remedy, proposal.volumes.join("; "));
    }
    for conflict in &conflicts {
        let _ = writeln!(text, "conflict   {} - {}", conflict.notices[0], conflict.notices[1]);
    }
    if !desk.view.connected {
        let _ = writeln!(text, "{} does not answer: what it filed since is not here", desk.view.counterpart);
    }
    let value = serde_json::json!({ "unread": unread, "conflicts": conflicts, "proposals": proposals, "connected": desk.view.connected });
    show(json, &value, if text.is_empty() { "nothing needs an act" } else { &text });
    Ok(Outcome::Done)
}
