//! The discovery and synchronization service (DSS) of ASTM F3548-21 as a state machine.
//!
//! Pure: time and randomness come in with a [`Stamp`]. A change goes one way: [`Dss::decide`] says whether it is allowed,
//! its [`Recorded`] form is stored, [`Dss::apply`] folds it in and gives the answer. Replaying the recorded changes
//! ([`Dss::replay`]) gives the same state and the same answers. Queries ([`query`]) read the state as it is.

pub mod answer;
mod apply;
pub mod change;
mod decide;
pub mod entity;
pub mod ovn;
pub mod query;
pub mod record;
mod register;
pub mod rejection;
pub mod replay;
pub mod scope;
pub mod snapshot;
pub mod state;

pub use answer::Answer;
pub use change::{Change, Operation, Stamp, Target, path_id};
pub use query::{Query, QueryAnswer};
pub use record::{Recorded, RecordedError};
pub use rejection::{Rejection, RejectionClass};
pub use replay::ReplayError;
pub use scope::{Caller, Endpoint, Scope, Scopes};
pub use state::Dss;
