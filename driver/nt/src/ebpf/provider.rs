//! A registration with the network module registrar.

use crate::NtStatus;
use crate::ffi::nmr::{
    MIT_GUID, NmrDeregisterProvider, NmrRegisterProvider, NmrWaitForProviderDeregisterComplete,
    NpiModuleid, NpiProviderCharacteristics, NpiRegistrationInstance, ProviderAttachClientFn,
    ProviderCleanupBindingContextFn, ProviderDetachClientFn,
};
use crate::pool::PoolBox;
use crate::registration::Registration;
use core::ffi::c_void;
use core::mem::size_of;
use core::ptr::null_mut;
use weir_abi::identifiers::Guid;

/// What a provider is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Description {
    /// The interface.
    pub(super) interface: &'static Guid,
    /// The module: which program type, which attach type.
    pub(super) module: Guid,
    /// What clients read before they attach; lives for ever.
    pub(super) characteristics: *const c_void,
    pub(super) attach: ProviderAttachClientFn,
    pub(super) detach: ProviderDetachClientFn,
    pub(super) cleanup: ProviderCleanupBindingContextFn,
}

/// What the registrar reads as long as the provider is registered.
#[derive(Debug)]
struct Told {
    module: NpiModuleid,
    characteristics: NpiProviderCharacteristics,
}

/// A registered provider; deregistered when it is dropped, which waits until every client is
/// detached.
///
/// IRQL of the drop: `PASSIVE_LEVEL`.
#[derive(Debug)]
pub(super) struct Provider {
    /// From `NmrRegisterProvider`.
    handle: *mut c_void,
    _told: PoolBox<Told>,
    _live: Registration,
}

/// The size of a structure, as the structure itself says it.
fn size_u16<T>() -> u16 {
    u16::try_from(size_of::<T>()).unwrap_or(0)
}

impl Provider {
    /// Registers a provider. Clients may attach before this returns.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    pub(super) fn register(description: &Description) -> Result<Self, NtStatus> {
        let module = NpiModuleid {
            length: size_u16::<NpiModuleid>(),
            kind: MIT_GUID,
            guid: description.module,
        };
        let instance = NpiRegistrationInstance {
            version: 0,
            size: size_u16::<NpiRegistrationInstance>(),
            npi_id: description.interface,
            module_id: core::ptr::null(),
            number: 0,
            npi_specific_characteristics: description.characteristics,
        };
        let characteristics = NpiProviderCharacteristics {
            version: 0,
            length: size_u16::<NpiProviderCharacteristics>(),
            provider_attach_client: Some(description.attach),
            provider_detach_client: Some(description.detach),
            provider_cleanup_binding_context: Some(description.cleanup),
            provider_registration_instance: instance,
        };
        let mut told = PoolBox::new(Told { module, characteristics })?;
        // Now that the module has its place.
        told.characteristics.provider_registration_instance.module_id = &raw const told.module;
        let mut handle = null_mut();
        // SAFETY: the characteristics and what they point to live until the provider is
        // deregistered; the callbacks have the types that are called.
        let status = unsafe {
            NmrRegisterProvider(&raw const told.characteristics, null_mut(), &raw mut handle)
        };
        status.ok()?;
        Ok(Self { handle, _told: told, _live: Registration::begin() })
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // SAFETY: the handle is registered and not deregistered before.
        let _pending = unsafe { NmrDeregisterProvider(self.handle) };
        // SAFETY: deregistered just before; waits until every client has gone.
        let _done = unsafe { NmrWaitForProviderDeregisterComplete(self.handle) };
    }
}
