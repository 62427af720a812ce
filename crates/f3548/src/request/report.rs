//! The report that an exchange went wrong, as its reporter sends it.

use super::{ParseOptions, Request, RequestError, Unwritable};
use crate::wire;

/// An exchange that went wrong. The receiver gives the report its id, so one that was sent along is dropped.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorReport {
    /// The exchange.
    pub exchange: wire::ExchangeRecord,
}

impl Request for ErrorReport {
    type Wire = wire::ErrorReport;

    fn from_wire(wire: Self::Wire, _options: &ParseOptions) -> Result<Self, RequestError> {
        Ok(Self { exchange: wire.exchange })
    }

    fn to_wire(&self) -> Result<Self::Wire, Unwritable> {
        Ok(Self::Wire { report_id: None, exchange: self.exchange.clone() })
    }
}
