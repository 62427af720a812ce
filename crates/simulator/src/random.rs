//! All chance of a run, out of its seed. `SplitMix64` (Steele, Lea, Flood 2014): small, fast, and the same everywhere.

use skypact_airspace::UtcNanos;
use skypact_channel::Entropy;

/// A stream of numbers.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// The stream of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Another stream, which what is drawn here later does not change.
    pub(crate) fn fork(&mut self) -> Self {
        Self(self.next())
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not 0. The bias of the remainder is of no matter here.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A place in a list of `length` items, which is not 0.
    pub(crate) fn place(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    /// Whether something of this many in a thousand happens.
    pub(crate) fn happens(&mut self, in_thousand: u64) -> bool {
        self.below(1000) < in_thousand
    }
}

/// What a node draws from, which ends: a station that says things without end, within one call, is found by it.
#[derive(Debug)]
pub(crate) struct BoundedRandom {
    random: Random,
    left: u64,
}

impl BoundedRandom {
    /// The stream, for so many ids and salts.
    pub(crate) fn new(random: Random, draws_max: u64) -> Self {
        Self { random, left: draws_max }
    }

    fn draw(&mut self) -> &mut Random {
        self.left = self.left.checked_sub(1).expect("a node that does not say things without end");
        &mut self.random
    }
}

impl Entropy for BoundedRandom {
    fn message_id(&mut self, now: UtcNanos) -> [u8; 16] {
        self.draw().message_id(now)
    }

    fn salt(&mut self) -> [u8; 32] {
        self.draw().salt()
    }
}

impl Entropy for Random {
    fn message_id(&mut self, _now: UtcNanos) -> [u8; 16] {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.next().to_be_bytes());
        id[8..].copy_from_slice(&self.next().to_be_bytes());
        id
    }

    fn salt(&mut self) -> [u8; 32] {
        let mut salt = [0; 32];
        for chunk in salt.chunks_exact_mut(8) {
            chunk.copy_from_slice(&self.next().to_be_bytes());
        }
        salt
    }
}
