//! A node out of an old backup gets its own entries back from the counterpart, its mirror (docs/channel-protocol.md, section 15): what the
//! mirror answers, how this node asks, and how the core takes over what came.

use std::time::Duration;

use skypact_channel::{ENTRIES_MAX, Frame, LogRef, MirrorRun, Pact, Rebuild, Recovered, RecoveryError};
use skypact_record::{LogClass, SignedCheckpoint};
use tokio::sync::{Semaphore, oneshot};
use tracing::{error, info, warn};

use super::beacon::replay_cited;
use super::core::{Core, Member, context};
use super::courier::{FRAME_BYTES, entry_of, wire_entries};
use super::left_out::document as left_out_document;
use super::peer::refusal;
use super::round::{gather, note_kind, origin};
use super::{NodeError, NodeHandle};
use crate::clock::Stopwatch;
use crate::entropy::SystemEntropy;
use crate::storage::{Append, Batch, HeadKind, Replayed, Store};
use crate::transport::{PeerAnswer, PeerClient};

/// What a party asks for entries of its own that are held here: this, an index, `/`, and the origin of the log.
pub(super) const HELD_PATH: &str = "/channel/v1/held/";

/// How long an old store waits before it asks again for what it lacks.
const AGAIN: Duration = Duration::from_secs(10);
/// The same when only the counterpart's own entries have to come first.
const SOON: Duration = Duration::from_secs(1);

/// Stored entries that are looked at in one piece.
const PIECE_ENTRIES: usize = 4_096;

/// Both own logs as the mirror has them, in the order of [`LogClass::ALL`].
pub(super) type Runs = [MirrorRun; 2];

/// A recovery that waits for the commit of its round.
pub(super) struct Waiting {
    pub(super) channel: String,
    pub(super) runs: Box<Runs>,
    pub(super) reply: oneshot::Sender<Result<u64, NodeError>>,
}

/// What the couriers of a channel know of attempts to get back what an old store lacks. One at a time: each gets both own logs.
#[derive(Default)]
pub(super) struct Recovery {
    tried: Option<(Stopwatch, Duration)>,
    /// Why the newest attempt failed.
    pub(super) failure: Option<NodeError>,
}

impl Recovery {
    /// Asks for what is missing, unless that was done a moment ago; true when something came back.
    pub(super) async fn attempt(
        &mut self,
        node: &NodeHandle,
        channel: &str,
        pact: &Pact,
        me: usize,
        client: &PeerClient,
    ) -> bool {
        if self.tried.as_ref().is_some_and(|(tried, pause)| tried.elapsed() < *pause) {
            return false;
        }
        let recovered = recover(node, channel, pact, me, client).await;
        let is_early = matches!(&recovered, Err(NodeError::Recovery(RecoveryError::TooEarly { .. })));
        self.tried = Some((Stopwatch::start(), if is_early { SOON } else { AGAIN }));
        match recovered {
            // What the two hold differs, and not because this store is an old one.
            Err(NodeError::Recovery(RecoveryError::Nothing { .. })) => {
                self.failure = None;
                false
            }
            Ok(recovered) => {
                self.failure = None;
                recovered.is_some()
            }
            Err(error) => {
                warn!(channel, code = error.code(), %error, "what is missing here was not taken over from the counterpart");
                self.failure = Some(error);
                false
            }
        }
    }
}

/// Where the counterparts get back what they lost. One at a time: each answer is a read of the core's.
pub(super) struct HeldDoor(Semaphore);

impl HeldDoor {
    pub(super) fn open() -> Self {
        Self(Semaphore::new(1))
    }

    /// Answers a party about a log that it writes.
    pub(super) async fn answer(
        &self,
        node: &NodeHandle,
        pacts: &[(String, Pact, String)],
        from: &str,
        path: &str,
    ) -> PeerAnswer {
        let nothing = || refusal(404, "path-unknown", "nothing is held here under this name");
        let Ok(_only) = self.0.try_acquire() else {
            return refusal(429, "held-too-fast", "one answer at a time; ask again");
        };
        let Some((Ok(start), name)) = path.split_once('/').map(|(start, name)| (start.parse::<u64>(), name)) else {
            return nothing();
        };
        let asked = pacts.iter().filter(|(_, _, party)| party == from).find_map(|(channel, pact, party)| {
            let log = pact.log(name).filter(|log| pact.party_name(log.party) == party)?;
            Some((channel.clone(), log))
        });
        let Some((channel, log)) = asked else { return nothing() };
        let held = node.with_store(move |channels, store| {
            channels.members.get(&channel).map_or(Ok(None), |member| held(member, store, log, start))
        });
        match held.await.and_then(|held| held) {
            Ok(Some(frame)) => PeerAnswer::new(200, frame.encode()),
            Ok(None) => nothing(),
            Err(error) => refusal(503, error.code(), &error.to_string()),
        }
    }
}

/// Entries of a counterpart's log from `start` on, under the newest receipt that this node gave for it.
fn held(member: &Member, store: &dyn Store, log: LogRef, start: u64) -> Result<Option<Frame>, NodeError> {
    let origin = origin(member.station.channel(), log).as_str();
    let receipt = store.heads(origin)?.into_iter().find(|head| head.kind == HeadKind::Receipt);
    let Some(note) = receipt.map(|head| head.bytes) else { return Ok(None) };
    let differs = |reason: String| NodeError::StoreDiffers { origin: origin.to_owned(), reason };
    let size = SignedCheckpoint::parse(&note).map_err(|error| differs(error.to_string()))?.checkpoint().size;
    let most = usize::try_from(size.saturating_sub(start)).unwrap_or(usize::MAX).min(ENTRIES_MAX);
    let entries = wire_entries(store, origin, start, most, FRAME_BYTES)?;
    Ok((start <= size).then(|| Frame { entries, ..member.station.note_frame(log, start, note) }))
}

/// Asks the counterpart for what is missing of both own logs, and has the core take it over; how many entries came back. None
/// when the counterpart does not know the question.
async fn recover(
    node: &NodeHandle,
    channel: &str,
    pact: &Pact,
    me: usize,
    client: &PeerClient,
) -> Result<Option<u64>, NodeError> {
    let mut runs = Vec::with_capacity(2);
    let mut is_known = false;
    for class in LogClass::ALL {
        let (run, known) = fetch(node, channel, pact, LogRef { party: me, class }, client).await?;
        is_known |= known;
        runs.push(run);
    }
    if !is_known {
        return Ok(None);
    }
    let runs: Runs = runs.try_into().unwrap_or_else(|_| unreachable!("one run of each own log"));
    let (channel, runs) = (channel.to_owned(), Box::new(runs));
    node.recover(channel, runs).await.map(Some)
}

/// One own log as the counterpart has it, and whether it has anything of it.
async fn fetch(
    node: &NodeHandle,
    channel: &str,
    pact: &Pact,
    log: LogRef,
    client: &PeerClient,
) -> Result<(MirrorRun, bool), NodeError> {
    let name = channel.to_owned();
    let run = node.query(move |channels| channels.get(&name).map(|channel| MirrorRun::new(channel, log))).await?;
    let mut run = run.ok_or_else(|| NodeError::UnknownChannel { channel: channel.to_owned() })?;
    while let Some(from) = run.next() {
        let answer = client.get(&format!("{HELD_PATH}{from}/{}", pact.log_keys(log).origin)).await?;
        match answer.status {
            200 => tokio::task::block_in_place(|| run.take(pact, &Frame::decode(&answer.body)?))?,
            404 => return Ok((run, false)),
            status => {
                let reason = String::from_utf8_lossy(&answer.body).chars().take(500).collect();
                return Err(NodeError::File { path: format!("counterpart's answer {status}"), reason });
            }
        }
    }
    Ok((run, true))
}

impl Core {
    /// Takes over what came back. What is in memory is on the disk now; afterwards the other history is, and then that is in memory.
    /// Only a failure of storage is an error of the core.
    pub(super) fn recover(&mut self, waiting: Waiting) -> Result<(), NodeError> {
        let Waiting { channel, runs, reply } = waiting;
        let rebuilt = match self.rebuild(&channel, *runs) {
            Ok(rebuilt) => rebuilt,
            Err(error) => {
                // Whoever asked may have gone away.
                let _ = reply.send(Err(error));
                return Ok(());
            }
        };
        let (after_sequence, rebuilt, others) = rebuilt;
        let member = self.channels.members.get_mut(&channel).expect("it was rebuilt");
        let Recovered { changes, recovered, placed, left_out } =
            member.station.recover(rebuilt, &mut context(&self.clock, &mut SystemEntropy));
        let mut batch = Batch { appends: others, ..Batch::default() };
        let cited = self.beacons.keep_cited(&changes, &mut member.station, &mut *self.store);
        gather(member, changes, &mut batch);
        for log in LogRef::ALL {
            let state = member.station.channel();
            batch.appends.push(Append {
                log: origin(state, log).to_string(),
                term: member.terms[log.place()],
                expected_size: state.log(log).size(),
                entries: Vec::new(),
            });
        }
        let mut documents = Vec::new();
        for (act, rejection) in &left_out {
            let stated = act.act.act();
            warn!(channel, kind = stated.kind, code = rejection.code(), %rejection, "an act that was recorded since the backup is no longer permitted; it is kept apart");
            documents.push(left_out_document(member.station.channel(), act, rejection));
        }
        let replaced = cited.and_then(|()| self.store.replace(after_sequence, &batch, &documents));
        let replaced = replaced.and_then(|()| Ok(replay_cited(&mut member.station, &*self.store)?));
        if let Err(failure) = replaced {
            error!(channel, error = %failure, "what came back from the counterpart was not written");
            self.failure.get_or_init(|| (failure.code(), failure.to_string()));
            let _ = reply.send(Err(NodeError::from(&failure)));
            return Err(NodeError::from(&failure));
        }
        info!(
            channel,
            recovered,
            placed,
            left_out = left_out.len(),
            "this store was an old one: what was missing came back from the counterpart"
        );
        // It may still be there; what is not known to be is not told.
        self.channels.set_folded(|_| 0);
        self.refold_again()?;
        self.revision.send_modify(|revision| *revision += 1);
        let _ = reply.send(Ok(recovered));
        Ok(())
    }

    /// The channel folded anew, the sequence behind which it differs from what is stored, and what is stored there of
    /// other channels. Nothing is changed by it.
    fn rebuild(
        &mut self,
        channel: &str,
        runs: Runs,
    ) -> Result<(u64, skypact_channel::Rebuilt, Vec<Append>), NodeError> {
        let member = self.channels.members.get(channel);
        let member = member.ok_or_else(|| NodeError::UnknownChannel { channel: channel.to_owned() })?;
        let (state, pact) = (member.station.channel(), member.station.channel().pact());
        let own = LogClass::ALL.map(|class| LogRef { party: state.me(), class });
        let left = own.map(|log| member.left[log.place()]);
        let confirmed = own.map(|log| member.carriage.was_confirmed(log) && member.station.was_open(log));
        let mut rebuild = Rebuild::new(state, runs, left, confirmed)?;
        let (mut sequence, mut parted, mut others) = (0, None, Vec::new());
        loop {
            let entries = self.store.replay(sequence, PIECE_ENTRIES)?;
            let Some(last) = entries.last() else { break };
            sequence = last.sequence;
            for replayed in entries {
                let Some(log) = pact.log(&replayed.log) else {
                    others.extend(parted.is_some().then_some(replayed));
                    continue;
                };
                let entry = entry_of(&replayed.log, replayed.entry)?;
                if !rebuild.stored(log, entry)? {
                    parted.get_or_insert(replayed.sequence - 1);
                }
            }
        }
        let mut notes = Vec::new();
        for log in LogRef::ALL {
            let heads = self.store.heads(origin(state, log).as_str())?;
            notes.extend(heads.into_iter().map(|head| (note_kind(head.kind), head.bytes)));
        }
        let rebuilt = rebuild.finish(notes)?;
        self.take_key_files(channel)?;
        if let Some(member) = self.channels.members.get(channel) {
            member.station.can_sign_for(&rebuilt)?;
        }
        let others = self.appends_of(others)?;
        Ok((parted.unwrap_or(sequence), rebuilt, others))
    }

    /// Entries of other channels, to be stored again as they were.
    fn appends_of(&mut self, entries: Vec<Replayed>) -> Result<Vec<Append>, NodeError> {
        let mut appends: Vec<Append> = Vec::new();
        for Replayed { log, index, entry, .. } in entries {
            if let Some(append) = appends.last_mut().filter(|append| append.log == log) {
                append.entries.push(entry);
            } else {
                let term = self.term_of(&log)?;
                appends.push(Append { log, term, expected_size: index, entries: vec![entry] });
            }
        }
        Ok(appends)
    }

    /// The term in which this node writes a log. One whose pact was taken away it has not claimed.
    fn term_of(&mut self, origin: &str) -> Result<u64, NodeError> {
        let known = self.channels.members.values().find_map(|member| {
            let log = member.station.channel().pact().log(origin)?;
            Some(member.terms[log.place()])
        });
        known.map_or_else(|| Ok(self.store.claim(origin)?.term), Ok)
    }
}

/// Name of the document with the size up to which a head of an own log left this node without the counterpart's word.
pub(super) fn left_document(origin: &str) -> String {
    format!("left/{origin}")
}

/// The size that such a document states.
pub(super) fn left_size(document: Option<&[u8]>) -> u64 {
    document.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_be_bytes)
}
