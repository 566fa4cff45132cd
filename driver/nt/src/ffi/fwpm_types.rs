//! `FWPM_…`: the filtering engine's objects as its management takes them.
//!
//! Source of all: learn.microsoft.com/windows/win32/api/fwpmtypes/ (per structure: `ns-fwpmtypes-`
//! and C's name in small letters) and microsoft/windows-rs,
//! `Win32_NetworkManagement_WindowsFilteringPlatform` (read 2026-11).

use crate::ffi::fwp::{FwpByteBlob, FwpConditionValue0, FwpValue0};
use crate::layout::layouts;
use core::ffi::c_void;
use weir_abi::identifiers::Guid;

/// `FWPM_DISPLAY_DATA0`: what people read; the name is not null.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct FwpmDisplayData0 {
    pub(crate) name: *const u16,
    pub(crate) description: *const u16,
}

/// `FWPM_SESSION0`. All zero but the flags is a session of default properties.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct FwpmSession0 {
    pub(crate) session_key: Guid,
    pub(crate) display_data: FwpmDisplayData0,
    /// `FWPM_SESSION_FLAG_…`.
    pub(crate) flags: u32,
    pub(crate) txn_wait_timeout_in_msec: u32,
    pub(crate) process_id: u32,
    pub(crate) sid: *mut c_void,
    pub(crate) username: *mut u16,
    pub(crate) kernel_mode: i32,
}

/// `FWPM_PROVIDER0`: who adds objects.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct FwpmProvider0 {
    pub(crate) provider_key: Guid,
    pub(crate) display_data: FwpmDisplayData0,
    pub(crate) flags: u32,
    pub(crate) provider_data: FwpByteBlob,
    pub(crate) service_name: *const u16,
}

/// `FWPM_SUBLAYER0`: filters that are evaluated together.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct FwpmSublayer0 {
    pub(crate) sub_layer_key: Guid,
    pub(crate) display_data: FwpmDisplayData0,
    pub(crate) flags: u32,
    pub(crate) provider_key: *const Guid,
    pub(crate) provider_data: FwpByteBlob,
    /// Higher comes first.
    pub(crate) weight: u16,
}

/// `FWPM_CALLOUT0`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct FwpmCallout0 {
    pub(crate) callout_key: Guid,
    pub(crate) display_data: FwpmDisplayData0,
    pub(crate) flags: u32,
    pub(crate) provider_key: *const Guid,
    pub(crate) provider_data: FwpByteBlob,
    pub(crate) applicable_layer: Guid,
    pub(crate) callout_id: u32,
}

/// `FWPM_ACTION0`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct FwpmAction0 {
    /// `FWP_ACTION_…`.
    pub(crate) kind: u32,
    /// `calloutKey` of the union.
    pub(crate) callout_key: Guid,
}

/// `FWPM_FILTER_CONDITION0`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct FwpmFilterCondition0 {
    pub(crate) field_key: Guid,
    /// `FWP_MATCH_TYPE`.
    pub(crate) match_type: i32,
    pub(crate) condition_value: FwpConditionValue0,
}

/// `FWPM_FILTER0`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct FwpmFilter0 {
    pub(crate) filter_key: Guid,
    pub(crate) display_data: FwpmDisplayData0,
    /// `FWPM_FILTER_FLAG_…`.
    pub(crate) flags: u32,
    pub(crate) provider_key: *const Guid,
    pub(crate) provider_data: FwpByteBlob,
    pub(crate) layer_key: Guid,
    pub(crate) sub_layer_key: Guid,
    pub(crate) weight: FwpValue0,
    pub(crate) num_filter_conditions: u32,
    pub(crate) filter_condition: *const FwpmFilterCondition0,
    pub(crate) action: FwpmAction0,
    /// The union: `rawContext`, which callouts see as the filter's `context`, in its first half.
    pub(crate) context: [u64; 2],
    pub(crate) reserved: *mut Guid,
    pub(crate) filter_id: u64,
    pub(crate) effective_weight: FwpValue0,
}

layouts! {
    "FWPM_DISPLAY_DATA0" = FwpmDisplayData0 [16, 8] {
        "name": name @ 0,
        "description": description @ 8,
    }
    "FWPM_SESSION0" = FwpmSession0 [72, 8] {
        "sessionKey": session_key @ 0,
        "displayData": display_data @ 16,
        "flags": flags @ 32,
        "txnWaitTimeoutInMSec": txn_wait_timeout_in_msec @ 36,
        "processId": process_id @ 40,
        "sid": sid @ 48,
        "username": username @ 56,
        "kernelMode": kernel_mode @ 64,
    }
    "FWPM_PROVIDER0" = FwpmProvider0 [64, 8] {
        "providerKey": provider_key @ 0,
        "displayData": display_data @ 16,
        "flags": flags @ 32,
        "providerData": provider_data @ 40,
        "serviceName": service_name @ 56,
    }
    "FWPM_SUBLAYER0" = FwpmSublayer0 [72, 8] {
        "subLayerKey": sub_layer_key @ 0,
        "displayData": display_data @ 16,
        "flags": flags @ 32,
        "providerKey": provider_key @ 40,
        "providerData": provider_data @ 48,
        "weight": weight @ 64,
    }
    "FWPM_CALLOUT0" = FwpmCallout0 [88, 8] {
        "calloutKey": callout_key @ 0,
        "displayData": display_data @ 16,
        "flags": flags @ 32,
        "providerKey": provider_key @ 40,
        "providerData": provider_data @ 48,
        "applicableLayer": applicable_layer @ 64,
        "calloutId": callout_id @ 80,
    }
    "FWPM_ACTION0" = FwpmAction0 [20, 4] {
        "type": kind @ 0,
        "calloutKey": callout_key @ 4,
    }
    "FWPM_FILTER_CONDITION0" = FwpmFilterCondition0 [40, 8] {
        "fieldKey": field_key @ 0,
        "matchType": match_type @ 16,
        "conditionValue": condition_value @ 24,
    }
    "FWPM_FILTER0" = FwpmFilter0 [200, 8] {
        "filterKey": filter_key @ 0,
        "displayData": display_data @ 16,
        "flags": flags @ 32,
        "providerKey": provider_key @ 40,
        "providerData": provider_data @ 48,
        "layerKey": layer_key @ 64,
        "subLayerKey": sub_layer_key @ 80,
        "weight": weight @ 96,
        "numFilterConditions": num_filter_conditions @ 112,
        "filterCondition": filter_condition @ 120,
        "action": action @ 128,
        "rawContext": context @ 152,
        "providerContextKey": context @ 152,
        "reserved": reserved @ 168,
        "filterId": filter_id @ 176,
        "effectiveWeight": effective_weight @ 184,
    }
}
