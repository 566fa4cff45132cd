//! Spin locks, and code that stays on one processor.
//!
//! Nothing here reads or writes the processor's level itself: it is raised and restored by the
//! calls that take and release locks (S40).

use crate::ffi::ke::{
    KeAcquireSpinLockRaiseToDpc, KeGetCurrentProcessorNumberEx, KeReleaseSpinLock,
};
use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

/// Proof that this code runs at `DISPATCH_LEVEL`: it stays on its processor as long as this lives.
#[derive(Debug)]
pub struct AtDispatch {
    processor: u32,
    /// A level belongs to a processor: neither `Send` nor `Sync`.
    on_processor: PhantomData<*mut ()>,
}

impl AtDispatch {
    /// Must be made at `DISPATCH_LEVEL` and dropped before the level is restored; private to the
    /// two places below that see to it.
    fn here() -> Self {
        // SAFETY: null is documented as "do not write the number by group".
        let processor = unsafe { KeGetCurrentProcessorNumberEx(core::ptr::null_mut()) };
        Self { processor, on_processor: PhantomData }
    }

    /// Number of this processor over all groups.
    #[must_use]
    pub const fn processor(&self) -> u32 {
        self.processor
    }
}

/// Runs code at `DISPATCH_LEVEL`.
///
/// IRQL: ≤ `DISPATCH_LEVEL`.
pub fn at_dispatch<T>(run: impl FnOnce(&AtDispatch) -> T) -> T {
    // A lock that nobody else knows: taking it raises the level and can never wait.
    let lock = SpinLock::new(());
    let guard = lock.lock();
    run(guard.level())
}

/// A value behind a spin lock.
#[derive(Debug)]
pub struct SpinLock<T> {
    /// `KSPIN_LOCK`: 0 is free.
    lock: UnsafeCell<usize>,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached under the lock only.
unsafe impl<T: Send> Sync for SpinLock<T> {}

impl<T> SpinLock<T> {
    /// A free lock around a value.
    pub const fn new(value: T) -> Self {
        Self { lock: UnsafeCell::new(0), value: UnsafeCell::new(value) }
    }

    /// Takes the lock and raises to `DISPATCH_LEVEL`.
    ///
    /// Guards end in the opposite order of their beginning, so they stay in the scope that made
    /// them.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    pub fn lock(&self) -> SpinGuard<'_, T> {
        // SAFETY: the lock word is initialised and lives as long as the guard.
        let before = unsafe { KeAcquireSpinLockRaiseToDpc(self.lock.get()) };
        SpinGuard { lock: self, before, level: AtDispatch::here() }
    }
}

/// A lock that is held; released, and the level restored, when this is dropped.
#[derive(Debug)]
#[must_use = "the lock is released when this is dropped"]
pub struct SpinGuard<'a, T> {
    lock: &'a SpinLock<T>,
    /// The level before.
    before: u8,
    level: AtDispatch,
}

impl<T> SpinGuard<'_, T> {
    /// Proof of the level, which is `DISPATCH_LEVEL` as long as the lock is held.
    #[must_use]
    pub const fn level(&self) -> &AtDispatch {
        &self.level
    }

    /// The value and the proof at once.
    pub const fn split(&mut self) -> (&mut T, &AtDispatch) {
        // SAFETY: the lock is held, and the value borrowed as the guard is.
        let value = unsafe { &mut *self.lock.value.get() };
        (value, &self.level)
    }
}

impl<T> Deref for SpinGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the lock is held.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for SpinGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held, and the value borrowed as the guard is.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T> Drop for SpinGuard<'_, T> {
    fn drop(&mut self) {
        // SAFETY: this guard took the lock, and `before` is what that call returned.
        unsafe { KeReleaseSpinLock(self.lock.lock.get(), self.before) };
    }
}
