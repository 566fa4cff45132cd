//! Delivery of one direction: what a segment adds to the stream, and what waits.

use super::counters::Counters;
use super::half::{Half, NO_FIN};
use super::output::Output;
use super::position::{self, Position};

impl Half {
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
    pub(super) fn release(&mut self, out: &mut Output<'_, '_>) {
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
