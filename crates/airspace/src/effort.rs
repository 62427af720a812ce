//! How much exact geometry a question may take, so that shapes made to take long hold nobody up.

/// Work left to the exact predicates, in pairs of edges that are compared. Once it is spent, whatever is still to be compared counts as
/// meeting where its boxes meet: that errs to the safe side, and in the same way on every machine.
#[derive(Clone, Debug)]
pub struct Effort {
    edge_pairs_left: u64,
}

impl Effort {
    /// What a single pair of footprints may take. Two combs with 120 teeth of 7 km in each other's gaps take 377,079; more take only outlines
    /// that come close in even more places without meeting, which nothing that flies needs.
    pub const ONE_PAIR: Self = Self::of_edge_pairs(1 << 19);

    /// That many pairs of edges. One took 3 ns in those combs, and 0.4 us where all edges lie on one great circle (docs/performance.md).
    pub const fn of_edge_pairs(edge_pairs: u64) -> Self {
        Self { edge_pairs_left: edge_pairs }
    }

    /// Whether nothing is left.
    pub const fn is_spent(&self) -> bool {
        self.edge_pairs_left == 0
    }

    pub(crate) fn spend(&mut self, edge_pairs: usize) {
        self.edge_pairs_left = self.edge_pairs_left.saturating_sub(edge_pairs as u64);
    }

    /// Looks at one pair of footprints with no more than it may take.
    pub(crate) fn for_one_pair<T>(&mut self, look: impl FnOnce(&mut Self) -> T) -> T {
        let given = self.edge_pairs_left.min(Self::ONE_PAIR.edge_pairs_left);
        let mut share = Self::of_edge_pairs(given);
        let seen = look(&mut share);
        self.edge_pairs_left -= given - share.edge_pairs_left;
        seen
    }
}
