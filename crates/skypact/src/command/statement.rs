//! `skypact statement`, `statements`: who said what, and who held what at a time. A changed position takes the place of the earlier one,
//! which stays.

use std::fmt::Write as _;

use skypact_airspace::UtcNanos;
use skypact_channel::{Message, Statement};

use super::desk::{Desk, Shown, Where, Who, hash, readable, short, show_each};
use super::exit::show;
use super::naming::{STATEMENT, find};
use super::notice_check::not_to_come;
use super::quantity::{time_ns, time_text, wrapped};
use super::{CliError, Outcome};
use crate::http::views::{OnRecord, StatementView};

/// How `statement` is called, in 80 columns.
pub(super) const USAGE: &str =
    "skypact statement [OPTIONS] --subject <SUBJECT> --speaker <SPEAKER>\n         --said <SAID> <QUOTE>";

/// Arguments of `statement`: enters one.
#[derive(Debug, clap::Args)]
pub(super) struct EnterArgs {
    /// What was said, in the words of the speaker.
    quote: String,
    /// What it is about, so that positions on one matter stand together.
    #[arg(long)]
    subject: String,
    /// Whose statement it is, such as a party or a government.
    #[arg(long)]
    speaker: String,
    /// Office or person who said it.
    #[arg(long)]
    role: Option<String>,
    /// When it was said, UTC: 2017-04-07T09:00:00Z.
    #[arg(long)]
    said: String,
    /// Language of the quoted words, a BCP 47 tag.
    #[arg(long, default_value = "en")]
    language: String,
    /// Where it was said or published.
    #[arg(long)]
    source: Option<String>,
    /// Id of the statement of this party that it takes the place of.
    #[arg(long)]
    supersedes: Option<String>,
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    who: Who,
}

/// Arguments of `statements`: shows them.
#[derive(Debug, clap::Args)]
pub(super) struct ShowArgs {
    /// Who held what at this time, UTC; now without it.
    #[arg(long)]
    at: Option<String>,
    /// Of one subject alone.
    #[arg(long)]
    subject: Option<String>,
    /// Those that another one has taken the place of by then, too.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    place: Where,
}

pub(super) async fn enter(args: EnterArgs, json: bool) -> Result<Outcome, CliError> {
    let said = UtcNanos(time_ns("said", &args.said)?);
    let signer = args.who.signer(&args.place.dir)?;
    let desk = Desk::open(&args.place).await?;
    not_to_come("said", said.0, desk.view.now_ns)?;
    let supersedes = match &args.supersedes {
        None => None,
        Some(id) => {
            let known = statements(&desk).await?;
            Some(hash(desk.found(find(STATEMENT, "supersedes", id, known.iter().map(|known| &known.id))).await?)?)
        }
    };
    let message = Message::Statement(Statement {
        subject: args.subject,
        speaker: args.speaker,
        role: args.role,
        said,
        language: args.language,
        quote: args.quote,
        source: args.source,
        supersedes,
    });
    readable(&message)?;
    let placed = desk.file(&signer, [(message, supersedes.into_iter().collect())]).await?;
    let id = placed.first().map_or("", |placed| short(&placed.leaf));
    let kept = if supersedes.is_some() { "; the earlier one stays" } else { "" };
    let text = format!("statement {id} entered{kept}; {} sees it", desk.view.counterpart);
    show(json, &placed, &format!("{text}\nnext: 'skypact statements' shows who holds what"));
    Ok(Outcome::Done)
}

async fn statements(desk: &Desk) -> Result<Vec<StatementView>, CliError> {
    Ok(desk.client.get(&desk.path("statements")).await?)
}

/// A statement that was on the record at the time that is asked for.
#[derive(Debug, serde::Serialize)]
struct Held {
    /// proven or claimed: how it is known that it was on the record then.
    on_record: &'static str,
    /// Whether another one had taken its place by then.
    superseded: bool,
    #[serde(flatten)]
    statement: StatementView,
}

pub(super) async fn display(args: ShowArgs, json: bool) -> Result<Outcome, CliError> {
    let at_ns = args.at.as_deref().map(|at| time_ns("at", at)).transpose()?;
    show_each(&args.place, json, async |desk| held(desk, &args, at_ns).await).await
}

async fn held(desk: &Desk, args: &ShowArgs, at_ns: Option<i64>) -> Result<Shown, CliError> {
    let at_ns = at_ns.unwrap_or(desk.view.now_ns);
    not_to_come("at", at_ns, desk.view.now_ns)?;
    let all = statements(desk).await?;
    let mut held = held_at(&all, at_ns);
    held.retain(|held| {
        let is_asked = args.subject.as_ref().is_none_or(|subject| *subject == held.statement.subject);
        is_asked && (args.all || !held.superseded)
    });
    let key = |held: &Held| {
        let of = &held.statement;
        (of.subject.clone(), of.speaker.clone(), of.said_ns, of.id.clone())
    };
    held.sort_by_key(key);
    let mut text = format!("at {}\n", time_text(at_ns));
    let mut subject = None;
    for held in &held {
        if subject != Some(&held.statement.subject) {
            subject = Some(&held.statement.subject);
            text.push_str(&wrapped(&held.statement.subject, 0));
        }
        text.push_str(&statement_text(held));
    }
    if held.is_empty() {
        text.push_str("no statement was on the record\n");
    }
    Ok((serde_json::to_value(&held).unwrap_or_default(), text, Outcome::Done))
}

/// What was on the record at a time, by what is proven, else by what is claimed.
fn held_at(all: &[StatementView], at_ns: i64) -> Vec<Held> {
    let on_record = |id: &String| all.iter().find(|known| known.id == *id).map(|known| known.time.on_record(at_ns));
    let held = |statement: &StatementView| {
        let how = match statement.time.on_record(at_ns) {
            OnRecord::Proven => "proven",
            OnRecord::Claimed => "claimed",
            OnRecord::NotYet => return None,
        };
        let later = statement.superseded_by.as_ref().and_then(on_record);
        let superseded = later.is_some_and(|later| later != OnRecord::NotYet);
        Some(Held { on_record: how, superseded, statement: statement.clone() })
    };
    all.iter().filter_map(held).collect()
}

fn statement_text(held: &Held) -> String {
    let of = &held.statement;
    let role = of.role.as_ref().map(|role| format!(", {role}")).unwrap_or_default();
    let earlier = if held.superseded { "EARLIER: " } else { "" };
    let mut text = wrapped(&format!("{earlier}{}{role}, said {}", of.speaker, time_text(of.said_ns)), 2);
    text.push_str(&wrapped(&format!("[{}] \"{}\"", of.language, of.quote), 4));
    if let Some(source) = &of.source {
        text.push_str(&wrapped(source, 4));
    }
    let since = match (held.on_record, of.time.not_after_ns) {
        ("proven", Some(not_after_ns)) => format!("proven: on the record by {}", time_text(not_after_ns)),
        _ => format!("claimed, not proven: on the record since {}", time_text(of.time.claimed_ns)),
    };
    // Writing to a String cannot fail.
    let _ = writeln!(text, "    {}, entered by {} of {}\n    {since}", short(&of.id), of.officer, of.party);
    if let Some(earlier) = &of.supersedes {
        let _ = writeln!(text, "    in place of {}", short(earlier));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::views::EntryTimeView;

    fn statement(id: &str, claimed_ns: i64, proven: Option<(i64, i64)>, superseded_by: Option<&str>) -> StatementView {
        StatementView {
            id: id.to_owned(),
            party: "RED".to_owned(),
            officer: "Duty officer".to_owned(),
            subject: "Strike".to_owned(),
            speaker: "BLUE".to_owned(),
            role: None,
            said_ns: 0,
            language: "en".to_owned(),
            quote: id.to_owned(),
            source: None,
            supersedes: None,
            superseded_by: superseded_by.map(str::to_owned),
            time: EntryTimeView {
                claimed_ns,
                not_before_ns: proven.map(|(not_before_ns, _)| not_before_ns),
                not_after_ns: proven.map(|(_, not_after_ns)| not_after_ns),
                clock_off: false,
            },
        }
    }

    #[test]
    fn who_held_what_goes_by_what_is_proven_and_else_by_what_is_claimed() {
        // The second one claims to be older than the first, and is proven to be younger.
        let all =
            [statement("first", 100, Some((90, 110)), Some("second")), statement("second", 50, Some((190, 210)), None)];
        let told = |at_ns: i64| {
            let held = held_at(&all, at_ns).into_iter();
            held.map(|held| (held.statement.id, held.on_record, held.superseded)).collect::<Vec<_>>()
        };
        assert_eq!(told(80), []);
        assert_eq!(told(105), [("first".to_owned(), "claimed", false)]);
        assert_eq!(told(150), [("first".to_owned(), "proven", false)]);
        let both = [("first".to_owned(), "proven", true), ("second".to_owned(), "proven", false)];
        assert_eq!(told(210), both);
        assert_eq!(told(200)[1], ("second".to_owned(), "claimed", false));
    }
}
