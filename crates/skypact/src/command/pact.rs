//! `skypact pact`: propose, sign, show. A proposal is a text file that both parties sign with their root keys.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use skypact_airspace::Minima;
use skypact_channel::{ActivityClass, Pact, Terms};
use skypact_record::{
    Algorithm, ChannelName, Genesis, Hash, Origin, Signature, SignedGenesis, Signer as _, WitnessKey,
};

use super::exit::show;
use super::{CliError, Outcome, length_mm};
use crate::directory::{Card, NodeDir, base64, read_pact, read_toml, unbase64, write_new};
use crate::keys::KeyRing;
use crate::node::RecordSigner;

/// Arguments of `pact`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, clap::Subcommand)]
enum Step {
    /// Write a proposal, signed by this party.
    Propose {
        /// Directory of this party's node.
        #[arg(long, env = "SKYPACT_DIR", default_value = ".")]
        dir: PathBuf,
        /// Card of the counterpart.
        #[arg(long)]
        with: PathBuf,
        /// Name of the channel: 1 to 48 of a-z, 0-9 and hyphen.
        #[arg(long)]
        name: String,
        /// Card of a witness; may be repeated.
        #[arg(long)]
        witness: Vec<PathBuf>,
        /// How many witnesses must cosign before an entry counts as witnessed; all of them without it.
        #[arg(long)]
        quorum: Option<u64>,
        /// Lateral minimum between crewed aircraft, such as 5NM.
        #[arg(long)]
        lateral: Option<String>,
        /// Vertical minimum between crewed aircraft, such as 500ft.
        #[arg(long)]
        vertical: Option<String>,
        /// File to write.
        #[arg(long)]
        out: PathBuf,
    },
    /// Sign a proposal; once both parties have, install the pact in the node's directory.
    Sign {
        /// Directory of this party's node.
        #[arg(long, env = "SKYPACT_DIR", default_value = ".")]
        dir: PathBuf,
        /// The proposal; this party's signature is added to the file.
        file: PathBuf,
    },
    /// Show a proposal or a pact in force. Compare the channel hash with the counterpart by telephone.
    Show {
        /// A proposal, or a file of pacts/.
        file: PathBuf,
    },
}

/// A proposal on its way between the parties.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Proposal {
    /// Genesis bytes, base64.
    genesis: String,
    /// Root signatures by party, base64.
    signatures: BTreeMap<String, String>,
}

pub(super) fn run(args: &Args, json: bool) -> Result<Outcome, CliError> {
    match &args.step {
        Step::Propose { dir, with, name, witness, quorum, lateral, vertical, out } => {
            let mut terms = Terms::template();
            let crewed = &mut terms.minima[0];
            set(&mut crewed.lateral_mm, "lateral", lateral.as_deref())?;
            set(&mut crewed.vertical_mm, "vertical", vertical.as_deref())?;
            let genesis = genesis(dir, with, name, witness, *quorum, &terms)?;
            let bytes = genesis.encode().map_err(|error| CliError::usage(error.code(), "pact", error.to_string()))?;
            let mut proposal = Proposal { genesis: base64(&bytes), signatures: BTreeMap::new() };
            sign(dir, &mut proposal)?;
            write_new(out, toml::to_string(&proposal).unwrap_or_default().as_bytes())?;
            let next = format!(
                "proposed, channel {}\nsend {} to the counterpart for 'skypact pact sign'",
                genesis.channel(),
                out.display()
            );
            show(json, &proposal, &next);
        }
        Step::Sign { dir, file } => {
            let mut proposal: Proposal = read_toml(file, "give the file that 'skypact pact propose' wrote")?;
            sign(dir, &mut proposal)?;
            let text = toml::to_string(&proposal).unwrap_or_default();
            std::fs::write(file, text)
                .map_err(|error| CliError::io("file", &format!("{}: {error}", file.display())))?;
            let installed = install(dir, &proposal)?;
            let next = installed.map_or_else(
                || "signed; the counterpart's signature is missing: send the file back".to_owned(),
                |path| {
                    format!("signed by both, in force: {}\nstart or restart the node: skypact serve", path.display())
                },
            );
            show(json, &proposal, &next);
        }
        Step::Show { file } => show_pact(file, json)?,
    }
    Ok(Outcome::Done)
}

fn set(mm: &mut i64, field: &str, text: Option<&str>) -> Result<(), CliError> {
    if let Some(text) = text {
        *mm = length_mm(field, text)?;
    }
    Ok(())
}

fn genesis(
    dir: &Path,
    with: &Path,
    name: &str,
    witnesses: &[PathBuf],
    quorum: Option<u64>,
    terms: &Terms,
) -> Result<Genesis, CliError> {
    let own = NodeDir(dir.to_path_buf()).card();
    let mut parties = [party(&own)?, party(with)?];
    parties.sort_by(|a, b| a.name.cmp(&b.name));
    let mut keys = Vec::new();
    for path in witnesses {
        let card: Card = read_toml(path, "give a witness's card")?;
        let name =
            Origin::new(&card.name).map_err(|error| CliError::usage("field-invalid", "witness", error.to_string()))?;
        keys.push(WitnessKey { name, key: card.key("witness", path)? });
    }
    keys.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Genesis {
        channel_name: ChannelName::new(name)
            .map_err(|error| CliError::usage("field-invalid", "name", error.to_string()))?,
        parties,
        quorum: quorum.unwrap_or(keys.len() as u64),
        witnesses: keys,
        terms: terms.encode(),
    })
}

fn party(path: &Path) -> Result<skypact_record::Party, CliError> {
    let card: Card = read_toml(path, "give a party's card")?;
    Ok(card.party(path)?)
}

/// Adds this party's root signature.
fn sign(dir: &Path, proposal: &mut Proposal) -> Result<(), CliError> {
    let root = RecordSigner::new(KeyRing::open_root(dir)?);
    let (bytes, genesis) = read_genesis(proposal)?;
    let own =
        genesis.parties.iter().find(|party| party.key_of(skypact_record::KeyRole::Root) == Some(root.public_key()));
    let own =
        own.ok_or_else(|| CliError::usage("not-a-party", "file", "this party's root key is not in the proposal"))?;
    let signature = Genesis::sign(&bytes, &root).map_err(|error| CliError::io("root key", &error.to_string()))?;
    proposal.signatures.insert(own.name.to_string(), base64(&signature.bytes));
    Ok(())
}

fn read_genesis(proposal: &Proposal) -> Result<(Vec<u8>, Genesis), CliError> {
    let bytes = unbase64(&proposal.genesis)
        .ok_or_else(|| CliError::usage("field-invalid", "genesis", "genesis: is not base64"))?;
    let genesis =
        Genesis::decode(&bytes).map_err(|error| CliError::usage(error.code(), "genesis", error.to_string()))?;
    Ok((bytes, genesis))
}

/// The pact, if both parties have signed.
fn assemble(proposal: &Proposal) -> Result<Option<Pact>, CliError> {
    let (bytes, genesis) = read_genesis(proposal)?;
    let signature = |party: &skypact_record::Party| {
        let bytes = unbase64(proposal.signatures.get(party.name.as_str())?)?;
        let key_id = party.key_of(skypact_record::KeyRole::Root)?.id();
        Some(Signature { algorithm: Algorithm::Ed25519, key_id, bytes })
    };
    let (Some(a), Some(b)) = (signature(&genesis.parties[0]), signature(&genesis.parties[1])) else { return Ok(None) };
    let signed = SignedGenesis::assemble(bytes, [a, b]);
    let signed = signed.map_err(|error| CliError::usage(error.code(), "genesis", error.to_string()))?;
    let pact = Pact::decode(&signed.encode());
    pact.map(Some).map_err(|error| CliError::usage(error.code(), "signatures", error.to_string()))
}

fn install(dir: &Path, proposal: &Proposal) -> Result<Option<PathBuf>, CliError> {
    let Some(pact) = assemble(proposal)? else { return Ok(None) };
    let path = NodeDir(dir.to_path_buf()).pacts().join(format!("{}.pact", pact.genesis().channel_name));
    write_new(&path, &pact.encode())?;
    Ok(Some(path))
}

fn show_pact(file: &Path, json: bool) -> Result<(), CliError> {
    let in_force = file.extension().is_some_and(|extension| extension == "pact");
    let (genesis, terms, state) = if in_force {
        let (_, pact) = read_pact(file)?;
        (pact.genesis().clone(), pact.terms().clone(), "in force, signed by both")
    } else {
        let proposal: Proposal = read_toml(file, "give a proposal or a .pact file")?;
        let state = if assemble(&proposal)?.is_some() { "signed by both" } else { "not signed by both" };
        let (_, genesis) = read_genesis(&proposal)?;
        let terms = Terms::decode(&genesis.terms)
            .map_err(|error| CliError::usage(error.code(), error.field, error.to_string()))?;
        (genesis, terms, state)
    };
    let (value, text) = describe(&genesis, &terms, state);
    show(json, &value, &text);
    Ok(())
}

fn describe(genesis: &Genesis, terms: &Terms, state: &str) -> (serde_json::Value, String) {
    let channel: Hash = genesis.channel();
    let mut text = format!("channel  {}\nhash     {channel}\nstate    {state}\n", genesis.channel_name);
    let mut keys = Vec::new();
    for party in &genesis.parties {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "party    {} ({})", party.name, party.prefix);
        for key in &party.keys {
            let id = key.key.id().to_string();
            let _ = writeln!(text, "  {:<10} {:<24} {}", key.role.to_string(), key.label.as_str(), &id[..16]);
            keys.push(serde_json::json!({ "party": party.name.as_str(), "role": key.role.to_string(), "label": key.label.as_str(), "key_id": id }));
        }
    }
    for witness in &genesis.witnesses {
        let _ = writeln!(text, "witness  {} (quorum {})", witness.name, genesis.quorum);
    }
    let crewed: Minima = terms.minima(ActivityClass::Manned, ActivityClass::Manned);
    let _ = writeln!(
        text,
        "minima between crewed aircraft: {} m lateral, {} m vertical",
        crewed.lateral_mm / 1_000,
        crewed.vertical_mm / 1_000
    );
    let value = serde_json::json!({
        "name": genesis.channel_name.as_str(), "channel": channel.to_string(), "state": state, "keys": keys,
        "witnesses": genesis.witnesses.iter().map(|witness| witness.name.as_str()).collect::<Vec<_>>(), "quorum": genesis.quorum,
        "lateral_mm": crewed.lateral_mm, "vertical_mm": crewed.vertical_mm,
    });
    (value, text)
}
