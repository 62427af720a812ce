//! Leaving sealed frames with a witness for a counterpart that does not answer, so that they were offered, and since when is stamped
//! (docs/channel-protocol.md, section 12). One task for each own log and witness; what it keeps of each frame shows later what was left.

use std::time::Duration;

use skypact_channel::{ENTRIES_MAX, Frame, LogRef, Pact, Station};
use skypact_record::{Hash, Offer, SEALED_OVERHEAD, SignedCheckpoint, SignedSealing, SignedStamp, Stamp, seal};
use tokio::sync::watch;
use tracing::{info, warn};

use super::announce::known;
use super::core::Channels;
use super::courier::wire_entries;
use super::rounds::Rounds;
use super::{NodeError, NodeHandle};
use crate::clock::Stopwatch;
use crate::entropy;
use crate::storage::Store;
use crate::transport::PeerClient;

/// How long a counterpart may be silent, once it was heard since the start; before that, as witnesses do, a minute.
const SILENCE: Duration = Duration::from_secs(10);
const FIRST_SILENCE: Duration = Duration::from_mins(1);
/// On a slow link, where a question a minute may take as long.
const SILENCE_SLOW: Duration = Duration::from_mins(4);
/// How often it is looked whether it is silent, and how long a witness that refused is left alone.
const TICK: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_secs(30);
/// Most bytes of a frame that is sealed.
const FRAME_BYTES_MAX: usize = Stamp::LENGTH_MAX as usize - SEALED_OVERHEAD;
/// Offers that are kept of each log and witness; the oldest go first.
const OFFERS_MAX: usize = 64;

/// When the counterpart last answered, and whether it holds what is not ours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Contact {
    pub(super) since: Stopwatch,
    pub(super) heard: bool,
    pub(super) behind: bool,
}

impl Contact {
    /// Nothing was heard yet.
    pub(super) fn none() -> Self {
        Self { since: Stopwatch::start(), heard: false, behind: false }
    }

    /// It answered now.
    pub(super) fn now() -> Self {
        Self { heard: true, ..Self::none() }
    }

    fn is_silent(&self, is_slow: bool) -> bool {
        let silence = match (is_slow, self.heard) {
            (true, _) => SILENCE_SLOW,
            (false, true) => SILENCE,
            (false, false) => FIRST_SILENCE,
        };
        !self.behind && self.since.elapsed() >= silence
    }
}

/// One own log, and the witness that its frames are left with.
pub(super) struct DropOff {
    pub(super) node: NodeHandle,
    pub(super) channel: String,
    pub(super) pact: Pact,
    pub(super) log: LogRef,
    pub(super) witness: String,
    pub(super) client: PeerClient,
    pub(super) contact: watch::Receiver<Contact>,
    /// Whether the link to the counterpart is slow.
    pub(super) is_slow: bool,
}

/// A frame that is ready to be left.
struct Sealed {
    bytes: Vec<u8>,
    seed: [u8; 32],
    sealing: SignedSealing,
    frame: Frame,
}

impl DropOff {
    /// Runs for as long as the node does.
    pub(super) async fn run(self) {
        let (channel, witness, mut rounds) = (&self.channel, &self.witness, Rounds::of(&self.node));
        let report = |error: &NodeError| {
            warn!(channel, witness, code = error.code(), %error, "nothing was left with the witness; trying again");
        };
        let mut left_up_to = 0;
        let next = |has_left| if has_left { Duration::ZERO } else { TICK };
        while rounds.wait(self.step(&mut left_up_to).await.map(next), PAUSE, report).await {}
    }

    /// Leaves the next frame; false when there is none, or the counterpart is not silent.
    async fn step(&self, left_up_to: &mut u64) -> Result<bool, NodeError> {
        if !self.contact.borrow().is_silent(self.is_slow) {
            return Ok(false);
        }
        let (channel, log, from) = (self.channel.clone(), self.log, *left_up_to);
        let frame = self.node.with_store(move |channels, store| next(channels, store, &channel, log, from));
        let Some((frame, sealing)) = frame.await?? else { return Ok(false) };
        let sealed = self.seal(frame, sealing)?;
        let end = sealed.frame.start + sealed.frame.entries.len() as u64;
        self.node.leave(self.channel.clone(), self.log, end).await?;
        let stamp = self.leave(&sealed).await?;
        self.keep(stamp, sealed).await?;
        info!(channel = self.channel, witness = self.witness, end, "left with the witness for a silent counterpart");
        *left_up_to = end;
        Ok(true)
    }

    fn seal(&self, frame: Frame, sealing: SignedSealing) -> Result<Sealed, NodeError> {
        let (seed, announced) = (entropy::random(), sealing.announcement());
        let bytes = seal(announced.key, self.pact.channel(), &announced.party, &seed, &frame.encode());
        let bytes = bytes.map_err(|error| self.refused(&error.to_string()))?;
        Ok(Sealed { bytes, seed, sealing, frame })
    }

    /// Hands the bytes over and checks that the stamp is on them.
    async fn leave(&self, sealed: &Sealed) -> Result<SignedStamp, NodeError> {
        let recipient = &sealed.sealing.announcement().party;
        let path = format!("/drop/{}/{recipient}", self.pact.channel());
        let answer = self.client.post(&path, sealed.bytes.clone()).await?;
        if answer.status != 200 {
            let text = String::from_utf8_lossy(&answer.body).chars().take(300).collect::<String>();
            return Err(self.refused(&format!("answered {}: {text}", answer.status)));
        }
        let stamp = SignedStamp::parse(&answer.body).map_err(|error| self.refused(&error.to_string()))?;
        let keys = &self.pact.log_keys(self.log).witnesses;
        let key = keys.iter().find(|key| key.name().as_str() == self.witness);
        let key = key.ok_or_else(|| self.refused("is no witness of the pact"))?;
        stamp.verify(key).map_err(|error| self.refused(&error.to_string()))?;
        let expected = Stamp {
            witness: key.name().clone(),
            channel: self.pact.channel(),
            recipient: recipient.clone(),
            dropped: Hash::of(&sealed.bytes),
            length: sealed.bytes.len() as u64,
        };
        if *stamp.stamp() == expected { Ok(stamp) } else { Err(self.refused("stamped something else")) }
    }

    /// Keeps what shows later what was left.
    async fn keep(&self, stamp: SignedStamp, sealed: Sealed) -> Result<(), NodeError> {
        let Sealed { seed, sealing, frame, .. } = sealed;
        let note = SignedCheckpoint::parse(&frame.note).map_err(|error| self.refused(&error.to_string()))?;
        let offer = Offer { stamp, seed, sealing, start: frame.start, count: frame.entries.len() as u64, note };
        let name = offers_document(&frame.origin, &self.witness);
        let document = name.clone();
        let kept = self.node.with_store(move |_, store| store.document(&document)).await??;
        let mut offers = split(&kept.unwrap_or_default());
        offers.push(offer.encode());
        let newest = &offers[offers.len().saturating_sub(OFFERS_MAX)..];
        self.node.put_document(name, join(newest)).await
    }

    fn refused(&self, reason: &str) -> NodeError {
        NodeError::of_service(&self.witness, "drop-box", reason)
    }
}

/// The next frame of a log that the counterpart has no receipt for, and whom it is for.
fn next(
    channels: &Channels,
    store: &dyn Store,
    name: &str,
    log: LogRef,
    from: u64,
) -> Result<Option<(Frame, SignedSealing)>, NodeError> {
    let Some(member) = channels.members.get(name) else { return Ok(None) };
    let channel = member.station.channel();
    let (state, origin) = (channel.log(log), super::round::origin(channel, log).as_str());
    let start = from.max(state.delivered);
    if start >= state.size() || member.station.held_back(log).is_some() {
        return Ok(None);
    }
    let Some(sealing) = known(store, channel.pact().channel())? else { return Ok(None) };
    let mut entries = wire_entries(store, origin, start, ENTRIES_MAX, FRAME_BYTES_MAX)?;
    loop {
        let frame = member.station.frame(log, start, entries);
        if frame.encode().len() <= FRAME_BYTES_MAX {
            return Ok(Some((frame, sealing)));
        }
        entries = frame.entries;
        if entries.len() == 1 {
            let reason = format!("entry {start} is too long for a drop-box");
            return Err(NodeError::File { path: origin.to_owned(), reason });
        }
        entries.truncate(entries.len() / 2);
    }
}

/// The offers of an own log that reach beyond what the counterpart has signed for, each with its frame made again. One that cannot be made
/// again, because a body was erased, is left out.
pub(super) fn offers(station: &Station, store: &dyn Store, log: LogRef) -> Result<Vec<(Offer, Vec<u8>)>, NodeError> {
    let pact = station.channel().pact();
    let (state, origin) = (station.channel().log(log), super::round::origin(station.channel(), log).as_str());
    let mut offers = Vec::new();
    for witness in &pact.log_keys(log).witnesses {
        let kept = store.document(&offers_document(origin, witness.name().as_str()))?;
        for offer in split(&kept.unwrap_or_default()).iter().filter_map(|bytes| Offer::decode(bytes).ok()) {
            if offer.start.saturating_add(offer.count) <= state.delivered {
                continue;
            }
            let count = usize::try_from(offer.count).unwrap_or(ENTRIES_MAX).min(ENTRIES_MAX);
            let entries = wire_entries(store, origin, offer.start, count, FRAME_BYTES_MAX)?;
            let frame = station.note_frame(log, offer.start, offer.note.encode());
            let frame = Frame { entries, ..frame }.encode();
            if offer.reseal(&frame).is_ok_and(|sealed| Hash::of(&sealed) == offer.stamp.stamp().dropped) {
                offers.push((offer, frame));
            }
        }
    }
    Ok(offers)
}

/// Name of the document in which the offers of a log by way of a witness are kept.
fn offers_document(origin: &str, witness: &str) -> String {
    format!("offers/{origin}/{witness}")
}

/// Offers one after another, each with its length before it.
fn join(offers: &[Vec<u8>]) -> Vec<u8> {
    let lengths = offers.iter().map(|offer| u32::try_from(offer.len()).unwrap_or(u32::MAX));
    lengths.zip(offers).flat_map(|(length, offer)| [&length.to_be_bytes()[..], offer].concat()).collect()
}

/// The inverse of `join`; what is cut off is left out.
fn split(mut document: &[u8]) -> Vec<Vec<u8>> {
    let mut offers = Vec::new();
    while let Some((length, rest)) = document.split_first_chunk::<4>() {
        let Some((offer, rest)) = rest.split_at_checked(u32::from_be_bytes(*length) as usize) else { break };
        offers.push(offer.to_vec());
        document = rest;
    }
    offers
}
