//! `skypact protect trace`: whose copy of an entry got out. Every filing draws a salt of its own, so one site that was filed in three
//! channels has three salts, and each was given to one counterpart. It shows whose copy it is, and not who let it out.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use skypact_channel::{LogRef, Pact};
use skypact_record::{Leaf, Part};

use super::desk::short;
use super::exit::show;
use super::quantity::time_text;
use super::{CliError, Outcome};
use crate::directory::NodeDir;
use crate::storage::{SqliteStore, Store as _};
use crate::system::in_words;

/// Entries and bytes that are read from the store at once.
const ENTRIES_AT_ONCE: usize = 256;
const BYTES_AT_ONCE: usize = 4 << 20;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// File with what got out: [salt, body] in CBOR, one part as a bundle has it, or with --salt the body alone.
    file: PathBuf,
    /// The salt, 64 hex digits, when the file has the body alone.
    #[arg(long)]
    salt: Option<String>,
}

/// An entry of which this is the body.
#[derive(Debug, Serialize)]
struct Copy {
    channel: String,
    author: String,
    recipient: String,
    log: String,
    index: u64,
    leaf: String,
    /// When, as its author claims, nanoseconds UTC.
    at_ns: i64,
    /// Whether the salt is this entry's too; otherwise the body alone is the same.
    exact: bool,
}

pub(super) fn run(args: &Args, dir: &Path, json: bool) -> Result<Outcome, CliError> {
    let leaked = leaked(args)?;
    let copies = copies(&NodeDir(dir.to_path_buf()), &leaked)?;
    let exact = copies.iter().find(|copy| copy.exact);
    let mut text = String::new();
    // Writing to a String cannot fail.
    if let Some(Copy { channel, author, recipient, log, index, leaf, at_ns, .. }) = exact {
        let (leaf, at) = (short(leaf), time_text(*at_ns));
        let _ = writeln!(
            text,
            "it is the copy that {author} gave to {recipient}: {leaf}, entry {index}\n  of {log} in {channel}, signed {at}"
        );
        let _ = writeln!(
            text,
            "its salt is in no other entry:\n  {author}, {recipient} and whoever got it from them have it"
        );
        let _ = writeln!(text, "that {recipient} let it out is not proven by it: {author} has the same");
    } else if copies.is_empty() {
        text.push_str("no entry of this node has this body\n");
    } else {
        text.push_str("no entry of this node has this salt with this body:\nwhose copy it is cannot be told. The same body went to\n");
        for copy in &copies {
            let _ =
                writeln!(text, "  {} in {}, from {}: {}", copy.recipient, copy.channel, copy.author, short(&copy.leaf));
        }
    }
    show(json, &copies, &text);
    Ok(if exact.is_some() { Outcome::Done } else { Outcome::CheckFailed })
}

fn leaked(args: &Args) -> Result<Part, CliError> {
    let bytes = std::fs::read(&args.file);
    let bytes =
        bytes.map_err(|error| CliError::io("file", &format!("{}: {}", args.file.display(), in_words(&error))))?;
    let Some(salt) = &args.salt else {
        return Part::decode(&bytes).map_err(|error| {
            let message = format!("file: {error}; of a body alone give the salt too, with --salt");
            CliError::usage(error.code(), "file", message)
        });
    };
    // 32 bytes in hex, as a hash is written.
    let salt: skypact_record::Hash = salt
        .parse()
        .map_err(|_| CliError::usage("field-invalid", "salt", "salt: give the 64 hex digits of its 32 bytes"))?;
    Ok(Part { salt: salt.0, bytes })
}

/// Every entry of the node's logs that commits to this part, or has the same body under another salt.
fn copies(dir: &NodeDir, leaked: &Part) -> Result<Vec<Copy>, CliError> {
    let damaged = |error: &dyn std::fmt::Display| CliError::io("record", &error.to_string());
    let store = SqliteStore::open_read_only(&dir.0).map_err(|error| damaged(&error))?;
    let logs = store.logs().map_err(|error| damaged(&error))?;
    let commitment = leaked.commitment();
    let mut copies = Vec::new();
    for (channel, pact) in dir.read_pacts()? {
        for log in LogRef::ALL {
            let origin = pact.log_keys(log).origin.as_str();
            if !logs.iter().any(|known| known.log == origin) {
                continue;
            }
            let mut from = 0;
            loop {
                let entries = store.read(origin, from, ENTRIES_AT_ONCE, BYTES_AT_ONCE);
                let entries = entries.map_err(|error| damaged(&error))?;
                if entries.is_empty() {
                    break;
                }
                from += entries.len() as u64;
                for entry in &entries {
                    let leaf = Leaf::decode(&entry.leaf).map_err(|error| damaged(&error))?;
                    let exact = leaf.act.act().commitments.contains(&commitment);
                    if exact || entry.parts.iter().flatten().any(|part| part.bytes == leaked.bytes) {
                        copies.push(Copy::of(&channel, &pact, log, &leaf, exact));
                    }
                }
            }
        }
    }
    Ok(copies)
}

impl Copy {
    fn of(channel: &str, pact: &Pact, log: LogRef, leaf: &Leaf, exact: bool) -> Self {
        Self {
            channel: channel.to_owned(),
            author: pact.party_name(log.party).to_owned(),
            recipient: pact.party_name(1 - log.party).to_owned(),
            log: leaf.origin.to_string(),
            index: leaf.index,
            leaf: leaf.hash().to_string(),
            at_ns: leaf.act.act().claimed_time,
            exact,
        }
    }
}
