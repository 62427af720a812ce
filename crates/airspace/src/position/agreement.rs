//! Whether several statements of one position agree: each is held against each other, since of three forms any one may be
//! the wrong one. Pure and the same everywhere, so that a receiver who has the forms finds what the sender found.

use super::StatedPosition;
use super::area::{Separation, separation};

/// Most statements of one position: each pair of them is compared.
pub const FORMS_MAX: usize = 8;

/// Two statements and how far apart they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Place of the one among the statements.
    pub first: usize,
    /// Place of the other, which comes later.
    pub second: usize,
    /// How far apart they are.
    pub separation: Separation,
    /// Whether that is within the tolerance.
    pub agree: bool,
}

/// What came of comparing statements of one position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// Greatest distance of the areas that counts as agreement, in millimetres.
    pub tolerance_mm: i64,
    /// Each pair of statements, in order.
    pub pairs: Vec<Pair>,
}

impl Agreement {
    /// Compares the first [`FORMS_MAX`] statements with each other; callers refuse more. The tolerance is the pact's
    /// (`position_tolerance_mm`); a negative one counts as zero.
    pub fn of(statements: &[StatedPosition], tolerance_mm: i64) -> Self {
        let tolerance_mm = tolerance_mm.max(0);
        let statements = &statements[..statements.len().min(FORMS_MAX)];
        let mut pairs = Vec::new();
        for (first, one) in statements.iter().enumerate() {
            for (second, other) in statements.iter().enumerate().skip(first + 1) {
                let separation = separation(one.area(), other.area());
                pairs.push(Pair { first, second, separation, agree: separation.apart_mm <= tolerance_mm });
            }
        }
        Self { tolerance_mm, pairs }
    }

    /// Whether all of them agree.
    pub fn holds(&self) -> bool {
        self.pairs.iter().all(|pair| pair.agree)
    }

    /// The two that are farthest apart, if not all agree.
    pub fn worst(&self) -> Option<&Pair> {
        self.pairs.iter().filter(|pair| !pair.agree).max_by_key(|pair| pair.separation.apart_mm)
    }
}

/// A distance for people, in kilometres and nautical miles: `8.99 km (4.85 NM)`.
pub fn distance_text(mm: i64) -> String {
    format!("{:.2} km ({:.2} NM)", mm as f64 / 1e6, mm as f64 / 1_852_000.0)
}
