//! Bytes as lines that one person reads out and another writes down (docs/channel-protocol.md, section 14): groups of four
//! letters and digits (RFC 4648 base32), each line with its number and a check that shows a slip at once and in its line.

use skypact_record::{Hash, counted};

/// Bytes in one line.
const LINE_BYTES: usize = 20;
/// Most lines of a dictation.
const LINES_MAX: usize = 99;
/// Most bytes that can be dictated.
pub const DICTATION_MAX_BYTES: usize = LINE_BYTES * LINES_MAX;
const GROUP: usize = 4;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// How each character of the alphabet is said (ICAO Annex 10 volume II, 5.2.1.3 and 5.2.1.4).
const SPOKEN: [&str; 32] = [
    "ALFA", "BRAVO", "CHARLIE", "DELTA", "ECHO", "FOXTROT", "GOLF", "HOTEL", "INDIA", "JULIETT", "KILO", "LIMA",
    "MIKE", "NOVEMBER", "OSCAR", "PAPA", "QUEBEC", "ROMEO", "SIERRA", "TANGO", "UNIFORM", "VICTOR", "WHISKEY", "X-RAY",
    "YANKEE", "ZULU", "TOO", "TREE", "FOWER", "FIFE", "SIX", "SEVEN",
];

/// What is wrong with a line that was written down.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DictationError {
    /// It does not begin with its number and how many there are.
    #[error("line {line}: begin with its number and how many there are, such as 03/12")]
    Unnumbered {
        /// The line that is expected.
        line: usize,
    },
    /// It is another line than the one expected.
    #[error("line {line}: this is line {found}; ask for line {line}")]
    OutOfOrder {
        /// The line that is expected.
        line: usize,
        /// The one that came.
        found: usize,
    },
    /// Something in it is no letter or digit of the alphabet.
    #[error(
        "line {line}: {word:?} is neither A to Z nor 2 to 7, nor one of the words for them; ask for line {line} again"
    )]
    Unreadable {
        /// The line.
        line: usize,
        /// What it says.
        word: String,
    },
    /// It is not as long as it has to be.
    #[error("line {line}: has {found} letters and digits, expected {expected}; ask for line {line} again")]
    Length {
        /// The line.
        line: usize,
        /// How many it has.
        found: usize,
        /// How many it has to have.
        expected: String,
    },
    /// Its check does not fit.
    #[error("line {line}: the last group does not fit the others; ask for line {line} again")]
    Check {
        /// The line.
        line: usize,
    },
    /// More lines came than there are.
    #[error("line {line}: the dictation has ended with the line before")]
    Ended {
        /// The line.
        line: usize,
    },
    /// Lines are missing.
    #[error("line {line}: is missing, the dictation has {}; ask for it", counted(*lines, "line"))]
    Missing {
        /// The first one missing.
        line: usize,
        /// How many there are, 0 when none came.
        lines: usize,
    },
}

impl DictationError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unnumbered { .. } | Self::OutOfOrder { .. } | Self::Ended { .. } => "dictation-line",
            Self::Unreadable { .. } | Self::Length { .. } => "dictation-unreadable",
            Self::Check { .. } => "dictation-check",
            Self::Missing { .. } => "dictation-incomplete",
        }
    }
}

/// The lines to read out; none for nothing, or for more than [`DICTATION_MAX_BYTES`].
pub fn dictate(bytes: &[u8]) -> Option<Vec<String>> {
    if bytes.is_empty() || bytes.len() > DICTATION_MAX_BYTES {
        return None;
    }
    let lines = bytes.len().div_ceil(LINE_BYTES);
    let mut before = String::new();
    let line = |(place, data): (usize, &[u8])| {
        let check = check(&before, place + 1, lines, data);
        before.clone_from(&check);
        let text = letters(data) + &check;
        let groups: Vec<&str> =
            (0..text.len()).step_by(GROUP).map(|at| &text[at..(at + GROUP).min(text.len())]).collect();
        format!("{:02}/{lines:02}  {}", place + 1, groups.join(" "))
    };
    Some(bytes.chunks(LINE_BYTES).enumerate().map(line).collect())
}

/// A line in words, as it is said; what is no letter or digit of the alphabet is left out.
pub fn spell(line: &str) -> String {
    let groups = line.split_whitespace().skip(1).map(|group| {
        let word = |c: u8| ALPHABET.iter().position(|known| *known == c).map(|place| SPOKEN[place]);
        group.bytes().filter_map(word).collect::<Vec<_>>().join(" ")
    });
    groups.collect::<Vec<_>>().join(", ")
}

/// Writes a dictation down, line by line. A line that does not fit changes nothing, so it is asked for again.
#[derive(Debug, Default)]
pub struct Dictation {
    bytes: Vec<u8>,
    done: usize,
    lines: usize,
    check: String,
}

impl Dictation {
    /// Takes the next line; whether it was the last. Letters may be small, spaces anywhere, and those of a line in words.
    pub fn line(&mut self, text: &str) -> Result<bool, DictationError> {
        let line = self.done + 1;
        if self.is_complete() {
            return Err(DictationError::Ended { line });
        }
        let text = text.trim();
        let (label, rest) = text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()));
        let numbers = label.split_once('/').and_then(|(at, of)| Some((at.parse().ok()?, of.parse().ok()?)));
        let known = |lines: usize| (1..=LINES_MAX).contains(&lines) && (self.lines == 0 || self.lines == lines);
        let (found, lines): (usize, usize) =
            numbers.filter(|(_, lines)| known(*lines)).ok_or(DictationError::Unnumbered { line })?;
        if found != line {
            return Err(DictationError::OutOfOrder { line, found });
        }
        // A group such as LIMA is a word too: words count only where the letters do not fit.
        let (data, check) = self.read(&values(rest, line, false)?, line, lines).or_else(|letters| {
            let words = self.read(&values(rest, line, true)?, line, lines);
            words.map_err(|words| if matches!(letters, DictationError::Check { .. }) { letters } else { words })
        })?;
        self.bytes.extend(data);
        (self.done, self.lines, self.check) = (line, lines, check);
        Ok(line == lines)
    }

    /// The bytes of a line and its check.
    fn read(&self, values: &[u8], line: usize, lines: usize) -> Result<(Vec<u8>, String), DictationError> {
        let full = LINE_BYTES * 8 / 5 + GROUP;
        let is_last = line == lines;
        let fits = if is_last { values.len() > GROUP && values.len() <= full } else { values.len() == full };
        let expected = || if is_last { format!("{} to {full}", GROUP + 2) } else { full.to_string() };
        let wrong_length = || DictationError::Length { line, found: values.len(), expected: expected() };
        if !fits {
            return Err(wrong_length());
        }
        let (data, said) = values.split_at(values.len() - GROUP);
        let data = bytes_of(data).ok_or_else(wrong_length)?;
        let check = check(&self.check, line, lines, &data);
        if said.iter().map(|value| char::from(ALPHABET[usize::from(*value)])).ne(check.chars()) {
            return Err(DictationError::Check { line });
        }
        Ok((data, check))
    }

    /// Number of the line that is expected next, from 1.
    pub fn next_line(&self) -> usize {
        self.done + 1
    }

    /// Whether all lines have come.
    pub fn is_complete(&self) -> bool {
        self.lines > 0 && self.done == self.lines
    }

    /// What was dictated.
    pub fn finish(self) -> Result<Vec<u8>, DictationError> {
        if self.is_complete() {
            return Ok(self.bytes);
        }
        Err(DictationError::Missing { line: self.done + 1, lines: self.lines })
    }
}

/// The last group of a line: 20 bits over it and the check of the line before, so that the last one is over all.
fn check(before: &str, line: usize, lines: usize, data: &[u8]) -> String {
    let place = [line as u8, lines as u8];
    let hash = Hash::of_parts(&[b"skypact/v1/dictation\n", before.as_bytes(), &place, data]);
    letters(&hash.0[..3])[..GROUP].to_owned()
}

/// Bytes as letters, 5 bits each; the last one is filled with zeros.
fn letters(bytes: &[u8]) -> String {
    let (mut text, mut bits, mut count) = (String::new(), 0_u32, 0);
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            text.push(char::from(ALPHABET[(bits >> count) as usize & 31]));
        }
        bits &= (1 << count) - 1;
    }
    if count > 0 {
        text.push(char::from(ALPHABET[(bits << (5 - count)) as usize & 31]));
    }
    text
}

/// The inverse of [`letters`]; none where no bytes have such letters.
fn bytes_of(values: &[u8]) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for value in values {
        bits = bits << 5 | u32::from(*value);
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    (bits == 0 && count < 5).then_some(bytes)
}

/// The values of letters and digits, and of words for them if they are to be `in_words`.
fn values(text: &str, line: usize, in_words: bool) -> Result<Vec<u8>, DictationError> {
    let mut values = Vec::new();
    for word in text.split(|c: char| c.is_whitespace() || c == ',' || c == '.') {
        let upper = word.to_ascii_uppercase();
        if let Some(place) = SPOKEN.iter().position(|spoken| in_words && *spoken == upper) {
            values.push(place as u8);
            continue;
        }
        for c in upper.bytes().filter(|c| *c != b'-') {
            let place = ALPHABET.iter().position(|known| *known == c);
            let unreadable = || DictationError::Unreadable { line, word: word.chars().take(20).collect() };
            values.push(place.ok_or_else(unreadable)? as u8);
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn take(lines: &[String]) -> Result<Vec<u8>, DictationError> {
        let mut dictation = Dictation::default();
        lines.iter().try_for_each(|line| dictation.line(line).map(drop))?;
        dictation.finish()
    }

    #[test]
    fn letters_are_those_of_rfc_4648() {
        // Section 10 of the RFC, without padding.
        let vectors = ["", "MY", "MZXQ", "MZXW6", "MZXW6YQ", "MZXW6YTB", "MZXW6YTBOI"];
        for (length, vector) in vectors.into_iter().enumerate() {
            assert_eq!(letters(&b"foobar"[..length]), vector);
        }
    }

    #[test]
    fn a_dictation_can_be_heard_and_written_in_words() {
        let lines = dictate(b"STOP what flies there").expect("short enough");
        assert_eq!(lines.len(), 2);
        let heard: Vec<String> =
            lines.iter().map(|line| format!("{} {}", &line[..5], spell(line).to_lowercase())).collect();
        assert_eq!(take(&heard).expect("heard"), b"STOP what flies there");
        let sloppy: Vec<String> = lines.iter().map(|line| line.to_lowercase().replace(' ', "   ")).collect();
        assert_eq!(take(&sloppy).expect("heard"), b"STOP what flies there");
    }

    #[test]
    fn a_group_that_is_also_a_word_is_read_as_its_letters() {
        for word in SPOKEN.iter().filter(|word| word.len() == GROUP) {
            let group = values(word, 1, false).expect("letters");
            // 8 letters make 5 bytes: LIMALIMA in one line, and once more among words.
            let bytes = bytes_of(&group.repeat(2)).expect("whole bytes");
            let lines = dictate(&bytes).expect("short enough");
            assert!(lines[0].contains(&format!("  {word} {word} ")), "{}", lines[0]);
            assert_eq!(take(&lines).expect("heard"), bytes, "{word}");
            let spelt = vec![format!("01/01 {}", spell(&lines[0]))];
            assert_eq!(take(&spelt).expect("heard"), bytes, "{word} in words");
            let wrong = vec![lines[0].replacen(word, "AAAB", 1)];
            assert_eq!(take(&wrong), Err(DictationError::Check { line: 1 }));
        }
    }

    #[test]
    fn what_went_wrong_is_said_of_the_line() {
        let lines = dictate(&[7; 50]).expect("short enough");
        let mut dictation = Dictation::default();
        assert_eq!(dictation.line("A BRAVO"), Err(DictationError::Unnumbered { line: 1 }));
        assert_eq!(dictation.line("01/00 AAAA"), Err(DictationError::Unnumbered { line: 1 }));
        assert_eq!(dictation.line(&lines[1]), Err(DictationError::OutOfOrder { line: 1, found: 2 }));
        assert_eq!(dictation.line(&lines[0]), Ok(false));
        let other = Err(DictationError::Unreadable { line: 2, word: "8".to_owned() });
        assert_eq!(dictation.line("02/03 8"), other);
        assert!(matches!(dictation.line("02/03 AAAA"), Err(DictationError::Length { line: 2, .. })));
        assert_eq!(dictation.line(&lines[1]), Ok(false));
        assert_eq!(dictation.line(&lines[2]), Ok(true));
        assert_eq!(dictation.line(&lines[2]), Err(DictationError::Ended { line: 4 }));
        assert_eq!(dictation.finish().expect("all of it"), [7; 50]);
        assert_eq!(take(&lines[..2]), Err(DictationError::Missing { line: 3, lines: 3 }));
        assert_eq!(dictate(&[0; DICTATION_MAX_BYTES + 1]), None);
    }

    proptest! {
        #[test]
        fn every_dictation_comes_back(bytes in proptest::collection::vec(any::<u8>(), 1..400)) {
            prop_assert_eq!(take(&dictate(&bytes).expect("short enough")).expect("as dictated"), bytes);
        }

        /// 20 bits of check: one slip in a million would pass a line, and none of these does.
        #[test]
        fn one_wrong_letter_is_found_in_its_line(
            bytes in proptest::collection::vec(any::<u8>(), 1..100),
            place: prop::sample::Index,
            letter in 0_usize..32,
        ) {
            let mut lines = dictate(&bytes).expect("short enough");
            let line = place.index(lines.len());
            let at = 7 + place.index(lines[line].len() - 7);
            let letter = char::from(ALPHABET[letter]);
            prop_assume!(!lines[line][at..].starts_with([letter, ' ']));
            lines[line].replace_range(at..=at, &letter.to_string());
            let error = take(&lines).expect_err("a letter is wrong");
            let expected = line + 1;
            prop_assert!(
                matches!(error, DictationError::Check { line } | DictationError::Length { line, .. } if line == expected),
                "{error}"
            );
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,80}") {
            let mut dictation = Dictation::default();
            let _ = dictation.line(&text);
            let _ = dictation.line(&format!("01/02 {text}"));
        }
    }
}
