//! `skypact channel export-frames` and `import-frames`: what the link would carry, in a file on a stick or in a mail. The
//! node writes and takes it; here the file is kept private, checked as a whole before anything of it is sent, and cut
//! into parts that a request takes.

use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};
use skypact_channel::{FramesFileError, FramesHead, FramesItem, FramesReader, FramesWriter};
use skypact_record::counted;

use super::carriage_file::{NewFile, Source};
use super::desk::{Desk, Where};
use super::exit::show;
use super::{CliError, Outcome};
use crate::http::carriage::ImportedView;
use crate::http::problem::Problem;

/// A part is sent as soon as it is this long: with one more frame it is within what a request takes.
const PART_BYTES: usize = 16 << 20;

/// Arguments of `channel export-frames`.
#[derive(Debug, clap::Args)]
pub(super) struct Export {
    /// File to write. It is readable for its owner alone.
    #[arg(long)]
    out: PathBuf,
    /// Write over a file that exists.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    what: What,
}

/// What goes into the file.
#[derive(Debug, clap::Args)]
struct What {
    /// The routine log from this size on, instead of from what the counterpart is known to hold.
    #[arg(long, value_name = "SIZE")]
    from: Option<u64>,
    /// Both logs from the beginning.
    #[arg(long, conflicts_with = "from")]
    all: bool,
    /// Nothing of the own logs: receipts, and the question what the counterpart holds.
    #[arg(long, conflicts_with_all = ["from", "all", "store_is_newest"])]
    answers_only: bool,
    /// I answer for it that the node's store is its newest one and not out of a backup. Needed while the counterpart has
    /// not said since the node's start what it holds.
    #[arg(long)]
    store_is_newest: bool,
    /// Most bytes of the file; what does not fit goes into the next one.
    #[arg(long)]
    bytes_max: Option<u64>,
}

/// Arguments of `channel import-frames`.
#[derive(Debug, clap::Args)]
pub(super) struct Import {
    /// The file.
    file: PathBuf,
    /// Of a file that is damaged or cut off, take the part before. Without this nothing of it is taken.
    #[arg(long)]
    intact_part: bool,
}

/// Writes a file for the counterpart.
pub(super) async fn export(place: &Where, args: &Export, json: bool) -> Result<Outcome, CliError> {
    let desk = Desk::open(place).await?;
    let mut out = NewFile::create(&args.out, args.force)?;
    let bar = bar(json, None);
    let (mut reader, mut seen) = (FramesReader::default(), Contents::default());
    let path = desk.path(&query(&args.what));
    let length = desk.client.fetch(&path, |data| {
        bar.inc(data.len() as u64);
        out.write(data)?;
        // Read as the receiver will: a file that its own writer cannot read is noticed here and not at the other end.
        reader.push(data);
        while let Some(item) = reader.next_item().map_err(|error| unsound(&error))? {
            seen.count(&item);
        }
        Ok(())
    });
    let length = length.await?;
    reader.finish().map_err(|error| unsound(&error))?;
    out.finish()?;
    bar.finish_and_clear();
    let value = serde_json::json!({
        "file": args.out, "bytes": length, "frames": seen.frames, "entries": seen.entries, "answers": seen.answers,
        "more": seen.more, "channel": desk.view.channel,
    });
    let rest = match seen.ends.iter().map(|(origin, end)| format!("{origin} {end}")).collect::<Vec<_>>().join(", ") {
        ends if seen.more => format!("\nthere is more; written up to: {ends}; go on with --from SIZE"),
        _ => String::new(),
    };
    let text = format!(
        "wrote {} ({length} bytes: {}, {})\nfor {}{rest}",
        args.out.display(),
        counted(seen.entries, "entry"),
        counted(seen.answers, "receipt"),
        desk.view.counterpart
    );
    show(json, &value, &text);
    Ok(Outcome::Done)
}

/// The resource with what was asked for.
fn query(args: &What) -> String {
    let mut query = Vec::new();
    query.extend(args.from.map(|size| format!("from={size}")));
    query.extend(args.bytes_max.map(|bytes| format!("bytes_max={bytes}")));
    let flags = [("all", args.all), ("answers_only", args.answers_only), ("store_is_newest", args.store_is_newest)];
    query.extend(flags.into_iter().filter(|(_, set)| *set).map(|(name, _)| format!("{name}=true")));
    format!("frames?{}", query.join("&"))
}

/// Takes in a file of the counterpart's.
pub(super) async fn import(place: &Where, args: &Import, json: bool) -> Result<Outcome, CliError> {
    let mut file = Source::open(&args.file)?;
    let (intact, fault) = file.check()?;
    if let Some(error) = fault.as_ref().filter(|_| !args.intact_part || intact == 0) {
        return Err(damaged(error, "nothing of it was taken"));
    }
    let desk = Desk::open(place).await?;
    let bar = bar(json, Some(file.length()));
    let imported = send(&desk, &mut file, intact, &bar).await?;
    bar.finish_and_clear();
    if let Some(error) = fault {
        let taken = format!(
            "taken before that: {} and {}",
            counted(imported.frames, "frame"),
            counted(imported.answers, "receipt")
        );
        return Err(damaged(&error, &taken));
    }
    let held = imported.held.iter().map(|held| format!("\nholds {} of {}", held.size, held.origin));
    let more = if imported.more { "\nthe sender has more; ask for the next file" } else { "" };
    let stale = if imported.is_fresh { "" } else { "\nit answers to no file that this node wrote since its start" };
    let text = format!(
        "took {} ({}) and {}{}{more}{stale}",
        counted(imported.frames, "frame"),
        counted(imported.entries, "entry"),
        counted(imported.answers, "receipt"),
        held.collect::<String>()
    );
    show(json, &serde_json::to_value(&imported).unwrap_or_default(), &text);
    Ok(Outcome::Done)
}

/// Sends the first `intact` items of a file in parts, each of which is a file.
async fn send(desk: &Desk, file: &mut Source, intact: u64, bar: &ProgressBar) -> Result<ImportedView, CliError> {
    let (mut part, mut head, mut sum) = (None::<Part>, None::<FramesHead>, ImportedView::default());
    let mut reader = FramesReader::default();
    file.rewind()?;
    let (mut more, mut posted) = (false, false);
    while reader.items() < intact {
        let next = file.next_item(&mut reader)?;
        let Some(item) = next.map_err(|error| damaged(&error, "it was changed while it was read"))? else { break };
        match (item, &head) {
            (FramesItem::Head(stated), _) => head = Some(stated),
            (FramesItem::End { more: stated }, _) => more = stated,
            (item, Some(head)) => {
                let current = part.get_or_insert_with(|| Part::new(head));
                current.bytes.extend(current.writer.item(&item));
                if current.bytes.len() >= PART_BYTES {
                    post(desk, part.take(), false, &mut sum).await?;
                    posted = true;
                }
            }
            (_, None) => break,
        }
        bar.set_position(file.position());
    }
    // A file without items says something too: that its writer read ours.
    let last = part.or_else(|| head.as_ref().filter(|_| !posted).map(Part::new));
    post(desk, last, more, &mut sum).await?;
    sum.more = more;
    Ok(sum)
}

async fn post(desk: &Desk, part: Option<Part>, more: bool, sum: &mut ImportedView) -> Result<(), CliError> {
    let Some(Part { mut writer, mut bytes }) = part else { return Ok(()) };
    bytes.extend(writer.item(&FramesItem::End { more }));
    let taken: ImportedView = desk.client.post_bytes(&desk.path("frames"), bytes).await?;
    sum.frames += taken.frames;
    sum.entries += taken.entries;
    sum.answers += taken.answers;
    sum.is_fresh = taken.is_fresh;
    sum.held.retain(|known| taken.held.iter().all(|held| held.origin != known.origin));
    sum.held.extend(taken.held);
    Ok(())
}

/// A part of a file on its way to the node.
struct Part {
    writer: FramesWriter,
    bytes: Vec<u8>,
}

impl Part {
    fn new(head: &FramesHead) -> Self {
        let (writer, bytes) = FramesWriter::new(head);
        Self { writer, bytes }
    }
}

/// What a file holds.
#[derive(Debug, Default)]
struct Contents {
    frames: u64,
    entries: u64,
    answers: u64,
    more: bool,
    ends: Vec<(String, u64)>,
}

impl Contents {
    fn count(&mut self, item: &FramesItem) {
        match item {
            FramesItem::Head(_) => {}
            FramesItem::Answer(_) => self.answers += 1,
            FramesItem::Frame(frame) => {
                self.frames += 1;
                self.entries += frame.entries.len() as u64;
                self.ends.retain(|(origin, _)| *origin != frame.origin);
                self.ends.push((frame.origin.clone(), frame.start + frame.entries.len() as u64));
            }
            FramesItem::End { more } => self.more = *more,
        }
    }
}

fn bar(json: bool, length: Option<u64>) -> ProgressBar {
    // Beside machine-readable output there is nobody to look at it; off a terminal it hides itself.
    let bar = if json { ProgressBar::hidden() } else { ProgressBar::no_length() };
    if let Some(length) = length {
        bar.set_length(length);
    }
    let style = ProgressStyle::with_template("{elapsed_precise} {bytes} of {total_bytes} ({bytes_per_sec})");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn damaged(error: &FramesFileError, taken: &str) -> CliError {
    CliError::usage(error.code(), "file", format!("{error}; {taken}"))
}

fn unsound(error: &FramesFileError) -> Problem {
    let message = format!("answer: what the node wrote cannot be read: {error}");
    Problem::request(500, error.code(), "answer", message)
}
