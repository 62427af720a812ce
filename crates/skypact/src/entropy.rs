//! The node's one source of randomness: the operating system's generator.
//!
//! Ids and salts are drawn here, at the edge, and reach the pure rooms as arguments. A machine without randomness must
//! not sign or connect, so failure of the generator ends the process.

use std::time::Duration;

use skypact_airspace::UtcNanos;
use skypact_channel::{Entropy, uuid_v7};

/// The generator as the pure rooms ask for it, for drafting acts.
#[derive(Clone, Copy, Debug)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn message_id(&mut self, now: UtcNanos) -> [u8; 16] {
        message_id(now.0)
    }

    fn salt(&mut self) -> [u8; 32] {
        salt()
    }
}

/// Fills `buffer` with bytes from the operating system's generator.
///
/// # Panics
/// When the operating system gives no random bytes.
#[expect(clippy::disallowed_methods, reason = "the one place that draws randomness")]
pub fn fill(buffer: &mut [u8]) {
    getrandom::fill(buffer).expect("the operating system gives random bytes; without them nothing here is safe");
}

/// A fresh message id: a version 7 UUID ([`uuid_v7`]) for `now_utc_ns` over random bits. Ids made in later milliseconds sort
/// later.
pub fn message_id(now_utc_ns: i64) -> [u8; 16] {
    uuid_v7(random(), UtcNanos(now_utc_ns))
}

/// A fresh salt for the commitment to one body part.
pub fn salt() -> [u8; 32] {
    random()
}

/// Random bytes.
pub fn random<const BYTES: usize>() -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    fill(&mut bytes);
    bytes
}

/// A random duration in `[0, bound)`, zero when the bound is zero: it spreads the reconnections of many nodes.
pub fn jitter(bound: Duration) -> Duration {
    let bound_ns = u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(u64::from_le_bytes(random()).checked_rem(bound_ns).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_carries_its_time_and_the_marks_of_version_7() {
        // The time of the example in RFC 9562 appendix A.6.
        let id = message_id(0x017F_22E2_79B0 * 1_000_000 + 999_999);
        assert_eq!(id[..6], [0x01, 0x7F, 0x22, 0xE2, 0x79, 0xB0]);
        assert_eq!(id[6] >> 4, 7);
        assert_eq!(id[8] >> 6, 0b10);
        assert_ne!(id, message_id(0x017F_22E2_79B0 * 1_000_000));
        assert_eq!(message_id(-5)[..6], [0; 6]);
    }

    #[test]
    fn jitter_stays_under_its_bound() {
        assert_eq!(jitter(Duration::ZERO), Duration::ZERO);
        assert!((0..1000).all(|_| jitter(Duration::from_nanos(3)) < Duration::from_nanos(3)));
    }
}
