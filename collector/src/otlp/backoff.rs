//! Pauses between attempts: they double and are never quite the same.

use core::hash::{BuildHasher as _, Hasher as _};
use core::time::Duration;
use std::hash::RandomState;

/// The first pause.
const FIRST: Duration = Duration::from_secs(1);

/// The longest: a receiver that is back is found within it.
const LAST: Duration = Duration::from_secs(30);

/// Pauses of one request.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
    random: RandomState,
}

impl Backoff {
    pub(super) fn new() -> Self {
        Self { next: FIRST, random: RandomState::new() }
    }

    /// The next pause: between half of it and all of it, so that a fleet that lost its receiver
    /// does not come back at one moment.
    pub(super) fn pause(&mut self) -> Duration {
        let whole = self.next;
        self.next = (whole * 2).min(LAST);
        let mut hasher = self.random.build_hasher();
        hasher.write_u128(whole.as_nanos());
        // 10 bits of it are fine enough.
        let part = u32::try_from(hasher.finish() % 1_024).unwrap_or(0);
        whole / 2 + whole / 2 * part / 1_024
    }

    /// After a success.
    pub(super) const fn reset(&mut self) {
        self.next = FIRST;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_bound_and_differ_between_two() {
        let (mut one, mut other) = (Backoff::new(), Backoff::new());
        let mut whole = FIRST;
        let mut is_same = true;
        for _ in 0..40 {
            let pause = one.pause();
            assert!(whole / 2 <= pause && pause <= whole, "{pause:?} of {whole:?}");
            is_same &= pause == other.pause();
            whole = (whole * 2).min(LAST);
        }
        assert_eq!((whole, is_same), (LAST, false));
        one.reset();
        assert!(one.pause() <= FIRST);
    }
}
