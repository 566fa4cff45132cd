//! Where the bytes of one direction go while one packet is taken.

use super::counters::Counters;
use super::event::{FlowKey, StreamEvent};
use super::limits::Limits;

/// Where delivered bytes go and what they are counted against.
pub(super) struct Output<'a, 'b> {
    /// The user.
    pub(super) sink: &'a mut (dyn FnMut(StreamEvent<'_>) + 'b),
    /// What was counted so far.
    pub(super) counters: &'a mut Counters,
    /// The bounds.
    pub(super) limits: &'a Limits,
    /// Memory of all waiting bytes of all flows.
    pub(super) waiting_bytes: &'a mut usize,
    /// The flow, 0 before it is established.
    pub(super) flow: FlowKey,
    /// Time of the packet.
    pub(super) at_ns: u64,
    /// Who sent the bytes.
    pub(super) from_initiator: bool,
}

impl Output<'_, '_> {
    /// Gives bytes out.
    #[inline]
    pub(super) fn data(&mut self, missed_bytes: u64, bytes: &[u8]) {
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
