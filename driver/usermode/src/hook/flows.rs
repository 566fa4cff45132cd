//! One flow context: what is captured at flow established, and what is counted since (S01, S02).

use core::net::SocketAddr;
use weir_abi::context::{AF_INET, AF_INET6, CONTEXT_BYTES, FlowClassify, IPPROTO_TCP};
use weir_abi::{Direction, FlowState};
use weir_engine::{Flow, Slots};

/// What is known of a connection when it is established (S01).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowInfo {
    /// WFP's flow handle, or whoever stands in for WFP.
    pub flow_id: u64,
    /// Local end.
    pub local: SocketAddr,
    /// Remote end.
    pub remote: SocketAddr,
    /// Direction of the connection.
    pub direction: Direction,
    /// Network compartment.
    pub compartment_id: u32,
    /// Interface LUID; 0 if absent.
    pub interface_luid: u64,
    /// Process; 0 if unknown.
    pub process_id: u32,
    /// Both ends are on this machine.
    pub is_loopback: bool,
}

/// One flow context.
pub(super) struct FlowEntry {
    pub(super) serial: u64,
    pub(super) info: FlowInfo,
    pub(super) engine: Flow,
    context: FlowClassify,
    seq: u32,
    pub(super) since_ns: u64,
    pub(super) last_segment_ns: u64,
    /// Segments and bytes by direction, as the context numbers it.
    pub(super) segments: [u64; 2],
    pub(super) bytes: [u64; 2],
    /// Bytes of the segment that is being shown in this call, already counted above.
    pub(super) current: Option<u64>,
    pub(super) absorbed_segments: u64,
    pub(super) absorbed_bytes: u64,
    /// Slots with a pair, and those that answered NEED_MORE_DATA at least once.
    pub(super) pairs: Slots,
    pub(super) answered: Slots,
}

fn words(address: SocketAddr) -> [u32; 4] {
    // The bytes of the address in network order, read as the little-endian words of the context.
    match address {
        SocketAddr::V4(v4) => [u32::from_le_bytes(v4.ip().octets()), 0, 0, 0],
        SocketAddr::V6(v6) => {
            let mut out = [0; 4];
            for (word, bytes) in out.iter_mut().zip(v6.ip().octets().chunks_exact(4)) {
                *word = bytes.try_into().map_or(0, u32::from_le_bytes);
            }
            out
        }
    }
}

impl FlowEntry {
    pub(super) fn new(serial: u64, info: FlowInfo, now_ns: u64) -> Self {
        let context = FlowClassify {
            family: if info.local.is_ipv4() { AF_INET } else { AF_INET6 },
            local_ip: words(info.local),
            local_port: u32::from(info.local.port().to_be()),
            remote_ip: words(info.remote),
            remote_port: u32::from(info.remote.port().to_be()),
            protocol: IPPROTO_TCP,
            compartment_id: info.compartment_id,
            interface_luid: info.interface_luid,
            flow_id: info.flow_id,
            ..FlowClassify::default()
        };
        Self {
            serial,
            info,
            engine: Flow::default(),
            context,
            seq: 0,
            since_ns: now_ns,
            last_segment_ns: now_ns,
            segments: [0; 2],
            bytes: [0; 2],
            current: None,
            absorbed_segments: 0,
            absorbed_bytes: 0,
            pairs: Slots::NONE,
            answered: Slots::NONE,
        }
    }

    /// The context of one invocation, built anew (S02).
    pub(super) fn context(&self, state: FlowState, direction: Direction) -> [u8; CONTEXT_BYTES] {
        FlowClassify { direction: direction.raw(), state: u32::from(state.raw()), ..self.context }
            .to_bytes()
    }

    pub(super) const fn next_seq(&mut self) -> u32 {
        self.seq = self.seq.wrapping_add(1);
        self.seq
    }

    pub(super) fn count_segment(&mut self, direction: Direction, bytes: usize, now_ns: u64) {
        if let Some(count) = self.segments.get_mut(direction.index()) {
            *count += 1;
        }
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        if let Some(count) = self.bytes.get_mut(direction.index()) {
            *count += bytes;
        }
        self.current = Some(bytes);
        self.last_segment_ns = now_ns;
    }

    /// Segments and bytes shown so far, both directions, with or without the current segment.
    pub(super) fn shown(&self, with_current: bool) -> (u64, u64) {
        let (segments, bytes): (u64, u64) = (self.segments.iter().sum(), self.bytes.iter().sum());
        match self.current {
            Some(current) if !with_current => (segments - 1, bytes - current),
            _ => (segments, bytes),
        }
    }
}
