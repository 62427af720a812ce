//! Tests of the record against oracles that nobody here wrote.

mod bundle;
mod codec;
mod fork;
mod golden;
mod interop;
mod journal;
mod keys;
mod notes;
mod python;
mod sealing;
mod tiles;
mod tree;
