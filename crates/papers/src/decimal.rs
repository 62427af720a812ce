//! Decimal numbers, exactly: digits and a power of ten. No floating point.

/// Most digits, and the range of the power of ten: what a program prints of any 64-bit floating-point number near 1.
const DIGITS_MAX: usize = 24;
const POWER_MIN: i32 = -30;
const POWER_MAX: i32 = 12;

/// `digits * 10^power`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decimal {
    digits: i128,
    power: i32,
}

/// A whole number of some unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whole {
    /// The nearest one, halves away from zero.
    pub(crate) nearest: i64,
    /// Whether it is the number itself.
    pub(crate) is_exact: bool,
}

impl Decimal {
    /// Reads `12`, `-0.5`, `+3.25` or `1.5e-7`; nothing else, and nothing beyond the bounds above.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let unsigned = number.strip_prefix(['-', '+']).unwrap_or(number);
        let (whole, after) = match unsigned.split_once('.') {
            Some((whole, after)) if !after.is_empty() => (whole, after),
            Some(_) => return None,
            None => (unsigned, ""),
        };
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_digits(whole) || !is_digits(after) {
            return None;
        }
        let (whole, after) = (whole.trim_start_matches('0'), after.trim_end_matches('0'));
        let power = exponent.checked_sub(i32::try_from(after.len()).ok()?)?;
        if whole.len() + after.len() > DIGITS_MAX || !(POWER_MIN..=POWER_MAX).contains(&power) {
            return None;
        }
        let mut digits = 0_i128;
        for digit in whole.bytes().chain(after.bytes()) {
            digits = digits * 10 + i128::from(digit - b'0');
        }
        Some(Self { digits: if number.starts_with('-') { -digits } else { digits }, power })
    }

    /// `self * times / over`, as a whole number; none where it is out of range.
    pub(crate) fn scaled(self, times: i64, over: i64) -> Option<Whole> {
        let ten = |power: u32| 10_i128.checked_pow(power);
        let (mut above, mut below) = (self.digits.checked_mul(i128::from(times))?, i128::from(over));
        if self.power >= 0 {
            above = above.checked_mul(ten(self.power.unsigned_abs())?)?;
        } else {
            below = below.checked_mul(ten(self.power.unsigned_abs())?)?;
        }
        let magnitude = (above.abs() + below / 2) / below;
        let nearest = i64::try_from(if above < 0 { -magnitude } else { magnitude }).ok()?;
        Some(Whole { nearest, is_exact: above % below == 0 })
    }
}

/// `whole / 10^decimals`, exactly, without needless zeros.
pub(crate) fn decimal_text(whole: i64, decimals: usize) -> String {
    let sign = if whole < 0 { "-" } else { "" };
    let digits = format!("{:0>1$}", whole.unsigned_abs(), decimals + 1);
    let (before, after) = digits.split_at(digits.len() - decimals);
    let after = after.trim_end_matches('0');
    if after.is_empty() { format!("{sign}{before}") } else { format!("{sign}{before}.{after}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn e9(text: &str) -> Option<(i64, bool)> {
        let whole = Decimal::read(text)?.scaled(1_000_000_000, 1)?;
        Some((whole.nearest, whole.is_exact))
    }

    #[test]
    fn a_decimal_is_read_to_its_last_digit() {
        assert_eq!(e9("35.2854"), Some((35_285_400_000, true)));
        assert_eq!(e9("-0.000000001"), Some((-1, true)));
        assert_eq!(e9("1e-9"), Some((1, true)));
        assert_eq!(e9("40.17600000000000001"), Some((40_176_000_000, false)));
        assert_eq!(e9("0.0000000005"), Some((1, false)));
        assert_eq!(e9("-0.0000000005"), Some((-1, false)));
        for none in ["", ".", "1.", ".5", "--1", "1e", "1e99", "nan", "inf", "0x10", "1_0", "١", "1e-400", " 1"] {
            assert_eq!(e9(none), None, "{none}");
        }
        assert_eq!(e9(&"9".repeat(25)), None, "too many digits");
        assert_eq!(e9("9999999999999"), None, "out of range");
    }

    proptest! {
        #[test]
        fn a_whole_number_comes_back_from_its_decimal(whole: i64, decimals in 0_usize..12) {
            let decimal = Decimal::read(&decimal_text(whole, decimals)).expect("a decimal");
            let back = decimal.scaled(10_i64.pow(decimals as u32), 1).expect("in range");
            prop_assert_eq!(back, Whole { nearest: whole, is_exact: true });
        }
    }
}
