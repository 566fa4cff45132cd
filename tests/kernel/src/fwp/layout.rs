//! What a callout is called with: the run-time structures of the filtering platform on x64.
//!
//! Written from the public documentation, not shared with the driver: a wrong offset there has to
//! show here. The management structures are in `objects`.
//!
//! Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk and
//! learn.microsoft.com/windows/win32/api/fwptypes (read 2026-11); offsets were computed with clang
//! for `x86_64-pc-windows-msvc`.

use core::ffi::c_void;
use core::mem::{offset_of, size_of};
use weir_abi::identifiers::Guid;

/// `FWP_VALUE0`, `FWPS_INCOMING_VALUE0` and `FWP_CONDITION_VALUE0`: a type and a word.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Value {
    /// `FWP_DATA_TYPE`.
    pub kind: u32,
    /// The value, or the address of one that is longer.
    pub data: u64,
}

/// `FWP_DATA_TYPE` of the values in use here.
pub mod kind {
    /// `FWP_EMPTY`.
    pub const EMPTY: u32 = 0;
    /// `FWP_UINT8`.
    pub const UINT8: u32 = 1;
    /// `FWP_UINT16`.
    pub const UINT16: u32 = 2;
    /// `FWP_UINT32`.
    pub const UINT32: u32 = 3;
    /// `FWP_UINT64`, by pointer.
    pub const UINT64: u32 = 4;
    /// `FWP_BYTE_ARRAY16_TYPE`, by pointer.
    pub const BYTE_ARRAY16: u32 = 11;
}

/// `FWPS_INCOMING_VALUES0`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct IncomingValues {
    /// Run-time id of the layer.
    pub layer: u16,
    /// Values behind the pointer.
    pub count: u32,
    /// The fields of the layer, by index.
    pub values: *const Value,
}

/// `FWPS_INCOMING_METADATA_VALUES0`, named as far as this project looks.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct IncomingMetadata {
    /// Which fields are filled in.
    pub present: u32,
    /// Flags.
    pub flags: u32,
    /// Reserved, and `discardMetadata`.
    pub discard: [u64; 3],
    /// The flow's handle.
    pub flow_handle: u64,
    /// `ipHeaderSize`, `transportHeaderSize`.
    pub header_sizes: [u32; 2],
    /// `processPath`.
    pub process_path: u64,
    /// `token`.
    pub token: u64,
    /// The process that owns the endpoint.
    pub process_id: u64,
    /// `sourceInterfaceIndex`, `destinationInterfaceIndex`.
    pub interfaces: [u32; 2],
    /// The network compartment.
    pub compartment_id: u32,
    /// The fields after it, up to the size on x64.
    pub rest: [u8; 196],
}

/// Bits of [`IncomingMetadata::present`].
pub mod metadata {
    /// `FWPS_METADATA_FIELD_FLOW_HANDLE`.
    pub const FLOW_HANDLE: u32 = 2;
    /// `FWPS_METADATA_FIELD_PROCESS_ID`.
    pub const PROCESS_ID: u32 = 0x20;
    /// `FWPS_METADATA_FIELD_COMPARTMENT_ID`.
    pub const COMPARTMENT_ID: u32 = 0x800;
}

/// `FWPS_CLASSIFY_OUT0`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassifyOut {
    /// What the callout decided.
    pub action: u32,
    /// Reserved for the platform.
    pub out_context: u64,
    /// Reserved for the platform.
    pub filter_id: u64,
    /// Whether the callout may write an action.
    pub rights: u32,
    /// What else the callout says.
    pub flags: u32,
    /// Reserved for the platform.
    pub reserved: u32,
}

/// `FWPS_RIGHT_ACTION_WRITE`.
pub const RIGHT_ACTION_WRITE: u32 = 1;

/// `FWPS_CLASSIFY_OUT_FLAG_ABSORB`.
pub const CLASSIFY_OUT_FLAG_ABSORB: u32 = 1;

/// `FWP_ACTION_TYPE`.
pub mod action {
    /// `FWP_ACTION_BLOCK`.
    pub const BLOCK: u32 = 0x1001;
    /// `FWP_ACTION_PERMIT`.
    pub const PERMIT: u32 = 0x1002;
    /// `FWP_ACTION_CONTINUE`.
    pub const CONTINUE: u32 = 0x2006;
    /// `FWP_ACTION_CALLOUT_UNKNOWN`.
    pub const CALLOUT_UNKNOWN: u32 = 0x4005;
    /// `FWP_ACTION_CALLOUT_TERMINATING`.
    pub const CALLOUT_TERMINATING: u32 = 0x5003;
    /// `FWP_ACTION_CALLOUT_INSPECTION`.
    pub const CALLOUT_INSPECTION: u32 = 0x6004;
    /// `FWP_ACTION_NONE`.
    pub const NONE: u32 = 7;
}

/// `FWPS_STREAM_CALLOUT_IO_PACKET0`: the layer data at the stream layers.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct StreamPacket {
    /// The bytes.
    pub data: *mut StreamData,
    /// Bytes that a filter above took away before these.
    pub missed_bytes: usize,
    /// How many more bytes the callout wants.
    pub bytes_required: u32,
    /// How many of the bytes the action covers; 0 is all.
    pub bytes_enforced: usize,
    /// `FWPS_STREAM_ACTION_TYPE`.
    pub stream_action: u32,
}

/// `FWPS_STREAM_DATA0`, with its `FWPS_STREAM_DATA_OFFSET0` spread out.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct StreamData {
    /// Direction and events.
    pub flags: u32,
    /// Where the data starts: list, buffer, MDL.
    pub list: *const c_void,
    /// `netBuffer`.
    pub buffer: *const c_void,
    /// `mdl`.
    pub mdl: *const c_void,
    /// Bytes from the start of the MDL's buffer.
    pub mdl_offset: u32,
    /// Bytes from the start of the buffer's data.
    pub buffer_offset: u32,
    /// Bytes from the start of the chain's data.
    pub stream_offset: usize,
    /// Bytes of data.
    pub length: usize,
    /// `netBufferListChain`.
    pub chain: *const c_void,
}

/// `FWPS_FILTER1` (and 0 to 3, but for the type of the provider context).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Filter {
    /// Run-time id.
    pub id: u64,
    /// The weight.
    pub weight: Value,
    /// Weight of the sublayer.
    pub sublayer_weight: u16,
    /// Flags.
    pub flags: u16,
    /// Conditions behind the pointer.
    pub condition_count: u32,
    /// `FWPS_FILTER_CONDITION0`.
    pub conditions: *const c_void,
    /// `FWP_ACTION_TYPE` of the filter.
    pub action: u32,
    /// Run-time id of the callout.
    pub callout_id: u32,
    /// What the filter was added with, or what the driver put there when it was notified.
    pub context: u64,
    /// The provider context, which nobody here has.
    pub provider_context: *const c_void,
}

/// Called to classify, `FWPS_CALLOUT_CLASSIFY_FN1`.
pub type ClassifyFn = unsafe extern "win64" fn(
    *const IncomingValues,
    *const IncomingMetadata,
    *mut c_void,
    *const c_void,
    *const Filter,
    u64,
    *mut ClassifyOut,
);

/// Called when filters come and go, `FWPS_CALLOUT_NOTIFY_FN1`.
pub type NotifyFn = unsafe extern "win64" fn(i32, *const Guid, *mut Filter) -> i32;

/// Called when a flow with a context ends, `FWPS_CALLOUT_FLOW_DELETE_NOTIFY_FN0`.
pub type FlowDeleteFn = unsafe extern "win64" fn(u16, u32, u64);

/// `FWPS_CALLOUT1`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Callout {
    /// The callout's key.
    pub key: Guid,
    /// Flags.
    pub flags: u32,
    /// Classifies.
    pub classify: Option<ClassifyFn>,
    /// Is told about filters.
    pub notify: Option<NotifyFn>,
    /// Is told about flows that end.
    pub flow_delete: Option<FlowDeleteFn>,
}

/// `FWP_CALLOUT_FLAG_CONDITIONAL_ON_FLOW`.
pub const CALLOUT_FLAG_CONDITIONAL_ON_FLOW: u32 = 1;

// Every callout flag that `fwpsk.h` defines.
pub(crate) const CALLOUT_FLAGS: u32 = 0x3ff;

const _: () = {
    assert!(size_of::<Value>() == 16 && offset_of!(Value, data) == 8);
    assert!(size_of::<IncomingValues>() == 16 && offset_of!(IncomingValues, count) == 4);
    assert!(size_of::<IncomingMetadata>() == 280);
    assert!(offset_of!(IncomingMetadata, flow_handle) == 32);
    assert!(offset_of!(IncomingMetadata, process_id) == 64);
    assert!(offset_of!(IncomingMetadata, compartment_id) == 80);
    assert!(size_of::<ClassifyOut>() == 40 && offset_of!(ClassifyOut, flags) == 28);
    assert!(size_of::<StreamPacket>() == 40 && offset_of!(StreamPacket, stream_action) == 32);
    assert!(offset_of!(StreamPacket, bytes_enforced) == 24);
    assert!(size_of::<StreamData>() == 64 && offset_of!(StreamData, list) == 8);
    assert!(offset_of!(StreamData, mdl_offset) == 32 && offset_of!(StreamData, length) == 48);
    assert!(offset_of!(StreamData, stream_offset) == 40 && offset_of!(StreamData, chain) == 56);
    assert!(size_of::<Filter>() == 64 && offset_of!(Filter, conditions) == 32);
    assert!(offset_of!(Filter, callout_id) == 44 && offset_of!(Filter, context) == 48);
    assert!(size_of::<Callout>() == 48 && offset_of!(Callout, flow_delete) == 40);
};
