//! `skypact pact`: write down the terms, propose, sign, show, compare.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use skypact_channel::Terms;
use skypact_record::{Algorithm, ChannelName, Genesis, KeyRole, Origin, Party, WitnessKey};

use super::exit::show;
use super::pact_sheet::{Sheet, warnings};
use super::proposal::Proposal;
use super::quantity::positions;
use super::terms::{self, TermsText};
use super::{CliError, Outcome, length_mm};
use crate::directory::{Card, NodeDir, read_toml, write_new};
use crate::system::in_words;

/// Arguments of `pact`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, clap::Subcommand)]
enum Step {
    /// Print terms as TOML, to be edited and given to 'pact propose --terms'.
    Terms {
        /// Start from the terms of this proposal or pact, instead of the template.
        #[arg(long)]
        of: Option<PathBuf>,
    },
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
        /// TOML file with the terms, see 'skypact pact terms'; the template without it.
        #[arg(long)]
        terms: Option<PathBuf>,
        /// Lateral minimum between crewed aircraft, such as 5NM; over that of the terms.
        #[arg(long)]
        lateral: Option<String>,
        /// Vertical minimum between crewed aircraft, such as 500ft; over that of the terms.
        #[arg(long)]
        vertical: Option<String>,
        /// Deconfliction line: its points from one end to the other, "LAT,LNG LAT,LNG", over that of the terms. One that ends with
        /// its first point is the edge of an area.
        #[arg(long, allow_hyphen_values = true)]
        line: Option<String>,
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
    /// Compare two proposals or pacts: keys, witnesses, terms. Exit code 0: the same, 1: they differ.
    Diff {
        /// A proposal, or a file of pacts/.
        a: PathBuf,
        /// Another one.
        b: PathBuf,
    },
}

pub(super) fn run(args: &Args, json: bool) -> Result<Outcome, CliError> {
    match &args.step {
        Step::Terms { of } => {
            let terms = of.as_deref().map(Sheet::read).transpose()?.map_or_else(Terms::template, |sheet| sheet.terms);
            show(json, &terms::value(&terms), &terms::text(&terms));
        }
        Step::Propose { dir, with, name, witness, quorum, terms, lateral, vertical, line, out } => {
            let stated = terms.as_deref().map(|file| read_toml(file, "write one with 'skypact pact terms'"));
            let mut terms = stated.transpose()?.unwrap_or_else(TermsText::default).terms()?;
            let crewed = &mut terms.minima[0];
            set(&mut crewed.lateral_mm, "lateral", lateral.as_deref())?;
            set(&mut crewed.vertical_mm, "vertical", vertical.as_deref())?;
            if let Some(line) = line {
                terms.deconfliction_line = positions("line", line)?;
            }
            terms::check_line(&terms)?;
            let genesis = genesis(dir, with, name, witness, *quorum, &terms)?;
            let mut proposal = Proposal::of(&genesis)?;
            proposal.sign(dir)?;
            write_new(out, proposal.text().as_bytes())?;
            let mut next = format!("proposed; the channel is\n  {}\n", genesis.channel());
            for warning in warnings(&genesis) {
                // Writing to a String cannot fail.
                let _ = writeln!(next, "WARNING: {warning}");
            }
            let _ = write!(next, "send {} to the counterpart for 'skypact pact sign'", out.display());
            show(json, &proposal, &next);
        }
        Step::Sign { dir, file } => sign(dir, file, json)?,
        Step::Show { file } => {
            let sheet = Sheet::read(file)?;
            show(json, &sheet.value(), &sheet.text());
        }
        Step::Diff { a, b } => return Ok(compare(&Sheet::read(a)?, &Sheet::read(b)?, json)),
    }
    Ok(Outcome::Done)
}

fn sign(dir: &Path, file: &Path, json: bool) -> Result<(), CliError> {
    let mut proposal = Proposal::read(file)?;
    proposal.sign(dir)?;
    std::fs::write(file, proposal.text())
        .map_err(|error| CliError::io("file", &format!("{}: {}", file.display(), in_words(&error))))?;
    let next = match proposal.install(dir)? {
        None => "signed; the counterpart's signature is missing: send the file back".to_owned(),
        Some(path) => {
            let (path, dir) = (path.display(), dir.display());
            format!(
                "signed by both, in force: {path}\n\
                 next: a copy of it goes into the folder pacts/ of each witness; addresses of the\n\
                 counterpart and the witnesses go into {dir}/node.toml; then start the node anew:\n\
                 skypact serve --dir {dir}"
            )
        }
    };
    show(json, &proposal, &next);
    Ok(())
}

fn compare(a: &Sheet, b: &Sheet, json: bool) -> Outcome {
    let (differences, channels) = (a.differences(b), [a.channel(), b.channel()]);
    let same = channels[0] == channels[1];
    let rows = differences.iter().map(|(what, [a, b])| serde_json::json!({ "what": what, "a": a, "b": b }));
    let rows = rows.collect::<Vec<_>>();
    let mut text = if same { format!("the same channel {}\n", channels[0]) } else { String::new() };
    for (what, sides) in &differences {
        let [a, b] = sides.each_ref().map(|side| side.as_deref().unwrap_or("(none)"));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{what}\n  - {a}\n  + {b}");
    }
    show(json, &serde_json::json!({ "same": same, "channels": channels, "differences": rows }), &text);
    if same { Outcome::Done } else { Outcome::CheckFailed }
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
        let of_witness = card.keys_of(KeyRole::Witness, path)?;
        keys.extend(of_witness.into_iter().map(|key| WitnessKey { name: name.clone(), key }));
    }
    keys.sort_by(|a, b| (&a.name, a.key.algorithm()).cmp(&(&b.name, b.key.algorithm())));
    let names = keys.iter().filter(|witness| witness.key.algorithm() == Algorithm::Ed25519).count() as u64;
    let quorum = quorum.unwrap_or(names);
    name_post_quantum(&mut parties, &mut keys, quorum);
    Ok(Genesis {
        channel_name: ChannelName::new(name)
            .map_err(|error| CliError::usage("field-invalid", "name", error.to_string()))?,
        parties,
        quorum,
        witnesses: keys,
        terms: terms.encode(),
    })
}

/// Leaves out the ML-DSA-44 keys that a pact may not name (docs/record-format.md, section 7): all, unless both cards have them; those of
/// witnesses, unless they are enough for the quorum.
fn name_post_quantum(parties: &mut [Party; 2], witnesses: &mut Vec<WitnessKey>, quorum: u64) {
    let is_classical = |algorithm| algorithm != Algorithm::MlDsa44;
    let both = parties.iter().all(|party| party.key_with(KeyRole::Checkpoint, Algorithm::MlDsa44).is_some());
    if !both {
        for party in parties {
            party.keys.retain(|held| is_classical(held.key.algorithm()));
        }
    }
    let cosigners = witnesses.iter().filter(|witness| !is_classical(witness.key.algorithm())).count() as u64;
    if !both || cosigners < quorum {
        witnesses.retain(|witness| is_classical(witness.key.algorithm()));
    }
}

fn party(path: &Path) -> Result<Party, CliError> {
    let card: Card = read_toml(path, "give a party's card")?;
    Ok(card.party(path)?)
}
