//! The DSS over HTTP: F3548-21 `/dss/v1` and what deployed clients expect beside it. A request goes one way: token, scope of the
//! endpoint, body, parse, then to whoever writes.

mod access_log;
mod beside;
pub mod keys;
pub mod metrics;
mod options;
mod reply;
mod route;
mod server;
mod service;
pub mod token;
mod traces;

pub use options::DssOptions;
pub use server::{DssServer, StartError};
pub use traces::TracesError;
