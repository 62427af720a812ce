//! Views of the hotline. Words of people are made safe to show; a phrase stands in each language of the book, what an author wrote
//! freely in its own alone. Parameters are isolated (Unicode UAX #9: U+2068 to U+2069), so that none turns the text around it.

use serde::{Deserialize, Serialize};
use skypact_airspace::altitude::altitude_text;
use skypact_airspace::position::decimal_degrees;
use skypact_channel::phrasebook::{PhraseLanguage, phrase};
use skypact_channel::{Channel, Hotline, Origin, Parameter};
use utoipa::ToSchema;

use super::time::{EntryTimeView, entry_time};
use super::words::words;
use crate::command::time_text;

/// Which messages of the hotline are shown.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HotlineQuery {
    /// Only what the counterpart said since this party spoke last.
    #[serde(default)]
    pub waiting: bool,
    /// The last so many; all when absent.
    pub last: Option<usize>,
}

/// A message of the hotline: a phrase, or free text.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HotlineView {
    /// Leaf hash.
    pub id: String,
    /// Party that said it.
    pub party: String,
    /// Officer.
    pub officer: String,
    /// When, as its author claims, nanoseconds UTC.
    pub at_ns: i64,
    /// When it provably existed.
    pub time: EntryTimeView,
    /// The coded phrase.
    pub phrase: Option<SpokenView>,
    /// Language tag of the free text.
    pub language: Option<String>,
    /// The free text.
    pub text: Option<String>,
}

/// A coded phrase as it was said.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SpokenView {
    /// Its code.
    pub code: u16,
    /// Edition of its author's book.
    pub edition: u16,
    /// Its parameters, each as text.
    pub parameters: Vec<String>,
    /// Its text in each language; empty when the book of this node has no such phrase with such parameters.
    pub texts: Vec<PhraseTextView>,
}

/// A phrase in a language.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PhraseTextView {
    /// Language tag.
    pub language: String,
    /// The text.
    pub text: String,
}

/// Views of what both said, oldest first.
pub fn hotline(channel: &Channel, query: HotlineQuery) -> Vec<HotlineView> {
    let said = channel.board().hotline().messages();
    let spoke_last = said.iter().rposition(|(_, origin)| query.waiting && origin.party == channel.me());
    let waiting = &said[spoke_last.map_or(0, |last| last + 1)..];
    let newest = &waiting[waiting.len().saturating_sub(query.last.unwrap_or(usize::MAX))..];
    newest.iter().map(|(said, origin)| view(channel, said, origin)).collect()
}

fn view(channel: &Channel, said: &Hotline, origin: &Origin) -> HotlineView {
    let (phrase, language, text) = match said {
        Hotline::Phrase { edition, code, parameters } => (Some(spoken(*edition, *code, parameters)), None, None),
        Hotline::Text { language, text } => (None, Some(language.clone()), Some(words(text))),
    };
    HotlineView {
        id: origin.leaf.to_string(),
        party: channel.pact().party_name(origin.party).to_owned(),
        officer: origin.signer.clone(),
        at_ns: origin.claimed_time.0,
        time: entry_time(channel, origin),
        phrase,
        language,
        text,
    }
}

fn spoken(edition: u16, code: u16, parameters: &[Parameter]) -> SpokenView {
    let texts: Vec<String> = parameters.iter().map(parameter_text).collect();
    let isolated: Vec<String> = texts.iter().map(|text| format!("\u{2068}{text}\u{2069}")).collect();
    let phrase = phrase(code).filter(|phrase| phrase.fits(parameters));
    let in_language = |language: PhraseLanguage| {
        let text = phrase?.filled(language, &isolated);
        Some(PhraseTextView { language: language.tag().to_owned(), text })
    };
    let spoken = PhraseLanguage::ALL.into_iter().filter_map(in_language).collect();
    SpokenView { code, edition, parameters: texts, texts: spoken }
}

fn parameter_text(parameter: &Parameter) -> String {
    match parameter {
        Parameter::Position(at) => decimal_degrees(*at),
        Parameter::Altitude(altitude) => altitude_text(*altitude),
        Parameter::Time(at) => time_text(at.0),
        Parameter::Text(text) => words(text),
        Parameter::Number(number) => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_that_the_book_does_not_have_so_shows_code_and_parameters() {
        let name = Parameter::Text("K\u{202e}\n1".to_owned());
        let known = spoken(1, 302, std::slice::from_ref(&name));
        assert_eq!(known.texts.len(), 3);
        assert_eq!(known.texts[0].text, "Our aircraft \u{2068}K\\u{202e}\\u{a}1\u{2069} has landed.");
        for (code, parameters) in [(999, vec![name.clone()]), (302, vec![name.clone(), name])] {
            let unknown = spoken(7, code, &parameters);
            assert!(unknown.texts.is_empty());
            assert_eq!((unknown.edition, unknown.parameters.len()), (7, parameters.len()));
        }
    }
}
