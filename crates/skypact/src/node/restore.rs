//! From what is stored to the state in memory: from a snapshot on, where one counts, else from the first entry. Then the state is held against
//! the signed heads.

use std::collections::BTreeMap;
use std::fmt::Display;

use skypact_channel::{Carriage, Channel, Log, LogRef, Pact, Station};
use skypact_record::counted;
use tracing::{error, info, warn};

use super::NodeError;
use super::beacon::replay_cited;
use super::clocks::OtherClocks;
use super::core::{Channels, LinkState, Member};
use super::courier::entry_of;
use super::erasure::refold;
use super::guard::needed;
use super::link_health::{self, LinkHealth};
use super::recovery::{left_document, left_size};
use super::round::{note_kind, origin};
use super::signer::RecordSigner;
use super::snapshot::{self, Contents, Void};
use super::start::{HEADS_PAUSE_SLOW, NodeOptions, signers};
use crate::storage::{CommitError, Replayed, Snapshot, Store, StoreError, each_entry};

const REPLAY_ENTRIES: usize = 4_096;

/// Where a fold begins.
struct Beginning {
    channels: BTreeMap<String, Channel>,
    /// Place of the last entry that is folded in, in the order of commits.
    sequence: u64,
    /// Entries of each log that are folded in.
    sizes: BTreeMap<String, u64>,
    /// How many more may be folded before the state is kept.
    keep_after: u64,
}

/// Folds what is stored into the channels: from the snapshot on, if there is one that counts.
pub(super) fn restore(options: &mut NodeOptions) -> Result<Channels, NodeError> {
    let signer = RecordSigner::new(options.keys.node.clone());
    let (members, snapshot) = match from_snapshot(options, &signer) {
        Ok(Some(beginning)) => match fold(options, beginning, &signer) {
            // The snapshot, or what was read behind it, is not what was signed.
            Err(error @ (NodeError::StoreDiffers { .. } | NodeError::Frame(_))) => fold_all(options, &error, &signer)?,
            outcome => outcome?,
        },
        Ok(None) => fold(options, first(options, options.snapshot_after)?, &signer)?,
        Err(void) => fold_all(options, &void, &signer)?,
    };
    let mut channels = Channels { party: options.party.clone(), members, clock: options.clock.clone() };
    if let Some(snapshot) = snapshot {
        match options.store.put_snapshot(&snapshot) {
            Ok(()) => {
                info!(entries = snapshot.sequence, bytes = snapshot.bytes.len(), "the next start goes on from here");
                channels.set_folded(Log::size);
            }
            Err(CommitError::NotWritten(reason)) => {
                warn!(%reason, "no snapshot was kept; the next start folds as much again");
            }
            Err(unknown) => return Err(NodeError::from(&unknown)),
        }
    }
    Ok(channels)
}

fn fold_all(options: &mut NodeOptions, reason: &dyn Display, signer: &RecordSigner) -> Result<Kept, NodeError> {
    warn!(%reason, "the snapshot counts for nothing; this start folds every entry");
    fold(options, first(options, 0)?, signer)
}

/// A fold of everything.
fn first(options: &NodeOptions, keep_after: u64) -> Result<Beginning, NodeError> {
    let empty = |(name, pact): &(String, Pact)| Ok((name.clone(), Channel::new(pact.clone(), &options.party)?));
    let channels = options.pacts.iter().map(empty).collect::<Result<_, NodeError>>()?;
    Ok(Beginning { channels, sequence: 0, sizes: BTreeMap::new(), keep_after })
}

/// A fold that goes on from the snapshot, if there is one. It is signed by this node; what is folded from it on is held against the signed heads
/// as ever.
fn from_snapshot(options: &NodeOptions, signer: &RecordSigner) -> Result<Option<Beginning>, Void> {
    let Some(snapshot) = options.store.snapshot()? else { return Ok(None) };
    let contents = Contents::read(&snapshot, &options.party, signer, &options.store.logs()?)?;
    let state = |(name, pact): &(String, Pact)| Ok((name.clone(), contents.channel(name, pact)?));
    let channels = options.pacts.iter().map(state).collect::<Result<_, Void>>()?;
    let (sequence, sizes) = (snapshot.sequence, contents.sizes());
    Ok(Some(Beginning { channels, sequence, sizes, keep_after: options.snapshot_after }))
}

/// What was folded, and what the next start may go on from, if enough was.
type Kept = (BTreeMap<String, Member>, Option<Snapshot>);

fn fold(options: &mut NodeOptions, beginning: Beginning, signer: &RecordSigner) -> Result<Kept, NodeError> {
    let Beginning { channels, sequence: begins, mut sizes, keep_after } = beginning;
    let mut members = BTreeMap::new();
    for (name, channel) in channels {
        members.insert(name, member(options, channel)?);
    }
    let sequence = fold_entries(&mut members, &*options.store, begins, &mut sizes)?;
    for member in members.values_mut() {
        check_keys(&member.station)?;
        // Before anything is said: a notice whose end is erased would stand.
        if member.station.channel().lacks_residue() {
            match refold(&mut member.station, &*options.store) {
                // As it was before the start: no body goes as long as the files are away.
                Err(NodeError::Store(missing @ StoreError::MovedAway { .. })) if begins > 0 => {
                    error!(reason = %missing, "what stays of erased bodies is not known; what they ended or changed still stands");
                }
                outcome => outcome?,
            }
        }
    }
    // Before notes are taken in, so that a start from here does all that one from the first entry does.
    let is_due = sequence - begins > keep_after;
    let snapshot = is_due.then(|| snapshot::take(&options.party, &members, sequence, &sizes, signer)).transpose()?;
    for member in members.values_mut() {
        replay_notes(&mut member.station, &*options.store)?;
        verify_unsealed(&member.station, &*options.store)?;
        replay_cited(&mut member.station, &*options.store)?;
        let needed = needed(member.station.channel().pact(), options.witnesses.keys());
        member.station.ask_witnesses(needed, options.is_out_of_backup);
    }
    Ok((members, snapshot))
}

/// Every key that the record wants has to be here.
fn check_keys(station: &Station) -> Result<(), NodeError> {
    let Some(id) = station.missing_key() else { return Ok(()) };
    let what = "heads of this party's logs or for its receipts";
    let (file, remedy) = ("keys".to_owned(), "restore it from its backup");
    Err(NodeError::KeyMissing { file, key: id.to_string(), what, remedy })
}

/// A channel with what the node knows beside it.
fn member(options: &mut NodeOptions, channel: Channel) -> Result<Member, NodeError> {
    let pact = channel.pact().clone();
    let (mut terms, mut left, mut archived) = ([0; 4], [0; 4], [0; 4]);
    for log in LogRef::ALL {
        let origin = origin(&channel, log).as_str();
        terms[log.place()] = options.store.claim(origin)?.term;
        left[log.place()] = left_size(options.store.document(&left_document(origin))?.as_deref());
        // Below 0 there is nothing to move: it is asked how much there is.
        archived[log.place()] = options.store.archive(origin, 0).map_err(|error| NodeError::from(&error))?;
    }
    let folded = LogRef::ALL.map(|log| channel.log(log).size());
    let counterpart = pact.party_name(1 - channel.me());
    let mut station = Station::new(channel, signers(&options.keys, &pact, &options.party)?);
    if options.slow_links.contains_key(counterpart) {
        station.rest_heads(HEADS_PAUSE_SLOW);
    }
    if let Some(span) = options.period {
        station.cut_periods(span);
    }
    // Without an address nobody is asked, and a person answers for the store.
    if options.counterparts.contains_key(counterpart) {
        station.hold_cuts();
    }
    let carriage = Carriage::new(crate::entropy::random());
    let health = LinkHealth::read(options.store.document(&link_health::document(pact.channel()))?.as_deref());
    let clocks = OtherClocks::new(options.clock.steady_ns(), options.witnesses.keys());
    let (link, answered_ns, is_out_of_backup) = (LinkState::default(), None, options.is_out_of_backup);
    Ok(Member { station, terms, link, clocks, health, answered_ns, carriage, left, archived, folded, is_out_of_backup })
}

/// Folds the entries behind `sequence`; the sequence of the last one. `sizes` counts those of each log.
fn fold_entries(
    members: &mut BTreeMap<String, Member>,
    store: &dyn Store,
    mut sequence: u64,
    sizes: &mut BTreeMap<String, u64>,
) -> Result<u64, NodeError> {
    let mut by_origin: BTreeMap<String, (String, LogRef)> = BTreeMap::new();
    for (name, member) in &*members {
        let channel = member.station.channel();
        by_origin.extend(LogRef::ALL.map(|log| (origin(channel, log).to_string(), (name.clone(), log))));
    }
    loop {
        let entries = store.replay(sequence, REPLAY_ENTRIES)?;
        let Some(last) = entries.last() else { return Ok(sequence) };
        sequence = last.sequence;
        for Replayed { log: origin, index, entry, .. } in entries {
            let size = sizes.entry(origin.clone()).or_default();
            if index != *size {
                let reason = format!("entry {index} follows {}", counted(*size, "entry"));
                return Err(NodeError::StoreDiffers { origin, reason });
            }
            *size += 1;
            // A pact that was taken away leaves its logs behind; they stay in storage.
            let Some((name, log)) = by_origin.get(&origin) else { continue };
            let member = members.get_mut(name).expect("inserted above");
            member.station.replay(*log, index, entry_of(&origin, entry)?)?;
        }
    }
}

/// Verifies the signatures of entries that no signed head covers, as it would those of a counterpart.
fn verify_unsealed(station: &Station, store: &dyn Store) -> Result<(), NodeError> {
    for log in LogRef::ALL {
        let name = origin(station.channel(), log).to_string();
        each_entry(store, &name, station.unsealed(log), |index, stored| {
            let entry = entry_of(&name, stored)?;
            Ok::<_, NodeError>(station.channel().verify_stored(log, index, entry)?)
        })?;
    }
    Ok(())
}

/// Holds the restored logs against their signed checkpoints and takes in the receipts.
fn replay_notes(station: &mut Station, store: &dyn Store) -> Result<(), NodeError> {
    for log in LogRef::ALL {
        let name = origin(station.channel(), log).to_string();
        for head in store.heads(&name)? {
            let replayed = station.replay_note(&note_kind(head.kind), &head.bytes);
            replayed.map_err(|error| NodeError::StoreDiffers { origin: name.clone(), reason: error.to_string() })?;
        }
    }
    Ok(())
}
