//! Parts of counter sets until a set is whole.
//!
//! A set is applied as a whole or not at all, so totals never mix two moments.

use weir_abi::counters::Entry;
use weir_abi::event::{Counters, CountersHeader};

/// Most parts of one set.
///
/// The largest set a driver can send has some 1,500; a larger claim is refused.
pub(crate) const PARTS_MAX: u16 = 2_048;

#[derive(Debug)]
struct Pending {
    epoch: u32,
    header: CountersHeader,
    has_part: Vec<bool>,
    missing: u16,
    entries: Vec<Entry>,
}

/// A set whose parts have all come.
#[derive(Debug)]
pub(crate) struct WholeSet {
    /// Load of the driver.
    pub(crate) epoch: u32,
    /// Number of the set.
    pub(crate) number: u32,
    /// Its entries, in order of arrival.
    pub(crate) entries: Vec<Entry>,
}

/// Sets that wait for parts; bounded in number and in entries.
#[derive(Debug)]
pub(crate) struct SetAssembler {
    pending: Vec<Pending>,
    pending_max: usize,
    entries_max: usize,
    given_up: u64,
    spare: Vec<Entry>,
}

impl SetAssembler {
    pub(crate) const fn new(pending_max: usize, entries_max: usize) -> Self {
        Self { pending: Vec::new(), pending_max, entries_max, given_up: 0, spare: Vec::new() }
    }

    /// Sets that were given up: a part never came, or a bound was reached.
    pub(crate) const fn given_up(&self) -> u64 {
        self.given_up
    }

    /// Entries that wait now.
    #[cfg(test)]
    fn waiting(&self) -> usize {
        self.pending.iter().map(|set| set.entries.len()).sum()
    }

    /// Takes a part in; returns the set that it completes.
    pub(crate) fn push(&mut self, epoch: u32, part: &Counters<'_>) -> Option<WholeSet> {
        let header = part.header;
        if header.part >= header.parts || header.parts > PARTS_MAX {
            return None;
        }
        let place = self.place_of(epoch, header)?;
        let set = &mut self.pending[place];
        let has_part = set.has_part.get_mut(usize::from(header.part))?;
        if core::mem::replace(has_part, true) {
            return None;
        }
        set.entries.extend(part.entries());
        set.missing -= 1;
        if set.missing == 0 {
            let set = self.pending.remove(place);
            return Some(WholeSet { epoch, number: header.number, entries: set.entries });
        }
        self.keep_bound(place);
        None
    }

    fn place_of(&mut self, epoch: u32, header: CountersHeader) -> Option<usize> {
        let known = self
            .pending
            .iter()
            .position(|set| set.epoch == epoch && set.header.number == header.number);
        if let Some(place) = known {
            let is_same = self.pending[place].header.parts == header.parts;
            return is_same.then_some(place);
        }
        if self.pending.len() >= self.pending_max.max(1) {
            self.pending.remove(0);
            self.given_up += 1;
        }
        let mut entries = core::mem::take(&mut self.spare);
        entries.clear();
        let has_part = vec![false; usize::from(header.parts)];
        self.pending.push(Pending { epoch, header, has_part, missing: header.parts, entries });
        Some(self.pending.len() - 1)
    }

    fn keep_bound(&mut self, place: usize) {
        let held: usize = self.pending.iter().map(|set| set.entries.len()).sum();
        if held > self.entries_max {
            self.pending.remove(place);
            self.given_up += 1;
        }
    }

    /// Forgets what a whole set has made pointless.
    pub(crate) fn done(&mut self, epoch: u32, number: u32) {
        let before = self.pending.len();
        self.pending.retain(|other| other.epoch != epoch || is_after(other.header.number, number));
        self.given_up += (before - self.pending.len()) as u64;
    }

    /// Keeps a set's memory for the next.
    pub(crate) fn reuse(&mut self, entries: Vec<Entry>) {
        self.spare = entries;
    }
}

/// Whether a set's number comes after another's; numbers wrap.
pub(crate) const fn is_after(number: u32, other: u32) -> bool {
    let ahead = number.wrapping_sub(other);
    ahead != 0 && ahead < 1 << 31
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_abi::counters::Series;
    use weir_abi::event::{EVENT_BYTES_MAX, Prefix};

    fn push(sets: &mut SetAssembler, number: u32, part: u16, parts: u16) -> Option<Vec<u64>> {
        let header = CountersHeader { number, part, parts };
        let entry = Entry::of(Series::FlowsUninspected, 0, 0, u64::from(part));
        let mut out = [0; EVENT_BYTES_MAX];
        let length = Counters::encode(header, &[entry], Prefix::default(), &mut out).unwrap();
        let (_, counters) = Counters::decode(&out[..length]).unwrap();
        let whole = sets.push(1, &counters)?;
        Some(whole.entries.iter().map(|entry| entry.value).collect())
    }

    #[test]
    fn parts_come_in_any_order_and_once() {
        let mut sets = SetAssembler::new(4, 100);
        assert_eq!(push(&mut sets, 1, 2, 3), None);
        assert_eq!(push(&mut sets, 2, 0, 1), Some(vec![0]));
        assert_eq!(push(&mut sets, 1, 0, 3), None);
        assert_eq!(push(&mut sets, 1, 0, 3), None);
        assert_eq!(push(&mut sets, 1, 1, 3), Some(vec![2, 0, 1]));
    }

    #[test]
    fn waiting_sets_are_bounded_in_number_and_size() {
        let mut sets = SetAssembler::new(2, 3);
        for number in 0..10 {
            push(&mut sets, number, 0, 2);
        }
        assert_eq!((sets.pending.len(), sets.given_up()), (2, 8));
        for part in 0..100 {
            push(&mut sets, 100, part, 200);
        }
        assert!(sets.waiting() <= 4);
    }

    #[test]
    fn impossible_headers_are_refused() {
        let mut sets = SetAssembler::new(2, 3);
        for (part, parts) in [(0, 0), (1, 1), (5, 2), (0, PARTS_MAX + 1)] {
            assert_eq!(push(&mut sets, 1, part, parts), None);
        }
        push(&mut sets, 1, 0, 2);
        assert_eq!(push(&mut sets, 1, 1, 3), None, "another count of parts");
        assert_eq!(push(&mut sets, 1, 1, 2), Some(vec![0, 1]));
    }

    #[test]
    fn numbers_of_sets_wrap() {
        assert!(is_after(0, u32::MAX) && is_after(5, 4));
        assert!(!is_after(4, 4) && !is_after(u32::MAX, 0));
    }
}
