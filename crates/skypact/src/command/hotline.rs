//! `skypact hotline`: coded phrases in English, Russian and Arabic, and free text in a language that is named. Nothing is
//! translated by itself. It is no STOP: nobody has to answer, and no alarm rings.

use std::fmt::Write as _;

use skypact_airspace::UtcNanos;
use skypact_channel::phrasebook::{EDITION, Phrase, PhraseLanguage, phrase, phrases};
use skypact_channel::{Hotline, Message, Parameter, ParameterKind};
use skypact_papers::quantity;

use super::desk::{Desk, Shown, Where, Who, short, show_each};
use super::exit::show;
use super::notice::not_heard;
use super::prose::flowing;
use super::quantity::{altitude, time_ns, time_text};
use super::{CliError, Outcome};
use crate::http::views::{HotlineView, PhraseTextView};

/// Where what was said begins, behind its language.
const SPOKEN_COLUMN: usize = 6;
/// Stands for a blank that is no place to cut; nothing that was said has control characters.
const HELD_BLANK: char = '\u{1}';

/// Arguments of `hotline`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, clap::Subcommand)]
enum Step {
    /// Say a phrase by its code, or free text.
    Say {
        #[command(flatten)]
        place: Where,
        #[command(flatten)]
        who: Who,
        /// Code of the phrase, and its parameters in their order: LAT,LNG, "5000ft AMSL", 2017-04-07T09:00:00Z, a text, a
        /// number. Write "--" before one that begins with a minus sign.
        #[arg(required_unless_present = "text")]
        phrase: Vec<String>,
        /// Free text instead.
        #[arg(long, conflicts_with = "phrase", requires = "language")]
        text: Option<String>,
        /// Its language: en, ru, ar, or another tag such as tr or sr-Latn.
        #[arg(long, requires = "text")]
        language: Option<String>,
    },
    /// Show what both parties said, the newest last.
    Read {
        #[command(flatten)]
        place: Where,
        /// Phrases in this language alone: en, ru or ar.
        #[arg(long)]
        language: Option<String>,
        /// The last so many.
        #[arg(long, default_value_t = 20)]
        last: usize,
    },
    /// List the phrases with their codes. Asks no node.
    Phrases {
        /// In this language alone: en, ru or ar.
        #[arg(long)]
        language: Option<String>,
        /// Only those whose code begins so: 5 for emergencies.
        begins: Option<String>,
    },
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    match args.step {
        Step::Say { place, who, phrase, text, language } => {
            let said = match (text, language) {
                (Some(text), Some(language)) => Hotline::Text { language, text },
                _ => coded(&phrase)?,
            };
            say(&place, &who, said, json).await
        }
        Step::Read { place, language, last } => {
            let language = chosen(language.as_deref())?;
            show_each(&place, json, async |desk| read(desk, language, last).await).await
        }
        Step::Phrases { language, begins } => {
            list(chosen(language.as_deref())?, begins.as_deref().unwrap_or_default(), json);
            Ok(Outcome::Done)
        }
    }
}

async fn say(place: &Where, who: &Who, said: Hotline, json: bool) -> Result<Outcome, CliError> {
    // What the node would refuse to read is refused here, where nothing is signed yet.
    let message = Message::Hotline(said);
    Message::decode(message.kind(), &message.encode())
        .map_err(|error| CliError::usage(error.code(), error.field, error.to_string()))?;
    let signer = who.signer(&place.dir)?;
    let desk = Desk::open(place).await?;
    let placed = desk.file(&signer, [(message, Vec::new())]).await?;
    let id = placed.first().map_or("", |placed| short(&placed.leaf));
    show(json, &placed, &format!("said {id}; 'skypact hotline read' shows it as they see it\n{}", not_heard(&desk)));
    Ok(Outcome::Done)
}

async fn read(desk: &Desk, language: Option<PhraseLanguage>, last: usize) -> Result<Shown, CliError> {
    let newest: Vec<HotlineView> = desk.client.get(&desk.path(&format!("hotline?last={last}"))).await?;
    let mut text: String = newest.iter().map(|said| lines(said, language)).collect();
    if newest.is_empty() && last > 0 {
        text.push_str("nothing was said\n");
    }
    Ok((serde_json::to_value(newest).unwrap_or_default(), text + &not_heard(desk), Outcome::Done))
}

/// What the counterpart said since this party spoke last, the oldest first.
pub(super) async fn waiting(desk: &Desk) -> Result<Vec<HotlineView>, CliError> {
    Ok(desk.client.get(&desk.path("hotline?waiting=true")).await?)
}

/// A message: who and when, and what below it.
fn lines(said: &HotlineView, language: Option<PhraseLanguage>) -> String {
    let mut text = format!("{}  {:<5} {}", time_text(said.at_ns), said.party, said.officer);
    if let Some(mismatch) = said.time.mismatch(time_text) {
        // Writing to a String cannot fail.
        let _ = write!(text, ", {mismatch}");
    }
    match (&said.phrase, &said.language, &said.text) {
        (Some(spoken), ..) if spoken.texts.is_empty() => {
            let parameters = spoken.parameters.iter().map(|text| isolated("", text)).collect::<Vec<_>>().join(", ");
            let (code, edition) = (spoken.code, spoken.edition);
            let told = format!(
                "phrase {code} of edition {edition}, which this book (edition {EDITION}) does not have: {parameters}"
            );
            let _ = write!(text, "\n  {}", flowing(&told, 2));
        }
        (Some(spoken), ..) => {
            let _ = writeln!(text, "  phrase {}", spoken.code);
            let wanted = |text: &&PhraseTextView| language.is_none_or(|language| language.tag() == text.language);
            for PhraseTextView { language, text: spoken } in spoken.texts.iter().filter(wanted) {
                let _ = writeln!(text, "  {language}  {}", on_lines(language, spoken));
            }
        }
        (None, language, free) => {
            let language = language.as_deref().unwrap_or_default();
            let free = on_lines(language, free.as_deref().unwrap_or_default());
            let _ = writeln!(text, "  free text, not translated\n  {language}  {free}");
        }
    }
    text
}

/// What was said, in lines of 80 columns behind its language, each of which leaves the direction of the screen alone.
fn on_lines(language: &str, text: &str) -> String {
    let mut depth = 0_usize;
    // A parameter is a run of its own: cut in two it would end the one around it.
    let held = |c: char| {
        match c {
            '\u{2066}'..='\u{2068}' => depth += 1,
            '\u{2069}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if c == ' ' && depth > 0 { HELD_BLANK } else { c }
    };
    let lines = flowing(&text.chars().map(held).collect::<String>(), SPOKEN_COLUMN).replace(HELD_BLANK, " ");
    let lines = lines.trim_end().split('\n').map(|line| isolated(language, line.trim_start()));
    lines.collect::<Vec<_>>().join(&format!("\n{}", " ".repeat(SPOKEN_COLUMN)))
}

/// A text that leaves the direction of the line around it alone (Unicode UAX #9): Arabic runs from the right, others as their
/// first letter does.
fn isolated(language: &str, text: &str) -> String {
    let opens = if language == PhraseLanguage::Arabic.tag() { '\u{2067}' } else { '\u{2068}' };
    format!("{opens}{text}\u{2069}")
}

/// A phrase with parameters as an officer writes them.
fn coded(words: &[String]) -> Result<Hotline, CliError> {
    let (code, given) = words.split_first().ok_or_else(|| unknown("none"))?;
    let phrase = code.parse().ok().and_then(phrase).ok_or_else(|| unknown(code))?;
    if given.len() != phrase.parameters.len() {
        let message = format!(
            "parameters: phrase {} has {}, and {} were given: {}",
            phrase.code,
            phrase.wanted(),
            given.len(),
            phrase.text(PhraseLanguage::English)
        );
        return Err(CliError::usage("phrase-unlike", "parameters", message));
    }
    let parameters = phrase.parameters.iter().zip(given).map(|(kind, text)| parameter(*kind, text));
    Ok(Hotline::Phrase { edition: EDITION, code: phrase.code, parameters: parameters.collect::<Result<_, _>>()? })
}

fn unknown(code: &str) -> CliError {
    let message = format!("code: '{code}' is no phrase; see 'skypact hotline phrases', or use --text with --language");
    CliError::usage("phrase-unknown", "code", message)
}

fn parameter(kind: ParameterKind, text: &str) -> Result<Parameter, CliError> {
    let field = kind.name();
    let invalid = |reason: String| CliError::usage("field-invalid", field, format!("{field}: {reason}"));
    match kind {
        ParameterKind::Position => {
            quantity::position(text).map(Parameter::Position).map_err(|error| invalid(error.to_string()))
        }
        ParameterKind::Altitude => altitude(field, text).map(Parameter::Altitude),
        ParameterKind::Time => time_ns(field, text).map(|ns| Parameter::Time(UtcNanos(ns))),
        ParameterKind::Text => Ok(Parameter::Text(text.to_owned())),
        ParameterKind::Number => {
            text.parse().map(Parameter::Number).map_err(|_| invalid(format!("'{text}' is no whole number")))
        }
    }
}

/// The language of the book that is asked for; none is all of them.
fn chosen(tag: Option<&str>) -> Result<Option<PhraseLanguage>, CliError> {
    let Some(tag) = tag else { return Ok(None) };
    PhraseLanguage::from_tag(tag).map(Some).ok_or_else(|| {
        let message = format!("language: '{tag}' is no language of the phrase book; write en, ru or ar");
        CliError::usage("field-invalid", "language", message)
    })
}

fn list(language: Option<PhraseLanguage>, begins: &str, json: bool) {
    let shown: Vec<&Phrase> = phrases().iter().filter(|phrase| phrase.code.to_string().starts_with(begins)).collect();
    let languages = || PhraseLanguage::ALL.into_iter().filter(|each| language.is_none_or(|chosen| chosen == *each));
    let mut text = format!("edition {EDITION}\n");
    for phrase in &shown {
        let _ = writeln!(text, "{}  parameters: {}", phrase.code, phrase.wanted());
        for language in languages() {
            let _ = writeln!(text, "  {}  {}", language.tag(), on_lines(language.tag(), phrase.text(language)));
        }
    }
    let value = |phrase: &&Phrase| {
        let texts: serde_json::Map<String, serde_json::Value> =
            languages().map(|language| (language.tag().to_owned(), phrase.text(language).into())).collect();
        let kinds: Vec<&str> = phrase.parameters.iter().map(|kind| kind.name()).collect();
        serde_json::json!({ "code": phrase.code, "parameters": kinds, "texts": texts })
    };
    let values: Vec<serde_json::Value> = shown.iter().map(value).collect();
    show(json, &serde_json::json!({ "edition": EDITION, "phrases": values }), &text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_fits_the_screen_and_no_parameter_is_cut() {
        let said = "Просим ".repeat(20) + "\u{2068}HUSKY 61 ALPHA\u{2069}" + &" оставайтесь".repeat(20);
        let shown = format!("  ru  {}", on_lines("ru", &said));
        let is_mark = |c: &char| ('\u{2066}'..='\u{2069}').contains(c);
        for line in shown.lines() {
            assert!(line.chars().filter(|c| !is_mark(c)).count() <= 80, "{line}");
            let marks = |closes: bool| line.chars().filter(is_mark).filter(|c| (*c == '\u{2069}') == closes).count();
            assert_eq!(marks(false), marks(true), "{line:?}");
        }
        assert!(shown.lines().count() > 4 && shown.contains("\u{2068}HUSKY 61 ALPHA\u{2069}"), "{shown}");
    }
}
