//! The base filtering engine's state, as the driver can follow it.
//!
//! The engine is a service: it may come after the driver, stop, and come back. What it does to
//! handles and objects when it stops is in `fwp`'s engine.
//!
//! Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpmk/
//! nf-fwpmk-fwpmbfestatesubscribechanges0 and its siblings (read 2026-11)

use crate::calls::enter_import;
use crate::fwp::{enter_unlocked, status};
use crate::kernel::{DISPATCH_LEVEL, Import, Kernel, PASSIVE_LEVEL};
use crate::memory;
use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use std::collections::BTreeMap;

/// `FWPM_SERVICE_STATE`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServiceState {
    /// Not running.
    Stopped,
    /// About to run.
    StartPending,
    /// About to stop.
    StopPending,
    /// Running.
    #[default]
    Running,
}

impl ServiceState {
    const fn raw(self) -> i32 {
        match self {
            Self::Stopped => 0,
            Self::StartPending => 1,
            Self::StopPending => 2,
            Self::Running => 3,
        }
    }
}

/// `FWPM_SERVICE_STATE_CHANGE_CALLBACK0`.
type Changed = unsafe extern "win64" fn(*mut c_void, i32);

/// The service; it runs when a machine boots.
#[derive(Debug, Default)]
pub struct Bfe {
    state: Cell<ServiceState>,
    subscriptions: RefCell<BTreeMap<u64, Subscription>>,
    subscribed: Cell<u64>,
    /// Callbacks that run.
    telling: Cell<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Subscription {
    changed: Changed,
    context: *mut c_void,
}

impl Bfe {
    /// The state now.
    #[must_use]
    pub const fn state(&self) -> ServiceState {
        self.state.get()
    }

    pub(crate) fn is_running(&self) -> bool {
        self.state.get() == ServiceState::Running
    }

    /// The service does not run yet: for a driver that starts before it.
    pub fn begin_stopped(&self) {
        self.state.set(ServiceState::Stopped);
    }

    /// The service stops: subscribers hear of it before and after, in between every object and
    /// every handle goes.
    pub fn stop(&self, kernel: &Kernel) {
        self.change(kernel, ServiceState::StopPending);
        // Calls fail from here on, also those of callouts that hear of filters that go.
        self.state.set(ServiceState::Stopped);
        kernel.fwp.stop_engine(kernel);
        self.change(kernel, ServiceState::Stopped);
    }

    /// The service starts.
    pub fn start(&self, kernel: &Kernel) {
        self.change(kernel, ServiceState::StartPending);
        self.change(kernel, ServiceState::Running);
    }

    /// Sets a state and tells subscribers.
    pub fn change(&self, kernel: &Kernel, state: ServiceState) {
        self.state.set(state);
        let subscriptions: Vec<(u64, Subscription)> =
            self.subscriptions.borrow().iter().map(|(handle, it)| (*handle, *it)).collect();
        for (handle, Subscription { changed, context }) in subscriptions {
            // Somebody may have unsubscribed meanwhile.
            if !self.subscriptions.borrow().contains_key(&handle) {
                continue;
            }
            self.telling.set(self.telling.get() + 1);
            kernel.at_irql(PASSIVE_LEVEL, || {
                kernel.enter("BFE state", || {
                    // SAFETY: the driver subscribed with these and has not unsubscribed.
                    unsafe { changed(context, state.raw()) }
                });
            });
            self.telling.set(self.telling.get() - 1);
        }
    }

    /// What is left after the driver was unloaded, a sentence each.
    pub(crate) fn leftovers(&self) -> Vec<String> {
        let subscriptions = self.subscriptions.borrow();
        let left = subscriptions.keys();
        left.map(|handle| format!("BFE subscription {handle:#x} is left")).collect()
    }
}

extern "win64" fn subscribe(
    device: *mut c_void,
    changed: Option<Changed>,
    context: *mut c_void,
    handle: *mut u64,
) -> i32 {
    const NAME: &str = "FwpmBfeStateSubscribeChanges0";
    let kernel = enter_unlocked(NAME, PASSIVE_LEVEL);
    if let Some(status) = kernel.faults.take(NAME) {
        return status;
    }
    if !kernel.io.is_device(device) {
        kernel.violation(format!("{NAME}: {device:p} is no device object"));
        return status::INVALID_PARAMETER;
    }
    let Some(changed) = changed else { return status::INVALID_PARAMETER };
    let bfe = &kernel.bfe;
    bfe.subscribed.set(bfe.subscribed.get() + 1);
    let new = 0xbf_0000 + bfe.subscribed.get() * 8;
    if handle.is_null() {
        return status::INVALID_PARAMETER;
    }
    memory::store(handle, new);
    bfe.subscriptions.borrow_mut().insert(new, Subscription { changed, context });
    status::SUCCESS
}

extern "win64" fn unsubscribe(handle: u64) -> i32 {
    const NAME: &str = "FwpmBfeStateUnsubscribeChanges0";
    let kernel = enter_unlocked(NAME, PASSIVE_LEVEL);
    if kernel.bfe.subscriptions.borrow_mut().remove(&handle).is_none() {
        kernel.violation(format!("{NAME}: {handle:#x} is no subscription"));
        return status::INVALID_HANDLE;
    }
    // Nothing documents it, and without it no driver could be unloaded.
    if kernel.threads.running().is_some() {
        kernel.wait_for("a callback of the engine's state", || kernel.bfe.telling.get() == 0);
    }
    // A failure on demand is words only: the subscription is gone.
    kernel.faults.take(NAME).unwrap_or(status::SUCCESS)
}

extern "win64" fn state() -> i32 {
    enter_import("FwpmBfeStateGet0", DISPATCH_LEVEL).bfe.state().raw()
}

pub(crate) fn imports() -> Vec<Import> {
    let import = |name, address| Import { module: "fwpkclnt.sys", name, address };
    vec![
        import("FwpmBfeStateSubscribeChanges0", (subscribe as *const ()).addr()),
        import("FwpmBfeStateUnsubscribeChanges0", (unsubscribe as *const ()).addr()),
        import("FwpmBfeStateGet0", (state as *const ()).addr()),
    ]
}
