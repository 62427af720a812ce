//! What is asked before a notice is signed: slips that the rules of a channel allow, and that nobody takes back. Each is refused
//! with what to write instead, and with the option that files it all the same.

use std::collections::HashMap;

use skypact_channel::{Message, Notice, NoticeAct};

use super::desk::{Desk, short};
use super::quantity::time_text;
use super::{CliError, reading};
use crate::http::views::NoticeView;

/// How far ahead a notice may end before it is asked whether the date is right, ns: 366 days.
const AHEAD_MAX_NS: i64 = 366 * 86_400_000_000_000;

/// What is filed although it looks like a slip.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Forced {
    /// File it although it ends more than a year from now.
    #[arg(long, env = "SKYPACT_FORCE_TIME")]
    force_time: bool,
    /// File it although the same one stands, or although the change changes nothing.
    #[arg(long, env = "SKYPACT_FORCE_AGAIN")]
    force_again: bool,
}

impl Forced {
    /// Refuses notices that are over, that end more than a year from now, or that say again what stands.
    pub(super) async fn check(&self, desk: &Desk, notices: &[Notice]) -> Result<(), CliError> {
        for notice in notices {
            self.check_window(desk, notice)?;
        }
        if self.force_again {
            return Ok(());
        }
        let known: Vec<NoticeView> = desk.client.get(&desk.path("notices")).await?;
        let own = known.iter().filter(|view| view.party == desk.view.party && view.stands);
        let standing = own.map(|view| Ok((said(reading::notice(view)?), view.id.as_str())));
        let mut standing = standing.collect::<Result<HashMap<Vec<u8>, &str>, CliError>>()?;
        for notice in notices {
            if let Some(id) = standing.insert(said(notice.clone()), "") {
                return Err(repeated(notice, id));
            }
        }
        Ok(())
    }

    /// The times of one notice alone.
    pub(super) fn check_window(&self, desk: &Desk, notice: &Notice) -> Result<(), CliError> {
        let end_ns = notice.window().end().0;
        not_over("until", end_ns, desk.view.now_ns)?;
        if end_ns.saturating_sub(desk.view.now_ns) > AHEAD_MAX_NS && !self.force_time {
            let message = format!(
                "until: {} is more than a year from now, {}; correct the date, or file it with --force-time",
                time_text(end_ns),
                time_text(desk.view.now_ns)
            );
            return Err(refused("window-far-ahead", "until", message));
        }
        Ok(())
    }
}

/// Refuses an end that has passed, by the node's clock.
pub(super) fn not_over(field: &str, end_ns: i64, now_ns: i64) -> Result<(), CliError> {
    if end_ns >= now_ns {
        return Ok(());
    }
    let (end, now) = (time_text(end_ns), time_text(now_ns));
    let message = format!("{field}: {end} is over, it is {now} by the node's clock; correct the time, or the clock");
    Err(refused("window-in-the-past", field, message))
}

/// Refuses a time of something that has happened and is still to come, by the node's clock.
pub(super) fn not_to_come(field: &str, at_ns: i64, now_ns: i64) -> Result<(), CliError> {
    if at_ns <= now_ns {
        return Ok(());
    }
    let (at, now) = (time_text(at_ns), time_text(now_ns));
    let message =
        format!("{field}: {at} is still to come, it is {now} by the node's clock; correct the time, or the clock");
    Err(refused("time-to-come", field, message))
}

/// Refuses what was signed already, or closed: `done` says by whom.
pub(super) fn already(field: &str, done: &str) -> CliError {
    refused("signed-already", field, format!("{field}: {done}; nothing is signed again"))
}

/// What a notice says of an activity: all but which version it is, and whom to ask.
fn said(notice: Notice) -> Vec<u8> {
    let plain = Notice { act: NoticeAct::New, previous: None, contact: None, ..notice };
    Message::Notice(plain).encode()
}

fn repeated(notice: &Notice, id: &str) -> CliError {
    let message = match (id, notice.act) {
        ("", _) => "file: it has the same notice twice; take one out, or file both with --force-again".to_owned(),
        (id, NoticeAct::New) => format!(
            "notice: {} says the same and stands: nothing more is needed. Change that one with --change {}, or file \
             another with --force-again",
            short(id),
            short(id)
        ),
        (id, _) => format!("change: {} is like that already; file it all the same with --force-again", short(id)),
    };
    refused("notice-repeated", "notice", message)
}

/// A slip, by its code and the field.
pub(super) fn refused(code: &str, field: &str, message: String) -> CliError {
    let mut error = CliError::refused(code, message);
    error.field = Some(field.to_owned());
    error
}
