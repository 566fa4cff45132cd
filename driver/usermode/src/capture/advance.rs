//! What a TCP packet does to its flow.

use super::event::{CloseReason, FlowKey, StreamEvent};
use super::flow::{Flow, NoFlow, Phase};
use super::half::Half;
use super::handshake::{Relation, relate};
use super::packet::Segment;
use super::streams::{Sink, Streams};
use super::table::Slot;

impl Streams {
    /// Takes a TCP packet.
    pub(super) fn segment(&mut self, segment: &Segment<'_>, at_ns: u64, sink: &mut Sink<'_>) {
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
            self.learn(slot, segment, at_ns, sink);
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
    fn learn(&mut self, slot: Slot, segment: &Segment<'_>, at_ns: u64, sink: &mut Sink<'_>) {
        let sender = segment.path.sender;
        let (flow, mut out) = self.open(slot, sender, at_ns, sink);
        let own = flow.half_mut(sender);
        if segment.is_syn && !own.began_with(segment.seq) {
            own.discard(&mut out);
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
}
