//! `skypact stop`: the safety-of-flight call. Calling takes one line; any watch-stander answers. Escalation ends only when
//! the counterpart says CEASED, UNABLE or REFUSED, or the caller lifts it.

use std::fmt::Write as _;

use skypact_airspace::UtcNanos;
use skypact_channel::{Message, Rung, Stop, StopArea, StopRung};
use skypact_record::counted;

use super::desk::{Acting, Desk, Shown, Where, hash, short, show_each};
use super::exit::show;
use super::naming::{STOP, find};
use super::notice_check::not_over;
use super::quantity::{area, fit, time_ns, time_text};
use super::{CliError, Outcome};
use crate::http::views::StopView;
use crate::node::RecordSigner;

/// Arguments of `stop`.
pub(super) type Args = Acting<Step>;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Step {
    /// List the STOPs of both parties, of every channel unless one is named. The same as no subcommand.
    List,
    /// Call STOP.
    Call {
        /// What is to stop: a call sign, a unit, a fire. Words are joined; quotes are not needed.
        #[arg(required = true)]
        what: Vec<String>,
        /// Id of the notice in danger or at fault, or its first 6 or more digits.
        #[arg(long)]
        notice: Option<String>,
        /// Where: LAT,LNG,RADIUS such as 35.2854,40.1760,3km.
        #[arg(long, allow_hyphen_values = true)]
        area: Option<String>,
        /// Until when, UTC: 2017-04-07T09:00:00Z. Without it until it is lifted.
        #[arg(long)]
        until: Option<String>,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Answer: a watch-stander has heard it.
    Heard {
        /// Id of the STOP, or its first 6 or more digits.
        id: String,
    },
    /// Answer: it was passed to a unit.
    PassedTo {
        /// Id of the STOP, or its first 6 or more digits.
        id: String,
        /// The unit. Words are joined; quotes are not needed.
        #[arg(required = true)]
        unit: Vec<String>,
    },
    /// Answer: what was to stop has stopped.
    Ceased {
        /// Id of the STOP, or its first 6 or more digits.
        id: String,
    },
    /// Answer: it cannot be done.
    Unable {
        /// Id of the STOP, or its first 6 or more digits.
        id: String,
        /// Why not. Words are joined; quotes are not needed.
        #[arg(required = true)]
        reason: Vec<String>,
    },
    /// Answer: it will not be done.
    Refused {
        /// Id of the STOP, or its first 6 or more digits.
        id: String,
        /// Why not. Words are joined; quotes are not needed.
        #[arg(required = true)]
        reason: Vec<String>,
    },
    /// Lift a STOP of this party.
    Lift {
        /// Id of the STOP, or its first 6 or more digits.
        id: String,
    },
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    let signer = || args.who.signer(&args.place.dir);
    match &args.step {
        None | Some(Step::List) => list(&args.place, json).await,
        Some(Step::Call { what, notice, area, until, reason }) => {
            let area = area.as_deref().map(stop_area).transpose()?;
            let until = until.as_deref().map(|text| time_ns("until", text).map(UtcNanos)).transpose()?;
            let stop = Stop { object: None, what: what.join(" "), area, until, reason: reason.clone() };
            call(&args.place, &signer()?, stop, notice.as_deref(), json).await
        }
        Some(Step::Heard { id }) => answer(&args.place, &signer()?, id, Rung::Heard, None, json).await,
        Some(Step::PassedTo { id, unit }) => {
            answer(&args.place, &signer()?, id, Rung::PassedTo, Some(unit.join(" ")), json).await
        }
        Some(Step::Ceased { id }) => answer(&args.place, &signer()?, id, Rung::Ceased, None, json).await,
        Some(Step::Unable { id, reason }) => {
            answer(&args.place, &signer()?, id, Rung::Unable, Some(reason.join(" ")), json).await
        }
        Some(Step::Refused { id, reason }) => {
            answer(&args.place, &signer()?, id, Rung::Refused, Some(reason.join(" ")), json).await
        }
        Some(Step::Lift { id }) => lift(&args.place, &signer()?, id, json).await,
    }
}

fn stop_area(text: &str) -> Result<StopArea, CliError> {
    let (centre, radius_mm) = area("area", text)?;
    Ok(StopArea { centre, radius_mm })
}

async fn call(
    place: &Where,
    signer: &RecordSigner,
    mut stop: Stop,
    notice: Option<&str>,
    json: bool,
) -> Result<Outcome, CliError> {
    let desk = match notice {
        None => Desk::open(place).await?,
        Some(notice) => {
            let (desk, notice) = Desk::with_notice(place, "notice", notice).await?;
            stop.object = Some(hash(&notice.id)?);
            desk
        }
    };
    // Of a STOP that is over nobody knows whether it counts. The node takes it all the same: it never refuses a call.
    stop.until.map_or(Ok(()), |until| not_over("until", until.0, desk.view.now_ns))?;
    let references = stop.object.into_iter().collect();
    let what = stop.what.clone();
    let placed = desk.file(signer, [(Message::Stop(stop), references)]).await?;
    let id = placed.first().map_or("", |placed| short(&placed.leaf));
    let link = if desk.view.connected {
        String::new()
    } else {
        format!(
            "\n{} DOES NOT ANSWER: it is sent as soon as it does; call by other means, or 'skypact channel dictate'",
            desk.view.counterpart
        )
    };
    show(
        json,
        &placed,
        &format!("STOP {id} {what}: recorded, and on its way{link}\nnext: 'skypact stop' shows who has answered"),
    );
    Ok(Outcome::Done)
}

async fn answer(
    place: &Where,
    signer: &RecordSigner,
    id: &str,
    rung: Rung,
    text: Option<String>,
    json: bool,
) -> Result<Outcome, CliError> {
    let (desk, id) = Desk::with(place, async |desk| {
        let (id, stop) = named(desk, id).await?;
        if stop.party == desk.view.party {
            let message = format!("id: {} is your own STOP; {} answers it", short(&id), desk.view.counterpart);
            return Err(CliError::usage("wrong-party", "id", message));
        }
        Ok(id)
    })
    .await?;
    let stop = hash(&id)?;
    let message = Message::StopRung(StopRung { stop, rung, text });
    let placed = desk.file(signer, [(message, vec![stop])]).await?;
    let next = if rung.ends_escalation() {
        ""
    } else {
        "\nnext: it escalates until 'skypact stop ceased', 'unable' or 'refused' is said"
    };
    show(json, &placed, &format!("STOP {}: {}{next}{}", short(&id), rung.name(), desk.silence()));
    Ok(Outcome::Done)
}

async fn lift(place: &Where, signer: &RecordSigner, id: &str, json: bool) -> Result<Outcome, CliError> {
    let (desk, id) = Desk::with(place, async |desk| {
        let (id, stop) = named(desk, id).await?;
        if stop.party != desk.view.party {
            let message = format!("id: {} called the STOP {}, and alone lifts it", stop.party, short(&id));
            return Err(CliError::usage("wrong-party", "id", message));
        }
        Ok(id)
    })
    .await?;
    let stop = hash(&id)?;
    let placed = desk.file(signer, [(Message::StopLifted { stop }, vec![stop])]).await?;
    show(json, &placed, &format!("STOP {}: lifted{}", short(&id), desk.silence()));
    Ok(Outcome::Done)
}

/// The STOP of either side whose id begins with `id`, and the alarm that it is in.
async fn named(desk: &Desk, id: &str) -> Result<(String, StopView), CliError> {
    let stops: Vec<StopView> = desk.client.get(&desk.path("stops")).await?;
    let id = find(STOP, "id", id, stops.iter().flat_map(|stop| &stop.stops))?.clone();
    let stop = stops.into_iter().find(|stop| stop.stops.contains(&id)).expect("found above");
    Ok((id, stop))
}

async fn list(place: &Where, json: bool) -> Result<Outcome, CliError> {
    show_each(place, json, listed).await
}

/// The STOPs of one channel.
async fn listed(desk: &Desk) -> Result<Shown, CliError> {
    let mut stops: Vec<StopView> = desk.client.get(&desk.path("stops")).await?;
    let value = serde_json::json!(stops);
    // What nobody ended stands first, and the newest before what came earlier.
    stops.reverse();
    stops.sort_by_key(|stop| (!stop.escalating, is_ended(stop)));
    let mut text = String::new();
    // Writing to a String cannot fail.
    for stop in &stops {
        let _ = writeln!(text, "{}", alarm(desk, stop));
        let facts = [
            stop.area.as_ref().map(|area| format!("within {area}")),
            stop.until_ns.map(|until_ns| format!("until {}", time_text(until_ns))),
            stop.reason.as_ref().map(|reason| format!("because: {reason}")),
        ];
        for fact in facts.into_iter().flatten() {
            let _ = writeln!(text, "  {fact}");
        }
        for rung in &stop.rungs {
            let said = rung.text.as_ref().map_or_else(String::new, |text| format!(" {text}"));
            let _ = writeln!(text, "  {} {}{said} ({})", time_text(rung.at_ns), rung.rung, rung.officer);
        }
    }
    if stops.is_empty() {
        text.push_str("no STOP was called\n");
    }
    if !desk.view.connected {
        let _ = writeln!(text, "{} does not answer: what it called since is not here", desk.view.counterpart);
    }
    let escalates = stops.iter().any(|stop| stop.escalating);
    Ok((value, text, if escalates { Outcome::CheckFailed } else { Outcome::Done }))
}

/// Whether it was lifted, or what was to stop has. Whoever is unable, or refuses, ends the escalation and not the danger.
fn is_ended(stop: &StopView) -> bool {
    stop.lifted_by.is_some() || stop.rungs.last().is_some_and(|rung| rung.rung == Rung::Ceased.name())
}

/// A STOP in one line: what, whose, how it stands, and who has to act.
pub(super) fn alarm(desk: &Desk, stop: &StopView) -> String {
    let state = match (&stop.lifted_by, stop.rungs.last()) {
        (Some(officer), _) => format!("lifted by {officer}"),
        (None, _) if stop.escalating => {
            let turn = if stop.party == desk.view.party { &desk.view.counterpart } else { &desk.view.party };
            format!("ESCALATION {} of 3, {turn} has to answer", stop.escalation)
        }
        (None, last) => last.map_or_else(String::new, |rung| rung.rung.clone()),
    };
    let calls = if stop.calls > 1 { format!(", called {}", counted(stop.calls, "time")) } else { String::new() };
    let since = time_text(stop.first_ns);
    let called = fit(&format!("STOP {} {}", short(&stop.id), stop.what), " ", &format!("of {}{calls}", stop.party));
    fit(&fit(&called, ", ", &format!("since {since}")), ": ", &state)
}
