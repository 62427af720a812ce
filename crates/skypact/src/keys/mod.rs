//! The node's secret keys: Ed25519, and ML-DSA-44 for checkpoints and receipts; one file per role, readable by their owner alone.
//!
//! A key file is one line of text, ended by a line feed:
//! `skypact-ed25519-secret:<role>:<label>:<base64 of the 32-byte seed and the 32-byte public key>`.
//! `skypact-ml-dsa-44-secret:<role>:<label>:<base64 of the 32-byte seed and SHA-256 of the public key>`.
//! The second half is redundant on purpose: a damaged seed is found instead of becoming another identity. The public half travels as
//! `skypact-ed25519-public:<role>:<label>:<base64 of 32 bytes>`. Secrets are wiped from memory when dropped and appear in no `Debug`, log or error.

mod error;
mod evidence;
mod file;
mod ml_dsa_44;
mod ring;
mod sealing;
mod signer;

pub use error::{KeyError, KeyLineDefect};
pub use evidence::EvidenceKey;
pub use file::PublicKeyLine;
pub use ml_dsa_44::MlDsa44Signer;
pub use ring::{KeyRing, MlDsa44Ring, NextKeys};
pub use sealing::SealingSecret;
pub use signer::FileSigner;
pub use skypact_record::KeyRole;
