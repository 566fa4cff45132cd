//! A small seeded generator, so that every random test can be repeated.

/// Random numbers; equal seeds give equal sequences.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A generator for a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    ///
    /// Source: SplitMix64, prng.di.unimi.it/splitmix64.c (public domain).
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which must not be 0.
    #[expect(clippy::cast_possible_truncation, reason = "any bits will do")]
    pub fn below(&mut self, end: usize) -> usize {
        self.next_u64() as usize % end
    }

    /// True once in `times` calls on average.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// Random bytes.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next_u64().to_le_bytes()[0]).collect()
    }

    /// Moves items at random, none further than `distance` places from where it was.
    pub fn shuffle_within<T>(&mut self, items: &mut [T], distance: usize) {
        for chunk in items.chunks_mut(distance + 1) {
            for last in (1..chunk.len()).rev() {
                chunk.swap(last, self.below(last + 1));
            }
        }
    }
}
