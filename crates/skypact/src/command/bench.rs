//! `skypact bench`: figures, as a table or as JSON.

use super::exit::show;
use super::{CliError, Outcome};

/// Arguments of `bench`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Geometry and the conflict index, against brute force in the same run.
    Conflict {
        /// Volumes in the index.
        #[arg(long, default_value_t = 100_000)]
        volumes: usize,
        /// Seed of the shapes.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

pub(super) fn run(args: &Args, json: bool) -> Result<Outcome, CliError> {
    let What::Conflict { volumes, seed } = args.what;
    if volumes == 0 {
        return Err(CliError::usage("field-invalid", "volumes", "volumes: give at least 1"));
    }
    let figures = crate::bench::conflict::run(volumes, seed);
    let value = serde_json::to_value(&figures).unwrap_or_default();
    let rows = value.as_object().into_iter().flatten().map(|(name, figure)| match figure.as_f64() {
        Some(number) if !figure.is_u64() => format!("{name:<26}{number:>16.3}\n"),
        _ => format!("{name:<26}{:>16}\n", figure.to_string()),
    });
    show(json, &figures, &rows.collect::<String>());
    Ok(Outcome::Done)
}
