//! Tests of the channel as its users see it: two machines in virtual time that exchange frames by hand.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod agreement;
mod bytes;
mod exchange;
mod golden;
mod parties;
mod post_quantum;
mod refusals;
