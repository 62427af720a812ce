//! The one thread that decides and commits. It takes what is waiting, up to a bound, as one round: decisions, entries,
//! checkpoints and receipts of the whole round become durable in one transaction, then its answers go out.
//! A commit that fails ends the thread: the state in memory is ahead of the disk, and a node never answers on a guess.

use std::collections::BTreeMap;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, OnceLock};

use skypact_airspace::UtcNanos;
use skypact_channel::{
    Channel, Context, FrameAnswer, LogRef, Placed, Rejection, Station, Submission, VerifiedFrame, VerifiedReceipt,
};
use skypact_record::{Beacon, ForkProof};
use tokio::sync::{oneshot, watch};
use tracing::error;

use super::beacon::Heard;
use super::round::{Answer, Round, gather};
use super::{Failure, NodeError};
use crate::clock::NodeClock;
use crate::entropy::SystemEntropy;
use crate::storage::{Batch, CommitError, Store};

/// Most requests of one round. Each brings a bounded number of entries.
const REQUESTS_MAX: usize = 1_024;

/// A look at the committed state and the storage behind it.
pub(super) type Read = Box<dyn FnOnce(&Channels, &dyn Store) + Send>;

/// What the core can be asked.
pub(super) enum Request {
    Submit { channel: String, acts: Vec<Submission>, reply: oneshot::Sender<Result<Vec<Placed>, NodeError>> },
    Receive { channel: String, frame: Box<VerifiedFrame>, reply: oneshot::Sender<Result<FrameAnswer, NodeError>> },
    Receipt { channel: String, receipt: Box<VerifiedReceipt>, reply: oneshot::Sender<Result<(), NodeError>> },
    Link { channel: String, error: Option<String>, at_ns: i64, reply: oneshot::Sender<()> },
    Beacon { channel: String, beacon: Box<Beacon>, reply: oneshot::Sender<()> },
    Document { name: String, bytes: Vec<u8>, reply: oneshot::Sender<Result<(), NodeError>> },
    Query(Read),
    Stop,
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
}

/// A channel with what the node knows about it beyond the state machine.
pub(super) struct Member {
    pub(super) station: Station,
    /// The writer's term for each log, in the order of [`LogRef::ALL`].
    pub(super) terms: [u64; 4],
    pub(super) link: LinkState,
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
}

/// The core and what it owns.
pub(super) struct Core {
    pub(super) channels: Channels,
    pub(super) store: Box<dyn Store>,
    pub(super) clock: NodeClock,
    pub(super) revision: watch::Sender<u64>,
    /// Times of witnesses that were heard of late.
    pub(super) heard: Heard,
    /// Set when a commit failed, before anybody is told.
    pub(super) failure: Arc<OnceLock<Failure>>,
}

impl Core {
    /// Serves requests until asked to stop. An error means that storage failed: the process must end.
    pub(super) fn run(mut self, requests: &Receiver<Request>) -> Result<(), NodeError> {
        while let Ok(first) = requests.recv() {
            let mut round = Round::default();
            let mut stopping = self.handle(first, &mut round);
            while !stopping && round.requests < REQUESTS_MAX {
                let Ok(next) = requests.try_recv() else { break };
                stopping = self.handle(next, &mut round);
            }
            self.finish(round)?;
            if stopping {
                break;
            }
        }
        Ok(())
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
            Request::Link { channel, error, at_ns, reply } => {
                if let Some(member) = self.channels.members.get_mut(&channel) {
                    member.link.connected = error.is_none();
                    member.link.last_answer_ns = if error.is_none() { Some(at_ns) } else { member.link.last_answer_ns };
                    member.link.last_error = error;
                }
                // Nothing of this is recorded, so nothing has to be waited for.
                let _ = reply.send(());
            }
            Request::Beacon { channel, beacon, reply } => {
                if let Some(member) = self.channels.members.get_mut(&channel) {
                    member.station.hear(beacon.time_s(), beacon.hash());
                }
                self.heard.remember(*beacon);
                // Kept when a leaf cites it, and not before.
                let _ = reply.send(());
            }
            Request::Document { name, bytes, reply } => {
                round.documents.push((name, bytes));
                round.answer(reply, Ok(()));
            }
            Request::Query(read) => round.answers.push(Answer::Query(read)),
            Request::Stop => return true,
        }
        false
    }

    fn submit(&mut self, channel: &str, acts: Vec<Submission>) -> Result<Vec<Placed>, NodeError> {
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
            cited = cited.and_then(|()| self.heard.keep_cited(&changes, &mut *self.store));
            gather(member, changes, &mut batch);
        }
        let changed = batch != Batch::default();
        let committed = cited.and_then(|()| if changed { self.store.commit(&batch) } else { Ok(()) });
        let documents = std::mem::take(&mut round.documents);
        let kept = committed
            .and_then(|()| self.keep_forks(forks))
            .and_then(|()| documents.into_iter().try_for_each(|(name, bytes)| self.store.put_document(&name, &bytes)));
        if let Err(error) = kept {
            self.failure.get_or_init(|| (error.code(), error.to_string()));
            round.fail(&error);
            return Err(NodeError::from(&error));
        }
        round.succeed(&self.channels, &*self.store);
        if changed {
            self.revision.send_modify(|revision| *revision += 1);
        }
        Ok(())
    }

    /// Keeps the first proof for each log that its author signed two histories of it; one is enough for ever.
    fn keep_forks(&mut self, forks: Vec<(LogRef, ForkProof)>) -> Result<(), CommitError> {
        for (_, proof) in forks {
            let origin = proof.older.checkpoint().origin.to_string();
            let document = fork_document(&origin);
            if self.store.document(&document)?.is_none() {
                self.store.put_document(&document, &proof.encode())?;
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
fn context<'a>(clock: &NodeClock, entropy: &'a mut SystemEntropy) -> Context<'a> {
    Context { now: UtcNanos(clock.now_utc_ns()), entropy }
}
