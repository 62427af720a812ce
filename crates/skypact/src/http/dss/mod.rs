//! The DSS over HTTP: F3548-21 `/dss/v1` and what deployed clients expect beside it. A request goes one way: token, scope of the
//! endpoint, body, parse, then to whoever writes.

mod access_log;
mod beside;
pub mod keys;
pub mod metrics;
mod reply;
mod route;
mod service;
pub mod token;

pub use access_log::AccessLog;
pub use reply::too_slow;
pub use service::{Door, DssService, ServiceOptions, router};
