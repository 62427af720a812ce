//! `skypact inbox`: what needs an act of this party.

use std::fmt::Write as _;

use super::agenda::undecided;
use super::case_show::waiting;
use super::channel::standing;
use super::conflicts::{named, pending};
use super::desk::{Desk, Shown, Where, short, show_each};
use super::notice::{ending, line_after};
use super::prose::short_title;
use super::protect_list::unsigned;
use super::quantity::{counted, time_text};
use super::stop::alarm;
use super::{CliError, Outcome, reading};
use crate::alarm::{FailedBell, failed_bells};
use crate::directory::NodeDir;
use crate::http::views::{CaseSummaryView, ConflictView, EntryTimeView, NoticeView, StopView, TestCallView, words};

/// How long it is shown that the counterpart ended or cancelled a notice, ns: 12 h, a long watch.
const OVER_SHOWN_NS: i64 = 12 * 3_600_000_000_000;

/// Arguments of `inbox`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Where,
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    // Whoever asks another machine's node does not have its files.
    let log = args.place.access.api.is_none().then(|| NodeDir(args.place.dir.clone()).alarm_log());
    let failed = log.map_or_else(Vec::new, |log| failed_bells(&log));
    show_each(&args.place, json, async |desk| inbox(desk, &failed).await).await
}

/// A bell that failed, in a line.
pub(super) fn failed_bell(bell: &FailedBell) -> String {
    let FailedBell { bell, event, reason, at_ns, .. } = bell;
    format!("BELL FAILED: {bell}, for {event} at {}\n  {}; see alarms.log", time_text(*at_ns), words(reason))
}

/// What needs an act in one channel, as JSON and as text.
async fn inbox(desk: &Desk, failed: &[FailedBell]) -> Result<Shown, CliError> {
    let mut unread: Vec<NoticeView> = desk.client.get(&desk.path("notices")).await?;
    let over: Vec<NoticeView> = unread.iter().filter(|notice| is_newly_over(desk, notice)).cloned().collect();
    let mut proposals = pending(desk, &unread).await?;
    proposals.retain(|proposal| proposal.turn.as_ref() == Some(&desk.view.party));
    let overdue: Vec<NoticeView> = unread.iter().filter(|notice| is_overdue(desk, notice)).cloned().collect();
    let mut calls: Vec<TestCallView> = desk.client.get(&desk.path("test-calls")).await?;
    calls.retain(|call| call.party == desk.view.counterpart && call.answered_by.is_none());
    unread.retain(|notice| notice.party == desk.view.counterpart && notice.stands && notice.read_back_by.is_none());
    let mut conflicts: Vec<ConflictView> = desk.client.get(&desk.path("conflicts")).await?;
    conflicts.retain(|conflict| conflict.open);
    let mut stops: Vec<StopView> = desk.client.get(&desk.path("stops")).await?;
    stops.retain(|stop| stop.escalating);
    let list = unsigned(desk).await?;
    let (cases, decisions) = (waiting(desk).await?, undecided(desk).await?);
    let mut text = String::new();
    let bells: Vec<&FailedBell> = failed.iter().filter(|bell| bell.channel == desk.view.name).collect();
    text += &first(desk, &stops, &bells, &calls);
    // Writing to a String cannot fail.
    for notice in &overdue {
        let _ = writeln!(text, "{}\n{}", line_after("telephone  ", notice), ending(notice));
        text += &clock_off(&notice.time);
    }
    for notice in &unread {
        let _ = writeln!(text, "{}\n{}", line_after("read back  ", notice), ending(notice));
        text += &clock_off(&notice.time);
        for mismatch in reading::mismatches(notice)? {
            let _ = writeln!(text, "  MISMATCH: {mismatch}");
        }
    }
    for notice in &over {
        let (what, at) = (notice.act.to_uppercase(), time_text(notice.time.claimed_ns));
        let name = notice.call_sign.as_deref().unwrap_or("-");
        let _ =
            writeln!(text, "{what:<11}{}  {} {name}\n  by {} at {at}", short(&notice.id), notice.party, notice.officer);
    }
    if let Some(list) = &list {
        let version = short(&list.version);
        let _ = writeln!(text, "protected  list of {}, not signed for: skypact protect receipt {version}", list.party);
    }
    text += &settling(&cases, decisions);
    for proposal in &proposals {
        let (what, command) = proposal.step();
        let _ = writeln!(text, "{what:<11}{} of {}: {command}", proposal.view.remedy, proposal.view.party);
        let _ = write!(text, "{}", reading::lines(&reading::proposal(&proposal.view)?.volumes));
    }
    for conflict in &conflicts {
        let _ = writeln!(
            text,
            "{} {} - {}",
            if conflict.protected { "PROTECTED " } else { "conflict  " },
            named(&conflict.notices[0]),
            named(&conflict.notices[1])
        );
    }
    text += &desk.unknown();
    let proposals = proposals.into_iter().map(|proposal| proposal.view).collect::<Vec<_>>();
    let value = serde_json::json!({ "stops": stops, "suspension": desk.view.suspension, "test_calls": calls, "overdue": overdue, "unread": unread, "over": over, "conflicts": conflicts, "proposals": proposals, "protected_list": list, "cases": cases, "decisions": decisions, "connected": desk.view.connected, "unknown": desk.view.unknown, "bells_failed": bells, "witnesses": desk.view.witnesses });
    if text.is_empty() {
        text.push_str("nothing needs an act");
    }
    Ok((value, text, Outcome::Done))
}

/// What is to be seen before any notice: STOPs, bells and witnesses that fail, a suspension, test calls.
fn first(desk: &Desk, stops: &[StopView], bells: &[&FailedBell], calls: &[TestCallView]) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    for stop in stops {
        let _ = writeln!(text, "{}", alarm(desk, stop));
        text += &clock_off(&stop.time);
    }
    for bell in bells {
        let _ = writeln!(text, "{}", failed_bell(bell));
    }
    for witness in desk.view.witnesses.iter().filter(|witness| witness.silent) {
        let _ = writeln!(text, "{}", witness.line());
    }
    if let Some(suspension) = &desk.view.suspension {
        let _ = writeln!(text, "SUSPENDED  {}", standing(&desk.view, suspension));
    }
    for call in calls {
        let _ = writeln!(text, "test call  answer it: skypact test-call answer {}", short(&call.id));
        text += &clock_off(&call.time);
    }
    text
}

/// Cases that wait for this party's answer, and decisions that wait for its signature.
fn settling(cases: &[CaseSummaryView], decisions: usize) -> String {
    let line = |case: &CaseSummaryView| {
        format!("answer     {}: skypact case show {}\n", short_title(&case.title), short(&case.id))
    };
    let mut lines: String = cases.iter().map(line).collect();
    if decisions > 0 {
        // Writing to a String cannot fail.
        let _ = writeln!(lines, "sign       {} of the working group: skypact agenda", counted(decisions, "decision"));
    }
    lines
}

/// A line that says so when the time that an entry claims is not when it was placed.
pub(super) fn clock_off(time: &EntryTimeView) -> String {
    time.mismatch(time_text).map_or_else(String::new, |mismatch| format!("  {mismatch}\n"))
}

/// Whether the counterpart ended or cancelled a notice within the last hours: it asks for no act, and has to be known.
fn is_newly_over(desk: &Desk, notice: &NoticeView) -> bool {
    let age_ns = desk.view.now_ns.saturating_sub(notice.time.claimed_ns);
    notice.party == desk.view.counterpart && !notice.stands && age_ns <= OVER_SHOWN_NS
}

/// Whether a notice of this party waits for its read-back longer than the pact allows.
fn is_overdue(desk: &Desk, notice: &NoticeView) -> bool {
    notice.party == desk.view.party && notice.stands && notice.overdue && notice.read_back_by.is_none()
}
