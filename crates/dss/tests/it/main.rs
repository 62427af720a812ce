//! Integration tests of the dss crate, one binary.

mod agreement;
mod desk;
mod hostile;
mod machine;
mod model;
mod record;
mod requests;
mod rules;
mod steps;
