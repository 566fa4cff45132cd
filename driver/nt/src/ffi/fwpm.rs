//! `Fwpm…`: the filtering engine's management: sessions, transactions, objects; and the state of
//! the service behind it (BFE).
//!
//! Structures are in [`crate::ffi::fwpm_types`], to be had from here as well.

use crate::NtStatus;
use crate::ffi::zw::Handle;
use core::ffi::c_void;
use weir_abi::identifiers::Guid;

pub(crate) use crate::ffi::fwp::{FwpByteBlob, FwpValue0};
pub(crate) use crate::ffi::fwpm_types::{
    FwpmAction0, FwpmCallout0, FwpmDisplayData0, FwpmFilter0, FwpmFilterCondition0, FwpmProvider0,
    FwpmSession0, FwpmSublayer0,
};

/// `RPC_C_AUTHN_WINNT`: how a kernel-mode session authenticates.
///
/// Source: learn.microsoft.com/windows/win32/rpc/authentication-service-constants (read 2026-11)
pub(crate) const RPC_C_AUTHN_WINNT: u32 = 10;

// Layers and conditions by their keys.
// Source: learn.microsoft.com/windows/win32/fwp/management-filtering-layer-identifiers- and
// filtering-condition-identifiers-; numbers: microsoft/windows-rs,
// Win32_NetworkManagement_WindowsFilteringPlatform (read 2026-11)

/// `FWPM_LAYER_ALE_FLOW_ESTABLISHED_V4`.
pub(crate) const FWPM_LAYER_ALE_FLOW_ESTABLISHED_V4: Guid =
    Guid::new(0xaf80_470a, 0x5596, 0x4c13, 0x9992, [0x53, 0x9e, 0x6f, 0xe5, 0x79, 0x67]);
/// `FWPM_LAYER_ALE_FLOW_ESTABLISHED_V6`.
pub(crate) const FWPM_LAYER_ALE_FLOW_ESTABLISHED_V6: Guid =
    Guid::new(0x7021_d2b3, 0xdfa4, 0x406e, 0xafeb, [0x6a, 0xfa, 0xf7, 0xe7, 0x0e, 0xfd]);
/// `FWPM_LAYER_STREAM_V4`.
pub(crate) const FWPM_LAYER_STREAM_V4: Guid =
    Guid::new(0x3b89_653c, 0xc170, 0x49e4, 0xb1cd, [0xe0, 0xee, 0xee, 0xe1, 0x9a, 0x3e]);
/// `FWPM_LAYER_STREAM_V6`.
pub(crate) const FWPM_LAYER_STREAM_V6: Guid =
    Guid::new(0x47c9_137a, 0x7ec4, 0x46b3, 0xb6e4, [0x48, 0xe9, 0x26, 0xb1, 0xed, 0xa4]);
/// `FWPM_CONDITION_IP_PROTOCOL`.
pub(crate) const FWPM_CONDITION_IP_PROTOCOL: Guid =
    Guid::new(0x3971_ef2b, 0x623e, 0x4f9a, 0x8cb1, [0x6e, 0x79, 0xb8, 0x06, 0xb9, 0xa7]);

/// `FWPM_SESSION_FLAG_DYNAMIC`: objects go when the session ends.
///
/// Source: learn.microsoft.com/windows/win32/api/fwpmtypes/ns-fwpmtypes-fwpm_session0; numbers:
/// microsoft/windows-rs, `Win32_NetworkManagement_WindowsFilteringPlatform` (read 2026-11)
pub(crate) const FWPM_SESSION_FLAG_DYNAMIC: u32 = 0x1;

/// `FWPM_FILTER_FLAG_PERMIT_IF_CALLOUT_UNREGISTERED`: otherwise a filter whose callout is away
/// blocks.
///
/// Source: learn.microsoft.com/windows/win32/api/fwpmtypes/ns-fwpmtypes-fwpm_filter0; numbers:
/// microsoft/windows-rs, `Win32_NetworkManagement_WindowsFilteringPlatform` (read 2026-11)
pub(crate) const FWPM_FILTER_FLAG_PERMIT_IF_CALLOUT_UNREGISTERED: u32 = 0x10;

// `FWPM_SERVICE_STATE`.
// Source: learn.microsoft.com/windows/win32/api/fwpmtypes/ne-fwpmtypes-fwpm_service_state (read
// 2026-11)

/// `FWPM_SERVICE_RUNNING`.
pub(crate) const FWPM_SERVICE_RUNNING: i32 = 3;

/// `FWPM_SERVICE_STATE_CHANGE_CALLBACK0`.
///
/// IRQL: `PASSIVE_LEVEL`.
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpmk/nc-fwpmk-fwpm_service_state_change_callback0
/// (read 2026-11)
pub(crate) type ServiceStateChangeFn0 =
    unsafe extern "system" fn(context: *mut c_void, new_state: i32);

#[cfg_attr(windows, link(name = "fwpkclnt.sys", kind = "raw-dylib", modifiers = "+verbatim"))]
unsafe extern "system" {
    /// Opens a session with the engine; server and identity are null.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpmk/nf-fwpmk-fwpmengineopen0
    /// (read 2026-11)
    pub(crate) fn FwpmEngineOpen0(
        server_name: *const u16,
        authn_service: u32,
        auth_identity: *mut c_void,
        session: *const FwpmSession0,
        engine: *mut Handle,
    ) -> NtStatus;

    /// Ends a session; the objects of a dynamic one go.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpmk/nf-fwpmk-fwpmengineclose0
    /// (read 2026-11)
    pub(crate) fn FwpmEngineClose0(engine: Handle) -> NtStatus;

    /// Begins a transaction; one at a time in a session.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpmk/nf-fwpmk-fwpmtransactionbegin0
    /// (read 2026-11)
    pub(crate) fn FwpmTransactionBegin0(engine: Handle, flags: u32) -> NtStatus;

    /// Makes all of a transaction happen.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpmk/nf-fwpmk-fwpmtransactioncommit0
    /// (read 2026-11)
    pub(crate) fn FwpmTransactionCommit0(engine: Handle) -> NtStatus;

    /// Makes none of a transaction happen.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpmk/nf-fwpmk-fwpmtransactionabort0
    /// (read 2026-11)
    pub(crate) fn FwpmTransactionAbort0(engine: Handle) -> NtStatus;

    /// Adds a provider; a null security descriptor is the default.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpmk/nf-fwpmk-fwpmprovideradd0
    /// (read 2026-11)
    pub(crate) fn FwpmProviderAdd0(
        engine: Handle,
        provider: *const FwpmProvider0,
        security: *mut c_void,
    ) -> NtStatus;

    /// Adds a sublayer.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpmk/nf-fwpmk-fwpmsublayeradd0
    /// (read 2026-11)
    pub(crate) fn FwpmSubLayerAdd0(
        engine: Handle,
        sub_layer: *const FwpmSublayer0,
        security: *mut c_void,
    ) -> NtStatus;

    /// Adds a callout; its number goes to `id` unless that is null.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpmk/nf-fwpmk-fwpmcalloutadd0
    /// (read 2026-11)
    pub(crate) fn FwpmCalloutAdd0(
        engine: Handle,
        callout: *const FwpmCallout0,
        security: *mut c_void,
        id: *mut u32,
    ) -> NtStatus;

    /// Adds a filter, of which its callout is notified; its number goes to `id` unless that is
    /// null.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpmk/nf-fwpmk-fwpmfilteradd0 (read
    /// 2026-11)
    pub(crate) fn FwpmFilterAdd0(
        engine: Handle,
        filter: *const FwpmFilter0,
        security: *mut c_void,
        id: *mut u64,
    ) -> NtStatus;

    /// Deletes a filter.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpmk/nf-fwpmk-fwpmfilterdeletebyid0
    /// (read 2026-11)
    pub(crate) fn FwpmFilterDeleteById0(engine: Handle, id: u64) -> NtStatus;

    /// Asks to be called when the service's state changes.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpmk/nf-fwpmk-fwpmbfestatesubscribechanges0
    /// (read 2026-11)
    pub(crate) fn FwpmBfeStateSubscribeChanges0(
        device: *mut c_void,
        callback: ServiceStateChangeFn0,
        context: *mut c_void,
        subscription: *mut Handle,
    ) -> NtStatus;

    /// Ends a subscription; waits for its callback.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpmk/nf-fwpmk-fwpmbfestateunsubscribechanges0
    /// (read 2026-11)
    pub(crate) fn FwpmBfeStateUnsubscribeChanges0(subscription: Handle) -> NtStatus;

    /// The service's state, a `FWPM_SERVICE_STATE`.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpmk/nf-fwpmk-fwpmbfestateget0
    /// (read 2026-11)
    pub(crate) fn FwpmBfeStateGet0() -> i32;
}
