//! `skypact plan`: plans that are not notified. They lie in DIR/plans, in no log, and are checked against what the counterpart
//! announces: a hit rings here and is shown here, and nothing of it leaves this machine. An officer decides whether to notify.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use skypact_channel::{Message, Notice};

use super::desk::{Desk, Shown, Where, show_each};
use super::exit::show;
use super::notice::{Plain, line_after, overlaps};
use super::notice_check::not_over;
use super::reading;
use super::{CliError, Outcome};
use crate::clock;
use crate::directory::{NodeDir, file_error};
use crate::http::views::NoticeView;
use crate::plans;

/// Arguments of `plan`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    step: Step,
    #[command(flatten)]
    place: Where,
}

#[derive(Debug, clap::Subcommand)]
enum Step {
    /// Keep a plan under a name, over one of the same name.
    Keep {
        /// Its name.
        name: String,
        #[command(flatten)]
        notice: Box<Plain>,
    },
    /// List the plans, and what they are in conflict with. Exit code 10 when there is something, 11 when it is not
    /// known: the counterpart does not answer, or a clock is off.
    Check,
    /// Forget a plan.
    Drop {
        /// Its name.
        name: String,
    },
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    let dir = NodeDir(args.place.dir.clone());
    match &args.step {
        Step::Keep { name, notice } => {
            let notice = notice.notice()?;
            not_over("until", notice.window().end().0, now_ns(&args.place).await)?;
            let path = path(&dir, name)?;
            plans::keep(&path, &notice).map_err(|error| file_error(&path, &error.to_string()))?;
            let text = format!(
                "kept {name}: it is in no log and leaves this machine in no message\nnext: 'skypact plan check'"
            );
            show(json, &serde_json::json!({ "plan": name }), &text);
            Ok(Outcome::Done)
        }
        Step::Drop { name } => {
            let path = path(&dir, name)?;
            if !path.exists() {
                let kept = plans::all(&dir.plans()).into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(", ");
                let kept = if kept.is_empty() { "none is".to_owned() } else { format!("kept are: {kept}") };
                return Err(CliError::usage(
                    "plan-unknown",
                    "name",
                    format!("name: no plan '{name}' is kept here; {kept}"),
                ));
            }
            fs::remove_file(&path).map_err(|error| file_error(&path, &error.to_string()))?;
            show(json, &serde_json::json!({ "dropped": name }), &format!("dropped {name}"));
            Ok(Outcome::Done)
        }
        Step::Check => show_each(&args.place, json, async |desk| check(&dir, desk).await).await,
    }
}

/// The node's time, which may be that of an exercise; without a node this machine's, as a plan is kept without one too.
async fn now_ns(place: &Where) -> i64 {
    let desks = Desk::open_all(place).await.unwrap_or_default();
    desks.first().map_or_else(clock::now_utc_ns, |desk| desk.view.now_ns)
}

async fn check(dir: &NodeDir, desk: &Desk) -> Result<Shown, CliError> {
    let plans = plans::all(&dir.plans());
    let notices: Vec<NoticeView> = desk.client.get(&desk.path("notices")).await?;
    let (mut text, mut views, mut hits) = (String::new(), Vec::new(), 0);
    for (name, notice) in &plans {
        let found = overlaps(desk, &Message::Notice(Notice::clone(notice))).await?;
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        hits += found.len();
        // Writing to a String cannot fail.
        let state = if found.is_empty() { "clear" } else { "CONFLICT, known here alone" };
        let _ = writeln!(text, "{name}: {state}");
        let _ = write!(text, "{}", reading::lines(&notice.volumes));
        for notice in notices.iter().filter(|notice| found.contains(&notice.version)) {
            let _ = writeln!(text, "{}", line_after("  with ", notice));
        }
        views.push(serde_json::json!({ "plan": name, "conflicts": found }));
    }
    if plans.is_empty() {
        text.push_str("no plan is kept here\n");
    }
    text += &desk.unknown();
    let value = serde_json::json!({ "plans": views, "unknown": desk.view.unknown });
    let outcome = match (hits, desk.view.unknown.is_empty()) {
        (0, true) => Outcome::Done,
        (0, false) => Outcome::Unknown,
        _ => Outcome::Conflict,
    };
    Ok((value, text, outcome))
}

/// The file of a plan.
fn path(dir: &NodeDir, name: &str) -> Result<PathBuf, CliError> {
    let is_sound = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    if name.is_empty() || name.len() > 64 || !name.chars().all(is_sound) {
        let message = "name: give 1 to 64 letters, digits, spaces, '-' and '_'; it is the name of a file too";
        return Err(CliError::usage("field-invalid", "name", message));
    }
    Ok(dir.plans().join(format!("{name}.plan")))
}
