//! All flows, found by their addresses and ports, in the order of their last packets.

use core::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::flow::Flow;
use super::tuple::Tuple;

/// Number of a slot.
pub(super) type Slot = u32;

/// No slot.
const NONE: Slot = Slot::MAX;

/// The flows. Live ones are ordered by their last packet, closed ones by their end.
#[derive(Debug, Default)]
pub(super) struct Table {
    slots: Vec<Entry>,
    free: Vec<Slot>,
    by_tuple: HashTable<Slot>,
    /// Seeded at random against captures made to collide; no order depends on it.
    hasher: RandomState,
    live: Queue,
    closed: Queue,
}

#[derive(Debug)]
struct Entry {
    flow: Flow,
    before: Slot,
    after: Slot,
    is_closed: bool,
}

/// A doubly linked list through the entries.
#[derive(Debug)]
struct Queue {
    first: Slot,
    last: Slot,
    len: usize,
}

impl Default for Queue {
    fn default() -> Self {
        Self { first: NONE, last: NONE, len: 0 }
    }
}

impl Table {
    /// The flow of a connection.
    #[inline]
    pub(super) fn find(&self, tuple: &Tuple) -> Option<Slot> {
        let hash = self.hasher.hash_one(tuple);
        self.by_tuple.find(hash, |slot| self.flow(*slot).tuple == *tuple).copied()
    }

    /// Adds a live flow whose connection is not in the table.
    pub(super) fn insert(&mut self, flow: Flow) -> Slot {
        let hash = self.hasher.hash_one(flow.tuple);
        let entry = Entry { flow, before: NONE, after: NONE, is_closed: false };
        let slot = if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = entry;
            slot
        } else {
            let slot = Slot::try_from(self.slots.len()).unwrap_or(NONE);
            assert_ne!(slot, NONE, "the limits keep the table below 2^32 entries");
            self.slots.push(entry);
            slot
        };
        let Self { slots, by_tuple, hasher, .. } = self;
        by_tuple
            .insert_unique(hash, slot, |other| hasher.hash_one(slots[*other as usize].flow.tuple));
        self.append(slot);
        slot
    }

    /// Makes a live flow the one with the latest packet.
    #[inline]
    pub(super) fn touch(&mut self, slot: Slot) {
        if self.live.last != slot {
            self.unlink(slot);
            self.append(slot);
        }
    }

    /// Makes a live flow the latest of the closed ones.
    pub(super) fn retire(&mut self, slot: Slot) {
        self.unlink(slot);
        self.slots[slot as usize].is_closed = true;
        self.append(slot);
    }

    /// Forgets a flow.
    pub(super) fn remove(&mut self, slot: Slot) {
        self.unlink(slot);
        let hash = self.hasher.hash_one(self.flow(slot).tuple);
        if let Ok(entry) = self.by_tuple.find_entry(hash, |other| *other == slot) {
            entry.remove();
        }
        self.free.push(slot);
    }

    /// The flow in a slot.
    #[inline]
    pub(super) fn flow(&self, slot: Slot) -> &Flow {
        &self.slots[slot as usize].flow
    }

    /// The flow in a slot.
    #[inline]
    pub(super) fn flow_mut(&mut self, slot: Slot) -> &mut Flow {
        &mut self.slots[slot as usize].flow
    }

    /// How many flows are live.
    pub(super) fn live_len(&self) -> usize {
        self.live.len
    }

    /// How many flows are closed and remembered.
    pub(super) fn closed_len(&self) -> usize {
        self.closed.len
    }

    /// The live flow that has been idle longest.
    pub(super) fn longest_idle(&self) -> Option<Slot> {
        (self.live.first != NONE).then_some(self.live.first)
    }

    /// The flow that has been closed longest.
    pub(super) fn longest_closed(&self) -> Option<Slot> {
        (self.closed.first != NONE).then_some(self.closed.first)
    }

    /// All live flows, the longest idle first.
    pub(super) fn live(&self) -> impl Iterator<Item = Slot> {
        let mut slot = self.live.first;
        core::iter::from_fn(move || {
            let current = (slot != NONE).then_some(slot)?;
            slot = self.slots[current as usize].after;
            Some(current)
        })
    }

    fn queue(&mut self, is_closed: bool) -> &mut Queue {
        if is_closed { &mut self.closed } else { &mut self.live }
    }

    fn append(&mut self, slot: Slot) {
        let is_closed = self.slots[slot as usize].is_closed;
        let queue = self.queue(is_closed);
        let before = queue.last;
        queue.last = slot;
        queue.len += 1;
        if before == NONE {
            queue.first = slot;
        } else {
            self.slots[before as usize].after = slot;
        }
        let entry = &mut self.slots[slot as usize];
        entry.before = before;
        entry.after = NONE;
    }

    fn unlink(&mut self, slot: Slot) {
        let Entry { before, after, is_closed, .. } = self.slots[slot as usize];
        let queue = self.queue(is_closed);
        queue.len -= 1;
        if before == NONE {
            queue.first = after;
        }
        if after == NONE {
            queue.last = before;
        }
        if before != NONE {
            self.slots[before as usize].after = after;
        }
        if after != NONE {
            self.slots[after as usize].before = before;
        }
    }
}
