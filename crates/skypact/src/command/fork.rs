//! `skypact fork`: the proofs that a counterpart signed two histories of one log, and their check without a node.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use skypact_channel::LogRef;
use skypact_record::{ForkProof, KeyId, KeyRotation};

use super::exit::show;
use super::{CliError, Outcome};
use crate::directory::{NodeDir, file_error, read_pact, write_new};
use crate::node::fork_document;
use crate::storage::{SqliteStore, Store as _};
use crate::system::in_words;

/// Arguments of `fork`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the proofs that a node keeps, and write them to files. Exit code 1 when there are any.
    List {
        /// Directory of the node, which may be running.
        #[arg(long, env = "SKYPACT_DIR", default_value = ".")]
        dir: PathBuf,
        /// Folder to write each proof into, as CHANNEL-PARTY-CLASS.fork.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Check a proof: needs the proof and the pact, no node and no network. Exit code 1 when it proves nothing.
    Verify {
        /// The proof.
        proof: PathBuf,
        /// The pact of the channel.
        #[arg(long)]
        pact: PathBuf,
    },
}

pub(super) fn run(args: &Args, json: bool) -> Result<Outcome, CliError> {
    match &args.command {
        Command::List { dir, out } => list(dir, out.as_deref(), json),
        Command::Verify { proof, pact } => verify(proof, pact, json),
    }
}

fn list(dir: &Path, out: Option<&Path>, json: bool) -> Result<Outcome, CliError> {
    let store = SqliteStore::open_read_only(dir).map_err(|error| CliError::machine(error.code(), error.to_string()))?;
    let (mut values, mut text) = (Vec::new(), String::new());
    for (name, pact) in NodeDir(dir.to_owned()).read_pacts()? {
        for log in LogRef::ALL {
            let origin = pact.log_keys(log).origin.as_str();
            let kept = store.document(&fork_document(origin));
            let kept = kept.map_err(|error| CliError::machine(error.code(), error.to_string()))?;
            let Some(bytes) = kept else { continue };
            let file = out.map(|out| out.join(format!("{name}-{}-{}.fork", pact.party_name(log.party), log.class)));
            if let Some(file) = &file {
                write_new(file, &bytes)?;
            }
            let proof = ForkProof::decode(&bytes);
            let proof = proof.map_err(|error| CliError::machine(error.code(), format!("{origin}: {error}")))?;
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}", told(&proof));
            values.push(value(&proof, file.as_deref()));
        }
    }
    let found = !values.is_empty();
    let text = if found { text.as_str() } else { "no proof of a fork is kept here" };
    show(json, &serde_json::json!({ "forks": values }), text);
    Ok(if found { Outcome::CheckFailed } else { Outcome::Done })
}

fn verify(path: &Path, pact: &Path, json: bool) -> Result<Outcome, CliError> {
    let unusable = |reason: String| CliError::from(file_error(path, &reason));
    let (_, pact) = read_pact(pact)?;
    let length = fs::metadata(path).map_err(|error| unusable(in_words(&error)))?.len();
    if length > ForkProof::BYTES_MAX as u64 {
        return Err(unusable(format!("has {length} bytes, and no proof has more than {}", ForkProof::BYTES_MAX)));
    }
    let bytes = fs::read(path).map_err(|error| unusable(in_words(&error)))?;
    let proof = ForkProof::decode(&bytes).map_err(|error| unusable(error.to_string()))?;
    let origin = &proof.older.checkpoint().origin;
    let log = pact.log(origin.as_str());
    let log = log.ok_or_else(|| unusable(format!("is about log {origin}, which this pact does not have")))?;
    let checked = proof.verify(&proof.log_keys(pact.genesis()));
    let mut value = value(&proof, Some(path));
    value["proven"] = checked.is_ok().into();
    value["reason"] = checked.as_ref().err().map(ToString::to_string).into();
    let text = match &checked {
        Ok(signers) => {
            let by = by_whom(&proof, *signers);
            format!("proven    {} signed two histories{by}\n{}", pact.party_name(log.party), told(&proof))
        }
        Err(error) => format!("unproven  {error} [{}]", error.code()),
    };
    show(json, &value, &text);
    Ok(if checked.is_ok() { Outcome::Done } else { Outcome::CheckFailed })
}

/// What a reader has to know where the heads are under different keys: who holds a replaced key need not be the author.
fn by_whom(proof: &ForkProof, [older, newer]: [KeyId; 2]) -> String {
    if older == newer {
        return String::new();
    }
    let trusted = proof.rotations.iter().filter_map(|entry| {
        let rotation = KeyRotation::decode(&entry.parts.first()?.as_ref()?.bytes).ok()?;
        let [routine, urgent] = rotation.trusted;
        Some(format!(
            "\n  a rotation vouches for heads under the key before it up to {routine} routine, {urgent} urgent"
        ))
    });
    let trusted: String = trusted.collect();
    format!(" under two keys that its root named, {older} and {newer}: or somebody else holds one of them{trusted}")
}

fn told(proof: &ForkProof) -> String {
    let (older, newer) = (proof.older.checkpoint(), proof.newer.checkpoint());
    format!(
        "log {}\n  signed at size {}: {}\n  signed at size {}: {}\n  whose root at size {} is {}",
        older.origin, older.size, older.root, newer.size, newer.root, older.size, proof.prefix_root
    )
}

fn value(proof: &ForkProof, file: Option<&Path>) -> serde_json::Value {
    let head = |signed: &skypact_record::SignedCheckpoint| {
        let head = signed.checkpoint();
        serde_json::json!({ "size": head.size, "root": head.root.to_string() })
    };
    serde_json::json!({
        "log": proof.older.checkpoint().origin.to_string(), "older": head(&proof.older), "newer": head(&proof.newer),
        "prefix_root": proof.prefix_root.to_string(), "file": file,
    })
}
