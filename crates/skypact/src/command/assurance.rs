//! `skypact assurance`: that nothing of this party will be, or was, somewhere. A notice of its signer there contradicts it at both sides;
//! a track there at the side that has it, which tells nobody.

use std::fmt::Write as _;
use std::path::PathBuf;

use skypact_airspace::{
    Altitude, AltitudeBand, AltitudeMargins, Circle, Datum, LatLng, Minima, TimeWindow, UtcNanos, Volume4d, conflict,
};
use skypact_channel::{ActivityClass, Assurance, AssuranceAct, Kind, Message};

use super::desk::{Acting, Desk, Shown, readable, short, show_each};
use super::exit::show;
use super::line_count::{Flights, flights};
use super::notice_check::not_to_come;
use super::quantity::{VolumeText, time_ns, time_text, wrapped};
use super::{CliError, Outcome};
use crate::directory::unbase64;
use crate::feeds::recording::{self, AltitudeDatum, Fix};
use crate::http::views::AssuranceView;

/// Arguments of `assurance`.
pub(super) type Args = Acting<Step>;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Step {
    /// List the assurances and denials of both parties. The same as no subcommand. Exit code 1 when one is contradicted.
    List(Tracks),
    /// Assure that nothing of this party will be in a scope.
    Give(Box<Scope>),
    /// Deny that anything of this party was in a scope.
    Deny(Box<Scope>),
}

/// Tracks that the list is held against.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Tracks {
    /// Recording of this party's sensors, Mode S or FLARM frames: what it says of the list is shown here, and nowhere else.
    #[arg(long, requires = "flights")]
    tracks: Option<PathBuf>,
    /// JSON file that says whose aircraft they are, as for 'skypact line count'.
    #[arg(long)]
    flights: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Scope {
    /// What is assured or denied, in words.
    what: String,
    /// manned, unmanned, relief-flight, ground-movement or hazard-area; every class without it.
    #[arg(long)]
    class: Option<String>,
    #[command(flatten)]
    volume: VolumeText,
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    match &args.step {
        None => show_each(&args.place, json, async |desk| list(desk, &Tracks::default()).await).await,
        Some(Step::List(tracks)) => show_each(&args.place, json, async |desk| list(desk, tracks).await).await,
        Some(Step::Give(scope)) => give(&args, AssuranceAct::Assures, scope, json).await,
        Some(Step::Deny(scope)) => give(&args, AssuranceAct::Denies, scope, json).await,
    }
}

async fn give(args: &Args, act: AssuranceAct, scope: &Scope, json: bool) -> Result<Outcome, CliError> {
    let class = scope.class.as_deref().map(|name| {
        let names = ActivityClass::ALL.map(ActivityClass::name).join(", ");
        let unknown = || CliError::usage("field-invalid", "class", format!("class: give one of {names}"));
        ActivityClass::from_name(name).ok_or_else(unknown)
    });
    let volumes = vec![scope.volume.volume()?];
    let given = Assurance { act, class: class.transpose()?, what: scope.what.clone(), scope: volumes };
    let message = Message::Assurance(given);
    readable(&message)?;
    let signer = args.who.signer(&args.place.dir)?;
    let desk = Desk::open(&args.place).await?;
    // Nobody can know yet that something was not there.
    if act == AssuranceAct::Denies {
        not_to_come("until", time_ns("until", &scope.volume.until)?, desk.view.now_ns)?;
    }
    let placed = desk.file(&signer, [(message, Vec::new())]).await?;
    let id = placed.first().map(|placed| placed.leaf.clone()).unwrap_or_default();
    let given: Vec<AssuranceView> = desk.client.get(&desk.path("assurances")).await?;
    let by = given.iter().find(|given| given.id == id).and_then(|given| given.contradicted_by.clone());
    let what = if act == AssuranceAct::Assures { "assurance" } else { "denial" };
    let mut text = format!("{what} {}; {} sees it", short(&id), desk.view.counterpart);
    if let Some(version) = by {
        let _ = write!(text, "\nCONTRADICTED by this party's own notice {}, in sight of both", short(&version));
    }
    show(json, &placed, &text);
    Ok(Outcome::Done)
}

async fn list(desk: &Desk, tracks: &Tracks) -> Result<Shown, CliError> {
    let given: Vec<AssuranceView> = desk.client.get(&desk.path("assurances")).await?;
    let seen = match (&tracks.tracks, &tracks.flights) {
        (Some(file), Some(known)) => {
            let recorded = recording::read(file)
                .map_err(|error| CliError::usage("recording-unusable", "tracks", error.to_string()))?;
            seen(desk, &given, &recorded.fixes, &flights(Some(known), &desk.parties())?)?
        }
        _ => vec![None; given.len()],
    };
    let mut text = String::new();
    for (given, seen) in given.iter().zip(&seen) {
        text.push_str(&assurance_text(given));
        if let Some(seen) = seen {
            let class = given.class.as_ref().map(|class| format!("; whether that was {class} no track says"));
            let class = class.unwrap_or_default();
            text.push_str(&wrapped(&format!("CONTRADICTED by a track, known here alone: {seen}{class}"), 4));
        }
    }
    if given.is_empty() {
        text.push_str("nothing is assured or denied\n");
    }
    let is_contradicted = given.iter().any(|given| given.contradicted_by.is_some()) || seen.iter().any(Option::is_some);
    let told = serde_json::json!({ "assurances": given, "tracks": seen });
    Ok((told, text, if is_contradicted { Outcome::CheckFailed } else { Outcome::Done }))
}

fn assurance_text(given: &AssuranceView) -> String {
    let (from, until) = (time_text(given.start_ns), time_text(given.end_ns));
    let class = given.class.as_ref().map(|class| format!(" {class}:")).unwrap_or_default();
    let mut text = wrapped(&format!("{}  {} {}:{class} {}", short(&given.id), given.party, given.act, given.what), 0);
    for volume in &given.scope {
        text.push_str(&wrapped(volume, 4));
    }
    // Writing to a String cannot fail.
    let _ = writeln!(text, "    {from} to {until}\n    signed by {}", given.officer);
    if let Some(version) = &given.contradicted_by {
        let _ = writeln!(text, "    CONTRADICTED by notice {} of {}", short(version), given.party);
    }
    text
}

/// Of each assurance the first fix of a flight of its party that lies in its scope.
fn seen(
    desk: &Desk,
    given: &[AssuranceView],
    fixes: &[Fix],
    flights: &Flights,
) -> Result<Vec<Option<String>>, CliError> {
    let parties = desk.parties();
    let one = |given: &AssuranceView| {
        let body = unbase64(&given.body).and_then(|body| Message::decode(Kind::Assurance, &body).ok());
        let Some(Message::Assurance(assurance)) = body else {
            return Err(CliError::io("body", "what the node shows cannot be read"));
        };
        let flown = |fix: &Fix| {
            let (flight, party) = flights.get(&fix.aircraft)?;
            let is_of_it = party.is_some_and(|party| parties[party] == given.party);
            let lies = || {
                let place = point(fix)?;
                // As for notices: no minima, and nothing assumed between datums beyond a metre.
                let meets = |volume: &Volume4d| conflict(&place, volume, &Minima::default(), &MARGINS).is_some();
                assurance.scope.iter().any(meets).then(|| format!("{flight} at {}", time_text(fix.time_ns)))
            };
            if is_of_it { lies() } else { None }
        };
        Ok(fixes.iter().find_map(flown))
    };
    given.iter().map(one).collect()
}

/// Differences of datums that are assumed where a track is held against a scope: those of the template of a pact.
const MARGINS: AltitudeMargins = AltitudeMargins { pressure_mm: 1_000_000, geoid_mm: 110_000 };

/// A fix as a volume of no extent.
fn point(fix: &Fix) -> Option<Volume4d> {
    let datum = match fix.altitude_datum {
        AltitudeDatum::W84 => Datum::W84,
        AltitudeDatum::FlightLevel => Datum::FlightLevel,
    };
    let altitude = Some(Altitude { mm: fix.altitude_mm, datum });
    let disc = Circle::new(LatLng::new(fix.lat_e9, fix.lng_e9).ok()?, 0).ok()?;
    let window = TimeWindow::new(UtcNanos(fix.time_ns), UtcNanos(fix.time_ns)).ok()?;
    Some(Volume4d::new(disc.into(), AltitudeBand::new(altitude, altitude).ok()?, window))
}
