//! `Fwps…`: the filtering engine as callouts see it: functions and numbers.
//!
//! Structures are in [`crate::ffi::fwps_types`], which also says where the numbers come from, and
//! what management has too in [`crate::ffi::fwp`]; both are to be had from here as well.

use crate::NtStatus;
use core::ffi::c_void;

pub(crate) use crate::ffi::fwp::{
    FWP_ACTION_BLOCK, FWP_ACTION_CALLOUT_TERMINATING, FWP_ACTION_CALLOUT_UNKNOWN,
    FWP_ACTION_CONTINUE, FWP_ACTION_PERMIT, FWP_BYTE_ARRAY16_TYPE, FWP_CONDITION_FLAG_IS_LOOPBACK,
    FWP_CONDITION_FLAG_IS_REAUTHORIZE, FWP_DIRECTION_INBOUND, FWP_EMPTY, FWP_MATCH_EQUAL,
    FWP_UINT8, FWP_UINT16, FWP_UINT32, FWP_UINT64,
};
pub(crate) use crate::ffi::fwps_types::{
    ClassifyFn1, FlowDeleteFn0, FwpsCallout1, FwpsClassifyOut0, FwpsFilter1,
    FwpsIncomingMetadataValues0, FwpsIncomingValue0, FwpsIncomingValues0,
    FwpsStreamCalloutIoPacket0, FwpsStreamData0,
};

// Layers by the numbers that callouts see (`FWPS_BUILTIN_LAYERS`). Microsoft's documents name them
// without numbers.
// Source: safing/portmaster, windows_kext/wfp/src/layer.rs, and the transcription of fwpsk.h in
// ahmedarif193/reactos, sdk/include/ddk (read 2026-11)

/// `FWPS_LAYER_STREAM_V4`.
pub(crate) const FWPS_LAYER_STREAM_V4: u16 = 20;
/// `FWPS_LAYER_STREAM_V6`.
pub(crate) const FWPS_LAYER_STREAM_V6: u16 = 22;

// Fields of flow established by their places, which are the same in V4 and V6.
// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk/ne-fwpsk-fwps_fields_ale_flow_established_v4_
// (read 2026-11)

/// `FWPS_FIELD_ALE_FLOW_ESTABLISHED_V4_IP_LOCAL_ADDRESS`: `FWP_UINT32` in host order; V6:
/// `FWP_BYTE_ARRAY16_TYPE`.
pub(crate) const FWPS_FIELD_ALE_FLOW_ESTABLISHED_IP_LOCAL_ADDRESS: usize = 2;
/// `FWPS_FIELD_ALE_FLOW_ESTABLISHED_V4_IP_LOCAL_PORT`: `FWP_UINT16` in host order.
pub(crate) const FWPS_FIELD_ALE_FLOW_ESTABLISHED_IP_LOCAL_PORT: usize = 4;
/// `FWPS_FIELD_ALE_FLOW_ESTABLISHED_V4_IP_PROTOCOL`: `FWP_UINT8`.
pub(crate) const FWPS_FIELD_ALE_FLOW_ESTABLISHED_IP_PROTOCOL: usize = 5;
/// `FWPS_FIELD_ALE_FLOW_ESTABLISHED_V4_IP_REMOTE_ADDRESS`: as the local one.
pub(crate) const FWPS_FIELD_ALE_FLOW_ESTABLISHED_IP_REMOTE_ADDRESS: usize = 6;
/// `FWPS_FIELD_ALE_FLOW_ESTABLISHED_V4_IP_REMOTE_PORT`: as the local one.
pub(crate) const FWPS_FIELD_ALE_FLOW_ESTABLISHED_IP_REMOTE_PORT: usize = 7;
/// `FWPS_FIELD_ALE_FLOW_ESTABLISHED_V4_IP_LOCAL_INTERFACE`: `FWP_UINT64`, a LUID.
pub(crate) const FWPS_FIELD_ALE_FLOW_ESTABLISHED_IP_LOCAL_INTERFACE: usize = 11;
/// `FWPS_FIELD_ALE_FLOW_ESTABLISHED_V4_DIRECTION`: `FWP_UINT32`, a `FWP_DIRECTION`: who opened the
/// connection.
pub(crate) const FWPS_FIELD_ALE_FLOW_ESTABLISHED_DIRECTION: usize = 12;
/// `FWPS_FIELD_ALE_FLOW_ESTABLISHED_V4_FLAGS`: `FWP_UINT32`, `FWP_CONDITION_FLAG_…`.
pub(crate) const FWPS_FIELD_ALE_FLOW_ESTABLISHED_FLAGS: usize = 15;
/// `FWPS_FIELD_ALE_FLOW_ESTABLISHED_V4_COMPARTMENT_ID`: `FWP_UINT32`; Windows 10 1703 and later.
pub(crate) const FWPS_FIELD_ALE_FLOW_ESTABLISHED_COMPARTMENT_ID: usize = 19;

// Which members of the metadata hold (`FWPS_METADATA_FIELD_…`).
// Source: learn.microsoft.com/windows-hardware/drivers/network/metadata-fields (read 2026-11)

/// `FWPS_METADATA_FIELD_FLOW_HANDLE`.
pub(crate) const FWPS_METADATA_FIELD_FLOW_HANDLE: u32 = 0x2;
/// `FWPS_METADATA_FIELD_PROCESS_ID`: at flow established, not at the stream layers.
pub(crate) const FWPS_METADATA_FIELD_PROCESS_ID: u32 = 0x20;
/// `FWPS_METADATA_FIELD_COMPARTMENT_ID`.
pub(crate) const FWPS_METADATA_FIELD_COMPARTMENT_ID: u32 = 0x800;

// Of a callout (`FWP_CALLOUT_FLAG_…`).
// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk/ns-fwpsk-fwps_callout1_ (read
// 2026-11)

/// `FWP_CALLOUT_FLAG_CONDITIONAL_ON_FLOW`: called for flows with a context only.
pub(crate) const FWP_CALLOUT_FLAG_CONDITIONAL_ON_FLOW: u32 = 0x1;
/// `FWP_CALLOUT_FLAG_ALLOW_OFFLOAD`: connections may be handed to the network adapter.
pub(crate) const FWP_CALLOUT_FLAG_ALLOW_OFFLOAD: u32 = 0x2;
/// `FWP_CALLOUT_FLAG_ALLOW_RSC`: received segments may be joined by the network adapter.
pub(crate) const FWP_CALLOUT_FLAG_ALLOW_RSC: u32 = 0x40;

// `FWPS_CALLOUT_NOTIFY_TYPE`.
// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk/nc-fwpsk-fwps_callout_notify_fn1
// (read 2026-11)

/// `FWPS_CLASSIFY_OUT_FLAG_ABSORB`: what is blocked goes without a trace.
pub(crate) const FWPS_CLASSIFY_OUT_FLAG_ABSORB: u32 = 0x1;

// Of a piece of a stream (`FWPS_STREAM_FLAG_…`); either `RECEIVE` or `SEND` is set.
// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk/ns-fwpsk-fwps_stream_data0_ (read
// 2026-11)

/// `FWPS_STREAM_FLAG_RECEIVE`.
pub(crate) const FWPS_STREAM_FLAG_RECEIVE: u32 = 0x1;

/// `FWPS_STREAM_ACTION_NONE` of `FWPS_STREAM_ACTION_TYPE`: the action decides.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk/ns-fwpsk-fwps_stream_callout_io_packet0_
/// (read 2026-11)
pub(crate) const FWPS_STREAM_ACTION_NONE: i32 = 0;

#[cfg_attr(windows, link(name = "fwpkclnt.sys", kind = "raw-dylib", modifiers = "+verbatim"))]
unsafe extern "system" {
    /// Registers a callout, whose functions may be called until it is unregistered. Needs no
    /// filtering engine that runs.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk/nf-fwpsk-fwpscalloutregister1
    /// (read 2026-11)
    pub(crate) fn FwpsCalloutRegister1(
        device: *mut c_void,
        callout: *const FwpsCallout1,
        callout_id: *mut u32,
    ) -> NtStatus;

    /// Unregisters a callout; `STATUS_DEVICE_BUSY` while a flow has a context of it.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk/nf-fwpsk-fwpscalloutunregisterbyid0
    /// (read 2026-11)
    pub(crate) fn FwpsCalloutUnregisterById0(callout_id: u32) -> NtStatus;

    /// Associates a context with a flow. `STATUS_OBJECT_NAME_EXISTS`, which passes for success,
    /// says that there is one already. Callbacks may have it before this returns.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk/nf-fwpsk-fwpsflowassociatecontext0
    /// (read 2026-11)
    pub(crate) fn FwpsFlowAssociateContext0(
        flow: u64,
        layer_id: u16,
        callout_id: u32,
        flow_context: u64,
    ) -> NtStatus;

    /// Removes a flow's context. Success: the delete function has been called; pending: it is
    /// called when the classify that has the context returns; unsuccessful: there is none.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`; not from the delete function.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk/nf-fwpsk-fwpsflowremovecontext0
    /// (read 2026-11)
    pub(crate) fn FwpsFlowRemoveContext0(flow: u64, layer_id: u16, callout_id: u32) -> NtStatus;

    /// Aborts a flow's connection.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk/nf-fwpsk-fwpsflowabort0 (read
    /// 2026-11)
    pub(crate) fn FwpsFlowAbort0(flow: u64) -> NtStatus;

    /// Copies the data of an indication from its beginning, over all its buffers.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk/nf-fwpsk-fwpscopystreamdatatobuffer0
    /// (read 2026-11)
    pub(crate) fn FwpsCopyStreamDataToBuffer0(
        data: *const FwpsStreamData0,
        buffer: *mut c_void,
        bytes: usize,
        bytes_copied: *mut usize,
    );
}
