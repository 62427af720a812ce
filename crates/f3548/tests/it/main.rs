//! Integration tests of the f3548 crate, one binary.

mod bodies;
mod contract;
mod hostile;
mod openapi;
mod requests;
mod round_trips;
mod times;
mod values;
