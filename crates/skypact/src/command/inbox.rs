//! `skypact inbox`: what needs an act of this party.

use std::fmt::Write as _;

use skypact_record::counted;

use super::agenda::undecided;
use super::case_show::waiting;
use super::channel::standing;
use super::conflicts::{named, pending};
use super::desk::{Desk, Shown, Where, short, show_each};
use super::notice::{ending, line_after};
use super::prose::short_title;
use super::protect_list::unsigned;
use super::quantity::time_text;
use super::stop::alarm;
use super::{CliError, Outcome, commitment, hotline, line, reading};
use crate::alarm::FailedBell;
use crate::http::views::{
    CaseSummaryView, CommitmentView, ConflictView, CrossingView, EntryTimeView, HotlineView, NoticeView, StopView,
    TestCallView, words,
};

/// How long it is shown that the counterpart ended or cancelled a notice, ns: 12 h, a long watch.
const OVER_SHOWN_NS: i64 = 12 * 3_600_000_000_000;

/// Arguments of `inbox`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Where,
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    show_each(&args.place, json, async |desk| inbox(desk).await).await
}

/// A bell that failed, in a line.
pub(super) fn failed_bell(bell: &FailedBell) -> String {
    let FailedBell { bell, event, reason, at_ns, .. } = bell;
    format!("BELL FAILED: {bell}, for {event} at {}\n  {}; see alarms.log", time_text(*at_ns), words(reason))
}

/// What needs an act in one channel, as JSON and as text.
async fn inbox(desk: &Desk) -> Result<Shown, CliError> {
    let notices: Vec<NoticeView> = desk.client.get(&desk.path("notices")).await?;
    let mut proposals = pending(desk, &notices).await?;
    proposals.retain(|proposal| proposal.turn.as_ref() == Some(&desk.view.party));
    let of = |is_asked: fn(&Desk, &NoticeView) -> bool| -> Vec<NoticeView> {
        notices.iter().filter(|notice| is_asked(desk, notice)).cloned().collect()
    };
    let (overdue, unread, over) = (of(is_overdue), of(is_unread), of(is_newly_over));
    let mut conflicts: Vec<ConflictView> = desk.client.get(&desk.path("conflicts")).await?;
    conflicts.retain(|conflict| conflict.open);
    conflicts.sort_by_key(|conflict| !conflict.protected);
    let list = unsigned(desk).await?;
    let (first, settling) = (First::of(desk).await?, Settling::of(desk).await?);
    let mut text = first.text(desk, &conflicts);
    text += &lines(&overdue, &unread, &over)?;
    if let Some(list) = &list {
        let version = short(&list.version);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "protected  list of {}, not signed for: skypact protect receipt {version}", list.party);
    }
    text += &settling.text(desk);
    for proposal in &proposals {
        let (what, command) = proposal.step();
        let _ = writeln!(text, "{what:<11}{} of {}: {command}", proposal.view.remedy, proposal.view.party);
        let _ = write!(text, "{}", reading::lines(&reading::proposal(&proposal.view)?.volumes));
    }
    text += &conflict_lines(conflicts.iter().filter(|conflict| !conflict.protected));
    text += &desk.unknown();
    let proposals = proposals.into_iter().map(|proposal| proposal.view).collect::<Vec<_>>();
    let (First { stops, bells, calls, hotline }, Settling { cases, decisions, commitments, crossings }) =
        (first, settling);
    let value = serde_json::json!({ "stops": stops, "suspension": desk.view.suspension, "test_calls": calls, "hotline": hotline, "overdue": overdue, "unread": unread, "over": over, "conflicts": conflicts, "proposals": proposals, "protected_list": list, "cases": cases, "decisions": decisions, "commitments": commitments, "crossings": crossings, "connected": desk.view.connected, "unknown": desk.view.unknown, "bells_failed": bells, "witnesses": desk.view.witnesses });
    if text.is_empty() {
        text.push_str("nothing needs an act");
    }
    Ok((value, text, Outcome::Done))
}

/// Notices of this party that are overdue, those of the other one that nobody has read back, and those that it took back.
fn lines(overdue: &[NoticeView], unread: &[NoticeView], over: &[NoticeView]) -> Result<String, CliError> {
    let mut text = String::new();
    // Writing to a String cannot fail.
    for notice in overdue {
        let _ = writeln!(text, "{}\n{}", line_after("telephone  ", notice), ending(notice));
        text += &clock_off(&notice.time);
    }
    for notice in unread {
        let _ = writeln!(text, "{}\n{}", line_after("read back  ", notice), ending(notice));
        text += &clock_off(&notice.time);
        for mismatch in reading::mismatches(notice)? {
            let _ = writeln!(text, "  MISMATCH: {mismatch}");
        }
    }
    for notice in over {
        let (what, at) = (notice.act.to_uppercase(), time_text(notice.time.claimed_ns));
        let name = notice.call_sign.as_deref().unwrap_or("-");
        let _ =
            writeln!(text, "{what:<11}{}  {} {name}\n  by {} at {at}", short(&notice.id), notice.party, notice.officer);
    }
    Ok(text)
}

fn conflict_lines<'a>(conflicts: impl Iterator<Item = &'a ConflictView>) -> String {
    let line = |conflict: &ConflictView| {
        let what = if conflict.protected { "PROTECTED" } else { "conflict" };
        let [a, b] = conflict.notices.each_ref().map(|name| named(name));
        format!("{what:<11}{a} - {b}\n")
    };
    conflicts.map(line).collect()
}

/// What is to be seen before any notice.
struct First {
    stops: Vec<StopView>,
    bells: Vec<FailedBell>,
    calls: Vec<TestCallView>,
    /// What the counterpart said since this party spoke last.
    hotline: Vec<HotlineView>,
}

impl First {
    async fn of(desk: &Desk) -> Result<Self, CliError> {
        let mut stops: Vec<StopView> = desk.client.get(&desk.path("stops")).await?;
        stops.retain(|stop| stop.escalating);
        let mut calls: Vec<TestCallView> = desk.client.get(&desk.path("test-calls")).await?;
        calls.retain(|call| call.party == desk.view.counterpart && call.answered_by.is_none());
        let bells = desk.client.get(&desk.path("bells")).await?;
        Ok(Self { stops, bells, calls, hotline: hotline::waiting(desk).await? })
    }

    /// STOPs, conflicts with something protected, bells and witnesses that fail, a suspension, test calls, the hotline.
    fn text(&self, desk: &Desk, conflicts: &[ConflictView]) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        for stop in &self.stops {
            let _ = writeln!(text, "{}", alarm(desk, stop));
            text += &clock_off(&stop.time);
        }
        text += &conflict_lines(conflicts.iter().filter(|conflict| conflict.protected));
        for bell in &self.bells {
            let _ = writeln!(text, "{}", failed_bell(bell));
        }
        for witness in desk.view.witnesses.iter().filter(|witness| witness.silent) {
            let _ = writeln!(text, "{}", witness.line());
        }
        if let Some(suspension) = &desk.view.suspension {
            let _ = writeln!(text, "SUSPENDED  {}", standing(&desk.view, suspension));
        }
        for call in &self.calls {
            let _ = writeln!(text, "test call  answer it: skypact test-call answer {}", short(&call.id));
            text += &clock_off(&call.time);
        }
        if !self.hotline.is_empty() {
            let count = counted(self.hotline.len(), "message");
            let _ = writeln!(text, "hotline    {count} of {}: skypact hotline read", desk.view.counterpart);
        }
        text
    }
}

/// What waits in what the parties settle with each other.
struct Settling {
    /// Cases that wait for this party's answer.
    cases: Vec<CaseSummaryView>,
    /// How many decisions wait for its signature.
    decisions: usize,
    /// Commitments that are overdue, and about which it has found nothing.
    commitments: Vec<CommitmentView>,
    /// Crossings that the counterpart disputes, and of which it has said nothing.
    crossings: Vec<CrossingView>,
}

impl Settling {
    async fn of(desk: &Desk) -> Result<Self, CliError> {
        Ok(Self {
            cases: waiting(desk).await?,
            decisions: undecided(desk).await?,
            commitments: commitment::waiting(desk).await?,
            crossings: line::waiting(desk).await?,
        })
    }

    fn text(&self, desk: &Desk) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        for case in &self.cases {
            let (title, id) = (short_title(&case.title), short(&case.id));
            let _ = writeln!(text, "answer     {title}: skypact case show {id}");
        }
        if self.decisions > 0 {
            let decisions = counted(self.decisions, "decision");
            let _ = writeln!(text, "sign       {decisions} of the working group: skypact agenda");
        }
        for commitment in &self.commitments {
            let (of, id) = (commitment.of.as_deref().unwrap_or("both parties"), short(&commitment.id));
            let due = time_text(commitment.due_ns);
            let _ = writeln!(
                text,
                "OVERDUE    commitment of {of}, due {due}\n  say what you find: skypact commitment find {id} FINDING"
            );
        }
        if !self.crossings.is_empty() {
            let (count, other) = (counted(self.crossings.len(), "crossing"), &desk.view.counterpart);
            let _ = writeln!(text, "answer     {count} that {other} disputes: skypact line");
        }
        text
    }
}

/// A line that says so when the time that an entry claims is not when it was placed.
pub(super) fn clock_off(time: &EntryTimeView) -> String {
    time.mismatch(time_text).map_or_else(String::new, |mismatch| format!("  {mismatch}\n"))
}

/// Whether a standing notice of the counterpart was not read back.
fn is_unread(desk: &Desk, notice: &NoticeView) -> bool {
    notice.party == desk.view.counterpart && notice.stands && notice.read_back_by.is_none()
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
