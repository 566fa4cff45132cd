//! The hook provider: programs attach here, one client each.

use super::client::Client;
use super::provider::{Description, Provider};
use crate::NtStatus;
use crate::entry::Driver;
use crate::ffi::ebpf::{
    BPF_LINK_TYPE_PLAIN, EBPF_HOOK_EXTENSION_IID, EbpfAttachProviderData, EbpfExtensionData,
    EbpfExtensionHeader,
};
use crate::ffi::nmr::NpiRegistrationInstance;
use core::ffi::c_void;
use core::ptr::without_provenance_mut;
use weir_abi::identifiers::{ATTACH_TYPE, PROGRAM_TYPE};
use weir_abi::program_type::BPF_ATTACH_TYPE;

/// Bytes of an attach parameter that are looked at. What is longer than any form of it is none, and
/// so is its beginning.
const PARAMETER_BYTES_MAX: usize = 4096;

/// Stands for a parameter that says how long it is, but not where: of no form either.
static NOTHING_READABLE: [u8; 1] = [0];

/// What clients check before they attach.
static DATA: EbpfAttachProviderData = EbpfAttachProviderData {
    header: EbpfExtensionHeader::of::<EbpfAttachProviderData>(size_of::<EbpfAttachProviderData>()),
    supported_program_type: PROGRAM_TYPE,
    bpf_attach_type: BPF_ATTACH_TYPE.cast_signed(),
    link_type: BPF_LINK_TYPE_PLAIN,
};

/// The registered hook provider. Dropped, it detaches every program and waits for that.
#[derive(Debug)]
#[must_use = "registered as long as this lives"]
pub struct Hook {
    _provider: Provider,
}

impl Hook {
    /// Registers it. Programs may be attached before this returns.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// What the registrar says.
    pub fn register<D: Driver>() -> Result<Self, NtStatus> {
        let description = Description {
            interface: &EBPF_HOOK_EXTENSION_IID,
            module: ATTACH_TYPE,
            characteristics: (&raw const DATA).cast(),
            attach: attach::<D>,
            detach: detach::<D>,
            cleanup,
        };
        Ok(Self { _provider: Provider::register(&description)? })
    }
}

/// The parameter that a client attaches with.
///
/// # Safety
/// `client` is null or the instance of an attach callback that runs, and its characteristics are
/// of the type that the hook's interface says.
unsafe fn parameter<'a>(client: *const NpiRegistrationInstance) -> Option<&'a [u8]> {
    // SAFETY: the caller's promise.
    let client = unsafe { client.as_ref() }?;
    let data = client.npi_specific_characteristics.cast::<EbpfExtensionData>();
    // SAFETY: the caller's promise.
    let data = unsafe { data.as_ref() }?;
    let bytes = data.data_size.min(PARAMETER_BYTES_MAX);
    if bytes == 0 {
        return None;
    }
    if data.data.is_null() {
        return Some(&NOTHING_READABLE);
    }
    // SAFETY: the core keeps so many bytes there during the callback.
    Some(unsafe { core::slice::from_raw_parts(data.data.cast(), bytes) })
}

/// IRQL: `PASSIVE_LEVEL`.
unsafe extern "system" fn attach<D: Driver>(
    handle: *mut c_void,
    _provider: *mut c_void,
    instance: *const NpiRegistrationInstance,
    client_binding: *mut c_void,
    client_dispatch: *const c_void,
    binding: *mut *mut c_void,
    dispatch: *mut *const c_void,
) -> NtStatus {
    // SAFETY: these are the callback's own arguments.
    let client = unsafe { Client::of(handle, client_binding, client_dispatch) };
    let (Some(client), Some(driver)) = (client, D::running().driver()) else {
        return NtStatus::INVALID_PARAMETER;
    };
    // SAFETY: this is the callback's own argument.
    let parameter = unsafe { parameter(instance) };
    match driver.attach(client, parameter) {
        Ok(number) => {
            // A number, not an address; never 0, which some would take for none.
            let context = without_provenance_mut(number.saturating_add(1));
            // SAFETY: the registrar gives room for both.
            unsafe { binding.write(context) };
            // SAFETY: as above; the hook offers its clients no functions.
            unsafe { dispatch.write(core::ptr::null()) };
            NtStatus::SUCCESS
        }
        Err(status) => status,
    }
}

/// IRQL: ≤ `DISPATCH_LEVEL`.
unsafe extern "system" fn detach<D: Driver>(binding: *mut c_void) -> NtStatus {
    let number = binding.addr().checked_sub(1);
    let is_pending = match (number, D::running().driver()) {
        (Some(number), Some(driver)) => driver.detach(number),
        _ => false,
    };
    if is_pending { NtStatus::PENDING } else { NtStatus::SUCCESS }
}

/// Nothing was allocated for the binding.
unsafe extern "system" fn cleanup(_binding: *mut c_void) {}
