//! A running node: one thread decides and commits ([`core`]), tasks around it carry entries to the counterpart and
//! checkpoints to the witnesses ([`courier`]). Data goes one way: a request reaches the core, a whole batch of requests
//! becomes entries, ONE transaction makes them durable, and only then answers go out and couriers wake.

mod announce;
mod archive;
mod beacon;
mod bundle;
mod carriage;
mod clocks;
mod collect;
mod core;
mod courier;
mod dictation;
mod drop_off;
mod erasure;
mod error;
mod guard;
mod left_out;
mod link_health;
mod outbound;
mod peer;
mod recovery;
mod restore;
mod round;
mod rounds;
mod signer;
mod snapshot;
mod start;
mod tiles;
mod transport_keys;

pub use bundle::BundleOptions;
pub use carriage::{ExportOptions, Imported};
pub use clocks::WitnessContact;
pub use core::{Channels, LinkState, fork_document};
pub use dictation::{Dictated, Spoken, WrittenDown};
pub use error::NodeError;
pub(crate) use guard::HEAD_PATH;
pub use left_out::{About, LeftOut};
pub use link_health::LinkWeek;
pub use peer::FRAMES_PATH;
pub(crate) use peer::refusal;
pub use signer::RecordSigner;
pub use skypact_channel::Placed;
pub use snapshot::SNAPSHOT_AFTER_ENTRIES;
pub(crate) use start::transport_key;
pub use start::{NodeOptions, RunningNode, start};
pub use tiles::{LOG_PATH, MONITORS_MAX, MonitorAccess};

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use skypact_channel::{
    ActKeys, Frame, FrameAnswer, Heard, Kind, LogRef, Pact, Rejection, Submission, VerifiedFrame, VerifiedReceipt,
};
use skypact_record::Beacon;
use tokio::sync::{oneshot, watch};

use self::clocks::ClockNews;
use self::core::{LinkNews, Request};
use self::guard::WitnessNews;
use self::recovery::Runs;
use crate::clock::{NodeClock, Stopwatch};
use crate::storage::Store;

/// Most acts whose signatures are checked without telling the runtime: half a millisecond.
const ACTS_INLINE_MAX: usize = 16;

/// The way to the core of a running node. Cheap to clone.
#[derive(Clone)]
pub struct NodeHandle {
    requests: SyncSender<Request>,
    revision: watch::Receiver<u64>,
    clock: NodeClock,
    scratch: Arc<PathBuf>,
    failure: Arc<OnceLock<Failure>>,
    /// The pacts in force, by channel name, with this node's place in them.
    pacts: Arc<BTreeMap<String, (Pact, usize)>>,
}

/// Why the core ended by itself: stable code and reason of the commit that failed.
type Failure = (&'static str, String);

/// After a start the counterpart, if it answers, has said by then what it holds; until then what needs its word is tried again.
const CONFIRMED_SOON: Duration = Duration::from_secs(5);
/// Between two tries.
const CONFIRMED_LOOK: Duration = Duration::from_millis(100);

impl NodeHandle {
    /// Records officers' acts in order; all are durable when this returns. At the first one that is refused the rest is
    /// left; those before it are recorded.
    pub async fn submit(&self, channel: &str, acts: Vec<Submission>) -> Result<Vec<Placed>, NodeError> {
        self.find_out(channel, &acts);
        let place = |acts| self.ask(|reply| Request::Submit { channel: channel.to_owned(), acts, reply });
        let cuts = |act: &Submission| Kind::from_wire(act.act.act().kind).is_some_and(Kind::cuts);
        if !acts.first().is_some_and(cuts) {
            return place(acts).await?;
        }
        let since = Stopwatch::start();
        loop {
            let placed = place(acts.clone()).await?;
            let waits = |error: &NodeError| matches!(error, NodeError::Refused { position: 0, rejection } if matches!(**rejection, Rejection::Unconfirmed { .. }));
            if !placed.as_ref().err().is_some_and(waits) || since.elapsed() >= CONFIRMED_SOON {
                return placed;
            }
            tokio::time::sleep(CONFIRMED_LOOK).await;
        }
    }

    /// Finds out whether the signatures of acts hold, which they remember: most of the work of recording, done by whoever asks
    /// and beside the one thread that decides. What does not hold is refused there, with everything else.
    fn find_out(&self, channel: &str, acts: &[Submission]) {
        let Some((pact, me)) = self.pacts.get(channel) else { return };
        let verify = || {
            for act in acts {
                if let Some(key) = pact.key(*me, act.act.signature().key_id) {
                    let _ = act.act.verify(&key.key);
                }
            }
        };
        // A few are faster than making room for others would be.
        if acts.len() > ACTS_INLINE_MAX { tokio::task::block_in_place(verify) } else { verify() }
    }

    /// Runs a query over the committed state.
    pub async fn query<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Channels) -> T + Send + 'static,
    ) -> Result<T, NodeError> {
        self.ask(|reply: oneshot::Sender<T>| {
            Request::Query(Box::new(move |channels, _| {
                // The asker may have gone away; then nobody wants the answer.
                let _ = reply.send(read(channels));
            }))
        })
        .await
    }

    /// Writes the evidence bundle of a channel to `out`, and gives its length in bytes; what is written is not synced.
    pub async fn bundle(&self, channel: &str, what: BundleOptions, out: File) -> Result<u64, NodeError> {
        let channel = channel.to_owned();
        let name = channel.clone();
        let length =
            self.with_store(move |channels, store| bundle::write(channels, store, &name, &what, out)).await??;
        // Nobody has it before this returns.
        self.leave_all(&channel).await?;
        Ok(length)
    }

    /// A directory of the node's own for files on their way out.
    pub fn scratch(&self) -> &std::path::Path {
        &self.scratch
    }

    /// The node's time, nanoseconds UTC; in an exercise another one than the machine's.
    pub fn now_ns(&self) -> i64 {
        self.clock.now_utc_ns()
    }

    /// Whether its clock was set, for an exercise.
    pub fn is_exercise(&self) -> bool {
        self.clock.is_exercise()
    }

    /// Asks the core to stop after what it has in hand.
    pub async fn stop(&self) {
        let requests = self.requests.clone();
        // A core that is gone has stopped already.
        let _ = tokio::task::spawn_blocking(move || requests.send(Request::Stop)).await;
    }

    /// Checks a frame of the counterpart's, outside of the core, against the keys that it has by now.
    async fn verify(
        &self,
        channel: &str,
        pact: &Pact,
        sender: usize,
        frame: &Frame,
    ) -> Result<VerifiedFrame, NodeError> {
        let keys = self.keys(channel).await?;
        Ok(tokio::task::block_in_place(|| frame.verify(pact, &keys, sender))?)
    }

    /// Who may sign acts and heads in a channel by now.
    async fn keys(&self, channel: &str) -> Result<ActKeys, NodeError> {
        let name = channel.to_owned();
        let keys = self.query(move |channels| channels.get(&name).map(|channel| channel.keys().clone())).await?;
        keys.ok_or_else(|| NodeError::UnknownChannel { channel: channel.to_owned() })
    }

    async fn receive(&self, channel: String, frame: VerifiedFrame) -> Result<FrameAnswer, NodeError> {
        self.ask(|reply| Request::Receive { channel, frame: Box::new(frame), reply }).await?
    }

    async fn keep(&self, channel: String, receipt: VerifiedReceipt) -> Result<(), NodeError> {
        self.ask(|reply| Request::Receipt { channel, receipt: Box::new(receipt), reply }).await?
    }

    async fn recover(&self, channel: String, runs: Box<Runs>) -> Result<u64, NodeError> {
        self.ask(|reply| Request::Recover { channel, runs, reply }).await?
    }

    /// Has it kept that a head of this size leaves for others than the counterpart; durable when this returns.
    async fn leave(&self, channel: String, log: LogRef, size: u64) -> Result<(), NodeError> {
        self.ask(|reply| Request::Leave { channel, log, size, reply }).await?
    }

    /// The same of everything that is held by now of both own logs.
    async fn leave_all(&self, channel: &str) -> Result<(), NodeError> {
        let Some((_, me)) = self.pacts.get(channel) else { return Ok(()) };
        for class in skypact_record::LogClass::ALL {
            let (name, log) = (channel.to_owned(), LogRef { party: *me, class });
            let size = self.query(move |channels| channels.get(&name).map_or(0, |held| held.log(log).size())).await?;
            self.leave(channel.to_owned(), log, size).await?;
        }
        Ok(())
    }

    async fn hear(&self, channel: String, beacon: Beacon) -> Result<(), NodeError> {
        self.ask(|reply| Request::Beacon { channel, beacon: Box::new(beacon), reply }).await
    }

    /// Takes in a look at another clock.
    async fn compare(&self, channel: String, news: ClockNews) -> Result<(), NodeError> {
        self.ask(|reply| Request::Clock { channel, news, reply }).await
    }

    /// Takes in what witnesses know of an own log.
    async fn guard(&self, channel: String, log: LogRef, news: WitnessNews) -> Result<(), NodeError> {
        self.ask(|reply| Request::Guard { channel, log, news: Box::new(news), reply }).await?
    }

    /// Has the core look at the link of each channel.
    async fn look(&self) -> Result<(), NodeError> {
        self.ask(|reply| Request::Look { reply }).await
    }

    /// Keeps a small named document; it is durable when this returns.
    async fn put_document(&self, name: String, bytes: Vec<u8>) -> Result<(), NodeError> {
        self.ask(|reply| Request::Document { name, bytes, reply }).await?
    }

    async fn with_store<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Channels, &dyn Store) -> T + Send + 'static,
    ) -> Result<T, NodeError> {
        self.ask(|reply: oneshot::Sender<T>| {
            Request::Query(Box::new(move |channels, store| {
                let _ = reply.send(read(channels, store));
            }))
        })
        .await
    }

    async fn set_link(
        &self,
        channel: String,
        error: Option<String>,
        heard: Option<(LogRef, Heard)>,
    ) -> Result<(), NodeError> {
        let link = Box::new(LinkNews { error, heard, at_ns: self.now_ns() });
        self.ask(|reply| Request::Link { channel, link, reply }).await
    }

    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Result<T, NodeError> {
        let (reply, answer) = oneshot::channel();
        let mut request = request(reply);
        loop {
            match self.requests.try_send(request) {
                Ok(()) => break,
                Err(std::sync::mpsc::TrySendError::Disconnected(_)) => return Err(self.ended()),
                Err(std::sync::mpsc::TrySendError::Full(back)) => {
                    request = back;
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
        }
        answer.await.map_err(|_| self.ended())
    }

    /// What to tell whoever asks a core that is gone.
    fn ended(&self) -> NodeError {
        let failure = self.failure.get().cloned();
        failure.map_or(NodeError::Stopped, |(code, reason)| NodeError::NotRecorded { code, reason })
    }
}
