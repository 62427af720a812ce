//! The front of a DSS process: whoever asks here need not know whether this process writes or follows.

use std::sync::Arc;
use std::time::Duration;

use skypact_dss::{Answer, Change, Operation, Query, QueryAnswer, Target};
use tokio::sync::watch;

use super::core::{DssHandle, Pulse};
use super::error::DssError;
use super::follower::{Follower, Forwarded};
use super::{Client, peer};

/// How long a request waits for somebody to write.
const VACANCY: Duration = Duration::from_secs(5);

/// What this process does at the moment.
#[derive(Clone)]
pub(super) enum Role {
    /// It writes.
    Writer(DssHandle),
    /// Another process writes.
    Follower(Arc<Follower>),
    /// It is not settled who writes.
    Vacant,
}

/// The way in. Cheap to clone.
#[derive(Clone)]
pub struct Front {
    pub(super) role: watch::Receiver<Role>,
    pub(super) origin: Arc<str>,
}

impl Front {
    /// Has a change decided and recorded. `Err` inside is the writer's answer as it came from its process.
    pub async fn change(
        &self,
        client: Client,
        operation: Operation,
        target: Target,
        body: Vec<u8>,
        change: Change,
    ) -> Result<Result<Answer, Forwarded>, DssError> {
        let mut roles = self.role.clone();
        loop {
            let role = roles.borrow_and_update().clone();
            match role {
                Role::Writer(handle) => return handle.change(client, operation, target, body, change).await.map(Ok),
                Role::Follower(follower) => {
                    let request = peer::Forward { client: &client, operation, target: &target, body: &body };
                    // A writer that was not reached has not seen the request: the next one may.
                    if let Some(forwarded) = follower.forward(&request).await? {
                        return Ok(Err(forwarded));
                    }
                }
                Role::Vacant => {}
            }
            next(&mut roles).await?;
        }
    }

    /// Asks a question of the committed state; what any process of the organisation has answered before is in it.
    pub async fn query(&self, client: Client, query: Query) -> Result<QueryAnswer, DssError> {
        let mut roles = self.role.clone();
        loop {
            let role = roles.borrow_and_update().clone();
            match role {
                Role::Writer(handle) => return handle.query(client, query).await,
                Role::Follower(follower) => {
                    if let Some(size) = follower.confirmed_size().await? {
                        return follower.query(size, client, query).await;
                    }
                }
                Role::Vacant => {}
            }
            next(&mut roles).await?;
        }
    }

    /// Entries in the log, as of the newest commit; only the writer knows.
    pub fn size(&self) -> Option<u64> {
        self.pulse().map(|pulse| pulse.size)
    }

    /// What the writer holds, when this process is the writer.
    pub fn pulse(&self) -> Option<Pulse> {
        match &*self.role.borrow() {
            Role::Writer(handle) => Some(handle.pulse()),
            _ => None,
        }
    }

    /// Origin of the log.
    pub fn log_origin(&self) -> &str {
        &self.origin
    }

    /// The role of this process; an error when it cannot take requests.
    pub fn readiness(&self) -> Result<&'static str, DssError> {
        match &*self.role.borrow() {
            Role::Writer(_) => Ok("writer"),
            Role::Follower(_) => Ok("follower"),
            Role::Vacant => Err(DssError::Stopped),
        }
    }
}

/// Waits a moment for another role, or for the same writer to answer again.
async fn next(roles: &mut watch::Receiver<Role>) -> Result<(), DssError> {
    match tokio::time::timeout(VACANCY, roles.changed()).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(DssError::Stopped),
    }
}
