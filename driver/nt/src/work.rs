//! Work that is done later, at `PASSIVE_LEVEL`, on a thread of the system.

use crate::NtStatus;
use crate::device::Device;
use crate::ffi::io::{DELAYED_WORK_QUEUE, IoAllocateWorkItem, IoFreeWorkItem, IoQueueWorkItem};
use crate::registration::Registration;
use crate::rundown::Rundown;
use core::ffi::c_void;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

/// One kind of work, which can be asked for at any level. Asked for twice before it begins, it is
/// done once; asked for while it is being done, it is done again after that, never at once.
#[derive(Debug)]
pub struct Work {
    run: fn(usize),
    argument: usize,
    /// From `IoAllocateWorkItem`; null while not armed.
    item: AtomicPtr<c_void>,
    /// How often it was asked for since it was last done; whoever asks first hands it over, and
    /// stays inside `running` until it is done. Only ever changed by read-modify-write: what was
    /// written before asking is seen by the work.
    asked: AtomicU64,
    running: Rundown,
}

impl Work {
    /// Work that calls `run` with `argument`; nothing is allocated yet.
    #[must_use]
    pub const fn new(run: fn(usize), argument: usize) -> Self {
        let (item, asked) = (AtomicPtr::new(null_mut()), AtomicU64::new(0));
        Self { run, argument, item, asked, running: Rundown::new() }
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
        if self.item.load(Ordering::Acquire).is_null() {
            return false;
        }
        if self.asked.fetch_add(1, Ordering::AcqRel) == 0 {
            // Whoever does the work leaves.
            inside.stay();
            self.hand_over();
        }
        true
    }

    fn hand_over(&'static self) {
        let context = (&raw const *self).cast_mut().cast();
        let item = self.item.load(Ordering::Acquire);
        // SAFETY: the item is allocated and not queued: only who asked first hands it over, or the
        // routine at its end; `self` lives for ever.
        unsafe { IoQueueWorkItem(item, routine, DELAYED_WORK_QUEUE, context) };
    }
}

unsafe extern "system" fn routine(_device: *mut c_void, context: *mut c_void) {
    // SAFETY: the context is the work that was queued, which lives for ever.
    let work = unsafe { &*context.cast::<Work>() };
    let asked = work.asked.load(Ordering::Acquire);
    (work.run)(work.argument);
    if work.asked.fetch_sub(asked, Ordering::AcqRel) != asked {
        // Asked for meanwhile. Behind what others have asked for, not in a loop: it may be waiting
        // for one of them.
        work.hand_over();
        return;
    }
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
