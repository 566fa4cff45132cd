//! In which order spin locks are taken over a whole run, and how long they are held.
//!
//! Two threads that take two locks in opposite orders stop for ever once they meet, which few runs
//! see. [`LockOrder`] keeps who was held when what was taken, so that the second order shows
//! whether they meet or not. [`Holds`] measures what happens while a lock is held. Both know locks
//! by their addresses and are told of them by `locks`, whichever thread takes one.
//!
//! Source: learn.microsoft.com/windows-hardware/drivers/devtest/deadlock-detection (read 2026-11)

use core::cell::{Cell, RefCell};
use core::ops::Range;
use std::collections::{BTreeMap, BTreeSet};

/// Every order in which locks were taken.
#[derive(Debug, Default)]
pub struct LockOrder {
    /// What was taken while a lock was held, with all that was held then, the latest last.
    taken_under: RefCell<BTreeMap<usize, BTreeMap<usize, Vec<usize>>>>,
    /// Pairs that were told.
    told: RefCell<BTreeSet<(usize, usize)>>,
}

impl LockOrder {
    /// A lock is taken by a thread that holds these, the first taken first. Returns what is wrong
    /// with the order, once for each pair.
    pub fn acquired(&self, lock: usize, held: &[usize]) -> Option<String> {
        let mut wrong = None;
        for outer in held.iter().copied().filter(|outer| *outer != lock) {
            let is_new = self.note(outer, lock, held);
            // An order that was there before has been looked at.
            if is_new && wrong.is_none() {
                wrong = self.inversion(outer, lock, held);
            }
        }
        wrong
    }

    /// Locks in this memory are gone: what comes to lie there is another lock.
    pub fn forget(&self, memory: &Range<usize>) {
        let mut taken_under = self.taken_under.borrow_mut();
        taken_under.retain(|outer, _| !memory.contains(outer));
        for inner in taken_under.values_mut() {
            inner.retain(|lock, _| !memory.contains(lock));
        }
        let is_there = |(a, b): &(usize, usize)| !memory.contains(a) && !memory.contains(b);
        self.told.borrow_mut().retain(is_there);
    }

    /// Pairs of locks of which one was taken while the other was held.
    #[must_use]
    pub fn pairs(&self) -> usize {
        self.taken_under.borrow().values().map(BTreeMap::len).sum()
    }

    fn note(&self, outer: usize, inner: usize, held: &[usize]) -> bool {
        let mut taken_under = self.taken_under.borrow_mut();
        let inners = taken_under.entry(outer).or_default();
        let is_new = !inners.contains_key(&inner);
        inners.entry(inner).or_insert_with(|| held.to_vec());
        is_new
    }

    /// Whether `outer` was ever taken under `inner`, at once or through others.
    fn inversion(&self, outer: usize, inner: usize, held: &[usize]) -> Option<String> {
        let path = self.path(inner, outer)?;
        if !self.told.borrow_mut().insert((outer.min(inner), outer.max(inner))) {
            return None;
        }
        let taken_under = self.taken_under.borrow();
        let mut steps = Vec::new();
        for step in path.windows(2) {
            let &[from, to] = step else { continue };
            let held = taken_under.get(&from).and_then(|inner| inner.get(&to));
            steps.push(chain(held.map_or(&[], Vec::as_slice), to));
        }
        let (now, before) = (chain(held, inner), steps.join(", "));
        Some(format!("lock order: {now} now, but {before} before"))
    }

    /// The shortest way from one lock to another through what was taken under it.
    fn path(&self, from: usize, to: usize) -> Option<Vec<usize>> {
        let taken_under = self.taken_under.borrow();
        let mut paths = vec![vec![from]];
        let mut seen = BTreeSet::from([from]);
        while !paths.is_empty() {
            let mut longer = Vec::new();
            for path in paths {
                let Some(inner) = path.last().and_then(|last| taken_under.get(last)) else {
                    continue;
                };
                for lock in inner.keys().copied() {
                    let next = [path.as_slice(), &[lock]].concat();
                    if lock == to {
                        return Some(next);
                    }
                    if seen.insert(lock) {
                        longer.push(next);
                    }
                }
            }
            paths = longer;
        }
        None
    }
}

/// `0x10 > 0x20 > 0x30`: the last was taken while the others were held.
fn chain(held: &[usize], lock: usize) -> String {
    let all = held.iter().chain([&lock]).map(|it| format!("{it:#x}"));
    all.collect::<Vec<_>>().join(" > ")
}

/// Where a machine's counts stand, at the moment that a lock is taken or released.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Imports that were called.
    pub imports: u64,
    /// Bytes that imports copied for the driver.
    pub copied_bytes: u64,
    /// The machine's clock.
    pub now_ns: u64,
}

/// What happened while one lock was held, from its acquisition to its release.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hold {
    /// The lock.
    pub lock: usize,
    /// Imports that were called, the release left out.
    pub imports: u64,
    /// Bytes that imports copied.
    pub copied_bytes: u64,
    /// Time that passed.
    pub nanos: u64,
}

/// How long locks are held.
#[derive(Debug, Default)]
pub struct Holds {
    since: RefCell<BTreeMap<usize, Reading>>,
    most: Cell<Hold>,
    ended: Cell<u64>,
}

impl Holds {
    /// A lock was taken.
    pub fn acquired(&self, lock: usize, now: Reading) {
        self.since.borrow_mut().insert(lock, now);
    }

    /// A lock is being released.
    pub fn released(&self, lock: usize, now: Reading) {
        let Some(since) = self.since.borrow_mut().remove(&lock) else { return };
        let hold = Hold {
            lock,
            imports: now.imports.saturating_sub(since.imports).saturating_sub(1),
            copied_bytes: now.copied_bytes.saturating_sub(since.copied_bytes),
            nanos: now.now_ns.saturating_sub(since.now_ns),
        };
        self.ended.set(self.ended.get() + 1);
        let weight = |it: Hold| (it.imports, it.copied_bytes, it.nanos);
        if weight(hold) > weight(self.most.get()) {
            self.most.set(hold);
        }
    }

    /// The hold with the most imports; among equals the most bytes, then the longest.
    #[must_use]
    pub const fn longest(&self) -> Hold {
        self.most.get()
    }

    /// Holds that ended.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.ended.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_in_one_order_are_told_never() {
        let order = LockOrder::default();
        for _ in 0..3 {
            assert_eq!(order.acquired(1, &[]), None);
            assert_eq!(order.acquired(2, &[1]), None);
            assert_eq!(order.acquired(3, &[1, 2]), None);
            assert_eq!(order.acquired(3, &[2]), None);
        }
        assert_eq!(order.pairs(), 3);
    }

    #[test]
    fn the_opposite_order_is_told_once_with_both_chains() {
        let order = LockOrder::default();
        assert_eq!(order.acquired(0x20, &[0x10]), None);
        let told = order.acquired(0x10, &[0x20]).unwrap();
        assert_eq!(told, "lock order: 0x20 > 0x10 now, but 0x10 > 0x20 before");
        assert_eq!(order.acquired(0x10, &[0x20]), None);
        assert_eq!(order.acquired(0x20, &[0x10]), None);
    }

    #[test]
    fn a_circle_of_three_threads_is_told() {
        let order = LockOrder::default();
        assert_eq!(order.acquired(2, &[1]), None);
        assert_eq!(order.acquired(3, &[9, 2]), None);
        let told = order.acquired(1, &[3]).unwrap();
        assert_eq!(told, "lock order: 0x3 > 0x1 now, but 0x1 > 0x2, 0x9 > 0x2 > 0x3 before");
    }

    #[test]
    fn every_lock_that_is_held_counts_not_only_the_last() {
        let order = LockOrder::default();
        assert_eq!(order.acquired(3, &[1, 2]), None);
        assert!(order.acquired(1, &[3]).is_some());
    }

    #[test]
    fn a_lock_in_memory_that_was_freed_is_another_lock_later() {
        let order = LockOrder::default();
        assert_eq!(order.acquired(0x20, &[0x10]), None);
        order.forget(&(0x18..0x28));
        assert_eq!((order.acquired(0x10, &[0x20]), order.pairs()), (None, 1));
        order.forget(&(0x20..0x21));
        assert_eq!(order.pairs(), 0);
    }

    #[test]
    fn the_longest_hold_is_kept_with_what_happened_in_it() {
        let at = |imports, copied_bytes, now_ns| Reading { imports, copied_bytes, now_ns };
        let holds = Holds::default();
        holds.released(7, at(9, 9, 9));
        assert_eq!((holds.longest(), holds.count()), (Hold::default(), 0));
        holds.acquired(1, at(10, 0, 100));
        holds.acquired(2, at(11, 0, 150));
        holds.released(2, at(14, 60, 200));
        let inner = Hold { lock: 2, imports: 2, copied_bytes: 60, nanos: 50 };
        assert_eq!(holds.longest(), inner);
        holds.released(1, at(15, 60, 300));
        let outer = Hold { lock: 1, imports: 4, copied_bytes: 60, nanos: 200 };
        assert_eq!((holds.longest(), holds.count()), (outer, 2));
        holds.acquired(3, at(20, 60, 300));
        holds.released(3, at(21, 60, 999));
        assert_eq!(holds.longest(), outer);
    }
}
