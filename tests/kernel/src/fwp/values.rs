//! The fixed values and the metadata that a classification shows, as tight as they can be.
//!
//! The array of values ends where readable memory ends, and what metadata does not say is poison:
//! a driver that reads a field without asking whether it is there is caught.

use super::flows::FlowSpec;
use super::guarded::{Guarded, POISON};
use super::layers::{Layer, established, stream};
use super::layout::{IncomingMetadata, IncomingValues, Value, kind, metadata};
use crate::memory;
use core::cell::RefCell;
use core::net::IpAddr;
use weir_abi::Direction;

/// Most values of a layer that a test can ask for; the largest layer has some 70.
const VALUES_MAX: usize = 128;

/// Arenas that no classification uses; mapping memory for each would be the dearest part of it.
#[derive(Debug, Default)]
#[expect(clippy::vec_box, reason = "values point into the arena, which must not move")]
pub(super) struct Arenas {
    free: RefCell<Vec<Box<Arena>>>,
}

/// Memory that one classification shows to callouts.
#[derive(Debug)]
pub(super) struct Arena {
    room: Guarded,
    local: [u8; 16],
    remote: [u8; 16],
    luid: u64,
    /// What stands at the end of `room`.
    values: Vec<Value>,
}

impl Arenas {
    pub(super) fn take(&self) -> Box<Arena> {
        let free = self.free.borrow_mut().pop();
        free.unwrap_or_else(|| {
            Box::new(Arena {
                room: Guarded::writable(VALUES_MAX * size_of::<Value>()),
                local: [0; 16],
                remote: [0; 16],
                luid: 0,
                values: Vec::with_capacity(VALUES_MAX),
            })
        })
    }

    pub(super) fn give_back(&self, arena: Box<Arena>) {
        self.free.borrow_mut().push(arena);
    }
}

impl Arena {
    /// The values of a flow at a layer, as callouts get them.
    pub(super) fn show(&mut self, spec: &FlowSpec, layer: Layer) -> IncomingValues {
        let count = if layer.is_stream() { spec.stream_values } else { spec.established_values };
        assert!(count <= VALUES_MAX, "no layer has {count} values");
        self.values.clear();
        self.values.resize(count, Value::default());
        if layer.is_stream() {
            self.stream(spec)
        } else {
            self.established(spec)
        }
        let bytes = count * size_of::<Value>();
        let start: *mut Value = self.room.end().wrapping_sub(bytes).cast();
        for (place, value) in self.values.iter().enumerate() {
            memory::store(start.wrapping_add(place), *value);
        }
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        IncomingValues { layer: layer.id(), count, values: start }
    }

    /// What was shown, to compare conditions with.
    pub(super) fn values(&self) -> &[Value] {
        &self.values
    }

    fn established(&mut self, spec: &FlowSpec) {
        self.set(established::PROTOCOL, kind::UINT8, u64::from(spec.protocol));
        self.set(established::LOCAL_PORT, kind::UINT16, u64::from(spec.local.port()));
        self.set(established::REMOTE_PORT, kind::UINT16, u64::from(spec.remote.port()));
        self.set(established::DIRECTION, kind::UINT32, direction(spec));
        self.set(established::FLAGS, kind::UINT32, flags(spec));
        self.set(established::COMPARTMENT, kind::UINT32, u64::from(spec.compartment_id));
        if let Some(luid) = spec.interface_luid {
            self.luid = luid;
            self.set(established::LOCAL_INTERFACE, kind::UINT64, exposed(&raw const self.luid));
        }
        self.addresses(spec, established::LOCAL_ADDRESS, established::REMOTE_ADDRESS);
    }

    fn stream(&mut self, spec: &FlowSpec) {
        self.set(stream::LOCAL_PORT, kind::UINT16, u64::from(spec.local.port()));
        self.set(stream::REMOTE_PORT, kind::UINT16, u64::from(spec.remote.port()));
        self.set(stream::DIRECTION, kind::UINT32, direction(spec));
        self.set(stream::FLAGS, kind::UINT32, flags(spec));
        self.set(stream::COMPARTMENT, kind::UINT32, u64::from(spec.compartment_id));
        self.addresses(spec, stream::LOCAL_ADDRESS, stream::REMOTE_ADDRESS);
    }

    fn addresses(&mut self, spec: &FlowSpec, local: usize, remote: usize) {
        match (spec.local.ip(), spec.remote.ip()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                self.set(local, kind::UINT32, u64::from(ours.to_bits()));
                self.set(remote, kind::UINT32, u64::from(theirs.to_bits()));
            }
            (ours, theirs) => {
                (self.local, self.remote) = (sixteen(ours), sixteen(theirs));
                self.set(local, kind::BYTE_ARRAY16, exposed(&raw const self.local));
                self.set(remote, kind::BYTE_ARRAY16, exposed(&raw const self.remote));
            }
        }
    }

    /// Sets a value, if there are so many.
    fn set(&mut self, index: usize, kind: u32, data: u64) {
        if let Some(value) = self.values.get_mut(index) {
            // The unused bytes of the union are whatever was there.
            *value = Value { kind, data: data | rubbish(kind) };
        }
    }
}

/// What Windows leaves in the bytes of a union that its type does not use.
pub(super) const fn rubbish(kind: u32) -> u64 {
    const ALL: u64 = u64::from_le_bytes([POISON; 8]);
    match kind {
        kind::UINT8 => ALL & !0xff,
        kind::UINT16 => ALL & !0xffff,
        kind::UINT32 => ALL & !0xffff_ffff,
        _ => 0,
    }
}

/// The metadata of a flow at a layer.
pub(super) fn metadata_of(spec: &FlowSpec, layer: Layer, flow: u64) -> IncomingMetadata {
    const POISONED: u64 = u64::from_le_bytes([POISON; 8]);
    let present = spec.metadata_present(layer);
    let if_present = |bit, value| if present & bit != 0 { value } else { POISONED };
    let compartment = if_present(metadata::COMPARTMENT_ID, u64::from(spec.compartment_id));
    let [c0, c1, c2, c3, ..] = compartment.to_le_bytes();
    IncomingMetadata {
        present,
        flags: 0,
        discard: [POISONED; 3],
        flow_handle: if_present(metadata::FLOW_HANDLE, flow),
        header_sizes: [0xa5a5_a5a5; 2],
        process_path: POISONED,
        token: POISONED,
        // As large as a process id can be, or the driver would see at once that it is none.
        process_id: if present & metadata::PROCESS_ID != 0 {
            spec.process_id.unwrap_or(POISONED)
        } else {
            POISONED & 0xffff_ffff
        },
        interfaces: [0xa5a5_a5a5; 2],
        compartment_id: u32::from_le_bytes([c0, c1, c2, c3]),
        rest: [POISON; 196],
    }
}

/// `FWP_DIRECTION`: outbound is 0, the inverse of the hook's.
fn direction(spec: &FlowSpec) -> u64 {
    u64::from(spec.direction != Direction::Outbound)
}

/// `FWP_CONDITION_FLAG_IS_LOOPBACK` and `_IS_REAUTHORIZE`.
fn flags(spec: &FlowSpec) -> u64 {
    u64::from(spec.is_loopback) | u64::from(spec.is_reauthorize) << 2
}

fn sixteen(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

/// The address as a union of the platform holds it.
fn exposed<T>(at: *const T) -> u64 {
    u64::try_from(at.expose_provenance()).unwrap_or_default()
}
