//! `skypact case list`, `show`: cases on a screen of 80 columns. What other people wrote is behind a bar.

use std::fmt::Write as _;
use std::path::Path;

use skypact_record::counted;

use super::case::case;
use super::desk::{Desk, Shown, short};
use super::exit::show;
use super::prose::{by, flowing, quoted};
use super::quantity::time_text;
use super::{CliError, Outcome};
use crate::directory::NodeDir;
use crate::evidence;
use crate::http::views::{AskedView, CaseSummaryView, CaseView, CasesView, FileView, SaidView};

/// Longest title in a line.
const TITLE_CHARS: usize = 66;

pub(super) async fn list(desk: &Desk, closed: bool) -> Result<Shown, CliError> {
    let cases: CasesView = desk.client.get(&desk.path(&format!("cases?closed={closed}"))).await?;
    let mut text = format!("{} open, {} closed\n", counted(cases.open, "case"), cases.closed);
    // Writing to a String cannot fail.
    for count in &cases.causes {
        let _ = writeln!(text, "  {:<16} {:<5} {}", count.cause, count.party, count.open);
    }
    for case in &cases.cases {
        let title: String = case.title.chars().take(TITLE_CHARS).collect();
        let _ = write!(text, "{}  {title}\n            {}", short(&case.id), flowing(&state(case), 12));
    }
    let listed = cases.cases.iter().filter(|case| !case.closed).count();
    if listed < cases.open {
        let _ = writeln!(text, "and {} more, of which nobody has said anything", cases.open - listed);
    }
    Ok((serde_json::to_value(&cases).unwrap_or_default(), text, Outcome::Done))
}

/// Cases in which this party owes an answer.
pub(super) async fn waiting(desk: &Desk) -> Result<Vec<CaseSummaryView>, CliError> {
    let cases: CasesView = desk.client.get(&desk.path("cases")).await?;
    Ok(cases.cases.into_iter().filter(|case| case.waits_for.contains(&desk.view.party)).collect())
}

/// How a case stands.
fn state(case: &CaseSummaryView) -> String {
    let mut parts = Vec::new();
    if case.closed {
        parts.push("CLOSED".to_owned());
    } else {
        parts.extend(case.closed_by.iter().map(|party| format!("closed by {party} alone")));
    }
    parts.extend(case.opened_by.iter().map(|party| format!("opened by {party}")));
    parts.extend(
        case.causes.iter().map(|cause| format!("{} of {}, {}", cause.cause, cause.party, time_text(cause.since_ns))),
    );
    if case.facts > 0 {
        parts.push(format!("{}: {} agreed, {} disputed", counted(case.facts, "fact"), case.agreed, case.disputed));
    }
    if case.requests > 0 {
        let given = case.requests - case.withheld - case.unanswered;
        let (withheld, unanswered) = (case.withheld, case.unanswered);
        let requests = counted(case.requests, "request");
        parts.push(format!("{requests}: {given} given, {withheld} WITHHELD, {unanswered} UNANSWERED"));
    }
    parts.join("; ")
}

pub(super) async fn show_one(desk: &Desk, dir: &Path, id: &str, json: bool) -> Result<Outcome, CliError> {
    let case = case(desk, id).await?;
    show(json, &case, &text(&case, &desk.view.party, &NodeDir(dir.to_path_buf())));
    Ok(Outcome::Done)
}

fn text(case: &CaseView, me: &str, dir: &NodeDir) -> String {
    let id = short(&case.summary.id);
    let mut text = format!("case {id}  {}\n", case.summary.title);
    if let Some(report) = &case.report {
        let at = case.at_ns.map(|at| format!("; it happened {}", time_text(at))).unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = write!(text, "  {}", flowing(&format!("reported by {}{at}", by(report)), 2));
        text += &quoted(&report.text, 4);
    }
    // Writing to a String cannot fail.
    for about in &case.about {
        let _ = writeln!(text, "  about {}", short(about));
    }
    for cause in &case.summary.causes {
        let _ = writeln!(text, "  {} of {}, {}", cause.cause, cause.party, time_text(cause.since_ns));
    }
    said(&mut text, "statements", &case.statements);
    asked(&mut text, (id, "facts"), &case.facts, |fact| {
        (fact.said.party != me && fact.state == "open")
            .then_some("next: 'skypact case agree ID', or 'dispute ID REASON'")
    });
    asked(&mut text, (id, "requests for evidence"), &case.requests, |request| {
        let is_ours = request.said.party != me && request.state == "unanswered";
        is_ours
            .then_some("next: 'skypact case evidence CASE FILE --answers ID'\n    or 'skypact case withhold ID REASON'")
    });
    files(&mut text, "evidence", &case.evidence, dir);
    if !case.neutrals.is_empty() {
        text += "neutral\n";
    }
    for neutral in &case.neutrals {
        let agreed = if neutral.agreed { "both sides name this key" } else { "NOT named by both sides" };
        let _ = write!(text, "  {}\n{}", neutral.key, quoted(&neutral.said.text, 4));
        let _ = writeln!(text, "    named by {}: {agreed}", by(&neutral.said));
    }
    files(&mut text, "findings", &case.findings, dir);
    said(&mut text, if case.summary.closed { "CLOSED by both" } else { "closed by" }, &case.closed);
    text
}

fn said(text: &mut String, heading: &str, all: &[SaidView]) {
    if !all.is_empty() {
        let _ = writeln!(text, "{heading}");
    }
    for said in all {
        let _ = write!(text, "  {}  {}\n{}", short(&said.id), by(said), quoted(&said.text, 4));
    }
}

fn asked(
    text: &mut String,
    (case, heading): (&str, &str),
    all: &[AskedView],
    next: impl Fn(&AskedView) -> Option<&'static str>,
) {
    if !all.is_empty() {
        let _ = writeln!(text, "{heading}");
    }
    for asked in all {
        let state = asked.state.to_uppercase();
        let _ =
            write!(text, "  {}  {state}  {}\n{}", short(&asked.said.id), by(&asked.said), quoted(&asked.said.text, 4));
        for answer in &asked.answers {
            let (is_yes, is_fact) = (answer.text.is_empty(), matches!(&asked.state[..], "agreed" | "disputed"));
            let what = match (is_fact, is_yes) {
                (true, true) => "agreed",
                (true, false) => "disputed",
                (false, true) => "given",
                (false, false) => "withheld",
            };
            let _ = writeln!(text, "    {what} by {}", by(answer));
            if !is_yes {
                text.push_str(&quoted(&answer.text, 6));
            }
        }
        if let Some(next) = next(asked) {
            let _ = writeln!(text, "    {}", next.replace("CASE", case).replace("ID", short(&asked.said.id)));
        }
    }
}

fn files(text: &mut String, heading: &str, all: &[FileView], dir: &NodeDir) {
    if !all.is_empty() {
        let _ = writeln!(text, "{heading}");
    }
    for file in all {
        let kept = file.sha256.parse().is_ok_and(|sha256| evidence::is_kept(dir, &sha256));
        let kept = if kept { "kept here" } else { "not here" };
        let _ = writeln!(text, "  {}  {} bytes, {kept}; {}", short(&file.said.id), file.size, by(&file.said));
        text.push_str(&quoted(&format!("{} ({})", file.name, file.media_type), 4));
        let _ = writeln!(text, "    SHA-256 {}", file.sha256);
        if let Some(request) = &file.request {
            let _ = writeln!(text, "    answers {}", short(request));
        }
        match file.neutral {
            Some(true) => text.push_str("    signed by the neutral whom both sides named\n"),
            Some(false) => text.push_str("    signed by a key that NOT both sides named\n"),
            None => {}
        }
        if !file.said.text.is_empty() {
            text.push_str(&quoted(&file.said.text, 4));
        }
    }
}
