//! The DSS server of ASTM F3548-21: who may call it, and what an operator sees of it.

pub mod keys;
pub mod metrics;
pub mod token;
