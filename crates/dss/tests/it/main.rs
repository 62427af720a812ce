//! Integration tests of the dss crate, one binary.

mod agreement;
mod desk;
mod hostile;
mod machine;
mod model;
mod record;
mod replay;
mod requests;
mod rules;
mod steps;
