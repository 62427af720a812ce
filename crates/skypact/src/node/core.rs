//! The one thread that decides and commits. It takes what is waiting, up to a bound, as one round: decisions, entries,
//! checkpoints and receipts of the whole round become durable in one transaction, then its answers go out.
//! A commit that fails ends the thread: the state in memory is ahead of the disk, and a node never answers on a guess.

use std::collections::BTreeMap;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, OnceLock};

use skypact_airspace::UtcNanos;
use skypact_channel::{
    Channel, Command, Context, Decision, Draft, LogRef, Submission, VerifiedEntry, VerifiedFrame, VerifiedReceipt,
};
use skypact_record::Entry;
use tokio::sync::{oneshot, watch};

use super::round::{Answer, Round, stored};
use super::signer::RecordSigner;
use super::{Failure, NodeError, Placed};
use crate::clock::NodeClock;
use crate::entropy::SystemEntropy;
use crate::storage::Store;

/// Most requests and most entries of one round.
const REQUESTS_MAX: usize = 1_024;
const ENTRIES_MAX: usize = 8_192;

/// A look at the committed state and the storage behind it.
pub(super) type Read = Box<dyn FnOnce(&Channels, &dyn Store) + Send>;

/// What the core can be asked.
pub(super) enum Request {
    Submit { channel: String, acts: Vec<Submission>, reply: oneshot::Sender<Result<Vec<Placed>, NodeError>> },
    Receive { channel: String, frame: Box<VerifiedFrame>, reply: oneshot::Sender<Result<FrameAnswer, NodeError>> },
    Receipt { channel: String, receipt: Box<VerifiedReceipt>, reply: oneshot::Sender<Result<(), NodeError>> },
    Link { channel: String, error: Option<String>, at_ns: i64, reply: oneshot::Sender<()> },
    Query(Read),
    Stop,
}

/// What the counterpart gets for a frame: how much is held, and the receipt for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FrameAnswer {
    pub(super) held: u64,
    pub(super) note: Vec<u8>,
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
    pub(super) signers: Signers,
}

/// A channel with what the node knows about it beyond the state machine.
pub(super) struct Member {
    pub(super) channel: Channel,
    /// The writer's term for each log, in the order of [`LogRef::ALL`].
    pub(super) terms: [u64; 4],
    pub(super) link: LinkState,
}

/// Keys that a running node signs with.
pub(super) struct Signers {
    pub(super) node: RecordSigner,
    pub(super) checkpoint: RecordSigner,
    pub(super) mirror: RecordSigner,
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
        self.members.get(name).map(|member| &member.channel)
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
    /// Set when a commit failed, before anybody is told.
    pub(super) failure: Arc<OnceLock<Failure>>,
}

impl Core {
    /// Serves requests until asked to stop. An error means that storage failed: the process must end.
    pub(super) fn run(mut self, requests: &Receiver<Request>) -> Result<(), NodeError> {
        while let Ok(first) = requests.recv() {
            let mut round = Round::default();
            let mut stopping = self.handle(first, &mut round);
            while !stopping && round.requests < REQUESTS_MAX && round.entries < ENTRIES_MAX {
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
        let mut round = Round::default();
        let names: Vec<String> = self.channels.members.keys().cloned().collect();
        for name in names {
            if let Err(error) = self.decide(&name, Command::Open, &mut round) {
                unreachable!("opening a channel needs nobody's consent: {error}");
            }
        }
        self.finish(round)
    }

    /// Takes one request into the round; true when it asks to stop.
    fn handle(&mut self, request: Request, round: &mut Round) -> bool {
        round.requests += 1;
        match request {
            Request::Submit { channel, acts, reply } => {
                let placed = self.submit(&channel, acts, round);
                round.answer(reply, placed);
            }
            Request::Receive { channel, frame, reply } => {
                let (log, checkpoint) = (frame.log, frame.checkpoint.clone());
                let note = frame.note.clone();
                let answer = self.decide(&channel, Command::Receive(frame), round).map(|_| {
                    let member = &self.channels.members[&channel];
                    let held = member.channel.log(log).size();
                    let now_s = u64::try_from(self.clock.now_utc_ns() / 1_000_000_000).unwrap_or(0);
                    let receipt = round.mirror(member, log, &checkpoint, &note, now_s, &self.channels.signers.mirror);
                    FrameAnswer { held, note: receipt }
                });
                round.answer(reply, answer);
            }
            Request::Receipt { channel, receipt, reply } => {
                let kept = self.decide(&channel, Command::Receipt(receipt), round).map(drop);
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
            Request::Query(read) => round.answers.push(Answer::Query(read)),
            Request::Stop => return true,
        }
        false
    }

    fn submit(&mut self, channel: &str, acts: Vec<Submission>, round: &mut Round) -> Result<Vec<Placed>, NodeError> {
        let mut placed = Vec::with_capacity(acts.len());
        for (place, act) in acts.into_iter().enumerate() {
            let decided = self.decide(channel, Command::Submit(Box::new(act)), round);
            let decided = decided.map_err(|error| match error {
                NodeError::Refused { rejection, .. } => NodeError::Refused { position: place, rejection },
                other => other,
            });
            placed.extend(decided?);
        }
        Ok(placed)
    }

    /// Decides, applies, and puts what follows into the round's batch.
    fn decide(&mut self, name: &str, command: Command, round: &mut Round) -> Result<Vec<Placed>, NodeError> {
        let Channels { members, signers, .. } = &mut self.channels;
        let member = members.get_mut(name);
        let member = member.ok_or_else(|| NodeError::UnknownChannel { channel: name.to_owned() })?;
        let mut context = Context { now: UtcNanos(self.clock.now_utc_ns()), entropy: &mut SystemEntropy };
        let decision = member.channel.decide(command, &mut context);
        let decision =
            decision.map_err(|rejection| NodeError::Refused { position: 0, rejection: Box::new(rejection) })?;
        match decision {
            Decision::Say(drafts) => {
                Ok(drafts.into_iter().map(|draft| say(name, member, signers, draft, round)).collect())
            }
            Decision::Place(act) => Ok(vec![place(name, member, *act, round)]),
            Decision::Mirror { frame, skip } => {
                for entry in frame.entries.into_iter().skip(skip) {
                    append(name, member, frame.log, &entry, round);
                }
                let receipt = VerifiedReceipt {
                    log: frame.log,
                    checkpoint: frame.checkpoint,
                    note: frame.note,
                    mirrored: false,
                    cosignatures: frame.cosignatures,
                };
                keep(member, &receipt, round);
                Ok(Vec::new())
            }
            Decision::Keep(receipt) => {
                keep(member, &receipt, round);
                Ok(Vec::new())
            }
        }
    }

    /// Adds what the node itself has to say, seals the logs that grew, commits, and lets the answers go.
    fn finish(&mut self, mut round: Round) -> Result<(), NodeError> {
        let Channels { members, signers, .. } = &mut self.channels;
        for (name, member) in members.iter_mut() {
            let mut context = Context { now: UtcNanos(self.clock.now_utc_ns()), entropy: &mut SystemEntropy };
            while let Some(draft) = member.channel.finding(&mut context) {
                say(name, member, signers, draft, &mut round);
            }
            round.seal(name, member, &signers.checkpoint);
        }
        let changed = !round.is_empty();
        let batch = round.batch();
        if changed && let Err(error) = self.store.commit(&batch) {
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
}

/// Signs and places an act of the node itself.
fn say(name: &str, member: &mut Member, signers: &Signers, draft: Draft, round: &mut Round) -> Placed {
    let act = draft.sign(&signers.node).expect("an act over a message of bounded size, signed by a key in memory");
    place(name, member, act, round)
}

/// Places an act at the end of its log.
fn place(name: &str, member: &mut Member, act: Submission, round: &mut Round) -> Placed {
    let channel = &member.channel;
    let log = LogRef { party: channel.me(), class: act.act.act().log_class };
    let signer = channel.pact().key(log.party, act.act.signature().key_id).map(|key| key.label.to_string());
    let leaf = channel.place(act.act);
    let (index, origin, hash) = (leaf.index, leaf.origin.to_string(), leaf.hash());
    let entry = Entry { leaf, parts: vec![Some(act.part)] };
    let entry = VerifiedEntry { hash, signer: signer.expect("decided: the key is in the pact"), entry };
    append(name, member, log, &entry, round);
    Placed { leaf: hash, origin, index }
}

/// Folds an entry in and puts it into the round's batch.
fn append(name: &str, member: &mut Member, log: LogRef, entry: &VerifiedEntry, round: &mut Round) {
    let expected = member.channel.log(log).size();
    round.append(name, member, log, expected, stored(&entry.entry));
    member.channel.apply(log, entry);
}

fn keep(member: &mut Member, receipt: &VerifiedReceipt, round: &mut Round) {
    round.keep(&member.channel, receipt);
    member.channel.apply_receipt(receipt);
}
