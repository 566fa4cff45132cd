//! Seeded random numbers: the traffic of one run resembles that of the next.

use core::time::Duration;

/// `SplitMix64`, public domain, by Sebastiano Vigna (prng.di.unimi.it/splitmix64.c).
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A generator of its own for a task that runs beside this one.
    pub(super) const fn fork(&mut self) -> Self {
        Self(self.next())
    }

    /// From `low` to `high`, both included. The bias of the remainder does not matter here.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    pub(super) fn millis(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_millis(self.between(low, high))
    }

    pub(super) fn bytes(&mut self, count: usize) -> Vec<u8> {
        core::iter::repeat_with(|| self.next().to_le_bytes()).flatten().take(count).collect()
    }
}
