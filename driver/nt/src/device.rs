//! The device object that callouts and work items hang on.
//!
//! It has no name, so nobody can open it and it needs no security of its own.

use crate::NtStatus;
use crate::ffi::io::{
    FILE_DEVICE_NETWORK, FILE_DEVICE_SECURE_OPEN, IoCreateDevice, IoDeleteDevice,
};
use crate::object::DriverObject;
use core::ffi::c_void;
use core::ptr::{NonNull, null, null_mut};

/// The driver's device; deleted when it is dropped.
#[derive(Debug)]
pub struct Device {
    /// From `IoCreateDevice`.
    device: NonNull<c_void>,
}

// SAFETY: a device object may be used by any thread.
unsafe impl Send for Device {}
// SAFETY: as above; the kernel serialises what is done to it.
unsafe impl Sync for Device {}

impl Device {
    /// Creates it.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    pub(crate) fn create(driver: NonNull<DriverObject>) -> Result<Self, NtStatus> {
        let mut device = null_mut();
        // SAFETY: the driver object is this driver's; no extension, no name; `device` has room for
        // a pointer.
        let status = unsafe {
            IoCreateDevice(
                driver.as_ptr(),
                0,
                null(),
                FILE_DEVICE_NETWORK,
                FILE_DEVICE_SECURE_OPEN,
                0,
                &raw mut device,
            )
        };
        status.ok()?;
        NonNull::new(device).map(|device| Self { device }).ok_or(NtStatus::UNSUCCESSFUL)
    }

    pub(crate) const fn as_ptr(&self) -> *mut c_void {
        self.device.as_ptr()
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // SAFETY: created by `create`; whoever used it has been stopped before.
        unsafe { IoDeleteDevice(self.device.as_ptr()) };
    }
}
