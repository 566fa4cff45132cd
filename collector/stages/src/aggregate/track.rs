//! Sequence accounting of one kind on one processor.
//!
//! The driver numbers events from 1 and says in every set of counters how far it has come: a
//! *mark*. The numbers between two marks are an interval; what of it was never seen is lost, the
//! tail included.
//! Events beyond a mark may come before it and belong to the next interval, so which numbers were
//! seen is kept in a [`Window`].
//! A number that comes twice, or after its interval was closed, is a *stray*: it was received
//! although nothing is left that it could be, and that is what makes the account not balance.

use super::window::Window;

/// Marks above this are no marks; keeps every sum below far from overflow.
pub(crate) const MARK_MAX: u64 = 1 << 62;

/// Numbers after which a driver begins anew that counts in 32 bits.
const LAP: u64 = 1 << 32;

/// Marks in a row that may lie further back than the window reaches, or than the last mark, before
/// the account of that track starts anew there: a forged number far ahead must not stop it for
/// good.
const UNREACHED_MARKS_MAX: u32 = 3;

/// The account of closed intervals: `numbered - received - lost` is 0 unless something is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Events that the driver numbered.
    pub numbered: u64,
    /// Events that came, strays included.
    pub received: u64,
    /// Numbers that never came.
    pub lost: u64,
    /// Events that the driver itself could not write; they are among the lost.
    pub write_failures: u64,
}

impl Account {
    /// Adds another account.
    pub(crate) const fn add(&mut self, other: &Self) {
        self.numbered = self.numbered.saturating_add(other.numbered);
        self.received = self.received.saturating_add(other.received);
        self.lost = self.lost.saturating_add(other.lost);
        self.write_failures = self.write_failures.saturating_add(other.write_failures);
    }

    /// `numbered - received - lost`.
    #[must_use]
    pub const fn unaccounted(&self) -> i64 {
        let settled = self.received.saturating_add(self.lost);
        if settled >= self.numbered {
            0_i64.saturating_sub_unsigned(settled - self.numbered)
        } else {
            0_i64.saturating_add_unsigned(self.numbered - settled)
        }
    }
}

/// A mark whose interval is not closed yet.
#[derive(Clone, Copy, Debug)]
struct Fence {
    mark: u64,
    seen: u64,
}

/// One kind on one processor.
#[derive(Debug)]
pub(crate) struct Track {
    /// Where the open interval begins; `None` until the first mark where the beginning is unknown.
    base: Option<u64>,
    /// Lowest number seen before there was a base.
    first: u64,
    window: Window,
    /// Distinct numbers seen beyond the fence, or beyond the base where there is none.
    open: u64,
    fence: Option<Fence>,
    strays: u64,
    unreached: u32,
    behind: u32,
    /// What marks of 32 bits have left behind: a multiple of [`LAP`].
    laps: u64,
    /// Write failures so far; `None` until the first report where the beginning is unknown.
    failed: Option<u64>,
}

impl Track {
    /// A track that begins with its first sight: number 0 if the driver was seen starting.
    pub(crate) fn new(from_start: bool) -> Self {
        Self {
            base: from_start.then_some(0),
            first: u64::MAX,
            window: Window::new(0),
            open: 0,
            fence: None,
            strays: 0,
            unreached: 0,
            behind: 0,
            laps: 0,
            failed: from_start.then_some(0),
        }
    }

    /// Counts an event.
    #[inline]
    pub(crate) fn observe(&mut self, sequence: u32) {
        let number = if self.first == u64::MAX && self.base.is_none() {
            self.window = Window::new(u64::from(sequence.saturating_sub(1)));
            u64::from(sequence)
        } else {
            self.extend(sequence)
        };
        if number > self.window.top() {
            self.window.advance(number);
            self.count(number);
        } else if number > self.base.unwrap_or(0)
            && self.window.covers(number)
            && self.window.insert(number)
        {
            self.count(number);
        } else {
            self.strays += 1;
        }
    }

    fn count(&mut self, number: u64) {
        self.first = self.first.min(number);
        match &mut self.fence {
            Some(fence) if number <= fence.mark => fence.seen += 1,
            _ => self.open += 1,
        }
    }

    /// The full number nearest to the highest one that has these low 32 bits; 0 if none can be.
    fn extend(&self, sequence: u32) -> u64 {
        let top = self.window.top();
        let low = u32::try_from(top & u64::from(u32::MAX)).unwrap_or(0);
        let ahead = sequence.wrapping_sub(low);
        if ahead < 1 << 31 {
            top + u64::from(ahead)
        } else {
            top.saturating_sub(u64::from(low.wrapping_sub(sequence)))
        }
    }

    /// Takes a mark in; returns by how many bytes the window grew, at most `allowance`.
    ///
    /// The interval stays open until [`Track::close`].
    pub(crate) fn mark(&mut self, mark: u64, allowance: usize) -> usize {
        if mark > MARK_MAX {
            self.strays += 1;
            return 0;
        }
        let base = match self.base {
            Some(base) => base,
            None => self.begin_at(mark),
        };
        let floor = self.fence.map_or(base, |fence| fence.mark);
        let mark = self.past_32_bits(mark, floor);
        if mark < floor {
            self.strays += 1;
            self.behind += 1;
            if self.behind >= UNREACHED_MARKS_MAX {
                self.begin_anew(mark);
            }
            return 0;
        }
        self.behind = 0;
        let beyond = self.window.top().saturating_sub(mark);
        let mut grown = 0;
        if !self.window.reaches(mark) {
            if (beyond / 4).try_into().is_ok_and(|bytes: usize| bytes <= allowance) {
                grown = self.window.grow(beyond * 2);
            }
            self.unreached += 1;
            if self.unreached < UNREACHED_MARKS_MAX {
                return grown;
            }
            self.restart(base, mark);
        }
        self.unreached = 0;
        let later = if self.window.top() <= mark { 0 } else { self.window.seen_above(mark) };
        let earlier = self.fence.take().map_or(0, |fence| fence.seen);
        self.fence = Some(Fence { mark, seen: earlier + self.open.saturating_sub(later) });
        self.open = later;
        grown
    }

    /// The first mark of a track whose beginning was not seen: what came before it has no account.
    fn begin_at(&mut self, mark: u64) -> u64 {
        let base = if self.first == u64::MAX {
            self.window = Window::new(mark);
            mark
        } else {
            // Events carry 32 bits of their number; the mark brings the rest.
            let low = u32::try_from(mark & u64::from(u32::MAX)).unwrap_or(0);
            let shift = mark.saturating_sub(self.extend(low)) & !u64::from(u32::MAX);
            self.window.rebase(shift);
            self.first += shift;
            self.first.saturating_sub(1).min(mark)
        };
        self.base = Some(base);
        base
    }

    /// Gives up telling which numbers lie beyond a mark that the window does not reach.
    fn restart(&mut self, base: u64, mark: u64) {
        let seen = self.fence.map_or(0, |fence| fence.seen);
        let held = self.open.min(mark.saturating_sub(base).saturating_sub(seen));
        self.strays += self.open - held;
        self.open = held;
        self.window = Window::new(mark);
    }

    /// A mark of a driver that counts in 32 bits and begins anew at 0 after them.
    const fn past_32_bits(&mut self, mark: u64, floor: u64) -> u64 {
        if mark >= LAP {
            return mark;
        }
        // Only from the last quarter to the first: anything else is no driver that counts on.
        let was_last = floor >= self.laps + LAP / 4 * 3 && floor < self.laps + LAP;
        if was_last && mark < LAP / 4 {
            self.laps += LAP;
        }
        self.laps + mark
    }

    /// Gives up an account that a forged mark has sent far ahead.
    fn begin_anew(&mut self, mark: u64) {
        (self.unreached, self.behind, self.open) = (0, 0, 0);
        self.window = Window::new(mark);
        self.base = Some(mark);
        // Closed at once, so that the strays are told.
        self.fence = Some(Fence { mark, seen: 0 });
    }

    /// Closes the interval up to the last mark into `account`; returns how many were lost.
    pub(crate) fn close(&mut self, account: &mut Account) -> u64 {
        let Some(fence) = self.fence.take() else { return 0 };
        let base = self.base.unwrap_or(fence.mark);
        let numbered = fence.mark.saturating_sub(base);
        let lost = numbered.saturating_sub(fence.seen);
        account.numbered = account.numbered.saturating_add(numbered);
        account.received = account.received.saturating_add(fence.seen + self.strays);
        account.lost = account.lost.saturating_add(lost);
        self.strays = 0;
        self.base = Some(fence.mark);
        self.window.skip_to(fence.mark);
        lost
    }

    /// Takes in how many events could not be written so far; returns how many that is more.
    pub(crate) const fn write_failures(&mut self, failed: u64) -> u64 {
        let known = match self.failed {
            Some(known) => known,
            None => failed,
        };
        self.failed = Some(failed);
        failed.saturating_sub(known)
    }
}

#[cfg(test)]
mod tests;
