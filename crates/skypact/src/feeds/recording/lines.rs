//! Lines of bounded length from a byte stream: a file without line ends costs one buffer, not its size.

use std::io::{self, BufRead, Read};

/// Longest line that is looked at, bytes without the line end; the longest real one is under 200.
const LINE_BYTES_MAX: u64 = 1024;

/// One line, or why it is not one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// Without the line end and surrounding blanks.
    Text(&'a str),
    TooLong,
    NotUtf8,
}

/// Reader of lines that knows their numbers.
pub(super) struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) const fn new(reader: R) -> Self {
        Self { reader, buffer: Vec::new(), number: 0 }
    }

    /// The next line and its number counted from 1; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, Line<'_>)>> {
        self.buffer.clear();
        self.reader.by_ref().take(LINE_BYTES_MAX + 1).read_until(b'\n', &mut self.buffer)?;
        if self.buffer.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        if self.buffer.last() != Some(&b'\n') && self.buffer.len() as u64 > LINE_BYTES_MAX {
            self.reader.skip_until(b'\n')?;
            return Ok(Some((self.number, Line::TooLong)));
        }
        let line = std::str::from_utf8(&self.buffer).map_or(Line::NotUtf8, |text| Line::Text(text.trim()));
        Ok(Some((self.number, line)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endless_line_is_skipped_and_the_next_one_is_read() {
        let mut bytes = vec![b'a'; 5000];
        bytes.extend_from_slice(b"\n\xff\nnext\r\nlast");
        let mut lines = Lines::new(bytes.as_slice());
        assert_eq!(lines.next().unwrap(), Some((1, Line::TooLong)));
        assert_eq!(lines.next().unwrap(), Some((2, Line::NotUtf8)));
        assert_eq!(lines.next().unwrap(), Some((3, Line::Text("next"))));
        assert_eq!(lines.next().unwrap(), Some((4, Line::Text("last"))));
        assert_eq!(lines.next().unwrap(), None);
    }

    #[test]
    fn a_line_of_exactly_the_bound_is_read() {
        for (length, fits) in [(1024, true), (1025, false)] {
            for end in ["", "\n"] {
                let text = format!("{}{end}", "b".repeat(length));
                let mut lines = Lines::new(text.as_bytes());
                assert_eq!(lines.next().unwrap().unwrap().1 != Line::TooLong, fits, "{length} {end:?}");
                assert_eq!(lines.next().unwrap(), None);
            }
        }
    }
}
