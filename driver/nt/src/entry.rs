//! From the I/O manager's two calls to a driver that is made and dropped.
//!
//! [`driver_entry!`](crate::driver_entry) puts `DriverEntry` and its counterpart into the driver's
//! image. Starting makes a value, stopping drops it: the order in which a driver stops is the order
//! in which its fields are dropped.

use crate::NtStatus;
use crate::object::{DriverObject, DriverUnload};
use core::cell::UnsafeCell;

/// Where the running driver lives between its two calls.
#[derive(Debug)]
pub struct Running<T> {
    /// Written by [`Running::start`] and emptied by [`Running::stop`] only, which the I/O manager
    /// calls one after the other and never at once.
    driver: UnsafeCell<Option<T>>,
}

// SAFETY: the value is reached through `start` and `stop` only, whose callers promise that they do
// not overlap; it may be dropped by another thread than made it, hence `Send`.
unsafe impl<T: Send> Sync for Running<T> {}

impl<T> Running<T> {
    /// No driver yet.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "made in a static only")]
    pub const fn new() -> Self {
        Self { driver: UnsafeCell::new(None) }
    }

    /// Starts the driver. Where that fails there is nothing to unload: the I/O manager does not
    /// call `unload` then, and what `start` had acquired it has dropped.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// `driver` is null or the object that `DriverEntry` was called with, and the call comes from
    /// `DriverEntry`: once, and with nothing else of this driver running.
    pub unsafe fn start(
        &self,
        driver: *mut DriverObject,
        unload: DriverUnload,
        start: fn() -> Result<T, NtStatus>,
    ) -> NtStatus {
        // SAFETY: the object is the driver's own to fill in during `DriverEntry`; nobody else
        // refers to it meanwhile.
        let Some(object) = (unsafe { driver.as_mut() }) else {
            return NtStatus::INVALID_PARAMETER;
        };
        // SAFETY: nothing else of this driver runs, so nobody else refers to the value.
        let running = unsafe { &mut *self.driver.get() };
        match start() {
            Ok(driver) => {
                *running = Some(driver);
                object.driver_unload = Some(unload);
                NtStatus::SUCCESS
            }
            Err(status) => status,
        }
    }

    /// Stops the driver.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// The call comes from the unload routine that [`Running::start`] was given: once, after it,
    /// and with nothing else of this driver running.
    pub unsafe fn stop(&self) {
        // SAFETY: nothing else of this driver runs, so nobody else refers to the value.
        let running = unsafe { &mut *self.driver.get() };
        drop(running.take());
    }
}

/// Makes a driver of a type and of the function that starts it.
///
/// The crate that calls it may forbid `unsafe`: what is said here is said by this crate.
#[macro_export]
macro_rules! driver_entry {
    ($driver:ty, $start:path) => {
        static RUNNING: $crate::entry::Running<$driver> = $crate::entry::Running::new();

        /// What the I/O manager calls first.
        ///
        /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nc-wdm-driver_initialize
        #[unsafe(no_mangle)]
        extern "system" fn DriverEntry(
            driver: *mut $crate::object::DriverObject,
            _registry_path: *const $crate::object::UnicodeString,
        ) -> $crate::NtStatus {
            // SAFETY: this is `DriverEntry`, called once, before anything else of the driver.
            unsafe { RUNNING.start(driver, unload, $start) }
        }

        unsafe extern "system" fn unload(_driver: *mut $crate::object::DriverObject) {
            // SAFETY: the I/O manager calls this once, after `DriverEntry` and when nothing else of
            // the driver can run.
            unsafe { RUNNING.stop() }
        }

        #[panic_handler]
        fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
            $crate::panic::panicked(info)
        }
    };
}
