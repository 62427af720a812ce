//! What a scenario is told with: a stage, officers who type commands, and facts that have to be true.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::clock::Stopwatch;
use crate::command::{CliError, time_ns, time_text};
use crate::demo::stage::{Setting, Stage};

/// How long a scene waits for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// Something that had to be true.
#[derive(Debug, Clone, Serialize)]
pub struct Fact {
    /// What.
    pub what: String,
    /// Whether it was.
    pub holds: bool,
}

/// A scenario while it is played.
pub(super) struct Scene {
    pub(super) stage: Stage,
    facts: Vec<Fact>,
    quiet: bool,
}

impl Scene {
    /// Sets the stage: clocks that show `clock` and run `speed` times as fast as the machine's.
    pub(super) async fn open(name: &str, clock: &str, speed: u32, quiet: bool) -> Result<Self, CliError> {
        let clock_ns = time_ns("clock", clock)?;
        Self::of(name, Setting { clock_ns, speed, pact: Vec::new(), alarms: Vec::new() }, quiet).await
    }

    pub(super) async fn of(name: &str, setting: Setting, quiet: bool) -> Result<Self, CliError> {
        let dir = directory(name);
        let stage = tokio::task::block_in_place(|| Stage::of(dir, &setting))?;
        let mut scene = Self { stage, facts: Vec::new(), quiet };
        scene.is_up().await?;
        Ok(scene)
    }

    /// Waits until both nodes answer their officers.
    pub(super) async fn is_up(&mut self) -> Result<(), CliError> {
        for party in ["RED", "BLUE"] {
            self.stage.desk(party).await?;
        }
        Ok(())
    }

    /// Tells a line of the story.
    pub(super) fn tell(&self, line: &str) {
        if !self.quiet {
            // A reader that closed the pipe has heard enough.
            let _ = std::io::Write::write_fmt(
                &mut std::io::stderr(),
                format_args!("{}\n", within_screen(&format!("{}  {line}", time_text(self.stage.now_ns())))),
            );
        }
    }

    /// An officer of a party types a command: its exit code, and what it printed as JSON.
    pub(super) fn types(&self, party: &str, arguments: &[&str]) -> Result<(i32, Value), CliError> {
        self.tell(&format!("{party}> skypact {}", quoted(arguments)));
        self.asks(party, arguments)
    }

    /// The same of a command that has to succeed.
    pub(super) fn does(&self, party: &str, arguments: &[&str]) -> Result<Value, CliError> {
        let (code, value) = self.types(party, arguments)?;
        if code == 0 {
            return Ok(value);
        }
        Err(CliError::io("scenario", &format!("skypact {}: exit code {code}: {value}", quoted(arguments))))
    }

    /// A command that is no part of the story.
    pub(super) fn asks(&self, party: &str, arguments: &[&str]) -> Result<(i32, Value), CliError> {
        let dir = self.stage.node(party);
        let officer = format!("{}{} duty officer", &party[..1], party[1..].to_lowercase());
        let mut command = Command::new(std::env::current_exe().map_err(|error| failed(&error))?);
        command.args(arguments).arg("--json").env("SKYPACT_DIR", &dir).stdin(Stdio::null());
        if acts(arguments) {
            command.args(["--officer", &officer]);
        }
        let output = tokio::task::block_in_place(|| command.output()).map_err(|error| failed(&error))?;
        let text = if output.stdout.is_empty() { &output.stderr } else { &output.stdout };
        let value = serde_json::from_slice(text).unwrap_or(Value::Null);
        Ok((output.status.code().unwrap_or(-1), value))
    }

    /// What a command shows on a screen.
    pub(super) fn reads(&self, party: &str, arguments: &[&str]) -> Result<String, CliError> {
        let mut command = Command::new(std::env::current_exe().map_err(|error| failed(&error))?);
        command.args(arguments).env("SKYPACT_DIR", self.stage.node(party)).stdin(Stdio::null());
        let output = tokio::task::block_in_place(|| command.output()).map_err(|error| failed(&error))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Waits until something holds, and says whether it came to that.
    pub(super) async fn until(&mut self, holds: impl Fn(&Self) -> Result<bool, CliError>) -> Result<bool, CliError> {
        let watch = Stopwatch::start();
        while watch.elapsed() < PATIENCE {
            self.stage.check()?;
            if holds(self)? {
                return Ok(true);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(false)
    }

    /// Waits until the clocks show so many seconds after `since_ns`.
    pub(super) async fn passes(&self, since_ns: i64, seconds: i64) {
        while self.stage.now_ns() < since_ns + seconds * 1_000_000_000 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// States a fact.
    pub(super) fn fact(&mut self, what: &str, holds: bool) {
        self.tell(&format!("{} {what}", if holds { "=>" } else { "=> NOT:" }));
        self.facts.push(Fact { what: what.to_owned(), holds });
    }

    /// Both sides export their evidence, and it holds; then the stage is left. Gives the facts.
    pub(super) fn close(mut self) -> Result<Vec<Fact>, CliError> {
        for party in ["RED", "BLUE"] {
            let bundle = self.stage.dir.join(format!("{}.bundle", party.to_lowercase()));
            let out = bundle.to_string_lossy().into_owned();
            self.asks(party, &["export-bundle", "--out", &out])?;
            let (_, report) = self.asks(party, &["verify", &out])?;
            let sound = report["faults"].as_array().is_some_and(Vec::is_empty);
            self.fact(&format!("the evidence of {party} verifies without any node"), sound);
        }
        let (dir, facts) = (self.stage.dir.clone(), std::mem::take(&mut self.facts));
        let holds = facts.iter().all(|fact| fact.holds);
        drop(self);
        if holds {
            // What went well leaves nothing behind; what did not is kept for whoever looks into it.
            let _ = std::fs::remove_dir_all(dir);
        }
        Ok(facts)
    }
}

/// Whether a command signs, so that it needs an officer.
fn acts(arguments: &[&str]) -> bool {
    match arguments {
        ["notice", step, ..] => *step != "list",
        ["stop" | "channel" | "watch" | "unit" | "test-call" | "line", step, ..] => {
            !matches!(*step, "list" | "status" | "show")
        }
        ["case", step, ..] => !matches!(*step, "list" | "show" | "give" | "check" | "sign" | "export"),
        ["agenda", step, ..] => !matches!(*step, "list" | "show" | "minutes"),
        ["ack" | "protect", ..] | ["conflicts", _, ..] => true,
        _ => false,
    }
}

/// A line of the story on a screen of 80 columns; a command is broken before an option or a word in quotes, so that it can be copied.
fn within_screen(line: &str) -> String {
    let is_command = line.contains("> skypact ");
    // Room for the mark that the line goes on.
    let (mark, columns) = if is_command { (" \\", 78) } else { ("", 80) };
    let (mut shown, mut column) = (String::new(), 0);
    for (place, part) in parts(line, is_command).iter().enumerate() {
        let length = part.chars().count();
        if place > 0 && column + 1 + length > columns {
            shown += mark;
            shown += "\n    ";
            column = 4;
        } else if place > 0 {
            shown.push(' ');
            column += 1;
        }
        shown += part;
        column += length;
    }
    shown
}

/// What is not broken: words; of a command an option with its value, and words in quotes.
fn parts(line: &str, is_command: bool) -> Vec<String> {
    let (mut parts, mut in_quotes, mut in_option) = (Vec::<String>::new(), false, false);
    for word in line.split(' ') {
        let is_option = word.starts_with("--");
        match parts.last_mut() {
            Some(part) if is_command && (in_quotes || (in_option && !is_option)) => {
                part.push(' ');
                part.push_str(word);
            }
            _ => parts.push(word.to_owned()),
        }
        if word.matches('"').count() % 2 == 1 {
            in_quotes = !in_quotes;
        }
        in_option = is_option || (in_option && in_quotes);
    }
    parts
}

fn quoted(arguments: &[&str]) -> String {
    let quote = |word: &&str| if word.contains(' ') { format!("\"{word}\"") } else { (*word).to_owned() };
    arguments.iter().map(quote).collect::<Vec<_>>().join(" ")
}

fn failed(error: &std::io::Error) -> CliError {
    CliError::io("skypact", &error.to_string())
}

/// A fresh directory for one scenario.
fn directory(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("skypact-{name}-{}", std::process::id()))
}

/// Finds the item of a list whose field has this text.
pub(super) fn item<'a>(list: &'a Value, field: &str, text: &str) -> &'a Value {
    let found = list.as_array().into_iter().flatten().find(|item| item[field] == text);
    found.unwrap_or(&Value::Null)
}

/// The leaf hash of the first entry that a command placed.
pub(super) fn leaf(placed: &Value) -> String {
    placed[0]["leaf"].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::within_screen;

    #[test]
    fn a_story_fits_the_screen_and_its_commands_can_be_copied() {
        let opened = "2017-06-18T10:00:03Z  RED> skypact case open \"Pass at 500 ft\" \"KOBALT 21 met HUSKY 61 head on, 500 ft above.\" --at 2017-06-18T10:00:03Z";
        let expected = "2017-06-18T10:00:03Z  RED> skypact case open \"Pass at 500 ft\" \\\n    \"KOBALT 21 met HUSKY 61 head on, 500 ft above.\" --at 2017-06-18T10:00:03Z";
        assert_eq!(within_screen(opened), expected);
        let fact =
            "2017-06-12T12:00:39Z  => both machines count seven: four of RED, three of BLUE, each reported by both";
        assert!(within_screen(fact).lines().all(|line| line.chars().count() <= 80));
        assert_eq!(within_screen(fact).replace("\n    ", " "), fact);
    }
}
