//! `skypact notice export` and `notice template`: notices into a paper of another house. What is protected is never in it.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use skypact_airspace::AltitudeMargins;
use skypact_channel::Notice;
use skypact_papers::{Draft, DraftError, Entry, Fir, Format, NOTAM, aco};
use skypact_record::counted;

use super::desk::{Desk, Where, short};
use super::naming::{NOTICE, find_notice};
use super::{CliError, Outcome, notice_import, reading};
use crate::directory::NodeDir;
use crate::http::views::NoticeView;
use crate::system::in_words;

/// Notices whose losses are told one by one.
const LOSSES_SHOWN: usize = 20;

/// Arguments of `notice export`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Where,
    /// Ids of notices, or their first 6 or more digits. Without them those of this party that stand.
    id: Vec<String>,
    /// csv, geojson, kml, aco for airspace sets of an airspace control order, or notam for drafts of NOTAMs, which are written only.
    #[arg(long)]
    format: String,
    /// Flight information region that NOTAM drafts are for: its four letters.
    #[arg(long)]
    fir: Option<String>,
    /// Tell call signs in NOTAM drafts.
    #[arg(long)]
    with_call_sign: bool,
    /// Tell contacts in NOTAM drafts.
    #[arg(long)]
    with_contact: bool,
    /// Notices of this party instead of the own ones.
    #[arg(long, conflicts_with = "id")]
    party: Option<String>,
    /// File to write; it must not exist. Without it the screen.
    #[arg(long)]
    out: Option<PathBuf>,
}

pub(super) async fn run(args: &Args) -> Result<Outcome, CliError> {
    let paper = paper(args)?;
    let desk = Desk::open(&args.place).await?;
    let chosen = chosen(args, &desk).await?;
    let entries: Vec<Entry<'_>> =
        chosen.iter().map(|(view, notice)| Entry { label: short(&view.id), party: &view.party, notice }).collect();
    let text = match paper {
        Paper::Format(format) => format.write(&entries),
        Paper::Aco => {
            all_stand(&chosen, "an order is written")?;
            let written = aco::write(&entries, &margins(args, &desk)?);
            let written = written.map_err(|error| CliError::usage(error.code, "id", format!("id: {error}")))?;
            eprint!("{}", losses(&written, &entries));
            written.text
        }
        Paper::Notam(fir) => {
            all_stand(&chosen, "a NOTAM is drafted")?;
            let (with_call_sign, with_contact) = (args.with_call_sign, args.with_contact);
            let draft = Draft { fir, margins: margins(args, &desk)?, with_call_sign, with_contact };
            draft.write(&entries).map_err(|error| no_draft("id", &error))?
        }
    };
    write(args.out.as_deref(), &text)?;
    Ok(Outcome::Done)
}

/// What no longer stands is announced to nobody.
fn all_stand(chosen: &[(NoticeView, Notice)], what: &str) -> Result<(), CliError> {
    let Some((over, _)) = chosen.iter().find(|(view, _)| !view.stands) else { return Ok(()) };
    let message = format!("id: {} no longer stands; {what} of what does", short(&over.id));
    Err(CliError::usage("notice-over", "id", message))
}

/// What an order states otherwise than the notices do.
fn losses(written: &aco::Written, entries: &[Entry<'_>]) -> String {
    let shown = written.losses.iter().take(LOSSES_SHOWN);
    let mut lines: Vec<String> = shown
        .map(|(place, losses)| {
            let words: Vec<&str> = losses.iter().map(|loss| loss.words()).collect();
            format!("  {}: {}\n", entries[*place].label, words.join("\n              "))
        })
        .collect();
    if written.losses.len() > lines.len() {
        lines.push(format!("  and {} more\n", written.losses.len() - lines.len()));
    }
    if !lines.is_empty() {
        let notices = counted(written.losses.len(), "notice");
        lines.insert(0, format!("stated otherwise, of {notices}; no area is smaller, no time shorter:\n"));
    }
    lines.concat()
}

/// What is written.
enum Paper {
    Format(Format),
    Aco,
    Notam(Fir),
}

fn paper(args: &Args) -> Result<Paper, CliError> {
    if args.format == NOTAM {
        let fir = args.fir.as_deref().ok_or_else(|| {
            let message = "fir: a NOTAM draft is for one FIR: name it by its four letters, such as --fir OSTT";
            CliError::usage("fir-missing", "fir", message)
        })?;
        return Fir::new(fir).map(Paper::Notam).map_err(|error| no_draft("fir", &error));
    }
    let paper = notice_import::Paper::from_name(&args.format)?;
    if args.fir.is_some() || args.with_call_sign || args.with_contact {
        let message = "format: --fir, --with-call-sign and --with-contact are for --format notam alone; leave them out";
        return Err(CliError::usage("field-invalid", "format", message));
    }
    Ok(match paper {
        notice_import::Paper::Format(format) => Paper::Format(format),
        notice_import::Paper::Aco => Paper::Aco,
    })
}

fn no_draft(field: &str, error: &DraftError) -> CliError {
    CliError::usage(error.code(), field, format!("{field}: {error}"))
}

/// What the pact assumes between datums.
fn margins(args: &Args, desk: &Desk) -> Result<AltitudeMargins, CliError> {
    let dir = NodeDir(args.place.dir.clone());
    let pact = dir.read_pacts()?.into_iter().find(|(_, pact)| pact.channel().to_string() == desk.view.channel);
    pact.map(|(_, pact)| pact.terms().altitude_margins).ok_or_else(|| {
        let pacts = dir.pacts();
        let message = format!(
            "dir: the pact of {} is not in {}, so its margins between datums are not known; copy it there",
            desk.view.name,
            pacts.display()
        );
        CliError::usage("pact-missing", "dir", message)
    })
}

/// `skypact notice template`.
pub(super) fn template() -> Outcome {
    // A reader that closed the pipe has seen enough.
    let _ = std::io::stdout().write_all(skypact_papers::template().as_bytes());
    Outcome::Done
}

/// The notices that are asked for, without those that are protected.
async fn chosen(args: &Args, desk: &Desk) -> Result<Vec<(NoticeView, Notice)>, CliError> {
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
            chosen.push(desk.found(find_notice(NOTICE, "id", id, &known)).await?.clone());
        }
    }
    let all = chosen.len();
    chosen.retain(|notice| notice.protection.is_none());
    if chosen.len() < all {
        let left_out = counted(all - chosen.len(), "protected item");
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
    let cannot = |error: std::io::Error| CliError::io("out", &format!("{}: {}", path.display(), in_words(&error)));
    let mut file = std::fs::File::create_new(path).map_err(cannot)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(cannot)
}
