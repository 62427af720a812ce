//! The stop before a notice is signed: the position of its footprint against the same position in other forms, as the
//! officer gave them with `--position`, within the tolerance of the pact.

use std::io::Write as _;
use std::path::Path;

use skypact_airspace::position::{Agreement, FORMS_MAX, StatedPosition, decimal_degrees, distance_text};
use skypact_airspace::{Footprint, LatLng};
use skypact_channel::Notice;

use super::desk::Desk;
use super::{CliError, position};
use crate::directory::NodeDir;

/// The other forms of a notice's position, and whether it is filed in spite of them.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct PositionArgs {
    /// The same position in another form, such as 441LL19, 37SFV0694005327 or "OSDZ 047/12.5NM": of the centre of the
    /// circle, or of the first point of polygon or corridor. May be given several times.
    #[arg(long, value_name = "FORM", conflicts_with = "file")]
    position: Vec<String>,
    /// File the notice although its position and the forms of --position disagree.
    #[arg(long, requires = "position")]
    force_position: bool,
}

/// Statements to hold against each other: that of the notice first.
pub(super) struct Statements {
    statements: Vec<StatedPosition>,
    force: bool,
}

impl PositionArgs {
    /// The forms as they were given, for the counterpart to see.
    pub(super) fn forms(&self) -> Vec<String> {
        self.position.clone()
    }

    /// The forms that were given, read, with the position of the notice before them; none without `--position`.
    pub(super) fn statements(&self, notices: &[Notice]) -> Result<Option<Statements>, CliError> {
        let [Notice { volumes, .. }] = notices else { return Ok(None) };
        let (Some(volume), false) = (volumes.first(), self.position.is_empty()) else { return Ok(None) };
        if self.position.len() >= FORMS_MAX {
            let message =
                format!("position: {} forms are too many; give at most {}", self.position.len(), FORMS_MAX - 1);
            return Err(CliError::usage("position-too-many", "position", message));
        }
        let (what, at) = stated_point(&volume.footprint);
        let mut statements = vec![StatedPosition::exact(&format!("{what} at {}", decimal_degrees(at)), at)];
        statements.extend(position::read(&self.position)?);
        Ok(Some(Statements { statements, force: self.force_position }))
    }
}

impl Statements {
    /// Refuses what disagrees by more than the pact allows, unless it is forced. Either way it is said on standard error
    /// what was found, and which forms are too coarse to find an error of the tolerance.
    pub(super) fn check(&self, desk: &Desk, dir: &Path) -> Result<(), CliError> {
        let pacts = NodeDir(dir.to_path_buf()).read_pacts()?;
        let pact = pacts.into_iter().find(|(_, pact)| pact.channel().to_string() == desk.view.channel);
        let (_, pact) = pact.ok_or_else(|| {
            let message = format!(
                "position: the pact of {} is not in {}, so its tolerance is not known; copy it there",
                desk.view.name,
                NodeDir(dir.to_path_buf()).pacts().display()
            );
            CliError::usage("pact-missing", "position", message)
        })?;
        let agreement = Agreement::of(&self.statements, pact.terms().position_tolerance_mm);
        match self.verdict(&agreement) {
            Some(disagreement) if !self.force => {
                let mut error = CliError::refused("position-disagrees", disagreement);
                error.field = Some("position".to_owned());
                return Err(error);
            }
            Some(disagreement) => say(&format!("warning[position-forced]: {disagreement}")),
            None => {}
        }
        for coarse in self.statements.iter().filter(|stated| stated.area().across_mm() > agreement.tolerance_mm) {
            say(&format!(
                "note: {} is {} across: an error smaller than that may escape it",
                position::title(coarse),
                distance_text(coarse.area().across_mm())
            ));
        }
        Ok(())
    }

    /// What disagrees, a line for each pair; none when all agree.
    fn verdict(&self, agreement: &Agreement) -> Option<String> {
        if agreement.holds() {
            return None;
        }
        let wrong = agreement.pairs.iter().filter(|pair| !pair.agree);
        let lines = wrong.map(|pair| position::lines(&self.statements, pair).replace('\n', "\n  "));
        Some(format!(
            "position: the forms of one position disagree by more than the {} of the pact\n  {}\n  find out which is \
             right and correct the other; --force-position files the notice as it is",
            distance_text(agreement.tolerance_mm),
            lines.collect::<Vec<_>>().join("\n  ")
        ))
    }
}

/// What the forms that the author of a notice gave say about its position, a line for each that is farther from it than
/// `tolerance_mm`, or that cannot be read here; nothing when all agree.
pub(super) fn mismatches(notice: &Notice, forms: &[String], tolerance_mm: i64) -> Vec<String> {
    let Some(volume) = notice.volumes.first() else { return Vec::new() };
    let (what, at) = stated_point(&volume.footprint);
    let own = StatedPosition::exact(what, at);
    let compare = |form: &String| match StatedPosition::read(form) {
        Err(error) => Some(format!("{form}: cannot be read here: {error}")),
        Ok(stated) => {
            let agreement = Agreement::of(&[own.clone(), stated], tolerance_mm);
            let apart = agreement.pairs.iter().find(|pair| !pair.agree)?;
            Some(format!("{form} is {} from the {what}", distance_text(apart.separation.apart_mm)))
        }
    };
    forms.iter().filter_map(compare).collect()
}

/// The point of a footprint that other forms are held against, and what it is.
fn stated_point(footprint: &Footprint) -> (&'static str, LatLng) {
    match footprint {
        Footprint::Circle(circle) => ("centre of the circle", circle.centre()),
        Footprint::Polygon(polygon) => ("first point of the polygon", polygon.vertices()[0]),
        Footprint::Corridor(corridor) => ("first point of the corridor", corridor.points()[0]),
    }
}

fn say(line: &str) {
    // Nobody is left to tell when standard error is gone.
    let _ = writeln!(std::io::stderr(), "{line}");
}
