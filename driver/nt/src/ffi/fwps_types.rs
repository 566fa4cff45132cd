//! `FWPS_…`: structures and numbers between the filtering engine and its callouts.
//!
//! The numbers are not in Microsoft's documentation but in its headers; they were read from a
//! transcription of these, ahmedarif193/reactos, sdk/include/ddk/fwpsk.h (read 2026-11), and, where
//! it has them, from a shipping driver, safing/portmaster, `windows_kext`.

use crate::NtStatus;
use crate::ffi::fwp::{FwpConditionValue0, FwpValue0};
use crate::ffi::ndis::{Mdl, NetBuffer, NetBufferList};
use crate::layout::layouts;
use core::ffi::c_void;
use weir_abi::identifiers::Guid;

/// `FWPS_INCOMING_VALUE0`: a field of the layer.
///
/// Source: learn.microsoft.com/windows/win32/api/fwpstypes/ns-fwpstypes-fwps_incoming_value0
/// (read 2026-11)
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct FwpsIncomingValue0 {
    pub(crate) value: FwpValue0,
}

/// `FWPS_INCOMING_VALUES0`: the fields of the layer. How many there are grows with Windows.
///
/// Source: learn.microsoft.com/windows/win32/api/fwpstypes/ns-fwpstypes-fwps_incoming_values0
/// (read 2026-11)
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct FwpsIncomingValues0 {
    pub(crate) layer_id: u16,
    pub(crate) value_count: u32,
    pub(crate) incoming_value: *mut FwpsIncomingValue0,
}

/// `FWPS_DISCARD_METADATA0`.
///
/// Source: learn.microsoft.com/windows/win32/api/fwpstypes/ns-fwpstypes-fwps_discard_metadata0
/// (read 2026-11)
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct FwpsDiscardMetadata0 {
    pub(crate) discard_module: i32,
    pub(crate) discard_reason: u32,
    pub(crate) filter_id: u64,
}

/// `FWPS_INCOMING_METADATA_VALUES0` up to what is read. The rest depends on the version of the
/// headers: never allocated, and never read past `compartment_id`.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk/ns-fwpsk-fwps_incoming_metadata_values0_
/// (read 2026-11)
#[derive(Debug)]
#[repr(C)]
pub(crate) struct FwpsIncomingMetadataValues0 {
    /// Which members hold: `FWPS_METADATA_FIELD_…`.
    pub(crate) current_metadata_values: u32,
    pub(crate) flags: u32,
    pub(crate) reserved: u64,
    pub(crate) discard_metadata: FwpsDiscardMetadata0,
    pub(crate) flow_handle: u64,
    pub(crate) ip_header_size: u32,
    pub(crate) transport_header_size: u32,
    pub(crate) process_path: *mut c_void,
    pub(crate) token: u64,
    pub(crate) process_id: u64,
    pub(crate) source_interface_index: u32,
    pub(crate) destination_interface_index: u32,
    pub(crate) compartment_id: u32,
}

/// `FWPS_CLASSIFY_OUT0`: where a callout answers.
///
/// Source: learn.microsoft.com/windows/win32/api/fwpstypes/ns-fwpstypes-fwps_classify_out0
/// (read 2026-11)
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct FwpsClassifyOut0 {
    /// `FWP_ACTION_…`.
    pub(crate) action_type: u32,
    pub(crate) out_context: u64,
    pub(crate) filter_id: u64,
    /// `FWPS_RIGHT_…`.
    pub(crate) rights: u32,
    /// `FWPS_CLASSIFY_OUT_FLAG_…`.
    pub(crate) flags: u32,
    pub(crate) reserved: u32,
}

/// `FWPS_STREAM_DATA_OFFSET0`: where the data begins.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk/ns-fwpsk-fwps_stream_data_offset0_
/// (read 2026-11)
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct FwpsStreamDataOffset0 {
    pub(crate) net_buffer_list: *mut NetBufferList,
    pub(crate) net_buffer: *mut NetBuffer,
    pub(crate) mdl: *mut Mdl,
    /// Bytes from the beginning of the MDL's buffer.
    pub(crate) mdl_offset: u32,
    pub(crate) net_buffer_offset: u32,
    pub(crate) stream_data_offset: usize,
}

/// `FWPS_STREAM_DATA0`: a piece of the stream.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk/ns-fwpsk-fwps_stream_data0_ (read
/// 2026-11)
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct FwpsStreamData0 {
    /// `FWPS_STREAM_FLAG_…`.
    pub(crate) flags: u32,
    pub(crate) data_offset: FwpsStreamDataOffset0,
    pub(crate) data_length: usize,
    pub(crate) net_buffer_list_chain: *mut NetBufferList,
}

/// `FWPS_STREAM_CALLOUT_IO_PACKET0`: what `layer_data` points to at the stream layers.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk/ns-fwpsk-fwps_stream_callout_io_packet0_
/// (read 2026-11)
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct FwpsStreamCalloutIoPacket0 {
    pub(crate) stream_data: *mut FwpsStreamData0,
    /// Bytes that a filter above took out of the stream before these.
    pub(crate) missed_bytes: usize,
    pub(crate) count_bytes_required: u32,
    /// Leading bytes that the answer is about; 0 is all of them.
    pub(crate) count_bytes_enforced: usize,
    /// `FWPS_STREAM_ACTION_TYPE`.
    pub(crate) stream_action: i32,
}

/// `FWPS_ACTION0`.
///
/// Source: learn.microsoft.com/windows/win32/api/fwpstypes/ns-fwpstypes-fwps_action0 (read
/// 2026-11)
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct FwpsAction0 {
    /// `FWP_ACTION_…`.
    pub(crate) kind: u32,
    pub(crate) callout_id: u32,
}

/// `FWPS_FILTER_CONDITION0`.
///
/// Source: learn.microsoft.com/windows/win32/api/fwpstypes/ns-fwpstypes-fwps_filter_condition0
/// (read 2026-11)
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct FwpsFilterCondition0 {
    pub(crate) field_id: u16,
    pub(crate) reserved: u16,
    /// `FWP_MATCH_TYPE`.
    pub(crate) match_type: i32,
    pub(crate) condition_value: FwpConditionValue0,
}

/// `FWPS_FILTER1`: the filter because of which a callout is called.
///
/// Source: learn.microsoft.com/windows/win32/api/fwpstypes/ns-fwpstypes-fwps_filter1 (read
/// 2026-11)
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct FwpsFilter1 {
    pub(crate) filter_id: u64,
    pub(crate) weight: FwpValue0,
    pub(crate) sub_layer_weight: u16,
    pub(crate) flags: u16,
    pub(crate) num_filter_conditions: u32,
    pub(crate) filter_condition: *mut FwpsFilterCondition0,
    pub(crate) action: FwpsAction0,
    /// `rawContext` of the filter as it was added.
    pub(crate) context: u64,
    pub(crate) provider_context: *mut c_void,
}

/// `FWPS_CALLOUT1`.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk/ns-fwpsk-fwps_callout1_ (read
/// 2026-11)
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct FwpsCallout1 {
    pub(crate) callout_key: Guid,
    /// `FWP_CALLOUT_FLAG_…`.
    pub(crate) flags: u32,
    pub(crate) classify_fn: Option<ClassifyFn1>,
    pub(crate) notify_fn: Option<NotifyFn1>,
    pub(crate) flow_delete_fn: Option<FlowDeleteFn0>,
}

/// `FWPS_CALLOUT_CLASSIFY_FN1`. `layer_data` is a [`FwpsStreamCalloutIoPacket0`] at the stream
/// layers, null at flow established.
///
/// IRQL: ≤ `DISPATCH_LEVEL`.
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk/nc-fwpsk-fwps_callout_classify_fn1
/// (read 2026-11)
pub(crate) type ClassifyFn1 = unsafe extern "system" fn(
    fixed_values: *const FwpsIncomingValues0,
    meta_values: *const FwpsIncomingMetadataValues0,
    layer_data: *mut c_void,
    classify_context: *const c_void,
    filter: *const FwpsFilter1,
    flow_context: u64,
    classify_out: *mut FwpsClassifyOut0,
);

/// `FWPS_CALLOUT_NOTIFY_FN1`: a filter of the callout came or went; `kind` is
/// `FWPS_CALLOUT_NOTIFY_TYPE`. At deletion the key is null. An error refuses a new filter.
///
/// IRQL: ≤ `DISPATCH_LEVEL`.
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk/nc-fwpsk-fwps_callout_notify_fn1
/// (read 2026-11)
pub(crate) type NotifyFn1 = unsafe extern "system" fn(
    kind: i32,
    filter_key: *const Guid,
    filter: *mut FwpsFilter1,
) -> NtStatus;

/// `FWPS_CALLOUT_FLOW_DELETE_NOTIFY_FN0`: called once for each context that was associated.
///
/// IRQL: ≤ `DISPATCH_LEVEL`.
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk/nc-fwpsk-fwps_callout_flow_delete_notify_fn0
/// (read 2026-11)
pub(crate) type FlowDeleteFn0 =
    unsafe extern "system" fn(layer_id: u16, callout_id: u32, flow_context: u64);

layouts! {
    "FWPS_INCOMING_VALUE0" = FwpsIncomingValue0 [16, 8] {
        "value": value @ 0,
    }
    "FWPS_INCOMING_VALUES0" = FwpsIncomingValues0 [16, 8] {
        "layerId": layer_id @ 0,
        "valueCount": value_count @ 4,
        "incomingValue": incoming_value @ 8,
    }
    "FWPS_DISCARD_METADATA0" = FwpsDiscardMetadata0 [16, 8] {
        "discardModule": discard_module @ 0,
        "discardReason": discard_reason @ 4,
        "filterId": filter_id @ 8,
    }
    "FWPS_INCOMING_METADATA_VALUES0" = FwpsIncomingMetadataValues0 [88, 8] prefix {
        "currentMetadataValues": current_metadata_values @ 0,
        "flags": flags @ 4,
        "reserved": reserved @ 8,
        "discardMetadata": discard_metadata @ 16,
        "flowHandle": flow_handle @ 32,
        "ipHeaderSize": ip_header_size @ 40,
        "transportHeaderSize": transport_header_size @ 44,
        "processPath": process_path @ 48,
        "token": token @ 56,
        "processId": process_id @ 64,
        "sourceInterfaceIndex": source_interface_index @ 72,
        "destinationInterfaceIndex": destination_interface_index @ 76,
        "compartmentId": compartment_id @ 80,
    }
    "FWPS_CLASSIFY_OUT0" = FwpsClassifyOut0 [40, 8] {
        "actionType": action_type @ 0,
        "outContext": out_context @ 8,
        "filterId": filter_id @ 16,
        "rights": rights @ 24,
        "flags": flags @ 28,
        "reserved": reserved @ 32,
    }
    "FWPS_STREAM_DATA_OFFSET0" = FwpsStreamDataOffset0 [40, 8] {
        "netBufferList": net_buffer_list @ 0,
        "netBuffer": net_buffer @ 8,
        "mdl": mdl @ 16,
        "mdlOffset": mdl_offset @ 24,
        "netBufferOffset": net_buffer_offset @ 28,
        "streamDataOffset": stream_data_offset @ 32,
    }
    "FWPS_STREAM_DATA0" = FwpsStreamData0 [64, 8] {
        "flags": flags @ 0,
        "dataOffset": data_offset @ 8,
        "dataLength": data_length @ 48,
        "netBufferListChain": net_buffer_list_chain @ 56,
    }
    "FWPS_STREAM_CALLOUT_IO_PACKET0" = FwpsStreamCalloutIoPacket0 [40, 8] {
        "streamData": stream_data @ 0,
        "missedBytes": missed_bytes @ 8,
        "countBytesRequired": count_bytes_required @ 16,
        "countBytesEnforced": count_bytes_enforced @ 24,
        "streamAction": stream_action @ 32,
    }
    "FWPS_ACTION0" = FwpsAction0 [8, 4] {
        "type": kind @ 0,
        "calloutId": callout_id @ 4,
    }
    "FWPS_FILTER_CONDITION0" = FwpsFilterCondition0 [24, 8] {
        "fieldId": field_id @ 0,
        "reserved": reserved @ 2,
        "matchType": match_type @ 4,
        "conditionValue": condition_value @ 8,
    }
    "FWPS_FILTER1" = FwpsFilter1 [64, 8] {
        "filterId": filter_id @ 0,
        "weight": weight @ 8,
        "subLayerWeight": sub_layer_weight @ 24,
        "flags": flags @ 26,
        "numFilterConditions": num_filter_conditions @ 28,
        "filterCondition": filter_condition @ 32,
        "action": action @ 40,
        "context": context @ 48,
        "providerContext": provider_context @ 56,
    }
    "FWPS_CALLOUT1" = FwpsCallout1 [48, 8] {
        "calloutKey": callout_key @ 0,
        "flags": flags @ 16,
        "classifyFn": classify_fn @ 24,
        "notifyFn": notify_fn @ 32,
        "flowDeleteFn": flow_delete_fn @ 40,
    }
}
