//! `skypact health`: is trust getting better or worse? A line for each week and party, out of the record alone; and apart from them,
//! what this node measured of the link and the clocks.

use std::fmt::Write as _;

use skypact_record::counted;

use super::desk::{Desk, Shown, Where, show_each};
use super::quantity::time_text;
use super::{CliError, Outcome};
use crate::http::views::{LargestOffsetView, LinkWeekView, PartyWeekView, WeekView};

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
    show_each(&args.place, json, async |desk| weeks(desk, args.weeks).await).await
}

/// The newest weeks of one channel.
async fn weeks(desk: &Desk, newest: usize) -> Result<Shown, CliError> {
    let mut weeks: Vec<WeekView> = desk.client.get(&desk.path("health")).await?;
    weeks.drain(..weeks.len().saturating_sub(newest));
    let mut text = String::new();
    // Writing to a String cannot fail.
    for week in &weeks {
        let _ = writeln!(
            text,
            "week of {}: {}, {} open; {}",
            date(week.start_ns),
            counted(week.conflicts, "conflict"),
            week.conflicts_open,
            counted(week.suspensions, "suspension")
        );
        for party in &week.parties {
            let _ = writeln!(text, "  {:<5} {}", party.party, line(party));
        }
    }
    if weeks.is_empty() {
        text.push_str("nothing was said yet\n");
    }
    let mut measured: Vec<LinkWeekView> = desk.client.get(&desk.path("link")).await?;
    measured.drain(..measured.len().saturating_sub(newest));
    let _ = writeln!(text, "\nmeasured by the node of {} alone, and in no record:", desk.view.party);
    for week in &measured {
        let _ = writeln!(text, "week of {}: {}", date(week.start_ns), link(week, &desk.view.counterpart));
    }
    Ok((serde_json::json!({ "record": weeks, "measured": measured }), text, Outcome::Done))
}

/// The day of a time.
fn date(ns: i64) -> String {
    let time = time_text(ns);
    time.split_once('T').map_or_else(|| time.clone(), |(date, _)| date.to_owned())
}

/// What was measured in a week.
fn link(week: &LinkWeekView, counterpart: &str) -> String {
    let duration = |ns: i64| {
        let minutes = ns / 60_000_000_000;
        if minutes < 60 { format!("{minutes} min") } else { format!("{} h {:02} min", minutes / 60, minutes % 60) }
    };
    let share = |ns: i64| if week.ran_ns > 0 { 100.0 * ns as f64 / week.ran_ns as f64 } else { 0.0 };
    let clock = |clock: &LargestOffsetView| format!("{} {:.3} s", clock.name, clock.offset_ns as f64 / 1e9);
    let clocks = week.clocks.iter().map(clock).collect::<Vec<_>>().join(", ");
    format!(
        "{counterpart} answered {:.2} % of {}; {}, longest {} s;\n  this node did not run {};\n  clocks at least apart at the worst: {}",
        share(week.up_ns),
        duration(week.ran_ns),
        counted(week.outages, "outage"),
        week.longest_outage_ns / 1_000_000_000,
        duration(week.absent_ns),
        if clocks.is_empty() { "not measured" } else { &clocks }
    )
}

fn line(party: &PartyWeekView) -> String {
    let minutes = |ns: Option<i64>| ns.map_or_else(|| "-".to_owned(), |ns| format!("{} min", ns / 60_000_000_000));
    let seconds = |ns: Option<i64>| ns.map_or_else(|| "-".to_owned(), |ns| format!("{} s", ns / 1_000_000_000));
    format!(
        "{}, {} LATE, lead {}; read {} in {}, {} overdue,\n        {}; {}, {} open, ended in {};\n        \
         {} of {} missed; nobody on watch {}",
        counted(party.notices, "notice"),
        party.late,
        minutes(party.lead_median_ns),
        party.read_backs,
        minutes(party.read_back_median_ns),
        party.overdue,
        counted(party.unseen_overlaps, "unseen overlap"),
        counted(party.stops, "STOP"),
        party.stops_open,
        seconds(party.stop_median_ns),
        party.test_calls_missed,
        counted(party.test_calls, "test call"),
        minutes(Some(party.unattended_ns)),
    )
}
