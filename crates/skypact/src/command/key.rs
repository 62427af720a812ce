//! `skypact key`: the keys that heads of logs are under. Another key takes the place of this party's by an entry in both of its logs, signed by
//! its root: heads up to there stay under the old key, and nobody has to agree.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use skypact_channel::Message;
use skypact_record::{Algorithm, KeyRotation, PartyName, RotatedKey, Signer};

use super::desk::{Desk, Shown, Where, short, show_each};
use super::exit::show;
use super::officer::{channel, file, open_root, trusted_sizes};
use super::{CliError, Outcome};
use crate::directory::{Card, CardKey, NodeDir, file_error, read_toml, replace};
use crate::http::views::HeadKeyView;
use crate::keys::{FileSigner, KeyRing, KeyRole, NextKeys};
use crate::node::RecordSigner;

/// Arguments of `key`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    step: Option<Step>,
    #[command(flatten)]
    place: Where,
}

#[derive(Debug, clap::Subcommand)]
enum Step {
    /// List the keys that heads of the four logs are or were under. The same as no subcommand.
    List,
    /// Put a new key in the place of the one that signs the heads of this party's logs. Makes its file beside the old one.
    Rotate {
        /// Which key.
        #[arg(long)]
        role: Rotating,
        /// The party's root key, which is kept offline; without it DIR/keys/root.key.
        #[arg(long)]
        root_key: Option<PathBuf>,
        /// Entries of the routine log up to which this party vouches for heads under the old key; all so far when absent.
        #[arg(long)]
        trusted_routine: Option<u64>,
        /// The same of the urgent log.
        #[arg(long)]
        trusted_urgent: Option<u64>,
    },
}

/// Keys that can change in a channel that runs.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Rotating {
    /// The one that signs the heads of the own logs.
    Checkpoint,
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    match &args.step {
        None | Some(Step::List) => show_each(&args.place, json, list).await,
        Some(Step::Rotate { role: Rotating::Checkpoint, root_key, trusted_routine, trusted_urgent }) => {
            rotate(&args.place, root_key.as_deref(), [*trusted_routine, *trusted_urgent], json).await
        }
    }
}

async fn list(desk: &Desk) -> Result<Shown, CliError> {
    let keys: Vec<HeadKeyView> = desk.client.get(&desk.path("head-keys")).await?;
    Ok((serde_json::json!(keys), told(&keys), Outcome::Done))
}

fn told(keys: &[HeadKeyView]) -> String {
    let mut text = String::new();
    for key in keys {
        let state = match (key.until, key.trusted) {
            (Some(until), Some([routine, urgent])) => {
                format!("heads of {} to {until}; REPLACED, vouched for: {routine} routine, {urgent} urgent", key.from)
            }
            _ if key.from == 0 => "in force, of the pact".to_owned(),
            _ => format!("in force for heads of {} and more", key.from),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}  {:<9} {}\n    {state}", short(&key.id), key.algorithm, key.log);
        // That of an ML-DSA-44 key fills a screen; `--json` has it.
        if key.algorithm == "ed25519" {
            let _ = writeln!(text, "    {}", key.verifier_key);
        }
    }
    text
}

async fn rotate(
    place: &Where,
    root_key: Option<&Path>,
    trusted: [Option<u64>; 2],
    json: bool,
) -> Result<Outcome, CliError> {
    let root = open_root(root_key, place)?;
    let desk = Desk::open(place).await?;
    let trusted = trusted_sizes(&desk, trusted)?;
    let author = PartyName::new(&desk.view.party);
    let author = author.map_err(|error| CliError::usage("field-invalid", "party", error.to_string()))?;
    let old = FileSigner::open(&KeyRing::path_of(&place.dir, KeyRole::Checkpoint), KeyRole::Checkpoint)?;
    let next = KeyRing::create_next(&place.dir, old.label())?;
    let id = channel(&desk)?;
    let named = |signer: &dyn Signer| {
        let key = RotatedKey::new(KeyRole::Checkpoint, id, &author, signer);
        key.map_err(|error| CliError::io("checkpoint key", &error.to_string()))
    };
    let mut keys = vec![named(&RecordSigner::new(next.plain.clone()))?];
    if let Some(signer) = next.ml_dsa_44.as_ref().filter(|_| is_post_quantum(&place.dir, &desk)) {
        keys.push(named(signer)?);
    }
    let placed = file(&desk, &root, Message::KeyRotation(KeyRotation { keys, trusted })).await?;
    put_on_card(&place.dir, &next)?;
    let keys: Vec<HeadKeyView> = desk.client.get(&desk.path("head-keys")).await?;
    let own: Vec<HeadKeyView> = keys.into_iter().filter(|key| key.party == desk.view.party).collect();
    let lines = log_key_lines(&own);
    let told = place.dir.join(format!("log.keys-{}", desk.view.name));
    replace(&told, lines.as_bytes())?;
    let [routine, urgent] = trusted;
    let text = format!(
        "heads of {} are under a new key: {}\n\
         heads up to here stay under the old one: keep its file too\n\
         vouched for: {routine} routine and {urgent} urgent entries\n\
         next: give the lines of {} to each witness and monitor, for its file log.keys",
        desk.view.party,
        next.path.display(),
        told.display(),
    );
    show(json, &serde_json::json!({ "placed": placed, "keys": own, "log_keys": lines, "file": told }), &text);
    Ok(Outcome::Done)
}

fn is_post_quantum(dir: &Path, desk: &Desk) -> bool {
    let pacts = NodeDir(dir.to_owned()).read_pacts().unwrap_or_default();
    pacts.iter().any(|(name, pact)| *name == desk.view.name && pact.genesis().is_post_quantum())
}

/// Lines for the file log.keys of a witness or monitor.
fn log_key_lines(keys: &[HeadKeyView]) -> String {
    let mut lines = String::new();
    for key in keys.iter().filter(|key| key.until.is_none()) {
        // Writing to a String cannot fail.
        let _ = writeln!(lines, "use {}", key.verifier_key);
    }
    lines
}

/// A pact that is proposed later names the new keys.
fn put_on_card(dir: &Path, next: &NextKeys) -> Result<(), CliError> {
    let path = NodeDir(dir.to_owned()).card();
    let mut card: Card = read_toml(&path, "make the directory with 'skypact init'")?;
    let plain = RecordSigner::new(next.plain.clone());
    let keys = [Some(plain.public_key()), next.ml_dsa_44.as_ref().map(Signer::public_key)];
    for public in keys.into_iter().flatten() {
        let is_ml_dsa_44 = public.algorithm() == Algorithm::MlDsa44;
        let of_role = card.keys.iter_mut().filter(|key| key.role == KeyRole::Checkpoint.as_str());
        for key in of_role.filter(|key| key.ml_dsa_44.is_some() == is_ml_dsa_44) {
            *key = CardKey::new(KeyRole::Checkpoint, &key.label.clone(), public);
        }
    }
    let text = toml::to_string(&card).map_err(|error| file_error(&path, &error.to_string()))?;
    Ok(replace(&path, text.as_bytes())?)
}
