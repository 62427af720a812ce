//! Exit codes, and errors on their way to a person or a script.

use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use super::quantity::wrapped;
use crate::directory::ConfigError;
use crate::http::dss::keys::KeySourceError;
use crate::http::problem::Problem;
use crate::keys::KeyError;
use crate::node::NodeError;

/// All is well.
pub const OK: u8 = 0;
/// A check found something: a bundle that does not hold, a damaged store, a demonstration that failed.
pub const CHECK_FAILED: u8 = 1;
/// The arguments or a file that was given are wrong.
pub const USAGE: u8 = 2;
/// The rules of the channel refuse it.
pub const REFUSED: u8 = 3;
/// No node answers.
pub const NOT_REACHABLE: u8 = 4;
/// A file, the disk or the network failed.
pub const IO: u8 = 5;
/// There are open conflicts.
pub const CONFLICT: u8 = 10;
/// It is not known whether there are conflicts: the counterpart does not answer, or a clock is off.
pub const UNKNOWN: u8 = 11;

/// The codes as `--help` shows them.
pub const TABLE: &str = "Exit codes:
  0   all is well
  1   a check found something (verify, fork, monitor, doctor, demo, pact diff,
      position, assurance), or somebody has to act (stop, watch, unit,
      test-call, line, commitment)
  2   wrong arguments, or a wrong file
  3   refused by the rules of the channel
  4   no node answers
  5   a file, the disk or the network failed
  10  conflicts are open (conflicts, plan check)
  11  unknown: the counterpart does not answer, or a clock is off by more
      than 5 s (conflicts, plan check)";

/// How a command ended that did its work, from the best to what has to be told before all else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// All is well.
    Done,
    /// A check found something.
    CheckFailed,
    /// It is not known whether there are open conflicts.
    Unknown,
    /// There are open conflicts.
    Conflict,
}

impl Outcome {
    /// Its exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Done => OK,
            Self::CheckFailed => CHECK_FAILED,
            Self::Conflict => CONFLICT,
            Self::Unknown => UNKNOWN,
        }
    }
}

/// Why a command did not do its work.
#[derive(Debug, Clone, Serialize)]
pub struct CliError {
    /// Stable code.
    pub code: String,
    /// Field or argument at fault.
    pub field: Option<String>,
    /// What is wrong and what to do.
    pub message: String,
    #[serde(skip)]
    exit: u8,
    /// The first digits of an id that nothing of the kind in question has.
    #[serde(skip)]
    sought: Option<String>,
}

impl CliError {
    fn new(code: &str, field: Option<&str>, message: impl Into<String>, exit: u8) -> Self {
        Self { code: code.to_owned(), field: field.map(str::to_owned), message: message.into(), exit, sought: None }
    }

    /// A wrong argument or a wrong field of a file.
    pub fn usage(code: &str, field: &str, message: impl Into<String>) -> Self {
        Self::new(code, Some(field), message, USAGE)
    }

    /// The rules of the channel refuse it.
    pub fn refused(code: &str, message: impl Into<String>) -> Self {
        Self::new(code, None, message, REFUSED)
    }

    /// A failure of the machine.
    pub fn io(field: &str, message: &str) -> Self {
        Self::new("io", Some(field), message, IO)
    }

    /// A failure of the machine that has a code of its own.
    pub fn machine(code: &str, message: impl Into<String>) -> Self {
        Self::new(code, None, message, IO)
    }

    /// The same with more to say.
    #[must_use]
    pub fn saying(self, more: &str) -> Self {
        Self { message: self.message + more, ..self }
    }

    /// The same of an id that was looked for.
    #[must_use]
    pub(super) fn seeking(self, digits: String) -> Self {
        Self { sought: Some(digits), ..self }
    }

    /// The first digits of the id that nothing has.
    pub(super) fn sought(&self) -> Option<&str> {
        self.sought.as_deref()
    }

    /// Its exit code.
    pub fn exit_code(&self) -> u8 {
        self.exit
    }

    /// Prints it to standard error.
    pub fn print(&self, json: bool) {
        let text = if json {
            serde_json::to_string(self).unwrap_or_default()
        } else {
            let text = format!("error[{}]: {}", self.code, self.message);
            // A log has one line for each; a screen would cut it within a word.
            if std::io::stderr().is_terminal() { on_screen(&text) } else { text }
        };
        // Nobody is left to tell when standard error is gone.
        let _ = writeln!(std::io::stderr(), "{text}");
    }
}

/// Lines that are longer than the screen cut between words, behind their own indent.
fn on_screen(text: &str) -> String {
    let shown = |line: &str| {
        let fits = line.chars().count() <= 80;
        if fits { format!("{line}\n") } else { wrapped(line, line.len() - line.trim_start().len()) }
    };
    text.lines().map(shown).collect::<String>().trim_end().to_owned()
}

impl From<Problem> for CliError {
    fn from(problem: Problem) -> Self {
        let exit = match problem.status {
            0 => NOT_REACHABLE,
            409 | 422 => REFUSED,
            400..=499 => USAGE,
            _ => IO,
        };
        // Most requests have one item, and nobody typed a number.
        let place = problem.position.filter(|position| *position > 0);
        let place = place.map(|position| format!("item {position}: ")).unwrap_or_default();
        Self::new(&problem.code, problem.field.as_deref(), place + &problem.message, exit)
    }
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self::new(error.code(), None, error.to_string(), USAGE)
    }
}

impl From<KeyError> for CliError {
    fn from(error: KeyError) -> Self {
        Self::new(error.code(), None, error.to_string(), USAGE)
    }
}

impl From<KeySourceError> for CliError {
    fn from(error: KeySourceError) -> Self {
        Self::new(error.code(), None, error.to_string(), USAGE)
    }
}

impl From<NodeError> for CliError {
    fn from(error: NodeError) -> Self {
        Self::new(error.code(), None, error.to_string(), IO)
    }
}

/// Whether the node that was asked runs on a clock that was set.
static EXERCISE: AtomicBool = AtomicBool::new(false);

/// From here on every screen says that it is one of an exercise: nobody may take it for service, nor the other way round.
pub(super) fn in_exercise() {
    EXERCISE.store(true, Ordering::Relaxed);
}

/// What stands at the top of a screen: nothing, but in an exercise.
pub(super) fn heading() -> &'static str {
    if EXERCISE.load(Ordering::Relaxed) { "EXERCISE: the node's clock was set, nothing here is service\n" } else { "" }
}

/// Prints a result: `value` as JSON, or `text` for people.
pub fn show(json: bool, value: &impl Serialize, text: &str) {
    show_figures(json, value, &format!("{}{text}", heading()));
}

/// Prints what was measured: that is of this machine and of no node in service, whatever clock the nodes that it was measured on ran on.
pub(super) fn show_figures(json: bool, value: &impl Serialize, text: &str) {
    let text = if json { serde_json::to_string(value).unwrap_or_default() } else { text.trim_end().to_owned() };
    // A reader that closed the pipe has seen enough.
    let _ = writeln!(std::io::stdout(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_on_a_screen_is_cut_between_words_and_keeps_the_lines_that_it_has() {
        let text = format!("error[x]: {}\n  line 2: short\n  line 3: {}", "some words ".repeat(12), "more ".repeat(30));
        let shown = on_screen(&text);
        assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
        assert!(shown.contains("\n  line 2: short\n  line 3: more") && shown.lines().count() == 6, "{shown}");
        assert_eq!(shown.split_whitespace().collect::<Vec<_>>(), text.split_whitespace().collect::<Vec<_>>());
    }
}
