//! Which engine handles somebody is inside a call with.
//!
//! One handle used by two threads at once breaks transactions, and so does a callout that uses it
//! when it is told of the very change that is being made with it.
//!
//! Source: microsoft/ebpf-for-windows commit 8fb3a7e30 (read 2026-11)

use crate::kernel::Kernel;
use core::cell::RefCell;
use std::collections::BTreeSet;

/// Handles in use.
#[derive(Debug, Default)]
pub(crate) struct InUse(RefCell<BTreeSet<u64>>);

/// One call with a handle.
#[derive(Debug)]
pub(crate) struct Using<'a> {
    all: &'a InUse,
    /// None where somebody else was there first and will leave last.
    handle: Option<u64>,
}

impl InUse {
    /// Somebody begins a call with a handle, and is through with it when the result is dropped.
    pub(crate) fn begin(&self, kernel: &Kernel, handle: u64) -> Using<'_> {
        let is_first = self.0.borrow_mut().insert(handle);
        if !is_first {
            kernel.violation(format!("engine handle {handle:#x} is used by two at once"));
        }
        Using { all: self, handle: is_first.then_some(handle) }
    }
}

impl Drop for Using<'_> {
    fn drop(&mut self) {
        if let Some(handle) = self.handle {
            self.all.0.borrow_mut().remove(&handle);
        }
    }
}
