//! Whether the filtering engine runs.

use crate::NtStatus;
use crate::device::Device;
use crate::entry::Driver;
use crate::ffi::fwpm::{
    FWPM_SERVICE_RUNNING, FwpmBfeStateGet0, FwpmBfeStateSubscribeChanges0,
    FwpmBfeStateUnsubscribeChanges0,
};
use crate::registration::Registration;
use core::ffi::c_void;
use core::ptr::null_mut;

/// A subscription to changes of the engine's state; ended when it is dropped.
///
/// IRQL of the drop: `PASSIVE_LEVEL`.
#[derive(Debug)]
#[must_use = "told of changes as long as this lives"]
pub struct Subscription {
    /// From `FwpmBfeStateSubscribeChanges0`.
    handle: *mut c_void,
    _live: Registration,
}

unsafe extern "system" fn changed<D: Driver>(_context: *mut c_void, state: i32) {
    if let Some(driver) = D::running().driver() {
        driver.engine_changed(state == FWPM_SERVICE_RUNNING);
    }
}

impl Subscription {
    /// Subscribes. What the state is now has to be asked for after this, so that no change is
    /// missed.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// What the engine's client says.
    pub fn begin<D: Driver>(device: &Device) -> Result<Self, NtStatus> {
        let mut handle = null_mut();
        // SAFETY: the device lives until the subscription ends; the callback has the type that is
        // called and needs no context; `handle` has room.
        let status = unsafe {
            FwpmBfeStateSubscribeChanges0(
                device.as_ptr().cast(),
                changed::<D>,
                null_mut(),
                &raw mut handle,
            )
        };
        status.ok()?;
        Ok(Self { handle, _live: Registration::begin() })
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        // SAFETY: subscribed in `begin`, and ended once.
        let _always_ends = unsafe { FwpmBfeStateUnsubscribeChanges0(self.handle) };
    }
}

/// Whether the filtering engine runs.
///
/// IRQL: ≤ `DISPATCH_LEVEL`.
#[must_use]
pub fn is_running() -> bool {
    // SAFETY: takes nothing.
    unsafe { FwpmBfeStateGet0() == FWPM_SERVICE_RUNNING }
}
