//! `skypact dss`: the DSS server of ASTM F3548-21 and what belongs to it.

use clap::Subcommand;

use super::{CliError, Outcome, dss_token};

/// Arguments of `dss`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: DssCommand,
}

#[derive(Debug, Subcommand)]
enum DssCommand {
    /// Print an access token signed with a key of yours, for tests and rehearsals.
    Token(dss_token::Args),
}

pub(super) fn run(args: &Args, json: bool) -> Result<Outcome, CliError> {
    match &args.command {
        DssCommand::Token(args) => dss_token::run(args, json),
    }
}
