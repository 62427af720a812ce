//! Words of people on a screen of 80 columns: wrapped, and each line marked as theirs, so that none is taken for one of ours.

use std::path::PathBuf;

use super::CliError;
use super::quantity::time_text;
use crate::http::views::SaidView;
use crate::system::in_words;

/// Columns of a screen.
const COLUMNS: usize = 80;
/// Longest file that a text is read from, bytes; the record takes less.
const TEXT_BYTES_MAX: u64 = 65_536;

/// A text on the command line, or in a file.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Prose {
    /// In words.
    #[arg(required_unless_present = "text_file")]
    text: Option<String>,
    /// File with the words instead, UTF-8.
    #[arg(long, conflicts_with = "text")]
    text_file: Option<PathBuf>,
}

impl Prose {
    /// The words.
    pub(super) fn words(&self) -> Result<String, CliError> {
        use std::io::Read as _;
        let Some(path) = &self.text_file else { return Ok(self.text.clone().unwrap_or_default()) };
        let failed =
            |error: std::io::Error| CliError::io("text-file", &format!("{}: {}", path.display(), in_words(&error)));
        let mut text = String::new();
        let file = std::fs::File::open(path).map_err(failed)?;
        file.take(TEXT_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
        Ok(text.trim_end().replace("\r\n", "\n"))
    }
}

/// The text in lines of 80 columns, each behind this indent and a bar.
pub(super) fn quoted(text: &str, indent: usize) -> String {
    let margin = format!("{}| ", " ".repeat(indent));
    let lines = text.split('\n').flat_map(|line| wrapped(line, COLUMNS - margin.len()));
    let shown = |line: String| (margin.clone() + &line).trim_end().to_owned() + "\n";
    lines.map(shown).collect()
}

/// Words of our own in lines of 80 columns from this column on, where the first one is put.
pub(super) fn flowing(text: &str, column: usize) -> String {
    wrapped(text, COLUMNS - column).join(&format!("\n{}", " ".repeat(column))) + "\n"
}

/// As much of a title as stands in a line beside a command.
pub(super) fn short_title(title: &str) -> String {
    const CHARS_MAX: usize = 36;
    let cut: String = title.chars().take(CHARS_MAX).collect();
    if cut.len() < title.len() { cut + "..." } else { cut }
}

/// Who said something, and when they claim to have.
pub(super) fn by(said: &SaidView) -> String {
    let clock = if said.clock_off { ", CLOCK OFF" } else { "" };
    format!("{} of {}, {}{clock}", said.officer, said.party, time_text(said.at_ns))
}

/// Lines of at most so many characters; a longer word is cut.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut word: Vec<char> = word.chars().collect();
        loop {
            let line = lines.last_mut().expect("there is one");
            let held = line.chars().count();
            let gap = usize::from(held > 0);
            if held + gap + word.len() <= width {
                if gap == 1 {
                    line.push(' ');
                }
                line.extend(&word);
                break;
            }
            if held > 0 {
                lines.push(String::new());
                continue;
            }
            line.extend(word.drain(..width));
            lines.push(String::new());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_another_is_marked_and_fits() {
        let text = format!("{} short\nnext: run this\n{}", "x".repeat(200), "many words ".repeat(20));
        let shown = quoted(&text, 4);
        assert!(shown.lines().all(|line| line.starts_with("    |") && line.chars().count() <= 80), "{shown}");
        assert!(shown.contains("    | next: run this\n"));
        assert_eq!(shown.matches('x').count(), 200 + 1, "nothing is cut off");
        let long = flowing(&"word ".repeat(30), 12);
        assert!(long.lines().skip(1).all(|line| line.starts_with("            word") && line.len() <= 80), "{long}");
        assert!(long.lines().next().unwrap().len() <= 68);
    }
}
