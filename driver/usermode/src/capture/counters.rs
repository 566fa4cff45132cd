//! What a capture contained, including everything that did not become an event.

use super::link::LinkType;

/// Sums over one capture.
///
/// `packets` = `tcp_packets` + `non_tcp` + `fragments` + `unsupported_link` + `malformed`.
///
/// `payload_bytes` = `delivered_bytes` + `retransmitted_bytes` + `overlap_bytes` +
/// `undelivered_bytes` + `ignored_bytes`, once [`finish`](super::Streams::finish) has run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Packets of any kind.
    pub packets: u64,
    /// Their length on the wire.
    pub bytes: u64,
    /// Packets with a complete TCP header.
    pub tcp_packets: u64,
    /// Packets that carry something else: ARP, UDP, tunnels, control frames.
    pub non_tcp: u64,
    /// IP fragments, first ones included; none is reassembled.
    pub fragments: u64,
    /// Packets of a link type that this module does not decode.
    pub unsupported_link: u64,
    /// The first link type that was not decoded.
    pub unsupported_link_type: Option<LinkType>,
    /// Packets whose headers are cut off or contradict themselves.
    pub malformed: u64,
    /// TCP packets with payload on the wire.
    pub segments: u64,
    /// Captured TCP payload, retransmissions included.
    pub payload_bytes: u64,
    /// TCP payload on the wire beyond the captured part of its packet.
    pub cut_off_bytes: u64,
    /// Zeros that the IP length counts as content and that are the padding of a short frame; they
    /// are not in `payload_bytes`.
    pub padding_bytes: u64,
    /// Payload given out in `Data` events.
    pub delivered_bytes: u64,
    /// Payload that repeats bytes already delivered; keep-alives and zero-window probes too.
    pub retransmitted_bytes: u64,
    /// Payload that repeats bytes waiting for a hole to fill; those received first are kept.
    pub overlap_bytes: u64,
    /// Segments that arrived behind a hole.
    pub out_of_order_segments: u64,
    /// Holes: bytes that the receiver got, or that the reassembly gave up waiting for, and that the
    /// capture does not show; those at the end of a stream, behind which no data came, too. There a
    /// FIN that was acknowledged but not captured counts as one byte.
    pub missed_bytes: u64,
    /// Payload that no application read: behind a hole that nobody acknowledged, or of a connection
    /// that was never established.
    pub undelivered_bytes: u64,
    /// Payload of ignored packets: implausible, after the sender's FIN, or of a closed flow.
    pub ignored_bytes: u64,
    /// TCP packets ignored because their sequence number or flags cannot belong to the connection.
    pub implausible: u64,
    /// TCP packets of flows already closed, and resets without a flow.
    pub stray: u64,
    /// Times that a hole was given up because a bound on waiting bytes was reached.
    pub reorder_overflows: u64,
    /// Connection attempts that were never established.
    pub attempts: u64,
    /// Flows reported as established.
    pub flows: u64,
    /// Those of them that began before the capture.
    pub mid_capture: u64,
    /// Flows and attempts ended because too many were live.
    pub evicted: u64,
}
