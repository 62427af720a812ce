//! The integration tests of the shell, in one binary.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic, in its helpers too")]

mod bells;
mod bench;
mod cable;
mod carriage;
mod cases;
mod channels;
mod clocks;
mod command;
mod command_ground;
mod command_monitor;
mod command_post_quantum;
mod dictation;
mod dss_clock;
#[cfg(debug_assertions)]
mod dss_crash;
mod dss_hostile;
mod dss_http;
mod dss_issuer;
mod dss_keys;
mod dss_load;
mod dss_replica;
mod dss_seat;
mod dss_serve;
mod dss_token;
mod dss_torture;
mod dss_traces;
mod duty_desk;
mod encounters;
mod full_disk;
mod fuzz_targets;
mod hotline;
mod legs;
mod listener;
mod loopback;
mod mistyped;
mod node;
mod officers;
mod papers;
mod plans;
mod position;
mod protected;
mod questions;
mod recording;
mod remedy;
mod rotation;
mod scenarios;
mod screens;
mod settlement;
mod slow_link;
mod storage;
mod storage_archive;
#[cfg(debug_assertions)]
mod storage_crash;
mod storage_disk;
mod storage_ground;
#[cfg(debug_assertions)]
mod storage_trace;
mod suspended;
mod transport;
mod transport_imposter;
mod transport_slow;
