//! The node's secret keys: Ed25519, one file per role, readable by their owner alone.
//!
//! A key file is one line of text, ended by a line feed:
//! `skypact-ed25519-secret:<role>:<label>:<base64 of the 32-byte seed and the 32-byte public key>`.
//! The public key in it is redundant on purpose: a damaged seed is found instead of becoming another identity. The public half travels as
//! `skypact-ed25519-public:<role>:<label>:<base64 of 32 bytes>`. Secrets are wiped from memory when dropped and appear in no `Debug`, log or error.

mod error;
mod file;
mod ring;
mod sealing;
mod signer;

pub use error::{KeyError, KeyLineDefect};
pub use file::PublicKeyLine;
pub use ring::KeyRing;
pub use sealing::SealingSecret;
pub use signer::FileSigner;
pub use skypact_record::KeyRole;
