//! One direction of a flow: segments in, bytes in order out.
//!
//! This file knows where the stream stands; `delivery` moves it on.
//! Bytes that were acknowledged and have not arrived are a hole that only the capture has.
//! It is skipped when data behind it is known, not before, since a capture may show an
//! acknowledgement earlier than the data.

use super::output::Output;
use super::position::{self, Position, WINDOW_BYTES};
use super::reorder::Reorder;

/// No FIN seen: a position that no stream reaches.
pub(super) const NO_FIN: Position = Position::MAX;

/// How far a reset may be from the expected byte. A receiver demands the exact number (RFC 5961),
/// which a capture with losses does not know: as far as data may wait behind a hole by default.
const RESET_WINDOW_BYTES: u64 = 1 << 24;

/// State of one direction.
#[derive(Debug)]
pub(super) struct Half {
    /// The first byte not yet delivered.
    pub(super) next: Position,
    /// The first byte that the receiver has not acknowledged.
    pub(super) acked: Position,
    /// The place of the sender's FIN, behind its last byte.
    pub(super) fin: Position,
    /// Invariant: never empty; once established, begins behind both `next` and `acked`.
    pub(super) waiting: Option<Box<Reorder>>,
    /// Where the stream begins if that is a guess from the middle of the connection, else 0.
    guess: Position,
    isn: u32,
    is_known: bool,
}

impl Half {
    /// A direction of which nothing is known.
    pub(super) fn unknown() -> Self {
        Self { next: 0, acked: 0, fin: NO_FIN, waiting: None, guess: 0, isn: 0, is_known: false }
    }

    /// A direction whose first byte has this sequence number.
    pub(super) fn starting_at(seq: u32) -> Self {
        let next = position::first(seq);
        let isn = seq.wrapping_sub(1);
        Self { next, acked: next, fin: NO_FIN, waiting: None, guess: 0, isn, is_known: true }
    }

    /// A direction that was under way; its first packet seen has this sequence number.
    pub(super) fn under_way_at(seq: u32) -> Self {
        Self { guess: position::first(seq), ..Self::starting_at(seq) }
    }

    /// Whether its first sequence number is known.
    #[inline]
    pub(super) fn is_known(&self) -> bool {
        self.is_known
    }

    /// Whether it began, or would have begun, with a SYN of this sequence number.
    pub(super) fn began_with(&self, seq: u32) -> bool {
        self.is_known && self.isn == seq
    }

    /// Whether `ack` acknowledges the SYN and nothing else.
    pub(super) fn is_syn_ack(&self, ack: u32) -> bool {
        self.began_with(ack.wrapping_sub(1))
    }

    /// Whether a segment or acknowledgement with this number can belong to the stream.
    pub(super) fn is_in_window(&self, seq: u32) -> bool {
        self.is_known && self.distance(seq) <= WINDOW_BYTES
    }

    /// Whether a reset with this sequence number, or one that acknowledges it, is credible.
    pub(super) fn is_in_reset_window(&self, seq: u32) -> bool {
        self.is_known && self.distance(seq) <= RESET_WINDOW_BYTES
    }

    /// Whether all bytes up to the FIN were delivered, or acknowledged with the FIN.
    #[inline]
    pub(super) fn is_finished(&self) -> bool {
        self.next >= self.fin || (self.fin != NO_FIN && self.acked > self.fin)
    }

    /// Notes what the receiver has; delivers what thereby lies behind a hole that only the capture
    /// has.
    #[inline]
    pub(super) fn acknowledge(&mut self, ack: u32, out: &mut Output<'_, '_>) {
        self.note_ack(ack);
        while let Some(first) = self.first_waiting()
            && first <= self.acked
        {
            self.release(out);
        }
    }

    /// Notes what the receiver has, before the flow is established.
    pub(super) fn note_ack(&mut self, ack: u32) {
        let reference = self.reference();
        let acked = position::nearest(reference, ack);
        if acked > self.acked && acked <= reference + WINDOW_BYTES {
            self.acked = acked;
            // The guess came from a keep-alive, which repeats the number of the byte before.
            if self.next == self.guess && acked == self.next + 1 && self.waiting.is_none() {
                self.next = acked;
            }
        }
    }

    /// The position that others are measured from.
    #[inline]
    pub(super) fn reference(&self) -> Position {
        self.next.max(self.acked)
    }

    #[inline]
    fn distance(&self, seq: u32) -> u64 {
        let reference = self.reference();
        position::nearest(reference, seq).abs_diff(reference)
    }

    /// Where the first waiting byte is.
    #[inline]
    pub(super) fn first_waiting(&self) -> Option<Position> {
        self.waiting.as_ref().and_then(|waiting| waiting.first())
    }
}
