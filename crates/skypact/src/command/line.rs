//! `skypact line`: the deconfliction line of the pact, what crossed it, and what is said about that. Tracks stay here; what this party
//! counted from them goes out as signed reports.

use std::fmt::Write as _;

use skypact_channel::{CrossingDispute, DisputeAct, DisputeReason, Message};
use skypact_record::counted;

use super::desk::{Acting, Desk, Shown, hash, readable, short, show_each};
use super::exit::show;
use super::naming::{CROSSING, find};
use super::quantity::{time_ns, time_text, wrapped};
use super::{CliError, Outcome, line_count};
use crate::http::views::{CrossingView, LineDayView, LineQuery, LineView};

/// A day, ns.
const DAY_NS: i64 = 86_400_000_000_000;

/// Arguments of `line`.
pub(super) type Args = Acting<Step>;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Step {
    /// Show the line, the count by day, and each crossing. The same as no subcommand. Exit code 1 when the counterpart disputes a crossing
    /// and this party has said nothing about it.
    Show {
        /// One day alone, UTC: 2017-06-12.
        #[arg(long)]
        day: Option<String>,
    },
    /// Count the crossings of recorded tracks. With --file they are reported to the counterpart, each once; the tracks stay here.
    Count(line_count::Args),
    /// Dispute a crossing, whoever reported it.
    Dispute {
        /// Id of a report of it, or its first 6 or more digits.
        id: String,
        /// gps-interference, identity, position, time or other.
        #[arg(long)]
        reason: String,
        /// In words; needed for another reason.
        #[arg(long)]
        text: Option<String>,
    },
    /// Maintain a crossing that the counterpart disputes.
    Maintain {
        /// Id of a report of it, or its first 6 or more digits.
        id: String,
        /// Why.
        #[arg(long)]
        text: Option<String>,
    },
    /// Dispute a crossing no more.
    Withdraw {
        /// Id of a report of it, or its first 6 or more digits.
        id: String,
        /// Why.
        #[arg(long)]
        text: Option<String>,
    },
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    match &args.step {
        None => show_each(&args.place, json, async |desk| display(desk, None).await).await,
        Some(Step::Show { day }) => {
            show_each(&args.place, json, async |desk| display(desk, day.as_deref()).await).await
        }
        Some(Step::Count(count)) => line_count::run(count, &args.place, &args.who, json).await,
        Some(Step::Dispute { id, reason, text }) => {
            let names = "reason: give gps-interference, identity, position, time or other";
            let reason = DisputeReason::from_name(reason);
            let reason = reason.ok_or_else(|| CliError::usage("field-invalid", "reason", names))?;
            say(&args, id, DisputeAct::Disputes, Some(reason), text.as_ref(), json).await
        }
        Some(Step::Maintain { id, text }) => say(&args, id, DisputeAct::Maintains, None, text.as_ref(), json).await,
        Some(Step::Withdraw { id, text }) => say(&args, id, DisputeAct::Withdraws, None, text.as_ref(), json).await,
    }
}

async fn say(
    args: &Args,
    id: &str,
    act: DisputeAct,
    reason: Option<DisputeReason>,
    text: Option<&String>,
    json: bool,
) -> Result<Outcome, CliError> {
    let signer = args.who.signer(&args.place.dir)?;
    let desk = Desk::open(&args.place).await?;
    let view: LineView = desk.client.get(&desk.path(&LineQuery::default().path())).await?;
    let reports = view.crossings.iter().flat_map(|crossing| &crossing.reports);
    let crossing = hash(desk.found(find(CROSSING, "crossing", id, reports.map(|report| &report.id))).await?)?;
    let message = Message::CrossingDispute(CrossingDispute { crossing, act, reason, text: text.cloned() });
    readable(&message)?;
    let placed = desk.file(&signer, [(message, vec![crossing])]).await?;
    let text = format!(
        "recorded: {} {} the crossing; {} sees it\nnext: 'skypact line' shows what both say of it",
        desk.view.party,
        act.name(),
        desk.view.counterpart
    );
    show(json, &placed, &text);
    Ok(Outcome::Done)
}

async fn display(desk: &Desk, day: Option<&str>) -> Result<Shown, CliError> {
    let query = match day {
        None => LineQuery::default(),
        Some(day) => {
            let from_ns = time_ns("day", &format!("{day}T00:00:00Z"))
                .map_err(|_| CliError::usage("field-invalid", "day", format!("day: '{day}': write 2017-06-12")))?;
            LineQuery {
                from_ns: Some(from_ns),
                until_ns: Some(from_ns.saturating_add(DAY_NS - 1)),
                ..LineQuery::default()
            }
        }
    };
    let view: LineView = desk.client.get(&desk.path(&query.path())).await?;
    let mut text = head(&view);
    // Writing to a String cannot fail.
    for day in &view.days {
        let _ = writeln!(text, "{}", day_line(&view, day));
        for crossing in view.crossings.iter().filter(|crossing| crossing.time_ns - day.start_ns < DAY_NS) {
            if crossing.time_ns >= day.start_ns {
                text.push_str(&crossing_text(&view, crossing));
            }
        }
    }
    if view.days.is_empty() {
        text.push_str("no crossing is reported\n");
    }
    if !view.announced.is_empty() {
        let _ = writeln!(text, "announced by corridors of notices, and no part of the count: {}", view.announced.len());
    }
    let outcome = if view.waiting > 0 { Outcome::CheckFailed } else { Outcome::Done };
    Ok((serde_json::to_value(&view).unwrap_or_default(), text, outcome))
}

/// Crossings that the counterpart disputes, and of which this party has said nothing.
pub(super) async fn waiting(desk: &Desk) -> Result<Vec<CrossingView>, CliError> {
    let query = LineQuery { waiting: true, ..LineQuery::default() };
    let view: LineView = desk.client.get(&desk.path(&query.path())).await?;
    Ok(view.crossings)
}

/// The line itself.
fn head(view: &LineView) -> String {
    let place = |[lat_e9, lng_e9]: &[i64; 2]| place(*lat_e9, *lng_e9);
    match (&view.points_e9[..], &view.problem) {
        ([], _) => "the pact has no deconfliction line\n".to_owned(),
        (_, Some(problem)) => format!("nothing can be counted by the pact's line: {problem}\n"),
        ([first, .., last], None) if view.inward.is_none() => {
            format!("line of {}, from {} to {}\n", counted(view.points_e9.len(), "point"), place(first), place(last))
        }
        (points, None) => format!("area with {}\n", counted(points.len().saturating_sub(1), "corner")),
    }
}

fn day_line(view: &LineView, day: &LineDayView) -> String {
    let mut parts: Vec<String> =
        view.parties.iter().zip(&day.by_party).map(|(party, count)| format!("{party} {count}")).collect();
    if day.by_unknown > 0 {
        parts.push(format!("unknown {}", day.by_unknown));
    }
    let date = time_text(day.start_ns);
    let crossings = usize::try_from(day.crossings).unwrap_or(usize::MAX);
    let mut text = format!("{}: {}: {}", &date[..date.len().min(10)], counted(crossings, "crossing"), parts.join(", "));
    for (count, what) in
        [(day.disputed, "disputed"), (day.reported_by_one, "reported by one party alone"), (day.struck, "struck")]
    {
        if count > 0 {
            let _ = write!(text, "; {count} {what}");
        }
    }
    text
}

fn crossing_text(view: &LineView, crossing: &CrossingView) -> String {
    let way = match &view.inward {
        None => crossing.direction.replace('-', " "),
        Some(inward) if *inward == crossing.direction => "into the area".to_owned(),
        Some(_) => "out of the area".to_owned(),
    };
    let flown_by = crossing.flown_by.as_ref().map(|party| format!(" of {party}")).unwrap_or_default();
    let (time, place) = (time_text(crossing.time_ns), place(crossing.lat_e9, crossing.lng_e9));
    let struck = if crossing.stand == "struck" { "STRUCK, not counted: " } else { "" };
    let mut text = format!("  {struck}{time}  {}{flown_by}\n    {way} at {place}\n    reported by ", crossing.flight);
    let reports = crossing.reports.iter().map(|report| format!("{} ({})", report.party, short(&report.id)));
    text.push_str(&reports.collect::<Vec<_>>().join(", "));
    text.push('\n');
    for said in &crossing.positions {
        let mark = if said.act == "disputes" { "DISPUTED: " } else { "" };
        let _ = write!(text, "    {mark}{} of {} {} it", said.officer, said.party, said.act);
        let why = [said.reason.clone(), said.text.clone()];
        let why = why.into_iter().flatten().collect::<Vec<_>>().join(": ");
        text.push('\n');
        if !why.is_empty() {
            text.push_str(&wrapped(&why, 6));
        }
    }
    text
}

/// A place in decimal degrees.
fn place(lat_e9: i64, lng_e9: i64) -> String {
    format!("{:.4},{:.4}", lat_e9 as f64 / 1e9, lng_e9 as f64 / 1e9)
}
