//! Timers and deferred procedure calls.
//!
//! A timer that expires queues its DPC, which runs at `DISPATCH_LEVEL` on the processor that set
//! the timer, before any work item. Both structures belong to the driver and are opaque to it:
//! the kernel knows them by their addresses.

use crate::calls::enter_import;
use crate::kernel::{DISPATCH_LEVEL, Import, Kernel, PASSIVE_LEVEL};
use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use core::ops::Range;
use core::ptr::{null_mut, with_exposed_provenance_mut};
use std::collections::{BTreeMap, VecDeque};

/// What a DPC runs.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nc-wdm-kdeferred_routine (read
/// 2026-11)
type Routine = unsafe extern "win64" fn(*mut c_void, *mut c_void, *mut c_void, *mut c_void);

/// Bytes of a `KTIMER`, and of a `KDPC`.
const OBJECT_BYTES: usize = 64;

/// `SynchronizationTimer` of `TIMER_TYPE`.
const TIMER_TYPE_MAX: i32 = 1;

/// Expirations in one wait; a driver whose wait outlasts so many waits for what never comes.
const EXPIRATIONS_MAX: u32 = 1_000_000;

/// The timers and DPCs of a machine.
#[derive(Debug, Default)]
pub struct Timers {
    /// By address; the value tells whether it is set.
    timers: RefCell<BTreeMap<usize, Option<Set>>>,
    /// By address.
    dpcs: RefCell<BTreeMap<usize, Dpc>>,
    /// DPC and processor.
    queue: RefCell<VecDeque<(usize, u32)>>,
    /// DPCs whose routine is on a stack.
    running: Cell<u32>,
}

/// A timer that is set.
#[derive(Clone, Copy, Debug)]
struct Set {
    due_ns: u64,
    period_ns: u64,
    dpc: usize,
    processor: u32,
}

#[derive(Clone, Copy, Debug)]
struct Dpc {
    routine: Routine,
    context: *mut c_void,
}

impl Timers {
    /// Timers that are set.
    #[must_use]
    pub fn set(&self) -> usize {
        self.timers.borrow().values().flatten().count()
    }

    /// DPCs that wait to run.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.queue.borrow().len()
    }

    pub(crate) fn leftovers(&self) -> Vec<String> {
        let (set, queued) = (self.set(), self.queued());
        (set + queued > 0)
            .then(|| format!("{set} timers are set and {queued} DPCs queued"))
            .into_iter()
            .collect()
    }

    /// Whether memory that is about to be freed holds something that will be used.
    pub(crate) fn are_active_in(&self, memory: &Range<usize>) -> bool {
        self.timers.borrow().range(memory.clone()).any(|(_, set)| set.is_some())
            || self.queue.borrow().iter().any(|(dpc, _)| memory.contains(dpc))
    }

    /// Whether one is queued whose processor is free.
    pub(crate) fn can_run_dpc(&self, kernel: &Kernel) -> bool {
        self.place_in_queue(kernel).is_some()
    }

    fn place_in_queue(&self, kernel: &Kernel) -> Option<usize> {
        let queue = self.queue.borrow();
        queue.iter().position(|(_, processor)| kernel.threads.is_free(kernel, *processor))
    }

    /// Runs one DPC that is queued.
    pub(crate) fn run_dpc(&self, kernel: &Kernel) -> bool {
        let Some(place) = self.place_in_queue(kernel) else { return false };
        let next = self.queue.borrow_mut().remove(place);
        let Some((address, processor)) = next else { return false };
        self.running.set(self.running.get() + 1);
        let dpc = self.dpcs.borrow().get(&address).copied();
        if let Some(Dpc { routine, context }) = dpc {
            let object = with_exposed_provenance_mut(address);
            kernel.on_processor(processor, || {
                let before = kernel.irql();
                kernel.processors.set_irql(DISPATCH_LEVEL);
                kernel.enter("DPC", || {
                    // SAFETY: the driver gave this routine for this DPC; the two arguments are
                    // those of a DPC that a timer queued.
                    unsafe { routine(object, context, null_mut(), null_mut()) }
                });
                kernel.processors.set_irql(before);
            });
        }
        self.running.set(self.running.get() - 1);
        true
    }

    /// Queues what is due by now.
    pub(crate) fn expire_due(&self, kernel: &Kernel) {
        let now_ns = kernel.time.now_ns();
        if self.next_due().is_some_and(|due_ns| due_ns <= now_ns) {
            self.expire(now_ns);
        }
    }

    pub(crate) fn next_due(&self) -> Option<u64> {
        self.timers.borrow().values().flatten().map(|set| set.due_ns).min()
    }

    /// Queues the DPCs of the timers that are due, in the order of their times.
    fn expire(&self, now_ns: u64) {
        let mut timers = self.timers.borrow_mut();
        let mut due: Vec<(u64, usize)> = Vec::new();
        for (address, set) in timers.iter() {
            due.extend(set.filter(|set| set.due_ns <= now_ns).map(|set| (set.due_ns, *address)));
        }
        due.sort_unstable();
        for (_, address) in due {
            let Some(slot) = timers.get_mut(&address) else { continue };
            let Some(set) = *slot else { continue };
            let missed = (now_ns - set.due_ns).checked_div(set.period_ns);
            *slot = missed
                .map(|missed| Set { due_ns: set.due_ns + (missed + 1) * set.period_ns, ..set });
            let mut queue = self.queue.borrow_mut();
            // A DPC is in the queue once.
            if set.dpc != 0 && !queue.iter().any(|(dpc, _)| *dpc == set.dpc) {
                queue.push_back((set.dpc, set.processor));
            }
        }
    }
}

/// Lets time pass: what is queued runs first, then timers in their order and what they queue.
pub(crate) fn pass(kernel: &Kernel, nanos: u64) {
    let end_ns = kernel.time.now_ns().saturating_add(nanos);
    if kernel.wait_until(end_ns) {
        return;
    }
    kernel.run_work();
    kernel.fwp.time_passes(kernel);
    while let Some(due_ns) = kernel.timers.next_due().filter(|due_ns| *due_ns <= end_ns) {
        wait_until(kernel, due_ns);
        kernel.timers.expire(kernel.time.now_ns());
        kernel.run_work();
    }
    wait_until(kernel, end_ns);
}

/// Lets time pass up to the next timer, if one is set; for waits without an end of their own.
/// `expired` counts them.
pub(crate) fn expire_next(kernel: &Kernel, expired: &mut u32) -> bool {
    *expired += 1;
    let next = kernel.timers.next_due().filter(|_| *expired <= EXPIRATIONS_MAX);
    let Some(due_ns) = next else { return false };
    wait_until(kernel, due_ns);
    kernel.timers.expire(kernel.time.now_ns());
    true
}

fn wait_until(kernel: &Kernel, time_ns: u64) {
    if kernel.time.is_virtual() {
        return kernel.time.reach(time_ns);
    }
    let left = time_ns.saturating_sub(kernel.time.now_ns());
    std::thread::sleep(core::time::Duration::from_nanos(left));
}

pub(crate) fn imports() -> Vec<Import> {
    let module = "ntoskrnl.exe";
    let import = |name, address| Import { module, name, address };
    vec![
        import("KeInitializeTimerEx", initialize_timer as *const () as usize),
        import("KeSetTimerEx", set_timer as *const () as usize),
        import("KeCancelTimer", cancel_timer as *const () as usize),
        import("KeInitializeDpc", initialize_dpc as *const () as usize),
        import("KeFlushQueuedDpcs", flush_dpcs as *const () as usize),
    ]
}

/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keinitializetimerex (read
/// 2026-11)
unsafe extern "win64" fn initialize_timer(timer: *mut u8, kind: i32) {
    let kernel = enter_import("KeInitializeTimerEx", DISPATCH_LEVEL);
    if !(0..=TIMER_TYPE_MAX).contains(&kind) {
        kernel.violation(format!("KeInitializeTimerEx of type {kind}"));
    }
    // SAFETY: the caller passes room for a timer.
    unsafe { timer.write_bytes(0, OBJECT_BYTES) };
    let before = kernel.timers.timers.borrow_mut().insert(timer.expose_provenance(), None);
    if before.flatten().is_some() {
        kernel.violation("KeInitializeTimerEx of a timer that is set".to_owned());
    }
}

/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kesettimerex (read 2026-11)
extern "win64" fn set_timer(timer: *mut u8, due: i64, period_ms: i32, dpc: *mut u8) -> u8 {
    let kernel = enter_import("KeSetTimerEx", DISPATCH_LEVEL);
    let timers = &kernel.timers;
    if !dpc.is_null() && !timers.dpcs.borrow().contains_key(&dpc.addr()) {
        kernel.violation("KeSetTimerEx with a DPC that was not initialized".to_owned());
        return 0;
    }
    let Ok(period_ms) = u64::try_from(period_ms) else {
        kernel.violation(format!("KeSetTimerEx with a period of {period_ms} ms"));
        return 0;
    };
    let set = Set {
        due_ns: kernel.time.now_ns().saturating_add(kernel.time.until(due)),
        period_ns: period_ms * 1_000_000,
        dpc: dpc.addr(),
        processor: kernel.processors.current(),
    };
    let mut known = timers.timers.borrow_mut();
    let Some(slot) = known.get_mut(&timer.addr()) else {
        kernel.violation("KeSetTimerEx of a timer that was not initialized".to_owned());
        return 0;
    };
    u8::from(slot.replace(set).is_some())
}

/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kecanceltimer (read 2026-11)
extern "win64" fn cancel_timer(timer: *mut u8) -> u8 {
    let kernel = enter_import("KeCancelTimer", DISPATCH_LEVEL);
    let mut known = kernel.timers.timers.borrow_mut();
    let Some(slot) = known.get_mut(&timer.addr()) else {
        kernel.violation("KeCancelTimer of a timer that was not initialized".to_owned());
        return 0;
    };
    u8::from(slot.take().is_some())
}

/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keinitializedpc (read
/// 2026-11)
unsafe extern "win64" fn initialize_dpc(dpc: *mut u8, routine: Routine, context: *mut c_void) {
    let kernel = enter_import("KeInitializeDpc", DISPATCH_LEVEL);
    let address = dpc.expose_provenance();
    if kernel.timers.queue.borrow().iter().any(|(queued, _)| *queued == address) {
        kernel.violation("KeInitializeDpc of a DPC that is queued".to_owned());
    }
    // SAFETY: the caller passes room for a DPC.
    unsafe { dpc.write_bytes(0, OBJECT_BYTES) };
    kernel.timers.dpcs.borrow_mut().insert(address, Dpc { routine, context });
}

/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keflushqueueddpcs (read
/// 2026-11)
extern "win64" fn flush_dpcs() {
    let kernel = enter_import("KeFlushQueuedDpcs", PASSIVE_LEVEL);
    kernel.require_no_locks("KeFlushQueuedDpcs");
    if kernel.threads.running().is_some() {
        let timers = &kernel.timers;
        kernel.wait_for("deferred calls", || timers.queued() == 0 && timers.running.get() == 0);
        return;
    }
    while kernel.timers.run_dpc(kernel) {}
}
