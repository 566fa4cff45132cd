//! What `netio.sys` exports to a provider.
//!
//! Source: learn.microsoft.com/windows-hardware/drivers/ddi/netioddk (read 2026-11)

use super::layout::ProviderCharacteristics;
use super::{Phase, Provider};
use crate::fwp::{enter_unlocked, status};
use crate::kernel::{APC_LEVEL, DISPATCH_LEVEL, Import, PASSIVE_LEVEL};
use crate::memory;
use core::ffi::c_void;

/// What the registrar checks of a provider.
fn is_well_formed(it: &ProviderCharacteristics) -> bool {
    let module = memory::fetch(it.instance.module);
    (it.version, it.length) == (0, 72)
        && (it.instance.version, it.instance.size) == (0, 40)
        && it.attach.is_some()
        && it.detach.is_some()
        && !it.instance.npi.is_null()
        && module.is_some_and(|it| it.length == 24 && (it.kind == 1 || it.kind == 2))
}

extern "win64" fn register_provider(
    characteristics: *const ProviderCharacteristics,
    context: *mut c_void,
    handle: *mut u64,
) -> i32 {
    const NAME: &str = "NmrRegisterProvider";
    let kernel = enter_unlocked(NAME, PASSIVE_LEVEL);
    if let Some(status) = kernel.faults.take(NAME) {
        return status;
    }
    let well_formed = memory::fetch(characteristics).is_some_and(|it| is_well_formed(&it));
    if !well_formed || handle.is_null() {
        return status::INVALID_PARAMETER;
    }
    let nmr = &kernel.nmr;
    let provider = nmr.issue();
    let entry = Provider { characteristics, context, is_deregistered: false };
    nmr.providers.borrow_mut().insert(provider, entry);
    let clients: Vec<u64> = nmr.clients.borrow().keys().copied().collect();
    for client in clients {
        // A client that does not fit stays unattached; nobody is told.
        let _refused = nmr.attach(kernel, provider, client);
    }
    // Last: nothing says that callbacks that run before may rely on it.
    memory::store(handle, provider);
    status::SUCCESS
}

extern "win64" fn deregister_provider(handle: u64) -> i32 {
    const NAME: &str = "NmrDeregisterProvider";
    let kernel = enter_unlocked(NAME, DISPATCH_LEVEL);
    let nmr = &kernel.nmr;
    {
        let mut providers = nmr.providers.borrow_mut();
        match providers.get_mut(&handle) {
            Some(provider) if !provider.is_deregistered => provider.is_deregistered = true,
            _ => {
                kernel.violation(format!("{NAME}: {handle:#x} is no registered provider"));
                return status::INVALID_HANDLE;
            }
        }
    }
    nmr.detach_all(kernel, |binding| binding.provider == handle);
    status::PENDING
}

extern "win64" fn wait_for_provider(handle: u64) -> i32 {
    const NAME: &str = "NmrWaitForProviderDeregisterComplete";
    let kernel = enter_unlocked(NAME, APC_LEVEL);
    let nmr = &kernel.nmr;
    let known = nmr.providers.borrow().get(&handle).copied();
    if !known.is_some_and(|provider| provider.is_deregistered) {
        kernel.violation(format!("{NAME}: {handle:#x} was not deregistered"));
        return status::INVALID_PARAMETER;
    }
    if !kernel.wait_for(NAME, || !nmr.is_bound(handle)) {
        kernel.violation(format!("{NAME} would wait for ever: a client is not detached"));
        nmr.bindings.borrow_mut().retain(|_, it| it.provider != handle);
    }
    nmr.providers.borrow_mut().remove(&handle);
    status::SUCCESS
}

extern "win64" fn detach_complete(binding: u64) {
    const NAME: &str = "NmrProviderDetachClientComplete";
    let kernel = enter_unlocked(NAME, DISPATCH_LEVEL);
    let phase = {
        let mut bindings = kernel.nmr.bindings.borrow_mut();
        bindings.get_mut(&binding).map(|it| {
            it.is_complete |= it.phase == Phase::Detaching;
            it.phase
        })
    };
    match phase {
        Some(Phase::Pending) => kernel.nmr.clean_up(kernel, binding),
        // The callback is about to return STATUS_PENDING on another stack.
        Some(Phase::Detaching) => {}
        Some(Phase::Attaching | Phase::Attached) | None => {
            kernel.violation(format!("{NAME}: {binding:#x} is not being detached"));
        }
    }
}

pub(crate) fn imports() -> Vec<Import> {
    let import = |name, address| Import { module: "netio.sys", name, address };
    vec![
        import("NmrRegisterProvider", (register_provider as *const ()).addr()),
        import("NmrDeregisterProvider", (deregister_provider as *const ()).addr()),
        import("NmrWaitForProviderDeregisterComplete", (wait_for_provider as *const ()).addr()),
        import("NmrProviderDetachClientComplete", (detach_complete as *const ()).addr()),
    ]
}
