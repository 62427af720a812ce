//! `skypact conflicts`: list, propose, accept. The exit code tells CLEAR, CONFLICT and UNKNOWN apart.

use std::fmt::Write as _;

use skypact_channel::{ConflictKey, Kind, Message, Remedy};

use super::desk::{Desk, Where, Who, content, find, hash, short};
use super::exit::show;
use super::quantity::{altitude, time_text};
use super::{CliError, Outcome};
use crate::directory::unbase64;
use crate::http::views::{ConflictView, NoticeView, ProposalView};

/// Arguments of `conflicts`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    step: Option<Step>,
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    who: Who,
}

#[derive(Debug, clap::Subcommand)]
enum Step {
    /// Propose other altitudes for one of the own notices in conflict.
    Level {
        /// Id of the notice.
        id: String,
        /// New lower limit of all its volumes.
        #[arg(long)]
        lower: String,
        /// New upper limit.
        #[arg(long)]
        upper: String,
    },
    /// Accept a proposal of the counterpart.
    Accept {
        /// Id of the proposal.
        id: String,
    },
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    let desk = Desk::open(&args.place).await?;
    match &args.step {
        None => list(&desk, json).await,
        Some(Step::Level { id, lower, upper }) => {
            let message = level(&desk, id, lower, upper).await?;
            let placed = desk.file(&args.who.signer(&args.place.dir)?, [(message, Vec::new())]).await?;
            show(json, &placed, "proposed");
            Ok(Outcome::Done)
        }
        Some(Step::Accept { id }) => {
            let proposals: Vec<ProposalView> = desk.client.get(&desk.path("proposals")).await?;
            let id = find("id", id, proposals.iter().map(|proposal| &proposal.id))?;
            let proposal = proposals.iter().find(|proposal| proposal.id == *id);
            let content = proposal.map(|proposal| content(&proposal.body, &proposal.content)).transpose()?;
            let content = content.ok_or_else(|| CliError::io("proposal", "the node's answer cannot be read"))?;
            let message = Message::Acceptance { proposal: hash(id)?, content };
            let placed = desk.file(&args.who.signer(&args.place.dir)?, [(message, vec![hash(id)?])]).await?;
            show(json, &placed, "accepted");
            Ok(Outcome::Done)
        }
    }
}

async fn list(desk: &Desk, json: bool) -> Result<Outcome, CliError> {
    let mut conflicts: Vec<ConflictView> = desk.client.get(&desk.path("conflicts")).await?;
    conflicts.retain(|conflict| conflict.open);
    let mut text = String::new();
    // Writing to a String cannot fail.
    for conflict in &conflicts {
        let [a, b] = &conflict.notices;
        let filed = conflict.filed.iter().filter(|filed| **filed).count();
        let _ = writeln!(text, "CONFLICT {a} - {b}, recorded by {filed} of 2 nodes");
        let _ = writeln!(text, "  {} to {}", time_text(conflict.start_ns), time_text(conflict.end_ns));
        for proposal in &conflict.proposals {
            let _ = writeln!(text, "  proposal {}", short(proposal));
        }
    }
    let outcome = match (conflicts.is_empty(), desk.view.connected) {
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
    let value = serde_json::json!({ "state": state, "conflicts": conflicts, "logs": desk.view.logs, "connected": desk.view.connected });
    show(json, &value, &text);
    Ok(outcome)
}

/// A proposal to fly an own notice at other altitudes.
async fn level(desk: &Desk, id: &str, lower: &str, upper: &str) -> Result<Message, CliError> {
    let notices: Vec<NoticeView> = desk.client.get(&desk.path("notices")).await?;
    let id = find("id", id, notices.iter().map(|notice| &notice.id))?;
    let conflicts: Vec<ConflictView> = desk.client.get(&desk.path("conflicts")).await?;
    let view = notices.iter().find(|notice| notice.id == *id);
    let body = view.and_then(|view| unbase64(&view.body)).and_then(|body| Message::decode(Kind::Notice, &body).ok());
    let (Some(view), Some(Message::Notice(mut notice))) = (view, body) else {
        return Err(CliError::io("notice", "the node's answer cannot be read"));
    };
    let conflict = conflicts.iter().find(|conflict| conflict.open && conflict.versions.contains(&view.version));
    let conflict = conflict
        .ok_or_else(|| CliError::usage("no-conflict", "id", format!("id: {} is in no open conflict", short(id))))?;
    let band = skypact_airspace::AltitudeBand::new(Some(altitude("lower", lower)?), Some(altitude("upper", upper)?));
    let band = band.map_err(|error| CliError::usage("field-invalid", "lower", error.to_string()))?;
    for volume in &mut notice.volumes {
        volume.band = band;
    }
    let key = ConflictKey::new(hash(&conflict.versions[0])?, hash(&conflict.versions[1])?);
    Ok(Message::Proposal { key, notice: hash(&view.version)?, remedy: Remedy::Level, volumes: notice.volumes })
}
