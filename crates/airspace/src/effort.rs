//! How much exact geometry a question may take, so that shapes made to take long hold nobody up.

/// Work left to the exact predicates, in comparisons: of two volumes' windows and bands, and of each pair of edges. Once it is spent, whatever
/// is still to be compared counts as meeting where its boxes meet: that errs to the safe side, and in the same way on every machine.
#[derive(Clone, Debug)]
pub struct Effort {
    comparisons_left: u64,
}

impl Effort {
    /// What a single pair of footprints may take. Two combs with 120 teeth of 7 km in each other's gaps take 377,079; more take only outlines
    /// that come close in even more places without meeting, which nothing that flies needs.
    pub const ONE_PAIR: Self = Self::of_comparisons(1 << 19);

    /// That many comparisons. A pair of edges took 3 ns in those combs, and 0.4 us where all edges lie on one great circle
    /// (docs/performance.md).
    pub const fn of_comparisons(comparisons: u64) -> Self {
        Self { comparisons_left: comparisons }
    }

    /// Whether nothing is left.
    pub const fn is_spent(&self) -> bool {
        self.comparisons_left == 0
    }

    pub(crate) fn spend(&mut self, comparisons: usize) {
        self.comparisons_left = self.comparisons_left.saturating_sub(comparisons as u64);
    }

    /// Looks at one pair of footprints with no more than it may take.
    pub(crate) fn for_one_pair<T>(&mut self, look: impl FnOnce(&mut Self) -> T) -> T {
        let given = self.comparisons_left.min(Self::ONE_PAIR.comparisons_left);
        let mut share = Self::of_comparisons(given);
        let seen = look(&mut share);
        self.comparisons_left -= given - share.comparisons_left;
        seen
    }
}
