//! Waits: a thread stands still until something is so, or until a time.
//!
//! Without threads the rest of the machine runs on the stack of who waits, and time passes.

use super::Wait;
use crate::kernel::{Kernel, current};
use crate::timers;

const FOR_A_DPC: &str = "a deferred call";
const FOR_WORK: &str = "a work item";
const FOR_A_DELETION: &str = "a deletion";

/// Whether a thread of the system that waits for this has nothing to do.
pub(super) fn is_idle(what: &str) -> bool {
    [FOR_A_DPC, FOR_WORK, FOR_A_DELETION].contains(&what)
}

impl Kernel {
    /// Waits until `is_over`; false where that can never come, which only is known without threads.
    pub(crate) fn wait_for(&self, what: &'static str, is_over: impl Fn() -> bool) -> bool {
        if self.threads.running().is_some() {
            self.wait_as_thread(what, None, &is_over);
            return true;
        }
        let mut expired = 0;
        while !is_over() {
            if !self.run_one() && !timers::expire_next(self, &mut expired) {
                return false;
            }
        }
        true
    }

    /// A thread of a test waits until something is so; without threads nothing happens.
    pub fn stand_until(&self, what: &'static str, is_over: impl Fn() -> bool) {
        self.wait_as_thread(what, None, &is_over);
    }

    /// A thread of a test waits for so long; without threads nothing happens.
    pub fn stand(&self, nanos: u64) {
        self.wait_until(self.time.now_ns().saturating_add(nanos));
    }

    /// Waits until a time; whether a thread did, otherwise nothing happened.
    pub(crate) fn wait_until(&self, due_ns: u64) -> bool {
        if self.threads.running().is_none() {
            return false;
        }
        self.wait_as_thread("a time", Some(due_ns), &|| false);
        true
    }

    /// Goes to a processor, if need be when it is free.
    pub(crate) fn move_to(&self, processor: u32) {
        if self.threads.running().is_some() {
            let is_free = || self.threads.is_free(self, processor);
            self.wait_as_thread("a processor", None, &is_free);
        }
        self.processors.switch_to(processor);
    }

    fn wait_as_thread(&self, what: &'static str, due_ns: Option<u64>, is_over: &dyn Fn() -> bool) {
        let threads = &self.threads;
        let Some(me) = threads.running() else { return };
        if is_over() {
            return;
        }
        // SAFETY: lengthens the life of the closure: it is called only while this thread stands
        // still in the next lines.
        let is_over: *const (dyn Fn() -> bool + 'static) = unsafe {
            core::mem::transmute::<&dyn Fn() -> bool, &'static dyn Fn() -> bool>(is_over)
        };
        threads.all.borrow_mut()[me].waits = Some(Wait { what, is_over, due_ns });
        threads.hand_over(self, me);
    }
}

/// A thread that runs deferred calls whose processor is free.
pub(super) fn serve_dpcs() {
    let kernel = current();
    loop {
        kernel.wait_for(FOR_A_DPC, || kernel.timers.can_run_dpc(kernel));
        kernel.timers.run_dpc(kernel);
    }
}

/// A thread that tells deletions that were kept back.
pub(super) fn serve_deletions() {
    let kernel = current();
    loop {
        kernel.wait_for(FOR_A_DELETION, || kernel.fwp.has_kept_back());
        kernel.fwp.deliver_delete(kernel);
    }
}

/// A thread that runs work items.
pub(super) fn serve_work() {
    let kernel = current();
    loop {
        kernel.wait_for(FOR_WORK, || kernel.io.has_work());
        kernel.io.run_work_item(kernel);
    }
}
