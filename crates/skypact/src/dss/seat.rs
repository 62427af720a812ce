//! Who writes: each process tries for the directory's lock. Whoever has it writes, the others follow and try again, so that
//! one of them takes over within a moment when the writer ends, however it ends.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{info, warn};

use super::blocking;
use super::core::CommitObserver;
use super::error::DssError;
use super::follower::{Follower, socket};
use super::front::{Front, Role};
use super::replica::Replica;
use super::snapshot;
use super::start::{RunningDss, signer, start};
use crate::clock::NodeClock;
use crate::node::RecordSigner;
use crate::storage::{SqliteStore, StoreError};

/// How often a follower tries for the lock.
const TRY: Duration = Duration::from_millis(50);
/// How often a follower reads what is new.
const WARM: Duration = Duration::from_millis(500);

/// Serves the writer's socket for other processes until told to stop; given by whoever speaks HTTP.
pub type PeerServer = Arc<dyn Fn(Front, PathBuf, watch::Receiver<bool>) -> JoinHandle<()> + Send + Sync>;

/// One process of a DSS.
pub struct Seat {
    dir: PathBuf,
    clock: NodeClock,
    signer: RecordSigner,
    on_commit: CommitObserver,
    peers: PeerServer,
    role: watch::Sender<Role>,
    front: Front,
}

impl Seat {
    /// A process over a directory, which is made when absent. It has no role until [`Seat::keep`] runs.
    pub fn new(dir: PathBuf, clock: NodeClock, on_commit: CommitObserver, peers: PeerServer) -> Result<Self, DssError> {
        SqliteStore::prepare(&dir)?;
        let signer = signer(&dir)?;
        let replica = Replica::new(skypact_record::Signer::public_key(&signer));
        let (role, roles) = watch::channel(Role::Vacant);
        let front = Front { role: roles, origin: replica.journal.origin().as_str().into() };
        Ok(Self { dir, clock, signer, on_commit, peers, role, front })
    }

    /// The way in.
    pub fn front(&self) -> Front {
        self.front.clone()
    }

    /// Writes or follows until asked to stop. An error means that this process must end.
    pub async fn keep(self, mut stop: watch::Receiver<bool>) -> Result<(), DssError> {
        let empty = Replica::new(skypact_record::Signer::public_key(&self.signer));
        let dir = self.dir.clone();
        let replica = blocking(move || snapshot::read_or_empty(&dir, &empty)).await?;
        let held = match self.try_lock().await? {
            Some(store) => Some((store, replica)),
            None => self.follow(replica, &mut stop).await?,
        };
        match held {
            Some((store, replica)) => self.write(store, replica, stop).await,
            None => Ok(()),
        }
    }

    /// The store for writing, when no other process has it.
    async fn try_lock(&self) -> Result<Option<SqliteStore>, DssError> {
        let dir = self.dir.clone();
        match blocking(move || SqliteStore::open(dir)).await? {
            Ok(store) => Ok(Some(store)),
            Err(StoreError::Locked { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn write(
        self,
        store: SqliteStore,
        replica: Replica,
        mut stop: watch::Receiver<bool>,
    ) -> Result<(), DssError> {
        let Self { dir, clock, signer, on_commit, peers, role, front } = self;
        let place = dir.clone();
        let running: RunningDss =
            blocking(move || start(&place, Box::new(store), replica, signer, clock, on_commit)).await??;
        role.send_replace(Role::Writer(running.handle.clone()));
        let peers = peers(front, socket(&dir), stop.clone());
        info!(entries = running.handle.pulse().size, "this process writes");
        loop {
            tokio::select! {
                // A sender that is gone means the same as a request to stop.
                _ = stop.wait_for(|stop| *stop) => break,
                () = tokio::time::sleep(TRY) => if running.has_ended() { break },
            }
        }
        role.send_replace(Role::Vacant);
        let ended = running.stop().await;
        if ended.is_err() {
            peers.abort();
        }
        // Its end, however it came, is of no interest any more.
        let _ = peers.await;
        ended
    }

    /// Follows until the lock is this process's, with what was read by then; none when it is time to stop.
    async fn follow(
        &self,
        replica: Replica,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<Option<(SqliteStore, Replica)>, DssError> {
        info!("another process writes; this one follows");
        let mut copy = Copy::Waiting(Box::new(replica));
        let mut since_warm = WARM;
        while !*stop.borrow() {
            if let Some(store) = self.try_lock().await? {
                self.role.send_replace(Role::Vacant);
                return Ok(Some((store, copy.into_replica().await?)));
            }
            copy = self.open(copy)?;
            if let Copy::Followed(follower) = &copy
                && since_warm >= WARM
            {
                since_warm = Duration::ZERO;
                if let Err(error) = follower.keep_warm().await {
                    warn!(code = error.code(), %error, "cannot read the log at the moment");
                }
            }
            tokio::time::sleep(TRY).await;
            since_warm += TRY;
        }
        Ok(None)
    }

    /// Begins to follow once the writer has made its file.
    fn open(&self, copy: Copy) -> Result<Copy, DssError> {
        let Copy::Waiting(replica) = copy else { return Ok(copy) };
        let Some(store) = readable(&self.dir)? else { return Ok(Copy::Waiting(replica)) };
        let follower = Arc::new(Follower::new(&self.dir, store, *replica, self.clock.clone()));
        self.role.send_replace(Role::Follower(follower.clone()));
        Ok(Copy::Followed(follower))
    }
}

/// What a process that does not write has read.
enum Copy {
    /// There is nothing to read yet.
    Waiting(Box<Replica>),
    /// It follows.
    Followed(Arc<Follower>),
}

impl Copy {
    async fn into_replica(self) -> Result<Replica, DssError> {
        match self {
            Self::Waiting(replica) => Ok(*replica),
            Self::Followed(follower) => follower.take_replica().await,
        }
    }
}

/// The store for reading, once there is one.
fn readable(dir: &Path) -> Result<Option<SqliteStore>, DssError> {
    match SqliteStore::open_read_only(dir) {
        Ok(store) => Ok(Some(store)),
        Err(StoreError::Absent { .. } | StoreError::Busy { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
