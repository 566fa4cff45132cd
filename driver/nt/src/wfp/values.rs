//! What WFP says of a connection that is established.
//!
//! Fields were appended over the years, so one is read only where there are enough of them (S11).

use crate::ffi::fwps::{
    FWP_BYTE_ARRAY16_TYPE, FWP_CONDITION_FLAG_IS_LOOPBACK, FWP_CONDITION_FLAG_IS_REAUTHORIZE,
    FWP_DIRECTION_INBOUND, FWP_UINT8, FWP_UINT16, FWP_UINT32, FWP_UINT64,
    FWPS_FIELD_ALE_FLOW_ESTABLISHED_COMPARTMENT_ID, FWPS_FIELD_ALE_FLOW_ESTABLISHED_DIRECTION,
    FWPS_FIELD_ALE_FLOW_ESTABLISHED_FLAGS, FWPS_FIELD_ALE_FLOW_ESTABLISHED_IP_LOCAL_ADDRESS,
    FWPS_FIELD_ALE_FLOW_ESTABLISHED_IP_LOCAL_INTERFACE,
    FWPS_FIELD_ALE_FLOW_ESTABLISHED_IP_LOCAL_PORT, FWPS_FIELD_ALE_FLOW_ESTABLISHED_IP_PROTOCOL,
    FWPS_FIELD_ALE_FLOW_ESTABLISHED_IP_REMOTE_ADDRESS,
    FWPS_FIELD_ALE_FLOW_ESTABLISHED_IP_REMOTE_PORT, FWPS_METADATA_FIELD_COMPARTMENT_ID,
    FWPS_METADATA_FIELD_FLOW_HANDLE, FWPS_METADATA_FIELD_PROCESS_ID, FwpsIncomingMetadataValues0,
    FwpsIncomingValue0, FwpsIncomingValues0,
};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use weir_abi::Direction;

/// A connection, as far as WFP described it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EstablishedValues {
    /// WFP's handle of the flow.
    pub flow_id: Option<u64>,
    /// IP protocol.
    pub protocol: Option<u8>,
    /// Both ends: local, remote.
    pub ends: Option<(SocketAddr, SocketAddr)>,
    /// Who opened it.
    pub direction: Direction,
    /// Network compartment; 0 if WFP named none.
    pub compartment_id: u32,
    /// Interface LUID; 0 if WFP named none.
    pub interface_luid: u64,
    /// Process; 0 if WFP named none.
    pub process_id: u32,
    /// Both ends are on this machine.
    pub is_loopback: bool,
    /// The connection is not new: WFP asks again.
    pub is_reauthorize: bool,
}

/// One field's value, read with care for its type.
struct Field<'a>(&'a FwpsIncomingValue0);

impl Field<'_> {
    fn u8(&self) -> Option<u8> {
        // The union's first byte; little-endian.
        let [low, ..] = self.0.value.value.to_le_bytes();
        (self.0.value.kind == FWP_UINT8).then_some(low)
    }

    fn u16(&self) -> Option<u16> {
        let [a, b, ..] = self.0.value.value.to_le_bytes();
        (self.0.value.kind == FWP_UINT16).then_some(u16::from_le_bytes([a, b]))
    }

    fn u32(&self) -> Option<u32> {
        let [a, b, c, d, ..] = self.0.value.value.to_le_bytes();
        (self.0.value.kind == FWP_UINT32).then_some(u32::from_le_bytes([a, b, c, d]))
    }

    fn pointer<T>(&self, kind: i32) -> Option<*const T> {
        let address = usize::try_from(self.0.value.value).ok()?;
        let pointer = core::ptr::with_exposed_provenance::<T>(address);
        (self.0.value.kind == kind && !pointer.is_null()).then_some(pointer)
    }

    fn u64(&self) -> Option<u64> {
        // SAFETY: a value of this type is a pointer to 8 bytes that live during the classify.
        self.pointer::<u64>(FWP_UINT64).map(|pointer| unsafe { pointer.read_unaligned() })
    }

    fn address(&self) -> Option<IpAddr> {
        // IPv4 comes in host order, IPv6 as bytes in network order.
        if let Some(v4) = self.u32() {
            return Some(IpAddr::V4(Ipv4Addr::from_bits(v4)));
        }
        let bytes = self.pointer::<[u8; 16]>(FWP_BYTE_ARRAY16_TYPE)?;
        // SAFETY: a value of this type is a pointer to 16 bytes that live during the classify.
        Some(IpAddr::V6(Ipv6Addr::from_octets(unsafe { bytes.read_unaligned() })))
    }
}

impl EstablishedValues {
    /// Reads what a callout at flow established was given.
    ///
    /// # Safety
    /// Both pointers are null or those of a classify that runs.
    pub(super) unsafe fn read(
        values: *const FwpsIncomingValues0,
        metadata: *const FwpsIncomingMetadataValues0,
    ) -> Self {
        // SAFETY: the caller's promise.
        let fields = unsafe { fields(values) };
        let field = |index: usize| fields.get(index).map(Field);
        let end = |address: usize, port: usize| {
            Some(SocketAddr::new(field(address)?.address()?, field(port)?.u16()?))
        };
        let local = end(
            FWPS_FIELD_ALE_FLOW_ESTABLISHED_IP_LOCAL_ADDRESS,
            FWPS_FIELD_ALE_FLOW_ESTABLISHED_IP_LOCAL_PORT,
        );
        let remote = end(
            FWPS_FIELD_ALE_FLOW_ESTABLISHED_IP_REMOTE_ADDRESS,
            FWPS_FIELD_ALE_FLOW_ESTABLISHED_IP_REMOTE_PORT,
        );
        let number = |index| field(index).and_then(|field| field.u32());
        let flags = number(FWPS_FIELD_ALE_FLOW_ESTABLISHED_FLAGS).unwrap_or(0);
        let luid = field(FWPS_FIELD_ALE_FLOW_ESTABLISHED_IP_LOCAL_INTERFACE);
        // SAFETY: the caller's promise.
        let metadata = unsafe { metadata.as_ref() };
        let compartment = number(FWPS_FIELD_ALE_FLOW_ESTABLISHED_COMPARTMENT_ID);
        Self {
            flow_id: flow_id(metadata),
            protocol: field(FWPS_FIELD_ALE_FLOW_ESTABLISHED_IP_PROTOCOL).and_then(|it| it.u8()),
            ends: local.zip(remote),
            direction: direction(number(FWPS_FIELD_ALE_FLOW_ESTABLISHED_DIRECTION)),
            compartment_id: compartment.or_else(|| compartment_id(metadata)).unwrap_or(0),
            interface_luid: luid.and_then(|field| field.u64()).unwrap_or(0),
            process_id: process_id(metadata),
            is_loopback: flags & FWP_CONDITION_FLAG_IS_LOOPBACK != 0,
            is_reauthorize: flags & FWP_CONDITION_FLAG_IS_REAUTHORIZE != 0,
        }
    }
}

/// # Safety
/// As [`EstablishedValues::read`].
unsafe fn fields<'a>(values: *const FwpsIncomingValues0) -> &'a [FwpsIncomingValue0] {
    // SAFETY: the caller's promise.
    let Some(values) = (unsafe { values.as_ref() }) else { return &[] };
    if values.incoming_value.is_null() {
        return &[];
    }
    let count = usize::try_from(values.value_count).unwrap_or(0);
    // SAFETY: the engine gives so many values, which live during the classify.
    unsafe { core::slice::from_raw_parts(values.incoming_value, count) }
}

/// The inverse of `FWP_DIRECTION`, where outbound is 0 (S01).
const fn direction(raw: Option<u32>) -> Direction {
    match raw {
        Some(FWP_DIRECTION_INBOUND) => Direction::Inbound,
        // A connection without one is taken for one that this machine opened.
        Some(_) | None => Direction::Outbound,
    }
}

type Metadata<'a> = Option<&'a FwpsIncomingMetadataValues0>;

/// A metadata field is there only if its bit is set.
fn has(metadata: &&FwpsIncomingMetadataValues0, bit: u32) -> bool {
    metadata.current_metadata_values & bit != 0
}

fn flow_id(metadata: Metadata<'_>) -> Option<u64> {
    metadata.filter(|it| has(it, FWPS_METADATA_FIELD_FLOW_HANDLE)).map(|it| it.flow_handle)
}

fn compartment_id(metadata: Metadata<'_>) -> Option<u32> {
    metadata.filter(|it| has(it, FWPS_METADATA_FIELD_COMPARTMENT_ID)).map(|it| it.compartment_id)
}

fn process_id(metadata: Metadata<'_>) -> u32 {
    let process = metadata.filter(|it| has(it, FWPS_METADATA_FIELD_PROCESS_ID));
    // Windows numbers processes with 32 bits; the field has 64.
    process.and_then(|it| u32::try_from(it.process_id).ok()).unwrap_or(0)
}
