//! `skypact officer`: who may sign for this party. Officers come and go; each change is signed by the party's root, stands in
//! both of its logs, and counts from its place on: what somebody signed before stays signed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use skypact_airspace::UtcNanos;
use skypact_channel::{Draft, Message};
use skypact_record::{AddedKey, Hash, KeyChange, KeyId, Label, LogClass, PartyKey, RevokedKey, Signer as _, counted};

use super::desk::{Desk, Shown, Where, short, show_each};
use super::exit::show;
use super::naming::{OFFICER_KEY, find};
use super::quantity::fit;
use super::{CliError, Outcome};
use crate::directory::NodeDir;
use crate::entropy::SystemEntropy;
use crate::http::views::{ActIn, ActsIn, KeyView, PlacedView};
use crate::keys::{FileSigner, KeyRing, KeyRole};
use crate::node::RecordSigner;

/// Arguments of `officer`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    step: Option<Step>,
    #[command(flatten)]
    place: Where,
    /// The party's root key, which is kept offline; without it DIR/keys/root.key.
    #[arg(long, global = true)]
    root_key: Option<PathBuf>,
}

#[derive(Debug, clap::Subcommand)]
enum Step {
    /// List the keys that sign acts for both parties. The same as no subcommand.
    List,
    /// Let an officer sign. Makes DIR/officers/NAME.key, unless it is there.
    Add {
        /// Name of the officer.
        name: String,
    },
    /// Let a key sign no more. What it signed before stays valid.
    Revoke {
        /// Id of the key, or its first 6 or more digits.
        id: String,
        /// Entries of the routine log up to which this party vouches for what the key signed; all so far when absent.
        #[arg(long)]
        trusted_routine: Option<u64>,
        /// The same of the urgent log.
        #[arg(long)]
        trusted_urgent: Option<u64>,
    },
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    match &args.step {
        None | Some(Step::List) => show_each(&args.place, json, list).await,
        Some(Step::Add { name }) => add(&args, name, json).await,
        Some(Step::Revoke { id, trusted_routine, trusted_urgent }) => {
            revoke(&args, id, [*trusted_routine, *trusted_urgent], json).await
        }
    }
}

async fn list(desk: &Desk) -> Result<Shown, CliError> {
    let keys: Vec<KeyView> = desk.client.get(&desk.path("keys")).await?;
    let mut text = String::new();
    for key in &keys {
        let state = match (key.revoked_at, key.trusted, key.added_at) {
            (Some(at), Some([routine, urgent]), _) => {
                let ended = if key.role == "root" { "REPLACED" } else { "REVOKED" };
                format!("{ended} at {at}; vouched for up to {routine} routine, {urgent} urgent")
            }
            (_, _, Some(at)) => format!("since entry {at}"),
            _ => "of the pact".to_owned(),
        };
        // Writing to a String cannot fail.
        let held = format!("{}  {:<5} {:<8} {}", short(&key.id), key.party, key.role, key.label);
        let _ = writeln!(text, "{}", fit(&held, ", ", &state));
    }
    Ok((serde_json::json!(keys), text, Outcome::Done))
}

async fn add(args: &Args, name: &str, json: bool) -> Result<Outcome, CliError> {
    let root = root(args)?;
    let desk = Desk::open(&args.place).await?;
    let label = officer_name("name", name)?;
    let path = NodeDir(args.place.dir.clone()).officer_key(name);
    let key = if path.exists() {
        FileSigner::open(&path, KeyRole::Officer)?
    } else {
        FileSigner::create(&path, KeyRole::Officer, name)?
    };
    let signer = RecordSigner::new(key);
    let key = PartyKey { role: KeyRole::Officer, label, key: signer.public_key().clone() };
    let id = key.key.id().to_string();
    let added = AddedKey::new(key, channel(&desk)?, &signer);
    let added = added.map_err(|error| CliError::io("officer key", &error.to_string()))?;
    let placed = file(&desk, &root, Message::KeyChange(KeyChange { added: vec![added], revoked: Vec::new() })).await?;
    let text = format!(
        "{name} may sign: key {}, {}\nnext: give the officer the key, and keep no copy",
        short(&id),
        path.display()
    );
    show(json, &placed, &text);
    Ok(Outcome::Done)
}

/// The label of an officer's key, which is the name of its file too.
pub(super) fn officer_name(field: &str, name: &str) -> Result<Label, CliError> {
    if name.contains(['/', '\\']) || name.starts_with('.') {
        let message = format!(
            "{field}: '{name}' is the name of a file too; give it without slashes, and no dot at its beginning"
        );
        return Err(CliError::usage("field-invalid", field, message));
    }
    Label::new(name).map_err(|error| CliError::usage("field-invalid", field, error.to_string()))
}

async fn revoke(args: &Args, id: &str, trusted: [Option<u64>; 2], json: bool) -> Result<Outcome, CliError> {
    let root = root(args)?;
    let (desk, KeyView { id, label, .. }) = Desk::with(&args.place, async |desk| {
        let keys: Vec<KeyView> = desk.client.get(&desk.path("keys")).await?;
        let is_own = |key: &&KeyView| key.party == desk.view.party && key.revoked_at.is_none() && key.role != "root";
        let id = find(OFFICER_KEY, "id", id, keys.iter().filter(is_own).map(|key| &key.id))?;
        Ok(keys.iter().find(|key| key.id == *id).cloned().expect("found above"))
    })
    .await?;
    let trusted = trusted_sizes(&desk, trusted)?;
    let key_id = KeyId(super::desk::hash(&id)?);
    let revoked = vec![RevokedKey { id: key_id, trusted }];
    let placed = file(&desk, &root, Message::KeyChange(KeyChange { added: Vec::new(), revoked })).await?;
    let [routine, urgent] = trusted;
    let text = format!(
        "{label} ({}) signs no more; what was signed before stays valid.\n\
         vouched for: {routine} routine and {}",
        short(&id),
        counted(urgent, "urgent entry")
    );
    show(json, &placed, &text);
    Ok(Outcome::Done)
}

/// Sizes of the own routine and urgent log up to which this party vouches: those asked for, or all so far.
pub(super) fn trusted_sizes(desk: &Desk, trusted: [Option<u64>; 2]) -> Result<[u64; 2], CliError> {
    let sizes = ["/routine", "/urgent"].map(|class| {
        let own = desk.view.logs.iter().filter(|log| log.delivered.is_some());
        own.filter(|log| log.origin.ends_with(class)).map(|log| log.size).next().unwrap_or(0)
    });
    for (field, trusted, size) in [("trusted-routine", trusted[0], sizes[0]), ("trusted-urgent", trusted[1], sizes[1])]
    {
        if trusted.is_some_and(|trusted| trusted > size) {
            let message =
                format!("{field}: the log has {}; nobody vouches for what is not there yet", counted(size, "entry"));
            return Err(CliError::usage("field-invalid", field, message));
        }
    }
    Ok([trusted[0].unwrap_or(sizes[0]), trusted[1].unwrap_or(sizes[1])])
}

fn root(args: &Args) -> Result<RecordSigner, CliError> {
    open_root(args.root_key.as_deref(), &args.place)
}

/// The party's root key, out of a file or the node's directory.
pub(super) fn open_root(path: Option<&Path>, place: &Where) -> Result<RecordSigner, CliError> {
    let path = path.map_or_else(|| KeyRing::path_of(&place.dir, KeyRole::Root), Path::to_owned);
    Ok(RecordSigner::new(FileSigner::open(&path, KeyRole::Root)?))
}

pub(super) fn channel(desk: &Desk) -> Result<Hash, CliError> {
    super::desk::hash(&desk.view.channel)
}

/// Has the root sign the change for each of the party's logs, and records both in one request: the logs change their keys
/// together.
pub(super) async fn file(desk: &Desk, root: &RecordSigner, message: Message) -> Result<Vec<PlacedView>, CliError> {
    let facts = desk.facts()?;
    let signed = LogClass::ALL.map(|class| {
        let draft = Draft::new(&facts, &message, Vec::new(), UtcNanos(desk.view.now_ns), &mut SystemEntropy);
        let act = draft
            .in_log(&facts, class)
            .sign(root)
            .map_err(|error| CliError::usage(error.code(), "act", error.to_string()))?;
        Ok(ActIn::of(&act))
    });
    let acts = signed.into_iter().collect::<Result<Vec<_>, CliError>>()?;
    Ok(desk.client.post(&desk.path("acts"), &ActsIn { acts }).await?)
}
