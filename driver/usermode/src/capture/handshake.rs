//! What a packet means for a flow with the same addresses and ports, before its bytes matter.

use super::flow::{Flow, Phase};
use super::half::Half;
use super::packet::Segment;

/// How a packet relates to the flow that its addresses and ports name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// It is part of the flow.
    Part,
    /// It resets the flow.
    Reset,
    /// It begins a new flow in the place of this one.
    Successor,
    /// The flow is over and the packet is late.
    Stray,
    /// It cannot be part of the flow.
    Implausible,
}

/// Relates a packet to the flow that its addresses and ports name.
#[inline]
pub(super) fn relate(flow: &Flow, segment: &Segment<'_>, at_ns: u64, closed_ns: u64) -> Relation {
    if let Phase::Closed { at_ns: closed_at_ns, was_established } = flow.phase {
        let is_forgotten = at_ns.saturating_sub(closed_at_ns) > closed_ns;
        return after_close(flow, segment, is_forgotten, was_established);
    }
    let own = flow.half(segment.path.sender);
    match (segment.is_rst, segment.is_syn, segment.ack) {
        (true, true, _) => Relation::Implausible,
        (true, false, ack) => {
            let peer = flow.half(segment.path.sender.peer());
            let is_refusal =
                flow.phase == Phase::Attempt && ack.is_some_and(|ack| peer.is_in_reset_window(ack));
            let is_credible = is_refusal || own.is_in_reset_window(segment.seq);
            if is_credible { Relation::Reset } else { Relation::Implausible }
        }
        (false, true, None) => syn(own, segment),
        (false, true, Some(ack)) => syn_ack(flow, segment, ack),
        (false, false, None) => Relation::Implausible,
        (false, false, Some(ack)) if flow.phase == Phase::Attempt => proof(flow, segment, ack),
        (false, false, Some(_)) => Relation::Part,
    }
}

/// A closed flow ends for good when it is forgotten or its ports are used again.
fn after_close(
    flow: &Flow,
    segment: &Segment<'_>,
    is_forgotten: bool,
    was_established: bool,
) -> Relation {
    let own = flow.half(segment.path.sender);
    let peer = flow.half(segment.path.sender.peer());
    let begins_anew = match segment.ack {
        _ if segment.is_rst => false,
        _ if is_forgotten => true,
        // Windows repeats a refused SYN with the same sequence number.
        None => segment.is_syn && !(was_established && own.began_with(segment.seq)),
        Some(ack) => segment.is_syn && !own.began_with(segment.seq) && !peer.is_syn_ack(ack),
    };
    if begins_anew { Relation::Successor } else { Relation::Stray }
}

/// A SYN is the first of its sender, or a repetition, or a new connection.
fn syn(own: &Half, segment: &Segment<'_>) -> Relation {
    if segment.is_fin {
        Relation::Implausible
    } else if !own.is_known() || own.began_with(segment.seq) {
        Relation::Part
    } else {
        Relation::Successor
    }
}

fn syn_ack(flow: &Flow, segment: &Segment<'_>, ack: u32) -> Relation {
    let own = flow.half(segment.path.sender);
    let peer = flow.half(segment.path.sender.peer());
    if segment.is_fin {
        return Relation::Implausible;
    }
    if own.began_with(segment.seq) {
        return Relation::Part;
    }
    match flow.phase {
        // The second answer to a repeated SYN may have another number (SYN cookies).
        Phase::Attempt if peer.is_in_reset_window(ack) => Relation::Part,
        Phase::Established(_) if !peer.is_syn_ack(ack) => Relation::Successor,
        Phase::Attempt | Phase::Established(_) | Phase::Closed { .. } => Relation::Implausible,
    }
}

/// The first packet that is no SYN proves the connection: its sender has the peer's SYN-ACK or, if
/// it is the responder and sends data, the initiator's acknowledgement.
fn proof(flow: &Flow, segment: &Segment<'_>, ack: u32) -> Relation {
    let own = flow.half(segment.path.sender);
    let peer = flow.half(segment.path.sender.peer());
    let has_content = segment.wire_bytes > 0 || segment.is_fin;
    let is_proof = match (own.is_known(), peer.is_known()) {
        (true, true) => own.is_in_window(segment.seq) && peer.is_in_window(ack),
        (true, false) => own.is_in_window(segment.seq),
        // Without content it may be the answer of an old connection to the SYN (RFC 5961).
        (false, _) => has_content && peer.is_in_window(ack),
    };
    if is_proof { Relation::Part } else { Relation::Implausible }
}
