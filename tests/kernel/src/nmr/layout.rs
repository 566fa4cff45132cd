//! The registrar's structures on x64.
//!
//! Source: learn.microsoft.com/windows-hardware/drivers/ddi/netioddk (read 2026-11); offsets were
//! computed with clang for `x86_64-pc-windows-msvc`.

use core::ffi::c_void;
use core::mem::offset_of;
use weir_abi::identifiers::Guid;

/// `NPI_MODULEID`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ModuleId {
    /// Bytes of this structure.
    pub length: u16,
    /// `MIT_GUID` is 1.
    pub kind: i32,
    /// The module.
    pub guid: Guid,
}

/// `NPI_REGISTRATION_INSTANCE`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct RegistrationInstance {
    /// 0.
    pub version: u16,
    /// Bytes of this structure.
    pub size: u16,
    /// The interface.
    pub npi: *const Guid,
    /// The module.
    pub module: *const ModuleId,
    /// Number among instances of the module.
    pub number: u32,
    /// What the interface says that modules tell each other.
    pub specific: *const c_void,
}

/// `NPI_PROVIDER_CHARACTERISTICS`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ProviderCharacteristics {
    /// 0.
    pub version: u16,
    /// Bytes of this structure.
    pub length: u16,
    /// A client wants to attach.
    pub attach: Option<AttachFn>,
    /// A client wants to detach.
    pub detach: Option<DetachFn>,
    /// The client is gone.
    pub cleanup: Option<CleanupFn>,
    /// Who the provider is.
    pub instance: RegistrationInstance,
}

/// `PNPI_PROVIDER_ATTACH_CLIENT_FN`.
pub type AttachFn = unsafe extern "win64" fn(
    u64,
    *mut c_void,
    *const RegistrationInstance,
    *mut c_void,
    *const c_void,
    *mut *mut c_void,
    *mut *const c_void,
) -> i32;
/// `PNPI_PROVIDER_DETACH_CLIENT_FN`.
pub type DetachFn = unsafe extern "win64" fn(*mut c_void) -> i32;
/// `PNPI_PROVIDER_CLEANUP_BINDING_CONTEXT_FN`.
pub type CleanupFn = unsafe extern "win64" fn(*mut c_void);

const _: () = {
    assert!(size_of::<ModuleId>() == 24 && offset_of!(ModuleId, guid) == 8);
    assert!(size_of::<RegistrationInstance>() == 40);
    assert!(offset_of!(RegistrationInstance, specific) == 32);
    assert!(size_of::<ProviderCharacteristics>() == 72);
    assert!(offset_of!(ProviderCharacteristics, instance) == 32);
};
