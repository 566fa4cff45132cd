//! One flow as `--flows`, `--json` and the tables show it.

use core::net::SocketAddr;
use serde::Serialize;
use weir_abi::Direction;
use weir_abi::event::{Fate, FlowUninspected, Verdict};
use weir_abi::wire::{Address, Port};
use weir_usermode::replay::Marks;

/// One flow.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FlowRow {
    /// Number of the flow, from 1.
    pub(crate) flow_id: u64,
    /// Local end, `a.b.c.d:port` or `[v6]:port`.
    pub(crate) local: SocketAddr,
    /// Remote end.
    pub(crate) remote: SocketAddr,
    /// Direction of the connection.
    pub(crate) direction: &'static str,
    /// `allow`, `block`, `undecided` or `uninspected`.
    pub(crate) verdict: &'static str,
    /// The program that decided; of an undecided flow, those still classifying it.
    pub(crate) program: Option<String>,
    /// What brought it about.
    pub(crate) reason: &'static str,
    /// Segments inspected, both directions.
    pub(crate) segments: u64,
    /// Bytes inspected, both directions.
    pub(crate) bytes: u64,
    /// The connection began before its capture; its ends may be the wrong way round.
    pub(crate) mid_capture: bool,
    /// The capture ended, or was cut off, before the connection was over.
    pub(crate) open_at_end: bool,
}

const fn end(address: Address, port: Port) -> SocketAddr {
    SocketAddr::new(address.to_ip(), port.0)
}

const fn verdict_of(fate: Fate) -> &'static str {
    match fate {
        Fate::Allow | Fate::FailedOpen => "allow",
        Fate::Block | Fate::FailedClosed => "block",
        Fate::Undecided => "undecided",
        Fate::Unknown => "unknown",
    }
}

impl FlowRow {
    /// The row of a settled flow; the caller knows programs and captures.
    pub(crate) fn settled(event: &Verdict, program: Option<String>, marks: Marks) -> Self {
        Self {
            flow_id: event.flow_id,
            local: end(event.local_address, event.local_port),
            remote: end(event.remote_address, event.remote_port),
            direction: event.direction.name(),
            verdict: verdict_of(event.fate),
            program,
            reason: event.reason.name(),
            segments: event.segments_inbound.saturating_add(event.segments_outbound),
            bytes: event.bytes_inbound.saturating_add(event.bytes_outbound),
            mid_capture: marks.mid_capture,
            open_at_end: marks.open_at_end,
        }
    }

    /// The row of a flow that nobody inspected.
    pub(crate) fn uninspected(event: &FlowUninspected, reason: &'static str, marks: Marks) -> Self {
        Self {
            flow_id: event.flow_id,
            local: end(event.local_address, event.local_port),
            remote: end(event.remote_address, event.remote_port),
            direction: Direction::name(event.direction),
            verdict: "uninspected",
            program: None,
            reason,
            segments: 0,
            bytes: 0,
            mid_capture: marks.mid_capture,
            open_at_end: marks.open_at_end,
        }
    }
}
