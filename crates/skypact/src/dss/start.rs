//! Starting a DSS that writes: keys and storage, the state from the log, then the thread that decides.

use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;

use tokio::sync::watch;

use super::core::{CommitObserver, Core, DssHandle, Pulse};
use super::error::DssError;
use super::replica::Replica;
use crate::clock::NodeClock;
use crate::keys::{FileSigner, KeyRole};
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
    let path = dir.join("checkpoint.key");
    let key = if path.exists() {
        FileSigner::open(&path, KeyRole::Checkpoint)?
    } else {
        FileSigner::create(&path, KeyRole::Checkpoint, "dss")?
    };
    Ok(RecordSigner::new(key))
}

/// Becomes the writer over a store, on top of what a replica has read already.
pub fn start(
    mut store: Box<dyn Store>,
    mut replica: Replica,
    signer: RecordSigner,
    clock: NodeClock,
    on_commit: CommitObserver,
) -> Result<RunningDss, DssError> {
    let claim = store.claim(replica.journal.origin().as_str())?;
    replica.catch_up(&*store, claim.size)?;
    replica.check(&*store)?;
    let (pulse, news) = watch::channel(Pulse { size: replica.journal.size(), sizes: replica.dss.sizes() });
    let (requests, waiting) = sync_channel(WAITING_MAX);
    let core = Core { replica, store, term: claim.term, signer, clock, pulse, on_commit };
    let thread = std::thread::Builder::new().name("dss-core".to_owned()).spawn(move || core.run(&waiting));
    let core = thread.map_err(|error| DssError::Machine { what: "thread".to_owned(), reason: error.to_string() })?;
    Ok(RunningDss { handle: DssHandle { requests, pulse: news }, core })
}
