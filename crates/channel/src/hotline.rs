//! What officers say to each other over the hotline: body (docs/channel-protocol.md, section 2.37) and the thread of both
//! parties. A coded phrase, or free text in a language that is named. It is no STOP, and nobody has to answer.

use skypact_airspace::{Altitude, LatLng, UtcNanos};

use crate::board::Origin;
use crate::codec::{CodecError, Reader, Writer, Written};
use crate::volume_codec::{read_altitude, read_points, write_altitude, write_points};

/// Most parameters of a phrase.
const PARAMETERS_MAX: u64 = 8;
/// Longest text of a parameter, and longest free text, in bytes.
const PARAMETER_MAX: usize = 64;
const TEXT_MAX: usize = 1_000;
/// Longest language tag, in bytes: `sr-Latn-RS`.
const TAG_MAX: usize = 11;

/// A message of the hotline.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Hotline {
    /// A phrase by its code. Its parameters are held against the book by whoever says it; a reader that has no such phrase shows
    /// code and parameters.
    Phrase {
        /// Edition of the book that its author has.
        edition: u16,
        /// Its code.
        code: u16,
        /// At most 8.
        parameters: Vec<Parameter>,
    },
    /// Free text.
    Text {
        /// Language tag (BCP 47): language, and script and region where they matter, in the usual case.
        language: String,
        /// 1 to 1,000 bytes.
        text: String,
    },
}

/// A parameter of a phrase.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Parameter {
    /// A position.
    Position(LatLng),
    /// An altitude with its datum.
    Altitude(Altitude),
    /// An instant.
    Time(UtcNanos),
    /// A call sign, a unit, a name; 1 to 64 bytes.
    Text(String),
    /// A whole number.
    Number(i64),
}

/// What a parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// A position.
    Position,
    /// An altitude.
    Altitude,
    /// An instant.
    Time,
    /// A text.
    Text,
    /// A whole number.
    Number,
}

impl ParameterKind {
    /// Every kind, in the order of its wire value.
    pub const ALL: [Self; 5] = [Self::Position, Self::Altitude, Self::Time, Self::Text, Self::Number];

    /// Name for people and files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Position => "position",
            Self::Altitude => "altitude",
            Self::Time => "time",
            Self::Text => "text",
            Self::Number => "number",
        }
    }

    /// Kind of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl Parameter {
    /// What it is.
    pub fn kind(&self) -> ParameterKind {
        match self {
            Self::Position(_) => ParameterKind::Position,
            Self::Altitude(_) => ParameterKind::Altitude,
            Self::Time(_) => ParameterKind::Time,
            Self::Text(_) => ParameterKind::Text,
            Self::Number(_) => ParameterKind::Number,
        }
    }

    fn write(&self, writer: &mut Writer<'_>) -> Written {
        writer.array(2)?.u8(self.kind() as u8)?;
        match self {
            Self::Position(at) => write_points(writer, &[*at]),
            Self::Altitude(altitude) => write_altitude(writer, Some(*altitude)),
            Self::Time(at) => writer.i64(at.0)?.ok(),
            Self::Text(text) => writer.str(text)?.ok(),
            Self::Number(number) => writer.i64(*number)?.ok(),
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        reader.tuple(2)?;
        match reader.choice(&ParameterKind::ALL)? {
            ParameterKind::Position => match read_points(reader)?[..] {
                [at] => Ok(Self::Position(at)),
                _ => Err(reader.error("a position is one point")),
            },
            ParameterKind::Altitude => {
                let altitude = read_altitude(reader)?;
                altitude.map(Self::Altitude).ok_or_else(|| reader.error("an altitude is missing"))
            }
            ParameterKind::Time => reader.i64().map(|at| Self::Time(UtcNanos(at))),
            ParameterKind::Text => match reader.text(PARAMETER_MAX)? {
                text if text.trim().is_empty() => Err(reader.error("has an empty text")),
                text => Ok(Self::Text(text)),
            },
            ParameterKind::Number => reader.i64().map(Self::Number),
        }
    }
}

impl Hotline {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Written {
        writer.map(1)?.u8(0)?;
        match self {
            Self::Phrase { edition, code, parameters } => {
                writer.array(4)?.u8(0)?.u16(*edition)?.u16(*code)?.array(parameters.len() as u64)?;
                parameters.iter().try_for_each(|parameter| parameter.write(writer))
            }
            Self::Text { language, text } => writer.array(3)?.u8(1)?.str(language)?.str(text)?.ok(),
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        reader.key(0, "said")?;
        let items = reader.array(4)?;
        match (reader.u64()?, items) {
            (0, 4) => {
                let mut number = || u16::try_from(reader.u64()?).map_err(|_| reader.error("has a number over 65535"));
                let (edition, code) = (number()?, number()?);
                let count = reader.array(PARAMETERS_MAX)?;
                let parameters = (0..count).map(|_| Parameter::read(reader)).collect::<Result<_, _>>()?;
                Ok(Self::Phrase { edition, code, parameters })
            }
            (1, 3) => {
                let language = reader.text(TAG_MAX)?;
                if !is_language_tag(&language) {
                    return Err(reader.error("has no language tag such as en, ru, ar or sr-Latn"));
                }
                let text = reader.text(TEXT_MAX)?;
                if text.trim().is_empty() {
                    return Err(reader.error("has an empty text"));
                }
                Ok(Self::Text { language, text })
            }
            _ => Err(reader.error("is no phrase [0, edition, code, parameters] or text [1, language, text]")),
        }
    }
}

/// Whether a text is a language tag (BCP 47) in the one form that is taken: `ru`, `sr-Latn`, `pt-BR`, `es-419`. Languages of two or
/// three letters, a script, a region, in the usual case; no other subtags.
pub fn is_language_tag(text: &str) -> bool {
    let all = |text: &str, is: fn(&u8) -> bool| text.bytes().all(|byte| is(&byte));
    let mut subtags = text.split('-').peekable();
    let language =
        subtags.next().is_some_and(|language| matches!(language.len(), 2 | 3) && all(language, u8::is_ascii_lowercase));
    let is_script = |script: &&str| {
        script.len() == 4 && all(&script[..1], u8::is_ascii_uppercase) && all(&script[1..], u8::is_ascii_lowercase)
    };
    let is_region = |region: &&str| {
        (region.len() == 2 && all(region, u8::is_ascii_uppercase))
            || (region.len() == 3 && all(region, u8::is_ascii_digit))
    };
    if !text.is_ascii() || !language {
        return false;
    }
    subtags.next_if(is_script);
    subtags.next_if(is_region);
    subtags.next().is_none()
}

/// What was said by both, in the order in which it was received here.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct HotlineThread(Vec<(Hotline, Origin)>);

impl HotlineThread {
    pub(crate) fn push(&mut self, said: Hotline, origin: Origin) {
        self.0.push((said, origin));
    }

    /// Each message with where it comes from.
    pub fn messages(&self) -> &[(Hotline, Origin)] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::is_language_tag;

    #[test]
    fn a_language_tag_has_one_form() {
        for tag in ["en", "ru", "ar", "kmr", "sr-Latn", "pt-BR", "es-419", "sr-Latn-RS"] {
            assert!(is_language_tag(tag), "{tag}");
        }
        for wrong in
            ["", "e", "EN", "english", "en-", "en_GB", "en-gb", "sr-latn", "en-x-a", "ru-RU-RU", "рус", "-", "e\u{301}"]
        {
            assert!(!is_language_tag(wrong), "{wrong}");
        }
    }
}
