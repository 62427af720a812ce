//! The shell: the one shipped binary around the pure crates. Sockets, files, clock and randomness live here and
//! nowhere else. Data goes one way: `http` and `transport` parse at the border, `node` decides and commits through
//! `storage`, and only then do answers go out.

pub mod alarm;
pub mod bench;
pub mod clock;
pub mod command;
pub mod demo;
pub mod directory;
pub mod dss;
pub mod entropy;
pub mod evidence;
pub mod feeds;
pub mod http;
pub mod keys;
pub mod log_keys;
pub mod monitor;
pub mod node;
pub mod plans;
pub mod storage;
mod system;
pub mod transport;
pub mod witness;
