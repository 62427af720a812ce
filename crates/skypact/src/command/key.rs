//! `skypact key`: the keys of which a party has one for each role. Another key takes the place of this party's by an entry in both of its logs, signed by
//! its root; nothing of before is touched, and nobody has to agree.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use skypact_channel::Message;
use skypact_record::{Algorithm, KeyRotation, PartyName, RotatedKey, Signer, counted};

use super::desk::{Desk, Shown, Where, short, show_each};
use super::exit::{REFUSED, USAGE, show};
use super::officer::{channel, file, open_root, trusted_sizes};
use super::{CliError, Outcome};
use crate::directory::{Card, CardKey, NodeDir, file_error, read_toml, replace};
use crate::http::views::{HeadKeyView, PlacedView};
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
    /// List the keys for heads, receipts and connections, and the roots, of both parties. The same as no subcommand.
    List,
    /// Make the file of a key that takes the place of one later: where the transport key or the one for receipts is lost, the node starts with it.
    Make {
        /// Which key.
        #[arg(long)]
        role: Rotating,
    },
    /// Put a new key in the place of this party's. Makes its file beside the old one, where 'make' did not.
    Rotate {
        /// Which key.
        #[arg(long)]
        role: Rotating,
        /// The party's root key, which is kept offline; without it DIR/keys/root.key.
        #[arg(long)]
        root_key: Option<PathBuf>,
        /// Where to write the new root key; for the role root.
        #[arg(long, value_name = "FILE")]
        new_root_key: Option<PathBuf>,
        /// Entries of the routine log up to which this party vouches for what the old key signed; all so far when absent.
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
    /// The one that signs receipts for the counterpart's logs.
    Mirror,
    /// The one that connections are known by.
    Transport,
    /// The one that signs changes of keys.
    Root,
}

impl Rotating {
    fn role(self) -> KeyRole {
        match self {
            Self::Checkpoint => KeyRole::Checkpoint,
            Self::Mirror => KeyRole::Mirror,
            Self::Transport => KeyRole::Transport,
            Self::Root => KeyRole::Root,
        }
    }
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    match &args.step {
        None | Some(Step::List) => show_each(&args.place, json, list).await,
        Some(Step::Make { role }) => make(&args.place.dir, role.role(), json),
        Some(Step::Rotate { role, root_key, new_root_key, trusted_routine, trusted_urgent }) => {
            let trusted = [*trusted_routine, *trusted_urgent];
            rotate(&args.place, role.role(), root_key.as_deref(), new_root_key.as_deref(), trusted, json).await
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
        let what = if key.role == "checkpoint" { key.log.clone() } else { format!("{} of {}", key.role, key.party) };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}  {:<9} {what}\n    {}", short(&key.id), key.algorithm, state(key));
        // That of an ML-DSA-44 key fills a screen; `--json` has it.
        if key.algorithm == "ed25519" {
            let _ = writeln!(text, "    {}", key.verifier_key);
        }
    }
    text
}

fn state(key: &HeadKeyView) -> String {
    let vouched = |[routine, urgent]: [u64; 2]| format!("vouched for: {routine} routine, {urgent} urgent");
    let is_of_heads = key.role == "checkpoint";
    match (key.until, key.trusted) {
        (Some(until), Some(trusted)) if is_of_heads => {
            format!("heads of {} to {until}; REPLACED, {}", key.from, vouched(trusted))
        }
        (Some(until), Some(trusted)) => {
            let held =
                key.held.map(|[routine, urgent]| format!(";\n    held then: {routine} routine, {urgent} urgent"));
            format!("REPLACED by entry {until}, {}{}", vouched(trusted), held.unwrap_or_default())
        }
        _ if key.from == 0 => "in force, of the pact".to_owned(),
        _ if is_of_heads => format!("in force for heads of {} and more", key.from),
        _ => format!("in force since entry {}", key.from - 1),
    }
}

/// Makes the file of a key ahead of the rotation that names it.
fn make(dir: &Path, role: KeyRole, json: bool) -> Result<Outcome, CliError> {
    if role == KeyRole::Root {
        let message = "role: a root key is made by the rotation that names it, where --new-root-key says";
        return Err(CliError::usage("field-invalid", "role", message));
    }
    let party = NodeDir(dir.to_owned()).read_config()?.party;
    let next = KeyRing::create_next(dir, role, &party)?;
    put_on_card(dir, role, &next)?;
    let text = format!(
        "made {}\nnext: start the node, and 'skypact key rotate --role {role}', which names it",
        next.path.display()
    );
    show(json, &serde_json::json!({ "file": next.path }), &text);
    Ok(Outcome::Done)
}

async fn rotate(
    place: &Where,
    role: KeyRole,
    root_key: Option<&Path>,
    new_root_key: Option<&Path>,
    trusted: [Option<u64>; 2],
    json: bool,
) -> Result<Outcome, CliError> {
    if new_root_key.is_some() != (role == KeyRole::Root) {
        let message = "new-root-key: is for the role root, and needed there: the key is kept offline";
        return Err(CliError::usage("field-invalid", "new-root-key", message));
    }
    let root = open_root(root_key, place)?;
    let desk = Desk::open(place).await?;
    let trusted = trusted_sizes(&desk, trusted)?;
    let author = PartyName::new(&desk.view.party);
    let author = author.map_err(|error| CliError::usage("field-invalid", "party", error.to_string()))?;
    let (next, is_new) = next_key(place, &desk, role, new_root_key).await?;
    let placed = match name_in_record(place, &desk, &root, &author, role, &next, trusted).await {
        Ok(placed) => placed,
        Err(refused) if is_new => return Err(discard_unnamed(&desk, role, &next, refused).await),
        Err(refused) => return Err(refused),
    };
    put_on_card(&place.dir, role, &next)?;
    let keys: Vec<HeadKeyView> = desk.client.get(&desk.path("head-keys")).await?;
    let own: Vec<HeadKeyView> =
        keys.into_iter().filter(|key| key.party == desk.view.party && key.role == role.as_str()).collect();
    let lines = log_key_lines(&own);
    let told = place.dir.join(format!("log.keys-{}", desk.view.name));
    if !lines.is_empty() {
        replace(&told, lines.as_bytes())?;
    }
    let [routine, urgent] = trusted;
    let text = format!(
        "{} {}: {}\n{}vouched for: {routine} routine and {}\n{}",
        what_is_under(role),
        desk.view.party,
        next.path.display(),
        of_old_key(role),
        counted(urgent, "urgent entry"),
        what_is_next(role, &told),
    );
    show(json, &serde_json::json!({ "placed": placed, "keys": own, "log_keys": lines, "file": told }), &text);
    Ok(Outcome::Done)
}

/// Has the root name the keys in both logs.
async fn name_in_record(
    place: &Where,
    desk: &Desk,
    root: &RecordSigner,
    author: &PartyName,
    role: KeyRole,
    next: &NextKeys,
    trusted: [u64; 2],
) -> Result<Vec<PlacedView>, CliError> {
    let id = channel(desk)?;
    let named = |signer: &dyn Signer| {
        let key = RotatedKey::new(role, id, author, signer);
        key.map_err(|error| CliError::io("new key", &error.to_string()))
    };
    let mut keys = vec![named(&RecordSigner::new(next.plain.clone()))?];
    if let Some(signer) = next.ml_dsa_44.as_ref().filter(|_| is_post_quantum(&place.dir, desk)) {
        keys.push(named(signer)?);
    }
    file(desk, root, Message::KeyRotation(KeyRotation { keys, trusted })).await
}

/// Removes the files that this command made, when the node refused for good and its record names them nowhere; what to tell. After a lost answer
/// they stay: the rotation may stand, and a key in force must not be lost.
async fn discard_unnamed(desk: &Desk, role: KeyRole, next: &NextKeys, refused: CliError) -> CliError {
    if ![REFUSED, USAGE].contains(&refused.exit_code()) {
        let file = next.path.display();
        return refused.saying(&format!("; keep {file}: the record may name it, see 'skypact key list'"));
    }
    let id = RecordSigner::new(next.plain.clone()).public_key().id().to_string();
    let known: Result<Vec<HeadKeyView>, CliError> =
        desk.client.get(&desk.path("head-keys")).await.map_err(CliError::from);
    let is_unnamed = known.is_ok_and(|known| known.iter().all(|known| known.role != role.as_str() || known.id != id));
    match Some(next).filter(|_| is_unnamed).map_or(Ok(()), NextKeys::discard) {
        Ok(()) => refused,
        Err(error) => refused.saying(&format!("; the file of the new key is left: {error}")),
    }
}

fn what_is_under(role: KeyRole) -> &'static str {
    match role {
        KeyRole::Mirror => "receipts are under a new key of",
        KeyRole::Transport => "connections will be under a new key of",
        KeyRole::Root => "changes of keys are signed by a new root of",
        _ => "heads are under a new key of",
    }
}

fn of_old_key(role: KeyRole) -> &'static str {
    match role {
        KeyRole::Mirror => "receipts up to here stay what they are; the old key's file is needed no more\n",
        KeyRole::Transport => "the old key is shown until the counterpart has signed for this, and never after\n",
        KeyRole::Root => "what the old root signed stays what it is; from here on it signs nothing\n",
        _ => "heads up to here stay under the old one: keep its file too\n",
    }
}

fn what_is_next(role: KeyRole, told: &Path) -> String {
    match role {
        KeyRole::Transport => "next: tell monitors the new key, which 'skypact key list' prints".to_owned(),
        KeyRole::Root => "next: take the new root key offline, and keep it in two places".to_owned(),
        KeyRole::Mirror => {
            format!("next: give the lines of {} to each monitor,\nfor its file log.keys", told.display())
        }
        _ => {
            format!("next: give the lines of {} to each witness and monitor,\nfor its file log.keys", told.display())
        }
    }
}

/// The key that takes the place: the one that was made for it, or that another channel names already; else a new one. Whether it is new.
async fn next_key(
    place: &Where,
    desk: &Desk,
    role: KeyRole,
    new_root_key: Option<&Path>,
) -> Result<(NextKeys, bool), CliError> {
    let party = &desk.view.party;
    if let Some(path) = new_root_key {
        let plain = FileSigner::create(path, KeyRole::Root, party)?;
        return Ok((NextKeys { path: path.to_owned(), plain, ml_dsa_44: None, ml_dsa_44_path: None }, true));
    }
    let known: Vec<HeadKeyView> = desk.client.get(&desk.path("head-keys")).await?;
    let path = NodeDir(place.dir.clone()).card();
    let card: Card = read_toml(&path, "make the directory with 'skypact init'")?;
    for key in card.keys.iter().filter(|key| key.role == role.as_str() && key.ed25519.is_some()) {
        let key = key.public_key(&path)?;
        let is_new = known.iter().all(|known| known.id != key.id().to_string());
        if let Some(made) = KeyRing::find_next(&place.dir, role, &key)?.filter(|_| is_new) {
            return Ok((made, false));
        }
    }
    Ok((KeyRing::create_next(&place.dir, role, party)?, true))
}

fn is_post_quantum(dir: &Path, desk: &Desk) -> bool {
    let pacts = NodeDir(dir.to_owned()).read_pacts().unwrap_or_default();
    pacts.iter().any(|(name, pact)| *name == desk.view.name && pact.genesis().is_post_quantum())
}

/// Lines for the file log.keys of a witness or monitor; none for keys that sign no notes.
fn log_key_lines(keys: &[HeadKeyView]) -> String {
    let mut lines = String::new();
    let signs_notes = |key: &&HeadKeyView| ["checkpoint", "mirror"].contains(&key.role.as_str());
    for key in keys.iter().filter(signs_notes).filter(|key| key.until.is_none()) {
        // Writing to a String cannot fail.
        let _ = writeln!(lines, "use {}", key.verifier_key);
    }
    lines
}

/// A pact that is proposed later names the new keys.
fn put_on_card(dir: &Path, role: KeyRole, next: &NextKeys) -> Result<(), CliError> {
    let path = NodeDir(dir.to_owned()).card();
    let mut card: Card = read_toml(&path, "make the directory with 'skypact init'")?;
    let plain = RecordSigner::new(next.plain.clone());
    let keys = [Some(plain.public_key()), next.ml_dsa_44.as_ref().map(Signer::public_key)];
    for public in keys.into_iter().flatten() {
        let is_ml_dsa_44 = public.algorithm() == Algorithm::MlDsa44;
        let of_role = card.keys.iter_mut().filter(|key| key.role == role.as_str());
        for key in of_role.filter(|key| key.ml_dsa_44.is_some() == is_ml_dsa_44) {
            *key = CardKey::new(role, &key.label.clone(), public);
        }
    }
    let text = toml::to_string(&card).map_err(|error| file_error(&path, &error.to_string()))?;
    Ok(replace(&path, text.as_bytes())?)
}
