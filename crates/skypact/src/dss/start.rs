//! Starting a DSS that writes: keys and storage, the state from the log, then the thread that decides.

use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;

use tokio::sync::watch;
use tracing::warn;

use super::core::{CommitObserver, Core, DssHandle, Pulse};
use super::error::DssError;
use super::replica::Replica;
use super::snapshot::Photographer;
use crate::clock::NodeClock;
use crate::keys::{FileSigner, KeyError, KeyRole};
use crate::node::RecordSigner;
use crate::storage::Store;

/// Requests that may wait for the core; one more is told to try again.
const WAITING_MAX: usize = 4_096;

/// A DSS that writes.
pub struct RunningDss {
    /// The way to its core.
    pub handle: DssHandle,
    core: JoinHandle<Result<(), DssError>>,
}

impl RunningDss {
    /// Whether the core has ended, which it does by itself only when storage failed.
    pub fn has_ended(&self) -> bool {
        self.core.is_finished()
    }

    /// Stops: what is in hand is committed.
    pub async fn stop(self) -> Result<(), DssError> {
        self.handle.stop().await;
        let ended = tokio::task::spawn_blocking(move || self.core.join()).await;
        ended.map_err(|_| DssError::Stopped)?.map_err(|_| DssError::Stopped)?
    }
}

/// The key that signs the checkpoints of the DSS in this directory; made when there is none.
pub fn signer(dir: &Path) -> Result<RecordSigner, DssError> {
    match existing_signer(dir) {
        Err(DssError::Key(KeyError::Missing { .. })) => {}
        found => return found,
    }
    match FileSigner::create(&key_path(dir), KeyRole::Checkpoint, "dss") {
        // Another process of this DSS starts at the same moment.
        Err(KeyError::AlreadyExists { .. }) => existing_signer(dir),
        made => Ok(RecordSigner::new(made?)),
    }
}

/// The same; an error when there is none.
pub(super) fn existing_signer(dir: &Path) -> Result<RecordSigner, DssError> {
    Ok(RecordSigner::new(FileSigner::open(&key_path(dir), KeyRole::Checkpoint)?))
}

fn key_path(dir: &Path) -> PathBuf {
    dir.join("checkpoint.key")
}

/// Becomes the writer over the store of a directory, on top of what a replica has read already.
pub(super) fn start(
    dir: &Path,
    mut store: Box<dyn Store>,
    replica: Replica,
    signer: RecordSigner,
    clock: NodeClock,
    on_commit: CommitObserver,
) -> Result<RunningDss, DssError> {
    let claim = store.claim(replica.journal.origin().as_str())?;
    let (replica, taken_at) = whole(replica, &*store, claim.size)?;
    let (pulse, news) = watch::channel(Pulse { size: replica.journal.size(), sizes: replica.dss.sizes() });
    let (requests, waiting) = sync_channel(WAITING_MAX);
    let photographer = Photographer::new(dir.to_owned(), taken_at);
    let core = Core { replica, store, term: claim.term, signer, clock, pulse, on_commit, photographer };
    let thread = std::thread::Builder::new().name("dss-core".to_owned()).spawn(move || core.run(&waiting));
    let core = thread.map_err(|error| DssError::Machine { what: "thread".to_owned(), reason: error.to_string() })?;
    Ok(RunningDss { handle: DssHandle { requests, pulse: news }, core })
}

/// Reads the log to its end and holds it to the signed checkpoint; gives the state, and the size that it went on from. What went on
/// from a snapshot and does not hold is read again from the beginning.
fn whole(mut replica: Replica, store: &dyn Store, size: u64) -> Result<(Replica, u64), DssError> {
    let read_before = replica.journal.size();
    let empty = replica.emptied();
    let held = replica.catch_up(store, size).and_then(|()| replica.check(store));
    match held {
        Ok(()) => Ok((replica, read_before)),
        Err(error @ DssError::StoreDiffers { .. }) if read_before > 0 => {
            warn!(%error, "what was read before does not fit the log; it is read from its beginning");
            let mut replica = empty;
            replica.catch_up(store, size)?;
            replica.check(store)?;
            Ok((replica, 0))
        }
        Err(error) => Err(error),
    }
}
