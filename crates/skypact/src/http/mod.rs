//! The local API: JSON over HTTP/1.1 on a Unix socket, for the command line and the console of the same machine.
//! Reading needs the node's own user (peer credentials); acting needs an officer's signature besides.

pub mod client;
pub mod listener;
pub mod problem;
pub mod routes;
pub mod unix;
pub mod views;
