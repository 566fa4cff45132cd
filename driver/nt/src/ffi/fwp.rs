//! `FWP_…`: what the filtering engine's callouts (`fwps`) and its management (`fwpm`) share:
//! values, layers, actions.

use crate::layout::layouts;

/// `FWP_BYTE_ARRAY16`: an IPv6 address, in network order.
///
/// Source: learn.microsoft.com/windows/win32/api/fwptypes/ns-fwptypes-fwp_byte_array16 (read
/// 2026-11)
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct FwpByteArray16 {
    pub(crate) byte_array16: [u8; 16],
}

/// `FWP_BYTE_BLOB`.
///
/// Source: learn.microsoft.com/windows/win32/api/fwptypes/ns-fwptypes-fwp_byte_blob (read 2026-11)
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct FwpByteBlob {
    pub(crate) size: u32,
    pub(crate) data: *mut u8,
}

/// `FWP_VALUE0`.
///
/// Source: learn.microsoft.com/windows/win32/api/fwptypes/ns-fwptypes-fwp_value0 (read 2026-11)
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct FwpValue0 {
    /// `FWP_DATA_TYPE`.
    pub(crate) kind: i32,
    /// The union: a number of up to 32 bits in its lowest bytes; anything larger by its address.
    pub(crate) value: u64,
}

/// `FWP_CONDITION_VALUE0`: another name for the same, with types of its own that are not used here.
///
/// Source: learn.microsoft.com/windows/win32/api/fwptypes/ns-fwptypes-fwp_condition_value0 (read
/// 2026-11)
pub(crate) type FwpConditionValue0 = FwpValue0;

layouts! {
    "FWP_BYTE_ARRAY16" = FwpByteArray16 [16, 1] {
        "byteArray16": byte_array16 @ 0,
    }
    "FWP_BYTE_BLOB" = FwpByteBlob [16, 8] {
        "size": size @ 0,
        "data": data @ 8,
    }
    "FWP_VALUE0" = FwpValue0 [16, 8] {
        "type": kind @ 0,
        "uint8": value @ 8,
        "uint16": value @ 8,
        "uint32": value @ 8,
        "uint64": value @ 8,
        "byteArray16": value @ 8,
    }
    "FWP_CONDITION_VALUE0" = FwpConditionValue0 [16, 8] {
        "type": kind @ 0,
        "uint8": value @ 8,
        "uint16": value @ 8,
        "uint32": value @ 8,
        "uint64": value @ 8,
        "byteArray16": value @ 8,
    }
}

// `FWP_DATA_TYPE`.
// Source: learn.microsoft.com/windows/win32/api/fwptypes/ne-fwptypes-fwp_data_type; numbers:
// microsoft/windows-rs, Win32_NetworkManagement_WindowsFilteringPlatform (read 2026-11)

/// `FWP_EMPTY`: no value; as a weight, "choose one".
pub(crate) const FWP_EMPTY: i32 = 0;
/// `FWP_UINT8`.
pub(crate) const FWP_UINT8: i32 = 1;
/// `FWP_UINT16`.
pub(crate) const FWP_UINT16: i32 = 2;
/// `FWP_UINT32`.
pub(crate) const FWP_UINT32: i32 = 3;
/// `FWP_UINT64`, by address.
pub(crate) const FWP_UINT64: i32 = 4;
/// `FWP_BYTE_ARRAY16_TYPE`, by address.
pub(crate) const FWP_BYTE_ARRAY16_TYPE: i32 = 11;

/// `FWP_MATCH_EQUAL` of `FWP_MATCH_TYPE`.
///
/// Source: learn.microsoft.com/windows/win32/api/fwptypes/ne-fwptypes-fwp_match_type (read 2026-11)
pub(crate) const FWP_MATCH_EQUAL: i32 = 0;

// `FWP_ACTION_TYPE`.
// Source: learn.microsoft.com/windows/win32/api/fwpstypes/ns-fwpstypes-fwps_classify_out0;
// numbers: microsoft/windows-rs, Win32_NetworkManagement_WindowsFilteringPlatform (read 2026-11)

/// `FWP_ACTION_BLOCK`.
pub(crate) const FWP_ACTION_BLOCK: u32 = 0x1001;
/// `FWP_ACTION_PERMIT`.
pub(crate) const FWP_ACTION_PERMIT: u32 = 0x1002;
/// `FWP_ACTION_CONTINUE`: the next filter decides.
pub(crate) const FWP_ACTION_CONTINUE: u32 = 0x2006;
/// `FWP_ACTION_CALLOUT_UNKNOWN`: of a filter whose callout may block, permit or continue.
pub(crate) const FWP_ACTION_CALLOUT_UNKNOWN: u32 = 0x4005;
/// `FWP_ACTION_CALLOUT_TERMINATING`: of a filter whose callout blocks or permits; any other answer
/// of it blocks.
pub(crate) const FWP_ACTION_CALLOUT_TERMINATING: u32 = 0x5003;

// Bits of the field FLAGS at both layers.
// Source: learn.microsoft.com/windows/win32/fwp/filtering-condition-flags-; numbers:
// microsoft/windows-rs, Win32_NetworkManagement_WindowsFilteringPlatform (read 2026-11)

/// `FWP_CONDITION_FLAG_IS_LOOPBACK`.
pub(crate) const FWP_CONDITION_FLAG_IS_LOOPBACK: u32 = 0x1;
/// `FWP_CONDITION_FLAG_IS_REAUTHORIZE`: seen before, indicated again.
pub(crate) const FWP_CONDITION_FLAG_IS_REAUTHORIZE: u32 = 0x4;

/// `FWP_DIRECTION_INBOUND`.
///
/// Source: learn.microsoft.com/windows/win32/api/fwptypes/ne-fwptypes-fwp_direction (read 2026-11)
pub(crate) const FWP_DIRECTION_INBOUND: u32 = 1;
