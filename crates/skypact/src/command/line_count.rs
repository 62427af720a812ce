//! `skypact line count`: what recorded tracks say about the line. The tracks stay here; with `--file` each crossing is reported once,
//! under the name of the excerpt of its track, which is kept in DIR/line.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use skypact_airspace::{DeconflictionLine, Direction, LatLng, UtcNanos};
use skypact_channel::{CrossingReport, Message};
use skypact_record::counted;

use super::desk::{Desk, Where, Who};
use super::exit::show;
use super::quantity::time_text;
use super::{CliError, Outcome};
use crate::directory::{NodeDir, file_error};
use crate::feeds::line::{Count, Counted, count};
use crate::feeds::recording::{self, AircraftAddress};
use crate::http::views::{CrossingView, LineQuery, LineView, words};
use crate::system::in_words;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Recording of this party's sensors: Mode S or FLARM frames.
    #[arg(long)]
    tracks: PathBuf,
    /// JSON file that says whose aircraft they are:
    /// [{"address": "3ddc68", "flight": "KOBALT 21", "party": "RED"}]. Without it a flight goes by its address.
    #[arg(long)]
    flights: Option<PathBuf>,
    /// Report what was counted to the counterpart.
    #[arg(long)]
    file: bool,
}

/// Whose aircraft it is, as a file states it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct FlightText {
    address: String,
    flight: String,
    party: Option<String>,
}

/// What was counted.
#[derive(Debug, Serialize)]
struct Told {
    flights: usize,
    crossings: Vec<CrossingTold>,
    /// Aircraft and times, nanoseconds UTC, of gaps with the line between their ends.
    gaps: Vec<(String, i64, i64)>,
    /// How many were reported now, and how many had been before.
    reported: usize,
    known: usize,
}

#[derive(Debug, Serialize)]
struct CrossingTold {
    flight: String,
    flown_by: Option<String>,
    direction: &'static str,
    lat_e9: i64,
    lng_e9: i64,
    time_ns: i64,
    track: String,
}

pub(super) async fn run(args: &Args, place: &Where, who: &Who, json: bool) -> Result<Outcome, CliError> {
    let signer = if args.file { Some(who.signer(&place.dir)?) } else { None };
    let desk = Desk::open(place).await?;
    let mut view: LineView = desk.client.get(&desk.path(&LineQuery::default().path())).await?;
    let line = line(&view)?;
    let recorded = recording::read(&args.tracks)
        .map_err(|error| CliError::usage("recording-unusable", "tracks", error.to_string()))?;
    let flights = flights(args.flights.as_deref(), &view.parties)?;
    let count = count(&line, &recorded.fixes);
    let times = || count.crossings.iter().map(|counted| counted.crossing.time.0);
    if let Some((from_ns, until_ns)) = times().min().zip(times().max()) {
        // What stands already is looked for around the times of these tracks.
        let around = 600_000_000_000;
        let query = LineQuery {
            from_ns: Some(from_ns.saturating_sub(around)),
            until_ns: Some(until_ns.saturating_add(around)),
            ..LineQuery::default()
        };
        view = desk.client.get(&desk.path(&query.path())).await?;
    }
    let reports: Vec<CrossingReport> = count.crossings.iter().map(|counted| report(counted, &flights)).collect();
    let known = own_reports(&view, &desk.view.party)?;
    let is_new = |report: &&CrossingReport| !known.iter().any(|known| known.is_of_the_same(report));
    let new: Vec<&CrossingReport> = reports.iter().filter(is_new).collect();
    let mut told = told(&view, &count, &reports);
    told.known = reports.len() - new.len();
    if let Some(signer) = signer {
        keep(&place.dir, &count)?;
        let messages = new.iter().map(|report| (Message::Crossing((*report).clone()), Vec::new()));
        told.reported = desk.file(&signer, messages).await?.len();
    }
    show(json, &told, &text(&told, args.file, &desk.view.counterpart));
    Ok(Outcome::Done)
}

fn line(view: &LineView) -> Result<DeconflictionLine, CliError> {
    let points = view.points_e9.iter().map(|[lat_e9, lng_e9]| LatLng::new(*lat_e9, *lng_e9));
    let points: Vec<LatLng> =
        points.collect::<Result<_, _>>().map_err(|error| CliError::io("line", &error.to_string()))?;
    if points.is_empty() {
        let message = "the pact has no deconfliction line; agree on one in a new pact: 'skypact pact propose --line'";
        return Err(CliError::refused("no-line", message));
    }
    DeconflictionLine::new(&points).map_err(|error| CliError::refused(error.code(), error.to_string()))
}

/// Call sign and party of aircraft by address.
pub(super) type Flights = BTreeMap<AircraftAddress, (String, Option<usize>)>;

pub(super) fn flights(file: Option<&Path>, parties: &[String]) -> Result<Flights, CliError> {
    let Some(file) = file else { return Ok(Flights::new()) };
    let wrong = |reason: String| CliError::usage("file-invalid", "flights", format!("{}: {reason}", file.display()));
    let bytes = std::fs::read(file).map_err(|error| file_error(file, &in_words(&error)))?;
    let stated: Vec<FlightText> = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    let flight = |text: FlightText| {
        let address = u32::from_str_radix(&text.address, 16).ok().filter(|address| *address < 1 << 24);
        let address = address.ok_or_else(|| wrong(format!("address {}: write six hex digits", text.address)))?;
        let known = |party: &String| parties.iter().position(|known| known == party);
        let unknown = |party: &String| wrong(format!("party {party}: write one of {}", parties.join(" and ")));
        let party = text.party.as_ref().map(|party| known(party).ok_or_else(|| unknown(party))).transpose()?;
        Ok((AircraftAddress(address), (text.flight, party)))
    };
    stated.into_iter().map(flight).collect()
}

fn report(counted: &Counted, flights: &Flights) -> CrossingReport {
    let (flight, flown_by) =
        flights.get(&counted.aircraft).cloned().unwrap_or_else(|| (counted.aircraft.to_string(), None));
    let crossing = counted.crossing;
    CrossingReport {
        flight,
        flown_by,
        at: crossing.at,
        time: crossing.time,
        direction: crossing.direction,
        track: counted.track(),
    }
}

/// Reports of this party that stand already.
fn own_reports(view: &LineView, party: &str) -> Result<Vec<CrossingReport>, CliError> {
    let unreadable = |field: &str| CliError::io(field, "the node's answer cannot be read");
    let of = |crossing: &CrossingView| {
        let direction = Direction::ALL.into_iter().find(|known| known.name() == crossing.direction);
        let direction = direction.ok_or_else(|| unreadable("direction"))?;
        let own = crossing.reports.iter().filter(|report| report.party == party);
        own.map(|report| {
            Ok(CrossingReport {
                flight: report.flight.clone(),
                flown_by: None,
                at: LatLng::new(report.lat_e9, report.lng_e9).map_err(|_| unreadable("lat_e9"))?,
                time: UtcNanos(report.time_ns),
                direction,
                track: report.track.parse().map_err(|_| unreadable("track"))?,
            })
        })
        .collect::<Result<Vec<_>, CliError>>()
    };
    Ok(view.crossings.iter().map(of).collect::<Result<Vec<_>, _>>()?.concat())
}

/// Keeps the excerpts, each under its hash: whoever disputes a crossing may ask for it.
fn keep(dir: &Path, count: &Count) -> Result<(), CliError> {
    let excerpts = NodeDir(dir.to_path_buf()).track_excerpts();
    std::fs::create_dir_all(&excerpts).map_err(|error| file_error(&excerpts, &in_words(&error)))?;
    for counted in &count.crossings {
        let path = excerpts.join(format!("{}.txt", counted.track()));
        std::fs::write(&path, &counted.excerpt).map_err(|error| file_error(&path, &in_words(&error)))?;
    }
    Ok(())
}

fn told(view: &LineView, count: &Count, reports: &[CrossingReport]) -> Told {
    let crossing = |report: &CrossingReport| CrossingTold {
        flight: report.flight.clone(),
        flown_by: report.flown_by.and_then(|party| view.parties.get(party).cloned()),
        direction: report.direction.name(),
        lat_e9: report.at.lat_e9(),
        lng_e9: report.at.lng_e9(),
        time_ns: report.time.0,
        track: report.track.to_string(),
    };
    let gap = |(aircraft, from, until): &(AircraftAddress, UtcNanos, UtcNanos)| (aircraft.to_string(), from.0, until.0);
    Told {
        flights: count.flights,
        crossings: reports.iter().map(crossing).collect(),
        gaps: count.gaps.iter().map(gap).collect(),
        reported: 0,
        known: 0,
    }
}

fn text(told: &Told, filed: bool, counterpart: &str) -> String {
    let mut text = format!("{}, {}\n", counted(told.flights, "flight"), counted(told.crossings.len(), "crossing"));
    // Writing to a String cannot fail.
    for crossing in &told.crossings {
        let flown_by = crossing.flown_by.as_ref().map(|party| format!(" of {party}")).unwrap_or_default();
        let (time, way) = (time_text(crossing.time_ns), crossing.direction.replace('-', " "));
        let _ = writeln!(text, "  {time}  {}{flown_by}, {way}", words(&crossing.flight));
    }
    for (aircraft, from_ns, until_ns) in &told.gaps {
        let (from, until) = (time_text(*from_ns), time_text(*until_ns));
        let _ = writeln!(
            text,
            "  GAP: nobody saw {aircraft} from {from}\n    to {until}, on the other side then: not counted"
        );
    }
    let (reported, known) = (told.reported, told.known);
    let _ = if filed {
        writeln!(text, "reported to {counterpart}: {reported}, before now: {known}")
    } else {
        writeln!(text, "not reported before: {}\nnext: the same with --file", told.crossings.len() - known)
    };
    text
}
