//! Tests of the channel as its users see it: two machines in virtual time that exchange frames by hand.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod agreement;
mod anchors;
mod bytes;
mod carriage;
mod cases;
mod clocks;
mod desk;
mod erasure;
mod exchange;
mod golden;
mod guard;
mod keys;
mod parties;
mod periods;
mod post_quantum;
mod posts;
mod recovery;
mod refusals;
mod rotation;
mod rotation_of_mirror;
mod rotation_of_root;
mod settlement;
mod short_form;
mod snapshot;
mod stop;
mod suspension;
mod timeliness;
