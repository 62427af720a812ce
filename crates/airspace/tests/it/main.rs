//! Integration tests of the airspace crate, one binary.

mod footprints;
mod index;
mod oracle;
mod rules;
