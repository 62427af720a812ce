//! Single values of the contract, each checked when it is made and written as the contract writes it.
//!
//! All of them read from text without allocating in between, and the longer ones are cheap to clone.

mod base_url;
mod error;
mod id;
mod ovn;
mod rfc3339;
mod text;
mod time;

pub use base_url::UssBaseUrl;
pub use error::ValueError;
pub(crate) use error::excerpt;
use error::given;
pub use id::{EntityId, SubscriptionId};
pub use ovn::{Ovn, OvnSuffix};
pub use rfc3339::{Rfc3339, Rounding, parse_utc};
pub(crate) use text::from_text;
pub use text::{Text, UssId};
pub use time::Time;
pub(crate) use time::rounded_up;

/// Serde for a type that is read with `FromStr` and written as the text given here.
macro_rules! text_serde {
    ($type:ty, $expecting:literal, |$value:ident| $text:expr) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let $value = self;
                serializer.serialize_str($text)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::value::text::from_text(deserializer, $expecting)
            }
        }
    };
}
use text_serde;
