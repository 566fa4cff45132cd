//! The reassembler: packets in, stream events out.
//!
//! Pure: it reads no file and no clock, and the same packets always give the same events.

use super::counters::Counters;
use super::event::{CloseReason, FlowKey, StreamEvent};
use super::flow::{Flow, Phase};
use super::limits::Limits;
use super::link::LinkType;
use super::output::Output;
use super::packet::{self, Packet, Skip};
use super::table::{Slot, Table};
use super::tuple::Side;

/// The receiver of events.
pub(super) type Sink<'a> = dyn FnMut(StreamEvent<'_>) + 'a;

/// Reassembles TCP streams.
#[derive(Debug, Default)]
pub struct Streams {
    pub(super) table: Table,
    pub(super) counters: Counters,
    pub(super) limits: Limits,
    /// Memory of everything that waits behind holes.
    waiting_bytes: usize,
    last_at_ns: u64,
}

impl Streams {
    /// A reassembler that has seen nothing, with the default limits.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A reassembler with other limits.
    #[must_use]
    pub fn with_limits(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Takes one packet of `original_len` bytes on the wire, of which `captured` are known.
    pub fn packet(
        &mut self,
        link: LinkType,
        at_ns: u64,
        original_len: u32,
        captured: &[u8],
        sink: &mut dyn FnMut(StreamEvent<'_>),
    ) {
        self.accept(&Packet { link, at_ns, original_len, captured }, sink);
    }

    /// Ends all flows, in the order of their numbers, with [`CloseReason::CaptureEnd`].
    pub fn finish(&mut self, sink: &mut dyn FnMut(StreamEvent<'_>)) {
        let mut live: Vec<Slot> = self.table.live().collect();
        live.sort_unstable_by_key(|slot| match self.table.flow(*slot).phase {
            Phase::Established(flow) => flow.0,
            Phase::Attempt | Phase::Closed { .. } => 0,
        });
        for slot in live {
            self.end(slot, self.last_at_ns, CloseReason::CaptureEnd, sink);
        }
        assert_eq!(self.waiting_bytes, 0, "ended flows keep nothing");
        self.table = Table::default();
    }

    /// What the packets so far contained.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Takes one packet.
    pub(super) fn accept(&mut self, packet: &Packet<'_>, sink: &mut Sink<'_>) {
        self.last_at_ns = packet.at_ns;
        self.counters.packets += 1;
        self.counters.bytes += u64::from(packet.original_len);
        match packet::decode(packet) {
            Ok(segment) => self.segment(&segment, packet.at_ns, sink),
            Err(Skip::NotTcp) => self.counters.non_tcp += 1,
            Err(Skip::Fragment) => self.counters.fragments += 1,
            Err(Skip::Malformed) => self.counters.malformed += 1,
            Err(Skip::UnsupportedLink) => {
                self.counters.unsupported_link += 1;
                self.counters.unsupported_link_type.get_or_insert(packet.link);
            }
        }
    }

    /// Ends a flow or an attempt and remembers it; does nothing to one that has ended.
    pub(super) fn end(&mut self, slot: Slot, at_ns: u64, reason: CloseReason, sink: &mut Sink<'_>) {
        let phase = self.table.flow(slot).phase;
        if matches!(phase, Phase::Closed { .. }) {
            return;
        }
        for sender in [Side::Low, Side::High] {
            let (flow, mut out) = self.open(slot, sender, at_ns, sink);
            flow.half_mut(sender).close(&mut out);
        }
        let was_established = if let Phase::Established(flow) = phase {
            sink(StreamEvent::Closed { flow, at_ns, reason });
            true
        } else {
            self.counters.attempts += 1;
            false
        };
        self.table.flow_mut(slot).phase = Phase::Closed { at_ns, was_established };
        self.table.retire(slot);
        if self.table.closed_len() > self.limits.closed_flows
            && let Some(oldest) = self.table.longest_closed()
        {
            self.table.remove(oldest);
        }
    }

    /// Ends idle flows until another can be added.
    pub(super) fn make_room(&mut self, at_ns: u64, sink: &mut Sink<'_>) {
        while self.table.live_len() >= self.limits.live_flows.max(1)
            && let Some(idle) = self.table.longest_idle()
        {
            self.counters.evicted += 1;
            self.end(idle, at_ns, CloseReason::Evicted, sink);
        }
    }

    /// A flow, and where the bytes of one direction go.
    #[inline]
    pub(super) fn open<'a, 'b>(
        &'a mut self,
        slot: Slot,
        sender: Side,
        at_ns: u64,
        sink: &'a mut Sink<'b>,
    ) -> (&'a mut Flow, Output<'a, 'b>) {
        let flow = self.table.flow_mut(slot);
        let key = match flow.phase {
            Phase::Established(key) => key,
            Phase::Attempt | Phase::Closed { .. } => FlowKey(0),
        };
        let from_initiator = flow.initiator == sender;
        let out = Output {
            sink,
            counters: &mut self.counters,
            limits: &self.limits,
            waiting_bytes: &mut self.waiting_bytes,
            flow: key,
            at_ns,
            from_initiator,
        };
        (flow, out)
    }
}
