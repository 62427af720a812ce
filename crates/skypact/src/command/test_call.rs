//! `skypact test-call`: a call to see whether somebody answers at the other end. Two a day, by custom; one miss is an alarm.

use std::fmt::Write as _;

use skypact_channel::Message;

use super::desk::{Acting, Desk, Shown, hash, short, show_each};
use super::exit::show;
use super::naming::{TEST_CALL, find};
use super::notice::not_heard;
use super::quantity::time_text;
use super::{CliError, Outcome};
use crate::http::views::{TestCallView, WatchView};

/// Arguments of `test-call`.
pub(super) type Args = Acting<Step>;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Step {
    /// List the test calls of both parties. The same as no subcommand. Exit code 1 when the newest of either was missed, or
    /// either owes one: twelve hours have passed since its last.
    List,
    /// Call.
    Call,
    /// Answer a call of the counterpart.
    Answer {
        /// Id of the call, or its first 6 or more digits.
        id: String,
    },
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    match &args.step {
        None | Some(Step::List) => show_each(&args.place, json, list).await,
        Some(Step::Call) => {
            let signer = args.who.signer(&args.place.dir)?;
            let desk = Desk::open(&args.place).await?;
            let placed = desk.file(&signer, [(Message::TestCall, Vec::new())]).await?;
            let id = placed.first().map_or("", |placed| short(&placed.leaf));
            let text = format!(
                "test call {id}; 'skypact test-call' shows when {} answers\n{}",
                desk.view.counterpart,
                not_heard(&desk)
            );
            show(json, &placed, &text);
            Ok(Outcome::Done)
        }
        Some(Step::Answer { id }) => {
            let signer = args.who.signer(&args.place.dir)?;
            let (desk, call) = Desk::with(&args.place, async |desk| {
                let calls: Vec<TestCallView> = desk.client.get(&desk.path("test-calls")).await?;
                let theirs = calls.iter().filter(|call| call.party == desk.view.counterpart);
                hash(find(TEST_CALL, "id", id, theirs.filter(|call| call.answered_by.is_none()).map(|call| &call.id))?)
            })
            .await?;
            let placed = desk.file(&signer, [(Message::TestAnswer { call }, vec![call])]).await?;
            show(json, &placed, "answered");
            Ok(Outcome::Done)
        }
    }
}

async fn list(desk: &Desk) -> Result<Shown, CliError> {
    let calls: Vec<TestCallView> = desk.client.get(&desk.path("test-calls")).await?;
    let mut text = String::new();
    // Writing to a String cannot fail.
    for call in &calls {
        let state = match (&call.answered_by, call.answer_ns) {
            (Some(officer), Some(answer_ns)) => {
                let late = if call.missed { ", TOO LATE" } else { "" };
                format!("answered by {officer} after {} s{late}", answer_ns / 1_000_000_000)
            }
            _ if call.missed => "MISSED".to_owned(),
            _ => "waits for an answer".to_owned(),
        };
        let _ = writeln!(text, "{}  {}  {:<5} {state}", short(&call.id), time_text(call.at_ns), call.party);
    }
    if calls.is_empty() {
        text.push_str("no test call was made\n");
    }
    let watches: Vec<WatchView> = desk.client.get(&desk.path("watch")).await?;
    let overdue: Vec<String> =
        watches.iter().filter_map(|watch| watch.test_call_overdue(desk.view.now_ns, time_text)).collect();
    for line in &overdue {
        let _ = writeln!(text, "{line}");
    }
    let newest = |party: &str| calls.iter().rev().find(|call| call.party == party).is_some_and(|call| call.missed);
    let missed = newest(&desk.view.party) || newest(&desk.view.counterpart) || !overdue.is_empty();
    Ok((serde_json::json!(calls), text, if missed { Outcome::CheckFailed } else { Outcome::Done }))
}
