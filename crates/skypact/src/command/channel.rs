//! `skypact channel`: how a channel stands, its suspension and resumption, and its carriage by file ([`super::carriage`])
//! and by voice ([`super::dictation`]). Suspending is an act of one person, at once;
//! resuming takes a person of each party, after which both nodes compare the logs and open the next epoch.

use std::fmt::Write as _;

use skypact_channel::Message;
use skypact_record::counted;

use super::desk::{Acting, Desk, hash, show_each};
use super::exit::show;
use super::prose::flowing;
use super::quantity::{fit, time_text, wrapped};
use super::{CliError, Outcome, carriage, dictation};
use crate::http::views::{ChannelView, SuspensionView};

/// Arguments of `channel`.
pub(super) type Args = Acting<Step>;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Step {
    /// Show how the channel stands. The same as no subcommand.
    Status,
    /// Suspend the channel, at once: STOP, notices and read-backs go on; no notice filed from now on binds.
    Suspend {
        /// Why, for the counterpart and the record.
        #[arg(long)]
        reason: String,
    },
    /// Be ready to resume. The channel resumes when the other party is, too, and both nodes have found the same logs.
    Resume,
    /// Write a file for the counterpart: what it does not hold, and the receipts for what came from it.
    ExportFrames(carriage::Export),
    /// Take in a file of the counterpart's.
    ImportFrames(carriage::Import),
    /// Show an entry as lines to read out by telephone or radio.
    Dictate(dictation::Dictate),
    /// Take in what the counterpart dictated: an entry, or the receipt for one.
    WriteDown(dictation::WriteDown),
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    match &args.step {
        Some(Step::ExportFrames(export)) => carriage::export(&args.place, export, json).await,
        Some(Step::ImportFrames(import)) => carriage::import(&args.place, import, json).await,
        Some(Step::Dictate(entry)) => dictation::dictate(&args.place, entry, json).await,
        Some(Step::WriteDown(lines)) => dictation::write_down(&args.place, lines, json).await,
        None | Some(Step::Status) => {
            let shown = async |desk: &Desk| Ok((serde_json::json!(desk.view), status(&desk.view), Outcome::Done));
            show_each(&args.place, json, shown).await
        }
        Some(Step::Suspend { reason }) => {
            let signer = args.who.signer(&args.place.dir)?;
            let desk = Desk::open(&args.place).await?;
            let placed = desk.file(&signer, [(Message::Suspend { reason: reason.clone() }, Vec::new())]).await?;
            let told = if desk.view.connected {
                format!("{} is told by the record\n", desk.view.counterpart)
            } else {
                String::new()
            };
            let text = format!(
                "suspended: {reason}\nSTOP, notices and read-backs go on. No notice filed from now on binds, and no\n\
                 proposal is accepted.\n{told}\
                 next: 'skypact channel resume', by an officer of each party"
            );
            show(json, &placed, &(text + &desk.silence()));
            Ok(Outcome::Done)
        }
        Some(Step::Resume) => {
            let signer = args.who.signer(&args.place.dir)?;
            let desk = Desk::open(&args.place).await?;
            let to_answer = desk.view.suspension.iter().flat_map(|suspension| &suspension.to_answer);
            let suspends = to_answer.map(|leaf| hash(leaf)).collect::<Result<Vec<_>, _>>()?;
            if suspends.is_empty() {
                let message = "channel: no suspension stands; see 'skypact channel'";
                return Err(CliError::refused("not-suspended", message));
            }
            let message = Message::Resume { suspends: suspends.clone() };
            let placed = desk.file(&signer, [(message, suspends)]).await?;
            let after = Desk::open(&args.place).await?.view;
            let text = match &after.suspension {
                None => format!("resumed: epoch {}", after.epoch),
                Some(suspension) => format!("ready to resume\nsuspended {}", standing(&after, suspension)),
            };
            show(json, &placed, &text);
            Ok(Outcome::Done)
        }
    }
}

/// Who suspended the channel, why, and who has to act.
pub(super) fn standing(view: &ChannelView, suspension: &SuspensionView) -> String {
    let newest = suspension.suspensions.last();
    let by = newest.map_or_else(
        || "the two nodes are in different epochs".to_owned(),
        |cut| {
            let since = time_text(cut.at_ns);
            format!("by {} ({}) since {since}:\n  {}", cut.party, cut.officer, cut.reason)
        },
    );
    let waits = |done: &[String]| -> Vec<&str> {
        let parties = [&view.party, &view.counterpart].into_iter();
        parties.filter(|party| !done.contains(party)).map(String::as_str).collect()
    };
    let (officers, nodes) = (waits(&suspension.resumed), waits(&suspension.reconciled));
    if suspension.suspensions.is_empty() || officers.is_empty() {
        return fit(&by, "; ", &format!("waits for the node of {}", nodes.join(" and ")));
    }
    fit(&by, "; ", &format!("waits for an officer of {} to resume", officers.join(" and ")))
}

fn status(view: &ChannelView) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{}: {} and {}, epoch {}", view.name, view.party, view.counterpart, view.epoch);
    let _ = match &view.suspension {
        None => writeln!(text, "open"),
        Some(suspension) => writeln!(text, "SUSPENDED {}", standing(view, suspension)),
    };
    let _ = match (view.connected, &view.link_error) {
        (true, _) => writeln!(text, "{} answers", view.counterpart),
        (false, None) => writeln!(text, "LINK DOWN: {} was not heard of yet", view.counterpart),
        (false, Some(error)) => write!(text, "LINK DOWN: {}", flowing(error, 11)),
    };
    for witness in &view.witnesses {
        text.push_str(&wrapped(&witness.line(), 0));
    }
    for clock in &view.clocks {
        text.push_str(&wrapped(&clock.line(&view.party), 0));
    }
    if let Some(suspect) = &view.clock_suspect {
        let _ = writeln!(text, "the others agree that it is {suspect}'s clock: compare with a watch, run NTP");
    }
    for log in &view.logs {
        let delivered = log.delivered.map_or_else(String::new, |delivered| format!(", delivered {delivered}"));
        let held = format!("  {}: {}{delivered}", log.origin, counted(log.size, "entry"));
        let _ =
            writeln!(text, "{}", fit(&held, ", ", &format!("anchored {}, witnessed {}", log.anchored, log.witnessed)));
    }
    let _ = writeln!(
        text,
        "{}, {}",
        counted(view.open_conflicts, "open conflict"),
        counted(view.anomalies.len(), "anomaly")
    );
    for anomaly in &view.anomalies {
        text.push_str(&wrapped(anomaly, 2));
    }
    text
}
