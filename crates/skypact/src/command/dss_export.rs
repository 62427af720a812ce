//! `skypact dss export`: the log of a DSS as one file that `skypact verify` reads.

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;

use skypact_record::counted;

use super::exit::show;
use super::{CliError, Outcome};
use crate::dss;
use crate::system::in_words;

/// Arguments of `dss export`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Directory of the DSS, which may be running.
    #[arg(long, env = "SKYPACT_DSS_DIR", default_value = "dss")]
    dir: PathBuf,
    /// File to write, which must not exist.
    #[arg(long)]
    out: PathBuf,
}

pub(super) fn run(args: &Args, json: bool) -> Result<Outcome, CliError> {
    let unusable =
        |error: std::io::Error| CliError::io("out", &format!("{}: {}", args.out.display(), in_words(&error)));
    let file = File::create_new(&args.out).map_err(unusable)?;
    let written = dss::export(&args.dir, BufWriter::with_capacity(1 << 20, &file)).map_err(CliError::from);
    let exported = written.and_then(|exported| file.sync_all().map(|()| exported).map_err(unusable));
    let exported = exported.inspect_err(|_| {
        // What is half written would look like evidence. That it cannot be removed is not worth another error.
        let _ = std::fs::remove_file(&args.out);
    })?;
    let bytes = file.metadata().map_err(unusable)?.len();
    let author = exported.author.to_string();
    let value =
        serde_json::json!({ "bundle": args.out, "bytes": bytes, "entries": exported.entries, "author": author });
    let text = format!(
        "wrote {} ({}, {bytes} bytes)\nsigned by {author}\nverify it with: skypact verify {}",
        args.out.display(),
        counted(exported.entries, "entry"),
        args.out.display()
    );
    show(json, &value, &text);
    Ok(Outcome::Done)
}
