//! From the I/O manager's two calls to a driver that is made, started, stopped and dropped.
//!
//! [`driver_entry!`](crate::driver_entry) puts `DriverEntry` and its counterpart into the driver's
//! image. The driver is one value in static memory, which every callback of the kernel reaches
//! through [`Running`]. It is made whole before anything is registered that could call back, and
//! dropped only when nothing registered is left.

use crate::device::Device;
use crate::object::{DriverObject, DriverUnload, UnicodeString};
use crate::parameters::ServiceKey;
use crate::registration;
use crate::time::pause_ms;
use crate::wfp::{EstablishedValues, Indication};
use crate::{NtStatus, ebpf};
use core::cell::UnsafeCell;
use core::mem::{MaybeUninit, offset_of};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, Ordering};

/// Milliseconds between two looks at what is still registered.
const PAUSE_MS: u32 = 10;

/// A driver, as the kernel's callbacks see it.
///
/// There is one implementation; the trait is how this crate, which may say `unsafe`, calls the one
/// that may not and that depends on it.
pub trait Driver: Sized + Sync + 'static {
    /// Everything that is registered with the kernel while the driver runs. It unregisters when it
    /// is dropped.
    type Registered;

    /// Makes the driver: memory only, nothing that could call back.
    ///
    /// # Errors
    /// What the kernel refused.
    fn new(service: ServiceKey<'_>) -> Result<Self, NtStatus>;

    /// Starts it.
    ///
    /// # Errors
    /// What the kernel refused; what was registered before is unregistered.
    fn start(&'static self, device: &'static Device) -> Result<Self::Registered, NtStatus>;

    /// Stops it, in an order of its own.
    fn stop(&'static self, registered: Self::Registered);

    /// Where it lives.
    fn running() -> &'static Running<Self>;

    /// A connection is established. Returns whether to block it.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    fn established(&'static self, values: &EstablishedValues) -> bool;

    /// Data of a flow whose context is this. Returns whether to block it.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    fn stream(&'static self, flow_context: u64, indication: &mut Indication<'_>) -> bool;

    /// The filtering engine lets go of a flow's context.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    fn flow_deleted(&'static self, flow_context: u64);

    /// A program wants to be attached. Returns a number for it.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// Why not.
    fn attach(
        &'static self,
        client: ebpf::Client,
        parameter: Option<&[u8]>,
    ) -> Result<usize, NtStatus>;

    /// The program of this number goes: no new invocation begins. The detach is complete when the
    /// client is given to [`ebpf::Client::detached`], if this returns true; else it is complete.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    fn detach(&'static self, number: usize) -> bool;

    /// A session wants to know the state of everything.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    fn capture_state(&'static self);

    /// The filtering engine's state has changed.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    fn engine_changed(&'static self, is_running: bool);
}

struct Parts<D: Driver> {
    driver: D,
    device: Device,
}

/// Where the driver lives between its two calls.
pub struct Running<D: Driver> {
    /// Initialised while `is_there`.
    parts: UnsafeCell<MaybeUninit<Parts<D>>>,
    /// Touched by `start` and `stop` only, which the I/O manager never calls at once.
    registered: UnsafeCell<Option<D::Registered>>,
    is_there: AtomicBool,
}

// SAFETY: callbacks get shared references to a driver that is `Sync`; it is written before they can
// come and dropped after they have gone.
unsafe impl<D: Driver> Sync for Running<D> {}

impl<D: Driver> Running<D> {
    /// No driver yet.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "made in a static only")]
    pub const fn new() -> Self {
        Self {
            parts: UnsafeCell::new(MaybeUninit::uninit()),
            registered: UnsafeCell::new(None),
            is_there: AtomicBool::new(false),
        }
    }

    fn parts(&'static self) -> Option<&'static Parts<D>> {
        if !self.is_there.load(Ordering::Acquire) {
            return None;
        }
        // SAFETY: written before the flag was set, and nobody has it mutably while it is set.
        let parts = unsafe { &*self.parts.get() };
        // SAFETY: as above.
        Some(unsafe { parts.assume_init_ref() })
    }

    /// The driver, while there is one.
    #[must_use]
    pub fn driver(&'static self) -> Option<&'static D> {
        self.parts().map(|parts| &parts.driver)
    }

    /// The driver's device, while there is one.
    #[must_use]
    pub fn device(&'static self) -> Option<&'static Device> {
        self.parts().map(|parts| &parts.device)
    }

    /// Starts the driver. Where that fails there is nothing to unload: the I/O manager does not
    /// call `unload` then, and everything is undone here.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// Both pointers are those that `DriverEntry` was called with, or null, and the call comes from
    /// `DriverEntry`: once, and with nothing else of this driver running.
    pub unsafe fn start(
        &'static self,
        driver: *mut DriverObject,
        service: *const UnicodeString,
        unload: DriverUnload,
    ) -> NtStatus {
        // SAFETY: the path is the I/O manager's and lives during `DriverEntry`.
        let service = unsafe { service.as_ref() };
        let (Some(object), Some(service)) = (NonNull::new(driver), service) else {
            return NtStatus::INVALID_PARAMETER;
        };
        match self.make(object, ServiceKey(service)) {
            Ok(()) => {
                let place = driver.wrapping_byte_add(offset_of!(DriverObject, driver_unload));
                // SAFETY: the field is the driver's to fill in during `DriverEntry`.
                unsafe { place.cast::<Option<DriverUnload>>().write(Some(unload)) };
                NtStatus::SUCCESS
            }
            Err(status) => status,
        }
    }

    #[inline(never)]
    fn make(
        &'static self,
        object: NonNull<DriverObject>,
        service: ServiceKey<'_>,
    ) -> Result<(), NtStatus> {
        // The device is made first and goes last: callouts and work items hang on it.
        let device = Device::create(object)?;
        let driver = D::new(service)?;
        // SAFETY: nothing of this driver runs, so nobody refers to the place.
        let place = unsafe { &mut *self.parts.get() };
        place.write(Parts { driver, device });
        self.is_there.store(true, Ordering::Release);
        let Some(parts) = self.parts() else { return Err(NtStatus::UNSUCCESSFUL) };
        match parts.driver.start(&parts.device) {
            Ok(registered) => {
                // SAFETY: only `start` and `stop` touch it, and they do not overlap.
                unsafe { *self.registered.get() = Some(registered) };
                Ok(())
            }
            Err(status) => {
                self.unmake();
                Err(status)
            }
        }
    }

    /// Stops the driver.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// The call comes from the unload routine that [`Running::start`] was given: once, and after it.
    pub unsafe fn stop(&'static self) {
        // SAFETY: only `start` and `stop` touch it, and they do not overlap.
        let registered = unsafe { (*self.registered.get()).take() };
        if let (Some(parts), Some(registered)) = (self.parts(), registered) {
            parts.driver.stop(registered);
        }
        self.unmake();
    }

    /// Drops the driver, once the kernel can no longer call it.
    fn unmake(&'static self) {
        // Without a bound: memory that something could still call into must not be freed (S35).
        while registration::live() != 0 {
            pause_ms(PAUSE_MS);
        }
        if !self.is_there.swap(false, Ordering::AcqRel) {
            return;
        }
        // SAFETY: nothing is registered, so no callback runs or can come: nobody else refers to it.
        let place = unsafe { &mut *self.parts.get() };
        // SAFETY: the flag said that it is initialised, and it is not used after this.
        unsafe { place.assume_init_drop() };
    }
}

impl<D: Driver> core::fmt::Debug for Running<D> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Running").field("is_there", &self.is_there).finish_non_exhaustive()
    }
}

/// Makes a driver of a type.
///
/// The crate that calls it may forbid `unsafe`: what is said here is said by this crate.
#[macro_export]
macro_rules! driver_entry {
    ($driver:ty, $running:ident) => {
        static $running: $crate::entry::Running<$driver> = $crate::entry::Running::new();

        /// What the I/O manager calls first.
        ///
        /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nc-wdm-driver_initialize
        #[unsafe(no_mangle)]
        extern "system" fn DriverEntry(
            driver: *mut $crate::object::DriverObject,
            service: *const $crate::object::UnicodeString,
        ) -> $crate::NtStatus {
            // SAFETY: this is `DriverEntry`, called once, before anything else of the driver.
            unsafe { $running.start(driver, service, unload) }
        }

        unsafe extern "system" fn unload(_driver: *mut $crate::object::DriverObject) {
            // SAFETY: the I/O manager calls this once, after `DriverEntry`.
            unsafe { $running.stop() }
        }

        #[panic_handler]
        fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
            $crate::panic::panicked(info)
        }
    };
}
