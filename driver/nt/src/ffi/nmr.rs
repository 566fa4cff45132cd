//! `Nmr…`: the network module registrar, which brings providers and clients together.
//!
//! What is registered stays in place and readable until deregistration is complete.

use crate::NtStatus;
use crate::ffi::zw::Handle;
use crate::layout::layouts;
use core::ffi::c_void;
use weir_abi::identifiers::Guid;

/// `NPI_MODULEID`: who registers.
///
/// Source: learn.microsoft.com/previous-versions/windows/hardware/drivers/ff568813(v=vs.85) (read
/// 2026-11)
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct NpiModuleid {
    /// Bytes of this structure.
    pub(crate) length: u16,
    /// [`MIT_GUID`] here; otherwise the union holds an interface's LUID.
    pub(crate) kind: i32,
    /// `Guid` of the union.
    pub(crate) guid: Guid,
}

/// `NPI_REGISTRATION_INSTANCE`: what a module offers or asks for.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/netioddk/ns-netioddk-_npi_registration_instance
/// (read 2026-11)
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct NpiRegistrationInstance {
    /// 0.
    pub(crate) version: u16,
    /// Bytes of this structure.
    pub(crate) size: u16,
    pub(crate) npi_id: *const Guid,
    pub(crate) module_id: *const NpiModuleid,
    pub(crate) number: u32,
    pub(crate) npi_specific_characteristics: *const c_void,
}

/// `NPI_PROVIDER_CHARACTERISTICS`.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/netioddk/ns-netioddk-_npi_provider_characteristics
/// (read 2026-11)
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct NpiProviderCharacteristics {
    /// 0.
    pub(crate) version: u16,
    /// Bytes of this structure.
    pub(crate) length: u16,
    pub(crate) provider_attach_client: Option<ProviderAttachClientFn>,
    pub(crate) provider_detach_client: Option<ProviderDetachClientFn>,
    pub(crate) provider_cleanup_binding_context: Option<ProviderCleanupBindingContextFn>,
    pub(crate) provider_registration_instance: NpiRegistrationInstance,
}

layouts! {
    "NPI_MODULEID" = NpiModuleid [24, 4] {
        "Length": length @ 0,
        "Type": kind @ 4,
        "Guid": guid @ 8,
    }
    "NPI_REGISTRATION_INSTANCE" = NpiRegistrationInstance [40, 8] {
        "Version": version @ 0,
        "Size": size @ 2,
        "NpiId": npi_id @ 8,
        "ModuleId": module_id @ 16,
        "Number": number @ 24,
        "NpiSpecificCharacteristics": npi_specific_characteristics @ 32,
    }
    "NPI_PROVIDER_CHARACTERISTICS" = NpiProviderCharacteristics [72, 8] {
        "Version": version @ 0,
        "Length": length @ 2,
        "ProviderAttachClient": provider_attach_client @ 8,
        "ProviderDetachClient": provider_detach_client @ 16,
        "ProviderCleanupBindingContext": provider_cleanup_binding_context @ 24,
        "ProviderRegistrationInstance": provider_registration_instance @ 32,
    }
}

/// `MIT_GUID` of `NPI_MODULEID_TYPE`: the module is named by a GUID.
///
/// Source: learn.microsoft.com/previous-versions/windows/hardware/drivers/ff568813(v=vs.85) (read
/// 2026-11)
pub(crate) const MIT_GUID: i32 = 1;

/// `NPI_PROVIDER_ATTACH_CLIENT_FN`: a client asks to be attached.
///
/// IRQL: `PASSIVE_LEVEL`.
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/netioddk/nc-netioddk-npi_provider_attach_client_fn
/// (read 2026-11)
pub(crate) type ProviderAttachClientFn = unsafe extern "system" fn(
    binding: Handle,
    provider_context: *mut c_void,
    client: *const NpiRegistrationInstance,
    client_binding_context: *mut c_void,
    client_dispatch: *const c_void,
    provider_binding_context: *mut *mut c_void,
    provider_dispatch: *mut *const c_void,
) -> NtStatus;

/// `NPI_PROVIDER_DETACH_CLIENT_FN`: the client shall not be called any more. A pending answer is
/// followed by [`NmrProviderDetachClientComplete`].
///
/// IRQL: ≤ `DISPATCH_LEVEL`.
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/netioddk/nc-netioddk-npi_provider_detach_client_fn
/// (read 2026-11)
pub(crate) type ProviderDetachClientFn =
    unsafe extern "system" fn(provider_binding_context: *mut c_void) -> NtStatus;

/// `NPI_PROVIDER_CLEANUP_BINDING_CONTEXT_FN`: both sides are detached, the context may go.
///
/// IRQL: ≤ `DISPATCH_LEVEL`.
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/netioddk/nc-netioddk-npi_provider_cleanup_binding_context_fn
/// (read 2026-11)
pub(crate) type ProviderCleanupBindingContextFn =
    unsafe extern "system" fn(provider_binding_context: *mut c_void);

#[cfg_attr(windows, link(name = "netio.sys", kind = "raw-dylib", modifiers = "+verbatim"))]
unsafe extern "system" {
    /// Registers a provider; clients may be attached before it returns.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/netioddk/nf-netioddk-nmrregisterprovider
    /// (read 2026-11)
    pub(crate) fn NmrRegisterProvider(
        characteristics: *const NpiProviderCharacteristics,
        context: *mut c_void,
        provider: *mut Handle,
    ) -> NtStatus;

    /// Begins deregistration: clients are detached. Usually pending.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/netioddk/nf-netioddk-nmrderegisterprovider
    /// (read 2026-11)
    pub(crate) fn NmrDeregisterProvider(provider: Handle) -> NtStatus;

    /// Waits until a deregistration that is pending is complete.
    ///
    /// IRQL: < `DISPATCH_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/netioddk/nf-netioddk-nmrwaitforproviderderegistercomplete
    /// (read 2026-11)
    pub(crate) fn NmrWaitForProviderDeregisterComplete(provider: Handle) -> NtStatus;

    /// Says that a detach which was answered "pending" is done.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/netioddk/nf-netioddk-nmrproviderdetachclientcomplete
    /// (read 2026-11)
    pub(crate) fn NmrProviderDetachClientComplete(binding: Handle);
}
