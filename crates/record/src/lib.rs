//! The record: append-only logs that their author cannot rewrite and their reader need not trust.
//! Pure: no files, sockets, clock or randomness, and no private keys; see `Signer`.
//! Formats to the byte: docs/record-format.md.

mod act;
mod beacon;
pub mod bundle;
mod cbor;
mod checkpoint;
mod cosignature;
mod ed25519;
mod entry;
mod erasure;
mod fork;
mod genesis;
mod hash;
mod journal;
mod key;
mod key_change;
mod key_rotation;
mod leaf;
mod mirror_key;
mod ml_dsa_44;
mod name;
mod note;
mod offer;
mod part;
mod plural;
mod sealing;
mod signed_genesis;
mod stamp;
mod tile;
mod tlog_proof;
pub mod tree;
pub mod verify;
mod witness;

pub use act::{Act, LogClass, MessageId, SignActError, SignedAct};
pub use beacon::Beacon;
pub use cbor::DecodeError;
pub use checkpoint::{Checkpoint, SignedCheckpoint};
pub use cosignature::{Cosignature, cosign};
pub use entry::{Entry, EntryError};
pub use erasure::Erasure;
pub use fork::{ForkProof, ForkProofError};
pub use genesis::{Genesis, KnownKey, LogName, Party, PartyKey, WitnessKey};
pub use hash::{Hash, HashTextError};
pub use journal::{EntryFault, JournalLeaf, JournalReport, JournalWriter, is_journal_bundle, verify_journal};
pub use key::{Algorithm, KeyError, KeyId, KeyRole, PublicKey, Signature, Signer, SignerError};
pub use key_change::{AddedKey, KeyChange, KeyChangeError, KeyHistory, Replacement, RevokedKey};
pub use key_rotation::{KeyRotation, RotatedKey};
pub use leaf::{Leaf, Seen};
pub use mirror_key::{MirrorKey, ReceiptWorth};
pub use name::{ChannelName, Label, NameError, Origin, PartyName};
pub use note::{Note, NoteError, NoteSignature, SignatureType, VerifierKey};
pub use offer::Offer;
pub use part::Part;
pub use plural::counted;
pub use sealing::{
    SEALED_OVERHEAD, SealError, SealingAnnouncement, SealingKey, SignedSealing, open, seal, sealing_key,
};
pub use signed_genesis::SignedGenesis;
pub use stamp::{SignedStamp, Stamp};
pub use tile::{TILE_WIDTH, TileError, TileResource, TileSpan, entry_bundle, leaves_of};
pub use tlog_proof::TlogProof;
pub use tree::{Frontier, ProofError, Tree};
pub use witness::{AddCheckpoint, WitnessRefusal};

/// Version of every format that this crate writes (docs/record-format.md).
pub const FORMAT_VERSION: u64 = 1;
