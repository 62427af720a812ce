//! A message of sets: an identifier and fields with `/` between them, `//` at the end, over as many lines as it likes.

use crate::fault::{Fault, shown};
use crate::lines::Lines;

/// Longest identifier of a set.
const IDENTIFIER_MAX: usize = 12;
/// Sets of free text, in which a stray `//` may leave a rest that has no identifier.
const FREE_TEXT: [&str; 4] = ["AMPN", "NARR", "GENTEXT", "RMKS"];

/// A set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Set<'t> {
    /// Line of its identifier.
    pub(super) line: u64,
    /// Its identifier.
    pub(super) name: &'t str,
    /// What follows the identifier and its `/`.
    rest: &'t str,
    has_fields: bool,
}

impl<'t> Set<'t> {
    /// Its fields without the blanks and breaks around them.
    pub(super) fn fields(&self) -> impl Iterator<Item = &'t str> + use<'t> {
        self.rest.split('/').map(str::trim).take(if self.has_fields { usize::MAX } else { 0 })
    }

    /// The field at a place, from 1; a field that is missing, empty or `-` states nothing.
    pub(super) fn field(&self, place: usize) -> Option<&'t str> {
        self.fields().nth(place - 1).filter(|field| !field.is_empty() && *field != "-")
    }

    /// All of it as text on one line, for sets of free text.
    pub(super) fn free_text(&self) -> String {
        self.rest.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// What is wrong with a field: its line, the set and which field of it.
    pub(super) fn fault(&self, place: usize, code: &'static str, reason: impl Into<String>) -> Fault {
        let before = self.rest.split('/').take(place.saturating_sub(1)).map(|field| field.len() + 1).sum::<usize>();
        let field = &self.rest[before.min(self.rest.len())..];
        let blanks = field.len() - field.trim_start().len();
        let passed = &self.rest[..before.min(self.rest.len()) + blanks];
        let line = self.line + passed.bytes().filter(|byte| *byte == b'\n').count() as u64;
        Fault::new(line, format!("{} field {place}", self.name), code, reason)
    }
}

/// The sets of a message, one after another.
pub(super) struct Sets<'t> {
    text: &'t str,
    at: usize,
    lines: Lines<'t>,
    was_free_text: bool,
}

impl<'t> Sets<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self { text, at: 0, lines: Lines::of(text), was_free_text: false }
    }

    /// The next one, or none at the end.
    pub(super) fn next_set(&mut self) -> Result<Option<Set<'t>>, Fault> {
        loop {
            let rest = &self.text[self.at..];
            let begin = self.at + (rest.len() - rest.trim_start().len());
            let line = self.lines.at(begin);
            if begin == self.text.len() {
                return Ok(None);
            }
            let Some(length) = self.text[begin..].find("//") else {
                let reason = "is not ended by //: this is no ACO, or a piece of one";
                return Err(Fault::new(line, shown(first_line(&self.text[begin..])), "paper-malformed", reason));
            };
            let set = &self.text[begin..begin + length];
            self.at = begin + length + 2;
            let (name, rest, has_fields) = match set.split_once('/') {
                Some((name, rest)) => (name.trim_end(), rest, true),
                None => (set.trim_end(), "", false),
            };
            if name.is_empty() && self.was_free_text {
                continue;
            }
            let sound = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
            if name.is_empty() || name.len() > IDENTIFIER_MAX || !name.bytes().all(sound) {
                let reason =
                    "is no identifier of a set: one has capitals and digits; take what is no set out of the file";
                return Err(Fault::new(line, shown(first_line(set)), "paper-malformed", reason));
            }
            self.was_free_text = FREE_TEXT.contains(&name);
            return Ok(Some(Set { line, name, rest, has_fields }));
        }
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
