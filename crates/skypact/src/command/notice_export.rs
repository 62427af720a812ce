//! `skypact notice export` and `notice template`: notices into a paper of another house. What is protected is never in it.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use skypact_channel::Notice;
use skypact_papers::Entry;

use super::desk::{Desk, Where, find_notice, short};
use super::notice_import::format;
use super::quantity::counted;
use super::{CliError, Outcome, reading};
use crate::http::views::NoticeView;

/// Arguments of `notice export`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Where,
    /// Ids of notices, or their first 6 or more digits. Without them those of this party that stand.
    id: Vec<String>,
    /// csv, geojson or kml.
    #[arg(long)]
    format: String,
    /// Notices of this party instead of the own ones.
    #[arg(long, conflicts_with = "id")]
    party: Option<String>,
    /// File to write; it must not exist. Without it the screen.
    #[arg(long)]
    out: Option<PathBuf>,
}

pub(super) async fn run(args: &Args) -> Result<Outcome, CliError> {
    let format = format(&args.format)?;
    let chosen = chosen(args).await?;
    let entries: Vec<Entry<'_>> =
        chosen.iter().map(|(view, notice)| Entry { label: short(&view.id), party: &view.party, notice }).collect();
    write(args.out.as_deref(), &format.write(&entries))?;
    Ok(Outcome::Done)
}

/// `skypact notice template`.
pub(super) fn template() -> Outcome {
    // A reader that closed the pipe has seen enough.
    let _ = std::io::stdout().write_all(skypact_papers::template().as_bytes());
    Outcome::Done
}

/// The notices that are asked for, without those that are protected.
async fn chosen(args: &Args) -> Result<Vec<(NoticeView, Notice)>, CliError> {
    let desk = Desk::open(&args.place).await?;
    let known: Vec<NoticeView> = desk.client.get(&desk.path("notices")).await?;
    let mut chosen: Vec<NoticeView> = Vec::new();
    if args.id.is_empty() {
        let party = args.party.as_deref().unwrap_or(&desk.view.party);
        if ![&desk.view.party, &desk.view.counterpart].into_iter().any(|known| known == party) {
            let message = format!("party: '{party}' is none of {}, {}", desk.view.party, desk.view.counterpart);
            return Err(CliError::usage("party-unknown", "party", message));
        }
        chosen.extend(known.into_iter().filter(|notice| notice.stands && notice.party == party));
        chosen.sort_by_key(|notice| notice.start_ns);
    } else {
        for id in &args.id {
            chosen.push(find_notice("id", id, &known)?.clone());
        }
    }
    let all = chosen.len();
    chosen.retain(|notice| notice.protection.is_none());
    if chosen.len() < all {
        let left_out = counted(all - chosen.len(), "protected site or movement");
        eprintln!("left out: {left_out}; what is protected is in no export");
    }
    chosen.into_iter().map(|view| reading::notice(&view).map(|notice| (view, notice))).collect()
}

/// Writes into a new file, or on the screen.
fn write(out: Option<&Path>, text: &str) -> Result<(), CliError> {
    let Some(path) = out else {
        // A reader that closed the pipe has seen enough.
        let _ = std::io::stdout().write_all(text.as_bytes());
        return Ok(());
    };
    let cannot = |error: std::io::Error| CliError::io("out", &format!("{}: {error}", path.display()));
    let mut file = std::fs::File::create_new(path).map_err(cannot)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(cannot)
}
