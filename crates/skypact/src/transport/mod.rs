//! Authenticated HTTP/2 between nodes: mutual TLS 1.3, each side known by a pinned Ed25519 key.
//!
//! Who a peer is follows from its key alone. Certificates are only the envelope that TLS needs around a key; their
//! names, chains and dates are ignored, because the pact pins the key and an expired certificate must not stop a STOP.
//! Urgent and routine traffic use a connection each, so that neither waits behind the other.

mod accept;
mod allowance;
mod client;
mod error;
mod identity;
mod line;
mod paced;
mod pins;
mod seats;
mod server;
mod tls;

pub(crate) use accept::{Activity, accept};
pub(crate) use allowance::Allowance;
pub use client::{ClientLimits, PeerClient, TrafficClass};
pub use error::TransportError;
pub use identity::Identity;
pub use line::SlowLine;
pub use pins::{Expected, Pins, TransportKey};
pub(crate) use seats::{Holder, Seats};
pub use server::{ClientAuth, Peer, PeerHandler, PeerServer, ServerLimits};

use hyper::body::Bytes;
use tokio::sync::watch;

/// What a peer answered: an HTTP status (RFC 9110 section 15) and the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerAnswer {
    /// HTTP status code, 100 to 599.
    pub status: u16,
    /// The whole body.
    pub body: Bytes,
    /// What the body is to whoever keeps it. Not read from answers of others.
    pub kind: AnswerKind,
}

/// What an answer is to whoever keeps it, as its headers say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AnswerKind {
    /// For the caller alone; no header says what it is.
    #[default]
    Reply,
    /// UTF-8 text that may be another a moment later.
    Text,
    /// Bytes that never change.
    Immutable,
}

impl AnswerKind {
    /// Content type and cache directive, where there are any.
    fn headers(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Reply => None,
            Self::Text => Some(("text/plain; charset=utf-8", "no-store")),
            Self::Immutable => Some(("application/octet-stream", "private, max-age=31536000, immutable")),
        }
    }
}

impl PeerAnswer {
    /// An answer of `status` with `body`.
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self { status, body: body.into(), kind: AnswerKind::Reply }
    }

    /// The same answer, said to be of this kind.
    #[must_use]
    pub fn of_kind(self, kind: AnswerKind) -> Self {
        Self { kind, ..self }
    }

    /// True for a status from 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Completes when `stop` holds true or nobody can set it any more.
pub(crate) async fn asked_to_stop(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}
