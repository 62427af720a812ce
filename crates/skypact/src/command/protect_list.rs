//! `skypact protect list`, `receipt`: which version of the list of protected sites each party has, and who signed for it.

use std::fmt::Write as _;

use skypact_channel::{ListReceipt, Message};
use skypact_record::counted;

use super::desk::{Desk, Shown, Where, Who, hash, short, show_each};
use super::exit::show;
use super::naming::{PROTECTED_LIST, find};
use super::quantity::time_text;
use super::{CliError, Outcome, protect_trace};
use crate::http::views::{NoticeView, ProtectedListView};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Step {
    /// Show what each party has protected, and whether the other one has signed for this very list. Exit code 1 when this party has
    /// not signed for the counterpart's.
    List {
        /// Version, count and receipt alone.
        #[arg(long)]
        version: bool,
    },
    /// Sign that you hold this version of the counterpart's list, as 'list' showed it.
    Receipt {
        /// The version, or its first 6 or more digits.
        version: String,
    },
    /// Say whose copy of an entry got out, by its salt. Exit code 1 when that cannot be told. It reads the record of --dir.
    Trace(protect_trace::Args),
}

pub(super) async fn run(step: &Step, place: &Where, who: &Who, json: bool) -> Result<Outcome, CliError> {
    match step {
        Step::List { version } => show_each(place, json, async |desk| list(desk, *version).await).await,
        Step::Trace(args) => protect_trace::run(args, &place.dir, json),
        Step::Receipt { version } => {
            let signer = who.signer(&place.dir)?;
            let (desk, theirs) = Desk::with(place, async |desk| {
                let theirs = lists(desk).await?.into_iter().find(|list| list.party == desk.view.counterpart);
                let theirs =
                    theirs.ok_or_else(|| CliError::io("protected", "the node shows no list of the counterpart"))?;
                find(PROTECTED_LIST, "version", version, [&theirs.version])?;
                Ok(theirs)
            })
            .await?;
            let receipt = ListReceipt { version: hash(&theirs.version)?, count: theirs.count };
            let placed = desk.file(&signer, [(Message::ListReceipt(receipt), Vec::new())]).await?;
            let text = format!(
                "signed: you hold version {} of the list of {}, {}",
                short(&theirs.version),
                theirs.party,
                counted(theirs.count, "item")
            );
            show(json, &placed, &(text + &desk.silence()));
            Ok(Outcome::Done)
        }
    }
}

/// The lists of both parties, in their order.
async fn lists(desk: &Desk) -> Result<Vec<ProtectedListView>, CliError> {
    Ok(desk.client.get(&desk.path("protected")).await?)
}

/// The counterpart's list, if this party has to sign for it.
pub(super) async fn unsigned(desk: &Desk) -> Result<Option<ProtectedListView>, CliError> {
    let theirs = lists(desk).await?.into_iter().find(|list| list.party == desk.view.counterpart);
    Ok(theirs.filter(ProtectedListView::is_unsigned))
}

async fn list(desk: &Desk, version_alone: bool) -> Result<Shown, CliError> {
    let lists = lists(desk).await?;
    let mut notices: Vec<NoticeView> = desk.client.get(&desk.path("notices")).await?;
    notices.retain(|notice| notice.stands && notice.protection.is_some() && !version_alone);
    let mut text = String::new();
    // Writing to a String cannot fail.
    for list in &lists {
        let other = if list.party == desk.view.party { &desk.view.counterpart } else { &desk.view.party };
        let _ = writeln!(text, "{}: {}\n  version {}", list.party, counted(list.count, "item"), list.version);
        for notice in notices.iter().filter(|notice| notice.party == list.party) {
            let _ = writeln!(text, "  {}", item(notice, other, desk.view.now_ns));
        }
        let _ = writeln!(text, "  {}", received(list, other));
        if list.is_unsigned() && *other == desk.view.party {
            let _ = writeln!(text, "  next: read it, then 'skypact protect receipt {}'", short(&list.version));
        }
    }
    let owes = lists.iter().any(|list| list.party == desk.view.counterpart && list.is_unsigned());
    Ok((serde_json::json!(lists), text, if owes { Outcome::CheckFailed } else { Outcome::Done }))
}

/// One site or movement in one line: what, how sure, until when, and for whom.
fn item(notice: &NoticeView, recipient: &str, now_ns: i64) -> String {
    let (name, verification) = notice
        .protection
        .as_ref()
        .map_or(("-", "-"), |protection| (protection.name.as_str(), protection.verification.as_str()));
    let over = if notice.end_ns < now_ns { ", OVER: it stays on the list until it is ended" } else { "" };
    let read =
        notice.read_back_by.as_ref().map_or_else(|| ", unread".to_owned(), |officer| format!(", read by {officer}"));
    let until = time_text(notice.end_ns);
    format!("{}  {name}\n    {verification}, until {until}, to {recipient} alone{read}{over}", short(&notice.id))
}

/// Whether the other party has signed for a list.
fn received(list: &ProtectedListView, other: &str) -> String {
    let Some(receipt) = &list.receipt else { return format!("{other} has signed for no list") };
    let state = if receipt.outdated { "OUTDATED: the list changed since\n  " } else { "" };
    format!(
        "{state}{} of {other} held version {}, {}, at {}",
        receipt.officer,
        short(&receipt.version),
        counted(receipt.count, "item"),
        time_text(receipt.at_ns)
    )
}
