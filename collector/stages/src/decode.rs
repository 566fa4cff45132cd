//! Bytes to records, and the identity of this stage.
//!
//! For every kind: **received = aggregated + dropped + in flight**.
//! An event is *received* when a session has delivered it, *in flight* while it waits in a batch
//! or queue outside this crate, *dropped* when the queue was full or its bytes are no such event,
//! and *aggregated* when it has been applied to the state.
//! [`Intake`] counts all but the events in flight, so in this crate the three sides balance
//! whenever no call is running: [`Intake::is_balanced`].

use crate::kinds::{KINDS, kind_index};
use weir_abi::event::{DecodeError, PREFIX_BYTES, Prefix, Record};
use weir_abi::wire::{Field, Reader};

/// A count per kind.
pub type PerKind = [u64; KINDS];

/// What became of every event so far, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Intake {
    /// Delivered by a session.
    pub received: PerKind,
    /// Applied to the state.
    pub aggregated: PerKind,
    /// Dropped before this crate saw them: `stage="queue"`.
    pub dropped_queue: PerKind,
    /// Dropped because the bytes are no such event: `stage="decode"`.
    pub dropped_decode: PerKind,
}

impl Intake {
    /// Whether received = aggregated + dropped for every kind; nothing is in flight inside.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        (0..KINDS).all(|kind| {
            let settled = self.aggregated[kind]
                .wrapping_add(self.dropped_queue[kind])
                .wrapping_add(self.dropped_decode[kind]);
            self.received[kind] == settled
        })
    }

    /// Counts an event that could be applied.
    pub(crate) fn aggregated(&mut self, kind: usize) {
        self.received[kind] += 1;
        self.aggregated[kind] += 1;
    }

    /// Counts an event whose bytes are no such event.
    pub(crate) fn undecodable(&mut self, kind: usize) {
        self.received[kind] += 1;
        self.dropped_decode[kind] += 1;
    }

    /// Counts events that a queue outside had no room for.
    pub(crate) fn queue_dropped(&mut self, id: u16, count: u64) {
        let kind = kind_index(id);
        self.received[kind] = self.received[kind].saturating_add(count);
        self.dropped_queue[kind] = self.dropped_queue[kind].saturating_add(count);
    }
}

/// Decodes one event.
///
/// # Errors
/// Where the id is unknown or the bytes are no such event.
pub fn decode(id: u16, payload: &[u8]) -> Result<(Prefix, Record<'_>), DecodeError> {
    Record::decode(id, payload)
}

/// The prefix of an event whose other fields may be anything, so that its number still counts.
#[must_use]
pub fn peek_prefix(payload: &[u8]) -> Option<Prefix> {
    let mut reader = Reader::new(payload);
    let fixed_length = u16::take(&mut reader)?;
    if usize::from(fixed_length) < PREFIX_BYTES {
        return None;
    }
    Some(Prefix {
        cpu: u16::take(&mut reader)?,
        epoch: u32::take(&mut reader)?,
        sequence: u32::take(&mut reader)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn received_is_aggregated_and_dropped() {
        let mut intake = Intake::default();
        intake.aggregated(1);
        intake.undecodable(1);
        intake.queue_dropped(1, 7);
        intake.queue_dropped(999, 2);
        assert!(intake.is_balanced());
        assert_eq!((intake.received[1], intake.received[0]), (9, 2));
        intake.received[3] += 1;
        assert!(!intake.is_balanced());
    }

    #[test]
    fn a_prefix_is_read_from_what_is_no_event() {
        let bytes = [12, 0, 3, 0, 1, 0, 0, 0, 9, 0, 0, 0];
        assert_eq!(peek_prefix(&bytes), Some(Prefix { cpu: 3, epoch: 1, sequence: 9 }));
        assert_eq!(peek_prefix(&bytes[..11]), None);
        assert_eq!(peek_prefix(&[11, 0, 3, 0, 1, 0, 0, 0, 9, 0, 0, 0]), None);
    }
}
