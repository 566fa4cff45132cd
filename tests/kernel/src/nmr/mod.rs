//! The network module registrar: brings providers and clients of an interface together.
//!
//! The driver is a provider; clients live in this process ([`crate::ebpf`]) and are plain objects
//! behind [`NmrClient`]. The order of a detachment is Windows': the client is told, the provider
//! is asked, and when both are through the provider cleans up, exactly once. `exports` are the
//! functions that the driver imports, `layout` what goes over the border.
//!
//! Source: learn.microsoft.com/windows-hardware/drivers/network/network-module-registrar (read
//! 2026-11)

mod exports;
mod layout;

use crate::fwp::status;
use crate::kernel::{Kernel, PASSIVE_LEVEL};
use crate::memory;
use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use core::fmt::Debug;
use core::ptr;
use std::collections::BTreeMap;
use weir_abi::identifiers::Guid;

pub(crate) use exports::imports;
pub use layout::{
    AttachFn, CleanupFn, DetachFn, ModuleId, ProviderCharacteristics, RegistrationInstance,
};

/// A client module: what it shows to providers, and what it is told.
pub trait NmrClient: Debug {
    /// Who the client is; valid for ever.
    fn instance(&self) -> *const RegistrationInstance;
    /// What the provider hands back to the client.
    fn binding_context(&self) -> *mut c_void;
    /// The client's functions.
    fn dispatch(&self) -> *const c_void;
    /// Whether the client wants this provider, asked before the provider is.
    ///
    /// # Errors
    /// The status with which the client refuses.
    fn accept(&self, kernel: &Kernel, provider: &RegistrationInstance) -> Result<(), i32>;
    /// Client and provider are attached.
    fn attached(&self);
    /// They are to be detached; the provider may be calling still.
    fn detaching(&self);
    /// The provider said that it does not call any more.
    fn detached(&self);
}

/// The registrar.
#[derive(Debug, Default)]
pub struct Nmr {
    providers: RefCell<BTreeMap<u64, Provider>>,
    clients: RefCell<BTreeMap<u64, &'static dyn NmrClient>>,
    bindings: RefCell<BTreeMap<u64, Binding>>,
    issued: Cell<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Provider {
    /// Stays with the driver, which has to keep it while it is registered.
    characteristics: *const ProviderCharacteristics,
    context: *mut c_void,
    is_deregistered: bool,
}

#[derive(Clone, Copy, Debug)]
struct Binding {
    provider: u64,
    client: u64,
    module: &'static dyn NmrClient,
    context: *mut c_void,
    phase: Phase,
    /// The provider completed the detachment before its callback had returned.
    is_complete: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Attaching,
    Attached,
    /// In the provider's detach callback.
    Detaching,
    /// The callback returned `STATUS_PENDING`.
    Pending,
}

impl Nmr {
    /// Providers that are registered.
    #[must_use]
    pub fn provider_count(&self) -> usize {
        self.providers.borrow().values().filter(|it| !it.is_deregistered).count()
    }

    /// Pairs of provider and client that are not cleaned up.
    #[must_use]
    pub fn binding_count(&self) -> usize {
        self.bindings.borrow().len()
    }

    /// What is left after the driver was unloaded, a sentence each.
    pub(crate) fn leftovers(&self) -> Vec<String> {
        let providers = self.providers.borrow();
        let bindings = self.bindings.borrow();
        let left = providers.keys().map(|it| format!("NMR provider {it:#x} was not waited for"));
        left.chain(bindings.keys().map(|it| format!("NMR binding {it:#x} is left"))).collect()
    }

    fn issue(&self) -> u64 {
        self.issued.set(self.issued.get() + 1);
        0x4e00_0000 + self.issued.get() * 8
    }

    /// Registers a client and attaches it to every provider of its interface that wants it.
    /// Returns its handle and the first refusal.
    pub fn register_client(
        &self,
        kernel: &Kernel,
        client: &'static dyn NmrClient,
    ) -> (u64, Option<i32>) {
        let handle = self.issue();
        self.clients.borrow_mut().insert(handle, client);
        let providers: Vec<u64> = self.providers.borrow().keys().copied().collect();
        let refusals: Vec<i32> = providers
            .into_iter()
            .filter_map(|provider| self.attach(kernel, provider, handle).err())
            .collect();
        (handle, refusals.into_iter().find(|status| *status != status::NOT_FOUND))
    }

    /// Deregisters a client; whether it is detached already. A provider may take its time.
    pub fn deregister_client(&self, kernel: &Kernel, handle: u64) -> bool {
        self.clients.borrow_mut().remove(&handle);
        let is_ours = |binding: &Binding| binding.client == handle;
        self.detach_all(kernel, is_ours);
        !self.bindings.borrow().values().any(is_ours)
    }

    fn attach(&self, kernel: &Kernel, provider: u64, client: u64) -> Result<(), i32> {
        let found = self.providers.borrow().get(&provider).copied();
        let Some(found) = found.filter(|it| !it.is_deregistered) else {
            return Err(status::NOT_FOUND);
        };
        let Some(module) = self.clients.borrow().get(&client).copied() else {
            return Err(status::NOT_FOUND);
        };
        let characteristics =
            memory::fetch(found.characteristics).ok_or(status::INVALID_PARAMETER)?;
        if npi_of(module.instance()) != memory::fetch(characteristics.instance.npi) {
            return Err(status::NOT_FOUND);
        }
        module.accept(kernel, &characteristics.instance)?;
        let attach = characteristics.attach.ok_or(status::INVALID_PARAMETER)?;
        let binding = self.issue();
        self.bindings.borrow_mut().insert(
            binding,
            Binding {
                provider,
                client,
                module,
                context: ptr::null_mut(),
                phase: Phase::Attaching,
                is_complete: false,
            },
        );
        let (mut context, mut dispatch) = (ptr::null_mut(), ptr::null());
        let status = kernel.at_irql(PASSIVE_LEVEL, || {
            kernel.enter("NMR attach", || {
                // SAFETY: the provider is registered, so its callback and its context are there;
                // what the client shows is valid for ever.
                unsafe {
                    attach(
                        binding,
                        found.context,
                        module.instance(),
                        module.binding_context(),
                        module.dispatch(),
                        &raw mut context,
                        &raw mut dispatch,
                    )
                }
            })
        });
        if status != status::SUCCESS {
            if status >= 0 {
                kernel.violation(format!("an attach callback returned {status:#x}"));
            }
            self.bindings.borrow_mut().remove(&binding);
            return Err(status);
        }
        if let Some(it) = self.bindings.borrow_mut().get_mut(&binding) {
            (it.context, it.phase) = (context, Phase::Attached);
        }
        module.attached();
        // Either side may have gone meanwhile; a binding that was being made was left out then.
        let is_there = self.providers.borrow().get(&provider).is_some_and(|it| !it.is_deregistered);
        if !is_there || !self.clients.borrow().contains_key(&client) {
            self.detach(kernel, binding);
        }
        Ok(())
    }

    fn detach_all(&self, kernel: &Kernel, which: impl Fn(&Binding) -> bool) {
        let chosen: Vec<u64> = self
            .bindings
            .borrow()
            .iter()
            .filter(|(_, it)| which(it) && it.phase == Phase::Attached)
            .map(|(handle, _)| *handle)
            .collect();
        for binding in chosen {
            self.detach(kernel, binding);
        }
    }

    fn detach(&self, kernel: &Kernel, binding: u64) {
        let Some((it, detach)) = self.begin_detach(binding) else { return };
        it.module.detaching();
        // The callback may be called at any level up to DISPATCH_LEVEL; here it is the caller's.
        let status = kernel.enter("NMR detach", || {
            // SAFETY: the provider is registered until its last client is gone, and the context is
            // what it gave for this one.
            unsafe { detach(it.context) }
        });
        let is_complete = self.bindings.borrow().get(&binding).is_some_and(|it| it.is_complete);
        match (status, is_complete) {
            (status::SUCCESS, false) | (status::PENDING, true) => self.clean_up(kernel, binding),
            (status::PENDING, false) => {
                if let Some(it) = self.bindings.borrow_mut().get_mut(&binding) {
                    it.phase = Phase::Pending;
                }
            }
            (status, _) => {
                kernel.violation(format!("a detach callback returned {status:#x}"));
                self.clean_up(kernel, binding);
            }
        }
    }

    fn begin_detach(&self, binding: u64) -> Option<(Binding, DetachFn)> {
        let mut bindings = self.bindings.borrow_mut();
        // Provider and client may both go, at once: one of them begins.
        let it = bindings.get_mut(&binding).filter(|it| it.phase == Phase::Attached)?;
        let characteristics = self.providers.borrow().get(&it.provider)?.characteristics;
        let detach = memory::fetch(characteristics)?.detach?;
        it.phase = Phase::Detaching;
        Some((*it, detach))
    }

    /// Both sides are detached: the provider forgets its context.
    fn clean_up(&self, kernel: &Kernel, binding: u64) {
        let Some(it) = self.bindings.borrow().get(&binding).copied() else { return };
        it.module.detached();
        let provider = self.providers.borrow().get(&it.provider).copied();
        let characteristics = provider.and_then(|it| memory::fetch(it.characteristics));
        if let Some(cleanup) = characteristics.and_then(|it| it.cleanup) {
            kernel.enter("NMR cleanup", || {
                // SAFETY: as for the detach callback; this is the one call for this context.
                unsafe { cleanup(it.context) }
            });
        }
        self.bindings.borrow_mut().remove(&binding);
    }

    fn is_bound(&self, provider: u64) -> bool {
        self.bindings.borrow().values().any(|it| it.provider == provider)
    }
}

fn npi_of(instance: *const RegistrationInstance) -> Option<Guid> {
    memory::fetch(instance).and_then(|it| memory::fetch(it.npi))
}
