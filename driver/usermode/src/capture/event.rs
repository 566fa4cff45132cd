//! What reassembly tells its user: flows that begin, bytes in order, flows that end.

use core::fmt;
use core::net::SocketAddr;

/// Number of a flow: 1, 2, 3… in the order in which flows were established.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowKey(pub u64);

impl fmt::Display for FlowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One step in the life of a flow.
///
/// Every flow has one `Established`, any number of `Data`, then one `Closed`.
/// Times are nanoseconds since 1970 as the capture gives them; they may go backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamEvent<'a> {
    /// A connection exists.
    Established {
        /// The flow.
        flow: FlowKey,
        /// Time of the packet that completed the handshake, or of the first packet.
        at_ns: u64,
        /// The end that opened the connection.
        initiator: SocketAddr,
        /// The other end.
        responder: SocketAddr,
        /// Whether the handshake was not captured, so that the roles are a guess and earlier bytes
        /// are unknown.
        mid_capture: bool,
    },
    /// Bytes that the receiving application could read next.
    Data {
        /// The flow.
        flow: FlowKey,
        /// Time of the packet that made the bytes readable.
        at_ns: u64,
        /// Whether the initiator sent them.
        from_initiator: bool,
        /// Bytes directly before these that the receiver got and the capture does not show.
        missed_bytes: u64,
        /// The bytes; never empty.
        bytes: &'a [u8],
    },
    /// The flow has ended: no event follows for it.
    Closed {
        /// The flow.
        flow: FlowKey,
        /// Time of the packet that ended it; at the end of the capture, of the last packet.
        at_ns: u64,
        /// Why it ended.
        reason: CloseReason,
    },
}

/// Why a flow ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// Both ends finished.
    Fin,
    /// One end reset the connection.
    Reset,
    /// The same addresses and ports opened a new connection.
    Replaced,
    /// It was the longest idle flow when [`Limits::live_flows`](super::Limits) was reached.
    Evicted,
    /// The capture ended; the connection may have gone on.
    CaptureEnd,
}

impl CloseReason {
    /// Every reason, for tables that have a row for each.
    pub const ALL: [Self; 5] =
        [Self::Fin, Self::Reset, Self::Replaced, Self::Evicted, Self::CaptureEnd];

    /// The reason as one lower-case word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fin => "fin",
            Self::Reset => "reset",
            Self::Replaced => "replaced",
            Self::Evicted => "evicted",
            Self::CaptureEnd => "capture_end",
        }
    }
}
