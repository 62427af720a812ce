//! What is wrong with a paper: where, in which field, and what to write instead.

use std::borrow::Cow;

/// Most characters of what was written that a reason repeats: the paper may be anybody's.
const SHOWN_CHARS_MAX: usize = 60;

/// A fault of a paper or of one of its items.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {field}: {reason}")]
pub struct Fault {
    /// Line, from 1.
    pub line: u64,
    /// Field, as the paper's format calls it.
    pub field: Cow<'static, str>,
    /// Stable code.
    pub code: &'static str,
    /// What is wrong and what to do.
    pub reason: String,
}

impl Fault {
    /// A fault.
    pub fn new(line: u64, field: impl Into<Cow<'static, str>>, code: &'static str, reason: impl Into<String>) -> Self {
        Self { line, field: field.into(), code, reason: reason.into() }
    }
}

/// What was written, as a reason may repeat it: short, on one line, without characters that move the cursor or turn the text.
pub(crate) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_CHARS_MAX).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        shown.push_str("...");
    }
    shown
}
