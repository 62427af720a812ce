//! `skypact health`: is trust getting better or worse? A line for each week and party, out of the record alone.

use std::fmt::Write as _;

use super::desk::{Desk, Where};
use super::exit::show;
use super::quantity::time_text;
use super::{CliError, Outcome};
use crate::http::views::{PartyWeekView, WeekView};

/// Arguments of `health`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Where,
    /// Show the newest weeks only.
    #[arg(long, default_value_t = 12)]
    weeks: usize,
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    let desk = Desk::open(&args.place).await?;
    let mut weeks: Vec<WeekView> = desk.client.get(&desk.path("health")).await?;
    weeks.drain(..weeks.len().saturating_sub(args.weeks));
    let mut text = String::new();
    // Writing to a String cannot fail.
    for week in &weeks {
        let date = time_text(week.start_ns);
        let (date, _) = date.split_once('T').unwrap_or((&date, ""));
        let _ = writeln!(
            text,
            "week of {date}: {} conflicts, {} open; {} suspensions",
            week.conflicts, week.conflicts_open, week.suspensions
        );
        for party in &week.parties {
            let _ = writeln!(text, "  {:<5} {}", party.party, line(party));
        }
    }
    if weeks.is_empty() {
        text.push_str("nothing was said yet\n");
    }
    show(json, &weeks, &text);
    Ok(Outcome::Done)
}

fn line(party: &PartyWeekView) -> String {
    let minutes = |ns: Option<i64>| ns.map_or_else(|| "-".to_owned(), |ns| format!("{} min", ns / 60_000_000_000));
    let seconds = |ns: Option<i64>| ns.map_or_else(|| "-".to_owned(), |ns| format!("{} s", ns / 1_000_000_000));
    format!(
        "{} notices, {} LATE, lead {}; read {} in {}, {} overdue,\n        {} unseen overlaps; {} STOPs, {} open, ended in {}; \
         {} of {} test calls missed;\n        nobody on watch {}",
        party.notices,
        party.late,
        minutes(party.lead_median_ns),
        party.read_backs,
        minutes(party.read_back_median_ns),
        party.overdue,
        party.unseen_overlaps,
        party.stops,
        party.stops_open,
        seconds(party.stop_median_ns),
        party.test_calls_missed,
        party.test_calls,
        minutes(Some(party.unattended_ns)),
    )
}
