//! `skypact agenda`: what the working group has to talk about, where both sides stand, and what both have signed. Most items come out of
//! the record by themselves, the same at both sides.

use std::fmt::Write as _;

use skypact_channel::{AgendaAct, AgendaEntry, AgendaItem, Cited, Message, Topic};
use skypact_record::counted;

use super::case::digits;
use super::desk::{Acting, Desk, Shown, content, hash, short, show_each};
use super::exit::show;
use super::naming::{DECISION, find};
use super::notice_check::already;
use super::prose::{Prose, by, flowing, quoted};
use super::quantity::time_text;
use super::{CliError, Outcome, minutes};
use crate::http::views::{AgendaView, DecisionView, ItemView};
use crate::node::RecordSigner;

/// Arguments of `agenda`.
pub(super) type Args = Acting<Step>;

/// Longest title in a line.
const TITLE_CHARS: usize = 66;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Step {
    /// List what is open. The same as no subcommand.
    List,
    /// Show an item with all that was said about it.
    Show {
        /// Id of the item: of a case, a notice, a STOP or an item by hand; or its first 6 or more digits.
        id: String,
    },
    /// Put something on the agenda.
    Add {
        /// What it is called.
        title: String,
        /// What there is to talk about.
        #[arg(long)]
        text: Option<String>,
    },
    /// State where this party stands. It takes the place of what it said before, which stays in the record.
    Position {
        /// Id of the item.
        id: String,
        #[command(flatten)]
        text: Prose,
    },
    /// Propose a decision, and sign it.
    Propose {
        /// Id of the item.
        id: String,
        #[command(flatten)]
        text: Prose,
    },
    /// Sign a decision that the counterpart has proposed, exactly as it stands.
    Accept {
        /// Id of the decision.
        id: String,
    },
    /// Print the minutes of some time, as Markdown or as HTML fit for print.
    Minutes(minutes::Args),
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    match &args.step {
        None | Some(Step::List) => show_each(&args.place, json, list).await,
        Some(Step::Show { id }) => {
            let item = item(&Desk::open(&args.place).await?, id).await?;
            show(json, &item, &text(&item));
            Ok(Outcome::Done)
        }
        Some(Step::Minutes(minutes)) => minutes::run(&Desk::open(&args.place).await?, minutes, json).await,
        Some(step) => {
            let signer = args.who.signer(&args.place.dir)?;
            act(&Desk::open(&args.place).await?, &signer, step, json).await
        }
    }
}

async fn item(desk: &Desk, id: &str) -> Result<ItemView, CliError> {
    Ok(desk.client.get(&desk.path(&format!("agenda-item?id={}", digits(id)?))).await?)
}

async fn act(desk: &Desk, signer: &RecordSigner, step: &Step, json: bool) -> Result<Outcome, CliError> {
    let (message, references, text) = match step {
        Step::Add { title, text } => {
            let item = AgendaItem { title: title.clone(), text: text.clone() };
            (Message::AgendaItem(item), Vec::new(), format!("on the agenda: {title}"))
        }
        Step::Position { id, text } => {
            let (item, text) = (item(desk, id).await?, text.words()?);
            let shown = format!("position on {}\n{}", item.title, quoted(&text, 2));
            (said(&item, AgendaAct::Position { text })?, vec![hash(&item.id)?], shown)
        }
        Step::Propose { id, text } => {
            let (item, text) = (item(desk, id).await?, text.words()?);
            let shown = format!("signed for this party, on {}\n{}", item.title, quoted(&text, 2));
            (said(&item, AgendaAct::Proposed { text })?, vec![hash(&item.id)?], shown)
        }
        Step::Accept { id } => {
            let item = item(desk, id).await?;
            let decision = desk.found(decision(id, &item)).await?;
            if let Some(signed) = &decision.accepted {
                return Err(already("id", &format!("{} of {} has signed it too", signed.officer, signed.party)));
            }
            // What is signed is what is shown, and not what the node says about it.
            let (leaf, content) = (hash(&decision.said.id)?, content(&decision.body, &decision.content)?);
            let shown = format!("DECIDED: both sides have signed this\n{}", quoted(&decision.said.text, 2));
            (said(&item, AgendaAct::Accepted(Cited { leaf, content }))?, vec![leaf], shown)
        }
        Step::List | Step::Show { .. } | Step::Minutes(_) => {
            return Err(CliError::usage("arguments-invalid", "step", "step: is none that acts"));
        }
    };
    // What the counterpart could not read is refused here, where the field can be named.
    Message::decode(message.kind(), &message.encode())
        .map_err(|error| CliError::usage(error.code(), error.field, error.to_string()))?;
    let placed = desk.file(signer, [(message, references)]).await?;
    let id = placed.first().map_or("", |placed| short(&placed.leaf));
    let counterpart = &desk.view.counterpart;
    let next = matches!(step, Step::Propose { .. })
        .then(|| format!("next: {counterpart} signs it with 'skypact agenda accept {id}'"));
    show(json, &placed, &format!("{id}  {text}{}", next.unwrap_or_default()));
    Ok(Outcome::Done)
}

fn said(item: &ItemView, act: AgendaAct) -> Result<Message, CliError> {
    Ok(Message::AgendaEntry(AgendaEntry { item: hash(&item.id)?, act }))
}

fn decision<'a>(id: &str, item: &'a ItemView) -> Result<&'a DecisionView, CliError> {
    let id = find(DECISION, "id", id, item.decisions.iter().map(|decision| &decision.said.id))?;
    Ok(item.decisions.iter().find(|decision| decision.said.id == *id).expect("found above"))
}

async fn list(desk: &Desk) -> Result<Shown, CliError> {
    let agenda: AgendaView = desk.client.get(&desk.path("agenda")).await?;
    let mut text = format!("{} open\n", counted(agenda.open, "item"));
    // Writing to a String cannot fail.
    for count in &agenda.topics {
        let _ = writeln!(text, "  {:<17} {:<5} {}", count.topic, count.party, count.items);
    }
    for item in &agenda.items {
        let title: String = item.title.chars().take(TITLE_CHARS).collect();
        let _ = write!(text, "{}  {title}\n            {}", short(&item.id), flowing(&why(item), 12));
    }
    if agenda.items.len() < agenda.open {
        let _ = writeln!(text, "and {} more", agenda.open - agenda.items.len());
    }
    Ok((serde_json::to_value(&agenda).unwrap_or_default(), text, Outcome::Done))
}

/// How many items have a decision that waits for this party's signature.
pub(super) async fn undecided(desk: &Desk) -> Result<usize, CliError> {
    let agenda: AgendaView = desk.client.get(&desk.path("agenda")).await?;
    let own = agenda.topics.iter().filter(|count| count.party == desk.view.party);
    Ok(own.filter(|count| count.topic == Topic::Undecided.name()).map(|count| count.items).sum())
}

/// Why an item is open.
pub(super) fn why(item: &ItemView) -> String {
    let point = |point: &crate::http::views::PointView| {
        let times = if point.count > 1 { format!(" ({} times)", point.count) } else { String::new() };
        format!("{} of {}{times} since {}", point.topic, point.party, time_text(point.since_ns))
    };
    let points: Vec<String> = item.points.iter().map(point).collect();
    if points.is_empty() { "not open".to_owned() } else { points.join("; ") }
}

fn text(item: &ItemView) -> String {
    let mut text = format!("{}  {}\n  {}", short(&item.id), item.title, flowing(&why(item), 2));
    if let Some(raised) = &item.raised {
        let _ = writeln!(text, "  raised by {}", by(raised));
        if !raised.text.is_empty() {
            text += &quoted(&raised.text, 4);
        }
    }
    for position in &item.positions {
        let mark = if position.superseded { " (superseded)" } else { "" };
        let _ = write!(text, "position of {}{mark}\n{}", by(&position.said), quoted(&position.said.text, 4));
    }
    for decision in &item.decisions {
        let _ = writeln!(text, "decision {} signed by {}", short(&decision.said.id), by(&decision.said));
        if let Some(accepted) = &decision.accepted {
            let _ = writeln!(text, "  and by {}", by(accepted));
        } else {
            let id = short(&decision.said.id);
            let _ = writeln!(text, "  NOT signed by the other side: 'skypact agenda accept {id}' signs it");
        }
        text += &quoted(&decision.said.text, 4);
    }
    text
}
