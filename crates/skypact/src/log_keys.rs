//! `DIR/log.keys` of a witness or a monitor: which keys count for the heads of logs besides those of their pacts, because a party told its
//! operator that its key changed (docs/guide/keys.md). Both hold no bodies, so the record alone does not tell them.

use std::path::Path;

use skypact_record::VerifierKey;

use crate::directory::{ConfigError, file_error};
use crate::system::in_words;

/// The lines of the file: `use` and `end`, each with a verifier key of C2SP signed-note whose name is the log's origin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogKeyLines {
    /// Keys that count too.
    pub used: Vec<VerifierKey>,
    /// Keys that count no more, of the pact or of a line.
    pub ended: Vec<VerifierKey>,
}

/// Longest file, in bytes: hundreds of keys of ML-DSA-44.
const BYTES_MAX: u64 = 1 << 20;

impl LogKeyLines {
    /// Reads the file in a directory; no lines when there is none.
    pub fn read(dir: &Path) -> Result<Self, ConfigError> {
        let path = dir.join("log.keys");
        let unusable = |error: std::io::Error| file_error(&path, &in_words(&error));
        match std::fs::metadata(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(unusable(error)),
            Ok(file) if file.len() > BYTES_MAX => {
                return Err(file_error(&path, "has more than a MiB; take out what ended long ago"));
            }
            Ok(_) => {}
        }
        let text = std::fs::read_to_string(&path).map_err(unusable)?;
        Self::parse(&text).map_err(|(line, reason)| file_error(&path, &format!("line {line}: {reason}")))
    }

    /// Reads the text of a file. An error is the number of a line and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, (usize, String)> {
        let mut lines = Self::default();
        for (number, line) in (1..).zip(text.lines().map(str::trim)) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (list, key) = match line.split_once(' ') {
                Some(("use", key)) => (&mut lines.used, key),
                Some(("end", key)) => (&mut lines.ended, key),
                _ => {
                    return Err((
                        number,
                        "is neither `use KEY` nor `end KEY`; 'skypact key list' prints them".to_owned(),
                    ));
                }
            };
            list.push(key.trim().parse().map_err(|error| (number, format!("{error}")))?);
        }
        Ok(lines)
    }

    /// The keys that count, where those of the pacts are `of_pacts`.
    pub fn among(&self, of_pacts: Vec<VerifierKey>) -> Vec<VerifierKey> {
        let counts = |key: &VerifierKey| !self.ended.contains(key);
        of_pacts.into_iter().chain(self.used.iter().cloned()).filter(counts).collect()
    }
}
