//! Coded phrases with the same meaning in English, Russian and Arabic (`phrases.txt`). A code never changes its meaning or its
//! parameters: what has to be said otherwise gets a new code, in a later edition. Nothing is ever translated by itself.

use std::sync::LazyLock;

use crate::hotline::{Parameter, ParameterKind};

/// Edition of the book in this release.
pub const EDITION: u16 = 1;

static BOOK: LazyLock<Vec<Phrase>> =
    LazyLock::new(|| include_str!("phrases.txt").split("\n\n").filter_map(Phrase::read).collect());

/// A language of the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhraseLanguage {
    /// English.
    English,
    /// Russian.
    Russian,
    /// Arabic, written from right to left.
    Arabic,
}

impl PhraseLanguage {
    /// Every language.
    pub const ALL: [Self; 3] = [Self::English, Self::Russian, Self::Arabic];

    /// Its language tag (BCP 47).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Russian => "ru",
            Self::Arabic => "ar",
        }
    }

    /// The language of a tag.
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }
}

/// A phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    /// Its code.
    pub code: u16,
    /// What its parameters are, in their order.
    pub parameters: Vec<ParameterKind>,
    /// Its text in each language, in the order of [`PhraseLanguage::ALL`]; `{1}` is where the first parameter stands.
    texts: [&'static str; 3],
}

impl Phrase {
    /// A phrase of the book: a line with code and kinds of the parameters, and one for each language.
    fn read(block: &'static str) -> Option<Self> {
        let mut lines = block.lines();
        let mut head = lines.next()?.split_whitespace();
        let code = head.next()?.parse().ok()?;
        let parameters = head.map(ParameterKind::from_name).collect::<Option<_>>()?;
        let mut text = |language: PhraseLanguage| lines.next()?.strip_prefix(language.tag())?.strip_prefix(' ');
        let texts = [text(PhraseLanguage::English)?, text(PhraseLanguage::Russian)?, text(PhraseLanguage::Arabic)?];
        Some(Self { code, parameters, texts })
    }

    /// Its text in a language, with the places of its parameters.
    pub fn text(&self, language: PhraseLanguage) -> &'static str {
        self.texts[language as usize]
    }

    /// Its text in a language with its parameters, each as text.
    pub fn filled(&self, language: PhraseLanguage, parameters: &[String]) -> String {
        // Piece by piece: braces in a parameter are the parameter's.
        let mut filled = String::new();
        let mut rest = self.text(language);
        while let Some((before, after)) = rest.split_once('{') {
            let Some((number, after)) = after.split_once('}') else { break };
            let place = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            filled.push_str(before);
            filled.push_str(place.and_then(|place| parameters.get(place)).map_or("", String::as_str));
            rest = after;
        }
        filled + rest
    }

    /// Whether parameters are as many, and of the kinds, as it has.
    pub fn fits(&self, parameters: &[Parameter]) -> bool {
        self.parameters.iter().copied().eq(parameters.iter().map(Parameter::kind))
    }

    /// The kinds of its parameters, for people.
    pub fn wanted(&self) -> String {
        let names: Vec<&str> = self.parameters.iter().map(|kind| kind.name()).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    }
}

/// Every phrase of this edition, by code.
pub fn phrases() -> &'static [Phrase] {
    &BOOK
}

/// The phrase of a code, if this edition has it.
pub fn phrase(code: u16) -> Option<&'static Phrase> {
    BOOK.iter().find(|phrase| phrase.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_phrase_has_all_languages_with_each_parameter_once() {
        let blocks = include_str!("phrases.txt").split("\n\n").count();
        assert_eq!(phrases().len(), blocks, "every block is a phrase");
        assert!(phrases().len() >= 60);
        assert!(phrases().windows(2).all(|pair| pair[0].code < pair[1].code), "codes are unique and in order");
        for phrase in phrases() {
            for language in PhraseLanguage::ALL {
                let text = phrase.text(language);
                let what = format!("{} {}: {text}", phrase.code, language.tag());
                for number in 1..=phrase.parameters.len() {
                    assert_eq!(text.matches(&format!("{{{number}}}")).count(), 1, "{what}");
                }
                assert_eq!(text.matches('{').count(), phrase.parameters.len(), "{what}");
                assert!(text.ends_with(['.', '?', '؟']) && !text.contains("  "), "{what}");
                let letters = text.replace("STOP", "");
                let foreign = letters.chars().filter(|c| c.is_alphabetic()).find(|c| !is_of(language, *c));
                assert_eq!(foreign, None, "{what}");
            }
        }
    }

    fn is_of(language: PhraseLanguage, c: char) -> bool {
        match language {
            PhraseLanguage::English => c.is_ascii(),
            PhraseLanguage::Russian => matches!(c, 'А'..='я' | 'Ё' | 'ё'),
            PhraseLanguage::Arabic => matches!(c, '\u{621}'..='\u{652}'),
        }
    }

    #[test]
    fn a_parameter_stands_where_each_language_has_it_and_its_braces_are_its_own() {
        let phrase = phrase(301).expect("a phrase");
        let parameters = ["KOBALT {2}".to_owned(), "0900Z".to_owned()];
        let english = phrase.filled(PhraseLanguage::English, &parameters);
        assert_eq!(english, "Our aircraft KOBALT {2} will take off at 0900Z.");
        let russian = phrase.filled(PhraseLanguage::Russian, &parameters);
        assert_eq!(russian, "Наше воздушное судно KOBALT {2} взлетит в 0900Z.");
        assert_eq!(phrase.wanted(), "text, time");
    }
}
