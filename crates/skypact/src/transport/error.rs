//! Why two nodes could not talk. Each error says whose move it is.

use super::TransportKey;
use crate::system::cause;
use std::{io, net::SocketAddr, time::Duration};

/// Why a connection or a request between nodes failed.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The server at the peer's address proved possession of another key, or of none.
    #[error("{address}: expected the key {expected} and met {}; check the address, then the key with its owner over another channel",
        presented.map_or("no Ed25519 key".to_owned(), |key| key.to_string()))]
    WrongKey {
        /// Where the connection went.
        address: String,
        /// The pinned key, or keys.
        expected: String,
        /// The key of the server's certificate, if it was an Ed25519 key.
        presented: Option<TransportKey>,
    },
    /// The peer did not accept this node's key.
    #[error(
        "{address}: the peer does not accept our key {ours}; it must pin this key, check that it installed the pact"
    )]
    KeyRefused {
        /// Where the connection went.
        address: String,
        /// This node's transport key.
        ours: TransportKey,
    },
    /// TLS failed for another reason: an old version, another protocol, a damaged or hostile stream.
    #[error("{address}: the TLS 1.3 handshake failed: {reason}; check that a skypact node listens there")]
    HandshakeFailed {
        /// Where the connection went.
        address: String,
        /// The reason given by the TLS library.
        reason: String,
    },
    /// No connection, or it ended before the answer.
    #[error("{address}: unreachable: {}; check the link, the address and the peer's firewall", cause(source))]
    Unreachable {
        /// Where the connection went.
        address: String,
        /// The reason.
        source: io::Error,
    },
    /// No answer in time. The peer may or may not have acted on the request; send it again, frames are idempotent.
    #[error("{address}: no answer within {} ms; the request may have arrived, send it again", after.as_millis())]
    Timeout {
        /// Where the request went.
        address: String,
        /// The time allowed.
        after: Duration,
    },
    /// The answer is longer than this node takes.
    #[error("{address}: the answer is longer than {bytes_max} bytes; ask for less at once")]
    AnswerTooLarge {
        /// Where the request went.
        address: String,
        /// The most that is accepted.
        bytes_max: usize,
    },
    /// The path of a request is not an absolute path.
    #[error("path {path:?}: is not an absolute path of a URL; begin it with a slash")]
    BadPath {
        /// The path given.
        path: String,
    },
    /// The node cannot listen.
    #[error("{address}: cannot listen: {}; choose a free address of this machine", cause(source))]
    CannotListen {
        /// The address.
        address: SocketAddr,
        /// The reason.
        source: io::Error,
    },
    /// Bytes that are not a usable Ed25519 public key.
    #[error("transport key: not a valid Ed25519 public key; ask its owner for the public key line again")]
    InvalidKey,
    /// A key of another role was given for the transport.
    #[error("transport key: the key has the role `{role}`; give the key of role `transport`")]
    WrongRole {
        /// The role of the key.
        role: crate::keys::KeyRole,
    },
    /// The certificate around the node's own key could not be made.
    #[error("transport certificate: {reason}; make a new transport key")]
    Certificate {
        /// The reason.
        reason: String,
    },
}

impl TransportError {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::WrongKey { .. } => "wrong-key",
            Self::KeyRefused { .. } => "key-refused",
            Self::HandshakeFailed { .. } => "handshake-failed",
            Self::Unreachable { .. } => "unreachable",
            Self::Timeout { .. } => "timeout",
            Self::AnswerTooLarge { .. } => "answer-too-large",
            Self::BadPath { .. } => "bad-path",
            Self::CannotListen { .. } => "cannot-listen",
            Self::InvalidKey => "transport-key-invalid",
            Self::WrongRole { .. } => "transport-key-wrong-role",
            Self::Certificate { .. } => "transport-certificate",
        }
    }
}
