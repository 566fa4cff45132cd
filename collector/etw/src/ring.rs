//! The ring between the thread on which Windows delivers and the one that aggregates.
//!
//! ETW calls back on one thread for a session and keeps its buffers while that thread is busy: the
//! callback copies an event in here and returns. One producer, one consumer, memory set aside when
//! the ring is made; [`crate::rule`] says how much. Events leave in [`EventBatch`]es.

use core::sync::atomic::{AtomicU64, Ordering};
use rtrb::chunks::ChunkError;
use std::sync::Arc;
use weir_abi::EventHead;
use weir_stages::batch::{BATCH_EVENTS_MAX, EventBatch};
use weir_stages::kinds::{KINDS, kind_index};

/// Events of each kind, by the index of `weir_stages::kinds`.
pub type KindCounts = [u64; KINDS];

/// Smallest ring. An event cannot be longer than its length says in 16 bits; two of the longest fit,
/// so that no event is too long for an empty ring.
pub const RING_BYTES_MIN: usize = 2 * (RECORD_BYTES + u16::MAX as usize);

/// Largest ring, so that a wrong figure of the machine's memory cannot ask for all of it.
pub const RING_BYTES_MAX: usize = 256 << 20;

/// Bytes before each payload: time, keyword, id, length, version, level.
const RECORD_BYTES: usize = 22;

/// A ring of that many bytes, at least [`RING_BYTES_MIN`] and at most [`RING_BYTES_MAX`].
///
/// An event that finds no room is left out and counted by its kind.
#[must_use]
pub fn ring(bytes: usize) -> (Producer, Consumer) {
    let bytes = bytes.clamp(RING_BYTES_MIN, RING_BYTES_MAX);
    let (writer, reader) = rtrb::RingBuffer::new(bytes);
    let dropped = Arc::new(core::array::from_fn(|_| AtomicU64::new(0)));
    let scratch = Vec::with_capacity(usize::from(u16::MAX));
    (Producer { writer, dropped: Arc::clone(&dropped) }, Consumer { reader, dropped, scratch })
}

type Dropped = Arc<[AtomicU64; KINDS]>;

/// The end that the callback has.
pub struct Producer {
    writer: rtrb::Producer<u8>,
    dropped: Dropped,
}

/// The end that the aggregating thread has.
pub struct Consumer {
    reader: rtrb::Consumer<u8>,
    dropped: Dropped,
    /// Where a payload is put together that lies across the ring's end.
    scratch: Vec<u8>,
}

impl Producer {
    /// Copies an event in; `false`, and counted, where there is no room. Neither waits nor
    /// allocates.
    pub fn push(&mut self, head: &EventHead, payload: &[u8]) -> bool {
        let is_in = self.write(head, payload).is_some();
        if !is_in {
            self.drop_one(head.id);
        }
        is_in
    }

    /// Counts an event as dropped that could not even be copied.
    pub fn drop_one(&self, id: u16) {
        // Only a figure: it orders nothing.
        self.dropped[kind_index(id)].fetch_add(1, Ordering::Relaxed);
    }

    fn write(&mut self, head: &EventHead, payload: &[u8]) -> Option<()> {
        let length = u16::try_from(payload.len()).ok()?;
        let record = encode(head, length);
        let mut chunk = self.writer.write_chunk(RECORD_BYTES + payload.len()).ok()?;
        let (first, second) = chunk.as_mut_slices();
        // The record first, then the payload; either may go on in the second part.
        let split = record.len().min(first.len());
        first[..split].copy_from_slice(&record[..split]);
        second[..record.len() - split].copy_from_slice(&record[split..]);
        let (first, second) = (&mut first[split..], &mut second[record.len() - split..]);
        let split = payload.len().min(first.len());
        first[..split].copy_from_slice(&payload[..split]);
        second[..payload.len() - split].copy_from_slice(&payload[split..]);
        // One step: the consumer sees a whole event or none of it.
        chunk.commit_all();
        Some(())
    }
}

impl Consumer {
    /// Moves events into `batch` until it is full or the ring is empty; whether the batch was full.
    pub fn drain(&mut self, batch: &mut EventBatch) -> bool {
        // A bound that the batch has too, said here so that the loop has one of its own.
        for _ in 0..=BATCH_EVENTS_MAX {
            match self.take_one(batch) {
                Ok(true) => {}
                Ok(false) => return true,
                Err(_) => return false,
            }
        }
        true
    }

    /// Whether the first event went into the batch; `false` leaves it in the ring.
    fn take_one(&mut self, batch: &mut EventBatch) -> Result<bool, ChunkError> {
        let mut record = [0; RECORD_BYTES];
        let chunk = self.reader.read_chunk(RECORD_BYTES)?;
        let (first, second) = chunk.as_slices();
        record[..first.len()].copy_from_slice(first);
        record[first.len()..].copy_from_slice(second);
        let (head, length) = decode(&record);

        let chunk = self.reader.read_chunk(RECORD_BYTES + usize::from(length))?;
        let (first, second) = chunk.as_slices();
        let payload = if first.len() <= RECORD_BYTES {
            &second[RECORD_BYTES - first.len()..]
        } else if second.is_empty() {
            &first[RECORD_BYTES..]
        } else {
            self.scratch.clear();
            self.scratch.extend_from_slice(&first[RECORD_BYTES..]);
            self.scratch.extend_from_slice(second);
            self.scratch.as_slice()
        };
        // The only other error is a payload of more than 16 bits' length.
        let is_taken = batch.push(head, payload).is_ok();
        if is_taken {
            chunk.commit_all();
        }
        Ok(is_taken)
    }

    /// Events that found no room since the last call, by kind.
    #[must_use]
    pub fn take_dropped(&self) -> KindCounts {
        core::array::from_fn(|kind| self.dropped[kind].swap(0, Ordering::Relaxed))
    }
}

/// What stands before a payload. It never leaves the process: the order is this file's own.
fn encode(head: &EventHead, length: u16) -> [u8; RECORD_BYTES] {
    let EventHead { id, version, level, keyword, time_ns } = *head;
    let mut record = [0; RECORD_BYTES];
    record[..8].copy_from_slice(&time_ns.to_le_bytes());
    record[8..16].copy_from_slice(&keyword.to_le_bytes());
    record[16..18].copy_from_slice(&id.to_le_bytes());
    record[18..20].copy_from_slice(&length.to_le_bytes());
    record[20] = version;
    record[21] = level;
    record
}

fn decode(record: &[u8; RECORD_BYTES]) -> (EventHead, u16) {
    let [t0, t1, t2, t3, t4, t5, t6, t7, k0, k1, k2, k3, k4, k5, k6, k7, rest @ ..] = *record;
    let [i0, i1, l0, l1, version, level] = rest;
    let head = EventHead {
        id: u16::from_le_bytes([i0, i1]),
        version,
        level,
        keyword: u64::from_le_bytes([k0, k1, k2, k3, k4, k5, k6, k7]),
        time_ns: u64::from_le_bytes([t0, t1, t2, t3, t4, t5, t6, t7]),
    };
    (head, u16::from_le_bytes([l0, l1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(id: u16, time_ns: u64) -> EventHead {
        EventHead { id, version: 3, level: 5, keyword: 0x8000_0000_0000_0010, time_ns }
    }

    /// A payload that tells which event it belongs to.
    fn payload(number: usize) -> Vec<u8> {
        let length = number.wrapping_mul(7_919) % 300;
        (0..length).map(|at| number.wrapping_add(at).to_le_bytes()[0]).collect()
    }

    #[test]
    fn events_come_out_as_they_went_in_wherever_the_ring_ends() {
        let (mut producer, mut consumer) = ring(0);
        let mut batch = EventBatch::new();
        // Five times around in lengths that put the end at every place of a record.
        for number in 0..6_000_usize {
            let head = head(2, number as u64);
            assert!(producer.push(&head, &payload(number)));
            if number % 5 == 4 {
                batch.clear();
                assert!(!consumer.drain(&mut batch));
                let found: Vec<_> = batch.iter().map(|(head, it)| (*head, it.to_vec())).collect();
                let expected: Vec<_> = (number - 4..=number)
                    .map(|number| (self::head(2, number as u64), payload(number)))
                    .collect();
                assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn what_finds_no_room_is_counted_by_kind_and_handed_out_once() {
        let (mut producer, mut consumer) = ring(0);
        let long = vec![1; usize::from(u16::MAX)];
        assert!(producer.push(&head(6, 1), &long));
        assert!(producer.push(&head(6, 2), &long), "two of the longest fit");
        assert!(!producer.push(&head(5, 3), &[]));
        assert!(!producer.push(&head(5, 4), &long));
        assert!(!producer.push(&head(999, 5), &[]), "an id that this version does not know");
        let mut expected = [0; KINDS];
        (expected[5], expected[0]) = (2, 1);
        assert_eq!(consumer.take_dropped(), expected);
        assert_eq!(consumer.take_dropped(), [0; KINDS]);

        let mut batch = EventBatch::new();
        assert!(!consumer.drain(&mut batch));
        assert_eq!(batch.iter().map(|(head, _)| head.time_ns).collect::<Vec<_>>(), [1, 2]);
        assert!(producer.push(&head(5, 6), &[]), "room again");
    }

    #[test]
    fn a_payload_longer_than_any_event_is_dropped_and_counted() {
        let (mut producer, consumer) = ring(1 << 20);
        assert!(!producer.push(&head(1, 0), &vec![0; 65_536]));
        assert_eq!(consumer.take_dropped()[1], 1);
    }

    #[test]
    fn a_full_batch_leaves_the_rest_in_the_ring() {
        let (mut producer, mut consumer) = ring(1 << 20);
        let events = BATCH_EVENTS_MAX + 10;
        for number in 0..events {
            assert!(producer.push(&head(1, number as u64), &[7]));
        }
        let mut batch = EventBatch::new();
        assert!(consumer.drain(&mut batch));
        assert_eq!(batch.len(), BATCH_EVENTS_MAX);
        batch.clear();
        assert!(!consumer.drain(&mut batch));
        let times: Vec<u64> = batch.iter().map(|(head, _)| head.time_ns).collect();
        assert_eq!(times, (BATCH_EVENTS_MAX as u64..events as u64).collect::<Vec<_>>());
    }

    #[test]
    fn between_two_threads_every_event_is_taken_or_counted() {
        const EVENTS: u64 = 60_000;
        let (mut producer, mut consumer) = ring(0);
        let writer = std::thread::spawn(move || {
            for number in 0..EVENTS {
                producer.push(&head(1, number), &payload(usize::try_from(number).unwrap()));
            }
        });
        let (mut taken, mut dropped, mut last) = (0_u64, 0, None);
        let mut batch = EventBatch::new();
        loop {
            let was_over = writer.is_finished();
            batch.clear();
            consumer.drain(&mut batch);
            for (head, found) in batch.iter() {
                assert!(last < Some(head.time_ns), "in order, none twice");
                assert_eq!(found, payload(usize::try_from(head.time_ns).unwrap()));
                last = Some(head.time_ns);
                taken += 1;
            }
            dropped += consumer.take_dropped()[1];
            if was_over && batch.is_empty() {
                break;
            }
            std::thread::yield_now();
        }
        writer.join().unwrap();
        assert_eq!(taken + dropped, EVENTS);
    }
}
