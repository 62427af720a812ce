//! Whole fleets of nodes and witnesses from one seed, in virtual time: the stations that ship, under a network, disks and
//! clocks that fail and a party that cheats. After every step checkers ask what has to hold whatever happened.
//! The fault model is written down in docs/simulator.md.

mod bounds;
mod check;
mod disk;
mod enemy;
mod fleet;
mod keys;
mod mutation;
mod network;
mod node;
mod officer;
mod random;
mod run;
mod witness;

pub use check::Violation;
pub use mutation::Mutation;
pub use run::{Options, Outcome, run};
