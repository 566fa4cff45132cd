//! One connection: its two directions and how far it has come.

use super::event::FlowKey;
use super::half::Half;
use super::packet::Segment;
use super::tuple::{Side, Tuple};

/// A connection, an attempt at one, or the memory of one.
#[derive(Debug)]
pub(super) struct Flow {
    /// Its addresses and ports.
    pub(super) tuple: Tuple,
    /// How far it has come.
    pub(super) phase: Phase,
    /// The end that opened it.
    pub(super) initiator: Side,
    /// Whether its handshake was not captured.
    pub(super) is_mid_capture: bool,
    low: Half,
    high: Half,
}

/// How far a flow has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// A SYN or SYN-ACK was seen, nothing that proves a connection.
    Attempt,
    /// Reported under this number.
    Established(FlowKey),
    /// Ended; remembered so that late packets are recognised.
    Closed {
        /// When it ended, in capture time.
        at_ns: u64,
        /// Whether it ever was more than an attempt.
        was_established: bool,
    },
}

/// Why a packet begins no flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoFlow {
    /// It is what is left of a flow.
    Stray,
    /// No stack sends it, or none accepts it.
    Implausible,
}

impl Flow {
    /// The flow that begins with this packet.
    pub(super) fn begin(segment: &Segment<'_>) -> Result<Self, NoFlow> {
        let Segment { path, seq, ack, is_syn, is_fin, is_rst, .. } = *segment;
        let sender = path.sender;
        let syn = || Half::starting_at(seq.wrapping_add(1));
        let (own, peer, initiator, is_mid_capture) = match (is_syn, ack) {
            _ if is_syn && (is_fin || is_rst) => return Err(NoFlow::Implausible),
            _ if is_rst => return Err(NoFlow::Stray),
            (true, None) => (syn(), Half::unknown(), sender, false),
            (true, Some(ack)) => (syn(), Half::starting_at(ack), sender.peer(), false),
            (false, None) => return Err(NoFlow::Implausible),
            (false, Some(ack)) => {
                let responder = path.tuple.lower_port(sender.peer());
                (Half::under_way_at(seq), Half::under_way_at(ack), responder.peer(), true)
            }
        };
        let (low, high) = match sender {
            Side::Low => (own, peer),
            Side::High => (peer, own),
        };
        let phase = Phase::Attempt;
        Ok(Self { tuple: path.tuple, phase, initiator, is_mid_capture, low, high })
    }

    /// The bytes that one end sends.
    #[inline]
    pub(super) fn half(&self, sender: Side) -> &Half {
        match sender {
            Side::Low => &self.low,
            Side::High => &self.high,
        }
    }

    /// The bytes that one end sends.
    #[inline]
    pub(super) fn half_mut(&mut self, sender: Side) -> &mut Half {
        match sender {
            Side::Low => &mut self.low,
            Side::High => &mut self.high,
        }
    }

    /// Whether the first bytes of both directions are known.
    pub(super) fn are_both_known(&self) -> bool {
        self.low.is_known() && self.high.is_known()
    }

    /// Whether both ends have finished.
    #[inline]
    pub(super) fn is_finished(&self) -> bool {
        self.low.is_finished() && self.high.is_finished()
    }
}
