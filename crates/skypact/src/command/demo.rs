//! `skypact demo`: two parties and a witness as three processes on this machine.

use std::path::PathBuf;

use super::exit::show;
use super::{CliError, Outcome};
use crate::demo::play::{Options, play};
use crate::demo::scenario::{self, Played, SCENARIOS, Scenario};

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Play a scenario of the mission instead: its number, or 'all'.
    #[arg(long, conflicts_with_all = ["recording", "dir", "serve"])]
    scenario: Option<String>,
    /// Recording to fly, FLARM or Mode S, instead of the one in the package rs1090.
    #[arg(long)]
    recording: Option<PathBuf>,
    /// Directory to play in, which must not exist; a fresh temporary one without it.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Leave the nodes up until Ctrl-C.
    #[arg(long)]
    serve: bool,
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    if let Some(which) = &args.scenario {
        return scenarios(which, json).await;
    }
    let result = play(Options { recording: args.recording, dir: args.dir, serve: args.serve, quiet: json }).await?;
    show(json, &result, &result.story());
    Ok(if result.holds() { Outcome::Done } else { Outcome::CheckFailed })
}

/// Plays one scenario, or all, one after another.
async fn scenarios(which: &str, json: bool) -> Result<Outcome, CliError> {
    let chosen: Vec<Scenario> =
        SCENARIOS.into_iter().filter(|known| which == "all" || known.number.to_string() == which).collect();
    if chosen.is_empty() {
        let known = SCENARIOS.map(|known| format!("{} ({})", known.number, known.title)).join(", ");
        return Err(CliError::usage("field-invalid", "scenario", format!("scenario: give 'all', or one of {known}")));
    }
    let mut played = Vec::new();
    for scenario in chosen {
        played.push(scenario::play(scenario, json).await?);
    }
    let text: String = played.iter().map(Played::proof).collect();
    show(json, &played, &text);
    Ok(if played.iter().all(Played::holds) { Outcome::Done } else { Outcome::CheckFailed })
}
