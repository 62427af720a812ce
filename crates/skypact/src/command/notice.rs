//! `skypact notice`: file, change, activate, end, cancel, list; import and export have files of their own.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use skypact_channel::{ActivityClass, Kind, Message, Notice, NoticeAct};
use skypact_record::{Hash, counted};

use super::desk::{Desk, Shown, Where, Who, hash, short, show_each};
use super::exit::show;
use super::notice_check::Forced;
use super::position_check::PositionArgs;
use super::quantity::{FootprintText, VolumeText, fit, time_text};
use super::{CliError, Outcome, notice_export, notice_import, reading};
use crate::directory::base64;
use crate::http::views::{CheckIn, NoticeView, PlacedView, UnknownView};
use crate::node::RecordSigner;
use crate::system::in_words;

/// Most versions of the counterpart that a filing cites.
pub(super) const REFERENCES_MAX: usize = 60;

/// Arguments of `notice`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, clap::Subcommand)]
enum Step {
    /// File a notice, or a changed version of one.
    File(Box<FileArgs>),
    /// List notices.
    List {
        #[command(flatten)]
        place: Where,
        /// Ended and cancelled ones too.
        #[arg(long)]
        all: bool,
    },
    /// Say that an activity takes place now.
    Activate(ActArgs),
    /// Say that an activity is over.
    End(ActArgs),
    /// Say that an activity will not take place.
    Cancel(ActArgs),
    /// File the notices of a paper: CSV, GeoJSON, KML, or an airspace control order.
    Import(Box<notice_import::Args>),
    /// Write notices into a paper: CSV, GeoJSON, KML, an airspace control order, or drafts of NOTAMs.
    Export(notice_export::Args),
    /// Print a CSV file to fill in, with a notice of each shape.
    Template,
}

#[derive(Debug, clap::Args)]
struct ActArgs {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    who: Who,
    /// Id of the notice, or its first 6 or more digits.
    id: String,
}

#[derive(Debug, clap::Args)]
struct FileArgs {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    who: Who,
    /// JSON file with one notice or an array of them, instead of the options below.
    #[arg(long, conflicts_with_all = ["class", "circle", "polygon", "corridor", "width"])]
    file: Option<PathBuf>,
    /// Id of the notice that this one changes.
    #[arg(long)]
    change: Option<String>,
    #[command(flatten)]
    notice: Plain,
    #[command(flatten)]
    positions: PositionArgs,
    #[command(flatten)]
    forced: Forced,
}

/// A notice as options state it.
#[derive(Debug, clap::Args)]
pub(super) struct Plain {
    /// manned, unmanned, relief-flight, ground-movement or hazard-area.
    #[arg(long, default_value = "manned")]
    class: String,
    /// Call sign.
    #[arg(long)]
    call_sign: Option<String>,
    /// How to reach whoever controls the activity.
    #[arg(long)]
    contact: Option<String>,
    #[command(flatten)]
    footprint: FootprintText,
    /// Lower limit: FL180, "5000ft AMSL" or "1500m W84"; "unlimited" reaches down to the ground.
    #[arg(long)]
    lower: Option<String>,
    /// Upper limit. One of the two has to be said; the other is unlimited without it.
    #[arg(long)]
    upper: Option<String>,
    /// First instant, UTC: 2017-04-07T09:00:00Z.
    #[arg(long, default_value = "")]
    from: String,
    /// Last instant.
    #[arg(long, default_value = "")]
    until: String,
}

/// A notice in a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoticeText {
    class: String,
    call_sign: Option<String>,
    contact: Option<String>,
    volumes: Vec<VolumeText>,
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    match args.step {
        Step::File(args) => file(&args, json).await,
        Step::List { place, all } => show_each(&place, json, async |desk| list(desk, all).await).await,
        Step::Activate(args) => act(&args, NoticeAct::Activated, json).await,
        Step::End(args) => act(&args, NoticeAct::Ended, json).await,
        Step::Cancel(args) => act(&args, NoticeAct::Cancelled, json).await,
        Step::Import(args) => notice_import::run(&args, json).await,
        Step::Export(args) => notice_export::run(&args).await,
        Step::Template => Ok(notice_export::template()),
    }
}

async fn file(args: &FileArgs, json: bool) -> Result<Outcome, CliError> {
    let mut notices = stated(args)?;
    let statements = args.positions.statements(&notices)?;
    let signer = args.who.signer(&args.place.dir)?;
    let desk = match &args.change {
        None => Desk::open(&args.place).await?,
        Some(change) => {
            let (desk, known) = Desk::with_notice(&args.place, "change", change).await?;
            let [notice] = &mut notices[..] else {
                return Err(CliError::usage("field-invalid", "file", "file: a change is one notice"));
            };
            (notice.act, notice.previous) = (NoticeAct::Changed, Some(hash(&known.version)?));
            desk
        }
    };
    args.forced.check(&desk, &notices).await?;
    if let Some(statements) = statements {
        statements.check(&desk, &args.place.dir)?;
    }
    let forms = args.positions.forms();
    if forms.is_empty() {
        return file_notices(&desk, &signer, notices, &[], json).await;
    }
    let (placed, text) = file_all(&desk, &signer, notices, &[]).await?;
    // The counterpart sees the forms too, and so a mismatch that was forced.
    if let Some(notice) = placed.first().map(|placed| hash(&placed.leaf)).transpose()? {
        desk.file(&signer, [(Message::PositionForms { notice, forms }, vec![notice])]).await?;
    }
    show(json, &filed(&desk, &placed), &text);
    Ok(Outcome::Done)
}

/// A notice that was filed, and why it is not known whether it is clear.
#[derive(Debug, Serialize)]
struct Filed<'a> {
    #[serde(flatten)]
    placed: &'a PlacedView,
    unknown: &'a [UnknownView],
}

fn filed<'a>(desk: &'a Desk, placed: &'a [PlacedView]) -> Vec<Filed<'a>> {
    placed.iter().map(|placed| Filed { placed, unknown: &desk.view.unknown }).collect()
}

/// Files notices, each citing the counterpart's versions that it is in conflict with, and `references`.
pub(super) async fn file_notices(
    desk: &Desk,
    signer: &RecordSigner,
    notices: Vec<Notice>,
    references: &[Hash],
    json: bool,
) -> Result<Outcome, CliError> {
    let (placed, text) = file_all(desk, signer, notices, references).await?;
    show(json, &filed(desk, &placed), &text);
    Ok(Outcome::Done)
}

/// The same; where they were placed, and what to tell.
async fn file_all(
    desk: &Desk,
    signer: &RecordSigner,
    notices: Vec<Notice>,
    references: &[Hash],
) -> Result<(Vec<PlacedView>, String), CliError> {
    let mut messages = Vec::new();
    let mut text = String::new();
    for notice in notices {
        let message = Message::Notice(notice);
        let overlaps = overlaps(desk, &message).await?;
        if !overlaps.is_empty() {
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "in conflict with {} of {}; see 'skypact conflicts'",
                counted(overlaps.len(), "notice"),
                desk.view.counterpart
            );
        }
        let cited = references.iter().copied().chain(overlaps.into_iter().take(REFERENCES_MAX));
        messages.push((message, cited.collect()));
    }
    let placed = desk.file(signer, messages).await?;
    for place in &placed {
        let _ = writeln!(text, "filed {} as entry {} of {}", short(&place.leaf), place.index, place.origin);
    }
    if desk.view.suspension.is_some() {
        text.push_str("IN SUSPENSION: it counts for safety, and binds nobody\n");
    }
    text += &not_heard(desk);
    Ok((placed, text))
}

/// Lines that say so when the counterpart does not answer, or when a clock is off.
pub(super) fn not_heard(desk: &Desk) -> String {
    let silence = desk.silence();
    let silence = silence.trim_start();
    let end = if silence.is_empty() { "" } else { "\n" };
    format!("{silence}{end}{}", desk.unknown())
}

/// Versions of the counterpart that a notice would be in conflict with: the proof of knowledge that it cites.
pub(super) async fn overlaps(desk: &Desk, message: &Message) -> Result<Vec<Hash>, CliError> {
    overlaps_by(desk, message, true).await
}

/// The same of a notice that is ours, or the counterpart's: own versions then.
pub(super) async fn overlaps_by(desk: &Desk, message: &Message, is_ours: bool) -> Result<Vec<Hash>, CliError> {
    let body = CheckIn { body: base64(&message.encode()), by_counterpart: !is_ours };
    let found: Vec<String> = desk.client.post(&desk.path("check"), &body).await?;
    found.iter().map(|version| hash(version)).collect()
}

fn stated(args: &FileArgs) -> Result<Vec<Notice>, CliError> {
    if let Some(path) = &args.file {
        return read_file(path);
    }
    Ok(vec![args.notice.notice()?])
}

impl Plain {
    /// The notice that is stated.
    pub(super) fn notice(&self) -> Result<Notice, CliError> {
        for (field, text) in [("from", &self.from), ("until", &self.until)] {
            if text.is_empty() {
                let message = format!("{field}: say when, UTC, such as 2017-04-07T09:00:00Z");
                return Err(CliError::usage("field-missing", field, message));
            }
        }
        let volume = VolumeText {
            footprint: self.footprint.clone(),
            lower: self.lower.clone(),
            upper: self.upper.clone(),
            from: self.from.clone(),
            until: self.until.clone(),
        };
        let (class, call_sign, contact) = (self.class.clone(), self.call_sign.clone(), self.contact.clone());
        notice(&NoticeText { class, call_sign, contact, volumes: vec![volume] })
    }
}

/// The notices of a JSON file: one, or an array of them.
pub(super) fn read_file(path: &Path) -> Result<Vec<Notice>, CliError> {
    let text = std::fs::read(path)
        .map_err(|error| CliError::io("file", &format!("{}: {}", path.display(), in_words(&error))))?;
    let wrong =
        |error: serde_json::Error| CliError::usage("file-invalid", "file", format!("{}: {error}", path.display()));
    let many = text.trim_ascii_start().starts_with(b"[");
    let notices: Vec<NoticeText> = if many {
        serde_json::from_slice(&text).map_err(wrong)?
    } else {
        vec![serde_json::from_slice(&text).map_err(wrong)?]
    };
    notices.iter().map(notice).collect()
}

fn notice(text: &NoticeText) -> Result<Notice, CliError> {
    let names = ActivityClass::ALL.map(ActivityClass::name).join(", ");
    let class = ActivityClass::from_name(&text.class);
    let class = class.ok_or_else(|| {
        CliError::usage("field-invalid", "class", format!("class: '{}' is none of {names}", text.class))
    })?;
    if text.call_sign.as_ref().is_some_and(|call_sign| call_sign.trim().is_empty()) {
        let message = "call-sign: is empty, and nobody could say whose it is; give it, or leave the option out";
        return Err(CliError::usage("field-invalid", "call-sign", message));
    }
    if text.volumes.iter().any(|volume| volume.lower.is_none() && volume.upper.is_none()) {
        let message = "lower: no limit is given, so that it would reach from the ground to the sky; give --lower and --upper, \
                       such as FL180, or say 'unlimited'";
        return Err(CliError::usage("limits-missing", "lower", message));
    }
    let volumes = text.volumes.iter().map(VolumeText::volume).collect::<Result<Vec<_>, _>>()?;
    let notice = Notice {
        act: NoticeAct::New,
        previous: None,
        class,
        call_sign: text.call_sign.clone(),
        contact: text.contact.clone(),
        volumes,
    };
    // What the node would refuse to read is refused here, where the field can be named.
    let again = Message::decode(Kind::Notice, &Message::Notice(notice.clone()).encode());
    again.map_err(|error| CliError::usage(error.code(), error.field, error.to_string()))?;
    Ok(notice)
}

async fn act(args: &ActArgs, act: NoticeAct, json: bool) -> Result<Outcome, CliError> {
    let signer = args.who.signer(&args.place.dir)?;
    let (desk, view) = Desk::with_notice(&args.place, "id", &args.id).await?;
    let mut notice = reading::notice(&view)?;
    (notice.act, notice.previous) = (act, Some(hash(&view.version)?));
    let placed = desk.file(&signer, [(Message::Notice(notice), Vec::new())]).await?;
    show(json, &placed, &format!("{} {}{}", act.name(), short(&view.id), desk.silence()));
    Ok(Outcome::Done)
}

async fn list(desk: &Desk, all: bool) -> Result<Shown, CliError> {
    let mut notices: Vec<NoticeView> = desk.client.get(&desk.path("notices")).await?;
    notices.retain(|notice| all || notice.stands);
    notices.sort_by_key(|notice| notice.start_ns);
    let mut text = String::new();
    for notice in &notices {
        let _ = writeln!(text, "{}\n{}", line(notice), ending(notice));
    }
    if text.is_empty() {
        text.push_str("no notices");
    }
    Ok((serde_json::json!(notices), text, Outcome::Done))
}

/// A notice in a line of 80 columns; its marks on a second one where there are many.
pub(super) fn line(notice: &NoticeView) -> String {
    line_after("", notice)
}

/// The same behind a word of what to do with it.
pub(super) fn line_after(word: &str, notice: &NoticeView) -> String {
    let unread = if notice.delivered == Some(false) { "NOT DELIVERED" } else { "unread" };
    let read = notice.read_back_by.as_deref().map_or(unread.to_owned(), |officer| format!("read by {officer}"));
    let protected = notice.protection.as_ref().map(|protection| protection.name.as_str());
    let call_sign = protected.or(notice.call_sign.as_deref()).unwrap_or("-");
    // PROVISIONAL alone is the state of each notice in its first second.
    let late = notice.timeliness.as_deref().filter(|mark| mark.starts_with("LATE"));
    let protected = protected.map(|_| "PROTECTED");
    let overdue = notice.overdue.then_some("OVERDUE");
    let clock = notice.time.clock_off.then_some("CLOCK OFF");
    let suspended = notice.in_suspension.then_some("IN SUSPENSION");
    let marks = [protected, late, overdue, clock, suspended, notice.erased_by.as_ref().map(|_| "ERASED")];
    let marks = marks.into_iter().flatten().fold(read, |line, mark| line + ", " + mark);
    let (id, party, act, start) = (short(&notice.id), &notice.party, &notice.act, time_text(notice.start_ns));
    fit(&format!("{word}{id}  {party:<5} {call_sign:<10} {act:<9} {start}"), " ", &marks)
}

/// Until when a notice is, and where: a second line of 80 columns, and a third where one does not hold both.
pub(super) fn ending(notice: &NoticeView) -> String {
    let until = format!("  until {}", time_text(notice.end_ns));
    let place = match &notice.volumes[..] {
        [one] => one.clone(),
        more => counted(more.len(), "volume"),
    };
    fit(&until, ", ", &place)
}
