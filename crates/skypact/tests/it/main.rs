//! The integration tests of the shell, in one binary.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic, in its helpers too")]

mod storage;
mod storage_ground;
