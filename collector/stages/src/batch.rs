//! Events as a session delivered them: heads side by side, payloads in one buffer.
//!
//! A batch is what crosses from the thread that reads a session to the one that aggregates.
//! It allocates only while it grows; [`EventBatch::clear`] keeps what it has.

use weir_abi::EventHead;

/// Most events of one batch.
///
/// 4,096 events of 68 bytes fill one ETW buffer of 256 KiB, the unit in which events arrive.
/// At the bound [`EventBatch::push`] refuses and the caller starts the next batch: nothing is lost
/// here, so no counter moves.
pub const BATCH_EVENTS_MAX: usize = 4_096;

/// Most payload bytes of one batch, by the same rule: one ETW buffer of the largest usual size.
pub const BATCH_BYTES_MAX: usize = 1 << 20;

/// The batch has no room for this event; hand it on and push into an empty one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// It holds [`BATCH_EVENTS_MAX`] events or [`BATCH_BYTES_MAX`] bytes.
    #[error("batch is full")]
    Full,
    /// The payload is longer than any ETW event can be.
    #[error("payload of {bytes} bytes is longer than an event can be")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
}

impl BatchError {
    /// A bounded name, for labels.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::TooLong { .. } => "too_long",
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    head: EventHead,
    offset: u32,
    length: u16,
}

/// A bounded list of events.
#[derive(Clone, Debug, Default)]
pub struct EventBatch {
    slots: Vec<Slot>,
    bytes: Vec<u8>,
}

impl EventBatch {
    /// An empty batch.
    #[must_use]
    pub const fn new() -> Self {
        Self { slots: Vec::new(), bytes: Vec::new() }
    }

    /// Appends an event.
    ///
    /// # Errors
    /// Where a bound is reached; the batch is as before.
    pub fn push(&mut self, head: EventHead, payload: &[u8]) -> Result<(), BatchError> {
        let length = u16::try_from(payload.len())
            .map_err(|_| BatchError::TooLong { bytes: payload.len() })?;
        if self.slots.len() >= BATCH_EVENTS_MAX
            || self.bytes.len() + payload.len() > BATCH_BYTES_MAX
        {
            return Err(BatchError::Full);
        }
        let offset = u32::try_from(self.bytes.len()).map_err(|_| BatchError::Full)?;
        self.slots.push(Slot { head, offset, length });
        self.bytes.extend_from_slice(payload);
        Ok(())
    }

    /// The events in the order in which they were pushed.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&EventHead, &[u8])> {
        self.slots.iter().map(|slot| {
            let from = slot.offset as usize;
            (&slot.head, &self.bytes[from..from + usize::from(slot.length)])
        })
    }

    /// How many events it holds.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Bytes of all payloads.
    #[must_use]
    pub const fn payload_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Forgets the events and keeps the memory.
    pub fn clear(&mut self) {
        self.slots.clear();
        self.bytes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_back_in_order() {
        let mut batch = EventBatch::new();
        for id in 0..3_u16 {
            let head = EventHead { id, ..EventHead::default() };
            batch.push(head, &vec![id.to_le_bytes()[0]; usize::from(id)]).unwrap();
        }
        let found: Vec<_> = batch.iter().map(|(head, payload)| (head.id, payload.len())).collect();
        assert_eq!(found, [(0, 0), (1, 1), (2, 2)]);
        batch.clear();
        assert!(batch.is_empty() && batch.payload_bytes() == 0);
    }

    #[test]
    fn a_full_batch_refuses_and_stays_as_it_is() {
        let mut batch = EventBatch::new();
        for _ in 0..BATCH_EVENTS_MAX {
            batch.push(EventHead::default(), &[]).unwrap();
        }
        assert_eq!(batch.push(EventHead::default(), &[]), Err(BatchError::Full));
        assert_eq!(batch.len(), BATCH_EVENTS_MAX);
        batch.clear();
        let big = vec![0; 65_535];
        let held = (0..).take_while(|_| batch.push(EventHead::default(), &big).is_ok()).count();
        assert_eq!(held, BATCH_BYTES_MAX / 65_535);
        let too_long = batch.push(EventHead::default(), &vec![0; 65_536]);
        assert_eq!(too_long, Err(BatchError::TooLong { bytes: 65_536 }));
    }
}
