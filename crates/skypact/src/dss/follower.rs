//! A process that follows: it forwards changes to the writer, and answers queries from its own copy of the state once the writer
//! has told how far the log goes. It is warm: when it becomes the writer it has little left to read.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use hyper::{Method, StatusCode};
use serde::Deserialize;
use skypact_airspace::UtcNanos;
use skypact_dss::{Caller, Query, QueryAnswer};

use super::error::DssError;
use super::peer::{Forward, PeerFailure, send};
use super::replica::Replica;
use super::{Client, blocking};
use crate::clock::NodeClock;
use crate::storage::SqliteStore;

/// The writer's socket in the directory of a DSS.
pub(super) fn socket(dir: &Path) -> PathBuf {
    dir.join("writer.sock")
}

/// The writer's answer to a change, as it came from its process.
#[derive(Debug)]
pub struct Forwarded {
    /// Status.
    pub status: StatusCode,
    /// JSON.
    pub body: Vec<u8>,
}

/// The copy of the state and the way to the writer.
pub(super) struct Follower {
    copy: Arc<Mutex<Copy>>,
    socket: PathBuf,
    clock: NodeClock,
}

struct Copy {
    replica: Replica,
    store: SqliteStore,
}

#[derive(Deserialize)]
struct SizeText {
    size: Option<u64>,
}

impl Follower {
    /// Follows the log in a directory, from what a replica has read already.
    pub(super) fn new(dir: &Path, store: SqliteStore, replica: Replica, clock: NodeClock) -> Self {
        Self { copy: Arc::new(Mutex::new(Copy { replica, store })), socket: socket(dir), clock }
    }

    /// Hands a change to the writer; none when it was not reached.
    pub(super) async fn forward(&self, request: &Forward<'_>) -> Result<Option<Forwarded>, DssError> {
        let (method, path) = request.line();
        match send(&self.socket, method, &path, Some(request.client), request.body).await {
            Ok((status, body)) => Ok(Some(Forwarded { status, body })),
            Err(PeerFailure::NotReached) => Ok(None),
            Err(PeerFailure::Unanswered) => Err(DssError::OutcomeUnknown),
        }
    }

    /// How far the log goes, by the writer's word of this moment; none when it was not reached.
    pub(super) async fn confirmed_size(&self) -> Result<Option<u64>, DssError> {
        match send(&self.socket, Method::GET, "/peer/v1/size", None, &[]).await {
            Ok((StatusCode::OK, body)) => {
                let text = serde_json::from_slice::<SizeText>(&body);
                text.map(|text| text.size).map_err(|error| DssError::Machine {
                    what: "the writer's answer".to_owned(),
                    reason: error.to_string(),
                })
            }
            Ok(_) | Err(_) => Ok(None),
        }
    }

    /// Answers a question from the copy, read up to `size`.
    pub(super) async fn query(&self, size: u64, client: Client, query: Query) -> Result<QueryAnswer, DssError> {
        let now = UtcNanos(self.clock.now_utc_ns());
        self.with(move |copy| {
            copy.replica.catch_up(&copy.store, size)?;
            let caller = Caller { manager: &client.manager, scopes: client.scopes };
            Ok(copy.replica.dss.query(&caller, &query, now)?)
        })
        .await?
    }

    /// Reads what there is, so that little is left when this process has to write.
    pub(super) async fn keep_warm(&self) -> Result<(), DssError> {
        self.with(|copy| copy.replica.catch_up(&copy.store, u64::MAX)).await?
    }

    /// The copy as it stands.
    pub(super) async fn take_replica(&self) -> Result<Replica, DssError> {
        self.with(|copy| {
            let empty = copy.replica.emptied();
            std::mem::replace(&mut copy.replica, empty)
        })
        .await
    }

    async fn with<T: Send + 'static>(&self, work: impl FnOnce(&mut Copy) -> T + Send + 'static) -> Result<T, DssError> {
        let copy = self.copy.clone();
        // A panic in here poisons nothing that the next reader could not read again.
        blocking(move || work(&mut copy.lock().unwrap_or_else(PoisonError::into_inner))).await
    }
}
