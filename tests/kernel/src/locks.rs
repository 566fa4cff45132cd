//! Spin locks.
//!
//! A thread that wants a lock of another waits for it. A lock that the same thread holds already
//! will never be released: taking it again is told as a deadlock.

use crate::calls::enter_import;
use crate::kernel::{DISPATCH_LEVEL, Import, Kernel};
use crate::lock_order::{Hold, Holds, LockOrder, Reading};
use crate::stack::is_on_kernel_stack;
use core::cell::{Cell, RefCell};

/// Locks that are held, the latest last.
#[derive(Debug, Default)]
pub struct Locks {
    held: RefCell<Vec<Held>>,
    /// Whether order and time are looked at; a benchmark does without.
    is_strict: bool,
    order: LockOrder,
    holds: Holds,
    copied_bytes: Cell<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    /// Address of the `KSPIN_LOCK`.
    lock: usize,
    /// Level before it was taken.
    irql: u8,
    processor: u32,
    /// The thread that took it; `None` where there are none.
    thread: Option<usize>,
}

impl Locks {
    pub(crate) fn new(is_strict: bool) -> Self {
        Self { is_strict, ..Self::default() }
    }

    /// The hold of a lock during which most happened, of all that have ended.
    #[must_use]
    pub const fn longest_hold(&self) -> Hold {
        self.holds.longest()
    }

    /// Pairs of locks of which one was taken while the other was held.
    #[must_use]
    pub fn nested_pairs(&self) -> usize {
        self.order.pairs()
    }

    /// An import has copied bytes for the driver.
    pub(crate) fn copied(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.copied_bytes.set(self.copied_bytes.get().saturating_add(bytes));
    }

    /// Locks in this memory are gone.
    pub(crate) fn forget_memory(&self, memory: &core::ops::Range<usize>) {
        if self.is_strict {
            self.order.forget(memory);
        }
    }

    fn reading(&self, kernel: &Kernel) -> Reading {
        let (imports, now_ns) = (kernel.calls.total(), kernel.time.now_ns());
        Reading { imports, copied_bytes: self.copied_bytes.get(), now_ns }
    }

    /// A lock was taken by a thread that holds others. One on the driver's own stack only raises
    /// the level: nobody else knows it, and another will lie there soon.
    fn taken(&self, kernel: &Kernel, lock: usize, thread: Option<usize>) {
        if !self.is_strict || is_on_kernel_stack(lock) {
            return;
        }
        let mut held = self.of_thread(thread);
        held.retain(|lock| !is_on_kernel_stack(*lock));
        if let Some(told) = self.order.acquired(lock, &held) {
            kernel.violation(told);
        }
        self.holds.acquired(lock, self.reading(kernel));
    }
    /// How many are held, by anybody.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.borrow().len()
    }

    /// How many a thread holds.
    pub(crate) fn held_by(&self, thread: Option<usize>) -> usize {
        self.held.borrow().iter().filter(|held| held.thread == thread).count()
    }

    fn is_held(&self, lock: usize) -> bool {
        self.held.borrow().iter().any(|held| held.lock == lock)
    }

    /// Whether a lock lies within some memory, which is about to be freed.
    pub(crate) fn is_held_in(&self, memory: &core::ops::Range<usize>) -> bool {
        self.held.borrow().iter().any(|held| memory.contains(&held.lock))
    }

    /// The locks that a thread holds.
    pub(crate) fn of_thread(&self, thread: Option<usize>) -> Vec<usize> {
        let held = self.held.borrow();
        held.iter().filter(|held| held.thread == thread).map(|held| held.lock).collect()
    }

    /// Forgets all of a thread but that many; they have been told.
    pub(crate) fn forget(&self, thread: Option<usize>, but: usize) {
        let mut seen = 0;
        self.held.borrow_mut().retain(|held| {
            seen += usize::from(held.thread == thread);
            held.thread != thread || seen <= but
        });
    }

    pub(crate) fn leftovers(&self) -> Vec<String> {
        let held = self.held();
        (held > 0).then(|| format!("{held} spin locks are held")).into_iter().collect()
    }
}

pub(crate) fn imports() -> Vec<Import> {
    let module = "ntoskrnl.exe";
    let import = |name, address| Import { module, name, address };
    vec![
        import("KeAcquireSpinLockRaiseToDpc", acquire as *const () as usize),
        import("KeReleaseSpinLock", release as *const () as usize),
    ]
}

/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/
/// nf-wdm-keacquirespinlockraisetodpc (read 2026-11)
unsafe extern "win64" fn acquire(lock: *mut usize) -> u8 {
    let kernel = enter_import("KeAcquireSpinLockRaiseToDpc", DISPATCH_LEVEL);
    let irql = kernel.irql();
    let thread = kernel.threads.running();
    let is_mine = |held: &Held| held.lock == lock.addr() && held.thread == thread;
    if kernel.locks.held.borrow().iter().any(is_mine) {
        kernel.violation(format!("deadlock: spin lock {lock:p} is held already"));
    } else {
        // Who waits keeps its processor busy.
        kernel.processors.set_irql(DISPATCH_LEVEL.max(irql));
        kernel.wait_for("a spin lock", || !kernel.locks.is_held(lock.addr()));
    }
    kernel.locks.taken(kernel, lock.addr(), thread);
    let processor = kernel.processors.current();
    kernel.locks.held.borrow_mut().push(Held { lock: lock.addr(), irql, processor, thread });
    // SAFETY: the caller passes a spin lock; a lock that moves or is overwritten shows at release.
    unsafe { lock.write_volatile(1) };
    kernel.processors.set_irql(DISPATCH_LEVEL);
    irql
}

/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kereleasespinlock (read
/// 2026-11)
unsafe extern "win64" fn release(lock: *mut usize, irql: u8) {
    let kernel = enter_import("KeReleaseSpinLock", DISPATCH_LEVEL);
    if kernel.locks.is_strict {
        kernel.locks.holds.released(lock.addr(), kernel.locks.reading(kernel));
    }
    let mut held = kernel.locks.held.borrow_mut();
    let thread = kernel.threads.running();
    let is_mine = |held: &Held| held.lock == lock.addr() && held.thread == thread;
    let Some(place) = held.iter().rposition(is_mine) else {
        return kernel.violation(format!("KeReleaseSpinLock of {lock:p}, which is not held"));
    };
    if kernel.irql() < DISPATCH_LEVEL {
        kernel.violation(format!("KeReleaseSpinLock at IRQL {}", kernel.irql()));
    }
    // Elsewhere than last, the level of the outer lock would fall too early.
    if held.iter().skip(place + 1).any(|held| held.thread == thread) {
        kernel.violation(format!("spin lock {lock:p} is released before one taken later"));
    }
    let was = held.remove(place);
    if was.irql != irql {
        kernel.violation(format!("KeReleaseSpinLock to IRQL {irql}, it was {}", was.irql));
    }
    if was.processor != kernel.processors.current() {
        kernel.violation(format!("spin lock {lock:p} is released on another processor"));
    }
    // SAFETY: the caller passes a spin lock, see `acquire`.
    let value = unsafe { lock.replace(0) };
    if value != 1 {
        kernel.violation(format!("spin lock {lock:p} was overwritten with {value:#x}"));
    }
    kernel.processors.set_irql(was.irql);
}
