//! The numbers of a seed, drawn from a place that several hold.

use core::cell::RefCell;
use weir_usermode::capture::synthetic::Random as Sequence;

/// Random numbers; equal seeds give equal sequences.
#[derive(Debug)]
pub struct Random(RefCell<Sequence>);

impl Default for Random {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Random {
    /// A generator for a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(RefCell::new(Sequence::new(seed)))
    }

    /// Any number.
    pub fn next(&self) -> u64 {
        self.0.borrow_mut().next_u64()
    }

    /// A number below `end`; 0 where that is 0.
    pub fn below(&self, end: usize) -> usize {
        self.0.borrow_mut().below(end.max(1))
    }

    /// True once in `times` calls on average.
    pub fn one_in(&self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of several.
    ///
    /// # Panics
    /// If there are none.
    pub fn one_of<'a, T>(&self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}
