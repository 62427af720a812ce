//! Views of when an entry provably existed, beside what its author claims.

use serde::{Deserialize, Serialize};
use skypact_channel::{Channel, Origin};
use utoipa::ToSchema;

/// When an entry was placed in its log, as far as this node can prove it, and what its author claims.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EntryTimeView {
    /// When it was signed, as its author claims, nanoseconds UTC.
    pub claimed_ns: i64,
    /// Its place is not older than this: the newest time of a witness that its log cites up to it and that is known here.
    pub not_before_ns: Option<i64>,
    /// It existed by then: a quorum of witnesses had cosigned it.
    pub not_after_ns: Option<i64>,
    /// Whether the claim is outside the proven interval by more than 5 s: a clock was off, or it was signed long before it was placed.
    pub clock_off: bool,
}

impl EntryTimeView {
    /// What to say of a claim that is outside of what is proven.
    pub fn mismatch(&self, time: impl Fn(i64) -> String) -> Option<String> {
        if !self.clock_off {
            return None;
        }
        let bound = |what, at_ns: Option<i64>| at_ns.map(|at_ns| format!("{what} {}", time(at_ns)));
        let bounds = [bound("not before", self.not_before_ns), bound("not after", self.not_after_ns)];
        let proven = bounds.into_iter().flatten().collect::<Vec<_>>().join(" and ");
        Some(format!("CLOCK OFF: claims {}, and was placed {proven}", time(self.claimed_ns)))
    }
}

/// View of the time of an entry.
pub(super) fn entry_time(channel: &Channel, origin: &Origin) -> EntryTimeView {
    let existence = channel.existence(origin);
    EntryTimeView {
        claimed_ns: existence.claimed.0,
        not_before_ns: existence.not_before.map(|at| at.0),
        not_after_ns: existence.not_after.map(|at| at.0),
        clock_off: existence.is_clock_off(),
    }
}
