//! `skypact init`: directory and keys of a node, a witness or a monitor.

use std::fs;
use std::path::PathBuf;

use skypact_record::Signer as _;

use super::exit::show;
use super::officer::officer_name;
use super::{CliError, Outcome};
use crate::alarm::WatchConfig;
use crate::directory::{Card, CardKey, NodeConfig, NodeDir, RecordConfig, file_error, write_new};
use crate::keys::{FileSigner, KeyRing, KeyRole, MlDsa44Signer};
use crate::node::RecordSigner;

/// Arguments of `init`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Directory to make.
    #[arg(long, env = "SKYPACT_DIR")]
    dir: PathBuf,
    /// Name of the party: 1 to 32 of A-Z, 0-9 and hyphen.
    #[arg(long, required_unless_present_any = ["witness", "monitor"], conflicts_with = "witness")]
    party: Option<String>,
    /// Beginning of the origins of its logs, a domain name that nobody else uses.
    #[arg(long, requires = "party", required_unless_present_any = ["witness", "monitor"])]
    prefix: Option<String>,
    /// Make a key for an officer of this name; may be repeated.
    #[arg(long)]
    officer: Vec<String>,
    /// Where the node will listen for counterparts.
    #[arg(long, default_value = "127.0.0.1:7001")]
    listen: String,
    /// Make a witness of this name instead, such as witness.example.
    #[arg(long)]
    witness: Option<String>,
    /// Make a monitor of this name instead, such as press-office.
    #[arg(long, conflicts_with_all = ["party", "witness"])]
    monitor: Option<String>,
}

pub(super) fn run(args: &Args, json: bool) -> Result<Outcome, CliError> {
    let dir = NodeDir(args.dir.clone());
    for made in [&args.dir, &dir.pacts(), &args.dir.join("officers"), &args.dir.join("keys")] {
        fs::create_dir_all(made).map_err(|error| file_error(made, &error.to_string()))?;
    }
    let private = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o700);
    fs::set_permissions(&args.dir, private).map_err(|error| file_error(&args.dir, &error.to_string()))?;
    let card = match (&args.witness, &args.monitor, &args.party, &args.prefix) {
        (Some(name), ..) => witness(&dir, name)?,
        (None, Some(name), ..) => monitor(&dir, name)?,
        (None, None, Some(party), Some(prefix)) => node(&dir, party, prefix, args)?,
        _ => {
            let message = "give --party and --prefix, or --witness, or --monitor";
            return Err(CliError::usage("field-missing", "party", message));
        }
    };
    let text = toml::to_string(&card).map_err(|error| CliError::io("party.card", &error.to_string()))?;
    write_new(&dir.card(), text.as_bytes())?;
    let next = if args.witness.is_some() {
        "Hand party.card to both parties; copy their pact into pacts/;\nthen run: skypact witness"
    } else if args.monitor.is_some() {
        "Hand party.card to a party, who names its key in node.toml under [monitors.NAME];\ncopy the pact into pacts/; then run: skypact monitor"
    } else {
        "Hand party.card to the counterpart.\nMove keys/root.key offline once the pact is signed.\nNext: skypact pact propose, or skypact pact sign"
    };
    show(json, &card, &format!("made {}\n{next}", args.dir.display()));
    Ok(Outcome::Done)
}

fn node(dir: &NodeDir, party: &str, prefix: &str, args: &Args) -> Result<Card, CliError> {
    skypact_record::PartyName::new(party)
        .map_err(|error| CliError::usage("field-invalid", "party", error.to_string()))?;
    skypact_record::Origin::new(prefix)
        .map_err(|error| CliError::usage("field-invalid", "prefix", error.to_string()))?;
    for officer in &args.officer {
        officer_name("officer", officer)?;
    }
    let config = NodeConfig {
        party: party.to_owned(),
        prefix: prefix.to_owned(),
        listen: args.listen.clone(),
        counterparts: std::collections::BTreeMap::default(),
        links: std::collections::BTreeMap::default(),
        witnesses: std::collections::BTreeMap::default(),
        monitors: std::collections::BTreeMap::default(),
        api: None,
        alarms: Vec::new(),
        watch: WatchConfig::default(),
        record: RecordConfig::default(),
        dss: None,
    };
    let text = toml::to_string(&config).map_err(|error| CliError::io("node.toml", &error.to_string()))?;
    write_new(&dir.config(), text.as_bytes())?;
    let (ring, root) = KeyRing::create(&dir.0, party)?;
    let mut keys = vec![card_key(&root), card_key(&ring.node), card_key(&ring.transport)];
    keys.extend([card_key(&ring.checkpoint), card_key(&ring.mirror)]);
    let ml_dsa_44 = ring.ml_dsa_44.iter().flat_map(|ring| [&ring.checkpoint, &ring.mirror]);
    keys.extend(ml_dsa_44.map(ml_dsa_44_card_key));
    for officer in &args.officer {
        keys.push(card_key(&FileSigner::create(&dir.officer_key(officer), KeyRole::Officer, officer)?));
    }
    Ok(Card { name: party.to_owned(), prefix: Some(prefix.to_owned()), keys })
}

fn witness(dir: &NodeDir, name: &str) -> Result<Card, CliError> {
    skypact_record::Origin::new(name)
        .map_err(|error| CliError::usage("field-invalid", "witness", error.to_string()))?;
    let make = |role| FileSigner::create(&KeyRing::path_of(&dir.0, role), role, name);
    let mut keys = vec![card_key(&make(KeyRole::Witness)?), card_key(&make(KeyRole::Transport)?)];
    let path = KeyRing::ml_dsa_44_path_of(&dir.0, KeyRole::Witness);
    keys.push(ml_dsa_44_card_key(&MlDsa44Signer::create(&path, KeyRole::Witness, name)?));
    Ok(Card { name: name.to_owned(), prefix: None, keys })
}

fn monitor(dir: &NodeDir, name: &str) -> Result<Card, CliError> {
    skypact_record::ChannelName::new(name)
        .map_err(|error| CliError::usage("field-invalid", "monitor", error.to_string()))?;
    let transport = FileSigner::create(&KeyRing::path_of(&dir.0, KeyRole::Transport), KeyRole::Transport, name)?;
    Ok(Card { name: name.to_owned(), prefix: None, keys: vec![card_key(&transport)] })
}

fn card_key(signer: &FileSigner) -> CardKey {
    CardKey::new(signer.role(), signer.label(), RecordSigner::new(signer.clone()).public_key())
}

/// A pact tells keys of one role apart by their labels.
fn ml_dsa_44_card_key(signer: &MlDsa44Signer) -> CardKey {
    CardKey::new(signer.role(), &format!("{} ml-dsa-44", signer.label()), signer.public_key())
}
