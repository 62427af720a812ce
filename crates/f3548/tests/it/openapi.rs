//! The schemas of the contract, read from its YAML where the shared folder is present.
//!
//! The file uses a small part of YAML: block mappings, lists of scalars and of one-key mappings, and folded text,
//! which is skipped. A list stands at the depth of its key or deeper.

use std::path::Path;

use serde_json::{Map, Value};

const CONTRACT: &str = "shared/spec/f3548-21-utm-v1.0.0.yaml";

/// `components.schemas` by name; `None`, and a word on it, where there is no shared folder. In CI that is a failure.
pub(crate) fn schemas() -> Option<Map<String, Value>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Some(path) = here.ancestors().map(|folder| folder.join(CONTRACT)).find(|path| path.exists()) else {
        assert!(std::env::var("CI").is_err(), "{CONTRACT} is not beside the checkout, and CI must compare with it");
        eprintln!("skipped: {CONTRACT} is not in a folder above {}", here.display());
        return None;
    };
    let text = std::fs::read_to_string(path).expect("the contract is readable");
    let lines = text.lines().skip_while(|line| *line != "  schemas:").skip(1).take_while(|line| *line != "paths:");
    let lines = lines.map(|line| (line.len() - line.trim_start().len(), line.trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).collect();
    let Value::Object(schemas) = Reader { lines, at: 0 }.mapping(4) else { unreachable!("a mapping is an object") };
    assert!(schemas.len() > 70, "{} schemas were read", schemas.len());
    Some(schemas)
}

struct Reader<'a> {
    /// Depth and content of each line that says something.
    lines: Vec<(usize, &'a str)>,
    at: usize,
}

impl<'a> Reader<'a> {
    fn next_at(&self, depth: usize, is_item: bool) -> Option<&'a str> {
        let line = self.lines.get(self.at).filter(|(found, _)| *found == depth)?.1;
        (line.starts_with("- ") == is_item).then_some(line)
    }

    fn skip_deeper(&mut self, depth: usize) {
        while self.lines.get(self.at).is_some_and(|(found, _)| *found > depth) {
            self.at += 1;
        }
    }

    fn mapping(&mut self, depth: usize) -> Value {
        let mut entries = Map::new();
        while let Some(line) = self.next_at(depth, false) {
            self.at += 1;
            let (key, rest) = line.split_once(':').expect("a key");
            let value = match (rest.trim(), self.lines.get(self.at)) {
                ("", Some((deeper, line))) if *deeper >= depth && line.starts_with("- ") => self.list(*deeper),
                ("", Some((deeper, _))) if *deeper > depth => self.mapping(*deeper),
                (text, _) => scalar(text),
            };
            self.skip_deeper(depth);
            entries.insert(key.to_owned(), value);
        }
        Value::Object(entries)
    }

    fn list(&mut self, depth: usize) -> Value {
        let mut items = Vec::new();
        while let Some(line) = self.next_at(depth, true) {
            self.at += 1;
            let item = &line[2..];
            items.push(match item.split_once(": ") {
                Some((key, value)) => Value::Object(Map::from_iter([(key.to_owned(), scalar(value))])),
                None => scalar(item),
            });
            self.skip_deeper(depth);
        }
        Value::Array(items)
    }
}

fn scalar(text: &str) -> Value {
    match text {
        "" | ">-" => Value::Null,
        "[ ]" => Value::Array(Vec::new()),
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ if text.starts_with('\'') => Value::String(text.trim_matches('\'').to_owned()),
        _ => text
            .parse::<i64>()
            .map_or_else(|_| text.parse::<f64>().map_or_else(|_| text.into(), Value::from), Value::from),
    }
}
