//! `skypact ack`: a named officer reads notices of the counterpart back.

use std::fmt::Write as _;

use super::desk::{Desk, Where, Who, find_notice};
use super::exit::show;
use super::notice::line;
use super::quantity::counted;
use super::{CliError, Outcome, reading};
use crate::http::views::NoticeView;

/// Arguments of `ack`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("which").required(true).args(["id", "all"]))]
pub(super) struct Args {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    who: Who,
    /// Id of the notice, or its first 6 or more digits.
    id: Option<String>,
    /// Every notice that nobody has read back.
    #[arg(long)]
    all: bool,
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    let signer = args.who.signer(&args.place.dir)?;
    let unread = async |desk: &Desk| -> Result<Vec<NoticeView>, CliError> {
        let mut notices: Vec<NoticeView> = desk.client.get(&desk.path("notices")).await?;
        notices
            .retain(|notice| notice.party == desk.view.counterpart && notice.stands && notice.read_back_by.is_none());
        Ok(notices)
    };
    let (desk, notices) = match &args.id {
        Some(id) => {
            let one = async |desk: &Desk| Ok(vec![find_notice("id", id, &unread(desk).await?)?.clone()]);
            Desk::with(&args.place, one).await?
        }
        None => {
            let desk = Desk::open(&args.place).await?;
            let notices = unread(&desk).await?;
            (desk, notices)
        }
    };
    let mut text = String::new();
    for notice in &notices {
        // Writing to a String cannot fail.
        let _ = write!(text, "{}\n{}", line(notice), reading::whole(notice)?);
    }
    let placed = desk.read_back(&signer, &notices).await?;
    show(json, &placed, &format!("{text}read back {}", counted(placed.len(), "notice")));
    Ok(Outcome::Done)
}
