//! One party of a deconfliction channel as a state machine: pact, notices, read-backs, conflicts, proposals.
//!
//! Data goes one way: bytes become a [`Frame`] or a [`Submission`], checked ones become [`VerifiedFrame`]s, the pure
//! [`Channel::decide`] turns a command into entries or a [`Rejection`], and [`Channel::apply`] folds committed entries
//! into the state. Time and randomness come in with the [`Context`]; no socket, file, clock or task exists here.
//! Formats are in docs/channel-protocol.md.

mod board;
mod channel;
mod class;
mod codec;
mod decide;
mod draft;
mod frame;
mod log;
mod message;
mod pact;
mod station;
mod terms;
mod volume_codec;

pub use board::{Board, ConflictState, Misfit, NoticeState, Origin, ProposalState, ReadBack};
pub use channel::{Anomaly, AnomalyReason, Channel, EntryRef};
pub use class::ActivityClass;
pub use codec::CodecError;
pub use decide::{Command, Context, Decision, Rejection};
pub use draft::{Draft, Entropy, Facts, Submission};
pub use frame::{
    ENTRIES_MAX, EntryFault, FRAME_MAX_BYTES, Frame, FrameAnswer, FrameError, VerifiedEntry, VerifiedFrame,
    VerifiedReceipt, WitnessLine,
};
pub use log::{Log, LogRef, NewestCosignature, PostQuantum};
pub use message::{ConflictKey, Kind, Message, Notice, NoticeAct, Remedy};
pub use pact::{LogKeys, MlDsa44Keys, Pact, PactError};
pub use station::{Changes, KeptNote, MlDsa44Signers, Next, NoteKind, Placed, RestoreError, Signers, Station};
pub use terms::Terms;
pub use volume_codec::VOLUMES_MAX;
