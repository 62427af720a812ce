//! `skypact position`: a position in every form, and whether several statements of it agree. Asks no node.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Serialize;
use skypact_airspace::altitude::{DatumRelation, Undulation};
use skypact_airspace::position::{
    Agreement, FORMS_MAX, FormError, Pair, StatedPosition, bearing_and_distance, decimal_degrees,
    degrees_minutes_seconds, distance_text, gars, mgrs,
};
use skypact_airspace::{Datum, LatLng};
use skypact_channel::Terms;

use super::exit::show;
use super::quantity::altitude;
use super::{CliError, Outcome};
use crate::directory::read_pact;

/// Arguments of `position`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The pact whose position tolerance and altitude margins count; those of the template without it.
    #[arg(long)]
    pact: Option<PathBuf>,
    /// An altitude to show in each datum at the first position: FL180, "5000ft AMSL" or "1500m W84".
    #[arg(long)]
    altitude: Vec<String>,
    /// Statements of one position, each in quotes: "35.2854N 040.1760E", "35 17 07N 040 10 34E", 37SFV0694005327, 441LL19,
    /// "OSDZ 047/12.5NM" or "Deir ez-Zor". Write "--" before one that begins with a minus sign.
    #[arg(required = true)]
    text: Vec<String>,
}

/// What a statement says.
#[derive(Debug, Serialize)]
struct StatementView {
    text: String,
    form: &'static str,
    read_as: Option<String>,
    /// Greatest width of the area that it denotes, in metres, rounded up.
    across_m: i64,
    lat_e9: i64,
    lng_e9: i64,
    decimal_degrees: String,
    degrees_minutes_seconds: String,
    mgrs: String,
    gars: String,
    bearing_and_distance: String,
}

/// Two statements against each other.
#[derive(Debug, Serialize)]
struct PairView {
    first: String,
    second: String,
    apart_mm: i64,
    middles_mm: i64,
    agree: bool,
}

/// The answer.
#[derive(Debug, Serialize)]
struct PositionView {
    statements: Vec<StatementView>,
    tolerance_mm: i64,
    pairs: Vec<PairView>,
    agree: bool,
    altitudes: Vec<String>,
}

pub(super) fn run(args: &Args, json: bool) -> Result<Outcome, CliError> {
    let statements = read(&args.text)?;
    let terms = match &args.pact {
        Some(path) => read_pact(path)?.1.terms().clone(),
        None => Terms::template(),
    };
    let agreement = Agreement::of(&statements, terms.position_tolerance_mm);
    let mut altitudes = Vec::new();
    for text in &args.altitude {
        let stated = altitude("altitude", text)?;
        let undulation = Undulation::of_area(statements[0].area());
        let relation = DatumRelation::new(undulation, &terms.altitude_margins);
        let others = [Datum::FlightLevel, Datum::Amsl, Datum::W84].into_iter().filter(|datum| *datum != stated.datum);
        altitudes.extend(others.map(|datum| relation.explain(stated, datum)));
    }
    let view = PositionView {
        statements: statements.iter().map(statement).collect(),
        tolerance_mm: agreement.tolerance_mm,
        pairs: agreement.pairs.iter().map(|pair| pair_view(&statements, pair)).collect(),
        agree: agreement.holds(),
        altitudes,
    };
    show(json, &view, &page(&view, &statements, &agreement));
    Ok(if agreement.holds() { Outcome::Done } else { Outcome::CheckFailed })
}

/// Reads statements of one position.
pub(super) fn read(texts: &[String]) -> Result<Vec<StatedPosition>, CliError> {
    if texts.len() > FORMS_MAX {
        let message =
            format!("position: {} statements of one position are too many; give at most {FORMS_MAX}", texts.len());
        return Err(CliError::usage("position-too-many", "position", message));
    }
    let wrong = |error: FormError| CliError::usage(error.code(), error.field(), error.to_string());
    texts.iter().map(|text| StatedPosition::read(text).map_err(wrong)).collect()
}

/// A statement as people call it: `441LL19 (GARS)`.
pub(super) fn title(stated: &StatedPosition) -> String {
    format!("{} ({})", stated.text(), stated.form().name())
}

/// Two lines on two statements: what is between their areas decides, their middles are named beside it.
pub(super) fn lines(statements: &[StatedPosition], pair: &Pair) -> String {
    let verdict = if pair.agree { "agree" } else { "DISAGREE" };
    let (first, second) = (title(&statements[pair.first]), title(&statements[pair.second]));
    let areas = match pair.separation.apart_mm {
        0 => "their areas meet".to_owned(),
        apart_mm => format!("their areas are {} apart", distance_text(apart_mm)),
    };
    format!("{verdict}: {first} and {second}\n  {areas}, their middles {}", distance_text(pair.separation.middles_mm))
}

fn statement(stated: &StatedPosition) -> StatementView {
    let middle: LatLng = stated.area().middle();
    StatementView {
        text: stated.text().to_owned(),
        form: stated.form().name(),
        read_as: stated.read_as().map(str::to_owned),
        across_m: (stated.area().across_mm() + 999) / 1_000,
        lat_e9: middle.lat_e9(),
        lng_e9: middle.lng_e9(),
        decimal_degrees: decimal_degrees(middle),
        degrees_minutes_seconds: degrees_minutes_seconds(middle),
        mgrs: mgrs(middle, 5),
        gars: gars(middle),
        bearing_and_distance: bearing_and_distance(middle),
    }
}

fn pair_view(statements: &[StatedPosition], pair: &Pair) -> PairView {
    PairView {
        first: statements[pair.first].text().to_owned(),
        second: statements[pair.second].text().to_owned(),
        apart_mm: pair.separation.apart_mm,
        middles_mm: pair.separation.middles_mm,
        agree: pair.agree,
    }
}

fn page(view: &PositionView, statements: &[StatedPosition], agreement: &Agreement) -> String {
    let mut text = String::new();
    for (view, stated) in view.statements.iter().zip(statements) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}, an area {} m across", title(stated), view.across_m);
        if let Some(read_as) = &view.read_as {
            let _ = writeln!(text, "  read as    {read_as}");
        }
        let _ = writeln!(text, "  degrees    {}", view.decimal_degrees);
        let _ = writeln!(text, "  DMS        {}", view.degrees_minutes_seconds);
        let _ = writeln!(text, "  MGRS       {}", view.mgrs);
        let _ = writeln!(text, "  GARS       {}", view.gars);
        let _ = writeln!(text, "  aerodrome  {}", view.bearing_and_distance);
    }
    for pair in &agreement.pairs {
        let _ = writeln!(text, "{}", lines(statements, pair));
    }
    for altitude in &view.altitudes {
        let _ = writeln!(text, "{altitude}");
    }
    text
}
