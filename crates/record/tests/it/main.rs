//! Tests of the record against oracles that nobody here wrote.

mod bundle;
mod codec;
mod fork;
mod golden;
mod interop;
mod journal;
mod keys;
mod ml_dsa_44;
mod notes;
mod post_quantum;
mod python;
mod sealing;
mod tiles;
mod tree;
