//! A DSS that runs: one thread decides and commits ([`core`]) over one journal ([`journal`]); other processes of the same
//! organisation follow it and take over ([`seat`]). See docs/dss.md, "How a change takes place" and "Several processes".

mod core;
mod error;
mod export;
mod follower;
mod front;
mod journal;
mod peer;
mod replica;
mod seat;
mod snapshot;
mod start;

pub use core::{CommitObserver, DssHandle, Pulse};
pub use error::DssError;
pub use export::{Exported, export};
pub use follower::Forwarded;
pub use front::Front;
pub use journal::{BODY_BYTES_MAX, Journal};
pub use replica::Replica;
pub use seat::{PeerServer, Seat};
pub use start::{RunningDss, signer};

use skypact_dss::Scopes;

/// Who asks, as its token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// `sub` of the token.
    pub manager: String,
    /// `jti` of the token, if it has one.
    pub token_id: Option<String>,
    /// Its scopes.
    pub scopes: Scopes,
}

/// Runs work that blocks on a thread that may.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, DssError> {
    let worked = tokio::task::spawn_blocking(work).await;
    worked.map_err(|error| DssError::Machine { what: "thread".to_owned(), reason: error.to_string() })
}
