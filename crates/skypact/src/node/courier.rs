//! The tasks that carry a node's own logs away: entries to the counterpart, which answers with a receipt, and
//! checkpoints to the witnesses, which answer with a cosignature. Each log has its own courier and its own connection,
//! so that urgent entries never wait behind routine ones. Whatever fails is tried again; nothing is lost by a crash,
//! because what was delivered is what the newest stored receipt says.

use std::sync::Arc;
use std::time::Duration;

use skypact_channel::{
    Channel, ENTRIES_MAX, Frame, FrameAnswer, Heard, LogRef, Next, Pact, Span, Station, VerifiedReceipt,
};
use skypact_record::{Entry, Leaf, LogClass, Part, SignedCheckpoint, counted};
use tokio::sync::{Mutex, watch};
use tracing::{info, warn};

use super::clocks::{ClockNews, Whose};
use super::core::{Channels, Member};
use super::drop_off::Contact;
use super::peer::{FRAMES_PATH, SHORT_PATH};
use super::recovery::Recovery;
use super::rounds::Failures;
use super::{NodeError, NodeHandle};
use crate::clock::Stopwatch;
use crate::storage::{HeadKind, Store, StoredEntry};
use crate::transport::{PeerAnswer, PeerClient};

/// Most body bytes that a courier puts into one frame.
pub(super) const FRAME_BYTES: usize = 2 << 20;
/// How long a courier waits after a failure.
const PAUSE: Duration = Duration::from_millis(500);
/// How long witnesses wait after a start for the counterpart to say what it holds.
const SILENCE_MAX: Duration = Duration::from_mins(1);
/// How long it waits for news before it asks whether the counterpart is still there: silence alone says nothing.
const IDLE: Duration = Duration::from_secs(5);
/// The same on a slow link.
const IDLE_SLOW: Duration = Duration::from_mins(1);
const IDLE_NEVER: Duration = Duration::from_hours(24 * 365);

/// What a courier tells other tasks.
pub(super) struct Signals {
    /// Set when the counterpart has said what it holds, and it is a beginning of the log.
    pub(super) confirmed: watch::Sender<bool>,
    /// Set with each answer.
    pub(super) contact: watch::Sender<Contact>,
    /// Shared by the couriers of a channel.
    pub(super) recovery: Arc<Mutex<Recovery>>,
}

/// Carries one own log of one channel to the counterpart.
pub(super) struct Courier {
    pub(super) node: NodeHandle,
    pub(super) channel: String,
    pub(super) pact: Pact,
    pub(super) log: LogRef,
    pub(super) client: PeerClient,
    /// Whether the link is slow: one entry a frame, in short form, and hardly a question whether anybody is there.
    pub(super) is_slow: bool,
}

impl Courier {
    /// Runs for as long as the node does.
    pub(super) async fn run(self, Signals { confirmed, contact, recovery }: Signals) {
        let (channel, address, idle) = (&self.channel, self.client.address(), self.idle());
        let mut news = self.node.revision.clone();
        let mut told = Told::default();
        let mut failures = Failures::default();
        let mut heard: Option<Stopwatch> = None;
        loop {
            news.mark_unchanged();
            let silence = heard.as_ref().map_or(idle, Stopwatch::elapsed);
            match self.step(&mut told, silence >= idle).await {
                Ok(true) => {
                    heard = Some(Stopwatch::start());
                    contact.send_replace(Contact::now());
                    confirmed.send_if_modified(|known| !std::mem::replace(known, true));
                    if failures.end() {
                        info!(channel, address, "the counterpart answers again");
                    }
                }
                Ok(false) => {
                    // Nothing to carry. A node that has stopped sends no more news.
                    let patience = idle.saturating_sub(silence);
                    if matches!(tokio::time::timeout(patience, news.changed()).await, Ok(Err(_))) {
                        return;
                    }
                }
                Err(NodeError::Stopped | NodeError::NotRecorded { .. }) => return,
                Err(error) => {
                    let said = match &error {
                        NodeError::Behind { held, .. } => Some((self.log, Heard::Contradicts(*held))),
                        _ => None,
                    };
                    if failures.is_news(&error) {
                        warn!(channel, address, code = error.code(), %error, "the counterpart did not take a frame; trying again");
                    }
                    let mut reason = error.to_string();
                    if said.is_some() {
                        contact.send_modify(|contact| contact.behind = true);
                        if let Ok(mut recovery) = recovery.try_lock() {
                            if recovery.attempt(&self.node, channel, &self.pact, self.log.party, &self.client).await {
                                continue;
                            }
                            reason = recovery.failure.as_ref().map_or(reason, ToString::to_string);
                        }
                    }
                    if self.node.set_link(channel.clone(), Some(reason), said).await.is_err() {
                        return;
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// How long it waits for news before it asks whether the counterpart is still there.
    fn idle(&self) -> Duration {
        match (self.is_slow, self.log.class) {
            (false, _) => IDLE,
            (true, LogClass::Routine) => IDLE_SLOW,
            // The routine log asks for both, so that nothing is under way where a STOP has to go.
            (true, LogClass::Urgent) => IDLE_NEVER,
        }
    }

    /// One exchange; false when there was nothing to carry. With `ask` there always is something.
    async fn step(&self, told: &mut Told, ask: bool) -> Result<bool, NodeError> {
        let (name, log, before, is_slow) = (self.channel.clone(), self.log, *told, self.is_slow);
        let frame = move |channels: &Channels, store: &dyn Store| {
            next_frame(channels, store, &name, log, before, Manner { ask, is_slow })
        };
        let Some((frame, after)) = self.node.with_store(frame).await?? else { return Ok(false) };
        let short = if is_slow { self.exchange_short(&frame).await? } else { None };
        let answer = match short {
            Some(answer) => answer,
            None => self.exchange(&frame, told).await?,
        };
        let (name, said) = (self.channel.clone(), answer.clone());
        let keys_if_it_begins = move |channels: &Channels| {
            let station = &channels.members.get(&name)?.station;
            station.begins_with(log, &said).then(|| station.channel().keys().clone())
        };
        let Some(keys) = self.node.query(keys_if_it_begins).await? else {
            told.held = None;
            return Err(NodeError::Behind { origin: frame.origin, held: answer.held });
        };
        let end = frame.start + frame.entries.len() as u64;
        let receipt = VerifiedReceipt::verify(&answer.note, &self.pact, &keys)?;
        if receipt.log != log {
            return Err(unusable("is no receipt for the log that was sent".to_owned()));
        }
        if !receipt.mirrored {
            // Its key may be one that the counterpart's entries name which are on their way here: only the receipt is asked for again.
            *told = Told { held: Some(answer.held), ..after };
            let reason = "is no receipt under a mirror key that counts here; it is asked again, and its entries may name the key";
            return Err(unusable(reason.to_owned()));
        }
        self.node.keep(self.channel.clone(), receipt).await?;
        self.node.set_link(self.channel.clone(), None, Some((log, Heard::Holds(answer.held)))).await?;
        *told = Told { held: Some(answer.held), ..after };
        if answer.held < end {
            return Err(unusable(format!("took {} and says that it holds {}", counted(end, "entry"), answer.held)));
        }
        Ok(true)
    }

    async fn exchange(&self, frame: &Frame, told: &mut Told) -> Result<FrameAnswer, NodeError> {
        let answer = self.client.post(FRAMES_PATH, frame.encode()).await?;
        if answer.status == 409 {
            // It holds less than it said: its store is another one. It is asked again.
            told.held = None;
        }
        if answer.status != 200 {
            return Err(refused(&answer));
        }
        Ok(FrameAnswer::decode(&answer.body)?)
    }

    /// The same in short form; none where the frame has none, or the counterpart could not complete it.
    async fn exchange_short(&self, frame: &Frame) -> Result<Option<FrameAnswer>, NodeError> {
        let (name, log, of) = (self.channel.clone(), self.log, frame.clone());
        let short = self.node.query(move |channels| shorten(channels.get(&name)?, log, &of));
        let Some(short) = short.await? else { return Ok(None) };
        let answer = self.client.post(SHORT_PATH, short).await?;
        match answer.status {
            200 => {}
            503 => return Err(refused(&answer)),
            _ => return Ok(None),
        }
        let name = self.channel.clone();
        let read = move |channels: &Channels| {
            let station = &channels.members.get(&name)?.station;
            let said = station.channel().read_answer(&answer.body);
            let keys = |size| station.channel().log_keys(log, size);
            Some(said.map(|said| said.complete(station.checkpoint(log, said.size), &keys(said.size))))
        };
        let unknown = || NodeError::UnknownChannel { channel: self.channel.clone() };
        Ok(Some(self.node.query(read).await?.ok_or_else(unknown)??))
    }
}

fn refused(answer: &PeerAnswer) -> NodeError {
    let reason = String::from_utf8_lossy(&answer.body).chars().take(500).collect();
    NodeError::File { path: format!("counterpart's answer {}", answer.status), reason }
}

fn unusable(reason: String) -> NodeError {
    NodeError::File { path: "counterpart's answer".to_owned(), reason }
}

/// The short form of a frame of one entry, or of a head alone.
fn shorten(channel: &Channel, log: LogRef, frame: &Frame) -> Option<Vec<u8>> {
    let head = SignedCheckpoint::parse(&frame.note).ok()?;
    match frame.entries.as_slice() {
        [] => channel.shorten_head(log, &head),
        [entry] => channel.shorten(&Entry::decode(entry).ok()?, &head),
        _ => None,
    }
}

/// How a log is carried.
#[derive(Debug, Clone, Copy)]
struct Manner {
    /// Whether to ask in any case.
    ask: bool,
    /// Whether the link is slow.
    is_slow: bool,
}

/// What the counterpart knows of a log, as far as it said so since this node started.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    /// How much it holds; none before it said so, and it was found to be a beginning of the log.
    held: Option<u64>,
    /// Size up to which it knows cosignatures.
    cosigned: u64,
}

/// The frame that comes next for the counterpart, and what it is told by then.
fn next_frame(
    channels: &Channels,
    store: &dyn Store,
    name: &str,
    log: LogRef,
    told: Told,
    Manner { ask, is_slow }: Manner,
) -> Result<Option<(Frame, Told)>, NodeError> {
    let Some(Member { station, .. }) = channels.members.get(name) else { return Ok(None) };
    let head = |size| {
        let note = station.checkpoint(log, size);
        let keys = station.channel().log_keys(log, size);
        station.note_frame(log, size, if is_slow { note.only_by(&keys.checkpoint) } else { note }.encode())
    };
    // On a slow link what witnesses say goes as entries of the log alone, now and then.
    let cosigned = if is_slow { u64::MAX } else { told.cosigned };
    match station.next(log, told.held, cosigned, ask) {
        Next::Nothing => Ok(None),
        Next::Confirm => Ok(Some((head(0), told))),
        Next::Entries { start } if is_slow => {
            let frame = entries_frame(station, store, log, start, start + 1)?;
            Ok(Some((Frame { note: head(start + 1).note, ..frame }, told)))
        }
        Next::Entries { start } => Ok(Some((entries_frame(station, store, log, start, u64::MAX)?, told))),
        Next::Cosigned { size } => {
            let frame = cosigned_frame(station, store, log, size)?;
            Ok(frame.map(|frame| (frame, Told { cosigned: size, ..told })))
        }
        Next::Checkpoint => Ok(Some((head(station.channel().log(log).size()), told))),
    }
}

/// The frame of entries of an own log from `start` on and before `end`, as many as one takes.
pub(super) fn entries_frame(
    station: &Station,
    store: &dyn Store,
    log: LogRef,
    start: u64,
    end: u64,
) -> Result<Frame, NodeError> {
    let origin = super::round::origin(station.channel(), log).as_str();
    let most = usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX).min(ENTRIES_MAX);
    Ok(station.frame(log, start, wire_entries(store, origin, start, most, FRAME_BYTES)?))
}

/// The frame of the note over `size` entries of an own log that a witness cosigned, if it is kept.
pub(super) fn cosigned_frame(
    station: &Station,
    store: &dyn Store,
    log: LogRef,
    size: u64,
) -> Result<Option<Frame>, NodeError> {
    let heads = store.heads(super::round::origin(station.channel(), log).as_str())?;
    let cosigned = heads.into_iter().filter(|head| matches!(head.kind, HeadKind::Cosignature(_)));
    let note = cosigned
        .map(|head| head.bytes)
        .find(|note| SignedCheckpoint::parse(note).is_ok_and(|signed| signed.checkpoint().size == size));
    Ok(note.map(|note| station.note_frame(log, size, note)))
}

/// Entries of a log as the wire takes them, from `start` on and within the bounds of [`Store::read`].
pub(super) fn wire_entries(
    store: &dyn Store,
    origin: &str,
    start: u64,
    most: usize,
    bytes_max: usize,
) -> Result<Vec<Vec<u8>>, NodeError> {
    let encoded = |stored| {
        let entry = entry_of(origin, stored)?.encode();
        entry.map_err(|error| NodeError::StoreDiffers { origin: origin.to_owned(), reason: error.to_string() })
    };
    store.read(origin, start, most, bytes_max)?.into_iter().map(encoded).collect()
}

/// A stored entry as the record knows it.
pub(super) fn entry_of(origin: &str, stored: StoredEntry) -> Result<Entry, NodeError> {
    let leaf = Leaf::decode(&stored.leaf);
    let leaf =
        leaf.map_err(|error| NodeError::StoreDiffers { origin: origin.to_owned(), reason: error.to_string() })?;
    let parts = stored.parts.into_iter().map(|part| part.map(|part| Part { salt: part.salt, bytes: part.bytes }));
    Ok(Entry { leaf, parts: parts.collect() })
}

/// Has one witness cosign one own log, for as long as the node runs.
pub(super) async fn have_cosigned(
    node: NodeHandle,
    channel: String,
    pact: Pact,
    log: LogRef,
    witness: String,
    client: PeerClient,
    mut confirmed: watch::Receiver<bool>,
) {
    // A head that contradicts what the counterpart holds should reach nobody: this store may come out of a backup. But a
    // counterpart must not be able to keep witnesses away by its silence.
    if let Ok(Err(_)) = tokio::time::timeout(SILENCE_MAX, confirmed.wait_for(|known| *known)).await {
        return;
    }
    let mut news = node.revision.clone();
    let mut held = None;
    let mut failures = Failures::default();
    loop {
        news.mark_unchanged();
        match ask_witness(&node, &channel, &pact, log, &witness, &client, &mut held).await {
            Ok(true) => drop(failures.end()),
            Ok(false) => {
                if matches!(tokio::time::timeout(IDLE, news.changed()).await, Ok(Err(_))) {
                    return;
                }
            }
            Err(NodeError::Stopped | NodeError::NotRecorded { .. }) => return,
            Err(error) => {
                if failures.is_news(&error) {
                    warn!(channel, witness, code = error.code(), %error, "the witness did not cosign; trying again");
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// One request to a witness; false when there was nothing to cosign.
async fn ask_witness(
    node: &NodeHandle,
    channel: &str,
    pact: &Pact,
    log: LogRef,
    witness: &str,
    client: &PeerClient,
    held: &mut Option<u64>,
) -> Result<bool, NodeError> {
    let (name, by, old_size) = (channel.to_owned(), witness.to_owned(), held.take());
    let request = node.query(move |channels| {
        // An old store: nobody is shown its head.
        let member = channels.members.get(&name).filter(|member| !member.carriage.is_contradicted(log))?;
        let request = member.station.witness_request(log, &by, old_size)?;
        Some((request, member.station.channel().keys().clone(), member.carriage.was_confirmed(log)))
    });
    let Some((request, keys, is_confirmed)) = request.await? else { return Ok(false) };
    // Of a confirmed log nothing has to be kept, so nobody waits for a commit.
    if !is_confirmed {
        node.leave(channel.to_owned(), log, request.checkpoint.checkpoint().size).await?;
    }
    let (answer, between) = node.timed(client.post("/add-checkpoint", request.encode())).await;
    let answer = answer?;
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    if answer.status == 409
        && let Ok(size) = text.trim().parse()
    {
        *held = Some(size);
        return Ok(true);
    }
    if answer.status != 200 {
        return Err(NodeError::of_head(witness, answer.status, &text));
    }
    let receipt = VerifiedReceipt::of_witness(pact, &keys, request.checkpoint, witness, &text)?;
    let receipt = receipt.ok_or_else(|| NodeError::of_head(witness, 200, "no cosignature of its own"))?;
    for line in receipt.cosignatures.iter().filter(|line| line.witness == witness) {
        let (whose, shown) = (Whose::Witness(witness.to_owned()), Some(Span::of_second(line.time_s)));
        node.compare(channel.to_owned(), ClockNews { whose, shown, between }).await?;
    }
    node.keep(channel.to_owned(), receipt).await?;
    Ok(true)
}
