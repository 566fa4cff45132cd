//! Flow contexts: what is captured at flow established, and a slab with generations (S37).

use super::elapsed;
use core::net::SocketAddr;
use weir_abi::context::{AF_INET, AF_INET6, CONTEXT_BYTES, FlowClassify, IPPROTO_TCP};
use weir_abi::event::{
    Cleanup, FlowClosed, FlowEstablished, FlowRundown, FlowUninspected, Verdict,
};
use weir_abi::wire::{Address, Port};
use weir_abi::{Direction, FlowState};
use weir_engine::{Flow, Settled, Slots};

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

/// Names a flow context; outlives it harmlessly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowHandle {
    index: u32,
    generation: u32,
}

/// One flow context.
pub(super) struct FlowEntry {
    pub(super) serial: u64,
    pub(super) info: FlowInfo,
    pub(super) engine: Flow,
    context: FlowClassify,
    seq: u32,
    pub(super) since_ns: u64,
    last_segment_ns: u64,
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

    pub(super) fn verdict_event(
        &mut self,
        engine: &Flow,
        settled: Settled,
        (decider_attach_id, decider_chain_index): (u32, u8),
        now_ns: u64,
    ) -> Verdict {
        let ([segments_inbound, segments_outbound], [bytes_inbound, bytes_outbound]) =
            (self.segments, self.bytes);
        let shared = self.established_event();
        Verdict {
            flow_serial: shared.flow_serial,
            flow_id: shared.flow_id,
            flow_seq: shared.flow_seq,
            family: shared.family,
            local_address: shared.local_address,
            remote_address: shared.remote_address,
            local_port: shared.local_port,
            remote_port: shared.remote_port,
            protocol: shared.protocol,
            direction: shared.direction,
            loopback: shared.loopback,
            compartment_id: shared.compartment_id,
            interface_luid: shared.interface_luid,
            process_id: shared.process_id,
            fate: settled.fate,
            reason: settled.reason,
            decider_attach_id,
            decider_chain_index,
            invoked: engine.invoked().mask(),
            allowed: engine.allowed().mask(),
            classifying: settled.classifying.mask(),
            failed: engine.failed().mask(),
            segments_inbound,
            segments_outbound,
            bytes_inbound,
            bytes_outbound,
            since_established: elapsed(self.since_ns, now_ns),
        }
    }

    pub(super) fn rundown_event(&mut self, now_ns: u64) -> FlowRundown {
        let ([segments_inbound, segments_outbound], [bytes_inbound, bytes_outbound]) =
            (self.segments, self.bytes);
        FlowRundown {
            blocked: self.engine.is_blocked(),
            invoked: self.engine.invoked().mask(),
            allowed: self.engine.allowed().mask(),
            classifying: self.engine.classifying().mask(),
            failed: self.engine.failed().mask(),
            segments_inbound,
            segments_outbound,
            bytes_inbound,
            bytes_outbound,
            age: elapsed(self.since_ns, now_ns),
            last_segment_age: elapsed(self.last_segment_ns, now_ns),
            ..self.rundown_tuple()
        }
    }
}

/// Events that begin with the flow's tuple, filled with it and what the caller names.
macro_rules! tuple_event {
    ($name:ident, $event:ident, $info:ident { $($field:ident: $value:expr),* } $($rest:tt)*) => {
        impl FlowEntry {
            pub(super) fn $name(&mut self) -> $event {
                let (flow_seq, $info) = (self.next_seq(), self.info);
                $event {
                    flow_serial: self.serial,
                    flow_id: $info.flow_id,
                    flow_seq,
                    family: if $info.local.is_ipv4() { 2 } else { 23 },
                    local_address: Address::from($info.local.ip()),
                    remote_address: Address::from($info.remote.ip()),
                    local_port: Port($info.local.port()),
                    remote_port: Port($info.remote.port()),
                    direction: $info.direction,
                    $($field: $value,)*
                    $($rest)*
                }
            }
        }
    };
}

tuple_event!(
    established_event,
    FlowEstablished,
    info {
        protocol: IPPROTO_TCP,
        loopback: info.is_loopback,
        compartment_id: info.compartment_id,
        interface_luid: info.interface_luid,
        process_id: info.process_id
    }..FlowEstablished::default()
);
tuple_event!(uninspected_event, FlowUninspected, info { process_id: info.process_id });
tuple_event!(closed_event, FlowClosed, info {}..FlowClosed::default());
tuple_event!(cleanup_event, Cleanup, info {}..Cleanup::default());
tuple_event!(
    rundown_tuple,
    FlowRundown,
    info { process_id: info.process_id }..FlowRundown::default()
);

/// The slab of flow contexts.
#[derive(Default)]
pub(super) struct Flows {
    places: Vec<Place>,
    free: Vec<u32>,
    serial: u64,
}

#[derive(Default)]
struct Place {
    generation: u32,
    entry: Option<Box<FlowEntry>>,
}

impl Flows {
    pub(super) const fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    pub(super) fn insert(&mut self, entry: FlowEntry) -> FlowHandle {
        let index = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place::default());
            u32::try_from(self.places.len() - 1).unwrap_or(u32::MAX)
        });
        let mut generation = 0;
        if let Some(place) = self.place(index) {
            place.entry = Some(Box::new(entry));
            generation = place.generation;
        }
        FlowHandle { index, generation }
    }

    fn place(&mut self, index: u32) -> Option<&mut Place> {
        self.places.get_mut(usize::try_from(index).ok()?)
    }

    /// Takes an entry out for a call; [`Self::put_back`] or [`Self::release`] follows.
    pub(super) fn take(&mut self, handle: FlowHandle) -> Option<Box<FlowEntry>> {
        let place = self.place(handle.index)?;
        if place.generation != handle.generation {
            return None;
        }
        place.entry.take()
    }

    pub(super) fn put_back(&mut self, handle: FlowHandle, entry: Box<FlowEntry>) {
        if let Some(place) = self.place(handle.index) {
            place.entry = Some(entry);
        }
    }

    /// Gives the place up; handles to it lead nowhere from here on.
    pub(super) fn release(&mut self, handle: FlowHandle) {
        if let Some(place) = self.place(handle.index) {
            place.entry = None;
            place.generation = place.generation.wrapping_add(1);
            self.free.push(handle.index);
        }
    }

    /// Handles of all live flows, oldest place first.
    pub(super) fn handles(&self) -> Vec<FlowHandle> {
        let live = self.places.iter().zip(0_u32..).filter(|(place, _)| place.entry.is_some());
        live.map(|(place, index)| FlowHandle { index, generation: place.generation }).collect()
    }
}
