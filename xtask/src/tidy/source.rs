//! Rust text taken apart into code and comments, with strings blanked, so that a rule never trips over a quotation.
//!
//! Not a parser: it knows comments (nested), strings, raw strings, character literals and braces, and nothing else.
//! `code` and `comments` have the line breaks of the file, so an offset in either names a line of the file.

use std::ops::Range;

/// One scanned file.
#[derive(Debug)]
pub(crate) struct Source {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    /// The text as it is.
    pub(crate) text: String,
    /// The text with comments and literals blanked.
    pub(crate) code: String,
    /// The text with everything but comments blanked.
    pub(crate) comments: String,
    /// Ranges of `code` under `#[cfg(test)]`; everything, in a file of tests.
    test_regions: Vec<Range<usize>>,
}

/// A function that has a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// Line of the `fn` keyword, counted from 1.
    pub(crate) line: usize,
    /// Lines strictly between the braces.
    pub(crate) body_lines: usize,
    pub(crate) is_test: bool,
}

impl Source {
    /// Takes `text` apart. Linear in its length; never fails, whatever the text is.
    pub(crate) fn scan(path: &str, text: &str) -> Self {
        let (code, comments) = separate(text);
        let test_regions =
            if is_test_path(path) { std::iter::once(0..code.len()).collect() } else { cfg_test_regions(&code) };
        Self { path: path.to_owned(), text: text.to_owned(), code, comments, test_regions }
    }

    /// The line, counted from 1, of an offset in `code` or `comments`.
    pub(crate) fn line_in(text: &str, offset: usize) -> usize {
        1 + text[..offset].matches('\n').count()
    }

    /// Whether the offset in `code` is compiled for tests only.
    pub(crate) fn is_test(&self, offset: usize) -> bool {
        self.test_regions.iter().any(|region| region.contains(&offset))
    }

    /// Every function with a body, nested ones and closures' owners included.
    pub(crate) fn functions(&self) -> Vec<Function> {
        words(&self.code, "fn").filter_map(|at| self.function_at(at)).collect()
    }

    fn function_at(&self, at: usize) -> Option<Function> {
        let after = self.code[at + 2..].trim_start();
        let name: String = after.chars().take_while(|c| is_word(*c)).collect();
        if name.is_empty() {
            return None; // a function pointer type, or a macro's `fn $name`
        }
        let open = body_open(&self.code, at)?;
        let close = block_end(&self.code, open)?;
        let line = |offset| Self::line_in(&self.code, offset);
        Some(Function {
            name,
            line: line(at),
            body_lines: (line(close) - line(open)).saturating_sub(1),
            is_test: self.is_test(at),
        })
    }

    /// Every path that a `use` brings in, groups spelled out, with the offset of its statement.
    pub(crate) fn imports(&self) -> Vec<(usize, String)> {
        let mut imports = Vec::new();
        for at in words(&self.code, "use") {
            let rest = &self.code[at + 3..];
            if rest.starts_with(char::is_whitespace)
                && let Some(end) = rest.find(';')
            {
                let mut paths = Vec::new();
                spell_out("", &rest[..end], &mut paths);
                imports.extend(paths.into_iter().map(|path| (at, path)));
            }
        }
        imports
    }
}

/// Offsets at which `needle` stands as whole words.
pub(crate) fn words<'a>(text: &'a str, needle: &'a str) -> impl Iterator<Item = usize> + 'a {
    let ends_in_word = needle.ends_with(is_word);
    text.match_indices(needle).map(|(at, _)| at).filter(move |at| {
        let before = text[..*at].chars().next_back();
        let after = text[at + needle.len()..].chars().next();
        !(before.is_some_and(is_word) || ends_in_word && after.is_some_and(is_word))
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What a stretch of text is.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Code,
    Comment,
    Literal,
}

fn separate(text: &str) -> (String, String) {
    let chars: Vec<char> = text.chars().collect();
    let (mut code, mut comments) = (String::with_capacity(text.len()), String::with_capacity(text.len()));
    let mut at = 0;
    while at < chars.len() {
        let (kind, end) = stretch(&chars, at);
        let end = end.clamp(at + 1, chars.len());
        for c in &chars[at..end] {
            let keep = |wanted| {
                if kind == wanted || *c == '\n' { *c } else { ' ' }
            };
            code.push(keep(Kind::Code));
            comments.push(keep(Kind::Comment));
        }
        at = end;
    }
    (code, comments)
}

/// The kind of what begins at `at`, and where it ends; the end may lie beyond an unfinished text.
fn stretch(chars: &[char], at: usize) -> (Kind, usize) {
    match chars[at..] {
        ['/', '/', ..] => (Kind::Comment, position(chars, at, |c| c == '\n')),
        ['/', '*', ..] => (Kind::Comment, block_comment_end(chars, at)),
        ['"', ..] => (Kind::Literal, string_end(chars, at)),
        ['\'', '\\', ..] => (Kind::Literal, position(chars, at + 3, |c| c == '\'') + 1),
        ['\'', _, '\'', ..] => (Kind::Literal, at + 3),
        ['r', '"' | '#', ..] if !continues_word(chars, at) => match raw_string_end(chars, at) {
            Some(end) => (Kind::Literal, end),
            None => (Kind::Code, at + 1), // a raw identifier
        },
        _ => (Kind::Code, at + 1),
    }
}

fn position(chars: &[char], from: usize, found: impl Fn(char) -> bool) -> usize {
    (from..chars.len()).find(|i| found(chars[*i])).unwrap_or(chars.len())
}

fn block_comment_end(chars: &[char], mut at: usize) -> usize {
    let mut depth = 0;
    while at < chars.len() {
        match chars[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn string_end(chars: &[char], quote: usize) -> usize {
    let mut at = quote + 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

fn raw_string_end(chars: &[char], at: usize) -> Option<usize> {
    let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
    let quote = at + 1 + hashes;
    if chars.get(quote) != Some(&'"') {
        return None;
    }
    let closes =
        |i: &usize| chars[*i] == '"' && chars[i + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes;
    Some((quote + 1..chars.len()).find(closes).map_or(chars.len(), |close| close + 1 + hashes))
}

/// Whether the `r` at `at` is inside a word rather than the prefix of a literal (`r`, `br`, `cr`).
fn continues_word(chars: &[char], at: usize) -> bool {
    let word_before = |i: usize| i > 0 && is_word(chars[i - 1]);
    word_before(at) && (!matches!(chars[at - 1], 'b' | 'c') || word_before(at - 1))
}

/// Offset of the `{` that opens the body of the function at `at`; none when a `;` comes first.
fn body_open(code: &str, at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, byte) in code.bytes().enumerate().skip(at) {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            b'{' if depth == 0 => return Some(offset),
            b';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// Offset of the `}` that closes the `{` at `open`.
fn block_end(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if depth == 0 {
            return Some(offset);
        }
    }
    None
}

fn cfg_test_regions(code: &str) -> Vec<Range<usize>> {
    code.match_indices("#[cfg(test)]")
        .map(|(at, attribute)| {
            let end = body_open(code, at + attribute.len()).and_then(|open| block_end(code, open));
            at..end.unwrap_or(at + attribute.len())
        })
        .collect()
}

fn is_test_path(path: &str) -> bool {
    path.split('/').any(|part| part == "tests") || path.ends_with("/tests.rs")
}

fn spell_out(prefix: &str, tree: &str, paths: &mut Vec<String>) {
    let Some((head, inner)) = tree.split_once('{') else {
        let leaf = tree.split(" as ").next().unwrap_or(tree);
        paths.extend((!leaf.trim().is_empty()).then(|| format!("{prefix}{}", leaf.trim())));
        return;
    };
    let prefix = format!("{prefix}{}", head.trim());
    let inner = inner.trim_end().strip_suffix('}').unwrap_or(inner);
    let (mut depth, mut start) = (0_usize, 0);
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                spell_out(&prefix, &inner[start..at], paths);
                start = at + 1;
            }
            _ => {}
        }
    }
    spell_out(&prefix, &inner[start..], paths);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str) -> Source {
        Source::scan("src/x.rs", text)
    }

    #[test]
    fn comments_and_strings_are_not_code() {
        let source = scan("a(\"// no { \\\" {\"); // yes {\n/* x /* y */ z */ b('{', '\\'', b'}');\n");
        assert_eq!(source.code.matches('{').count() + source.code.matches('}').count(), 0);
        assert!(source.code.contains("a(") && source.code.contains("b("));
        assert!(source.comments.contains("// yes {") && !source.comments.contains("// no"));
        assert!(source.comments.contains("z */"));
    }

    #[test]
    fn raw_strings_end_at_their_own_number_of_hashes() {
        let source = scan("x(r#\"a \" { \"#, br##\"\"# { \"##, r\"\\\"); y(r#type, for\"{\");");
        assert!(!source.code.contains('{'));
        assert!(source.code.contains("y(r#type, for"));
    }

    #[test]
    fn lifetimes_do_not_open_literals() {
        let source = scan("fn f<'a>(x: &'a str) -> &'a str { x }");
        assert_eq!(source.code, source.text);
    }

    #[test]
    fn functions_are_measured_by_the_lines_between_their_braces() {
        let source = scan(
            "trait T { fn absent(a: [u8; 4]); }\nfn f(g: fn(u8) -> u8)\nwhere\n{\n  1;\n  2;\n}\n#[cfg(test)]\nmod tests {\n fn t() {\n }\n}\n",
        );
        let found: Vec<_> = source.functions().into_iter().map(|f| (f.name, f.line, f.body_lines, f.is_test)).collect();
        assert_eq!(found, [("f".to_owned(), 2, 2, false), ("t".to_owned(), 10, 0, true)]);
    }

    #[test]
    fn grouped_imports_are_spelled_out() {
        let source = scan("use std::{fs as files, time::{Duration, Instant},\n io};\nfn f() -> impl Sized + use<> {}");
        let paths: Vec<_> = source.imports().into_iter().map(|(_, path)| path).collect();
        assert_eq!(paths, ["std::fs", "std::time::Duration", "std::time::Instant", "std::io"]);
    }

    #[test]
    fn unfinished_text_is_scanned_to_its_end() {
        for text in ["\"", "r#\"", "/* /*", "'\\", "'", "fn f(", "fn f() {", "use a::{b", "#[cfg(test)]"] {
            let source = scan(text);
            assert_eq!(source.code.len(), text.len(), "{text}");
            source.functions();
            source.imports();
        }
    }
}
