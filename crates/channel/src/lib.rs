//! One party of a deconfliction channel as a state machine: pact, notices, read-backs, conflicts, proposals.
//!
//! Data goes one way: bytes become a [`Frame`] or a [`Submission`], checked ones become [`VerifiedFrame`]s, the pure
//! [`Channel::decide`] turns a command into entries or a [`Rejection`], and [`Channel::apply`] folds committed entries
//! into the state. Time and randomness come in with the [`Context`]; no socket, file, clock or task exists here.
//! Formats are in docs/channel-protocol.md.

mod act_keys;
mod agenda;
mod agenda_book;
mod agenda_items;
mod anchor;
mod assurance;
mod board;
mod carriage;
mod case;
mod case_book;
mod channel;
mod class;
mod clocks;
mod codec;
mod commitment;
mod decide;
mod dictation;
mod draft;
mod erasure;
mod existence;
mod frame;
mod frames_file;
mod health;
mod hotline;
mod kind;
mod line;
mod log;
mod message;
mod notice;
mod pact;
mod period;
pub mod phrasebook;
mod propagation;
mod protected;
mod protected_list;
mod quota;
mod recovery;
mod short_form;
mod statement;
mod station;
mod stop;
mod suspension;
mod terms;
mod timeliness;
mod volume_codec;
mod watch;
mod watch_bill;

pub use act_keys::ActKeys;
pub use agenda::{AgendaAct, AgendaEntry, AgendaItem};
pub use agenda_book::{AgendaBook, AgendaDecision, Discussed};
pub use agenda_items::{OpenItem, Point, Topic, agenda};
pub use anchor::{Anchor, Witnessed};
pub use assurance::{Assurance, AssuranceAct, AssuranceBook, AssuranceState};
pub use board::{
    AnnouncedCrossing, Board, ConflictState, Misfit, NoticeState, Origin, ProposalState, ReadBack, Version,
};
pub use carriage::{Carriage, CarriageError, ExportFrom, Heard, OwnLogs, Run, VerifiedAnswer};
pub use case::{CaseAct, CaseEntry, CaseFile, CaseReport, Cited, Neutral, NeutralFinding};
pub use case_book::{Answer, Asked, Case, CaseBook, Cause, CauseKind, Causes, Closed, Evidence};
pub use channel::snapshot::SnapshotError;
pub use channel::{Anomaly, AnomalyReason, Channel, EntryRef, KeyChangeEntry};
pub use class::ActivityClass;
pub use clocks::{CLOCK_OFF_NS, CLOCK_WARN_NS, ClockState, Clocks, OtherClock, Span, Suspect};
pub use codec::CodecError;
pub use commitment::{Commitment, CommitmentBook, CommitmentFinding, CommitmentStand, CommitmentState, Finding};
pub use decide::{Command, Context, Decision, Rejection};
pub use dictation::{DICTATION_MAX_BYTES, Dictation, DictationError, dictate, spell};
pub use draft::{Draft, Entropy, Facts, Submission, uuid_v7};
pub use erasure::{Erasable, Erased, ErasureError, ErasureState, Refold, Residue};
pub use existence::Existence;
pub use frame::{
    ENTRIES_MAX, EntryFault, FRAME_MAX_BYTES, Frame, FrameAnswer, FrameError, VerifiedEntry, VerifiedFrame,
    VerifiedReceipt, WitnessLine,
};
pub use frames_file::{
    FRAMES_FILE_MAX_BYTES, FRAMES_FILE_MAX_ITEMS, FramesFileError, FramesHead, FramesItem, FramesReader, FramesWriter,
};
pub use health::{PartyWeek, WEEK_NS, Week, health, week_start};
pub use hotline::{Hotline, HotlineThread, Parameter, ParameterKind, is_language_tag};
pub use kind::Kind;
pub use line::{
    CountedCrossing, CrossingDispute, CrossingReport, CrossingStand, DayCount, DisputeAct, DisputeReason, LineBook,
    ReportedCrossing, days,
};
pub use log::{Log, LogRef, NewestCosignature, PostQuantum};
pub use message::{ConflictKey, Message, Remedy};
pub use notice::{Notice, NoticeAct};
pub use pact::{LogKeys, MlDsa44Keys, Pact, PactError};
pub use period::{Period, PeriodSpan, PlacedPeriod};
pub use propagation::{APPLIED_BEFORE_NS, Propagation, Reach, Units, nearest};
pub use protected::{Protected, Protection, Verification};
pub use protected_list::{ListReceipt, PlacedReceipt, ProtectedList};
pub use recovery::{MirrorRun, RECOVERY_MAX_BYTES, Rebuild, Rebuilt, Recovered, RecoveryError};
pub use short_form::{SHORT_FORM_MAX_BYTES, ShortAnswer, ShortForm, ShortFormError};
pub use statement::{Statement, StatementBook, StatementState};
pub use station::{Changes, KeptNote, MlDsa44Signers, Next, NoteKind, Placed, RestoreError, Shown, Signers, Station};
pub use stop::{Alarm, Alarms, Rung, Stop, StopArea, StopRung};
pub use suspension::{Cut, LogHead, Reconciled, Stand, Suspension, Suspensions};
pub use terms::Terms;
pub use timeliness::{Timeliness, WitnessTimes};
pub use volume_codec::VOLUMES_MAX;
pub use watch::{TEST_CALL_EVERY_NS, TestCall, TestCalls, Watch, WatchAct, WatchBook};
pub use watch_bill::{BillBook, BillTurn, WatchBill};
