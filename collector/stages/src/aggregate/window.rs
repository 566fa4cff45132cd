//! Which of the last sequence numbers have been seen: one bit each, in a ring.

/// Numbers that a window covers at first: 512 bytes.
pub(crate) const WINDOW_BITS: usize = 1 << 12;

/// Most numbers that a window covers: a second of a million events on one processor, 128 KiB.
pub(crate) const WINDOW_BITS_MAX: usize = 1 << 20;

/// A ring of bits over the numbers (top - width, top].
#[derive(Debug)]
pub(crate) struct Window {
    words: Box<[u64]>,
    top: u64,
    /// Numbers up to this one had left the window before it grew: nothing is known of them.
    floor: u64,
}

impl Window {
    /// An empty window up to `top`.
    pub(crate) fn new(top: u64) -> Self {
        Self { words: vec![0; WINDOW_BITS / 64].into_boxed_slice(), top, floor: 0 }
    }

    /// Highest number that it covers.
    pub(crate) const fn top(&self) -> u64 {
        self.top
    }

    /// How many numbers it covers.
    pub(crate) const fn width(&self) -> u64 {
        self.words.len() as u64 * 64
    }

    /// Whether it covers the number.
    pub(crate) const fn covers(&self, number: u64) -> bool {
        number <= self.top && self.top - number < self.width() && number > self.floor
    }

    /// Whether every number above this one is covered.
    pub(crate) const fn reaches(&self, from: u64) -> bool {
        from >= self.top || (self.top - from <= self.width() && from >= self.floor)
    }

    /// Moves the top up to `number` and marks that one alone as seen.
    #[inline]
    pub(crate) fn advance(&mut self, number: u64) {
        if number != self.top + 1 {
            self.skip_to(number - 1);
        }
        self.top = number;
        let (word, bit) = self.place(number);
        self.words[word] |= bit;
        // The bit after it belongs to the oldest number; it is overwritten when its turn comes.
    }

    /// Moves the top up to `number` with nothing seen in between.
    pub(crate) fn skip_to(&mut self, number: u64) {
        if number <= self.top {
            return;
        }
        if number - self.top >= self.width() {
            self.words.fill(0);
        } else {
            self.walk(self.top, number, |word, mask| *word &= !mask);
        }
        self.top = number;
    }

    /// Marks a covered number as seen; `false` where it already was.
    pub(crate) fn insert(&mut self, number: u64) -> bool {
        let (word, bit) = self.place(number);
        let is_new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        is_new
    }

    /// How many numbers in (`from`, top] were seen; `from` must be covered or the one before.
    pub(crate) fn seen_above(&mut self, from: u64) -> u64 {
        let mut seen = 0;
        let top = self.top;
        self.walk(from, top, |word, mask| seen += u64::from((*word & mask).count_ones()));
        seen
    }

    /// Covers at least `width` numbers from now on, as far as the bound allows.
    ///
    /// Returns by how many bytes it grew.
    pub(crate) fn grow(&mut self, width: u64) -> usize {
        let wanted = usize::try_from(width).unwrap_or(WINDOW_BITS_MAX).min(WINDOW_BITS_MAX);
        let words = wanted.next_power_of_two() / 64;
        if words <= self.words.len() {
            return 0;
        }
        let (top, old_width) = (self.top, self.width());
        let old = core::mem::replace(&mut self.words, vec![0; words].into_boxed_slice());
        for number in top.saturating_sub(old_width - 1)..=top {
            let place = number & (old_width - 1);
            if old[index(place / 64)] & (1 << (place % 64)) != 0 {
                self.insert(number);
            }
        }
        self.floor = self.floor.max(top.saturating_sub(old_width));
        (words - old.len()) * 8
    }

    /// Renames every number by the same multiple of 2^32.
    pub(crate) const fn rebase(&mut self, shift: u64) {
        self.top = self.top.saturating_add(shift);
        self.floor = self.floor.saturating_add(shift);
    }

    fn place(&self, number: u64) -> (usize, u64) {
        let place = number & (self.width() - 1);
        (index(place / 64), 1 << (place % 64))
    }

    /// Visits the words that hold the numbers in (`from`, `to`], fewer than the width or equal.
    fn walk(&mut self, from: u64, to: u64, mut visit: impl FnMut(&mut u64, u64)) {
        let mut number = from + 1;
        while number <= to {
            let (word, _) = self.place(number);
            let first = number % 64;
            let count = (64 - first).min(to - number + 1);
            let mask = (u64::MAX >> (64 - count)) << first;
            visit(&mut self.words[word], mask);
            number += count;
        }
    }
}

fn index(place: u64) -> usize {
    usize::try_from(place).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_window_agrees_with_a_set_of_numbers() {
        let mut window = Window::new(0);
        let mut truth = BTreeSet::new();
        let mut state = 7_u64;
        for _ in 0..20_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let step = (state >> 33) % 40;
            if step < 30 {
                let number = window.top() + 1 + step % 3 * (step % 7);
                window.advance(number);
                truth.insert(number);
            } else if let Some(number) = window.top().checked_sub(step * 13) {
                assert_eq!(window.insert(number), truth.insert(number));
            }
        }
        for back in [0, 1, 63, 64, 65, 1_000, 4_000] {
            let from = window.top() - back;
            let expected = truth.range(from + 1..).count() as u64;
            assert_eq!(window.seen_above(from), expected, "{back}");
        }
        let before = window.seen_above(window.top() - 4_000);
        assert!(window.grow(100_000) > 0);
        assert_eq!(window.seen_above(window.top() - 4_000), before);
    }

    #[test]
    fn a_long_jump_leaves_only_its_end() {
        let mut window = Window::new(0);
        window.advance(1);
        window.advance(1 << 40);
        assert_eq!(window.seen_above(window.top() - window.width()), 1);
        assert!(!window.covers(1));
    }
}
