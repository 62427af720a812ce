//! `skypact export-bundle`: the evidence bundle of a channel, out of a running node.

use std::path::PathBuf;

use super::desk::{Desk, Where};
use super::exit::show;
use super::{CliError, Outcome};

/// Arguments of `export-bundle`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Where,
    /// File to write.
    #[arg(long)]
    out: PathBuf,
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    let desk = Desk::open(&args.place).await?;
    let length = desk.client.download(&desk.path("bundle"), &args.out).await?;
    let value = serde_json::json!({ "bundle": args.out, "bytes": length, "channel": desk.view.channel });
    show(json, &value, &format!("wrote {} ({length} bytes)\nchannel {}", args.out.display(), desk.view.channel));
    Ok(Outcome::Done)
}
