//! The scenarios of the mission, each played by real processes under accelerated clocks, through the commands that officers
//! use. A scenario tells its story, then says of each fact that has to be true whether it was.

mod convoy;
mod empty_chair;
mod fifty_seconds;
mod incident;
mod line_day;
mod nine_kilometres;
mod routine_day;
mod scene;
mod squitter;
mod suspension;

use serde::Serialize;

pub use self::scene::Fact;
use self::scene::Scene;
use crate::command::{CliError, wrapped};

/// A scenario that can be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scenario {
    /// Its number.
    pub number: u8,
    /// Its name.
    pub title: &'static str,
}

/// Every scenario that can be played, ascending by number.
pub const SCENARIOS: [Scenario; 8] = [
    Scenario { number: 1, title: "Routine day" },
    Scenario { number: 2, title: "Nine kilometres" },
    Scenario { number: 3, title: "Empty chair" },
    Scenario { number: 4, title: "Fifty seconds" },
    Scenario { number: 5, title: "Convoy" },
    Scenario { number: 6, title: "Line day" },
    Scenario { number: 7, title: "Incident" },
    Scenario { number: 8, title: "Suspension" },
];

/// What came of a scenario.
#[derive(Debug, Serialize)]
pub struct Played {
    /// Its number.
    pub scenario: u8,
    /// Its name.
    pub title: &'static str,
    /// What had to be true.
    pub facts: Vec<Fact>,
}

impl Played {
    /// Whether everything was true.
    pub fn holds(&self) -> bool {
        self.facts.iter().all(|fact| fact.holds)
    }

    /// The facts for people.
    pub fn proof(&self) -> String {
        let verdict = |fact: &Fact| if fact.holds { "yes" } else { "NO" };
        let line = |fact: &Fact| format!("  {:<5}{}", verdict(fact), wrapped(&fact.what, 7).trim_start());
        let lines: String = self.facts.iter().map(line).collect();
        let verdict = if self.holds() { "holds" } else { "DOES NOT HOLD" };
        format!("scenario {} {}: {verdict}\n{lines}", self.scenario, self.title)
    }
}

/// Plays a scenario; with `quiet` without its story.
pub async fn play(scenario: Scenario, quiet: bool) -> Result<Played, CliError> {
    let facts = match scenario.number {
        1 => routine_day::play(quiet).await?,
        2 => nine_kilometres::play(quiet).await?,
        3 => empty_chair::play(quiet).await?,
        4 => fifty_seconds::play(quiet).await?,
        5 => convoy::play(quiet).await?,
        6 => line_day::play(quiet).await?,
        7 => incident::play(quiet).await?,
        8 => suspension::play(quiet).await?,
        number => return Err(CliError::usage("field-invalid", "scenario", format!("scenario: there is no {number}"))),
    };
    Ok(Played { scenario: scenario.number, title: scenario.title, facts })
}
