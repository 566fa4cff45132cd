//! Rundown protection: who is inside, and waiting until nobody is.

use crate::ffi::ex::{
    ExAcquireRundownProtection, ExReleaseRundownProtection, ExWaitForRundownProtectionRelease,
};
use core::cell::UnsafeCell;

/// `EX_RUNDOWN_REF`: lets callers in until somebody waits for them to leave.
#[derive(Debug)]
pub struct Rundown {
    /// Opaque; 0 is its initial state.
    word: UnsafeCell<usize>,
}

// SAFETY: the word is touched by the kernel's interlocked functions only.
unsafe impl Sync for Rundown {}

impl Rundown {
    /// Nobody is inside, everybody may enter.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a const fn, unlike a default")]
    pub const fn new() -> Self {
        Self { word: UnsafeCell::new(0) }
    }

    /// Enters, unless somebody waits or has waited.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    pub fn enter(&self) -> Option<Inside<'_>> {
        // SAFETY: the word is initialised and not paged.
        let entered = unsafe { ExAcquireRundownProtection(self.word.get()) };
        // Not `then_some`: its value is made and dropped, and thereby leaves, where nobody entered.
        (entered != 0).then(|| Inside { rundown: self })
    }

    /// Lets nobody in any more and waits until everybody has left.
    ///
    /// IRQL: ≤ `APC_LEVEL`.
    pub fn wait(&self) {
        // SAFETY: the word is initialised and not paged.
        unsafe { ExWaitForRundownProtectionRelease(self.word.get()) };
    }
}

/// Somebody is inside as long as this lives.
#[derive(Debug)]
#[must_use = "leaves when dropped"]
pub struct Inside<'a> {
    rundown: &'a Rundown,
}

impl Inside<'_> {
    /// Stays inside; [`Rundown::leave`] takes it back. For entering and leaving in two callbacks.
    pub(crate) const fn stay(self) {
        let _stays = core::mem::ManuallyDrop::new(self);
    }
}

impl Rundown {
    /// Leaves.
    ///
    /// # Safety
    /// An [`Inside`] of this rundown stayed, and this takes it back once.
    pub(crate) unsafe fn leave(&self) {
        // SAFETY: the caller's promise.
        unsafe { ExReleaseRundownProtection(self.word.get()) };
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        // SAFETY: this is what `enter` acquired.
        unsafe { self.rundown.leave() };
    }
}
