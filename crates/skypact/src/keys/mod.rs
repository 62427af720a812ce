//! The node's secret keys: Ed25519, one file per role, readable by their owner alone.
//!
//! A key file is one line of text, ended by a line feed:
//! `skypact-ed25519-secret:<role>:<label>:<base64 of the 32-byte seed and the 32-byte public key>`.
//! The public key in it is redundant on purpose: a damaged seed is found instead of becoming another identity. The public half travels as
//! `skypact-ed25519-public:<role>:<label>:<base64 of 32 bytes>`. Secrets are wiped from memory when dropped and appear in no `Debug`, log or error.

mod error;
mod file;
mod ring;
mod signer;

pub use error::{KeyError, KeyLineDefect};
pub use file::PublicKeyLine;
pub use ring::KeyRing;
pub use signer::FileSigner;

/// What a key may sign. Each role has a key of its own, so that the theft of one does not give the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyRole {
    /// The party itself: certifies the other keys and replaces lost ones. Kept offline.
    Root,
    /// The node: signs entries that machines make.
    Node,
    /// A named officer: signs acts of persons.
    Officer,
    /// Authenticates TLS connections between nodes; signs nothing that lasts.
    Transport,
    /// Signs checkpoints of the party's own logs.
    Checkpoint,
    /// Signs checkpoints of the counterpart's logs: the cumulative receipt.
    Mirror,
    /// Cosigns checkpoints of logs that it witnesses (C2SP tlog-witness).
    Witness,
}

impl KeyRole {
    /// Every role.
    pub const ALL: [Self; 7] =
        [Self::Root, Self::Node, Self::Officer, Self::Transport, Self::Checkpoint, Self::Mirror, Self::Witness];

    /// The word for it in key files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Node => "node",
            Self::Officer => "officer",
            Self::Transport => "transport",
            Self::Checkpoint => "checkpoint",
            Self::Mirror => "mirror",
            Self::Witness => "witness",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

impl std::fmt::Display for KeyRole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
