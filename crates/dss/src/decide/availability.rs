//! Rule 14: any arbitrator sets any USS, from the version that is current.

use skypact_f3548::SetUssAvailability;

use crate::entity::Availability;
use crate::rejection::Rejection;
use crate::state::Dss;

/// Longest `uss_id`, in bytes.
const USS_ID_BYTES_MAX: usize = 256;

impl Dss {
    pub(super) fn decide_set_availability(&self, uss: &str, request: &SetUssAvailability) -> Result<(), Rejection> {
        if uss.is_empty() || uss.len() > USS_ID_BYTES_MAX {
            let reason = format!("has {} bytes; give 1 to {USS_ID_BYTES_MAX}", uss.len());
            return Err(Rejection::field("uss_id", "uss-id-length", reason));
        }
        let current = self.availabilities.get(uss).map(Availability::version_text).unwrap_or_default();
        if request.old_version == current { Ok(()) } else { Err(Rejection::AvailabilityVersion) }
    }
}
