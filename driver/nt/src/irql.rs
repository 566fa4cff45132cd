//! Interrupt request levels: code that stays on one processor.

use crate::ffi::ke::{KeGetCurrentProcessorNumberEx, KeLowerIrql, KfRaiseIrql};
use core::marker::PhantomData;

/// The level at which no thread is switched.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/kernel/managing-hardware-priorities
const DISPATCH_LEVEL: u8 = 2;

/// Holds this processor at `DISPATCH_LEVEL`; the level before comes back when it is dropped.
///
/// Guards end in the opposite order of their beginning, so they stay on the stack that made them.
#[derive(Debug)]
#[must_use = "the level falls back when this is dropped"]
pub struct DispatchLevel {
    /// What `KfRaiseIrql` returned when this was made.
    before: u8,
    /// The level belongs to a processor: not `Send`.
    on_processor: PhantomData<*mut ()>,
}

impl DispatchLevel {
    /// Raises.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`. No code of this driver runs above it: neither the I/O manager nor
    /// the filtering engine calls a driver higher.
    pub fn raise() -> Self {
        // SAFETY: the level is at most DISPATCH_LEVEL, see above.
        let before = unsafe { KfRaiseIrql(DISPATCH_LEVEL) };
        Self { before, on_processor: PhantomData }
    }

    /// Number of this processor over all groups; it stays true as long as this guard lives.
    #[must_use]
    pub fn processor(&self) -> u32 {
        // SAFETY: null is documented as "do not write the number by group".
        unsafe { KeGetCurrentProcessorNumberEx(core::ptr::null_mut()) }
    }
}

impl Drop for DispatchLevel {
    fn drop(&mut self) {
        // SAFETY: `before` is what the raise of this guard returned, and the thread has not left
        // the processor since.
        unsafe { KeLowerIrql(self.before) };
    }
}
