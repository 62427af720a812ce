//! `skypact dss`: a DSS of ASTM F3548-21 as one process, `skypact dss export` for its log, and `skypact dss token` for trying it.

use super::exit::show;
use super::serve::{log_to_stderr, until_asked};
use super::{CliError, Outcome, dss_export, dss_token};
use crate::clock::NodeClock;
use crate::dss::DssError;
use crate::http::dss::{DssOptions, DssServer, StartError};

/// Arguments of `dss`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    step: Option<Step>,
    #[command(flatten)]
    options: DssOptions,
}

#[derive(Debug, clap::Subcommand)]
enum Step {
    /// Make an access token from a private key, for tests.
    Token(dss_token::Args),
    /// Write the log of a DSS as one file that `skypact verify` reads.
    Export(dss_export::Args),
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    match args.step {
        Some(Step::Token(args)) => dss_token::run(&args, json),
        Some(Step::Export(args)) => dss_export::run(&args, json),
        None => serve(args.options, json).await,
    }
}

async fn serve(options: DssOptions, json: bool) -> Result<Outcome, CliError> {
    log_to_stderr();
    let dss = DssServer::start(options, NodeClock::machine()).await?;
    let address = dss.address();
    let ready = serde_json::json!({ "listen": address.to_string() });
    show(json, &ready, &format!("the DSS listens on {address}; stop with Ctrl-C"));
    until_asked(|| dss.has_ended()).await;
    dss.stop().await?;
    Ok(Outcome::Done)
}

impl From<StartError> for CliError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Rules(error) => Self::usage("field-invalid", "accepted-audiences", error.to_string()),
            StartError::Keys(error) => error.into(),
            StartError::Traces(error) => Self::usage("field-invalid", error.option(), error.to_string()),
            StartError::Unusable { option, value, reason } => Self::io(option, &format!("{value}: {reason}")),
            StartError::Dss(error) => error.into(),
        }
    }
}

impl From<DssError> for CliError {
    fn from(error: DssError) -> Self {
        Self::machine(error.code(), error.to_string())
    }
}
