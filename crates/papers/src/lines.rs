//! Which line a place in a text is on.

/// Counts lines forward through a text.
pub(crate) struct Lines<'t> {
    text: &'t str,
    at: usize,
    line: u64,
}

impl<'t> Lines<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        Self { text, at: 0, line: 1 }
    }

    /// The line, from 1, of the byte at `at`; places are asked for in ascending order, so that all of them together take one
    /// pass.
    pub(crate) fn at(&mut self, at: usize) -> u64 {
        let at = at.min(self.text.len());
        if at > self.at {
            let passed = &self.text.as_bytes()[self.at..at];
            self.line += passed.split(|byte| *byte == b'\n').count() as u64 - 1;
            self.at = at;
        }
        self.line
    }
}

/// Where `part`, a slice of `text`, begins in it.
pub(crate) fn offset(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}
