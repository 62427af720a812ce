//! `skypact channel dictate` and `write-down`: an entry by telephone or radio. Lines are checked one by one as they are written
//! down, so that only a bad one is asked for again; the node takes in the whole, and gives the receipt that is read back.

use std::io::{BufRead, BufReader, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use skypact_channel::{Dictation, DictationError, spell};
use skypact_record::counted;

use super::desk::{Desk, Where};
use super::exit::show;
use super::{CliError, Outcome};
use crate::http::dictation::{DictationView, LinesIn, SpokenView, WrittenDownView};
use crate::system::in_words;

/// Most bytes that are read: every line of the longest dictation in words, several times over.
const INPUT_MAX_BYTES: u64 = 1 << 20;

/// Arguments of `channel dictate`.
#[derive(Debug, clap::Args)]
pub(super) struct Dictate {
    /// Entry to dictate, by its id or the first 6 or more digits. Without it the next one that the counterpart has not signed for,
    /// STOP and its like first.
    id: Option<String>,
    /// Write out how each letter and digit is said.
    #[arg(long)]
    words: bool,
    /// I answer for it that the node's store is its newest one and not out of a backup. Needed while the counterpart has
    /// not said since the node's start what it holds.
    #[arg(long)]
    store_is_newest: bool,
}

/// Arguments of `channel write-down`.
#[derive(Debug, clap::Args)]
pub(super) struct WriteDown {
    /// File with the lines; without it they are typed, or come from standard input.
    file: Option<PathBuf>,
    /// Write out how each letter and digit of the receipt is said.
    #[arg(long)]
    words: bool,
}

/// Shows an entry as lines to read out.
pub(super) async fn dictate(place: &Where, args: &Dictate, json: bool) -> Result<Outcome, CliError> {
    let mut query = vec![format!("store_is_newest={}", args.store_is_newest)];
    if let Some(id) = &args.id {
        if !id.bytes().all(|c| c.is_ascii_hexdigit()) {
            let message = format!("id: '{id}' is no id; give 6 or more hex digits, as lists show them");
            return Err(CliError::usage("id-unknown", "id", message));
        }
        query.push(format!("id={id}"));
    }
    let query = query.join("&");
    let ask = async |desk: &Desk| -> Result<DictationView, CliError> {
        Ok(desk.client.get(&desk.path(&format!("dictation?{query}"))).await?)
    };
    let (desk, view) = if args.id.is_some() {
        Desk::with(place, ask).await?
    } else {
        let desk = Desk::open(place).await?;
        let view = ask(&desk).await?;
        (desk, view)
    };
    let DictationView { entry, lines, delivered, size } = &view;
    let counterpart = &desk.view.counterpart;
    let before = entry.index.saturating_sub(*delivered);
    let first = match before {
        0 => String::new(),
        _ => {
            format!("{counterpart} may lack {} before it, and cannot take this one without\n", counted(before, "entry"))
        }
    };
    let after = match size.saturating_sub(entry.index.max(*delivered) + 1) {
        0 => String::new(),
        after => format!("\nafter it in this log: {after} more"),
    };
    let text = format!(
        "{}, {}\n{first}read to {counterpart}, for 'skypact channel write-down' there:\n\n{}\n\n\
         then write down the receipt that {counterpart} reads back: 'skypact channel write-down'{after}",
        named(entry),
        counted(lines.len(), "line"),
        spoken(lines, args.words)
    );
    show(json, &view, &text);
    Ok(Outcome::Done)
}

/// Takes in lines that were written down.
pub(super) async fn write_down(place: &Where, args: &WriteDown, json: bool) -> Result<Outcome, CliError> {
    let desk = Desk::open(place).await?;
    let lines = match &args.file {
        Some(path) => read(open(path)?)?,
        None if std::io::stdin().is_terminal() => ask(std::io::stdin().lock(), &mut std::io::stderr())?,
        None => read(std::io::stdin().lock())?,
    };
    let written: WrittenDownView = desk.client.post(&desk.path("dictation"), &LinesIn { lines }).await?;
    let counterpart = &desk.view.counterpart;
    let text = match &written {
        WrittenDownView::Entry { entry, is_new, answer } => {
            let taken = if *is_new { "took" } else { "was held before, and nothing is twice:" };
            format!(
                "{taken} {}\nread back to {counterpart}, for 'skypact channel write-down' there:\n\n{}",
                named(entry),
                spoken(answer, args.words)
            )
        }
        WrittenDownView::Receipt { origin, delivered, size } => {
            let next = if delivered < size { "\nnext: 'skypact channel dictate'" } else { "" };
            format!("{counterpart} has signed for {delivered} of {} of {origin}{next}", counted(*size, "entry"))
        }
    };
    show(json, &written, &text);
    Ok(Outcome::Done)
}

fn named(entry: &SpokenView) -> String {
    format!("{}, entry {} of {}", entry.kind, entry.index, entry.origin)
}

fn spoken(lines: &[String], in_words: bool) -> String {
    let words = |line: &String| if in_words { format!("{line}\n       {}", spell(line)) } else { line.clone() };
    lines.iter().map(words).collect::<Vec<_>>().join("\n")
}

fn open(path: &Path) -> Result<BufReader<std::fs::File>, CliError> {
    let file = std::fs::File::open(path);
    let unusable =
        |error| CliError::usage("file-unusable", "file", format!("{}: {}", path.display(), in_words(&error)));
    file.map(BufReader::new).map_err(unusable)
}

/// The lines of a whole dictation; at the first bad one nothing is taken.
fn read(input: impl BufRead) -> Result<Vec<String>, CliError> {
    let (mut dictation, mut lines) = (Dictation::default(), Vec::new());
    for line in input.take(INPUT_MAX_BYTES).lines() {
        let line = line.map_err(|error| CliError::usage("file-unusable", "lines", in_words(&error)))?;
        if !line.trim().is_empty() {
            dictation.line(&line).map_err(|error| wrong(&error))?;
            lines.push(line);
        }
    }
    dictation.finish().map_err(|error| wrong(&error))?;
    Ok(lines)
}

/// The lines as somebody types them: a bad one is typed again.
fn ask(input: impl BufRead, prompt: &mut impl Write) -> Result<Vec<String>, CliError> {
    let (mut dictation, mut lines) = (Dictation::default(), Vec::new());
    let mut typed = input.take(INPUT_MAX_BYTES).lines();
    while !dictation.is_complete() {
        // Nobody is left to be asked when standard error is gone; the answer is still read.
        let _ = write!(prompt, "line {}: ", dictation.next_line());
        let _ = prompt.flush();
        let Some(line) = typed.next() else { break };
        let line = line.map_err(|error| CliError::usage("file-unusable", "lines", in_words(&error)))?;
        if line.trim().is_empty() {
            continue;
        }
        match dictation.line(&line) {
            Ok(_) => lines.push(line),
            Err(error) => drop(writeln!(prompt, "{error}")),
        }
    }
    dictation.finish().map_err(|error| wrong(&error))?;
    Ok(lines)
}

fn wrong(error: &DictationError) -> CliError {
    CliError::usage(error.code(), "lines", format!("{error}; nothing was taken"))
}

#[cfg(test)]
mod tests {
    use skypact_channel::dictate;

    use super::*;

    #[test]
    fn a_line_that_was_mistyped_is_asked_for_again_and_the_others_stay() {
        let lines = dictate(&[7; 50]).expect("short enough");
        let slip = lines[1].replacen("A4DQ", "A4DA", 1);
        assert_ne!(slip, lines[1]);
        let typed = format!("{}\n\n{slip}\n{}\n{}\n{}\nmore", lines[0], lines[2], lines[1], lines[2]);
        let mut prompt = Vec::new();
        assert_eq!(ask(typed.as_bytes(), &mut prompt).expect("all of it"), lines);
        let prompt = String::from_utf8(prompt).expect("text");
        assert!(prompt.contains("line 2: the last group does not fit the others; ask for line 2 again\n"), "{prompt}");
        assert!(prompt.contains("line 2: this is line 3; ask for line 2\n"), "{prompt}");
        assert!(prompt.ends_with("line 3: "), "nothing is asked for beyond the end: {prompt}");
        let error = ask(lines[0].as_bytes(), &mut Vec::new()).expect_err("it ends early");
        assert_eq!(error.code, "dictation-incomplete");
    }
}
