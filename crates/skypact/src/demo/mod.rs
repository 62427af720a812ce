//! The demonstration on real recorded flights: what two sides would have notified, and how close their aircraft really came.

pub mod encounters;
pub mod legs;
pub mod play;
pub mod scenario;
pub(crate) mod stage;
pub mod traffic;
