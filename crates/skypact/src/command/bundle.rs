//! `skypact export-bundle`: the evidence bundle of a channel, out of a running node.

use std::path::PathBuf;

use super::desk::{Desk, Where};
use super::exit::show;
use super::{CliError, Outcome};
use crate::http::views::BundleQuery;

/// Arguments of `export-bundle`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Where,
    /// File to write.
    #[arg(long)]
    out: PathBuf,
    /// Write over a file that exists.
    #[arg(long)]
    force: bool,
    /// Disclose these entries alone: ids of notices (with all their versions and read-backs), STOPs or other leaves, or their
    /// first 6 or more digits. Everything else is left out, and can be shown later under the same signed heads.
    #[arg(long, value_name = "ID", num_args = 1..)]
    only: Vec<String>,
    /// Withhold what was said: kinds, authors, times and proofs remain.
    #[arg(long)]
    withhold_bodies: bool,
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    if args.out.exists() && !args.force {
        let message = format!("out: {} exists; give another name, or --force", args.out.display());
        return Err(CliError::usage("file-exists", "out", message));
    }
    let desk = Desk::open(&args.place).await?;
    let query = BundleQuery { only: args.only.join(","), withhold_bodies: args.withhold_bodies, case: String::new() };
    let length = desk.client.download(&desk.path(&query.path()), &args.out, args.force).await?;
    let value = serde_json::json!({ "bundle": args.out, "bytes": length, "channel": desk.view.channel });
    show(json, &value, &format!("wrote {} ({length} bytes)\nchannel {}", args.out.display(), desk.view.channel));
    Ok(Outcome::Done)
}
