//! Load for a DSS over the API of ASTM F3548-21 and nothing else, so that it measures any DSS the same way.
//!
//! A flight is an operational intent reference that is created and then deleted. Each client flies one flight after
//! another on a connection of its own. One thread drives all clients, since the DSS often shares the machine.

mod connection;
mod fleet;
mod ground;
mod report;
mod text;
mod token;

pub use report::Figures;

use std::path::PathBuf;
use std::rc::Rc;

use clap::value_parser;
use tokio::task::LocalSet;

use crate::command::CliError;
use connection::Server;
use fleet::Fleet;
use ground::Ground;
use token::Bearer;

/// What load to make.
#[derive(Debug, Clone, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "they are the flags of a command line")]
pub struct Options {
    /// Base URL of the DSS, such as `http://127.0.0.1:8082`; its host name is the audience of the token.
    #[arg(long)]
    url: String,
    /// Where the flights are.
    #[arg(long, value_enum, default_value_t = Mode::Spread)]
    mode: Mode,
    /// Let the flights of `--mode busy` meet: each create then names the OVNs of the others in its key.
    #[arg(long)]
    overlap: bool,
    /// Clients, each with one connection and one flight at a time.
    #[arg(long, default_value_t = 8, value_parser = value_parser!(u32).range(1..=1000))]
    clients: u32,
    /// Subscriptions that stand while the flights fly: over the busy cell, or one region each.
    #[arg(long, default_value_t = 0, value_parser = value_parser!(u32).range(0..=100_000))]
    subscriptions: u32,
    /// Seconds to measure, after one second to warm up.
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// Each create asks for an implicit subscription.
    #[arg(long, conflicts_with = "shared")]
    implicit: bool,
    /// All flights of a client use one subscription that was made before; spread flights then stay in its region.
    #[arg(long)]
    shared: bool,
    /// RSA private key in PEM that signs the access token; without it and without `--token-file` none is sent.
    #[arg(long, conflicts_with = "token_file")]
    token_key: Option<PathBuf>,
    /// File with a ready access token.
    #[arg(long)]
    token_file: Option<PathBuf>,
    /// References to create before measuring; they stand two days ahead and meet no flight.
    #[arg(long, default_value_t = 0, value_parser = value_parser!(u32).range(0..=1_000_000))]
    preload: u32,
    /// Delete the preloaded references at the end.
    #[arg(long)]
    cleanup: bool,
    /// Directory whose disk is timed before the run, best the one that the DSS writes to; the temporary one if absent.
    #[arg(long)]
    fsync_dir: Option<PathBuf>,
}

/// Where flights are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Mode {
    /// Anywhere in 300 by 300 km, for ten minutes: hardly any two meet.
    Spread,
    /// All in one cell and one hour, each client in an altitude slice of its own.
    Busy,
}

/// Makes the load and measures it. Blocks for the time of the run: an asynchronous caller gives it a thread.
///
/// # Errors
/// Arguments or files that are wrong, a DSS that does not answer or refuses the preparation, and a run in which no
/// flight succeeded.
pub fn run(options: &Options) -> Result<Figures, CliError> {
    if options.overlap && options.mode != Mode::Busy {
        return Err(CliError::usage(
            "field-invalid",
            "overlap",
            "overlap: only busy flights can meet; add --mode busy",
        ));
    }
    let server = Server::parse(&options.url)?;
    let bearer = match (&options.token_key, &options.token_file) {
        (Some(path), _) => Bearer::signed(path, server.host_name())?,
        (None, Some(path)) => Bearer::ready(path)?,
        (None, None) => Bearer::none(),
    };
    let disk = report::Disk::time(options.fsync_dir.as_deref().unwrap_or(&std::env::temp_dir()))?;
    let load_average = report::load_average();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| CliError::io("runtime", &error.to_string()))?;
    let server = Rc::new(server.with_bearer(bearer));
    let flown = LocalSet::new().block_on(&runtime, async {
        let mut ground = Ground::new(Rc::clone(&server));
        let flown = match ground.prepare(options).await {
            Ok(()) => Ok(Fleet::fly(options, &server, ground.shared()).await),
            Err(failure) => Err(failure),
        };
        // Also after a failed preparation, so that nothing is left behind that was not asked to stay.
        ground.clear(options.cleanup).await;
        flown
    })?;
    Figures::new(options, flown, &disk, load_average)
}
