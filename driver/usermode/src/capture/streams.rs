//! The reassembler: packets in, stream events out.
//!
//! Pure: it reads no file and no clock, and the same packets always give the same events.

use super::counters::Counters;
use super::event::{CloseReason, FlowKey, StreamEvent};
use super::flow::{Flow, NoFlow, Phase};
use super::half::{Half, Output};
use super::handshake::{Relation, relate};
use super::limits::Limits;
use super::link::LinkType;
use super::packet::{self, Packet, Segment, Skip};
use super::table::{Slot, Table};
use super::tuple::Side;

type Sink<'a> = dyn FnMut(StreamEvent<'_>) + 'a;

/// Reassembles TCP streams.
#[derive(Debug, Default)]
pub struct Streams {
    table: Table,
    counters: Counters,
    limits: Limits,
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

    fn segment(&mut self, segment: &Segment<'_>, at_ns: u64, sink: &mut Sink<'_>) {
        self.counters.tcp_packets += 1;
        self.counters.padding_bytes += segment.padding_bytes as u64;
        if segment.wire_bytes > 0 {
            self.counters.segments += 1;
            self.counters.payload_bytes += segment.payload.len() as u64;
            self.counters.cut_off_bytes += (segment.wire_bytes - segment.payload.len()) as u64;
        }
        let Some(slot) = self.table.find(&segment.path.tuple) else {
            return self.begin(segment, at_ns, sink);
        };
        match relate(self.table.flow(slot), segment, at_ns, self.limits.closed_ns) {
            Relation::Part => {
                self.table.touch(slot);
                self.advance(slot, segment, at_ns, sink);
            }
            Relation::Reset => self.reset(slot, segment, at_ns, sink),
            Relation::Successor => {
                self.end(slot, at_ns, CloseReason::Replaced, sink);
                self.table.remove(slot);
                self.begin(segment, at_ns, sink);
            }
            Relation::Stray => self.ignore(segment, NoFlow::Stray),
            Relation::Implausible => self.ignore(segment, NoFlow::Implausible),
        }
    }

    fn begin(&mut self, segment: &Segment<'_>, at_ns: u64, sink: &mut Sink<'_>) {
        match Flow::begin(segment) {
            Ok(flow) => {
                self.make_room(at_ns, sink);
                let slot = self.table.insert(flow);
                self.advance(slot, segment, at_ns, sink);
            }
            Err(no_flow) => self.ignore(segment, no_flow),
        }
    }

    fn ignore(&mut self, segment: &Segment<'_>, no_flow: NoFlow) {
        self.counters.ignored_bytes += segment.payload.len() as u64;
        match no_flow {
            NoFlow::Stray => self.counters.stray += 1,
            NoFlow::Implausible => self.counters.implausible += 1,
        }
    }

    /// Takes a packet that belongs to a live flow.
    fn advance(&mut self, slot: Slot, segment: &Segment<'_>, at_ns: u64, sink: &mut Sink<'_>) {
        if self.table.flow(slot).phase == Phase::Attempt {
            self.learn(slot, segment);
            if segment.is_syn {
                return self.hold_early(slot, segment, at_ns, sink);
            }
            self.establish(slot, at_ns, sink);
        }
        let sender = segment.path.sender;
        let seq = segment.seq.wrapping_add(u32::from(segment.is_syn));
        let fin_after = segment.is_fin.then_some(segment.wire_bytes);
        let (flow, mut out) = self.open(slot, sender.peer(), at_ns, sink);
        if let Some(ack) = segment.ack {
            flow.half_mut(sender.peer()).acknowledge(ack, &mut out);
        }
        out.from_initiator = !out.from_initiator;
        if !flow.half_mut(sender).receive(seq, segment.payload, fin_after, &mut out) {
            self.ignore(segment, NoFlow::Implausible);
        } else if flow.is_finished() {
            self.end(slot, at_ns, CloseReason::Fin, sink);
        }
    }

    /// Learns first sequence numbers from a packet of an attempt.
    fn learn(&mut self, slot: Slot, segment: &Segment<'_>) {
        let sender = segment.path.sender;
        let flow = self.table.flow_mut(slot);
        let own = flow.half_mut(sender);
        if segment.is_syn && !own.began_with(segment.seq) {
            *own = Half::starting_at(segment.seq.wrapping_add(1));
        } else if !own.is_known() {
            *own = Half::starting_at(segment.seq);
        }
        let peer = flow.half_mut(sender.peer());
        if let Some(ack) = segment.ack
            && !peer.is_known()
        {
            *peer = Half::starting_at(ack);
        }
    }

    /// Keeps data that came with a SYN, and drops what the SYN-ACK does not acknowledge: its
    /// sender did not take it and will get it again.
    fn hold_early(&mut self, slot: Slot, segment: &Segment<'_>, at_ns: u64, sink: &mut Sink<'_>) {
        let sender = segment.path.sender;
        let (flow, mut out) = self.open(slot, sender.peer(), at_ns, sink);
        if let Some(ack) = segment.ack {
            let peer = flow.half_mut(sender.peer());
            if peer.is_syn_ack(ack) {
                peer.discard(&mut out);
            } else {
                peer.note_ack(ack);
            }
        }
        let own = flow.half_mut(sender);
        own.receive_early(segment.seq.wrapping_add(1), segment.payload, &mut out);
    }

    fn establish(&mut self, slot: Slot, at_ns: u64, sink: &mut Sink<'_>) {
        self.counters.flows += 1;
        let key = FlowKey(self.counters.flows);
        let flow = self.table.flow_mut(slot);
        debug_assert!(flow.are_both_known(), "a proof of the connection tells both numbers");
        flow.phase = Phase::Established(key);
        let initiator = flow.initiator;
        let mid_capture = flow.is_mid_capture;
        self.counters.mid_capture += u64::from(mid_capture);
        sink(StreamEvent::Established {
            flow: key,
            at_ns,
            initiator: flow.tuple.address(initiator),
            responder: flow.tuple.address(initiator.peer()),
            mid_capture,
        });
        for sender in [initiator, initiator.peer()] {
            let (flow, mut out) = self.open(slot, sender, at_ns, sink);
            flow.half_mut(sender).release_early(&mut out);
        }
    }

    fn reset(&mut self, slot: Slot, segment: &Segment<'_>, at_ns: u64, sink: &mut Sink<'_>) {
        let sender = segment.path.sender;
        self.counters.ignored_bytes += segment.payload.len() as u64;
        let (flow, mut out) = self.open(slot, sender.peer(), at_ns, sink);
        if let Some(ack) = segment.ack
            && flow.phase != Phase::Attempt
        {
            flow.half_mut(sender.peer()).acknowledge(ack, &mut out);
        }
        self.end(slot, at_ns, CloseReason::Reset, sink);
    }

    /// Ends a flow or an attempt and remembers it; does nothing to one that has ended.
    fn end(&mut self, slot: Slot, at_ns: u64, reason: CloseReason, sink: &mut Sink<'_>) {
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

    fn make_room(&mut self, at_ns: u64, sink: &mut Sink<'_>) {
        while self.table.live_len() >= self.limits.live_flows.max(1)
            && let Some(idle) = self.table.longest_idle()
        {
            self.counters.evicted += 1;
            self.end(idle, at_ns, CloseReason::Evicted, sink);
        }
    }

    /// A flow, and where the bytes of one direction go.
    #[inline]
    fn open<'a, 'b>(
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
