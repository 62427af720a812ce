//! The local API: JSON over HTTP, for the command line and the console of the same machine. On a Unix socket the node's own user is
//! known by peer credentials; on loopback an officer is known by a token. Acting needs an officer's signature besides.

pub mod carriage;
mod cases;
pub mod client;
pub mod dictation;
pub mod dss;
mod file_body;
pub mod guard;
pub mod listener;
pub mod loopback;
pub mod openapi;
pub mod problem;
pub(crate) mod remote;
mod request;
pub mod routes;
pub mod tokens;
pub mod unix;
pub mod views;
