//! What an officer is shown before signing. It is made here, from the very bytes whose hash is signed, and not from what
//! the node says about them.

use skypact_airspace::Volume4d;
use skypact_channel::{Kind, Message, Notice, Remedy};
use skypact_record::Hash;

use super::CliError;
use super::quantity::time_text;
use crate::directory::unbase64;
use crate::http::views::{NoticeView, ProposalView, volume};

/// A proposal as its bytes state it.
pub(super) struct Proposed {
    /// Version of the notice that would change.
    pub(super) notice: Hash,
    /// In which respect.
    pub(super) remedy: Remedy,
    /// The volumes of the notice then.
    pub(super) volumes: Vec<Volume4d>,
    /// Hash of the bytes.
    pub(super) content: Hash,
}

/// The newest version of a notice that the node showed.
pub(super) fn notice(view: &NoticeView) -> Result<Notice, CliError> {
    match message(Kind::Notice, &view.body, &view.content)? {
        (Message::Notice(notice), _) => Ok(notice),
        _ => Err(unreadable()),
    }
}

/// A proposal that the node showed.
pub(super) fn proposal(view: &ProposalView) -> Result<Proposed, CliError> {
    match message(Kind::Proposal, &view.body, &view.content)? {
        (Message::Proposal { notice, remedy, volumes, .. }, content) => {
            Ok(Proposed { notice, remedy, volumes, content })
        }
        _ => Err(unreadable()),
    }
}

fn message(kind: Kind, body: &str, stated: &str) -> Result<(Message, Hash), CliError> {
    let content = super::desk::content(body, stated)?;
    let message = unbase64(body).and_then(|body| Message::decode(kind, &body).ok());
    Ok((message.ok_or_else(unreadable)?, content))
}

fn unreadable() -> CliError {
    CliError::io("body", "what the node shows cannot be read")
}

/// Where, how high and when: two indented lines of 80 columns for each volume.
pub(super) fn lines(volumes: &[Volume4d]) -> String {
    let line = |shown: &Volume4d| {
        let (from, until) = (time_text(shown.window.start().0), time_text(shown.window.end().0));
        format!("  {}\n    {from} to {until}\n", volume(shown))
    };
    volumes.iter().map(line).collect()
}
