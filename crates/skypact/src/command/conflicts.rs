//! `skypact conflicts`: what is in conflict, what was proposed and who has to act. The exit code tells CLEAR, CONFLICT and
//! UNKNOWN apart. The ways out of a conflict are in [`super::remedy`].

use std::fmt::Write as _;

use super::desk::{Desk, Shown, Where, Who, short, show_each};
use super::notice::{ending, line_after};
use super::quantity::time_text;
use super::{CliError, Outcome, reading, remedy};
use crate::http::views::{ConflictView, NoticeView, ProposalView};

/// Arguments of `conflicts`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    step: Option<remedy::Step>,
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    who: Who,
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    match &args.step {
        None => show_each(&args.place, json, list).await,
        Some(step) => {
            let signer = args.who.signer(&args.place.dir)?;
            remedy::run(step, &remedy::desk(step, &args.place).await?, &signer, json).await
        }
    }
}

/// A proposal that still speaks of the newest version of a standing notice, and who has to act on it.
pub(super) struct Pending {
    /// The proposal.
    pub(super) view: ProposalView,
    /// Party that has to act: to answer it, or once it is accepted, to file the change. Nobody when a counter-proposal answers it.
    pub(super) turn: Option<String>,
}

/// Proposals that wait for somebody.
pub(super) async fn pending(desk: &Desk, notices: &[NoticeView]) -> Result<Vec<Pending>, CliError> {
    let proposals: Vec<ProposalView> = desk.client.get(&desk.path("proposals")).await?;
    let (own, other) = (&desk.view.party, &desk.view.counterpart);
    let pending = proposals.into_iter().filter_map(|view| {
        let notice = notices.iter().find(|notice| notice.version == view.notice && notice.stands)?;
        let answering = if view.party == *own { other } else { own };
        let turn = match (&view.accepted_by, view.countered_by.is_empty()) {
            (Some(_), _) => Some(&notice.party),
            (None, is_open) => is_open.then_some(answering),
        };
        Some(Pending { turn: turn.cloned(), view })
    });
    Ok(pending.collect())
}

impl Pending {
    /// What has to be done with it, in two words, and by which command.
    pub(super) fn step(&self) -> (&'static str, String) {
        let (what, verb) = if self.view.accepted_by.is_some() { ("file", "apply") } else { ("answer", "accept") };
        (what, format!("skypact conflicts {verb} {}", short(&self.view.id)))
    }

    /// What else the party whose turn it is may do.
    fn otherwise(&self) -> String {
        let is_open = self.view.accepted_by.is_none();
        let counter = || format!(",\n  or proposes another way with --counter {}", short(&self.view.id));
        is_open.then(counter).unwrap_or_default()
    }
}

/// What people call a notice: its name, or the beginning of the hash that stands for one that has none.
pub(super) fn named(name: &str) -> &str {
    let is_hash = name.len() == 64 && name.bytes().all(|c| c.is_ascii_hexdigit());
    if is_hash { short(name) } else { name }
}

async fn list(desk: &Desk) -> Result<Shown, CliError> {
    let mut conflicts: Vec<ConflictView> = desk.client.get(&desk.path("conflicts")).await?;
    conflicts.retain(|conflict| conflict.open);
    let notices: Vec<NoticeView> = desk.client.get(&desk.path("notices")).await?;
    let pending = pending(desk, &notices).await?;
    let mut text = String::new();
    // Writing to a String cannot fail.
    for conflict in &conflicts {
        let [a, b] = conflict.notices.each_ref().map(|name| named(name));
        let filed = conflict.filed.iter().filter(|filed| **filed).count();
        let protected = if conflict.protected { ", PROTECTED" } else { "" };
        let _ = writeln!(text, "CONFLICT{protected} {a} - {b}, recorded by {filed} of 2 nodes");
        let _ = writeln!(text, "  {} to {}", time_text(conflict.start_ns), time_text(conflict.end_ns));
        for party in &conflict.unseen_by {
            let _ = writeln!(text, "  UNSEEN OVERLAP: {party} had the other notice and does not cite it");
        }
        for notice in notices.iter().filter(|notice| conflict.versions.contains(&notice.version)) {
            let _ = writeln!(text, "{}\n  {}", line_after("  ", notice), ending(notice).replace('\n', "\n  "));
        }
        for proposal in pending.iter().filter(|pending| conflict.proposals.contains(&pending.view.id)) {
            let ((_, command), view) = (proposal.step(), &proposal.view);
            let counter = view.counters.as_deref().map(|earlier| format!(", a counter-proposal to {}", short(earlier)));
            let counter = counter.unwrap_or_default();
            let _ = writeln!(text, "  proposal {} of {}: {}{counter}", short(&view.id), view.party, view.remedy);
            let _ = write!(text, "{}", reading::lines(&reading::proposal(view)?.volumes));
            let _ = match (&proposal.turn, view.countered_by.last()) {
                (Some(turn), _) => writeln!(text, "  next: {turn} runs '{command}'{}", proposal.otherwise()),
                (None, newest) => {
                    let newest = newest.map_or("", |newest| short(newest));
                    writeln!(text, "  answered by the counter-proposal {newest};\n  '{command}' still accepts it")
                }
            };
        }
        if !pending.iter().any(|pending| conflict.proposals.contains(&pending.view.id)) {
            text.push_str("  next: propose a way out with 'skypact conflicts level|retime|reroute ID'\n");
        }
    }
    let outcome = match (conflicts.is_empty(), desk.view.unknown.is_empty()) {
        (false, _) => Outcome::Conflict,
        (true, true) => Outcome::Done,
        (true, false) => Outcome::Unknown,
    };
    let state = match outcome {
        Outcome::Conflict => "CONFLICT",
        Outcome::Done => "CLEAR",
        _ => "UNKNOWN",
    };
    let _ = writeln!(text, "{state} over these logs:");
    for log in &desk.view.logs {
        let _ = writeln!(text, "  {} {}", log.size, log.origin);
    }
    text += &desk.unknown();
    let view = &desk.view;
    let value = serde_json::json!({
        "state": state, "conflicts": conflicts, "logs": view.logs, "connected": view.connected, "clocks": view.clocks,
        "unknown": view.unknown
    });
    Ok((value, text, outcome))
}
