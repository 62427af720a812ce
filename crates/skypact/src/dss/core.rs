//! The one thread that decides and commits. It takes what is waiting, up to a bound, as one round: the changes of the whole
//! round become durable in one transaction with one checkpoint, and only then do its answers go out, refusals and
//! queries among them. A commit that fails ends the thread: the state in memory is ahead of the disk.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError};

use skypact_airspace::UtcNanos;
use skypact_dss::state::Sizes;
use skypact_dss::{Answer, Caller, Change, Operation, Query, QueryAnswer, Recorded, Stamp, Target};
use tokio::sync::{oneshot, watch};

use super::Client;
use super::error::DssError;
use super::replica::Replica;
use super::snapshot::Photographer;
use crate::clock::{NodeClock, Stopwatch};
use crate::entropy;
use crate::node::RecordSigner;
use crate::storage::{Append, Batch, Head, HeadKind, Store, StoredEntry};

/// Most requests of one round.
const REQUESTS_MAX: usize = 256;
/// How far the machine's clock may be behind the log before nothing more is recorded: 5 s (F3548: clocks within 5 s).
const BEHIND_NS_MAX: i64 = 5_000_000_000;

/// A change on its way in.
pub(super) struct Asked {
    pub(super) client: Client,
    pub(super) operation: Operation,
    pub(super) target: Target,
    pub(super) body: Vec<u8>,
    pub(super) change: Change,
}

/// A look at the committed state and the storage behind it.
pub(super) type Look = Box<dyn FnOnce(&Replica, &dyn Store) + Send>;

/// What the core can be asked.
pub(super) enum Request {
    Change(Box<Asked>, oneshot::Sender<Result<Answer, DssError>>),
    Query(Client, Box<Query>, oneshot::Sender<Result<QueryAnswer, DssError>>),
    Look(Look),
    Stop,
}

/// What is known of the core from outside, without asking it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pulse {
    /// Entries in the log.
    pub size: u64,
    /// What the state holds.
    pub sizes: Sizes,
}

/// Told of each commit: entries, and how long it took in seconds.
pub type CommitObserver = Arc<dyn Fn(usize, f64) + Send + Sync>;

/// The way to the core of a DSS that writes. Cheap to clone.
#[derive(Clone)]
pub struct DssHandle {
    pub(super) requests: SyncSender<Request>,
    pub(super) pulse: watch::Receiver<Pulse>,
}

impl DssHandle {
    /// Has a change decided and recorded; it is durable when this returns its answer.
    pub async fn change(
        &self,
        client: Client,
        operation: Operation,
        target: Target,
        body: Vec<u8>,
        change: Change,
    ) -> Result<Answer, DssError> {
        let asked = Box::new(Asked { client, operation, target, body, change });
        self.ask(|reply| Request::Change(asked, reply)).await?
    }

    /// Asks a question of the committed state.
    pub async fn query(&self, client: Client, query: Query) -> Result<QueryAnswer, DssError> {
        self.ask(|reply| Request::Query(client, Box::new(query), reply)).await?
    }

    /// Looks at the committed state and the storage behind it.
    pub async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Replica, &dyn Store) -> T + Send + 'static,
    ) -> Result<T, DssError> {
        self.ask(|reply: oneshot::Sender<T>| {
            Request::Look(Box::new(move |replica, store| {
                // The asker may have gone away; then nobody wants the answer.
                let _ = reply.send(look(replica, store));
            }))
        })
        .await
    }

    /// Entries in the log and things in the state, as of the newest commit.
    pub fn pulse(&self) -> Pulse {
        *self.pulse.borrow()
    }

    /// Asks the core to stop after what it has in hand.
    pub async fn stop(&self) {
        let requests = self.requests.clone();
        // A core that is gone has stopped already.
        let _ = tokio::task::spawn_blocking(move || requests.send(Request::Stop)).await;
    }

    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Result<T, DssError> {
        let (reply, answer) = oneshot::channel();
        self.requests.try_send(request(reply)).map_err(|error| match error {
            TrySendError::Full(_) => DssError::Overloaded,
            TrySendError::Disconnected(_) => DssError::Stopped,
        })?;
        answer.await.map_err(|_| DssError::Stopped)
    }
}

/// The core and what it owns.
pub(super) struct Core {
    pub(super) replica: Replica,
    pub(super) store: Box<dyn Store>,
    pub(super) term: u64,
    pub(super) signer: RecordSigner,
    pub(super) clock: NodeClock,
    pub(super) pulse: watch::Sender<Pulse>,
    pub(super) on_commit: CommitObserver,
    pub(super) photographer: Photographer,
}

/// Answers once the round is committed, or with the error that its commit met.
type Answers = Vec<Box<dyn FnOnce(&Replica, &dyn Store, Option<&DssErrorText>) + Send>>;

/// A failed commit as each of its askers is told it.
struct DssErrorText {
    code: &'static str,
    reason: String,
}

impl Core {
    /// Serves requests until asked to stop. An error means that storage failed: the process must end.
    pub(super) fn run(mut self, requests: &Receiver<Request>) -> Result<(), DssError> {
        while let Ok(first) = requests.recv() {
            let (mut entries, mut answers) = (Vec::new(), Answers::new());
            let mut stopping = self.handle(first, &mut entries, &mut answers);
            while !stopping && answers.len() < REQUESTS_MAX {
                let Ok(next) = requests.try_recv() else { break };
                stopping = self.handle(next, &mut entries, &mut answers);
            }
            self.finish(entries, answers)?;
            if stopping {
                break;
            }
        }
        self.photographer.finish(&self.replica);
        Ok(())
    }

    /// Takes one request into the round; true when it asks to stop.
    fn handle(&mut self, request: Request, entries: &mut Vec<StoredEntry>, answers: &mut Answers) -> bool {
        match request {
            Request::Change(asked, reply) => {
                let answer = self.change(*asked, entries);
                answers.push(Box::new(move |_, _, failure| {
                    let answer = match failure {
                        Some(failure) => Err(failure.error()),
                        None => answer,
                    };
                    // The asker may have gone away; the record stands all the same.
                    let _ = reply.send(answer);
                }));
            }
            Request::Query(client, query, reply) => {
                let now = UtcNanos(self.clock.now_utc_ns());
                answers.push(Box::new(move |replica, _, failure| {
                    let caller = Caller { manager: &client.manager, scopes: client.scopes };
                    let answer = match failure {
                        Some(failure) => Err(failure.error()),
                        None => replica.dss.query(&caller, &query, now).map_err(DssError::from),
                    };
                    let _ = reply.send(answer);
                }));
            }
            Request::Look(look) => answers.push(Box::new(move |replica, store, failure| {
                // Dropping the question tells the asker that the core is gone.
                if failure.is_none() {
                    look(replica, store);
                }
            })),
            Request::Stop => return true,
        }
        false
    }

    /// Decides, applies, and puts what follows into the round.
    fn change(&mut self, asked: Asked, entries: &mut Vec<StoredEntry>) -> Result<Answer, DssError> {
        let Asked { client, operation, target, body, change } = asked;
        let now = self.now()?;
        let caller = Caller { manager: &client.manager, scopes: client.scopes };
        self.replica.dss.decide(&caller, &change, now)?;
        let mut random = [0; 48];
        entropy::fill(&mut random);
        let number = |place: usize| {
            u128::from_be_bytes(random[place * 16..place * 16 + 16].try_into().expect("sixteen of 48 bytes"))
        };
        let stamp = Stamp { manager: client.manager.as_str().into(), now, random: [number(0), number(1), number(2)] };
        let answer = self.replica.dss.apply(&change, &stamp);
        let given = answer.given();
        let recorded = Recorded { operation, stamp, token_id: client.token_id, target, body, given };
        entries.push(self.replica.journal.append(&recorded));
        Ok(answer)
    }

    /// The time of the next entry: never before the one before it. A clock that is far behind records nothing.
    fn now(&self) -> Result<UtcNanos, DssError> {
        let (now, newest) = (self.clock.now_utc_ns(), self.replica.dss.newest_change().0);
        let behind_ns = newest.saturating_sub(now);
        if behind_ns > BEHIND_NS_MAX {
            return Err(DssError::ClockBehind { behind_s: behind_ns / 1_000_000_000 });
        }
        Ok(UtcNanos(now.max(newest)))
    }

    /// Commits the round, then lets its answers go.
    fn finish(&mut self, entries: Vec<StoredEntry>, answers: Answers) -> Result<(), DssError> {
        let count = entries.len();
        if count > 0 {
            let watch = Stopwatch::start();
            let log = self.replica.journal.origin().to_string();
            let note = self.replica.journal.checkpoint(&self.signer).encode();
            let expected_size = self.replica.journal.size() - count as u64;
            let batch = Batch {
                appends: vec![Append { log: log.clone(), term: self.term, expected_size, entries }],
                heads: vec![Head { log, kind: HeadKind::Checkpoint, bytes: note }],
            };
            if let Err(error) = self.store.commit(&batch) {
                let failure = DssErrorText { code: error.code(), reason: error.to_string() };
                for answer in answers {
                    answer(&self.replica, &*self.store, Some(&failure));
                }
                return Err(failure.error());
            }
            (self.on_commit)(count, watch.elapsed().as_secs_f64());
            self.pulse.send_replace(Pulse { size: self.replica.journal.size(), sizes: self.replica.dss.sizes() });
            self.photographer.take_if_due(&self.replica);
        }
        for answer in answers {
            answer(&self.replica, &*self.store, None);
        }
        Ok(())
    }
}

impl DssErrorText {
    fn error(&self) -> DssError {
        DssError::NotRecorded { code: self.code, reason: self.reason.clone() }
    }
}
