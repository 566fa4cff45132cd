//! Spin locks.
//!
//! One thing runs at a time, so a lock that is held already will never be released: taking it
//! again is told as a deadlock.

use crate::calls::enter_import;
use crate::kernel::{DISPATCH_LEVEL, Import};
use core::cell::RefCell;

/// Locks that are held, the latest last.
#[derive(Debug, Default)]
pub struct Locks {
    held: RefCell<Vec<Held>>,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    /// Address of the `KSPIN_LOCK`.
    lock: usize,
    /// Level before it was taken.
    irql: u8,
    processor: u32,
}

impl Locks {
    /// How many are held.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.borrow().len()
    }

    /// Whether a lock lies within some memory, which is about to be freed.
    pub(crate) fn is_held_in(&self, memory: &core::ops::Range<usize>) -> bool {
        self.held.borrow().iter().any(|held| memory.contains(&held.lock))
    }

    /// Forgets all but that many; they have been told.
    pub(crate) fn forget(&self, but: usize) {
        self.held.borrow_mut().truncate(but);
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
    let mut held = kernel.locks.held.borrow_mut();
    if held.iter().any(|held| held.lock == lock.addr()) {
        kernel.violation(format!("deadlock: spin lock {lock:p} is held already"));
    }
    held.push(Held { lock: lock.addr(), irql, processor: kernel.processors.current() });
    // SAFETY: the caller passes a spin lock; a lock that moves or is overwritten shows at release.
    unsafe { lock.write_volatile(1) };
    kernel.processors.set_irql(DISPATCH_LEVEL);
    irql
}

/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kereleasespinlock (read
/// 2026-11)
unsafe extern "win64" fn release(lock: *mut usize, irql: u8) {
    let kernel = enter_import("KeReleaseSpinLock", DISPATCH_LEVEL);
    let mut held = kernel.locks.held.borrow_mut();
    let Some(place) = held.iter().rposition(|held| held.lock == lock.addr()) else {
        return kernel.violation(format!("KeReleaseSpinLock of {lock:p}, which is not held"));
    };
    // Elsewhere than last, the level of the outer lock would fall too early.
    if place + 1 != held.len() {
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
