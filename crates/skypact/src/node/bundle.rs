//! The evidence bundle of a channel: all four logs as this node holds them, with the checkpoints, receipts and
//! cosignatures that cover them (docs/record-format.md, section 10).

use std::fs::File;
use std::io::{BufWriter, Seek as _};

use skypact_channel::{LogRef, Station};
use skypact_record::bundle::{BundleError, BundleWriter, log_order};
use skypact_record::{SignedCheckpoint, SignedGenesis};

use super::NodeError;
use super::beacon::cited;
use super::core::Channels;
use super::courier::entry_of;
use super::drop_off::offers;
use super::round::origin;
use crate::storage::{HeadKind, Store, each_entry};

pub(super) fn write(channels: &Channels, store: &dyn Store, name: &str, out: File) -> Result<u64, NodeError> {
    let member = channels.members.get(name);
    let member = member.ok_or_else(|| NodeError::UnknownChannel { channel: name.to_owned() })?;
    let file = write_logs(&member.station, store, BufWriter::new(out))?;
    let unusable = |error: std::io::Error| NodeError::File { path: "bundle".to_owned(), reason: error.to_string() };
    let mut file = file.into_inner().map_err(|error| unusable(error.into_error()))?;
    file.stream_position().map_err(unusable)
}

fn write_logs<W: std::io::Write>(station: &Station, store: &dyn Store, sink: W) -> Result<W, NodeError> {
    let channel = station.channel();
    let genesis = SignedGenesis::decode(&channel.pact().encode()).expect("the bytes of a pact in force");
    let mut bundle = BundleWriter::new(sink, &genesis).map_err(broken)?;
    let logs = log_order(genesis.genesis()).into_iter().filter_map(|log| channel.pact().log(log.origin.as_str()));
    let logs: Vec<LogRef> = logs.filter(|log| channel.log(*log).size() > 0).collect();
    let origins: Vec<&str> = logs.iter().map(|log| origin(channel, *log).as_str()).collect();
    bundle.beacons(&cited(store, &origins, genesis.genesis())?).map_err(broken)?;
    for log in &logs {
        let checkpoints = checkpoints(station, store, *log)?;
        let name = origin(channel, *log);
        bundle.start_whole_log(name, &checkpoints).map_err(broken)?;
        // A log that ends before its head does not make the head's tree, which the bundle tells.
        let leaves = 0..channel.log(*log).size();
        each_entry(store, name.as_str(), leaves, |_, stored| bundle.leaf(&stored.leaf).map_err(broken))?;
    }
    bundle.manifest(Vec::new()).map_err(broken)?;
    for log in logs.iter().filter(|log| log.party == channel.me()) {
        bundle.offered(origin(channel, *log), &offers(station, store, *log)?).map_err(broken)?;
    }
    for log in &logs {
        let name = origin(channel, *log);
        each_entry(store, name.as_str(), 0..channel.log(*log).size(), |index, stored| {
            let entry = entry_of(name.as_str(), stored)?;
            bundle.parts(name, index, &entry.parts).map_err(broken)
        })?;
    }
    bundle.finish().map_err(broken)
}

/// Every checkpoint of a log that covers something: the newest, the receipts and the cosignatures, merged where they are
/// over the same head.
fn checkpoints(station: &Station, store: &dyn Store, log: LogRef) -> Result<Vec<SignedCheckpoint>, NodeError> {
    let channel = station.channel();
    let mut merged: Vec<SignedCheckpoint> = Vec::new();
    let mut notes = Vec::new();
    if log.party == channel.me() {
        notes.push(station.checkpoint(log, channel.log(log).size()));
    }
    let name = origin(channel, log).as_str();
    for head in store.heads(name)? {
        if !matches!(head.kind, HeadKind::Checkpoint) || log.party != channel.me() {
            let note = SignedCheckpoint::parse(&head.bytes);
            let differs = |reason: String| NodeError::StoreDiffers { origin: name.to_owned(), reason };
            notes.push(note.map_err(|error| differs(error.to_string()))?);
        }
    }
    for note in notes {
        match merged.iter_mut().find(|known| known.checkpoint() == note.checkpoint()) {
            Some(known) => {
                for line in note.signatures() {
                    known.add(line.clone());
                }
            }
            None => merged.push(note),
        }
    }
    merged.sort_by_key(|note| note.checkpoint().size);
    Ok(merged)
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn broken(error: BundleError) -> NodeError {
    NodeError::Bundle { code: error.code(), reason: error.to_string() }
}
