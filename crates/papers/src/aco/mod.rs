//! The airspace sets of an airspace control order (ACO) or of a request for one (ACMREQ): US MIL-STD-6040, NATO ADatP-3. A means
//! of control (ACM) with a circle, a polygon or a corridor is a volume.
//!
//! The standards are not public in full. What is known of the sets, and from where, is in docs/guide/aco.md; a set that is not
//! known refuses the order, since it may cancel or move what stands beside it. What a notice states finer than an order can is
//! rounded outwards: an order never protects less.

mod dtg;
mod forms;
mod levels;
mod outwards;
mod read;
mod sets;
mod write;

pub use read::read;
pub use write::{AcoError, Loss, Written, write};

/// Name of the format, and the usual ending of its files.
pub const NAME: &str = "aco";

/// What the amplification of an ACM begins with when it was written here; then its keys follow, each with its value.
const MARK: &str = "SKYPACT";

/// What an order has no field for, and stands in the amplification (AMPN) of an ACM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    /// What the ACMs of one notice have in common.
    Notice,
    Class,
    Party,
    CallSign,
    Contact,
    /// Of a corridor: that it reaches around its ends; not read, since here it always does.
    Ends,
}

impl Key {
    const ALL: [Self; 6] = [Self::Notice, Self::Class, Self::Party, Self::CallSign, Self::Contact, Self::Ends];

    const fn name(self) -> &'static str {
        match self {
            Self::Notice => "NOTICE",
            Self::Class => "CLASS",
            Self::Party => "PARTY",
            Self::CallSign => "CALL-SIGN",
            Self::Contact => "CONTACT",
            Self::Ends => "ENDS",
        }
    }
}
