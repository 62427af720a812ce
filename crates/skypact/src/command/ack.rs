//! `skypact ack`: a named officer reads notices of the counterpart back. What is signed was on the screen before: without ids it shows
//! all that is unread, and signs nothing.

use std::fmt::Write as _;
use std::io::{BufRead as _, IsTerminal as _, Write as _};

use skypact_record::counted;

use super::desk::{Desk, Shown, Where, Who, short, show_each};
use super::exit::{heading, show};
use super::naming::{UNREAD_NOTICE, find_notice};
use super::notice::line;
use super::{CliError, Outcome, reading};
use crate::http::views::NoticeView;
use crate::system::in_words;

/// Ids in one line of 80 columns.
const IDS_IN_LINE: usize = 6;

/// Arguments of `ack`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    who: Who,
    /// Ids of notices, or their first 6 or more digits. Without any, and without --all, those that are unread are shown, and nothing
    /// is signed.
    #[arg(conflicts_with = "all")]
    ids: Vec<String>,
    /// Every notice that nobody has read back. They are shown, and at a terminal it is asked before they are signed.
    #[arg(long)]
    all: bool,
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    if args.ids.is_empty() && !args.all {
        return show_each(&args.place, json, unsigned).await;
    }
    let signer = args.who.signer(&args.place.dir)?;
    let (desk, notices) = if args.all {
        let desk = Desk::open(&args.place).await?;
        let notices = unread(&desk).await?;
        (desk, notices)
    } else {
        Desk::with(&args.place, async |desk| named(&args.ids, &unread(desk).await?)).await?
    };
    let text = whole(&notices)?;
    if args.all && !notices.is_empty() && !agrees(&text, notices.len())? {
        return Err(CliError::refused("not-confirmed", "nothing is signed; read them back one by one, by their ids"));
    }
    let placed = desk.read_back(&signer, &notices).await?;
    show(json, &placed, &format!("{text}read back {}{}", counted(placed.len(), "notice"), desk.silence()));
    Ok(Outcome::Done)
}

/// What nobody of this party has read back, the earliest first.
async fn unread(desk: &Desk) -> Result<Vec<NoticeView>, CliError> {
    let mut notices: Vec<NoticeView> = desk.client.get(&desk.path("notices")).await?;
    notices.retain(|notice| notice.party == desk.view.counterpart && notice.stands && notice.read_back_by.is_none());
    notices.sort_by_key(|notice| notice.start_ns);
    Ok(notices)
}

/// The notices with these ids, each once.
fn named(ids: &[String], unread: &[NoticeView]) -> Result<Vec<NoticeView>, CliError> {
    let mut found: Vec<NoticeView> = Vec::new();
    for id in ids {
        let notice = find_notice(UNREAD_NOTICE, "ids", id, unread)?;
        if found.iter().all(|known| known.id != notice.id) {
            found.push(notice.clone());
        }
    }
    Ok(found)
}

/// All that a read-back of these would sign.
fn whole(notices: &[NoticeView]) -> Result<String, CliError> {
    let mut text = String::new();
    for notice in notices {
        // Writing to a String cannot fail.
        let _ = write!(text, "{}\n{}", line(notice), reading::whole(notice)?);
    }
    Ok(text)
}

/// What is unread in one channel, and the commands that sign it.
async fn unsigned(desk: &Desk) -> Result<Shown, CliError> {
    let notices = unread(desk).await?;
    let mut text = whole(&notices)?;
    let ids: Vec<&str> = notices.iter().map(|notice| short(&notice.id)).collect();
    for ids in ids.chunks(IDS_IN_LINE) {
        let _ = writeln!(text, "next: skypact ack {}", ids.join(" "));
    }
    if notices.is_empty() {
        text.push_str("nothing is unread\n");
    }
    Ok((serde_json::json!(notices), text, Outcome::Done))
}

/// Whether the officer who sits there signs for what is shown. A script has nobody to ask: it signs what it printed.
fn agrees(text: &str, count: usize) -> Result<bool, CliError> {
    if !std::io::stdin().is_terminal() {
        return Ok(true);
    }
    let failed = |error: std::io::Error| CliError::io("terminal", &in_words(&error));
    let mut terminal = std::io::stderr();
    write!(terminal, "{}{text}read back {}? [y/N] ", heading(), counted(count, "notice")).map_err(failed)?;
    terminal.flush().map_err(failed)?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(failed)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
