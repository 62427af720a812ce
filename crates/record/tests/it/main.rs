//! Tests of the record against oracles that nobody here wrote.

mod golden;
mod keys;
mod tree;
