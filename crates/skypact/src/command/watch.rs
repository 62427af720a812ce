//! `skypact watch`: who has the watch at each party, and who is to have it. An empty chair is in the record and in sight of both.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use skypact_airspace::UtcNanos;
use skypact_channel::{BillTurn, Message, Watch, WatchAct, WatchBill};
use skypact_record::Label;

use super::desk::{Acting, Desk, Shown, show_each};
use super::exit::show;
use super::quantity::{time_ns, time_text};
use super::{CliError, Outcome};
use crate::http::views::WatchView;
use crate::system::in_words;

/// Arguments of `watch`.
pub(super) type Args = Acting<Step>;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Step {
    /// Show who has the watch. The same as no subcommand. Exit code 1 when nobody of this party has it, when it is the turn of
    /// another, when its bill has a gap within 24 h, or when it ends within 2 h.
    Show,
    /// Take the watch.
    Take {
        /// What is to be known.
        #[arg(long)]
        remarks: Option<String>,
    },
    /// Hand the watch over: the acting officer has it until somebody takes it.
    HandOver {
        /// What the next one has to know.
        #[arg(long)]
        remarks: Option<String>,
    },
    /// Leave the watch: nobody has it.
    Leave {
        /// Why.
        #[arg(long)]
        remarks: Option<String>,
    },
    /// File who is to have the watch, or show it: from a FILE, or one turn by --from and --until; without either it is shown. Between its
    /// first and last instant it replaces what was filed before. When shown, exit code 1 for a gap within 24 h, and for its end within 2 h.
    Bill(Bill),
}

#[derive(Debug, clap::Args)]
pub(super) struct Bill {
    /// JSON file of turns in their order: [{"officer": "R. One", "from": "2017-04-07T09:00:00Z", "until": "2017-04-07T17:00:00Z"}].
    #[arg(conflicts_with_all = ["turn_of", "from", "until"])]
    file: Option<PathBuf>,
    /// Officer whose turn it is, instead of the one who acts.
    #[arg(long = "for", requires_all = ["from", "until"])]
    turn_of: Option<String>,
    /// First instant of the turn, UTC: 2017-04-07T09:00:00Z.
    #[arg(long, requires = "until")]
    from: Option<String>,
    /// When it ends.
    #[arg(long, requires = "from")]
    until: Option<String>,
}

/// A turn as a file states it.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct TurnText {
    officer: String,
    from: String,
    until: String,
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    let (act, remarks) = match &args.step {
        None | Some(Step::Show) => return show_each(&args.place, json, display).await,
        Some(Step::Take { remarks }) => (WatchAct::Takes, remarks),
        Some(Step::HandOver { remarks }) => (WatchAct::HandsOver, remarks),
        Some(Step::Leave { remarks }) => (WatchAct::Leaves, remarks),
        Some(Step::Bill(bill)) => return run_bill(&args, bill, json).await,
    };
    let signer = args.who.signer(&args.place.dir)?;
    let desk = Desk::open(&args.place).await?;
    if act != WatchAct::Takes {
        let watches: Vec<WatchView> = desk.client.get(&desk.path("watch")).await?;
        let own = watches.iter().find(|watch| watch.party == desk.view.party);
        let holder = own.and_then(|watch| watch.officer.as_deref());
        if holder != Some(signer.label()) {
            let holder = holder.unwrap_or("nobody");
            return Err(CliError::refused("not-on-watch", format!("{holder} has the watch; who has it leaves it")));
        }
    }
    let watch = Watch { act, at: UtcNanos(desk.view.now_ns), remarks: remarks.clone() };
    let placed = desk.file(&signer, [(Message::Watch(watch), Vec::new())]).await?;
    let text = match act {
        WatchAct::Takes => "you have the watch",
        WatchAct::HandsOver => "you have the watch until it is taken\nnext: the relief runs 'skypact watch take'",
        WatchAct::Leaves => "NOBODY has the watch; the counterpart sees that",
    };
    show(json, &placed, &format!("{text}{}", desk.silence()));
    Ok(Outcome::Done)
}

async fn run_bill(args: &Args, bill: &Bill, json: bool) -> Result<Outcome, CliError> {
    if bill.file.is_none() && bill.from.is_none() {
        return show_each(&args.place, json, show_bill).await;
    }
    let signer = args.who.signer(&args.place.dir)?;
    let turns = match (&bill.file, &bill.from, &bill.until) {
        (Some(file), ..) => read_turns(file)?,
        (None, Some(from), Some(until)) => {
            let officer = bill.turn_of.clone().unwrap_or_else(|| signer.label().to_owned());
            vec![TurnText { officer, from: from.clone(), until: until.clone() }]
        }
        _ => return Err(CliError::usage("field-missing", "until", "give a file, or --from and --until")),
    };
    let turns = turns.iter().map(turn).collect::<Result<Vec<_>, _>>()?;
    let desk = Desk::open(&args.place).await?;
    if turns.last().is_some_and(|turn| turn.until.0 <= desk.view.now_ns) {
        let message = "until: the whole bill is over already; correct the times";
        return Err(CliError::usage("window-in-the-past", "until", message));
    }
    let message = Message::WatchBill(WatchBill { turns });
    // What the counterpart could not read is refused here, where the field can be named.
    Message::decode(message.kind(), &message.encode())
        .map_err(|error| CliError::usage(error.code(), error.field, error.to_string()))?;
    let placed = desk.file(&signer, [(message, Vec::new())]).await?;
    show(
        json,
        &placed,
        &format!("filed; {} sees it\nnext: 'skypact watch bill' shows it with its gaps", desk.view.counterpart),
    );
    Ok(Outcome::Done)
}

fn read_turns(file: &Path) -> Result<Vec<TurnText>, CliError> {
    let text = std::fs::read(file)
        .map_err(|error| CliError::io("file", &format!("{}: {}", file.display(), in_words(&error))))?;
    let wrong =
        |error: serde_json::Error| CliError::usage("file-invalid", "file", format!("{}: {error}", file.display()));
    serde_json::from_slice(&text).map_err(wrong)
}

fn turn(text: &TurnText) -> Result<BillTurn, CliError> {
    let officer = Label::new(text.officer.as_str());
    let officer = officer.map_err(|error| CliError::usage(error.code(), "officer", error.to_string()))?;
    let at = |field, text: &str| time_ns(field, text).map(UtcNanos);
    Ok(BillTurn { officer, from: at("from", &text.from)?, until: at("until", &text.until)? })
}

async fn show_bill(desk: &Desk) -> Result<Shown, CliError> {
    let watches: Vec<WatchView> = desk.client.get(&desk.path("watch")).await?;
    let mut text = String::new();
    // Writing to a String cannot fail.
    for watch in &watches {
        let none = if watch.bill.is_empty() { ": no turn is filed from now on" } else { "" };
        let _ = writeln!(text, "{}{none}", watch.party);
        for turn in &watch.bill {
            let (from, until) = (time_text(turn.from_ns), time_text(turn.until_ns));
            let _ = writeln!(text, "  {from} to {until}  {}", turn.officer);
        }
        for warning in watch.bill_warnings(time_text) {
            let _ = writeln!(text, "  {warning}");
        }
    }
    let has_gap = watches.iter().any(|watch| watch.party == desk.view.party && !watch.bill_gaps_ns.is_empty());
    Ok((serde_json::json!(watches), text, if has_gap { Outcome::CheckFailed } else { Outcome::Done }))
}

async fn display(desk: &Desk) -> Result<Shown, CliError> {
    let watches: Vec<WatchView> = desk.client.get(&desk.path("watch")).await?;
    let mut text = String::new();
    // Writing to a String cannot fail.
    for watch in &watches {
        let _ = writeln!(text, "{}", watch.line(time_text));
        let minutes: i64 = watch.unattended_ns.iter().map(|[start, end]| (end - start) / 60_000_000_000).sum();
        let _ = writeln!(text, "  unattended in the last day: {minutes} min");
        for warning in watch.bill_warnings(time_text) {
            let _ = writeln!(text, "  {warning}");
        }
        if let Some(overdue) = watch.test_call_overdue(desk.view.now_ns, time_text) {
            let _ = writeln!(text, "  {overdue}");
        }
        if let Some(remarks) = watch.changes.last().and_then(|change| change.remarks.as_ref()) {
            let _ = writeln!(text, "  remarks: {remarks}");
        }
    }
    let mut own = watches.iter().filter(|watch| watch.party == desk.view.party);
    let is_wrong = own.any(|watch| watch.officer.is_none() || watch.late.is_some() || !watch.bill_gaps_ns.is_empty());
    Ok((serde_json::json!(watches), text, if is_wrong { Outcome::CheckFailed } else { Outcome::Done }))
}
