//! The live set: every flow that some program is classifying now.
//!
//! A flow enters with FlowEstablished or FlowRundown and leaves when it is settled or closed, so
//! blocked flows, which keep a context in the driver, are not in it.
//! Segments of a flow are known from its last rundown; between rundowns they are counted from
//! Invocation events where a session enables them.
//! Where none does, a flow that was established after the last capture state reads as waiting for
//! data until the next one: keep `weir-detail` on, or capture at intervals, for a current view.
//!
//! What an invocation touches is 48 bytes in the table; addresses lie apart.

use super::attachments::SLOTS;
use super::tombstones::Tombstones;
use core::hash::BuildHasher;
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use weir_abi::event::{FlowEstablished, FlowRundown};
use weir_abi::wire::{Address, Port, Ticks};

/// An undecided flow, as often as it is touched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flow {
    pub(crate) serial: u64,
    pub(crate) established_ns: u64,
    pub(crate) classifying: u64,
    pub(crate) bytes: u64,
    pub(crate) segments: u32,
    flow_seq: u32,
    identity: u32,
    generation: u32,
}

/// Who a flow is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Identity {
    pub(crate) flow_id: u64,
    pub(crate) local: Address,
    pub(crate) remote: Address,
    pub(crate) local_port: Port,
    pub(crate) remote_port: Port,
    pub(crate) process_id: u32,
}

/// A segment that a program was shown.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Segment {
    pub(crate) serial: u64,
    pub(crate) attach_id: u32,
    pub(crate) bytes: u32,
}

/// Undecided flows by serial, bounded.
#[derive(Debug)]
pub(crate) struct LiveSet {
    flows: HashTable<Flow>,
    identities: Vec<Identity>,
    free: Vec<u32>,
    tombstones: Tombstones,
    hasher: FixedState,
    flows_max: usize,
    generation: u32,
    refused: u64,
}

impl LiveSet {
    pub(crate) fn new(flows_max: usize, hash_seed: u64) -> Self {
        Self {
            flows: HashTable::new(),
            identities: Vec::new(),
            free: Vec::new(),
            tombstones: Tombstones::new(),
            hasher: FixedState::with_seed(hash_seed),
            flows_max: flows_max.min(u32::MAX as usize),
            generation: 0,
            refused: 0,
        }
    }

    /// Undecided flows.
    pub(crate) fn len(&self) -> usize {
        self.flows.len()
    }

    /// Flows that found the bound reached.
    pub(crate) const fn refused(&self) -> u64 {
        self.refused
    }

    /// Every flow, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Flow> {
        self.flows.iter()
    }

    /// A flow by its serial.
    pub(crate) fn find(&self, serial: u64) -> Option<&Flow> {
        self.flows.find(self.hasher.hash_one(serial), |flow| flow.serial == serial)
    }

    /// Who a flow of this set is.
    pub(crate) fn identity(&self, flow: &Flow) -> Identity {
        self.identities.get(flow.identity as usize).copied().unwrap_or_default()
    }

    /// Takes in a new flow; `false` where the bound left it out.
    pub(crate) fn established(&mut self, event: &FlowEstablished, time_ns: u64) -> bool {
        let classifying = if event.blocked { 0 } else { event.classifying };
        let flow = Flow {
            serial: event.flow_serial,
            established_ns: time_ns,
            classifying,
            bytes: 0,
            segments: 0,
            flow_seq: event.flow_seq,
            identity: 0,
            generation: self.generation,
        };
        let identity = Identity {
            flow_id: event.flow_id,
            local: event.local_address,
            remote: event.remote_address,
            local_port: event.local_port,
            remote_port: event.remote_port,
            process_id: event.process_id,
        };
        self.enter(flow, identity)
    }

    /// Takes in a live flow of a capture state; `false` where the bound left it out.
    pub(crate) fn rundown(&mut self, event: &FlowRundown, time_ns: u64) -> bool {
        let classifying = if event.blocked { 0 } else { event.classifying };
        let segments = event.segments_inbound.saturating_add(event.segments_outbound);
        let flow = Flow {
            serial: event.flow_serial,
            established_ns: time_ns.saturating_sub(nanos(event.age)),
            classifying,
            bytes: event.bytes_inbound.saturating_add(event.bytes_outbound),
            segments: u32::try_from(segments).unwrap_or(u32::MAX),
            flow_seq: event.flow_seq,
            identity: 0,
            generation: self.generation,
        };
        let identity = Identity {
            flow_id: event.flow_id,
            local: event.local_address,
            remote: event.remote_address,
            local_port: event.local_port,
            remote_port: event.remote_port,
            process_id: event.process_id,
        };
        self.enter(flow, identity)
    }

    fn enter(&mut self, mut flow: Flow, identity: Identity) -> bool {
        flow.classifying &= !self.tombstones.settled(flow.serial, flow.flow_seq);
        let (hash, hasher) = (self.hasher.hash_one(flow.serial), self.hasher.clone());
        let rehash = move |other: &Flow| hasher.hash_one(other.serial);
        let is_full = self.flows.len() >= self.flows_max;
        match self.flows.entry(hash, |other| other.serial == flow.serial, rehash) {
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                known.generation = flow.generation;
                if flow.flow_seq < known.flow_seq {
                    return true;
                }
                flow.identity = known.identity;
                if flow.classifying == 0 {
                    let (serial, flow_seq) = (flow.serial, flow.flow_seq);
                    self.settle(serial, flow_seq);
                    return true;
                }
                *known = flow;
                self.identities[flow.identity as usize] = identity;
            }
            Entry::Vacant(_) if flow.classifying == 0 => {}
            Entry::Vacant(_) if is_full => {
                self.refused += 1;
                return false;
            }
            Entry::Vacant(place) => {
                flow.identity = match self.free.pop() {
                    Some(index) => index,
                    None => {
                        self.identities.push(Identity::default());
                        u32::try_from(self.identities.len() - 1).unwrap_or(0)
                    }
                };
                self.identities[flow.identity as usize] = identity;
                place.insert(flow);
            }
        }
        true
    }

    /// A program settled its own part of a flow.
    pub(crate) fn settle_slots(&mut self, serial: u64, flow_seq: u32, slots: u64) {
        let hash = self.hasher.hash_one(serial);
        if let Some(flow) = self.flows.find_mut(hash, |flow| flow.serial == serial) {
            flow.flow_seq = flow.flow_seq.max(flow_seq);
            flow.classifying &= !slots;
            if flow.classifying != 0 {
                return;
            }
            self.remove(hash, serial);
        }
        self.tombstones.bury(serial, slots, flow_seq);
    }

    /// A flow is settled, or its context is released.
    pub(crate) fn settle(&mut self, serial: u64, flow_seq: u32) {
        self.remove(self.hasher.hash_one(serial), serial);
        self.tombstones.bury(serial, u64::MAX, flow_seq);
    }

    fn remove(&mut self, hash: u64, serial: u64) {
        if let Ok(known) = self.flows.find_entry(hash, |flow| flow.serial == serial) {
            let (flow, _) = known.remove();
            self.free.push(flow.identity);
        }
    }

    /// Counts segments; each only once, for the first program in the order that classifies it.
    pub(crate) fn segments(&mut self, segments: &[Segment], slots: &[Option<u32>; SLOTS]) {
        for segment in segments {
            let hash = self.hasher.hash_one(segment.serial);
            let found = self.flows.find_mut(hash, |flow| flow.serial == segment.serial);
            let Some(flow) = found else { continue };
            let first = flow.classifying.trailing_zeros() as usize % SLOTS;
            if slots[first].is_none_or(|id| id == segment.attach_id) {
                flow.segments = flow.segments.saturating_add(1);
                flow.bytes = flow.bytes.saturating_add(u64::from(segment.bytes));
            }
        }
    }

    /// A capture state begins: what it names from here on is known to live.
    pub(crate) const fn begin_capture(&mut self) {
        self.generation = self.generation.wrapping_add(1);
    }

    /// A capture state was whole: flows that it did not name and that are not new are gone.
    pub(crate) fn end_capture(&mut self) {
        let (generation, free) = (self.generation, &mut self.free);
        self.flows.retain(|flow| {
            let lives = flow.generation == generation;
            if !lives {
                free.push(flow.identity);
            }
            lives
        });
    }

    /// Another load of the driver: all its flows are new.
    pub(crate) fn clear(&mut self) {
        self.flows.clear();
        self.identities.clear();
        self.free.clear();
        self.tombstones.clear();
    }
}

/// Nanoseconds of a duration, rounded down.
pub(crate) fn nanos(ticks: Ticks) -> u64 {
    let nanos = (u128::from(ticks.0) * 1_000_000_000) >> 32;
    u64::try_from(nanos).unwrap_or(u64::MAX)
}
