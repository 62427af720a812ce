//! Surveillance input: what is known of aircraft in flight, as fixes with their units and datum.
//! A feed never decides anything; what it could not read, or refused to believe, it counts and reports.

pub mod line;
pub mod recording;
