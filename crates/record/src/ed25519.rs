//! The one Ed25519 rule (docs/record-format.md, section 3), computed in two ways that give the same answer for every input:
//! by `verify_strict`, and for keys that check many signatures by a table of multiples, which saves the doublings of each check.
//! Everything here is public, so nothing needs to take constant time.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, OnceLock};

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::traits::Identity as _;
use curve25519_dalek::{EdwardsPoint, Scalar};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha512};

/// A public key that was checked when it was read.
pub(crate) struct Ed25519Key {
    key: VerifyingKey,
    /// Signatures checked so far without the table.
    checks: AtomicU32,
    /// Multiples of the negated key.
    table: OnceLock<Multiples>,
}

impl Ed25519Key {
    /// Checks after which a key gets its table. Making it takes the time of about eight checks, and a table saves half of each:
    /// whoever sends signatures that do not hold cannot make the verifier work much more than without tables.
    pub(crate) const CHECKS_BEFORE_TABLE: u32 = 16;

    /// The key of its bytes, if they are the canonical encoding of a point that is not of small order.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; 32] = bytes.try_into().ok()?;
        let key = VerifyingKey::from_bytes(bytes).ok()?;
        // Decoding reduces the coordinate: a key that re-encodes differently was not canonical.
        let canonical = key.to_edwards().compress().to_bytes() == *bytes;
        let accepted = canonical && !key.is_weak();
        accepted.then(|| Self { key, checks: AtomicU32::new(0), table: OnceLock::new() })
    }

    /// Whether `signature` holds over `message`.
    pub(crate) fn holds(&self, message: &[u8], signature: &Signature) -> bool {
        if self.checks.load(Ordering::Relaxed) >= Self::CHECKS_BEFORE_TABLE {
            return self.holds_by_table(message, signature);
        }
        self.checks.fetch_add(1, Ordering::Relaxed);
        self.key.verify_strict(message, signature).is_ok()
    }

    /// Computes R = `[S]B - [k]A` and compares encodings. What `compress` gives is canonical and decodes to the point that was
    /// compressed, so equality proves both of the R that was received, and the order of the one is that of the other.
    fn holds_by_table(&self, message: &[u8], signature: &Signature) -> bool {
        let r = signature.r_bytes();
        let Some(s) = Scalar::from_canonical_bytes(*signature.s_bytes()).into_option() else { return false };
        let hash = Sha512::new().chain_update(r).chain_update(self.key.as_bytes()).chain_update(message).finalize();
        let k = Scalar::from_bytes_mod_order_wide(&hash.into());
        let table = self.table.get_or_init(|| Multiples::of(-self.key.to_edwards()));
        let expected = BASEPOINT.times(&s) + table.times(&k);
        expected.compress().as_bytes() == r && !expected.is_small_order()
    }
}

static BASEPOINT: LazyLock<Multiples> = LazyLock::new(|| Multiples::of(ED25519_BASEPOINT_POINT));

/// Bits of a digit.
const WIDTH: usize = 6;
/// Largest digit; the smallest is one more than its negation.
const HALF: usize = 1 << (WIDTH - 1);
/// Digits of a scalar, which is below 2^253; the last one has room for the carry.
const DIGITS: usize = 253usize.div_ceil(WIDTH);

/// A point times 1 to 32, each times every power of 64: 215 KiB.
struct Multiples {
    rows: Vec<[EdwardsPoint; HALF]>,
}

impl Multiples {
    fn of(point: EdwardsPoint) -> Self {
        let mut unit = point;
        let row = |_| {
            let mut multiple = EdwardsPoint::identity();
            let row = [(); HALF].map(|()| {
                multiple += unit;
                multiple
            });
            unit = multiple + multiple;
            row
        };
        Self { rows: (0..DIGITS).map(row).collect() }
    }

    /// The point times `scalar`.
    fn times(&self, scalar: &Scalar) -> EdwardsPoint {
        let terms = digits(scalar.as_bytes()).into_iter().zip(&self.rows);
        terms.fold(EdwardsPoint::identity(), |sum, (digit, row)| {
            let Some(place) = usize::from(digit.unsigned_abs()).checked_sub(1) else { return sum };
            if digit > 0 { sum + row[place] } else { sum - row[place] }
        })
    }
}

/// The digits of a little-endian number below 2^253 to the base 64, lowest first, each from -31 to 32.
fn digits(number: &[u8; 32]) -> [i8; DIGITS] {
    let mut carry = 0;
    std::array::from_fn(|place| {
        let (byte, bit) = (place * WIDTH / 8, place * WIDTH % 8);
        let two_bytes = u16::from_le_bytes([number[byte], number.get(byte + 1).copied().unwrap_or(0)]);
        let digit = (two_bytes >> bit) as i8 & 63;
        let digit = digit + carry;
        carry = i8::from(digit > HALF as i8);
        digit - carry * 64
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_multiplies_as_the_library_does_whatever_the_digits() {
        let point = ED25519_BASEPOINT_POINT * Scalar::from(7_u8);
        let table = Multiples::of(point);
        let same_digit =
            |digit: u8| (0..41).fold(Scalar::ZERO, |sum, _| sum * Scalar::from(64_u8) + Scalar::from(digit));
        let scalars = (0..64).map(same_digit).chain([-Scalar::ONE, -Scalar::from(32_u8)]);
        for scalar in scalars.chain((0..256).map(|power| -Scalar::from(3_u8) * Scalar::from(1_u128 << (power % 128)))) {
            assert_eq!(table.times(&scalar), point * scalar, "{scalar:?}");
        }
    }
}
