//! Work that is done later, at `PASSIVE_LEVEL`, on a thread of the system.

use crate::NtStatus;
use crate::device::Device;
use crate::ffi::io::{DELAYED_WORK_QUEUE, IoAllocateWorkItem, IoFreeWorkItem, IoQueueWorkItem};
use crate::registration::Registration;
use crate::rundown::Rundown;
use core::ffi::c_void;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

/// One kind of work, which can be asked for at any level; asked for twice before it begins, it is
/// done once.
#[derive(Debug)]
pub struct Work {
    run: fn(usize),
    argument: usize,
    /// From `IoAllocateWorkItem`; null while not armed.
    item: AtomicPtr<c_void>,
    is_queued: AtomicBool,
    running: Rundown,
}

impl Work {
    /// Work that calls `run` with `argument`; nothing is allocated yet.
    #[must_use]
    pub const fn new(run: fn(usize), argument: usize) -> Self {
        let (item, is_queued) = (AtomicPtr::new(null_mut()), AtomicBool::new(false));
        Self { run, argument, item, is_queued, running: Rundown::new() }
    }

    /// Allocates what the work needs, until the returned value is dropped.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub fn arm(&'static self, device: &Device) -> Result<Armed, NtStatus> {
        // SAFETY: the device lives as long as the driver runs.
        let item = unsafe { IoAllocateWorkItem(device.as_ptr()) };
        if item.is_null() {
            return Err(NtStatus::INSUFFICIENT_RESOURCES);
        }
        self.item.store(item, Ordering::Release);
        Ok(Armed { work: self, _live: Registration::begin() })
    }

    /// Asks for the work; whether it will be done.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    pub fn queue(&'static self) -> bool {
        let Some(inside) = self.running.enter() else { return false };
        let item = self.item.load(Ordering::Acquire);
        if item.is_null() {
            return false;
        }
        if self.is_queued.swap(true, Ordering::AcqRel) {
            return true;
        }
        inside.stay();
        let context = (&raw const *self).cast_mut().cast();
        // SAFETY: the item is allocated and not queued; `self` lives for ever.
        unsafe { IoQueueWorkItem(item, routine, DELAYED_WORK_QUEUE, context) };
        true
    }
}

unsafe extern "system" fn routine(_device: *mut c_void, context: *mut c_void) {
    // SAFETY: the context is the work that was queued, which lives for ever.
    let work = unsafe { &*context.cast::<Work>() };
    // From here on it can be asked for again: what is asked for while it runs is done after it.
    work.is_queued.store(false, Ordering::Release);
    (work.run)(work.argument);
    // SAFETY: `queue` stayed inside for this.
    unsafe { work.running.leave() };
}

/// Work that can be done. Dropped, it waits for what was asked for; nothing more can be asked for.
///
/// IRQL of the drop: `PASSIVE_LEVEL`.
#[derive(Debug)]
#[must_use = "the work can be done as long as this lives"]
pub struct Armed {
    work: &'static Work,
    _live: Registration,
}

impl Drop for Armed {
    fn drop(&mut self) {
        self.work.running.wait();
        let item = self.work.item.swap(null_mut(), Ordering::AcqRel);
        // SAFETY: the item is allocated; it is not queued, as its rundown is over.
        unsafe { IoFreeWorkItem(item) };
    }
}
