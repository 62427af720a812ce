//! Integration tests of the airspace crate, one binary.

mod cover;
mod footprints;
mod index;
mod oracle;
mod rules;
