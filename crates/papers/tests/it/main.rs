//! Papers in and out: every one comes back as it was, and what is wrong in one is told by line and field.

mod aco;
mod faults;
mod fixtures;
mod notam;
mod notices;
mod round_trip;
