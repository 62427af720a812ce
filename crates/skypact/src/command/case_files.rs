//! `skypact case evidence`, `give`, `check`, `neutral`, `sign`, `finding`, `export`: files of a case. The record has their hashes; what
//! is kept here is sealed; whoever is handed a file checks it against the record.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use skypact_channel::{CaseAct, CaseFile, Neutral, NeutralFinding};
use skypact_record::{Algorithm, Hash, PublicKey, Signer as _};

use super::case::{Acted, case, digits};
use super::desk::{Desk, hash, short};
use super::exit::show;
use super::naming::{CASE_FILE, find};
use super::{CliError, Outcome};
use crate::directory::{Card, NodeDir, base64, file_error, read_toml, unbase64, write_new};
use crate::evidence::{self, EvidenceError};
use crate::http::views::{BundleQuery, FileView};
use crate::keys::{FileSigner, KeyRole};
use crate::node::RecordSigner;

/// Longest file of a signed finding's signature, bytes.
const SIGNATURE_BYTES_MAX: usize = 4_096;

#[derive(Debug, clap::Args)]
pub(super) struct EvidenceArgs {
    /// Id of the case.
    id: String,
    /// The file.
    file: PathBuf,
    /// Id of the request that it answers.
    #[arg(long)]
    answers: Option<String>,
    /// Media type of the file.
    #[arg(long = "type", default_value = "application/octet-stream")]
    media_type: String,
    /// What it shows.
    #[arg(long)]
    note: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct GiveArgs {
    /// Id of the evidence or finding.
    id: String,
    /// File to write.
    #[arg(long)]
    out: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(super) struct CheckArgs {
    /// Id of the case.
    id: String,
    /// The file.
    file: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(super) struct NeutralArgs {
    /// Id of the case.
    id: String,
    /// Card of the neutral: as that of a witness, with its name and its Ed25519 key of role 'witness'.
    #[arg(long)]
    card: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(super) struct SignArgs {
    /// Id of the case, all 64 digits.
    id: String,
    /// The finding.
    file: PathBuf,
    /// The neutral's key: of role 'witness', as 'skypact init --witness' makes it.
    #[arg(long)]
    key: PathBuf,
    /// File to write the signature to.
    #[arg(long)]
    out: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(super) struct FindingArgs {
    /// Id of the case.
    id: String,
    /// The finding.
    file: PathBuf,
    /// Its signature, as 'skypact case sign' wrote it.
    #[arg(long)]
    signature: PathBuf,
    /// Media type of the finding.
    #[arg(long = "type", default_value = "application/octet-stream")]
    media_type: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct ExportArgs {
    /// Id of the case.
    id: String,
    /// File to write.
    out: PathBuf,
    /// Write over a file that exists.
    #[arg(long)]
    force: bool,
    /// Withhold what was said: kinds, authors, times and proofs remain.
    #[arg(long)]
    withhold_bodies: bool,
}

/// A signature of a finding, as it is handed over. Binary values are base64.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureFile {
    /// The case, hex.
    case: String,
    /// SHA-256 of the finding, hex.
    sha256: String,
    /// Ed25519 key.
    key: String,
    /// Signature.
    signature: String,
}

impl From<EvidenceError> for CliError {
    fn from(error: EvidenceError) -> Self {
        match &error {
            EvidenceError::NotKept { .. } | EvidenceError::TooLarge { .. } => {
                Self::usage(error.code(), "file", error.to_string())
            }
            _ => Self::machine(error.code(), error.to_string()),
        }
    }
}

pub(super) async fn evidence(place: &Acted<'_>, dir: &Path, args: &EvidenceArgs) -> Result<Outcome, CliError> {
    let case = case(place.desk, &args.id).await?;
    let request = Acted::request(&case, args.answers.as_ref())?;
    let file = kept(dir, &args.file, &args.media_type)?;
    let sha256 = file.sha256;
    let act = CaseAct::Evidence { request, file, note: args.note.clone() };
    let placed = place.add_to(hash(&case.summary.id)?, act, request.into_iter().collect()).await?;
    let entry = placed.first().map_or("", |placed| short(&placed.leaf));
    let text = format!(
        "evidence {entry}, SHA-256\n  {sha256}\nkept here, sealed; {} has its hash alone\nnext: 'skypact case give {entry} --out FILE' to hand it over",
        place.desk.view.counterpart
    );
    Ok(place.shows(&placed, &text))
}

/// Keeps a file here, and says what goes into the record of it.
fn kept(dir: &Path, path: &Path, media_type: &str) -> Result<CaseFile, CliError> {
    let bytes = evidence::read(path)?;
    let size = bytes.len() as u64;
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let sha256 = evidence::keep(&NodeDir(dir.to_path_buf()), bytes)?;
    Ok(CaseFile { name, media_type: media_type.to_owned(), size, sha256 })
}

pub(super) async fn give(desk: &Desk, dir: &Path, args: &GiveArgs, json: bool) -> Result<Outcome, CliError> {
    let case = case(desk, &args.id).await?;
    let mut files = case.evidence.iter().chain(&case.findings);
    let id = desk.found(find(CASE_FILE, "id", &args.id, files.clone().map(|file| &file.said.id))).await?;
    let file = files.find(|file| file.said.id == *id).expect("found above");
    let bytes = evidence::open(&NodeDir(dir.to_path_buf()), &hash(&file.sha256)?)?;
    write_new(&args.out, &bytes)?;
    let text = format!(
        "wrote {} ({} bytes), NOT sealed: hand it over and remove it\nnext: {} checks it with 'skypact case check {} FILE'",
        args.out.display(),
        bytes.len(),
        desk.view.counterpart,
        short(&case.summary.id)
    );
    show(json, &serde_json::json!({ "out": args.out, "bytes": bytes.len(), "sha256": file.sha256 }), &text);
    Ok(Outcome::Done)
}

pub(super) async fn check(desk: &Desk, args: &CheckArgs, json: bool) -> Result<Outcome, CliError> {
    let case = case(desk, &args.id).await?;
    let sha256 = Hash::of(&evidence::read(&args.file)?).to_string();
    let files = case.evidence.iter().chain(&case.findings);
    let found: Vec<&FileView> = files.filter(|file| file.sha256 == sha256).collect();
    let line = |file: &&FileView| {
        format!("it is {} of {}, put to the case by {}\n", short(&file.said.id), file.said.party, file.said.officer)
    };
    let lines: String = found.iter().map(line).collect();
    let none = format!("NOT in case {}: no evidence or finding has SHA-256\n  {sha256}", short(&case.summary.id));
    show(json, &serde_json::json!({ "sha256": sha256, "found": found }), if found.is_empty() { &none } else { &lines });
    Ok(if found.is_empty() { Outcome::CheckFailed } else { Outcome::Done })
}

pub(super) async fn neutral(place: &Acted<'_>, args: &NeutralArgs) -> Result<Outcome, CliError> {
    let case = case(place.desk, &args.id).await?;
    let card: Card = read_toml(&args.card, "ask the neutral for its card")?;
    let keys = card.keys_of(KeyRole::Witness, &args.card)?;
    let key = keys.into_iter().find(|key| key.algorithm() == Algorithm::Ed25519);
    let key = key.ok_or_else(|| {
        let message = format!("card: {} names no Ed25519 key of role witness", args.card.display());
        CliError::usage("card-without-key", "card", message)
    })?;
    let (name, id) = (card.name.clone(), base64(key.as_bytes()));
    let placed =
        place.add_to(hash(&case.summary.id)?, CaseAct::Neutral(Neutral { name: card.name, key }), Vec::new()).await?;
    let counterpart = &place.desk.view.counterpart;
    let theirs = case.neutrals.iter().any(|named| named.said.party == *counterpart && named.key == id);
    let counts = if theirs {
        format!("{counterpart} names the same key: its findings are a neutral's")
    } else {
        format!("it counts once {counterpart} names the same key")
    };
    Ok(place.shows(&placed, &format!("named {name} as neutral, key\n  {id}\n{counts}")))
}

pub(super) fn sign(args: &SignArgs, json: bool) -> Result<Outcome, CliError> {
    let case: Hash = args.id.parse().map_err(|_| {
        CliError::usage("field-invalid", "id", "id: give all 64 digits, as 'skypact case show ID --json' has them")
    })?;
    let sha256 = Hash::of(&evidence::read(&args.file)?);
    let signer = RecordSigner::new(FileSigner::open(&args.key, KeyRole::Witness)?);
    let signature = signer.sign(&NeutralFinding::signed(&case, &sha256));
    let signature = signature.map_err(|error| CliError::machine(error.code(), error.to_string()))?;
    let file = SignatureFile {
        case: case.to_string(),
        sha256: sha256.to_string(),
        key: base64(signer.public_key().as_bytes()),
        signature: base64(&signature),
    };
    let text = serde_json::to_string_pretty(&file).unwrap_or_default() + "\n";
    write_new(&args.out, text.as_bytes())?;
    let shown = format!("signed {} for case {}\nwrote {}", args.file.display(), short(&args.id), args.out.display());
    show(json, &file, &shown);
    Ok(Outcome::Done)
}

pub(super) async fn finding(place: &Acted<'_>, dir: &Path, args: &FindingArgs) -> Result<Outcome, CliError> {
    let id = case(place.desk, &args.id).await?.summary.id;
    let signed = read_signature(&args.signature)?;
    let wrong = |field: &'static str| {
        let message = format!(
            "{field}: {} is no signature of a finding; have the neutral write it again",
            args.signature.display()
        );
        CliError::usage("file-invalid", field, message)
    };
    let key = unbase64(&signed.key).and_then(|key| <[u8; 32]>::try_from(key).ok()).ok_or_else(|| wrong("key"))?;
    let key = PublicKey::ed25519(&key).map_err(|_| wrong("key"))?;
    let signature = unbase64(&signed.signature).and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
    let signature = signature.ok_or_else(|| wrong("signature"))?;
    let named = hash(&id)?;
    let bytes = evidence::read(&args.file)?;
    let name = args.file.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let file =
        CaseFile { name, media_type: args.media_type.clone(), size: bytes.len() as u64, sha256: Hash::of(&bytes) };
    let finding = NeutralFinding { file, key, signature };
    if !finding.holds(&named) {
        let message = format!("signature: does not hold for case {} and {}", short(&id), args.file.display());
        return Err(CliError::refused("finding-invalid", message));
    }
    evidence::keep(&NodeDir(dir.to_path_buf()), bytes)?;
    let placed = place.add_to(named, CaseAct::Finding(finding), Vec::new()).await?;
    let again = case(place.desk, &id).await?;
    let is_neutral = again.findings.iter().any(|found| found.neutral == Some(true));
    let whose = if is_neutral {
        "signed by the neutral whom both sides named"
    } else {
        "signed by a key that NOT both sides have named"
    };
    Ok(place.shows(&placed, &format!("recorded that the finding has reached this party\n{whose}")))
}

fn read_signature(path: &Path) -> Result<SignatureFile, CliError> {
    let bytes = evidence::read(path)?;
    let wrong = |reason: &str| CliError::usage("file-invalid", "signature", format!("{}: {reason}", path.display()));
    if bytes.len() > SIGNATURE_BYTES_MAX {
        return Err(wrong("is too long for a signature"));
    }
    serde_json::from_slice(&bytes).map_err(|error| wrong(&error.to_string()))
}

pub(super) async fn export(desk: &Desk, args: &ExportArgs, json: bool) -> Result<Outcome, CliError> {
    if args.out.exists() && !args.force {
        return Err(file_exists(&args.out));
    }
    let id = case(desk, digits(&args.id)?).await?.summary.id;
    let query = BundleQuery { only: String::new(), withhold_bodies: args.withhold_bodies, case: id.clone() };
    let length = desk.client.download(&desk.path(&query.path()), &args.out, args.force).await?;
    let value = serde_json::json!({ "bundle": args.out, "bytes": length, "case": id, "channel": desk.view.channel });
    let text = format!(
        "wrote {} ({length} bytes): case {} and nothing else\nchannel {}\nnext: 'skypact verify {}' anywhere; files of evidence are not in it",
        args.out.display(),
        short(&id),
        desk.view.channel,
        args.out.display()
    );
    show(json, &value, &text);
    Ok(Outcome::Done)
}

fn file_exists(path: &Path) -> CliError {
    let error = file_error(path, "exists; give another name, or --force");
    CliError::usage("file-exists", "out", error.to_string())
}
