//! One direction of a flow: segments in, bytes in order out.
//!
//! `next` is the first byte not yet delivered, `acked` the first byte that the receiver has not
//! acknowledged.
//! Bytes between them that never arrive are a hole that the receiver did not see: they are skipped
//! when data behind them is known, not before, since a capture may show an acknowledgement earlier
//! than the data.

use super::counters::Counters;
use super::event::{FlowKey, StreamEvent};
use super::limits::Limits;
use super::position::{self, Position, WINDOW_BYTES};
use super::reorder::Reorder;

/// No FIN seen: a position that no stream reaches.
const NO_FIN: Position = Position::MAX;

/// How far a reset may be from the expected byte. A receiver demands the exact number (RFC 5961),
/// which a capture with losses does not know; resets that answer late packets are somewhat behind.
const RESET_WINDOW_BYTES: u64 = 1 << 20;

/// State of one direction.
#[derive(Debug)]
pub(super) struct Half {
    next: Position,
    acked: Position,
    fin: Position,
    /// Invariant: never empty; once established, begins behind both `next` and `acked`.
    waiting: Option<Box<Reorder>>,
    /// Where the stream begins if that is a guess from the middle of the connection, else 0.
    guess: Position,
    isn: u32,
    is_known: bool,
}

/// Where delivered bytes go and what they are counted against.
pub(super) struct Output<'a, 'b> {
    pub(super) sink: &'a mut (dyn FnMut(StreamEvent<'_>) + 'b),
    pub(super) counters: &'a mut Counters,
    pub(super) limits: &'a Limits,
    /// Memory of all waiting bytes of all flows.
    pub(super) waiting_bytes: &'a mut usize,
    pub(super) flow: FlowKey,
    pub(super) at_ns: u64,
    pub(super) from_initiator: bool,
}

impl Output<'_, '_> {
    #[inline]
    fn data(&mut self, missed_bytes: u64, bytes: &[u8]) {
        self.counters.missed_bytes += missed_bytes;
        self.counters.delivered_bytes += bytes.len() as u64;
        (self.sink)(StreamEvent::Data {
            flow: self.flow,
            at_ns: self.at_ns,
            from_initiator: self.from_initiator,
            missed_bytes,
            bytes,
        });
    }
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

    /// Takes a segment of an established flow; false if it cannot belong to the stream.
    #[inline]
    pub(super) fn receive(
        &mut self,
        seq: u32,
        payload: &[u8],
        fin_after: Option<usize>,
        out: &mut Output<'_, '_>,
    ) -> bool {
        if !self.is_in_window(seq) {
            return false;
        }
        let at = position::nearest(self.reference(), seq);
        if let Some(wire_bytes) = fin_after {
            self.note_fin(at + wire_bytes as u64, out);
        }
        let (at, payload) = self.trim(at, payload, out.counters);
        if !payload.is_empty() {
            if at <= self.next.max(self.acked) {
                self.deliver(at, payload, out);
            } else {
                out.counters.out_of_order_segments += 1;
                self.hold(at, payload, out);
                self.enforce_limits(out);
            }
        }
        true
    }

    /// Keeps data of a connection that is not established yet, as sent with a SYN (RFC 7413).
    pub(super) fn receive_early(&mut self, seq: u32, payload: &[u8], out: &mut Output<'_, '_>) {
        let at = position::nearest(self.reference(), seq);
        let (at, payload) = self.trim(at, payload, out.counters);
        if payload.is_empty() {
            return;
        }
        self.hold(at, payload, out);
        if self.is_over_limit(out) {
            self.discard(out);
        }
    }

    /// Delivers early data, once the flow is established.
    pub(super) fn release_early(&mut self, out: &mut Output<'_, '_>) {
        while self.first_waiting().is_some_and(|first| first <= self.next.max(self.acked)) {
            self.release(out);
        }
    }

    /// Drops what waits: no application will read it.
    pub(super) fn discard(&mut self, out: &mut Output<'_, '_>) {
        if let Some(waiting) = self.waiting.take() {
            *out.waiting_bytes -= waiting.cost_bytes();
            out.counters.undelivered_bytes += waiting.bytes() as u64;
        }
    }

    /// Ends the stream.
    pub(super) fn close(&mut self, out: &mut Output<'_, '_>) {
        self.discard(out);
        out.counters.missed_bytes += self.acked.min(self.fin).saturating_sub(self.next);
    }

    #[inline]
    fn reference(&self) -> Position {
        self.next.max(self.acked)
    }

    #[inline]
    fn distance(&self, seq: u32) -> u64 {
        let reference = self.reference();
        position::nearest(reference, seq).abs_diff(reference)
    }

    #[inline]
    fn first_waiting(&self) -> Option<Position> {
        self.waiting.as_ref().and_then(|waiting| waiting.first())
    }

    /// The first FIN counts, unless bytes behind it were delivered.
    fn note_fin(&mut self, fin: Position, out: &mut Output<'_, '_>) {
        if self.fin != NO_FIN || fin < self.next {
            return;
        }
        self.fin = fin;
        if let Some(waiting) = &mut self.waiting {
            let before = waiting.cost_bytes();
            out.counters.ignored_bytes += waiting.cut(fin) as u64;
            *out.waiting_bytes -= before - waiting.cost_bytes();
            if waiting.first().is_none() {
                self.waiting = None;
            }
        }
    }

    /// Removes what was delivered before and what lies behind the FIN.
    #[inline]
    fn trim<'a>(
        &self,
        at: Position,
        payload: &'a [u8],
        counters: &mut Counters,
    ) -> (Position, &'a [u8]) {
        let end = at + payload.len() as u64;
        if at >= self.next && end <= self.fin {
            return (at, payload);
        }
        let kept_end = end.min(self.fin).max(at);
        let kept_start = self.next.clamp(at, kept_end);
        let ignored = end - kept_end;
        counters.ignored_bytes += ignored;
        counters.retransmitted_bytes += kept_start - at;
        (kept_start, &payload[below(payload, kept_start - at)..below(payload, kept_end - at)])
    }

    /// Delivers a segment that begins at `next` or behind an acknowledged hole, and whatever waited
    /// for it. Waiting bytes were received first and win.
    #[inline]
    fn deliver(&mut self, mut at: Position, mut bytes: &[u8], out: &mut Output<'_, '_>) {
        let mut missed_bytes = at - self.next;
        loop {
            let free = self.first_waiting().map_or(bytes.len(), |first| below(bytes, first - at));
            out.data(missed_bytes, &bytes[..free]);
            missed_bytes = 0;
            self.next = at + free as u64;
            if self.waiting.is_none() {
                return;
            }
            self.release_adjacent(out);
            let covered = below(bytes, self.next - at);
            out.counters.overlap_bytes += (covered - free) as u64;
            bytes = &bytes[covered..];
            if bytes.is_empty() {
                return;
            }
            at = self.next;
        }
    }

    fn hold(&mut self, at: Position, payload: &[u8], out: &mut Output<'_, '_>) {
        let waiting = self.waiting.get_or_insert_default();
        let before = waiting.cost_bytes();
        let kept = waiting.insert(at, payload);
        *out.waiting_bytes += waiting.cost_bytes() - before;
        out.counters.overlap_bytes += (payload.len() - kept) as u64;
    }

    fn enforce_limits(&mut self, out: &mut Output<'_, '_>) {
        while self.is_over_limit(out) {
            out.counters.reorder_overflows += 1;
            self.release(out);
        }
    }

    fn is_over_limit(&self, out: &Output<'_, '_>) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| {
            waiting.cost_bytes() > out.limits.reorder_bytes
                || *out.waiting_bytes > out.limits.reorder_bytes_total
        })
    }

    /// Gives up the first hole and delivers what is behind it.
    fn release(&mut self, out: &mut Output<'_, '_>) {
        if let Some((start, piece)) = self.pop_first(out) {
            out.data(start - self.next, &piece);
            self.next = start + piece.len() as u64;
            self.release_adjacent(out);
        }
    }

    fn release_adjacent(&mut self, out: &mut Output<'_, '_>) {
        while self.first_waiting() == Some(self.next) {
            let Some((start, piece)) = self.pop_first(out) else { return };
            out.data(0, &piece);
            self.next = start + piece.len() as u64;
        }
    }

    fn pop_first(&mut self, out: &mut Output<'_, '_>) -> Option<(Position, Box<[u8]>)> {
        let waiting = self.waiting.as_mut()?;
        let before = waiting.cost_bytes();
        let popped = waiting.pop_first();
        *out.waiting_bytes -= before - waiting.cost_bytes();
        if waiting.first().is_none() {
            self.waiting = None;
        }
        popped
    }
}

/// A distance from the start of `bytes`, at most their length.
#[inline]
fn below(bytes: &[u8], distance: u64) -> usize {
    usize::try_from(distance).map_or(bytes.len(), |distance| distance.min(bytes.len()))
}
