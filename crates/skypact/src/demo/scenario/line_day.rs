//! Scenario 6. Line day: 72 flights, seven crossings of the deconfliction line; both machines count seven, each from what its own receivers
//! heard; one is disputed (GPS interference).

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::Scene;
use super::scene::Fact;
use super::squitter::Sent;
use crate::command::{CliError, time_ns};
use crate::demo::stage::Setting;
use crate::directory::file_error;

/// Flights of each party; the first of RED's and of BLUE's cross.
const FLIGHTS: usize = 36;
const CROSSING: [usize; 2] = [4, 3];
/// When the tracks begin, how often a position is sent, and how many are.
const BEGIN: &str = "2017-06-12T11:00:00Z";
const EVERY_S: f64 = 10.0;
const POSITIONS: usize = 60;
/// How far both sides of the line flights begin, degrees, and how far a flight comes in ten minutes.
const AWAY_DEG: f64 = 0.5;
const FLOWN_DEG: f64 = 1.0;

/// What a flight does about the line.
#[derive(Debug, Clone, Copy)]
enum Course {
    /// It flies over it.
    Crosses,
    /// It comes within a hundredth of a degree, and returns.
    TurnsBack,
    /// It is over it for ten seconds, and returns.
    Touches,
    /// It flies along it.
    Beside,
}

/// One flight of a party: its call sign, its address, and what it does.
#[derive(Debug, Clone, Copy)]
struct Flight {
    party: usize,
    number: usize,
}

const PARTIES: [(&str, &str, u32); 2] = [("RED", "KOBALT", 0x15_0000), ("BLUE", "HUSKY", 0xae_0000)];

impl Flight {
    fn call_sign(self) -> String {
        format!("{} {:02}", PARTIES[self.party].1, self.number + 1)
    }

    fn address(self) -> u32 {
        PARTIES[self.party].2 + self.number as u32
    }

    fn course(self) -> Course {
        match self.number {
            number if number < CROSSING[self.party] => Course::Crosses,
            10..15 => Course::TurnsBack,
            15 | 16 => Course::Touches,
            _ => Course::Beside,
        }
    }

    /// Latitude and longitude so many seconds after the beginning. RED comes from the west, BLUE from the east of 40 E.
    fn place(self, second: f64) -> (f64, f64) {
        let part = second / (EVERY_S * POSITIONS as f64);
        let lat = 34.1 + 0.05 * self.number as f64;
        let away = match self.course() {
            Course::Crosses => AWAY_DEG - FLOWN_DEG * part,
            Course::TurnsBack => 0.01 + AWAY_DEG * (1.0 - 2.0 * part).abs(),
            Course::Touches => -0.004 + AWAY_DEG * (1.0 - 2.0 * part).abs(),
            Course::Beside => AWAY_DEG,
        };
        let lat = if matches!(self.course(), Course::Beside) { lat + 0.1 * part } else { lat };
        (lat, if self.party == 0 { 40.0 - away } else { 40.0 + away })
    }
}

fn flights() -> impl Iterator<Item = Flight> {
    [0, 1].into_iter().flat_map(|party| (0..FLIGHTS).map(move |number| Flight { party, number }))
}

/// What the receivers of a party heard of all flights: it is not at the same moments that two receivers hear a transponder.
fn heard(later_s: f64) -> Result<String, CliError> {
    let begin_ns = time_ns("clock", BEGIN)?;
    let mut text = String::new();
    for place in 0..POSITIONS {
        for flight in flights() {
            let second = place as f64 * EVERY_S + later_s;
            let (lat_deg, lng_deg) = flight.place(second);
            let is_odd = place % 2 == 1;
            let sent = Sent { address: flight.address(), lat_deg, lng_deg, altitude_ft: 24_000, is_odd };
            let time_ns = begin_ns + (second * 1e9) as i64;
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}.{:09},{}", time_ns / 1_000_000_000, time_ns % 1_000_000_000, sent.frame());
        }
    }
    Ok(text)
}

/// Whose aircraft they are: what each party knows of the flights of that day.
fn known() -> String {
    let flight = |flight: Flight| {
        let party = PARTIES[flight.party].0;
        json!({ "address": format!("{:06x}", flight.address()), "flight": flight.call_sign(), "party": party })
    };
    Value::from(flights().map(flight).collect::<Vec<_>>()).to_string()
}

fn write(path: &Path, text: &str) -> Result<String, CliError> {
    std::fs::write(path, text).map_err(|error| file_error(path, &error.to_string()))?;
    Ok(path.to_string_lossy().into_owned())
}

pub(super) async fn play(quiet: bool) -> Result<Vec<Fact>, CliError> {
    let pact = ["--line", "33.0,40.0 37.0,40.0"].map(str::to_owned).to_vec();
    let clock_ns = time_ns("clock", "2017-06-12T12:00:00Z")?;
    let setting = Setting { clock_ns, speed: 60, pact, alarms: Vec::new() };
    let mut scene = Scene::of("line-day", setting, quiet).await?;
    let flights = write(&scene.stage.dir.join("flights.json"), &known())?;
    for (party, later_s) in [("RED", 0.0), ("BLUE", 3.7)] {
        let tracks = scene.stage.dir.join(format!("{}.csv", party.to_lowercase()));
        let tracks = write(&tracks, &heard(later_s)?)?;
        let count = ["line", "count", "--tracks", &tracks, "--flights", &flights];
        let told = scene.does(party, &[&count[..], &["--file"]].concat())?;
        let crossings = told["crossings"].as_array().map_or(0, Vec::len);
        let what = format!("{party} counts 7 crossings of 72 flights from its own tracks, and reports them");
        scene.fact(&what, told["flights"] == 72 && crossings == 7 && told["reported"] == 7);
        let again = scene.asks(party, &[&count[..], &["--file"]].concat())?.1;
        scene.fact(&format!("{party} reports none of them twice"), again["reported"] == 0 && again["known"] == 7);
    }
    let line = |scene: &Scene, party: &str| Ok::<Value, CliError>(scene.asks(party, &["line"])?.1);
    let day = |view: &Value, expected: &Value| {
        let day = &view["days"][0];
        ["crossings", "by_party", "disputed", "reported_by_one", "struck"].iter().all(|key| day[key] == expected[key])
    };
    // BLUE is the first party of the pact.
    let mut seven = json!({ "crossings": 7, "by_party": [3, 4], "disputed": 0, "reported_by_one": 0, "struck": 0 });
    let same = scene.until(|scene| Ok(day(&line(scene, "RED")?, &seven) && day(&line(scene, "BLUE")?, &seven))).await?;
    scene.fact("both machines count seven: four of RED, three of BLUE, each reported by both", same);
    let (red, blue) = (line(&scene, "RED")?, line(&scene, "BLUE")?);
    let keys = |view: &Value| view["crossings"].as_array().into_iter().flatten().map(key).collect::<Vec<_>>();
    scene.fact("they are the same crossings, at the same places and times", keys(&red) == keys(&blue));

    let of_red = item_of(&red, "KOBALT 02");
    let id = of_red["reports"][0]["id"].as_str().unwrap_or_default().to_owned();
    let why = ["--reason", "gps-interference", "--text", "jamming from 1058 to 1110"];
    scene.does("RED", &[&["line", "dispute", &id[..10.min(id.len())]][..], &why].concat())?;
    seven["disputed"] = json!(1);
    let marked =
        scene.until(|scene| Ok(day(&line(scene, "RED")?, &seven) && day(&line(scene, "BLUE")?, &seven))).await?;
    scene.fact("RED disputes one: both count seven, one disputed", marked);
    scene.fact("BLUE is told that an answer is missing", scene.asks("BLUE", &["line"])?.0 == 1);
    scene.does("BLUE", &["line", "maintain", &id[..10.min(id.len())], "--text", "primary radar saw it too"])?;
    let answered = scene
        .until(|scene| {
            let said = item_of(&line(scene, "RED")?, "KOBALT 02")["positions"].clone();
            Ok(said.as_array().is_some_and(|said| said.len() == 2))
        })
        .await?;
    scene.fact("BLUE maintains it: both positions stand in the record", answered);
    let excerpts = excerpts_hold(&scene, &red)?;
    scene.fact("the tracks stayed: each party holds the excerpts that its reports name by hash", excerpts);
    scene.close()
}

/// What both sides have to show alike of a crossing.
fn key(crossing: &Value) -> String {
    ["flight", "flown_by", "direction", "lat_e9", "lng_e9", "time_ns"]
        .map(|field| crossing[field].to_string())
        .join(" ")
}

fn item_of(view: &Value, flight: &str) -> Value {
    let crossings = view["crossings"].as_array().into_iter().flatten();
    crossings.clone().find(|crossing| crossing["flight"] == flight).cloned().unwrap_or(Value::Null)
}

/// Whether the excerpt of every report is at the party that made it, and at no other.
fn excerpts_hold(scene: &Scene, view: &Value) -> Result<bool, CliError> {
    for report in view["crossings"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|crossing| crossing["reports"].as_array().into_iter().flatten())
    {
        let (party, track) =
            (report["party"].as_str().unwrap_or_default(), report["track"].as_str().unwrap_or_default());
        let other = if party == "RED" { "BLUE" } else { "RED" };
        let path = |party: &str| scene.stage.node(party).join("line").join(format!("{track}.txt"));
        let held = std::fs::read(path(party)).map_err(|error| file_error(&path(party), &error.to_string()))?;
        if skypact_record::Hash::of(&held).to_string() != track || path(other).exists() {
            return Ok(false);
        }
    }
    Ok(view["crossings"].as_array().is_some_and(|crossings| !crossings.is_empty()))
}
