//! Bounds on what reassembly keeps in memory.

/// Live flows and attempts: as many as the driver inspects by default (rule S33), about 250 MB.
const LIVE_FLOWS: usize = 1_048_576;

/// Closed flows remembered, so that late packets do not look like new flows: more than a busy
/// server closes within [`CLOSED_NS`] at 250 connections a second, about 15 MB.
const CLOSED_FLOWS: usize = 65_536;

/// How long a closed flow is remembered: twice the maximum segment lifetime of RFC 9293 (2 min).
const CLOSED_NS: u64 = 240_000_000_000;

/// Bytes of one direction that wait behind a hole: 10 Gbit/s over 12 ms fit. A smaller bound would
/// give up holes that a retransmission is about to fill.
const REORDER_BYTES: usize = 16 * 1024 * 1024;

/// Bytes of all flows together that wait behind holes.
const REORDER_BYTES_TOTAL: usize = 256 * 1024 * 1024;

/// Bounds of a [`Streams`](super::Streams); the defaults suit a capture of any size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Live flows and attempts. Beyond it the longest idle one ends; `evicted` counts it, and what
    /// its connection sends later is stray while it is remembered.
    pub live_flows: usize,
    /// Closed flows remembered. Beyond it the oldest is forgotten.
    pub closed_flows: usize,
    /// Capture time for which a closed flow is remembered, in nanoseconds.
    pub closed_ns: u64,
    /// Bytes that wait behind a hole, for one direction. Beyond it the hole is given up;
    /// `reorder_overflows` counts it.
    pub reorder_bytes: usize,
    /// The same for all flows together. Beyond it the direction that grew gives up its holes.
    pub reorder_bytes_total: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            live_flows: LIVE_FLOWS,
            closed_flows: CLOSED_FLOWS,
            closed_ns: CLOSED_NS,
            reorder_bytes: REORDER_BYTES,
            reorder_bytes_total: REORDER_BYTES_TOTAL,
        }
    }
}
