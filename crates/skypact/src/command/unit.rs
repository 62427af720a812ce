//! `skypact unit`: how far a notice has come in this party's units. "Received, passed on" is not enough: each unit that has to
//! have it is named, and is a gap until it has applied the newest version.

use std::fmt::Write as _;

use skypact_channel::{APPLIED_BEFORE_NS, Message, Propagation, Reach, nearest};

use super::desk::{Acting, Desk, Shown, hash, short, show_each};
use super::exit::show;
use super::{CliError, Outcome};
use crate::http::views::NoticeView;

/// Arguments of `unit`.
pub(super) type Args = Acting<Step>;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Step {
    /// List the units of both parties for each notice that has some. The same as no subcommand. Exit code 1 when a unit of
    /// this party has not applied a notice that takes effect within two hours.
    List,
    /// Name a unit that has to have a notice.
    Name {
        /// Id of the notice, or its first 6 or more digits.
        id: String,
        /// The units.
        #[arg(required = true)]
        units: Vec<String>,
    },
    /// A unit has received the newest version of a notice.
    Received(Receipt),
    /// A unit has applied it.
    Applied(Receipt),
}

#[derive(Debug, clap::Args)]
pub(super) struct Receipt {
    /// Id of the notice, or its first 6 or more digits.
    id: String,
    /// The unit.
    unit: String,
    /// The person in the unit who said so.
    #[arg(long)]
    person: String,
    /// It is a unit that nobody has named for this notice, although its name is almost that of one.
    #[arg(long)]
    new: bool,
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    let (id, units, reach, receipt) = match &args.step {
        None | Some(Step::List) => return show_each(&args.place, json, list).await,
        Some(Step::Name { id, units }) => (id, units.clone(), Reach::Named, None),
        Some(Step::Received(receipt)) => (&receipt.id, vec![receipt.unit.clone()], Reach::Received, Some(receipt)),
        Some(Step::Applied(receipt)) => (&receipt.id, vec![receipt.unit.clone()], Reach::Applied, Some(receipt)),
    };
    let signer = args.who.signer(&args.place.dir)?;
    let (desk, view) = Desk::with_notice(&args.place, "id", id).await?;
    let (id, version) = (&view.id, hash(&view.version)?);
    let person = receipt.map(|receipt| receipt.person.clone());
    if let Some(receipt) = receipt.filter(|receipt| !receipt.new) {
        check_unit(&receipt.unit, &desk, &view)?;
    }
    let messages = units.iter().map(|unit| {
        let said = Propagation { notice: version, unit: unit.clone(), reach, person: person.clone() };
        (Message::Propagation(said), vec![version])
    });
    let placed = desk.file(&signer, messages).await?;
    let is_known = |unit: &String| view.units.iter().any(|known| known.party == desk.view.party && known.unit == *unit);
    let mut text = format!("{}: {}, {}", short(id), units.join(", "), reach.name());
    for unit in units.iter().filter(|unit| reach != Reach::Named && !is_known(unit)) {
        // Writing to a String cannot fail.
        let _ = write!(text, "\nNEW: nobody had named '{unit}' for this notice");
    }
    show(json, &placed, &text);
    Ok(Outcome::Done)
}

/// Refuses a unit that nobody has named for this notice, when one is named that may be meant: that one would stay a gap.
fn check_unit(unit: &str, desk: &Desk, notice: &NoticeView) -> Result<(), CliError> {
    let own = notice.units.iter().filter(|known| known.party == desk.view.party).map(|known| known.unit.as_str());
    let named: Vec<&str> = own.collect();
    let Some(meant) = nearest(unit, named.iter().copied()).filter(|_| !named.contains(&unit)) else { return Ok(()) };
    let message = format!(
        "unit: nobody has named '{unit}' for this notice, but '{meant}' is named; write that, or --new if it is another unit"
    );
    let mut error = CliError::refused("unit-alike", message);
    error.field = Some("unit".to_owned());
    Err(error)
}

async fn list(desk: &Desk) -> Result<Shown, CliError> {
    let mut notices: Vec<NoticeView> = desk.client.get(&desk.path("notices")).await?;
    notices.retain(|notice| notice.stands && !notice.units.is_empty());
    let mut text = String::new();
    let mut has_alarm = false;
    // Writing to a String cannot fail.
    for notice in &notices {
        let name = notice.protection.as_ref().map(|protection| protection.name.as_str());
        let name = name.or(notice.call_sign.as_deref()).unwrap_or("-");
        let _ = writeln!(text, "{}  {name} of {}", short(&notice.id), notice.party);
        let is_near = notice.start_ns.saturating_sub(desk.view.now_ns) <= APPLIED_BEFORE_NS;
        for unit in &notice.units {
            let is_gap = unit.reach != Reach::Applied.name();
            let is_alarm = is_gap && is_near;
            has_alarm |= is_alarm && unit.party == desk.view.party;
            let mark = if is_alarm { "  ALARM" } else { "" };
            let person = unit.person.as_ref().map_or_else(String::new, |person| format!(" by {person}"));
            let _ = writeln!(text, "  {:<5} {}: {}{person}{mark}", unit.party, unit.unit, unit.reach);
        }
    }
    if notices.is_empty() {
        text.push_str("no unit was named; 'skypact unit name ID UNIT' names one\n");
    }
    Ok((serde_json::json!(notices), text, if has_alarm { Outcome::CheckFailed } else { Outcome::Done }))
}
