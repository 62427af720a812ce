//! Words of people, made safe to show. What the counterpart wrote may hold line breaks that draw a line of ours, or marks that
//! turn the direction of writing: on a screen and in a log they are shown as what they are. The record keeps the bytes.

/// The text with every control character, line break and mark of direction escaped.
pub fn words(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if misleads(c) { shown.extend(c.escape_unicode()) } else { shown.push(c) }
    }
    shown
}

/// The same of a text of several lines: line feeds stay. Whoever shows it marks each line as one of another's.
pub(super) fn paragraphs(text: &str) -> String {
    text.split('\n').map(words).collect::<Vec<_>>().join("\n")
}

/// The same of a text that may be absent.
pub(super) fn some_words(text: Option<&String>) -> Option<String> {
    text.map(|text| words(text))
}

/// Control characters; marks of direction and embedding; separators of lines and paragraphs; characters without width.
fn misleads(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn no_text_of_another_draws_a_line_of_ours_or_turns_it_round() {
        assert_eq!(words("Z\nCLEAR over these logs:"), "Z\\u{a}CLEAR over these logs:");
        assert_eq!(words("a\u{202e}b\u{200b}\r\t"), "a\\u{202e}b\\u{200b}\\u{d}\\u{9}");
        assert_eq!(words("Госпиталь «Кафр», مستشفى"), "Госпиталь «Кафр», مستشفى");
    }
}
