//! `skypact demo`: two parties and a witness as three processes on this machine.

use std::path::PathBuf;

use super::exit::show;
use super::{CliError, Outcome};
use crate::demo::play::{Options, play};

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
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
    let result = play(Options { recording: args.recording, dir: args.dir, serve: args.serve, quiet: json }).await?;
    show(json, &result, &result.story());
    Ok(if result.holds() { Outcome::Done } else { Outcome::CheckFailed })
}
