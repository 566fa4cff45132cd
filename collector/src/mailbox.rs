//! Events on their way from the hook to the stages, within one process.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use weir_abi::EventHead;
use weir_abi::event::KIND_LAST;
use weir_stages::batch::{BatchError, EventBatch};
use weir_usermode::hook::EventSink;

/// Full batches that wait; at most 64 MiB of payload.
///
/// `weir replay` takes them out after every step, so only `weir demo` under a load that stalls the
/// page for seconds can get here; what finds no place is counted as dropped by the queue.
const BATCHES_MAX: usize = 64;

/// The mailbox; clones share it.
#[derive(Clone, Default)]
pub struct Mailbox(Arc<Mutex<Letters>>);

#[derive(Default)]
struct Letters {
    full: Vec<EventBatch>,
    current: EventBatch,
    dropped: [u64; KIND_LAST as usize + 1],
}

/// What a mailbox held.
#[derive(Default)]
pub struct Delivery {
    /// Batches, oldest first.
    pub batches: Vec<EventBatch>,
    /// Events of each kind that found no place since the last delivery.
    pub dropped: [u64; KIND_LAST as usize + 1],
}

impl Letters {
    fn push(&mut self, head: EventHead, payload: &[u8]) {
        if self.current.push(head, payload) != Err(BatchError::Full) {
            return;
        }
        if self.full.len() < BATCHES_MAX {
            self.full.push(core::mem::take(&mut self.current));
            if self.current.push(head, payload).is_ok() {
                return;
            }
        }
        if let Some(count) = self.dropped.get_mut(usize::from(head.id)) {
            *count += 1;
        }
    }
}

impl Mailbox {
    fn lock(&self) -> MutexGuard<'_, Letters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the hook writes.
    #[must_use]
    pub fn sink(&self) -> EventSink {
        let mailbox = self.clone();
        Box::new(move |head, payload| mailbox.lock().push(*head, payload))
    }

    /// Events of the batch that is being filled; more than a batch if full ones wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let letters = self.lock();
        letters.full.iter().map(EventBatch::len).sum::<usize>() + letters.current.len()
    }

    /// Takes everything out.
    #[must_use]
    pub fn take(&self) -> Delivery {
        let mut letters = self.lock();
        let mut batches = core::mem::take(&mut letters.full);
        batches.push(core::mem::take(&mut letters.current));
        Delivery { batches, dropped: core::mem::take(&mut letters.dropped) }
    }

    /// Gives an emptied batch back, so that its memory is used again.
    pub fn reuse(&self, mut batch: EventBatch) {
        batch.clear();
        let mut letters = self.lock();
        if letters.current.is_empty() {
            letters.current = batch;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_stages::batch::BATCH_EVENTS_MAX;

    #[test]
    fn what_finds_no_place_is_counted_and_the_rest_keeps_its_order() {
        let mailbox = Mailbox::default();
        let mut sink = mailbox.sink();
        let room = (BATCHES_MAX + 1) * BATCH_EVENTS_MAX;
        for number in 0..room + 3 {
            let head = EventHead { id: 5, time_ns: number as u64, ..EventHead::default() };
            sink(&head, &[1, 2, 3]);
        }
        let delivery = mailbox.take();
        let times =
            delivery.batches.iter().flat_map(EventBatch::iter).map(|(head, _)| head.time_ns);
        assert!(times.eq(0..room as u64));
        assert_eq!(delivery.dropped[5], 3);
        assert_eq!(mailbox.waiting(), 0);
    }
}
