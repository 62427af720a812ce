//! Integration tests of the airspace crate, one binary.

mod altitudes;
mod cover;
mod footprints;
mod index;
mod line;
mod oracle;
mod position_errors;
mod positions;
mod rules;
