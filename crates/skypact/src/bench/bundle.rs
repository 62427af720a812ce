//! A bundle of as many entries as wanted, and the command that verifies it as a process of its own.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use skypact_record::bundle::{BundleWriter, log_order};
use skypact_record::{
    Act, Checkpoint, Leaf, LogClass, LogName, Origin, Part, SignedAct, SignedCheckpoint, SignedGenesis, Tree, cosign,
};

use super::parties::{Parties, WITNESS};
use crate::clock::Stopwatch;
use crate::command::CliError;
use crate::node::RecordSigner;

/// Bytes of each body.
const BODY_BYTES: usize = 100;

/// Writes a bundle whose logs have `entries` entries together, and gives its length in bytes.
pub(super) fn write(path: &Path, parties: &Parties, entries: u64, now_ns: i64) -> Result<u64, CliError> {
    let cannot = |reason: String| CliError::io("bundle", &reason);
    let signed = SignedGenesis::decode(&parties.pact.encode()).expect("the bytes of a pact in force");
    let file = File::create(path).map_err(|error| cannot(error.to_string()))?;
    let bundle = BundleWriter::new(BufWriter::with_capacity(1 << 20, file), &signed);
    let mut bundle = bundle.map_err(|error| cannot(error.to_string()))?;
    let logs = log_order(signed.genesis()).into_iter().map(|log| {
        // Each log has its genesis, and the routine logs the rest.
        let share = entries.saturating_sub(4) / 2;
        let size = if log.class == LogClass::Routine { 1 + share } else { 1 };
        Made::new(parties, &signed, log, size, now_ns)
    });
    let logs: Vec<Made> = logs.collect();
    for made in &logs {
        let written = bundle.start_whole_log(&made.log.origin, std::slice::from_ref(&made.head));
        written.map_err(|error| cannot(error.to_string()))?;
        for leaf in &made.leaves {
            bundle.leaf(leaf).map_err(|error| cannot(error.to_string()))?;
        }
    }
    bundle.manifest(Vec::new()).map_err(|error| cannot(error.to_string()))?;
    for made in &logs {
        for index in 0..made.leaves.len() as u64 {
            let parts = [Some(part(&signed, index))];
            bundle.parts(&made.log.origin, index, &parts).map_err(|error| cannot(error.to_string()))?;
        }
    }
    let file = bundle.finish().map_err(|error| cannot(error.to_string()))?;
    let file = file.into_inner().map_err(|error| cannot(error.to_string()))?;
    Ok(file.metadata().map_err(|error| cannot(error.to_string()))?.len())
}

/// A log with its head.
struct Made {
    log: LogName,
    leaves: Vec<Vec<u8>>,
    head: SignedCheckpoint,
}

/// The body of an entry: the genesis, or bytes of its number.
fn part(signed: &SignedGenesis, index: u64) -> Part {
    let salt = [index.to_be_bytes(); 4].concat().try_into().expect("four times eight bytes");
    let bytes = if index == 0 { signed.encode() } else { vec![index as u8; BODY_BYTES] };
    Part { salt, bytes }
}

impl Made {
    fn new(parties: &Parties, signed: &SignedGenesis, log: LogName, size: u64, now_ns: i64) -> Self {
        let party = parties.pact.party(log.party.as_str()).expect("a party of the pact");
        let keys = &parties.keys[party];
        let node = RecordSigner::new(keys.ring.node.clone());
        let (mut leaves, mut tree) = (Vec::new(), Tree::new());
        for index in 0..size {
            let act = Act {
                channel: signed.channel(),
                epoch: u64::from(index > 0),
                author: log.party.clone(),
                log_class: log.class,
                kind: u16::from(index > 0),
                message_id: u128::from(index).to_be_bytes(),
                references: Vec::new(),
                claimed_time: now_ns,
                commitments: vec![part(signed, index).commitment()],
            };
            let signer = if index == 0 { &node } else { &keys.officer };
            let act = SignedAct::sign(act, signer).expect("a key in memory signs");
            let leaf = Leaf { origin: log.origin.clone(), index, seen: Vec::new(), cosignature: None, act };
            tree.push(leaf.hash());
            leaves.push(leaf.encode().expect("a leaf of bounded size"));
        }
        let head = Checkpoint { origin: log.origin.clone(), size, root: tree.root() };
        let mut note = SignedCheckpoint::sign(head.clone(), &RecordSigner::new(keys.ring.checkpoint.clone()));
        let note = note.as_mut().expect("a key in memory signs");
        let now_s = u64::try_from(now_ns / 1_000_000_000).unwrap_or(0);
        let mirror = parties.pact.log_keys(skypact_channel::LogRef { party, class: log.class }).mirror.name().clone();
        let mirror_key = RecordSigner::new(parties.keys[1 - party].ring.mirror.clone());
        let witness = Origin::new(WITNESS).expect("a name");
        note.add(cosign(&head, now_s, &mirror, &mirror_key).expect("a key in memory signs"));
        note.add(cosign(&head, now_s, &witness, &parties.witness).expect("a key in memory signs"));
        Self { log, leaves, head: note.clone() }
    }
}

/// Runs `skypact verify`: seconds, and the most memory that it held, MB.
pub(super) fn verify(bundle: &Path) -> Result<(f64, f64), CliError> {
    let cannot = |reason: String| CliError::io("verify", &reason);
    let program = std::env::current_exe().map_err(|error| cannot(error.to_string()))?;
    let watch = Stopwatch::start();
    let child = Command::new(program).arg("verify").arg(bundle).stdin(Stdio::null()).stdout(Stdio::null()).spawn();
    let mut child = child.map_err(|error| cannot(error.to_string()))?;
    let mut peak_mb = 0.0_f64;
    loop {
        // A process that has ended tells nothing, so the newest figure is the one before.
        if let Some(mb) = super::status_mb(child.id(), "VmHWM") {
            peak_mb = peak_mb.max(mb);
        }
        match child.try_wait().map_err(|error| cannot(error.to_string()))? {
            Some(status) if status.success() => return Ok((watch.elapsed().as_secs_f64(), peak_mb)),
            Some(status) => return Err(cannot(format!("the bundle does not hold ({status})"))),
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}
