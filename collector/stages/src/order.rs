//! Events of live sessions in the order of time again.
//!
//! A session delivers one buffer after the other, each of one processor, and nothing promises that
//! buffers of several processors, or of two sessions, arrive in the order in which they were filled:
//! the documentation says that real-time events come sorted, reports say that they do not.
//! So events wait for a while after their arrival, and leave sorted by time; at equal times, as they
//! came, which keeps the order of each processor.
//! How long they waited is told by a clock that only goes forward: times of events come from another
//! one, and neither follows the other's steps.
//! What comes later still passes at once: the stages behind bear it, and accounts stay exact.
//!
//! Source: learn.microsoft.com/windows/win32/etw/consuming-events and
//! github.com/Karib0u/rustinel/pull/350 (read 2026-11).

use std::collections::VecDeque;
use weir_abi::EventHead;

/// How long events wait after they came: two of the collector's flushes of a session, and a pause of its thread.
pub const HOLD_NS: u64 = 600_000_000;

/// Events that wait at most: a second of 250,000 events, some 40 MB.
///
/// At the bound the older half leaves early, sorted among itself; nothing is lost, and
/// [`Reorder::hurried`] counts it.
const EVENTS_MAX: usize = 1 << 18;

/// Bytes of payload that wait at most; by the same rule.
const BYTES_MAX: usize = 64 << 20;

#[derive(Clone, Copy, Debug)]
struct Slot {
    head: EventHead,
    offset: usize,
    length: usize,
}

/// Events that wait for older ones.
#[derive(Debug, Default)]
pub struct Reorder {
    slots: Vec<Slot>,
    bytes: Vec<u8>,
    /// When something came, and the newest time of an event until then. Its length is bounded by how
    /// often [`Reorder::release`] is called within [`HOLD_NS`].
    arrivals: VecDeque<(u64, u64)>,
    newest_ns: u64,
    released_ns: u64,
    hurried: u64,
    late: u64,
}

impl Reorder {
    /// Takes an event in; `true` where it is time for [`Reorder::hurry`].
    #[must_use]
    pub fn push(&mut self, head: &EventHead, payload: &[u8]) -> bool {
        self.late += u64::from(head.time_ns < self.released_ns);
        self.newest_ns = self.newest_ns.max(head.time_ns);
        let slot = Slot { head: *head, offset: self.bytes.len(), length: payload.len() };
        self.slots.push(slot);
        self.bytes.extend_from_slice(payload);
        self.slots.len() >= EVENTS_MAX || self.bytes.len() >= BYTES_MAX
    }

    /// Hands out what has waited; `now_ns` is of any clock that only goes forward. What was pushed
    /// since the last call came now.
    pub fn release(&mut self, now_ns: u64, each: impl FnMut(&EventHead, &[u8])) {
        let last = self.arrivals.back().map_or(0, |(_, newest_ns)| *newest_ns);
        if self.newest_ns > last {
            self.arrivals.push_back((now_ns, self.newest_ns));
        }
        let mut until_ns = self.released_ns;
        while let Some((came_ns, newest_ns)) = self.arrivals.front().copied()
            && now_ns.saturating_sub(came_ns) >= HOLD_NS
        {
            until_ns = newest_ns;
            self.arrivals.pop_front();
        }
        self.release_until(until_ns, each);
    }

    /// Hands out the older half, because no more may wait.
    pub fn hurry(&mut self, each: impl FnMut(&EventHead, &[u8])) {
        self.sort();
        let middle = self.slots.len() / 2;
        let Some(until_ns) = self.slots.get(middle).map(|slot| slot.head.time_ns) else { return };
        self.hurried += middle as u64;
        self.release_until(until_ns, each);
    }

    /// Hands out everything: the session is over.
    pub fn finish(&mut self, each: impl FnMut(&EventHead, &[u8])) {
        self.arrivals.clear();
        self.release_until(u64::MAX, each);
    }

    /// Hands out what is as old as this, sorted.
    fn release_until(&mut self, until_ns: u64, mut each: impl FnMut(&EventHead, &[u8])) {
        self.sort();
        let count = self.slots.partition_point(|slot| slot.head.time_ns <= until_ns);
        for slot in &self.slots[..count] {
            each(&slot.head, &self.bytes[slot.offset..slot.offset + slot.length]);
        }
        if let Some(last) = count.checked_sub(1).and_then(|last| self.slots.get(last)) {
            self.released_ns = self.released_ns.max(last.head.time_ns);
        }
        self.keep_from(count);
    }

    /// Stable: events of one time stay as they came.
    fn sort(&mut self) {
        // Mostly sorted already, which the standard library's sort makes use of.
        self.slots.sort_by_key(|slot| slot.head.time_ns);
    }

    /// Forgets the first events and moves the payload of the others together.
    fn keep_from(&mut self, count: usize) {
        if count == self.slots.len() {
            self.slots.clear();
            self.bytes.clear();
            return;
        }
        if count == 0 {
            return;
        }
        self.slots.drain(..count);
        let mut bytes = Vec::with_capacity(self.bytes.len());
        for slot in &mut self.slots {
            let from = slot.offset;
            slot.offset = bytes.len();
            bytes.extend_from_slice(&self.bytes[from..from + slot.length]);
        }
        self.bytes = bytes;
    }

    /// Events that wait now.
    #[must_use]
    pub const fn waiting(&self) -> usize {
        self.slots.len()
    }

    /// The time of the newest event so far; 0 before the first.
    #[must_use]
    pub const fn newest_ns(&self) -> u64 {
        self.newest_ns
    }

    /// Events that left early because no more might wait.
    #[must_use]
    pub const fn hurried(&self) -> u64 {
        self.hurried
    }

    /// Events that came when younger ones had left already.
    #[must_use]
    pub const fn late(&self) -> u64 {
        self.late
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn head(time_ns: u64, id: u16) -> EventHead {
        EventHead { id, time_ns, ..EventHead::default() }
    }

    fn released(order: &mut Reorder, now_ns: u64) -> Vec<(u64, u16, Vec<u8>)> {
        let mut out = Vec::new();
        order.release(now_ns, |head, payload| out.push((head.time_ns, head.id, payload.to_vec())));
        out
    }

    #[test]
    fn events_leave_sorted_once_they_have_waited() {
        let mut order = Reorder::default();
        let push = |order: &mut Reorder, events: &[(u64, u16)]| {
            for (time_ns, id) in events {
                let payload = id.to_le_bytes();
                assert!(!order.push(&head(*time_ns, *id), &payload[..usize::from(id % 3).min(2)]));
            }
        };
        push(&mut order, &[(SECOND, 1), (SECOND - 5, 2), (SECOND, 3)]);
        assert_eq!(released(&mut order, 7), []);
        push(&mut order, &[(2 * SECOND, 4), (9, 5)]);
        assert_eq!(released(&mut order, 8), []);
        assert_eq!(
            released(&mut order, 7 + HOLD_NS),
            [
                (9, 5, vec![5, 0]),
                (SECOND - 5, 2, vec![2, 0]),
                (SECOND, 1, vec![1]),
                (SECOND, 3, Vec::new())
            ]
        );
        assert_eq!(order.waiting(), 1);
        push(&mut order, &[(3, 6)]);
        assert_eq!(
            released(&mut order, 8 + HOLD_NS),
            [(3, 6, Vec::new()), (2 * SECOND, 4, vec![4])]
        );
        assert_eq!(order.late(), 1);
        push(&mut order, &[(u64::MAX, 7)]);
        let mut rest = Vec::new();
        order.finish(|head, payload| rest.push((head.id, payload.len())));
        assert_eq!((rest, order.waiting()), (vec![(7, 1)], 0));
    }

    #[test]
    fn what_comes_late_passes_at_once_and_clocks_that_step_stop_nothing() {
        let mut order = Reorder::default();
        assert!(!order.push(&head(10 * SECOND, 1), &[]));
        assert_eq!(released(&mut order, 0), []);
        assert_eq!(released(&mut order, HOLD_NS).len(), 1);
        // The clock of events was set back by an hour of theirs.
        assert!(!order.push(&head(SECOND, 2), &[]));
        assert_eq!(released(&mut order, HOLD_NS + 1).len(), 1);
    }

    #[test]
    fn a_bound_makes_the_older_half_leave_early_and_loses_nothing() {
        let mut order = Reorder::default();
        let mut left = Vec::new();
        let mut keep = |head: &EventHead, _: &[u8]| left.push(head.time_ns);
        for number in 0..EVENTS_MAX as u64 + 10 {
            // Pairs come swapped.
            if order.push(&head(SECOND + (number ^ 1), 1), &[0; 8]) {
                order.hurry(&mut keep);
            }
        }
        assert!(order.hurried() > 0 && order.waiting() < EVENTS_MAX);
        order.finish(&mut keep);
        assert!(left.iter().copied().eq(SECOND..SECOND + EVENTS_MAX as u64 + 10));
    }
}
