//! Availabilities and reports.

use skypact_f3548::wire::{self, UssAvailabilityStatus, UssAvailabilityStatusResponse};
use skypact_f3548::{EntityId, ErrorReport, SetUssAvailability};

use crate::change::Stamp;
use crate::entity::Availability;
use crate::state::Dss;

impl Dss {
    pub(super) fn set_availability(
        &mut self,
        uss: &str,
        request: &SetUssAvailability,
        stamp: &Stamp,
    ) -> UssAvailabilityStatusResponse {
        let held = Availability { state: request.availability, version: stamp.fresh_id(0) };
        let response = UssAvailabilityStatusResponse {
            version: held.version_text(),
            status: UssAvailabilityStatus { uss: uss.into(), availability: held.state },
        };
        self.availabilities.insert(uss.to_owned(), held);
        response
    }

    /// A report changes nothing: it is archived in the record, under an id of its own.
    pub(super) fn report(request: &ErrorReport, stamp: &Stamp) -> wire::ErrorReport {
        let report_id = EntityId(stamp.fresh_id(0)).to_string().parse();
        let report_id = Some(report_id.expect("36 characters are within 128"));
        wire::ErrorReport { report_id, exchange: request.exchange.clone() }
    }
}
