//! The one thread that decides and commits. It takes what is waiting, up to a bound, as one round: decisions, entries,
//! checkpoints and receipts of the whole round become durable in one transaction, then its answers go out.
//! A commit that fails ends the thread: the state in memory is ahead of the disk, and a node never answers on a guess.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use skypact_airspace::UtcNanos;
use skypact_channel::{
    Carriage, CarriageError, Channel, Clocks, Context, FrameAnswer, FramesHead, Heard, Log, LogRef, Placed, Rejection,
    Station, Submission, VerifiedAnswer, VerifiedFrame, VerifiedReceipt,
};
use skypact_record::{Act, Beacon, ForkProof, KeyRole, KeyRotation, RotatedKey};
use tokio::sync::{oneshot, watch};
use tracing::{error, warn};

use super::beacon::Beacons;
use super::clocks::{ClockNews, OtherClocks, WitnessContact};
use super::erasure::Refolds;
use super::guard::WitnessNews;
use super::link_health::{self, LinkHealth, LinkWeek, Look};
use super::recovery::{Runs, Waiting, left_document};
use super::round::{Answer, Round, gather, origin};
use super::start::rotated;
use super::{Failure, NodeError};
use crate::clock::NodeClock;
use crate::entropy::SystemEntropy;
use crate::keys::KeyRing;
use crate::storage::{Batch, CommitError, Store};

/// Most requests of one round. Each brings a bounded number of entries.
const REQUESTS_MAX: usize = 1_024;

/// Longest wait for what is due, ns: a clock that was set back must not make it longer.
const WAIT_MAX_NS: i64 = 1_000_000_000;

/// A look at the committed state and the storage behind it.
pub(super) type Read = Box<dyn FnOnce(&Channels, &dyn Store) + Send>;

/// What the core can be asked.
pub(super) enum Request {
    Submit {
        channel: String,
        acts: Vec<Submission>,
        reply: oneshot::Sender<Result<Vec<Placed>, NodeError>>,
    },
    Receive {
        channel: String,
        frame: Box<VerifiedFrame>,
        reply: oneshot::Sender<Result<FrameAnswer, NodeError>>,
    },
    Receipt {
        channel: String,
        receipt: Box<VerifiedReceipt>,
        reply: oneshot::Sender<Result<(), NodeError>>,
    },
    Carry {
        channel: String,
        item: Box<CarriedItem>,
        reply: oneshot::Sender<Result<bool, NodeError>>,
    },
    Link {
        channel: String,
        link: Box<LinkNews>,
        reply: oneshot::Sender<()>,
    },
    /// Take over what the counterpart holds of both own logs; how many entries came back.
    Recover {
        channel: String,
        runs: Box<Runs>,
        reply: oneshot::Sender<Result<u64, NodeError>>,
    },
    /// A head of this size of an own log is about to leave for others than the counterpart.
    Leave {
        channel: String,
        log: LogRef,
        size: u64,
        reply: oneshot::Sender<Result<(), NodeError>>,
    },
    Beacon {
        channel: String,
        beacon: Box<Beacon>,
        reply: oneshot::Sender<()>,
    },
    Clock {
        channel: String,
        news: ClockNews,
        reply: oneshot::Sender<()>,
    },
    /// What witnesses know of an own log.
    Guard {
        channel: String,
        log: LogRef,
        news: Box<WitnessNews>,
        reply: oneshot::Sender<Result<(), NodeError>>,
    },
    Look {
        reply: oneshot::Sender<()>,
    },
    Document {
        name: String,
        bytes: Vec<u8>,
        reply: oneshot::Sender<Result<(), NodeError>>,
    },
    Query(Read),
    Stop,
}

/// What came in a file and is no frame.
pub(super) enum CarriedItem {
    /// Whether the file may be imported, and is fresh.
    Head(FramesHead),
    /// What the counterpart holds of an own log; true when it was said since the start.
    Answer(VerifiedAnswer, bool),
}

/// What a courier to the counterpart met with.
pub(super) struct LinkNews {
    /// Why the exchange failed, if it did.
    pub(super) error: Option<String>,
    /// What the counterpart said that it holds of a log.
    pub(super) heard: Option<(LogRef, Heard)>,
    /// When, nanoseconds UTC by the node's clock.
    pub(super) at_ns: i64,
}

/// Whether the counterpart answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkState {
    /// Whether the newest exchange succeeded.
    pub connected: bool,
    /// Why the newest one did not.
    pub last_error: Option<String>,
    /// When the counterpart last answered, nanoseconds UTC by the node's clock.
    pub last_answer_ns: Option<i64>,
}

/// The committed state of all channels of a node.
pub struct Channels {
    pub(super) party: String,
    pub(super) members: BTreeMap<String, Member>,
    /// The node's clock, against which others are compared.
    pub(super) clock: NodeClock,
}

/// A channel with what the node knows about it beyond the state machine.
pub(super) struct Member {
    pub(super) station: Station,
    /// The writer's term for each log, in the order of [`LogRef::ALL`].
    pub(super) terms: [u64; 4],
    pub(super) link: LinkState,
    /// What was read of other clocks since the start.
    pub(super) clocks: OtherClocks,
    /// What was measured of the link; kept as a document of its own.
    pub(super) health: LinkHealth,
    /// When the counterpart last answered in this run, steady ns by the node's clock.
    pub(super) answered_ns: Option<i64>,
    /// What the counterpart said since the start.
    pub(super) carriage: Carriage,
    /// Size up to which a head of each own log left this node before the counterpart had said what it holds; kept as documents.
    pub(super) left: [u64; 4],
    /// Entries of each log that are in the archive.
    pub(super) archived: [u64; 4],
    /// Entries of each log that the next start does not fold, because they are in the snapshot.
    pub(super) folded: [u64; 4],
    /// Whether a person said that its store comes out of a backup.
    pub(super) is_out_of_backup: bool,
}

impl Channels {
    /// Name of this node's party.
    pub fn party(&self) -> &str {
        &self.party
    }

    /// Names of the channels.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(String::as_str)
    }

    /// A channel by its name.
    pub fn get(&self, name: &str) -> Option<&Channel> {
        self.members.get(name).map(|member| member.station.channel())
    }

    /// Whether the counterpart of a channel answers.
    pub fn link(&self, name: &str) -> LinkState {
        self.members.get(name).map(|member| member.link.clone()).unwrap_or_default()
    }

    /// How far the other clocks of a channel are from this node's, now.
    pub fn clocks(&self, name: &str) -> Option<Clocks> {
        let member = self.members.get(name)?;
        Some(member.clocks.compare(member.station.channel().pact(), &self.clock))
    }

    /// Which witnesses of a channel answer, now.
    pub fn witnesses(&self, name: &str) -> Vec<WitnessContact> {
        let contacts = |member: &Member| {
            member.clocks.contacts(member.station.channel().pact(), self.clock.steady_ns(), self.clock.speed())
        };
        self.members.get(name).map(contacts).unwrap_or_default()
    }

    /// Entries of a log of a channel that are in the archive.
    pub fn archived(&self, name: &str, log: LogRef) -> u64 {
        self.members.get(name).map_or(0, |member| member.archived[log.place()])
    }

    /// Entries of a log of a channel that the next start does not read, because they are in the snapshot.
    pub fn folded(&self, name: &str, log: LogRef) -> u64 {
        self.members.get(name).map_or(0, |member| member.folded[log.place()])
    }

    /// Says how many entries of each log the snapshot holds.
    pub(super) fn set_folded(&mut self, of: impl Fn(&Log) -> u64) {
        for member in self.members.values_mut() {
            member.folded = LogRef::ALL.map(|log| of(member.station.channel().log(log)));
        }
    }

    /// What this node measured of the link of a channel: beginnings of weeks, ns UTC, oldest first.
    pub fn link_weeks(&self, name: &str) -> impl Iterator<Item = (i64, &LinkWeek)> {
        self.members.get(name).into_iter().flat_map(|member| member.health.weeks())
    }
}

impl Member {
    /// Remembers that a head leaves; the document that says so, where there is something new in it.
    fn leave(&mut self, log: LogRef, size: u64) -> Option<(String, Vec<u8>)> {
        if self.carriage.was_confirmed(log) || size <= self.left[log.place()] {
            return None;
        }
        self.left[log.place()] = size;
        let name = left_document(origin(self.station.channel(), log).as_str());
        Some((name, size.to_be_bytes().to_vec()))
    }

    fn hear(&mut self, LinkNews { error, heard, at_ns }: LinkNews, steady_ns: i64) {
        self.answered_ns = if error.is_none() { Some(steady_ns) } else { self.answered_ns };
        self.link.last_answer_ns = if error.is_none() { Some(at_ns) } else { self.link.last_answer_ns };
        // A counterpart that answers gets nothing of a log that is held back.
        self.link.last_error = error.or_else(|| self.held_back().map(|held_back| held_back.to_string()));
        self.link.connected = self.link.last_error.is_none();
        if let Some((log, heard)) = heard {
            if matches!(heard, Heard::Holds(_)) {
                self.station.confirm(log);
            }
            self.carriage.heard_by_link(log, heard);
        }
    }
}

/// The core and what it owns.
pub(super) struct Core {
    pub(super) channels: Channels,
    /// Where keys are that take the place of others.
    pub(super) ring: KeyRing,
    pub(super) store: Box<dyn Store>,
    pub(super) clock: NodeClock,
    pub(super) revision: watch::Sender<u64>,
    /// Times of witnesses that were heard of late.
    pub(super) beacons: Beacons,
    /// Channels that are folded anew after bodies were erased.
    pub(super) refolds: Refolds,
    /// When to try again to write files of the archive, steady ns by the node's clock.
    pub(super) archive_rests_until: i64,
    /// Set when a commit failed, before anybody is told.
    pub(super) failure: Arc<OnceLock<Failure>>,
}

impl Core {
    /// Serves requests until asked to stop. An error means that storage failed: the process must end.
    pub(super) fn run(mut self, requests: &Receiver<Request>) -> Result<(), NodeError> {
        loop {
            let mut round = Round::default();
            let mut stopping = match self.wait(requests) {
                Ok(first) => self.handle(first, &mut round),
                // A round of what the stations themselves have to say by now.
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            while !stopping && round.requests < REQUESTS_MAX {
                let Ok(next) = requests.try_recv() else { break };
                stopping = self.handle(next, &mut round);
            }
            let looked = round.looked;
            self.finish(round)?;
            if looked && !stopping {
                self.archive()?;
            }
            if stopping {
                break;
            }
        }
        Ok(())
    }

    /// The next request, or the end of the wait for one when a station has something to say by itself, or a fold goes on.
    fn wait(&self, requests: &Receiver<Request>) -> Result<Request, RecvTimeoutError> {
        if !self.refolds.is_empty() {
            return requests.recv_timeout(Duration::ZERO);
        }
        let Some(due) = self.channels.members.values().filter_map(|member| member.station.due()).min() else {
            return requests.recv().map_err(|_| RecvTimeoutError::Disconnected);
        };
        let wait_ns = due.0.saturating_sub(self.clock.now_utc_ns()).clamp(0, WAIT_MAX_NS);
        requests.recv_timeout(Duration::from_nanos(wait_ns.unsigned_abs()))
    }

    /// Entry 0 of logs that have none, and findings that a stop left unrecorded.
    pub(super) fn open(&mut self) -> Result<(), NodeError> {
        for member in self.channels.members.values_mut() {
            member.station.open(&mut context(&self.clock, &mut SystemEntropy));
        }
        self.finish(Round::default())
    }

    /// Takes one request into the round; true when it asks to stop.
    fn handle(&mut self, request: Request, round: &mut Round) -> bool {
        round.requests += 1;
        match request {
            Request::Submit { channel, acts, reply } => {
                let placed = self.submit(&channel, acts);
                round.answer(reply, placed);
            }
            Request::Receive { channel, frame, reply } => {
                let answer = self.ask(&channel, |station, context| station.receive(*frame, context));
                round.answer(reply, answer);
            }
            Request::Receipt { channel, receipt, reply } => {
                let kept = self.ask(&channel, |station, context| station.keep(*receipt, context));
                round.answer(reply, kept);
            }
            Request::Carry { channel, item, reply } => {
                let outcome = self.carry(&channel, *item);
                round.answer(reply, outcome);
            }
            Request::Link { channel, link, reply } => {
                if let Some(member) = self.channels.members.get_mut(&channel) {
                    member.hear(*link, self.clock.steady_ns());
                }
                // Nothing of this is recorded, so nothing has to be waited for.
                let _ = reply.send(());
            }
            Request::Recover { channel, runs, reply } => round.recoveries.push(Waiting { channel, runs, reply }),
            Request::Leave { channel, log, size, reply } => {
                let member = self.channels.members.get_mut(&channel);
                round.documents.extend(member.and_then(|member| member.leave(log, size)));
                round.answer(reply, Ok(()));
            }
            Request::Beacon { channel, beacon, reply } => {
                if let Some(member) = self.channels.members.get_mut(&channel) {
                    member.station.hear(beacon.time_s(), beacon.hash());
                }
                self.beacons.remember(*beacon);
                // Kept when a leaf cites it, and not before.
                let _ = reply.send(());
            }
            Request::Clock { channel, news, reply } => {
                if let Some(member) = self.channels.members.get_mut(&channel) {
                    member.clocks.hear(news);
                }
                let _ = reply.send(());
            }
            Request::Guard { channel, log, news, reply } => {
                let member = self.channels.members.get_mut(&channel);
                // Nothing of this is recorded; couriers may have something to carry now.
                let _ = reply.send(member.map_or(Ok(()), |member| member.guard(log, *news)));
                self.revision.send_modify(|revision| *revision += 1);
            }
            Request::Look { reply } => {
                self.look(round, false);
                round.looked = true;
                // What is kept of it may be lost.
                let _ = reply.send(());
            }
            Request::Document { name, bytes, reply } => {
                round.documents.push((name, bytes));
                round.answer(reply, Ok(()));
            }
            Request::Query(read) => round.answers.push(Answer::Query(read)),
            Request::Stop => {
                self.look(round, true);
                return true;
            }
        }
        false
    }

    /// Counts the time since the look before for each channel, and keeps what was measured when it is time, or the last.
    fn look(&mut self, round: &mut Round, is_last: bool) {
        let (wall_ns, steady_ns) = (self.clock.now_utc_ns(), self.clock.steady_ns());
        for member in self.channels.members.values_mut() {
            let pact = member.station.channel().pact();
            let clocks = member.clocks.compare(pact, &self.clock);
            let is_known = member.link.connected || member.link.last_error.is_some();
            let is_up = is_known.then_some(member.link.connected);
            let look = Look { wall_ns, steady_ns, is_up, answered_ns: member.answered_ns, clocks: &clocks };
            if member.health.look(&look) || is_last {
                let document = member.health.document(wall_ns, steady_ns);
                round.measured.push((link_health::document(pact.channel()), document));
            }
        }
    }

    /// Reads the key files again when an act wants other keys in the place of the node's.
    fn take_keys_in_hand(&mut self, channel: &str, acts: &[Submission]) -> Result<(), NodeError> {
        for (position, act) in acts.iter().enumerate().filter(|(_, act)| act.act.act().kind == Act::KEY_ROTATION) {
            self.take_key_files(channel)?;
            // What cannot be read is refused by the station, with its reason.
            let named = KeyRotation::decode(&act.part.bytes).map(|rotation| rotation.keys).unwrap_or_default();
            let held = self.ring.transports()?;
            let is_held = |key: &RotatedKey| held.iter().any(|held| held.public_key_bytes() == *key.key.as_bytes());
            if let Some(missing) = named.iter().find(|key| key.role == KeyRole::Transport && !is_held(key)) {
                let rejection = Box::new(Rejection::KeyNotHeld { key: missing.key.id().to_string() });
                return Err(NodeError::Refused { position, rejection });
            }
        }
        Ok(())
    }

    /// Takes in hand every key for heads and receipts that has a file.
    pub(super) fn take_key_files(&mut self, channel: &str) -> Result<(), NodeError> {
        let Some(member) = self.channels.members.get_mut(channel) else { return Ok(()) };
        rotated(&self.ring)?.into_iter().for_each(|signer| member.station.hold(signer));
        Ok(())
    }

    fn submit(&mut self, channel: &str, acts: Vec<Submission>) -> Result<Vec<Placed>, NodeError> {
        self.take_keys_in_hand(channel, &acts)?;
        let mut placed = Vec::with_capacity(acts.len());
        for (place, act) in acts.into_iter().enumerate() {
            let decided = self.ask(channel, |station, context| station.submit(act, context));
            placed.push(decided.map_err(|error| match error {
                NodeError::Refused { rejection, .. } => NodeError::Refused { position: place, rejection },
                other => other,
            })?);
        }
        Ok(placed)
    }

    /// Takes in what came in a file; whether that was fresh.
    fn carry(&mut self, channel: &str, item: CarriedItem) -> Result<bool, NodeError> {
        let member = self.channels.members.get_mut(channel);
        let member = member.ok_or_else(|| NodeError::UnknownChannel { channel: channel.to_owned() })?;
        let (station, carriage) = (&mut member.station, &mut member.carriage);
        match item {
            CarriedItem::Head(head) => Ok(carriage.open(station, &head)?),
            CarriedItem::Answer(said, fresh) => {
                let heard = carriage.hear(station, said, fresh, &mut context(&self.clock, &mut SystemEntropy));
                heard.map(|()| fresh).map_err(|error| match error {
                    CarriageError::Refused(rejection) => {
                        NodeError::Refused { position: 0, rejection: Box::new(rejection) }
                    }
                    error => error.into(),
                })
            }
        }
    }

    /// Asks the station of a channel.
    fn ask<T>(
        &mut self,
        channel: &str,
        request: impl FnOnce(&mut Station, &mut Context<'_>) -> Result<T, Rejection>,
    ) -> Result<T, NodeError> {
        let member = self.channels.members.get_mut(channel);
        let member = member.ok_or_else(|| NodeError::UnknownChannel { channel: channel.to_owned() })?;
        let decided = request(&mut member.station, &mut context(&self.clock, &mut SystemEntropy));
        decided.map_err(|rejection| NodeError::Refused { position: 0, rejection: Box::new(rejection) })
    }

    /// Commits what all stations have to store, and lets the answers go.
    fn finish(&mut self, mut round: Round) -> Result<(), NodeError> {
        let mut batch = Batch::default();
        let mut forks = Vec::new();
        let mut cited = Ok(());
        for member in self.channels.members.values_mut() {
            let mut changes = member.station.finish(&mut context(&self.clock, &mut SystemEntropy));
            forks.append(&mut changes.forks);
            cited = cited.and_then(|()| self.beacons.keep_cited(&changes, &mut member.station, &mut *self.store));
            gather(member, changes, &mut batch);
        }
        let changed = batch != Batch::default();
        let committed = cited.and_then(|()| if changed { self.store.commit(&batch) } else { Ok(()) });
        let (documents, recoveries) = (std::mem::take(&mut round.documents), std::mem::take(&mut round.recoveries));
        let kept = committed
            .and_then(|()| self.keep_forks(forks))
            .and_then(|()| self.store.put_documents(&documents))
            .and_then(|()| self.keep_measured(&std::mem::take(&mut round.measured)));
        if let Err(error) = kept {
            self.failure.get_or_init(|| (error.code(), error.to_string()));
            round.fail(&error);
            return Err(NodeError::from(&error));
        }
        round.succeed(&self.channels, &*self.store);
        if changed {
            self.revision.send_modify(|revision| *revision += 1);
        }
        recoveries.into_iter().try_for_each(|waiting| self.recover(waiting))?;
        self.erase_and_refold()
    }

    /// Keeps what was measured. A full disk is no reason to stop for its sake.
    fn keep_measured(&mut self, documents: &[(String, Vec<u8>)]) -> Result<(), CommitError> {
        match self.store.put_documents(documents) {
            Err(CommitError::NotWritten(reason)) => {
                let names = documents.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
                warn!(names, %reason, "what was measured is not kept");
                Ok(())
            }
            kept => kept,
        }
    }

    /// Keeps the first proof for each log that its author signed two histories of it; one is enough for ever.
    fn keep_forks(&mut self, forks: Vec<(LogRef, ForkProof)>) -> Result<(), CommitError> {
        for (_, proof) in forks {
            let origin = proof.older.checkpoint().origin.to_string();
            let document = fork_document(&origin);
            if self.store.document(&document)?.is_none() {
                self.store.put_documents(&[(document, proof.encode())])?;
                error!(origin, "the counterpart signed two histories of one log; the proof is kept");
            }
        }
        Ok(())
    }
}

/// Name of the document in which the first proof that a log was forked is kept.
pub fn fork_document(origin: &str) -> String {
    format!("fork/{origin}")
}

/// What comes in from the edge: time and randomness.
pub(super) fn context<'a>(clock: &NodeClock, entropy: &'a mut SystemEntropy) -> Context<'a> {
    Context { now: UtcNanos(clock.now_utc_ns()), entropy }
}
